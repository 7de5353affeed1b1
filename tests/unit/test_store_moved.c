/* What the store says has happened through a handle: only what was committed, and never less. */
#include "tests/unit/store_contract.h"

static void assert_moved(struct fixture *f, struct store_moved want)
{
    struct store_moved is;

    store_moved(f->s, &is);
    assert_int_equal(is.delivered, want.delivered);
    assert_int_equal(is.dead, want.dead);
    assert_int_equal(is.withdrawn, want.withdrawn);
    assert_int_equal(is.undead, want.undead);
    assert_int_equal(is.unquarantined, want.unquarantined);
}

/* Three events are sent; each gets another state. */
static void outcomes(void **state)
{
    static const enum store_state states[] = { STORE_DELIVERED, STORE_DEAD, STORE_WAITING };
    struct fixture *f = *state;

    assert_moved(f, (struct store_moved){ .dead = 0 });
    for (int round = 0; round < 2; round++) {
        begin(f);
        for (size_t i = 0; i < COUNT(states); i++) {
            struct store_event ev = event(text(f, "e%zu", i).ptr);
            put(f, ev);
        }
        for (size_t i = 0; i < COUNT(states); i++)
            report(f, NOW, (struct store_outcome){ .event_id = take(f, NOW, 1, 1)->id, .due = NOW + 9,
                                                   .state = states[i], .note = S("note") });
        assert_moved(f, (struct store_moved){ .dead = 0 }); /* not yet */
        if (round == 0)
            store_rollback(f->s);
        else
            commit(f);
        assert_moved(f, (struct store_moved){ .delivered = round, .dead = round });
    }
    begin(f);
    report(f, NOW, (struct store_outcome){ .event_id = 1, .state = STORE_DEAD }); /* it is delivered */
    commit(f);
    assert_moved(f, (struct store_moved){ .delivered = 1, .dead = 1 });
    fixture_reopen(f);
    assert_moved(f, (struct store_moved){ .dead = 0 });
}

/* Nobody knows since when: given up by take; then put back, and given up again. */
static void given_up(void **state)
{
    struct fixture *f = *state;
    struct store_event *list;
    size_t count;

    begin(f);
    put(f, event("e"));
    take(f, NOW, 1, 1);
    report(f, NOW, (struct store_outcome){ .event_id = 1, .state = STORE_WAITING, .unknown = true });
    OK(f, store_take(f->s, S("P"), NOW + 9, NOW + 5, 9, &f->arena, &list, &count, &f->err));
    assert_int_equal(count, 0);
    commit(f);
    assert_moved(f, (struct store_moved){ .dead = 1 });
    begin(f);
    GIVES(f, 0, store_event_again(f->s, 1, NOW + 9, true, S("again"), &f->err));
    GIVES(f, 1, store_event_again(f->s, 1, NOW + 9, true, S("it waits"), &f->err));
    commit(f);
    assert_moved(f, (struct store_moved){ .dead = 1, .undead = 1 });
}

static struct slice keep_params(void *context, struct slice params, struct arena *arena)
{
    (void)context;
    (void)arena;
    return params;
}

static void keep_click(void *context, struct store_click *click)
{
    (void)context;
    (void)click;
}

/* One waits, one is dead, one is on its way, one was delivered. */
static void refused(void **state)
{
    static const enum store_state states[] = { STORE_WAITING, STORE_DEAD, STORE_SENDING, STORE_DELIVERED };
    static const struct slice none[] = { { NULL, 0 } };
    const struct store_refusal how = { .note = S("refused"), .spare = none, .cut_click = keep_click,
                                       .cut_params = keep_params };
    const struct store_click click = { .offer = S("nutra-de"), .click_id = S("c"), .consent = S("0"),
                                       .refused = true, .at = 5 };
    struct fixture *f = *state;
    struct store_refused out;

    begin(f);
    for (size_t i = 0; i < COUNT(states); i++) {
        struct store_event ev = event(text(f, "e%zu", i).ptr);
        ev.click_id = S("c");
        put(f, ev);
    }
    take(f, NOW, 9, COUNT(states));
    for (size_t i = 0; i < COUNT(states); i++)
        if (states[i] != STORE_SENDING)
            report(f, NOW, (struct store_outcome){ .event_id = (int64_t)i + 1, .state = states[i],
                                                   .due = NOW + 9, .note = S("note") });
    GIVES(f, 0, store_click_decide(f->s, &click, &how, &out, &f->err));
    commit(f);
    assert_moved(f, (struct store_moved){ .delivered = 1, .dead = 1, .withdrawn = 2 });
    begin(f); /* the one on its way has failed */
    report(f, NOW, (struct store_outcome){ .event_id = 3, .state = STORE_DEAD, .note = S("note") });
    commit(f);
    assert_moved(f, (struct store_moved){ .delivered = 1, .dead = 1, .withdrawn = 3 });
}

static void unquarantined(void **state)
{
    struct fixture *f = *state;
    struct store_postback pb = { .at = NOW, .offer = S("a"), .tracker = S("keitaro"), .code = S("Q002"),
                                 .reason = S("why"), .verdict = STORE_QUARANTINED, .method = S("GET"),
                                 .params = S("x=1") };

    for (int i = 0; i < 2; i++) {
        begin(f);
        pb.id = 0;
        OK(f, store_postback_put(f->s, &pb, &f->err));
        commit(f);
    }
    begin(f);
    pb.id = 1;
    GIVES(f, 0, store_postback_again(f->s, &pb, &f->err)); /* still not understood */
    pb.verdict = STORE_IGNORED;
    GIVES(f, 0, store_postback_again(f->s, &pb, &f->err));
    GIVES(f, 1, store_postback_again(f->s, &pb, &f->err));
    commit(f);
    assert_moved(f, (struct store_moved){ .unquarantined = 1 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(outcomes), CASE(given_up), CASE(refused), CASE(unquarantined),
    };

    return RUN_ON_ENGINES(tests);
}
