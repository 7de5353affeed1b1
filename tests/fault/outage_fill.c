/* outage_fill: the store as a day without TikTok leaves it.
 *
 *     outage_fill DIR EVENTS PIXELS
 *
 * Puts EVENTS events, spread over the last 24 hours and over PIXELS pixels, into a new store in DIR,
 * through the store's own functions, and has the first of each pixel tried as the sender tries them:
 * ever smaller parts, ever fewer, every outcome unknown.  Event n has the event_id "o-n", from 0;
 * pixels are called C9OUTAGE000000, C9OUTAGE000001 ... */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "adapters/store/store.h"

enum { GROUP = 20000, PROBES = 100, BATCH = 1000 };

struct fill {
    struct store *store;
    int64_t events, pixels, now; /* now: Unix milliseconds */
    struct arena arena;
    struct err err;
};

static int64_t created(const struct fill *f, int64_t n)
{
    return f->now - INT64_C(86400000) + n * INT64_C(86400000) / f->events;
}

static int put(struct fill *f, int64_t n)
{
    char pixel[32], event_id[32], click_id[32], ttclid[64], params[200], body[700];
    struct store_postback pb = { .at = created(f, n), .offer = S("nutra-de"), .tracker = S("keitaro"),
                                 .method = S("GET"), .stage = S("sale"), .verdict = STORE_QUEUED };
    struct store_event ev = { .created = pb.at, .offer = pb.offer, .event = S("Purchase") };

    snprintf(pixel, sizeof(pixel), "C9OUTAGE%06lld", (long long)(n % f->pixels));
    snprintf(event_id, sizeof(event_id), "o-%lld", (long long)n);
    snprintf(click_id, sizeof(click_id), "c%llx", (unsigned long long)n * 0x9e3779b97f4a7c15u);
    snprintf(ttclid, sizeof(ttclid), "E.C.P.%016llX", (unsigned long long)n * 0xc2b2ae3d27d4eb4fu);
    snprintf(params, sizeof(params), "subid=%s&external_id=%s&status=sale&payout=12.50&currency=USD",
             click_id, ttclid);
    snprintf(body, sizeof(body),
             "{\"event\":\"Purchase\",\"event_time\":%lld,\"event_id\":\"%s\",\"user\":{"
             "\"ttclid\":\"%s\",\"ip\":\"203.0.113.17\",\"user_agent\":\"Mozilla/5.0 (Linux; Android "
             "14; SM-S918B) AppleWebKit/537.36\"},\"page\":{\"url\":\"https://lander.example/nutra\"},"
             "\"properties\":{\"value\":12.50,\"currency\":\"USD\",\"content_type\":\"product\"}}",
             (long long)(pb.at / 1000), event_id, ttclid);
    pb.click_id = ev.click_id = slice_from(click_id);
    pb.ttclid = ev.ttclid = slice_from(ttclid);
    pb.event_id = ev.event_id = slice_from(event_id);
    pb.params = slice_from(params);
    ev.pixel = slice_from(pixel);
    ev.body = slice_from(body);
    if (store_postback_id(f->store, &pb.id, &f->err) != 0)
        return -1;
    ev.postback_id = pb.id;
    if (store_event_put(f->store, &ev, NULL, &f->err) != 0)
        return -1;
    return store_postback_put(f->store, &pb, &f->err);
}

static int put_all(struct fill *f)
{
    for (int64_t n = 0; n < f->events;) {
        if (store_begin(f->store, &f->err) != 0)
            return -1;
        for (int64_t end = n + GROUP; n < end && n < f->events; n++)
            if (put(f, n) != 0)
                return -1;
        if (store_commit(f->store, &f->err) != 0 || store_maintain(f->store, &f->err) != 0)
            return -1;
    }
    return 0;
}

/* One try that TikTok's own gateway answers with a page: nobody knows what became of it. */
static int probe(struct fill *f, struct slice pixel, int64_t at, unsigned max)
{
    struct store_attempt attempt = { .at = at, .took_ms = 40, .pixel = pixel, .http_status = 502,
                                     .code = -1, .message = S("HTTP 502") };
    struct store_outcome *outcomes;
    struct store_event *list;
    size_t count;

    arena_reset(&f->arena);
    if (store_begin(f->store, &f->err) != 0 ||
        store_take(f->store, pixel, at, 1, max, &f->arena, &list, &count, &f->err) != 0)
        return -1;
    outcomes = ARENA_ARRAY(&f->arena, struct store_outcome, count + 1);
    if (!outcomes)
        return -1;
    for (size_t i = 0; i < count; i++)
        outcomes[i] = (struct store_outcome){ list[i].id, STORE_WAITING, 0, true, S("HTTP 502") };
    if (count && store_report(f->store, &attempt, outcomes, count, &f->err) != 0)
        return -1;
    return store_commit(f->store, &f->err);
}

static int probe_all(struct fill *f)
{
    int64_t probed = f->pixels < 4 ? f->pixels : 4; /* each takes a few seconds of syncs */

    for (int64_t p = 0; p < probed; p++) {
        char pixel[32];
        snprintf(pixel, sizeof(pixel), "C9OUTAGE%06lld", (long long)p);
        for (int i = 0; i < PROBES; i++)
            if (probe(f, slice_from(pixel), f->now - (PROBES - i) * INT64_C(60000),
                      i < 10 ? BATCH >> i : 1) != 0)
                return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct fill f = { .now = (int64_t)time(NULL) * 1000 };
    int rc = 1;

    if (argc != 4 || !slice_to_i64(slice_from(argv[2]), &f.events) || f.events < 1 ||
        !slice_to_i64(slice_from(argv[3]), &f.pixels) || f.pixels < 1) {
        fprintf(stderr, "usage: outage_fill DIR EVENTS PIXELS\n");
        return 2;
    }
    arena_init(&f.arena, 64 << 20);
    f.store = store_sqlite_open(argv[1], true, &f.err);
    if (f.store && put_all(&f) == 0 && probe_all(&f) == 0)
        rc = 0;
    else
        fprintf(stderr, "outage_fill: %s\n", f.err.text);
    store_close(f.store);
    arena_free(&f.arena);
    return rc;
}
