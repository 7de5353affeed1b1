/* pg_stats.c: figures of a database, as of one moment. */
#include "adapters/store/pg.h"
#include "adapters/store/stats.h"

static const struct {
    const char *part;
    enum pg_sql sql;
    const char *name; /* of the one figure; NULL: rows of name and figure */
    bool is_time;
} parts[] = {
    { "rows", PG_STATS_ROWS, NULL, false },
    { "events", PG_STATS_EVENTS, NULL, false },
    { "postbacks", PG_STATS_POSTBACKS, NULL, false },
    { "times", PG_STATS_TIMES, NULL, true },
    { "postbacks of offers", PG_STATS_OFFER_POSTBACKS, NULL, false },
    { "events of offers", PG_STATS_OFFER_EVENTS, NULL, false },
    { "database", PG_STATS_NODES, "handles that write", false },
    { "database", PG_STATS_DAYS, "tables of events, of some days each", false },
    { "database", PG_STATS_SIZE, "size, bytes", false },
};

static int show(struct pg *s, size_t part, stats_visit *visit, void *context, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;

    arena_reset(&s->scratch);
    pg_start(&c, s, parts[part].sql);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < rows.count; i++) {
        struct stats_figure f = { .part = parts[part].part, .is_time = parts[part].is_time };
        f.name = parts[part].name ? slice_from(parts[part].name) : pg_text_at(&rows, i, 0, &s->scratch);
        f.n = pg_int_at(&rows, i, parts[part].name ? 0 : 1);
        visit(context, &f);
    }
    pg_done(&rows);
    return s->scratch.full ? pg_no_room(err) : 0;
}

int store_pg_stats(const char *url, stats_visit *visit, void *context, struct err *err)
{
    struct store *store = pg_open(url, false, false, err);
    struct pg *s = (struct pg *)store;
    int rc = store ? pg_simple(s, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err) : -1;

    for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(*parts); i++)
        rc = show(s, i, visit, context, err);
    store_close(store);
    return rc;
}
