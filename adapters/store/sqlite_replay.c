/* sqlite_replay.c: what `replay` needs: quarantined postbacks and dead events, found without loading
 * them all, and decided once more. */
#include <sqlite3.h>

#include "adapters/store/sqlite_index.h"
#include "adapters/store/sqlite_tally.h"

#define SPAN 20000 /* ids looked at in one read: some milliseconds */

/* ---- finding ---- */

/* Of a name that nothing in the store has, there is nothing: false. */
static int name_number(struct sqlite *s, struct slice name, int64_t *number, struct err *err)
{
    *number = 0;
    return name.len ? names_id(s, name, false, number, err) : 1;
}

/* The numbers of the filter's names, in the order of the statement's columns.  1; 0: no row can be
 * meant. */
static int numbers_of(struct sqlite *s, const struct store_again *what, int64_t numbers[4],
                      struct err *err)
{
    const struct slice names[] = { what->offer, what->tracker, what->stage };
    int rc = 1;

    for (size_t i = 0; i < 3 && rc == 1; i++)
        rc = name_number(s, names[i], &numbers[i], err);
    if (rc != 1)
        return rc;
    if (!what->dead)
        return name_number(s, what->code, &numbers[3], err);
    return what->code.len == 0 || slice_to_i64(what->code, &numbers[3]);
}

static int last_id(struct sqlite *s, enum rows rows, int64_t *id, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_LAST_IDS, err);
    int rc = st ? sql_step(s, st, err) : -1;

    *id = rc == 1 ? col_int(st, rows) : 0;
    if (st)
        sql_done(st);
    return rc < 0 ? -1 : 0;
}

static int list_span(struct sqlite *s, const struct store_again *what, const int64_t numbers[4],
                     int64_t after, int64_t upto, unsigned max, int64_t *ids, size_t *count,
                     struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, what->dead ? SQL_AGAIN_EVENTS : SQL_AGAIN_POSTBACKS, err);
    int rc;

    if (!st)
        return -1;
    bind_int(st, 1, after);
    bind_int(st, 2, upto);
    bind_int(st, 3, what->since);
    bind_int(st, 4, what->until ? what->until : INT64_MAX);
    for (int i = 0; i < 4; i++)
        bind_int(st, 5 + i, numbers[i]);
    if (what->dead && what->code.len == 0) /* every number is a code, -1 too: no answer */
        bind_int_or_null(st, 8, 0);
    bind_int(st, 9, max);
    while ((rc = sql_step(s, st, err)) == 1)
        ids[(*count)++] = col_int(st, 0);
    sql_done(st);
    return rc;
}

static int list_next(struct sqlite *s, const struct store_again *what, int64_t *after,
                     unsigned max, int64_t *ids, size_t *count, struct err *err)
{
    int64_t numbers[4] = { 0 }, last, upto;
    int rc = numbers_of(s, what, numbers, err);

    if (rc != 1)
        return rc;
    if (last_id(s, what->dead ? ROWS_EVENTS : ROWS_POSTBACKS, &last, err) != 0)
        return -1;
    upto = last - *after > SPAN ? *after + SPAN : last;
    if (upto <= *after)
        return 0;
    if (list_span(s, what, numbers, *after, upto, max, ids, count, err) != 0)
        return -1;
    *after = *count == max ? ids[max - 1] : upto;
    return *after < last;
}

int sqlite_list_again(struct store *store, const struct store_again *what, int64_t *after,
                      unsigned max, int64_t *ids, size_t *count, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int rc;

    *count = 0;
    if (max == 0)
        return 0;
    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = list_next(s, what, after, max, ids, count, err);
    sqlite_read_end(s);
    return rc;
}

int sqlite_get_postback(struct store *store, int64_t id, struct arena *arena,
                        struct store_postback *out, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct sqlite3_stmt *st;
    int rc = -1;

    if (sqlite_read_begin(s, err) != 0)
        return -1;
    if ((st = sql_use(s, SQL_POSTBACK_GET, err)) != NULL) {
        bind_int(st, 1, id);
        rc = sql_step(s, st, err);
        if (rc == 1 && sqlite_postback_row(s, st, arena, out, err) != 0)
            rc = -1;
        sql_done(st);
    }
    sqlite_read_end(s);
    return rc == 1 && arena->full ? sqlite_no_room(err) : rc;
}

