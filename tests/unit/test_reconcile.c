/* The comparison: which postback a row is, why it was not delivered, what is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/reconcile/reconcile.h"

#define DAY INT64_C(86400)
#define NOW (INT64_C(20000) * DAY)

struct bench {
    struct arena arena;
    struct recon *r;
    struct recon_settings how;
    struct err err;
};

/* Written newest first, given oldest first. */
static const struct recon_postback ledger[] = {
    { 12, NOW - 2 * DAY, SLICE("o"), SLICE("sale"), SLICE(""), SLICE("twins"), SLICE("t2"), 1 },
    { 11, NOW - 2 * DAY, SLICE("o"), SLICE("sale"), SLICE(""), SLICE("twins"), SLICE("t1"), 1 },
    { 10, NOW - 2 * DAY, SLICE("o"), SLICE("sale"), SLICE(""), SLICE("lost"), SLICE(""), 1 },
    { 9, NOW - 3 * DAY, SLICE("o"), SLICE("refund"), SLICE("I001"), SLICE("back"), SLICE(""), 3 },
    { 8, NOW - 3 * DAY, SLICE("o"), SLICE("sale"), SLICE(""), SLICE("back"), SLICE(""), 1 },
    { 7, NOW - 3 * DAY, SLICE("o"), SLICE("sale"), SLICE("D001"), SLICE("ok"), SLICE("tx"), 2 },
    { 6, NOW - 3 * DAY, SLICE("o"), SLICE("sale"), SLICE(""), SLICE("ok"), SLICE("tx"), 1 },
    { 5, NOW - 3 * DAY, SLICE("o"), SLICE("lead"), SLICE(""), SLICE("ok"), SLICE(""), 1 },
    { 4, NOW - 4 * DAY, SLICE("o"), SLICE("sale"), SLICE("Q002"), SLICE("odd"), SLICE(""), 4 },
    { 3, NOW - 4 * DAY, SLICE("o"), SLICE("sale"), SLICE(""), SLICE("gone"), SLICE(""), 1 },
    { 2, NOW - 4 * DAY, SLICE("p"), SLICE("sale"), SLICE(""), SLICE("wait"), SLICE("ty"), 1 },
    { 1, NOW - 5 * DAY, SLICE("o"), SLICE("sale"), SLICE(""), SLICE("dead"), SLICE("tz"), 1 },
};
static const struct recon_event events[] = {
    { 9, 12, SLICE("USD"), SLICE("USD"), 5000000, 5000000, 3, false, true, { 0 }, { 0 } },
    { 8, 11, SLICE("USD"), SLICE("USD"), 5000000, 5000000, 3, false, true, { 0 }, { 0 } },
    { 7, 8, SLICE("USD"), SLICE("USD"), 5000000, 5000000, 3, false, true, { 0 }, { 0 } },
    { 6, 6, SLICE("USD"), SLICE("EUR"), 11000000, 10000000, 3, false, true, SLICE("aa"), SLICE("bb") },
    { 5, 5, SLICE("USD"), SLICE("USD"), 1000000, 1000000, 3, true, true, { 0 }, { 0 } },
    { 4, 3, SLICE(""), SLICE(""), 0, 0, 5, false, true, { 0 }, { 0 } },
    { 3, 2, SLICE(""), SLICE(""), 0, 0, 1, false, true, { 0 }, { 0 } },
    { 2, 1, SLICE("USD"), SLICE("USD"), 5000000, 5000000, 3, false, false, { 0 }, { 0 } },
    { 1, 1, SLICE("USD"), SLICE("USD"), 5000000, 5000000, 4, false, false, { 0 }, { 0 } },
    { 0, 77, SLICE("USD"), SLICE("USD"), 1, 1, 3, false, false, { 0 }, { 0 } }, /* of no postback here */
};

