/* Does a string hold an e-mail address or a telephone number?  Rather once too often: what is taken
 * for one is only kept out of the store. */
#include "core/identity/identity.h"

#include <string.h>

static bool is_wordish(char c)
{
    return ascii_is_alnum(c) || (unsigned char)c >= 0x80;
}

/* '@' or '+' at the front, also percent-encoded once more than it was decoded.  Its length or 0. */
static size_t sign(struct slice s, char c, struct slice encoded)
{
    return s.len && s.ptr[0] == c ? 1 : slice_starts_nocase(s, encoded) ? encoded.len : 0;
}

/* May c stand right before the '@' of an e-mail address? */
static bool ends_local_part(char c)
{
    return is_wordish(c) || c == '.' || c == '_' || c == '-' || c == '+';
}

/* A host with a point inside: example.com */
static bool starts_host(struct slice s)
{
    bool label = false;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '.' && label && i + 1 < s.len && is_wordish(s.ptr[i + 1]))
            return true;
        label = is_wordish(s.ptr[i]);
        if (!label && s.ptr[i] != '-')
            return false;
    }
    return false;
}

/* Seven to fifteen digits that end a word, with the punctuation of telephone numbers between. */
static bool starts_number(struct slice s)
{
    size_t digits = 0, end = 0;

    for (size_t i = 0; i < s.len && digits <= 15; i++) {
        char c = s.ptr[i];
        if (ascii_is_digit(c)) {
            digits++;
            end = i + 1;
        } else if (c != ' ' && c != '-' && c != '.' && c != '(' && c != ')' && c != '/') {
            break;
        }
    }
    return digits >= 7 && digits <= 15 && !(end < s.len && is_wordish(s.ptr[end]));
}

/* A '+' at the very front may have become a blank; then the digits must be all there is. */
static bool is_number_without_plus(struct slice s)
{
    uint64_t n;

    return s.len > 10 && s.len <= 16 && s.ptr[0] == ' ' && s.ptr[1] != '0' &&
           slice_to_u64(slice_from_at(s, 1), &n);
}

/* Nearly no value holds any of these, and ids are long. */
static bool has_sign(struct slice s)
{
    return s.len && (memchr(s.ptr, '@', s.len) || memchr(s.ptr, '+', s.len) ||
                     memchr(s.ptr, '%', s.len));
}

bool identity_looks_personal(struct slice value)
{
    if (is_number_without_plus(value))
        return true;
    if (!has_sign(value))
        return false;
    for (size_t i = 0; i < value.len; i++) {
        struct slice s = { value.ptr + i, value.len - i };
        bool after_word = i && is_wordish(value.ptr[i - 1]);
        size_t n;
        if (s.ptr[0] != '@' && s.ptr[0] != '+' && s.ptr[0] != '%')
            continue;
        n = sign(s, '@', S("%40"));
        if (n && i && ends_local_part(value.ptr[i - 1]) && starts_host(slice_from_at(s, n)))
            return true;
        n = sign(s, '+', S("%2B"));
        if (n && !after_word && starts_number(slice_from_at(s, n)))
            return true;
    }
    return false;
}
