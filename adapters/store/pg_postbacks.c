#include "adapters/store/pg_group.h"
#include "core/rules/lifecycle.h"

/* Columns of POSTBACKS_SQL. */
enum { ID, AT, OFFER, TRACKER, METHOD, STAGE, VERDICT, CODE, CLICK_ID, EVENT_ID, TXID,
       CONTENT_TYPE, ADDRESS, PARAMS, TTCLID, REASON, WARNINGS };

static void read_row(const struct pg_rows_read *rows, int row, struct arena *arena, struct store_postback *pb)
{
    struct slice *const texts[] = {
        [OFFER] = &pb->offer, [TRACKER] = &pb->tracker, [METHOD] = &pb->method, [STAGE] = &pb->stage,
        [CODE] = &pb->code, [CLICK_ID] = &pb->click_id, [EVENT_ID] = &pb->event_id, [TXID] = &pb->txid,
        [CONTENT_TYPE] = &pb->content_type, [ADDRESS] = &pb->address, [PARAMS] = &pb->params,
        [TTCLID] = &pb->ttclid, [REASON] = &pb->reason, [WARNINGS] = &pb->warnings,
    };

    pb->id = pg_int_at(rows, row, ID);
    pb->at = pg_int_at(rows, row, AT);
    pb->verdict = (enum store_verdict)pg_int_at(rows, row, VERDICT);
    for (int i = OFFER; i <= WARNINGS; i++)
        if (texts[i])
            *texts[i] = pg_text_at(rows, row, i, arena);
}

int pg_postback_rows(struct pg_rows_read *rows, struct arena *arena, struct store_postback **list, size_t *count,
                     struct err *err)
{
    if (!(*list = ARENA_ARRAY(arena, struct store_postback, (size_t)rows->count)))
        return pg_no_room(err);
    for (int i = 0; i < rows->count; i++)
        read_row(rows, i, arena, &(*list)[(*count)++]);
    return arena->full ? pg_no_room(err) : 0;
}

/* ---- putting ---- */

static void hashes(struct pg_call *c, const struct store_postback *pb)
{
    pg_int_or_null(c, pg_hash(pb->click_id));
    pg_int_or_null(c, pg_hash(pb->event_id));
    pg_int_or_null(c, pg_hash(pb->txid));
    pg_int_or_null(c, pg_ttclid_hash(pb->ttclid));
}

int pg_postback_id(struct store *store, int64_t *id, struct err *err)
{
    (void)err;
    *id = pg_next_id((struct pg *)store, PG_POSTBACKS);
    return 0;
}

int pg_postback_put(struct store *store, struct store_postback *pb, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int64_t id = pb->id ? pb->id : pg_next_id(s, PG_POSTBACKS);
    const struct slice texts[] = { pb->code, pb->click_id, pb->event_id, pb->txid, pb->content_type,
                                   pb->address, pb->params, pb->ttclid, pb->reason, pb->warnings };
    struct pg_mark mark;
    struct pg_call c;

    arena_reset(&s->scratch);
    if (id <= s->before.last[PG_POSTBACKS] || id > s->state.last[PG_POSTBACKS])
        return err_set(err, ERR_INPUT, "store: postback id %lld is not of this transaction", (long long)id);
    if (pg_grouped(s)) {
        if (pg_group_postback_put(s, pb, id, err) != 0)
            return -1;
        goto counted;
    }
    pg_start(&c, s, PG_POSTBACK_ADD);
    pg_int(&c, id);
    pg_int(&c, pb->at);
    pg_name(&c, pb->offer);
    pg_text(&c, pb->tracker);
    pg_text(&c, pb->method);
    pg_text(&c, pb->stage);
    pg_int(&c, pb->verdict);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        pg_text(&c, texts[i]);
    hashes(&c, pb);
    if (pg_run(&c, NULL, err) != 0 || pg_marks_add(s, &mark, (size_t)pg_mark_of(pb, id, &mark), err) != 0)
        return -1;
counted:
    pb->id = id;
    s->counts.postbacks++;
    s->counts.quarantined += pb->verdict == STORE_QUARANTINED;
    pg_tally_postback(s, pb, 1);
    return 0;
}

/* ---- looking up ---- */

static int get(struct pg *s, enum pg_sql which, int64_t id, struct arena *arena, struct store_postback *out,
               struct err *err)
{
    struct pg_call c;
    struct pg_rows_read rows;
    int n;

    pg_start(&c, s, which);
    pg_int(&c, id);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    if ((n = rows.count) != 0)
        read_row(&rows, 0, arena, out);
    pg_done(&rows);
    return arena->full ? pg_no_room(err) : n;
}

int pg_get_postback(struct store *store, int64_t id, struct arena *arena, struct store_postback *out,
                    struct err *err)
{
    return get((struct pg *)store, PG_POSTBACK_GET, id, arena, out, err);
}

int pg_find_postbacks(struct store *store, struct slice id, unsigned max, struct arena *arena,
                      struct store_postback **list, size_t *count, struct err *err)
{
    struct pg_rows_read rows;
    int rc = pg_find((struct pg *)store, PG_POSTBACK_FIND, PG_POSTBACK_FIND_HEAD, id, max, &rows, err);

