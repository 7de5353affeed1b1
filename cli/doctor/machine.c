/* machine.c: what an installation needs, whatever its offers. */
#include "cli/doctor/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "adapters/store/spill.h"
#include "adapters/store/store.h"
#include "cli/init/init.h"
#include "cli/stores.h"
#include "core/base/when.h"

#define DAY 86400
#define OLD_RATES_DAYS 7
#define TOKEN_DAYS 365
#define DISK_LOW (UINT64_C(1) << 30)
#define DISK_EMPTY (UINT64_C(100) << 20)
#define BACKLOG_OLD_MS (INT64_C(3600) * 1000)

static const struct slice none = { 0 };

static void check_files(struct doctor *d)
{
    const struct catalog *c = d->catalog;

    if (catalog_errors(d->catalog))
        doctor_find(d, FINDING_FAILED, "files", none,
                    S("they are printed above; `clickbaton check` shows them again"),
                    "%u error%s in the configuration or the mappings", catalog_errors(d->catalog),
                    catalog_errors(d->catalog) == 1 ? "" : "s");
    else if (c->diags.warnings)
        doctor_find(d, FINDING_WARNING, "files", none, S("they are printed above"),
                    "%zu offer mapping%s, %u warning%s", c->offer_count,
                    c->offer_count == 1 ? "" : "s", c->diags.warnings,
                    c->diags.warnings == 1 ? "" : "s");
    else
        doctor_find(d, FINDING_OK, "files", none, none, "%zu offer mapping%s, no errors",
                    c->offer_count, c->offer_count == 1 ? "" : "s");
}

static void check_key(struct doctor *d)
{
    size_t n = d->catalog->keys.len[0];

    if (n == 0)
        doctor_find(d, FINDING_FAILED, "key", none, S("see the errors above"),
                    "there is no key for postbacks");
    else if (n < 16)
        doctor_find(d, FINDING_WARNING, "key", none,
                    S("make one: (umask 077; openssl rand -hex 16 > keys/postback), and paste it "
                      "into the tracker's URLs"),
                    "the key of postbacks is short enough to be guessed");
    else
        doctor_find(d, FINDING_OK, "key", none, none, "the key of postbacks is long enough");
}

/* What `init` writes while there is no token yet, and no pixel. */
static const char *example_fault(const struct catalog_pixel *p)
{
    if (slice_eq(p->pixel, S(INIT_PIXEL)))
        return "it is the example pixel of `clickbaton init`";
    return slice_starts(slice_from(p->token), S(INIT_NO_TOKEN))
               ? "its token is the placeholder of `clickbaton init`, which only the sandbox takes"
               : NULL;
}

/* TikTok publishes neither a form nor a lifetime of tokens: so only what can't be one. */
static const char *token_fault(const struct catalog_pixel *p)
{
    size_t n = strlen(p->token);

    if (slice_eq(slice_from(p->token), p->pixel))
        return "it is the pixel's code";
    for (size_t i = 0; i < n; i++)
        if (!ascii_is_alnum(p->token[i]) && !strchr("-_.~+/=", p->token[i]))
            return "it has characters that no token has";
    return n < 20 ? "it is shorter than any token that was seen" : NULL;
}

static bool is_loopback(struct slice endpoint)
{
    return slice_starts(endpoint, S("http://"));
}

