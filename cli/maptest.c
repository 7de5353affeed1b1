#include "cli/maptest.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "core/translate/sequence.h"

struct outcome {
    const struct translation *t;
    cJSON *event; /* of the first event; NULL when there is none */
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
static bool value_text(const struct outcome *o, struct arena *arena, struct slice *out)
{
    struct buf b = { .limit = 64 };

    if (!o->t->event_count || !o->t->events[0].has_value)
        return false;
    money_print(&b, o->t->events[0].value);
    *out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return true;
}

static struct slice actual(const struct outcome *o, struct slice path, struct arena *arena)
{
    const struct translation *t = o->t;
    struct slice value;

    if (slice_eq(path, S("verdict")))
        return slice_from(verdict_name(t->verdict));
    if (slice_eq(path, S("code")))
        return *t->code ? slice_from(t->code) : S("absent");
    if (slice_eq(path, S("reason")))
        return t->reason.len ? t->reason : S("absent");
    if (slice_eq(path, S("stage")))
        return t->conversion.stage.len ? t->conversion.stage : S("absent");
    if (slice_eq(path, S("pixel")))
        return t->event_count ? t->events[0].pixel : S("absent");
    if (slice_eq(path, S("events")))
        return arena_printf(arena, "%zu", t->event_count);
    if (slice_eq(path, S("properties.value")) && value_text(o, arena, &value))
        return value;
    return json_text(o->event ? descend(o->event, path) : NULL, arena);
}

static bool same(struct slice expected, struct slice got, bool amount)
{
    struct money a, b;

    if (slice_eq(expected, got))
        return true;
    return amount && money_parse(expected, MONEY_MARK_POINT, &a, NULL) == MONEY_OK &&
           money_parse(got, MONEY_MARK_POINT, &b, NULL) == MONEY_OK && a.micros == b.micros;
}

static bool compare(struct catalog *c, const struct mapping_test *test, const struct outcome *o)
{
    bool ok = true;

    for (size_t i = 0; i < test->expect_count; i++) {
        const struct mapping_expect *x = &test->expect[i];
        struct slice got = actual(o, x->path, &c->arena);
        if (same(x->value, got, slice_ends(x->path, S("value")) || slice_ends(x->path, S("price"))))
            continue;
        ok = false;
        diag_add(&c->diags, DIAG_ERROR, "M019", x->at,
                 o->t->verdict == VERDICT_QUEUED
                     ? (struct slice){ 0 }
                     : arena_printf(&c->arena, "the verdict is %s%s%.*s",
                                    verdict_name(o->t->verdict), o->t->reason.len ? ": " : "",
                                    SLICE_ARG(o->t->reason)),
                 "test \"%.*s\": %.*s should be \"%.*s\", but is \"%.*s\"",
                 SLICE_ARG(test->name.len ? test->name : test->given), SLICE_ARG(x->path),
                 SLICE_ARG(x->value), SLICE_ARG(got));
    }
    return ok;
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

static bool run_one(struct catalog *c, const struct offer *offer, const struct mapping_test *test,
                    int64_t now)
{
    struct arena arena;
    struct translation t = { 0 };
    struct outcome o = { &t, NULL };
    struct err err = { 0 };
    bool ok;

    arena_init(&arena, 4 * 1024 * 1024);
    t.arena = t.notes.arena = &arena;
    if (translate(c, offer, test, now, &t, &err) == 0) {
        if (t.event_count)
            o.event = cJSON_ParseWithLength(t.events[0].body.ptr, t.events[0].body.len);
        ok = compare(c, test, &o);
        cJSON_Delete(o.event);
    } else {
        ok = false;
        diag_add(&c->diags, DIAG_ERROR, "M019", test->at, (struct slice){ 0 }, "test \"%.*s\": %s",
                 SLICE_ARG(test->name.len ? test->name : test->given), err.text);
    }
    arena_free(&arena);
    return ok;
}

void maptest_run(struct catalog *c, const struct offer *offer, int64_t now,
                 struct maptest_result *result)
{
    unsigned before = c->diags.errors;

    for (size_t i = 0; i < offer->test_count; i++) {
        if (run_one(c, offer, &offer->tests[i], now))
            result->passed++;
        else
            result->failed++;
    }
    result->problems += c->diags.errors - before;
}
