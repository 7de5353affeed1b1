/* Lines of an export: what is refused, and where; and that a line that was read is written the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/store/ledger.h"
#include "core/payload/forget.h"
#include "tests/support/guard.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define CLICK "{\"row\":\"click\",\"id\":7,\"at\":1790000000,\"keyed\":0"

static void test_same(void **state)
{
    static const char *const lines[] = {
        ("{\"row\":\"ledger\",\"version\":1,\"newest\":\"2026-01-01T00:00:00Z\",\"whole\":1,"
         "\"last_click\":1,\"last_postback\":2,\"last_event\":3,\"last_attempt\":4,"
         "\"gone_postback\":0,\"gone_attempt\":0}"),
        CLICK "}",
        CLICK ",\"ttclid\":\"E.C.P.\\\"\\\\ \\u0001\xc3\xa9\"}",
        CLICK ",\"user_agent\":{\"hex\":\"ff00\"}}",
        ("{\"row\":\"event\",\"id\":1,\"value_micros\":\"9223372036854775807\","
         "\"original_value_micros\":\"-1\",\"state\":5,\"attempts\":0,\"tries\":[1,2,9007199254740992]}"),
        "{\"row\":\"end\",\"clicks\":0,\"postbacks\":0,\"attempts\":0,\"events\":0}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct arena arena;
        struct ledger_row row;
        struct buf out = { 0 };
        struct err err = { 0 };
        size_t column;
        arena_init(&arena, (size_t)1 << 20);
        if (ledger_parse(slice_from(lines[i]), &arena, &row, &column, &err) != 0)
            fail_msg("%s: %zu: %s", lines[i], column, err.text);
        ledger_print(&out, &row);
        assert_true(buf_ok(&out));
        assert_int_equal(out.len, strlen(lines[i]) + 1);
        assert_memory_equal(out.ptr, lines[i], out.len - 1);
        assert_int_equal(out.ptr[out.len - 1], '\n');
        buf_free(&out);
        arena_free(&arena);
    }
}

static const struct {
    const char *line;
    size_t column;
    const char *why;
} bad[] = {
    { "", 1, "the line is empty" },
    { "x", 1, "this is not JSON" },
    { "{\"row\":\"click\",}", 16, "this is not JSON" },
    { "[]", 1, "a line must begin with {\"row\":\"...\"" },
    { "{\"id\":1}", 1, "a line must begin with {\"row\":\"...\"" },
    { "{\"row\":\"clock\"}", 1, "there are no rows called \"clock\"" },
    { "{\"row\":\"click\",\"id\":7}", 1, "\"keyed\" is missing" },
    { CLICK ",\"ids\":1}", 49, "a click has no \"ids\"" },
    { CLICK ",\"offer\":1}", 49, "\"offer\" must be a string that is not empty, or {\"hex\": \"...\"}" },
    { CLICK ",\"offer\":\"\"}", 49, "\"offer\" must be a string that is not empty, or {\"hex\": \"...\"}" },
    { CLICK ",\"ttp\":{\"hex\":\"61\"}}", 49, "\"ttp\" must be a string that is not empty, or {\"hex\": \"...\"}" },
    { CLICK ",\"ttp\":{\"hex\":\"f\"}}", 49, "\"ttp\" must be a string that is not empty, or {\"hex\": \"...\"}" },
    { CLICK ",\"ttp\":{\"hex\":\"FF\"}}", 49, "\"ttp\" must be a string that is not empty, or {\"hex\": \"...\"}" },
    { CLICK ",\"at\":2}", 23, "\"at\" stands here twice" },
    { CLICK "} x", 49, "there is more behind the object" },
    { CLICK ",\"ttp\":\"\\u0000\"}", 56, "\\u0000 may not stand here: such texts are written as {\"hex\": \"...\"}" },
    { CLICK ",\"ttp\":\"\xff\"}", 56, "this byte is not UTF-8" },
    { CLICK ",\"ttp\":\"\t\"}", 56, "a control character may not stand here" },
    { "{\"row\":\"click\",\"id\":0,\"keyed\":0}", 16, "\"id\" must be a whole number in its bounds" },
    { "{\"row\":\"click\",\"id\":1.5,\"keyed\":0}", 16, "\"id\" must be a whole number in its bounds" },
    { "{\"row\":\"click\",\"id\":1e300,\"keyed\":0}", 16, "\"id\" must be a whole number in its bounds" },
    { "{\"row\":\"event\",\"id\":1,\"state\":6,\"attempts\":0}", 23, "\"state\" must be a whole number in its bounds" },
    { "{\"row\":\"event\",\"id\":1,\"value_micros\":\"007\"}", 23, "\"value_micros\" must be a string of digits" },
    { "{\"row\":\"event\",\"id\":1,\"value_micros\":7}", 23, "\"value_micros\" must be a string of digits" },
    { "{\"row\":\"event\",\"id\":1,\"tries\":[2,2]}", 23, "\"tries\" must be a list of whole numbers that ascend" },
    { "{\"row\":\"event\",\"id\":1,\"tries\":[]}", 23, "\"tries\" must be a list of whole numbers that ascend" },
    { "{\"row\":\"ledger\",\"version\":2}", 17, "\"version\" must be a whole number in its bounds" },
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct slice line = slice_from(bad[i].line);
        struct arena arena;
        struct ledger_row row;
        struct err err = { 0 };
        size_t column = 0;
        arena_init(&arena, (size_t)1 << 20);
        line = guard_copy(line);
        if (ledger_parse(line, &arena, &row, &column, &err) != -1)
            fail_msg("%s: taken", bad[i].line);
        if (strcmp(err.text, bad[i].why) != 0 || column != bad[i].column || err.kind != ERR_INPUT)
            fail_msg("%s: %zu: %s", bad[i].line, column, err.text);
        guard_free(line);
        arena_free(&arena);
    }
}

static void test_forget(void **state)
{
    static const struct {
        const char *body, *want; /* want NULL: nothing to cut */
    } cases[] = {
        { "{\"a\":1,\"user\":{\"ip\":\"1.2.3.4\",\"user_agent\":\"x\\\"}y\",\"ttclid\":\"T\"},\"value\":12.50}",
          "{\"a\":1,\"user\":{\"ttclid\":\"T\"},\"value\":12.50}" },
        { "{\"user\":{\"ttclid\":\"T\",\"ip\":\"1.2.3.4\",\"email\":[\"a\",\"b\"]}}",
          "{\"user\":{\"ttclid\":\"T\",\"email\":[\"a\",\"b\"]}}" },
        { "{\"user\":{\"user_agent\":\"x\"},\"b\":2}", "{\"user\":{},\"b\":2}" },
        { "{\"properties\":{\"ip\":\"kept\"},\"user\":{\"ttclid\":\"T\"}}", NULL },
        { "{\"user\":\"ip\"}", NULL }, { "{}", NULL }, { "", NULL }, { "[\"user\"]", NULL },
        { "{\"user\":{\"ip\":\"1", NULL }, { "{\"user\":{\"ip\":\"1\"", NULL }, { "{\"user\"", NULL },
        { "{\"user\":{\"ip\":[[[[", NULL }, { "{\"user\":{\"ip\"", NULL }, { "{\"x\":\"\\", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out = { 0 };
        struct slice body = guard_copy(slice_from(cases[i].body));
        bool cut = payload_forget(body, &out);
        if (cut != (cases[i].want != NULL) ||
            !slice_eq(buf_slice(&out), slice_from(cases[i].want)))
            fail_msg("%s: %.*s", cases[i].body, SLICE_ARG(buf_slice(&out)));
        buf_free(&out);
        guard_free(body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_same), cmocka_unit_test(test_bad),
                                        cmocka_unit_test(test_forget) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
