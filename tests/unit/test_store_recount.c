/* `store verify` counts the tallies again: whatever a server does they are those of the rows, and each that is not
 * is named. */
#include "tests/unit/store_sqlite_case.h"

#include "adapters/store/sqlite_sum.h"
#include "adapters/store/verify.h"
#include "core/base/buf.h"
#include "tests/unit/store_random.h"

#define DAY (24 * HOUR)

/* ---- what verify says, a line each ---- */

static void collect(void *context, const struct verify_finding *v)
{
    buf_printf(context, "%s %s\n", v->where, v->text);
}

static void verify_says(struct fixture *f, const char *want)
{
    struct verify_result r;
    struct buf got = { 0 };
    int rc = store_sqlite_verify(f->dir, collect, &got, &r, &f->err);

    if (rc < 0)
        fail_msg("%s", f->err.text);
    SAME(slice_from(want), buf_slice(&got));
    assert_int_equal(rc, *want != '\0');
    buf_free(&got);
}

static void change(struct fixture *f, const char *sql)
{
    struct sqlite3 *db = ((struct sqlite *)f->s)->db;

    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_not_equal(sqlite3_changes(db), 0);
}

#define SUM "UPDATE tallies SET sum = checksum(14, hour, offer, kind, name, slot, n)"

/* ---- each difference by its name ---- */

static int64_t conversion(struct fixture *f, int64_t at, const char *id)
{
    struct store_click click = { .offer = S("o"), .click_id = slice_from(id), .at = at / 1000 };
    struct store_postback pb = { .at = at, .offer = S("o"), .stage = S("sale"), .verdict = STORE_QUEUED,
                                 .code = S("I001"), .warnings = S("W028 x\n"), .click_id = slice_from(id) };
    struct store_event ev = { .offer = S("o"), .pixel = PIXEL, .event = S("Purchase"), .event_id = slice_from(id),
                              .created = at, .value = 12500000, .currency = S("USD"), .original_value = 5,
                              .original_currency = S("EUR"), .body = S("{\"user\":{\"email\":\"x\",\"ip\":\"1\"}}") };

    GIVES(f, 0, store_click_put(f->s, &click, &f->err));
    OK(f, store_postback_id(f->s, &pb.id, &f->err));
    ev.postback_id = pb.id;
    GIVES(f, 0, store_event_put(f->s, &ev, NULL, &f->err));
    OK(f, store_postback_put(f->s, &pb, &f->err));
    return ev.id;
}

static void try_all(struct fixture *f, int64_t at, int64_t code, enum store_state state)
{
    struct store_attempt a = { .at = at, .took_ms = 30, .pixel = PIXEL, .http_status = 200, .code = code };
    struct store_outcome out[8];
    struct store_event *list;
    size_t n;

    OK(f, store_take(f->s, PIXEL, at, 0, 8, &f->arena, &list, &n, &f->err));
    for (size_t i = 0; i < n; i++)
        out[i] = (struct store_outcome){ .event_id = list[i].id, .state = state, .due = at };
    OK(f, store_report(f->s, &a, out, n, &f->err));
}

static void two_days(struct fixture *f)
{
    OK(f, store_begin(f->s, &f->err));
    conversion(f, START, "a");
    conversion(f, START + DAY, "b");
    OK(f, store_commit(f->s, &f->err));
    OK(f, store_begin(f->s, &f->err));
    try_all(f, START + DAY, 50002, STORE_WAITING);
    try_all(f, START + DAY + HOUR, 0, STORE_DELIVERED);
    OK(f, store_commit(f->s, &f->err));
}

