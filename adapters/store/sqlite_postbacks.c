#include "adapters/store/sqlite_index.h"
#include "adapters/store/sqlite_insert.h"
#include "adapters/store/sqlite_tally.h"

/* Columns of POSTBACK_COLUMNS. */
enum { ID, AT, OFFER, TRACKER, METHOD, STAGE, VERDICT, CODE, CLICK_ID, EVENT_ID, TXID,
       CONTENT_TYPE, ADDRESS, PARAMS, TTCLID, REASON, WARNINGS };

int sqlite_postback_id(struct store *store, int64_t *id, struct err *err)
{
    (void)err;
    *id = ++((struct sqlite *)store)->now.last[ROWS_POSTBACKS];
    return 0;
}

/* The hashes by which the row is found; how many. */
static size_t hashes_of(const struct sqlite *s, int64_t row, const struct store_postback *pb,
                        uint64_t out[4])
{
    const struct slice ids[] = { pb->click_id, pb->event_id, pb->txid };
    size_t n = 0;

    for (int i = 0; i < 3; i++)
        if (ids[i].len)
            out[n++] = index_hash(s, ids[i], 0);
    if (pb->ttclid.len)
        out[n++] = index_ttclid_hash(s, ROWS_POSTBACKS, row, pb->ttclid, 0);
    return n;
}

int sqlite_postback_index(struct sqlite *s, const struct store_postback *pb,
                          const struct store_postback *had, struct err *err)
{
    uint64_t hashes[4], old[4];
    size_t n = hashes_of(s, pb->id, pb, hashes), known = had ? hashes_of(s, pb->id, had, old) : 0;

    for (size_t i = 0; i < n; i++) {
        bool seen = false; /* a derived event_id is often the click_id */
        for (size_t j = 0; j < i; j++)
            seen |= hashes[i] == hashes[j];
        for (size_t j = 0; j < known; j++)
            seen |= hashes[i] == old[j];
        if (!seen && index_add(s, INDEX_POSTBACKS, hashes[i], pb->id, err) != 0)
            return -1;
    }
    return 0;
}

/* In the order of POSTBACK_COLUMNS. */
static int add_row(struct sqlite *s, const struct store_postback *pb, int64_t id, struct err *err)
{
    struct insert in;

    if (insert_start(&in, s, SQL_POSTBACK_ADD, SUM_POSTBACKS, err) != 0)
        return -1;
    insert_int(&in, id);
    insert_int(&in, pb->at);
    insert_name(&in, pb->offer);
    insert_name(&in, pb->tracker);
    insert_name(&in, pb->method);
    insert_name(&in, pb->stage);
    insert_int(&in, pb->verdict);
    insert_name(&in, pb->code);
    insert_text(&in, pb->click_id);
    insert_text(&in, pb->event_id);
    insert_text(&in, pb->txid);
    insert_text(&in, pb->content_type);
    insert_text(&in, pb->address);
    insert_text(&in, pb->params);
    insert_within(&in, pb->ttclid, pb->params);
    insert_text(&in, pb->reason);
    insert_text(&in, pb->warnings);
    return insert_end(&in);
}

int sqlite_postback_put(struct store *store, struct store_postback *pb, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int64_t id = pb->id;

    if (id == 0 && sqlite_postback_id(store, &id, err) != 0)
        return -1;
    if (id <= s->before.last[ROWS_POSTBACKS] || id > s->now.last[ROWS_POSTBACKS])
        return err_set(err, ERR_INPUT, "store: postback id %lld is not of this transaction",
                       (long long)id);
    if (add_row(s, pb, id, err) != 0)
        return -1;
    pb->id = id;
    s->now.counts.postbacks++;
    s->now.counts.quarantined += pb->verdict == STORE_QUARANTINED;
    if (tally_postback(s, pb, 1, err) != 0 ||
        sqlite_history_mark(s, id, pb->click_id, pb->ttclid, pb->stage, pb->verdict, err) != 0)
        return -1;
    return sqlite_postback_index(s, pb, NULL, err);
}

static int mark_row(struct sqlite *s, struct sqlite3_stmt *st, struct slice ttclid,
                    struct err *err)
{
    struct slice stage;

    arena_reset(&s->scratch);
    if (col_name(s, st, STAGE, &s->scratch, &stage, err) != 0)
        return -1;
    return sqlite_history_mark(s, col_int(st, ID), col_text(st, CLICK_ID), ttclid, stage,
                               (enum store_verdict)col_int(st, VERDICT), err);
}

static int index_rows_of(struct sqlite *s, struct sqlite3_stmt *st, struct err *err)
{
    int rc;

    while ((rc = sql_step(s, st, err)) == 1) {
        struct store_postback pb = { .id = col_int(st, ID), .click_id = col_text(st, CLICK_ID),
                                     .ttclid = col_within(st, TTCLID, col_text(st, PARAMS)),
                                     .event_id = col_text(st, EVENT_ID),
                                     .txid = col_text(st, TXID) };
        if ((rc = sqlite_postback_index(s, &pb, NULL, err)) != 0 ||
            (rc = mark_row(s, st, pb.ttclid, err)) != 0)
            break;
    }
    sql_done(st);
    return rc;
}

