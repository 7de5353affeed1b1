/* Reading amounts.  What stands around the number is taken off first, then the number is cut into
 * runs of digits and the separators between them, and only then it is decided what those mean. */
#include "core/base/money.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Signs and short names of currencies that stand beside amounts, with the code where only one
 * currency has them.  Of those that match, the longest counts; a word must end where it ends. */
struct sign {
    struct slice text, code;
    bool word;
};
static const struct sign signs[] = {
    { SLICE("$"), { 0 }, false },
    { SLICE("US$"), SLICE("USD"), false },
    { SLICE("R$"), SLICE("BRL"), false },
    { SLICE("A$"), SLICE("AUD"), false },
    { SLICE("AU$"), SLICE("AUD"), false },
    { SLICE("C$"), { 0 }, false },
    { SLICE("CA$"), SLICE("CAD"), false },
    { SLICE("HK$"), SLICE("HKD"), false },
    { SLICE("MX$"), SLICE("MXN"), false },
    { SLICE("NT$"), SLICE("TWD"), false },
    { SLICE("NZ$"), SLICE("NZD"), false },
    { SLICE("S$"), SLICE("SGD"), false },
    { SLICE("€"), SLICE("EUR"), false },
    { SLICE("£"), SLICE("GBP"), false },
    { SLICE("\xc2\xa5"), { 0 }, false },     /* yen and yuan */
    { SLICE("\xef\xbf\xa5"), { 0 }, false }, /* the same in full width */
    { SLICE("₡"), SLICE("CRC"), false },
    { SLICE("₦"), SLICE("NGN"), false },
    { SLICE("₩"), SLICE("KRW"), false },
    { SLICE("₪"), SLICE("ILS"), false },
    { SLICE("₫"), SLICE("VND"), false },
    { SLICE("₱"), SLICE("PHP"), false },
    { SLICE("₲"), SLICE("PYG"), false },
    { SLICE("₴"), SLICE("UAH"), false },
    { SLICE("₸"), SLICE("KZT"), false },
    { SLICE("₹"), SLICE("INR"), false },
    { SLICE("₺"), SLICE("TRY"), false },
    { SLICE("₽"), SLICE("RUB"), false },
    { SLICE("฿"), SLICE("THB"), false },
    { SLICE("S/"), SLICE("PEN"), false },
    { SLICE("S/."), SLICE("PEN"), false },
    { SLICE("zł"), SLICE("PLN"), true },
    { SLICE("Kč"), SLICE("CZK"), true },
    { SLICE("Ft"), SLICE("HUF"), true },
    { SLICE("RM"), SLICE("MYR"), true },
    { SLICE("Rp"), SLICE("IDR"), true },
    { SLICE("R"), SLICE("ZAR"), true },
    { SLICE("lei"), SLICE("RON"), true },
    { SLICE("грн"), SLICE("UAH"), true },
    { SLICE("грн."), SLICE("UAH"), true },
    { SLICE("руб"), SLICE("RUB"), true },
    { SLICE("руб."), SLICE("RUB"), true },
    { SLICE("Rs"), { 0 }, true },
    { SLICE("Rs."), { 0 }, true },
    { SLICE("Fr."), { 0 }, true },
    { SLICE("kr"), { 0 }, true },
    { SLICE("kr."), { 0 }, true },
};

/* Three letters that look like a currency's but multiply the number. */
static const struct slice multipliers[] = { SLICE("mil"), SLICE("mio"), SLICE("mln"),
                                            SLICE("mrd"), SLICE("bln"), SLICE("tis"),
                                            SLICE("tsd"), SLICE("tys") };

static const struct slice minus_signs[] = { SLICE("-"), SLICE("\xe2\x88\x92"),
                                            SLICE("\xe2\x80\x93") }; /* minus, en dash */

/* What may stand between digits.  Blanks and apostrophes only ever part groups. */
static const struct slice separators[] = {
    SLICE("."),
    SLICE(","),
    SLICE("'"),
    SLICE("\xe2\x80\x99"), /* apostrophe as Swiss typesetting has it */
    SLICE(" "),
    SLICE("\xc2\xa0"),     /* no-break space */
    SLICE("\xe2\x80\x89"), /* thin space */
    SLICE("\xe2\x80\xaf"), /* narrow no-break space */
};
enum { POINT, COMMA, APOSTROPHE, FIRST_BLANK = 4 };

/* The row that s begins with; n when there is none. */
static size_t leading(struct slice s, const struct slice *table, size_t n)
{
    size_t i = 0;

    while (i < n && !slice_starts(s, table[i]))
        i++;
    return i;
}