/* START is 2026-09-21T14:00Z. */
static void names_what_differs(void **state)
{
    static const struct {
        const char *where, *says;
    } rows[] = {
        { "kind = 1", "hours 2026-09-21T14:00Z offer o: clicks all says 2, the rows say 1\n" },
        { "kind = 2", "hours 2026-09-21T14:00Z offer o: postbacks sale queued says 2, the rows say 1\n" },
        { "kind = 3", "hours 2026-09-21T14:00Z offer o: reasons I001 queued says 2, the rows say 1\n" },
        { "kind = 4", "hours 2026-09-21T14:00Z offer o: warnings W028 postbacks says 2, the rows say 1\n" },
        { "kind = 5 AND slot = 1", "hours 2026-09-21T14:00Z offer o: events Purchase made says 2, the rows say 1\n" },
        { "kind = 5 AND slot = 3",
          "hours 2026-09-21T14:00Z offer o: events Purchase delivered says 2, the rows say 1\n" },
        { "kind = 6", "hours 2026-09-21T14:00Z offer o: latency Purchase above says 2, the rows say 1\n" },
        { "kind = 7",
          "hours 2026-09-21T14:00Z offer o: valued Purchase with a value says 2, the rows say 1\n" },
        { "kind = 8", "hours 2026-09-21T14:00Z offer o: values Purchase USD says 12500001, the rows say 12500000\n" },
        { "kind = 9", "hours 2026-09-21T14:00Z offer o: originals Purchase EUR says 6, the rows say 5\n" },
        { "kind = 10 AND slot = 1", "hours 2026-09-21T14:00Z offer o: keys Purchase email says 2, the rows say 1\n" },
        { "kind = 11 AND slot = 1",
          "hours 2026-09-22T14:00Z offer o: answers 50002 tried again or dead says 3, the rows say 2\n" },
        { "kind = 11 AND slot = 3",
          "hours 2026-09-22T15:00Z offer o: answers 0 delivered says 3, the rows say 2\n" },
    };
    struct fixture *f = *state;
    char sql[300];

    two_days(f);
    verify_says(f, "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        OK(f, store_begin(f->s, &f->err));
        snprintf(sql, sizeof(sql), "UPDATE tallies SET n = n + 1 WHERE %s AND hour = (SELECT min(hour) FROM tallies WHERE %s)",
                 rows[i].where, rows[i].where);
        change(f, sql);
        change(f, SUM);
        OK(f, store_commit(f->s, &f->err));
        verify_says(f, rows[i].says);
        OK(f, store_begin(f->s, &f->err));
        snprintf(sql, sizeof(sql), "UPDATE tallies SET n = n - 1 WHERE %s AND hour = (SELECT min(hour) FROM tallies WHERE %s)",
                 rows[i].where, rows[i].where);
        change(f, sql);
        change(f, SUM);
        OK(f, store_commit(f->s, &f->err));
    }
    verify_says(f, "");
}

/* A row that is not there, one that should not be, one whose checksum is wrong. */
static void rows_come_and_go(void **state)
{
    struct fixture *f = *state;

    two_days(f);
    change(f, "DELETE FROM tallies WHERE kind = 2 AND hour = (SELECT max(hour) FROM tallies WHERE kind = 2)");
    change(f, "DELETE FROM tallies WHERE kind = 11 AND slot = 1");
    verify_says(f, "hours 2026-09-22T14:00Z offer o: postbacks sale queued says 0, the rows say 1\n"
                   "hours 2026-09-22T14:00Z offer o: answers 50002 tried again or dead says 0, the rows say 2\n");
    change(f, "INSERT INTO tallies SELECT hour, offer, 11, name, 4, 2, 0 FROM tallies WHERE kind = 11 AND slot = 3");
    change(f, SUM);
    verify_says(f, "hours 2026-09-22T15:00Z offer o: answers 0 tried again or dead says 2, the rows say 0\n"
                   "hours 2026-09-22T14:00Z offer o: postbacks sale queued says 0, the rows say 1\n"
                   "hours 2026-09-22T14:00Z offer o: answers 50002 tried again or dead says 0, the rows say 2\n");
    change(f, "DELETE FROM tallies WHERE kind IN (2, 11)");
    change(f, "UPDATE tallies SET sum = sum + 1 WHERE kind = 1 AND hour = (SELECT min(hour) FROM tallies)");
    /* Twenty of a kind are told, as of all tables. */
    verify_says(f, "tallies the checksum of a row is wrong: 2026-09-21T14:00Z offer o: clicks all\n"
                   "hours 2026-09-21T14:00Z offer o: postbacks sale queued says 0, the rows say 1\n"
                   "hours 2026-09-22T14:00Z offer o: postbacks sale queued says 0, the rows say 1\n"
                   "hours 2026-09-22T14:00Z offer o: answers 50002 tried again or dead says 0, the rows say 2\n"
                   "hours 2026-09-22T15:00Z offer o: answers 0 delivered says 0, the rows say 2\n");
    change(f, "DELETE FROM tallies"); /* brought up to date, and not counted yet */
    verify_says(f, "");
    fixture_reopen(f);
    verify_says(f, "");
    assert_true(ask(f, "SELECT count(*) FROM tallies") > 10);
}