static void begin(struct bench *b, const struct recon_settings *how)
{
    b->err = (struct err){ 0 };
    arena_init(&b->arena, 1 << 20);
    b->how = how ? *how : (struct recon_settings){ .sample = 3 };
    b->how.now = NOW;
    b->how.first = NOW - 5 * DAY;
    b->how.window = 900;
    b->how.zone = zone_fixed(&b->arena, 0);
    b->r = recon_new(&b->how);
    assert_non_null(b->r);
    for (size_t i = sizeof(ledger) / sizeof(*ledger); i-- > 0;)
        assert_int_equal(recon_add_postback(b->r, &ledger[i], &b->err), 0);
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        assert_int_equal(recon_add_event(b->r, &events[i], &b->err), 0);
    recon_dead_code(b->r, 1, S("40062"));
    recon_target(b->r, S("USD"));
    assert_int_equal(recon_ledger_ready(b->r, &b->err), 0);
}

static void end(struct bench *b)
{
    recon_free(b->r);
    arena_free(&b->arena);
}

/* "tracker F001 2|..." */
static void causes(const struct bench *b, const struct recon_result *x, struct buf *out)
{
    for (size_t i = 0; i < x->cause_count; i++) {
        struct slice detail = recon_word(b->r, x->causes[i].detail);
        buf_printf(out, "%s%c %s", i ? "|" : "", side_names[x->causes[i].side][0],
                   cause_codes[x->causes[i].cause] + 1);
        if (detail.len)
            buf_printf(out, " %.*s", SLICE_ARG(detail));
        if (x->causes[i].count > 1)
            buf_printf(out, " x%llu", (unsigned long long)x->causes[i].count);
    }
    buf_byte(out, '\0');
}

#define AGO(days) .has_time = true, .at = NOW - (days) * DAY
#define EUR(n) .has_amount = true, .amount = (n) * INT64_C(1000000), .currency = SLICE("EUR")
#define USD(n) .has_amount = true, .amount = (n) * INT64_C(1000000), .currency = SLICE("USD")

static const struct {
    struct recon_row rows[3];
    const char *want; /* what of the tracker's side comes out */
} cases[] = {
    { { { .click_id = SLICE("ok"), .txid = SLICE("tx"), .status = SLICE("approved"), AGO(3), EUR(10) } }, "" },
    { { { .click_id = SLICE("ok"), .status = SLICE("lead"), AGO(3) } }, "t 012" },
    { { { .click_id = SLICE("ok"), .status = SLICE("Confirm"), AGO(3) } }, "" }, /* the sale, though the lead is older */
    { { { .click_id = SLICE("ok"), .txid = SLICE("tx"), AGO(3), EUR(11) } }, "t 016" },
    { { { .click_id = SLICE("ok"), .txid = SLICE("tx"), AGO(3), USD(10) } }, "t 016" },
    { { { .click_id = SLICE("ok"), .txid = SLICE("tx"), AGO(3), .has_amount = true, .amount = 10004999, .currency = SLICE("EUR") } }, "" },
    { { { .click_id = SLICE("ok"), .txid = SLICE("tx"), AGO(3), .has_amount = true, .amount = 10005001, .currency = SLICE("EUR") } }, "t 016" },
    /* a sale with another transaction id is not the sale that has one */
    { { { .click_id = SLICE("ok"), .txid = SLICE("ty2"), .status = SLICE("sale"), AGO(3) } }, "t 012" },
    { { { .click_id = SLICE("other"), .txid = SLICE("tx"), AGO(3) } }, "t 009" },
    { { { .txid = SLICE("tx"), AGO(3) } }, "" },
    { { { .click_id = SLICE("none"), AGO(3) } }, "t 001" },
    { { { .click_id = SLICE("none"), .status = SLICE("hold"), AGO(3) } }, "t 006" },
    { { { .click_id = SLICE("none"), AGO(6) } }, "t 018" },
    { { { .click_id = SLICE("none"), .has_time = true, .at = NOW - 100 } }, "t 007" },
    { { { .click_id = SLICE("none") }, { .click_id = SLICE("none") } }, "t 001|t 005" },
    { { { .click_id = SLICE("none"), USD(1) }, { .click_id = SLICE("none"), USD(2) } }, "t 001 x2" },
    { { { .click_id = SLICE("odd"), AGO(4) } }, "t 003 Q002" },
    { { { .click_id = SLICE("gone"), AGO(4) } }, "t 004 withdrawn" },
    { { { .click_id = SLICE("wait"), AGO(4) } }, "t 011" },
    { { { .click_id = SLICE("dead"), AGO(5) } }, "t 010 40062" },
    { { { .click_id = SLICE("lost"), AGO(2) } }, "t 018" }, /* its events are gone */
    { { { .click_id = SLICE("back"), .status = SLICE("Refunded"), AGO(3) } }, "t 015" },
    { { { .click_id = SLICE("back"), .status = SLICE("sale"), AGO(3) } }, "" },
    { { { .click_id = SLICE("odd"), .status = SLICE("TRASH"), AGO(4) } }, "t 006" },
    { { { .click_id = SLICE("twins"), .txid = SLICE("t1"), AGO(2) }, { .click_id = SLICE("twins"), .txid = SLICE("t2"), AGO(2) } }, "" },
    { { { .click_id = SLICE("twins"), .txid = SLICE("a"), AGO(2) }, { .click_id = SLICE("twins"), .txid = SLICE("b"), AGO(2) },
        { .click_id = SLICE("twins"), .txid = SLICE("c"), AGO(2) } }, "t 001" }, /* other ids of two, and one too many */
};

