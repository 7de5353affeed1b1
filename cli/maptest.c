#include "cli/maptest.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "core/translate/sequence.h"

struct outcome {
    const struct translation *t;
    cJSON *events[TRANSLATE_EVENTS_MAX]; /* their bodies */
};

/* user.ttclid, properties.contents.0.price: down the tree by names and indexes. */
static const cJSON *descend(const cJSON *node, struct slice path)
{
    struct slice step;
    char name[64];
    uint64_t index;

    while (node && slice_next(&path, '.', &step)) {
        if (step.len >= sizeof(name))
            return NULL;
        memcpy(name, step.ptr, step.len);
        name[step.len] = '\0';
        if (cJSON_IsArray(node))
            node = slice_to_u64(step, &index) && index < 1000 ? cJSON_GetArrayItem(node, (int)index)
                                                              : NULL;
        else
            node = cJSON_GetObjectItemCaseSensitive(node, name);
    }
    return node;
}

static struct slice json_text(const cJSON *node, struct arena *arena)
{
    struct slice out;
    char *printed;

    if (!node)
        return S("absent");
    if (cJSON_IsString(node))
        return arena_dup(arena, slice_from(node->valuestring));
    printed = cJSON_PrintUnformatted(node);
    out = arena_dup(arena, slice_from(printed));
    cJSON_free(printed);
    return out;
}

/* Money is compared exactly, so it is taken from the translation and not from a double. */
static bool value_text(const struct outcome *o, size_t i, struct arena *arena, struct slice *out)
{
    struct buf b = { .limit = 64 };

    if (i >= o->t->event_count || !o->t->events[i].has_value)
        return false;
    money_print(&b, o->t->events[i].value);
    *out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return true;
}

/* One for each event, in their order. */
static struct slice pixels_of(const struct translation *t, struct arena *arena)
{
    struct slice out = { 0 };

    for (size_t i = 0; i < t->event_count; i++)
        out = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(out), i ? " " : "",
                           SLICE_ARG(t->events[i].pixel));
    return t->event_count ? out : S("absent");
}

/* W020, W031: each code once, in the order of their coming. */
static struct slice codes_of(const struct translation *t, struct arena *arena)
{
    struct buf b = { .limit = 1024 };
    struct slice out;

    for (const struct note *n = t->notes.first; n; n = n->next) {
        struct slice code = slice_from(n->code);
        if (slice_find(buf_slice(&b), code) == b.len)
            buf_printf(&b, "%s%s", b.len ? ", " : "", n->code);
    }
    out = b.len ? arena_dup(arena, buf_slice(&b)) : S("none");
    buf_free(&b);
    return out;
}

/* events.1.user.ttclid: of the second event.  Any other path goes into the first. */
static struct slice of_event(const struct outcome *o, struct slice path, struct arena *arena)
{
    struct slice rest = path, head, value;
    uint64_t index = 0;

    if (slice_starts(path, S("events."))) {
        slice_cut(slice_from_at(path, 7), '.', &head, &rest);
        if (!slice_to_u64(head, &index) || index >= o->t->event_count)
            return S("absent");
    }
    if (slice_eq(rest, S("pixel")))
        return index < o->t->event_count ? o->t->events[index].pixel : S("absent");
    if (slice_eq(rest, S("properties.value")) && value_text(o, (size_t)index, arena, &value))
        return value;
    return json_text(o->events[index] ? descend(o->events[index], rest) : NULL, arena);
}

static struct slice actual(const struct outcome *o, struct slice path, struct arena *arena)
{
    const struct translation *t = o->t;

    if (slice_eq(path, S("verdict")))
        return slice_from(verdict_name(t->verdict));
    if (slice_eq(path, S("code")))
        return *t->code ? arena_dup(arena, slice_from(t->code)) : S("absent");
    if (slice_eq(path, S("reason")))
        return t->reason.len ? arena_dup(arena, t->reason) : S("absent");
    if (slice_eq(path, S("stage")))
        return t->conversion.stage.len ? t->conversion.stage : S("absent");
    if (slice_eq(path, S("consent")))
        return arena_dup(arena, consent_name(t->consent.action));
    if (slice_eq(path, S("events")))
        return arena_printf(arena, "%zu", t->event_count);
    if (slice_eq(path, S("pixels")))
        return pixels_of(t, arena);
    if (slice_eq(path, S("warnings")))
        return codes_of(t, arena);
    return arena_dup(arena, of_event(o, path, arena));
}

