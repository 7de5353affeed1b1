/* email.c: an e-mail address out of what a form field holds.  Dots and +tags stay: TikTok wants it
 * trimmed and in lower case, nothing else. */
#include "core/identity/letters.h"
#include "core/identity/recipe.h"

#define EMAIL_MAX 320 /* 64 of the local part, @, 255 of the host */

/* mailto:bob@x.de?subject=hello */
static struct slice without_scheme(struct slice s)
{
    if (!slice_starts_nocase(s, S("mailto:")))
        return s;
    s = slice_from_at(s, 7);
    return slice_trim(slice_head(s, slice_index(s, '?')));
}

/* Bob <bob@x.de>, and <bob@x.de> alone. */
static struct slice without_name(struct slice s)
{
    size_t open = slice_index(s, '<');

    if (open == s.len || s.ptr[s.len - 1] != '>' || slice_index(slice_head(s, open), '@') < open)
        return s;
    return slice_trim((struct slice){ s.ptr + open + 1, s.len - open - 2 });
}

static bool is_foreign_ascii(char c)
{
    /* clang-format off */
    switch (c) {
    case '(': case ')': case '<': case '>': case '[': case ']':
    case '\\': case ',': case ';': case ':': case '"': case 0x7f:
        return true;
    default:
        return c <= ' ';
    }
    /* clang-format on */
}

/* Blanks, control bytes, characters that cannot be seen, and what no address holds unquoted. */
static bool has_foreign_character(struct slice s)
{
    for (size_t i = 0, n; i < s.len; i += n) {
        n = 1;
        if ((unsigned char)s.ptr[i] < 0x80) {
            if (is_foreign_ascii(s.ptr[i]))
                return true;
        } else if (letters_is_unseen(letters_first(slice_from_at(s, i), &n))) {
            return true;
        }
    }
    return false;
}

static bool is_host(struct slice host)
{
    return host.len && host.ptr[0] != '.' && host.ptr[0] != '-' && !slice_ends(host, S(".")) &&
           !slice_ends(host, S("-")) && slice_find(host, S("..")) == host.len;
}

/* Is there one '@' more behind the first, so that two addresses stand here? */
static bool is_several(struct slice s)
{
    size_t first = slice_index(s, '@');

    return first < s.len && slice_index(slice_from_at(s, first + 1), '@') < s.len - first - 1;
}

struct slice recipe_email(struct recipe_in *in)
{
    struct slice s = without_name(without_scheme(in->value)), local, host;

    if (is_several(s))
        return recipe_unusable(in, "holds more than one e-mail address; `split:` takes them apart");
    if (!slice_cut(s, '@', &local, &host))
        return recipe_unusable(in, slice_find(s, S("%40")) < s.len
                                       ? "is percent-encoded once too often (%40)"
                                       : "is not an e-mail address");
    if (!local.len || !is_host(host) || s.len > EMAIL_MAX || has_foreign_character(s))
        return recipe_unusable(in, "is not an e-mail address");
    return letters_lower(in->arena, s, 0);
}
