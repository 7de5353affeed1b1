/* metrics_page.c: GET /metrics. */
#include <string.h>

#include "cli/cli.h"
#include "cli/serve/admin.h"
#include "cli/serve/clock.h"
#include "cli/serve/metrics_internal.h"
#include "cli/serve/process.h"
#include "core/base/buf.h"
#include "core/metrics/expose.h"

#define PAGE_MAX (8 << 20)
#define PIXELS_ARENA (1 << 20)
#define BUSY 5 /* R005, which an alert wants from the start */

struct page {
    struct expose e;
    struct admin *admin;
    const struct metrics *m;
    struct intake_stats intake;
    struct http_server_stats public, own;
    struct store_counts counts;
    bool draining, orphan;
};

/* ---- forms of samples ---- */

static void plain(struct page *p, enum metric id, uint64_t n)
{
    expose_begin(&p->e, id);
    expose_whole(&p->e, NULL, 0, n);
}

static void scaled(struct page *p, enum metric id, int64_t n, unsigned decimals)
{
    expose_begin(&p->e, id);
    expose_scaled(&p->e, n, decimals);
}

static void one(struct page *p, const char *label, struct slice value, uint64_t n)
{
    const struct expose_label l = { label, value };

    expose_whole(&p->e, &l, 1, n);
}

static void two(struct page *p, const char *label, struct slice value, const char *label2,
                struct slice value2, uint64_t n)
{
    const struct expose_label l[] = { { label, value }, { label2, value2 } };

    expose_whole(&p->e, l, 2, n);
}

/* One label, its values known: rows end with a NULL name. */
struct row {
    const char *name;
    uint64_t n;
};

static void table(struct page *p, enum metric id, const char *label, const struct row *rows)
{
    expose_begin(&p->e, id);
    for (; rows->name; rows++)
        one(p, label, slice_from(rows->name), rows->n);
}

static void histogram(struct page *p, enum metric id, const struct metrics_histogram *h)
{
    uint64_t slots[HISTOGRAM_SLOTS_MAX];

    for (size_t i = 0; i < HISTOGRAM_SLOTS_MAX; i++)
        slots[i] = metrics_read(&h->slots[i]);
    expose_begin(&p->e, id);
    expose_histogram(&p->e, slots, metrics_read(&h->sum));
}

/* ---- by offer ---- */

typedef void offer_samples(struct page *p, struct slice name, const struct metrics_offer *o);

/* Those that there are, and what found no room. */
static void each_offer(struct page *p, enum metric id, offer_samples *samples)
{
    unsigned count = labels_count(p->m->offers);

    expose_begin(&p->e, id);
    for (unsigned i = 0; i <= count; i++) {
        unsigned k = labels_nth(p->m->offers, i, count);
        samples(p, labels_text(p->m->offers, k), &p->m->offer[k]);
    }
}

/* Offers whose postbacks find their series from the start; the others come with their first. */
static bool shown(const struct page *p, const struct metrics_offer *o, uint64_t n)
{
    return n || (atomic_load_explicit(&o->known, memory_order_relaxed) && o < &p->m->offer[METRICS_OFFERS]);
}

static void verdicts_of(struct page *p, struct slice name, const struct metrics_offer *o)
{
    for (int v = VERDICT_QUEUED; v < METRICS_VERDICTS; v++) {
        uint64_t n = metrics_read(&o->verdicts[v]);
        if (shown(p, o, n))
            two(p, "offer", name, "verdict", slice_from(verdict_name((enum verdict)v)), n);
    }
}

static void clicks_of(struct page *p, struct slice name, const struct metrics_offer *o)
{
    uint64_t n = metrics_read(&o->clicks);

    if (shown(p, o, n))
        one(p, "offer", name, n);
}