static void test_tracker(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct bench b;
        struct recon_result x;
        struct buf out = { 0 };
        char *own;
        begin(&b, NULL);
        for (size_t k = 0; k < 3; k++)
            if (cases[i].rows[k].click_id.len || cases[i].rows[k].txid.len)
                assert_int_equal(recon_add_tracker(b.r, &cases[i].rows[k], &b.err), 0);
        assert_int_equal(recon_finish(b.r, &x, &b.err), 0);
        causes(&b, &x, &out);
        own = strstr(out.ptr, "|l ");
        if (own)
            *own = '\0';
        if (strncmp(out.ptr, "l ", 2) == 0)
            *out.ptr = '\0';
        if (strcmp(out.ptr, cases[i].want) != 0)
            fail_msg("case %zu: %s, wanted %s", i, out.ptr, cases[i].want);
        buf_free(&out);
        end(&b);
    }
}

static bool doubled(void *context, struct slice currency, int64_t at, int64_t micros, int64_t *out)
{
    (void)context;
    (void)at;
    *out = micros * 2;
    return slice_eq(currency, S("EUR"));
}

static void test_whole(void **state)
{
    static const struct recon_row tracker[] = {
        { .click_id = SLICE("ok"), .txid = SLICE("tx"), AGO(3), EUR(10) },
        { .click_id = SLICE("none"), .offer = SLICE("N"), AGO(3), USD(7) },
        { .click_id = SLICE("far"), AGO(90) },
    };
    static const struct recon_row crm[] = {
        { .txid = SLICE("tx"), AGO(3), EUR(9) },
        { .click_id = SLICE("none"), AGO(3) },                  /* the tracker has it */
        { .click_id = SLICE("shop"), AGO(3), .currency = SLICE("XXX"), .has_amount = true }, /* nobody else */
        { .email = SLICE("aa") },                               /* the same as the first */
        { .phone = SLICE("bb"), .status = SLICE("cancelled") },
        { .email = SLICE("aa") },
    };
    const struct recon_settings how = { .sample = 9, .crm = true, .since = NOW - 10 * DAY,
                                        .normalise = doubled };
    struct bench b;
    struct recon_result x;
    struct buf out = { 0 };
    const struct recon_day *d;

    (void)state;
    begin(&b, &how);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(recon_add_tracker(b.r, &tracker[i], &b.err), 0);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(recon_add_crm(b.r, &crm[i], &b.err), 0);
    assert_int_equal(recon_tell(b.r, CAUSE_REFUSED, S("R001"), 7, &b.err), 0);
    assert_int_equal(recon_finish(b.r, &x, &b.err), 0);
    causes(&b, &x, &out);
    assert_string_equal(out.ptr, "t 001|c 001|c 005|c 014|c 015|c 016|l 002 R001 x7|"
                                 "l 013 delivered x3|l 013 dead|l 013 waiting|l 013 withdrawn|"
                                 "l 013 quarantined|l 013 ignored|l 013 unknown|l 015");
    assert_int_equal(x.file[SIDE_TRACKER].outside, 1);
    assert_int_equal(x.file[SIDE_TRACKER].expected, 2);
    assert_int_equal(x.file[SIDE_TRACKER].lost, 1);
    assert_int_equal(x.file[SIDE_TRACKER].delivered, 1);
    assert_int_equal(x.file[SIDE_CRM].lost, 2);
    assert_int_equal(x.sample_count, 2);
    assert_true(x.samples[0].in_crm && x.samples[1].in_crm);
    assert_int_equal(x.day_count, 7);
    d = &x.days[3]; /* three days ago, offer o */
    assert_int_equal(d->day, 20000 - 3);
    assert_true(slice_eq(recon_offer(b.r, d->offer), S("o")));
    assert_int_equal(d->n[IN_TRACKER], 1);
    assert_int_equal(d->n[RECEIVED], 5);
    assert_int_equal(d->n[UNIQUE], 4);
    assert_int_equal(d->n[DELIVERED], 3);
    assert_int_equal(d->n[IGNORED], 1);
    assert_int_equal(d->n[IN_CRM], 3);
    assert_int_equal(x.normal.sum[SIDE_TRACKER], 27000000); /* 10 EUR at 2, 7 USD */
    assert_int_equal(x.normal.without_rate[SIDE_CRM], 1);
    buf_free(&out);
    end(&b);
}

