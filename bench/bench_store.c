/* bench_store: how fast the store takes postbacks, and what they cost.
 *
 *     bench_store [DIR [CLICKS [POSTBACKS [GROUP]]]]
 *
 * Fills CLICKS clicks (200,000) into a new store in DIR, then puts POSTBACKS (100,000) in groups of
 * GROUP (64) per commit, each: the click looked up,
 * its past asked for, an event put (which looks for its duplicate), the postback put.  Another thread moves the log into the file, as `serve` does.  DIR must be on
 * the disk that is to be measured; what was in it of a store is an error. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "adapters/store/store.h"

struct run {
    struct store *store;
    const char *dir;
    int64_t clicks, postbacks, group, found;
    double commit_s; /* spent in commit */
    float *commits;  /* each, in ms */
    int64_t commit_count;
    struct arena arena;
    struct err err;
};

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long rss_kb(void)
{
    char line[128];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof(line), f)) {
        uint64_t n;
        struct slice s = slice_from(line);
        if (slice_starts(s, S("VmRSS:")) &&
            slice_to_u64(slice_trim(slice_head(slice_from_at(s, 6), s.len - 10)), &n))
            kb = (long)n;
    }
    if (f)
        fclose(f);
    return kb;
}

/* Bytes that this process has handed to the disk, and the size of the file. */
static int64_t disk_bytes(void)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return (int64_t)use.ru_oublock * 512;
}

