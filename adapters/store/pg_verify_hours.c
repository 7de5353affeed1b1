/* pg_verify_hours.c: the counts by the hour against the rows that they count: asked of the database, but for match keys, which stand
 * in the bodies of events: of these a day at a time is counted here. */
#include <stdio.h>
#include <time.h>

#include "adapters/store/pg_check.h"
#include "core/identity/match_key.h"
#include "core/payload/keys.h"

#define PAGE    500
#define DAY_S   86400
#define EMPTIED 12 /* beside enum store_tally_kind: events whose body a refusal has emptied, and so what keys they had */
#define NAME_MOST 60 /* bytes of a name that are shown */

/* Hours of which retention has removed rows, and the one between, say nothing. */
static int64_t first_hour(int64_t before_ms)
{
    return before_ms ? (before_ms / 3600000 + 1) * 3600 : INT64_MIN;
}

static void differs(struct pg_check *k, const struct store_tally *t, int64_t is)
{
    static const char *const kinds[] = { "of no kind", "clicks", "postbacks", "reasons", "warnings", "events", "latency", "valued", "values",
                                         "originals", "keys", "answers" };
    bool known = t->kind >= TALLY_CLICKS && t->kind <= TALLY_ANSWERS;
    struct slice name = slice_head(t->name, NAME_MOST), offer = slice_head(t->offer, NAME_MOST);
    time_t hour = (time_t)t->hour;
    char when[40] = "?", slot[32];
    struct tm tm;

    if (gmtime_r(&hour, &tm))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%MZ", &tm);
    if (t->kind == TALLY_VALUES || t->kind == TALLY_ORIGINALS)
        store_tally_currency_name(t->slot, slot);
    else if (t->kind == TALLY_KEYS && t->slot >= 0 && t->slot < MATCH_KEYS)
        snprintf(slot, sizeof(slot), "%.*s", SLICE_ARG(match_key_names[t->slot]));
    else
        snprintf(slot, sizeof(slot), "%d", t->slot);
    pg_say(k, "hours", 0, "%s offer %.*s: %s%s%.*s (%s) says %lld, the rows say %lld", when, SLICE_ARG(offer), kinds[known ? t->kind : 0],
           name.len ? " " : "", SLICE_ARG(name), slot, (long long)t->n, (long long)is);
}

static int check_counted(struct pg_check *k, int64_t clicks, int64_t ledger, struct err *err)
{
    static const int64_t most[] = TALLY_LATENCY_MS;
    struct pg_rows_read rows;
    struct pg_call c;

    pg_start(&c, k->s, PG_BAD_TALLIES);
    pg_int(&c, first_hour(clicks > ledger ? clicks : ledger)); /* counts of clicks go with those of the ledger */
    pg_int(&c, first_hour(ledger));
    pg_int(&c, ledger != 0);
    pg_ints(&c, most, sizeof(most) / sizeof(*most));
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < rows.count; i++) {
        const struct store_tally t = { .hour = pg_int_at(&rows, i, 0), .offer = pg_text_at(&rows, i, 1, &k->s->scratch),
                                       .kind = (enum store_tally_kind)pg_int_at(&rows, i, 2), .slot = (int)pg_int_at(&rows, i, 4),
                                       .name = pg_text_at(&rows, i, 3, &k->s->scratch), .n = pg_int_at(&rows, i, 5) };
        differs(k, &t, pg_int_at(&rows, i, 6));
    }
    pg_done(&rows);
    return 0;
}

/* ---- match keys ---- */

static void count_body(struct pg *s, const struct pg_rows_read *rows, int row)
{
    struct store_tally t = { .hour = store_tally_hour(pg_int_at(rows, row, 1) / 1000), .offer = pg_text_at(rows, row, 2, &s->scratch),
                             .kind = TALLY_EVENTS, .name = pg_text_at(rows, row, 3, &s->scratch), .slot = STORE_WAITING, .n = 1 };
    struct slice body = pg_text_at(rows, row, 4, &s->scratch);
    uint32_t keys = payload_keys(body);

    pg_tally_add(s, &t);
    t.kind = TALLY_KEYS;
    for (t.slot = 0; t.slot < MATCH_KEYS; t.slot++)
        if (keys >> t.slot & 1)
            pg_tally_add(s, &t);
    t.kind = EMPTIED;
    t.slot = 0;
    if (slice_eq(body, S("{}")))
        pg_tally_add(s, &t);
}

