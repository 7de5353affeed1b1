/* pg_connect.c: the connection: made, made anew, and what its silence means. */
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "adapters/store/pg.h"

#define AGAIN_MS  900   /* from one try to the next, while there is no database */
#define BEYOND_MS 2000  /* a server that lives has said by then that a statement took too long */
#define LOCK_MOST_MS 5000

static int64_t steady_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Nothing is printed, but a warning at a commit matters. */
static void hear(void *context, const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity && strcmp(severity, "WARNING") == 0)
        ((struct pg *)context)->warned = true;
}

/* The first call of libpq that tries to connect says which error it was by words alone, in the server's language.  With
 * this verbosity their SQLSTATE stands in them, and it is kept when the connection is made anew. */
static int start(struct pg *s, struct err *err)
{
    bool renewed = pg_target_renew(&s->target);

    /* One that stands still is waited for as long as one may be, so the host that was lost comes after the others. */
    if (s->lost && pg_target_last(&s->target, PQhost(s->db), PQport(s->db)))
        renewed = true;
    s->lost = false;
    if (renewed && s->db) {
        PQfinish(s->db); /* it would use what it has been given */
        s->db = NULL;
    }
    if (s->db) {
        PQreset(s->db);
        return 0;
    }
    s->db = PQconnectStartParams(s->target.keys, s->target.values, 0);
    if (!s->db)
        return err_set(err, ERR_SYSTEM, "out of memory");
    PQsetErrorVerbosity(s->db, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(s->db, hear, s);
    PQreset(s->db);
    return 0;
}

int pg_lock_ms(int patience_ms)
{
    return patience_ms / 2 > LOCK_MOST_MS ? LOCK_MOST_MS : patience_ms / 2;
}

/* No statement and no lock is waited for without end, and what is acknowledged is on the disk (of the standbys, too, where
 * the server is set so), whatever the role or the database was set to. */
static int settle(struct pg *s, struct err *err)
{
    char sql[600];

    snprintf(sql, sizeof(sql),
             "SELECT set_config('statement_timeout', '%d', false), set_config('lock_timeout', '%d', false), "
             "set_config('idle_in_transaction_session_timeout', '60000', false), "
             "set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local', "
             "'remote_write') THEN 'on' ELSE current_setting('synchronous_commit') END, false)",
             s->patience_ms, pg_lock_ms(s->patience_ms));
    return pg_simple(s, sql, err);
}

/* An index is what every statement here means.  Plans are made once and kept: one that was made when a table was empty, or its
 * statistics were, would read the whole of it when it is not any more. */
static int plan(struct pg *s, struct err *err)
{
    struct pg_call c;

    arena_reset(&s->scratch);
    pg_start(&c, s, PG_SETTINGS);
    return pg_run(&c, NULL, err);
}

static int connect_now(struct pg *s, struct err *err)
{
    if (start(s, err) != 0)
        return -1;
    pg_forget(s);
    if (PQstatus(s->db) != CONNECTION_OK) {
        s->store.failed = true;
        pg_unreached(s->db, s->where, err);
        return -1;
    }
    return settle(s, err) != 0 || plan(s, err) != 0 || pg_schema_ready(s, s->store.writer, err) != 0 ? -1 : 0;
}

int pg_alive(struct pg *s, struct err *err)
{
    int64_t now;

    if (s->ready && PQstatus(s->db) == CONNECTION_OK)
        return 0;
    s->lost = s->lost || s->ready;
    s->ready = false;
    now = steady_ms();
    if (s->down_at && now - s->down_at < AGAIN_MS) /* who waits is told at once */
        return err_set(err, s->failure.kind, "%s", s->failure.text);
    s->connecting = true;
    s->ready = connect_now(s, &s->failure) == 0;
    s->connecting = false;
    s->down_at = s->ready ? 0 : steady_ms();
    return s->ready ? 0 : err_set(err, s->failure.kind, "%s", s->failure.text);
}

int postgres_try(const struct postgres *at, struct err *err)
{
    struct pg_target t;
    PGconn *db = NULL;
    int rc = -1;

    if (pg_target_read(&t, at, false, err) == 0 && (db = PQconnectStartParams(t.keys, t.values, 0))) {
        PQsetErrorVerbosity(db, PQERRORS_VERBOSE);
        PQreset(db);
        rc = PQstatus(db) == CONNECTION_OK ? 0 : pg_unreached(db, t.where, err);
    }
    PQfinish(db);
    pg_target_free(&t);
    return rc;
}

void pg_disconnect(struct pg *s)
{
    PQfinish(s->db);
    s->db = NULL;
    s->ready = false;
}

/* ---- waiting for an answer ---- */

/* One that takes no more time than it may: the connection is given up, and what it was doing is unknown. */
static void give_up(struct pg *s)
{
    shutdown(PQsocket(s->db), SHUT_RDWR);
    PQconsumeInput(s->db); /* libpq sees the end */
    s->silent = true;
}

bool pg_wait(struct pg *s)
{
    while (PQisBusy(s->db)) {
        int flush = PQflush(s->db);
        struct pollfd p = { .fd = PQsocket(s->db), .events = (short)(POLLIN | (flush == 1 ? POLLOUT : 0)) };
        int n = p.fd < 0 || flush < 0 ? -1 : poll(&p, 1, s->patience_ms ? s->patience_ms + BEYOND_MS : -1);
        if (n < 0 && p.fd >= 0 && flush >= 0 && errno == EINTR)
            continue;
        if (n == 0)
            give_up(s);
        if (n <= 0 || ((p.revents & ~POLLOUT) && !PQconsumeInput(s->db)))
            return false;
    }
    return true;
}

/* As PQexec does: the last result, or the first that failed. */
struct pg_result *pg_await(struct pg *s)
{
    PGresult *last = NULL, *r;

    s->silent = false;
    while (pg_wait(s) && (r = PQgetResult(s->db)) != NULL) {
        ExecStatusType status = PQresultStatus(last);
        if (last && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            PQclear(r);
            continue;
        }
        PQclear(last);
        last = r;
    }
    if (PQstatus(s->db) == CONNECTION_BAD) { /* the result may be there, and what comes behind it not */
        PQclear(last);
        return NULL;
    }
    return last;
}
