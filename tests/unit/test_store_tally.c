/* The contract of store.h, run on every engine: hourly counts.  After any sequence of what a server does they are those of the
 * rows, which are counted here by what the store's own reading calls give. */
#include "tests/unit/store_contract.h"

#include "adapters/store/tally.h"
#include "core/base/buf.h"
#include "core/payload/keys.h"
#include "tests/unit/store_random.h"

/* ---- all of it as text, in the order of the text ---- */

struct line {
    char key[120];
    int64_t n;
};

struct lines {
    struct fixture *f;
    struct line *list;
    size_t count, cap;
    bool rough; /* how an attempt that did not deliver was meant is in no row */
};

static void add(struct lines *l, int64_t seconds, struct slice offer, enum store_tally_kind kind, struct slice name, int slot,
                int64_t n)
{
    struct line *one;

    if (l->count == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 1024;
        l->list = realloc(l->list, l->cap * sizeof(*l->list));
        assert_non_null(l->list);
    }
    one = &l->list[l->count++];
    one->n = n;
    if (l->rough && kind == TALLY_ANSWERS && slot != STORE_DELIVERED)
        slot = 0;
    snprintf(one->key, sizeof(one->key), "%lld %.*s %d %.*s %d", (long long)((seconds - seconds % 3600 - START / 1000) / 3600),
             SLICE_ARG(offer), (int)kind, SLICE_ARG(name), slot);
}

static int put_line(void *context, const struct store_tally *t, struct err *err)
{
    (void)err;
    assert_int_equal(t->hour % 3600, 0);
    assert_int_not_equal(t->n, 0);
    add(context, t->hour, t->offer, t->kind, t->name, t->slot, t->n);
    return 0;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct line *)a)->key, ((const struct line *)b)->key);
}

/* Lines of the same key in one. */
static struct slice as_text(struct lines *l)
{
    struct buf out = { 0 };
    struct slice text;

    if (l->count)
        qsort(l->list, l->count, sizeof(*l->list), by_key);
    for (size_t i = 0; i < l->count; i++)
        if (i + 1 < l->count && strcmp(l->list[i].key, l->list[i + 1].key) == 0)
            l->list[i + 1].n += l->list[i].n;
        else if (l->list[i].n)
            buf_printf(&out, "%s = %lld\n", l->list[i].key, (long long)l->list[i].n);
    text = arena_dup(&l->f->arena, buf_slice(&out));
    buf_free(&out);
    free(l->list);
    return text;
}

static struct slice tallies(struct fixture *f, struct store *s, bool rough)
{
    struct lines l = { .f = f, .rough = rough };

    OK(f, store_walk_tallies(s, 0, 0, S(""), put_line, &l, &f->err));
    return as_text(&l);
}

/* ---- the same, counted from the rows ---- */

/* Those of random_click: all that there are. */
static void count_clicks(struct lines *l)
{
    struct store_click *list;
    size_t count;

    for (int i = 0; i < 40; i++) {
        OK(l->f, store_find_clicks(l->f->s, text(l->f, "c%d", i), 100, &l->f->arena, &list, &count, &l->f->err));
        for (size_t k = 0; k < count; k++) {
            add(l, list[k].at, list[k].offer, TALLY_CLICKS, S(""), 0, 1);
            if (list[k].ttclid.len)
                add(l, list[k].at, list[k].offer, TALLY_CLICKS, S(""), 1, 1);
        }
    }
}

static void count_postbacks(struct lines *l)
{
    struct store_postback *list;
    size_t count;

    OK(l->f, store_list_postbacks(l->f->s, S(""), 0, 0, 100000, &l->f->arena, &list, &count, &l->f->err));
    for (size_t i = 0; i < count; i++) {
        const struct store_postback *p = &list[i];
        struct slice warnings = p->warnings, line, seen = S("");
        add(l, p->at / 1000, p->offer, TALLY_POSTBACKS, p->stage, (int)p->verdict, 1);
        if (p->code.len)
            add(l, p->at / 1000, p->offer, TALLY_REASONS, p->code, (int)p->verdict, 1);
        while (slice_next(&warnings, '\n', &line)) {
            struct slice code = slice_head(line, 4);
            if (line.len < 5 || line.ptr[0] != 'W' || line.ptr[4] != ' ' || slice_find(seen, code) < seen.len)
                continue;
            add(l, p->at / 1000, p->offer, TALLY_WARNINGS, code, 0, 1);
            seen = text(l->f, "%.*s %.*s", SLICE_ARG(seen), SLICE_ARG(code));
        }
    }
}

