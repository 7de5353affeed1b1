/* places.c: zip, city, state, country. */
#include "core/identity/letters.h"
#include "core/identity/recipe.h"

#define ZIP_US 5

static const char not_text[] = "is not UTF-8 text";

/* United States Postal Service, Publication 28, appendix B; names as recipe_state compares them. */
/* clang-format off */
static const struct {
    const char *code, *name;
} states[] = {
    { "al", "alabama" }, { "ak", "alaska" }, { "az", "arizona" }, { "ar", "arkansas" },
    { "ca", "california" }, { "co", "colorado" }, { "ct", "connecticut" }, { "de", "delaware" },
    { "dc", "districtofcolumbia" }, { "fl", "florida" }, { "ga", "georgia" }, { "hi", "hawaii" },
    { "id", "idaho" }, { "il", "illinois" }, { "in", "indiana" }, { "ia", "iowa" },
    { "ks", "kansas" }, { "ky", "kentucky" }, { "la", "louisiana" }, { "me", "maine" },
    { "md", "maryland" }, { "ma", "massachusetts" }, { "mi", "michigan" }, { "mn", "minnesota" },
    { "ms", "mississippi" }, { "mo", "missouri" }, { "mt", "montana" }, { "ne", "nebraska" },
    { "nv", "nevada" }, { "nh", "newhampshire" }, { "nj", "newjersey" }, { "nm", "newmexico" },
    { "ny", "newyork" }, { "nc", "northcarolina" }, { "nd", "northdakota" }, { "oh", "ohio" },
    { "ok", "oklahoma" }, { "or", "oregon" }, { "pa", "pennsylvania" }, { "ri", "rhodeisland" },
    { "sc", "southcarolina" }, { "sd", "southdakota" }, { "tn", "tennessee" }, { "tx", "texas" },
    { "ut", "utah" }, { "vt", "vermont" }, { "va", "virginia" }, { "wa", "washington" },
    { "wv", "westvirginia" }, { "wi", "wisconsin" }, { "wy", "wyoming" },
    { "as", "americansamoa" }, { "gu", "guam" }, { "mp", "northernmarianaislands" },
    { "pr", "puertorico" }, { "vi", "virginislands" }, { "aa", "armedforcesamericas" },
    { "ae", "armedforceseurope" }, { "ap", "armedforcespacific" }, { "vi", "usvirginislands" },
    { "dc", "washingtondc" },
};
/* clang-format on */

static bool is_us(struct slice country)
{
    return slice_eq_nocase(slice_trim(country), S("us"));
}

struct slice recipe_zip(struct recipe_in *in)
{
    struct slice s;
    uint64_t number;

    if (!utf8_valid(in->value))
        return recipe_unusable(in, not_text);
    s = letters_lower(in->arena, in->value, LETTERS_NO_PUNCTUATION | LETTERS_NO_BLANKS);
    if (s.len == 0 || !is_us(in->country))
        return s;
    s = slice_head(s, ZIP_US);
    if (s.len < ZIP_US || !slice_to_u64(s, &number))
        return recipe_unusable(in, "is not a ZIP code of the United States");
    return s;
}

struct slice recipe_city(struct recipe_in *in)
{
    if (!utf8_valid(in->value))
        return recipe_unusable(in, not_text);
    return letters_lower(in->arena, in->value, LETTERS_NO_PUNCTUATION | LETTERS_NO_BLANKS);
}

/* CA, California, US-CA (ISO 3166-2), N.Y. */
static struct slice american_state(struct recipe_in *in)
{
    struct slice s =
        letters_lower(in->arena, in->value, LETTERS_NO_PUNCTUATION | LETTERS_NO_BLANKS);

    if (s.len == 4 && slice_starts(s, S("us")))
        s = slice_from_at(s, 2);
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (slice_eq(s, slice_from(states[i].code)) || slice_eq(s, slice_from(states[i].name)))
            return slice_from(states[i].code);
    return s.ptr ? recipe_unusable(in, "is not a state of the United States") : s;
}

struct slice recipe_state(struct recipe_in *in)
{
    if (!utf8_valid(in->value))
        return recipe_unusable(in, not_text);
    return is_us(in->country) ? american_state(in) : letters_lower(in->arena, in->value, 0);
}

struct slice recipe_country(struct recipe_in *in)
{
    struct slice s = in->value;

    if (s.len != 2 || !ascii_is_alpha(s.ptr[0]) || !ascii_is_alpha(s.ptr[1]) ||
        slice_eq_nocase(s, S("xx")) || slice_eq_nocase(s, S("zz")))
        return recipe_unusable(in, "is not a two-letter country code");
    return slice_eq_nocase(s, S("uk")) ? S("gb") : letters_lower(in->arena, s, 0);
}
