/* store_twin.h: random work as intake and a sender do it, to be done on two stores, and all that a store holds as text. */
#ifndef TESTS_UNIT_STORE_TWIN_H
#define TESTS_UNIT_STORE_TWIN_H

#include "tests/unit/store_contract.h"

#include "adapters/store/tally.h"
#include "core/base/buf.h"

static _Thread_local uint64_t dice;

static inline uint64_t roll(uint64_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice % n;
}

/* ---- texts ---- */

/* Bytes that are no UTF-8, halves of characters, NUL, what stands for such bytes, a text of 10 KB. */
static inline struct slice odd_text(struct fixture *f, struct slice base)
{
    static const struct slice odd[] = {
        SLICE("\xff"), SLICE("\xc3"), SLICE("\0"), SLICE("\xed\xa0\x80"), SLICE("\xf4\x8f\xb8\x80"), SLICE("\xf4\x8f\xbb\xbf"),
        SLICE("\xf4\x8f\xbf\xbf"), SLICE("\xf4\x90\x80\x80"), SLICE("\xc0\x80"), SLICE("\xe2\x82"), SLICE("\xf0\x9f\x92\xa9"),
        SLICE("'\"\\;--"), SLICE("%s$1"), SLICE("\xef\xbf\xbd"), SLICE("\n"), SLICE("{a,NULL}"),
    };
    struct buf b = { 0 };
    struct slice out;

    buf_add(&b, base);
    for (uint64_t n = roll(4); n > 0; n--)
        buf_add(&b, odd[roll(COUNT(odd))]);
    if (roll(20) == 0)
        for (int i = 0; i < 1000; i++)
            buf_add(&b, S("0123456789"));
    for (uint64_t n = roll(3); n > 0; n--)
        buf_byte(&b, (char)roll(256));
    out = arena_dup(&f->arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

/* One of n, or nothing; every eighth of them is odd, and so the same each time. */
static inline struct slice one_from(struct fixture *f, const char *what, unsigned n, unsigned none)
{
    uint64_t i = roll(n + none), here = dice;
    struct slice s;

    if (i >= n)
        return S("");
    s = text(f, "%s%u", what, (unsigned)i);
    if (i % 8 != 7)
        return s;
    dice = 88172645463325252 + i;
    s = odd_text(f, s);
    dice = here;
    return s;
}

static inline struct slice any_text(struct fixture *f, const char *what)
{
    return roll(6) ? slice_from(what) : roll(3) ? odd_text(f, slice_from(what)) : S("");
}

/* ---- what is done ---- */

struct op {
    enum { OP_CLICK, OP_DECIDE, OP_POSTBACK } kind;
    bool history, params;
    struct store_click click;
    struct store_postback pb;
    struct store_event ev;
};

/* ids: how many different clicks there are, so that they meet again and again.  calm: nothing that a group must ask call by call
 * (a refusal, what came before). */
static inline struct op random_op(struct fixture *f, int64_t at, unsigned ids, bool calm)
{
    static const char *const stages[] = { "lead", "sale", "rejected", "rebill", "refund", "chargeback", "" };
    struct op o = { .kind = roll(3) ? OP_POSTBACK : OP_CLICK, .history = !calm && roll(60) == 0, .params = !calm && roll(60) == 0 };
    struct slice offer = one_from(f, "offer", 2, 0), click_id = one_from(f, "click", ids, ids / 5);
    struct slice ttclid = one_from(f, "E.C.P.ttclid-long-enough-", ids, ids / 3);

    if (click_id.len == 0 && ttclid.len == 0)
        click_id = S("click3");
    o.click = (struct store_click){ .offer = offer, .click_id = click_id, .ttclid = ttclid, .keyed = roll(2),
                                    .event_id = one_from(f, "own", 10, 30), .page_url = any_text(f, "https://page/"),
                                    .ip = one_from(f, "192.0.2.", 9, 2), .at = roll(3) ? at / 1000 : 0,
                                    .ttp = any_text(f, "ttp"), .user_agent = any_text(f, "Mozilla"),
                                    .referrer = any_text(f, "https://r/"), .consent = one_from(f, "yes", 1, 2),
                                    .country = one_from(f, "D", 2, 1) };
    if (!calm && o.kind == OP_CLICK && roll(12) == 0) {
        o.kind = OP_DECIDE;
        o.click.refused = roll(3) != 0;
        o.click.consent = o.click.refused ? S("no") : S("yes");
    }
    o.pb = (struct store_postback){ .at = at, .offer = offer, .tracker = any_text(f, "keitaro"), .click_id = click_id,
                                    .ttclid = ttclid, .stage = slice_from(stages[roll(COUNT(stages))]),
                                    .txid = one_from(f, "T", 12, 4), .event_id = one_from(f, "own", 10, 90),
                                    .params = any_text(f, "a=b&email=c"), .code = any_text(f, "Q003"),
                                    .method = any_text(f, "GET"), .content_type = any_text(f, "text/plain"),
                                    .address = any_text(f, "192.0.2.7"), .warnings = any_text(f, "W028 x\nW020 y\n") };
    if (roll(6) == 0)
        o.pb.verdict = STORE_QUARANTINED;
    o.ev = (struct store_event){ .offer = offer, .pixel = roll(9) ? S("P") : one_from(f, "P", 9, 0), .event = o.pb.stage,
                                 .click_id = click_id, .ttclid = ttclid, .created = at, .value = (int64_t)roll(1000000),
                                 .body = roll(9) ? S("{\"user\":{\"ttclid\":\"x\",\"email\":\"y\"}}") : odd_text(f, S("{\"a\":1}")),
                                 .currency = one_from(f, "USD", 1, 1), .original_value = (int64_t)roll(50) - 25,
                                 .original_currency = one_from(f, "EUR", 1, 1), .test_code = one_from(f, "TEST", 1, 9),
                                 .order_id = one_from(f, "order", 9, 9), .consent_said = any_text(f, "yes, by param.consent") };
    return o;
}

static inline void twin_cut_click(void *context, struct store_click *click)
{
    (void)context;
    click->ip = click->user_agent = click->page_url = (struct slice){ 0 };
}

static inline struct slice twin_cut_params(void *context, struct slice params, struct arena *arena)
{
    (void)context;
    return arena_dup(arena, slice_head(params, slice_find(params, S("&email="))));
}

static const struct slice twin_spare[] = { SLICE("anonymized"), { 0 } };
static const struct store_refusal twin_refusal = { .note = SLICE("refused"), .spare = twin_spare,
                                                   .cut_click = twin_cut_click, .cut_params = twin_cut_params };

/* What is done gives -1 where the store did; no check of cmocka's, since threads do it, too. */
static inline int do_click(struct fixture *f, struct store *s, const struct op *o, struct buf *log)
{
    struct store_refused met = { 0 };
    int known = o->kind == OP_CLICK ? store_click_put(s, &o->click, &f->err)
                                    : store_click_decide(s, &o->click, &twin_refusal, &met, &f->err);

    if (known < 0)
        return -1;
    buf_printf(log, "put %d, refused %d: %lld withdrawn, %lld on their way, %lld there\n", known, met.anew,
               (long long)met.withdrawn, (long long)met.sending, (long long)met.delivered);
    return 0;
}

static inline int look_back(struct fixture *f, struct store *s, const struct op *o, struct buf *log)
{
    const struct store_postback *pb = &o->pb;
    struct store_seen *seen;
    struct slice params;
    size_t count;

    if (o->history) {
        if (store_history(s, pb->offer, pb->click_id, pb->ttclid, 20, &f->arena, &seen, &count, &f->err) != 0)
            return -1;
        for (size_t i = 0; i < count; i++)
            buf_printf(log, "%lld %.*s %d, ", (long long)seen[i].id, SLICE_ARG(seen[i].stage), (int)seen[i].verdict);
    }
    if (o->params) {
        int rc = store_postback_params(s, 1 + pb->at % 50, &f->arena, &params, &f->err);
        if (rc < 0)
            return -1;
        buf_printf(log, "params %d %zu ", rc, params.len);
    }
    return 0;
}

/* As intake does: what is found decides what is put. */
static inline int do_postback(struct fixture *f, struct store *s, const struct op *o, struct buf *log)
{
    struct store_click found = { 0 };
    struct store_postback pb = o->pb;
    struct store_event ev = o->ev;
    int64_t first = 0;
    int known, marked, rc = 0;

    if (look_back(f, s, o, log) != 0)
        return -1;
    known = store_click_find(s, pb.offer, pb.click_id, pb.ttclid, &f->arena, &found, &f->err);
    marked = store_marked(s, pb.offer, pb.click_id, pb.ttclid, &f->err);
    if (known < 0 || marked < 0 || store_postback_id(s, &pb.id, &f->err) != 0)
        return -1;
    ev.own_id = pb.event_id.len || (known && found.event_id.len);
    ev.event_id = pb.event_id.len ? pb.event_id : ev.own_id ? found.event_id : found.click_id.len ? found.click_id
                  : pb.click_id.len ? pb.click_id : pb.ttclid;
    if (pb.txid.len && slice_eq(pb.stage, S("rebill")))
        ev.event_id = text(f, "%.*s.%.*s", SLICE_ARG(ev.event_id), SLICE_ARG(pb.txid));
    if (ev.own_id)
        ev.plain_id = found.click_id;
    ev.formerly[0] = pb.click_id;
    ev.formerly[1] = pb.ttclid;
    ev.consent = found.refused ? S("anonymized") : found.consent.len ? S("granted") : S("");
    ev.postback_id = pb.id;
    if (pb.verdict != STORE_QUARANTINED) {
        rc = store_event_put(s, &ev, &first, &f->err);
        if (rc < 0)
            return -1;
        pb.verdict = rc == 0 ? STORE_QUEUED : STORE_DUPLICATE;
    }
    pb.reason = text(f, "%d %d %d %zu %zu", known, marked, rc, found.event_id.len, found.ip.len);
    if (store_postback_put(s, &pb, &f->err) != 0)
        return -1;
    buf_printf(log, "%.*s first %lld id %lld\n", SLICE_ARG(pb.reason), rc ? (long long)first : 0LL, (long long)pb.id);
    return 0;
}

static inline int do_op(struct fixture *f, struct store *s, const struct op *o, struct buf *log)
{
    return o->kind == OP_POSTBACK ? do_postback(f, s, o, log) : do_click(f, s, o, log);
}

/* A sender's turn.  The same rolls for both stores. */
static inline void do_delivery(struct fixture *f, struct store *s, int64_t now, struct buf *log)
{
    struct store_attempt a = { .at = now, .took_ms = (uint32_t)roll(5000), .pixel = S("P"), .http_status = 200,
                               .code = (int64_t)roll(2) * 40000, .message = any_text(f, "OK"), .request_id = any_text(f, "r1") };
    struct store_outcome out[50];
    struct store_event *list;
    size_t count;

    OK(f, store_begin(s, &f->err));
    OK(f, store_take(s, S("P"), now, 0, 50, &f->arena, &list, &count, &f->err));
    OK(f, store_commit(s, &f->err));
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct store_outcome){ .event_id = list[i].id, .unknown = roll(2), .note = any_text(f, "note"),
                                         .state = roll(2) ? STORE_DELIVERED : roll(2) ? STORE_WAITING : STORE_DEAD };
        buf_printf(log, "take %lld ", (long long)list[i].id);
    }
    OK(f, store_begin(s, &f->err));
    OK(f, store_report(s, &a, out, roll(4) ? count : count / 2, &f->err));
    OK(f, store_commit(s, &f->err));
}

