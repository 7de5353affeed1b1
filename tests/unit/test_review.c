/* What a review says of hourly counts: sums, shares, percentiles, findings with their thresholds, exact text. */
#include "core/review/review.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "adapters/store/tally.h"
#include "core/review/lines.h"

#define DAY   INT64_C(86400)
#define UNTIL INT64_C(1795392000) /* Mon 23 Nov 2026 00:00 */
#define WEEK  (7 * DAY)
#define OF(days_back) (UNTIL - (days_back) * DAY)

static const struct slice key_names[] = { SLICE("ttclid"), SLICE("email") };

static struct slice answer(struct arena *arena, struct slice name, bool *token)
{
    (void)arena;
    *token = slice_eq(name, S("40105"));
    return *token ? S("INVALID_ACCESS_TOKEN: wrong") : S("OK");
}

static int64_t utc(const void *context, int64_t at)
{
    (void)context;
    return at;
}

static const struct review_words words = { key_names, 2, answer };

struct desk {
    struct arena arena;
    struct review r;
};

static void begin(struct desk *d, int64_t since)
{
    struct err err = { 0 };

    arena_init(&d->arena, (size_t)16 << 20);
    d->r = (struct review){ .arena = &d->arena, .zone = S("UTC"), .since = since, .until = UNTIL, .words = &words,
                            .wall = utc };
    assert_int_equal(review_begin(&d->r, &err), 0);
}

static void put(struct desk *d, int64_t hour, enum review_kind kind, const char *name, int64_t slot, int64_t n)
{
    const struct review_count c = { hour, S("shop"), kind, slice_from(name), slot, n };

    review_add(&d->r, &c);
}

static void end(struct desk *d)
{
    struct err err = { 0 };

    if (review_end(&d->r, &err) != 0)
        fail_msg("%s", err.text);
}

static void done(struct desk *d)
{
    arena_free(&d->arena);
}

static void percentiles(void **state)
{
    static const struct {
        int64_t buckets[REVIEW_BUCKETS];
        int p;
        int64_t ms;
    } rows[] = {
        { { 0 }, 50, -1 },
        { { 1 }, 1, 100 },
        { { 1 }, 99, 100 },
        { { 50, 50 }, 50, 100 },  { { 50, 50 }, 51, 250 }, { { 49, 51 }, 50, 250 },
        { { 95, 4, 1 }, 95, 100 }, { { 95, 4, 1 }, 99, 250 }, { { 95, 4, 1 }, 100, 500 },
        { { [13] = 1 }, 50, 86400000 }, { { [14] = 1 }, 50, INT64_MAX },
        { { 10, [14] = 10 }, 50, 100 }, { { 10, [14] = 10 }, 51, INT64_MAX },
        { { -5, 3 }, 50, 250 }, /* a count that is below 0 counts as none */
        { { INT64_MAX, INT64_MAX }, 50, 100 },
    };

    static const int64_t bounds[] = TALLY_LATENCY_MS;

    (void)state;
    assert_memory_equal(bounds, review_bounds, sizeof(bounds)); /* those that the store counts by */
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (review_percentile(rows[i].buckets, rows[i].p) != rows[i].ms)
            fail_msg("row %zu: %lld", i, (long long)review_percentile(rows[i].buckets, rows[i].p));
}

