#include "cli/serve/messages.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* 16,384 messages, 640 KB, of which only what is used gets real. */
#define ROWS 2048
#define WAYS 8

struct messages {
    pthread_mutex_t lock;
    struct message table[ROWS][WAYS];
};

struct messages *messages_open(void)
{
    struct messages *m = calloc(1, sizeof(*m));

    if (m)
        pthread_mutex_init(&m->lock, NULL);
    return m;
}

void messages_close(struct messages *m)
{
    if (!m)
        return;
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* The ids are SHA-256: any of their bits are as good as a hash. */
static struct message *row_of(struct messages *m, const struct message *one)
{
    return m->table[((unsigned)one->id[0] << 8 | one->id[1]) % ROWS];
}

static struct message *find(struct messages *m, const struct message *one)
{
    struct message *row = row_of(m, one);

    for (size_t i = 0; i < WAYS; i++)
        if (row[i].until && memcmp(row[i].id, one->id, sizeof(one->id)) == 0)
            return &row[i];
    return NULL;
}

enum messages_seen messages_look(struct messages *m, const struct message *one, int64_t now)
{
    enum messages_seen seen = MESSAGES_NEW;
    const struct message *known;

    pthread_mutex_lock(&m->lock);
    known = find(m, one);
    if (known && known->until >= now)
        seen = memcmp(known->body, one->body, sizeof(one->body)) == 0 ? MESSAGES_AGAIN
                                                                      : MESSAGES_OTHER_BODY;
    pthread_mutex_unlock(&m->lock);
    return seen;
}

void messages_keep(struct messages *m, const struct message *one)
{
    struct message *row = row_of(m, one), *to;

    pthread_mutex_lock(&m->lock);
    to = find(m, one);
    if (!to) {
        to = row;
        for (size_t i = 1; i < WAYS; i++) /* a free one, else the one that is over first */
            if (row[i].until < to->until)
                to = &row[i];
    }
    *to = *one;
    pthread_mutex_unlock(&m->lock);
}