static void count_attempts(struct lines *l, const struct store_event *ev)
{
    struct store_attempt *list;
    size_t count;

    OK(l->f, store_attempts_of(l->f->s, ev->id, &l->f->arena, &list, &count, &l->f->err));
    for (size_t i = 0; i < count; i++) {
        const struct store_attempt *a = &list[i];
        bool did = i + 1 == count && ev->state == STORE_DELIVERED; /* it is not tried again then */
        struct slice name = a->code >= 0 ? text(l->f, "%lld", (long long)a->code)
                            : a->http_status ? text(l->f, "http %d", a->http_status) : S("none");
        add(l, a->at / 1000, ev->offer, TALLY_ANSWERS, name, did ? STORE_DELIVERED : 0, 1);
        if (did)
            add(l, ev->created / 1000, ev->offer, TALLY_LATENCY, ev->event,
                store_tally_bucket(a->at + a->took_ms - ev->created), 1);
    }
}

static int list_event(void *context, const struct store_event *ev, struct err *err)
{
    struct lines *l = context;
    int64_t s = ev->created / 1000;

    (void)err;
    add(l, s, ev->offer, TALLY_EVENTS, ev->event, STORE_WAITING, 1);
    if (ev->state >= STORE_DELIVERED)
        add(l, s, ev->offer, TALLY_EVENTS, ev->event, (int)ev->state, 1);
    add(l, s, ev->offer, TALLY_VALUED, ev->event, ev->currency.len != 0, 1);
    if (ev->currency.len)
        add(l, s, ev->offer, TALLY_VALUES, ev->event, store_tally_currency(ev->currency), ev->value);
    if (ev->original_currency.len)
        add(l, s, ev->offer, TALLY_ORIGINALS, ev->event, store_tally_currency(ev->original_currency), ev->original_value);
    for (int key = 0; key < MATCH_KEYS; key++)
        if (payload_keys(ev->body) >> key & 1)
            add(l, s, ev->offer, TALLY_KEYS, ev->event, key, 1);
    count_attempts(l, ev);
    return 0;
}

struct events {
    struct fixture *f;
    struct store_event list[4000];
    size_t count;
};

/* A visit must not ask the store for something else. */
static int keep_event(void *context, const struct store_event *ev, struct err *err)
{
    struct events *e = context;
    struct store_event *to = &e->list[e->count];

    (void)err;
    assert_true(e->count < COUNT(e->list));
    *to = *ev;
    to->offer = arena_dup(&e->f->arena, ev->offer);
    to->event = arena_dup(&e->f->arena, ev->event);
    to->currency = arena_dup(&e->f->arena, ev->currency);
    to->original_currency = arena_dup(&e->f->arena, ev->original_currency);
    to->body = arena_dup(&e->f->arena, ev->body);
    e->count++;
    return 0;
}

static struct slice counted(struct fixture *f)
{
    struct events *all = calloc(1, sizeof(*all));
    struct lines l = { .f = f, .rough = true };

    assert_non_null(all);
    all->f = f;
    count_clicks(&l);
    count_postbacks(&l);
    OK(f, store_walk_events(f->s, 0, keep_event, all, &f->err));
    for (size_t i = 0; i < all->count; i++)
        list_event(&l, &all->list[i], &f->err);
    free(all);
    return as_text(&l);
}

/* Which lines differ, when some do. */
static void same_lines(struct slice want, struct slice is)
{
    struct slice a, b;

    if (slice_eq(want, is))
        return;
    while (slice_next(&want, '\n', &a) && slice_next(&is, '\n', &b))
        if (!slice_eq(a, b))
            fail_msg("the rows say \"%.*s\", the counts \"%.*s\" (hour, offer, kind, name, slot)", SLICE_ARG(a), SLICE_ARG(b));
    fail_msg("one of them has more lines");
}

/* ---- whatever happens ---- */

static void test_as_the_rows(void **state)
{
    static random_act *const acts[] = { random_click, random_postback, random_postback, random_delivery, random_again };
    struct fixture *f = *state;
    int64_t now = START;

    seed_from(7);
    for (int group = 1; group <= 240; group++) {
        random_group(f, acts, sizeof(acts) / sizeof(*acts), 60000, &now);
        if (group % 80 == 0)
            same_lines(counted(f), tallies(f, f->s, true));
    }
    assert_true(counted(f).len > 5000);
}

/* ---- exactly ---- */

