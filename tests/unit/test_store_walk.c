/* Every event since a moment and the ids of every click, newest first, also beside the writer. */
#include "core/base/buf.h"
#include "tests/unit/store_contract.h"

#define HOUR INT64_C(3600000)
#define ROWS 1203 /* more than two pages */

static void put_event(struct fixture *f, int i, int64_t created)
{
    struct store_event ev = { .offer = i % 2 ? S("odd") : S("even"), .pixel = S("C9X"),
                              .event = S("Lead"), .event_id = text(f, "e%d", i),
                              .body = S("{}"), .created = created };

    OK(f, store_event_put(f->s, &ev, NULL, &f->err));
}

/* One an hour; the clock of the 1100th is five hours behind. */
static void fill(struct fixture *f)
{
    begin(f);
    for (int i = 0; i < ROWS; i++) {
        struct store_click click = { .offer = i % 2 ? S("odd") : S("even"), .at = i,
                                     .click_id = text(f, "c%d", i),
                                     .event_id = i % 3 ? (struct slice){ 0 } : text(f, "e%d", i) };
        put_event(f, i, (i == 1100 ? 1095 : i) * HOUR + 1000 * HOUR);
        assert_int_equal(store_click_put(f->s, &click, &f->err), 0);
    }
    commit(f);
}

struct seen {
    struct buf text;
    unsigned count;
    unsigned stop_at; /* 0: never */
};

static int see_event(void *context, const struct store_event *ev, struct err *err)
{
    struct seen *s = context;

    if (s->stop_at && s->count == s->stop_at)
        return err_set(err, ERR_INPUT, "enough");
    if (s->count++ < 4)
        buf_printf(&s->text, "%.*s/%.*s/%.*s ", SLICE_ARG(ev->offer), SLICE_ARG(ev->event),
                   SLICE_ARG(ev->event_id));
    assert_int_equal(ev->state, STORE_WAITING);
    assert_true(slice_eq(ev->body, S("{}")));
    return 0;
}

static int see_ids(void *context, struct slice offer, struct slice click_id, struct slice event_id,
                   struct err *err)
{
    struct seen *s = context;

    (void)err;
    if (s->count++ < 3)
        buf_printf(&s->text, "%.*s/%.*s/%.*s ", SLICE_ARG(offer), SLICE_ARG(click_id),
                   SLICE_ARG(event_id));
    return 0;
}

/* The same rows for counting, without what is large. */
static int see_brief(void *context, const struct store_brief *pb, struct err *err)
{
    struct seen *s = context;

    if (s->stop_at && s->count == s->stop_at)
        return err_set(err, ERR_INPUT, "enough");
    if (s->count++ < 2)
        buf_printf(&s->text, "%lld %.*s/%.*s/%.*s/%.*s/%.*s/%d ", (long long)pb->id,
                   SLICE_ARG(pb->offer), SLICE_ARG(pb->stage), SLICE_ARG(pb->code),
                   SLICE_ARG(pb->click_id), SLICE_ARG(pb->txid), (int)pb->verdict);
    return 0;
}

static int see_fate(void *context, const struct store_fate *ev, struct err *err)
{
    struct seen *s = context;

    (void)err;
    if (s->count++ < 2)
        buf_printf(&s->text, "%lld of %lld %.*s %lld%.*s %lld%.*s state %d%s%s%s ",
                   (long long)ev->id, (long long)ev->postback_id, SLICE_ARG(ev->offer),
                   (long long)ev->value, SLICE_ARG(ev->currency), (long long)ev->original_value,
                   SLICE_ARG(ev->original_currency), (int)ev->state, ev->test ? " test" : "",
                   ev->ttclid ? " ttclid" : "", ev->body.len ? " body" : "");
    return 0;
}

static void walks(struct fixture *f, struct store *s, int64_t since, unsigned count,
                  const char *first)
{
    struct seen seen = { .count = 0 };

    OK(f, store_walk_events(s, since, see_event, &seen, &f->err));
    buf_byte(&seen.text, '\0');
    assert_string_equal(seen.text.ptr, first);
    assert_int_equal(seen.count, count);
    buf_free(&seen.text);
}

static void assert_walks(struct fixture *f, struct store *s)
{
    struct seen seen = { .count = 0 };

    walks(f, s, 0, ROWS, "even/Lead/e1202 odd/Lead/e1201 even/Lead/e1200 odd/Lead/e1199 ");
    walks(f, s, 2201 * HOUR, 2, "even/Lead/e1202 odd/Lead/e1201 ");
    walks(f, s, 2202 * HOUR + 1, 0, "");
    walks(f, s, 2095 * HOUR, 108, "even/Lead/e1202 odd/Lead/e1201 even/Lead/e1200 odd/Lead/e1199 ");
    walks(f, s, 2096 * HOUR, 106, "even/Lead/e1202 odd/Lead/e1201 even/Lead/e1200 odd/Lead/e1199 ");
    OK(f, store_walk_click_ids(s, see_ids, &seen, &f->err));
    buf_byte(&seen.text, '\0');
    assert_string_equal(seen.text.ptr, "even/c1202/ odd/c1201/ even/c1200/e1200 ");
    assert_int_equal(seen.count, ROWS);
    buf_free(&seen.text);
}

