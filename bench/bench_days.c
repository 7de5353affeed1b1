/* bench_days: a ledger of many days in PostgreSQL, and what is asked of it.
 *
 *     bench_days URL fill CONVERSIONS DAYS SPAN CLICKS     by COPY: postbacks, events and what belongs to them over the last DAYS days, in
 *                                                     tables of SPAN days each (0: as the store makes them, beside what is there
 *                                                     already); CLICKS clicks, unless there are some
 *     bench_days URL trace CONVERSIONS CLICKS TRIES        a conversion by each kind of id, as `trace` and the inspector find it
 *     bench_days URL calls CONVERSIONS CLICKS TRIES        calls of the store that read or write the ledger
 *
 * Conversion n is compose(CLICKS, n) of bench/sample.h and has the order id SO-n.  Answers are lines of JSON: ms, the median, and cpu_us, the
 * mean of the backend's processor time (/proc; the database on this machine).  "new": by a connection of its own, made for it; "kept": by one
 * that was asked the like before. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/store/pg.h"
#include "cli/story/story.h"
#define conversion composed /* the translator's has that name already */
#include "bench/sample.h"
#undef conversion

#define WRITER  63
#define WAITING 50000
#define OF_TRY  100 /* conversions in an attempt */
#define DUE     INT64_C(99999999999999)

struct run {
    const char *url;
    int64_t conversions, days, span, clicks, tries;
    int64_t from, seconds; /* of the first conversion, seconds since 2020, and from it to the last */
    PGconn *db;
    struct arena arena;
    struct err err;
};

static int broken(const char *doing, const char *why)
{
    fprintf(stderr, "bench_days: %s: %s\n", doing, why);
    return -1;
}

static int sql(struct run *r, const char *text, int64_t *n)
{
    PGresult *a = PQexec(r->db, text);
    int rc = PQresultStatus(a) == PGRES_COMMAND_OK || PQresultStatus(a) == PGRES_TUPLES_OK ? 0 : broken(text, PQresultErrorMessage(a));

    if (rc == 0 && n)
        *n = PQntuples(a) ? strtoll(PQgetvalue(a, 0, 0), NULL, 10) : 0;
    PQclear(a);
    return rc;
}

/* ---- conversion n ---- */

static int64_t index_of(const struct run *r, int64_t n)
{
    return (int64_t)((double)n * (double)r->seconds / (double)r->conversions);
}

static int64_t id_of(const struct run *r, int64_t n)
{
    int64_t at = index_of(r, n), serial = 0;

    while (n > serial && index_of(r, n - serial - 1) == at)
        serial++;
    return (r->from + at) << (PG_WRITER_BITS + PG_SERIAL_BITS) | (int64_t)WRITER << PG_SERIAL_BITS | serial;
}

static int64_t ms_of(const struct run *r, int64_t n)
{
    return (PG_EPOCH + r->from + index_of(r, n)) * 1000;
}

static bool waits(const struct run *r, int64_t n)
{
    return n >= r->conversions - (r->conversions / 10 < WAITING ? r->conversions / 10 : WAITING);
}

static int64_t attempt_of(const struct run *r, int64_t n)
{
    int64_t last = n - n % OF_TRY + OF_TRY - 1;

    return id_of(r, last < r->conversions ? last : r->conversions - 1);
}

static struct slice order_of(int64_t n, char out[32])
{
    snprintf(out, 32, "SO-%lld", (long long)n);
    return slice_from(out);
}

/* ---- rows as COPY takes them ---- */

typedef void rows_fn(struct run *r, int64_t n, struct composed *c, struct buf *out);

static void postback(struct run *r, int64_t n, struct composed *c, struct buf *out)
{
    buf_printf(out, "%lld\t%lld\tnutra-de\tkeitaro\tGET\tsale\t1\t%s\t%s\t%s\t198.51.100.7\t%s\t%s\t%lld\t%lld\t%lld\t%lld\n",
               (long long)id_of(r, n), (long long)ms_of(r, n), c->x.click_id, c->x.event_id, c->x.txid, c->x.params, c->x.ttclid,
               (long long)pg_hash(c->pb.click_id), (long long)pg_hash(c->pb.event_id), (long long)pg_hash(c->pb.txid),
               (long long)pg_ttclid_hash(c->pb.ttclid));
}