static void arrive(struct fixture *f, int64_t at, const char *stage, enum store_verdict verdict, const char *code,
                   const char *warnings)
{
    struct store_postback pb = { .at = at, .offer = S("o"), .stage = slice_from(stage), .verdict = verdict,
                                 .code = slice_from(code), .warnings = slice_from(warnings), .click_id = S("c") };

    OK(f, store_postback_put(f->s, &pb, &f->err));
}

static int64_t queue(struct fixture *f, int64_t at, const char *id, int64_t value, const char *currency)
{
    struct store_event ev = { .offer = S("o"), .pixel = PIXEL, .event = S("Purchase"), .event_id = slice_from(id),
                              .click_id = S("c"), .created = at, .value = value, .currency = slice_from(currency),
                              .original_value = 2 * value, .original_currency = S("EUR"),
                              .body = S("{\"event\":\"Purchase\",\"user\":{\"ttclid\":\"T\",\"ip\":\"1.2.3.4\"}}") };

    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
    return ev.id;
}

static void answer(struct fixture *f, int64_t at, uint32_t took, int http, int64_t code, int64_t event, enum store_state state)
{
    struct store_attempt a = { .at = at, .took_ms = took, .pixel = PIXEL, .http_status = http, .code = code };
    struct store_outcome o = { .event_id = event, .state = state, .due = state == STORE_WAITING ? at : 0 };
    struct store_event *list;
    size_t count;

    OK(f, store_take(f->s, PIXEL, at, 0, 100, &f->arena, &list, &count, &f->err));
    OK(f, store_report(f->s, &a, &o, 1, &f->err));
}

static void test_says_what(void **state)
{
    struct fixture *f = *state;
    struct store_click click = { .offer = S("o"), .click_id = S("c"), .at = START / 1000 + 5 };
    struct store *reader;
    int64_t event;

    begin(f);
    GIVES(f, 0, store_click_put(f->s, &click, &f->err));
    event = queue(f, START + 1000, "e1", 12500000, "USD");
    arrive(f, START + 1000, "sale", STORE_QUEUED, "", "W028 a\nW028 b\nW020 c\nQ002 was its verdict\n");
    arrive(f, START + HOUR, "", STORE_QUARANTINED, "Q003", "");
    answer(f, START + 2000, 500, 200, -1, event, STORE_WAITING);
    commit(f);
    begin(f);
    click.ttclid = S("E.C.P.x"); /* later known */
    GIVES(f, 1, store_click_put(f->s, &click, &f->err));
    answer(f, START + HOUR, 1001, 200, 0, event, STORE_DELIVERED); /* an hour and a millisecond after it was made */
    queue(f, START + HOUR, "e2", 0, "");
    commit(f);
    same_lines(S("0 o 1  0 = 1\n0 o 1  1 = 1\n"
                 "0 o 10 Purchase 0 = 1\n0 o 10 Purchase 4 = 1\n"
                 "0 o 11 http 200 1 = 1\n"
                 "0 o 2 sale 1 = 1\n"
                 "0 o 4 W020 0 = 1\n0 o 4 W028 0 = 1\n"
                 "0 o 5 Purchase 1 = 1\n0 o 5 Purchase 3 = 1\n"
                 "0 o 6 Purchase 12 = 1\n"
                 "0 o 7 Purchase 1 = 1\n"
                 "0 o 8 Purchase 5591876 = 12500000\n"
                 "0 o 9 Purchase 4543826 = 25000000\n"
                 "1 o 10 Purchase 0 = 1\n1 o 10 Purchase 4 = 1\n"
                 "1 o 11 0 3 = 1\n"
                 "1 o 2  4 = 1\n"
                 "1 o 3 Q003 4 = 1\n"
                 "1 o 5 Purchase 1 = 1\n"
                 "1 o 7 Purchase 0 = 1\n"),
               tallies(f, f->s, false));
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    same_lines(tallies(f, f->s, false), tallies(f, reader, false));
    store_close(reader);
}

/* Hours of a range, of one offer; a visit may end the walk. */
static int first_only(void *context, const struct store_tally *t, struct err *err)
{
    ++*(int *)context;
    return err_set(err, ERR_INPUT, "seen hour %lld", (long long)(t->hour - START / 1000) / 3600);
}

static int count_them(void *context, const struct store_tally *t, struct err *err)
{
    (void)err;
    *(int64_t *)context += t->n;
    return 0;
}