/* ---- all that a store holds, a line each ---- */

static inline void add_texts(struct buf *b, const struct slice *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_percent(b, texts[i]);
        buf_byte(b, '|');
    }
    buf_byte(b, '\n');
}

static inline int dump_event(void *context, const struct store_event *ev, struct err *err)
{
    const struct slice texts[] = { ev->offer, ev->pixel, ev->event, ev->event_id, ev->plain_id, ev->test_code, ev->click_id,
                                   ev->ttclid, ev->body, ev->currency, ev->original_currency, ev->consent, ev->consent_said,
                                   ev->note };

    (void)err;
    buf_printf(context, "event %lld %lld %lld %lld %d %lld %lld %lld %u ", (long long)ev->id, (long long)ev->postback_id,
               (long long)ev->value, (long long)ev->original_value, (int)ev->state, (long long)ev->due,
               (long long)ev->created, (long long)ev->unknown_since, (unsigned)ev->attempts);
    add_texts(context, texts, COUNT(texts));
    return 0;
}

static inline int dump_tally(void *context, const struct store_tally *t, struct err *err)
{
    const struct slice texts[] = { t->offer, t->name };

    (void)err;
    buf_printf(context, "tally %lld %d %d %lld ", (long long)t->hour, (int)t->kind, t->slot, (long long)t->n);
    add_texts(context, texts, 2);
    return 0;
}

