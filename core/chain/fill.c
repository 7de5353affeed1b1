#include "core/chain/fill.h"

#include "core/base/buf.h"

static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct slice fill_id(struct arena *arena, uint64_t seed, const char *prefix, const char *alphabet,
                     size_t len)
{
    struct slice letters = slice_from(alphabet), head = slice_from(prefix);
    char *text = arena_alloc(arena, len + 1);

    if (!text || letters.len == 0)
        return (struct slice){ 0 };
    for (size_t i = 0; i < len; i++)
        text[i] = i < head.len ? head.ptr[i] : letters.ptr[next(&seed) % letters.len];
    return (struct slice){ text, len };
}

struct slice fill_ttclid(struct arena *arena, uint64_t seed)
{
    return fill_id(arena, seed, "E.C.P.",
                   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 306);
}

struct slice fill_uuid(struct arena *arena, uint64_t seed)
{
    struct slice id = fill_id(arena, seed, "", "0123456789abcdef", 36);
    char *text = id.len ? arena_alloc(arena, id.len + 1) : NULL;

    if (!text)
        return (struct slice){ 0 };
    memcpy(text, id.ptr, id.len);
    text[8] = text[13] = text[18] = text[23] = '-';
    text[14] = '4';
    text[19] = "89ab"[seed % 4];
    return (struct slice){ text, id.len };
}

/* TikTok's macros ("Set up tracking for links", ads.tiktok.com; and those seen in trackers' links),
 * with values that show what links suffer from: long numbers, blanks, '+', letters beyond ASCII. */
static const struct {
    struct slice name, value; /* an empty value: made per click */
} macros[] = {
    { SLICE("__CLICKID__"), { 0 } },
    { SLICE("__CAMPAIGN_ID__"), SLICE("1790512345678901234") },
    { SLICE("__CAMPAIGN_NAME__"), SLICE("Кето DE + Broad") },
    { SLICE("__AID__"), SLICE("1790512345678905678") },
    { SLICE("__AID_NAME__"), SLICE("ad group 7") },
    { SLICE("__CID__"), SLICE("1790512345678909012") },
    { SLICE("__CID_NAME__"), SLICE("video #3 & text") },
    { SLICE("__CREATIVE_ID__"), SLICE("1790512345678909012") },
    { SLICE("__PLACEMENT__"), SLICE("TikTok") },
    { SLICE("__CALLBACK_PARAM__"), { 0 } },
    { SLICE("__PIXEL__"), SLICE("C9EXAMPLEPIXEL00") },
    { SLICE("__OS__"), SLICE("0") },
    { SLICE("__IP__"), SLICE("198.51.100.7") },
    { SLICE("__UA__"), SLICE("Mozilla/5.0 (Linux; Android 14; Pixel 8)") },
    { SLICE("__TS__"), SLICE("1790000000") },
};

/* The macro-like word at the start of s: two underscores, capitals, two underscores. */
static struct slice macro_at(struct slice s)
{
    size_t n = 2;

    if (!slice_starts(s, S("__")))
        return (struct slice){ 0 };
    while (n < s.len && ((s.ptr[n] >= 'A' && s.ptr[n] <= 'Z') ||
                         (s.ptr[n] == '_' && n + 1 < s.len && s.ptr[n + 1] != '_')))
        n++;
    return n > 2 && slice_starts(slice_from_at(s, n), S("__")) ? slice_head(s, n + 2)
                                                               : (struct slice){ 0 };
}

static bool fill_one(struct buf *out, struct arena *arena, struct slice macro, struct slice ttclid,
                     uint64_t seed)
{
    for (size_t i = 0; i < sizeof(macros) / sizeof(*macros); i++) {
        if (!slice_eq(macros[i].name, macro))
            continue;
        if (macros[i].value.len)
            buf_percent(out, macros[i].value);
        else
            buf_percent(out, i == 0 ? ttclid : fill_ttclid(arena, seed + 1));
        return true;
    }
    return false;
}

struct slice fill_link(struct arena *arena, struct slice link, struct slice ttclid, uint64_t seed,
                       struct slice *unknown)
{
    struct buf out = { .limit = 256 * 1024 };
    struct slice text;

    *unknown = (struct slice){ 0 };
    while (link.len) {
        struct slice macro = macro_at(link);
        if (macro.len && fill_one(&out, arena, macro, ttclid, seed)) {
            link = slice_from_at(link, macro.len);
            continue;
        }
        if (macro.len && unknown->len == 0)
            *unknown = macro;
        buf_add(&out, slice_head(link, macro.len ? macro.len : 1));
        link = slice_from_at(link, macro.len ? macro.len : 1);
    }
    text = buf_ok(&out) ? arena_dup(arena, buf_slice(&out)) : (struct slice){ 0 };
    buf_free(&out);
    return text;
}

bool fill_is_macro_value(struct slice value)
{
    for (size_t i = 0; i < sizeof(macros) / sizeof(*macros); i++)
        if (macros[i].value.len && slice_eq(macros[i].value, value))
            return true;
    return false;
}