static void test_shift(void **state)
{
    static const struct {
        int64_t file_ahead;
        unsigned rows;
        bool zoned;
        int64_t want;
        unsigned right; /* of the rows that many are off by other hours, the first by none */
    } shifts[] = {
        { 3 * 3600, 6, false, 3 * 3600, 0 }, { -19800, 6, false, -19800, 0 }, { 3 * 3600, 4, false, 0, 0 },
        { 3 * 3600, 6, true, 0, 0 },         { 900, 6, false, 0, 0 },         { 30 * 3600, 6, false, 0, 0 },
        { 26 * 3600, 6, false, 26 * 3600, 0 },
        { 3 * 3600, 6, false, 3 * 3600, 2 }, { 3 * 3600, 5, false, 3 * 3600, 2 }, /* three of five are enough */
        { 3 * 3600, 6, false, 0, 3 },        { 3 * 3600, 6, false, 0, 4 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(shifts) / sizeof(*shifts); i++) {
        struct bench b;
        struct recon_result x;
        begin(&b, NULL);
        for (unsigned n = 0; n < shifts[i].rows; n++) {
            static const struct slice ids[] = { SLICE("ok"), SLICE("odd"), SLICE("gone"),
                                                SLICE("wait"), SLICE("dead"), SLICE("back") };
            static const int64_t ago[] = { 3, 4, 4, 4, 5, 3 };
            const struct recon_row row = { .click_id = ids[n], .has_time = true, .zoned = shifts[i].zoned,
                                           .at = NOW - ago[n] * DAY + 20 +
                                                 (n < shifts[i].right ? (int64_t)n * 5 * 3600 : shifts[i].file_ahead) };
            assert_int_equal(recon_add_tracker(b.r, &row, &b.err), 0);
        }
        assert_int_equal(recon_finish(b.r, &x, &b.err), 0);
        if (x.shift != shifts[i].want)
            fail_msg("shift %zu: %lld", i, (long long)x.shift);
        end(&b);
    }
}

/* What came just now may be in the next export; of several events the worst speaks for the postback. */
static void test_edge_and_worst(void **state)
{
    static const struct {
        int64_t ago;
        int states[2]; /* of events, in this order */
        const char *want;
    } rows[] = {
        { 100, { 3, 0 }, "l 007" },         { 1000, { 3, 0 }, "l 013 delivered" },
        { 1000, { 3, 3 }, "l 013 delivered" },
        { 1000, { 3, 5 }, "l 013 withdrawn" }, { 1000, { 5, 3 }, "l 013 withdrawn" },
        { 1000, { 1, 5 }, "l 013 waiting" },   { 1000, { 4, 1 }, "l 013 dead" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct recon_settings how = { .now = NOW, .window = 900 };
        const struct recon_postback pb = { 1, NOW - rows[i].ago, S("o"), S("sale"), S(""), S("c"), S(""), 1 };
        struct bench b = { .err = { 0 } };
        struct recon_result x;
        struct buf out = { 0 };
        arena_init(&b.arena, 4096);
        how.zone = zone_fixed(&b.arena, 0);
        b.r = recon_new(&how);
        assert_int_equal(recon_add_postback(b.r, &pb, &b.err), 0);
        for (int k = 0; k < 2 && rows[i].states[k]; k++) { /* the first one's amount is that of the postback */
            const struct recon_event ev = { k + 1, 1, S("USD"), k ? S("USD") : S("EUR"), 1, k ? 9000000 : 5000000, rows[i].states[k], false, true, { 0 }, { 0 } };
            assert_int_equal(recon_add_event(b.r, &ev, &b.err), 0);
        }
        assert_int_equal(recon_ledger_ready(b.r, &b.err), 0);
        assert_int_equal(recon_finish(b.r, &x, &b.err), 0);
        causes(&b, &x, &out);
        assert_string_equal(out.ptr, rows[i].want);
        if (rows[i].states[0] == 3 && rows[i].states[1] != 5) {
            assert_int_equal(x.money_count, 1);
            assert_true(slice_eq(recon_word(b.r, x.money[0].currency), S("EUR")) && x.money[0].ledger == 5000000);
        }
        buf_free(&out);
        end(&b);
    }
}

/* Each row has the same chance to be in the sample, wherever it stands. */
static void test_sample(void **state)
{
    unsigned of_quarter[4] = { 0 };

    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct recon_settings how = { .now = NOW, .sample = 10, .seed = seed };
        struct bench b = { .err = { 0 } };
        struct recon_result x;
        arena_init(&b.arena, 4096);
        how.zone = zone_fixed(&b.arena, 0);
        b.r = recon_new(&how);
        assert_int_equal(recon_ledger_ready(b.r, &b.err), 0);
        for (uint32_t i = 0; i < 400; i++) {
            char id[8];
            struct recon_row row = { .click_id = { id, 0 }, .line = i };
            row.click_id.len = (size_t)snprintf(id, sizeof(id), "c%u", i);
            assert_int_equal(recon_add_tracker(b.r, &row, &b.err), 0);
        }
        assert_int_equal(recon_finish(b.r, &x, &b.err), 0);
        assert_int_equal(x.sample_count, 10);
        for (size_t i = 0; i < 10; i++)
            of_quarter[x.samples[i].line / 100]++;
        end(&b);
    }
    for (int i = 0; i < 4; i++) /* 2,000 picks: five standard deviations are 97 */
        assert_in_range(of_quarter[i], 500 - 97, 500 + 97);
}

/* An amount without a currency has that of its postback; of a row that no postback is for, none. */
static void test_currency_of_the_postback(void **state)
{
    static const struct recon_row rows[] = {
        { .click_id = SLICE("ok"), .txid = SLICE("tx"), .status = SLICE("sale"), AGO(3), .has_amount = true, .amount = 9000000 },
        { .click_id = SLICE("none"), AGO(3), .has_amount = true, .amount = 7000000 },
    };
    struct bench b;
    struct recon_result x;
    struct buf out = { 0 };

    (void)state;
    begin(&b, NULL);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(recon_add_tracker(b.r, &rows[i], &b.err), 0);
    assert_int_equal(recon_finish(b.r, &x, &b.err), 0);
    for (size_t i = 0; i < x.money_count; i++) {
        struct slice name = recon_word(b.r, x.money[i].currency);
        if (x.money[i].rows[SIDE_TRACKER])
            buf_printf(&out, "%.*s %lld|", SLICE_ARG(name), (long long)x.money[i].tracker);
    }
    buf_byte(&out, '\0');
    assert_string_equal(out.ptr, "EUR 9000000| 7000000|");
    buf_free(&out);
    end(&b);
}

/* A click with very many postbacks takes no more than a look at some of them. */
static void test_hot_click(void **state)
{
    const struct recon_settings how = { .now = NOW };
    struct err err = { 0 };
    struct arena arena;
    struct recon_settings s = how;
    struct recon_result x;
    struct recon *r;

    (void)state;
    arena_init(&arena, 4096);
    s.zone = zone_fixed(&arena, 0);
    r = recon_new(&s);
    for (int64_t i = 1; i <= 100000; i++) {
        const struct recon_postback pb = { i, 1000, S("o"), S("sale"), S(""), S("hot"), S(""), 1 };
        assert_int_equal(recon_add_postback(r, &pb, &err), 0);
    }
    assert_int_equal(recon_ledger_ready(r, &err), 0);
    assert_int_equal(recon_finish(r, &x, &err), 0);
    assert_int_equal(x.file[SIDE_LEDGER].rows, 100000);
    recon_free(r);
    arena_free(&arena);
}

/* Sums of the largest amounts stay at the end of the range. */
static void test_large_amounts(void **state)
{
    const int64_t most = INT64_C(1000000000000) * 1000000;
    struct bench b;
    struct recon_result x;

    (void)state;
    begin(&b, NULL);
    for (uint32_t i = 0; i < 20; i++) {
        const struct recon_row row = { .click_id = S("ok"), .txid = S("tx"), .status = S("sale"), AGO(3), .has_amount = true,
                                       .amount = most - i, .currency = S("EUR"), .line = i + 2 };
        assert_int_equal(recon_add_tracker(b.r, &row, &b.err), 0);
    }
    for (uint32_t i = 0; i < 20; i++) { /* without a transaction id the amount tells them apart */
        const struct recon_row row = { .click_id = S("ok"), .status = S("sale"), AGO(3), .has_amount = true,
                                       .amount = most - i, .currency = S("EUR"), .line = i + 30 };
        assert_int_equal(recon_add_tracker(b.r, &row, &b.err), 0);
    }
    assert_int_equal(recon_finish(b.r, &x, &b.err), 0);
    assert_int_equal(x.matched_tracker, INT64_MAX);
    end(&b);
}

/* A file with another offer and currency in every row: names end, sums go on. */
static void test_many_words(void **state)
{
    struct bench b;
    struct recon_result x;
    char name[24], currency[4] = "AAA";

    (void)state;
    begin(&b, NULL);
    for (unsigned i = 0; i < 60000; i++) {
        struct recon_row row = { .click_id = { name, 0 }, .offer = { name, 0 }, AGO(3), .has_amount = true,
                                 .amount = 1000000, .currency = { currency, 3 }, .line = i + 2 };
        struct buf text = { 0 };
        buf_printf(&text, "n%u", i);
        memcpy(name, text.ptr, text.len);
        row.click_id.len = row.offer.len = text.len;
        buf_free(&text);
        currency[0] = (char)('A' + i % 26);
        currency[1] = (char)('A' + i / 26 % 26);
        currency[2] = (char)('A' + i / 676 % 26);
        assert_int_equal(recon_add_tracker(b.r, &row, &b.err), 0);
    }
    assert_int_equal(recon_finish(b.r, &x, &b.err), 0);
    assert_int_equal(x.file[SIDE_TRACKER].lost, 60000);
    assert_true(x.money_count >= 17576 && x.day_count > 20000);
    end(&b);
}

/* Rows that no postback was found for are of the offer that their name's other rows are of, or of nobody known. */
static void test_whose(void **state)
{
    static const struct {
        const char *rows; /* "click name" */
        const char *want; /* offer, the ledger's or not, promised and lost of the tracker's file, surplus */
        const char *asked;
    } names[] = {
        { "ok N,m1 N", "o 1 2 1 3|p 1 0 0 0|", "" },
        { "ok N,wait N,m1 N", "N 0 1 1 0|o 1 1 0 3|p 1 1 0 0|", "" },          /* one each */
        { "wait N,odd N,lost N,dead N,gone N,m1 N", "N 0 1 1 0|o 1 2 2 5|p 1 1 0 0|", "" }, /* four of five is not surely */
        { "ok ,m1 ", "o 1 2 1 3|p 1 0 0 0|", "" },                              /* no column of offers */
        { "ok ,wait ,m1 ", " 0 1 1 0|o 1 1 0 3|p 1 1 0 0|", "" },
        { "m1 p,m2 p", "o 1 0 0 5|p 1 2 2 0|", "" },                            /* clickbaton's own name */
        { "m1 N,m2 ", " 0 1 1 0|N 0 1 1 0|o 1 0 0 5|p 1 0 0 0|", "" },          /* nothing came of any */
        { "m1 N,m2 ,ok N", "o 1 3 2 3|", "o" },                                 /* --offer */
        { "m1 p,m2 M", "o 1 1 1 5|p 1 1 1 0|", "o" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct recon_settings how = { .sample = 1, .offer = slice_from(names[i].asked) };
        struct slice rest = slice_from(names[i].rows), one;
        struct recon_result x;
        struct buf got = { 0 };
        struct bench b;
        begin(&b, &how);
        while (slice_next(&rest, ',', &one)) {
            struct recon_row row = { .status = S("sale"), AGO(3) };
            slice_cut(one, ' ', &row.click_id, &row.offer);
            assert_int_equal(recon_add_tracker(b.r, &row, &b.err), 0);
        }
        assert_int_equal(recon_finish(b.r, &x, &b.err), 0);
        for (const char *name = " Nop"; *name; name++) /* in this order */
            for (size_t k = 0; k < x.offer_count; k++) {
                const struct recon_offer_sum *o = &x.offers[k];
                if (o->offer.len ? o->offer.ptr[0] == *name : *name == ' ')
                    buf_printf(&got, "%.*s %d %d %d %d|", SLICE_ARG(o->offer), o->here, (int)o->promised[SIDE_TRACKER],
                               (int)o->lost[SIDE_TRACKER], (int)o->lost[SIDE_LEDGER]);
            }
        buf_byte(&got, '\0');
        if (strcmp(got.ptr, names[i].want) != 0)
            print_error("case %zu: %s, wanted %s\n", i, got.ptr, names[i].want);
        assert_string_equal(got.ptr, names[i].want);
        buf_free(&got);
        end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tracker),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_shift),
        cmocka_unit_test(test_edge_and_worst),
        cmocka_unit_test(test_currency_of_the_postback),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_hot_click),
        cmocka_unit_test(test_large_amounts),
        cmocka_unit_test(test_many_words),
        cmocka_unit_test(test_whose),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
