#include "adapters/store/sqlite.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/ledger.h"
#include "adapters/store/sqlite_index.h"
#include "adapters/store/sqlite_insert.h"
#include "adapters/store/sqlite_tally.h"

const struct sqlite_tuning sqlite_tuning_default = {
    .hash_mask = UINT64_MAX,
    .hot_entries = 14336, /* with a group on top no more than 16,384, a power of two; a reader looks at the rows of as many */
    .wal_pages = 16384, /* 64 MB */
    .page_size = 4096,
    .cache_kib = 2048, /* up to 8,192 make no difference: random clicks are in the OS cache */
    .steps = sqlite_steps,
    .fill_ids = 10000, /* some ten megabytes of log */
};

static struct sqlite *of(struct store *store)
{
    return (struct sqlite *)store;
}

/* ---- counts and ids that survive ---- */

static int read_counts(struct sqlite *s, struct store_counts *out, struct sqlite_state *state,
                       struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_COUNTS_GET, err);
    int rc;

    if (!st)
        return -1;
    rc = sql_step(s, st, err);
    for (int i = 0; rc == 1 && state && i < ROWS_COUNT; i++)
        state->last[i] = col_int(st, 8 + i);
    if (rc == 1 && state) {
        state->gone_postback = col_int(st, 12);
        state->gone_attempt = col_int(st, 13);
        state->clicks_before = col_int(st, 14);
        state->ledger_before = col_int(st, 15);
    }
    if (rc == 1)
        *out = (struct store_counts){ .clicks = col_int(st, 0), .postbacks = col_int(st, 1),
                                      .waiting = col_int(st, 2), .sending = col_int(st, 3),
                                      .delivered = col_int(st, 4), .dead = col_int(st, 5),
                                      .quarantined = col_int(st, 6),
                                      .withdrawn = col_int(st, 7) };
    sql_done(st);
    return rc < 0 ? -1 : 0;
}

static int write_counts(struct sqlite *s, struct err *err)
{
    const struct store_counts *c = &s->now.counts;
    struct insert in;

    if (memcmp(&s->now, &s->before, sizeof(s->now)) == 0)
        return 0;
    if (insert_start(&in, s, SQL_COUNTS_SET, SUM_COUNTS, err) != 0)
        return -1;
    insert_int(&in, c->clicks);
    insert_int(&in, c->postbacks);
    insert_int(&in, c->waiting);
    insert_int(&in, c->sending);
    insert_int(&in, c->delivered);
    insert_int(&in, c->dead);
    insert_int(&in, c->quarantined);
    insert_int(&in, c->withdrawn);
    for (int i = 0; i < ROWS_COUNT; i++)
        insert_int(&in, s->now.last[i]);
    insert_int(&in, s->now.gone_postback);
    insert_int(&in, s->now.gone_attempt);
    insert_int(&in, s->now.clicks_before);
    insert_int(&in, s->now.ledger_before);
    return insert_end(&in);
}

static int read_state(struct sqlite *s, struct err *err)
{
    struct sqlite3_stmt *st;
    int rc;

    if (read_counts(s, &s->now.counts, &s->now, err) != 0 || !(st = sql_use(s, SQL_LAST_IDS, err)))
        return -1;
    rc = sql_step(s, st, err);
    for (int i = 0; rc == 1 && i < ROWS_COUNT; i++)
        if (s->now.last[i] < col_int(st, i))
            s->now.last[i] = col_int(st, i);
    sql_done(st);
    return rc < 0 ? -1 : 0;
}

static int read_seed(struct sqlite *s, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, SQL_META_GET, err);
    int rc;

    if (!st)
        return -1;
    bind_text(st, 1, S("hash_seed"));
    rc = sql_step(s, st, err);
    if (rc == 1)
        s->seed = (uint64_t)col_int(st, 0);
    sql_done(st);
    if (rc == 0)
        return err_set(err, ERR_SYSTEM, "%s/clickbaton.db: hash_seed is missing in its table "
                       "`meta`; restore a backup", s->dir);
    return rc < 0 ? -1 : 0;
}

/* ---- transactions ---- */

static int begin(struct store *store, struct err *err)
{
    struct sqlite *s = of(store);

    if (s->unsynced)
        return err_set(err, ERR_UNSYNCED, "%s/clickbaton.db: the disk could not be synced" UNSYNCED_REMEDY,
                       s->dir);
    /* A ROLLBACK that failed left its transaction open, with rows that nobody counts any more. */
    if (!sqlite3_get_autocommit(s->db) && sql_now(s, SQL_ROLLBACK, err) != 0)
        return -1;
    if (s->reload) {
        if (read_state(s, err) != 0 || index_load(s, err) != 0)
            return -1;
        s->reload = false;
    }
    if (sql_now(s, SQL_BEGIN, err) != 0)
        return -1;
    sqlite_log_begin(s);
    s->before = s->now;
    index_mark(s);
    return 0;
}

static int commit(struct store *store, struct err *err)
{
    struct sqlite *s = of(store);

    if (tally_write(s, err) != 0 || write_counts(s, err) != 0 || index_work(s, err) != 0 || sql_now(s, SQL_COMMIT, err) != 0)
        return -1;
    sqlite_log_end(s);
    sqlite_log_bound(s);
    return 0;
}

static void rollback(struct store *store)
{
    struct sqlite *s = of(store);

    /* SQLite may have rolled back by itself: then there is nothing left to do. */
    if (!sqlite3_get_autocommit(s->db) && sql_now(s, SQL_ROLLBACK, NULL) != 0)
        s->reload = true; /* begin tries again */
    sqlite_log_end(s);
    s->now = s->before;
    names_forget(s->names);
    sqlite_retain_free(s);
    tally_forget(s->tally);
    index_undo(s);
}

