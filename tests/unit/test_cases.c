/* test_cases.c: the case files below tests/cases: plain data, read, run and compared here.
 * tests/cases/README says how a case is written. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "core/payload/payload.h"
#include "core/translate/translate.h"
#include "tests/support/case_file.h"

#define CASES_PER_TRACKER 15
#define ARENA_BYTES (8u << 20)

struct test_case {
    const char *path;
    struct case_file file;
};

/* What every case is run with. */
struct bench {
    const char *root; /* the tests folder */
    struct rates *rates;
    struct identity_hasher *hasher;
    unsigned cases, failures;
    bool failed; /* the case at hand */
};

static const struct slice pixels[] = { SLICE("C9EXAMPLEPIXEL00"),
                                       SLICE("C9EXAMPLEPIXEL01"),
                                       { 0 } };

static void fail_at(struct bench *b, const struct test_case *c, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void fail_at(struct bench *b, const struct test_case *c, unsigned line, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "%s:%u: ", c->path, line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    b->failed = true;
}

/* --- the mapping ---------------------------------------------------------------------------- */

static int find_shipped(void *context, struct arena *arena, struct slice name, struct slice from,
                        struct source *source, struct slice *where)
{
    const struct bench *b = context;

    (void)from;
    source->name = arena_printf(arena, "%s/../mappings/%.*s.yaml", b->root, SLICE_ARG(name));
    *where = source->name;
    return case_file_slurp(arena, arena_cstr(arena, source->name), &source->text) ? 0 : 1;
}

static struct offer *load_offer(struct bench *b, const struct test_case *c, struct arena *arena)
{
    struct diags diags = { .arena = arena };
    struct mapping_loader loader = { arena, &diags, trackers, { b, find_shipped } };
    struct source *source = ARENA_NEW(arena, struct source);
    struct slice folder = slice_from(c->path);
    struct offer *offer = NULL;
    struct buf out = { 0 };

    while (folder.len && folder.ptr[folder.len - 1] != '/')
        folder.len--;
    source->name =
        arena_printf(arena, "%.*s%.*s", SLICE_ARG(folder), SLICE_ARG(c->file.mapping.text));
    if (!case_file_slurp(arena, arena_cstr(arena, source->name), &source->text)) {
        fail_at(b, c, c->file.mapping.line, "can't read %.*s", SLICE_ARG(source->name));
        return NULL;
    }
    offer = mapping_load_offer(&loader, source);
    if (!offer) {
        diags_print(&out, &diags);
        fail_at(b, c, c->file.mapping.line, "the mapping has errors:\n%.*s",
                SLICE_ARG(buf_slice(&out)));
    }
    buf_free(&out);
    return offer;
}

/* --- comparing ------------------------------------------------------------------------------ */

/* "sha256:TEXT" in an expected string stands for the digest of TEXT. */
static bool same_string(struct bench *b, const char *want, const char *got)
{
    struct slice text = slice_from(want);
    char hex[SHA256_HEX];

    if (!slice_starts(text, S("sha256:")))
        return strcmp(want, got) == 0;
    return sha256_hex(b->hasher, slice_from_at(text, 7), hex) &&
           slice_eq((struct slice){ hex, sizeof(hex) }, slice_from(got));
}

static void differ(struct bench *b, const struct test_case *c, unsigned line, const char *path,
                   const cJSON *want, const cJSON *got)
{
    char *w = want ? cJSON_PrintUnformatted(want) : NULL;
    char *g = got ? cJSON_PrintUnformatted(got) : NULL;

    fail_at(b, c, line, "%s: expected %s, got %s", path, w ? w : "nothing", g ? g : "nothing");
    cJSON_free(w);
    cJSON_free(g);
}

static void compare(struct bench *b, const struct test_case *c, unsigned line, struct slice path,
                    const cJSON *want, const cJSON *got, struct arena *arena)
{
    const char *here = arena_cstr(arena, path);
    const cJSON *w, *g;

    if ((want->type & 0xff) != (got->type & 0xff) ||
        (cJSON_IsNumber(want) && want->valuedouble != got->valuedouble) ||
        (cJSON_IsString(want) && !same_string(b, want->valuestring, got->valuestring)) ||
        (cJSON_IsArray(want) && cJSON_GetArraySize(want) != cJSON_GetArraySize(got))) {
        differ(b, c, line, here, want, got);
        return;
    }
    if (cJSON_IsArray(want))
        for (w = want->child, g = got->child; w; w = w->next, g = g->next)
            compare(b, c, line, arena_printf(arena, "%s[]", here), w, g, arena);
    if (!cJSON_IsObject(want))
        return;
    for (w = want->child; w; w = w->next) {
        struct slice below = arena_printf(arena, "%s.%s", here, w->string);
        g = cJSON_GetObjectItemCaseSensitive(got, w->string);
        if (g)
            compare(b, c, line, below, w, g, arena);
        else
            differ(b, c, line, arena_cstr(arena, below), w, NULL);
    }
    for (g = got->child; g; g = g->next)
        if (!cJSON_GetObjectItemCaseSensitive(want, g->string))
            differ(b, c, line, arena_cstr(arena, arena_printf(arena, "%s.%s", here, g->string)),
                   NULL, g);
}

/* The request body for the pixel of event i, with all later events of that pixel. */
static void body_of(const struct offer *o, const struct translation *t, size_t i, struct buf *out)
{
    payload_open(out, event_source_names[o->source], t->events[i].pixel, o->test_code);
    for (size_t k = i; k < t->event_count; k++) {
        if (!slice_eq(t->events[k].pixel, t->events[i].pixel))
            continue;
        if (k > i)
            buf_byte(out, ',');
        buf_add(out, t->events[k].body);
    }
    payload_close(out);
}

static bool pixel_seen(const struct translation *t, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (slice_eq(t->events[k].pixel, t->events[i].pixel))
            return true;
    return false;
}

static void compare_sent(struct bench *b, const struct test_case *c, const struct offer *o,
                         const struct translation *t, struct arena *arena)
{
    size_t next = 0;

    for (size_t i = 0; i < t->event_count; i++) {
        struct buf out = { 0 };
        const struct case_entry *e = next < c->file.sent.count ? &c->file.sent.items[next] : NULL;
        cJSON *want, *got;
        if (pixel_seen(t, i))
            continue;
        body_of(o, t, i, &out);
        want = e ? cJSON_ParseWithLength(e->text.ptr, e->text.len) : NULL;
        got = cJSON_ParseWithLength(buf_slice(&out).ptr, buf_slice(&out).len);
        if (e && !want)
            fail_at(b, c, e->line, "`sent` is not JSON");
        else if (!got)
            fail_at(b, c, c->file.verdict.line, "the body is not JSON: %.*s",
                    SLICE_ARG(buf_slice(&out)));
        else if (!e)
            fail_at(b, c, c->file.verdict.line, "not expected:\nsent: %.*s",
                    SLICE_ARG(buf_slice(&out)));
        else
            compare(b, c, e->line, S("sent"), want, got, arena);
        cJSON_Delete(want);
        cJSON_Delete(got);
        buf_free(&out);
        next++;
    }
    for (; next < c->file.sent.count; next++)
        fail_at(b, c, c->file.sent.items[next].line, "this was not sent");
}

static void compare_warnings(struct bench *b, const struct test_case *c,
                             const struct translation *t, struct arena *arena)
{
    const struct note *n = t->notes.first;
    size_t i;

    for (i = 0; n || i < c->file.warnings.count; i++, n = n ? n->next : NULL) {
        struct slice got =
            n ? arena_printf(arena, "%s %.*s", n->code, SLICE_ARG(n->subject)) : S("nothing");
        struct slice want =
            i < c->file.warnings.count ? c->file.warnings.items[i].text : S("nothing");
        unsigned line =
            i < c->file.warnings.count ? c->file.warnings.items[i].line : c->file.verdict.line;
        if (!slice_eq(want, got))
            fail_at(b, c, line, "warning %zu: expected %.*s, got %.*s%s%.*s", i + 1,
                    SLICE_ARG(want), SLICE_ARG(got), n ? ": " : "", n ? (int)n->text.len : 0,
                    n ? n->text.ptr : "");
    }
}

static void compare_verdict(struct bench *b, const struct test_case *c, const struct translation *t)
{
    struct slice verdict = slice_from(verdict_name(t->verdict)), code = slice_from(t->code);

    if (!slice_eq(verdict, c->file.verdict.text))
        fail_at(b, c, c->file.verdict.line, "expected %.*s, got %.*s %.*s %.*s",
                SLICE_ARG(c->file.verdict.text), SLICE_ARG(verdict), SLICE_ARG(code),
                SLICE_ARG(t->reason));
    if (!slice_eq(code, c->file.code.text))
        fail_at(b, c, c->file.code.line, "expected code \"%.*s\", got \"%.*s\": %.*s",
                SLICE_ARG(c->file.code.text), SLICE_ARG(code), SLICE_ARG(t->reason));
    if (c->file.reason.line && !slice_eq(t->reason, c->file.reason.text))
        fail_at(b, c, c->file.reason.line, "expected the reason\n  %.*s\ngot\n  %.*s",
                SLICE_ARG(c->file.reason.text), SLICE_ARG(t->reason));
}

/* --- running -------------------------------------------------------------------------------- */

static int read_request(const struct test_case *c, struct params *p, struct err *err)
{
    struct slice request = case_file_expand(p->arena, c->file.request.text), method, url;

    slice_cut(request, ' ', &method, &url);
    if (params_url(p, url, err) != 0)
        return -1;
    return c->file.body.line ? params_body(p, c->file.type.text,
                                           case_file_expand(p->arena, c->file.body.text), err)
                             : 0;
}

/* NULL when the case registers none. */
static struct click *read_click(struct bench *b, const struct test_case *c,
                                const struct offer *offer, int64_t now, struct arena *arena)
{
    struct notes notes = { .arena = arena };
    struct params params = { .arena = arena, .notes = &notes };
    struct click *click = ARENA_NEW(arena, struct click);
    const char *why = "";

    if (!c->file.click.line)
        return NULL;
    if (params_url(&params, case_file_expand(arena, c->file.click.text), NULL) != 0 ||
        translate_click(offer, &params, arena, now, click, &why) != 0)
        fail_at(b, c, c->file.click.line, "the click can't be registered: %s", why);
    return click;
}

static void translate_case(struct bench *b, const struct test_case *c, struct arena *arena)
{
    const struct route_known known = { pixels, NULL };
    const struct translator translator = { b->rates, &known, b->hasher };
    struct offer *offer = load_offer(b, c, arena);
    struct translation t = { .code = "", .notes = { .arena = arena } };
    struct params params = { .arena = arena, .notes = &t.notes };
    struct err err = { 0 };
    int64_t now = 0;

    if (!offer)
        return;
    if (!slice_to_i64(c->file.at.text, &now))
        fail_at(b, c, c->file.at.line, "`at` is not a number of seconds");
    if (read_request(c, &params, &err) != 0 ||
        translate_read(offer, &params, arena, &t, &err) != 0 ||
        translate_finish(&translator, offer, &params, read_click(b, c, offer, now, arena), now, &t,
                         &err) != 0) {
        fail_at(b, c, c->file.request.line, "not translated: %s", err.text);
        return;
    }
    compare_verdict(b, c, &t);
    compare_warnings(b, c, &t, arena);
    compare_sent(b, c, offer, &t, arena);
}

static void run_case(struct bench *b, const char *path)
{
    struct test_case c = { .path = path };
    const char *problem = "the file can't be read";
    struct arena arena;
    struct slice text;
    unsigned line = 0;

    arena_init(&arena, ARENA_BYTES);
    b->failed = false;
    b->cases++;
    if (!case_file_slurp(&arena, path, &text) ||
        case_file_parse(text, &c.file, &line, &problem) != 0)
        fail_at(b, &c, line, "%s", problem);
    else
        translate_case(b, &c, &arena);
    b->failures += b->failed;
    arena_free(&arena);
}

/* Every .case file below path, in the order of names; how many there are. */
static unsigned run_folder(struct bench *b, const char *path)
{
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort);
    unsigned count = 0;
    char below[1024];

    for (int i = 0; i < n; i++) {
        snprintf(below, sizeof(below), "%s/%s", path, names[i]->d_name);
        if (slice_ends(slice_from(below), S(".case"))) {
            run_case(b, below);
            count++;
        } else if (slice_index(slice_from(names[i]->d_name), '.') == strlen(names[i]->d_name)) {
            count += run_folder(b, below);
        }
        free(names[i]);
    }
    free(names);
    return count;
}

