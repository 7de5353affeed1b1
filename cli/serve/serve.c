/* serve.c: `clickbaton serve`: wires the listener, the intake, the store and the sender together.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "adapters/process/notify.h"
#include "cli/cli.h"
#include "cli/end.h"
#include "cli/inspector/inspector.h"
#include "cli/options.h"
#include "cli/serve/admin.h"
#include "cli/serve/alerts.h"
#include "cli/serve/clock.h"
#include "cli/serve/control.h"
#include "cli/serve/jail.h"
#include "cli/serve/log.h"
#include "cli/serve/outlet.h"
#include "cli/serve/process.h"
#include "cli/serve/routes.h"
#include "core/base/steady.h"

#define QUEUE_MAX 20000
#define GRACE_MS 5000
#define TICK_MS 50
#define TICKS_A_SECOND (1000 / TICK_MS)
#define DESCRIPTORS_KEPT 400

static const struct verb_usage usage = {
    .synopsis = "serve [-c clickbaton.yaml] [--unconfined]",
    .about = "Takes postbacks and click registrations, keeps them, delivers events to TikTok.\n"
             "SIGHUP reads all files again and puts them in force when they are right;\n"
             "SIGTERM answers what is in hand, then ends.",
    .examples = "  clickbaton serve\n  clickbaton serve -c /etc/clickbaton/clickbaton.yaml",
};

struct server {
    const char *config;
    struct jail *jail;
    int64_t watchdog_ms; /* 0: nobody waits for a sign of life */
    struct rules_holder *rules;
    struct retainer *retainer;
    struct store *writer, *reader;
    struct intake *intake;
    struct sender *sender;
    struct routes routes;
    struct admin admin;
    struct messages *messages;
    struct courier *courier; /* until the alerts have it */
    struct alerts *alerts;
    struct metrics *metrics;
    struct outlet outlet;
    struct control control;
    struct http_server *public, *private, *local;
    struct inspector *inspector;
    uint64_t maintained; /* groups that intake had committed at the last housekeeping */
    time_t housekeeping_told; /* when the log was last told that it failed; 0: never */
};

/* Everything from files; NULL after its problems were printed. */
static struct catalog *load(const struct server *s)
{
    struct catalog *c = catalog_open(s->config);

    if (!c)
        return NULL;
    if (c->offers_dir)
        catalog_add_offers(c);
    catalog_print_problems(c, stderr);
    if (catalog_errors(c) == 0)
        return c;
    jail_explain(s->jail, c);
    catalog_close(c);
    return NULL;
}

static void wake(void *context, struct slice pixel)
{
    struct server *s = context;

    if (s->sender)
        sender_wake(s->sender, pixel);
}

static int open_store(struct server *s, const struct catalog *c, struct err *err)
{
    struct intake_settings settings = { .delivered_wake = wake,
                                        .context = s,
                                        .queue_max = QUEUE_MAX };
    struct store_counts counts;
    int64_t recovered = 0;

    s->writer = store_sqlite_open(c->data, true, err);
    if (!s->writer)
        return -1;
    s->reader = store_sqlite_open(c->data, false, err);
    if (s->reader)
        jail_close(s->jail, c);
    if (!s->reader || store_begin(s->writer, err) != 0 ||
        store_recover(s->writer, clock_now_ms(), &recovered, err) != 0 ||
        store_commit(s->writer, err) != 0)
        return -1;
    if (recovered)
        log_line("warning",
                 "msg=\"events were in flight when the server ended; they are sent again\" "
                 "events=%lld",
                 (long long)recovered);
    settings.store = s->writer;
    if (store_counts(s->writer, &counts, err) != 0)
        return -1;
    settings.retainer = s->retainer =
        retain_open(s->rules, s->metrics, clock_now_ms(), counts.newest_postback);
    settings.messages = s->messages = messages_open();
    settings.metrics = s->metrics;
    if (!s->retainer || !s->messages)
        return err_set(err, ERR_SYSTEM, "out of memory");
    s->intake = intake_open(&settings, err);
    return s->intake ? 0 : -1;
}

/* Visitors must not take the last file descriptors, which the store, the sender and the admin
 * listener need: a part is kept for those. */
static void share_descriptors(struct http_limits *limits, struct http_limits *admin)
{
    struct rlimit files;
    rlim_t wanted = limits->connections + (rlim_t)DESCRIPTORS_KEPT, kept;

    admin->connections = DESCRIPTORS_KEPT / 4;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    if (files.rlim_cur < wanted) {
        files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur >= wanted)
        return;
    kept = files.rlim_cur / 2 < DESCRIPTORS_KEPT ? files.rlim_cur / 2 : DESCRIPTORS_KEPT;
    limits->connections = (unsigned)(files.rlim_cur - kept);
    admin->connections = (unsigned)(kept / 4);
    log_line("warning", "msg=\"fewer connections than configured: this process may open %llu files "
                        "(ulimit -n)\" connections=%u",
             (unsigned long long)files.rlim_cur, limits->connections);
}

