#include "cli/serve/upgrade.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "adapters/process/notify.h"
#include "cli/serve/log.h"

#define NOTIFY_MS 1000
#define LOG_MS    5000
/* In which systemd must hear of it again.  One sync of a slow disk, or one sort, may take long. */
#define QUIET_MS  INT64_C(120000)

struct upgrading {
    int64_t began, notified, logged; /* 0: not yet */
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1;
}

static void tell(void *context, const struct store_upgrading *at)
{
    struct upgrading *u = context;
    int64_t now = now_ms();
    char status[120];

    if (!u->began)
        u->began = now;
    if (!u->notified || now - u->notified >= NOTIFY_MS) {
        snprintf(status, sizeof(status), "bringing the store up to date: %s, %" PRId64 " of %" PRId64 " rows", at->what,
                 at->done, at->of);
        notify_starting(QUIET_MS, status);
        u->notified = now;
    }
    if (!u->logged || now - u->logged >= LOG_MS) {
        log_line("info", "msg=\"bringing the store up to date; nothing is taken until that is done\" at=\"%s\" "
                 "rows=%" PRId64 " of=%" PRId64 " seconds=%" PRId64, at->what, at->done, at->of,
                 (now - u->began) / 1000);
        u->logged = now;
    }
}

struct store *upgrade_open(const char *dir, struct err *err)
{
    struct upgrading u = { 0 };
    const struct store_upgrade upgrade = { tell, &u };
    struct store *s = store_sqlite_open_upgrade(dir, &upgrade, err);

    if (s && u.began)
        log_line("info", "msg=\"the store is up to date\" seconds=%" PRId64, (now_ms() - u.began) / 1000);
    return s;
}
