/* pg_retain.c: old rows go, some at a time. */
#include "adapters/store/pg.h"

static int64_t drop(struct pg *s, enum pg_sql which, int64_t before, int64_t max, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, which);
    pg_int(&c, before);
    pg_int(&c, max);
    return pg_run_count(&c, err);
}

static int drop_ids(struct pg *s, const int64_t *ids, size_t count, struct err *err)
{
    static const enum pg_sql of[] = { PG_DROP_TRIES, PG_DROP_KEYS, PG_DROP_DELIVERIES, PG_DROP_EVENTS };

    for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
        struct pg_call c;
        pg_start(&c, s, of[i]);
        pg_ints(&c, ids, count);
        if (pg_run(&c, NULL, err) != 0)
            return -1;
    }
    return 0;
}

static int drop_events(struct pg *s, int64_t before, int64_t max, struct store_retained *out, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;
    int64_t *ids;
    int n;

    pg_start(&c, s, PG_OLD_EVENTS);
    pg_int(&c, before);
    pg_int(&c, max);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    n = rows.count;
    ids = ARENA_ARRAY(&s->scratch, int64_t, (size_t)n);
    for (int i = 0; ids && i < n; i++) {
        int64_t state = pg_int_at(&rows, i, 1);
        ids[i] = pg_int_at(&rows, i, 0);
        s->counts.delivered -= state == STORE_DELIVERED;
        s->counts.dead -= state == STORE_DEAD;
        s->counts.withdrawn -= state == STORE_WITHDRAWN;
        out->dead += state == STORE_DEAD;
    }
    pg_done(&rows);
    if (!ids)
        return pg_no_room(err);
    out->events += n;
    return n && drop_ids(s, ids, (size_t)n, err) != 0 ? -1 : n;
}

static int drop_postbacks(struct pg *s, int64_t before, int64_t max, struct store_retained *out, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;
    int n;

    pg_start(&c, s, PG_DROP_POSTBACKS);
    pg_int(&c, before);
    pg_int(&c, max);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    n = rows.count;
    for (int i = 0; i < n; i++)
        s->counts.quarantined -= pg_int_at(&rows, i, 0) == STORE_QUARANTINED;
    pg_done(&rows);
    s->counts.postbacks -= n;
    out->postbacks += n;
    return n;
}

int pg_retain(struct store *store, const struct store_retention *how, struct store_retained *out, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int64_t left = how->rows, n;

    arena_reset(&s->scratch);
    /* A click's time is in seconds. */
    if ((n = drop(s, PG_DROP_CLICKS, (how->clicks + 999) / 1000, left, err)) < 0)
        return -1;
    s->counts.clicks -= n;
    out->clicks += n;
    left -= n;
    if ((n = drop_events(s, how->ledger, left, out, err)) < 0)
        return -1;
    left -= n;
    if ((n = drop_postbacks(s, how->ledger, left, out, err)) < 0)
        return -1;
    left -= n;
    if ((n = drop(s, PG_DROP_ATTEMPTS, how->ledger, left, err)) < 0)
        return -1;
    out->attempts += n;
    left -= n;
    if (left <= 0)
        return 1;
    if ((n = drop(s, PG_TALLY_DROP, how->ledger / 1000 - (how->ledger / 1000) % 3600, left, err)) < 0)
        return -1;
    return n == left;
}