static inline void dump_postbacks(struct fixture *f, struct store *s, struct buf *b)
{
    struct store_postback *list;
    int64_t after = 0;
    size_t count;

    do {
        OK(f, store_list_postbacks(s, S(""), 0, after, 200, &f->arena, &list, &count, &f->err));
        for (size_t i = 0; i < count; i++) {
            const struct store_postback *p = &list[i];
            const struct slice texts[] = { p->offer, p->tracker, p->method, p->content_type, p->address, p->params, p->click_id,
                                           p->ttclid, p->event_id, p->txid, p->stage, p->code, p->reason, p->warnings };
            buf_printf(b, "postback %lld %lld %d ", (long long)p->id, (long long)p->at, (int)p->verdict);
            add_texts(b, texts, COUNT(texts));
            after = p->id;
        }
    } while (count);
}

static inline void dump_clicks(struct fixture *f, struct store *s, unsigned ids, struct buf *b)
{
    struct store_click *list;
    size_t count;

    for (unsigned i = 0; i < 2 * ids; i++) {
        uint64_t here = dice;
        struct slice id = text(f, i < ids ? "click%u" : "E.C.P.ttclid-long-enough-%u", i % ids);
        dice = 88172645463325252 + i % ids;
        id = i % ids % 8 == 7 ? odd_text(f, id) : id;
        dice = here;
        OK(f, store_find_clicks(s, id, 100, &f->arena, &list, &count, &f->err));
        for (size_t k = 0; k < count; k++) {
            const struct store_click *c = &list[k];
            const struct slice texts[] = { c->offer, c->click_id, c->ttclid, c->event_id, c->ttp, c->ip, c->user_agent,
                                           c->page_url, c->referrer, c->consent, c->country };
            buf_printf(b, "click %lld %d %d ", (long long)c->at, c->keyed, c->refused);
            add_texts(b, texts, COUNT(texts));
        }
    }
}

