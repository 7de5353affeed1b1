/* export.c: `clickbaton store export`. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/store/ledger.h"
#include "cli/end.h"
#include "cli/store/store.h"
#include "core/base/when.h"

#define CHUNK ((size_t)256 << 10)

static const struct verb_usage usage = {
    .synopsis = "store export [-c FILE | DIR | URL] [--since T] [--until T] [--offer O] [-o FILE]",
    .about = "The ledger as JSON Lines: clicks, postbacks, requests to TikTok, events and what became\n"
             "of them. As of one moment, also beside a running server. `store import` makes the same\n"
             "store of it. T is a day, a moment (2026-05-28T20:26:40Z) or an age (7d, 36h).",
    .examples = "  clickbaton store export -o ledger.jsonl\n"
                "  clickbaton store export --since 7d --offer nutra-de | jq -c 'select(.row==\"event\")'",
};

struct writing {
    struct buf buf;
    int fd;
};

static int write_out(struct writing *w, struct err *err)
{
    struct slice s = buf_slice(&w->buf);

    if (!buf_ok(&w->buf))
        return err_set(err, ERR_SYSTEM, "out of memory");
    while (s.len) {
        ssize_t n = write(w->fd, s.ptr, s.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(err, ERR_SYSTEM, "writing the export: %s", strerror(errno));
        s = slice_from_at(s, (size_t)n);
    }
    buf_clear(&w->buf);
    return 0;
}

static int visit(void *context, const struct ledger_row *row, struct err *err)
{
    struct writing *w = context;

    ledger_print(&w->buf, row);
    return w->buf.len < CHUNK && buf_ok(&w->buf) ? 0 : write_out(w, err);
}

/* A day, a moment or an age, in ms; false when it is none. */
static bool moment(const char *text, int64_t *ms)
{
    struct slice s = slice_from(text);
    char day[40];
    int64_t seconds;

    if (!text)
        return true;
    if (when_duration_parse(s, &seconds))
        seconds = cli_now() - seconds;
    else if (!when_parse(s, WHEN_ISO, 0, &seconds)) {
        snprintf(day, sizeof(day), "%.20sT00:00:00Z", text);
        if (s.len != 10 || !when_parse(slice_from(day), WHEN_ISO, 0, &seconds))
            return false;
    }
    *ms = seconds * 1000;
    return true;
}

static void remove_aside(void *context)
{
    unlink(context);
}

/* Beside FILE until it is whole, so that an export that fails leaves what was there; a pipe or a device
 * is written to as it is.  The file's descriptor, -1. */
static int open_output(const char *file, char aside[STORE_PATH + 16])
{
    struct stat st;

    *aside = '\0';
    if (stat(file, &st) == 0 && !S_ISREG(st.st_mode))
        return open(file, O_WRONLY | O_CLOEXEC);
    if (snprintf(aside, STORE_PATH + 16, "%s.part-XXXXXX", file) >= STORE_PATH + 16) {
        *aside = '\0';
        errno = ENAMETOOLONG;
        return -1;
    }
    return mkstemp(aside);
}

static int export_to(const char *dir, const struct ledger_filter *filter, const char *file)
{
    struct writing w = { .fd = STDOUT_FILENO };
    char aside[STORE_PATH + 16] = "";
    struct err err = { 0 };
    int rc;

    if (file)
        w.fd = open_output(file, aside);
    if (w.fd < 0) {
        fprintf(stderr, "clickbaton store export: %s: %s\n", file, strerror(errno));
        return EXIT_IO;
    }
    if (*aside)
        end_undo(remove_aside, aside);
    rc = (store_is_url(dir) ? store_pg_export(dir, filter, visit, &w, &err) : store_sqlite_export(dir, filter, visit, &w, &err));
    if (rc == 0)
        rc = write_out(&w, &err);
    if (rc == 0 && file && fsync(w.fd) != 0 && errno != EINVAL)
        rc = err_set(&err, ERR_SYSTEM, "%s: %s", file, strerror(errno));
    if (file)
        close(w.fd);
    if (rc == 0 && *aside && rename(aside, file) != 0)
        rc = err_set(&err, ERR_SYSTEM, "%s: %s", file, strerror(errno));
    end_keep();
    if (rc != 0 && *aside)
        unlink(aside);
    buf_free(&w.buf);
    if (rc != 0)
        fprintf(stderr, "clickbaton store export: %s\n", err.text);
    return rc == 0 ? EXIT_DONE : EXIT_IO;
}

int store_export(int argc, char **argv)
{
    const char *config = "clickbaton.yaml", *named = NULL, *since = NULL, *until = NULL;
    const char *offer = NULL, *file = NULL;
    const struct option_row rows[] = {
        STORE_CONFIG(&config),
        { "--since", NULL, OPTION_TEXT, &since, "T", "from then on" },
        { "--until", NULL, OPTION_TEXT, &until, "T", "before then" },
        { "--offer", NULL, OPTION_TEXT, &offer, "O", "this offer alone" },
        { "--output", "-o", OPTION_TEXT, &file, "FILE", "there; default stdout" },
        { 0 },
    };
    struct ledger_filter filter = { 0 };
    char path[STORE_PATH];
    int code;

    if (options_parse(argc, argv, rows, &usage, &named, 0, 1, &code) < 0)
        return code;
    filter.offer = slice_from(offer);
    if (!moment(since, &filter.since) || !moment(until, &filter.until))
        return options_misuse("store", "--since and --until take 2026-05-28, 2026-05-28T20:26:40Z or an age like 7d");
    code = store_find_data(config, named, NULL, path);
    return code != EXIT_DONE ? code : export_to(path, &filter, file);
}
