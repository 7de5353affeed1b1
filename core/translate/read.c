/* read.c: the first half of a translation: fields and stage, as the mapping reads them. */
#include "core/translate/private.h"

#include <string.h>

static void skip_unusable(struct notes *notes, struct slice name, struct slice value,
                          const char *why)
{
    note_add(notes, "W020", name, "%.*s: \"%.*s\" %s, so it is skipped", SLICE_ARG(name),
             SLICE_ARG(record_shown(notes->arena, value)), why);
}

/* Is it an empty value?  Trackers leave optional parameters empty all the time: not worth a word.
 */
static bool blank(struct slice value)
{
    return slice_trim(value).len == 0;
}

/* The first usable value of that name; without one the first of all.  A link whose macro was not
 * filled carries ttclid twice: TikTok appends its own behind. */
static const char *get_usable(const struct params *params, struct slice name, struct slice *value)
{
    const char *why;

    if (!params_get(params, name, value))
        return "is absent";
    why = record_unusable(*value);
    for (size_t i = 0; why && i < params->count; i++) {
        const struct param *p = &params->list[i];
        if (slice_eq(p->name, name) && !record_unusable(p->value)) {
            *value = p->value;
            return NULL;
        }
    }
    return why;
}

static bool is_id(enum field f)
{
    return f == FIELD_CLICK_ID || f == FIELD_TTCLID || f == FIELD_EVENT_ID || f == FIELD_TXID;
}

/* Blanks around a value come of a template that was typed by hand.  Kept in an id they would make
 * another one of it than the pixel and the landing page know. */
static struct slice without_blanks(struct notes *notes, enum field f, struct slice name,
                                   struct slice value)
{
    struct slice bare = slice_trim(value);

    if (bare.len < value.len && is_id(f))
        note_add(notes, "W050", name, "%.*s: the blanks around \"%.*s\" were left out",
                 SLICE_ARG(name), SLICE_ARG(record_shown(notes->arena, value)));
    return bare;
}

static void read_field(enum field f, const struct field_rule *rule, const struct params *params,
                       struct notes *notes, struct field_value *out)
{
    for (size_t i = 0; i < rule->count; i++) {
        struct slice name = rule->names[i], value = { 0 };
        const char *why = get_usable(params, name, &value);
        if (!why) {
            value = without_blanks(notes, f, name, value);
            *out = (struct field_value){ value, ORIGIN_PARAM, name, rule->at };
            return;
        }
        if (!blank(value))
            skip_unusable(notes, name, value, why);
    }
}

/* TikTok's own parser takes the click id out of the page's URL; so do we. */
static void ttclid_of_page(struct conversion *conv, struct arena *arena)
{
    const struct field_value *page = &conv->fields[FIELD_PAGE_URL];
    struct notes none = { .arena = arena };
    struct params params = { .arena = arena, .notes = &none };
    struct slice value;

    if (conv->fields[FIELD_TTCLID].value.len ||
        slice_find(page->value, S("ttclid=")) == page->value.len)
        return;
    if (params_url(&params, page->value, NULL) == 0 && !get_usable(&params, S("ttclid"), &value))
        conv->fields[FIELD_TTCLID] =
            (struct field_value){ slice_trim(value), ORIGIN_DERIVED, S("page_url"), { 0 } };
}

static bool is_noted(const struct notes *notes, struct slice name)
{
    for (const struct note *n = notes->first; n; n = n->next)
        if (strcmp(n->code, "W020") == 0 && slice_eq(n->subject, name))
            return true;
    return false;
}

/* Macros that nobody filled, in parameters that only templates read. */
static void check_template_params(const struct offer *offer, const struct params *params,
                                  struct notes *notes)
{
    struct slice value = { 0 };

    for (size_t i = 0; i < offer->param_count; i++) {
        const char *why = get_usable(params, offer->params[i], &value);
        if (!why || !params_get(params, offer->params[i], &value) || blank(value) ||
            is_noted(notes, offer->params[i]))
            continue;
        if (storable_beside_macro(offer, offer->params[i], value))
            value = S("...");
        skip_unusable(notes, offer->params[i], value, why);
    }
}

static void find_stage(const struct offer *offer, struct conversion *conv)
{
    const enum field from[] = { FIELD_STATUS, FIELD_TYPE };
    const struct stage_word *word;
    bool said = false;

    if (conv->stage.len)
        return;
    for (size_t i = 0; i < 2 && !said; i++) {
        struct slice value = slice_trim(conv->fields[from[i]].value);
        said = value.len > 0;
        word = said ? mapping_word(offer, value) : NULL;
        if (word) {
            conv->stage = word->stage;
            conv->stage_at = word->at;
        }
    }
    if (!said && offer->default_stage.len) {
        conv->stage = offer->default_stage;
        conv->stage_at = offer->default_stage_at;
    }
}

int translate_read(const struct offer *offer, struct params *params, struct arena *arena,
                   struct translation *out, struct err *err)
{
    struct tracker_in in = { params, offer, arena, &out->notes };

    out->arena = arena;
    if (out->notes.arena == NULL)
        out->notes.arena = arena;
    for (size_t f = 0; f < FIELD_COUNT; f++)
        if (offer->fields[f].count)
            read_field((enum field)f, &offer->fields[f], params, &out->notes,
                       &out->conversion.fields[f]);
    check_template_params(offer, params, &out->notes);
    ttclid_of_page(&out->conversion, arena);
    if (offer->tracker && offer->tracker->finish)
        offer->tracker->finish(&in, &out->conversion);
    find_stage(offer, &out->conversion);
    translate_scrub(out);
    if (arena->full)
        return err_set(err, ERR_BUSY, "the postback needs more memory than a request may have");
    return 0;
}

/* By the mapping's names for it, then by its own. */
static void read_click_field(enum field f, const struct offer *offer, const struct params *params,
                             struct notes *notes, struct field_value *out)
{
    struct field_rule own = { .names = &field_names[f], .count = 1 };

    read_field(f, &offer->fields[f], params, notes, out);
    if (out->value.len == 0)
        read_field(f, &own, params, notes, out);
}

int translate_click(const struct offer *offer, struct params *params, struct arena *arena,
                    int64_t now, struct click *out, const char **why)
{
    const struct field_rule *time = &offer->fields[FIELD_CLICK_TIME];
    struct conversion conv = { 0 };
    struct notes none = { .arena = arena };
    int64_t at = 0;

    *out = (struct click){ .at = now };
    for (size_t i = 0; i < RECORD_CLICK_FIELDS; i++)
        read_click_field(record_click_fields[i], offer, params, &none,
                         &conv.fields[record_click_fields[i]]);
    read_click_field(FIELD_CLICK_TIME, offer, params, &none, &conv.fields[FIELD_CLICK_TIME]);
    ttclid_of_page(&conv, arena);
    for (size_t i = 0; i < RECORD_CLICK_FIELDS; i++)
        out->fields[record_click_fields[i]] = conv.fields[record_click_fields[i]].value;
    out->fields[FIELD_CLICK_TIME] = conv.fields[FIELD_CLICK_TIME].value;
    if (when_parse(out->fields[FIELD_CLICK_TIME], time->form, time->zone_seconds, &at) && at <= now)
        out->at = at;
    if (out->fields[FIELD_TTCLID].len > EVENT_TTCLID_MAX)
        out->fields[FIELD_TTCLID] = (struct slice){ 0 };
    if (out->fields[FIELD_CLICK_ID].len == 0 && out->fields[FIELD_TTCLID].len == 0) {
        *why = "neither a click id nor a ttclid";
        return 1;
    }
    return 0;
}