/* ---- no false alarm ---- */

static void cut_click(void *context, struct store_click *click)
{
    (void)context;
    click->ip = click->user_agent = (struct slice){ 0 };
}

static struct slice cut_to_nothing(void *context, struct slice params, struct arena *arena)
{
    (void)context;
    (void)arena;
    return slice_head(params, 0);
}

static void random_refusal(struct fixture *f, int64_t now)
{
    static const struct slice spare[] = { { 0 } };
    const struct store_refusal how = { S("refused"), spare, cut_click, cut_to_nothing, NULL };
    struct store_click c = { .offer = any(2) ? S("o") : S("p"), .at = now / 1000, .consent = S("no"), .refused = true };
    struct store_refused met;

    c.click_id = arena_printf(&f->arena, "c%lld", (long long)any(40));
    if (store_click_decide(f->s, &c, &how, &met, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

static struct slice cut_params(void *context, struct slice offer, struct slice params, struct arena *arena)
{
    (void)context;
    (void)offer;
    (void)arena;
    return params;
}

static struct slice cut_body(void *context, struct slice body, struct arena *arena)
{
    (void)context;
    return slice_find(body, S("\"ip\"")) < body.len ? arena_dup(arena, S("{\"user\":{}}")) : body;
}

/* One step, so that what goes is often half gone. */
static void random_retention(struct fixture *f, int64_t now)
{
    const struct store_retention how = { .clicks = now - 4 * DAY, .ledger = now - 9 * DAY, .ip = now - 2 * DAY,
                                         .cut_params = cut_params, .cut_body = cut_body,
                                         .rows = 1 + (unsigned)any(60) };
    struct store_retained out;

    if (store_retain(f->s, &how, &out, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

static void never_cries_wolf(void **state)
{
    static random_act *const acts[] = { random_click, random_postback, random_postback, random_postback, random_delivery, random_again,
                                        random_refusal, random_retention };
    struct fixture *f = *state;
    int64_t now = START;

    seed_from(11);
    for (int group = 0; group < 1500; group++) {
        random_group(f, acts, sizeof(acts) / sizeof(*acts), 10 * 60000, &now);
        if (group % 60 == 59)
            verify_says(f, "");
        arena_reset(&f->arena);
    }
    assert_true(now > START + 15 * DAY);
    assert_true(ask(f, "SELECT count(*) FROM events WHERE body = '{}'") > 0);
    assert_true(ask(f, "SELECT min(id) FROM postbacks") > 500);
    assert_true(ask(f, "SELECT min(id) FROM clicks") > 1);
    /* And behind what is gone it still sees. */
    change(f, "UPDATE tallies SET n = n + 1 WHERE kind = 2 AND hour = (SELECT max(hour) FROM tallies WHERE kind = 2)");
    change(f, SUM);
    {
        struct verify_result r;
        struct buf got = { 0 };
        GIVES(f, 1, store_sqlite_verify(f->dir, collect, &got, &r, &f->err));
        assert_true(slice_find(buf_slice(&got), S(": postbacks ")) < got.len);
        buf_free(&got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { CASE(names_what_differs), CASE(rows_come_and_go), CASE(never_cries_wolf) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
