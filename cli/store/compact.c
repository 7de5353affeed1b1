/* compact.c: `clickbaton store compact`. */
#include <stdio.h>

#include "adapters/store/stats.h"
#include "cli/store/store.h"

static const struct verb_usage usage = {
    .synopsis = "store compact [-c FILE | DIR]",
    .about = "Writes the store's file anew, without the space that removed rows have left, and gives that\n"
             "back to the disk. Stop the server first. Rarely needed: a running server uses free\n"
             "space again by itself.",
    .examples = "  clickbaton store compact",
};

int store_compact(int argc, char **argv)
{
    const char *config = "clickbaton.yaml", *named = NULL;
    const struct option_row rows[] = { STORE_CONFIG(&config), { 0 } };
    int64_t before, after;
    struct err err = { 0 };
    char path[STORE_PATH];
    int code;

    if (options_parse(argc, argv, rows, &usage, &named, 0, 1, &code) < 0 ||
        (code = store_find_data(config, named, path)) != EXIT_DONE)
        return code;
    if (store_sqlite_compact(path, &before, &after, &err) != 0) {
        fprintf(stderr, "clickbaton store compact: %s\n", err.text);
        return EXIT_IO;
    }
    printf("%s/clickbaton.db: %lld bytes, %lld before\n", path, (long long)after,
           (long long)before);
    return EXIT_DONE;
}
