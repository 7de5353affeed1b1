/* What comes out of the spill again: nothing else than what was kept, whatever memory there is; and what is set aside.  Allocations of ours fail
 * when they are told to (the Makefile wraps them). */
#include "tests/unit/store_case.h"

#include "tests/unit/catalog_case.h"
#include "cli/end.h"
#include "cli/serve/spillway.h"

#define NOW INT64_C(1790000000000)

static const char offer_text[] =
    "version: 1\noffer: nutra\nextends: keitaro\npixel: C9EXAMPLEPIXEL00\nvalue_currency: USD\npage_url: https://lander.example/nutra\n"
    "events:\n  sale: {event: Purchase, value: payout}\nuser:\n  email: \"{param.email}\"\n";

/* ---- memory that is not there ---- */

void *__real_malloc(size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *p, size_t size);

static long fails_at; /* the so-manieth from now; 0: none */

void *__wrap_malloc(size_t size)
{
    return fails_at > 0 && --fails_at == 0 ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails_at > 0 && --fails_at == 0 ? NULL : __real_realloc(p, size);
}

/* ---- the bed ---- */

struct bed {
    char dir[64];
    struct rules_holder *rules;
    struct identity_hasher *hasher;
    struct spillway *w;
    struct err err;
};

static int bed_up(void **state)
{
    struct bed *b = calloc(1, sizeof(*b));

    snprintf(b->dir, sizeof(b->dir), "/tmp/clickbaton-spillway.XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    b->rules = rules_open(open_catalog(b->dir, offer_text));
    b->hasher = identity_hasher_new();
    b->w = spillway_open(b->dir, true, INT64_C(64) << 20, "postgresql://db.example/clickbaton", b->rules, &b->err);
    assert_non_null(b->w);
    b->w->hasher = b->hasher;
    *state = b;
    return 0;
}

static int bed_down(void **state)
{
    struct bed *b = *state;

    spillway_close(b->w);
    identity_hasher_free(b->hasher);
    rules_close(b->rules);
    remove_folder(b->dir);
    free(b);
    return 0;
}

static struct spill_state state_of(struct bed *b)
{
    struct spill_state s;

    spill_state(b->w->file, &s);
    return s;
}

static void put(struct bed *b, int64_t serial, enum spill_kind kind, const char *offer, const char *params)
{
    const struct spill_entry e = { .serial = serial, .at = NOW, .kind = kind, .offer = slice_from(offer), .method = S("GET"),
                                   .address = S("192.0.2.1"), .params = slice_from(params), .reason = S("why"),
                                   .notes = S("W091 the key\n") };

    OK(b, spill_put(b->w->file, &e, 1, "", &b->err));
}

static int take(struct bed *b, struct intake_request **list, unsigned *count)
{
    struct store_spill mark;

    return spillway_take(b->w, NOW, list, count, &mark, &b->err);
}

#define FILLER 20000

static void test_short_of_memory(void **state)
{
    struct bed *b = *state;
    struct intake_request *list;
    unsigned count, whole = 0, refused = 0;
    char params[FILLER + 100];
    long left;

    snprintf(params, sizeof(params), "subid=c1&status=sale&payout=1&currency=usd&email=a%%40b.example&x=%0*d", FILLER, 0);
    put(b, 1, SPILL_POSTBACK, "nutra", params);
    put(b, 2, SPILL_CLICK, "nutra", "click_id=c1&ttclid=E.C.P.c1");
    put(b, 3, SPILL_UNREADABLE, "nutra", "body=1");
    put(b, 4, SPILL_POSTBACK, "gone", params);
    for (long n = 1; whole == 0; n++) {
        int rc;
        fails_at = n;
        rc = take(b, &list, &count);
        left = fails_at;
        fails_at = 0;
        if (rc == 0) { /* the file's own memory may give fewer */
            for (const struct intake_request *r = list; r; r = r->next)
                assert_true(r->is_click || r->storable.len > (r->unreadable && r->translation.code[0] == 'Q' ? 5 : FILLER));
            spillway_let_go(b->w, list);
        } else {
            assert_int_equal(b->err.kind, ERR_BUSY);
            assert_null(list);
            assert_int_equal(count, 0);
            refused++;
        }
        assert_int_equal(state_of(b).waiting, 4);
        assert_int_equal(state_of(b).aside, 0);
        if (left > 0) {
            assert_int_equal(rc, 0);
            assert_int_equal(count, 4);
            whole = 1;
        }
        assert_true(n < 10000);
    }
    assert_true(refused > 3);
}

/* A limit is not a lack: with all memory of the world it would be the same, and the others go on. */
static void test_needs_too_much(void **state)
{
    struct bed *b = *state;
    struct buf params = { 0 };
    struct intake_request *list;
    unsigned count;

    buf_puts(&params, "subid=c1&status=sale&payout=1&currency=usd&x=");
    while (params.len < 500000)
        buf_puts(&params, "%01");
    buf_byte(&params, '\0');
    put(b, 1, SPILL_POSTBACK, "nutra", params.ptr);
    put(b, 2, SPILL_POSTBACK, "nutra", params.ptr);
    put(b, 3, SPILL_POSTBACK, "nutra", "subid=c2&status=sale&payout=1&currency=usd");
    OK(b, take(b, &list, &count));
    assert_int_equal(count, 1);
    SAME(S("subid=c2&status=sale&payout=1&currency=usd"), list->storable);
    spillway_let_go(b->w, list);
    assert_int_equal(state_of(b).aside, 2);
    assert_int_equal(state_of(b).waiting, 1);
    buf_free(&params);
}

/* Half as many after any failure; set aside is what was alone and is itself the reason. */
static void test_not_taken(void **state)
{
    struct bed *b = *state;
    const struct store_spill mark = { .token = 1, .after = 1 };
    struct err slow = { .kind = ERR_BUSY, .text = "it took longer than 10 seconds (SQLSTATE 57014)" };
    struct err wrong = { .kind = ERR_BUSY, .text = "a check says no (SQLSTATE 23514)" };

    put(b, 1, SPILL_POSTBACK, "nutra", "subid=c1&status=sale");
    spillway_not_taken(b->w, &mark, 500, &slow);
    assert_int_equal(b->w->batch, 250);
    spillway_not_taken(b->w, &mark, 3, &slow);
    assert_int_equal(b->w->batch, 1);
    for (int i = 0; i < 20; i++)
        spillway_not_taken(b->w, &mark, 1, &slow);
    assert_int_equal(b->w->batch, 1);
    for (int i = 0; i < 20; i++)
        spillway_not_taken(b->w, &mark, 2, &wrong);
    for (int i = 0; i < 4; i++)
        spillway_not_taken(b->w, &mark, 1, &wrong);
    assert_int_equal(state_of(b).aside, 0);
    spillway_not_taken(b->w, &mark, 1, &wrong);
    assert_int_equal(state_of(b).aside, 1);
    assert_int_equal(state_of(b).waiting, 0);
    OK(b, spillway_handed_on(b->w, &mark, &b->err));
    assert_int_equal(b->w->batch, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_up, bed_down)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_short_of_memory), TEST(test_needs_too_much), TEST(test_not_taken) };

    end_not_for_memory();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
