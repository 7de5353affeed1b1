/* Every code in the sources stands in the table, and every code of the table in the sources. */
#include "core/base/codes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LIST                                                                                       \
    "grep -rhoE '\"[YMCWQIDRHFA][0-9]{3}\"' core adapters cli --include='*.[ch]' --exclude=codes.c "     \
    "--exclude-dir=explain | sort -u" /* explain only tells of them */

static void every_used_code_is_in_the_table(void **state)
{
    FILE *p = popen(LIST, "r");
    char line[32];
    unsigned n = 0;

    (void)state;
    assert_non_null(p);
    while (fgets(line, sizeof(line), p)) {
        char code[5] = { line[1], line[2], line[3], line[4], '\0' };
        if (!code_find(code))
            fail_msg("%s is used, but codes.c does not have it", code);
        n++;
    }
    pclose(p);
    assert_true(n > 60);
}

static void every_code_of_the_table_is_used(void **state)
{
    static char used[65536];
    FILE *p = popen(LIST, "r");
    size_t n;

    (void)state;
    assert_non_null(p);
    n = fread(used, 1, sizeof(used) - 1, p);
    used[n] = '\0';
    pclose(p);
    for (const struct code *c = codes; c->code; c++) {
        if (!strstr(used, c->code))
            fail_msg("%s stands in codes.c, but nothing uses it", c->code);
        assert_true(strlen(c->title) > 5 && strlen(c->remedy) > 5);
    }
    assert_null(code_find("X999"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_used_code_is_in_the_table),
        cmocka_unit_test(every_code_of_the_table_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