static void sums(void **state)
{
    struct desk d;
    const struct review_count others[] = { { UNTIL, S("shop"), REVIEW_CLICKS, S(""), 0, 5 },
                                           { OF(14) - 3600, S("shop"), REVIEW_CLICKS, S(""), 0, 5 },
                                           { OF(1), S("shop"), (enum review_kind)99, S(""), 0, 5 },
                                           { OF(1), S("shop"), (enum review_kind)0, S(""), 0, 5 },
                                           { OF(1), S("shop"), REVIEW_POSTBACKS, S(""), 77, 5 },
                                           { OF(1), S("shop"), REVIEW_POSTBACKS, S(""), -1, 5 },
                                           { OF(1), S("shop"), REVIEW_KEYS, S("Lead"), 32, 5 },
                                           { OF(1), S("shop"), REVIEW_LATENCY, S("Lead"), 15, 5 },
                                           { OF(1), S("shop"), REVIEW_EVENTS, S("Lead"), 2, 5 } };
    const struct review_offer *o;

    (void)state;
    begin(&d, OF(7));
    put(&d, OF(7), REVIEW_CLICKS, "", 0, 3);
    put(&d, OF(7), REVIEW_CLICKS, "", 1, 2);
    put(&d, OF(7) - 3600, REVIEW_CLICKS, "", 0, 4);
    put(&d, OF(1), REVIEW_POSTBACKS, "sale", REVIEW_QUEUED, 10);
    put(&d, OF(1) + 3600, REVIEW_POSTBACKS, "lead", REVIEW_QUEUED, 1);
    put(&d, OF(1), REVIEW_VALUES, "Purchase", 'U' << 16 | 'S' << 8 | 'D', INT64_MAX);
    put(&d, OF(1), REVIEW_VALUES, "Lead", 'U' << 16 | 'S' << 8 | 'D', INT64_MAX);
    put(&d, UNTIL - 3600, REVIEW_EVENTS, "Lead", 1, 7); /* may still be on its way */
    put(&d, UNTIL - 7200, REVIEW_EVENTS, "Lead", 1, 5);
    put(&d, UNTIL - 7200, REVIEW_EVENTS, "Lead", 3, 2);
    put(&d, UNTIL - 7200, REVIEW_EVENTS, "Lead", 5, 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        review_add(&d.r, &others[i]);
    end(&d);
    o = d.r.offers;
    assert_null(o->next);
    assert_int_equal(o->clicks[REVIEW_NOW], 3);
    assert_int_equal(o->ttclid[REVIEW_NOW], 2);
    assert_int_equal(o->clicks[REVIEW_BEFORE], 4);
    assert_int_equal(o->verdicts[REVIEW_NOW][0], 11);
    assert_int_equal(o->flow[REVIEW_NOW].put, 12);
    assert_int_equal(o->flow[REVIEW_NOW].late, 2);
    assert_true(d.r.all.money->sent[REVIEW_NOW] == INT64_MAX);
    assert_int_equal(d.r.points, 7);
    assert_int_equal(o->days[6].verdicts[REVIEW_QUEUED], 11);
    assert_int_equal(d.r.all.days[0].clicks, 3);
    done(&d);
}

/* One finding of that id and weight, or none where id is NULL. */
static void only(struct desk *d, const char *id, enum review_weight weight, const char *title)
{
    const struct review_finding *f;

    end(d);
    f = d->r.findings;
    if (f && strcmp(f->id, "well") == 0)
        f = NULL;
    if (!id) {
        if (f)
            fail_msg("found %s: %.*s", f->id, SLICE_ARG(f->title));
    } else if (!f || f->next || strcmp(f->id, id) != 0 || f->weight != weight ||
               !slice_eq(f->title, slice_from(title))) {
        fail_msg("%s: found %s (%d) %.*s%s", title, f ? f->id : "nothing", f ? (int)f->weight : 0,
                 SLICE_ARG(f ? f->title : S("")), f && f->next ? " and more" : "");
    }
    done(d);
}

/* Leads of a day, so many of them without a value, all delivered at once. */
static void leads(struct desk *d, int64_t day, int64_t n, int64_t without)
{
    put(d, day, REVIEW_POSTBACKS, "lead", REVIEW_QUEUED, n);
    put(d, day, REVIEW_EVENTS, "Lead", 1, n);
    put(d, day, REVIEW_EVENTS, "Lead", 3, n);
    put(d, day, REVIEW_LATENCY, "Lead", 0, n);
    put(d, day, REVIEW_KEYS, "Lead", 0, n);
    put(d, day, REVIEW_VALUED, "Lead", 1, n - without);
    put(d, day, REVIEW_VALUED, "Lead", 0, without);
}

static void values(void **state)
{
    static const struct {
        int64_t before, days[7]; /* of 100 each day */
        const char *id, *title;
        enum review_weight weight;
    } rows[] = {
        { 2, { 2, 2, 2, 2, 2, 2, 2 }, NULL, NULL, REVIEW_GOOD },
        { 2, { 2, 2, 80, 80, 80, 80, 80 }, "without_value",
          "shop: Lead events without value rose from 2 % to 57.7 % since Wed 18 Nov 2026", REVIEW_BROKEN },
        { 2, { 2, 2, 30, 80, 80, 80, 80 }, "without_value", /* since it was half way there */
          "shop: Lead events without value rose from 2 % to 50.6 % since Wed 18 Nov 2026", REVIEW_BROKEN },
        { 0, { 13, 13, 13, 13, 13, 13, 13 }, "without_value",
          "shop: Lead events without value rose from 0 % to 13 %", REVIEW_WARNING },
        { 5, { 13, 13, 13, 13, 13, 13, 13 }, NULL, NULL, REVIEW_GOOD },
        { 40, { 40, 40, 40, 40, 40, 40, 40 }, "without_value",
          "shop: Lead events without value stay at 40 %", REVIEW_WARNING },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct desk d;
        begin(&d, OF(7));
        for (int k = 0; k < 7; k++) {
            leads(&d, OF(14) + k * DAY, 100, rows[i].before);
            leads(&d, OF(7) + k * DAY, 100, rows[i].days[k]);
        }
        only(&d, rows[i].id, rows[i].weight, rows[i].title);
    }
}

/* Fourteen usual days, and on top of them one count in the first week and one in the second. */
static void rules(void **state)
{
    static const struct {
        struct {
            enum review_kind kind;
            const char *name;
            int64_t slot, n;
        } before, now;
        const char *id, *title;
        enum review_weight weight;
    } rows[] = {
        { { REVIEW_CLICKS, "", 0, 0 }, { REVIEW_CLICKS, "", 0, 0 }, NULL, NULL, REVIEW_GOOD },
        /* 700 and n of all; under 1 % is nothing, from 10 % on something is broken */
        { { 0 }, { REVIEW_POSTBACKS, "", REVIEW_QUARANTINED, 6 }, NULL, NULL, REVIEW_GOOD },
        { { 0 }, { REVIEW_POSTBACKS, "", REVIEW_QUARANTINED, 8 }, "quarantined",
          "shop: quarantined postbacks rose from 0 % to 1.1 %", REVIEW_WARNING },
        { { 0 }, { REVIEW_POSTBACKS, "", REVIEW_QUARANTINED, 78 }, "quarantined",
          "shop: quarantined postbacks rose from 0 % to 10 %", REVIEW_BROKEN },
        { { 0 }, { REVIEW_POSTBACKS, "", REVIEW_DUPLICATE, 77 }, NULL, NULL, REVIEW_GOOD },
        { { 0 }, { REVIEW_POSTBACKS, "", REVIEW_DUPLICATE, 100 }, "duplicates",
          "shop: duplicate postbacks rose from 0 % to 12.5 %", REVIEW_WARNING },
        { { REVIEW_POSTBACKS, "", REVIEW_DUPLICATE, 90 }, { REVIEW_POSTBACKS, "", REVIEW_DUPLICATE, 100 }, NULL, NULL,
          REVIEW_GOOD },
        { { 0 }, { REVIEW_EVENTS, "Lead", 4, 3 }, NULL, NULL, REVIEW_GOOD },
        { { 0 }, { REVIEW_EVENTS, "Lead", 4, 35 }, "given_up", "shop: events given up rose from 0 % to 5 %", REVIEW_BROKEN },
        { { 0 }, { REVIEW_ANSWERS, "40105", 1, 2 }, "token",
          "TikTok refused a token: 40105, INVALID_ACCESS_TOKEN: wrong", REVIEW_BROKEN },
        { { REVIEW_ANSWERS, "40105", 1, 2 }, { 0 }, NULL, NULL, REVIEW_GOOD },
        { { 0 }, { REVIEW_ANSWERS, "0", 3, 9 }, NULL, NULL, REVIEW_GOOD },
        { { 0 }, { REVIEW_LATENCY, "Lead", 12, 300 }, "slow", "shop: delivery is slow: 95 % of the events took up to 6 h",
          REVIEW_WARNING },
        { { 0 }, { REVIEW_LATENCY, "Lead", 14, 300 }, "slow",
          "shop: delivery is slow: 95 % of the events took over 1 d", REVIEW_BROKEN },
        { { REVIEW_LATENCY, "Lead", 9, 300 }, { REVIEW_LATENCY, "Lead", 9, 300 }, NULL, NULL, REVIEW_GOOD },
        { { REVIEW_CLICKS, "", 0, 60 }, { 0 }, "no_clicks", "shop: no click was registered, while postbacks go on",
          REVIEW_BROKEN },
        { { REVIEW_CLICKS, "", 0, 59 }, { 0 }, NULL, NULL, REVIEW_GOOD },
        { { 0 }, { REVIEW_CLICKS, "", 0, 20 }, "clicks_without_ttclid", "shop: only 0 % of the clicks came with a ttclid",
          REVIEW_WARNING },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct desk d;
        begin(&d, OF(7));
        for (int k = 0; k < 14; k++)
            leads(&d, OF(14) + k * DAY, 100, 0);
        put(&d, OF(14), rows[i].before.kind, rows[i].before.name, rows[i].before.slot, rows[i].before.n);
        put(&d, OF(7), rows[i].now.kind, rows[i].now.name, rows[i].now.slot, rows[i].now.n);
        only(&d, rows[i].id, rows[i].weight, rows[i].title);
    }
}

static void more_rules(void **state)
{
    struct desk d;

    (void)state;
    begin(&d, OF(7)); /* what was put two hours ago and is nowhere */
    for (int k = 0; k < 14; k++)
        leads(&d, OF(14) + k * DAY, 100, 0);
    put(&d, UNTIL - 7200, REVIEW_EVENTS, "Lead", 1, 10);
    only(&d, "waiting", REVIEW_WARNING, "shop: 10 events still wait, more than an hour after they were made");
    begin(&d, OF(7)); /* all of them wait, but they are few */
    put(&d, OF(1), REVIEW_POSTBACKS, "lead", REVIEW_QUEUED, 19);
    put(&d, UNTIL - 7200, REVIEW_EVENTS, "Lead", 1, 19);
    only(&d, "waiting", REVIEW_WARNING, "shop: 19 events still wait, more than an hour after they were made");
    begin(&d, OF(7));
    put(&d, OF(1), REVIEW_POSTBACKS, "lead", REVIEW_QUEUED, 20);
    put(&d, UNTIL - 7200, REVIEW_EVENTS, "Lead", 1, 20);
    put(&d, OF(7), REVIEW_KEYS, "Lead", 0, 20);
    only(&d, "waiting", REVIEW_BROKEN, "shop: 20 events still wait, more than an hour after they were made");
    begin(&d, OF(7)); /* an offer of which nothing was before must have a quarter of them */
    put(&d, OF(7), REVIEW_POSTBACKS, "lead", REVIEW_QUEUED, 80);
    put(&d, OF(7), REVIEW_POSTBACKS, "lead", REVIEW_DUPLICATE, 20);
    only(&d, NULL, REVIEW_GOOD, NULL);
    begin(&d, OF(7)); /* two days without an event, while clicks go on */
    for (int k = 0; k < 12; k++)
        leads(&d, OF(14) + k * DAY, 100, 0);
    put(&d, OF(1), REVIEW_CLICKS, "", 0, 5);
    only(&d, "no_events", REVIEW_BROKEN, "shop: no Lead event since Sat 21 Nov 2026, while clicks go on");
    for (int n = 9; n <= 10; n++) { /* of nine a day two days without are chance, of ten they are not */
        begin(&d, OF(7));
        for (int k = 0; k < 12; k++)
            leads(&d, OF(14) + k * DAY, n, 0);
        put(&d, OF(1), REVIEW_CLICKS, "", 0, 5);
        only(&d, n == 9 ? NULL : "no_events", REVIEW_BROKEN, "shop: no Lead event since Sat 21 Nov 2026, while clicks go on");
    }
    begin(&d, OF(7)); /* neither does anything else */
    for (int k = 0; k < 12; k++)
        leads(&d, OF(14) + k * DAY, 100, 0);
    only(&d, NULL, REVIEW_GOOD, NULL);
    begin(&d, OF(7)); /* one day is chance, or not over yet */
    for (int k = 0; k < 13; k++)
        leads(&d, OF(14) + k * DAY, 100, 0);
    put(&d, OF(1), REVIEW_CLICKS, "", 0, 5);
    only(&d, NULL, REVIEW_GOOD, NULL);
    begin(&d, OF(7)); /* the key that names the ad is lost */
    for (int k = 0; k < 14; k++)
        leads(&d, OF(14) + k * DAY, 100, 0);
    put(&d, OF(7), REVIEW_KEYS, "Lead", 0, -400);
    only(&d, "without_ttclid", REVIEW_BROKEN, "shop: events with a ttclid fell from 100 % to 42.9 %");
    begin(&d, OF(7));
    only(&d, "silence", REVIEW_WARNING, "not one postback arrived");
}

/* Of more findings than people read the warnings are left out, not what is broken. */
static void many_findings(void **state)
{
    struct desk d;

    (void)state;
    begin(&d, OF(7));
    for (int i = 0; i < 71; i++) {
        char name[8];
        struct review_count c = { OF(1), { name, 0 }, REVIEW_POSTBACKS, S("lead"), REVIEW_QUEUED, 100 };
        c.offer.len = (size_t)snprintf(name, sizeof(name), "o%02d", i);
        review_add(&d.r, &c);
        c.slot = REVIEW_QUARANTINED;
        c.n = i < 70 ? 2 : 100;
        review_add(&d.r, &c);
    }
    end(&d);
    assert_int_equal(d.r.finding_count, 61);
    assert_int_equal(d.r.broken, 1);
    assert_int_equal(d.r.warnings, 70);
    assert_true(slice_eq(d.r.findings->offer, S("o70")));
    done(&d);
}

/* Alone there is no period before. */
static void alone(void **state)
{
    struct desk d;
    struct err err = { 0 };

    (void)state;
    begin(&d, OF(7));
    d.r = (struct review){ .arena = &d.arena, .zone = S("UTC"), .since = OF(7), .until = UNTIL, .words = &words, .wall = utc,
                           .alone = true };
    assert_int_equal(review_begin(&d.r, &err), 0);
    put(&d, OF(7), REVIEW_CLICKS, "", 0, 3);
    put(&d, OF(7) - 3600, REVIEW_CLICKS, "", 0, 4);
    end(&d);
    assert_true(d.r.before == OF(7));
    assert_int_equal(d.r.all.clicks[REVIEW_NOW], 3);
    assert_int_equal(d.r.all.clicks[REVIEW_BEFORE], 0);
    done(&d);
}

static void periods(void **state)
{
    static const struct {
        int64_t since, step;
        size_t points;
    } rows[] = { { UNTIL - 3600, 3600, 1 }, { OF(1), 3600, 24 }, { OF(3), 3600, 72 }, { OF(4), 86400, 4 },
                 { OF(7) - 5 * 3600, 86400, 8 }, { OF(400), 86400, 400 } };
    struct err err = { 0 };
    struct desk d;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        begin(&d, rows[i].since);
        assert_int_equal(d.r.step, rows[i].step);
        assert_int_equal(d.r.points, rows[i].points);
        assert_int_equal(d.r.starts[0], rows[i].since);
        done(&d);
    }
    begin(&d, OF(7));
    d.r.since = UNTIL;
    assert_int_equal(review_begin(&d.r, &err), -1);
    d.r.since = OF(401);
    assert_int_equal(review_begin(&d.r, &err), -1);
    assert_string_equal(err.text, "the period must be from one hour to 400 days long");
    done(&d);
}

