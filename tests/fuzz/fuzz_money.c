/* Any bytes as an amount: the answer keeps its promises, and what is printed is read back. */
#include <stdlib.h>
#include <string.h>

#include "core/base/money.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)      \
    do {             \
        if (!(x))    \
            abort(); \
    } while (0)

static void check_scale(struct money m, int64_t num, int64_t den, int decimals)
{
    static const int64_t place[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    struct money out;

    if (!money_scale(m, num, den, decimals, &out))
        return;
    MUST(den != 0 && decimals >= 0 && decimals <= 6);
    MUST(out.micros % place[decimals] == 0);
    MUST(out.micros <= MONEY_MAX_UNITS * MONEY_SCALE);
    MUST(out.micros >= -MONEY_MAX_UNITS * MONEY_SCALE);
}

static void check_print(struct money m)
{
    struct buf b = { 0 };
    struct money again;

    money_print(&b, m);
    MUST(buf_ok(&b));
    MUST(money_parse(buf_slice(&b), MONEY_MARK_POINT, &again, NULL) == MONEY_OK);
    MUST(again.micros == m.micros);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice currency, text;
    struct money m = { -1 }, same;
    enum money_mark mark;
    enum money_result r;
    int64_t numbers[2];

    if (size < 1 + sizeof(numbers))
        return 0;
    mark = (enum money_mark)(data[0] % 3);
    memcpy(numbers, data + 1, sizeof(numbers));
    text = (struct slice){ (const char *)data + 1, size - 1 };
    r = money_parse(text, mark, &m, &currency);
    MUST(r >= MONEY_OK && r <= MONEY_AMBIGUOUS && money_result_text(r));
    MUST(m.micros >= 0 && m.micros <= MONEY_MAX_UNITS * MONEY_SCALE);
    MUST(r == MONEY_OK || r == MONEY_ROUNDED || (m.micros == 0 && currency.len == 0));
    MUST(currency.len == 0 || currency.len == 3);
    for (size_t i = 0; i < currency.len; i++)
        MUST(ascii_is_alpha(currency.ptr[i]));
    MUST(r != MONEY_AMBIGUOUS || mark == MONEY_MARK_ANY);
    MUST(money_parse(text, mark, &same, NULL) == r && same.micros == m.micros);
    check_print(m);
    check_scale(m, numbers[0], numbers[1], data[0] / 3 % 9 - 1);
    check_scale((struct money){ numbers[1] }, numbers[0], m.micros, data[0] / 3 % 9 - 1);
    return 0;
}
