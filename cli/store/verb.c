/* verb.c: `clickbaton store ...`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/catalog.h"
#include "cli/store/store.h"
#include "cli/stores.h"
#include "core/base/diag.h"

static const struct verb_usage usage = {
    .synopsis = "store init|verify|export|import|copy|compact|stats ...",
    .about = "Looks after the store: everything that was accepted, and what became of it.\n"
             "  init     make the tables of a PostgreSQL database, or bring them up to date\n"
             "  verify   is it whole? beside a running server, or a copied file\n"
             "  export   the ledger as JSON Lines\n"
             "  import   an export into an empty data folder or database\n"
             "  copy     a running installation from SQLite to PostgreSQL\n"
             "  compact  give free space in the file back to the disk\n"
             "  stats    how much of what is in it\n"
             "Each takes --help.",
    .examples = "  clickbaton store verify\n"
                "  clickbaton store export -o ledger.jsonl",
};

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} parts[] = {
    { "init", store_init },     { "verify", store_verify }, { "export", store_export },   { "import", store_import },
    { "copy", store_copy },     { "compact", store_compact }, { "stats", store_stats },
};
#define PARTS (sizeof(parts) / sizeof(*parts))

int cli_store(int argc, char **argv)
{
    static const struct option_row none[] = { { 0 } };
    struct slice names[PARTS + 1] = { { 0 } }, near;
    const char *word = NULL;
    int code;

    for (size_t i = 0; i < PARTS; i++) {
        names[i] = slice_from(parts[i].name);
        if (argc > 1 && strcmp(argv[1], parts[i].name) == 0)
            return parts[i].run(argc - 1, argv + 1);
    }
    if (options_parse(argc, argv, none, &usage, &word, 1, 1, &code) < 0)
        return code;
    near = diag_nearest(slice_from(word), names);
    if (near.len)
        return options_misuse("store", "there is no part \"%s\"; did you mean \"%.*s\"?", word,
                              SLICE_ARG(near));
    return options_misuse("store", "there is no part \"%s\"", word);
}

/* user:password@ before the first slash, or a parameter. */
static bool holds_password(struct slice rest)
{
    struct slice authority, path, user, host, name, password;

    slice_cut(rest, '/', &authority, &path);
    if (slice_cut(authority, '@', &user, &host) && slice_cut(user, ':', &name, &password))
        return true;
    return slice_find(rest, S("?password=")) < rest.len || slice_find(rest, S("&password=")) < rest.len;
}

int store_is_url(const char *place)
{
    static const struct slice schemes[] = { SLICE("postgresql://"), SLICE("postgres://") };
    struct slice s = slice_from(place);

    for (size_t i = 0; i < 2; i++) {
        if (!slice_starts(s, schemes[i]))
            continue;
        if (!holds_password(slice_from_at(s, schemes[i].len)))
            return 1;
        fprintf(stderr, "clickbaton store: a password on the command line can be read by everybody on this machine (and is now "
                "in your shell's history); put it into a file and name that in PGPASSFILE\n");
        return -1;
    }
    return 0;
}

int store_find_data(const char *config, const char *named, const char *instead, char path[STORE_PATH])
{
    struct catalog *c;
    char name[300];
    int code;

    if (named) {
        if (store_is_url(named) < 0)
            return EXIT_USAGE;
        if (snprintf(path, STORE_PATH, "%s", named) < STORE_PATH)
            return EXIT_DONE;
        fprintf(stderr, "clickbaton store: the path is too long\n");
        return EXIT_IO;
    }
    c = catalog_sound(config, false, &code);
    if (!c)
        return code;
    code = EXIT_DONE;
    if (stores_is_remote(c) && !instead) {
        if (c->store.password)
            setenv("PGPASSWORD", c->store.password, 1); /* of this process alone: libpq looks there */
        snprintf(path, STORE_PATH, "%s", c->store.url);
    } else if (stores_is_remote(c)) {
        fprintf(stderr, "clickbaton store: this is for the file of SQLite, and the store is %s: %s\n", stores_name(c, name),
                instead);
        code = EXIT_NO;
    } else if (snprintf(path, STORE_PATH, "%s", c->data) >= STORE_PATH) {
        fprintf(stderr, "clickbaton store: the path is too long\n");
        code = EXIT_IO;
    }
    catalog_close(c);
    return code;
}
