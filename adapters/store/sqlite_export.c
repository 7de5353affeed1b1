#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "adapters/store/ledger.h"
#include "adapters/store/sqlite_sum.h"

#define NAME(column) "(SELECT text FROM names n WHERE n.id = " column ")"
#define WITHIN(host)                                                                               \
    "CASE typeof(ttclid) WHEN 'integer' THEN substr(CAST(" host " AS BLOB), (ttclid >> 16) + 1,"   \
    " ttclid & 65535) ELSE ttclid END"
/* ?1 since, ?2 until in ms, ?3 the offer's name or NULL. */
#define WITHIN_TIME(at) " WHERE " at " >= ?1 AND " at " < ?2"
#define OF_OFFER " AND (?3 IS NULL OR offer = (SELECT id FROM names WHERE text = ?3))"

/* Columns as in ledger_shapes; tries are asked for one by one. */
static const char *const selects[LEDGER_TABLES] = {
    [LEDGER_HEADER] =
        "SELECT 1, strftime('%Y-%m-%dT%H:%M:%SZ', max(ifnull((SELECT max(at) FROM postbacks), 0),"
        " ifnull((SELECT max(at) FROM attempts), 0), ifnull((SELECT max(at) FROM clicks), 0) * 1000,"
        " ifnull((SELECT max(created) FROM events), 0)) / 1000, 'unixepoch'),"
        " ?1 = 0 AND ?3 IS NULL AND ?2 = 9223372036854775807, last_click, last_postback, last_event,"
        " last_attempt, gone_postback, gone_attempt FROM counts",
    [LEDGER_CLICK] =
        "SELECT id, " NAME("offer") ", at, keyed, click_id, " WITHIN("page_url") ", event_id, ttp, ip,"
        " consent, page_url, user_agent, referrer, country FROM clicks"
        WITHIN_TIME("at * 1000") OF_OFFER " ORDER BY id",
    [LEDGER_POSTBACK] =
        "SELECT id, at, " NAME("offer") ", " NAME("tracker") ", " NAME("method") ", " NAME("stage")
        ", verdict, " NAME("code") ", click_id, " WITHIN("params") ", event_id, txid, content_type,"
        " address, params, reason, warnings FROM postbacks" WITHIN_TIME("at") OF_OFFER
        " ORDER BY id",
    [LEDGER_ATTEMPT] =
        "SELECT id, at, took_ms, " NAME("pixel") ", http_status, code, message, request_id FROM"
        " attempts" WITHIN_TIME("at") " AND ?3 IS ?3 ORDER BY id",
    [LEDGER_EVENT] =
        "SELECT id, postback, created, " NAME("offer") ", " NAME("e.pixel") ", " NAME("e.event") ", "
        NAME("e.test_code") ", event_id, click_id, " WITHIN("body") ", value, " NAME("currency")
        ", original_value, " NAME("original_currency") ", " NAME("consent") ", consent_said,"
        " plain_id, state, due, attempts, unknown_since, unknown_before, note, withdrawn, NULL, body"
        " FROM events e LEFT JOIN deliveries d ON d.event = e.id" WITHIN_TIME("created") OF_OFFER
        " ORDER BY id",
};

struct exporting {
    sqlite3 *db;
    sqlite3_stmt *tries;
    const struct ledger_filter *filter;
    ledger_visit *visit;
    void *context;
    struct arena arena; /* of one row */
    int64_t rows[LEDGER_TABLES];
};

static int fail(struct exporting *x, struct err *err)
{
    return err_set(err, ERR_SYSTEM, "reading the store: %s; see `clickbaton store verify`",
                   x->db ? sqlite3_errmsg(x->db) : "out of memory");
}

static int read_tries(struct exporting *x, int64_t event, struct ledger_value *out,
                      struct err *err)
{
    size_t cap = 0;
    int64_t *ids = NULL;
    int rc;

    sqlite3_reset(x->tries);
    sqlite3_bind_int64(x->tries, 1, event);
    while ((rc = sqlite3_step(x->tries)) == SQLITE_ROW) {
        if (out->count == cap) {
            int64_t *more = ARENA_ARRAY(&x->arena, int64_t, cap = cap * 2 + 16);
            if (!more)
                return sqlite_no_room(err);
            if (out->count)
                memcpy(more, ids, out->count * sizeof(*ids));
            ids = more;
        }
        ids[out->count++] = sqlite3_column_int64(x->tries, 0);
    }
    out->ids = ids;
    out->set = out->count != 0;
    return rc == SQLITE_DONE ? 0 : fail(x, err);
}

static int read_row(struct exporting *x, sqlite3_stmt *st, struct ledger_row *row, struct err *err)
{
    const struct ledger_column *c = ledger_shapes[row->table].columns;

    arena_reset(&x->arena);
    for (int i = 0; i < LEDGER_COLUMNS && c[i].name; i++) {
        struct ledger_value *v = &row->values[i];
        *v = (struct ledger_value){ .set = sqlite3_column_type(st, i) != SQLITE_NULL };
        if (c[i].kind == LEDGER_IDS) {
            if (read_tries(x, row->values[0].n, v, err) != 0)
                return -1;
        } else if (c[i].kind == LEDGER_TEXT || c[i].kind == LEDGER_NAME) {
            v->text = arena_dup(&x->arena, col_text(st, i));
            v->set = v->text.len != 0;
        } else {
            v->n = sqlite3_column_int64(st, i);
        }
    }
    if (row->table == LEDGER_HEADER && !row->values[ledger_column(LEDGER_HEADER, "whole")].n) {
        /* What a part names and does not hold is not missing. */
        row->values[ledger_column(LEDGER_HEADER, "gone_postback")].n =
            row->values[ledger_column(LEDGER_HEADER, "last_postback")].n;
        row->values[ledger_column(LEDGER_HEADER, "gone_attempt")].n =
            row->values[ledger_column(LEDGER_HEADER, "last_attempt")].n;
    }
    return x->arena.full ? sqlite_no_room(err) : 0;
}