/* Too many names are refused in words; too little memory as well. */
static void limits(void **state)
{
    struct err err = { 0 };
    struct desk d;
    char name[16];

    (void)state;
    begin(&d, UNTIL - 3600);
    for (int i = 0; i < REVIEW_GROUPS_MAX + 1; i++) {
        struct review_count c = { UNTIL - 3600, { name, 0 }, REVIEW_CLICKS, S(""), 0, 1 };
        c.offer.len = (size_t)snprintf(name, sizeof(name), "o%d", i);
        review_add(&d.r, &c);
    }
    assert_int_equal(review_end(&d.r, &err), -1);
    assert_string_equal(err.text, "there are more than 5000 offers and events: name one with --offer");
    done(&d);
    begin(&d, OF(7));
    d.arena.limit = d.arena.used;
    put(&d, OF(1), REVIEW_EVENTS, "Lead", 1, 1);
    assert_int_equal(review_end(&d.r, &err), -1);
    assert_string_equal(err.text, "out of memory: name an offer, or a shorter period");
    done(&d);
}

static const char *const small_text =
    "Signal health, the 7 days up to Mon 23 Nov 2026 00:00 (UTC), against the 7 days before\n"
    "\n"
    "  good     nothing stands out\n"
    "\n"
    "Completeness                                           now                before              change\n"
    "  clicks registered                                     12                    12                 0 %\n"
    "    with a ttclid                                        6      50 %          12     100 %     -50 %\n"
    "  postbacks received                                 1,001                     1               x1001\n";

