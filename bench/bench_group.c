/* bench_group: groups of calls as a receiver makes them, on either engine, by one of several processes.
 *
 *     bench_group STORE fill FIRST COUNT            clicks FIRST .. FIRST+COUNT, put and committed
 *     bench_group STORE postbacks SECONDS GROUP CLICKS WORKER [COUNT]   COUNT: so many alone
 *     bench_group STORE lookups SECONDS GROUP CLICKS WORKER  click look-ups, so many in a trip
 *     bench_group STORE copy SECONDS GROUP 0 WORKER          the ceiling: COPY of 1 KB rows into a bare table
 *     bench_group STORE insert SECONDS GROUP 0 WORKER        the same rows, one prepared INSERT of GROUP rows
 *
 * STORE: postgresql://..., or a folder (SQLite).  Prints "ready", waits for a line on stdin so that all processes begin at once, and
 * prints one line of JSON.  A postback: its click looked up (one in ten is not known), its past asked for, an event put whose id comes from
 * the click, the postback put; one in fifty was there before.  All of it happens now, so that its events may still be sent. */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/store/pg.h"
#include "bench/sample.h"
#include "core/base/buf.h"

#define COMMITS_MOST 4000000

struct run {
    struct store *store;
    const char *place;
    int64_t group, clicks, worker, most, next, done, duplicates, found, groups;
    float *times; /* of a group, ms */
    struct arena arena;
    struct err err;
};

typedef int group_fn(struct run *r);

static bool is_url(const char *place)
{
    return slice_starts(slice_from(place), S("postgresql:"));
}

static uint64_t trips(const struct run *r)
{
    return is_url(r->place) && r->store ? ((const struct pg *)r->store)->trips : 0;
}

/* ---- groups ---- */

static int put_clicks(struct run *r, int64_t first, int64_t count)
{
    struct sample *x = calloc((size_t)count, sizeof(*x));
    int rc;

    for (int64_t i = 0; i < count; i++)
        sample(&x[i], first + i);
    rc = store_begin_group(r->store, &r->err) == 0 ? 1 : -1;
    while (rc == 1) {
        for (int64_t i = 0; rc >= 0 && i < count; i++) {
            struct store_click click = click_of(&x[i]);
            rc = store_click_put(r->store, &click, &r->err);
        }
        rc = rc < 0 ? -1 : store_commit(r->store, &r->err);
    }
    free(x);
    return rc;
}

static int postback(struct run *r, struct conversion *c, bool count)
{
    struct store_click click;
    char id[80];
    int rc = store_click_find(r->store, c->pb.offer, c->pb.click_id, c->pb.ttclid, &r->arena, &click, &r->err);

    if (rc < 0 || store_marked(r->store, c->pb.offer, c->pb.click_id, c->pb.ttclid, &r->err) < 0 ||
        store_postback_id(r->store, &c->pb.id, &r->err) != 0)
        return -1;
    r->found += count && rc;
    c->ev.postback_id = c->pb.id;
    c->ev.event_id = c->pb.event_id;
    if (rc == 1) {
        snprintf(id, sizeof(id), "%.*s.%.*s", SLICE_ARG(click.event_id), SLICE_ARG(c->pb.txid));
        c->ev.event_id = arena_dup(&r->arena, slice_from(id));
    }
    rc = store_event_put(r->store, &c->ev, NULL, &r->err);
    r->duplicates += count && rc == 1;
    c->pb.verdict = rc == 1 ? STORE_DUPLICATE : STORE_QUEUED;
    return rc < 0 ? -1 : store_postback_put(r->store, &c->pb, &r->err);
}

static int postbacks(struct run *r)
{
    struct conversion *list = calloc((size_t)r->group, sizeof(*list));
    int rc;

    for (int64_t i = 0; i < r->group; i++, r->next++) {
        int64_t n = (r->worker + 1) * INT64_C(10000000000) + r->next;
        if (r->next % 50 == 49)
            n -= 40;
        compose(&list[i], r->clicks + r->clicks / 9, n); /* so that one in ten is not known */
    }
    rc = store_begin_group(r->store, &r->err) == 0 ? 1 : -1;
    while (rc == 1) {
        int64_t before[] = { r->found, r->duplicates };
        arena_reset(&r->arena);
        for (int64_t i = 0; rc >= 0 && i < r->group; i++)
            rc = postback(r, &list[i], true);
        rc = rc < 0 ? -1 : store_commit(r->store, &r->err);
        if (rc == 1) {
            r->found = before[0];
            r->duplicates = before[1];
        }
    }
    r->done += r->group;
    free(list);
    return rc;
}

