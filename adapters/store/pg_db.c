#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/store/pg.h"

/* ---- what went wrong ---- */

/* The first line: the others are hints with places in our SQL. */
static struct slice first_line(const char *message)
{
    struct slice head, rest;

    slice_cut(slice_trim(slice_from(message)), '\n', &head, &rest);
    return head;
}

/* The connection's state decides: what was lost on the way may be tried again. */
int pg_fail(struct pg *s, const struct pg_result *r, const char *doing, struct err *err)
{
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    struct slice says = first_line(r ? PQresultErrorMessage(r) : PQerrorMessage(s->db));

    s->store.failed = true;
    if (PQstatus(s->db) == CONNECTION_BAD)
        return err_set(err, ERR_AGAIN, "%s: the connection is lost: %.*s", s->where, SLICE_ARG(says));
    return err_set(err, ERR_SYSTEM, "%s: %s: %.*s (SQLSTATE %s)", s->where, doing, SLICE_ARG(says),
                   state ? state : "unknown");
}

int pg_no_room(struct err *err)
{
    return err_set(err, ERR_BUSY, "store: no memory for the answer; ask for less at once");
}

/* ---- the connection ---- */

/* Without user and password, which a URL may hold. */
static int name_place(struct pg *s, const char *url, struct err *err)
{
    const char *host = "", *port = "", *name = "";
    char *why = NULL;
    PQconninfoOption *all = PQconninfoParse(url, &why);

    if (!all) { /* what it says holds the URL */
        PQfreemem(why);
        return err_set(err, ERR_INPUT, "the store's URL can't be read; it looks like "
                                       "postgresql://user@host:5432/clickbaton?sslmode=verify-full");
    }
    for (const PQconninfoOption *o = all; o->keyword; o++) {
        if (!o->val)
            continue;
        if (strcmp(o->keyword, "host") == 0)
            host = o->val;
        else if (strcmp(o->keyword, "port") == 0)
            port = o->val;
        else if (strcmp(o->keyword, "dbname") == 0)
            name = o->val;
    }
    snprintf(s->where, sizeof(s->where), "postgresql://%.80s%s%.20s/%.60s", host, *port ? ":" : "", port, name);
    PQconninfoFree(all);
    return 0;
}

static void be_quiet(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/* An index is what every statement here means.  Plans are made once and kept: one that was made when a table was empty, or its
 * statistics were, would read the whole of it when it is not any more. */
static int settings(struct pg *s, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_SETTINGS);
    return pg_run(&c, NULL, err);
}

int pg_connect(struct pg *s, const char *url, struct err *err)
{
    /* What stands later counts: the URL can say otherwise of all but the last. */
    const char *const keys[] = { "connect_timeout", "keepalives_idle", "keepalives_interval",
                                 "keepalives_count", "tcp_user_timeout", "target_session_attrs",
                                 "application_name", "dbname", "client_encoding", NULL };
    const char *const values[] = { "5", "5", "2", "3", "10000", s->store.writer ? "read-write" : "any",
                                   "clickbaton", url, "UTF8", NULL };

    if (name_place(s, url, err) != 0)
        return -1;
    s->db = PQconnectdbParams(keys, values, 1);
    if (!s->db)
        return err_set(err, ERR_SYSTEM, "out of memory");
    if (PQstatus(s->db) != CONNECTION_OK) {
        struct slice says = first_line(PQerrorMessage(s->db));
        err_set(err, ERR_BUSY, "%s: %.*s", s->where, SLICE_ARG(says));
        pg_disconnect(s);
        return -1;
    }
    PQsetNoticeReceiver(s->db, be_quiet, NULL);
    pg_forget(s);
    return settings(s, err);
}

void pg_disconnect(struct pg *s)
{
    PQfinish(s->db);
    s->db = NULL;
}

bool pg_lost(const struct pg *s)
{
    return PQstatus(s->db) == CONNECTION_BAD;
}

int pg_alive(struct pg *s, struct err *err)
{
    if (PQstatus(s->db) == CONNECTION_OK)
        return 0;
    PQreset(s->db);
    pg_forget(s);
    if (PQstatus(s->db) == CONNECTION_OK)
        return settings(s, err);
    pg_fail(s, NULL, "the database can't be reached", err);
    if (err)
        err->kind = ERR_BUSY;
    return -1;
}

int pg_simple(struct pg *s, const char *sql, struct err *err)
{
    PGresult *r;
    ExecStatusType status;
    int rc;

    if (pg_flush(s, err) != 0)
        return -1;
    r = PQexec(s->db, sql);
    status = PQresultStatus(r);
    rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : pg_fail(s, r, "the database refused", err);

    PQclear(r);
    return rc;
}