    *count = 0;
    if (rc != 0)
        return -1;
    rc = pg_postback_rows(&rows, arena, list, count, err);
    pg_done(&rows);
    return rc;
}

static int list_stretch(struct pg *s, struct slice offer, int64_t since, int64_t after, int64_t below, unsigned max,
                        struct pg_rows_read *rows, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_POSTBACK_LIST);
    pg_int(&c, after);
    pg_int(&c, since);
    pg_text(&c, offer);
    pg_int(&c, max);
    pg_int(&c, below);
    return pg_run(&c, rows, err);
}

/* First those with ids that hold no time, then the others, from that of `since` on. */
int pg_list_postbacks(struct store *store, struct slice offer, int64_t since, int64_t after, unsigned max,
                      struct arena *arena, struct store_postback **list, size_t *count, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int64_t low = pg_id_since(since) - 1;
    struct pg_rows_read rows[2];
    int n = 0, stretches = 0;

    *count = 0;
    if (after < PG_FIRST_DAY_ID) {
        if (list_stretch(s, offer, since, after, PG_FIRST_DAY_ID, max, &rows[0], err) != 0)
            return -1;
        n = rows[stretches++].count;
    }
    if ((unsigned)n < max) {
        if (list_stretch(s, offer, since, after > low ? after : low, INT64_MAX, max - (unsigned)n, &rows[stretches], err) != 0) {
            if (stretches)
                pg_done(&rows[0]);
            return -1;
        }
        n += rows[stretches++].count;
    }
    *list = ARENA_ARRAY(arena, struct store_postback, (size_t)n);
    for (int i = 0; i < stretches; i++) {
        for (int r = 0; *list && r < rows[i].count; r++)
            read_row(&rows[i], r, arena, &(*list)[(*count)++]);
        pg_done(&rows[i]);
    }
    return arena->full || !*list ? pg_no_room(err) : 0;
}

int pg_postback_params(struct store *store, int64_t id, struct arena *arena, struct slice *params, struct err *err)
{
    struct pg_call c;
    struct pg_rows_read rows;
    int n;

    *params = (struct slice){ 0 };
    if (pg_group_leave((struct pg *)store, err) != 0)
        return 0;
    pg_start(&c, (struct pg *)store, PG_POSTBACK_PARAMS);
    pg_int(&c, id);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    if ((n = rows.count) != 0)
        *params = pg_text_at(&rows, 0, 0, arena);
    pg_done(&rows);
    return arena->full ? pg_no_room(err) : n;
}

/* ---- the past of a click ---- */

static void start_past(struct pg_call *c, struct pg *s, enum pg_sql which, struct slice offer, struct slice click_id,
                       struct slice ttclid)
{
    pg_start(c, s, which);
    pg_name(c, offer);
    pg_int_or_null(c, pg_hash(click_id));
    pg_text(c, click_id);
    pg_int_or_null(c, pg_ttclid_hash(ttclid));
    pg_text(c, ttclid);
}

int64_t pg_mark_hash(bool by_ttclid, struct slice offer, struct slice id)
{
    return (int64_t)slice_hash(id, slice_hash(offer, by_ttclid ? 2 : 1));
}

int pg_mark_of(const struct store_postback *pb, int64_t id, struct pg_mark *out)
{
    bool named = pb->click_id.len != 0;

    if (pb->verdict == STORE_QUARANTINED || (named ? !lifecycle_takes_back(pb->stage) : pb->ttclid.len == 0))
        return 0;
    *out = (struct pg_mark){ pg_mark_hash(!named, pb->offer, named ? pb->click_id : pb->ttclid), id };
    return 1;
}

int pg_marks_add(struct pg *s, const struct pg_mark *list, size_t count, struct err *err)
{
    int64_t *hashes = ARENA_ARRAY(&s->scratch, int64_t, count), *postbacks = ARENA_ARRAY(&s->scratch, int64_t, count);
    struct pg_call c;

    if (count == 0)
        return 0;
    if (!hashes || !postbacks)
        return pg_no_room(err);
    for (size_t i = 0; i < count; i++) {
        hashes[i] = list[i].hash;
        postbacks[i] = list[i].postback;
    }
    pg_start(&c, s, PG_MARKS_ADD);
    pg_ints(&c, hashes, count);
    pg_ints(&c, postbacks, count);
    return pg_queue(&c, NULL, NULL, err);
}

int pg_marked(struct store *store, struct slice offer, struct slice click_id, struct slice ttclid, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int64_t hashes[2];
    size_t count = 0;
    struct pg_call c;
    struct pg_rows_read rows;
    int n;

    if (pg_grouped(s))
        return pg_group_marked(s, offer, click_id, ttclid, err);
    if (click_id.len)
        hashes[count++] = pg_mark_hash(false, offer, click_id);
    if (ttclid.len)
        hashes[count++] = pg_mark_hash(true, offer, ttclid);
    pg_start(&c, s, PG_MARKED);
    pg_ints(&c, hashes, count);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    n = rows.count;
    pg_done(&rows);
    return n;
}

