/* cli/serve/retain: nothing is removed for a day when the time has made a jump. */
#include "tests/unit/store_sqlite_case.h"

#include <sys/stat.h>
#include <utime.h>

#include "cli/serve/retain.h"

#define DAY   INT64_C(86400000)
#define ROUND 600000

static struct rules_holder *rules_of(struct fixture *f, int64_t days)
{
    struct catalog *c = calloc(1, sizeof(*c));

    assert_non_null(c);
    arena_init(&c->arena, 1024);
    c->data = f->dir;
    c->keep_clicks = c->keep_ledger = c->keep_ip = days * 86400;
    return rules_open(c);
}

static void arrive(struct fixture *f, int64_t at)
{
    struct store_postback pb = { .at = at, .offer = S("o"), .verdict = STORE_IGNORED };

    OK(f, store_begin(f->s, &f->err));
    OK(f, store_postback_put(f->s, &pb, &f->err));
    OK(f, store_commit(f->s, &f->err));
}

static int64_t postbacks(struct fixture *f)
{
    struct store_counts counts;

    OK(f, store_counts(f->s, &counts, &f->err));
    return counts.postbacks;
}

/* Whatever is due until then, each round at its time. */
static void rounds(struct fixture *f, struct retainer *r, int64_t *now, int64_t until)
{
    for (; *now <= until; *now = retain_due(r, *now) > *now ? retain_due(r, *now) : *now + 1)
        OK(f, retain_step(r, f->s, *now, &f->err));
}

/* A kept simulation of that time. */
static const char *walk(struct fixture *f, const char *name, int64_t at)
{
    const char *path = arena_printf(&f->arena, "%s/walks/%s.json", f->dir, name).ptr;
    struct utimbuf times = { at / 1000, at / 1000 };
    FILE *file;

    mkdir(arena_printf(&f->arena, "%s/walks", f->dir).ptr, 0700);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(utime(path, &times), 0);
    return path;
}

static void goes_at_once(void **state)
{
    struct fixture *f = *state;
    struct rules_holder *rules = rules_of(f, 30);
    struct retainer *r;
    int64_t now = NOW;
    const char *old = walk(f, "0000000000000001", NOW - 31 * DAY), *young = walk(f, "0000000000000002", NOW - 29 * DAY);
    struct stat st;

    arrive(f, NOW - 40 * DAY);
    arrive(f, NOW - DAY);
    r = retain_open(rules, NULL, NOW, NOW - DAY);
    rounds(f, r, &now, NOW + ROUND);
    assert_int_equal(postbacks(f), 1);
    assert_int_equal(stat(old, &st), -1);
    assert_int_equal(stat(young, &st), 0);
    retain_close(r);
    rules_close(rules);
}

static void a_step_of_days_waits(void **state)
{
    struct fixture *f = *state;
    struct rules_holder *rules = rules_of(f, 30);
    struct retainer *r = retain_open(rules, NULL, NOW, NOW);
    int64_t now = NOW, later = NOW + 400 * DAY;

    arrive(f, NOW);
    rounds(f, r, &now, NOW + ROUND);
    now = later; /* a clock that was set wrong, and believed after its ten minutes */
    rounds(f, r, &now, later + DAY - 2 * ROUND);
    assert_int_equal(postbacks(f), 1);
    rounds(f, r, &now, later + DAY + 2 * ROUND);
    assert_int_equal(postbacks(f), 0); /* it was right after all */
    retain_close(r);
    rules_close(rules);
}

static void a_step_of_less_than_a_day_does_not(void **state)
{
    struct fixture *f = *state;
    struct rules_holder *rules = rules_of(f, 30);
    struct retainer *r = retain_open(rules, NULL, NOW, NOW);
    int64_t now = NOW + DAY - ROUND;

    arrive(f, NOW - 30 * DAY);
    rounds(f, r, &now, now + ROUND);
    assert_int_equal(postbacks(f), 0);
    retain_close(r);
    rules_close(rules);
}

static void an_old_store_waits(void **state)
{
    struct fixture *f = *state;
    struct rules_holder *rules = rules_of(f, 30);
    struct retainer *r;
    int64_t now = NOW;

    arrive(f, NOW - 31 * DAY);
    r = retain_open(rules, NULL, NOW, NOW - 31 * DAY);
    rounds(f, r, &now, NOW + DAY - 2 * ROUND);
    assert_int_equal(postbacks(f), 1);
    rounds(f, r, &now, NOW + DAY + 2 * ROUND);
    assert_int_equal(postbacks(f), 0);
    retain_close(r);
    rules_close(rules);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(goes_at_once),
        TEST(a_step_of_days_waits),
        TEST(a_step_of_less_than_a_day_does_not),
        TEST(an_old_store_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