static void event(struct run *r, int64_t n, struct composed *c, struct buf *out)
{
    char order[32];
    long long id = (long long)id_of(r, n);

    buf_printf(out, "%lld\t%lld\t%lld\tnutra-de\tC9EXAMPLEPIXEL00\tPurchase\t%s\t%s\t%s\t%s\t12500000\tUSD\t%lld\t%lld\t%lld\t%lld\n", id, id,
               (long long)ms_of(r, n), c->x.event_id, c->x.click_id, c->x.body, c->x.ttclid, (long long)pg_hash(c->pb.click_id),
               (long long)pg_hash(c->pb.event_id), (long long)pg_ttclid_hash(c->pb.ttclid), (long long)pg_hash(order_of(n, order)));
}

static void delivery(struct run *r, int64_t n, struct composed *c, struct buf *out)
{
    (void)c;
    buf_printf(out, "%lld\tC9EXAMPLEPIXEL00\t%d\t%lld\t%d\n", (long long)id_of(r, n), waits(r, n) ? 1 : 3, (long long)ms_of(r, n), !waits(r, n));
}

static void key(struct run *r, int64_t n, struct composed *c, struct buf *out)
{
    const struct slice parts[] = { S("event"), c->ev.pixel, c->ev.event, c->ev.event_id };

    arena_reset(&r->arena);
    buf_printf(out, "%.*s\t%lld\tf\n", SLICE_ARG(pg_key(&r->arena, parts, 4)), (long long)id_of(r, n));
}

static void try(struct run *r, int64_t n, struct composed *c, struct buf *out)
{
    (void)c;
    if (!waits(r, n))
        buf_printf(out, "%lld\t%lld\n", (long long)id_of(r, n), (long long)attempt_of(r, n));
}

static void attempt(struct run *r, int64_t n, struct composed *c, struct buf *out)
{
    (void)c;
    if (n % OF_TRY == 0 && !waits(r, n))
        buf_printf(out, "%lld\t%lld\t50\tC9EXAMPLEPIXEL00\t200\t0\tOK\t2026112600001\n", (long long)attempt_of(r, n), (long long)ms_of(r, n));
}

static void click(struct run *r, int64_t n, struct composed *c, struct buf *out)
{
    struct store_click k;

    sample(&c->x, n);
    k = click_of(&c->x);
    arena_reset(&r->arena);
    buf_printf(out, "%lld\t%.*s\tnutra-de\t%lld\t7\t%s\t%s\t203.0.113.17\t%.*s\t%s\t%.*s\t%lld\t%lld\t%lld\n", (long long)n + 1,
               SLICE_ARG(pg_key(&r->arena, (const struct slice[]){ S("click_id"), k.offer, k.click_id }, 3)), (long long)k.at, c->x.click_id,
               c->x.event_id, SLICE_ARG(k.page_url), c->x.ttclid, SLICE_ARG(k.user_agent), (long long)pg_hash(k.click_id),
               (long long)pg_ttclid_hash(k.ttclid), (long long)pg_hash(k.event_id));
}

static const struct part {
    const char *into;
    rows_fn *rows;
    int process; /* two at a time */
    bool composed;
} parts[] = {
    { "postbacks(id, at, offer, tracker, method, stage, verdict, click_id, event_id, txid, address, params, ttclid, click_hash, event_hash,"
      " txid_hash, ttclid_hash)", postback, 0, true },
    { "events(id, postback, created, offer, pixel, event, event_id, click_id, body, ttclid, value, currency, click_hash, event_hash, ttclid_hash,"
      " order_hash)", event, 1, true },
    { "event_keys(key, event, plain)", key, 0, true },
    { "deliveries(event, pixel, state, due, attempts)", delivery, 1, false },
    { "tries(event, attempt)", try, 0, false },
    { "attempts(id, at, took_ms, pixel, http_status, code, message, request_id)", attempt, 1, false },
};
static const struct part click_part = {
    "clicks(id, key, offer, at, keyed, click_id, event_id, ip, page_url, ttclid, user_agent, click_hash, ttclid_hash, event_hash)", click, 0, false
};