static void skip_blanks(struct slice *s)
{
    for (;;) {
        size_t row = FIRST_BLANK + leading(*s, separators + FIRST_BLANK,
                                           ROWS(separators) - FIRST_BLANK);
        if (row < ROWS(separators))
            *s = slice_from_at(*s, separators[row].len);
        else if (s->len && ascii_is_space(s->ptr[0]))
            *s = slice_from_at(*s, 1);
        else
            return;
    }
}

/* What stands around the number. */
struct wrap {
    bool minus, plus, open, close;
    bool sign, letters; /* a currency's sign was seen; three letters were seen */
    struct slice code;
};

static bool word_goes_on(struct slice s, size_t at)
{
    return s.len > at && (ascii_is_alpha(s.ptr[at]) || (unsigned char)s.ptr[at] >= 0x80);
}

static const struct sign *find_sign(struct slice s)
{
    const struct sign *best = NULL;

    for (size_t i = 0; i < ROWS(signs); i++) {
        const struct sign *g = &signs[i];
        if (slice_starts(s, g->text) && (!best || g->text.len > best->text.len) &&
            !(g->word && word_goes_on(s, g->text.len)))
            best = g;
    }
    return best;
}

static bool is_code(struct slice s)
{
    if (s.len < 3 || word_goes_on(s, 3))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!ascii_is_alpha(s.ptr[i]))
            return false;
    for (size_t i = 0; i < ROWS(multipliers); i++)
        if (slice_starts_nocase(s, multipliers[i]))
            return false;
    return true;
}

/* Take a currency's sign or letters from the front of *s.  false: something else is there, a second
 * one of its kind, or one that contradicts the first. */
static bool take_currency(struct slice *s, struct wrap *w)
{
    const struct sign *sign = find_sign(*s);
    struct slice code = sign ? sign->code : slice_head(*s, 3);

    if (sign ? w->sign : w->letters || !is_code(*s))
        return false;
    if (code.len && w->code.len && !slice_eq_nocase(code, w->code))
        return false;
    if (code.len && !w->code.len)
        w->code = code;
    *(sign ? &w->sign : &w->letters) = true;
    *s = slice_from_at(*s, sign ? sign->text.len : 3);
    return true;
}

static bool take_sign(struct slice *s, struct wrap *w)
{
    size_t row = leading(*s, minus_signs, ROWS(minus_signs));

    if (w->minus || w->plus)
        return false;
    if (row < ROWS(minus_signs)) {
        w->minus = true;
        *s = slice_from_at(*s, minus_signs[row].len);
        return true;
    }
    w->plus = s->len && s->ptr[0] == '+';
    if (w->plus)
        *s = slice_from_at(*s, 1);
    return w->plus;
}

static bool starts_number(struct slice s)
{
    return s.len && (ascii_is_digit(s.ptr[0]) || (s.len > 1 && ascii_is_digit(s.ptr[1]) &&
                                                  (s.ptr[0] == '.' || s.ptr[0] == ',')));
}

/* Up to the number; false when there is none behind what may stand before one. */
static bool take_front(struct slice *s, struct wrap *w)
{
    for (;;) {
        skip_blanks(s);
        if (starts_number(*s))
            return true;
        if (s->len && s->ptr[0] == '(' && !w->open) {
            w->open = true;
            *s = slice_from_at(*s, 1);
        } else if (!take_sign(s, w) && !take_currency(s, w)) {
            return false;
        }
    }
}

/* From behind the number to the end. */
static bool take_back(struct slice *s, struct wrap *w)
{
    for (;;) {
        skip_blanks(s);
        if (s->len == 0)
            return w->open == w->close;
        if (s->ptr[0] == ')' && w->open && !w->close) {
            w->close = true;
            *s = slice_from_at(*s, 1);
        } else if (s->ptr[0] == '+' || (!take_sign(s, w) && !take_currency(s, w))) {
            return false;
        }
    }
}

/* Runs of digits and the separators between them; only what the decision needs is kept. */
struct number {
    struct slice text;        /* all of it */
    struct slice first, last; /* the digits before the first separator and behind the last one */
    size_t separators, point; /* how many; where in text the last one stands */
    size_t kind, last_kind;   /* of the first and of the last one */
    bool alike, whole;        /* all but the last are of one kind, with three digits between */
};

static struct slice take_digits(struct slice *s)
{
    struct slice digits = { s->ptr, 0 };

    while (digits.len < s->len && ascii_is_digit(s->ptr[digits.len]))
        digits.len++;
    *s = slice_from_at(*s, digits.len);
    return digits;
}

/* A blank or an apostrophe belongs to the number only when a digit follows. */
static bool take_separator(struct slice *s, size_t *kind)
{
    size_t row = leading(*s, separators, ROWS(separators)), n;

    if (row == ROWS(separators))
        return false;
    n = separators[row].len;
    if (row >= APOSTROPHE && !(s->len > n && ascii_is_digit(s->ptr[n])))
        return false;
    *kind = row;
    *s = slice_from_at(*s, n);
    return true;
}

