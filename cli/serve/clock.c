#include "cli/serve/clock.h"

#include <pthread.h>
#include <time.h>

#include "adapters/store/store.h"
#include "cli/serve/log.h"
#include "core/base/steady.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct clock_rule rule; /* the machine's clock is one, too */
static int64_t back;
static struct {
    bool known;
    int64_t ahead; /* of CLOCK_BOOTTIME, ms */
    int64_t within, boot; /* how exactly that is known; since when */
} theirs; /* the store's, by which several machines go */

static int64_t read_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Under the lock. */
static int64_t wall_ms(int64_t boot)
{
    return theirs.known ? boot + theirs.ahead : read_ms(CLOCK_REALTIME);
}

/* Under the lock. */
static int64_t look(bool *left, bool *returned, int64_t *believed)
{
    bool before = rule.away;
    int64_t boot = read_ms(CLOCK_BOOTTIME); /* goes on while the machine sleeps */
    int64_t now = clock_rule_now(&rule, wall_ms(boot), boot, believed);

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
    const char *whose;

    pthread_mutex_lock(&lock);
    now = look(&left, &returned, &believed);
    by = rule.away_by;
    whose = theirs.known ? "the database's" : "this machine's";
    pthread_mutex_unlock(&lock);
    if (left)
        log_line("error", "msg=\"%s clock has jumped; the time goes on without it, and delivery waits, "
                          "until it comes back or has stayed for %d minutes\" seconds=%lld",
                 whose, CLOCK_HOLD_MS / 60000, (long long)(by / 1000));
    if (returned)
        log_line("info", "msg=\"%s clock has come back\"", whose);
    if (believed)
        log_line("warning", "msg=\"%s clock is believed again: it has stayed where it jumped\" seconds=%lld", whose,
                 (long long)(believed / 1000));
    return now;
}

int64_t clock_now(void)
{
    return clock_now_ms() / 1000;
}

#define DRIFT_PER 10000 /* a crystal is off by 100 millionths at most */

void clock_read_store(const struct store *s)
{
    struct store_clock c;
    int64_t ahead, apart;

    if (!store_clock(s, &c))
        return;
    ahead = c.at - c.boot;
    pthread_mutex_lock(&lock);
    apart = theirs.ahead > ahead ? theirs.ahead - ahead : ahead - theirs.ahead;
    if (!theirs.known) /* the machine's own is no measure of theirs */
        rule = (struct clock_rule){ .started = false };
    if (!theirs.known || c.within <= theirs.within + (c.boot - theirs.boot) / DRIFT_PER || apart > c.within + theirs.within) {
        theirs.known = true;
        theirs.ahead = ahead;
        theirs.within = c.within;
        theirs.boot = c.boot;
    }
    pthread_mutex_unlock(&lock);
}

int64_t clock_unheard(void)
{
    int64_t ahead;

    pthread_mutex_lock(&lock);
    ahead = theirs.known ? 0 : rule.started ? rule.offset : read_ms(CLOCK_REALTIME) - read_ms(CLOCK_BOOTTIME);
    pthread_mutex_unlock(&lock);
    return ahead;
}

int64_t clock_since_heard(int64_t unheard)
{
    int64_t by;

    if (!unheard)
        return 0;
    pthread_mutex_lock(&lock);
    by = theirs.known ? theirs.ahead - unheard : 0;
    pthread_mutex_unlock(&lock);
    return by;
}

int64_t clock_off(void)
{
    int64_t by = 0;

    pthread_mutex_lock(&lock);
    if (theirs.known)
        by = read_ms(CLOCK_REALTIME) - (read_ms(CLOCK_BOOTTIME) + theirs.ahead);
    pthread_mutex_unlock(&lock);
    return by > CLOCK_STEP_MS || by < -CLOCK_STEP_MS ? by : 0;
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
