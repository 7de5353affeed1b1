/* store_random.h: what a server does with a store, in any order; by one seed, which SEED in the environment
 * changes. */
#ifndef TESTS_UNIT_STORE_RANDOM_H
#define TESTS_UNIT_STORE_RANDOM_H

#include "tests/unit/store_case.h"

#define HOUR  INT64_C(3600000)
#define START INT64_C(1789999200000) /* an hour's beginning */
#define PIXEL S("C9")

static uint64_t seed;

static inline void seed_from(uint64_t normal)
{
    seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : normal;
    printf("seed %llu\n", (unsigned long long)seed);
}

static inline int64_t any(int64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (int64_t)((seed >> 33) % (uint64_t)below);
}

static inline const char *one_of(const char *const *list, int64_t n)
{
    return list[any(n)];
}

static inline void random_click(struct fixture *f, int64_t now)
{
    struct store_click c = { .offer = any(4) ? S("o") : S("p"), .at = any(5) ? now / 1000 : 0, .keyed = any(2) };

    c.click_id = arena_printf(&f->arena, "c%lld", (long long)any(40));
    if (any(2))
        c.ttclid = arena_printf(&f->arena, "E.C.P.t%lld", (long long)any(40));
    if (store_click_put(f->s, &c, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

/* false: it is there already. */
static inline bool put_random(struct fixture *f, struct store_event *ev)
{
    int rc = store_event_put(f->s, ev, NULL, &f->err);

    if (rc < 0)
        fail_msg("%s", f->err.text);
    return rc == 0;
}

static inline void random_postback(struct fixture *f, int64_t now)
{
    static const char *const stages[] = { "lead", "sale", "", "rejected" };
    static const char *const codes[] = { "", "Q003", "I001", "D001" };
    static const char *const notes[] = { "", "W028 x\n", "W028 x\nW020 y\nW028 z\n", "not a code\n" };
    static const char *const currencies[] = { "USD", "EUR", "", "JPY" };
    static const char *const bodies[] = { "{\"user\":{\"ttclid\":\"T\",\"email\":[\"a\",\"b\"]}}", "{\"user\":{}}", "{}",
                                          "{\"a\":{\"ip\":\"x\"},\"user\":{\"ip\":\"1\",\"user_agent\":\"m,}\\\"\"}}" };
    struct slice offer = any(3) ? S("o") : any(2) ? S("p") : S("");
    struct store_postback pb = { .at = now, .offer = offer, .stage = slice_from(one_of(stages, 4)),
                                 .code = slice_from(one_of(codes, 4)), .warnings = slice_from(one_of(notes, 4)),
                                 .verdict = (enum store_verdict)(1 + any(4)), .params = S("a=b"),
                                 .click_id = arena_printf(&f->arena, "c%lld", (long long)any(40)) };
    struct store_event ev = { .offer = offer, .pixel = PIXEL, .event = any(2) ? S("Lead") : S("Purchase"),
                              .event_id = arena_printf(&f->arena, "e%lld", (long long)any(400)),
                              .click_id = pb.click_id, .created = now, .value = any(1000000) - 1000,
                              .currency = slice_from(one_of(currencies, 4)), .original_value = any(1000000),
                              .original_currency = slice_from(one_of(currencies, 4)),
                              .body = slice_from(one_of(bodies, 4)) };

    OK(f, store_postback_id(f->s, &pb.id, &f->err));
    ev.postback_id = pb.id;
    if (pb.verdict == STORE_QUEUED && !put_random(f, &ev))
        pb.verdict = STORE_DUPLICATE;
    OK(f, store_postback_put(f->s, &pb, &f->err));
}

static inline void random_delivery(struct fixture *f, int64_t now)
{
    struct store_attempt a = { .at = now, .took_ms = (uint32_t)any(200000), .pixel = PIXEL,
                               .http_status = any(2) ? 200 : 503, .code = any(3) - 1 };
    struct store_outcome out[32];
    struct store_event *list;
    size_t count, told;

    OK(f, store_take(f->s, PIXEL, now, any(10) ? 0 : now, 32, &f->arena, &list, &count, &f->err));
    told = any(5) ? count : count / 2; /* the others are on their way until a restart */
    for (size_t i = 0; i < told; i++)
        out[i] = (struct store_outcome){ .event_id = list[i].id, .unknown = any(2),
                                         .state = any(3) ? STORE_DELIVERED : any(2) ? STORE_WAITING : STORE_DEAD };
    if (a.http_status != 200 || a.code != 0)
        a.code = any(2) ? -1 : 40105;
    OK(f, store_report(f->s, &a, out, told, &f->err));
}

static inline void random_again(struct fixture *f, int64_t now)
{
    struct store_postback pb;
    int64_t id = 1 + any(600);

    if (store_event_again(f->s, id, now, any(2), S("again"), &f->err) < 0)
        fail_msg("%s", f->err.text);
    if (store_get_postback(f->s, id, &f->arena, &pb, &f->err) != 1)
        return;
    pb.verdict = (enum store_verdict)(1 + any(4));
    if (pb.verdict == STORE_QUEUED) {
        struct store_event ev = { .postback_id = id, .offer = pb.offer, .pixel = PIXEL, .event = S("Lead"),
                                  .event_id = arena_printf(&f->arena, "again%lld", (long long)id), .created = now,
                                  .click_id = pb.click_id, .body = S("{\"user\":{\"ttp\":\"t\"}}") };
        if (!put_random(f, &ev))
            pb.verdict = STORE_DUPLICATE;
    }
    pb.stage = any(2) ? S("sale") : S("");
    pb.code = any(2) ? S("Q009") : S("");
    pb.warnings = any(2) ? S("W099 then\n") : S("");
    if (store_postback_again(f->s, &pb, &f->err) < 0)
        fail_msg("%s", f->err.text);
}

typedef void random_act(struct fixture *f, int64_t now);

/* Some of them in a transaction, which is mostly committed; each takes up to `step` milliseconds.  Now and then the program ends after it. */
static inline void random_group(struct fixture *f, random_act *const *acts, size_t count, int64_t step, int64_t *now)
{
    int64_t recovered;

    OK(f, store_begin(f->s, &f->err));
    for (int64_t i = any(8); i >= 0; i--, *now += any(step))
        acts[any((int64_t)count)](f, *now);
    if (any(12))
        OK(f, store_commit(f->s, &f->err));
    else
        store_rollback(f->s);
    if (any(100) == 0) {
        fixture_reopen(f);
        OK(f, store_begin(f->s, &f->err));
        OK(f, store_recover(f->s, *now, &recovered, &f->err));
        OK(f, store_commit(f->s, &f->err));
    }
}

#endif
