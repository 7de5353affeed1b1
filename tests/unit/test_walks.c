/* Kept walks: what may be kept of one, what is found again, how many and how long, and files that are damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "cli/walks/walks.h"
#include "core/base/json.h"
#include "tests/support/chain_bench.h"

#define NOW INT64_C(1790000000)
#define KEEP (30 * 86400)

struct bench {
    char dir[64];
    struct arena arena;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    snprintf(b->dir, sizeof(b->dir), "/tmp/clickbaton-walks-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    arena_init(&b->arena, 64 << 20);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    char command[128];

    arena_free(&b->arena);
    snprintf(command, sizeof(command), "rm -rf %s", b->dir);
    assert_int_equal(system(command), 0);
    free(b);
    return 0;
}

static struct kept_walk one(const char *click, int64_t at)
{
    static struct kept_hop hops[1] = { { .name = SLICE("lander"), .kind = SLICE("lander"), .url = SLICE("https://l.example"),
                                         .status = 200, .state = { BATON_KEPT, BATON_ABSENT, BATON_LOST } } };

    return (struct kept_walk){ .at = at, .chain = S("c"), .verdict = S("broken"), .code = S("H010"), .reason = S("why"),
                               .broken_at = S("lander"), .ids = { S("E.C.P.0123456789abcdef"), S("ev"), slice_from(click) },
                               .hops = hops, .hop_count = 1 };
}

static size_t files(const struct bench *b)
{
    char path[128];
    size_t n = 0;
    struct dirent *d;
    DIR *dir;

    snprintf(path, sizeof(path), "%s/walks", b->dir);
    dir = opendir(path);
    while (dir && (d = readdir(dir)) != NULL)
        n += d->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

static size_t found(struct bench *b, const char *id, int64_t oldest, struct walks_found *out)
{
    const struct slice ids[] = { slice_from(id) };
    const struct walks_wish wish = { .data = b->dir, .oldest = oldest, .ids = ids, .id_count = 1, .arena = &b->arena };

    assert_int_equal(walks_find(&wish, out), 0);
    return out->count;
}

static void put_file(const struct bench *b, const char *name, const char *text, int64_t at)
{
    char path[160];
    struct utimbuf times = { at, at };
    FILE *f;

    snprintf(path, sizeof(path), "%s/walks", b->dir);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/walks/%s", b->dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(utime(path, &times), 0);
}

static void test_kept_and_found(void **state)
{
    struct bench *b = *state;
    struct kept_walk w = one("k1", NOW), other = one("k2", NOW + 5);
    struct walks_found f;
    struct err err = { 0 };
    struct buf wrote = { 0 }, read = { 0 };

    assert_int_equal(found(b, "k1", 0, &f), 0);
    assert_int_equal(f.problem.len, 0);
    assert_int_equal(walks_keep(b->dir, &w, KEEP * 100, &err), 0);
    assert_int_equal(walks_keep(b->dir, &w, KEEP * 100, &err), 0); /* the same again replaces it */
    assert_int_equal(walks_keep(b->dir, &other, KEEP * 100, &err), 0);
    assert_int_equal(files(b), 2);
    assert_int_equal(found(b, "k1", 0, &f), 1);
    walks_json(&wrote, &w);
    walks_json(&read, &f.list[0]);
    assert_true(slice_eq(buf_slice(&wrote), buf_slice(&read)));
    assert_int_equal(found(b, "ev", 0, &f), 2);
    assert_true(slice_eq(f.list[0].ids[CHAIN_CLICK_ID], S("k2"))); /* the newest first */
    assert_int_equal(found(b, "E.C.P.0123456789", 0, &f), 2);      /* sixteen characters of a ttclid */
    assert_int_equal(found(b, "E.C.P.012345678", 0, &f), 0);
    assert_int_equal(found(b, "", 0, &f), 0);
    assert_int_equal(found(b, "ev", NOW + 1, &f), 1); /* older than retention */
    buf_free(&wrote);
    buf_free(&read);
}

