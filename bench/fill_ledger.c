/* fill_ledger: a ledger, a tracker's export and a CRM's that hold the same conversions, but for what is known.
 *
 *     fill_ledger DIR ROWS
 *
 * DIR/data gets a store with ROWS delivered events over the last 30 days, DIR/tracker.csv and DIR/crm.csv as many rows. Of
 * every 100: one is not in the store, one not in the tracker's file, one has another amount there.  Bodies and parameters have the
 * length of real ones. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "adapters/store/store.h"

enum { GROUP = 20000, TAKE = 20000 };

struct fill {
    struct store *store;
    int64_t rows, now; /* Unix milliseconds */
    FILE *tracker, *crm;
    struct arena arena;
    struct err err;
};

struct text {
    char click_id[24], txid[24], ttclid[320], params[700], body[1200], email[72];
};

static unsigned long long mix(uint64_t n)
{
    n = (n ^ n >> 31) * 0x9e3779b97f4a7c15u;
    n = (n ^ n >> 29) * 0xbf58476d1ce4e5b9u;
    return n ^ n >> 32;
}

static int64_t at_of(const struct fill *f, int64_t n)
{
    return f->now - INT64_C(30) * 86400000 + n * (INT64_C(29) * 86400000 / f->rows);
}

static void texts(struct text *x, int64_t n, int64_t at)
{
    size_t end = (size_t)snprintf(x->ttclid, sizeof(x->ttclid), "E.C.P.");

    snprintf(x->click_id, sizeof(x->click_id), "%016llx", mix((uint64_t)n));
    snprintf(x->txid, sizeof(x->txid), "%lld", (long long)n + 100000000);
    for (int i = 0; i < 4; i++)
        snprintf(x->email + i * 16, 17, "%016llx", mix((uint64_t)(n * 4 + i + 77)));
    while (end + 16 < 200)
        end += (size_t)snprintf(x->ttclid + end, sizeof(x->ttclid) - end, "%016llX",
                                mix((uint64_t)n * 32 + end));
    snprintf(x->params, sizeof(x->params),
             "subid=%s&external_id=%s&status=sale&payout=%lld.50&currency=USD&tid=%s", x->click_id,
             x->ttclid, (long long)(n % 90 + 5), x->txid);
    snprintf(x->body, sizeof(x->body),
             "{\"event\":\"Purchase\",\"event_time\":%lld,\"event_id\":\"%s\",\"user\":{"
             "\"ttclid\":\"%s\",\"email\":\"%s\",\"ip\":\"203.0.113.17\",\"user_agent\":\"Mozilla/5.0 "
             "(Linux; Android 14; SM-S918B) AppleWebKit/537.36\"},\"page\":{\"url\":"
             "\"https://lander.example/nutra\"},\"properties\":{\"value\":%lld.5,\"currency\":\"USD\"}}",
             (long long)(at / 1000), x->click_id, x->ttclid, x->email, (long long)(n % 90 + 5));
}

static int put(struct fill *f, const struct text *x, int64_t n, int64_t at)
{
    struct store_postback pb = { .at = at, .offer = n % 3 ? S("nutra-de") : S("casino-br"),
                                 .tracker = S("keitaro"), .method = S("GET"), .stage = S("sale"),
                                 .verdict = STORE_QUEUED };
    struct store_event ev = { .created = at, .offer = pb.offer, .event = S("Purchase"),
                              .pixel = S("C9EXAMPLEPIXEL00"), .currency = S("USD"),
                              .original_currency = S("USD") };

    ev.value = ev.original_value = (n % 90 + 5) * INT64_C(1000000) + 500000;
    pb.click_id = ev.click_id = pb.event_id = ev.event_id = slice_from(x->click_id);
    pb.ttclid = ev.ttclid = slice_from(x->ttclid);
    pb.txid = slice_from(x->txid);
    pb.params = slice_from(x->params);
    ev.body = slice_from(x->body);
    if (store_postback_id(f->store, &pb.id, &f->err) != 0)
        return -1;
    ev.postback_id = pb.id;
    return store_event_put(f->store, &ev, NULL, &f->err) < 0
               ? -1
               : store_postback_put(f->store, &pb, &f->err);
}

