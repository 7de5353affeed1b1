#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/store/pg.h"

#define OID_INT8 20 /* "PostgreSQL: pg_type.dat", the same in all of its versions and relatives */
#define OID_TEXT 25

static const char *const statements[] = {
#define PG(name, text) text,
#include "adapters/store/pg_sql.def"
#undef PG
};

/* ---- what went wrong ---- */

/* The first line: the others are hints with places in our SQL. */
static struct slice first_line(const char *message)
{
    struct slice head, rest;

    slice_cut(slice_trim(slice_from(message)), '\n', &head, &rest);
    return head;
}

/* The connection's state decides: what was lost on the way may be tried again. */
static int fail(struct pg *s, const PGresult *r, const char *doing, struct err *err)
{
    const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    struct slice says = first_line(r ? PQresultErrorMessage(r) : PQerrorMessage(s->db));

    s->store.failed = true;
    if (PQstatus(s->db) == CONNECTION_BAD)
        return err_set(err, ERR_BUSY, "%s: the connection is lost: %.*s", s->where, SLICE_ARG(says));
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
    memset(s->prepared, 0, sizeof(s->prepared));
    return 0;
}

void pg_disconnect(struct pg *s)
{
    PQfinish(s->db);
    s->db = NULL;
}

int pg_alive(struct pg *s, struct err *err)
{
    if (PQstatus(s->db) == CONNECTION_OK)
        return 0;
    PQreset(s->db);
    memset(s->prepared, 0, sizeof(s->prepared));
    if (PQstatus(s->db) == CONNECTION_OK)
        return 0;
    return fail(s, NULL, "the database can't be reached", err);
}

int pg_simple(struct pg *s, const char *sql, struct err *err)
{
    PGresult *r = PQexec(s->db, sql);
    ExecStatusType status = PQresultStatus(r);
    int rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : fail(s, r, "the database refused", err);

    PQclear(r);
    return rc;
}

/* ---- statements ---- */

static void put32(char *to, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        to[i] = (char)(n >> (24 - 8 * i));
}

static void put64(char *to, int64_t n)
{
    put32(to, (uint32_t)((uint64_t)n >> 32));
    put32(to + 4, (uint32_t)n);
}

void pg_start(struct pg_call *c, struct pg *s, enum pg_sql which)
{
    c->s = s;
    c->which = which;
    c->count = 0;
    c->full = false;
}

static void value(struct pg_call *c, const char *bytes, size_t len)
{
    if (c->count == PG_VALUES || len > INT32_MAX) {
        c->full = true;
        return;
    }
    c->values[c->count] = bytes;
    c->lengths[c->count++] = (int)len;
}

void pg_name(struct pg_call *c, struct slice text)
{
    struct slice out = pg_text_out(text, &c->s->scratch);

    c->full |= out.len == 0 && text.len != 0;
    value(c, slice_bytes(out), out.len);
}

void pg_text(struct pg_call *c, struct slice text)
{
    if (text.len)
        pg_name(c, text);
    else
        value(c, NULL, 0);
}

void pg_int(struct pg_call *c, int64_t n)
{
    if (c->count < PG_VALUES)
        put64(c->numbers[c->count], n);
    value(c, c->numbers[c->count < PG_VALUES ? c->count : 0], 8);
}

void pg_int_or_null(struct pg_call *c, int64_t n)
{
    if (n)
        pg_int(c, n);
    else
        value(c, NULL, 0);
}

/* An array's head: dimensions, may there be NULLs, type, length, first index. */
static char *array_head(char *to, bool nulls, uint32_t type, size_t count)
{
    const uint32_t head[] = { count ? 1 : 0, nulls, type, (uint32_t)count, 1 };

    for (size_t i = 0; i < (count ? 5 : 3); i++, to += 4)
        put32(to, head[i]);
    return to;
}

void pg_ints(struct pg_call *c, const int64_t *list, size_t count)
{
    char *bytes = arena_alloc(&c->s->scratch, 20 + count * 12), *to = bytes;

    if (!bytes) {
        c->full = true;
        return;
    }
    to = array_head(to, false, OID_INT8, count);
    for (size_t i = 0; i < count; i++, to += 12) {
        put32(to, 8);
        put64(to + 4, list[i]);
    }
    value(c, bytes, (size_t)(to - bytes));
}

