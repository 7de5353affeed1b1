#include "core/kit/private.h"

/* By the canonical names, which a registration may always use. */
static const struct slice click_query =
    SLICE("click_id={click_id}&ttclid={ttclid}&event_id={event_id}&ip={ip}"
          "&user_agent={user_agent}&page_url={page_url}");

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
static struct slice word_for(const struct kit_work *w, const struct tracker_postback *row,
                             struct slice stage)
{
    const struct offer *offer = w->offer;
    struct slice word = word_in(w->urls, row);

    if (is_word_of(offer, word, stage))
        return word;
    if (is_word_of(offer, stage, stage))
        return mapping_word(offer, stage)->word; /* RedTrack tells "Trial" from "trial" */
    for (size_t i = 0; i < offer->word_count; i++)
        if (slice_eq(offer->words[i].stage, stage))
            return offer->words[i].word;
    return (struct slice){ 0 };
}

static struct slice postback_url(const struct kit_work *w, struct slice query)
{
    return arena_printf(w->arena, "https://%.*s/postback/%.*s?key=YOUR-KEY&%.*s%s%.*s",
                        SLICE_ARG(w->hosts->own), SLICE_ARG(w->offer->name), SLICE_ARG(query),
                        w->extras.len ? "&" : "", SLICE_ARG(w->extras));
}

static void add_postback(struct kit_work *w, const struct kit_postback *p)
{
    w->kit->postbacks[w->kit->postback_count++] = *p;
}

static void make_common(struct kit_work *w)
{
    struct kit_postback p = { 0 };
    struct buf b = { 0 };

    kit_add_query(&b, w, slice_from(w->urls->postbacks[0].query), (struct slice){ 0 });
    kit_add_currency(&b, w);
    for (size_t i = 0; i < w->offer->rule_count; i++)
        kit_add_txid(&b, w, &w->offer->rules[i]);
    w->arena->full |= !buf_ok(&b);
    p.url = postback_url(w, buf_slice(&b));
    add_postback(w, &p);
    buf_free(&b);
}

static void make_staged(struct kit_work *w, const struct stage_rule *rule)
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
    kit_add_query(&b, w, slice_from(row ? row->query : w->urls->postbacks[0].query), word);
    kit_add_currency(&b, w);
    kit_add_txid(&b, w, rule);
    w->arena->full |= !buf_ok(&b);
    p.url = postback_url(w, buf_slice(&b));
    add_postback(w, &p);
    buf_free(&b);
}

static void remark_unruled(const struct kit_work *w)
{
    for (const struct tracker_postback *p = w->urls->postbacks; p->query; p++)
        if (!mapping_rule(w->offer, slice_from(p->stage)))
            note_add(&w->kit->remarks, "", slice_from(p->stage),
                     "%s: no URL, since the offer has no rule for this stage", p->stage);
}

static void make_postbacks(struct kit_work *w)
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

static struct slice ad_link(const struct kit_work *w)
{
    struct slice link = slice_from(w->urls->ad_link), mark = S("YOUR-TRACKER");
    size_t at = slice_find(link, mark);

    return arena_printf(w->arena, "%.*s%.*s%.*s", SLICE_ARG(slice_head(link, at)),
                        SLICE_ARG(w->hosts->tracker),
                        SLICE_ARG(slice_from_at(link, at + mark.len)));
}

static struct slice lander(const struct kit_work *w)
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
    kit_add_query(&b, w, slice_from(w->urls->lander_query), (struct slice){ 0 });
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
    struct kit_work w = {
        .arena = arena, .offer = offer, .urls = urls, .hosts = hosts, .kit = out
    };

    *out = (struct kit){ .remarks = { .arena = arena } };
    kit_make_extras(&w);
    make_postbacks(&w);
    kit_remark_currency(&w);
    out->ad_link = ad_link(&w);
    out->lander = lander(&w);
    out->click =
        arena_printf(arena, "https://%.*s/click/%.*s?key=YOUR-KEY&%.*s", SLICE_ARG(hosts->own),
                     SLICE_ARG(offer->name), SLICE_ARG(click_query));
    if (arena->full)
        return err_set(err, ERR_BUSY, "the URLs need more memory than there is");
    return 0;
}
