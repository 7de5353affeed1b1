/* wall_clock.h: for libraries of LD_PRELOAD: all calls that tell the wall clock, by which it is wall_clock_ahead() nanoseconds ahead.
 * Whoever includes this defines that. */
#ifndef TESTS_FAULT_WALL_CLOCK_H
#define TESTS_FAULT_WALL_CLOCK_H

#include <dlfcn.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

static int64_t wall_clock_ahead(void);

int clock_gettime(clockid_t clock, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    int64_t ns;
    int rc;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    rc = real(clock, t);
    if (rc != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return rc;
    ns = (int64_t)t->tv_sec * INT64_C(1000000000) + t->tv_nsec + wall_clock_ahead();
    t->tv_sec = ns / INT64_C(1000000000);
    t->tv_nsec = ns % INT64_C(1000000000);
    if (t->tv_nsec < 0) { /* before 1970 */
        t->tv_nsec += INT64_C(1000000000);
        t->tv_sec--;
    }
    return rc;
}

time_t time(time_t *to)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    if (to)
        *to = t.tv_sec;
    return t.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec t;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &t);
    *tv = (struct timeval){ t.tv_sec, t.tv_nsec / 1000 };
    return 0;
}

#endif