int pg_history(struct store *store, struct slice offer, struct slice click_id, struct slice ttclid, unsigned max,
               struct arena *arena, struct store_seen **list, size_t *count, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct pg_call c;
    struct pg_rows_read rows;

    *list = NULL;
    *count = 0;
    if (max == 0 || (click_id.len == 0 && ttclid.len == 0) || pg_group_leave(s, err) != 0)
        return 0;
    if (click_id.len) {
        start_past(&c, s, PG_SEEN, offer, click_id, ttclid);
    } else {
        pg_start(&c, s, PG_SEEN_BY_TTCLID);
        pg_name(&c, offer);
        pg_int(&c, pg_ttclid_hash(ttclid));
        pg_text(&c, ttclid);
    }
    pg_int(&c, max);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    *list = ARENA_ARRAY(arena, struct store_seen, (size_t)rows.count);
    for (int i = 0; *list && i < rows.count; i++)
        (*list)[(*count)++] = (struct store_seen){
            .id = pg_int_at(&rows, i, 0), .at = pg_int_at(&rows, i, 1), .stage = pg_text_at(&rows, i, 2, arena),
            .verdict = (enum store_verdict)pg_int_at(&rows, i, 3), .code = pg_text_at(&rows, i, 4, arena),
            .click_id = pg_text_at(&rows, i, 5, arena), .event_id = pg_text_at(&rows, i, 6, arena),
            .txid = pg_text_at(&rows, i, 7, arena),
        };
    pg_done(&rows);
    return arena->full || !*list ? pg_no_room(err) : 0;
}

/* ---- deciding once more ---- */

static int update(struct pg *s, const struct store_postback *pb, struct err *err)
{
    const struct slice texts[] = { pb->code, pb->click_id, pb->event_id, pb->txid, pb->params, pb->ttclid,
                                   pb->reason, pb->warnings };
    struct pg_call c;

    pg_start(&c, s, PG_POSTBACK_AGAIN);
    pg_int(&c, pb->id);
    pg_text(&c, pb->stage);
    pg_int(&c, pb->verdict);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        pg_text(&c, texts[i]);
    hashes(&c, pb);
    return pg_run(&c, NULL, err);
}

int pg_postback_again(struct store *store, const struct store_postback *pb, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct store_postback had, now = *pb;
    struct arena arena = { 0 };
    struct pg_mark mark;
    int rc;

    arena_reset(&s->scratch);
    arena_init(&arena, (size_t)16 << 20);
    rc = get(s, PG_POSTBACK_LOCK, pb->id, &arena, &had, err);
    if (rc == 1 && had.verdict == STORE_QUARANTINED) {
        now.at = had.at;
        now.offer = had.offer;
        rc = update(s, pb, err);
        if (rc == 0)
            rc = pg_marks_add(s, &mark, (size_t)pg_mark_of(&now, pb->id, &mark), err);
        pg_tally_postback(s, &had, -1);
        pg_tally_postback(s, &now, 1);
        s->counts.quarantined -= pb->verdict != STORE_QUARANTINED;
        s->state.moved.unquarantined += rc == 0 && pb->verdict != STORE_QUARANTINED;
    } else if (rc >= 0) {
        rc = 1;
    }
    arena_free(&arena);
    return rc;
}

/* ---- the newest ones ---- */

#define SPAN 20000 /* rows looked at in one call */

/* The last row that a call looks at; 0: it looks at all that there are. */
static int floor_of(struct pg *s, int64_t before, int64_t after, int64_t *floor, struct err *err)
{
    struct pg_call c;
    struct pg_rows_read rows;

    pg_start(&c, s, PG_POSTBACK_FLOOR);
    pg_int(&c, before);
    pg_int(&c, after);
    pg_int(&c, SPAN - 1);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    *floor = rows.count ? pg_int_at(&rows, 0, 0) : 0;
    pg_done(&rows);
    return 0;
}

int pg_list_latest(struct store *store, const struct store_latest *what, unsigned max, struct arena *arena,
                   struct store_postback **list, size_t *count, int64_t *next, struct err *err)
{
    int64_t before = what->before ? what->before : INT64_MAX, floor;
    struct pg_call c;
    struct pg_rows_read rows;
    int rc;

    *count = 0;
    *next = 0;
    if (floor_of((struct pg *)store, before, what->after, &floor, err) != 0)
        return -1;
    pg_start(&c, (struct pg *)store, PG_POSTBACK_LATEST);
    pg_int(&c, before);
    pg_int(&c, floor ? floor - 1 : what->after);
    pg_int(&c, what->since);
    pg_int(&c, what->until ? what->until : INT64_MAX);
    pg_text(&c, what->offer);
    pg_text(&c, what->tracker);
    pg_text(&c, what->stage);
    pg_text(&c, what->code);
    pg_int(&c, what->verdict);
    pg_int(&c, max);
    pg_int(&c, what->states);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    rc = pg_postback_rows(&rows, arena, list, count, err);
    pg_done(&rows);
    if (rc == 0 && max)
        *next = *count == max ? (*list)[max - 1].id : floor;
    return rc;
}
