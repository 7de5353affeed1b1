/* Groups of calls that are guesses at first, against the same calls made one by one in a plain SQLite store: both must answer the
 * same and hold the same.  SEED and ROUNDS in the environment choose others. */
#include "tests/unit/store_twin.h"

#define OPS_MOST 1000

static int commits;

static void run_group(struct fixture *f, struct store *s, bool grouped, const struct op *ops, size_t count, struct buf *log)
{
    int rc;

    OK(f, grouped ? store_begin_group(s, &f->err) : store_begin(s, &f->err));
    do {
        buf_clear(log);
        for (size_t i = 0; i < count; i++)
            OK(f, do_op(f, s, &ops[i], log));
        rc = store_commit(s, &f->err);
        if (rc < 0)
            fail_msg("%s", f->err.text);
        commits += grouped;
    } while (rc == 1);
}

struct twins {
    struct fixture *f; /* plain SQLite, whose arena is that of all */
    struct store *other;
    struct op *ops;
    struct buf a, b;
};

static void one_round(struct twins *t, int64_t now, size_t count, unsigned ids)
{
    bool calm = roll(3) != 0;
    uint64_t here;

    for (size_t i = 0; i < count; i++)
        t->ops[i] = random_op(t->f, now, ids, calm);
    here = dice;
    run_group(t->f, t->f->s, false, t->ops, count, &t->a);
    dice = here;
    run_group(t->f, t->other, true, t->ops, count, &t->b);
    same_text(buf_slice(&t->a), buf_slice(&t->b), "answers");
    if (roll(4))
        return;
    buf_clear(&t->a);
    buf_clear(&t->b);
    here = dice;
    do_delivery(t->f, t->f->s, now + 500, &t->a);
    dice = here;
    do_delivery(t->f, t->other, now + 500, &t->b);
    same_text(buf_slice(&t->a), buf_slice(&t->b), "deliveries");
}

static void as_one_by_one(struct fixture *g, int rounds, size_t most, unsigned ids, uint64_t seed)
{
    struct twins t = { .f = fixture_new(ENGINE_SQLITE), .other = g->s, .ops = calloc(OPS_MOST, sizeof(*t.ops)) };
    struct slice plain;

    assert_non_null(t.ops);
    fixture_open(t.f);
    dice = 88172645463325252 + seed;
    commits = 0;
    for (int round = 0; round < rounds; round++) {
        one_round(&t, NOW + round * 1000, most > 40 ? most : 1 + roll(roll(2) ? 3 : most), ids);
        arena_reset(&t.f->arena);
    }
    plain = dump(t.f, t.f->s, ids);
    assert_true(plain.len > 5000);
    same_text(plain, dump(t.f, t.other, ids), "rows");
    print_message("seed %llu: %d groups, %d commits, %zu bytes of rows\n", (unsigned long long)seed, rounds, commits, plain.len);
    buf_free(&t.a);
    buf_free(&t.b);
    free(t.ops);
    fixture_free(t.f);
}

static void test_small_groups(void **state)
{
    const char *seed = getenv("SEED"), *times = getenv("ROUNDS");

    as_one_by_one(*state, times ? atoi(times) : 60, 40, 25, seed ? strtoull(seed, NULL, 10) : 1);
}

static void test_big_groups(void **state)
{
    const char *seed = getenv("SEED");

    as_one_by_one(*state, 3, OPS_MOST, 400, seed ? strtoull(seed, NULL, 10) : 2);
}

/* A group that is given up in the middle, or at a guess, has done nothing. */
static void test_given_up(void **state)
{
    struct fixture *f = *state;
    struct buf log = { 0 };
    struct op op;

    dice = 88172645463325252;
    for (int i = 0; i < 20; i++) {
        OK(f, store_begin_group(f->s, &f->err));
        op = random_op(f, NOW, 5, false);
        OK(f, do_op(f, f->s, &op, &log));
        if (i % 2 && store_commit(f->s, &f->err) == 0)
            break; /* of an engine that knows everything */
        store_rollback(f->s);
        if (i == 1)
            assert_counts(f, (struct store_counts){ 0 });
    }
    if (f->engine == ENGINE_POSTGRESQL)
        assert_counts(f, (struct store_counts){ 0 });
    begin(f);
    put(f, event("e"));
    commit(f);
    assert_int_equal(counts(f).waiting - counts(f).delivered > 0, 1);
    buf_free(&log);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { CASE(test_small_groups), CASE(test_big_groups), CASE(test_given_up) };

    return RUN_ON_ENGINES(tests);
}