/* The first column of the only row; 0 without one. */
static int one_time(struct sqlite *s, enum sql which, int64_t *out, struct err *err)
{
    struct sqlite3_stmt *st = sql_use(s, which, err);
    int rc;

    *out = 0;
    if (!st)
        return -1;
    rc = sql_step(s, st, err);
    if (rc == 1)
        *out = col_int(st, 0);
    sql_done(st);
    return rc < 0 ? -1 : 0;
}

static int counts(struct store *store, struct store_counts *out, struct err *err)
{
    struct sqlite *s = of(store);
    int64_t plain = 0;
    int rc = -1;

    if (sqlite_read_begin(s, err) != 0)
        return -1;
    if (s->store.writer)
        *out = s->now.counts;
    else if (read_counts(s, out, NULL, err) != 0)
        goto out;
    rc = one_time(s, SQL_OLDEST_WAITING, &out->oldest_waiting, err);
    if (rc == 0)
        rc = one_time(s, SQL_POSTBACK_NEWEST, &out->newest_postback, err);
    if (rc == 0)
        rc = one_time(s, SQL_PLAIN_LEFT, &plain, err);
    out->plain = plain != 0;
out:
    sqlite_read_end(s);
    return rc;
}

int store_sqlite_gone(struct store *store, struct ledger_gone *out, struct err *err)
{
    struct sqlite_state state = { .clicks_before = 0 };
    struct store_counts counts;
    int rc;

    if (sqlite_read_begin(of(store), err) != 0)
        return -1;
    rc = read_counts(of(store), &counts, &state, err);
    sqlite_read_end(of(store));
    *out = (struct ledger_gone){ state.clicks_before, state.ledger_before };
    return rc;
}

static void moved(const struct store *store, struct store_moved *out)
{
    const struct sqlite *s = (const struct sqlite *)store;

    *out = store->in_tx ? s->before.moved : s->now.moved;
}

static void close_store(struct store *store)
{
    struct sqlite *s = of(store);

    index_free(s->index);
    names_free(s->names);
    tally_free(s->tally);
    sqlite_db_close(s);
    arena_free(&s->scratch);
    sqlite_retain_free(s);
    free(s->dir);
    free(s);
}

static const struct store_ops ops = {
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .click_put = sqlite_click_put,
    .postback_id = sqlite_postback_id,
    .postback_put = sqlite_postback_put,
    .event_put = sqlite_event_put,
    .take = sqlite_take,
    .report = sqlite_report,
    .recover = sqlite_recover,
    .retain = sqlite_retain,
    .give_back = sqlite_give_back,
    .clock_back = sqlite_clock_back,
    .click_find = sqlite_click_find,
    .list_again = sqlite_list_again,
    .get_postback = sqlite_get_postback,
    .get_event = sqlite_get_event,
    .postback_again = sqlite_postback_again,
    .event_again = sqlite_event_again,
    .marked = sqlite_marked,
    .history = sqlite_history,
    .postback_params = sqlite_postback_params,
    .pixels_due = sqlite_pixels_due,
    .find_clicks = sqlite_find_clicks,
    .find_postbacks = sqlite_find_postbacks,
    .find_events = sqlite_find_events,
    .list_postbacks = sqlite_list_postbacks,
    .list_latest = sqlite_list_latest,
    .events_of = sqlite_events_of,
    .newest = sqlite_newest,
    .changed_events = sqlite_changed_events,
    .walk_tallies = sqlite_walk_tallies,
    .walk_events = sqlite_walk_events,
    .walk_click_ids = sqlite_walk_click_ids,
    .walk_briefs = sqlite_walk_briefs,
    .walk_fates = sqlite_walk_fates,
    .attempts_of = sqlite_attempts_of,
    .counts = counts,
    .moved = moved,
    .maintain = sqlite_maintain,
    .close = close_store,
};

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *p = malloc(size);

    return p ? memcpy(p, text, size) : NULL;
}

struct store *sqlite_open(const char *dir, bool writer, const struct sqlite_tuning *tuning,
                          struct err *err)
{
    struct sqlite *s = calloc(1, sizeof(*s));

    if (!s) {
        err_set(err, ERR_SYSTEM, "store: out of memory");
        return NULL;
    }
    *s = (struct sqlite){ .store = { .ops = &ops, .writer = writer }, .tuning = *tuning,
                          .lock = -1, .dir = copy(dir), .names = names_new(),
                          .index = index_new(), .tally = writer ? tally_new() : NULL };
    arena_init(&s->scratch, (size_t)1 << 20);
    if (!s->dir || !s->names || !s->index || (writer && !s->tally))
        err_set(err, ERR_SYSTEM, "store: out of memory");
    else if (sqlite_db_open(s, err) == 0 && (!writer || sqlite_log_renew(s, err) == 0) &&
             sqlite_schema_ready(s, err) == 0 && (!writer || sqlite_sync_names(s, err) == 0) &&
             read_seed(s, err) == 0 &&
             (!writer || (read_state(s, err) == 0 && index_load(s, err) == 0 &&
                          sql_use(s, SQL_ROLLBACK, err) && tally_catch_up(s, err) == 0))) { /* later there may be no memory */
        sqlite_upgrade_told(s);
        return &s->store;
    }
    close_store(&s->store);
    return NULL;
}

struct store *store_sqlite_open(const char *dir, bool writer, struct err *err)
{
    return sqlite_open(dir, writer, &sqlite_tuning_default, err);
}

struct store *store_sqlite_open_upgrade(const char *dir, const struct store_upgrade *upgrade, struct err *err)
{
    struct sqlite_tuning tuning = sqlite_tuning_default;

    tuning.upgrade = upgrade;
    return sqlite_open(dir, true, &tuning, err);
}
