/* pg_news.c: for those who look on.  Ids hold the second in which a transaction began and its writer's number, so a row may become
 * visible behind one with a higher id: of another writer in the same second, or of a transaction that took long.  But the ids of
 * one number ascend with its commits, also when it goes over to another handle, so a cursor has a place for each number.
 *
 * A number that was silent for long would have all since then read: what it commits now has begun after the last look, or was
 * under way then, LONGEST_S before at most. */
#include "adapters/store/pg.h"

#define LONGEST_S 120 /* a transaction: statements are given 10 seconds each, and an import is seen by nobody */
#define NUMBER_OF(id) ((id) >> PG_SERIAL_BITS & (PG_WRITERS - 1))
_Static_assert(STORE_WRITERS == PG_WRITERS, "a place for each number");

enum look { POSTBACKS, ATTEMPTS };

struct writers { /* what each has committed */
    int64_t last[2][PG_WRITERS], now;
};

static int read_writers(struct pg *s, struct writers *out, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;

    *out = (struct writers){ .now = 0 };
    arena_reset(&s->scratch);
    pg_start(&c, s, PG_WRITERS_LAST);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < rows.count; i++) {
        int64_t n = pg_int_at(&rows, i, 0);
        int at = s->counted_ids ? 0 : (int)n;
        out->now = pg_int_at(&rows, i, 3);
        for (int k = POSTBACKS; n >= 0 && n < PG_WRITERS && k <= ATTEMPTS; k++)
            if (pg_int_at(&rows, i, 1 + k) > out->last[k][at])
                out->last[k][at] = pg_int_at(&rows, i, 1 + k);
    }
    pg_done(&rows);
    return 0;
}

int pg_newest(struct store *store, struct store_cursor *out, struct err *err)
{
    struct writers w;

    if (read_writers((struct pg *)store, &w, err) != 0)
        return -1;
    memcpy(out->postback, w.last[POSTBACKS], sizeof(out->postback));
    memcpy(out->attempt, w.last[ATTEMPTS], sizeof(out->attempt));
    out->looked[POSTBACKS] = out->looked[ATTEMPTS] = w.now;
    return 0;
}

void pg_cursor_at(struct store_cursor *at)
{
    int64_t before = (int64_t)LONGEST_S << (PG_WRITER_BITS + PG_SERIAL_BITS);

    for (int i = PG_WRITERS - 1; i >= 0; i--) {
        at->postback[i] = at->postback[0] < PG_FIRST_DAY_ID ? at->postback[0] : at->postback[0] - before;
        at->attempt[i] = at->attempt[0] < PG_FIRST_DAY_ID ? at->attempt[0] : at->attempt[0] - before;
    }
}

/* Ids that were counted elsewhere came all at once, before anybody looked. */
int64_t *pg_cursor_place(const struct store *store, struct store_cursor *at, int64_t postback)
{
    if (((const struct pg *)store)->counted_ids)
        return &at->postback[0];
    return postback < PG_FIRST_DAY_ID ? NULL : &at->postback[NUMBER_OF(postback)];
}

/* From where rows are read, and per number behind what: those of numbers that have committed nothing are left out, for what they
 * commit meanwhile may be read in part.  1; 0: there is nothing new. */
static int since(const struct writers *w, enum look what, const int64_t *seen, int64_t looked, int64_t *from,
                 int64_t behind[PG_WRITERS])
{
    int64_t least = looked ? (looked / 1000 - PG_EPOCH - LONGEST_S) << (PG_WRITER_BITS + PG_SERIAL_BITS) : 0;

    *from = INT64_MAX;
    for (int i = 0; i < PG_WRITERS; i++) {
        behind[i] = w->last[what][i] > seen[i] ? seen[i] : INT64_MAX;
        if (behind[i] < *from)
            *from = behind[i] > least ? behind[i] : least;
    }
    return *from != INT64_MAX;
}

/* 1: *rows; 0: there is nothing new. */
static int ask_news(struct pg *s, enum pg_sql which, enum look what, struct store_cursor *at, unsigned max, struct writers *w,
                    struct pg_rows_read *rows, struct err *err)
{
    struct pg_call c;
    int64_t *seen = what == POSTBACKS ? at->postback : at->attempt, from, behind[PG_WRITERS];

    if (read_writers(s, w, err) != 0)
        return -1;
    if (!since(w, what, seen, s->counted_ids ? 0 : at->looked[what], &from, behind)) {
        at->looked[what] = w->now;
        return 0;
    }
    pg_start(&c, s, which);
    pg_int(&c, from);
    pg_ints(&c, behind, PG_WRITERS);
    pg_int(&c, max ? max : 1);
    pg_int(&c, s->counted_ids);
    return pg_run(&c, rows, err) != 0 ? -1 : 1;
}

static void went_on(struct pg *s, int64_t *seen, int64_t id)
{
    int64_t *at = &seen[s->counted_ids ? 0 : NUMBER_OF(id)];

    *at = id > *at ? id : *at;
}

int pg_news(struct store *store, struct store_cursor *at, unsigned max, struct arena *arena, struct store_postback **list,
            size_t *count, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct pg_rows_read rows;
    struct writers w;
    int rc;

    *list = NULL;
    *count = 0;
    if ((rc = ask_news(s, PG_POSTBACK_NEWS, POSTBACKS, at, max, &w, &rows, err)) != 1)
        return rc;
    rc = pg_postback_rows(&rows, arena, list, count, err);
    pg_done(&rows);
    if (rc != 0)
        return -1;
    for (size_t i = 0; i < *count; i++)
        went_on(s, at->postback, (*list)[i].id);
    if (*count < max)
        at->looked[POSTBACKS] = w.now;
    return 0;
}

int pg_changed_events(struct store *store, struct store_cursor *at, unsigned max, struct arena *arena, int64_t **ids,
                      size_t *count, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct pg_rows_read rows;
    struct writers w;
    int rc;

    *ids = NULL;
    *count = 0;
    if ((rc = ask_news(s, PG_CHANGED, ATTEMPTS, at, max, &w, &rows, err)) != 1)
        return rc;
    *ids = ARENA_ARRAY(arena, int64_t, (size_t)rows.count);
    for (int i = 0; *ids && i < rows.count; i++) {
        went_on(s, at->attempt, pg_int_at(&rows, i, 0));
        (*ids)[(*count)++] = pg_int_at(&rows, i, 1);
    }
    if (*count < max)
        at->looked[ATTEMPTS] = w.now;
    pg_done(&rows);
    return *ids ? 0 : pg_no_room(err);
}
