/* Values: what is said about rules that do not fit, and how a value comes about, step by step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/translate/translate.h"
#include "tests/support/mapping_bench.h"

#define HEAD   "version: 1\noffer: o\nextends: generic\npixel: C9X\npage_url: https://l.example/\n"
#define DOLLAR HEAD "value_currency: USD\n"
#define NOW    1790000000

static const struct bench_file files[] = {
    { "models.yaml", "version: 1\nvalue_models:\n"
                     "  lead-quality:\n"
                     "    value: {tiers: {raw: 10, verified: 30}, by: \"{param.quality}\"}\n"
                     "    currency: EUR\n"
                     "  net: {value: payout, minus: {from: \"{cost}\", currency: EUR}, min: 1}\n"
                     "  plan: {value: 9.99, lifetime: {months: 6, keep: 85}}\n" },
    { "bad.yaml", "version: 1\nvalue_models:\n"
                  "  a: {value: {model: b}}\n"
                  "  b: {valeu: payout}\n"
                  "  c: {value: 5, min: 3, max: 2}\n"
                  "  d: payout\n" },
    { "empty.yaml", "version: 1\n" },
    { "path.yaml", "version: 1\nvalue_models: models.yaml\n" },
    { "broken.yaml", "version: [\n" },
    { "parent", "version: 1\ntracker: generic\nextends: generic\nvalue_models:\n"
                "  net: {value: payout, percent: 50}\n  other: {value: 7, currency: USD}\n" },
    { NULL, NULL },
};

/* ---- rules that do not fit ---- */

