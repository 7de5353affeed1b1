#include "adapters/store/pg_group.h"

/* Columns of CLICKS_SQL. */
enum { ID, OFFER, AT, KEYED, CLICK_ID, EVENT_ID, TTP, IP, CONSENT, PAGE_URL, TTCLID, USER_AGENT,
       REFERRER, COUNTRY };

int pg_click_row(const struct pg_rows_read *rows, int row, int first, struct arena *arena, struct kept_click *out,
                 struct err *err)
{
    out->offer = 0;
    out->id = pg_int_at(rows, row, first + ID);
    out->keyed = pg_int_at(rows, row, first + KEYED);
    out->click = (struct store_click){
        .offer = pg_text_at(rows, row, first + OFFER, arena),
        .click_id = pg_text_at(rows, row, first + CLICK_ID, arena),
        .event_id = pg_text_at(rows, row, first + EVENT_ID, arena),
        .ttp = pg_text_at(rows, row, first + TTP, arena),
        .ip = pg_text_at(rows, row, first + IP, arena),
        .consent = pg_text_at(rows, row, first + CONSENT, arena),
        .page_url = pg_text_at(rows, row, first + PAGE_URL, arena),
        .ttclid = pg_text_at(rows, row, first + TTCLID, arena),
        .user_agent = pg_text_at(rows, row, first + USER_AGENT, arena),
        .referrer = pg_text_at(rows, row, first + REFERRER, arena),
        .country = pg_text_at(rows, row, first + COUNTRY, arena),
        .at = pg_int_at(rows, row, first + AT),
        .keyed = (out->keyed & CLICK_KEYED) != 0,
        .refused = (out->keyed & CLICK_REFUSED) != 0,
    };
    return arena->full ? pg_no_room(err) : 0;
}

/* ---- looking up ---- */

/* 1: found.  0: not known. */
static int first(struct pg_call *c, struct arena *arena, struct kept_click *out, struct err *err)
{
    struct pg_rows_read rows;
    int rc;

    if (pg_run(c, &rows, err) != 0)
        return -1;
    rc = rows.count == 0 ? 0 : pg_click_row(&rows, 0, 0, arena, out, err) == 0 ? 1 : -1;
    pg_done(&rows);
    return rc;
}

/* To be changed: it is locked, and by ttclid only a click without a click_id is meant when there is one here. */
static int look_up(struct pg *s, struct slice offer, struct slice click_id, struct slice ttclid, bool change,
                   struct arena *arena, struct kept_click *out, struct err *err)
{
    struct pg_call c;
    int rc = 0;

    if (click_id.len) {
        pg_start(&c, s, change ? PG_CLICK_LOCK_BY_ID : PG_CLICK_BY_ID);
        pg_int(&c, pg_hash(click_id));
        pg_name(&c, offer);
        pg_text(&c, click_id);
        rc = first(&c, arena, out, err);
    }
    if (rc != 0 || ttclid.len == 0)
        return rc;
    pg_start(&c, s, change ? PG_CLICK_LOCK_BY_TTCLID : PG_CLICK_BY_TTCLID);
    pg_int(&c, pg_ttclid_hash(ttclid));
    pg_name(&c, offer);
    pg_text(&c, ttclid);
    pg_int(&c, change && click_id.len);
    return first(&c, arena, out, err);
}

int pg_click_find(struct store *store, struct slice offer, struct slice click_id, struct slice ttclid,
                  struct arena *arena, struct store_click *out, struct err *err)
{
    struct pg *s = (struct pg *)store;
    struct kept_click k;
    int rc;

    if (pg_grouped(s))
        return pg_group_click_find(s, offer, click_id, ttclid, arena, out, err);
    rc = look_up(s, offer, click_id, ttclid, false, arena, &k, err);

    if (rc == 1)
        *out = k.click;
    return rc;
}

/* ---- registering ---- */

struct slice pg_click_key(struct pg *s, const struct store_click *c)
{
    const struct slice by_ttclid[] = { S("ttclid"), c->offer, c->ttclid },
                       by_id[] = { S("click_id"), c->offer, c->click_id };

