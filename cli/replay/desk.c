#include "cli/replay/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/control_client.h"
#include "cli/stores.h"

#define PATIENCE_S 120 /* a server whose disk is slow */
#define TRIES 5        /* a server that is just starting has the lock, and listens a moment later */

struct desk {
    struct catalog *catalog;
    struct control_client *client;
    struct store *writer, *reader; /* writer: NULL when a server runs */
    struct buf text, answer;
};

static const char *why_of(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    return text ? text : "";
}

/* 1: a server runs, with our files.  0: none runs. */
static int ask_server(struct desk *d, bool dead, struct err *err)
{
    int rc = control_client_ask(d->client, "/status", (struct slice){ 0 }, PATIENCE_S, &d->answer,
                                err);
    char own[20];
    cJSON *json;

    if (rc != 1 || dead)
        return rc;
    json = cJSON_ParseWithLength(d->answer.ptr, d->answer.len);
    snprintf(own, sizeof(own), "%016llx", (unsigned long long)d->catalog->print);
    if (strcmp(why_of(json, "rules"), own) != 0)
        rc = err_set(err, ERR_INPUT,
                     "the running server (pid %.0f) has other files in force than those here; reload "
                     "it (kill -HUP %.0f, or systemctl reload clickbaton), then replay again",
                     cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "pid")),
                     cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "pid")));
    cJSON_Delete(json);
    return rc;
}

/* The server of this data folder, or the store for writing.  SQLite has no other writer then; PostgreSQL may have some, on
 * other machines, and sees to it that they agree. */
static int find_writer(struct desk *d, bool dead, struct err *err)
{
    const struct timespec pause = { .tv_nsec = 200 * 1000000 };

    for (int i = 0; i < TRIES; i++) {
        int rc = ask_server(d, dead, err);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
        d->writer = stores_open(d->catalog, true, err);
        if (d->writer)
            return 0;
        nanosleep(&pause, NULL);
    }
    return -1;
}

static bool has_store(const struct catalog *c, struct err *err)
{
    bool there = stores_there(c);

    if (!there)
        err_set(err, ERR_SYSTEM,
                "%s/clickbaton.db: there is no store; -c names the configuration of the server whose "
                "postbacks are meant", c->data);
    return there;
}

struct desk *desk_open(struct catalog *catalog, bool dead, struct err *err)
{
    struct desk *d;

    if (!has_store(catalog, err))
        return NULL;
    if (!(d = calloc(1, sizeof(*d)))) {
        err_set(err, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    d->catalog = catalog;
    d->answer.limit = CONTROL_ANSWER_MAX;
    d->client = control_client_open(catalog->data, err);
    if (d->client && find_writer(d, dead, err) == 0 &&
        (d->reader = stores_open(catalog, false, err)))
        return d;
    desk_close(d);
    return NULL;
}

struct store *desk_reader(struct desk *d)
{
    return d->reader;
}

static int ask(struct desk *d, struct err *err)
{
    int rc = control_client_ask(d->client, "/replay", buf_slice(&d->text), PATIENCE_S, &d->answer,
                                err);

    if (rc == 0)
        return err_set(err, ERR_SYSTEM, "the server has ended meanwhile");
    return rc < 0 ? -1 : 0;
}

/* The same order by the same text, so that both ways are one. */
static int do_here(struct desk *d, struct err *err)
{
    struct replay_order order;
    struct timespec now;
    struct arena arena;
    int rc;

    arena_init(&arena, (size_t)1 << 20);
    clock_gettime(CLOCK_REALTIME, &now);
    buf_clear(&d->answer);
    rc = replay_order_parse(buf_slice(&d->text), &arena, &order, err);
    if (rc == 0)
        rc = replay_group(d->writer, d->catalog, &order,
                          (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000, &d->answer, err);
    arena_free(&arena);
    return rc;
}

cJSON *desk_do(struct desk *d, const struct replay_order *order, struct err *err)
{
    cJSON *json;

    buf_clear(&d->text);
    replay_order_print(&d->text, order);
    if (!buf_ok(&d->text)) {
        err_set(err, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    if ((d->writer ? do_here(d, err) : ask(d, err)) != 0)
        return NULL;
    json = cJSON_ParseWithLength(d->answer.ptr, d->answer.len);
    if (!json)
        err_set(err, ERR_SYSTEM, "the answer can't be read");
    return json;
}

void desk_close(struct desk *d)
{
    if (!d)
        return;
    store_close(d->reader);
    store_close(d->writer);
    control_client_close(d->client);
    buf_free(&d->text);
    buf_free(&d->answer);
    free(d);
}