/* In a window of 40 columns: what was before is left out. */
static const char *const narrow_text =
    "Signal health, the 7 days up to Mon 23\n"
    "  Nov 2026 00:00 (UTC), against the 7\n"
    "  days before\n"
    "\n"
    "  good     nothing stands out\n"
    "\n"
    "Completeness                  now\n"
    "  clicks registered            12\n"
    "    with a ttclid               6   50 %\n"
    "  postbacks received        1,001\n";

static void no_wider_than(struct slice text, size_t most)
{
    struct slice line;

    while (slice_next(&text, '\n', &line)) {
        size_t columns = 0;
        for (size_t i = 0; i < line.len; i++)
            columns += (line.ptr[i] & 0xc0) != 0x80;
        if (columns > most)
            fail_msg("%zu columns: %.*s", columns, SLICE_ARG(line));
    }
}

static void texts(void **state)
{
    struct desk d;
    struct buf out = { 0 };

    (void)state;
    begin(&d, OF(7));
    put(&d, OF(7), REVIEW_CLICKS, "", 0, 12);
    put(&d, OF(7), REVIEW_CLICKS, "", 1, 6);
    put(&d, OF(14), REVIEW_CLICKS, "", 0, 12);
    put(&d, OF(14), REVIEW_CLICKS, "", 1, 12);
    put(&d, OF(7), REVIEW_POSTBACKS, "sale", REVIEW_QUEUED, 1001);
    put(&d, OF(14), REVIEW_POSTBACKS, "sale", REVIEW_QUEUED, 1);
    put(&d, OF(7), REVIEW_REASONS, "I\x1b[31m\xff\xe2\x80\xae", REVIEW_IGNORED, 5);
    put(&d, UNTIL - 3600, REVIEW_EVENTS, "\xd0\x9f\xd0\xbe\xd0\xba\xd1\x83\xd0\xbf\xd0\xba\xd0\xb0 with a name that is too long for it", 1, 1);
    put(&d, OF(7), REVIEW_VALUES, "Lead", 'U' << 16 | 'S' << 8 | 'D', 1234500000);
    put(&d, OF(7), REVIEW_ANSWERS, "0", 3, 7);
    end(&d);
    review_text(&out, &d.r, 200);
    if (!slice_starts(buf_slice(&out), slice_from(small_text)))
        fail_msg("got\n%.*s", (int)strlen(small_text) + 200, out.ptr);
    assert_true(slice_find(buf_slice(&out), S("  I?[31m?? ")) < out.len);
    assert_true(slice_find(buf_slice(&out), S("    \xd0\x9f\xd0\xbe\xd0\xba\xd1\x83\xd0\xbf\xd0\xba\xd0\xb0 with a name that is..")) < out.len);
    no_wider_than(buf_slice(&out), 100);
    for (int width = 40; width < 100; width++) {
        buf_clear(&out);
        review_text(&out, &d.r, width);
        no_wider_than(buf_slice(&out), (size_t)width);
        assert_true((slice_find(buf_slice(&out), S("    before\n")) < out.len) == (width >= 70));
        assert_true(slice_find(buf_slice(&out), S(" change\n")) == out.len);
    }
    buf_clear(&out);
    review_text(&out, &d.r, 1); /* a window of no width that is one */
    if (!slice_starts(buf_slice(&out), slice_from(narrow_text)))
        fail_msg("got\n%.*s", (int)strlen(narrow_text) + 200, out.ptr);
    assert_true(slice_find(buf_slice(&out), S("\n  as sent            USD 1,234.50\n")) < out.len);
    assert_true(slice_find(buf_slice(&out), S("\n               7           0           0\n")) < out.len);
    buf_free(&out);
    done(&d);
}

