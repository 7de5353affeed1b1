/* serve.c: `clickbaton serve`: wires the listener, the intake, the store and the sender together.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapters/process/notify.h"
#include "adapters/store/folder.h"
#include "cli/cli.h"
#include "cli/end.h"
#include "cli/options.h"
#include "cli/serve/clock.h"
#include "cli/serve/log.h"
#include "cli/serve/process.h"
#include "cli/serve/server.h"
#include "cli/serve/spillway.h"
#include "cli/serve/upgrade.h"
#include "core/base/steady.h"

#define QUEUE_MAX 20000
#define GRACE_MS 5000
#define TICK_MS 50
#define TICKS_A_SECOND (1000 / TICK_MS)

static const struct verb_usage usage = {
    .synopsis = "serve [-c clickbaton.yaml] [--unconfined]",
    .about = "Takes postbacks and click registrations, keeps them, delivers events to TikTok.\n"
             "SIGHUP reads all files again and puts them in force when they are right;\n"
             "SIGTERM answers what is in hand, then ends.",
    .examples = "  clickbaton serve\n  clickbaton serve -c /etc/clickbaton/clickbaton.yaml",
};

static void wake(void *context, struct slice pixel)
{
    struct server *s = context;

    pthread_mutex_lock(&s->waking);
    if (s->sender)
        sender_wake(s->sender, pixel);
    pthread_mutex_unlock(&s->waking);
}

/* The intake may still wake it, when the database comes back at this moment. */
static void close_sender(struct server *s)
{
    struct sender *sender;

    pthread_mutex_lock(&s->waking);
    sender = s->sender;
    s->sender = NULL;
    pthread_mutex_unlock(&s->waking);
    if (sender)
        sender_close(sender, GRACE_MS);
}

/* What the last run left, once the store is there. */
static int take_up(struct server *s, struct err *err)
{
    struct store_counts counts;
    int64_t recovered = 0;

    if (store_begin(s->writer, err) != 0)
        return -1;
    clock_read_store(s->writer);
    if (store_recover(s->writer, clock_now_ms(), &recovered, err) != 0 || store_commit(s->writer, err) != 0) {
        store_rollback(s->writer);
        return -1;
    }
    if (recovered)
        log_line("warning",
                 "msg=\"events were in flight when the server ended; they are sent again\" "
                 "events=%lld",
                 (long long)recovered);
    if (store_counts(s->writer, &counts, err) != 0)
        return -1;
    retain_newest(s->retainer, clock_now_ms(), counts.newest_postback);
    s->begun = true;
    return 0;
}

/* Of a database that may be away. */
static int look(void *context, struct store *writer, struct err *err)
{
    struct server *s = context;

    if (!s->begun)
        return take_up(s, err);
    if (store_begin(writer, err) != 0) /* an empty commit tells more than a connection: may it write? */
        return -1;
    return store_commit(writer, err);
}

/* Which server this is, among others: both of its handles say so. */
static void name_node(struct store *writer, struct store *sending, struct slice node, int64_t run)
{
    char host[64] = "";

    gethostname(host, sizeof(host) - 1);
    store_name(writer, node.len ? node : slice_from(host), run);
    store_name(sending, node.len ? node : slice_from(host), run);
}

static int open_spill(struct server *s, const struct catalog *c, struct err *err)
{
    struct spill_state state;
    char place[300];

    err->kind = ERR_NONE;
    s->spillway = spillway_open(c->data, c->store.spill, c->store.spill_max << 20, stores_name(c, place), s->rules, err);
    if (!s->spillway)
        return err->kind == ERR_NONE ? 0 : -1;
    spill_state(s->spillway->file, &state);
    if (s->spillway->damaged[0])
        log_line("error", "code=W099 msg=\"the spill was damaged; what was in it waits in another file, and nobody hands it on\" "
                          "file=\"%s\"", s->spillway->damaged);
    if (state.waiting)
        log_line("warning", "code=W098 msg=\"what the last run kept while the database was away is handed on%s\" waiting=%lld",
                 state.copied ? "; spill.db was copied here from another folder, so it takes no others before that" : "",
                 (long long)state.waiting);
    return 0;
}

