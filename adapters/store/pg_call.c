/* pg_call.c: statements with their values, many in one trip to the database and back.
 *
 * What is queued lies in libpq's pipeline; a flush ends it and reads the answers in order.  After an error the database skips what
 * follows, up to the end of the pipeline.  libpq reads what arrives while it waits for room to send (fe-misc.c,
 * pqSendSome), so two that only write can't wait for one another. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/store/pg.h"

static const struct {
    const char *name, *text;
} statements[] = {
#define PG(name, text) { #name, text },
#include "adapters/store/pg_sql.def"
#undef PG
};

void pg_forget(struct pg *s)
{
    memset(s->prepared, 0, sizeof(s->prepared));
    s->waiting = 0;
    s->open = false;
}

void pg_ignore(struct pg *s)
{
    for (size_t i = 0; i < s->waiting; i++)
        s->waits[i].take = NULL;
}

static int refused(struct pg *s, enum pg_sql which, const PGresult *r, struct err *err)
{
    char doing[80];

    snprintf(doing, sizeof(doing), "the database refused %s", statements[which].name);
    return pg_fail(s, r, doing, err);
}

static int wait_for(struct pg *s, enum pg_sql which, bool prepares, pg_taker *take, void *context)
{
    s->waits[s->waiting++] = (struct pg_wait){ which, prepares, take, context };
    return 0;
}

/* With its preparation, when it has none yet. */
static int send_prepare(struct pg *s, enum pg_sql which, const char *name, struct err *err)
{
    if (s->prepared[which])
        return 0;
    for (size_t i = 0; i < s->waiting; i++)
        if (s->waits[i].prepares && s->waits[i].which == which)
            return 0;
    if (PQsendPrepare(s->db, name, statements[which].text, 0, NULL) != 1)
        return refused(s, which, NULL, err);
    return wait_for(s, which, true, NULL, NULL);
}

int pg_queue(struct pg_call *c, pg_taker *take, void *context, struct err *err)
{
    static const int binary[PG_VALUES] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    struct pg *s = c->s;
    char name[16];

    if (c->full || s->scratch.full)
        return pg_no_room(err);
    if (s->waiting + 2 > PG_WAITS && pg_flush(s, err) != 0)
        return -1;
    if (s->waiting == 0 && PQenterPipelineMode(s->db) != 1)
        return refused(s, c->which, NULL, err);
    snprintf(name, sizeof(name), "s%d", (int)c->which);
    if (send_prepare(s, c->which, name, err) != 0)
        return -1;
    if (PQsendQueryPrepared(s->db, name, c->count, c->values, c->lengths, binary, 1) != 1)
        return refused(s, c->which, NULL, err);
    return wait_for(s, c->which, false, take, context);
}

/* 1: what another handle did first, so that this transaction must be made again: a row that a statement counts on (it divides by zero
 * then), a key that it wants, a deadlock, and where a database orders transactions so, a conflict. */
static int refusal(struct pg *s, const struct pg_wait *w, const PGresult *r, struct err *err)
{
    static const char *const again[] = { "22012", "23505", "40P01", "40001" };
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

    s->failed_at = w->which;
    if (state && strcmp(state, "26000") == 0) /* somebody between us and the database has dropped them */
        memset(s->prepared, 0, sizeof(s->prepared));
    refused(s, w->which, r, err);
    for (size_t i = 0; state && i < sizeof(again) / sizeof(*again); i++) {
        if (strcmp(state, again[i]) != 0)
            continue;
        if (err)
            err->kind = ERR_AGAIN;
        return 1;
    }
    return -1;
}

/* A COMMIT of a transaction that had failed is answered, too: by its rollback. */
static int answered(struct pg *s, const struct pg_wait *w, PGresult **r, struct err *err)
{
    struct pg_rows_read rows = { *r, PQntuples(*r), strtoll(PQcmdTuples(*r), NULL, 10) };
    int rc = 0;

    if (w->which == PG_COMMIT && strcmp(PQcmdStatus(*r), "COMMIT") != 0)
        rc = err_set(err, ERR_SYSTEM, "%s: the database has rolled this transaction back", s->where);
    else if (w->which == PG_COMMIT && s->warned) /* a wait for a standby was cut short: "might not have been replicated" */
        rc = err_set(err, ERR_BUSY, "%s: the database warns that a commit is not on a second server", s->where);
    else if (w->take)
        rc = w->take(s, &rows, w->context, err);
    *r = rows.result; /* NULL when it was kept */
    if (rc != 0)
        s->store.failed = true;
    return rc;
}