int sqlite_postbacks_index_tail(struct sqlite *s, int64_t after, struct err *err)
{
    struct sqlite3_stmt *tail = sql_use(s, SQL_POSTBACK_TAIL, err);

    if (!tail)
        return -1;
    bind_int(tail, 1, after);
    return index_rows_of(s, tail, err);
}

int sqlite_postbacks_index(struct sqlite *s, int64_t after, struct err *err)
{
    struct sqlite3_stmt *late = sql_use(s, SQL_POSTBACK_LATE, err);

    if (!late || index_rows_of(s, late, err) != 0)
        return -1;
    return sqlite_postbacks_index_tail(s, after, err);
}

/* ---- any id ---- */

static enum sqlite_match match(struct sqlite3_stmt *st, struct slice id)
{
    if (slice_eq(id, col_text(st, CLICK_ID)) || slice_eq(id, col_text(st, EVENT_ID)) ||
        slice_eq(id, col_text(st, TXID)))
        return MATCH_EXACT;
    return sqlite_match_ttclid(id, col_within(st, TTCLID, col_text(st, PARAMS)));
}

int sqlite_postback_row(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena,
                        struct store_postback *pb, struct err *err)
{
    *pb = (struct store_postback){
        .id = col_int(st, ID),
        .at = col_int(st, AT),
        .verdict = (enum store_verdict)col_int(st, VERDICT),
        .click_id = arena_dup(arena, col_text(st, CLICK_ID)),
        .event_id = arena_dup(arena, col_text(st, EVENT_ID)),
        .txid = arena_dup(arena, col_text(st, TXID)),
        .content_type = arena_dup(arena, col_text(st, CONTENT_TYPE)),
        .address = arena_dup(arena, col_text(st, ADDRESS)),
        .params = arena_dup(arena, col_text(st, PARAMS)),
        .reason = arena_dup(arena, col_text(st, REASON)),
        .warnings = arena_dup(arena, col_text(st, WARNINGS)),
    };
    pb->ttclid = arena_dup(arena, col_within(st, TTCLID, pb->params));
    if (col_name(s, st, OFFER, arena, &pb->offer, err) != 0 ||
        col_name(s, st, TRACKER, arena, &pb->tracker, err) != 0 ||
        col_name(s, st, METHOD, arena, &pb->method, err) != 0 ||
        col_name(s, st, STAGE, arena, &pb->stage, err) != 0 ||
        col_name(s, st, CODE, arena, &pb->code, err) != 0)
        return -1;
    return 0;
}

static int take(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena, void *list,
                size_t at, struct err *err)
{
    return sqlite_postback_row(s, st, arena, (struct store_postback *)list + at, err);
}

int sqlite_find_postbacks(struct store *store, struct slice id, unsigned max,
                          struct arena *arena, struct store_postback **list, size_t *count,
                          struct err *err)
{
    static const struct sqlite_search what = {
        .rows = ROWS_POSTBACKS, .family = INDEX_POSTBACKS, .kinds = 1,
        .tail = SQL_POSTBACK_TAIL, .late = SQL_POSTBACK_LATE, .get = SQL_POSTBACK_GET,
        .match = match, .take = take,
        .size = sizeof(struct store_postback),
    };
    void *found;
    int rc = sqlite_search((struct sqlite *)store, &what, id, max, arena, &found, count, err);

    *list = found;
    return rc;
}

/* ---- in the order of their arrival ---- */

static int list_rows(struct sqlite *s, struct slice offer, int64_t since, int64_t after,
                     unsigned max, struct arena *arena, struct store_postback *list, size_t *count,
                     struct err *err)
{
    struct sqlite3_stmt *st;
    int64_t name = 0;
    int rc = 1;

    if (offer.len && (rc = names_id(s, offer, false, &name, err)) != 1)
        return rc; /* nothing was ever stored for it */
    if (after == 0 && sqlite_id_before(s, ROWS_POSTBACKS, since, &after, err) != 0)
        return -1;
    st = sql_use(s, SQL_POSTBACK_LIST, err);
    if (!st)
        return -1;
    bind_int(st, 1, after);
    bind_int(st, 2, since);
    bind_int(st, 3, name);
    bind_int(st, 4, max);
    while (*count < max && (rc = sql_step(s, st, err)) == 1 &&
           (rc = take(s, st, arena, list, *count, err)) == 0)
        ++*count;
    sql_done(st);
    return rc < 0 ? -1 : 0;
}

int sqlite_list_postbacks(struct store *store, struct slice offer, int64_t since, int64_t after,
                          unsigned max, struct arena *arena, struct store_postback **list,
                          size_t *count, struct err *err)
{
    struct sqlite *s = (struct sqlite *)store;
    int rc;

    *count = 0;
    *list = ARENA_ARRAY(arena, struct store_postback, max);
    if (!*list)
        return sqlite_no_room(err);
    if (sqlite_read_begin(s, err) != 0)
        return -1;
    rc = list_rows(s, offer, since, after, max, arena, *list, count, err);
    sqlite_read_end(s);
    return rc == 0 && arena->full ? sqlite_no_room(err) : rc;
}