static int open_engine(struct server *s, const struct catalog *c, struct err *err)
{
    if (!(s->stores = stores_keep(c)))
        return err_set(err, ERR_SYSTEM, "out of memory");
    if (!stores_is_remote(c)) {
        s->writer = upgrade_open(c->data, err);
        s->reader = s->writer ? stores_open_kept(s->stores, false, err) : NULL;
        spillway_left(c->data, &s->left, s->left_why, sizeof(s->left_why));
        return s->reader ? 0 : -1;
    }
    s->lock = folder_take(c->data, err);
    s->writer = s->lock < 0 ? NULL : stores_open_later(s->stores, true, err);
    s->sending = s->writer ? stores_open_later(s->stores, true, err) : NULL;
    s->reader = s->sending ? stores_open_later(s->stores, false, err) : NULL;
    if (!s->reader)
        return -1;
    name_node(s->writer, s->sending, c->node, folder_run(s->lock));
    return open_spill(s, c, err);
}

static int open_store(struct server *s, const struct catalog *c, struct err *err)
{
    struct intake_settings settings = { .delivered_wake = wake, .context = s, .queue_max = QUEUE_MAX,
                                        .left = &s->left, .left_why = s->left_why };

    if (open_engine(s, c, err) != 0)
        return -1;
    jail_close(s->jail, c);
    settings.store = s->writer;
    settings.look = stores_is_remote(c) ? look : NULL;
    settings.spillway = s->spillway;
    settings.retainer = s->retainer = retain_open(s->rules, s->metrics, clock_now_ms(), 0);
    settings.messages = s->messages = messages_open();
    settings.metrics = s->metrics;
    if (!s->retainer || !s->messages)
        return err_set(err, ERR_SYSTEM, "out of memory");
    /* A database that is away is waited for; one that this program must not write is not. */
    if (take_up(s, err) != 0 && (!settings.look || err->kind == ERR_INPUT))
        return -1;
    s->intake = intake_open(&settings, err);
    if (s->intake && !s->begun)
        intake_doubt(s->intake);
    return s->intake ? 0 : -1;
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

static int open_inspector(struct server *s, struct err *err)
{
    const struct inspector_settings settings = {
        .rules = s->rules, .intake = s->intake, .admin = &s->admin, .stores = s->stores,
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
    descriptors_share(&limits, &admin_limits);
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
    s->admin.outlet = &s->outlet;
    s->admin.metrics = s->routes.metrics = s->metrics;
    pthread_mutex_init(&s->admin.lock, NULL);
    upkeep_look(s);
    if (!s->routes.hasher || !s->routes.limiter || !s->routes.refused)
        return err_set(err, ERR_SYSTEM, "out of memory");
    if (open_inspector(s, err) != 0)
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
            upkeep_tick(s);
        if (signal == -1 && ++ticks % TICKS_A_SECOND == 0)
            upkeep_second(s);
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
    close_sender(s);
    outlet_close(&s->outlet);
    intake_close(s->intake);
    alerts_close(s->alerts);
    courier_close(s->courier);
    retain_close(s->retainer);
    spillway_close(s->spillway);
    store_close(s->reader);
    store_close(s->sending);
    store_close(s->writer);
    stores_free(s->stores);
    folder_give(s->lock);
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
    s->outlet = (struct outlet){ .intake = s->intake, .metrics = s->metrics, .own = s->sending };
    pthread_mutex_lock(&s->waking);
    s->sender = outlet_open(&s->outlet, c, err);
    pthread_mutex_unlock(&s->waking);
    if (!s->sender)
        return EXIT_CONFIG;
    return open_listeners(s, c, err) == 0 ? EXIT_DONE : EXIT_IO;
}

int cli_serve(int argc, char **argv)
{
    struct server s = { .config = "clickbaton.yaml", .waking = PTHREAD_MUTEX_INITIALIZER, .lock = -1 };
    bool unconfined = false;
    const struct option_row rows[] = {
        OPTION_CONFIG(&s.config),
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
    c = s.jail ? reload_read(&s) : NULL;
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
