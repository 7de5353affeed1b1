/* copy.c: `clickbaton store copy`. */
#include <stdio.h>
#include <string.h>

#include "adapters/store/ledger.h"
#include "adapters/store/moved.h"
#include "adapters/store/tally.h"
#include "cli/store/store.h"

static const struct verb_usage usage = {
    .synopsis = "store copy FROM TO",
    .about = "Moves a store from a data folder to a database, or back. FROM and TO are each a folder or a\n"
             "URL (postgresql://user@host/name; the password from PGPASSFILE).\n"
             "Into a database: beside the running server, as often as you like; each time only what is\n"
             "new or has changed is written. Stop the server and run it a last time: that finishes the\n"
             "copy and closes FROM, so that nothing is sent from both. Until then no server writes to TO.\n"
             "Gives 1 while FROM's server runs: the copy is not finished.",
    .examples = "  clickbaton store copy ./data postgresql://clickbaton@db1/clickbaton\n"
                "  clickbaton store copy postgresql://clickbaton@db1/clickbaton ./data",
};

struct copying {
    struct ledger_import *to;
};

static int put(void *context, const struct ledger_row *row, struct err *err)
{
    const struct copying *c = context;

    return ledger_import_put(c->to, row, err);
}

static int put_tally(void *context, const struct store_tally *t, struct err *err)
{
    const struct copying *c = context;

    return store_pg_copy_tally(c->to, t, err);
}

static int fail(const struct err *err)
{
    fprintf(stderr, "clickbaton store copy: %s\n", err->text);
    return err->kind == ERR_INPUT ? EXIT_NO : EXIT_IO;
}

/* ---- into a database ---- */

/* The hours as they were counted there, and since when the rows say the same. */
static int copy_tallies(struct copying *c, const char *from, struct err *err)
{
    struct store *store = store_sqlite_open(from, false, err);
    struct ledger_gone gone;
    int rc = store ? store_walk_tallies(store, 0, 0, (struct slice){ 0 }, put_tally, c, err) : -1;

    if (rc == 0 && (rc = store_sqlite_gone(store, &gone, err)) == 0)
        rc = store_pg_copy_gone(c->to, &gone, err);
    store_close(store);
    return rc;
}

/* FROM is closed before TO is open: if this breaks off in between, neither is in use, and it is run again. */
static int finish(struct copying *c, const char *from, const char *to, bool last, struct err *err)
{
    if (last && (copy_tallies(c, from, err) != 0 || store_sqlite_close_for(from, to, err) != 0))
        return -1;
    return ledger_import_finish(c->to, err);
}

static int copy_up(const char *from, const char *to)
{
    static const struct ledger_filter all = { .since = 0 };
    struct ledger_copied n;
    struct copying c = { NULL };
    struct err err = { 0 };
    int held = store_sqlite_hold(from, &err), code = EXIT_DONE;
    bool last = held >= 0;

    if (held < 0 && err.kind != ERR_BUSY)
        return fail(&err);
    c.to = store_pg_copy(to, last, &n, &err);
    if (!c.to || store_sqlite_export(from, &all, put, &c, &err) != 0 || finish(&c, from, to, last, &err) != 0)
        code = fail(&err);
    ledger_import_close(c.to);
    store_sqlite_let_go(held);
    if (code != EXIT_DONE)
        return code;
    fprintf(stderr, "%s: %lld rows were there already, %lld added, %lld changed, %lld removed\n", to, (long long)n.same,
            (long long)n.added, (long long)n.changed, (long long)n.removed);
    if (last)
        fprintf(stderr, "%s: the copy is finished, and %s is closed; set `store:` to the database and start the server\n", to, from);
    else
        fprintf(stderr, "%s: the server of %s runs; stop it and run this once more: only then is the copy finished\n", to, from);
    return last ? EXIT_DONE : EXIT_NO;
}

/* ---- out of a database: all at once, by nobody's leave ---- */

static int copy_down(const char *from, const char *to)
{
    static const struct ledger_filter all = { .since = 0 };
    struct err err = { 0 };
    struct copying c = { store_sqlite_import(to, &err) };
    int code = EXIT_DONE;

    if (!c.to || store_pg_export(from, &all, put, &c, &err) != 0 || ledger_import_finish(c.to, &err) != 0)
        code = fail(&err);
    else
        fprintf(stderr, "%s: copied as it was when this began; what servers have written to %s since then is not in it\n", to, from);
    ledger_import_close(c.to);
    return code;
}

int store_copy(int argc, char **argv)
{
    static const struct option_row none[] = { { 0 } };
    const char *names[2] = { NULL, NULL };
    int code, from, to;

    if (options_parse(argc, argv, none, &usage, names, 2, 2, &code) < 0)
        return code;
    if ((from = store_is_url(names[0])) < 0 || (to = store_is_url(names[1])) < 0)
        return EXIT_USAGE;
    if (from == to)
        return options_misuse("store", from ? "from database to database: use the database's own tools, or `store export` and "
                              "`store import`" : "from folder to folder: stop the server and use `cp -a`, or `store export` and "
                              "`store import`");
    return to ? copy_up(names[0], names[1]) : copy_down(names[0], names[1]);
}
