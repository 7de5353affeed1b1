/* verb.c: `clickbaton reconcile`: a tracker's export and a CRM's against the ledger. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/end.h"
#include "cli/hops.h"
#include "cli/options.h"
#include "cli/reconcile/reconcile.h"
#include "cli/stores.h"
#include "core/base/when.h"
#include "core/identity/identity.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define RATES_KEPT  64 /* pairs that are remembered */
#define PERCENT     INT64_C(1000000)

struct options {
    const char *config, *tracker, *crm, *offer, *since, *until, *window, *tz, *crm_tz, *columns,
        *crm_columns, *tolerance, *currency, *crm_currency, *country, *in, *decimal, *dates,
        *encoding, *separator, *html;
    int64_t sample, seed;
    bool json, tell;
};

static const struct verb_usage usage = {
    .synopsis = "reconcile --tracker FILE.csv [--crm FILE.csv] [--since T] [--until T] [--tz ZONE]\n"
                "                 [--offer O] [--tolerance P] [--tell] [--json] [--html FILE] ...",
    .about = "Compares the conversions of a tracker's export (Keitaro, BeMob, Binom, RedTrack, Voluum, or\n"
             "any CSV with a click id or transaction id) and of a CRM with the ledger, by day and offer,\n"
             "and says of every difference why: F001... (`clickbaton explain F001`), with ids to trace.\n"
             "Gives 1 when the gap is larger than --tolerance, 3 when a file can't be read as a table.",
    .examples = "  clickbaton reconcile --tracker keitaro.csv --tz Europe/Berlin --since 2026-11-20\n"
                "  clickbaton reconcile --tracker voluum.csv --crm orders.csv --html report.html\n"
                "  clickbaton reconcile --tracker t.csv --crm orders.csv --since 2d --tell\n"
                "  clickbaton reconcile --tracker t.csv --columns \"click_id=Sub ID 1,txid=Order\"",
};

/* ---- amounts in one currency ---- */

struct kept_rate {
    char currency[4];
    int64_t day;
    struct rate_pair pair;
    bool known;
};
struct normaliser {
    const struct rates *rates;
    const struct recon_report *r;
    struct kept_rate kept[RATES_KEPT];
};

static bool normalise(void *context, struct slice currency, int64_t at, int64_t micros,
                      int64_t *out)
{
    struct normaliser *n = context;
    int64_t day = at / 86400;
    struct kept_rate *k = &n->kept[(slice_hash(currency, 0) + (uint64_t)day) % RATES_KEPT];
    struct money m = { micros < 0 ? -micros : micros };

    if (currency.len != 3 || !n->rates)
        return false;
    if (k->day != day || memcmp(k->currency, currency.ptr, 3) != 0) {
        memcpy(k->currency, currency.ptr, 3);
        k->day = day;
        k->known = rates_pair(n->rates, currency, n->r->target, at, &k->pair);
    }
    if (!k->known || !money_scale(m, k->pair.to.micros, k->pair.from.micros, 6, &m))
        return false;
    *out = micros < 0 ? -m.micros : m.micros;
    return true;
}

/* ---- options ---- */

/* A day (in the report's zone), a moment or an age. */
static bool moment(const char *text, const struct zone *zone, int64_t *at)
{
    struct slice s = slice_from(text);
    struct cells_habits none = { 0 };
    struct cells_time t;

    if (!text)
        return true;
    if (when_duration_parse(s, at)) {
        *at = cli_now() - *at;
        return true;
    }
    if (cells_moment(s, &none, &t) != CELLS_OK)
        return false;
    *at = t.zoned ? t.seconds : zone_moment(zone, t.seconds, NULL);
    return true;
}

/* EXIT_DONE, or EXIT_USAGE after a sentence. */
static int read_zones(const struct options *o, struct recon_report *r)
{
    const char *why;

    r->zone_name = o->tz;
    r->tracker->zone_name = o->tz;
    r->crm->zone_name = o->crm_tz ? o->crm_tz : o->tz;
    r->zone = r->tracker->zone = zones_find(r->arena, o->tz, &why);
    if (!r->zone)
        return options_misuse("reconcile", "--tz %s %s", o->tz, why);
    r->crm->zone = zones_find(r->arena, r->crm->zone_name, &why);
    if (!r->crm->zone)
        return options_misuse("reconcile", "--crm-tz %s %s", r->crm->zone_name, why);
    return EXIT_DONE;
}

