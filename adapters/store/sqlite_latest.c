/* sqlite_latest.c: the newest postbacks, for people who look, and what became of one. */
#include <string.h>

#include "adapters/store/sqlite_index.h"

#define SPAN        20000 /* ids looked at in one call: some milliseconds */
#define CLOCK_SLACK (INT64_C(86400) * 1000)
#define EVENTS_MOST 64

/* The numbers of the names; 0: there is none of that name, so no row. */
static int numbers_of(struct sqlite *s, const struct store_latest *what, int64_t numbers[4], struct err *err)
{
    const struct slice names[] = { what->offer, what->tracker, what->stage, what->code };
    int rc = 1;

    for (size_t i = 0; i < 4 && rc == 1; i++) {
        numbers[i] = 0;
        if (names[i].len)
            rc = names_id(s, names[i], false, &numbers[i], err);
    }
    return rc;
}

/* Which ids are to be looked at: (low, high). */
static int range_of(struct sqlite *s, const struct store_latest *what, int64_t *low, int64_t *high, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_LAST_IDS, err);
    int rc = st ? sql_step(s, st, err) : -1;

    *high = rc == 1 ? col_int(st, ROWS_POSTBACKS) + 1 : 1;
    sql_done(st);
    *low = what->after;
    if (rc < 0)
        return -1;
    if (what->before && what->before < *high) {
        *high = what->before;
    } else if (what->until) {
        int64_t first;
        if (sqlite_id_before(s, ROWS_POSTBACKS, what->until + 2 * CLOCK_SLACK, &first, err) != 0)
            return -1;
        if (first + 2 < *high)
            *high = first + 2;
    }
    if (what->since) {
        int64_t first;
        if (sqlite_id_before(s, ROWS_POSTBACKS, what->since, &first, err) != 0)
            return -1;
        if (first > *low)
            *low = first;
    }
    return 0;
}

static int read_rows(struct sqlite *s, const struct store_latest *what, const int64_t numbers[4], int64_t low,
                     int64_t high, unsigned max, struct arena *arena, struct store_postback *list, size_t *count,
                     struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_POSTBACK_LATEST, err);
    int rc = 1;

    if (!st)
        return -1;
    bind_int(st, 1, high);
    bind_int(st, 2, low);
    bind_int(st, 3, what->since);
    bind_int(st, 4, what->until ? what->until : INT64_MAX);
    for (int i = 0; i < 4; i++)
        bind_int(st, 5 + i, numbers[i]);
    bind_int(st, 9, what->verdict);
    bind_int(st, 10, max);
    bind_int(st, 11, what->states);
    while (*count < max && (rc = sql_step(s, st, err)) == 1)
        if ((rc = sqlite_postback_row(s, st, arena, &list[*count], err)) != 0)
            break;
        else
            ++*count;
    sql_done(st);
    return rc < 0 ? -1 : 0;
}

static int list(struct sqlite *s, const struct store_latest *what, unsigned max, struct arena *arena,
                struct store_postback *rows, size_t *count, int64_t *next, struct err *err)
{
    int64_t numbers[4], low, high, bottom;
    int rc = numbers_of(s, what, numbers, err);

    if (rc != 1)
        return rc;
    if (range_of(s, what, &low, &high, err) != 0)
        return -1;
    bottom = high - low > SPAN ? high - SPAN : low;
    if (read_rows(s, what, numbers, bottom, high, max, arena, rows, count, err) != 0)
        return -1;
    if (*count == max)
        *next = rows[max - 1].id;
    else if (bottom > low)
        *next = bottom + 1;
    return 0;
}

int sqlite_list_latest(struct store *store, const struct store_latest *what, unsigned max, struct arena *arena,
                       struct store_postback **rows, size_t *count, int64_t *next, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int rc;

    *count = 0;
    *next = 0;
    *rows = ARENA_ARRAY(arena, struct store_postback, max ? max : 1);
    if (!*rows)
        return sqlite_no_room(err);
    if (max == 0)
        return 0;
    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = list(s, what, max, arena, *rows, count, next, err);
    sqlite_read_end(s);
    return rc == 0 && arena->full ? sqlite_no_room(err) : rc;
}

/* ---- what became of one ---- */

static int read_events(struct sqlite *s, int64_t postback, struct arena *arena, struct store_event *list, size_t *count,
                       struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_EVENTS_OF, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, postback);
    bind_int(st, 2, EVENTS_MOST);
    while ((rc = sql_step(s, st, err)) == 1 && (rc = sqlite_event_row(s, st, arena, &list[*count], err)) == 0)
        ++*count;
    sql_done(st);
    return rc;
}

int sqlite_events_of(struct store *store, const struct store_postback *pb, struct arena *arena,
                     struct store_event **list, size_t *count, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int rc;

    *count = 0;
    *list = ARENA_ARRAY(arena, struct store_event, EVENTS_MOST);
    if (!*list)
        return sqlite_no_room(err);
    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = read_events(s, pb->id, arena, *list, count, err);
    sqlite_read_end(s);
    return rc == 0 && arena->full ? sqlite_no_room(err) : rc;
}

/* ---- for those who look on ---- */

int sqlite_newest(struct store *store, struct store_cursor *out, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct sqlite3_stmt *st;
    int rc = -1;

    if (sqlite_read_begin(s, err) != 0)
        return -1;
    if ((st = sql_use(s, SQL_NEWEST_IDS, err)) != NULL && (rc = sql_step(s, st, err)) == 1) {
        out->postback[0] = col_int(st, 0);
        out->attempt[0] = col_int(st, 1);
    }
    sql_done(st);
    sqlite_read_end(s);
    return rc < 0 ? -1 : 0;
}

static int read_changed(struct sqlite *s, int64_t *after, unsigned max, struct arena *arena, int64_t **ids,
                        size_t *count, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_CHANGED, err);
    size_t cap = 0;
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, *after);
    while ((rc = sql_step(s, st, err)) == 1 && (*count < max || col_int(st, 0) == *after)) {
        if (*count == cap) {
            int64_t *more = ARENA_ARRAY(arena, int64_t, cap = cap * 2 + 64);
            if (!more) {
                rc = sqlite_no_room(err);
                break;
            }
            if (*count)
                memcpy(more, *ids, *count * sizeof(*more));
            *ids = more;
        }
        *after = col_int(st, 0);
        (*ids)[(*count)++] = col_int(st, 1);
    }
    sql_done(st);
    return rc < 0 ? -1 : 0;
}

int sqlite_changed_events(struct store *store, struct store_cursor *at, unsigned max, struct arena *arena, int64_t **ids,
                          size_t *count, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int rc;

    *ids = NULL;
    *count = 0;
    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = read_changed(s, &at->attempt[0], max, arena, ids, count, err);
    sqlite_read_end(s);
    return rc;
}