static int export_table(struct exporting *x, enum ledger_table table, struct err *err)
{
    struct ledger_row row = { .table = table };
    sqlite3_stmt *st = NULL;
    int rc = 0, step;

    if (sqlite3_prepare_v2(x->db, selects[table], -1, &st, NULL) != SQLITE_OK)
        return fail(x, err);
    sqlite3_bind_int64(st, 1, x->filter->since);
    sqlite3_bind_int64(st, 2, x->filter->until ? x->filter->until : INT64_MAX);
    bind_text(st, 3, x->filter->offer);
    while (rc == 0 && (step = sqlite3_step(st)) != SQLITE_DONE) {
        if (step != SQLITE_ROW)
            rc = fail(x, err);
        else if ((rc = read_row(x, st, &row, err)) == 0)
            rc = x->visit(x->context, &row, err);
        x->rows[table]++;
    }
    sqlite3_finalize(st);
    return rc;
}

static int export_all(struct exporting *x, struct err *err)
{
    static const char *const names[] = { "clicks", "postbacks", "attempts", "events" };
    static const enum ledger_table of[] = { LEDGER_CLICK, LEDGER_POSTBACK, LEDGER_ATTEMPT,
                                            LEDGER_EVENT };
    struct ledger_row end = { .table = LEDGER_END };
    int rc;

    if (sqlite3_prepare_v2(x->db, "SELECT attempt FROM tries WHERE event = ?1 ORDER BY attempt", -1,
                           &x->tries, NULL) != SQLITE_OK ||
        sqlite3_exec(x->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return fail(x, err);
    for (int t = LEDGER_HEADER; t < LEDGER_END; t++)
        if ((rc = export_table(x, (enum ledger_table)t, err)) != 0)
            return rc;
    for (size_t i = 0; i < 4; i++)
        end.values[ledger_column(LEDGER_END, names[i])] =
            (struct ledger_value){ .set = true, .n = x->rows[of[i]] };
    return x->visit(x->context, &end, err);
}

/* ---- the file ---- */

static bool is_running(const char *dir)
{
    char path[4096];
    bool held;
    int fd;

    snprintf(path, sizeof(path), "%s/lock", dir);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

/* All pages in one step: the log is held for as long as the copying takes, and no longer. */
static int copy(sqlite3 *from, const char *path, sqlite3 **out, struct err *err)
{
    char uri[4096 + 40];
    sqlite3 *to = NULL;
    sqlite3_backup *backup;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), rc = SQLITE_ERROR;

    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "%s: %s; the copy that is read needs a place", path,
                       strerror(errno));
    close(fd);
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
        (backup = sqlite3_backup_init(to, "main", from, "main")) != NULL) {
        sqlite3_exec(to, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
        sqlite3_backup_step(backup, -1);
        rc = sqlite3_backup_finish(backup);
    }
    if (rc != SQLITE_OK)
        err_set(err, ERR_SYSTEM, "%s: copying the store: %s; make room on this disk", path,
                to ? sqlite3_errmsg(to) : "out of memory");
    sqlite3_close(to);
    if (rc == SQLITE_OK) {
        snprintf(uri, sizeof(uri), "file:%s?immutable=1", path);
        rc = sqlite3_open_v2(uri, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                             NULL);
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(*out, "SELECT 1 FROM meta", NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            err_set(err, ERR_SYSTEM, "%s: %s", path, sqlite3_errmsg(*out));
    }
    unlink(path);
    return rc == SQLITE_OK ? 0 : -1;
}

int store_sqlite_export(const char *dir, const struct ledger_filter *filter, ledger_visit *visit,
                        void *context, struct err *err)
{
    struct store *store = store_sqlite_open(dir, false, err); /* looks at the schema, too */
    struct exporting x = { .filter = filter, .visit = visit, .context = context };
    sqlite3 *private = NULL;
    char path[4096];
    int rc = -1;

    if (!store)
        return -1;
    arena_init(&x.arena, (size_t)64 << 20);
    x.db = ((struct sqlite *)store)->db;
    if (snprintf(path, sizeof(path), "%s/export-%ld.tmp", dir, (long)getpid()) >=
        (int)sizeof(path))
        err_set(err, ERR_SYSTEM, "%s: the path is too long", dir);
    else if (!is_running(dir))
        rc = 0;
    else if (copy(x.db, path, &private, err) == 0)
        rc = 0;
    if (private)
        x.db = private;
    if (rc == 0)
        rc = export_all(&x, err);
    sqlite3_finalize(x.tries);
    sqlite3_close(private);
    arena_free(&x.arena);
    if (!private)
        sqlite3_exec(((struct sqlite *)store)->db, "ROLLBACK", NULL, NULL, NULL);
    store_close(store);
    return rc;
}
