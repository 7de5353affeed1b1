#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite_insert.h"

#define WITHIN_MIN 12    /* shorter ones are not worth a place of their own */
#define WITHIN_MAX 65535 /* length in the low 16 bits */

void bind_text(struct sqlite3_stmt *st, int at, struct slice s)
{
    if (s.len == 0)
        sqlite3_bind_null(st, at);
    else
        sqlite3_bind_text64(st, at, s.ptr, s.len, SQLITE_STATIC, SQLITE_UTF8);
}

void bind_int(struct sqlite3_stmt *st, int at, int64_t n)
{
    sqlite3_bind_int64(st, at, n);
}

void bind_int_or_null(struct sqlite3_stmt *st, int at, int64_t n)
{
    if (n == 0)
        sqlite3_bind_null(st, at);
    else
        sqlite3_bind_int64(st, at, n);
}

int bind_name(struct sqlite *s, struct sqlite3_stmt *st, int at, struct slice name,
              struct err *err)
{
    int64_t id = 0;

    if (name.len && names_id(s, name, true, &id, err) != 1)
        return -1;
    bind_int_or_null(st, at, id);
    return 0;
}

/* Offset of needle in host, or host.len: candidates by memchr, for needles are rarely there. */
static size_t find(struct slice host, struct slice needle)
{
    size_t at = 0;

    while (host.len - at >= needle.len) {
        const char *p = memchr(host.ptr + at, needle.ptr[0], host.len - at - needle.len + 1);
        if (!p)
            break;
        if (memcmp(p, needle.ptr, needle.len) == 0)
            return (size_t)(p - host.ptr);
        at = (size_t)(p - host.ptr) + 1;
    }
    return host.len;
}

/* Where s is in host, as it is kept; 0: not there, or not worth it. */
static int64_t place_of(struct slice s, struct slice host)
{
    size_t offset;

    if (s.len < WITHIN_MIN || s.len > WITHIN_MAX || host.len < s.len)
        return 0;
    offset = find(host, s);
    return offset == host.len ? 0 : (int64_t)(offset << 16 | s.len);
}

void bind_within(struct sqlite3_stmt *st, int at, struct slice s, struct slice host)
{
    int64_t place = place_of(s, host);

    if (place)
        bind_int(st, at, place);
    else
        bind_text(st, at, s);
}

/* ---- a new row: its values in their order, and their sum ---- */

int insert_start(struct insert *in, struct sqlite *s, enum sql which, enum sum_table table, struct err *err)
{
    *in = (struct insert){ .s = s, .st = sql_use(s, which, err), .err = err };
    sum_start(&in->sum, table);
    return in->st ? 0 : -1;
}

void insert_int(struct insert *in, int64_t n)
{
    sum_int(&in->sum, n);
    sqlite3_bind_int64(in->st, ++in->at, n);
}

void insert_int_or_null(struct insert *in, int64_t n)
{
    if (n) {
        insert_int(in, n);
    } else {
        sum_null(&in->sum);
        sqlite3_bind_null(in->st, ++in->at);
    }
}

void insert_text(struct insert *in, struct slice s)
{
    if (s.len)
        sum_text(&in->sum, s.ptr, s.len);
    else
        sum_null(&in->sum);
    bind_text(in->st, ++in->at, s);
}

void insert_name(struct insert *in, struct slice name)
{
    int64_t id = 0;

    if (name.len && !in->failed && names_id(in->s, name, true, &id, in->err) != 1)
        in->failed = true;
    insert_int_or_null(in, id);
}

void insert_within(struct insert *in, struct slice s, struct slice host)
{
    int64_t place = place_of(s, host);

    if (place)
        insert_int(in, place);
    else
        insert_text(in, s);
}

int insert_end(struct insert *in)
{
    if (in->failed)
        return -1;
    bind_int(in->st, in->at + 1, sum_end(&in->sum));
    return sql_run(in->s, in->st, in->err);
}

/* As bytes: for a text that has to end in NUL SQLite would copy it. */
struct slice col_text(struct sqlite3_stmt *st, int at)
{
    const char *p = sqlite3_column_blob(st, at);
    int len = sqlite3_column_bytes(st, at);

    return p && len > 0 ? (struct slice){ p, (size_t)len } : (struct slice){ 0 };
}

int64_t col_int(struct sqlite3_stmt *st, int at)
{
    return sqlite3_column_int64(st, at);
}

struct slice col_within(struct sqlite3_stmt *st, int at, struct slice host)
{
    uint64_t place;

    if (sqlite3_column_type(st, at) != SQLITE_INTEGER)
        return col_text(st, at);
    place = (uint64_t)sqlite3_column_int64(st, at);
    if (place >> 16 > host.len || (place & WITHIN_MAX) > host.len - (place >> 16))
        return (struct slice){ 0 };
    return (struct slice){ host.ptr + (place >> 16), place & WITHIN_MAX };
}