static int copy(struct run *r, const struct part *p, int64_t count)
{
    struct composed *c = calloc(1, sizeof(*c));
    struct buf out = { 0 };
    char text[400];
    PGresult *a;
    int rc = 0;

    snprintf(text, sizeof(text), "COPY %s FROM STDIN", p->into);
    a = PQexec(r->db, text);
    rc = PQresultStatus(a) == PGRES_COPY_IN ? 0 : broken(text, PQresultErrorMessage(a));
    PQclear(a);
    for (int64_t n = 0; rc == 0 && n < count; n++) {
        if (p->composed)
            compose(c, r->clicks, n);
        p->rows(r, n, c, &out);
        if (out.len < 60000 && n + 1 < count)
            continue;
        rc = PQputCopyData(r->db, out.ptr, (int)out.len) == 1 ? 0 : broken(text, PQerrorMessage(r->db));
        buf_clear(&out);
    }
    if (rc == 0 && PQputCopyEnd(r->db, NULL) != 1)
        rc = broken(text, PQerrorMessage(r->db));
    while ((a = PQgetResult(r->db)) != NULL) {
        if (rc == 0 && PQresultStatus(a) != PGRES_COMMAND_OK)
            rc = broken(text, PQresultErrorMessage(a));
        PQclear(a);
    }
    buf_free(&out);
    free(c);
    return rc;
}

/* ---- filling ---- */

static int need_tables(struct run *r, struct store *s)
{
    int rc = store_begin(s, &r->err);

    for (int64_t day = 0; rc == 0 && day <= r->days; day++)
        rc = pg_days_need((struct pg *)s, pg_day_first(r->from / 86400 + day), &r->err);
    if (rc == 0)
        rc = store_commit(s, &r->err);
    return rc == 0 ? 0 : broken("tables", r->err.text);
}

static int make_tables(struct run *r)
{
    char name[PG_SPAN_NAME], text[500];
    int rc = 0;

    for (int64_t end = r->from / 86400 + r->days + 1, first = end - (r->days + r->span) / r->span * r->span; rc == 0 && first < end; first += r->span)
        for (int i = 0; rc == 0 && i < PG_DAY_TABLES; i++) {
            pg_span_name(pg_day_tables[i], (struct pg_span){ first, first + r->span }, name);
            snprintf(text, sizeof(text), "CREATE TABLE %s(LIKE %s INCLUDING ALL); ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%lld) TO (%lld)",
                     name, pg_day_tables[i], pg_day_tables[i], name, (long long)pg_day_first(first), (long long)pg_day_first(first + r->span));
            rc = sql(r, text, NULL);
        }
    return rc;
}

/* What lies at random places is put in order once, afterwards. */
static const char drop_keys[] = "ALTER TABLE event_keys DROP CONSTRAINT event_keys_pkey",
                  make_keys[] = "SET maintenance_work_mem = '512MB'; ALTER TABLE event_keys ADD PRIMARY KEY(key)",
                  drop_clicks[] = "ALTER TABLE clicks DROP CONSTRAINT clicks_key_key; DROP INDEX clicks_click, clicks_ttclid, clicks_event",
                  make_clicks[] = "SET maintenance_work_mem = '512MB'; ALTER TABLE clicks ADD UNIQUE(key);"
                                   "CREATE INDEX clicks_click ON clicks(click_hash) WHERE click_hash IS NOT NULL;"
                                   "CREATE INDEX clicks_ttclid ON clicks(ttclid_hash, id) WHERE ttclid_hash IS NOT NULL;"
                                   "CREATE INDEX clicks_event ON clicks(event_hash) WHERE event_hash IS NOT NULL";

static int fill_process(struct run *r, int process)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(*parts); i++)
        if (parts[i].process == process)
            rc = copy(r, &parts[i], r->conversions);
    return rc == 0 && process == 0 ? sql(r, make_keys, NULL) : rc;
}

static int fill_ledger(struct run *r)
{
    pid_t child = fork();
    int status = 0, rc;

    if (child == 0) { /* with a connection of its own */
        r->db = PQconnectdb(r->url);
        _exit(fill_process(r, 1) != 0);
    }
    rc = child < 0 ? -1 : fill_process(r, 0);
    if (child > 0 && (waitpid(child, &status, 0) != child || status != 0))
        rc = -1;
    return rc;
}

