#include "cli/stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/postgres.h"

/* Trackers wait for what a writer does; a reader of the server's main thread holds up its other duties. */
#define WRITER_MS 10000
#define READER_MS 3000
#define READER_CONNECT_S 2

static struct postgres place(const struct catalog_store *s)
{
    return (struct postgres){ .url = s->url, .password = s->password, .folder = s->folder };
}

struct store *stores_open(const struct catalog *c, bool writer, struct err *err)
{
    const struct postgres at = place(&c->store);

    return at.url ? postgres_open(&at, writer, err) : store_sqlite_open(c->data, writer, err);
}

struct store *stores_init(const struct catalog *c, bool over_older, struct err *err)
{
    struct postgres at = place(&c->store);

    at.over_older = over_older;
    return at.url ? postgres_open(&at, true, err) : store_sqlite_open(c->data, true, err);
}

bool stores_is_remote(const struct catalog *c)
{
    return c->store.url != NULL;
}

const char *stores_name(const struct catalog *c, char out[300])
{
    const struct postgres at = place(&c->store);

    if (c->store.url)
        postgres_name(&at, out, 300);
    else
        snprintf(out, 300, "%s/clickbaton.db", c->data);
    return out;
}

bool stores_there(const struct catalog *c)
{
    struct buf path = { 0 };
    bool there;

    if (c->store.url || !c->data)
        return c->store.url != NULL;
    buf_printf(&path, "%s/clickbaton.db%c", c->data, '\0');
    there = buf_ok(&path) && files_exist(path.ptr);
    buf_free(&path);
    return there;
}

/* ---- one that is kept ---- */

struct stores {
    char *data, *url, *folder;
    struct catalog_store at;
    struct postgres_secret *secret;
};

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

struct stores *stores_keep(const struct catalog *c)
{
    struct stores *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->data = copy(c->data);
    s->at.url = s->url = copy(c->store.url);
    s->at.folder = s->folder = copy(c->store.folder);
    s->secret = postgres_secret_new(c->store.password);
    if (s->data && !s->url == !c->store.url && !s->folder == !c->store.folder && s->secret)
        return s;
    stores_free(s);
    return NULL;
}

void stores_free(struct stores *s)
{
    if (!s)
        return;
    postgres_secret_free(s->secret);
    free(s->data);
    free(s->url);
    free(s->folder);
    free(s);
}

static struct postgres kept_place(const struct stores *s)
{
    struct postgres at = place(&s->at);

    at.secret = s->secret;
    return at;
}

struct store *stores_open_kept(const struct stores *s, bool writer, struct err *err)
{
    const struct postgres at = kept_place(s);

    return at.url ? postgres_open(&at, writer, err) : store_sqlite_open(s->data, writer, err);
}

struct store *stores_open_later(const struct stores *s, bool writer, struct err *err)
{
    struct postgres at = kept_place(s);

    if (!writer)
        at.connect_s = READER_CONNECT_S;
    return at.url ? postgres_open_later(&at, writer, writer ? WRITER_MS : READER_MS, err) : NULL;
}

enum stores_password stores_password(const struct stores *s, const struct catalog *c, struct err *err)
{
    struct postgres at = place(&s->at);
    int rc;

    if (!at.url || !c->store.url || postgres_secret_is(s->secret, c->store.password))
        return STORES_SAME;
    at.password = c->store.password;
    at.connect_s = READER_CONNECT_S;
    rc = postgres_try(&at, err);
    if (rc > 0)
        return STORES_REFUSED;
    if (postgres_secret_set(s->secret, c->store.password) != 0) {
        err_set(err, ERR_SYSTEM, "out of memory");
        return STORES_REFUSED;
    }
    return rc == 0 ? STORES_TAKEN : STORES_UNTRIED;
}
