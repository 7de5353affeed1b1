/* Pixels of an event: how the mapping may say them, and which a postback gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/translate/translate.h"
#include "tests/support/mapping_bench.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW      INT64_C(1790000000)

static const struct slice pixels[] = { SLICE("C9A"), SLICE("C9B"), SLICE("C9C"), SLICE("C9D"),
                                       SLICE("7654321098765432109"), { 0 } };
static const enum event_source sources[] = { EVENT_SOURCE_WEB, EVENT_SOURCE_WEB, EVENT_SOURCE_WEB,
                                             EVENT_SOURCE_WEB, EVENT_SOURCE_CRM };

#define TABLE "{table: {anna: C9A, Ben: [C9B, C9C]}, by: \"{param.buyer}\"}"
#define OTHERWISE "{table: {anna: C9A, Ben: [C9B, C9C]}, by: \"{param.buyer}\", default: [C9D, C9A]}"
#define ALLOW "{from: \"{param.pixel}\", allow: [C9A, C9B]}"
#define NOT_ALLOWED "the pixel \"C9C\" is not one of those that the offer allows"
#define STRANGE     "the pixel \"C9E\" is not one of the configured pixels"

/* ---- what a postback gets ---- */

static const struct {
    const char *pixel, *query, *expected; /* "C9A C9B", or "Q012 why" */
} routes[] = {
    { "C9A", "", "C9A" },
    { "[C9B, C9A]", "", "C9B C9A" },
    { "\"{param.pixel}\"", "&pixel=C9B", "C9B" },
    { "\"{param.pixel}\"", "&pixel=%20C9B%20", "C9B" },
    { "\"{param.pixel}\"", "&pixel=C9E", "Q012 " STRANGE },
    { "\"{param.pixel}\"", "&pixel=c9a",
      "Q012 the pixel \"c9a\" is not one of the configured pixels" },
    { "\"{param.pixel}\"", "",
      "Q012 the pixel \"{param.pixel}\" has no value in this postback" },
    { "\"{param.pixel}\"", "&pixel={pixel}",
      "Q012 the pixel \"{param.pixel}\" has no value in this postback" },
    { "\"{param.pixel|default:C9D}\"", "", "C9D" },
    { "\"{param.pixel}\"", "&pixel=7654321098765432109",
      "Q012 the pixel \"7654321098765432109\" is configured for crm events, and the offer sends "
      "web events" },
    { "\"{param.pixel}\"", "&pixel=a%40b.example",
      "Q012 the pixel \"[personal data]\" is not one of the configured pixels" },
    { "[\"{param.pixel}\", C9A]", "&pixel=C9B", "C9B C9A" },
    { "[\"{param.pixel}\", C9A]", "&pixel=C9A", "C9A" },
    { "[\"{param.pixel}\", C9A]", "",
      "Q012 the pixel \"{param.pixel}\" has no value in this postback" },
    { ALLOW, "&pixel=C9B", "C9B" },
    { ALLOW, "&pixel=C9C", "Q027 " NOT_ALLOWED },
    { ALLOW, "&pixel=C9E", "Q027 the pixel \"C9E\" is not one of those that the offer allows" },
    { ALLOW, "", "Q012 the pixel \"{param.pixel}\" has no value in this postback" },
    { "{from: [\"{param.pixel}\", \"{param.second}\"], allow: [C9A, C9B]}", "&pixel=C9B&second=C9A",
      "C9B C9A" },
    { TABLE, "&buyer=anna", "C9A" },
    { TABLE, "&buyer=ANNA", "C9A" },
    { TABLE, "&buyer=ben", "C9B C9C" },
    { TABLE, "&buyer=%20ben", "C9B C9C" },
    { TABLE, "&buyer=carl",
      "Q026 the offer's table of pixels has no \"carl\" ({param.buyer}), and no default" },
    { TABLE, "&buyer=a%40b.example",
      "Q026 the offer's table of pixels has no \"[personal data]\" ({param.buyer}), and no "
      "default" },
    { TABLE, "",
      "Q026 {param.buyer} has no value in this postback, so nothing says which pixel gets the "
      "event" },
    { TABLE, "&buyer={sub_id_3}",
      "Q026 {param.buyer} has no value in this postback, so nothing says which pixel gets the "
      "event" },
    { OTHERWISE, "&buyer=anna", "C9A" },
    { OTHERWISE, "&buyer=carl", "C9D C9A" },
    { OTHERWISE, "", "C9D C9A" },
    { "{table: {\"\": C9A}, by: \"{param.buyer}\"}", "",
      "Q026 {param.buyer} has no value in this postback, so nothing says which pixel gets the "
      "event" },
};