/* When the first and the last conversion are is kept in the store. */
static int read_time(struct run *r, bool make)
{
    char text[300];

    if (make)
        snprintf(text, sizeof(text), "INSERT INTO meta(key, value) VALUES('bench_last', extract(epoch FROM clock_timestamp())::bigint - %lld), ('bench_days', %lld)",
                 (long long)PG_EPOCH, (long long)r->days);
    if ((make && sql(r, text, NULL) != 0) || sql(r, "SELECT value FROM meta WHERE key = 'bench_last'", &r->seconds) != 0 ||
        sql(r, "SELECT value FROM meta WHERE key = 'bench_days'", &r->days) != 0)
        return -1;
    r->from = (r->seconds / 86400 - r->days + 1) * 86400;
    r->seconds -= r->from;
    return r->days < 1 ? broken("trace", "nothing was filled into it") : 0;
}

static int fill_store(struct run *r, struct store *s)
{
    char text[300];
    int64_t clicks, last;

    if (read_time(r, true) != 0 || sql(r, "SELECT count(*) FROM (SELECT 1 FROM clicks LIMIT 1) x", &clicks) != 0)
        return -1;
    if (clicks == 0 && (sql(r, drop_clicks, NULL) != 0 || copy(r, &click_part, r->clicks) != 0 || sql(r, make_clicks, NULL) != 0))
        return -1;
    if ((r->span ? make_tables(r) : need_tables(r, s)) != 0 || sql(r, drop_keys, NULL) != 0 || fill_ledger(r) != 0)
        return -1;
    last = id_of(r, r->conversions - 1);
    snprintf(text, sizeof(text), "UPDATE writers SET last_click = greatest(last_click, %lld), last_postback = greatest(last_postback, %lld), last_event ="
             " greatest(last_event, %lld), last_attempt = greatest(last_attempt, %lld) WHERE number = 0", (long long)r->clicks, (long long)last,
             (long long)last, (long long)last);
    return sql(r, text, NULL) != 0 ? -1 : sql(r, "VACUUM ANALYZE postbacks, events, tries, attempts, deliveries, event_keys", NULL);
}

static int fill(struct run *r)
{
    struct store *s = pg_open(r->url, true, true, &r->err); /* counted ids: no tables of today by themselves */
    int rc = s ? fill_store(r, s) : broken("fill", r->err.text);

    store_close(s);
    return rc;
}

/* ---- measuring ---- */

/* Of the handle's backend, microseconds of processor time so far. */
static double backend_us(const struct store *s)
{
    char path[64];
    unsigned long long ns = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/schedstat", PQbackendPID(((const struct pg *)s)->db));
    if (!(f = fopen(path, "r")))
        return 0;
    if (fscanf(f, "%llu", &ns) != 1)
        ns = 0;
    fclose(f);
    return (double)ns / 1e3;
}

struct costs {
    float ms[1000];
    double cpu_us;
    int64_t count;
};

static void add(struct costs *c, double began, double cpu)
{
    c->ms[c->count++] = (float)((seconds(CLOCK_MONOTONIC) - began) * 1e3);
    c->cpu_us += cpu;
}

static void tell(const char *what, const char *way, struct costs *c)
{
    qsort(c->ms, (size_t)c->count, sizeof(*c->ms), by_size);
    printf("{\"what\": \"%s\", \"way\": \"%s\", \"ms\": %.3f, \"most_ms\": %.3f, \"cpu_us\": %.1f}\n", what, way, (double)c->ms[c->count / 2],
           (double)c->ms[c->count - 1], c->cpu_us / (double)c->count);
    fflush(stdout);
}

static int64_t any(const struct run *r, int64_t i)
{
    return (int64_t)(mix((uint64_t)i + 1) % (uint64_t)r->conversions);
}

/* ---- by an id ---- */

enum kind { CLICK_ID, EVENT_ID, TTCLID, PREFIX, TXID, ORDER_ID, UNKNOWN, KINDS };
static const char *const kind_names[] = { "click id", "event id", "ttclid", "its beginning", "transaction id", "order id", "unknown" };

static struct slice given(enum kind kind, const struct composed *c, int64_t n, char order[32])
{
    const struct slice ids[] = { c->pb.click_id, c->pb.event_id, c->pb.ttclid, slice_head(c->pb.ttclid, STORE_PREFIX), c->pb.txid,
                                 order_of(n, order), S("nobody-has-this-id-at-all") };

    return ids[kind];
}