static void check_token(struct doctor *d, const struct catalog_pixel *p)
{
    const char *fault = p->token ? token_fault(p) : NULL;
    const char *example = p->token ? example_fault(p) : NULL;

    if (!p->token)
        doctor_find(d, FINDING_FAILED, "token", none, S("see the errors above"),
                    "pixel %.*s has no token", SLICE_ARG(p->pixel));
    else if (example && !is_loopback(d->catalog->endpoint))
        doctor_find(d, FINDING_FAILED, "token", none,
                    S("take the pixel's code and token from Events Manager: the pixel's Settings, "
                      "Generate Access Token"),
                    "pixel %.*s: %s", SLICE_ARG(p->pixel), example);
    else if (fault && !is_loopback(d->catalog->endpoint))
        doctor_find(d, FINDING_WARNING, "token", none,
                    S("copy it again: Events Manager, the pixel's Settings, Generate Access Token"),
                    "pixel %.*s: %s", SLICE_ARG(p->pixel), fault);
    else if (p->token_at && d->now - p->token_at > TOKEN_DAYS * (int64_t)DAY)
        doctor_find(d, FINDING_WARNING, "token", none,
                    S("if events are refused with 40102 or 40105, make a new one in Events Manager"),
                    "pixel %.*s: its file is %lld days old; no lifetime of tokens is documented, "
                    "some say a year",
                    SLICE_ARG(p->pixel), (long long)((d->now - p->token_at) / DAY));
    else
        doctor_find(d, FINDING_OK, "token", none, none, "pixel %.*s has a token",
                    SLICE_ARG(p->pixel));
    if (p->test_code.len)
        doctor_find(d, FINDING_WARNING, "test code", none,
                    S("remove test_event_code from the configuration before you spend money"),
                    "pixel %.*s gets test events only", SLICE_ARG(p->pixel));
}

static void check_destination(struct doctor *d)
{
    struct slice to = d->catalog->endpoint;

    if (is_loopback(to))
        doctor_find(d, FINDING_WARNING, "endpoint", none,
                    S("before you launch: endpoint: "
                      "https://business-api.tiktok.com/open_api/v1.3/event/track/"),
                    "events go to %.*s on this machine and not to TikTok", SLICE_ARG(to));
    else
        doctor_find(d, FINDING_OK, "endpoint", none, none, "events go to %.*s", SLICE_ARG(to));
}

static void check_rates(struct doctor *d)
{
    const struct rates *r = d->catalog->translator.rates;
    int64_t newest = r ? rates_newest(r, NULL) : 0;
    int64_t days = (d->now - newest) / DAY;

    if (!newest)
        doctor_find(d, FINDING_FAILED, "rates", none, S("import some: clickbaton rates import FILE"),
                    "there are no exchange rates");
    else if (days > OLD_RATES_DAYS)
        doctor_find(d, FINDING_WARNING, "rates", none,
                    S("import newer ones: clickbaton rates import FILE (docs/currency.md)"),
                    "the newest exchange rates are %lld days old", (long long)days);
    else
        doctor_find(d, FINDING_OK, "rates", none, none, "the newest exchange rates are %lld day%s old",
                    (long long)days, days == 1 ? "" : "s");
}

static void check_clock(struct doctor *d)
{
    struct timex t = { 0 };

    if (adjtimex(&t) != TIME_ERROR && !(t.status & STA_UNSYNC))
        doctor_find(d, FINDING_OK, "clock", none, none, "the clock is synchronised");
    else
        doctor_find(d, FINDING_WARNING, "clock", none,
                    S("apt-get install systemd-timesyncd, or ask the host's provider"),
                    "nothing says that this machine's clock is synchronised, and events carry its "
                    "time");
}

static void check_disk(struct doctor *d)
{
    struct statvfs v;
    const char *dir = files_exist(d->catalog->data) ? d->catalog->data : ".";
    uint64_t free_bytes;

    if (statvfs(dir, &v) != 0) {
        doctor_find(d, FINDING_FAILED, "disk", none, none, "%s: %s", dir, strerror(errno));
        return;
    }
    free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
    doctor_find(d, free_bytes < DISK_EMPTY ? FINDING_FAILED
                   : free_bytes < DISK_LOW ? FINDING_WARNING
                                           : FINDING_OK,
                "disk", none,
                free_bytes < DISK_LOW ? S("make room: when the disk is full postbacks are answered 503")
                                      : none,
                "%llu MB are free for the store", (unsigned long long)(free_bytes >> 20));
}