static const char *outcome(struct mapping_bench *b, const char *events, const char *pixel,
                           const char *query, struct identity_hasher *hasher)
{
    static const struct route_known known = { pixels, sources };
    const struct translator translator = { NULL, &known, hasher };
    struct slice text = arena_printf(&b->arena, "version: 1\noffer: o\nextends: generic\npixel: "
                                                "%s\npage_url: https://l.example/\nevents: %s\n",
                                     pixel, events);
    struct slice url = arena_printf(&b->arena, "?click_id=a1&ttclid=E.C.P.x&status=sale%s", query);
    struct offer *o = mapping_bench_load(b, "o.yaml", text);
    struct translation t = { .code = "", .notes = { .arena = &b->arena } };
    struct params params = { .arena = &b->arena, .notes = &t.notes };
    struct slice out = { 0 };

    if (!o)
        fail_msg("%s: %s", pixel, mapping_bench_problems(b));
    if (params_url(&params, url, NULL) != 0 ||
        translate_read(o, &params, &b->arena, &t, NULL) != 0 ||
        translate_finish(&translator, o, &params, NULL, NOW, &t, NULL) != 0)
        fail_msg("%s: not translated", pixel);
    if (t.verdict != VERDICT_QUEUED)
        return arena_printf(&b->arena, "%s %.*s", t.code, SLICE_ARG(t.reason)).ptr;
    for (size_t i = 0; i < t.event_count; i++) {
        bool first = i == 0 || !slice_eq(t.events[i].event, t.events[i - 1].event);
        out = arena_printf(&b->arena, "%.*s%s%.*s%s%.*s", SLICE_ARG(out), i ? " " : "",
                           first && strstr(events, "[") ? (int)t.events[i].event.len : 0,
                           t.events[i].event.ptr, first && strstr(events, "[") ? ":" : "",
                           SLICE_ARG(t.events[i].pixel));
        /* the same event, byte for byte, whatever the pixel */
        if (!first)
            assert_true(slice_eq(t.events[i].body, t.events[i - 1].body));
    }
    return arena_cstr(&b->arena, out);
}

static void which_pixels(void **state)
{
    struct identity_hasher *hasher = identity_hasher_new();

    (void)state;
    for (size_t i = 0; i < COUNT(routes); i++) {
        struct mapping_bench b;
        mapping_bench_open(&b, NULL, 0);
        assert_string_equal(
            outcome(&b, "{sale: Purchase}", routes[i].pixel, routes[i].query, hasher),
            routes[i].expected);
        mapping_bench_close(&b);
    }
    identity_hasher_free(hasher);
}

/* An event's own pixel goes before the offer's. */
static void of_an_event(void **state)
{
    static const struct {
        const char *events, *pixel, *query, *expected;
    } rows[] = {
        { "{sale: [{event: Purchase, pixel: C9B}, Lead]}", "C9A", "", "Purchase:C9B Lead:C9A" },
        { "{sale: [{event: Purchase, pixel: C9B}, Purchase]}", "C9A", "", "Purchase:C9B C9A" },
        { "{sale: [{event: Purchase, pixel: [C9B, C9C]}, {event: Lead, pixel: [C9B, C9D]}, "
          "Subscribe]}",
          "[C9A, C9B]", "",
          "Purchase:C9B C9C Lead:C9B C9D Subscribe:C9A C9B" },
        { "{sale: [{event: Purchase, pixel: " TABLE "}, Lead]}", "C9D", "&buyer=ben",
          "Purchase:C9B C9C Lead:C9D" },
        { "{sale: [Lead, {event: Purchase, pixel: " TABLE "}]}", "C9D", "&buyer=eve",
          "Q026 the offer's table of pixels has no \"eve\" ({param.buyer}), and no default" },
        { "{sale: [Lead, Contact, Download, Schedule, Search, StartTrial, Subscribe, Purchase]}",
          "[C9A, C9B]", "",
          "Lead:C9A C9B Contact:C9A C9B Download:C9A C9B Schedule:C9A C9B Search:C9A C9B "
          "StartTrial:C9A C9B Subscribe:C9A C9B Purchase:C9A C9B" },
    };
    struct identity_hasher *hasher = identity_hasher_new();

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mapping_bench b;
        mapping_bench_open(&b, NULL, 0);
        assert_string_equal(outcome(&b, rows[i].events, rows[i].pixel, rows[i].query, hasher),
                            rows[i].expected);
        mapping_bench_close(&b);
    }
    identity_hasher_free(hasher);
}

