#include "core/kit/kit.h"

/* Which field of the mapping a macro is meant for; FIELD_COUNT: none, a template may read it. */
static const enum field macro_fields[] = {
    [MACRO_CLICK_ID] = FIELD_CLICK_ID,
    [MACRO_EXTERNAL_ID] = FIELD_TTCLID,
    [MACRO_PARAM] = FIELD_COUNT,
    [MACRO_STATUS] = FIELD_STATUS,
    [MACRO_STATUS2] = FIELD_TYPE,
    [MACRO_TYPE] = FIELD_TYPE,
    [MACRO_PAYOUT] = FIELD_PAYOUT,
    [MACRO_CURRENCY] = FIELD_CURRENCY,
    [MACRO_TXID] = FIELD_TXID,
    [MACRO_CLICK_UNIX] = FIELD_CLICK_TIME,
    [MACRO_IP] = FIELD_IP,
    [MACRO_USER_AGENT] = FIELD_USER_AGENT,
    [MACRO_OTHER] = FIELD_COUNT,
};

/* By the canonical names, which a registration may always use. */
static const struct slice click_query =
    SLICE("click_id={click_id}&ttclid={ttclid}&event_id={event_id}&ip={ip}"
          "&user_agent={user_agent}&page_url={page_url}");

struct work {
    struct arena *arena;
    const struct offer *offer;
    const struct tracker_urls *urls;
    const struct kit_hosts *hosts;
    struct kit *kit;
    struct slice extras; /* "&quality={sub_id_1}", the same for each postback */
};

/* ---- macros ---- */

static bool macro_fits(struct slice row, struct slice name)
{
    uint64_t number;

    if (!slice_ends(row, S("*")))
        return slice_eq(row, name);
    row.len--;
    return slice_starts(name, row) && slice_to_u64(slice_from_at(name, row.len), &number);
}

const struct tracker_macro *kit_macro(const struct tracker_urls *urls, struct slice name)
{
    for (const struct tracker_macro *m = urls->macros; m->name; m++)
        if (macro_fits(slice_from(m->name), name))
            return m;
    return NULL;
}

bool kit_is_macro(struct slice value, struct slice *name)
{
    struct slice argument;

    if (!slice_starts(value, S("{")) || slice_index(value, '}') + 1 != value.len)
        return false;
    slice_cut((struct slice){ value.ptr + 1, value.len - 2 }, ':', name, &argument);
    return name->len > 0;
}

static enum field field_of(const struct tracker_urls *urls, struct slice value)
{
    const struct tracker_macro *m;
    struct slice name;

    if (!kit_is_macro(value, &name) || !(m = kit_macro(urls, name)))
        return FIELD_COUNT;
    return macro_fields[m->from];
}

/* ---- queries ---- */

static bool reads(const struct field_rule *rule, struct slice name)
{
    for (size_t i = 0; i < rule->count; i++)
        if (slice_eq(rule->names[i], name))
            return true;
    return false;
}

/* A mapping may have taken other names for a field: then its first.  Empty: it reads none. */
static struct slice name_for(const struct offer *offer, enum field f, struct slice name)
{
    const struct field_rule *rule = &offer->fields[f];

    if (f == FIELD_COUNT || reads(rule, name))
        return name;
    return rule->count ? rule->names[0] : (struct slice){ 0 };
}

static struct slice type_name_for(const struct offer *offer, struct slice name)
{
    struct slice type;

    if (reads(&offer->fields[FIELD_STATUS], name))
        return name;
    type = name_for(offer, FIELD_TYPE, name);
    return type.len ? type : name_for(offer, FIELD_STATUS, name);
}

static void add_pair(struct buf *b, struct slice name, struct slice value)
{
    struct slice macro;

    if (name.len == 0 || value.len == 0)
        return;
    if (b->len)
        buf_byte(b, '&');
    buf_percent(b, name);
    buf_byte(b, '=');
    if (kit_is_macro(value, &macro))
        buf_add(b, value); /* encoded, no tracker would know it */
    else
        buf_percent(b, value);
}

