/* bench_trace: how long it takes to find a conversion among very many.
 *
 *     bench_trace [DIR [ROWS [TRIES]]]
 *
 * Fills a new store in DIR with ROWS ledger rows (4,000,000), half postbacks and half events, and a click for
 * each conversion, through the store's own functions; leaves the newest in no run of the index, as a server
 * does.  Then looks TRIES (20) conversions up by each kind of id, each with a handle of its own, as `trace`
 * does: cold (before each the kernel is asked to forget the file but for the newest 32 MB, which a server
 * has just written) and warm (the same once more); and one of the newest when the kernel has forgotten all.  DIR, which must not exist or be empty, is removed.  Gives
 * 1 when something was not found or, with a million rows or more, took longer than 50 ms in the median. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "cli/story/story.h"

#define GROUP   2000
#define ROW_ALL 2600 /* bytes of file for a conversion: click, postback, event, index, log */
#define MOST_MS 50.0
#define FEW     500000 /* conversions, with which nothing is measured */
#define NEWEST  ((off_t)32 << 20)

struct bench {
    const char *dir;
    int64_t conversions;
    int tries;
    struct store *store;
    struct err err;
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t mix(uint64_t n)
{
    n = (n ^ n >> 31) * 0x9e3779b97f4a7c15u;
    n = (n ^ n >> 29) * 0xbf58476d1ce4e5b9u;
    return n ^ n >> 32;
}

/* ---- one conversion, with texts as long as real ones, different for every n ---- */

enum kind { CLICK_ID, EVENT_ID, TTCLID, PREFIX, TXID, ORDER_ID, UNKNOWN, KINDS };
static const char *const kind_names[] = { "click id", "event id", "ttclid", "its beginning", "transaction id",
                                          "order id", "unknown" };

struct sample {
    char click_id[24], event_id[24], ttclid[312], txid[24], order_id[24], params[600], body[1200];
};

static void sample(struct sample *x, int64_t n)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t at = (size_t)snprintf(x->ttclid, sizeof(x->ttclid), "E.C.P.CtsB");

    snprintf(x->click_id, sizeof(x->click_id), "%016llx", (unsigned long long)mix((uint64_t)n));
    snprintf(x->event_id, sizeof(x->event_id), "e%016llx", (unsigned long long)mix((uint64_t)n + 7));
    snprintf(x->txid, sizeof(x->txid), "%lld", (long long)n + 100000000);
    snprintf(x->order_id, sizeof(x->order_id), "SO-%lld", (long long)n + 700000000);
    for (uint64_t i = 0, bits = 0; at + 1 < sizeof(x->ttclid); i++, bits >>= 6) {
        if (i % 10 == 0)
            bits = mix((uint64_t)n * 64 + i);
        x->ttclid[at++] = letters[bits & 63];
    }
    x->ttclid[at] = '\0';
}

static struct slice id_of(const struct sample *x, enum kind kind)
{
    switch (kind) {
    case CLICK_ID:
        return slice_from(x->click_id);
    case EVENT_ID:
        return slice_from(x->event_id);
    case TTCLID:
        return slice_from(x->ttclid);
    case PREFIX:
        return slice_head(slice_from(x->ttclid), STORE_PREFIX);
    case TXID:
        return slice_from(x->txid);
    case ORDER_ID:
        return slice_from(x->order_id);
    default:
        return S("nobody-has-this-id-at-all");
    }
}

static int put(struct bench *b, int64_t n)
{
    struct sample x;
    struct store_click click;
    struct store_event ev;
    struct store_postback pb = { .at = INT64_C(1790000000000) + n * 10 };

    sample(&x, n);
    snprintf(x.params, sizeof(x.params), "subid=%s&external_id=%s&status=sale&payout=12.50&currency=USD&tid=%s",
             x.click_id, x.ttclid, x.txid);
    snprintf(x.body, sizeof(x.body), "{\"event\":\"Purchase\",\"event_time\":1790000000,\"event_id\":\"%s\",\"user\":{"
             "\"ttclid\":\"%s\",\"ip\":\"203.0.113.17\"},\"properties\":{\"currency\":\"USD\",\"value\":12.5,"
             "\"order_id\":\"%s\"},\"page\":{\"url\":\"https://lander.example/nutra\"}}",
             x.event_id, x.ttclid, x.order_id);
    click = (struct store_click){ .offer = S("nutra-de"), .click_id = slice_from(x.click_id),
                                  .ttclid = slice_from(x.ttclid), .event_id = slice_from(x.event_id),
                                  .at = pb.at / 1000, .keyed = true };
    if (store_click_put(b->store, &click, &b->err) < 0 ||
        store_postback_id(b->store, &pb.id, &b->err) != 0)
        return -1;
    pb.offer = S("nutra-de"), pb.tracker = S("keitaro"), pb.method = S("GET"), pb.stage = S("sale");
    pb.verdict = STORE_QUEUED;
    pb.click_id = slice_from(x.click_id), pb.ttclid = slice_from(x.ttclid);
    pb.event_id = slice_from(x.event_id), pb.txid = slice_from(x.txid);
    pb.params = slice_from(x.params);
    ev = (struct store_event){ .postback_id = pb.id, .created = pb.at, .offer = pb.offer,
                               .pixel = S("C9EXAMPLEPIXEL00"), .event = S("Purchase"),
                               .event_id = pb.event_id, .click_id = pb.click_id, .ttclid = pb.ttclid,
                               .order_id = slice_from(x.order_id), .body = slice_from(x.body) };
    return store_event_put(b->store, &ev, NULL, &b->err) != 0 ? -1
                                                               : store_postback_put(b->store, &pb, &b->err);
}

