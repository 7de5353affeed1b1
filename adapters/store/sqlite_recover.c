/* sqlite_recover.c: events that were on their way, or whose time lies ahead, when the server ended or the clock went back. */
#include <sqlite3.h>

#include "adapters/store/sqlite_tally.h"

#define WAIT_MOST_MS (INT64_C(25) * 3600 * 1000) /* a Retry-After is at most a day */

int sqlite_clock_back(struct store *store, int64_t by, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct sqlite3_stmt *st = sql_use(s, SQL_DELIVERY_BACK, err);

    if (!st)
        return -1;
    bind_int(st, 1, by);
    return sql_run(s, st, err);
}

/* Before the last start the clock may have been ahead: nobody waits for that time to come. */
static int forget_ahead(struct sqlite *s, int64_t now, struct err *err)
{
    struct sqlite3_stmt *due = sql_use(s, SQL_DELIVERY_AHEAD, err);
    struct sqlite3_stmt *unknown = sql_use(s, SQL_UNKNOWN_AHEAD, err);

    if (!due || !unknown)
        return -1;
    bind_int(due, 1, now);
    bind_int(due, 2, now + WAIT_MOST_MS);
    bind_int(unknown, 1, now);
    return sql_run(s, due, err) != 0 ? -1 : sql_run(s, unknown, err);
}

/* Those that WITHDRAWN_RECOVER will change. */
static int tally_withdrawn(struct sqlite *s, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_WITHDRAWN_LIST, err);
    int rc;

    if (!st)
        return -1;
    while ((rc = sql_step(s, st, err)) == 1) {
        struct tally_event e = { col_int(st, 0), col_int(st, 1), col_int(st, 2), col_int(st, 3) };
        if ((rc = tally_state(s, &e, STORE_WITHDRAWN, 1, err)) != 0)
            break;
    }
    sql_done(st);
    return rc;
}

int sqlite_recover(struct store *store, int64_t now, int64_t *recovered, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct sqlite3_stmt *st;
    int64_t n;

    if (tally_withdrawn(s, err) != 0 || sql_now(s, SQL_WITHDRAWN_RECOVER, err) != 0)
        return -1;
    n = sqlite3_changes(s->db);
    s->now.counts.sending -= n;
    s->now.counts.withdrawn += n;
    s->now.moved.withdrawn += n;
    if (!(st = sql_use(s, SQL_DELIVERY_RECOVER, err)))
        return -1;
    bind_int(st, 1, now);
    if (sql_run(s, st, err) != 0)
        return -1;
    n = sqlite3_changes(s->db);
    s->now.counts.sending -= n;
    s->now.counts.waiting += n;
    if (recovered)
        *recovered = n;
    return forget_ahead(s, now, err);
}
