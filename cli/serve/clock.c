#include "cli/serve/clock.h"

#include <pthread.h>
#include <time.h>

#include "cli/serve/log.h"

/* Steps of a jump that is one: a wrong clock drifts as well. */
#define SAME_JUMP_MS 60000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct clock_rule rule; /* the machine's clock is one, too */
static int64_t back;

static int64_t apart(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

int64_t clock_rule_now(struct clock_rule *r, int64_t wall, int64_t steady, int64_t *believed)
{
    int64_t by = wall - steady - r->offset;

    *believed = 0;
    if (!r->started || apart(by, 0) <= CLOCK_STEP_MS) {
        r->started = true;
        r->away = false;
        r->offset += by;
        return wall;
    }
    if (!r->away || apart(by, r->away_by) > SAME_JUMP_MS) {
        r->away = true;
        r->away_since = steady;
    } else if (steady - r->away_since >= CLOCK_HOLD_MS && wall >= CLOCK_EARLIEST_MS) {
        r->away = false;
        r->offset += by;
        *believed = by;
    }
    r->away_by = by;
    return steady + r->offset;
}

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
