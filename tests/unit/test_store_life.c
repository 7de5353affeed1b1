/* The contract of store.h, run on every engine: transactions, a killed process, other handles. */
#include "tests/unit/store_contract.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

/* ---- transactions ---- */

static void test_outside_of_a_transaction(void **state)
{
    struct fixture *f = *state;
    struct store_click click = { .offer = S("o"), .click_id = S("c") };
    struct store *reader;

    GIVES(f, -1, store_click_put(f->s, &click, &f->err));
    SAYS(f, ERR_INPUT, "store: a write outside of begin and commit");
    GIVES(f, -1, store_commit(f->s, &f->err));
    begin(f);
    GIVES(f, -1, store_begin(f->s, &f->err));
    SAYS(f, ERR_INPUT, "store: a transaction is open already");
    store_rollback(f->s);
    store_rollback(f->s);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    GIVES(f, -1, store_begin(reader, &f->err));
    SAYS(f, ERR_INPUT, "store: opened for reading, it can't be written");
    store_close(reader);
    store_close(NULL);
}

static void write_all(struct fixture *f, const char *id)
{
    struct store_click click = { .offer = slice_from(id), .click_id = slice_from(id),
                                 .ttclid = slice_from(id), .at = 5 };
    struct store_postback pb = { .offer = slice_from(id), .click_id = slice_from(id),
                                 .verdict = STORE_QUARANTINED };
    struct store_event ev = event(id);

    OK(f, store_click_put(f->s, &click, &f->err));
    OK(f, store_postback_put(f->s, &pb, &f->err));
    put(f, ev);
}

static void assert_knows(struct fixture *f, const char *id, bool knows)
{
    struct slice s = slice_from(id);
    struct store_postback *postbacks;
    struct store_event *events;
    struct store_click click;
    size_t count;

    GIVES(f, knows, store_click_find(f->s, s, s, s, &f->arena, &click, &f->err));
    OK(f, store_find_postbacks(f->s, s, 9, &f->arena, &postbacks, &count, &f->err));
    assert_int_equal(count, knows);
    OK(f, store_find_events(f->s, s, 9, &f->arena, &events, &count, &f->err));
    assert_int_equal(count, knows);
}

static void test_rollback(void **state)
{
    struct fixture *f = *state;
    struct store_counts kept = { .clicks = 1, .postbacks = 1, .waiting = 1, .quarantined = 1,
                                 .oldest_waiting = NOW };
    struct store_click click = { .offer = S("kept"), .click_id = S("kept"), .event_id = S("new") };

    begin(f);
    write_all(f, "kept");
    commit(f);
    for (int i = 0; i < 30; i++) {
        begin(f);
        write_all(f, "lost");
        GIVES(f, 1, store_click_put(f->s, &click, &f->err));
        take(f, NOW, 9, 2);
        report(f, NOW, (struct store_outcome){ 1, STORE_DEAD, 0, false, S("x") });
        assert_knows(f, "lost", true);
        store_rollback(f->s);
        assert_knows(f, "lost", false);
        assert_knows(f, "kept", true);
        assert_counts(f, kept);
        assert_int_equal(find_event(f, "kept").state, STORE_WAITING);
    }
    fixture_reopen(f);
    assert_knows(f, "lost", false);
    assert_counts(f, kept);
    begin(f);
    write_all(f, "lost"); /* its key is free */
    commit(f);
    assert_knows(f, "lost", true);
}

/* A child commits group after group, tells each, and is killed at a random moment. */
static void child_writes(struct fixture *f, int pipe)
{
    f->s = f->engine->open(f->dir, true, &f->err);
    for (int i = 0; f->s; i++) {
        char name[32];
        if (store_begin(f->s, &f->err) != 0)
            break;
        for (int j = 0; j < 5; j++) {
            struct store_event ev;
            struct store_postback pb = { .click_id = S("c"), .verdict = STORE_QUEUED };
            snprintf(name, sizeof(name), "e%d", i * 5 + j);
            ev = event(name);
            if (store_event_put(f->s, &ev, NULL, &f->err) != 0 ||
                store_postback_put(f->s, &pb, &f->err) != 0)
                _exit(1);
        }
        if (store_commit(f->s, &f->err) != 0 || write(pipe, &i, sizeof(i)) != sizeof(i))
            break;
    }
    _exit(1);
}

