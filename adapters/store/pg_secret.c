/* pg_secret.c: the role's password, which may be changed while stores are open with it. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/pg_url.h"
#include "core/base/wipe.h"

struct postgres_secret {
    pthread_mutex_t lock;
    char *text; /* malloc'ed; NULL: none */
    uint64_t change;
};

static void forget(char *text)
{
    if (text)
        wipe(text, strlen(text));
    free(text);
}

struct postgres_secret *postgres_secret_new(const char *password)
{
    struct postgres_secret *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->change = 1;
    if (!password || (s->text = strdup(password)))
        return s;
    postgres_secret_free(s);
    return NULL;
}

bool postgres_secret_is(struct postgres_secret *s, const char *password)
{
    bool same;

    pthread_mutex_lock(&s->lock);
    same = s->text && password ? strcmp(s->text, password) == 0 : !s->text && !password;
    pthread_mutex_unlock(&s->lock);
    return same;
}

int postgres_secret_set(struct postgres_secret *s, const char *password)
{
    char *text = password ? strdup(password) : NULL, *before;

    if (password && !text)
        return -1;
    pthread_mutex_lock(&s->lock);
    before = s->text;
    s->text = text;
    s->change++;
    pthread_mutex_unlock(&s->lock);
    forget(before);
    return 0;
}

void postgres_secret_free(struct postgres_secret *s)
{
    if (!s)
        return;
    forget(s->text);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

bool pg_target_renew(struct pg_target *t)
{
    struct postgres_secret *s = t->secret;
    char *text = NULL;
    bool news;

    if (!s)
        return false;
    pthread_mutex_lock(&s->lock);
    news = s->change != t->change;
    if (news && s->text && !(text = strdup(s->text)))
        news = false; /* no memory: the next time */
    if (news)
        t->change = s->change;
    pthread_mutex_unlock(&s->lock);
    if (!news)
        return false;
    forget(t->password);
    t->password = text;
    pg_target_password(t);
    return true;
}