static bool read_currency(const char *text, struct arena *arena, struct slice *out)
{
    struct slice s = slice_from(text);
    char code[3];

    *out = (struct slice){ 0 };
    for (size_t i = 0; i < 3 && s.len == 3; i++)
        if (!ascii_is_alpha(s.ptr[i]))
            return false;
        else
            code[i] = ascii_upper(s.ptr[i]);
    if (s.len == 3)
        *out = arena_dup(arena, (struct slice){ code, 3 });
    return s.len == 0 || s.len == 3;
}

static int read_forms(const struct options *o, struct recon_report *r)
{
    struct recon_source *const sources[] = { r->tracker, r->crm };
    struct slice separator = slice_from(o->separator);

    for (int i = 0; i < 2; i++) {
        struct recon_source *s = sources[i];
        s->country = slice_from(o->country);
        if (o->encoding && !csv_encoding_named(slice_from(o->encoding), &s->encoding))
            return options_misuse("reconcile", "--encoding takes UTF-8, UTF-16, Windows-1252 or "
                                  "Windows-1251");
        if (separator.len > 1 && !slice_eq(separator, S("tab")))
            return options_misuse("reconcile", "--separator takes one character, or tab");
        if (separator.len)
            s->separator = separator.len == 1 ? separator.ptr[0] : '\t';
        if (o->decimal && strcmp(o->decimal, "point") != 0 && strcmp(o->decimal, "comma") != 0)
            return options_misuse("reconcile", "--decimal takes point or comma");
        if (o->decimal)
            s->habits.mark = o->decimal[0] == 'p' ? MONEY_MARK_POINT : MONEY_MARK_COMMA;
        if (o->dates && strcmp(o->dates, "dmy") != 0 && strcmp(o->dates, "mdy") != 0)
            return options_misuse("reconcile", "--dates takes dmy or mdy");
        if (o->dates)
            s->habits.order = o->dates[0] == 'd' ? CELLS_DAY_FIRST : CELLS_MONTH_FIRST;
    }
    return EXIT_DONE;
}

static int read_options(const struct options *o, struct recon_report *r)
{
    struct slice tolerance = slice_from(o->tolerance), sign;
    int code;

    if (!o->tracker)
        return options_misuse("reconcile", "--tracker FILE.csv is needed: the tracker's export");
    if ((code = read_zones(o, r)) != EXIT_DONE || (code = read_forms(o, r)) != EXIT_DONE)
        return code;
    if (!moment(o->since, r->zone, &r->since) || !moment(o->until, r->zone, &r->until))
        return options_misuse("reconcile", "--since and --until take 2026-11-20, "
                              "2026-11-20T10:00:00Z or an age like 7d");
    if (r->until && r->until <= r->since)
        return options_misuse("reconcile", "--until is not after --since");
    if (!when_duration_parse(slice_from(o->window), &r->window) || r->window > 30 * 86400)
        return options_misuse("reconcile", "--window takes 15m, 6h, 1d, up to 30d");
    if (slice_ends(tolerance, S("%")))
        tolerance = slice_trim(slice_head(tolerance, tolerance.len - 1));
    if (money_parse(tolerance, MONEY_MARK_POINT, &r->tolerance, &sign) != MONEY_OK || sign.len)
        return options_misuse("reconcile", "--tolerance takes percent, such as 5 or 0.5");
    if (!read_currency(o->currency, r->arena, &r->tracker->currency) ||
        !read_currency(o->crm_currency ? o->crm_currency : o->currency, r->arena,
                       &r->crm->currency) ||
        !read_currency(o->in, r->arena, &r->target))
        return options_misuse("reconcile", "a currency has three letters, such as USD");
    if (o->sample < 0 || o->sample > 1000)
        return options_misuse("reconcile", "--sample takes 0 to 1000");
    r->offer = slice_from(o->offer);
    r->seed = (uint64_t)o->seed;
    return EXIT_DONE;
}

/* ---- the work ---- */

/* Millionths of a percent of `of`, rounded; -1 when there is nothing to compare. */
static int64_t share(uint64_t n, uint64_t of)
{
    return of ? (int64_t)((n * 100 * (uint64_t)PERCENT + of / 2) / of) : -1;
}

