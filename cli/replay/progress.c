#include "cli/replay/replay.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WIDTH 30
#define BAR_MS 100   /* between two pictures on a terminal */
#define LINE_MS 5000 /* between two lines elsewhere */

int64_t progress_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_start(struct progress *p, int64_t total, bool dead)
{
    *p = (struct progress){ isatty(STDERR_FILENO) == 1, dead ? "dead events" : "postbacks", total,
                            progress_clock(), 0 };
    p->told_ms = p->bar ? 0 : p->started_ms;
}

static void bar(const struct progress *p, const struct tally *t)
{
    int full = p->total ? (int)(WIDTH * (t->rows < p->total ? t->rows : p->total) / p->total) : WIDTH;
    int64_t seconds = (progress_clock() - p->started_ms) / 1000;
    char picture[WIDTH + 1];

    memset(picture, '.', WIDTH);
    memset(picture, '#', (size_t)full);
    picture[WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %lld of %lld %s, %lld events, %lld:%02lld ", picture, (long long)t->rows,
            (long long)p->total, p->what, (long long)t->events, (long long)(seconds / 60),
            (long long)(seconds % 60));
    fflush(stderr);
}

void progress_tell(struct progress *p, const struct tally *t)
{
    int64_t now = progress_clock();

    if (now - p->told_ms < (p->bar ? BAR_MS : LINE_MS) && !(p->bar && t->rows >= p->total))
        return;
    p->told_ms = now;
    if (p->bar)
        bar(p, t);
    else
        fprintf(stderr, "replay: %lld of %lld %s, %lld events\n", (long long)t->rows,
                (long long)p->total, p->what, (long long)t->events);
}

void progress_end(struct progress *p)
{
    if (p->bar)
        fputc('\n', stderr);
}