static int look(struct run *r, struct store *s, enum kind kind, int64_t n)
{
    struct composed c;
    struct story story;
    struct buf out = { 0 };
    struct story_in in = { .store = s, .arena = &r->arena, .now = 1790000000 };
    char order[32];
    int found;

    compose(&c, r->clicks, n);
    arena_reset(&r->arena);
    found = story_find(&in, given(kind, &c, n, order), &story, &r->err);
    if (found >= 0)
        story_json(&out, &story);
    buf_free(&out);
    return found == (kind != UNKNOWN) ? 0 : broken(kind_names[kind], found < 0 ? r->err.text : "another answer than expected");
}

static int trace_kind(struct run *r, struct store *kept, enum kind kind)
{
    struct costs *c[2] = { calloc(1, sizeof(struct costs)), calloc(1, sizeof(struct costs)) };
    int rc = 0;

    for (int64_t i = 0; rc == 0 && i < r->tries; i++) {
        double began = seconds(CLOCK_MONOTONIC), cpu;
        struct store *s = pg_open(r->url, false, false, &r->err);
        if (!s || (rc = look(r, s, kind, any(r, i))) != 0)
            rc = broken(kind_names[kind], r->err.text);
        else
            add(c[0], began, backend_us(s));
        store_close(s);
        began = seconds(CLOCK_MONOTONIC);
        cpu = backend_us(kept);
        if (rc == 0 && (rc = look(r, kept, kind, any(r, i + 1000))) == 0)
            add(c[1], began, backend_us(kept) - cpu);
    }
    if (rc == 0)
        tell(kind_names[kind], "new", c[0]);
    if (rc == 0)
        tell(kind_names[kind], "kept", c[1]);
    free(c[0]);
    free(c[1]);
    return rc;
}

static int trace(struct run *r)
{
    struct store *kept = pg_open(r->url, false, false, &r->err);
    int rc = kept ? 0 : broken("trace", r->err.text);

    for (int kind = 0; rc == 0 && kind < KINDS; kind++)
        rc = look(r, kept, (enum kind)kind, 0);
    for (int kind = 0; rc == 0 && kind < KINDS; kind++)
        rc = trace_kind(r, kept, (enum kind)kind);
    store_close(kept);
    return rc;
}

/* ---- calls ---- */

struct call {
    struct run *r;
    struct store *s;
    struct composed c;
    int64_t n, id;
    size_t want, got; /* rows */
};
typedef int call_fn(struct call *k);

static int get_event(struct call *k)
{
    struct store_event ev;

    k->got = 0;
    return store_get_event(k->s, k->id, &k->r->arena, &ev, &k->r->err) == 1 ? 0 : -1;
}

static int get_postback(struct call *k)
{
    struct store_postback pb;

    return store_get_postback(k->s, k->id, &k->r->arena, &pb, &k->r->err) == 1 ? 0 : -1;
}

static int events_of(struct call *k)
{
    struct store_postback pb = { .id = k->id };
    struct store_event *list;

    return store_events_of(k->s, &pb, &k->r->arena, &list, &k->got, &k->r->err);
}

static int attempts_of(struct call *k)
{
    struct store_attempt *list;

    return store_attempts_of(k->s, k->id, &k->r->arena, &list, &k->got, &k->r->err);
}

static int history(struct call *k)
{
    struct store_seen *list;

    return store_history(k->s, S("nutra-de"), k->c.pb.click_id, k->c.pb.ttclid, 50, &k->r->arena, &list, &k->got, &k->r->err);
}

static int find_events(struct call *k)
{
    struct store_event *list;

    return store_find_events(k->s, k->c.pb.event_id, 50, &k->r->arena, &list, &k->got, &k->r->err);
}

static int64_t now_ms(const struct call *k)
{
    return ms_of(k->r, k->r->conversions - 1);
}

static int list_day(struct call *k)
{
    struct store_postback *list;

    return store_list_postbacks(k->s, S(""), now_ms(k) - 86400000, 0, 500, &k->r->arena, &list, &k->got, &k->r->err);
}

static int latest(struct call *k)
{
    const struct store_latest what = { .offer = S("nutra-de") };
    struct store_postback *list;
    int64_t next;

    return store_list_latest(k->s, &what, 100, &k->r->arena, &list, &k->got, &next, &k->r->err);
}

