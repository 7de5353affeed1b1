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

static struct store *open_store(const char *data, const struct catalog_store *at, bool writer, struct err *err)
{
    const struct postgres there = place(at);

    return at->url ? postgres_open(&there, writer, err) : store_sqlite_open(data, writer, err);
}

struct store *stores_open(const struct catalog *c, bool writer, struct err *err)
{
    return open_store(c->data, &c->store, writer, err);
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
    s->at.password = c->store.password ? files_secret_dup(slice_from(c->store.password)) : NULL;
    if (s->data && !s->url == !c->store.url && !s->folder == !c->store.folder &&
        !s->at.password == !c->store.password)
        return s;
    stores_free(s);
    return NULL;
}

void stores_free(struct stores *s)
{
    if (!s)
        return;
    files_forget(s->at.password);
    free(s->data);
    free(s->url);
    free(s->folder);
    free(s);
}

struct store *stores_open_kept(const struct stores *s, bool writer, struct err *err)
{
    return open_store(s->data, &s->at, writer, err);
}

struct store *stores_open_later(const struct stores *s, bool writer, struct err *err)
{
    struct postgres at = place(&s->at);

    if (!writer)
        at.connect_s = READER_CONNECT_S;
    return at.url ? postgres_open_later(&at, writer, writer ? WRITER_MS : READER_MS, err) : NULL;
}