/* All that a group asks goes in one trip; nothing is written. */
static int lookups(struct run *r)
{
    int rc = store_begin_group(r->store, &r->err) == 0 ? 1 : -1;
    int64_t first = r->next, found = 0;

    while (rc == 1) {
        found = 0;
        arena_reset(&r->arena);
        for (int64_t i = 0; rc >= 0 && i < r->group; i++) {
            struct store_click click;
            char id[24];
            uint64_t n = mix((uint64_t)((r->worker + 1) * INT64_C(10000000000) + first + i)) % (uint64_t)r->clicks;
            snprintf(id, sizeof(id), "%016llx", (unsigned long long)mix(n));
            rc = store_click_find(r->store, S("nutra-de"), slice_from(id), S(""), &r->arena, &click, &r->err);
            found += rc == 1;
        }
        if (found || rc < 0)
            break;
        rc = store_commit(r->store, &r->err);
    }
    store_rollback(r->store);
    r->next += r->group;
    r->done += r->group;
    r->found += found;
    return rc < 0 ? -1 : 0;
}

/* ---- what the database itself does with 1 KB rows ---- */

#define ROW_BYTES 1024

struct bare {
    PGconn *db;
    char *rows;          /* of a group, each a number of 20 digits and its text, ended by NUL */
    const char **values; /* of INSERT */
    size_t size;
};

static int answers(struct bare *b, struct run *r)
{
    int rc = 0;

    for (PGresult *a; (a = PQgetResult(b->db)) != NULL; PQclear(a))
        if (PQresultStatus(a) != PGRES_COMMAND_OK && rc == 0)
            rc = err_set(&r->err, ERR_SYSTEM, "%s", PQresultErrorMessage(a));
    return rc;
}

static int prepare_insert(struct bare *b, int64_t group)
{
    struct buf sql = { .limit = 1 << 20 };
    PGresult *a;
    bool good;

    buf_puts(&sql, "INSERT INTO bench_copied VALUES");
    for (int64_t i = 0; i < group; i++)
        buf_printf(&sql, "%s($%lld::bigint,$%lld)", i ? "," : "", (long long)i * 2 + 1, (long long)i * 2 + 2);
    buf_byte(&sql, '\0');
    a = PQprepare(b->db, "rows", sql.ptr, 0, NULL);
    good = PQresultStatus(a) == PGRES_COMMAND_OK;
    PQclear(a);
    buf_free(&sql);
    return good ? 0 : -1;
}

static struct bare *bare_of(struct run *r)
{
    static struct bare b;

    if (b.db)
        return &b;
    b.db = PQconnectdb(r->place);
    b.size = 21 + ROW_BYTES;
    b.rows = calloc((size_t)r->group, b.size);
    b.values = calloc((size_t)r->group * 2, sizeof(*b.values));
    PQclear(PQexec(b.db, "SET client_min_messages = error; CREATE TABLE IF NOT EXISTS bench_copied(id bigint PRIMARY KEY, body text)"));
    if (PQstatus(b.db) != CONNECTION_OK || prepare_insert(&b, r->group) != 0) {
        err_set(&r->err, ERR_SYSTEM, "%s", PQerrorMessage(b.db));
        return NULL;
    }
    for (int64_t i = 0; i < r->group; i++) {
        char *row = b.rows + (size_t)i * b.size;
        b.values[i * 2] = row;
        b.values[i * 2 + 1] = memset(row + 21, 'x', ROW_BYTES - 21);
    }
    return &b;
}

static void number_rows(struct bare *b, struct run *r)
{
    for (int64_t i = 0; i < r->group; i++, r->next++)
        snprintf(b->rows + (size_t)i * b->size, 21, "%020lld", (long long)((r->worker + 1) * INT64_C(10000000000) + r->next));
    r->done += r->group;
}

static int copy(struct run *r)
{
    struct bare *b = bare_of(r);

    if (!b)
        return -1;
    number_rows(b, r);
    PQclear(PQexec(b->db, "COPY bench_copied FROM STDIN"));
    for (int64_t i = 0; i < r->group; i++) {
        PQputCopyData(b->db, b->values[i * 2], 20);
        PQputCopyData(b->db, "\t", 1);
        PQputCopyData(b->db, b->values[i * 2 + 1], ROW_BYTES - 21);
        PQputCopyData(b->db, "\n", 1);
    }
    PQputCopyEnd(b->db, NULL);
    return answers(b, r);
}