/* What was put is delivered: else each start reads a backlog. */
static int deliver(struct bench *b)
{
    struct store_attempt attempt = { .at = INT64_C(1790000000000), .took_ms = 31, .pixel = S("C9EXAMPLEPIXEL00"),
                                     .http_status = 200, .message = S("OK"), .request_id = S("2026") };
    struct arena arena = { 0 };
    struct store_outcome outcomes[GROUP];
    struct store_event *list;
    size_t n = 0;
    int rc;

    arena_init(&arena, (size_t)64 << 20);
    rc = store_take(b->store, attempt.pixel, INT64_MAX, 0, GROUP, &arena, &list, &n, &b->err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        outcomes[i] = (struct store_outcome){ .event_id = list[i].id, .state = STORE_DELIVERED };
    if (rc == 0)
        rc = store_report(b->store, &attempt, outcomes, n, &b->err);
    arena_free(&arena);
    return rc;
}

static int fill(struct bench *b)
{
    double start = now_ms();

    for (int64_t n = 0; n < b->conversions;) {
        if (store_begin(b->store, &b->err) != 0)
            return -1;
        for (int64_t end = n + GROUP; n < end && n < b->conversions; n++)
            if (put(b, n) != 0)
                return -1;
        if (deliver(b) != 0 || store_commit(b->store, &b->err) != 0)
            return -1;
        if (n % (GROUP * 20) == 0 && isatty(2))
            fprintf(stderr, "\r%lld of %lld conversions", (long long)n, (long long)b->conversions);
    }
    fprintf(stderr, "\rfilled in %.0f s%30s\n", (now_ms() - start) / 1e3, "");
    return 0;
}

/* ---- looking ---- */

/* All but the newest rows, which a server has just written, leaves the kernel's memory. */
static void forget(const struct bench *b, off_t newest)
{
    char path[4096], page[65536];
    struct stat st = { 0 };
    int fd;

    snprintf(path, sizeof(path), "%s/clickbaton.db", b->dir);
    if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 || fstat(fd, &st) != 0)
        return;
    fsync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    for (off_t at = st.st_size > newest ? st.st_size - newest : 0; at < st.st_size; at += sizeof(page))
        if (pread(fd, page, sizeof(page), at) < 0)
            break;
    close(fd);
}

/* From opening the store to the whole answer. */
struct cost {
    double ms, cpu_ms, mb; /* mb: read from the disk */
};

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double read_mb(void)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_inblock * 512 / 1e6;
}

/* What story_find gave. */
static int look(struct bench *b, struct slice id, struct cost *cost)
{
    double start = now_ms(), cpu = cpu_ms(), mb = read_mb();
    struct arena arena;
    struct story story;
    struct buf out = { 0 };
    struct story_in in = { .arena = &arena, .now = 1790000000 };
    int found;

    arena_init(&arena, (size_t)256 << 20);
    in.store = store_sqlite_open(b->dir, false, &b->err);
    found = in.store ? story_find(&in, id, &story, &b->err) : -1;
    if (found >= 0)
        story_json(&out, &story);
    store_close(in.store);
    buf_free(&out);
    arena_free(&arena);
    *cost = (struct cost){ now_ms() - start, cpu_ms() - cpu, read_mb() - mb };
    return found;
}

static int by_size(const void *a, const void *b)
{
    const struct cost *x = a, *y = b;

    return (x->ms > y->ms) - (x->ms < y->ms);
}