void pg_texts(struct pg_call *c, const struct slice *list, size_t count)
{
    struct slice *out = ARENA_ARRAY(&c->s->scratch, struct slice, count);
    size_t size = 20;
    char *bytes, *to;

    for (size_t i = 0; out && i < count; i++) {
        out[i] = pg_text_out(list[i], &c->s->scratch);
        size += 4 + out[i].len;
    }
    bytes = to = out ? arena_alloc(&c->s->scratch, size) : NULL;
    if (!bytes || c->s->scratch.full) {
        c->full = true;
        return;
    }
    to = array_head(to, true, OID_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        put32(to, out[i].len ? (uint32_t)out[i].len : UINT32_MAX);
        to += 4;
        memcpy(to, slice_bytes(out[i]), out[i].len);
        to += out[i].len;
    }
    value(c, bytes, (size_t)(to - bytes));
}

static int prepare(struct pg *s, enum pg_sql which, const char *name, struct err *err)
{
    PGresult *r;
    int rc = 0;

    if (s->prepared[which])
        return 0;
    r = PQprepare(s->db, name, statements[which], 0, NULL);
    if (PQresultStatus(r) == PGRES_COMMAND_OK)
        s->prepared[which] = true;
    else
        rc = fail(s, r, "a statement can't be prepared", err);
    PQclear(r);
    return rc;
}

int pg_run(struct pg_call *c, struct pg_rows_read *out, struct err *err)
{
    static const int binary[PG_VALUES] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    struct pg *s = c->s;
    char name[16];
    PGresult *r;
    ExecStatusType status;

    if (c->full || s->scratch.full)
        return pg_no_room(err);
    snprintf(name, sizeof(name), "s%d", (int)c->which);
    if (prepare(s, c->which, name, err) != 0)
        return -1;
    r = PQexecPrepared(s->db, name, c->count, c->values, c->lengths, binary, 1);
    status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fail(s, r, "the database refused", err);
        PQclear(r);
        return -1;
    }
    if (!out) {
        PQclear(r);
        return 0;
    }
    *out = (struct pg_rows_read){ r, PQntuples(r), strtoll(PQcmdTuples(r), NULL, 10) };
    return 0;
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

void pg_done(struct pg_rows_read *rows)
{
    PQclear(rows->result);
    rows->result = NULL;
}

bool pg_is_null(const struct pg_rows_read *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) != 0;
}

int64_t pg_int_at(const struct pg_rows_read *rows, int row, int column)
{
    const unsigned char *p = (const unsigned char *)PQgetvalue(rows->result, row, column);
    uint64_t n = 0;
    int len = PQgetlength(rows->result, row, column);

    if (pg_is_null(rows, row, column))
        return 0;
    for (int i = 0; i < len; i++) /* 8 of a bigint; a boolean has one, an integer four */
        n = n << 8 | p[i];
    return len == 4 ? (int64_t)(int32_t)(uint32_t)n : (int64_t)n;
}

struct slice pg_text_at(const struct pg_rows_read *rows, int row, int column, struct arena *arena)
{
    struct slice kept = { PQgetvalue(rows->result, row, column),
                          (size_t)PQgetlength(rows->result, row, column) };

    return kept.len ? pg_text_in(kept, arena) : (struct slice){ 0 };
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

const int64_t *pg_ints_at(const struct pg_rows_read *rows, int row, int column, struct arena *arena, size_t *count)
{
    const unsigned char *p = (const unsigned char *)PQgetvalue(rows->result, row, column);
    size_t len = (size_t)PQgetlength(rows->result, row, column), n;
    int64_t *out;

    *count = 0;
    if (len < 20 || get32(p) != 1 || get32(p + 4) != 0 || get32(p + 8) != OID_INT8) /* one dimension, no NULLs */
        return NULL;
    n = get32(p + 12);
    if (n != (len - 20) / 12 || n * 12 != len - 20 || !(out = ARENA_ARRAY(arena, int64_t, n)))
        return NULL;
    for (p += 20; *count < n; p += 12) {
        if (get32(p) != 8)
            return NULL;
        out[(*count)++] = (int64_t)((uint64_t)get32(p + 4) << 32 | get32(p + 8));
    }
    return out;
}