static void test_ranges(void **state)
{
    struct fixture *f = *state;
    int64_t n = 0;
    int seen = 0;

    begin(f);
    for (int i = 0; i < 10; i++)
        arrive(f, START + i * HOUR, "sale", STORE_IGNORED, "", "");
    commit(f);
    OK(f, store_walk_tallies(f->s, START / 1000 + 3600 * 3, START / 1000 + 3600 * 7, S(""), count_them, &n, &f->err));
    assert_int_equal(n, 4);
    OK(f, store_walk_tallies(f->s, START / 1000 + 1, 0, S("o"), count_them, &n, &f->err));
    assert_int_equal(n, 4 + 9);
    OK(f, store_walk_tallies(f->s, 0, 0, S("p"), count_them, &n, &f->err));
    assert_int_equal(n, 13);
    GIVES(f, -1, store_walk_tallies(f->s, START / 1000 + 3600, 0, S(""), first_only, &seen, &f->err));
    assert_int_equal(seen, 1);
    SAYS(f, ERR_INPUT, "seen hour 1");
}

/* Old hours go behind the rows, a few at a time. */
static void test_old_ones_go(void **state)
{
    const struct store_retention how = { .ledger = START + 5 * HOUR, .rows = 64 };
    struct fixture *f = *state;
    struct store_retained out;
    int rc;

    begin(f);
    for (int i = 0; i < 10; i++)
        arrive(f, START + i * HOUR, "sale", STORE_IGNORED, "I001", "");
    commit(f);
    do {
        begin(f);
        rc = store_retain(f->s, &how, &out, &f->err);
        assert_true(rc >= 0);
        commit(f);
    } while (rc == 1);
    same_lines(S("5 o 2 sale 3 = 1\n5 o 3 I001 3 = 1\n6 o 2 sale 3 = 1\n6 o 3 I001 3 = 1\n7 o 2 sale 3 = 1\n7 o 3 I001 3 = 1\n"
                 "8 o 2 sale 3 = 1\n8 o 3 I001 3 = 1\n9 o 2 sale 3 = 1\n9 o 3 I001 3 = 1\n"),
               tallies(f, f->s, false));
    /* What was dropped is not added to, though it was in memory: the clock was wrong, and is again. */
    begin(f);
    arrive(f, START, "sale", STORE_IGNORED, "I001", "");
    arrive(f, START + 9 * HOUR, "sale", STORE_IGNORED, "I001", "");
    commit(f);
    same_lines(counted(f), tallies(f, f->s, true));
    assert_true(slice_starts(tallies(f, f->s, false), S("0 o 2 sale 3 = 1\n")));
}

/* More different rows than have room in memory at first, in one transaction and over several. */
static void test_many_rows(void **state)
{
    struct fixture *f = *state;
    int64_t n = 0;

    for (int round = 0; round < 3; round++) {
        begin(f);
        for (int i = 0; i < 3000; i++)
            arrive(f, START + i / 2 * HOUR, i % 2 ? "sale" : "lead", STORE_IGNORED, "", "");
        commit(f);
        if (round == 1)
            fixture_reopen(f);
    }
    OK(f, store_walk_tallies(f->s, 0, 0, S("o"), count_them, &n, &f->err));
    assert_int_equal(n, 9000);
    same_lines(counted(f), tallies(f, f->s, true));
}

/* A sum ends where an int64_t does. */
static int64_t sum_of(struct fixture *f)
{
    struct slice all = tallies(f, f->s, false), line, key, n;

    while (slice_next(&all, '\n', &line))
        if (slice_starts(line, S("0 o 8 "))) {
            slice_cut(line, '=', &key, &n);
            return strtoll(slice_trim(n).ptr, NULL, 10);
        }
    return 0;
}

static void test_sums_end(void **state)
{
    static const char *const ids[] = { "a", "b", "c", "d", "e" };
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        begin(f);
        queue(f, START, ids[i], INT64_MAX / 4, "USD");
        commit(f);
    }
    assert_int_equal(sum_of(f), INT64_MAX / 4 * 3);
    begin(f);
    queue(f, START, ids[3], INT64_MAX / 4, "USD");
    queue(f, START, ids[4], INT64_MAX / 4, "USD");
    commit(f);
    assert_int_equal(sum_of(f), INT64_MAX);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_as_the_rows), CASE(test_says_what), CASE(test_ranges), CASE(test_old_ones_go), CASE(test_many_rows),
        CASE(test_sums_end),
    };

    return RUN_ON_ENGINES(tests);
}