/* The table's query by the names of the offer's mapping; word: for the table's type_param. */
static void add_query(struct buf *b, const struct work *w, struct slice query, struct slice word)
{
    struct slice pair, name, value;

    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &name, &value);
        if (w->urls->type_param && slice_eq(name, slice_from(w->urls->type_param)))
            add_pair(b, type_name_for(w->offer, name), word);
        else
            add_pair(b, name_for(w->offer, field_of(w->urls, value), name), value);
    }
}

static bool has_name(struct slice query, struct slice name)
{
    struct slice pair, head, tail;

    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &head, &tail);
        if (slice_eq(head, name))
            return true;
    }
    return false;
}

static bool has_macro(const struct work *w, struct slice query, enum field f)
{
    struct slice pair, name, value;

    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &name, &value);
        if (field_of(w->urls, value) == f)
            return true;
    }
    return false;
}

/* ---- what the table has no macro for ---- */

static void add_currency(struct buf *b, const struct work *w)
{
    struct slice currency = w->offer->payout_currency;

    if (!w->urls->currency_param)
        return;
    if (currency.len == 0)
        currency = w->offer->value_currency;
    add_pair(b, name_for(w->offer, FIELD_CURRENCY, slice_from(w->urls->currency_param)), currency);
}

static void remark_currency(const struct work *w)
{
    if (!w->urls->currency_param || w->offer->payout_currency.len ||
        w->offer->value_currency.len == 0)
        return;
    note_add(&w->kit->remarks, "", S("currency"),
             "no macro for the currency is documented, so the offer's value_currency is written "
             "out: if your account's payouts are in another, say payout_currency in the offer");
}

static bool is_repeatable(const struct stage_rule *rule)
{
    for (const struct event_rule *e = rule->ignore ? NULL : rule->events; e; e = e->next)
        if (e->repeatable)
            return true;
    return false;
}

/* A repeatable event without a transaction id is quarantined: say so where the URL has none. */
static void add_txid(struct buf *b, const struct work *w, const struct stage_rule *rule)
{
    struct slice name = name_for(w->offer, FIELD_TXID, S("txid"));

    if (!is_repeatable(rule) || has_macro(w, buf_slice(b), FIELD_TXID) ||
        has_name(buf_slice(b), name))
        return;
    add_pair(b, name, S(KIT_REPLACE));
    note_add(&w->kit->remarks, "", rule->stage,
             "%.*s: its event is repeatable and needs a transaction id, for which no macro is "
             "documented: write your panel's instead of " KIT_REPLACE " in %.*s=, else each such "
             "postback is quarantined (Q010)",
             SLICE_ARG(rule->stage), SLICE_ARG(name));
}

struct wanted {
    struct slice param;
    bool found;
};

static void is_wanted(void *context, struct slice name)
{
    struct wanted *wanted = context;

    wanted->found |= slice_eq(wanted->param, name);
}

static bool is_personal(const struct offer *offer, struct slice param)
{
    struct wanted wanted = { .param = param };

    for (size_t i = 0; i < offer->user_count; i++)
        if (identity_is_hashed(offer->user[i].kind))
            template_params(&offer->user[i].from, is_wanted, &wanted);
    return wanted.found;
}

/* "{sub_id_3}"; REPLACE when there is no such macro, or none left. */
static struct slice free_macro(const struct work *w, unsigned *next)
{
    struct slice family = slice_from(w->urls->free.family);

    if (family.len == 0 || *next > w->urls->free.last)
        return S(KIT_REPLACE);
    family.len--; /* the '*' */
    return arena_printf(w->arena, "{%.*s%u}", SLICE_ARG(family), (*next)++);
}

