/* What a refusal takes back is gone from the SQLite file and its log, byte by byte. */
#include "tests/unit/store_sqlite_case.h"

#define SECRET "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"

static void cut_click(void *context, struct store_click *click)
{
    (void)context;
    click->ip = (struct slice){ 0 };
}

static struct slice cut_params(void *context, struct slice params, struct arena *arena)
{
    (void)context;
    return arena_dup(arena, slice_head(params, slice_find(params, S("&email="))));
}

static void refuse(struct fixture *f)
{
    static const struct slice spare[] = { { 0 } };
    const struct store_refusal how = { .note = S("refused"), .spare = spare, .cut_click = cut_click, .cut_params = cut_params };
    struct store_click click = { .offer = S("nutra-de"), .click_id = S("c1"), .consent = S("0"), .refused = true, .at = 5 };
    struct store_refused out;

    OK(f, store_begin(f->s, &f->err));
    GIVES(f, 0, store_click_decide(f->s, &click, &how, &out, &f->err));
    OK(f, store_commit(f->s, &f->err));
    assert_int_equal(out.withdrawn, 40);
}

static size_t count_bytes(struct fixture *f, const char *name, struct slice what)
{
    char *bytes = malloc((size_t)64 << 20), path[100];
    struct slice rest;
    size_t found = 0, at;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    file = fopen(path, "rb");
    assert_non_null(bytes);
    rest = (struct slice){ bytes, file ? fread(bytes, 1, (size_t)64 << 20, file) : 0 };
    if (file)
        fclose(file);
    while ((at = slice_find(rest, what)) != rest.len) {
        found++;
        rest = slice_from_at(rest, at + what.len);
    }
    free(bytes);
    return found;
}

/* Small bodies, and ones that spill over pages; closed, so that the log is in the file. */
static void test_bytes(void **state)
{
    struct fixture *f = *state;
    struct slice filler = arena_printf(&f->arena, "%09000d", 1);

    for (int i = 0; i < 40; i++) {
        const int big = i % 3 ? 0 : 9000;
        struct store_postback pb = { .offer = S("nutra-de"), .at = NOW, .click_id = S("c1") };
        struct store_event ev = { .offer = S("nutra-de"), .pixel = S("P"), .event = S("Lead"), .click_id = S("c1"),
                                  .created = NOW };
        ev.event_id = arena_printf(&f->arena, "e%d", i);
        ev.body = arena_printf(&f->arena, "{\"x\":\"%.*s\",\"email\":\"" SECRET "\"}", big, filler.ptr);
        pb.params = arena_printf(&f->arena, "subid=1&email=" SECRET "%.*s", big, filler.ptr);
        OK(f, store_begin(f->s, &f->err));
        GIVES(f, 0, store_event_put(f->s, &ev, NULL, &f->err));
        OK(f, store_postback_put(f->s, &pb, &f->err));
        OK(f, store_commit(f->s, &f->err));
    }
    store_close(f->s);
    assert_true(count_bytes(f, "clickbaton.db", S(SECRET)) >= 80);
    fixture_open(f);
    refuse(f);
    store_close(f->s);
    f->s = NULL;
    assert_int_equal(count_bytes(f, "clickbaton.db", S(SECRET)), 0);
    assert_int_equal(count_bytes(f, "clickbaton.db-wal", S(SECRET)), 0);
    assert_true(count_bytes(f, "clickbaton.db", S("subid=1")) >= 40);
    fixture_open(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { CASE(test_bytes) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
