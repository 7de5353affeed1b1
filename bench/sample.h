/* sample.h: clicks and conversions for the programs that measure stores: texts as long as the real ones, different for every n. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "adapters/store/store.h"

static inline double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline uint64_t mix(uint64_t n)
{
    n = (n ^ n >> 31) * 0x9e3779b97f4a7c15u;
    n = (n ^ n >> 29) * 0xbf58476d1ce4e5b9u;
    return n ^ n >> 32;
}

/* When clicks and conversions happen, Unix seconds; 0: in September 2026, one conversion a millisecond. */
static int64_t sample_at;

struct sample {
    char click_id[24], event_id[48], txid[24], ttclid[320], params[700], body[1200];
};

static inline void sample(struct sample *x, int64_t n)
{
    size_t at = (size_t)snprintf(x->ttclid, sizeof(x->ttclid), "E.C.P.");

    snprintf(x->click_id, sizeof(x->click_id), "%016llx", (unsigned long long)mix((uint64_t)n));
    snprintf(x->event_id, sizeof(x->event_id), "e%016llx",
             (unsigned long long)mix((uint64_t)n + 7));
    snprintf(x->txid, sizeof(x->txid), "%lld", (long long)n + 100000000);
    for (int i = 0; at + 16 < 256; i++)
        at += (size_t)snprintf(x->ttclid + at, sizeof(x->ttclid) - at, "%016llX",
                               (unsigned long long)mix((uint64_t)(n * 32 + i)));
}

static inline struct store_click click_of(const struct sample *x)
{
    return (struct store_click){
        .offer = S("nutra-de"), .click_id = slice_from(x->click_id),
        .ttclid = slice_from(x->ttclid), .event_id = slice_from(x->event_id),
        .ip = S("203.0.113.17"), .at = sample_at ? sample_at : 1790000000, .keyed = true,
        .user_agent = S("Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, "
                        "like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"),
        .page_url = S("https://lander.example/nutra?campaign=17&creative=88"),
    };
}

/* One conversion as the translator would hand it over; its texts live in x. */
struct conversion {
    struct sample x;
    struct store_postback pb;
    struct store_event ev;
};

/* The n-th, of one of so many clicks (0: of none that is known). */
static inline void compose(struct conversion *c, int64_t clicks, int64_t n)
{
    struct sample *x = &c->x;
    int64_t at = sample_at ? sample_at * 1000 + n % 1000 : 1790000000000 + n;

    sample(x, clicks ? (int64_t)(mix((uint64_t)n) % (uint64_t)clicks) : n);
    snprintf(x->txid, sizeof(x->txid), "%lld", (long long)n + 100000000);
    snprintf(x->event_id, sizeof(x->event_id), "%s.%lld", x->click_id, (long long)n);
    snprintf(x->params, sizeof(x->params),
             "subid=%s&external_id=%s&status=sale&payout=12.50&currency=USD&tid=%s&campaign=17",
             x->click_id, x->ttclid, x->txid);
    snprintf(x->body, sizeof(x->body),
             "{\"event\":\"Purchase\",\"event_time\":%lld,\"event_id\":\"%s\",\"user\":{"
             "\"ttclid\":\"%s\",\"ip\":\"203.0.113.17\",\"user_agent\":\"Mozilla/5.0 (Linux; "
             "Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
             "Safari/537.36\"},\"page\":{\"url\":\"https://lander.example/nutra\"},\"properties\":"
             "{\"value\":12.50,\"currency\":\"USD\",\"content_type\":\"product\"}}",
             (long long)at / 1000, x->event_id, x->ttclid);
    c->pb = (struct store_postback){
        .at = at, .offer = S("nutra-de"), .tracker = S("keitaro"),
        .method = S("GET"), .stage = S("sale"), .address = S("198.51.100.7"),
        .verdict = STORE_QUEUED, .click_id = slice_from(x->click_id),
        .ttclid = slice_from(x->ttclid), .event_id = slice_from(x->event_id),
        .txid = slice_from(x->txid), .params = slice_from(x->params),
    };
    c->ev = (struct store_event){
        .created = c->pb.at, .offer = c->pb.offer, .pixel = S("C9EXAMPLEPIXEL00"),
        .event = S("Purchase"), .event_id = c->pb.event_id, .click_id = c->pb.click_id,
        .ttclid = c->pb.ttclid, .body = slice_from(x->body),
    };
}

/* Moves the log into the file, as `serve` does; context: the folder. */
static atomic_bool stop;

static inline void *maintain(void *context)
{
    struct err err;
    struct store *s = store_sqlite_open(context, false, &err);

    while (s && !atomic_load(&stop)) {
        struct timespec nap = { 0, 200000000 };
        store_maintain(s, &err);
        nanosleep(&nap, NULL);
    }
    store_close(s);
    return NULL;
}

static inline int by_size(const void *a, const void *b)
{
    const float *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

#endif
