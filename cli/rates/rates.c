/* rates.c: `clickbaton rates`: which exchange rates there are; one conversion; import. */
#include "cli/rates/rates.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "core/ecb/merge.h"
#include "core/event/event.h"

static const struct verb_usage usage = {
    .synopsis = "rates [-c clickbaton.yaml] [import FILE|- [-o rates.yaml] | AMOUNT FROM TO]",
    .about =
        "Alone: the file of exchange rates that serve uses, its days and sources, and the currencies\n"
        "that have none. With an amount: what it comes to, and by whose rate of which day. With\n"
        "import: takes a file of the European Central Bank (eurofxref.csv, eurofxref-daily.xml,\n"
        "-hist-90d.xml, -hist.csv, or the data portal's CSV and XML) into a rates.yaml. Nothing is\n"
        "fetched: docs/currency.md has the line for cron.",
    .examples = "  clickbaton rates\n"
                "  clickbaton rates 12.50 EUR USD --at 2026-11-20\n"
                "  clickbaton rates import eurofxref-hist-90d.xml -o mappings/rates.yaml\n"
                "  curl -fsS https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml |\n"
                "    clickbaton rates import -",
};

struct wishes {
    const char *config, *output, *at;
    int64_t days;
};

/* The configuration that is named or lies here; NULL: none. */
static const char *configuration(const struct wishes *w)
{
    return w->config                         ? w->config
           : files_exist("clickbaton.yaml") ? "clickbaton.yaml"
                                            : NULL;
}

static int import(const struct wishes *w, const char *path)
{
    struct catalog *c;
    const char *output;
    int code;

    if (w->days < 1 || w->days > MERGE_DAYS_MAX)
        return options_misuse("rates", "--days needs a number from 1 to %d", MERGE_DAYS_MAX);
    if (w->output)
        return rates_import(path, w->output, w->days);
    c = catalog_open(configuration(w)); /* its problems are not ours: a cron job may read no keys */
    if (!c)
        return EXIT_IO;
    if (c->lookup.mappings) {
        output = arena_printf(&c->arena, "%s/rates.yaml", c->lookup.mappings).ptr;
        code = output ? rates_import(path, output, w->days) : EXIT_IO;
    } else if (c->config && catalog_errors(c)) {
        catalog_print_problems(c, stderr);
        code = EXIT_CONFIG;
    } else {
        code = options_misuse("rates",
                              "say which file to write: -o mappings/rates.yaml (serve reads the "
                              "rates.yaml of its `mappings:` folder, and %s)",
                              c->config ? "this configuration names none"
                                        : "there is no clickbaton.yaml here");
    }
    catalog_close(c);
    return code;
}

static bool read_code(const char *text, char code[4])
{
    for (size_t i = 0; i < 3; i++) {
        if (!ascii_is_alpha(text[i]))
            return false;
        code[i] = ascii_upper(text[i]);
    }
    code[3] = '\0';
    return text[3] == '\0';
}

static int convert(const struct rates *rates, const struct wishes *w, const char **args,
                   struct arena *arena)
{
    char from[4], to[4];
    struct money amount, worth;
    struct rate_pair pair;
    struct buf b = { 0 };
    int64_t at = cli_now();
    enum money_result r = money_parse(slice_from(args[0]), MONEY_MARK_POINT, &amount, NULL);

    if (r != MONEY_OK)
        return options_misuse("rates", "the amount \"%s\" %s", args[0], money_result_text(r));
    if (!read_code(args[1], from) || !read_code(args[2], to))
        return options_misuse("rates", "a currency is three letters: rates 12.50 EUR USD");
    if (w->at && !rate_day_parse(slice_from(w->at), &at))
        return options_misuse("rates", "--at needs a day such as 2026-11-20, not \"%s\"", w->at);
    if (!rates_pair(rates, slice_from(from), slice_from(to), at, &pair)) {
        fprintf(stderr, "clickbaton rates: there is no rate for %s in %.*s\n",
                rates_know(rates, slice_from(from)) ? to : from, SLICE_ARG(rates->source->name));
        return EXIT_NO;
    }
    if (!money_scale(amount, pair.to.micros, pair.from.micros,
                     event_currency_decimals(slice_from(to)), &worth)) {
        fprintf(stderr, "clickbaton rates: that is more than 10^12 %s\n", to);
        return EXIT_NO;
    }
    money_print(&b, amount);
    buf_printf(&b, " %s = ", from);
    money_print(&b, worth);
    buf_printf(&b, " %s (%.*s%s)\n", to,
               SLICE_ARG(rates_describe(arena, slice_from(from), slice_from(to), &pair)),
               pair.early ? ": the oldest there is" : "");
    fwrite(b.ptr, 1, b.len, stdout);
    buf_free(&b);
    return EXIT_DONE;
}

static int show(const struct wishes *w, const char **args, int n)
{
    struct catalog *c = catalog_open(configuration(w));
    int code = EXIT_DONE;

    if (!c)
        return EXIT_IO;
    if (catalog_errors(c) && c->translator.rates && !c->lookup.mappings)
        catalog_print_problems(c, stderr); /* these may not be the rates that serve would use */
    if (!c->translator.rates || (w->config && !c->offers_dir)) { /* none, or the file can't be read */
        catalog_print_problems(c, stderr);
        code = EXIT_CONFIG;
    } else if (n == 3) {
        code = convert(c->translator.rates, w, args, &c->arena);
    } else {
        rates_table(c->translator.rates, cli_now());
    }
    catalog_close(c);
    return code;
}

int cli_rates(int argc, char **argv)
{
    struct wishes w = { .days = 400 };
    const char *args[3] = { 0 };
    const struct option_row rows[] = {
        { "--config", "-c", OPTION_TEXT, &w.config, "FILE",
          "the configuration; default clickbaton.yaml, when it is there" },
        { "--output", "-o", OPTION_TEXT, &w.output, "FILE",
          "import: the file to write, - for stdout; default the one that serve reads" },
        { "--days", NULL, OPTION_INTEGER, &w.days, "N",
          "import: keep the last N days up to the newest; default 400" },
        { "--at", NULL, OPTION_TEXT, &w.at, "DAY", "convert as of 2026-11-20; default today" },
        { 0 },
    };
    int code, n = options_parse(argc, argv, rows, &usage, args, 0, 3, &code);
    bool importing = n > 0 && strcmp(args[0], "import") == 0;

    if (n < 0)
        return code;
    if (importing && n != 2)
        return options_misuse("rates", "usage: clickbaton rates import FILE|- [-o rates.yaml]");
    if (!importing && n != 0 && n != 3)
        return options_misuse("rates", "usage: clickbaton %s", usage.synopsis);
    code = importing ? import(&w, args[1]) : show(&w, args, n);
    return code;
}