    return pg_key(&s->scratch, c->click_id.len ? by_id : by_ttclid, 3);
}

/* How many rows: 0 when another handle has added the same click meanwhile. */
static int64_t write_row(struct pg *s, enum pg_sql which, const struct kept_click *k, struct err *err)
{
    const struct store_click *c = &k->click;
    const struct slice texts[] = { c->click_id, c->event_id, c->ttp, c->ip, c->consent, c->page_url,
                                   c->ttclid, c->user_agent, c->referrer, c->country };
    struct pg_call call;

    pg_start(&call, s, which);
    pg_int(&call, k->id);
    pg_name(&call, c->offer);
    pg_int(&call, c->at);
    pg_int(&call, k->keyed);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        pg_text(&call, texts[i]);
    pg_name(&call, pg_click_key(s, c));
    pg_int_or_null(&call, pg_hash(c->click_id));
    pg_int_or_null(&call, pg_hash(c->event_id));
    pg_int_or_null(&call, pg_ttclid_hash(c->ttclid));
    return pg_run_count(&call, err);
}

static void tally_one(struct pg *s, const struct store_click *c, int n)
{
    pg_tally_click(s, c->offer, c->at, false, n);
    if (c->ttclid.len)
        pg_tally_click(s, c->offer, c->at, true, n);
}

void pg_click_count(struct pg *s, const struct store_click *had, const struct store_click *is)
{
    s->counts.clicks += had == NULL;
    if (had)
        tally_one(s, had, -1);
    tally_one(s, is, 1);
}

/* 1: somebody else has added it meanwhile. */
static int settle(struct pg *s, struct kept_click *k, bool known, const struct store_click *had,
                  const struct store_click *click, const struct store_refusal *how, struct store_refused *out,
                  struct err *err)
{
    bool changed = !known || click_merge(k, click);
    bool cut = how && k->click.refused && click_cut(k, how);

    if (changed || cut) {
        int64_t n;
        if (!known)
            k->id = pg_next_id(s, PG_CLICKS);
        if ((n = write_row(s, known ? PG_CLICK_SET : PG_CLICK_ADD, k, err)) <= 0)
            return n < 0 ? -1 : 1;
        pg_click_count(s, known ? had : NULL, &k->click);
    }
    if (!how || !k->click.refused || (known && had->refused))
        return 0;
    out->anew = true;
    return pg_refuse(s, &k->click, how, out, err);
}

int pg_click_put(struct store *store, const struct store_click *click, const struct store_refusal *how,
                 struct store_refused *out, struct err *err)
{
    struct pg *s = (struct pg *)store;
    int known, rc;

    if (pg_grouped(s))
        return pg_group_click_put(s, click, how, err);
    do {
        struct store_click had = { .offer = click->offer };
        struct kept_click k = { .keyed = click_marks(click), .click = *click };
        arena_reset(&s->scratch);
        known = look_up(s, click->offer, click->click_id, click->ttclid, true, &s->scratch, &k, err);
        if (known == 1)
            had = k.click;
        rc = known < 0 ? -1 : settle(s, &k, known, &had, click, how, out, err);
    } while (rc == 1);
    if (rc == 0)
        return known;
    s->store.failed = true; /* half of a refusal must never be committed */
    return -1;
}

/* ---- any id ---- */

/* By the whole id, or where none has it, by the beginning of a ttclid. */
int pg_find_clicks(struct store *store, struct slice id, unsigned max, struct arena *arena,
                   struct store_click **list, size_t *count, struct err *err)
{
    struct pg_rows_read rows;
    int rc = pg_find((struct pg *)store, PG_CLICK_FIND, PG_CLICK_FIND_HEAD, id, max, &rows, err);

    *count = 0;
    if (rc != 0)
        return -1;
    if (!(*list = ARENA_ARRAY(arena, struct store_click, (size_t)rows.count)))
        rc = pg_no_room(err);
    for (int i = 0; rc == 0 && i < rows.count; i++) {
        struct kept_click k;
        if ((rc = pg_click_row(&rows, i, 0, arena, &k, err)) == 0)
            (*list)[(*count)++] = k.click;
    }
    pg_done(&rows);
    return rc;
}