static void remark_param(const struct work *w, struct slice param, struct slice macro)
{
    if (slice_eq(macro, S(KIT_REPLACE)))
        note_add(&w->kit->remarks, "", param,
                 "%.*s: the offer reads it. No macro for a parameter of your own is documented: "
                 "write your panel's instead of " KIT_REPLACE ", or leave the parameter out",
                 SLICE_ARG(param));
    else
        note_add(&w->kit->remarks, "", param,
                 "%.*s: the offer reads it, so the tracker must have been given it as %.*s by the "
                 "time of the postback; take another of these macros if that one is in use",
                 SLICE_ARG(param), SLICE_ARG(macro));
    if (is_personal(w->offer, param))
        note_add(&w->kit->remarks, "", param,
                 "%.*s: personal data that passes through every URL on the way. Its SHA-256 is "
                 "taken as well",
                 SLICE_ARG(param));
}

/* Parameters that only the offer's templates read. */
static void make_extras(struct work *w)
{
    struct buf base = { 0 }, b = { 0 };
    unsigned next = w->urls->free.first;

    add_query(&base, w, slice_from(w->urls->postbacks[0].query), S("x"));
    add_currency(&base, w);
    for (size_t i = 0; i < w->offer->param_count; i++) {
        struct slice param = w->offer->params[i], macro;
        if (has_name(buf_slice(&base), param))
            continue;
        macro = free_macro(w, &next);
        add_pair(&b, param, macro);
        remark_param(w, param, macro);
    }
    w->arena->full |= !buf_ok(&b) || !buf_ok(&base);
    w->extras = arena_dup(w->arena, buf_slice(&b));
    buf_free(&base);
    buf_free(&b);
}

/* ---- stages ---- */

static bool is_word_of(const struct offer *offer, struct slice word, struct slice stage)
{
    const struct stage_word *known = word.len ? mapping_word(offer, word) : NULL;

    return known && slice_eq(known->stage, stage);
}

static const struct tracker_postback *row_of(const struct tracker_urls *urls, struct slice stage)
{
    for (const struct tracker_postback *p = urls->postbacks; p->query; p++)
        if (p->stage && slice_eq(slice_from(p->stage), stage))
            return p;
    return NULL;
}

static struct slice word_in(const struct tracker_urls *urls, const struct tracker_postback *row)
{
    struct slice query = slice_from(row ? row->query : NULL), pair, name, value;

    while (slice_next(&query, '&', &pair)) {
        slice_cut(pair, '=', &name, &value);
        if (slice_eq(name, slice_from(urls->type_param)))
            return value;
    }
    return (struct slice){ 0 };
}

/* The table's word, else the stage's own name, else the first that the mapping lists; empty when
 * no word leads to that stage. */
static struct slice word_for(const struct work *w, const struct tracker_postback *row,
                             struct slice stage)
{
    const struct offer *offer = w->offer;
    struct slice word = word_in(w->urls, row);

    if (is_word_of(offer, word, stage))
        return word;
    if (is_word_of(offer, stage, stage))
        return stage;
    for (size_t i = 0; i < offer->word_count; i++)
        if (slice_eq(offer->words[i].stage, stage))
            return offer->words[i].word;
    return (struct slice){ 0 };
}

static struct slice postback_url(const struct work *w, struct slice query)
{
    return arena_printf(w->arena, "https://%.*s/postback/%.*s?key=YOUR-KEY&%.*s%s%.*s",
                        SLICE_ARG(w->hosts->own), SLICE_ARG(w->offer->name), SLICE_ARG(query),
                        w->extras.len ? "&" : "", SLICE_ARG(w->extras));
}

static void add_postback(struct work *w, const struct kit_postback *p)
{
    w->kit->postbacks[w->kit->postback_count++] = *p;
}

static void make_common(struct work *w)
{
    struct kit_postback p = { 0 };
    struct buf b = { 0 };

    add_query(&b, w, slice_from(w->urls->postbacks[0].query), (struct slice){ 0 });
    add_currency(&b, w);
    for (size_t i = 0; i < w->offer->rule_count; i++)
        add_txid(&b, w, &w->offer->rules[i]);
    w->arena->full |= !buf_ok(&b);
    p.url = postback_url(w, buf_slice(&b));
    add_postback(w, &p);
    buf_free(&b);
}

