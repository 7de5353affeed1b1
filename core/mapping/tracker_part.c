#include "core/mapping/build.h"

#include <stdlib.h>

bool build_is_time(enum field f)
{
    return f == FIELD_TIME || f == FIELD_CLICK_TIME;
}

static void read_names(struct build *b, const struct yaml *node, const char *what,
                       struct field_rule *rule)
{
    const struct yaml *item = node->kind == YAML_LIST ? node->first : node;

    rule->names = expect_texts(&b->expect, node, what, &rule->count);
    for (size_t i = 0; i < rule->count; i++) {
        while (item->next && !slice_eq(item->text, rule->names[i]))
            item = item->next;
        if (template_is_secret(rule->names[i]))
            diag_add(
                b->expect.diags, DIAG_ERROR, "M006", item->at,
                S("secrets are neither sent nor stored; send what is needed under another name"),
                "a secret can't be read: \"%.*s\"", SLICE_ARG(rule->names[i]));
    }
}

/* {from: click_ts, as: unix, zone: "+02:00"} */
static void read_field_map(struct build *b, const struct yaml *node, enum field f,
                           struct field_rule *rule)
{
    const struct yaml *from = yaml_get(node, S("from")), *as = yaml_get(node, S("as")),
                      *zone = yaml_get(node, S("zone"));
    struct slice text;
    size_t form;

    expect_map(&b->expect, node, "a field", &shape_time_field);
    if (from)
        read_names(b, from, "`from`", rule);
    if ((as || zone) && !build_is_time(f))
        diag_add(b->expect.diags, DIAG_ERROR, "M002", (as ? as : zone)->key->at,
                 S("only time and click_time have a form and a zone"),
                 "`%.*s` does not belong to %.*s", SLICE_ARG((as ? as : zone)->key->text),
                 SLICE_ARG(field_names[f]));
    if (expect_choice(&b->expect, node, &shape_time_field, "as", &form))
        when_form_named(as->text, &rule->form);
    if (expect_text(&b->expect, zone, "`zone`", &text) &&
        !when_zone_parse(text, &rule->zone_seconds))
        diag_add(b->expect.diags, DIAG_ERROR, "M002", zone->at,
                 S("write it like \"+02:00\" or UTC"), "\"%.*s\" is not a time zone",
                 SLICE_ARG(text));
}

static void read_fields(struct build *b, const struct yaml *fields)
{
    struct shape_key row;

    if (!expect_map(&b->expect, fields, "`fields`", NULL))
        return;
    for (const struct yaml *v = fields->first; v; v = v->next) {
        if (!shape_find(&shape_fields, b->expect.arena, v->key->text, &row)) {
            diag_add(b->expect.diags, DIAG_ERROR, "M005", v->key->at,
                     diag_suggest(b->expect.arena, v->key->text, field_names),
                     "there is no field \"%.*s\"", SLICE_ARG(v->key->text));
            continue;
        }
        enum field f = (enum field)row.id;
        struct field_rule *rule = &b->offer->fields[f];
        *rule = (struct field_rule){ .at = v->key->at };
        if (v->kind == YAML_MAP)
            read_field_map(b, v, f, rule);
        else if (!(v->kind == YAML_LIST && v->count == 0))
            read_names(b, v, "a field", rule);
    }
}

static void too_many(struct build *b, struct place at, const char *what, int max)
{
    if (!b->crowded)
        diag_add(b->expect.diags, DIAG_ERROR, "M015", at, (struct slice){ 0 },
                 "more than %d %s", max, what);
    b->crowded = true;
}

static void add_stage(struct build *b, struct slice stage, struct place at)
{
    for (size_t i = 0; i < b->stage_count; i++) {
        if (slice_eq(b->stages[i], stage))
            return;
        if (slice_eq_nocase(b->stages[i], stage)) {
            diag_add(b->expect.diags, DIAG_ERROR, "M007", at,
                     arena_printf(b->expect.arena, "write %.*s", SLICE_ARG(b->stages[i])),
                     "\"%.*s\": names of stages are case-sensitive", SLICE_ARG(stage));
            return;
        }
    }
    if (b->stage_count < BUILD_STAGES_MAX)
        b->stages[b->stage_count++] = stage;
    else
        too_many(b, at, "stages", BUILD_STAGES_MAX);
}

static bool same_source(const struct place *a, const struct place *b)
{
    return a->source == b->source;
}

/* A word of a later file moves from the stage that an earlier file gave it to. */
static void add_word(struct build *b, const struct yaml *node, struct slice stage)
{
    struct stage_word *w = b->words, *end = b->words + b->word_count;

    while (w < end && !slice_eq_nocase(w->word, node->text))
        w++;
    if (w < end && same_source(&w->at, &node->at)) {
        if (!slice_eq(w->stage, stage))
            diag_add(b->expect.diags, DIAG_ERROR, "M015", node->at,
                     S("a word can mean one stage only; case makes no difference"),
                     "\"%.*s\" is listed for %.*s already (line %u)", SLICE_ARG(node->text),
                     SLICE_ARG(w->stage), w->at.line);
        return;
    }
    if (w == end && b->word_count == BUILD_WORDS_MAX) {
        too_many(b, node->at, "words", BUILD_WORDS_MAX);
        return;
    }
    *w = (struct stage_word){ node->text, stage, node->at };
    if (w == end)
        b->word_count++;
}

