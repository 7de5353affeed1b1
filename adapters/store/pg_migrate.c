/* pg_migrate.c: the schema is made or brought up to date, beside servers that run; programs of several versions on one schema. */
#include <stdio.h>
#include <time.h>

#include "adapters/store/pg.h"

/* What may take long where there are many rows, and waits for another that does it just now.  The answer must come some day, so
 * that nobody hangs for ever; a connection that is lost on the way has changed nothing. */
#define LONG_MS 3600000
/* What a step must have for itself it waits for so long, and all others behind it; then it makes way, and tries again. */
#define LOCK_MS  1000
#define PAUSE_MS 500
#define TRIES    40

static int read_version(struct pg *s, int64_t *version, int64_t *least, struct err *err)
{
    struct pg_call c;
    struct pg_rows_read rows;

    pg_start(&c, s, PG_VERSION_GET);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    *version = rows.count ? pg_int_at(&rows, 0, 0) : 0;
    *least = rows.count && !pg_is_null(&rows, 0, 1) ? pg_int_at(&rows, 0, 1) : *version;
    pg_done(&rows);
    return 0;
}

/* Is there a table of ours?  In the schema that the connection uses. */
static int any(struct pg *s, int64_t *there, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_SCHEMA_ANY);
    return pg_run_one(&c, there, err) < 0 ? -1 : 0;
}

static int look(struct pg *s, int64_t *version, int64_t *least, struct err *err)
{
    int64_t there;

    *version = *least = 0;
    if (any(s, &there, err) != 0 || (there && read_version(s, version, least, err) != 0))
        return -1;
    if (there && *version < 1)
        return err_set(err, ERR_INPUT, "%s: its table `meta` is none of clickbaton's; take a database or a schema of its own", s->where);
    return 0;
}

static int set_patience(struct pg *s, int ms, int lock_ms, struct err *err)
{
    char sql[120];

    snprintf(sql, sizeof(sql), "SET statement_timeout = %d; SET lock_timeout = %d", ms, lock_ms);
    s->patience_ms = ms;
    return pg_simple(s, sql, err);
}

/* IF NOT EXISTS does not see what another makes at the same moment; the next time it does. */
static int make_lock(struct pg *s, struct err *err)
{
    int rc = -1;

    for (int i = 0; i < 3 && rc != 0; i++)
        rc = pg_simple(s, "CREATE TABLE IF NOT EXISTS migrating(id bigint PRIMARY KEY)", err);
    return rc;
}

/* ---- programs that a step leaves behind ---- */

/* Nobody can claim a number or commit until this transaction ends: what is not in the list does not come later either. */
static int find_older(struct pg *s, int64_t least, struct pg_rows_read *rows, struct err *err)
{
    struct pg_call c;

    if (pg_simple(s, "LOCK TABLE writers IN SHARE ROW EXCLUSIVE MODE", err) != 0)
        return -1;
    pg_start(&c, s, PG_WRITERS_OLDER);
    pg_int(&c, least);
    return pg_run(&c, rows, err);
}

static int refuse(struct pg *s, int64_t version, int64_t least, const struct pg_rows_read *rows, struct err *err)
{
    char names[160] = "";
    size_t n = 0;

    for (int i = 0; i < rows->count && n < sizeof(names); i++) {
        struct slice node = pg_text_at(rows, i, 0, &s->scratch);
        n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%.*s (knows %lld)", i ? ", " : "",
                              SLICE_ARG(slice_head(node.len ? node : S("one without a name"), 40)),
                              (long long)pg_int_at(rows, i, 1));
    }
    return err_set(err, ERR_INPUT, "%s: schema %lld is for programs that know %lld or more, and older servers run: %s; "
                   "upgrade or stop them first (clickbaton explain %s)", s->where, (long long)version, (long long)least, names, "C077");
}

/* After this step they may write no more; the rows of those that are asleep are taken from them as well. */
static int leave_behind(struct pg *s, int64_t version, int64_t least, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;
    int rc = 0;

    if (find_older(s, least, &rows, err) != 0)
        return -1;
    if (rows.count && !s->over_older)
        rc = refuse(s, version, least, &rows, err);
    pg_done(&rows);
    if (rc != 0)
        return -1;
    pg_start(&c, s, PG_WRITERS_END_OLDER);
    pg_int(&c, least);
    return pg_run(&c, NULL, err);
}

/* ---- a step ---- */