static void judge(struct recon_report *r)
{
    const struct recon_result *x = &r->result;
    int64_t limit = r->tolerance.micros;

    r->gap_tracker = share(x->file[SIDE_TRACKER].lost, x->file[SIDE_TRACKER].expected);
    r->gap_crm = r->crm ? share(x->file[SIDE_CRM].lost, x->file[SIDE_CRM].expected) : -1;
    r->surplus = share(x->file[SIDE_LEDGER].lost, x->file[SIDE_TRACKER].expected);
    r->drift = -1;
    if (x->matched_tracker > 0) {
        int64_t apart = x->matched_ledger - x->matched_tracker;
        struct money m = { apart < 0 ? -apart : apart };
        /* Millionths of a percent: 100 * apart / tracker as an amount of six decimals. */
        r->drift = money_scale(m, 100 * PERCENT, x->matched_tracker, 6, &m) ? m.micros : INT64_MAX;
    }
    r->past = r->gap_tracker > limit || r->gap_crm > limit || r->surplus > limit ||
              r->drift > limit;
}

static int open_store(struct recon_report *r, const struct catalog *c, struct err *err)
{
    struct store_postback *first;
    struct arena arena;
    size_t count = 0;
    int rc;

    r->store = stores_open(c, false, err);
    if (!r->store)
        return -1;
    arena_init(&arena, (size_t)8 << 20);
    rc = store_list_postbacks(r->store, (struct slice){ 0 }, 0, 0, 1, &arena, &first, &count, err);
    r->first = rc == 0 && count ? first->at / 1000 : 0;
    arena_free(&arena);
    return rc;
}

static int compare(struct recon_report *r, const struct options *o, struct catalog *c,
                   struct normaliser *n, struct err *err)
{
    const struct recon_settings how = {
        .since = r->since, .until = r->until, .now = r->now, .window = r->window,
        .first = r->first, .zone = r->zone, .offer = r->offer, .seed = r->seed,
        .sample = (unsigned)o->sample, .crm = r->crm != NULL, .normalise = normalise, .context = n,
    };
    int code;

    r->recon = recon_new(&how);
    if (!r->recon)
        return err_set(err, ERR_SYSTEM, "out of memory"), EXIT_IO;
    if (ledger_load(r, r->crm && r->crm->columns.at[COLUMN_EMAIL] >= 0,
                    r->crm && r->crm->columns.at[COLUMN_PHONE] >= 0, err) != 0)
        return EXIT_IO;
    code = source_read(r->tracker, r->recon, r->arena, c->translator.hasher);
    if (code == EXIT_DONE && r->crm)
        code = source_read(r->crm, r->recon, r->arena, c->translator.hasher);
    if (code == EXIT_DONE && (ledger_refused(r, c->data, err) != 0 ||
                              recon_finish(r->recon, &r->result, err) != 0))
        return EXIT_IO;
    return code;
}

static int write_html(struct recon_report *r, const char *path)
{
    struct buf out = { 0 };
    struct err err = { 0 };
    int rc;

    recon_html(&out, r);
    if (r->unread.text[0])
        rc = err_set(&err, r->unread.kind, "%s", r->unread.text);
    else
        rc = buf_ok(&out) ? files_replace(path, buf_slice(&out), &err)
                      : err_set(&err, ERR_SYSTEM, "out of memory");
    buf_free(&out);
    if (rc != 0)
        fprintf(stderr, "clickbaton reconcile: %s\n", err.text);
    return rc == 0 ? EXIT_DONE : EXIT_IO;
}

static int report(struct recon_report *r, const struct options *o, const struct catalog *c)
{
    struct buf out = { 0 };
    int code = EXIT_DONE;
    bool told;

    judge(r);
    told = !o->tell || recon_tell_server(r, c);
    if (o->html)
        code = write_html(r, o->html);
    if (code == EXIT_DONE) {
        (o->json ? recon_json : recon_text)(&out, r);
        if (r->unread.text[0])
            fprintf(stderr, "clickbaton reconcile: %s\n", r->unread.text);
        code = r->unread.text[0] ? EXIT_IO
                                 : end_print("reconcile", &out, !told ? EXIT_IO : r->past ? EXIT_NO : EXIT_DONE);
    }
    buf_free(&out);
    return code;
}

static int run(struct recon_report *r, const struct options *o, struct catalog *c)
{
    struct normaliser n = { .rates = c->translator.rates, .r = r };
    struct err err = { 0 };
    int code = source_survey(r->tracker, r->arena);

    if (code == EXIT_DONE && r->crm)
        code = source_survey(r->crm, r->arena);
    if (code != EXIT_DONE)
        return code;
    code = open_store(r, c, &err) == 0 ? compare(r, o, c, &n, &err) : EXIT_IO;
    if (err.text[0])
        fprintf(stderr, "clickbaton reconcile: %s\n", err.text);
    if (code == EXIT_DONE)
        code = report(r, o, c);
    recon_free(r->recon);
    store_close(r->store);
    return code;
}

