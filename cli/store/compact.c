/* compact.c: `clickbaton store compact`. */
#include <stdio.h>

#include "adapters/store/stats.h"
#include "cli/control_client.h"
#include "cli/store/store.h"

static const struct verb_usage usage = {
    .synopsis = "store compact [-c FILE | DIR]",
    .about = "Gives the space that removed rows have left in the store's file back to the disk: a running\n"
             "server is asked to, a few pages at a time; without one the file is written anew. Rarely\n"
             "needed, for free space is used again by itself.",
    .examples = "  clickbaton store compact",
};

#define ANSWER_SECONDS 60

/* {"left":N} */
static bool read_left(const struct buf *answer, int64_t *left)
{
    struct slice s = slice_trim(buf_slice(answer)), prefix = S("{\"left\":");

    return slice_starts(s, prefix) && slice_ends(s, S("}")) &&
           slice_to_i64((struct slice){ s.ptr + prefix.len, s.len - prefix.len - 1 }, left);
}

/* 1: the server has done it.  0: none runs there.  -1: *err. */
static int ask_server(const char *path, struct err *err)
{
    struct control_client *client = control_client_open(path, err);
    struct buf answer = { 0 };
    int64_t left = INT64_MAX, before;
    int rc = client ? 1 : -1;

    do {
        before = left;
        if (rc == 1)
            rc = control_client_ask(client, "/compact", S("{}"), ANSWER_SECONDS, &answer, err);
        if (rc == 1 && !read_left(&answer, &left))
            rc = err_set(err, ERR_SYSTEM, "the server's answer is not understood");
    } while (rc == 1 && left > 0 && left < before);
    buf_free(&answer);
    control_client_close(client);
    return rc;
}

int store_compact(int argc, char **argv)
{
    const char *config = "clickbaton.yaml", *named = NULL;
    const struct option_row rows[] = { STORE_CONFIG(&config), { 0 } };
    int64_t before, after;
    struct err err = { 0 };
    char path[STORE_PATH];
    int code;

    if (options_parse(argc, argv, rows, &usage, &named, 0, 1, &code) < 0 ||
        (code = store_find_data(config, named, "PostgreSQL uses the space of removed rows again by itself (autovacuum)", path)) != EXIT_DONE)
        return code;
    if ((code = ask_server(path, &err)) != 0) {
        if (code == 1)
            printf("%s/clickbaton.db: the server gives its free space back; the file shrinks when its log "
                   "is moved\n", path);
        else
            fprintf(stderr, "clickbaton store compact: %s\n", err.text);
        return code == 1 ? EXIT_DONE : EXIT_IO;
    }
    if (store_sqlite_compact(path, &before, &after, &err) != 0) {
        fprintf(stderr, "clickbaton store compact: %s\n", err.text);
        return EXIT_IO;
    }
    printf("%s/clickbaton.db: %lld bytes, %lld before\n", path, (long long)after,
           (long long)before);
    return EXIT_DONE;
}