static struct number take_number(struct slice *s)
{
    struct number n = { .text = *s, .first = take_digits(s), .alike = true, .whole = true };
    size_t left = s->len, kind;

    while (take_separator(s, &kind)) {
        if (n.separators++ == 0) {
            n.kind = kind;
        } else {
            n.alike = n.alike && n.last_kind == n.kind;
            n.whole = n.whole && n.last.len == 3;
        }
        n.last_kind = kind;
        n.point = n.text.len - left;
        n.last = take_digits(s);
        left = s->len;
    }
    n.text.len -= left;
    /* "197,-": a dash instead of the cents */
    if (n.separators == 1 && n.kind <= COMMA && n.last.len == 0 && s->len && s->ptr[0] == '-')
        *s = slice_from_at(*s, 1);
    return n;
}

static bool all_zeros(struct slice s)
{
    size_t i = 0;

    while (i < s.len && s.ptr[i] == '0')
        i++;
    return i == s.len;
}

/* Does the last separator part decimals from units?  MONEY_OK and *decimal, or what is wrong. */
static enum money_result decide(const struct number *n, enum money_mark mark, bool *decimal)
{
    bool head = n->first.len <= 3 && !all_zeros(n->first) && n->whole;

    *decimal = false;
    if (n->separators == 0)
        return MONEY_OK;
    if (n->separators == 1 && n->kind <= COMMA) {
        bool groups = head && n->last.len == 3;
        *decimal = !groups || mark == (n->kind == POINT ? MONEY_MARK_POINT : MONEY_MARK_COMMA);
        return groups && mark == MONEY_MARK_ANY ? MONEY_AMBIGUOUS : MONEY_OK;
    }
    if (!head || !n->alike)
        return MONEY_NOT_A_NUMBER;
    *decimal = n->last_kind != n->kind;
    if (*decimal ? n->last_kind > COMMA : n->last.len != 3)
        return MONEY_NOT_A_NUMBER;
    return MONEY_OK;
}

/* The digits of units in text order, separators skipped. */
static bool add_units(struct slice s, int64_t *units)
{
    int64_t u = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_is_digit(s.ptr[i]))
            continue;
        u = u * 10 + (s.ptr[i] - '0');
        if (u > MONEY_MAX_UNITS)
            return false;
    }
    *units = u;
    return true;
}

static enum money_result evaluate(struct slice units, struct slice fraction, struct money *out)
{
    int64_t whole, micros = 0;
    struct slice rest = slice_from_at(fraction, 6);
    bool inexact = !all_zeros(rest);

    if (!add_units(units, &whole) || (whole == MONEY_MAX_UNITS && !all_zeros(fraction)))
        return MONEY_TOO_LARGE;
    for (size_t i = 0; i < 6; i++)
        micros = micros * 10 + (i < fraction.len ? fraction.ptr[i] - '0' : 0);
    if (inexact && rest.ptr[0] >= '5' &&
        (rest.ptr[0] > '5' || !all_zeros(slice_from_at(rest, 1)) || micros % 2 != 0))
        micros++;
    out->micros = whole * MONEY_SCALE + micros;
    return inexact ? MONEY_ROUNDED : MONEY_OK;
}

static bool is_exponent(struct slice s)
{
    size_t at = s.len > 1 && (s.ptr[1] == '+' || s.ptr[1] == '-') ? 2 : 1;

    return s.len > at && ascii_lower(s.ptr[0]) == 'e' && ascii_is_digit(s.ptr[at]);
}

enum money_result money_parse(struct slice text, enum money_mark mark, struct money *out,
                              struct slice *currency)
{
    struct wrap w = { 0 };
    struct money m = { 0 };
    struct number n;
    enum money_result r;
    bool decimal;

    *out = m;
    if (currency)
        *currency = (struct slice){ 0 };
    skip_blanks(&text);
    if (text.len == 0)
        return MONEY_EMPTY;
    if (!take_front(&text, &w))
        return MONEY_NOT_A_NUMBER;
    n = take_number(&text);
    if (is_exponent(text))
        return MONEY_EXPONENT;
    if (!take_back(&text, &w))
        return MONEY_NOT_A_NUMBER;
    r = decide(&n, mark, &decimal);
    if (r == MONEY_OK)
        r = decimal ? evaluate(slice_head(n.text, n.point), n.last, &m)
                    : evaluate(n.text, (struct slice){ 0 }, &m);
    if (r != MONEY_NOT_A_NUMBER && (w.minus || w.open) &&
        !((r == MONEY_OK || r == MONEY_ROUNDED) && m.micros == 0))
        return MONEY_NEGATIVE;
    if (r != MONEY_OK && r != MONEY_ROUNDED)
        return r;
    if (currency)
        *currency = w.code;
    *out = m;
    return r;
}
