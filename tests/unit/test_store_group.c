/* Groups of calls that are guesses at first, against the same calls made one by one: both stores must hold the same.
 * SEED and ROUNDS in the environment choose others. */
#include "tests/unit/store_contract.h"

#include "core/base/buf.h"

static uint64_t dice;

static uint64_t roll(uint64_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice % n;
}

static struct slice one_of(struct fixture *f, const char *what, unsigned n, unsigned none)
{
    uint64_t i = roll(n + none);

    return i < n ? text(f, "%s%u", what, (unsigned)i) : S("");
}

static const char *const stages[] = { "lead", "sale", "rejected", "rebill" };

struct op {
    bool is_click;
    struct store_click click;
    struct store_postback pb;
    struct store_event ev;
};

static struct op random_op(struct fixture *f, int64_t at)
{
    struct op o = { .is_click = roll(3) == 0 };
    struct slice offer = one_of(f, "offer", 2, 0), click_id = one_of(f, "click", 25, 5);
    struct slice ttclid = one_of(f, "E.C.P.ttclid-long-enough-", 25, 8);

    if (click_id.len == 0 && ttclid.len == 0)
        click_id = S("click7");
    o.click = (struct store_click){ .offer = offer, .click_id = click_id, .ttclid = ttclid, .keyed = roll(2),
                                    .event_id = one_of(f, "own", 10, 30), .page_url = one_of(f, "https://page/", 5, 2),
                                    .ip = one_of(f, "192.0.2.", 9, 2), .at = roll(3) ? at / 1000 : 0 };
    o.pb = (struct store_postback){ .at = at, .offer = offer, .tracker = S("keitaro"), .click_id = click_id, .ttclid = ttclid,
                                    .stage = slice_from(stages[roll(4)]), .txid = one_of(f, "T", 40, 10), .params = S("a=\xff\0b"),
                                    .code = S("") };
    o.ev = (struct store_event){ .offer = offer, .pixel = one_of(f, "P", 2, 0), .event = o.pb.stage, .click_id = click_id,
                                 .ttclid = ttclid, .body = S("{\"user\":{\"ttclid\":\"x\"}}"), .created = at,
                                 .value = (int64_t)roll(1000000), .currency = one_of(f, "USD", 1, 1),
                                 .test_code = one_of(f, "TEST", 1, 3) };
    return o;
}

/* As intake does: what is found decides what is put. */
static void run(struct fixture *f, struct store *s, const struct op *o, struct buf *log)
{
    struct store_click found = { 0 };
    struct store_postback pb = o->pb;
    struct store_event ev = o->ev;
    int64_t first = 0;
    int known, marked, rc;

    if (o->is_click) {
        known = store_click_put(s, &o->click, &f->err);
        assert_true(known >= 0);
        buf_printf(log, "put %d\n", known);
        return;
    }
    known = store_click_find(s, pb.offer, pb.click_id, pb.ttclid, &f->arena, &found, &f->err);
    marked = store_marked(s, pb.offer, pb.click_id, pb.ttclid, &f->err);
    assert_true(known >= 0 && marked >= 0);
    OK(f, store_postback_id(s, &pb.id, &f->err));
    ev.own_id = known && found.event_id.len;
    ev.event_id = ev.own_id ? found.event_id : found.click_id.len ? found.click_id : pb.click_id.len ? pb.click_id : pb.ttclid;
    if (ev.own_id)
        ev.plain_id = found.click_id;
    ev.formerly[0] = pb.click_id;
    ev.formerly[1] = pb.ttclid;
    ev.postback_id = pb.id;
    rc = store_event_put(s, &ev, &first, &f->err);
    assert_true(rc >= 0);
    pb.verdict = rc == 0 ? STORE_QUEUED : roll(9) == 0 ? STORE_DUPLICATE : STORE_DUPLICATE;
    pb.reason = text(f, "%d %d %d %.*s %.*s", known, marked, rc, SLICE_ARG(found.event_id), SLICE_ARG(found.ip));
    OK(f, store_postback_put(s, &pb, &f->err));
    buf_printf(log, "%.*s first %lld\n", SLICE_ARG(pb.reason), rc ? (long long)first : 0LL);
}

static int rounds_of_commits;

static void run_group(struct fixture *f, struct store *s, bool grouped, const struct op *ops, size_t count, struct buf *log)
{
    uint64_t before = dice;
    int rc;

    OK(f, grouped ? store_begin_group(s, &f->err) : store_begin(s, &f->err));
    do {
        log->len = 0;
        dice = before;
        for (size_t i = 0; i < count; i++)
            run(f, s, &ops[i], log);
        rc = store_commit(s, &f->err);
        if (rc < 0)
            fail_msg("%s", f->err.text);
        rounds_of_commits += grouped;
    } while (rc == 1);
}

static int dump_event(void *context, const struct store_event *ev, struct err *err)
{
    struct buf *b = context;

    (void)err;
    buf_printf(b, "%lld %lld %.*s %.*s %.*s %.*s|%.*s|%lld%.*s %d %lld\n", (long long)ev->id, (long long)ev->postback_id,
               SLICE_ARG(ev->offer), SLICE_ARG(ev->pixel), SLICE_ARG(ev->event), SLICE_ARG(ev->event_id),
               SLICE_ARG(ev->plain_id), (long long)ev->value, SLICE_ARG(ev->currency), (int)ev->state, (long long)ev->due);
    return 0;
}

