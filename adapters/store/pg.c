#include "adapters/store/pg_fill.h"
#include "adapters/store/pg_group.h"

#include <stdlib.h>

#include <openssl/evp.h>

#define SCRATCH_BYTES ((size_t)64 << 20)

/* Any number that all programs agree on. */
#define HASH_SEED UINT64_C(0x636c69636b626174)

int64_t pg_hash(struct slice id)
{
    return id.len ? (int64_t)slice_hash(id, HASH_SEED) : 0;
}

int64_t pg_ttclid_hash(struct slice ttclid)
{
    uint64_t head, all;

    if (ttclid.len == 0)
        return 0;
    head = slice_hash(slice_head(ttclid, STORE_PREFIX), HASH_SEED);
    all = slice_hash(ttclid, HASH_SEED);
    return (int64_t)((head & UINT64_C(0xffffffff00000000)) | (all & UINT64_C(0xffffffff)));
}

struct slice pg_key(struct arena *arena, const struct slice *parts, size_t count)
{
    unsigned char sum[EVP_MAX_MD_SIZE] = { 0 };
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    char hex[33];

    if (!md || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
        arena->full = true; /* as for anything that finds no memory */
    for (size_t i = 0; !arena->full && i < count; i++) {
        uint64_t len = parts[i].len; /* so that no two lists of parts look alike */
        EVP_DigestUpdate(md, &len, sizeof(len));
        EVP_DigestUpdate(md, slice_bytes(parts[i]), parts[i].len);
    }
    if (!arena->full)
        EVP_DigestFinal_ex(md, sum, NULL);
    EVP_MD_CTX_free(md);
    for (int i = 0; i < 16; i++) {
        hex[2 * i] = "0123456789abcdef"[sum[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
    }
    return arena_dup(arena, (struct slice){ hex, 32 });
}

int pg_find(struct pg *s, enum pg_sql exact, enum pg_sql head, struct slice id, unsigned max,
            struct pg_rows_read *rows, struct err *err)
{
    struct pg_call c;

    arena_reset(&s->scratch);
    pg_start(&c, s, exact);
    pg_int(&c, pg_hash(id));
    pg_name(&c, id);
    pg_int(&c, max);
    pg_int(&c, pg_ttclid_hash(id));
    if (pg_run(&c, rows, err) != 0)
        return -1;
    if (rows->count || id.len < STORE_PREFIX)
        return 0;
    pg_done(rows);
    pg_start(&c, s, head);
    pg_name(&c, id);
    pg_int(&c, max);
    pg_int(&c, pg_ttclid_hash(id) & ~INT64_C(0xffffffff));
    return pg_run(&c, rows, err);
}

static int give_back(struct store *store, unsigned pages, int64_t *left, struct err *err)
{
    (void)store;
    (void)pages;
    *left = 0;
    (void)err;
    return 0; /* the database does so itself (autovacuum) */
}

static int maintain(struct store *store, struct err *err)
{
    (void)store;
    (void)err;
    return 0;
}

static void close_store(struct store *store)
{
    struct pg *s = (struct pg *)store;

    if (s->db) {
        pg_leave(s);
        pg_disconnect(s);
    }
    pg_target_free(&s->target);
    pg_tally_free(s->tally);
    pg_group_free(s->group);
    arena_free(&s->scratch);
    free(s->taken.ids);
    free(s);
}

static const struct store_ops ops = {
    .begin = pg_begin, .begin_group = pg_begin_group, .commit = pg_commit, .rollback = pg_rollback, .click_put = pg_click_put,
    .postback_id = pg_postback_id, .postback_put = pg_postback_put, .event_put = pg_event_put, .take = pg_take,
    .report = pg_report, .recover = pg_recover, .name = pg_name_node,
    .clock = pg_clock, .renew = pg_renew, .look = pg_look, .gate_set = pg_gate_set,
    .spill_meet = pg_spill_meet, .spill_mark = pg_spill_mark, .retain = pg_retain, .give_back = give_back,
    .clock_back = pg_clock_back, .click_find = pg_click_find, .list_again = pg_list_again,
    .get_postback = pg_get_postback, .get_event = pg_get_event, .postback_again = pg_postback_again,
    .event_again = pg_event_again, .marked = pg_marked, .history = pg_history,
    .postback_params = pg_postback_params, .pixels_due = pg_pixels_due, .find_clicks = pg_find_clicks,
    .find_postbacks = pg_find_postbacks, .find_events = pg_find_events, .list_postbacks = pg_list_postbacks,
    .list_latest = pg_list_latest, .events_of = pg_events_of, .newest = pg_newest, .cursor_at = pg_cursor_at, .cursor_place = pg_cursor_place, .news = pg_news,
    .changed_events = pg_changed_events, .walk_tallies = pg_walk_tallies, .walk_events = pg_walk_events,
    .walk_click_ids = pg_walk_click_ids, .walk_briefs = pg_walk_briefs, .walk_fates = pg_walk_fates,
    .attempts_of = pg_attempts_of, .counts = pg_counts, .moved = pg_moved, .maintain = maintain,
    .close = close_store,
};

#define PATIENCE_MS 60000 /* of who waits before a screen */

static struct pg *new_store(const struct postgres *at, bool writer, int patience_ms, struct err *err)
{
    struct pg *s = calloc(1, sizeof(*s));

    if (!s) {
        err_set(err, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    s->store.ops = &ops;
    s->store.writer = writer;
    s->number = -1;
    pg_share_open(s);
    s->patience_ms = patience_ms;
    arena_init(&s->scratch, SCRATCH_BYTES);
    if (pg_target_read(&s->target, at, writer, err) == 0) {
        s->where = s->target.where;
        if ((s->tally = pg_tally_new()) && (s->group = pg_group_new()))
            return s;
        err_set(err, ERR_SYSTEM, "out of memory");
    }
    close_store(&s->store);
    return NULL;
}

static struct store *open_now(const struct postgres *at, bool writer, bool counted_ids, bool filling, struct err *err)
{
    struct pg *s = new_store(at, writer, PATIENCE_MS, err);

    if (!s)
        return NULL;
    s->counted_ids = counted_ids;
    s->filling = filling;
    s->over_older = at->over_older;
    if (filling)
        memcpy(s->node, PG_COPY_NODE, sizeof(PG_COPY_NODE));
    if (pg_alive(s, err) == 0)
        return &s->store;
    close_store(&s->store);
    return NULL;
}

struct store *pg_open(const char *url, bool writer, bool counted_ids, struct err *err)
{
    return open_now(&(struct postgres){ .url = url }, writer, counted_ids, false, err);
}

struct store *pg_open_filling(const char *url, struct err *err)
{
    return open_now(&(struct postgres){ .url = url }, true, false, true, err);
}

struct store *postgres_open(const struct postgres *at, bool writer, struct err *err)
{
    return open_now(at, writer, false, false, err);
}

struct store *postgres_open_later(const struct postgres *at, bool writer, int patience_ms, struct err *err)
{
    struct pg *s = new_store(at, writer, patience_ms, err);

    return s ? &s->store : NULL;
}

void postgres_schema(const struct store *store, int64_t *before, int64_t *now, int64_t *knows)
{
    const struct pg *s = (const struct pg *)store;

    *before = s->schema_before;
    *now = s->schema_now;
    *knows = pg_program;
}