static void problems(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        { DOLLAR "events:\n  sale: {event: Purchase, value: {table: {}, by: \"{param.c}\"}}\n"
                 "  lead: {event: Lead, value: {table: {DE: 1, de: 2, AT: payuot, US: 0%, FR: 101%,\n"
                 "    GB: -1, PL: 1e2, \" IT\": 5, ES: 5 %}, by: \"{param.c}\", default: x}}\n",
          "o.yaml:8:42 error M022 `table` has no entry | write {table: {DE: 12.50}, by: "
          "\"{param.country}\"}\n"
          "o.yaml:9:46 error M022 the entry \"de\" stands there already | case makes no "
          "difference: keep one of them\n"
          "o.yaml:9:57 error M009 an entry can't be \"payuot\" | did you mean \"payout\"?\n"
          "o.yaml:9:69 error M022 with 0 percent the value would always be 0 | leave `value` out "
          "to send none\n"
          "o.yaml:9:77 warning M022 a share of the payout is above 100: more than the value will "
          "be sent\n"
          "o.yaml:10:9 error M009 an entry must be an amount, but \"-1\" is negative | write it "
          "like 12.50\n"
          "o.yaml:10:17 error M009 an entry must be an amount, but \"1e2\" is written with an "
          "exponent | write it like 12.50\n"
          "o.yaml:10:22 error M022 \" IT\" would never be found: blanks around words do not count "
          "| remove the blanks; what stands for everything else is `default`\n"
          "o.yaml:10:68 error M009 `default` can't be \"x\" | an amount, payout, or a share of it "
          "such as 80%\n" },
        { DOLLAR "events:\n  sale: {event: Purchase, value: {table: {DE: 1}}}\n"
                 "  lead: {event: Lead, value: {table: {DE: 1}, tiers: {a: 1}, by: \"{txid}\"}}\n"
                 "  rebill: {event: Lead, value: {table: {DE: 1}, by: country}}\n"
                 "  refund: {event: Lead, value: {table: 5, by: \"{txid}\"}}\n",
          "o.yaml:8:34 error M003 `by:` is missing | say what chooses the entry: by: "
          "\"{param.country}\"\n"
          "o.yaml:9:31 error M022 `value` has both `tiers` and `table` | keep one: tiers are a "
          "table whose default names one of its entries\n"
          "o.yaml:10:53 error M022 `by` would choose the same for every postback | name a "
          "parameter or field: by: \"{param.quality}\"\n"
          "o.yaml:11:40 error M002 `table` must be a map (key: value), but this is text | "
              "write its keys below it, or {key: value}\n" },
        { DOLLAR "events:\n"
                 "  sale: {event: Purchase, value: payout, minus: {param.cost}}\n"
                 "  lead: {event: Lead, minus: 2}\n"
                 "  rebill: {event: Lead, value: payout, minus: 0}\n"
                 "  refund: {event: Lead, value: payout, minus: 20%}\n"
                 "  chargeback: {event: Lead, value: payout, minus: {currency: EURO}}\n"
                 "  rejected: {event: Lead, value: payout, minus: {from: \"{cots}\", curency: EUR}}\n",
          "o.yaml:8:49 error M002 `minus` must be text, but this is a map | put it in quotes: "
          "\"{param.cost}\"\n"
          "o.yaml:9:23 error M022 `minus` without a `value` | add value: payout\n"
          "o.yaml:10:47 error M022 `minus: 0` takes nothing off | leave `minus` out\n"
          "o.yaml:11:47 error M009 `minus` is an amount, but \"20%\" is a share | to send a share, "
          "say how much of it stays: percent: 80\n"
          "o.yaml:12:51 error M003 `from:` is missing | write {from: \"{cost}\", currency: EUR}\n"
          "o.yaml:12:62 error M014 `currency`: \"EURO\" is not a currency code | three letters, "
          "such as USD or EUR (ISO 4217)\n"
          "o.yaml:13:56 error M006 unknown field \"cots\" | did you mean \"cost\"?\n"
          "o.yaml:13:66 error M001 unknown key \"curency\" in `minus` | did you mean "
          "\"currency\"?\n" },
        { DOLLAR "events:\n"
                 "  sale: {event: Purchase, value: payout, lifetime: {months: 1, keep: 0}}\n"
                 "  lead: {event: Lead, value: 5, lifetime: {months: 61, keep: 100.1}}\n"
                 "  rebill: {event: Lead, value: 5, lifetime: {months: 2.5, keep: 0.99}}\n"
                 "  refund: {event: Lead, value: 5, lifetime: {month: 6}}\n"
                 "  chargeback: {event: Lead, lifetime: {months: 2, keep: 1}}\n"
                 "  rejected: {event: Lead, value: 5, lifetime: 6}\n",
          "o.yaml:8:61 error M034 `months` can't be \"1\" | leave `lifetime` out: one month is the "
          "value itself\n"
          "o.yaml:8:70 error M034 `keep` can't be \"0\" | how many of a hundred subscribers stay "
          "from one month to the next, 1 to 100: keep: 85\n"
          "o.yaml:9:52 error M034 `months` can't be \"61\" | a whole number from 2 to 60, such as "
          "months: 6\n"
          "o.yaml:9:62 error M034 `keep` can't be \"100.1\" | how many of a hundred subscribers "
          "stay from one month to the next, 1 to 100: keep: 85\n"
          "o.yaml:10:54 error M034 `months` can't be \"2.5\" | a whole number from 2 to 60, such as "
          "months: 6\n"
          "o.yaml:10:65 error M034 `keep` can't be \"0.99\" | how many of a hundred subscribers "
          "stay from one month to the next, 1 to 100: keep: 85\n"
          "o.yaml:11:45 error M003 `keep:` is missing | write lifetime: {months: 6, keep: 85}\n"
          "o.yaml:11:46 error M001 unknown key \"month\" in `lifetime` | did you mean \"months\"?\n"
          "o.yaml:12:29 error M022 `lifetime` without a `value` | add value: payout\n"
          "o.yaml:13:47 error M002 `lifetime` must be a map (key: value), but this is text | "
              "write its keys below it, or {key: value}\n" },
        { HEAD "events:\n  sale: {event: Purchase, value: {table: {DE: 5, AT: payout}, by: "
               "\"{txid}\"}}\n"
               "  lead: {event: Lead, value: {table: {DE: 80%}, by: \"{txid}\"}, currency: EUR}\n"
               "  rebill: {event: Lead, value: {table: {DE: 80%}, by: \"{txid}\", default: 5}, "
               "currency: GEL}\n",
          "o.yaml:7:34 warning M022 a postback without a currency will be quarantined | add "
          "value_currency: USD\n"
          "o.yaml:7:34 error M022 a value without a currency | add value_currency: USD\n"
          "o.yaml:8:30 warning M022 a postback without a currency will be quarantined | add "
          "value_currency: USD\n"
          "o.yaml:8:64 error M022 `currency` belongs to fixed amounts, and the table has none | a "
          "payout's currency comes with the postback, or from payout_currency\n"
          "o.yaml:9:32 warning M022 a postback without a currency will be quarantined | add "
          "value_currency: USD\n"
          "o.yaml:9:32 error M014 TikTok does not take GEL | add value_currency: USD\n" },
        /* models */
        { DOLLAR "value_models: models.yaml\nevents:\n"
                 "  sale: {event: Purchase, value: {model: lead-qualty}}\n"
                 "  lead: {event: Lead, value: {model: net, percent: 80}}\n"
                 "  rebill: {event: Lead, value: {model: net}, minus: 2, min: 0.5, max: 0.9}\n"
                 "  refund: {event: Lead, value: {model: net}, max: 0.5}\n"
                 "  chargeback: {event: Lead, value: {model: net}, currency: EUR}\n"
                 "  rejected: {event: Lead, value: {model: }}\n",
          "o.yaml:9:42 error M030 there is no value model \"lead-qualty\" | did you mean "
          "\"lead-quality\"?\n"
          "o.yaml:10:43 error M001 unknown key \"percent\" in a `value` that names a model | one "
          "of: model\n"
          "o.yaml:11:46 error M031 `minus` is said by the model \"net\" already | take it out here, "
          "or out of the model (models.yaml:6)\n"
          "o.yaml:11:56 error M031 `min` is said by the model \"net\" already | take it out here, or "
          "out of the model (models.yaml:6)\n"
          "o.yaml:12:51 error M022 `min` is larger than `max` | correct one of the "
              "two, or swap them\n"
          "o.yaml:13:50 error M022 `currency` belongs to a fixed value | a payout's currency comes "
          "with the postback, or from payout_currency\n"
          "o.yaml:14:42 error M002 `model` must be text, but this is empty | "
              "write a value behind it, or take the key out\n" },
        { DOLLAR "value_models: bad.yaml\nevents:\n  sale: {event: Purchase, value: {model: c}}\n"
                 "  lead: {event: Lead, value: {model: nobody}}\n",
          "bad.yaml:3:15 error M032 a value model can't name another | write the value out: a "
          "number, payout, {tiers: ...} or {table: ...}\n"
          "bad.yaml:4:7 error M001 unknown key \"valeu\" in a value model | did you mean "
          "\"value\"?\n"
          "bad.yaml:5:22 error M022 `min` is larger than `max` | correct one of the "
              "two, or swap them\n"
          "bad.yaml:6:6 error M002 a value model must be a map (key: value), but this is text | "
              "write its keys below it, or {key: value}\n" },
        { DOLLAR "value_models: {a: {value: 5}}\nevents: {sale: {event: Purchase, value: {model: "
                 "b}}}\n",
          "o.yaml:8:49 error M030 there is no value model \"b\" | one of: a\n" },
        { DOLLAR "events: {sale: {event: Purchase, value: {model: b}}}\n",
          "o.yaml:7:49 error M030 there is no value model \"b\" | write it under value_models:, or "
          "name the file that holds it there\n" },
        { DOLLAR "value_models: [a]\nevents: {sale: Purchase}\n",
          "o.yaml:7:15 error M002 `value_models` must be a map (key: value), but this is a list | "
              "write its keys below it, or {key: value}\n" },
        { DOLLAR "value_models: ../keys/tiktok\nevents: {sale: {event: Purchase, value: {model: "
                 "b}}}\n",
          "o.yaml:7:15 error M033 `value_models` can't be \"../keys/tiktok\" | a path beside this "
          "file, such as ../value-models.yaml; or the models themselves: {lead: {value: 10}}\n" },
        { DOLLAR "value_models: no.yaml\nevents: {sale: {event: Purchase, value: {model: b}}}\n",
          "o.yaml:7:15 error M033 the file of value models \"no.yaml\" can't be read | looked "
          "everywhere\n" },
        { DOLLAR "value_models: empty.yaml\nevents: {sale: {event: Purchase, value: {model: b}}}\n",
          "empty.yaml:1:1 error M003 `value_models:` is missing | write value_models: {lead: {value: "
          "10, currency: USD}}\n" },
        { DOLLAR "value_models: path.yaml\nevents: {sale: {event: Purchase, value: {model: b}}}\n",
          "path.yaml:2:15 error M002 `value_models` must be a map (key: value), but this is "
          "text | "
              "write its keys below it, or {key: value}\n" },
        { HEAD "value_models: models.yaml\nevents: {lead: {event: Lead, value: {model: "
               "plan}}}\n",
          "o.yaml:7:37 error M022 a value without a currency | add value_currency: USD\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mapping_bench b;
        const char *got;
        mapping_bench_open(&b, files, 0);
        assert_null(mapping_bench_load(&b, "o.yaml", slice_from(rows[i].text)));
        got = mapping_bench_problems(&b);
        if (strcmp(got, rows[i].expected) != 0) { /* fail_msg would cut it */
            fprintf(stderr, "%s\nexpected\n%s\ngot\n%s", rows[i].text, rows[i].expected, got);
            fail_msg("row %zu", i);
        }
        mapping_bench_close(&b);
    }
}