static int latest_dead(struct call *k)
{
    const struct store_latest what = { .states = STORE_IN(STORE_DEAD) };
    struct store_postback *list;
    int64_t next;

    return store_list_latest(k->s, &what, 100, &k->r->arena, &list, &k->got, &next, &k->r->err);
}

static int again_dead(struct call *k)
{
    const struct store_again what = { .dead = true, .since = now_ms(k) - 7 * INT64_C(86400000) };
    int64_t after = 0, ids[100];

    return store_list_again(k->s, &what, &after, 100, ids, &k->got, &k->r->err) < 0 ? -1 : 0;
}

static int count_brief(void *context, const struct store_brief *pb, struct err *err)
{
    (void)pb;
    (void)err;
    ((struct call *)context)->got++;
    return 0;
}

static int walk_hour(struct call *k)
{
    k->got = 0;
    return store_walk_briefs(k->s, now_ms(k) - 3600000, count_brief, k, &k->r->err);
}

static int count_event(void *context, const struct store_event *ev, struct err *err)
{
    (void)ev;
    (void)err;
    ((struct call *)context)->got++;
    return 0;
}

static int walk_events_hour(struct call *k)
{
    k->got = 0;
    return store_walk_events(k->s, now_ms(k) - 3600000, count_event, k, &k->r->err);
}

static int counts(struct call *k)
{
    struct store_counts c;

    return store_counts(k->s, &c, &k->r->err);
}

static int newest(struct call *k)
{
    struct store_cursor at;

    return store_cursor_newest(k->s, &at, &k->r->err);
}

static int changed(struct call *k)
{
    struct store_cursor after = store_cursor_at(k->s, 0, attempt_of(k->r, k->r->conversions - WAITING - 2 * OF_TRY));
    int64_t *ids;

    return store_changed_events(k->s, &after, 200, &k->r->arena, &ids, &k->got, &k->r->err);
}

static int take(struct call *k)
{
    struct store_event *list;
    int rc = store_begin(k->s, &k->r->err);

    if (rc == 0)
        rc = store_take(k->s, S("C9EXAMPLEPIXEL00"), DUE, 0, 1000, &k->r->arena, &list, &k->got, &k->r->err);
    store_rollback(k->s);
    return rc;
}

static int take_report(struct call *k)
{
    struct store_attempt a = { .at = 1790000100000, .took_ms = 50, .pixel = S("C9EXAMPLEPIXEL00"), .http_status = 200, .message = S("OK") };
    struct store_event *list;
    struct store_outcome *out;

    if (store_begin(k->s, &k->r->err) != 0 ||
        store_take(k->s, a.pixel, DUE, 0, 1000, &k->r->arena, &list, &k->got, &k->r->err) != 0 ||
        store_commit(k->s, &k->r->err) != 0 || !(out = ARENA_ARRAY(&k->r->arena, struct store_outcome, k->got)))
        return -1;
    for (size_t i = 0; i < k->got; i++)
        out[i] = (struct store_outcome){ .event_id = list[i].id, .state = STORE_WAITING, .due = DUE };
    return store_begin(k->s, &k->r->err) != 0 || store_report(k->s, &a, out, k->got, &k->r->err) != 0 ? -1 : store_commit(k->s, &k->r->err);
}

static int intake(struct call *k)
{
    static int64_t next = INT64_C(1) << 40;
    struct composed list[64];
    int rc = store_begin_group(k->s, &k->r->err) == 0 ? 1 : -1;

    for (int i = 0; i < 64; i++)
        compose(&list[i], 0, next++);
    while (rc == 1) {
        for (int i = 0; rc >= 0 && i < 64; i++) {
            struct store_click found;
            rc = store_click_find(k->s, list[i].pb.offer, list[i].pb.click_id, list[i].pb.ttclid, &k->r->arena, &found, &k->r->err);
            if (rc < 0 || store_postback_id(k->s, &list[i].pb.id, &k->r->err) != 0)
                return -1;
            list[i].ev.postback_id = list[i].pb.id;
            if (store_event_put(k->s, &list[i].ev, NULL, &k->r->err) < 0 || store_postback_put(k->s, &list[i].pb, &k->r->err) != 0)
                return -1;
        }
        rc = store_commit(k->s, &k->r->err);
    }
    return rc;
}