static int count_bodies(struct pg *s, int64_t from_ms, int64_t to_ms, struct err *err)
{
    int64_t after = INT64_MIN;
    int n = PAGE;

    while (n == PAGE) {
        struct pg_rows_read rows;
        struct pg_call c;
        arena_reset(&s->scratch);
        pg_start(&c, s, PG_KEY_BODIES);
        pg_int(&c, from_ms);
        pg_int(&c, to_ms);
        pg_int(&c, after);
        pg_int(&c, PAGE);
        if (pg_run(&c, &rows, err) != 0)
            return -1;
        n = rows.count;
        for (int i = 0; i < n; i++) {
            after = pg_int_at(&rows, i, 0);
            from_ms = pg_int_at(&rows, i, 1);
            count_body(s, &rows, i);
        }
        pg_done(&rows);
        if (s->scratch.full)
            return pg_no_room(err);
    }
    return 0;
}

/* How many events more than the rows show may have carried this key: bodies of visitors who refused are emptied, and addresses and
 * browsers are taken out of all when `retention: ip` has passed. */
static int64_t forgotten(struct pg *s, const struct store_tally *key)
{
    struct store_tally t = *key;
    bool cut = key->slot == MATCH_IP || key->slot == MATCH_USER_AGENT;

    t.kind = cut ? TALLY_EVENTS : (enum store_tally_kind)EMPTIED;
    t.slot = cut ? STORE_WAITING : 0;
    return pg_tally_get(s, &t);
}

/* What says and is are the same of is taken out: what is left was counted by nobody. */
static int check_day(struct pg_check *k, int64_t from, struct err *err)
{
    struct pg *s = k->s;
    struct pg_rows_read rows;
    struct store_tally t;
    struct pg_call c;

    pg_tally_forget(s);
    if (count_bodies(s, from * 1000, (from + DAY_S) * 1000, err) != 0)
        return -1;
    arena_reset(&s->scratch);
    pg_start(&c, s, PG_KEY_TALLIES);
    pg_int(&c, from);
    pg_int(&c, from + DAY_S);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    for (int i = 0; i < rows.count; i++) {
        t = (struct store_tally){ .hour = pg_int_at(&rows, i, 0), .offer = pg_text_at(&rows, i, 1, &s->scratch), .kind = TALLY_KEYS,
                                  .name = pg_text_at(&rows, i, 2, &s->scratch), .slot = (int)pg_int_at(&rows, i, 3) };
        int64_t says = pg_int_at(&rows, i, 4), is = pg_tally_get(s, &t);
        t.n = -is;
        pg_tally_add(s, &t);
        t.n = says;
        if (says < is || says - is > forgotten(s, &t))
            differs(k, &t, is);
    }
    pg_done(&rows);
    for (size_t i = 0; pg_tally_at(s, i, &t); i++) {
        int64_t is = t.n;
        t.n = 0;
        if (t.kind == TALLY_KEYS && is)
            differs(k, &t, is);
    }
    return pg_tally_check(s, err);
}

static int check_keys(struct pg_check *k, int64_t ledger, struct err *err)
{
    int64_t from_ms = ledger ? first_hour(ledger) * 1000 : INT64_MIN, from;
    struct pg_rows_read rows;
    struct pg_call c;
    int rc = 0;

    while (rc == 0) {
        pg_start(&c, k->s, PG_KEY_NEXT);
        pg_int(&c, from_ms);
        if (pg_run(&c, &rows, err) != 0)
            return -1;
        from = store_tally_hour(pg_int_at(&rows, 0, 0) / 1000);
        rc = pg_is_null(&rows, 0, 0) || from > INT64_MAX / 1000 - DAY_S;
        pg_done(&rows);
        if (rc == 0 && check_day(k, from, err) != 0)
            return -1;
        from_ms = rc == 0 ? (from + DAY_S) * 1000 : 0;
    }
    pg_tally_forget(k->s);
    return 0;
}

int pg_check_hours(struct pg_check *k, struct err *err)
{
    int64_t clicks, ledger;

    arena_reset(&k->s->scratch);
    if (pg_meta_get(k->s, "clicks_before", &clicks, err) < 0 || pg_meta_get(k->s, "ledger_before", &ledger, err) < 0)
        return -1;
    return check_counted(k, clicks, ledger, err) != 0 ? -1 : check_keys(k, ledger, err);
}