int sqlite_get_event(struct store *store, int64_t id, struct arena *arena, struct store_event *out,
                     struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int rc;

    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = sqlite_event_read(s, id, arena, out, err);
    sqlite_read_end(s);
    return rc;
}

/* ---- deciding once more ---- */

static int update(struct sqlite *s, const struct store_postback *pb, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_POSTBACK_AGAIN, err);

    if (!st || bind_name(s, st, 2, pb->stage, err) != 0 || bind_name(s, st, 4, pb->code, err) != 0)
        return -1;
    bind_int(st, 1, pb->id);
    bind_int(st, 3, pb->verdict);
    bind_text(st, 5, pb->click_id);
    bind_text(st, 6, pb->event_id);
    bind_text(st, 7, pb->txid);
    bind_text(st, 8, pb->params);
    bind_within(st, 9, pb->ttclid, pb->params);
    bind_text(st, 10, pb->reason);
    bind_text(st, 11, pb->warnings);
    return sql_run(s, st, err);
}

/* A row that a run covers is not read again at the next start, unless it is noted. */
static int note_late(struct sqlite *s, int64_t id, struct err *err)
{
    struct sqlite3_stmt *st;

    if (!index_covers(s, ROWS_POSTBACKS, id))
        return 0;
    if (!(st = sql_use(s, SQL_LATE_POSTBACK_ADD, err)))
        return -1;
    bind_int(st, 1, id);
    return sql_run(s, st, err);
}

/* What was counted of it is of another verdict now. */
static int move(struct sqlite *s, const struct store_postback *pb, const struct store_postback *had,
                struct err *err)
{
    struct store_postback now = *pb;

    now.at = had->at;
    now.offer = had->offer;
    return tally_postback(s, had, -1, err) != 0 ? -1 : tally_postback(s, &now, 1, err);
}

int sqlite_postback_again(struct store *store, const struct store_postback *pb, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct store_postback had;
    struct arena arena;
    int rc;

    arena_init(&arena, (size_t)16 << 20);
    rc = sqlite_get_postback(store, pb->id, &arena, &had, err);
    if (rc != 1 || had.verdict != STORE_QUARANTINED) {
        arena_free(&arena);
        return rc < 0 ? -1 : 1;
    }
    rc = update(s, pb, err) != 0 || note_late(s, pb->id, err) != 0 ||
                 sqlite_history_mark(s, pb->id, pb->click_id, pb->ttclid, pb->stage, pb->verdict,
                                     err) != 0 ||
                 sqlite_postback_index(s, pb, &had, err) != 0 || move(s, pb, &had, err) != 0
             ? -1
             : 0;
    s->now.counts.quarantined -= rc == 0 && pb->verdict != STORE_QUARANTINED;
    s->now.moved.unquarantined += rc == 0 && pb->verdict != STORE_QUARANTINED;
    arena_free(&arena);
    return rc;
}

int sqlite_event_again(struct store *store, int64_t id, int64_t due, bool anew, struct slice note,
                       struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    struct sqlite3_stmt *st = sql_use(s, SQL_DELIVERY_AGAIN, err);
    struct tally_event e = { 0 };

    if (!st)
        return -1;
    bind_int(st, 1, id);
    bind_int(st, 2, due);
    bind_int(st, 3, anew);
    bind_text(st, 4, note);
    if (sql_run(s, st, err) != 0)
        return -1;
    if (sqlite3_changes(s->db) == 0)
        return 1;
    s->now.counts.dead--;
    s->now.moved.undead++;
    s->now.counts.waiting++;
    return tally_find(s, id, &e, err) < 0 ? -1 : tally_state(s, &e, STORE_DEAD, -1, err);
}