static void events_of(struct page *p, struct slice name, const struct metrics_offer *o)
{
    static const char *const valued[] = { "no", "yes" };

    unsigned count = labels_count(p->m->events);

    for (unsigned i = 0; i <= count; i++) {
        unsigned k = labels_nth(p->m->events, i, count);
        uint64_t n[] = { metrics_read(&o->events[k][0]), metrics_read(&o->events[k][1]) };
        for (size_t v = 0; v < 2; v++) {
            const struct expose_label l[] = { { "offer", name },
                                              { "event", labels_text(p->m->events, k) },
                                              { "valued", slice_from(valued[v]) } };
            if (n[0] || n[1]) /* both or none, so that a share can be made of them */
                expose_whole(&p->e, l, 3, n[v]);
        }
    }
}

static void refused_of(struct page *p, struct slice name, const struct metrics_offer *o)
{
    for (size_t i = 0; i < METRICS_REFUSALS; i++) {
        const char code[] = { 'R', '0', (char)('0' + i / 10), (char)('0' + i % 10) };
        uint64_t n = metrics_read(&o->refused[i]);
        if (i == BUSY ? shown(p, o, n) : n != 0)
            two(p, "offer", name, "code", (struct slice){ code, sizeof(code) }, n);
    }
}

static uint64_t sum_of(const struct page *p, enum verdict v)
{
    uint64_t sum = 0;

    for (size_t i = 0; i <= METRICS_OFFERS; i++)
        sum += metrics_read(&p->m->offer[i].verdicts[v]);
    return sum;
}

/* ---- the parts of the page ---- */

static void put_intake(struct page *p)
{
    each_offer(p, METRIC_POSTBACKS, verdicts_of);
    each_offer(p, METRIC_CLICKS, clicks_of);
    each_offer(p, METRIC_EVENTS, events_of);
    each_offer(p, METRIC_REFUSED, refused_of);
    histogram(p, METRIC_ACK, &p->m->ack);
    histogram(p, METRIC_COMMIT_SIZE, &p->m->commit_size);
    histogram(p, METRIC_COMMIT, &p->m->commit);
    plain(p, METRIC_COMMIT_FAILURES, metrics_read(&p->m->commit_failures));
    plain(p, METRIC_INTAKE_WAITING, p->intake.waiting);
    plain(p, METRIC_READY, (p->intake.healthy || p->intake.keeps) && !p->draining);
    plain(p, METRIC_UNSYNCED, p->intake.unsynced);
}

static void put_lost(struct page *p)
{
    const struct row lost[] = { { "quarantined", sum_of(p, VERDICT_QUARANTINED) },
                                { "dead", metrics_read(&p->m->dead) },
                                { NULL, 0 } };
    const struct row dropped[] = { { "ignored", sum_of(p, VERDICT_IGNORED) },
                                   { "duplicate", sum_of(p, VERDICT_DUPLICATE) },
                                   { "withdrawn", metrics_read(&p->m->withdrawn) },
                                   { NULL, 0 } };
    const struct row recovered[] = { { "quarantined", metrics_read(&p->m->unquarantined) },
                                     { "dead", metrics_read(&p->m->undead) },
                                     { NULL, 0 } };

    table(p, METRIC_LOST, "reason", lost);
    table(p, METRIC_DROPPED, "reason", dropped);
    table(p, METRIC_RECOVERED, "reason", recovered);
}

static void put_answers(struct page *p)
{
    static const char *const results[] = { [SENDER_DELIVERED] = "delivered",
                                           [SENDER_RETRY] = "retry", [SENDER_DEAD] = "dead" };
    static const char *const ends[] = {
        [SENDER_ENDED_ACCEPTED] = "accepted", [SENDER_ENDED_REFUSED] = "refused",
        [SENDER_ENDED_RETRY] = "retry",       [SENDER_ENDED_UNKNOWN] = "unknown",
        [SENDER_ENDED_TOKEN_REFUSED] = "token_refused",
    };
    unsigned count = labels_count(p->m->codes);

    expose_begin(&p->e, METRIC_DELIVERY_EVENTS);
    for (unsigned i = 0; i <= count; i++)
        for (size_t r = SENDER_DELIVERED; r <= SENDER_DEAD; r++) {
            unsigned k = labels_nth(p->m->codes, i, count);
            uint64_t n = metrics_read(&p->m->code[k].events[r]);
            if (n)
                two(p, "result", slice_from(results[r]), "code", labels_text(p->m->codes, k), n);
        }
    expose_begin(&p->e, METRIC_DELIVERY_REQUESTS);
    for (unsigned i = 0; i <= count; i++)
        for (size_t r = 0; r < SENDER_ENDS; r++) {
            unsigned k = labels_nth(p->m->codes, i, count);
            uint64_t n = metrics_read(&p->m->code[k].requests[r]);
            if (n)
                two(p, "result", slice_from(ends[r]), "code", labels_text(p->m->codes, k), n);
        }
}