/* Lines are as long as they may be, and not longer. */
static void wrapping(void **state)
{
    static const char tens[] = "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 ";
    struct buf text = { 0 }, out = { 0 };

    (void)state;
    buf_puts(&text, tens); /* 90 columns */
    buf_puts(&text, "1234567890 end");
    lines_wrapped(&out, buf_slice(&text), 100, 0, 4);
    assert_int_equal(slice_index(buf_slice(&out), '\n'), 100);
    assert_true(slice_ends(buf_slice(&out), S(" 1234567890\n    end\n")));
    buf_clear(&text);
    buf_clear(&out);
    buf_puts(&text, tens);
    buf_puts(&text, "12345678901 end");
    lines_wrapped(&out, buf_slice(&text), 100, 0, 4);
    assert_true(slice_ends(buf_slice(&out), S(" 123456789\n    12345678901 end\n")));
    buf_clear(&text);
    buf_clear(&out);
    for (int i = 0; i < 150; i++)
        buf_byte(&text, 'w');
    lines_wrapped(&out, buf_slice(&text), 100, 0, 4);
    assert_int_equal(slice_index(buf_slice(&out), '\n'), 100);
    buf_free(&text);
    buf_free(&out);
}

static void machines(void **state)
{
    struct desk d;
    struct buf out = { 0 };
    cJSON *json, *total;

    (void)state;
    begin(&d, OF(7));
    leads(&d, OF(1), 30, 10);
    put(&d, OF(1), REVIEW_VALUES, "Lead", 'U' << 16 | 'S' << 8 | 'D', 12500001);
    put(&d, OF(1), REVIEW_REASONS, "\"\n\xff", REVIEW_QUARANTINED, 1);
    end(&d);
    review_json(&out, &d.r);
    buf_byte(&out, '\0');
    assert_true(buf_ok(&out));
    json = cJSON_Parse(out.ptr);
    assert_non_null(json);
    total = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "total"), "events");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(total, "made"), "now")->valueint, 30);
    assert_true(slice_find(buf_slice(&out), S("\"without_value\":{\"now\":10,\"before\":0,\"share_now\":0.333,\"share_before\":null}")) < out.len);
    assert_true(slice_find(buf_slice(&out), S("\"values\":{\"USD\":{\"now\":\"12.500001\",\"before\":\"0\"}}")) < out.len);
    assert_true(slice_find(buf_slice(&out), S("{\"code\":\"\\\"\\n\xef\xbf\xbd\",\"verdict\":\"quarantined\"")) < out.len);
    cJSON_Delete(json);
    buf_clear(&out);
    review_html(&out, &d.r, S("us"));
    assert_true(buf_ok(&out));
    assert_true(slice_find(buf_slice(&out), S("USD 12.500001")) < out.len);
    assert_true(slice_ends(buf_slice(&out), S("<footer>us</footer>\n</body>\n</html>\n")));
    buf_free(&out);
    done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles), cmocka_unit_test(sums),    cmocka_unit_test(values), cmocka_unit_test(rules),
        cmocka_unit_test(more_rules),  cmocka_unit_test(periods), cmocka_unit_test(limits), cmocka_unit_test(texts),
        cmocka_unit_test(machines),    cmocka_unit_test(wrapping), cmocka_unit_test(many_findings), cmocka_unit_test(alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
