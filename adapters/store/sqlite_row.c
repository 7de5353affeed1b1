#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/sqlite.h"

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

void bind_within(struct sqlite3_stmt *st, int at, struct slice s, struct slice host)
{
    if (s.len >= WITHIN_MIN && s.len <= WITHIN_MAX && host.len >= s.len) {
        size_t offset = find(host, s);
        if (offset != host.len) {
            sqlite3_bind_int64(st, at, (int64_t)(offset << 16 | s.len));
            return;
        }
    }
    bind_text(st, at, s);
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