static unsigned count_cases(const char *path)
{
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort);
    unsigned count = 0;

    for (int i = 0; i < n; i++) {
        count += slice_ends(slice_from(names[i]->d_name), S(".case"));
        free(names[i]);
    }
    free(names);
    return count;
}

static const char *tests_root(void)
{
    const char *root = getenv("CLICKBATON_TESTS");

    return root && *root ? root : "tests";
}

static void all_cases_hold(void **state)
{
    struct bench b = { .root = tests_root(), .hasher = identity_hasher_new() };
    struct arena arena;
    struct diags diags = { .arena = &arena };
    struct source rates = { 0 };
    struct buf out = { 0 };
    char path[1024];

    (void)state;
    assert_non_null(b.hasher);
    arena_init(&arena, ARENA_BYTES);
    snprintf(path, sizeof(path), "%s/cases/rates.yaml", b.root);
    rates.name = slice_from(path);
    assert_true(case_file_slurp(&arena, path, &rates.text));
    b.rates = rates_load(&arena, &rates, &diags);
    diags_print(&out, &diags);
    if (!b.rates)
        fail_msg("%.*s", SLICE_ARG(buf_slice(&out)));
    buf_free(&out);
    snprintf(path, sizeof(path), "%s/cases", b.root);
    run_folder(&b, path);
    if (b.failures)
        fail_msg("%u of %u cases failed", b.failures, b.cases);
    identity_hasher_free(b.hasher);
    arena_free(&arena);
}