#define MANY SIZE_MAX
static const struct {
    const char *name;
    call_fn *call;
    bool writes;
    size_t want; /* rows; MANY: whatever there are */
} all_calls[] = {
    { "get_postback", get_postback, false, MANY }, { "get_event", get_event, false, MANY }, { "events_of", events_of, false, 1 },
    { "attempts_of", attempts_of, false, MANY }, { "history", history, false, MANY }, { "find_events", find_events, false, 1 },
    { "list_postbacks since a day", list_day, false, MANY }, { "list_latest", latest, false, 100 },
    { "list_latest, dead", latest_dead, false, 0 }, { "list_again, dead, a week", again_dead, false, 0 },
    { "walk_briefs since an hour", walk_hour, false, MANY }, { "walk_events since an hour", walk_events_hour, false, MANY },
    { "counts", counts, false, MANY }, { "newest", newest, false, MANY }, { "changed_events", changed, false, MANY },
    { "take 1,000, rolled back", take, true, 1000 }, { "take and report 1,000", take_report, true, 1000 },
    { "a group of 64 postbacks", intake, true, MANY },
};

static int measure_call(struct run *r, size_t which, struct store *reader, struct store *writer)
{
    struct call *k = calloc(1, sizeof(*k));
    struct costs *c = calloc(1, sizeof(*c));
    int rc = 0;

    k->r = r;
    k->s = all_calls[which].writes ? writer : reader;
    for (int64_t i = -3; rc == 0 && i < r->tries; i++) {
        double began, cpu;
        k->n = any(r, i + 5);
        k->id = id_of(r, k->n);
        compose(&k->c, r->clicks, k->n);
        arena_reset(&r->arena);
        cpu = backend_us(k->s);
        began = seconds(CLOCK_MONOTONIC);
        rc = all_calls[which].call(k);
        if (rc != 0)
            broken(all_calls[which].name, r->err.text);
        else if (all_calls[which].want != MANY && k->got != all_calls[which].want)
            rc = broken(all_calls[which].name, "another number of rows than expected");
        else if (i >= 0)
            add(c, began, backend_us(k->s) - cpu);
    }
    if (rc == 0)
        tell(all_calls[which].name, "kept", c);
    free(k);
    free(c);
    return rc;
}

static int calls(struct run *r)
{
    struct store *reader = pg_open(r->url, false, false, &r->err), *writer = pg_open(r->url, true, false, &r->err);
    int rc = reader && writer ? 0 : broken("calls", r->err.text);

    for (size_t i = 0; rc == 0 && i < sizeof(all_calls) / sizeof(*all_calls); i++)
        rc = measure_call(r, i, reader, writer);
    store_close(reader);
    store_close(writer);
    return rc;
}

static int64_t number(int argc, char **argv, int at)
{
    int64_t n = 0;

    return argc > at && slice_to_i64(slice_from(argv[at]), &n) && n > 0 ? n : 0;
}

int main(int argc, char **argv)
{
    struct run r = { .url = argc > 1 ? argv[1] : "", .conversions = number(argc, argv, 3) };
    const char *work = argc > 2 ? argv[2] : "";
    bool fills = strcmp(work, "fill") == 0, traces = strcmp(work, "trace") == 0;
    int rc;

    r.days = fills ? number(argc, argv, 4) : 0;
    r.span = fills ? number(argc, argv, 5) : 0;
    r.clicks = number(argc, argv, fills ? 6 : 4);
    r.tries = fills ? 0 : number(argc, argv, 5);
    if (r.conversions == 0 || r.clicks == 0 || (fills ? !r.days : !r.tries || r.tries > 1000 || (!traces && strcmp(work, "calls") != 0)))
        return broken("usage", "see the head of bench/bench_days.c"), 2;
    arena_init(&r.arena, (size_t)256 << 20);
    r.db = PQconnectdb(r.url);
    rc = PQstatus(r.db) == CONNECTION_OK ? 0 : broken("connect", PQerrorMessage(r.db));
    if (rc == 0)
        rc = sql(&r, "SET client_min_messages = error", NULL);
    if (rc == 0 && !fills)
        rc = read_time(&r, false);
    if (rc == 0)
        rc = fills ? fill(&r) : traces ? trace(&r) : calls(&r);
    PQfinish(r.db);
    arena_free(&r.arena);
    return rc == 0 ? 0 : 1;
}