static bool tell(struct bench *b, enum kind kind, const char *how, struct cost *costs)
{
    struct cost sum = { 0 };

    for (int i = 0; i < b->tries; i++) {
        sum.cpu_ms += costs[i].cpu_ms / b->tries;
        sum.mb += costs[i].mb / b->tries;
    }
    qsort(costs, (size_t)b->tries, sizeof(*costs), by_size);
    printf("%-15s %s: %6.1f ms in the median (%.1f to %.1f), %4.1f ms of it CPU, %5.1f MB read\n", kind_names[kind],
           how, costs[b->tries / 2].ms, costs[0].ms, costs[b->tries - 1].ms, sum.cpu_ms,
           sum.mb);
    return b->conversions < FEW || costs[b->tries / 2].ms < MOST_MS;
}

static bool measure(struct bench *b, enum kind kind)
{
    struct cost *costs[2] = { calloc((size_t)b->tries, sizeof(struct cost)),
                              calloc((size_t)b->tries, sizeof(struct cost)) };
    bool ok = costs[0] && costs[1], quick;

    for (int i = 0; ok && i < b->tries; i++) {
        struct sample x;
        sample(&x, (int64_t)(mix((uint64_t)i + 1) % (uint64_t)b->conversions));
        forget(b, NEWEST);
        for (int warm = 0; ok && warm < 2; warm++) {
            int found = look(b, id_of(&x, kind), &costs[warm][i]);
            if (found == (kind != UNKNOWN))
                continue;
            printf("%s: %.*s gave %d %s\n", kind_names[kind], SLICE_ARG(id_of(&x, kind)), found, b->err.text);
            ok = false;
        }
    }
    quick = ok && tell(b, kind, "cold", costs[0]);
    quick = ok && tell(b, kind, "warm", costs[1]) && quick;
    free(costs[0]);
    free(costs[1]);
    return quick;
}

/* Right after a reboot: one of the newest, and the kernel knows nothing of the file. */
static bool measure_reboot(struct bench *b)
{
    struct cost *costs = calloc((size_t)b->tries, sizeof(*costs));
    bool ok = costs != NULL;
    struct sample x;

    for (int i = 0; ok && i < b->tries; i++) {
        sample(&x, b->conversions - 1 - i);
        forget(b, 0);
        ok = look(b, id_of(&x, CLICK_ID), &costs[i]) == 1;
    }
    ok = ok && tell(b, CLICK_ID, "of the newest, right after a reboot", costs);
    free(costs);
    return ok;
}

static void remove_store(const char *dir)
{
    static const char *const names[] = { "clickbaton.db", "clickbaton.db-wal", "clickbaton.db-shm", "lock" };
    char path[4096];

    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

static bool run(struct bench *b)
{
    struct stat st;
    char path[4096];
    bool ok = true;

    b->store = store_sqlite_open(b->dir, true, &b->err);
    if (!b->store || fill(b) != 0) {
        fprintf(stderr, "bench_trace: %s\n", b->err.text);
        store_close(b->store);
        return false;
    }
    store_maintain(b->store, &b->err);
    snprintf(path, sizeof(path), "%s/clickbaton.db", b->dir);
    printf("%lld ledger rows (and as many clicks as postbacks), %.1f GB\n", (long long)b->conversions * 2,
           stat(path, &st) == 0 ? (double)st.st_size / 1e9 : 0);
    for (int kind = 0; kind < KINDS; kind++)
        ok = measure(b, (enum kind)kind) && ok; /* each is told */
    ok = measure_reboot(b) && ok;
    store_close(b->store);
    return ok;
}

static int64_t number(int argc, char **argv, int at, int64_t otherwise)
{
    int64_t n;

    return argc > at && slice_to_i64(slice_from(argv[at]), &n) && n > 0 ? n : otherwise;
}

int main(int argc, char **argv)
{
    char made[] = "/var/tmp/bench-trace.XXXXXX";
    struct bench b = { .dir = argc > 1 ? argv[1] : NULL };
    struct statvfs fs;
    bool ok;

    b.conversions = number(argc, argv, 2, 4000000) / 2;
    b.tries = (int)number(argc, argv, 3, 20);
    if (!b.dir && !(b.dir = mkdtemp(made)))
        return perror("bench_trace: /var/tmp"), 2;
    if (b.conversions < 1 || (mkdir(b.dir, 0700) != 0 && rmdir(b.dir) != 0))
        return fprintf(stderr, "bench_trace: %s must not exist, or be empty\n", b.dir), 2;
    mkdir(b.dir, 0700);
    if (statvfs(b.dir, &fs) == 0 &&
        (double)fs.f_bavail * (double)fs.f_frsize < (double)b.conversions * ROW_ALL) {
        rmdir(b.dir);
        return fprintf(stderr, "bench_trace: %lld rows need some %.0f GB in %s\n",
                       (long long)b.conversions * 2, (double)b.conversions * ROW_ALL / 1e9, b.dir), 2;
    }
    ok = run(&b);
    remove_store(b.dir);
    return ok ? 0 : 1;
}
