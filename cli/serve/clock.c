#include "cli/serve/clock.h"

#include <pthread.h>
#include <time.h>

#include "cli/serve/log.h"
#include "core/base/steady.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct clock_rule rule; /* the machine's clock is one, too */
static int64_t back;

static int64_t read_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Under the lock. */
static int64_t look(bool *left, bool *returned, int64_t *believed)
{
    bool before = rule.away;
    /* CLOCK_BOOTTIME goes on while the machine sleeps */
    int64_t now = clock_rule_now(&rule, read_ms(CLOCK_REALTIME), read_ms(CLOCK_BOOTTIME), believed);

    if (*believed < 0)
        back += *believed;
    *left = !before && rule.away;
    *returned = before && !rule.away && *believed == 0;
    return now;
}

int64_t clock_now_ms(void)
{
    bool left, returned;
    int64_t now, believed, by;

    pthread_mutex_lock(&lock);
    now = look(&left, &returned, &believed);
    by = rule.away_by;
    pthread_mutex_unlock(&lock);
    if (left)
        log_line("error", "msg=\"this machine's clock has jumped; the time goes on without it, and delivery waits, "
                          "until it comes back or has stayed for %d minutes\" seconds=%lld",
                 CLOCK_HOLD_MS / 60000, (long long)(by / 1000));
    if (returned)
        log_line("info", "msg=\"this machine's clock has come back\"");
    if (believed)
        log_line("warning", "msg=\"this machine's clock is believed again: it has stayed where it jumped\" "
                            "seconds=%lld", (long long)(believed / 1000));
    return now;
}

int64_t clock_now(void)
{
    return clock_now_ms() / 1000;
}

int64_t clock_away(void)
{
    int64_t by;

    clock_now_ms();
    pthread_mutex_lock(&lock);
    by = rule.away ? rule.away_by : 0;
    pthread_mutex_unlock(&lock);
    return by;
}

int64_t clock_went_back(void)
{
    int64_t by;

    pthread_mutex_lock(&lock);
    by = back;
    pthread_mutex_unlock(&lock);
    return by;
}

void clock_went_back_done(int64_t by)
{
    pthread_mutex_lock(&lock);
    back -= by;
    pthread_mutex_unlock(&lock);
}

void clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t how;

    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &how);
    pthread_condattr_destroy(&how);
}

struct timespec clock_in(int64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    ms += t.tv_nsec / 1000000;
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec = ms % 1000 * 1000000;
    return t;
}
