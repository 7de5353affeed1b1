/* macros.c: {x} in targets: a tracker's own macros, or a page's parameters. */
#include "core/chain/session.h"
#include "core/kit/kit.h"

/* The next "{name}" of *rest: text before it goes to out.  false: the rest has gone there. */
static bool next_macro(struct buf *out, struct slice *rest, struct slice *name)
{
    size_t open = slice_index(*rest, '{'), close;

    close = slice_index(slice_from_at(*rest, open), '}');
    if (open == rest->len || close == rest->len - open) {
        buf_add(out, *rest);
        return false;
    }
    buf_add(out, slice_head(*rest, open));
    *name = slice_head(slice_from_at(*rest, open + 1), close - 1);
    *rest = slice_from_at(*rest, open + close + 1);
    return true;
}

static struct slice finish(struct chain_session *s, struct buf *out)
{
    struct slice text = buf_ok(out) ? arena_dup(s->arena, buf_slice(out)) : (struct slice){ 0 };

    buf_free(out);
    return text;
}

bool session_hands_on(const struct session_click *c, struct slice param)
{
    const struct tracker_macro *row = kit_macro(c->hop->tracker->urls, param);

    for (size_t i = 0; i < c->hop->slot_count; i++)
        if (slice_eq(c->hop->slots[i].param, param))
            return true;
    return row && row->from == MACRO_PARAM;
}

/* A slot that the chain file names (`params: {external_id: ttclid}`) is that URL parameter. */
static struct slice param_of_slot(const struct session_click *c, struct slice macro)
{
    struct slice value = { 0 }, name = macro;

    for (size_t i = 0; i < c->hop->slot_count; i++)
        if (slice_eq(c->hop->slots[i].macro, macro))
            name = c->hop->slots[i].param;
    session_click_param(c, name, &value);
    return value;
}

static struct slice value_of(struct chain_session *s, const struct session_click *c,
                             const struct session_conversion *conv, enum macro_source from,
                             struct slice name)
{
    static const struct session_conversion none;

    if (!conv)
        conv = &none;
    switch (from) {
    case MACRO_CLICK_ID:
        return c->id;
    case MACRO_EXTERNAL_ID:
        return c->external_id;
    case MACRO_PARAM:
        return param_of_slot(c, name);
    case MACRO_STATUS:
        return conv->status;
    case MACRO_STATUS2:
        return conv->status2;
    case MACRO_TYPE:
        return conv->type;
    case MACRO_PAYOUT:
        return conv->payout;
    case MACRO_CURRENCY:
        return conv->currency;
    case MACRO_TXID:
        return conv->txid;
    case MACRO_CLICK_UNIX: /* the sale comes two hours after the click */
        return arena_printf(s->arena, "%lld", (long long)(s->world->now - 7200));
    case MACRO_IP:
        return S("198.51.100.7");
    case MACRO_USER_AGENT:
        return S("Mozilla/5.0 (Linux; Android 14; Pixel 8)");
    case MACRO_COST:
        return S("0.25");
    case MACRO_OTHER:
        return S("x");
    }
    return (struct slice){ 0 };
}

struct slice session_fill_tracker(struct chain_session *s, const struct session_click *click,
                                  const struct session_conversion *conversion, struct slice text,
                                  struct notes *notes)
{
    const struct tracker *tracker = click->hop->tracker;
    struct buf out = { .limit = 4 * URL_MAX_BYTES };
    struct slice macro = { 0 };

    while (next_macro(&out, &text, &macro)) {
        struct slice name, argument, value;
        bool raw = tracker->urls && tracker->urls->raw_underscore && slice_starts(macro, S("_"));
        const struct tracker_macro *row;
        slice_cut(raw ? slice_from_at(macro, 1) : macro, ':', &name, &argument);
        row = tracker->urls ? kit_macro(tracker->urls, name) : NULL;
        if (!row) {
            note_add(notes, "H004", macro,
                     "{%.*s} is no macro of %s and stays as it is; check its spelling and case",
                     SLICE_ARG(note_short(s->arena, macro)), tracker->name);
            buf_printf(&out, "{%.*s}", SLICE_ARG(macro));
            continue;
        }
        value = value_of(s, click, conversion, row->from, name);
        if (raw)
            buf_add(&out, value);
        else
            buf_percent(&out, value);
    }
    return finish(s, &out);
}

static bool is_id(struct slice name)
{
    for (size_t id = 0; id < CHAIN_IDS; id++)
        if (slice_eq(name, chain_id_names[id]))
            return true;
    return false;
}

struct slice session_fill_params(struct chain_session *s, struct slice text, struct slice query,
                                 bool keep_ids)
{
    struct buf out = { .limit = 4 * URL_MAX_BYTES };
    struct slice macro = { 0 }, value;

    while (next_macro(&out, &text, &macro)) {
        if (url_get(s->arena, query, macro, &value))
            buf_percent(&out, value);
        else if (keep_ids && is_id(macro))
            buf_printf(&out, "{%.*s}", SLICE_ARG(macro));
    }
    return finish(s, &out);
}

/* "subid, ttclid": the names of a query, at most a few. */
static struct slice names_of(struct chain_session *s, struct slice query)
{
    struct buf b = { .limit = 400 };
    struct url_pair pair;
    struct slice out;

    for (size_t n = 0; n < 6 && url_next_pair(&query, &pair); n++)
        buf_printf(&b, "%s%.*s", n ? ", " : "",
                   SLICE_ARG(slice_head(url_decode(s->arena, pair.name), 40)));
    out = b.len ? arena_dup(s->arena, buf_slice(&b)) : S("there are none");
    buf_free(&b);
    return out;
}

/* Under which name the tracker's click id stands in the query, if it does. */
static struct slice click_name(struct chain_session *s, struct slice query)
{
    struct slice url = arena_printf(s->arena, "?%.*s", SLICE_ARG(query));
    struct baton_found found = compare_value(s->arena, url, s->ids[CHAIN_CLICK_ID]);

    return found.state == BATON_KEPT ? found.name : (struct slice){ 0 };
}

void session_note_empty(struct chain_session *s, struct slice text, struct slice query,
                        const char *what, bool keep_ids, struct notes *notes)
{
    struct slice macro = { 0 }, value, click;
    struct buf unused = { .limit = 4 * URL_MAX_BYTES };

    while (next_macro(&unused, &text, &macro)) {
        if (url_get(s->arena, query, macro, &value) || (keep_ids && is_id(macro)))
            continue;
        click = click_name(s, query);
        note_add(notes, "H022", macro,
                 "%s reads {%.*s}, but no parameter of that name arrives (%.*s)%s%.*s%s", what,
                 SLICE_ARG(note_short(s->arena, macro)), SLICE_ARG(names_of(s, query)),
                 click.len ? "; the click id stands in {" : "", SLICE_ARG(click),
                 click.len ? "}" : "");
    }
    buf_free(&unused);
}