static int read_answer(struct pg *s, const struct pg_wait *w, int before, struct err *err)
{
    PGresult *r = pg_wait(s) ? PQgetResult(s->db) : NULL, *more;
    ExecStatusType status = PQresultStatus(r);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    int rc = before;

    if (good && w->prepares)
        s->prepared[w->which] = true;
    else if (before == 0)
        rc = good ? answered(s, w, &r, err) : refusal(s, w, r, err);
    PQclear(r);
    while (!pg_lost(s) && pg_wait(s) && (more = PQgetResult(s->db)) != NULL)
        PQclear(more);
    return rc;
}

int pg_flush(struct pg *s, struct err *err)
{
    size_t count = s->waiting;
    int rc = 0;
    PGresult *r;

    if (count == 0)
        return 0;
    s->trips++;
    s->waiting = 0;
    s->silent = false;
    if (PQpipelineSync(s->db) != 1)
        return refused(s, s->waits[0].which, NULL, err);
    for (size_t i = 0; i < count && !pg_lost(s); i++)
        rc = read_answer(s, &s->waits[i], rc, err);
    if (pg_lost(s)) /* what was queued is forgotten with the connection */
        return rc < 0 ? rc : refused(s, s->waits[count - 1].which, NULL, err);
    r = pg_wait(s) ? PQgetResult(s->db) : NULL;
    if (PQresultStatus(r) != PGRES_PIPELINE_SYNC || PQexitPipelineMode(s->db) != 1)
        rc = refused(s, s->waits[count - 1].which, r, err);
    PQclear(r);
    return rc;
}

static int keep(struct pg *s, struct pg_rows_read *rows, void *context, struct err *err)
{
    (void)s;
    (void)err;
    *(struct pg_rows_read *)context = *rows;
    rows->result = NULL;
    return 0;
}

static int run(struct pg_call *c, struct pg_rows_read *out, struct err *err)
{
    if (out)
        out->result = NULL;
    if (pg_queue(c, out ? keep : NULL, out, err) == 0 && pg_flush(c->s, err) == 0)
        return 0;
    if (out)
        pg_done(out);
    return -1;
}

#define REPLAN_US (INT64_C(60) * 1000000)

/* Whatever comes of it: a relative that keeps no plans refuses.  n: at 1, 2, 4, 8 ..., since so much may have been written; a reader's verb would
 * only plan twice what it asks twice. */
void pg_replan(struct pg *s)
{
    int64_t now = pg_boot_us();
    uint64_t n = ++s->asked;
    struct pg_call c;
    struct err ignored;

    if (s->planned_us == 0 && !s->store.writer)
        s->planned_us = now;
    if (s->open || s->waiting || ((!s->store.writer || (n & (n - 1))) && now - s->planned_us < REPLAN_US))
        return;
    s->planned_us = now;
    pg_start(&c, s, PG_REPLAN);
    run(&c, NULL, &ignored);
    s->store.failed = false;
}

/* A reader whose connection is lost asks once more by another; what a writer has begun is gone with its own. */
int pg_run(struct pg_call *c, struct pg_rows_read *out, struct err *err)
{
    struct pg *s = c->s;
    bool reads = !s->store.writer && !s->connecting;

    if (c->full || s->scratch.full)
        return pg_no_room(err);
    if (reads && pg_alive(s, err) != 0)
        return -1;
    if (reads)
        pg_replan(s);
    if (run(c, out, err) == 0)
        return 0;
    if (!reads || (s->ready && !pg_lost(s)) || s->silent || pg_alive(s, err) != 0)
        return -1;
    return run(c, out, err);
}

int64_t pg_run_count(struct pg_call *c, struct err *err)
{
    struct pg_rows_read rows;
    int64_t n;

    if (pg_run(c, &rows, err) != 0)
        return -1;
    n = rows.changed;
    pg_done(&rows);
    return n;
}

int pg_run_one(struct pg_call *c, int64_t *n, struct err *err)
{
    struct pg_rows_read rows;
    int found;

    *n = 0;
    if (pg_run(c, &rows, err) != 0)
        return -1;
    if ((found = rows.count != 0))
        *n = pg_int_at(&rows, 0, 0);
    pg_done(&rows);
    return found;
}