/* Pixels are those of the configuration; should it have very many, the rest is summed up. */
static void put_pixels(struct page *p)
{
    struct sender_pixel_state *list = NULL;
    struct arena arena;
    size_t count = 0, rest;

    arena_init(&arena, PIXELS_ARENA);
    if (sender_states(p->admin->sender, &arena, &list, &count) != 0)
        count = 0;
    for (int paused = 1; paused >= 0; paused--) {
        expose_begin(&p->e, paused ? METRIC_PIXEL_PAUSED : METRIC_PIXEL_BACKING_OFF);
        rest = 0;
        for (size_t i = 0; i < count; i++) {
            bool is = paused ? list[i].paused : list[i].backing_off && !list[i].paused;
            if (i < METRICS_PIXELS)
                one(p, "pixel", list[i].pixel, is);
            else
                rest += is;
        }
        if (count > METRICS_PIXELS)
            one(p, "pixel", S("(other)"), rest);
    }
    arena_free(&arena);
}

static void put_delivery(struct page *p)
{
    int64_t oldest = p->counts.oldest_waiting, now = clock_now_ms();
    const struct row outbox[] = { { "waiting", (uint64_t)p->counts.waiting },
                                  { "sending", (uint64_t)p->counts.sending },
                                  { NULL, 0 } };

    put_answers(p);
    histogram(p, METRIC_DELIVERY_REQUEST, &p->m->request);
    histogram(p, METRIC_DELIVERY_LATENCY, &p->m->latency);
    table(p, METRIC_OUTBOX, "state", outbox);
    scaled(p, METRIC_OUTBOX_OLDEST, oldest && now > oldest ? now - oldest : 0, 3);
    plain(p, METRIC_OUTBOX_ORPHANS, p->orphan);
    put_pixels(p);
    plain(p, METRIC_CLOCK_DOUBTED, clock_away() != 0);
}

static void put_store(struct page *p)
{
    const struct row events[] = { { "delivered", (uint64_t)p->counts.delivered },
                                  { "dead", (uint64_t)p->counts.dead },
                                  { "withdrawn", (uint64_t)p->counts.withdrawn },
                                  { NULL, 0 } };
    const struct row files[] = { { "db", metrics_read(&p->m->db_bytes) },
                                 { "wal", metrics_read(&p->m->log_bytes) },
                                 { NULL, 0 } };
    const struct row gone[] = { { "clicks", metrics_read(&p->m->clicks_gone) },
                                { "postbacks", metrics_read(&p->m->postbacks_gone) },
                                { "events", metrics_read(&p->m->events_gone) },
                                { "attempts", metrics_read(&p->m->attempts_gone) },
                                { "addresses", metrics_read(&p->m->addresses_gone) },
                                { NULL, 0 } };

    plain(p, METRIC_STORE_CLICKS, (uint64_t)p->counts.clicks);
    plain(p, METRIC_STORE_POSTBACKS, (uint64_t)p->counts.postbacks);
    plain(p, METRIC_STORE_QUARANTINED, (uint64_t)p->counts.quarantined);
    table(p, METRIC_STORE_EVENTS, "state", events);
    table(p, METRIC_STORE_SIZE, "file", files);
    plain(p, METRIC_DISK_FREE, metrics_read(&p->m->disk_free));
    plain(p, METRIC_DISK_SIZE, metrics_read(&p->m->disk_size));
    table(p, METRIC_RETENTION, "what", gone);
}

