/* init.c: `clickbaton store init`. */
#include <stdio.h>

#include "adapters/store/postgres.h"
#include "cli/store/store.h"
#include "cli/stores.h"

static const struct verb_usage usage = {
    .synopsis = "store init [--older-may-stop] [-c FILE]",
    .about = "Makes what the store needs: tables and indexes of a PostgreSQL database, or SQLite's file; an older\n"
             "one is brought up to date, and it says which. `serve` does so as well when it starts; several\n"
             "at once are no harm, and neither are servers that run, unless they are of a version that the\n"
             "new schema is not for: it names these and changes nothing.",
    .examples = "  clickbaton store init\n"
                "  clickbaton store init -c /etc/clickbaton/clickbaton.yaml",
};

static void tell(const struct catalog *c, const struct store *s)
{
    int64_t before = 0, now = 0, knows = 0;
    char name[300];

    stores_name(c, name);
    if (!stores_is_remote(c)) {
        printf("%s: it is there, and of this version\n", name);
        return;
    }
    postgres_schema(s, &before, &now, &knows);
    if (before == 0)
        printf("%s: its tables were made (schema %lld)\n", name, (long long)now);
    else if (before < now)
        printf("%s: its tables were brought from schema %lld to %lld\n", name, (long long)before, (long long)now);
    else if (now > knows)
        printf("%s: nothing to do, its tables are a newer version's (schema %lld, this one knows %lld), and this one may use them\n",
               name, (long long)now, (long long)knows);
    else
        printf("%s: nothing to do, its tables are there (schema %lld)\n", name, (long long)now);
}

int store_init(int argc, char **argv)
{
    const char *config = "clickbaton.yaml";
    bool over_older = false;
    const struct option_row rows[] = {
        { "--older-may-stop", NULL, OPTION_FLAG, &over_older, NULL,
          "go on all the same: servers of such versions answer 503 from then on" },
        STORE_CONFIG(&config),
        { 0 },
    };
    struct err err = { 0 };
    struct catalog *c;
    struct store *s;
    int code;

    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0)
        return code;
    if (!(c = catalog_sound(config, false, &code)))
        return code;
    s = stores_init(c, over_older, &err);
    if (!s && !stores_is_remote(c) && stores_there(c)) /* a server that runs on this file has seen to it */
        s = stores_open(c, false, &err);
    if (s)
        tell(c, s);
    else
        fprintf(stderr, "clickbaton store init: %s\n", err.text);
    code = s ? EXIT_DONE : EXIT_IO;
    store_close(s);
    catalog_close(c);
    return code;
}