/* Three offers name one bad file: each mistake is said once. */
static void shared_mistakes_once(void **state)
{
    struct mapping_bench b;

    (void)state;
    mapping_bench_open(&b, files, 0);
    for (int i = 0; i < 3; i++)
        assert_null(mapping_bench_load(&b, "o.yaml",
                                       S(DOLLAR "value_models: bad.yaml\nevents: {sale: "
                                                "Purchase}\n")));
    assert_int_equal(b.diags.errors, 4);
    mapping_bench_close(&b);
}

static void files_of_models(void **state)
{
    static const char good[] = "version: 1\nvalue_models: {a: {value: payout}}\n";
    static const struct {
        const char *text;
        int rc;
        unsigned errors;
    } rows[] = {
        { good, 0, 0 },
        { "version: 1\nvalue_models: {a: {value: pay}}\n", -1, 1 },
        { "version: 1\nvalue_models: {a: {value: 5}}\nextra: 1\n", -1, 1 },
        { "value_models: {}\n", -1, 1 },
        { "value_models: [\n", -1, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct source source = { SLICE("m.yaml"), slice_from(rows[i].text) };
        struct mapping_bench b;
        mapping_bench_open(&b, files, 0);
        if (mapping_check_models(&b.loader, &source) != rows[i].rc ||
            b.diags.errors != rows[i].errors)
            fail_msg("row %zu: %s", i, mapping_bench_problems(&b));
        mapping_bench_close(&b);
    }
    assert_true(mapping_is_models(slice_from(good)));
    assert_false(mapping_is_models(S("version: 1\noffer: o\nvalue_models: {}\n")));
    assert_false(mapping_is_models(S("version: 1\nvalue_models: {}\nevents: {}\n")));
    assert_false(mapping_is_models(S("version: 1\n value_models: {}\n")));
    assert_false(mapping_is_models(S("")));
}

/* ---- lifetime ---- */

/* Counted with Python's Fraction, rounded half to even. */
static void lifetimes(void **state)
{
    static const struct {
        const char *months, *keep;
        int64_t times;
    } rows[] = {
        { "6", "85", 4152337 },        { "2", "85.00005", 1850000 }, { "2", "85.00015", 1850002 },
        { "8", "50", 1992188 },        { "60", "100", 60000000 },    { "60", "99.999999", 59999982 },
        { "12", "70.5", 3338727 },     { "2", "1", 1010000 },        { "60", "1", 1010101 },
        { "24", "93.75", 12600378 },   { "3", "33.333333", 1444444 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct buf text = { 0 };
        struct mapping_bench b;
        struct offer *o;
        buf_printf(&text, DOLLAR "events: {sale: {event: Purchase, value: payout, lifetime: {months: "
                                 "%s, keep: %s}}}\n",
                   rows[i].months, rows[i].keep);
        mapping_bench_open(&b, files, 0);
        o = mapping_bench_load(&b, "o.yaml", buf_slice(&text));
        if (!o || o->rules[0].events->value.lifetime.times.micros != rows[i].times)
            fail_msg("row %zu: %s", i, mapping_bench_problems(&b));
        buf_free(&text);
        mapping_bench_close(&b);
    }
}

/* ---- step by step ---- */

struct run {
    struct mapping_bench files;
    struct arena arena;
    struct rates *rates;
    struct translator translator;
    struct offer *offer;
    struct translation t;
    struct buf text;
};

static void run_open(struct run *r, const char *offer)
{
    static const struct source rates = {
        SLICE("rates.yaml"),
        SLICE("version: 1\nbase: EUR\nsource: test\ndays: {2026-09-01: {USD: 1.25, GBP: 0.8, JPY: "
              "160, KWD: 0.375}}\n"),
    };

    *r = (struct run){ .rates = NULL };
    mapping_bench_open(&r->files, files, 0);
    arena_init(&r->arena, 1 << 20);
    r->rates = rates_load(&r->files.arena, &rates, &r->files.diags);
    r->translator = (struct translator){ .rates = r->rates, .hasher = identity_hasher_new() };
    r->offer = mapping_bench_load(&r->files, "o.yaml", slice_from(offer));
    if (!r->offer || !r->rates || !r->translator.hasher)
        fail_msg("%s", mapping_bench_problems(&r->files));
}

static void run_close(struct run *r)
{
    identity_hasher_free(r->translator.hasher);
    buf_free(&r->text);
    arena_free(&r->arena);
    mapping_bench_close(&r->files);
}

static void print_steps(struct buf *b, const struct trail *trail)
{
    for (const struct trail_step *s = trail->first; s; s = s->next) {
        if (!slice_eq(s->field, S("properties.value")) &&
            !slice_eq(s->field, S("properties.currency")))
            continue;
        buf_printf(b, "%.*s: %.*s", SLICE_ARG(s->value), SLICE_ARG(s->done));
        if (s->at.source && slice_starts(s->at.source->name, S("mappings/")))
            buf_printf(b, " [%.*s]", SLICE_ARG(s->at.source->name));
        else if (s->at.source)
            buf_printf(b, " [%.*s:%u]", SLICE_ARG(s->at.source->name), s->at.line);
        buf_byte(b, '\n');
    }
}

/* "3.5 USD of 5 EUR W023\n" and the steps; or "Q003 reason\n". */
static const char *run_one(struct run *r, const char *query, bool told)
{
    struct params p = { .arena = &r->arena };
    struct err err = { 0 };
    struct slice raw;

    arena_reset(&r->arena);
    raw = arena_printf(&r->arena, "ttclid=E.C.P.abc&%s", query);
    r->t = (struct translation){ .arena = &r->arena,
                                 .notes = { .arena = &r->arena },
                                 .trail = { .on = told, .arena = &r->arena } };
    p.notes = &r->t.notes;
    assert_int_equal(params_query(&p, raw, &err), 0);
    assert_int_equal(translate_read(r->offer, &p, &r->arena, &r->t, &err), 0);
    assert_int_equal(translate_finish(&r->translator, r->offer, &p, NULL, NOW, &r->t, &err), 0);
    buf_clear(&r->text);
    if (r->t.verdict != VERDICT_QUEUED) {
        buf_printf(&r->text, "%s %.*s", r->t.code, SLICE_ARG(r->t.reason));
    } else {
        const struct translated_event *e = &r->t.events[0];
        if (e->has_value) {
            money_print(&r->text, e->value);
            buf_printf(&r->text, " %.*s of ", SLICE_ARG(e->currency));
            money_print(&r->text, e->original);
            buf_printf(&r->text, " %.*s", SLICE_ARG(e->original_currency));
        } else {
            buf_puts(&r->text, "no value");
        }
    }
    for (const struct note *n = r->t.notes.first; n; n = n->next)
        if (strcmp(n->code, "W021") != 0)
            buf_printf(&r->text, " %s", n->code);
    buf_byte(&r->text, '\n');
    print_steps(&r->text, &r->t.trail);
    buf_byte(&r->text, '\0');
    assert_true(buf_ok(&r->text));
    return r->text.ptr;
}

struct row {
    const char *query, *expected;
};

static void run_rows(const char *offer, const struct row *rows, size_t count, bool told)
{
    struct run r;

    run_open(&r, offer);
    for (size_t i = 0; i < count; i++) {
        const char *got = run_one(&r, rows[i].query, told);
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s\nexpected\n%sgot\n%s", rows[i].query, rows[i].expected, got);
    }
    run_close(&r);
}
#define RUN_ROWS(offer, rows, told) run_rows(offer, rows, sizeof(rows) / sizeof(*(rows)), told)

static void tables(void **state)
{
    static const char offer[] =
        DOLLAR "events:\n"
               "  sale: {event: Purchase, value: {table: {DE: 12.50, AT: payout, us: 80%, JP: "
               "33.333333%}, by: \"{param.c}\", default: 5}, currency: GBP}\n"
               "  lead: {event: Lead, value: {table: {a: 1}, by: \"{param.c}\"}}\n"
               "  refund: {event: Lead, value: {tiers: {a: payout, b: 50%, c: 3}, by: \"{param.c}\", "
               "default: b}}\n"
               "  rebill: {event: Lead, value: 12.5%}\n";
    static const struct row rows[] = {
        /* 12.50 GBP / 0.8 * 1.25 = 19.53125 */
        { "cid=1&status=sale&c=DE", "19.53 USD of 12.5 GBP\n" },
        { "cid=1&status=sale&c=%20de%20", "19.53 USD of 12.5 GBP\n" },
        { "cid=1&status=sale&c=FR", "7.81 USD of 5 GBP\n" },
        { "cid=1&status=sale", "7.81 USD of 5 GBP\n" },
        { "cid=1&status=sale&c=At&payout=3.0051&currency=usd", "3.0051 USD of 3.0051 USD\n" },
        { "cid=1&status=sale&c=AT", "no value W022\n" },
        { "cid=1&status=sale&c=US&payout=10&currency=eur", "10 USD of 10 EUR\n" },
        { "cid=1&status=sale&c=US&payout=0.01&currency=usd", "0.01 USD of 0.01 USD\n" },
        { "cid=1&status=sale&c=US&payout=0.006&currency=usd", "0 USD of 0.006 USD W029\n" },
        { "cid=1&status=sale&c=JP&payout=10&currency=eur", "4.17 USD of 10 EUR\n" },
        { "cid=1&status=sale&c=JP&payout=x", "Q003 the payout \"x\" is not a number\n" },
        { "cid=1&status=lead&c=b",
          "Q011 the value's table has no entry \"b\" ({param.c}), and there is no default\n" },
        { "cid=1&status=lead&c={c}",
          "Q011 the value's table ({param.c}) has no value in this postback, and there is no "
          "default W020\n" },
        { "cid=1&status=refund&c=a&payout=2&currency=usd", "2 USD of 2 USD\n" },
        { "cid=1&status=refund&c=x&payout=2.02&currency=usd", "1.01 USD of 2.02 USD W028\n" },
        { "cid=1&status=refund&payout=2.03&currency=usd", "1.02 USD of 2.03 USD\n" },
        { "cid=1&status=refund&c=C", "3 USD of 3 USD\n" },
        { "cid=1&status=rebill&payout=1&currency=usd", "0.12 USD of 1 USD\n" },
    };

    (void)state;
    RUN_ROWS(offer, rows, false);
}

static void costs(void **state)
{
    static const char offer[] =
        DOLLAR "events:\n"
               "  sale: {event: Purchase, value: payout, minus: \"{cost}\"}\n"
               "  lead: {event: Lead, value: 10, currency: EUR, percent: 50, minus: {from: "
               "\"{param.spent|default:1}\", currency: GBP}, min: 2}\n"
               "  rebill: {event: Lead, value: payout, minus: 2.50}\n"
               "  refund: {event: Lead, value: payout, minus: {from: 2.50, currency: XXX}}\n";
    static const struct row rows[] = {
        { "cid=1&status=sale&payout=5&currency=usd&cost=1.25", "3.75 USD of 5 USD\n" },
        { "cid=1&status=sale&payout=5&currency=eur&cost=1.25", "4.69 USD of 5 EUR\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost=1.25+EUR", "3.44 USD of 5 USD\n" },
        { "cid=1&status=sale&payout=5.0051&currency=usd&cost=0", "5.0051 USD of 5.0051 USD\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost=5", "0 USD of 5 USD\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost=5.01", "0 USD of 5 USD W061\n" },
        { "cid=1&status=sale&payout=5&currency=usd", "5 USD of 5 USD W060\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost={cost}", "5 USD of 5 USD W020 W060\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost=0.0000004", "5 USD of 5 USD W029\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost=-1", "Q020 the cost \"-1\" is negative\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost=1e1",
          "Q020 the cost \"1e1\" is written with an exponent\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost=1,234",
          "Q020 the cost \"1,234\" has two readings; set `decimal: point` or `comma` in the "
          "mapping\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost=1+XXX",
          "Q009 there is no rate from XXX to USD in rates.yaml\n" },
        { "cid=1&status=sale&cost=1", "no value W022\n" },
        /* 10 EUR * 0.5 - 1.25 EUR (1 GBP) = 3.75 EUR = 4.6875 USD */
        { "cid=1&status=lead", "4.69 USD of 10 EUR\n" },
        { "cid=1&status=lead&spent=%C2%A3+3", "2 USD of 10 EUR W023\n" },
        { "cid=1&status=lead&spent=%E2%82%AC+3", "2 USD of 10 EUR W062 W023\n" },
        { "cid=1&status=lead&spent=99", "2 USD of 10 EUR W061 W023\n" },
        { "cid=1&status=rebill&payout=3&currency=EUR", "0.62 USD of 3 EUR\n" }, /* 0.625 */
        { "cid=1&status=refund&payout=3&currency=EUR",
          "Q009 there is no rate from XXX to EUR in rates.yaml\n" },
    };

    (void)state;
    RUN_ROWS(offer, rows, false);
}

/* What happens without a rate is the mapping's choice, for the cost as for the value. */
static void costs_without_a_rate(void **state)
{
    static const char offer[] =
        DOLLAR "without_rate: send_without_value\nevents:\n"
               "  sale: {event: Purchase, value: payout, minus: {from: \"{cost}\", currency: XXX}}\n";
    static const struct row rows[] = {
        { "cid=1&status=sale&payout=5&currency=usd&cost=1", "no value W065\n" },
        { "cid=1&status=sale&payout=5&currency=usd&cost=0", "5 USD of 5 USD\n" },
        { "cid=1&status=sale&payout=5&currency=xxx&cost=1", "no value W065\n" },
    };

    (void)state;
    RUN_ROWS(offer, rows, false);
}

/* A hair's breadth decides, and every step before the last would have lost it. */
static void rounded_once(void **state)
{
    static const char offer[] =
        DOLLAR "value_models: models.yaml\nevents:\n"
               "  sale: {event: Purchase, value: payout, percent: 33.333333, lifetime: {months: 2, "
               "keep: 85.00005}}\n"
               "  lead: {event: Lead, value: payout, percent: 200}\n"
               "  refund: {event: Lead, value: payout, lifetime: {months: 60, keep: 100}, percent: "
               "999999999999.999999}\n"
               "  rebill: {event: Lead, value: {model: plan}, percent: 70, max: 25}\n";
    static const struct row rows[] = {
        /* 1.85 * 0.33333333 = 0.6166666605 a unit */
        { "cid=1&status=sale&payout=0.008108&currency=USD", "0 USD of 0.008108 USD W029\n" },
        { "cid=1&status=sale&payout=0.008109&currency=USD", "0.01 USD of 0.008109 USD\n" },
        { "cid=1&status=sale&payout=1000000000000&currency=JPY",
          "4817708285.16 USD of 1000000000000 JPY\n" },
        { "cid=1&status=lead&payout=1000000000000&currency=USD",
          "Q021 the value that the rule makes is above 1000000000000 USD\n" },
        { "cid=1&status=lead&payout=1000000000000&currency=JPY",
          "15625000000 USD of 1000000000000 JPY\n" },
        { "cid=1&status=refund&payout=1000000000000&currency=USD",
          "Q021 the value that the rule makes is above 1000000000000 USD\n" },
        { "cid=1&status=refund&payout=0.000001&currency=JPY",
          "4687.5 USD of 0.000001 JPY\n" },
        /* 9.99 * 4.152337 * 0.7 = 29.03729... */
        { "cid=1&status=rebill", "25 USD of 9.99 USD W023\n" },
    };

    (void)state;
    RUN_ROWS(offer, rows, false);
}

static void told(void **state)
{
    static const char offer[] =
        DOLLAR "value_models: models.yaml\nevents:\n"
               "  sale:\n    event: Purchase\n    value: payout\n    percent: 80\n    minus: "
               "\"{cost}\"\n    max: 20\n"
               "  lead: {event: Lead, value: {model: lead-quality}, percent: 50}\n"
               "  rebill: {event: Lead, value: {model: plan}}\n"
               "  refund: {event: Lead, value: {table: {DE: 80%}, by: \"{param.c}\", default: 2}}\n"
               "  chargeback: {event: Lead, value: {model: net}}\n";
    static const struct row rows[] = {
        { "cid=1&status=sale&payout=12,50&currency=eur&cost=1",
          "11.25 USD of 12.5 EUR\n"
          "EUR: from parameter currency [mappings/generic.yaml]\n"
          "12.5: 12,50 EUR is what parameter payout says [o.yaml:11]\n"
          "10: times 80 % [o.yaml:12]\n"
          "9: minus 1 EUR, the cost by {cost} [o.yaml:13]\n"
          "11.25: to USD at 1 EUR = 1.25 USD, 2026-09-01, test\n"
          "USD: value_currency of the mapping\n" },
        { "cid=1&status=sale&payout=25.0013&currency=usd&cost=0",
          "20 USD of 25.0013 USD\n"
          "USD: from parameter currency [mappings/generic.yaml]\n"
          "25.0013: 25.0013 USD is what parameter payout says [o.yaml:11]\n"
          "20.00104: times 80 % [o.yaml:12]\n"
          "20.00104: minus 0 USD, the cost by {cost} [o.yaml:13]\n"
          "20: rounded to the 2 decimals of USD, half to even\n" },
        { "cid=1&status=lead&quality=VERIFIED",
          "18.75 USD of 30 EUR\n"
          "EUR: currency of the rule [models.yaml:4]\n"
          "30: a fixed amount in EUR, the tier \"verified\" for \"VERIFIED\" ({param.quality}), by "
          "the value model lead-quality [models.yaml:4]\n"
          "15: times 50 % [o.yaml:15]\n"
          "18.75: to USD at 1 EUR = 1.25 USD, 2026-09-01, test\n"
          "USD: value_currency of the mapping\n" },
        { "cid=1&status=rebill",
          "41.48 USD of 9.99 USD\n"
          "USD: value_currency of the mapping\n"
          "9.99: a fixed amount in USD, by the value model plan [models.yaml:7]\n"
          "41.481847: times 4.152337: 6 months, 85 % staying from each to the next "
          "[models.yaml:7]\n"
          "41.48: rounded to the 2 decimals of USD, half to even\n" },
        { "cid=1&status=refund&c=de&payout=1+USD",
          "0.8 USD of 1 USD\n"
          "USD: it stands beside the payout\n"
          "1: 1 USD is what parameter payout says, the entry \"DE\" for \"de\" ({param.c}) "
          "[o.yaml:17]\n"
          "0.8: times 80 % [o.yaml:17]\n" },
        { "cid=1&status=refund&c=fr",
          "2 USD of 2 USD\n"
          "USD: value_currency of the mapping\n"
          "2: a fixed amount in USD, the default for \"fr\" ({param.c}) [o.yaml:17]\n" },
        { "cid=1&status=chargeback&payout=2&cost=1.6",
          "1 USD of 2 USD W031 W023\n"
          "USD: assumed: it is value_currency of the mapping\n"
          "2: 2 USD is what parameter payout says, by the value model net [models.yaml:6]\n"
          "0: minus 1.6 EUR, the cost by {cost}, which are 2 USD at 1 EUR = 1.25 USD, 2026-09-01, test "
          "[models.yaml:6]\n"
          "1: raised to min [models.yaml:6]\n" },
    };

    (void)state;
    RUN_ROWS(offer, rows, true);
}

/* The nearest file's model of a name counts; parameters of models that nobody uses are no concern. */
static void nearer_models_win(void **state)
{
    static const char offer[] =
        "version: 1\noffer: o\nextends: parent\npixel: C9X\nvalue_currency: USD\n"
        "page_url: https://l.example/\n"
        "value_models: models.yaml\nevents:\n"
        "  sale: {event: Purchase, value: {model: net}}\n"
        "  lead: {event: Lead, value: {model: other}}\n";
    static const struct row rows[] = {
        { "cid=1&status=sale&payout=5&currency=usd&cost=1&quality={quality}",
          "3.75 USD of 5 USD\n" },
        { "cid=1&status=lead", "7 USD of 7 USD\n" },
    };

    (void)state;
    RUN_ROWS(offer, rows, false);
}

/* Whatever the room: whole or not at all. */
static void any_room(void **state)
{
    (void)state;
    for (size_t limit = 1; limit < 400000; limit += limit < 4000 ? 61 : 499) {
        struct mapping_bench b;
        struct offer *o;
        mapping_bench_open(&b, files, limit);
        o = mapping_bench_load(
            &b, "o.yaml",
            S(DOLLAR "value_models: models.yaml\nevents:\n"
                     "  sale: {event: Purchase, value: {table: {a: 1, b: payout}, by: \"{txid}\", "
                     "default: 5%}, minus: {from: \"{cost}\", currency: EUR}}\n"
                     "  lead: {event: Lead, value: {model: lead-quality}}\n"));
        assert_true(o || b.arena.full);
        if (o)
            assert_true(o->rules[0].events->value.table.count == 2 &&
                        o->rules[0].events->value.table.otherwise &&
                        o->rules[1].events->value.table.count == 2 && !b.arena.full);
        mapping_bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems),     cmocka_unit_test(shared_mistakes_once),
        cmocka_unit_test(files_of_models), cmocka_unit_test(lifetimes),
        cmocka_unit_test(tables),       cmocka_unit_test(costs),
        cmocka_unit_test(rounded_once), cmocka_unit_test(told),
        cmocka_unit_test(nearer_models_win), cmocka_unit_test(costs_without_a_rate),
        cmocka_unit_test(any_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