static void put_unread(struct page *p, const char *listener, const struct http_server_stats *s)
{
    const struct row rows[] = { { "malformed", s->refused_malformed },
                                { "too_large", s->refused_too_large },
                                { "too_slow", s->cut_slow },
                                { "no_room", s->cut_for_room } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        two(p, "listener", slice_from(listener), "reason", slice_from(rows[i].name), rows[i].n);
}

static void put_server(struct page *p)
{
    const struct row connections[] = { { "public", p->public.connections },
                                       { "admin", p->own.connections },
                                       { NULL, 0 } };
    const struct row requests[] = { { "public", p->public.requests },
                                    { "admin", p->own.requests },
                                    { NULL, 0 } };
    const struct row reloads[] = { { "success", metrics_read(&p->m->reloads) },
                                   { "failure", metrics_read(&p->m->reloads_failed) },
                                   { NULL, 0 } };

    table(p, METRIC_CONNECTIONS, "listener", connections);
    table(p, METRIC_HTTP_REQUESTS, "listener", requests);
    expose_begin(&p->e, METRIC_HTTP_UNREAD);
    put_unread(p, "public", &p->public);
    put_unread(p, "admin", &p->own);
    table(p, METRIC_RELOADS, "result", reloads);
    plain(p, METRIC_RELOAD_OK, metrics_read(&p->m->reload_ok));
    scaled(p, METRIC_RELOAD_TIME, (int64_t)metrics_read(&p->m->rules_since_ms), 3);
}

static void put_alerts(struct page *p)
{
    expose_begin(&p->e, METRIC_ALERTS);
    for (size_t i = 1; i < METRICS_ALERTS; i++) {
        const char code[] = { 'A', '0', (char)('0' + i / 10), (char)('0' + i % 10) };
        uint64_t n = metrics_read(&p->m->alerts[i]);
        if (n)
            one(p, "code", (struct slice){ code, sizeof(code) }, n - 1);
    }
}

/* What the system does not tell is left out, rather than told as 0. */
static void put_process(struct page *p)
{
    struct process_figures f;

    process_look(&f);
    expose_begin(&p->e, METRIC_BUILD);
    one(p, "version", slice_from(CLICKBATON_VERSION), 1);
    scaled(p, METRIC_PROCESS_CPU, f.cpu_us, 6);
    if (f.resident_bytes)
        plain(p, METRIC_PROCESS_MEMORY, f.resident_bytes);
    if (f.open_fds)
        plain(p, METRIC_PROCESS_FDS, f.open_fds);
    if (f.max_fds)
        plain(p, METRIC_PROCESS_MAX_FDS, f.max_fds);
    scaled(p, METRIC_PROCESS_START, p->m->started, 3);
}

/* What is behind a lock, all at once. */
static void gather(struct page *p)
{
    struct admin *a = p->admin;

    intake_stats(a->intake, &p->intake);
    pthread_mutex_lock(&a->lock);
    if (a->public)
        http_server_stats(a->public, &p->public);
    if (a->own)
        http_server_stats(a->own, &p->own);
    p->counts = a->counts;
    p->draining = a->draining;
    p->orphan = a->orphan[0] != '\0';
    pthread_mutex_unlock(&a->lock);
}

void admin_metrics(struct admin *a, struct http_request *http)
{
    struct slice accept = http_request_header_list(http, "Accept");
    struct buf out = { .limit = PAGE_MAX };
    struct page p = { .admin = a, .m = a->metrics };
    struct http_header headers[] = { { "Content-Type", EXPOSE_TEXT }, { NULL, NULL } };

    p.e = (struct expose){ .out = &out };
    p.e.openmetrics = slice_find(accept, S("application/openmetrics-text")) < accept.len;
    if (p.e.openmetrics)
        headers[0].value = EXPOSE_OPENMETRICS;
    gather(&p);
    put_intake(&p);
    metrics_put_spill(&p.e, &p.intake, clock_now_ms());
    put_lost(&p);
    put_delivery(&p);
    put_store(&p);
    put_server(&p);
    put_alerts(&p);
    put_process(&p);
    expose_end(&p.e);
    if (buf_ok(&out))
        http_reply(http, 200, headers, buf_slice(&out));
    else
        http_reply(http, 503, NULL, S("there is no memory for this now; ask again\n"));
    buf_free(&out);
}