static int with_catalog(const struct options *o, struct arena *arena)
{
    struct recon_source tracker = { .path = o->tracker, .columns_said = o->columns,
                                    .side = SIDE_TRACKER },
                        crm = { .path = o->crm, .columns_said = o->crm_columns,
                                .side = SIDE_CRM };
    struct recon_report r = { .arena = arena, .tracker = &tracker, .crm = &crm,
                              .now = cli_now() };
    int code = read_options(o, &r);
    struct catalog *c;

    if (code != EXIT_DONE)
        return code;
    if (!o->crm)
        r.crm = NULL;
    c = catalog_sound(o->config, o->tell, &code);
    if (c)
        code = run(&r, o, c);
    catalog_close(c);
    return code;
}

int cli_reconcile(int argc, char **argv)
{
    struct options o = { .config = "clickbaton.yaml", .window = "15m", .tz = "UTC",
                         .tolerance = "5", .sample = 20, .seed = 1 };
    const struct option_row rows[] = {
        { "--tracker", NULL, OPTION_TEXT, &o.tracker, "FILE", "the tracker's export" },
        { "--crm", NULL, OPTION_TEXT, &o.crm, "FILE", "the export of a CRM, shop or billing" },
        { "--config", "-c", OPTION_TEXT, &o.config, "FILE",
          "the configuration whose ledger is meant; default clickbaton.yaml" },
        { "--offer", NULL, OPTION_TEXT, &o.offer, "O", "this offer alone" },
        { "--since", NULL, OPTION_TEXT, &o.since, "T", "from then on: a day, a moment, or an age (7d)" },
        { "--until", NULL, OPTION_TEXT, &o.until, "T", "before then" },
        { "--window", NULL, OPTION_TEXT, &o.window, "AGE",
          "how late a postback may be at the edges of the period (15m)" },
        { "--tz", NULL, OPTION_TEXT, &o.tz, "ZONE",
          "the tracker's time zone, and that of the days (UTC): Europe/Berlin, +02:00" },
        { "--crm-tz", NULL, OPTION_TEXT, &o.crm_tz, "ZONE", "the CRM's; default as --tz" },
        { "--columns", NULL, OPTION_TEXT, &o.columns, "MAP",
          "where the columns are: \"click_id=Sub ID 1,txid=Order\"" },
        { "--crm-columns", NULL, OPTION_TEXT, &o.crm_columns, "MAP", "the same for --crm" },
        { "--currency", NULL, OPTION_TEXT, &o.currency, "CUR", "of amounts that name none" },
        { "--crm-currency", NULL, OPTION_TEXT, &o.crm_currency, "CUR", "the same for --crm" },
        { "--in", NULL, OPTION_TEXT, &o.in, "CUR", "currency of the sums; default what was sent" },
        { "--country", NULL, OPTION_TEXT, &o.country, "CC", "of phone numbers without one: DE" },
        { "--decimal", NULL, OPTION_TEXT, &o.decimal, "MARK", "point or comma, where 1,234 has two readings" },
        { "--dates", NULL, OPTION_TEXT, &o.dates, "ORDER", "dmy or mdy, where 03/04/2026 has two readings" },
        { "--encoding", NULL, OPTION_TEXT, &o.encoding, "NAME", "of the files; default found out" },
        { "--separator", NULL, OPTION_TEXT, &o.separator, "C", "of the files; default found out" },
        { "--tolerance", NULL, OPTION_TEXT, &o.tolerance, "P", "percent; past it the exit code is 1 (5)" },
        { "--sample", NULL, OPTION_INTEGER, &o.sample, "N", "conversions followed through all layers (20)" },
        { "--seed", NULL, OPTION_INTEGER, &o.seed, "N", "which ones (1)" },
        { "--html", NULL, OPTION_TEXT, &o.html, "FILE", "write a page with charts there as well" },
        { "--tell", NULL, OPTION_FLAG, &o.tell, NULL, "tell the running server, whose alert A008 fires when they differ too much" },
        { "--json", NULL, OPTION_FLAG, &o.json, NULL, "for programs" },
        { 0 },
    };
    struct arena arena;
    int code;

    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0)
        return code;
    arena_init(&arena, ARENA_BYTES);
    code = with_catalog(&o, &arena);
    arena_free(&arena);
    return code;
}