static void check_counts(struct doctor *d, const struct store_counts *n)
{
    int64_t age = n->oldest_waiting ? d->now * 1000 - n->oldest_waiting : 0;

    if (age > BACKLOG_OLD_MS)
        doctor_find(d, FINDING_WARNING, "outbox", none,
                    S("is `clickbaton serve` running, and does its log name a refused token?"),
                    "%lld events wait, the oldest for %lld minutes", (long long)n->waiting,
                    (long long)(age / 60000));
    else
        doctor_find(d, FINDING_OK, "outbox", none, none, "%lld event%s, %lld were delivered",
                    (long long)n->waiting, n->waiting == 1 ? " waits" : "s wait",
                    (long long)n->delivered);
    if (n->dead)
        doctor_find(d, FINDING_WARNING, "outbox", none,
                    S("see which and why: clickbaton replay --dead --dry-run --json; when the reason is "
                      "mended: clickbaton replay --dead"),
                    "%lld event%s could not be delivered", (long long)n->dead,
                    n->dead == 1 ? "" : "s");
    if (n->quarantined)
        doctor_find(d, FINDING_WARNING, "quarantine", none,
                    S("see why: clickbaton replay --dry-run; when the reason is mended: clickbaton replay"),
                    "%lld postback%s kept and not sent (quarantined)", (long long)n->quarantined,
                    n->quarantined == 1 ? " is" : "s are");
}

/* What was taken while the database was away; without a server nobody hands it on, nor one whose store is another. */
static void check_spill(struct doctor *d)
{
    struct spill_state s;
    struct err err = { 0 };
    int rc = spill_peek(d->catalog->data, &s, &err);
    struct buf when = { 0 };

    if (rc < 0)
        doctor_find(d, FINDING_FAILED, "spill", none, none, "%s", err.text);
    if (rc != 1)
        return;
    when_print(&when, s.first_at / 1000);
    if (s.waiting)
        doctor_find(d, FINDING_WARNING, "spill", none,
                    stores_is_remote(d->catalog) ? S("let the server run until the database has them: they are on this disk alone")
                                                 : S("they were taken for a database, and `store:` is none now: set it back until it has them"),
                    "W098 %lld %s in %s/spill.db since %.*s", (long long)s.waiting,
                    s.waiting == 1 ? "postback or click waits" : "postbacks and clicks wait", d->catalog->data,
                    SLICE_ARG(buf_slice(&when)));
    if (s.aside)
        doctor_find(d, FINDING_FAILED, "spill", none, S("docs/postgresql.md says how to get at them"),
                    "W099 %lld %s of %s/spill.db can't be handed on", (long long)s.aside, s.aside == 1 ? "entry" : "entries",
                    d->catalog->data);
    if (!s.waiting && !s.aside)
        doctor_find(d, FINDING_OK, "spill", none, none, "nothing waits in %s/spill.db", d->catalog->data);
    buf_free(&when);
}

/* Before the first start there is none. */
static void check_store(struct doctor *d)
{
    struct store_counts n;
    struct store *store;
    struct err err = { 0 };
    char name[300];
    int rc;

    if (!stores_there(d->catalog)) {
        doctor_find(d, FINDING_OK, "store", none, none, "there is none yet; serve makes it in %s", d->catalog->data);
        return;
    }
    store = stores_open(d->catalog, false, &err);
    rc = store ? store_counts(store, &n, &err) : -1;
    store_close(store);
    if (rc != 0) {
        doctor_find(d, FINDING_FAILED, "store", none, none, "%s", err.text);
        return;
    }
    doctor_find(d, FINDING_OK, "store", none, none, "%lld clicks and %lld postbacks in %s", (long long)n.clicks,
                (long long)n.postbacks, stores_name(d->catalog, name));
    check_counts(d, &n);
}

void doctor_machine(struct doctor *d)
{
    check_files(d);
    if (!d->catalog->offers_dir) /* there is no configuration to look at */
        return;
    check_key(d);
    for (size_t i = 0; i < d->catalog->pixel_count; i++)
        check_token(d, &d->catalog->pixels[i]);
    check_destination(d);
    check_rates(d);
    check_clock(d);
    check_disk(d);
    check_store(d);
    check_spill(d);
    doctor_server(d);
}
