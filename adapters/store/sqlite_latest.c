/* sqlite_latest.c: the newest postbacks, for people who look, and what became of one. */
#include <stdlib.h>
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

struct own {
    struct sqlite *s;
    int64_t postback, ids[EVENTS_MOST];
    size_t count;
};

static void keep(struct own *o, int64_t id)
{
    for (size_t i = 0; i < o->count; i++)
        if (o->ids[i] == id)
            return;
    if (o->count < EVENTS_MOST)
        o->ids[o->count++] = id;
}

/* A reader has no ids in memory: it looks at the newest events themselves. */
static int own_of_tail(struct own *o, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(o->s, SQL_EVENTS_OF_TAIL, err);
    int64_t after[ROWS_COUNT];
    int rc;

    if (!st || index_refresh(o->s, after, err) != 0)
        return -1;
    bind_int(st, 1, after[ROWS_EVENTS]);
    bind_int(st, 2, o->postback);
    while ((rc = sql_step(o->s, st, err)) == 1)
        keep(o, col_int(st, 0));
    sql_done(st);
    return rc;
}

/* A click of a year of rebills has hundreds of events: each is asked whose it is, which is in its first columns. */
static int own_of_index(struct own *o, struct slice id, bool ttclid, struct arena *arena, struct err *err)
{
    uint64_t hashes[2] = { index_hash(o->s, id, 0) };
    size_t n = ttclid ? index_ttclid_hashes(o->s, ROWS_EVENTS, id, 0, hashes) : 1, count;
    int64_t *rows;

    if (index_rows(o->s, INDEX_EVENTS, hashes, n, INDEX_ROWS_MOST, arena, &rows, &count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct sqlite3_stmt *st = sql_use(o->s, SQL_EVENT_OF, err);
        int rc;
        if (!st)
            return -1;
        bind_int(st, 1, rows[i]);
        bind_int(st, 2, o->postback);
        rc = sql_step(o->s, st, err);
        sql_done(st);
        if (rc < 0)
            return -1;
        if (rc == 1)
            keep(o, rows[i]);
    }
    return 0;
}

static int upwards(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* An event is found by its click, or by the event_id that was made of what the postback said. */
static int own_events(struct own *o, const struct store_postback *pb, struct arena *arena, struct store_event *list,
                      size_t *count, struct err *err)
{
    const struct slice ids[] = { pb->click_id, pb->ttclid, pb->event_id };

    if (!o->s->store.writer && own_of_tail(o, err) != 0)
        return -1;
    for (size_t i = 0; i < 3 && o->count == 0; i++)
        if (ids[i].len && own_of_index(o, ids[i], i == 1, arena, err) != 0)
            return -1;
    if (o->count)
        qsort(o->ids, o->count, sizeof(*o->ids), upwards);
    for (size_t i = 0; i < o->count; i++) {
        int rc = sqlite_event_read(o->s, o->ids[i], arena, &list[*count], err);
        if (rc < 0)
            return -1;
        *count += (size_t)rc;
    }
    return 0;
}

int sqlite_events_of(struct store *store, const struct store_postback *pb, struct arena *arena,
                     struct store_event **list, size_t *count, struct err *err)
{
    struct own own = { .s = (struct sqlite *)store, .postback = pb->id };
    int rc;

    *count = 0;
    *list = ARENA_ARRAY(arena, struct store_event, EVENTS_MOST);
    if (!*list)
        return sqlite_no_room(err);
    if (sqlite_read_begin(own.s, err) != 0)
        return -1;
    rc = own_events(&own, pb, arena, *list, count, err);
    sqlite_read_end(own.s);
    return rc == 0 && arena->full ? sqlite_no_room(err) : rc;
}

/* ---- for those who look on ---- */

int sqlite_newest(struct store *store, int64_t *postback, int64_t *attempt, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct sqlite3_stmt *st;
    int rc = -1;

    if (sqlite_read_begin(s, err) != 0)
        return -1;
    if ((st = sql_use(s, SQL_NEWEST_IDS, err)) != NULL && (rc = sql_step(s, st, err)) == 1) {
        *postback = col_int(st, 0);
        *attempt = col_int(st, 1);
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

int sqlite_changed_events(struct store *store, int64_t *after, unsigned max, struct arena *arena, int64_t **ids,
                          size_t *count, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int rc;

    *ids = NULL;
    *count = 0;
    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = read_changed(s, after, max, arena, ids, count, err);
    sqlite_read_end(s);
    return rc;
}