static int64_t file_bytes(const char *dir, const char *name)
{
    char path[4096];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static uint64_t mix(uint64_t n)
{
    n = (n ^ n >> 31) * 0x9e3779b97f4a7c15u;
    n = (n ^ n >> 29) * 0xbf58476d1ce4e5b9u;
    return n ^ n >> 32;
}

/* Texts as long as the real ones, different for every n. */
struct sample {
    char click_id[24], event_id[48], txid[24], ttclid[320], params[700], body[1200];
};

static void sample(struct sample *x, int64_t n)
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

static struct store_click click_of(const struct sample *x)
{
    return (struct store_click){
        .offer = S("nutra-de"), .click_id = slice_from(x->click_id),
        .ttclid = slice_from(x->ttclid), .event_id = slice_from(x->event_id),
        .ip = S("203.0.113.17"), .at = 1790000000, .keyed = true,
        .user_agent = S("Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, "
                        "like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"),
        .page_url = S("https://lander.example/nutra?campaign=17&creative=88"),
    };
}

static int fill(struct run *r)
{
    struct sample x;

    for (int64_t i = 0; i < r->clicks;) {
        if (store_begin(r->store, &r->err) != 0)
            return -1;
        for (int64_t end = i + 2000; i < end && i < r->clicks; i++) {
            struct store_click click;
            sample(&x, i);
            click = click_of(&x);
            if (store_click_put(r->store, &click, &r->err) < 0)
                return -1;
        }
        if (store_commit(r->store, &r->err) != 0)
            return -1;
    }
    return 0;
}

/* One conversion as the translator would hand it over; its texts live in x. */
struct conversion {
    struct sample x;
    struct store_postback pb;
    struct store_event ev;
};

static void compose(const struct run *r, struct conversion *c, int64_t n)
{
    struct sample *x = &c->x;

    sample(x, r->clicks ? (int64_t)(mix((uint64_t)n) % (uint64_t)r->clicks) : n);
    snprintf(x->event_id, sizeof(x->event_id), "%s.%lld", x->click_id, (long long)n % 1000000);
    snprintf(x->params, sizeof(x->params),
             "subid=%s&external_id=%s&status=sale&payout=12.50&currency=USD&tid=%s&campaign=17",
             x->click_id, x->ttclid, x->txid);
    snprintf(x->body, sizeof(x->body),
             "{\"event\":\"Purchase\",\"event_time\":1790000000,\"event_id\":\"%s\",\"user\":{"
             "\"ttclid\":\"%s\",\"ip\":\"203.0.113.17\",\"user_agent\":\"Mozilla/5.0 (Linux; "
             "Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
             "Safari/537.36\"},\"page\":{\"url\":\"https://lander.example/nutra\"},\"properties\":"
             "{\"value\":12.50,\"currency\":\"USD\",\"content_type\":\"product\"}}",
             x->event_id, x->ttclid);
    c->pb = (struct store_postback){
        .at = 1790000000000 + n, .offer = S("nutra-de"), .tracker = S("keitaro"),
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

static int postback(struct run *r, struct conversion *c)
{
    struct store_click click;
    int rc;

    arena_reset(&r->arena);
    rc = store_click_find(r->store, c->pb.offer, c->pb.click_id, (struct slice){ 0 }, &r->arena,
                          &click, &r->err);
    if (rc < 0 ||
        store_marked(r->store, c->pb.offer, c->pb.click_id, c->pb.ttclid, &r->err) < 0 ||
        store_postback_id(r->store, &c->pb.id, &r->err) != 0)
        return -1;
    r->found += rc;
    c->ev.postback_id = c->pb.id;
    rc = store_event_put(r->store, &c->ev, NULL, &r->err);
    if (rc == 1)
        c->pb.verdict = STORE_DUPLICATE;
    return rc < 0 ? -1 : store_postback_put(r->store, &c->pb, &r->err);
}

static int take_in(struct run *r)
{
    struct conversion c;

    for (int64_t i = 0; i < r->postbacks;) {
        double t;
        if (store_begin(r->store, &r->err) != 0)
            return -1;
        for (int64_t end = i + r->group; i < end && i < r->postbacks; i++) {
            compose(r, &c, i);
            if (postback(r, &c) != 0)
                return -1;
        }
        t = seconds(CLOCK_MONOTONIC);
        if (store_commit(r->store, &r->err) != 0)
            return -1;
        t = seconds(CLOCK_MONOTONIC) - t;
        r->commit_s += t;
        r->commits[r->commit_count++] = (float)(t * 1e3);
    }
    return 0;
}

static atomic_bool stop;

static void *maintain(void *context)
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

/* What it costs to make a conversion up, which is not the store's part. */
static double overhead(const struct run *r)
{
    double t = seconds(CLOCK_THREAD_CPUTIME_ID);
    struct conversion c;
    volatile char sink;

    for (int64_t i = 0; i < 20000; i++) {
        compose(r, &c, i);
        sink = c.x.body[17];
    }
    (void)sink;
    return (seconds(CLOCK_THREAD_CPUTIME_ID) - t) / 20000;
}

static int by_size(const void *a, const void *b)
{
    const float *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void measure(struct run *r)
{
    double wall, cpu, made = overhead(r);
    int64_t disk = disk_bytes(), size = file_bytes(r->dir, "clickbaton.db");
    pthread_t thread;

    wall = seconds(CLOCK_MONOTONIC);
    cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
    pthread_create(&thread, NULL, maintain, (void *)(uintptr_t)r->dir);
    if (take_in(r) != 0)
        fprintf(stderr, "bench_store: %s\n", r->err.text);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    store_maintain(r->store, &r->err);
    printf("postbacks: %.0f/s in groups of %lld; CPU of the store %.1f us each (and %.1f to make "
           "it up)\n", (double)r->postbacks / wall, (long long)r->group,
           cpu * 1e6 / (double)r->postbacks - made * 1e6, made * 1e6);
    qsort(r->commits, (size_t)r->commit_count, sizeof(*r->commits), by_size);
    printf("commit: median %.2f ms, 99 %% within %.1f ms, longest %.1f ms; %.0f %% of the time\n",
           r->commits[r->commit_count / 2], r->commits[r->commit_count * 99 / 100],
           r->commits[r->commit_count - 1], r->commit_s / wall * 100);
    printf("bytes per postback: %lld in the file, %lld written; log %.1f MB\n",
           (long long)((file_bytes(r->dir, "clickbaton.db") - size) / r->postbacks),
           (long long)((disk_bytes() - disk) / r->postbacks),
           (double)file_bytes(r->dir, "clickbaton.db-wal") / 1e6);
}

static void look_up(struct run *r)
{
    double t = seconds(CLOCK_MONOTONIC);
    struct store_click click;
    struct sample x;
    int64_t n = 200000, found = 0;

    if (store_begin(r->store, &r->err) != 0)
        return;
    for (int64_t i = 0; i < n; i++) {
        arena_reset(&r->arena);
        snprintf(x.click_id, sizeof(x.click_id), "%016llx",
                 (unsigned long long)mix(mix((uint64_t)i + 99) % (uint64_t)(r->clicks + 1)));
        found += store_click_find(r->store, S("nutra-de"), slice_from(x.click_id),
                                  (struct slice){ 0 }, &r->arena, &click, &r->err) == 1;
    }
    store_rollback(r->store);
    printf("click_find: %.1f us, %lld of %lld found\n",
           (seconds(CLOCK_MONOTONIC) - t) * 1e6 / (double)n, (long long)found, (long long)n);
}

/* What a rejection or a duplicate costs more: the postbacks of its click. */
static void look_back(struct run *r)
{
    double t = seconds(CLOCK_MONOTONIC);
    struct store_seen *list;
    size_t count = 0, rows = 0;
    struct sample x;
    int64_t n = 20000;

    if (store_begin(r->store, &r->err) != 0)
        return;
    for (int64_t i = 0; i < n; i++) {
        arena_reset(&r->arena);
        sample(&x, r->clicks ? (int64_t)(mix((uint64_t)i) % (uint64_t)r->clicks) : i);
        store_history(r->store, S("nutra-de"), slice_from(x.click_id), slice_from(x.ttclid), 100,
                      &r->arena, &list, &count, &r->err);
        rows += count;
    }
    store_rollback(r->store);
    printf("history: %.1f us, %.1f rows each\n",
           (seconds(CLOCK_MONOTONIC) - t) * 1e6 / (double)n, (double)rows / (double)n);
}

static int64_t number(int argc, char **argv, int at, int64_t otherwise)
{
    int64_t n;

    return argc > at && slice_to_i64(slice_from(argv[at]), &n) && n > 0 ? n : otherwise;
}

int main(int argc, char **argv)
{
    char temp[] = "bench-store.XXXXXX";
    struct run r = { .dir = argc > 1 ? argv[1] : mkdtemp(temp),
                     .clicks = number(argc, argv, 2, 200000),
                     .postbacks = number(argc, argv, 3, 100000),
                     .group = number(argc, argv, 4, 64) };
    double t;

    if (!r.dir || file_bytes(r.dir, "clickbaton.db")) {
        fprintf(stderr, "bench_store: %s: there is a store already, or no folder can be made\n",
                r.dir ? r.dir : strerror(errno));
        return 1;
    }
    arena_init(&r.arena, 1 << 20);
    r.commits = calloc((size_t)(r.postbacks / r.group + 1), sizeof(*r.commits));
    if (!r.commits)
        return 1;
    r.store = store_sqlite_open(r.dir, true, &r.err);
    t = seconds(CLOCK_MONOTONIC);
    if (!r.store || fill(&r) != 0) {
        fprintf(stderr, "bench_store: %s\n", r.err.text);
        return 1;
    }
    printf("clicks: %lld put at %.0f/s, RSS %ld KB\n", (long long)r.clicks,
           (double)r.clicks / (seconds(CLOCK_MONOTONIC) - t), rss_kb());
    measure(&r);
    look_up(&r);
    look_back(&r);
    printf("RSS %ld KB\n", rss_kb());
    store_close(r.store);
    t = seconds(CLOCK_MONOTONIC);
    r.store = store_sqlite_open(r.dir, true, &r.err);
    printf("opened again in %.0f ms, RSS %ld KB\n", (seconds(CLOCK_MONOTONIC) - t) * 1e3, rss_kb());
    store_close(r.store);
    arena_free(&r.arena);
    free(r.commits);
    return 0;
}
