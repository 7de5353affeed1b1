/* Texts in PostgreSQL: any bytes go out as UTF-8 without NUL, only what must is changed, and they come back the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "adapters/store/pg.h"
#include "tests/support/guard.h"

static struct arena arena;

static void there_and_back(struct slice raw, const char *wanted, size_t len)
{
    struct slice out, back;

    arena_reset(&arena);
    out = pg_text_out(raw, &arena);
    if (out.len != len || memcmp(out.ptr, wanted, len) != 0)
        fail_msg("%.*s became %zu bytes, not %zu", SLICE_ARG(raw), out.len, len);
    back = pg_text_in(out, &arena);
    assert_int_equal(back.len, raw.len);
    assert_memory_equal(back.ptr, raw.ptr, raw.len);
}

static void test_known(void **state)
{
    static const struct {
        struct slice raw, out;
    } rows[] = {
        { SLICE("a"), SLICE("a") },
        { SLICE("E.C.P.AbCdEfGhIjKlMnOp"), SLICE("E.C.P.AbCdEfGhIjKlMnOp") },
        { SLICE("\x7f\x01\x7f\x01\x7f\x01\x7f\x01\x7f"), SLICE("\x7f\x01\x7f\x01\x7f\x01\x7f\x01\x7f") },
        { SLICE("gr\xc3\xbc\xc3\x9f dich, \xe2\x82\xac 5, \xf0\x9f\x90\xb4"), SLICE("gr\xc3\xbc\xc3\x9f dich, \xe2\x82\xac 5, \xf0\x9f\x90\xb4") },
        { SLICE("\0"), SLICE("\xf4\x8f\xb8\x80") },
        { SLICE("1234567\0" "9"), SLICE("1234567\xf4\x8f\xb8\x80" "9") },
        { SLICE("half \xc3"), SLICE("half \xf4\x8f\xbb\x83") },
        { SLICE("\xff" "12345678"), SLICE("\xf4\x8f\xbb\xbf" "12345678") },
        { SLICE("\xf4\x8f\xb8\x80"), SLICE("\xf4\x8f\xbb\xb4\xf4\x8f\xba\x8f\xf4\x8f\xba\xb8\xf4\x8f\xba\x80") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        there_and_back(rows[i].raw, rows[i].out.ptr, rows[i].out.len);
}

/* Bytes at each place of texts around the length of a word, the end of which is the end of the memory. */
static void test_places(void **state)
{
    static const unsigned char bytes[] = { 0, 1, 2, 0x7e, 0x7f, 0x80, 0x81, 0xc3, 0xf4, 0xff };

    (void)state;
    for (size_t len = 1; len <= 20; len++)
        for (size_t at = 0; at < len; at++)
            for (size_t i = 0; i < sizeof(bytes); i++) {
                int byte = bytes[i];
                char raw[20], wanted[24];
                struct slice in;
                bool plain = byte > 0 && byte < 128;
                memset(raw, 'x', sizeof(raw));
                raw[at] = (char)byte;
                memcpy(wanted, raw, at + 1);
                if (!plain) {
                    const char stand_in[] = { (char)0xf4, (char)0x8f, (char)(0xb8 | byte >> 6), (char)(0x80 | (byte & 0x3f)) };
                    memcpy(wanted + at, stand_in, 4);
                }
                memset(wanted + at + (plain ? 1 : 4), 'x', len - at - 1);
                in = guard_copy((struct slice){ raw, len });
                there_and_back(in, wanted, len + (plain ? 0 : 3));
                guard_free(in);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_known), cmocka_unit_test(test_places) };
    int rc;

    arena_init(&arena, 1 << 20);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return rc;
}