/* ---- what a mapping may not say ---- */

#define LONG17                                                                                 \
    "[C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17]"
#define KEEP " | keep one of them: TikTok would count both events once\n"
#define ONCE                                                                                   \
    " | TikTok would count them once at a pixel that gets both; use another event, or other "     \
    "pixels\n"

static const struct {
    const char *pixel, *events, *expected;
} mistakes[] = {
    { "[]", "Purchase",
      "o.yaml:4:8 error M051 the list has no pixel | name a pixel, or leave the list out\n" },
    { LONG17, "Purchase",
      "o.yaml:4:8 error M051 an event can go to 16 pixels at most; this list has 17\n" },
    { "[C9A, C9B, C9A]", "Purchase",
      "o.yaml:4:19 error M051 the pixel \"C9A\" stands there already" KEEP },
    { "[C9A, [C9B]]", "Purchase",
      "o.yaml:4:14 error M002 `pixel` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
    { "[C9A, \"\"]", "Purchase",
      "o.yaml:4:14 error M002 `pixel` must be text, but this is empty | "
              "write a value behind it, or take the key out\n" },
    { "[C9A, C9-B]", "Purchase",
      "o.yaml:4:14 error M016 \"C9-B\" is not a pixel code | letters and digits, as Events Manager "
      "shows it\n" },
    { "{param.pixel}", "Purchase",
      "o.yaml:4:8 error M002 `pixel` must be text, but this is a map | put it in quotes: "
      "\"{param.pixel}\"\n" },
    { "{}", "Purchase",
      "o.yaml:4:8 error M051 this map says no pixel | write {table: {anna: C9...}, by: "
      "\"{param.buyer}\"}, or {from: \"{param.pixel}\", allow: [C9...]}\n" },
    { "{pixels: [C9A]}", "Purchase",
      "o.yaml:4:8 error M051 this map says no pixel | write {table: {anna: C9...}, by: "
      "\"{param.buyer}\"}, or {from: \"{param.pixel}\", allow: [C9...]}\n" },
    { "{table: {anna: C9A}}", "Purchase",
      "o.yaml:4:8 error M003 `by:` is missing | say what chooses the row: by: \"{param.buyer}\"\n" },
    { "{by: \"{param.buyer}\", default: C9A}", "Purchase",
      "o.yaml:4:8 error M003 `table:` is missing | give each word its pixel: table: {anna: C9..., "
      "ben: C9...}\n" },
    { "{table: {}, by: \"{param.buyer}\"}", "Purchase",
      "o.yaml:4:16 error M051 `table` has no row | give each word its pixel: table: {anna: "
      "C9..., ben: C9...}\n" },
    { "{table: [C9A], by: \"{param.buyer}\"}", "Purchase",
      "o.yaml:4:16 error M002 `table` must be a map (key: value), but this is a list | "
              "write its keys below it, or {key: value}\n" },
    { "{table: {anna: C9A, Anna: C9B}, by: \"{param.buyer}\"}", "Purchase",
      "o.yaml:4:28 error M051 the table has \"anna\" already | case makes no difference: keep one "
      "of them\n" },
    { "{table: {anna: []}, by: \"{param.buyer}\"}", "Purchase",
      "o.yaml:4:23 error M051 the list has no pixel | name a pixel, or leave the list out\n" },
    { "{table: {anna: \"{param.x}\"}, by: \"{param.buyer}\"}", "Purchase",
      "o.yaml:4:23 error M051 a table's pixels are codes, not templates | what chooses stands in "
      "`by`; to send to whatever a parameter names: pixel: \"{param.pixel}\"\n" },
    { "{table: {anna: C9A}, by: buyer}", "Purchase",
      "o.yaml:4:33 error M051 `by` would choose the same row for every postback | name the "
      "parameter that has the word: by: \"{param.buyer}\"\n" },
    { "{table: {anna: C9A}, by: \"{param.buyer}\", defualt: C9B}", "Purchase",
      "o.yaml:4:50 error M001 unknown key \"defualt\" in `pixel` | did you mean \"default\"?\n" },
    { "{table: {anna: C9A}, by: \"{param.buyer}\", allow: [C9A]}", "Purchase",
      "o.yaml:4:50 error M001 unknown key \"allow\" in `pixel` | one of: table, by, default\n" },
    { "{from: \"{param.pixel}\"}", "Purchase",
      "o.yaml:4:8 error M003 `allow:` is missing | list the pixels that may be named: allow: "
      "[C9...]\n" },
    { "{allow: [C9A]}", "Purchase",
      "o.yaml:4:8 error M003 `from:` is missing | say what names the pixel: from: "
      "\"{param.pixel}\"\n" },
    { "{from: \"{param.pixel}\", allow: []}", "Purchase",
      "o.yaml:4:39 error M051 `allow` has no pixel, so every postback would be quarantined | list "
      "the pixels that may be named: allow: [C9...]\n" },
    { "{from: \"{param.pixel}\", allow: [C9A, C/B]}", "Purchase",
      "o.yaml:4:45 error M016 \"C/B\" is not a pixel code | letters and digits, as Events Manager "
      "shows it\n" },
    { "{from: C9A, allow: [C9A]}", "Purchase",
      "o.yaml:4:15 error M051 `from` would give the same pixel for every postback | write it alone, "
      "pixel: C9..., or name a parameter: \"{param.pixel}\"\n" },
    { "\"7654321098765432109\"", "Purchase",
      "o.yaml:4:8 warning M046 \"7654321098765432109\" is all digits, as the ids of event sets are; "
      "a pixel code has letters | see event_source: web has pixels; crm and offline have event "
      "sets\n" },
    /* two events of one name at one pixel */
    { "C9A", "[Purchase, Purchase]",
      "o.yaml:5:27 error M021 the stage sale sends Purchase already | TikTok would count them once; "
      "use another event\n" },
    { "C9A", "[Purchase, {event: Purchase, pixel: [C9B, C9A]}]",
      "o.yaml:5:27 error M021 the stage sale sends Purchase already" ONCE },
    { "C9A", "[Purchase, {event: Purchase, pixel: \"{param.p}\"}]",
      "o.yaml:5:27 error M021 the stage sale sends Purchase already" ONCE },
    { TABLE, "[Purchase, {event: Purchase, pixel: C9C}]",
      "o.yaml:5:27 error M021 the stage sale sends Purchase already" ONCE },
    { ALLOW, "[Purchase, {event: Purchase, pixel: C9B}]",
      "o.yaml:5:27 error M021 the stage sale sends Purchase already" ONCE },
    { TABLE, "[Purchase, {event: Purchase, pixel: C9D}]", "" },
    { ALLOW, "[Purchase, {event: Purchase, pixel: C9C}]", "" },
    /* too many events */
    { "[C1, C2, C3, C4, C5, C6]", "[Purchase, Lead, Subscribe]",
      "o.yaml:5:10 error M052 a postback of the stage sale would make 18 events, and 16 is the most "
      "| each event counts once for each of its pixels: use fewer of either\n" },
    { "{table: {a: [C1, C2, C3, C4, C5, C6], b: C7}, by: \"{param.buyer}\", default: [C1, C2]}",
      "[Purchase, Lead, {event: Subscribe, pixel: [C1, C2, C3, C4, C5]}]",
      "o.yaml:5:10 error M052 a postback of the stage sale would make 17 events, and 16 is the most "
      "| each event counts once for each of its pixels: use fewer of either\n" },
    { "[C1, C2, C3, C4, C5]", "[Purchase, Lead, Subscribe]", "" },
};

static void what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct mapping_bench b;
        struct offer *o;
        mapping_bench_open(&b, NULL, 0);
        o = mapping_bench_load(&b, "o.yaml",
                               arena_printf(&b.arena,
                                            "version: 1\noffer: o\nextends: generic\npixel: "
                                            "%s\nevents: {sale: %s}\n",
                                            mistakes[i].pixel, mistakes[i].events));
        assert_string_equal(mapping_bench_problems(&b), mistakes[i].expected);
        assert_int_equal(o == NULL, b.diags.errors > 0);
        mapping_bench_close(&b);
    }
}