static void test_kill(void **state)
{
    struct fixture *f = *state;
    int ends[2], last = -1, want, got = 0;
    struct store_event ev;
    pid_t pid;

    for (int round = 0; round < 4; round++) {
        struct fixture *g = fixture_new(under_test);
        fixture_open(g); /* so that this program knows the place, and not its child alone */
        store_close(g->s);
        g->s = NULL;
        assert_int_equal(pipe(ends), 0);
        pid = fork();
        if (pid == 0)
            child_writes(g, ends[1]);
        close(ends[1]);
        want = 20 + round * 37;
        got = 0; /* this child's, however far the one before it came */
        while (got < want && read(ends[0], &last, sizeof(last)) == sizeof(last))
            got = last;
        kill(pid, SIGKILL);
        while (read(ends[0], &last, sizeof(last)) == sizeof(last))
            got = last;
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        close(ends[0]);
        assert_true(got >= want);
        fixture_open(g);
        /* Everything told is there, nothing by halves. */
        assert_true(counts(g).waiting >= (got + 1) * 5);
        assert_int_equal(counts(g).waiting % 5, 0);
        assert_int_equal(counts(g).postbacks, counts(g).waiting);
        begin(g);
        for (int i = 0; i < (got + 1) * 5; i++) {
            ev = event(text(f, "e%d", i).ptr);
            GIVES(g, 1, store_event_put(g->s, &ev, NULL, &g->err));
        }
        write_all(g, "after");
        commit(g);
        assert_knows(g, "after", true);
        got = 0;
        fixture_free(g);
    }
}

/* ---- handles beside the writer ---- */

struct beside {
    struct fixture *f;
    atomic_bool stop;
    atomic_int committed; /* groups of 10 */
    char wrong[500];
};

static void *read_beside(void *context)
{
    struct beside *b = context;
    struct err err = { 0 };
    struct store *s = b->f->engine->open(b->f->dir, false, &err);
    struct arena arena;
    int rounds = 0;

    arena_init(&arena, 64 << 20);
    while (s && !b->wrong[0] && (!atomic_load(&b->stop) || rounds < 3)) {
        struct store_counts c;
        struct store_postback *list;
        struct slice id;
        int known = atomic_load(&b->committed);
        size_t count = 0;
        arena_reset(&arena);
        id = arena_printf(&arena, "g%d", known - 1);
        if (store_counts(s, &c, &err) != 0 || store_maintain(s, &err) != 0 ||
            (known && store_find_postbacks(s, id, 99, &arena, &list, &count, &err) != 0))
            snprintf(b->wrong, sizeof(b->wrong), "%s", err.text);
        else if (c.postbacks % 10 || c.postbacks < known * 10 || (known && count != 10))
            snprintf(b->wrong, sizeof(b->wrong), "%lld postbacks, %d known, %zu of the last",
                     (long long)c.postbacks, known * 10, count);
        rounds++;
    }
    if (!s)
        snprintf(b->wrong, sizeof(b->wrong), "%s", err.text);
    store_close(s);
    arena_free(&arena);
    return NULL;
}

static void test_beside(void **state)
{
    struct beside b = { .f = *state };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, read_beside, &b), 0);
    for (int i = 0; i < 300; i++) {
        begin(b.f);
        for (int j = 0; j < 10; j++) {
            struct store_postback pb = { .click_id = text(b.f, "g%d", i), .params = S("a=1") };
            OK(b.f, store_postback_put(b.f->s, &pb, &b.f->err));
        }
        commit(b.f);
        atomic_store(&b.committed, i + 1);
    }
    atomic_store(&b.stop, true);
    pthread_join(thread, NULL);
    assert_string_equal(b.wrong, "");
    OK(b.f, store_maintain(b.f->s, &b.f->err));
}

