#include "cli/serve/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cli/serve/metrics_internal.h"

#define NO_OFFER S("(none)")

static void add(metrics_cell *cell, uint64_t n)
{
    atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

static void set(metrics_cell *cell, uint64_t n)
{
    atomic_store_explicit(cell, n, memory_order_relaxed);
}

static void observe(struct metrics_histogram *h, enum metric id, uint64_t value)
{
    add(&h->slots[histogram_slot(metrics_table[id].shape, (int64_t)value)], 1);
    add(&h->sum, value);
}

struct metrics *metrics_open(const char *data, int64_t started)
{
    struct metrics *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->started = started;
    snprintf(m->data, sizeof(m->data), "%s", data);
    m->offers = labels_open(METRICS_OFFERS);
    m->events = labels_open(METRICS_EVENTS);
    m->codes = labels_open(METRICS_CODES);
    m->offer = calloc(METRICS_OFFERS + 1, sizeof(*m->offer));
    m->code = calloc(METRICS_CODES + 1, sizeof(*m->code));
    if (!m->offers || !m->events || !m->codes || !m->offer || !m->code) {
        metrics_close(m);
        return NULL;
    }
    labels_find(m->offers, NO_OFFER); /* it has its place, however many offers there are */
    return m;
}

void metrics_close(struct metrics *m)
{
    if (!m)
        return;
    labels_close(m->offers);
    labels_close(m->events);
    labels_close(m->codes);
    free(m->offer);
    free(m->code);
    free(m);
}

static struct metrics_offer *offer_of(struct metrics *m, struct slice name)
{
    return &m->offer[labels_find(m->offers, name)];
}

/* Offers have their series from the start, so that the first postback is an increase. */
void metrics_rules(struct metrics *m, const struct catalog *c, int64_t at, bool is_start)
{
    if (!m)
        return;
    set(&m->reload_ok, c != NULL);
    if (!is_start)
        add(c ? &m->reloads : &m->reloads_failed, 1);
    if (!c)
        return;
    set(&m->rules_since_ms, (uint64_t)at);
    for (size_t i = 0; i < c->offer_count; i++)
        atomic_store_explicit(&offer_of(m, c->offers[i].offer->name)->known, true, memory_order_relaxed);
}

void metrics_click(struct metrics *m, struct slice offer)
{
    if (m)
        add(&offer_of(m, offer)->clicks, 1);
}

void metrics_postback(struct metrics *m, struct slice offer, const struct translation *t,
                      const bool *put)
{
    struct metrics_offer *o;

    if (!m)
        return;
    o = offer_of(m, offer);
    add(&o->verdicts[t->verdict], 1);
    for (size_t i = 0; put && i < t->event_count; i++) {
        const struct translated_event *e = &t->events[i];
        if (put[i])
            add(&o->events[labels_find(m->events, e->event)][e->has_value && e->currency.len], 1);
    }
}

/* "R012", "A003": 12, 3; 0: another letter, or past the table. */
static size_t number_of(const char *code, char letter, size_t most)
{
    struct slice s = slice_from(code);
    uint64_t n;

    return s.len == 4 && s.ptr[0] == letter && slice_to_u64(slice_from_at(s, 1), &n) && n < most
               ? (size_t)n
               : 0;
}

void metrics_refused(struct metrics *m, struct slice offer, const char *code)
{
    if (m)
        add(&offer_of(m, offer.len ? offer : NO_OFFER)
                 ->refused[number_of(code, 'R', METRICS_REFUSALS)], 1);
}

void metrics_answered(struct metrics *m, uint64_t received_ns, uint64_t now_ns)
{
    if (m)
        observe(&m->ack, METRIC_ACK, now_ns > received_ns ? (now_ns - received_ns) / 1000 : 0);
}

void metrics_commit_failed(struct metrics *m)
{
    if (m)
        add(&m->commit_failures, 1);
}

void metrics_commit(struct metrics *m, unsigned requests, uint64_t took_ns)
{
    if (!m)
        return;
    if (requests)
        observe(&m->commit_size, METRIC_COMMIT_SIZE, requests);
    observe(&m->commit, METRIC_COMMIT, took_ns / 1000);
}

void metrics_moved(struct metrics *m, struct store_moved *before, const struct store_moved *moved)
{
    if (!m)
        return;
    add(&m->delivered, (uint64_t)(moved->delivered - before->delivered));
    add(&m->dead, (uint64_t)(moved->dead - before->dead));
    add(&m->withdrawn, (uint64_t)(moved->withdrawn - before->withdrawn));
    add(&m->undead, (uint64_t)(moved->undead - before->undead));
    add(&m->unquarantined, (uint64_t)(moved->unquarantined - before->unquarantined));
    *before = *moved;
}

/* ---- deliveries ---- */

static struct metrics_code *code_of(struct metrics *m, int64_t code, int http_status)
{
    char text[32] = "none";

    if (code >= 0) /* as the store counts */
        snprintf(text, sizeof(text), "%lld", (long long)code);
    else if (http_status)
        snprintf(text, sizeof(text), "http %d", http_status);
    return &m->code[labels_find(m->codes, slice_from(text))];
}

void metrics_request(struct metrics *m, const struct sender_ended *ended)
{
    if (!m)
        return;
    add(&code_of(m, ended->code, ended->http_status)->requests[ended->how], 1);
    observe(&m->request, METRIC_DELIVERY_REQUEST, ended->took_ms);
}

void metrics_report(struct metrics *m, const struct sender_report *r)
{
    struct metrics_code *code;
    int64_t end = r->at + r->took_ms;

    if (!m)
        return;
    code = code_of(m, r->code, r->http_status);
    for (size_t i = 0; i < r->count; i++) {
        const struct sender_outcome *o = &r->outcomes[i];
        add(&code->events[o->result], 1);
        if (o->result == SENDER_DELIVERED)
            observe(&m->latency, METRIC_DELIVERY_LATENCY,
                    end > o->created ? (uint64_t)(end - o->created) : 0);
    }
}

/* ---- the store ---- */

void metrics_retained(struct metrics *m, const struct store_retained *gone)
{
    if (!m)
        return;
    add(&m->clicks_gone, (uint64_t)gone->clicks);
    add(&m->postbacks_gone, (uint64_t)gone->postbacks);
    add(&m->events_gone, (uint64_t)gone->events);
    add(&m->attempts_gone, (uint64_t)gone->attempts);
    add(&m->addresses_gone, (uint64_t)gone->cut);
}

static uint64_t size_of(const struct metrics *m, const char *name)
{
    char path[sizeof(m->data) + 40];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", m->data, name);
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void metrics_look_at_disk(struct metrics *m)
{
    struct statvfs disk;

    if (!m)
        return;
    set(&m->db_bytes, size_of(m, "clickbaton.db"));
    set(&m->log_bytes, size_of(m, "clickbaton.db-wal"));
    if (statvfs(m->data, &disk) != 0)
        return;
    set(&m->disk_free, (uint64_t)disk.f_bavail * disk.f_frsize);
    set(&m->disk_size, (uint64_t)disk.f_blocks * disk.f_frsize);
}

void metrics_alert(struct metrics *m, const char *code, unsigned active)
{
    if (m)
        set(&m->alerts[number_of(code, 'A', METRICS_ALERTS)], (uint64_t)active + 1);
}