static void test_bounds(void **state)
{
    struct bench *b = *state;
    struct walks_found f;
    struct err err = { 0 };
    char click[20];
    static struct kept_hop many[CHAIN_HOPS_MAX];
    static struct slice names[3000];
    struct kept_walk w;

    for (int i = 0; i < WALKS_MOST + 20; i++) {
        snprintf(click, sizeof(click), "k%d", i);
        w = one(click, NOW);
        assert_int_equal(walks_keep(b->dir, &w, INT64_MAX / 2, &err), 0);
    }
    assert_int_equal(files(b), WALKS_MOST);
    put_file(b, "0123456789abcdef.json", "{}", 1000);
    put_file(b, "0123456789abcdef.json.new-a1b2c3", "{", 1000);
    put_file(b, "somebody's.txt", "x", 1000);
    walks_prune(b->dir, (int64_t)1 << 40, INT64_MAX / 2);
    assert_int_equal(files(b), WALKS_MOST + 1); /* what is not ours stays */
    walks_prune(b->dir, (int64_t)1 << 40, 1000);
    assert_int_equal(files(b), 1);
    for (size_t i = 0; i < 3000; i++)
        names[i] = S("a-parameter-with-quite-a-long-name");
    w = one("k", NOW);
    for (size_t i = 0; i < CHAIN_HOPS_MAX; i++)
        many[i] = (struct kept_hop){ .name = S("n"), .kind = S("js"), .lost = { names, 3000 } };
    w.hops = many;
    w.hop_count = CHAIN_HOPS_MAX;
    assert_int_equal(walks_keep(b->dir, &w, KEEP, &err), -1);
    assert_string_equal(err.text, "the walk is larger than 256 KB");
    assert_int_equal(walks_keep("/nowhere/at/all", &w, KEEP, &err), -1);
    assert_int_equal(found(b, "k", 0, &f), 0);
}

/* Each member missing, of another type, or with a value that none has. */
static void test_damaged(void **state)
{
    static const struct {
        const char *from, *to;
    } damages[] = {
        { "\"chain\":\"c\",", "" },         { "\"chain\":\"c\"", "\"chain\":7" },     { "\"at\":\"2026", "\"at\":\"x2026" },
        { "\"broken\"", "\"maybe\"" },      { "\"status\":200", "\"status\":\"200\"" }, { "\"status\":200", "\"status\":-1" },
        { "\"status\":200", "\"status\":1e99" }, { "\"absent\"", "\"nowhere\"" },     { "\"hops\":[", "\"hops\":{\"a\":[" },
        { "\"lost\":[]", "\"lost\":[1]" },  { "\"lost\":[]", "\"lost\":null" },       { "\"name\":\"lander\"", "\"name\":\"\"" },
        { "lander", "lander\xff" },         { "}]}", "}]" },                          { "\"hops\":[{", "\"hops\":[7,{" },
    };
    struct bench *b = *state;
    struct kept_walk w = one("k1", NOW);
    struct walks_found f;
    struct buf text = { 0 };
    char big[5000], *damaged = calloc(1, 1 << 16);
    const char *at;

    walks_json(&text, &w);
    buf_byte(&text, '\0');
    put_file(b, "0000000000000000.json", text.ptr, NOW);
    assert_int_equal(found(b, "k1", 0, &f), 1);
    for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
        at = strstr(text.ptr, damages[i].from);
        assert_non_null(at);
        snprintf(damaged, 1 << 16, "%.*s%s%s", (int)(at - text.ptr), text.ptr, damages[i].to, at + strlen(damages[i].from));
        put_file(b, "0000000000000000.json", damaged, NOW);
        if (found(b, "k1", 0, &f) != 0 || f.problem.len == 0)
            fail_msg("damage %zu is not noticed: %s", i, damaged);
    }
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    at = strstr(text.ptr, "\"chain\":\"") + 9;
    snprintf(damaged, 1 << 16, "%.*s%s%s", (int)(at - text.ptr), text.ptr, big, at);
    put_file(b, "0000000000000000.json", damaged, NOW);
    assert_int_equal(found(b, "k1", 0, &f), 0);
    put_file(b, "0000000000000000.json", "", NOW);
    assert_int_equal(found(b, "k1", 0, &f), 0);
    assert_true(slice_find(f.problem, S("0000000000000000.json: it is damaged, or not of this program; remove it")) < f.problem.len);
    free(damaged);
    buf_free(&text);
}

