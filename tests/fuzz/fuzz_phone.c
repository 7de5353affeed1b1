/* Any bytes as a phone number in every country: E.164 or a reason, the same again from what came
 * out, and however it was punctuated. */
#include <string.h>

#include "core/identity/letters.h"
#include "core/identity/phone.h"
#include "core/identity/phone_read.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_form(const char *number, size_t n)
{
    const struct country *c;

    MUST(n >= 8 && n <= PHONE_MAX && number[0] == '+' && number[1] != '0');
    for (size_t i = 1; i < n; i++)
        MUST(ascii_is_digit(number[i]));
    c = country_of_number((struct slice){ number + 1, n - 1 });
    MUST(c && memcmp(number + 1, c->code, strlen(c->code)) == 0);
}

/* What came out, with a country, another one or none, is read as itself. */
static void check_again(const char *number, size_t n, struct slice country, struct slice other)
{
    const struct slice asked[] = { country, other, { 0 } };
    char again[PHONE_MAX];
    const char *why;

    for (size_t i = 0; i < 3; i++) {
        MUST(phone_normalise((struct slice){ number, n }, asked[i], again, &why) == n);
        MUST(memcmp(number, again, n) == 0 && !why);
    }
}

/* "+4915..." as people write it: blanks, dashes, brackets between the digits. */
static void check_punctuated(const char *number, size_t n, uint8_t dice)
{
    static const char *const marks[] = { " ", "-", ".", " - ", "\u00a0", "" };
    char text[PHONE_MAX * 4], again[PHONE_MAX];
    const char *why;
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        const char *mark = marks[(dice + i) % 6];
        text[len++] = number[i];
        if (i && i + 1 < n && (i + dice) % 3 == 0) {
            memcpy(text + len, mark, strlen(mark));
            len += strlen(mark);
        }
    }
    MUST(phone_normalise((struct slice){ text, len }, (struct slice){ 0 }, again, &why) == n);
    MUST(memcmp(number, again, n) == 0);
}

static void check(struct slice value, struct slice country, struct slice other, uint8_t dice)
{
    char number[PHONE_MAX];
    const char *why = "unset";
    size_t n = phone_normalise(value, country, number, &why);

    MUST(n == 0 || !why);
    MUST(n || why || letters_trim(value).len == 0);
    if (n == 0)
        return;
    check_form(number, n);
    check_again(number, n, country, other);
    check_punctuated(number, n, dice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice value, country, other;
    struct typed t;

    if (size < 4)
        return 0;
    value = (struct slice){ (const char *)data + 4, size - 4 };
    country = slice_from(countries[(data[0] | data[1] << 8) % countries_count].iso);
    other = slice_from(countries[(data[2] | data[3] << 8) % countries_count].iso);
    if (!phone_read(value, &t)) {
        MUST(t.len <= sizeof(t.digits));
        for (size_t i = 0; i < t.len; i++)
            MUST(ascii_is_digit(t.digits[i]));
    }
    check(value, country, other, data[1]);
    check(value, (struct slice){ 0 }, other, data[3]);
    MUST(identity_calling_code(country).len);
    return 0;
}
