/* Postbacks in the order of their arrival: by offer, since a moment, page by page. */
#include "core/base/buf.h"
#include "tests/unit/store_contract.h"

#define HOUR INT64_C(3600000)
#define ROWS 40

/* One an hour, of two offers in turn; the clock of the 30th is 5 hours behind. */
static void fill(struct fixture *f)
{
    begin(f);
    for (int i = 0; i < ROWS; i++) {
        struct store_postback pb = { .at = (i == 30 ? 25 : i) * HOUR + 200 * HOUR,
                                     .offer = i % 2 ? S("odd") : S("even"),
                                     .click_id = text(f, "c%d", i), .params = S("a=1") };
        OK(f, store_postback_put(f->s, &pb, &f->err));
    }
    commit(f);
}

static void lists(struct fixture *f, struct store *s, const char *offer, int64_t since,
                  int64_t after, unsigned max, const char *want)
{
    struct store_postback *list;
    struct buf got = { 0 };
    size_t count;

    OK(f, store_list_postbacks(s, slice_from(offer), since, after, max, &f->arena, &list, &count,
                               &f->err));
    for (size_t i = 0; i < count; i++)
        buf_printf(&got, "%s%.*s", i ? " " : "", SLICE_ARG(list[i].click_id));
    buf_byte(&got, '\0');
    assert_string_equal(got.ptr, want);
    buf_free(&got);
}

static void assert_lists(struct fixture *f, struct store *s)
{
    lists(f, s, "", 0, 0, 5, "c0 c1 c2 c3 c4");
    lists(f, s, "", 0, 5, 3, "c5 c6 c7");
    lists(f, s, "even", 0, 0, 3, "c0 c2 c4");
    lists(f, s, "odd", 234 * HOUR, 0, 9, "c35 c37 c39");
    lists(f, s, "", 226 * HOUR, 0, 4, "c26 c27 c28 c29");
    lists(f, s, "", 226 * HOUR, 30, 3, "c31 c32 c33"); /* c30 came at hour 25, by its clock */
    lists(f, s, "", 225 * HOUR, 29, 3, "c29 c30 c31");
    lists(f, s, "", 239 * HOUR + 1, 0, 9, "");
    lists(f, s, "nobody", 0, 0, 9, "");
    lists(f, s, "", 0, ROWS, 9, "");
    lists(f, s, "", 0, 0, 0, "");
}

static void test_list(void **state)
{
    struct fixture *f = *state;
    struct store *reader;

    lists(f, f->s, "", 0, 0, 9, "");
    fill(f);
    assert_lists(f, f->s);
    reader = f->engine->open(f->dir, false, &f->err);
    assert_non_null(reader);
    assert_lists(f, reader);
    begin(f);
    OK(f, store_postback_put(f->s, &(struct store_postback){ .at = 300 * HOUR, .click_id = S("new"),
                                                             .params = S("a=1") }, &f->err));
    lists(f, f->s, "", 300 * HOUR, 0, 9, "new"); /* one's own transaction */
    lists(f, reader, "", 300 * HOUR, 0, 9, "");
    commit(f);
    lists(f, reader, "", 300 * HOUR, 0, 9, "new");
    store_close(reader);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { CASE(test_list) };

    return RUN_ON_ENGINES(tests);
}
