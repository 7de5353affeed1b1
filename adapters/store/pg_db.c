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

/* ---- statements ---- */

static bool went_well(const PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);

    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

int pg_simple(struct pg *s, const char *sql, struct err *err)
{
    PGresult *r = PQsendQuery(s->db, sql) ? pg_await(s) : NULL;
    int rc = went_well(r) ? 0 : pg_fail(s, r, "the database refused", err);

    PQclear(r);
    return rc;
}

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
    r = PQsendPrepare(s->db, name, statements[which], 0, NULL) ? pg_await(s) : NULL;
    if (went_well(r))
        s->prepared[which] = true;
    else
        rc = pg_fail(s, r, "a statement can't be prepared", err);
    PQclear(r);
    return rc;
}

static int run(struct pg_call *c, struct pg_rows_read *out, struct err *err)
{
    static const int binary[PG_VALUES] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    struct pg *s = c->s;
    char name[16];
    PGresult *r = NULL;

    snprintf(name, sizeof(name), "s%d", (int)c->which);
    if (prepare(s, c->which, name, err) != 0)
        return -1;
    if (PQsendQueryPrepared(s->db, name, c->count, c->values, c->lengths, binary, 1))
        r = pg_await(s);
    if (!went_well(r)) {
        pg_fail(s, r, "the database refused", err);
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

/* A reader whose connection is lost asks once more by another; what a writer has begun is gone with its own. */
int pg_run(struct pg_call *c, struct pg_rows_read *out, struct err *err)
{
    struct pg *s = c->s;
    bool reads = !s->store.writer && !s->connecting;

    if (c->full || s->scratch.full)
        return pg_no_room(err);
    if (reads && pg_alive(s, err) != 0)
        return -1;
    if (run(c, out, err) == 0)
        return 0;
    if (!reads || (s->ready && PQstatus(s->db) == CONNECTION_OK) || s->silent || pg_alive(s, err) != 0)
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