/* Postbacks do not need it: a server without it serves, and only other verbs must wait. */
static void open_control(struct server *s, const char *data)
{
    struct err err = { 0 };

    s->control = (struct control){ .intake = s->intake, .rules = s->rules,
                                   .inspector = s->inspector, .alerts = s->alerts,
                                   .admin = http_server_address(s->private),
                                   .refused = s->routes.refused };
    s->local = control_open(&s->control, data, &err);
    if (!s->local)
        log_line("warning", "msg=\"replay and others can't ask this server\" why=\"%s\"", err.text);
}

static void look_at_store(struct server *s)
{
    struct store_counts counts;
    struct err err = { 0 };

    if (store_counts(s->reader, &counts, &err) == 0) {
        pthread_mutex_lock(&s->admin.lock);
        s->admin.counts = counts;
        pthread_mutex_unlock(&s->admin.lock);
    }
    metrics_look_at_disk(s->metrics);
}

static int open_inspector(struct server *s, const struct catalog *c, struct err *err)
{
    const struct inspector_settings settings = {
        .rules = s->rules, .intake = s->intake, .admin = &s->admin, .data = c->data,
    };

    s->inspector = s->admin.inspector = inspector_open(&settings, err);
    return s->inspector ? 0 : -1;
}

static int open_listeners(struct server *s, const struct catalog *c, struct err *err)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT, admin_limits = HTTP_LIMITS_DEFAULT;

    limits.url = (size_t)c->limits.url;
    limits.body = (size_t)c->limits.body;
    limits.request_seconds = (unsigned)c->limits.request_seconds;
    limits.connections = (unsigned)c->limits.connections;
    limits.connections_per_address = (unsigned)c->limits.connections_per_address;
    admin_limits.connections_per_address = 0;
    share_descriptors(&limits, &admin_limits);
    admin_limits.streams = admin_limits.connections / 3;
    if (admin_limits.streams > INSPECTOR_STREAMS)
        admin_limits.streams = INSPECTOR_STREAMS;
    s->routes.rules = s->rules;
    s->routes.intake = s->intake;
    s->routes.hasher = identity_hasher_new();
    s->routes.limiter = limiter_open();
    s->routes.messages = s->messages;
    s->routes.refused = s->admin.refused = refused_open(clock_now());
    s->admin.intake = s->intake;
    s->admin.alerts = s->alerts;
    s->admin.sender = s->sender;
    s->admin.metrics = s->routes.metrics = s->metrics;
    pthread_mutex_init(&s->admin.lock, NULL);
    look_at_store(s);
    if (!s->routes.hasher || !s->routes.limiter || !s->routes.refused)
        return err_set(err, ERR_SYSTEM, "out of memory");
    if (open_inspector(s, c, err) != 0)
        return -1;
    s->private = http_server_open(c->admin, &admin_limits, admin_handle, &s->admin, err);
    if (!s->private)
        return err_context(err, "admin");
    pthread_mutex_lock(&s->admin.lock);
    s->admin.own = s->private;
    pthread_mutex_unlock(&s->admin.lock);
    open_control(s, c->data);
    s->public = http_server_open(c->listen, &limits, routes_handle, &s->routes, err);
    admin_show(&s->admin, s->public);
    return s->public ? 0 : err_context(err, "listen");
}

/* ---- life ---- */

static bool differs(const char *a, const char *b)
{
    return slice_cmp(slice_from(a), slice_from(b)) != 0;
}

/* What is open stays open: said once per change. */
static void note_restart(const struct catalog *before, const struct catalog *now)
{
    struct catalog_limits a = before->limits, b = now->limits;
    const struct {
        const char *name;
        bool changed;
    } rows[] = {
        { "listen", differs(before->listen, now->listen) },
        { "admin", differs(before->admin, now->admin) },
        { "data", differs(before->data, now->data) },
        { "limits", a.url != b.url || a.body != b.body || a.request_seconds != b.request_seconds ||
                        a.connections != b.connections ||
                        a.connections_per_address != b.connections_per_address },
        { "alerts.to", before->alerts.print != now->alerts.print },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].changed)
            log_line("warning", "msg=\"`%s` has changed; it takes effect with a restart\"",
                     rows[i].name);
}