static void write_rows(struct fill *f, const struct text *x, int64_t n, int64_t at)
{
    time_t t = (time_t)(at / 1000);
    struct tm tm;
    char when[32];

    gmtime_r(&t, &tm);
    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
    if (n % 100 != 2)
        fprintf(f->tracker, "%s,%s,sale,%lld.50,USD,%s,\"Nutra, DE\",ad-%lld,DE\n", x->click_id,
                x->txid, (long long)(n % 90 + 5 + (n % 100 == 3)), when, (long long)(n % 50));
    fprintf(f->crm, "%s;%s;%lld,50;USD;paid;%s\n", x->txid, x->click_id, (long long)(n % 90 + 5),
            when);
}

/* All that waits is delivered. */
static int deliver(struct fill *f)
{
    const struct store_attempt attempt = { .at = f->now, .took_ms = 40, .http_status = 200,
                                           .pixel = S("C9EXAMPLEPIXEL00") };
    static struct store_outcome outcomes[TAKE];
    struct store_event *list;
    size_t count;

    arena_reset(&f->arena);
    if (store_take(f->store, attempt.pixel, f->now, 0, TAKE, &f->arena, &list, &count, &f->err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        outcomes[i] = (struct store_outcome){ .event_id = list[i].id, .state = STORE_DELIVERED };
    return count == 0 ? 0 : store_report(f->store, &attempt, outcomes, count, &f->err) != 0 ? -1 : 1;
}

static int fill(struct fill *f)
{
    struct text x;

    for (int64_t n = 0; n < f->rows;) {
        if (store_begin(f->store, &f->err) != 0)
            return -1;
        for (int64_t end = n + GROUP; n < end && n < f->rows; n++) {
            int64_t at = at_of(f, n);
            texts(&x, n, at);
            write_rows(f, &x, n, at);
            if (n % 100 != 1 && put(f, &x, n, at) != 0)
                return -1;
        }
        for (int rc = 1; rc == 1;)
            if ((rc = deliver(f)) < 0)
                return -1;
        if (store_commit(f->store, &f->err) != 0 || store_maintain(f->store, &f->err) != 0)
            return -1;
    }
    return 0;
}

static FILE *file(const char *dir, const char *name, const char *header)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    if (f)
        fputs(header, f);
    return f;
}

int main(int argc, char **argv)
{
    struct fill f = { .now = (int64_t)time(NULL) * 1000 };
    char data[4096];
    uint64_t rows;
    int rc = 1;

    if (argc != 3 || !slice_to_u64(slice_from(argv[2]), &rows) || rows == 0)
        return fprintf(stderr, "usage: fill_ledger DIR ROWS\n"), 2;
    f.rows = (int64_t)rows;
    arena_init(&f.arena, (size_t)256 << 20);
    snprintf(data, sizeof(data), "%s/data", argv[1]);
    mkdir(data, 0700);
    f.tracker = file(argv[1], "tracker.csv", "Sub ID,TID,Status,Revenue,Currency,Postback datetime,Offer,Ad,Country\n");
    f.crm = file(argv[1], "crm.csv", "Order ID;Click ID;Total;Currency;State;Paid at\n");
    f.store = store_sqlite_open(data, true, &f.err);
    if (f.tracker && f.crm && f.store)
        rc = fill(&f) == 0 && fclose(f.tracker) == 0 && fclose(f.crm) == 0 ? 0 : 1;
    if (rc)
        fprintf(stderr, "fill_ledger: %s\n", f.err.text);
    store_close(f.store);
    arena_free(&f.arena);
    return rc;
}