static int insert(struct run *r)
{
    struct bare *b = bare_of(r);

    if (!b)
        return -1;
    number_rows(b, r);
    if (PQsendQueryPrepared(b->db, "rows", (int)r->group * 2, b->values, NULL, NULL, 0) != 1)
        return err_set(&r->err, ERR_SYSTEM, "%s", PQerrorMessage(b->db));
    return answers(b, r);
}

/* ---- a run ---- */

static int measure(struct run *r, group_fn *group, double length)
{
    char line[16];
    double began, cpu, at;
    uint64_t before;
    int rc = 0;

    printf("ready\n");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        return 1;
    before = trips(r);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    began = seconds(CLOCK_MONOTONIC);
    while (rc == 0 && (at = seconds(CLOCK_MONOTONIC)) < began + length && r->groups < COMMITS_MOST && (!r->most || r->done < r->most)) {
        rc = group(r);
        r->times[r->groups++] = (float)((seconds(CLOCK_MONOTONIC) - at) * 1e3);
    }
    if (rc < 0) {
        fprintf(stderr, "bench_group: %s\n", r->err.text);
        return 1;
    }
    at = seconds(CLOCK_MONOTONIC) - began;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    qsort(r->times, (size_t)r->groups, sizeof(*r->times), by_size);
    printf("{\"done\": %lld, \"seconds\": %.3f, \"groups\": %lld, \"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f, \"cpu_us\": %.2f, "
           "\"trips\": %.2f, \"found\": %lld, \"duplicates\": %lld}\n", (long long)r->done, at, (long long)r->groups,
           (double)r->times[r->groups / 2], (double)r->times[r->groups * 99 / 100], (double)r->times[r->groups - 1],
           r->done ? cpu * 1e6 / (double)r->done : 0, (double)(trips(r) - before) / (double)r->groups,
           (long long)r->found, (long long)r->duplicates);
    return 0;
}

static int fill(struct run *r, int64_t first, int64_t count)
{
    for (int64_t i = 0; i < count; i += 1000)
        if (put_clicks(r, first + i, count - i < 1000 ? count - i : 1000) != 0) {
            fprintf(stderr, "bench_group: %s\n", r->err.text);
            return 1;
        }
    return 0;
}

static int64_t number(int argc, char **argv, int at)
{
    int64_t n = 0;

    return argc > at && slice_to_i64(slice_from(argv[at]), &n) ? n : 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        group_fn *run;
    } works[] = { { "postbacks", postbacks }, { "lookups", lookups }, { "copy", copy }, { "insert", insert } };
    struct run r = { .place = argc > 1 ? argv[1] : "", .group = number(argc, argv, 4), .clicks = number(argc, argv, 5),
                     .worker = number(argc, argv, 6), .most = number(argc, argv, 7) };
    group_fn *group = NULL;
    pthread_t thread;
    int rc = 2;

    for (size_t i = 0; argc > 4 && i < sizeof(works) / sizeof(*works); i++)
        if (strcmp(argv[2], works[i].name) == 0)
            group = works[i].run;
    if (argc < 5 || (!group && strcmp(argv[2], "fill") != 0)) {
        fprintf(stderr, "bench_group: see the head of bench/bench_group.c\n");
        return 2;
    }
    arena_init(&r.arena, (size_t)64 << 20);
    r.times = calloc(COMMITS_MOST, sizeof(*r.times));
    if (group != copy && group != insert && !(r.store = is_url(r.place) ? pg_open(r.place, true, false, &r.err) : store_sqlite_open(r.place, true, &r.err))) {
        fprintf(stderr, "bench_group: %s\n", r.err.text);
        return 1;
    }
    if (!is_url(r.place))
        pthread_create(&thread, NULL, maintain, (void *)(uintptr_t)r.place);
    sample_at = (int64_t)time(NULL);
    rc = group ? measure(&r, group, (double)number(argc, argv, 3)) : fill(&r, number(argc, argv, 3), number(argc, argv, 4));
    atomic_store(&stop, true);
    if (!is_url(r.place))
        pthread_join(thread, NULL);
    store_close(r.store);
    arena_free(&r.arena);
    free(r.times);
    return rc;
}