static void every_tracker_has_cases(void **state)
{
    char path[1024];
    unsigned n;

    (void)state;
    for (const struct tracker *const *t = trackers; *t; t++) {
        snprintf(path, sizeof(path), "%s/cases/%s", tests_root(), (*t)->name);
        n = count_cases(path);
        if (n < CASES_PER_TRACKER)
            fail_msg("%s has %u cases, %d are asked for", path, n, CASES_PER_TRACKER);
    }
}

static void shipped_mappings_are_clean(void **state)
{
    struct bench b = { .root = tests_root() };

    (void)state;
    for (const struct tracker *const *t = trackers; *t; t++) {
        struct arena arena;
        struct diags diags = { .arena = &arena };
        struct mapping_loader loader = { &arena, &diags, trackers, { &b, find_shipped } };
        struct source source;
        struct slice where;
        struct buf out = { 0 };
        arena_init(&arena, ARENA_BYTES);
        assert_int_equal(
            find_shipped(&b, &arena, slice_from((*t)->name), (struct slice){ 0 }, &source, &where),
            0);
        mapping_check_tracker(&loader, &source);
        diags_print(&out, &diags);
        if (diags.first)
            fail_msg("%.*s", SLICE_ARG(buf_slice(&out)));
        buf_free(&out);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_mappings_are_clean),
        cmocka_unit_test(every_tracker_has_cases),
        cmocka_unit_test(all_cases_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