/* A conversion of each kind, oldest first, and what became of the events. */
static void put_kinds(struct fixture *f)
{
    static const enum store_state states[] = { STORE_WAITING, STORE_DELIVERED, STORE_DEAD };
    struct store_attempt attempt = { .at = 9000, .pixel = S("C9B"), .http_status = 200 };
    struct store_outcome outcomes[3];
    struct store_event *list;
    size_t count;

    begin(f);
    for (int i = 0; i < 3; i++) {
        struct store_postback pb = { .at = 1000 * (i + 1), .offer = S("o"), .stage = S("sale"),
                                     .click_id = text(f, "b%d", i), .txid = text(f, "t%d", i),
                                     .params = S("subid=x"), .code = i ? S("") : S("W001"),
                                     .verdict = STORE_QUEUED };
        struct store_event ev = { .offer = S("o"), .pixel = S("C9B"), .event = S("Purchase"),
                                  .event_id = text(f, "b%d", i), .body = S("{\"a\":1}"),
                                  .created = pb.at, .ttclid = i == 1 ? S("E.C.P.1") : S(""),
                                  .value = 5 + i, .currency = S("USD"), .original_value = 7,
                                  .original_currency = S("EUR") };
        OK(f, store_postback_id(f->s, &pb.id, &f->err));
        ev.postback_id = pb.id;
        assert_int_equal(store_event_put(f->s, &ev, NULL, &f->err), 0);
        OK(f, store_postback_put(f->s, &pb, &f->err));
    }
    OK(f, store_take(f->s, S("C9B"), 10000, 0, 3, &f->arena, &list, &count, &f->err));
    for (size_t i = 0; i < count; i++)
        outcomes[i] = (struct store_outcome){ .event_id = list[i].id, .state = states[i] };
    OK(f, store_report(f->s, &attempt, outcomes, count, &f->err));
    commit(f);
}

static void briefs(struct fixture *f, struct store *s, int64_t since, bool bodies,
                   const char *postbacks, const char *events)
{
    struct seen seen = { .count = 0 };

    OK(f, store_walk_briefs(s, since, see_brief, &seen, &f->err));
    buf_byte(&seen.text, '\0');
    assert_string_equal(seen.text.ptr, postbacks);
    buf_clear(&seen.text);
    seen.count = 0;
    OK(f, store_walk_fates(s, since, bodies, see_fate, &seen, &f->err));
    buf_byte(&seen.text, '\0');
    assert_string_equal(seen.text.ptr, events);
    buf_free(&seen.text);
}

static void test_brief(void **state)
{
    struct fixture *f = *state;
    struct seen seen = { .stop_at = 1 };
    struct store *reader;

    briefs(f, f->s, 0, false, "", "");
    put_kinds(f);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    briefs(f, reader, 0, false, "1 o/sale/W001/b0/t0/1 2 o/sale//b1/t1/1 ",
           "1 of 1 o 5USD 7EUR state 1 2 of 2 o 6USD 7EUR state 3 ttclid ");
    briefs(f, f->s, 3000, true, "3 o/sale//b2/t2/1 ", "3 of 3 o 7USD 7EUR state 4 body ");
    assert_int_equal(store_walk_briefs(reader, 0, see_brief, &seen, &f->err), -1);
    assert_string_equal(f->err.text, "enough");
    buf_free(&seen.text);
    store_close(reader);
}

static void test_walk(void **state)
{
    struct fixture *f = *state;
    struct seen seen = { .stop_at = 700 };
    struct store *reader;

    walks(f, f->s, 0, 0, "");
    fill(f);
    assert_walks(f, f->s);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    assert_walks(f, reader);
    assert_int_equal(store_walk_events(reader, 0, see_event, &seen, &f->err), -1);
    assert_string_equal(f->err.text, "enough");
    assert_int_equal(seen.count, 700);
    buf_free(&seen.text);
    begin(f);
    put_event(f, 5000, 5000 * HOUR);
    walks(f, f->s, 5000 * HOUR, 1, "even/Lead/e5000 "); /* one's own transaction */
    walks(f, reader, 5000 * HOUR, 0, "");
    commit(f);
    walks(f, reader, 5000 * HOUR, 1, "even/Lead/e5000 ");
    store_close(reader);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { CASE(test_walk), CASE(test_brief) };

    return RUN_ON_ENGINES(tests);
}
