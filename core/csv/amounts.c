#include "core/csv/cells.h"

void cells_learn(struct cells_habits *h)
{
    if (h->mark == MONEY_MARK_ANY && !h->points != !h->commas)
        h->mark = h->points ? MONEY_MARK_POINT : MONEY_MARK_COMMA;
    if (h->order == CELLS_ORDER_UNKNOWN && !h->day_first != !h->month_first)
        h->order = h->day_first ? CELLS_DAY_FIRST : CELLS_MONTH_FIRST;
}

/* Which mark stands before the decimals of an amount that has one reading; 0: that can't be seen. */
static char decimal_mark(struct slice text)
{
    char last = 0, first = 0;
    size_t marks = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' || c == ',') {
            first = marks++ ? first : c;
            last = c;
        }
    }
    return marks > 1 && first == last ? 0 : last;
}

/* A sign in front, behind, or brackets around it. */
static bool take_sign(struct slice *s)
{
    static const struct slice signs[] = { SLICE("-"), SLICE("\xe2\x88\x92"), SLICE("\xe2\x80\x93") };

    *s = slice_trim(*s);
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
        if (slice_starts(*s, signs[i])) {
            *s = slice_trim(slice_from_at(*s, signs[i].len));
            return true;
        }
        if (slice_ends(*s, signs[i])) {
            *s = slice_trim(slice_head(*s, s->len - signs[i].len));
            return true;
        }
    }
    if (s->len > 2 && s->ptr[0] == '(' && s->ptr[s->len - 1] == ')') {
        *s = slice_trim(slice_head(slice_from_at(*s, 1), s->len - 2));
        return true;
    }
    return false;
}

enum cells_result cells_amount(struct slice text, struct cells_habits *h, int64_t *micros,
                               struct slice *currency)
{
    struct money m;
    enum money_result r;
    char mark;
    bool negative = take_sign(&text);

    *micros = 0;
    *currency = (struct slice){ 0 };
    r = money_parse(text, h->mark, &m, currency);
    if (r == MONEY_EMPTY)
        return negative ? CELLS_BAD : CELLS_EMPTY;
    if (r == MONEY_AMBIGUOUS) {
        h->ambiguous_amounts++;
        return CELLS_AMBIGUOUS;
    }
    if (r != MONEY_OK && r != MONEY_ROUNDED)
        return CELLS_BAD;
    mark = decimal_mark(text);
    h->points += mark == '.';
    h->commas += mark == ',';
    *micros = negative ? -m.micros : m.micros;
    return CELLS_OK;
}
