#include "adapters/trackers/ids.h"

/* Lower-case Cyrillic letters that look like Latin ones in most fonts.  One of them stands in a
 * click id on docs.binom.org ("Update conversions", update-conv.php: "e2f3he2tfe65а"). */
static const char *const look_alikes[] = { "а", "е", "о", "р", "с", "у", "х", "і", NULL };

/* Both ways TikTok's id is known to begin; anything else is no news, since it has no grammar. */
static bool is_ttclid(struct slice id)
{
    return slice_starts(id, S("E.C.P.")) || slice_starts(id, S("E_C_P_"));
}

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

static bool has_look_alike(struct slice s)
{
    for (const char *const *letter = look_alikes; *letter; letter++)
        if (slice_find(s, slice_from(*letter)) < s.len)
            return true;
    return false;
}

static void check_letters(const struct tracker_in *in, const struct field_value *id)
{
    struct slice shown = note_short(in->arena, id->value);

    if (is_ascii(id->value))
        return;
    if (has_look_alike(id->value))
        note_add(
            in->notes, "W042", id->name,
            "%.*s holds a Cyrillic letter that looks like a Latin one (%.*s): no tracker makes "
            "such click ids",
            SLICE_ARG(id->name), SLICE_ARG(shown));
    else
        note_add(in->notes, "W042", id->name,
                 "%.*s holds letters of which no tracker makes click ids (%.*s)",
                 SLICE_ARG(id->name), SLICE_ARG(shown));
}

void ids_check(const struct tracker_in *in, struct conversion *conv)
{
    const struct field_value *click = &conv->fields[FIELD_CLICK_ID];
    const struct field_value *tiktok = &conv->fields[FIELD_TTCLID];

    check_letters(in, click);
    if (is_ttclid(click->value))
        note_add(in->notes, "W040", click->name,
                 "%.*s holds TikTok's click id, not the tracker's: two macros of the postback URL "
                 "may be swapped",
                 SLICE_ARG(click->name));
    else if (tiktok->value.len && slice_eq(click->value, tiktok->value))
        note_add(in->notes, "W041", tiktok->name,
                 "%.*s holds the tracker's click id, not TikTok's: the source's click id is not "
                 "filled with __CLICKID__",
                 SLICE_ARG(tiktok->name));
}