static inline int by_text(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Sorted, since some of it comes in any order. */
static inline struct slice dump(struct fixture *f, struct store *s, unsigned ids)
{
    struct buf b = { 0 };
    struct store_counts c;
    struct slice *lines, rest, all;
    size_t count;

    OK(f, store_walk_events(s, 0, dump_event, &b, &f->err));
    OK(f, store_walk_tallies(s, 0, 0, S(""), dump_tally, &b, &f->err));
    dump_postbacks(f, s, &b);
    dump_clicks(f, s, ids, &b);
    OK(f, store_counts(s, &c, &f->err));
    buf_printf(&b, "counts %lld clicks %lld postbacks %lld waiting %lld sending %lld delivered %lld dead %lld quarantined %lld"
                   " withdrawn, oldest %lld newest %lld\n", (long long)c.clicks, (long long)c.postbacks, (long long)c.waiting,
               (long long)c.sending, (long long)c.delivered, (long long)c.dead, (long long)c.quarantined,
               (long long)c.withdrawn, (long long)c.oldest_waiting, (long long)c.newest_postback);
    assert_true(buf_ok(&b));
    rest = buf_slice(&b);
    lines = ARENA_ARRAY(&f->arena, struct slice, b.len / 2 + 1);
    assert_non_null(lines);
    for (count = 0; slice_next(&rest, '\n', &lines[count]); count++)
        ;
    qsort(lines, count, sizeof(*lines), by_text);
    all = (struct slice){ arena_alloc(&f->arena, b.len + 1), 0 };
    assert_non_null(all.ptr);
    for (size_t i = 0; i < count; i++) {
        memcpy((char *)(uintptr_t)all.ptr + all.len, lines[i].ptr, lines[i].len);
        all.len += lines[i].len;
        ((char *)(uintptr_t)all.ptr)[all.len++] = '\n';
    }
    buf_free(&b);
    return all;
}

/* The first lines that differ, when some do. */
static inline void same_text(struct slice a, struct slice b, const char *what)
{
    size_t i = 0, from;

    while (i < a.len && i < b.len && a.ptr[i] == b.ptr[i])
        i++;
    if (i == a.len && i == b.len)
        return;
    for (from = i; from > 0 && a.ptr[from - 1] != '\n'; from--)
        ;
    fail_msg("%s differ at byte %zu of the line: one by one \"%.*s\", as a group \"%.*s\"", what, i - from,
             (int)(a.len - from < 400 ? a.len - from : 400), a.ptr + from, (int)(b.len - from < 400 ? b.len - from : 400),
             b.ptr + from);
}

#endif