/* A reader sees what was committed, by every id, also what was added to an old click. */
static void test_reader(void **state)
{
    struct fixture *f = *state;
    struct store *writer = f->s;
    struct store_click click = { .offer = S("id7"), .click_id = S("id7"), .event_id = S("late") };
    struct store_click known, *clicks;
    struct store_due *due;
    size_t count;

    for (int i = 0; i < 50; i++) {
        begin(f);
        write_all(f, text(f, "id%d", i).ptr);
        commit(f);
    }
    begin(f);
    click.ttclid = S("id7");
    GIVES(f, 1, store_click_put(f->s, &click, &f->err));
    commit(f);
    begin(f);
    write_all(f, "uncommitted");
    f->s = f->engine->open(f->dir, false, &f->err);
    assert_non_null(f->s);
    for (int i = 0; i < 50; i++)
        assert_knows(f, text(f, "id%d", i).ptr, true);
    assert_knows(f, "uncommitted", false);
    assert_counts(f, (struct store_counts){ .clicks = 50, .postbacks = 50, .waiting = 50,
                                            .quarantined = 50, .oldest_waiting = NOW });
    OK(f, store_find_clicks(f->s, S("late"), 9, &f->arena, &clicks, &count, &f->err));
    assert_int_equal(count, 1);
    SAME(S("id7"), clicks[0].click_id);
    GIVES(f, 1, store_click_find(f->s, S("id7"), S("?"), S("id7"), &f->arena, &known, &f->err));
    SAME(S("late"), known.event_id);
    OK(f, store_pixels_due(f->s, &f->arena, &due, &count, &f->err));
    assert_int_equal(count, 1);
    store_close(f->s);
    f->s = writer;
    commit(f);
    assert_knows(f, "uncommitted", true);
}

/* ---- against a simple model ---- */

#define MODEL 400

struct model {
    int64_t first[MODEL];  /* event id by key, 0: none */
    int postbacks[MODEL];  /* by click id */
    bool click[MODEL];
};

static void model_step(struct fixture *f, struct model *m, uint32_t n, struct slice name)
{
    struct store_event ev = event(name.ptr);
    struct store_postback pb = { .click_id = name, .event_id = name, .params = name };
    struct store_click click = { .offer = S("o"), .click_id = name, .ttclid = name };
    struct store_click is;
    int64_t first = 0;

    GIVES(f, m->click[n], store_click_find(f->s, S("o"), name, S(""), &f->arena, &is, &f->err));
    GIVES(f, m->first[n] != 0, store_event_put(f->s, &ev, &first, &f->err));
    if (m->first[n])
        assert_int_equal(first, m->first[n]);
    else
        m->first[n] = ev.id;
    OK(f, store_postback_put(f->s, &pb, &f->err));
    m->postbacks[n]++;
    if (n % 3 == 0) {
        GIVES(f, m->click[n], store_click_put(f->s, &click, &f->err));
        m->click[n] = true;
    }
}

static void test_model(void **state)
{
    struct fixture *f = *state;
    struct model m = { 0 }, before;
    struct slice names[MODEL];
    uint64_t seed = 1;

    for (int i = 0; i < MODEL; i++)
        names[i] = text(f, "name-%d", i);
    for (int group = 0; group < 300; group++) {
        before = m;
        begin(f);
        for (int i = 0; i < 8; i++) {
            seed = slice_hash(S("next"), seed);
            model_step(f, &m, (uint32_t)(seed % MODEL), names[seed % MODEL]);
        }
        if (seed >> 60 == 0) {
            store_rollback(f->s);
            m = before;
        } else {
            commit(f);
        }
        if (seed >> 58 == 5)
            fixture_reopen(f);
    }
    for (int i = 0; i < MODEL; i++) {
        struct store_postback *list;
        size_t count;
        OK(f, store_find_postbacks(f->s, names[i], 999, &f->arena, &list, &count, &f->err));
        assert_int_equal(count, m.postbacks[i]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(test_outside_of_a_transaction),
        CASE(test_rollback),
        CASE(test_kill),
        CASE(test_beside),
        CASE(test_reader),
        CASE(test_model),
    };

    return RUN_ON_ENGINES(tests);
}