/* The same codes in any order. */
static bool same_codes(struct slice a, struct slice b)
{
    struct slice rest = a, code;

    while (slice_next(&rest, ',', &code))
        if (slice_find(b, slice_trim(code)) == b.len)
            return false;
    return a.len == b.len;
}

static bool same(const struct mapping_expect *x, struct slice got)
{
    bool amount = slice_ends(x->path, S("value")) || slice_ends(x->path, S("price"));
    struct money a, b;

    if (slice_eq(x->value, got))
        return true;
    if (slice_eq(x->value, S("present")))
        return !slice_eq(got, S("absent"));
    if (slice_eq(x->path, S("warnings")))
        return same_codes(x->value, got);
    return amount && money_parse(x->value, MONEY_MARK_POINT, &a, NULL) == MONEY_OK &&
           money_parse(got, MONEY_MARK_POINT, &b, NULL) == MONEY_OK && a.micros == b.micros;
}

struct slice maptest_name(const struct mapping_test *test)
{
    return test->name.len ? test->name : test->given;
}

static void fail(struct maptest_case *k, struct arena *arena, const struct mapping_expect *x,
                 struct slice got)
{
    struct maptest_failure *f = ARENA_NEW(arena, struct maptest_failure), **end = &k->failures;

    if (!f)
        return;
    while (*end)
        end = &(*end)->next;
    *f = (struct maptest_failure){ x, got, NULL };
    *end = f;
    k->failure_count++;
}

static void compare(struct catalog *c, struct maptest_case *k, const struct outcome *o)
{
    for (size_t i = 0; i < k->test->expect_count; i++) {
        const struct mapping_expect *x = &k->test->expect[i];
        struct slice got = actual(o, x->path, &c->arena);
        if (!same(x, got))
            fail(k, &c->arena, x, got);
    }
}

/* What a test of this postback would say. */
static struct slice summary(const struct outcome *o, struct arena *arena)
{
    static const struct slice paths[] = { SLICE("verdict"), SLICE("code"), SLICE("events"),
                                          SLICE("event"), SLICE("event_id"), SLICE("user.ttclid"),
                                          SLICE("properties.value"), SLICE("properties.currency"),
                                          { 0 } };
    struct buf b = { .limit = 4096 };
    struct slice out;

    for (const struct slice *p = paths; p->ptr; p++) {
        struct slice got = actual(o, *p, arena);
        if (slice_eq(got, S("absent")) || (slice_eq(*p, S("events")) && o->t->event_count < 2))
            continue;
        buf_printf(&b, "%s%.*s: ", b.len ? ", " : "{", SLICE_ARG(*p));
        maptest_scalar(&b, got);
    }
    buf_byte(&b, '}');
    out = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return out;
}

/* The postbacks of `before:`, in order; each a second later than the one before. */
static int run_before(struct sequence *s, const struct mapping_test *test, const struct click *click,
                      int64_t now, struct err *err)
{
    for (size_t i = 0; i < test->before_count; i++) {
        struct translation t = { .code = "", .arena = s->arena, .notes = { .arena = s->arena } };
        struct params params = { .arena = s->arena, .notes = &t.notes };
        if (params_url(&params, test->before[i], err) != 0 ||
            sequence_next(s, &params, click, now - (int64_t)(test->before_count - i), &t, err) != 0)
            return err_context(err, "before");
    }
    return 0;
}

static int translate(struct catalog *c, const struct offer *offer, const struct mapping_test *test,
                     int64_t now, struct translation *t, struct err *err)
{
    struct sequence sequence = { .translator = &c->translator, .offer = offer, .arena = t->arena };
    struct notes click_notes = { .arena = t->arena };
    struct params params = { .arena = t->arena, .notes = &t->notes };
    struct params click_params = { .arena = t->arena, .notes = &click_notes };
    struct click click;
    const char *why;
    bool known = false;

    if (params_url(&params, test->given, err) != 0)
        return -1;
    if (test->click.len) {
        if (params_url(&click_params, test->click, err) != 0)
            return -1;
        if (translate_click(offer, &click_params, t->arena, now, &click, &why) != 0)
            return err_set(err, ERR_INPUT, "the click has %s", why);
        known = true;
    }
    if (run_before(&sequence, test, known ? &click : NULL, now, err) != 0)
        return -1;
    return sequence_next(&sequence, &params, known ? &click : NULL, now, t, err);
}