static int dump_tally(void *context, const struct store_tally *t, struct err *err)
{
    (void)err;
    buf_printf(context, "%lld %.*s %d %.*s %d %lld\n", (long long)t->hour, SLICE_ARG(t->offer), (int)t->kind,
               SLICE_ARG(t->name), t->slot, (long long)t->n);
    return 0;
}

static int by_line(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* Engines give the counts of an hour in an order of their own. */
static void dump_tallies(struct fixture *f, struct store *s, struct buf *b)
{
    struct slice lines[2000], rest, line;
    struct buf counts = { 0 };
    size_t n = 0;

    OK(f, store_walk_tallies(s, 0, 0, S(""), dump_tally, &counts, &f->err));
    rest = (struct slice){ counts.ptr, counts.len };
    while (slice_next(&rest, '\n', &line)) {
        assert_true(n < COUNT(lines));
        lines[n++] = line;
    }
    qsort(lines, n, sizeof(*lines), by_line);
    for (size_t i = 0; i < n; i++)
        buf_printf(b, "%.*s\n", SLICE_ARG(lines[i]));
    buf_free(&counts);
}

static void dump(struct fixture *f, struct store *s, struct buf *b)
{
    struct store_postback *pbs;
    struct store_click *clicks;
    struct store_counts c;
    size_t count;

    OK(f, store_walk_events(s, 0, dump_event, b, &f->err));
    dump_tallies(f, s, b);
    OK(f, store_list_postbacks(s, S(""), 0, 0, 100000, &f->arena, &pbs, &count, &f->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(b, "%lld %.*s %d %.*s [%.*s] %zu\n", (long long)pbs[i].id, SLICE_ARG(pbs[i].click_id), (int)pbs[i].verdict,
                   SLICE_ARG(pbs[i].ttclid), SLICE_ARG(pbs[i].reason), pbs[i].params.len);
    for (int i = 0; i < 50; i++) {
        struct slice id = i < 25 ? text(f, "click%d", i) : text(f, "E.C.P.ttclid-long-enough-%d", i - 25);
        OK(f, store_find_clicks(s, id, 100, &f->arena, &clicks, &count, &f->err));
        for (size_t k = 0; k < count; k++)
            buf_printf(b, "%.*s %.*s %.*s %.*s %.*s %lld\n", SLICE_ARG(clicks[k].offer), SLICE_ARG(clicks[k].click_id),
                       SLICE_ARG(clicks[k].ttclid), SLICE_ARG(clicks[k].event_id), SLICE_ARG(clicks[k].ip), (long long)clicks[k].at);
    }
    OK(f, store_counts(s, &c, &f->err));
    buf_printf(b, "%lld %lld %lld\n", (long long)c.clicks, (long long)c.postbacks, (long long)c.waiting);
}

static void same_text(struct buf *a, struct buf *b, const char *what)
{
    size_t i = 0, from;

    while (i < a->len && i < b->len && a->ptr[i] == b->ptr[i])
        i++;
    if (i == a->len && i == b->len)
        return;
    for (from = i; from > 0 && a->ptr[from - 1] != '\n'; from--)
        ;
    fail_msg("%s differ: one by one \"%.*s\", as a group \"%.*s\"", what, (int)(a->len - from < 200 ? a->len - from : 200),
             a->ptr + from, (int)(b->len - from < 200 ? b->len - from : 200), b->ptr + from);
}

static void as_one_by_one(void **state)
{
    struct fixture *g = *state, *f = fixture_new(&engines[0]);
    const char *seed = getenv("SEED"), *times = getenv("ROUNDS");
    struct buf a = { 0 }, b = { 0 };
    struct op ops[40];
    int rounds = times ? atoi(times) : 60;

    fixture_open(f);
    dice = 88172645463325252 + (seed ? strtoull(seed, NULL, 10) : 1);
    for (int round = 0; round < rounds; round++) {
        size_t count = 1 + roll(roll(2) ? 3 : COUNT(ops));
        uint64_t here;
        for (size_t i = 0; i < count; i++)
            ops[i] = random_op(f, NOW + round * 1000);
        here = dice;
        run_group(f, f->s, false, ops, count, &a);
        dice = here;
        run_group(f, g->s, true, ops, count, &b);
        same_text(&a, &b, "answers");
    }
    a.len = b.len = 0;
    dump(f, f->s, &a);
    dump(f, g->s, &b);
    same_text(&a, &b, "rows");
    assert_true(a.len > 5000);
    print_message("%d groups, %d commits\n", rounds, rounds_of_commits);
    buf_free(&a);
    buf_free(&b);
    fixture_free(f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { CASE(as_one_by_one) };
    int failed = 0;

    for (size_t i = 0; i < COUNT(engines); i++) {
        under_test = &engines[i];
        rounds_of_commits = 0;
        failed += cmocka_run_group_tests_name(engines[i].name, tests, NULL, NULL);
    }
    return failed;
}