static int apply(struct pg *s, int64_t from, int64_t least, struct err *err)
{
    const struct pg_step *step = &pg_steps[from];
    bool raises = from > 0 && step->least > least;

    if ((raises && leave_behind(s, from + 1, step->least, err) != 0) || pg_simple(s, step->sql, err) != 0 ||
        pg_meta_set(s, PG_META_SET, "version", from + 1, err) != 0)
        return -1;
    return step->least > least ? pg_meta_set(s, PG_META_SET, "least", step->least, err) : 0;
}

/* Each in a transaction of its own.  Two that start at once: the second waits for the first one's, and finds it done.
 * 1: there is nothing to do any more.  0: done.  -1: *err, and it is to be rolled back. */
static int step(struct pg *s, struct err *err)
{
    char sql[120];
    int64_t version, least;

    arena_reset(&s->scratch);
    snprintf(sql, sizeof(sql), "BEGIN; LOCK TABLE migrating IN EXCLUSIVE MODE; SET LOCAL lock_timeout = %d", LOCK_MS);
    if (pg_simple(s, sql, err) != 0 || look(s, &version, &least, err) != 0)
        return -1;
    if (s->schema_before < 0)
        s->schema_before = version;
    s->schema_now = version;
    if (version >= pg_program)
        return pg_simple(s, "COMMIT", err) != 0 ? -1 : 1;
    if (apply(s, version, least, err) != 0 || pg_simple(s, "COMMIT", err) != 0)
        return -1;
    s->schema_now = version + 1;
    return 0;
}

/* Somebody, a backup perhaps, reads the tables that this one must change. */
static bool wait_for_lock(struct pg *s, int *tries, const struct err *err)
{
    const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };

    if (pg_lost(s) || (!s->shut_out && err->kind != ERR_AGAIN) || ++*tries == TRIES)
        return false;
    nanosleep(&pause, NULL);
    return true;
}

static int migrate(struct pg *s, struct err *err)
{
    struct err ignored;
    int rc, tries = 0;

    if (make_lock(s, err) != 0)
        return -1;
    s->schema_before = -1;
    do {
        s->shut_out = false;
        if ((rc = step(s, err)) >= 0)
            continue;
        pg_simple(s, "ROLLBACK", &ignored);
        if (!wait_for_lock(s, &tries, err))
            return -1;
        rc = 0;
    } while (rc == 0);
    return 0;
}

static int bring_up(struct pg *s, struct err *err)
{
    int patience = s->patience_ms, rc;
    struct err ignored;

    if (set_patience(s, LONG_MS, LONG_MS, err) != 0)
        return -1;
    rc = migrate(s, err);
    if (set_patience(s, patience, LOCK_MS, rc == 0 ? err : &ignored) != 0)
        rc = -1;
    for (size_t i = 0; rc == 0 && pg_tuning[i]; i++)
        pg_simple(s, pg_tuning[i], &ignored);
    if (set_patience(s, patience, pg_lock_ms(patience), rc == 0 ? err : &ignored) != 0)
        rc = -1;
    return rc;
}

/* ---- this program and the schema that is there ---- */

static int allows(struct pg *s, int64_t version, int64_t least, struct err *err)
{
    if (version <= pg_program || least <= pg_program)
        return 0;
    if (version == least)
        return err_set(err, ERR_INPUT, "%s: its schema is version %lld, this clickbaton knows %lld: use the newer program",
                       s->where, (long long)version, (long long)pg_program);
    return err_set(err, ERR_INPUT, "%s: its schema is version %lld, for programs that know %lld or more, and this clickbaton knows "
                   "%lld: use the newer program", s->where, (long long)version, (long long)least, (long long)pg_program);
}

int pg_schema_still(struct pg *s, struct err *err)
{
    int64_t version, least;

    return read_version(s, &version, &least, err) != 0 ? -1 : allows(s, version, least, err);
}

int pg_schema_ready(struct pg *s, bool writer, struct err *err)
{
    int64_t version, least;

    if (look(s, &version, &least, err) != 0)
        return -1;
    s->schema_before = s->schema_now = version;
    if (version >= pg_program)
        return allows(s, version, least, err);
    if (!writer)
        return err_set(err, ERR_INPUT, "%s: %s; start the server or run `clickbaton store init` first", s->where,
                       version ? "its schema is older than this program" : "there is no store in it");
    return bring_up(s, err);
}