static void make_staged(struct work *w, const struct stage_rule *rule)
{
    const struct tracker_postback *row = row_of(w->urls, rule->stage);
    struct kit_postback p = { .stage = rule->stage, .ignored = rule->ignore };
    struct slice word = word_for(w, row, rule->stage);
    struct buf b = { 0 };

    if (word.len == 0) {
        note_add(&w->kit->remarks, "", rule->stage,
                 "%.*s: no URL, since no word leads to this stage: list one under stages: of the "
                 "offer",
                 SLICE_ARG(rule->stage));
        return;
    }
    add_query(&b, w, slice_from(row ? row->query : w->urls->postbacks[0].query), word);
    add_currency(&b, w);
    add_txid(&b, w, rule);
    w->arena->full |= !buf_ok(&b);
    p.url = postback_url(w, buf_slice(&b));
    add_postback(w, &p);
    buf_free(&b);
}

static void remark_unruled(const struct work *w)
{
    for (const struct tracker_postback *p = w->urls->postbacks; p->query; p++)
        if (!mapping_rule(w->offer, slice_from(p->stage)))
            note_add(&w->kit->remarks, "", slice_from(p->stage),
                     "%s: no URL, since the offer has no rule for this stage", p->stage);
}

static void make_postbacks(struct work *w)
{
    const struct offer *offer = w->offer;

    w->kit->postbacks = ARENA_ARRAY(w->arena, struct kit_postback, offer->rule_count + 1);
    if (!w->kit->postbacks)
        return;
    if (!w->urls->type_param) {
        make_common(w);
        return;
    }
    for (size_t i = 0; i < offer->rule_count; i++)
        make_staged(w, &offer->rules[i]);
    remark_unruled(w);
}

/* ---- the other URLs ---- */

static struct slice ad_link(const struct work *w)
{
    struct slice link = slice_from(w->urls->ad_link), mark = S("YOUR-TRACKER");
    size_t at = slice_find(link, mark);

    return arena_printf(w->arena, "%.*s%.*s%.*s", SLICE_ARG(slice_head(link, at)),
                        SLICE_ARG(w->hosts->tracker),
                        SLICE_ARG(slice_from_at(link, at + mark.len)));
}

static struct slice lander(const struct work *w)
{
    const struct template_values values = { .offer = w->offer->name };
    const struct template *page = &w->offer->page_url;
    struct slice base, head, fragment;
    struct buf b = { 0 };
    bool has_fragment;
    struct slice url;

    base = page->count && template_is_constant(page)
               ? template_expand(page, &values, w->arena)
               : arena_printf(w->arena, "https://%.*s/", SLICE_ARG(w->hosts->lander));
    has_fragment = slice_cut(base, '#', &head, &fragment);
    add_query(&b, w, slice_from(w->urls->lander_query), (struct slice){ 0 });
    w->arena->full |= !buf_ok(&b);
    url = arena_printf(w->arena, "%.*s%c%.*s%s%.*s", SLICE_ARG(head),
                       slice_index(head, '?') < head.len ? '&' : '?', SLICE_ARG(buf_slice(&b)),
                       has_fragment ? "#" : "", SLICE_ARG(fragment));
    buf_free(&b);
    return url;
}

int kit_make(struct arena *arena, const struct offer *offer, const struct tracker_urls *urls,
             const struct kit_hosts *hosts, struct kit *out, struct err *err)
{
    struct work w = { .arena = arena, .offer = offer, .urls = urls, .hosts = hosts, .kit = out };

    *out = (struct kit){ .remarks = { .arena = arena } };
    make_extras(&w);
    make_postbacks(&w);
    remark_currency(&w);
    out->ad_link = ad_link(&w);
    out->lander = lander(&w);
    out->click =
        arena_printf(arena, "https://%.*s/click/%.*s?key=YOUR-KEY&%.*s", SLICE_ARG(hosts->own),
                     SLICE_ARG(offer->name), SLICE_ARG(click_query));
    if (arena->full)
        return err_set(err, ERR_BUSY, "the URLs need more memory than there is");
    return 0;
}