static bool reload(struct server *s)
{
    struct catalog *c = load(s);
    struct rules *before = rules_get(s->rules);
    struct err err = { 0 };
    bool ok = c != NULL;

    if (ok && outlet_reload(s->sender, c, &err) != 0) {
        catalog_close(c);
        ok = false;
    } else if (ok && rules_swap(s->rules, c) != 0) {
        catalog_close(c);
        ok = false;
        err_set(&err, ERR_SYSTEM, "out of memory");
    }
    pthread_mutex_lock(&s->admin.lock);
    s->admin.reload_failed = !ok;
    s->admin.reload_at = clock_now_ms();
    snprintf(s->admin.reload_why, sizeof(s->admin.reload_why), "%s",
             err.text[0] ? err.text : "a file has errors; run: clickbaton check");
    pthread_mutex_unlock(&s->admin.lock);
    metrics_rules(s->metrics, ok ? c : NULL, clock_now_ms(), false);
    if (ok) {
        note_restart(before->catalog, c);
        log_line("info", "msg=\"reloaded\" offers=%zu", c->offer_count);
    } else {
        log_line("error", "msg=\"reload failed; the rules before it stay in force\" why=\"%s\"",
                 s->admin.reload_why);
    }
    rules_release(before);
    return ok;
}

static bool has_token(const struct catalog *c, struct slice pixel)
{
    for (size_t i = 0; i < c->pixel_count; i++)
        if (slice_eq(c->pixels[i].pixel, pixel))
            return true;
    return false;
}

/* Events of a pixel that was taken out of the configuration wait until it is back. */
static void find_orphan(struct server *s)
{
    struct rules *rules = rules_get(s->rules);
    struct arena arena;
    struct store_due *due = NULL;
    struct slice orphan = { 0 };
    size_t count = 0;

    arena_init(&arena, 1024 * 1024);
    if (store_pixels_due(s->reader, &arena, &due, &count, NULL) != 0)
        count = 0;
    for (size_t i = 0; i < count; i++)
        if (!has_token(rules->catalog, due[i].pixel))
            orphan = due[i].pixel;
    pthread_mutex_lock(&s->admin.lock);
    snprintf(s->admin.orphan, sizeof(s->admin.orphan), "%.*s", SLICE_ARG(orphan));
    pthread_mutex_unlock(&s->admin.lock);
    arena_free(&arena);
    rules_release(rules);
}

/* A disk that is full is asked again at every tick, and its log lies on the same disk. */
static void tell_housekeeping(struct server *s, const struct err *err)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (s->housekeeping_told && now.tv_sec - s->housekeeping_told < 60)
        return;
    s->housekeeping_told = now.tv_sec;
    log_line("warning", "msg=\"housekeeping failed; told once a minute\" why=\"%s\"", err->text);
}

/* What little intake has written since the last time goes from the log into the file: often, for a
 * disk that is given much at once keeps the next commit waiting (p99 in bench/RESULTS.md). */
static void every_tick(struct server *s)
{
    struct intake_stats stats;
    struct err err = { 0 };

    http_server_make_room(s->public);
    intake_stats(s->intake, &stats);
    if (stats.groups == s->maintained)
        return;
    s->maintained = stats.groups;
    if (store_maintain(s->reader, &err) != 0)
        tell_housekeeping(s, &err);
    if (err.kind == ERR_UNSYNCED)
        intake_stop(s->intake, &err);
}

/* A commit that hangs, or an intake thread that is stuck, is what a restart can mend; a disk that
 * refuses is not: that is answered 503 and told by /readyz. */
static void give_sign_of_life(struct server *s)
{
    struct intake_stats stats;

    if (!s->watchdog_ms)
        return;
    intake_stats(s->intake, &stats);
    if (stats.busy_ms < s->watchdog_ms / 2)
        notify_alive();
}

static void every_second(struct server *s)
{
    clock_now_ms(); /* so that it sees small steps as such */
    http_server_sweep(s->public);
    http_server_sweep(s->private);
    if (s->local)
        http_server_sweep(s->local);
    look_at_store(s);
    find_orphan(s);
    give_sign_of_life(s);
}

static void run(struct server *s, const sigset_t *signals)
{
    struct timespec tick = { .tv_nsec = TICK_MS * 1000000 };
    unsigned ticks = 0;
    int signal;

    do {
        signal = sigtimedwait(signals, NULL, &tick);
        if (signal == SIGHUP) {
            notify_reloading();
            notify_ready(reload(s) ? "reloaded" : "the last reload failed; the rules before it are in force");
        }
        if (signal == -1)
            every_tick(s);
        if (signal == -1 && ++ticks % TICKS_A_SECOND == 0)
            every_second(s);
        if (signal == -1)
            alerts_tick(s->alerts, s->reader, &s->admin, ticks % TICKS_A_SECOND == 0);
    } while (signal != SIGTERM && signal != SIGINT);
}

