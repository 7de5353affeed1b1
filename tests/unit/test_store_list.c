/* Postbacks in the order of their arrival: by offer, since a moment, page by page. */
#include "core/base/buf.h"
#include "tests/unit/store_contract.h"

#define HOUR INT64_C(3600000)
#define ROWS 40

/* One an hour, of two offers in turn; the clock of the 30th is 5 hours behind. */
static void fill(struct fixture *f)
{
    begin(f);
    for (int i = 0; i < ROWS; i++) {
        struct store_postback pb = { .at = (i == 30 ? 25 : i) * HOUR + 200 * HOUR,
                                     .offer = i % 2 ? S("odd") : S("even"),
                                     .click_id = text(f, "c%d", i), .params = S("a=1") };
        OK(f, store_postback_put(f->s, &pb, &f->err));
    }
    commit(f);
}

static void lists(struct fixture *f, struct store *s, const char *offer, int64_t since,
                  int64_t after, unsigned max, const char *want)
{
    struct store_postback *list;
    struct buf got = { 0 };
    size_t count;

    OK(f, store_list_postbacks(s, slice_from(offer), since, after, max, &f->arena, &list, &count,
                               &f->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(&got, "%s%.*s", i ? " " : "", SLICE_ARG(list[i].click_id));
    buf_byte(&got, '\0');
    assert_string_equal(got.ptr, want);
    buf_free(&got);
}

static void assert_lists(struct fixture *f, struct store *s)
{
    lists(f, s, "", 0, 0, 5, "c0 c1 c2 c3 c4");
    lists(f, s, "", 0, 5, 3, "c5 c6 c7");
    lists(f, s, "even", 0, 0, 3, "c0 c2 c4");
    lists(f, s, "odd", 234 * HOUR, 0, 9, "c35 c37 c39");
    lists(f, s, "", 226 * HOUR, 0, 4, "c26 c27 c28 c29");
    lists(f, s, "", 226 * HOUR, 30, 3, "c31 c32 c33"); /* c30 came at hour 25, by its clock */
    lists(f, s, "", 225 * HOUR, 29, 3, "c29 c30 c31");
    lists(f, s, "", 239 * HOUR + 1, 0, 9, "");
    lists(f, s, "nobody", 0, 0, 9, "");
    lists(f, s, "", 0, ROWS, 9, "");
    lists(f, s, "", 0, 0, 0, "");
}

static void test_list(void **state)
{
    struct fixture *f = *state;
    struct store *reader;

    lists(f, f->s, "", 0, 0, 9, "");
    fill(f);
    assert_lists(f, f->s);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    assert_lists(f, reader);
    begin(f);
    OK(f, store_postback_put(f->s, &(struct store_postback){ .at = 300 * HOUR, .click_id = S("new"),
                                                             .params = S("a=1") }, &f->err));
    lists(f, f->s, "", 300 * HOUR, 0, 9, "new"); /* one's own transaction */
    lists(f, reader, "", 300 * HOUR, 0, 9, "");
    commit(f);
    lists(f, reader, "", 300 * HOUR, 0, 9, "new");
    store_close(reader);
}

/* ---- the events of one postback ---- */

#define REBILLS 300

/* Each puts two events, but for each tenth, which puts none; each third is known by its ttclid alone. */
static void rebill(struct fixture *f, int n)
{
    struct store_postback pb = { .at = n * HOUR, .offer = S("o"), .verdict = n % 10 ? STORE_QUEUED : STORE_DUPLICATE,
                                 .click_id = n % 3 ? S("much-billed") : S(""), .ttclid = S("E.C.P.much-billed-ttclid") };
    struct store_event ev = { .offer = S("o"), .event = S("Purchase"), .created = pb.at, .click_id = pb.click_id,
                              .ttclid = pb.ttclid, .event_id = text(f, "e%d", n), .body = S("{}") };

    OK(f, store_postback_id(f->s, &pb.id, &f->err));
    assert_int_equal(pb.id, n + 1);
    ev.postback_id = pb.id;
    for (int i = 0; i < 2 && n % 10; i++) {
        ev.pixel = i ? S("C1") : S("C0");
        GIVES(f, 0, store_event_put(f->s, &ev, NULL, &f->err));
    }
    OK(f, store_postback_put(f->s, &pb, &f->err));
}

static void has_its_events(struct fixture *f, struct store *s, int n)
{
    struct store_postback pb;
    struct store_event *list;
    size_t count;

    GIVES(f, 1, store_get_postback(s, n + 1, &f->arena, &pb, &f->err));
    OK(f, store_events_of(s, &pb, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, n % 10 ? 2 : 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].postback_id, n + 1);
        SAME(text(f, "e%d", n), list[i].event_id);
        SAME(i ? S("C1") : S("C0"), list[i].pixel);
    }
}

static void test_events_of(void **state)
{
    struct fixture *f = *state;
    struct store *reader;

    for (int n = 0; n < REBILLS; n += 25) {
        begin(f);
        for (int i = n; i < n + 25; i++)
            rebill(f, i);
        commit(f);
    }
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    for (int n = 0; n < REBILLS; n += 7) { /* the first and the last of them, too */
        has_its_events(f, f->s, n);
        has_its_events(f, reader, n);
        arena_reset(&f->arena);
    }
    has_its_events(f, reader, REBILLS - 1);
    store_close(reader);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { CASE(test_list), CASE(test_events_of) };

    return RUN_ON_ENGINES(tests);
}