static void a_table_has_an_end(void **state)
{
    struct mapping_bench b;
    struct buf text = { 0 };

    (void)state;
    mapping_bench_open(&b, NULL, 0);
    buf_puts(&text, "version: 1\noffer: o\nextends: generic\npixel:\n  by: \"{param.b}\"\n  table:\n");
    for (int i = 0; i < 1001; i++)
        buf_printf(&text, "    w%d: C9A\n", i);
    buf_puts(&text, "events: {sale: Purchase}\n");
    assert_null(mapping_bench_load(&b, "o.yaml", buf_slice(&text)));
    assert_string_equal(mapping_bench_problems(&b),
                        "o.yaml:7:5 error M051 `table` can have 1000 rows at most\n");
    buf_free(&text);
    mapping_bench_close(&b);
}

/* ---- in words, and one by one ---- */

static void put(void *context, struct slice pixel, const struct place *at)
{
    buf_printf(context, "%.*s:%u ", SLICE_ARG(pixel), at->line);
}

static void in_words(void **state)
{
    static const struct {
        const char *pixel, *words, *all;
    } rows[] = {
        { "C9A", "C9A", "C9A:4 " },
        { "[C9A, C9B, C9C]", "C9A, C9B and C9C", "C9A:4 C9B:4 C9C:4 " },
        { "\"{param.pixel}\"", "what {param.pixel} gives", "" },
        { "[\"{param.pixel}\", C9A]", "what {param.pixel} gives and C9A", "C9A:4 " },
        { ALLOW, "what {param.pixel} gives, one of C9A, C9B", "C9A:4 C9B:4 " },
        { TABLE, "by {param.buyer}: anna C9A, Ben C9B and C9C", "C9A:4 C9B:4 C9C:4 " },
        { OTHERWISE, "by {param.buyer}: anna C9A, Ben C9B and C9C; else C9D and C9A",
          "C9A:4 C9B:4 C9C:4 C9D:4 C9A:4 " },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mapping_bench b;
        struct buf all = { 0 };
        struct offer *o;
        mapping_bench_open(&b, NULL, 0);
        o = mapping_bench_load(&b, "o.yaml",
                               arena_printf(&b.arena,
                                            "version: 1\noffer: o\nextends: generic\npixel: %s\n"
                                            "events: {sale: Purchase, lead: {event: Lead, pixel: "
                                            "C9Z}}\n",
                                            rows[i].pixel));
        assert_non_null(o);
        assert_string_equal(arena_cstr(&b.arena, mapping_pixel_text(&b.arena, o, NULL)),
                            rows[i].words);
        assert_string_equal(
            arena_cstr(&b.arena, mapping_pixel_text(&b.arena, o, o->rules[0].events)),
            rows[i].words);
        assert_string_equal(
            arena_cstr(&b.arena, mapping_pixel_text(&b.arena, o, o->rules[1].events)), "C9Z");
        mapping_pixels(o, put, &all);
        buf_byte(&all, '\0');
        assert_string_equal(all.ptr, arena_printf(&b.arena, "%sC9Z:5 ", rows[i].all).ptr);
        buf_free(&all);
        mapping_bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_pixels),  cmocka_unit_test(of_an_event),
        cmocka_unit_test(what_is_wrong), cmocka_unit_test(a_table_has_an_end),
        cmocka_unit_test(in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