/* In this order nothing that was accepted is lost, and nobody waits for an answer in vain. */
static void close_all(struct server *s)
{
    if (s->public) {
        pthread_mutex_lock(&s->admin.lock);
        s->admin.draining = true;
        pthread_mutex_unlock(&s->admin.lock);
        http_server_quiesce(s->public);
    }
    http_server_close(s->local); /* what it does to the store ends before */
    if (s->intake)
        intake_drain(s->intake);
    admin_show(&s->admin, NULL);
    http_server_close(s->public);
    inspector_stop(s->inspector); /* a replay that it has begun needs the intake */
    http_server_close(s->private);
    inspector_close(s->inspector);
    if (s->sender)
        sender_close(s->sender, GRACE_MS);
    intake_close(s->intake);
    alerts_close(s->alerts);
    courier_close(s->courier);
    retain_close(s->retainer);
    store_close(s->reader);
    store_close(s->writer);
    jail_free(s->jail);
    identity_hasher_free(s->routes.hasher);
    limiter_close(s->routes.limiter);
    refused_close(s->routes.refused);
    messages_close(s->messages);
    metrics_close(s->metrics);
    rules_close(s->rules);
}

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGHUP);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigprocmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a full quota is an error of the write, not the end */
}

static bool clock_is_wrong(void)
{
    if (clock_now_ms() >= CLOCK_EARLIEST_MS)
        return false;
    fputs("clickbaton serve: this machine's clock says that it is before 2026, and conversions would get "
          "that time; set it (timedatectl), then start again\n", stderr);
    return true;
}

/* Before the store is open and before anything is given up. */
static int open_alerts(struct server *s, struct err *err)
{
    s->alerts = alerts_open(s->courier, s->rules, err);
    s->courier = NULL;
    return s->alerts ? 0 : -1;
}

/* The exit code; EXIT_DONE: postbacks are taken. */
static int open_all(struct server *s, const struct catalog *c, struct err *err)
{
    s->metrics = metrics_open(c->data, clock_now_ms());
    if (!s->rules || !s->metrics) {
        err_set(err, ERR_SYSTEM, "out of memory");
        return EXIT_IO;
    }
    metrics_rules(s->metrics, c, clock_now_ms(), true);
    if (open_alerts(s, err) != 0 || open_store(s, c, err) != 0)
        return EXIT_IO;
    s->outlet = (struct outlet){ s->intake, s->metrics };
    s->sender = outlet_open(&s->outlet, c, err);
    if (!s->sender)
        return EXIT_CONFIG;
    return open_listeners(s, c, err) == 0 ? EXIT_DONE : EXIT_IO;
}

int cli_serve(int argc, char **argv)
{
    struct server s = { .config = "clickbaton.yaml" };
    bool unconfined = false;
    const struct option_row rows[] = {
        { "--config", "-c", OPTION_TEXT, &s.config, "FILE",
          "the configuration; default clickbaton.yaml" },
        { "--unconfined", NULL, OPTION_FLAG, &unconfined, NULL,
          "for debuggers: with core dumps, without Landlock and seccomp" },
        { 0 },
    };
    struct catalog *c;
    struct err err = { 0 };
    struct intake_stats stats;
    sigset_t signals;
    int code;

    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0)
        return code;
    process_give_back();
    block_signals(&signals); /* one that comes while files are read is looked at afterwards */
    s.jail = jail_open(unconfined);
    s.courier = alerts_fork(unconfined ? NULL : jail_courier);
    c = s.jail ? load(&s) : NULL;
    if (!c || clock_is_wrong()) {
        code = c ? EXIT_IO : EXIT_CONFIG;
        catalog_close(c);
        courier_close(s.courier);
        jail_free(s.jail);
        return code;
    }
    end_not_for_memory(); /* a request that finds none is answered so, and sent again */
    s.rules = rules_open(c);
    code = open_all(&s, c, &err);
    if (code != EXIT_DONE)
        goto out;
    printf("clickbaton: listening on http://%s, admin on http://%s\n",
           http_server_address(s.public), http_server_address(s.private));
    fflush(stdout);
    s.watchdog_ms = notify_watchdog_ms();
    notify_ready("taking postbacks");
    sender_wake(s.sender, (struct slice){ 0 });
    run(&s, &signals);
    notify_stopping();
    log_line("info", "msg=\"ending: answering what is in hand\"");
    intake_stats(s.intake, &stats);
    snprintf(err.text, sizeof(err.text), "%s", stats.why);
    code = stats.unsynced ? EXIT_IO : EXIT_DONE;
out:
    if (code != EXIT_DONE)
        fprintf(stderr, "clickbaton serve: %s\n", err.text);
    close_all(&s);
    return code;
}