/* ---- what is said of a failing test ---- */

/* - path: expected, + path: what came; then the verdict, which mostly says why. */
static struct slice detail(struct catalog *c, const struct maptest_case *k)
{
    struct buf b = { .limit = 16384 };
    struct slice out;

    for (const struct maptest_failure *f = k->failures; f; f = f->next)
        if (f->expect)
            buf_printf(&b, "- %.*s: %.*s\n+ %.*s: %.*s\n", SLICE_ARG(f->expect->path),
                       SLICE_ARG(f->expect->value), SLICE_ARG(f->expect->path), SLICE_ARG(f->got));
    if (k->verdict.len)
        buf_printf(&b, "the verdict is %.*s; warnings: %.*s\n", SLICE_ARG(k->verdict),
                   SLICE_ARG(k->warnings));
    if (k->code && k->code->remedy)
        buf_printf(&b, "%s: %s\n", k->code->code, k->code->remedy);
    out = arena_dup(&c->arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

static void complain(struct catalog *c, const struct maptest_case *k)
{
    const struct mapping_test *t = k->test;
    const struct maptest_failure *first = k->failures;
    struct place at = first && first->expect ? first->expect->at : t->at;
    struct slice hint = { 0 };

    if (k->error.len) {
        diag_add(&c->diags, DIAG_ERROR, "M019", at, hint, "test \"%.*s\": %.*s",
                 SLICE_ARG(maptest_name(t)), SLICE_ARG(k->error));
        return;
    }
    if (t->expect_count == 0) {
        diag_add(&c->diags, DIAG_ERROR, "M019", t->expect_at,
                 S("clickbaton check --update writes down what comes now"),
                 "test \"%.*s\" expects nothing, so it can't fail", SLICE_ARG(maptest_name(t)));
        return;
    }
    diag_add(&c->diags, DIAG_ERROR, "M019", at, hint,
             "test \"%.*s\": %zu of %zu expectations %s not met", SLICE_ARG(maptest_name(t)),
             k->failure_count, t->expect_count, k->failure_count == 1 ? "is" : "are");
    diag_detail(&c->diags, detail(c, k));
}

static void run_one(struct catalog *c, struct maptest_case *k, int64_t now)
{
    struct arena arena;
    struct translation t = { 0 };
    struct outcome o = { &t, { NULL } };
    struct err err = { 0 };

    arena_init(&arena, 4 * 1024 * 1024);
    t.arena = t.notes.arena = &arena;
    if (translate(c, k->offer, k->test, k->test->now ? k->test->now : now, &t, &err) == 0) {
        for (size_t i = 0; i < t.event_count; i++)
            o.events[i] = cJSON_ParseWithLength(t.events[i].body.ptr, t.events[i].body.len);
        compare(c, k, &o);
        k->verdict = arena_printf(&c->arena, "%s%s%s%s%.*s", verdict_name(t.verdict),
                                  *t.code ? " " : "", t.code, t.reason.len ? ": " : "",
                                  SLICE_ARG(t.reason));
        k->code = code_find(t.code);
        k->warnings = codes_of(&t, &c->arena);
        k->summary = summary(&o, &c->arena);
        for (size_t i = 0; i < t.event_count; i++)
            cJSON_Delete(o.events[i]);
    } else {
        k->error = arena_dup(&c->arena, slice_from(err.text));
    }
    if (k->error.len || k->test->expect_count == 0)
        fail(k, &c->arena, NULL, k->summary);
    k->passed = k->failure_count == 0;
    arena_free(&arena);
}

void maptest_run(struct catalog *c, const struct offer *offer, int64_t now,
                 struct maptest_result *result)
{
    unsigned before = c->diags.errors;

    for (size_t i = 0; i < offer->test_count; i++) {
        struct maptest_case *k = ARENA_NEW(&c->arena, struct maptest_case);
        if (!k) {
            result->failed++;
            continue;
        }
        *k = (struct maptest_case){ .offer = offer, .test = &offer->tests[i] };
        run_one(c, k, now);
        if (k->passed)
            result->passed++;
        else
            result->failed++;
        if (!k->passed)
            complain(c, k);
        if (result->last)
            result->last->next = k;
        else
            result->first = k;
        result->last = k;
    }
    result->problems += c->diags.errors - before;
}
