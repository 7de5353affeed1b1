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

#include "bench/sample.h"

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
            compose(&c, r->clicks, i);
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

/* What it costs to make a conversion up, which is not the store's part. */
static double overhead(const struct run *r)
{
    double t = seconds(CLOCK_THREAD_CPUTIME_ID);
    struct conversion c;
    volatile char sink;

    for (int64_t i = 0; i < 20000; i++) {
        compose(&c, r->clicks, i);
        sink = c.x.body[17];
    }
    (void)sink;
    return (seconds(CLOCK_THREAD_CPUTIME_ID) - t) / 20000;
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
