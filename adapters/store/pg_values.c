/* pg_values.c: what a statement is given and what its answer holds, in PostgreSQL's binary format. */
#include <libpq-fe.h>

#include "adapters/store/pg.h"

#define OID_INT8 20 /* "PostgreSQL: pg_type.dat", the same in all of its versions and relatives */
#define OID_TEXT 25

/* ---- given ---- */

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

void pg_bounds(struct pg_call *c, const int64_t *ids, size_t count)
{
    int64_t least = INT64_MAX, most = INT64_MIN;

    for (size_t i = 0; i < count; i++) {
        least = ids[i] < least ? ids[i] : least;
        most = ids[i] > most ? ids[i] : most;
    }
    pg_int(c, least);
    pg_int(c, most);
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

/* ---- answered ---- */

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