static bool stage_name_ok(struct slice s)
{
    if (s.len == 0 || s.len > 40 || !ascii_is_alpha(s.ptr[0]))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_alnum(s.ptr[i]) && s.ptr[i] != '_' && s.ptr[i] != '-')
            return false;
    return true;
}

static void read_stages(struct build *b, const struct yaml *stages)
{
    struct slice word;

    if (!expect_map(&b->expect, stages, "`stages`", NULL))
        return;
    for (const struct yaml *v = stages->first; v; v = v->next) {
        if (!stage_name_ok(v->key->text)) {
            diag_add(b->expect.diags, DIAG_ERROR, "M007", v->key->at,
                     S("letters, digits, - and _, at most 40, beginning with a letter"),
                     "\"%.*s\" can't be the name of a stage", SLICE_ARG(v->key->text));
            continue;
        }
        add_stage(b, v->key->text, v->key->at);
        if (v->kind == YAML_SCALAR && expect_text(&b->expect, v, "a stage's words", &word))
            add_word(b, v, v->key->text);
        else if (v->kind != YAML_SCALAR && expect_list(&b->expect, v, "a stage's words", true))
            for (const struct yaml *w = v->first; w; w = w->next)
                if (expect_text(&b->expect, w, "a stage's word", &word))
                    add_word(b, w, v->key->text);
    }
}

static const struct slice *stage_list(struct build *b)
{
    b->stages[b->stage_count] = (struct slice){ 0 };
    return b->stages;
}

void build_tracker_part(struct build *b, const struct yaml *root)
{
    static const struct slice canonical[] = {
        SLICE("lead"),   SLICE("hold"),       SLICE("sale"), SLICE("rebill"), SLICE("rejected"),
        SLICE("refund"), SLICE("chargeback"), { 0 }
    };
    const struct yaml *node;
    size_t i;

    for (i = 0; canonical[i].ptr; i++)
        add_stage(b, canonical[i], root->at);
    read_fields(b, yaml_get(root, S("fields")));
    read_stages(b, yaml_get(root, S("stages")));
    build_transitions(b, yaml_get(root, S("transitions")));
    node = yaml_get(root, S("default_stage"));
    if (b->orphan) /* a stage of the parent that is missing, perhaps */
        node = NULL;
    if (expect_word(&b->expect, node, "`default_stage`", stage_list(b), &i)) {
        b->offer->default_stage = b->stages[i];
        b->offer->default_stage_at = node->at;
    }
    if (expect_choice(&b->expect, root, &mapping_tracker_shape, "decimal", &i))
        b->offer->mark = i == 0 ? MONEY_MARK_POINT : MONEY_MARK_COMMA;
    node = yaml_get(root, S("payout_currency"));
    if (build_currency(b, node, "`payout_currency`", false, &b->offer->payout_currency))
        b->offer->payout_currency_at = node->at;
}

static int compare_nocase(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        int d = (unsigned char)ascii_lower(a.ptr[i]) - (unsigned char)ascii_lower(b.ptr[i]);
        if (d)
            return d;
    }
    return (a.len > b.len) - (a.len < b.len);
}

static int compare_words(const void *a, const void *b)
{
    return compare_nocase(((const struct stage_word *)a)->word,
                          ((const struct stage_word *)b)->word);
}

int build_seal_words(struct build *b)
{
    struct stage_word *words = ARENA_ARRAY(b->expect.arena, struct stage_word, b->word_count);
    struct slice *stages = ARENA_ARRAY(b->expect.arena, struct slice, b->stage_count + 1);

    if (!words || !stages)
        return -1;
    for (size_t i = 0; i < b->word_count; i++)
        words[i] = b->words[i];
    for (size_t i = 0; i < b->stage_count; i++)
        stages[i] = b->stages[i];
    qsort(words, b->word_count, sizeof(*words), compare_words);
    b->offer->words = words;
    b->offer->word_count = b->word_count;
    b->offer->stages = stages;
    return 0;
}

const struct stage_word *mapping_word(const struct offer *offer, struct slice word)
{
    struct stage_word key = { .word = word };

    if (offer->word_count == 0)
        return NULL;
    return bsearch(&key, offer->words, offer->word_count, sizeof(key), compare_words);
}

bool mapping_has_stage(const struct offer *offer, struct slice stage)
{
    for (const struct slice *s = offer->stages; s && s->ptr; s++)
        if (slice_eq(*s, stage))
            return true;
    return false;
}