/* What is kept is read again, whatever bytes a chain has put into its names. */
static void test_no_utf8(void **state)
{
    static char bytes[2 * WALK_TEXT];
    static struct slice names[1];
    struct bench *b = *state;
    struct kept_walk w = one("k1", NOW);
    struct kept_hop h = w.hops[0];
    struct walks_found f;
    struct err err = { 0 };

    memset(bytes, '\xff', sizeof(bytes));
    names[0] = (struct slice){ bytes, WALK_TEXT };
    h.lost = (struct compare_names){ names, 1 };
    w.hops = &h;
    assert_int_equal(walks_keep(b->dir, &w, KEEP * 100, &err), 0);
    assert_int_equal(found(b, "k1", 0, &f), 1);
    assert_int_equal(f.problem.len, 0);
}

/* Of URLs scheme and host, of sentences none that holds a URL or an address. */
static void test_what_is_kept(void **state)
{
    static const char text[] =
        "version: 1\nchain: jane@example.com\nstart: \"https://trk.example/a?external_id=__CLICKID__&mail=jane@example.com\"\n"
        "hops:\n  - {name: tracker, kind: tracker, tracker: keitaro, to: \"https://lander.example/s3cret/?subid={subid}&ttclid={external_id}&key=s3cret\"}\n"
        "  - {name: offer, kind: app, to: \"myapp://open/s3cret?k=s3cret&x=jane@example.com\"}\n"
        "  - {name: end, kind: lander}\n";
    struct bench *b = *state;
    struct chain_bench c;
    struct chain *chain;
    struct chain_result r;
    struct walk_shown shown = { .walk = &r };
    struct kept_walk kept;
    struct err err = { 0 };
    struct buf out = { 0 };

    chain_bench_open(&c);
    chain = chain_bench_load(&c, S(text), NULL);
    assert_non_null(chain);
    assert_int_equal(chain_bench_walk(&c, chain, 0, &r, &err), 0);
    walks_of(&shown, chain->name, NOW, &b->arena, &kept);
    walks_json(&out, &kept);
    assert_int_equal(kept.hop_count, r.hop_count);
    assert_true(slice_eq(kept.hops[0].url, S("https://lander.example")));
    assert_true(slice_eq(kept.chain, S("(not kept: it looks like personal data)")));
    assert_true(slice_find(buf_slice(&out), S("s3cret")) == out.len);
    assert_true(slice_find(buf_slice(&out), S("jane")) == out.len);
    assert_true(slice_eq(kept.hops[1].url, S("myapp://open")));
    buf_clear(&out);
    note_add(&r.hops[0].notes, "H008", S("x"), "the browser can't go on: its target (https://a.example/s3cret) is none");
    note_add(&r.hops[0].notes, "H008", S("x"), "it is of jane@example.com");
    r.kept = false;
    r.reason = S("the target https://a.example/s3cret is none");
    r.code = "H008";
    walks_of(&shown, S("c"), NOW, &b->arena, &kept);
    walks_json(&out, &kept);
    assert_true(slice_find(buf_slice(&out), S("s3cret")) == out.len);
    assert_true(slice_find(buf_slice(&out), S("jane")) == out.len);
    assert_true(slice_starts(kept.hops[0].advice.list[kept.hops[0].advice.count - 1], S("H008 ")));
    buf_free(&out);
    chain_bench_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept_and_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_utf8, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_kept, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
