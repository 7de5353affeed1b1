/* load.c: what receivers and senders do with a PostgreSQL store, without the server around it, for tests/cluster/run.py, which
 * kills them and the database.  Ends by SIGTERM, after what it has begun.
 *
 *   load receive URL NAME SEED         groups of postbacks, given again until they are kept, as a tracker does; of two hundred new
 *                                      conversions a second, so that all receivers have the same ones at the same moment
 *   load send URL NAME                 events that are due are "sent", then reported
 *   load drain URL NAME                the same until nothing is left
 *
 * One line is written to stdout for each thing that the test must know, before anything else happens:
 *   A TXID EVENT_ID   a postback was answered 200: its commit was durable
 *   S EVENT_ID N B    an event goes to TikTok in batch B; N attempts have ended before
 *   R EVENT_ID B      the commit that says it is delivered, by the attempt whose request id is B, was durable
 *   F what            a call failed; it is made again */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapters/store/postgres.h"
#include "core/base/buf.h"

#define GROUP_MOST 20
#define TAKE_MOST  50
#define GIVE_UP_MS (INT64_C(47) * 3600 * 1000)
#define PATIENCE_MS 10000

static volatile sig_atomic_t ending;

static void end(int number)
{
    (void)number;
    ending = 1;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wait_ms(long ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}

static void tell(struct buf *b)
{
    for (size_t at = 0; at < b->len;) {
        ssize_t n = write(STDOUT_FILENO, b->ptr + at, b->len - at);
        if (n <= 0)
            _exit(3);
        at += (size_t)n;
    }
    buf_clear(b);
}

static uint64_t dice;

static uint64_t roll(uint64_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return dice % n;
}

struct side {
    struct store *s;
    const char *url, *name;
    struct arena arena;
    struct buf out;
    struct err err;
    unsigned batch;
    char request[64]; /* its name */
};

static void failed(struct side *l, const char *doing)
{
    buf_printf(&l->out, "F %s: %s\n", doing, l->err.text);
    tell(&l->out);
    wait_ms(50);
}

static bool opened(struct side *l)
{
    const struct postgres at = { .url = l->url };

    while (!l->s && !(l->s = postgres_open_later(&at, true, PATIENCE_MS, &l->err))) {
        failed(l, "open");
        if (ending)
            return false;
    }
    return true;
}

/* ---- receiving ---- */

struct one {
    struct slice txid, event_id, click_id;
};

static int put_one(struct side *l, const struct one *o)
{
    struct store_postback pb = { .at = now_ms(), .offer = S("o"), .tracker = S("keitaro"), .click_id = o->click_id,
                                 .txid = o->txid, .stage = S("sale"), .params = S("a=b") };
    struct store_event ev = { .offer = S("o"), .pixel = S("P"), .event = S("Purchase"), .event_id = o->event_id,
                              .click_id = o->click_id, .body = S("{\"user\":{\"ttclid\":\"x\"}}"), .created = pb.at,
                              .value = 1000000, .currency = S("USD") };
    struct store_click click;
    int rc;

    if (store_click_find(l->s, pb.offer, pb.click_id, S(""), &l->arena, &click, &l->err) < 0 ||
        store_marked(l->s, pb.offer, pb.click_id, S(""), &l->err) < 0 || store_postback_id(l->s, &pb.id, &l->err) != 0)
        return -1;
    ev.postback_id = pb.id;
    if ((rc = store_event_put(l->s, &ev, NULL, &l->err)) < 0)
        return -1;
    pb.verdict = rc == 0 ? STORE_QUEUED : STORE_DUPLICATE;
    return store_postback_put(l->s, &pb, &l->err);
}

static int put_click(struct side *l, const struct one *o)
{
    struct store_click c = { .offer = S("o"), .click_id = o->click_id, .at = now_ms() / 1000, .keyed = true,
                             .page_url = S("https://lander.example/") };

    return store_click_put(l->s, &c, &l->err) < 0 ? -1 : 0;
}

static int put_group(struct side *l, const struct one *list, size_t count)
{
    int rc;

    if (store_begin_group(l->s, &l->err) != 0)
        return -1;
    do
        for (size_t i = 0; i < count; i++)
            if ((i % 4 == 0 && put_click(l, &list[i]) != 0) || put_one(l, &list[i]) != 0) {
                store_rollback(l->s);
                return -1;
            }
    while ((rc = store_commit(l->s, &l->err)) == 1);
    return rc;
}

static void receive(struct side *l)
{
    struct one list[GROUP_MOST];
    uint64_t serial = 0;

    while (!ending) {
        size_t count = 1 + roll(GROUP_MOST);
        arena_reset(&l->arena);
        for (size_t i = 0; i < count; i++) {
            unsigned long long key = (uint64_t)now_ms() / 5 + roll(10);
            list[i].txid = arena_printf(&l->arena, "%s-%llu", l->name, (unsigned long long)serial++);
            list[i].event_id = arena_printf(&l->arena, "e%llu", key);
            list[i].click_id = arena_printf(&l->arena, "c%llu", key);
        }
        while (!opened(l) || put_group(l, list, count) != 0) {
            if (ending)
                return; /* never answered */
            failed(l, "group");
        }
        for (size_t i = 0; i < count; i++)
            buf_printf(&l->out, "A %.*s %.*s\n", SLICE_ARG(list[i].txid), SLICE_ARG(list[i].event_id));
        tell(&l->out);
        wait_ms(20);
    }
}

/* ---- sending ---- */

static int take(struct side *l, struct store_event **list, size_t *count)
{
    int64_t now = now_ms();

    if (store_begin(l->s, &l->err) != 0)
        return -1;
    if (store_take(l->s, S("P"), now, now - GIVE_UP_MS, TAKE_MOST, &l->arena, list, count, &l->err) != 0) {
        store_rollback(l->s);
        return -1;
    }
    return store_commit(l->s, &l->err);
}

static int report(struct side *l, const struct store_event *list, size_t count)
{
    struct store_attempt a = { .at = now_ms(), .took_ms = 5, .pixel = S("P"), .http_status = 200,
                               .request_id = slice_from(l->request) };
    struct store_outcome out[TAKE_MOST];

    for (size_t i = 0; i < count; i++)
        out[i] = (struct store_outcome){ .event_id = list[i].id, .state = STORE_DELIVERED };
    if (store_begin(l->s, &l->err) != 0)
        return -1;
    if (store_report(l->s, &a, out, count, &l->err) != 0) {
        store_rollback(l->s);
        return -1;
    }
    return store_commit(l->s, &l->err);
}

static int recover(struct side *l)
{
    int64_t n;

    if (store_begin(l->s, &l->err) != 0)
        return -1;
    if (store_recover(l->s, now_ms(), &n, &l->err) != 0) {
        store_rollback(l->s);
        return -1;
    }
    return store_commit(l->s, &l->err);
}

static void send_all(struct side *l, bool drain)
{
    int idle = 0;

    while (!opened(l) || recover(l) != 0) {
        if (ending)
            return;
        failed(l, "recover");
    }
    while (!ending && (!drain || idle < 3)) {
        struct store_event *list;
        size_t count = 0;
        arena_reset(&l->arena);
        if (take(l, &list, &count) != 0) {
            failed(l, "take");
            continue;
        }
        idle = count ? 0 : idle + 1;
        snprintf(l->request, sizeof(l->request), "%s-%u", l->name, ++l->batch);
        for (size_t i = 0; i < count; i++)
            buf_printf(&l->out, "S %.*s %u %s\n", SLICE_ARG(list[i].event_id), (unsigned)list[i].attempts, l->request);
        tell(&l->out);
        wait_ms(count ? 2 + (long)roll(30) : 10);
        while (count && report(l, list, count) != 0)
            failed(l, "report");
        for (size_t i = 0; i < count; i++)
            buf_printf(&l->out, "R %.*s %s\n", SLICE_ARG(list[i].event_id), l->request);
        tell(&l->out);
    }
}

int main(int argc, char **argv)
{
    struct side l = { 0 };
    struct sigaction act = { .sa_handler = end };

    if (argc < 4 || (strcmp(argv[1], "receive") == 0 && argc != 5)) {
        fprintf(stderr, "usage: load receive URL NAME SEED | send URL NAME | drain URL NAME\n");
        return 2;
    }
    sigaction(SIGTERM, &act, NULL);
    dice = 88172645463325252;
    l.url = argv[2];
    l.name = argv[3];
    arena_init(&l.arena, (size_t)64 << 20);
    if (argc == 5) {
        dice = 88172645463325252 + strtoull(argv[4], NULL, 10);
        receive(&l);
    } else {
        send_all(&l, strcmp(argv[1], "drain") == 0);
    }
    store_close(l.s);
    arena_free(&l.arena);
    buf_free(&l.out);
    return 0;
}
