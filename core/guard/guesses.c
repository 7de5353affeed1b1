#include "core/guard/guesses.h"

#include <string.h>

/* oldest: of as many as are allowed; 0: there were not so many. */
static int64_t until(int64_t oldest, int64_t now)
{
    int64_t end = oldest + GUESSES_S;

    return oldest && now < end ? end - now : 0;
}

static size_t find(const struct guesses *g, uint64_t key)
{
    size_t i = 0;

    while (i < GUESSES_PLACES && (g->places[i].key != key || !g->places[i].last))
        i++;
    return i;
}

static bool is_known(const struct guesses *g, uint64_t key)
{
    for (size_t i = 0; i < GUESSES_KNOWN; i++)
        if (key && g->known[i] == key)
            return true;
    return false;
}

int64_t guesses_wait(const struct guesses *g, uint64_t key, int64_t now)
{
    size_t i = find(g, key);
    int64_t own = i < GUESSES_PLACES ? until(g->places[i].wrong[g->places[i].next], now) : 0;
    int64_t all = is_known(g, key) ? 0 : until(g->wrong[g->next], now);

    return own > all ? own : all;
}

void guesses_wrong(struct guesses *g, uint64_t key, int64_t now)
{
    size_t at = find(g, key);

    if (at == GUESSES_PLACES) {
        at = 0;
        for (size_t i = 1; i < GUESSES_PLACES; i++)
            if (g->places[i].last < g->places[at].last)
                at = i;
        memset(&g->places[at], 0, sizeof(g->places[at]));
        g->places[at].key = key;
    }
    g->places[at].wrong[g->places[at].next] = g->places[at].last = now;
    g->places[at].next = (g->places[at].next + 1) % GUESSES_EACH;
    if (is_known(g, key)) /* its own limit is enough, and others are not to wait for it */
        return;
    g->wrong[g->next] = now;
    g->next = (g->next + 1) % GUESSES_ALL;
}

void guesses_right(struct guesses *g, uint64_t key)
{
    size_t i = 0;

    while (i < GUESSES_KNOWN - 1 && g->known[i] != key)
        i++;
    memmove(g->known + 1, g->known, i * sizeof(*g->known));
    g->known[0] = key;
}

void guesses_forget(struct guesses *g)
{
    memset(g->known, 0, sizeof(g->known));
}
