#include "core/chain/compare.h"

#include "core/chain/url.h"

const char *baton_state_name(enum baton_state state)
{
    static const char *const names[] = { "absent", "kept", "lost", "changed", "truncated" };

    return names[state];
}

/* Alike but for '+' and blank, and for blanks around. */
static bool same_but_blanks(struct slice a, struct slice b)
{
    a = slice_trim(a);
    b = slice_trim(b);
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (a.ptr[i] != b.ptr[i] && (!memchr("+ ", a.ptr[i], 2) || !memchr("+ ", b.ptr[i], 2)))
            return false;
    return true;
}

static bool decodes_to(struct arena *arena, struct slice value, struct slice wanted)
{
    for (int times = 0; times < 2 && slice_index(value, '%') < value.len; times++) {
        value = url_decode(arena, value);
        if (slice_eq(value, wanted))
            return true;
    }
    return false;
}

static int base64_digit(char c)
{
    if (ascii_is_digit(c))
        return c - '0' + 52;
    if (ascii_is_alpha(c))
        return c >= 'a' ? c - 'a' + 26 : c - 'A';
    return c == '+' || c == '-' || c == ' ' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Plain or URL-safe, with padding or without. */
static bool is_base64_of(struct slice value, struct slice wanted)
{
    uint32_t bits = 0;
    size_t n = 0;
    int have = 0;

    while (value.len && value.ptr[value.len - 1] == '=')
        value.len--;
    if (value.len != (wanted.len * 8 + 5) / 6)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        int digit = base64_digit(value.ptr[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if ((char)(bits >> have & 0xff) != wanted.ptr[n++])
            return false;
    }
    return n == wanted.len;
}

/* The harm that made value of wanted; HARM_NONE when it was made of something else. */
static enum baton_harm harm_of(struct arena *arena, struct slice value, struct slice wanted)
{
    if (slice_eq_nocase(value, wanted))
        return HARM_CASE;
    if (same_but_blanks(value, wanted))
        return HARM_BLANKS;
    if (decodes_to(arena, value, wanted))
        return HARM_ENCODED;
    if (slice_index(wanted, '%') < wanted.len && slice_eq(url_decode(arena, wanted), value))
        return HARM_DECODED;
    if (wanted.len < COMPARE_PREFIX || value.len <= wanted.len)
        return HARM_NONE;
    if (slice_starts(value, wanted))
        return HARM_GLUED;
    if (is_base64_of(value, wanted))
        return HARM_BASE64;
    return slice_find(value, wanted) < value.len ? HARM_INSIDE : HARM_NONE;
}

static bool is_cut(struct slice value, struct slice wanted)
{
    return value.len >= COMPARE_PREFIX && value.len < wanted.len &&
           slice_starts_nocase(wanted, value);
}

static int rank(enum baton_state state)
{
    static const int ranks[] = { [BATON_KEPT] = 3, [BATON_CHANGED] = 2, [BATON_TRUNCATED] = 1 };

    return state <= BATON_TRUNCATED ? ranks[state] : 0;
}

static struct baton_found judge(struct arena *arena, struct slice value, struct slice wanted)
{
    struct baton_found f = { .state = BATON_LOST, .value = value };

    if (slice_eq(value, wanted))
        f.state = BATON_KEPT;
    else if ((f.harm = harm_of(arena, value, wanted)) != HARM_NONE)
        f.state = BATON_CHANGED;
    else if (is_cut(value, wanted))
        f.state = BATON_TRUNCATED;
    return f;
}

static struct baton_found find(struct arena *arena, struct slice query, struct slice wanted)
{
    struct baton_found best = { .state = BATON_LOST };
    struct url_pair pair;

    for (int n = 0; n < COMPARE_PAIRS && url_next_pair(&query, &pair); n++) {
        struct slice value = pair.has_equals ? pair.value : pair.name;
        struct baton_found f = judge(arena, url_decode(arena, value), wanted);
        if (rank(f.state) <= rank(best.state))
            continue;
        best = f;
        best.name = pair.has_equals ? url_decode(arena, pair.name) : (struct slice){ 0 };
        if (f.state == BATON_KEPT)
            break;
    }
    return best;
}

struct baton_found compare_value(struct arena *arena, struct slice url, struct slice wanted)
{
    struct baton_found found = { .state = BATON_ABSENT };
    struct slice fragment;
    struct url u;

    if (wanted.len == 0)
        return found;
    found.state = BATON_LOST;
    if (url_parse(url, &u))
        return found;
    found = find(arena, u.query, wanted);
    if (found.state != BATON_LOST || u.fragment.len == 0)
        return found;
    fragment = u.fragment; /* "#a=1", "#?a=1", "#/route?a=1" */
    if (slice_index(fragment, '?') < fragment.len)
        fragment = slice_from_at(fragment, slice_index(fragment, '?') + 1);
    found.in_fragment = find(arena, fragment, wanted).state == BATON_KEPT;
    return found;
}

struct named {
    struct slice name, value;
};

struct named_list {
    struct named list[COMPARE_PAIRS];
    size_t count;
};

static const struct named *named_find(const struct named_list *l, struct slice name)
{
    for (size_t i = 0; i < l->count; i++)
        if (slice_eq(l->list[i].name, name))
            return &l->list[i];
    return NULL;
}

/* The first pair of each name. */
static struct named_list *read_names(struct arena *arena, struct slice url)
{
    struct named_list *l = ARENA_NEW(arena, struct named_list);
    struct url_pair pair;
    struct url u;

    if (!l || url_parse(url, &u))
        return l;
    for (int n = 0; n < COMPARE_PAIRS && url_next_pair(&u.query, &pair); n++) {
        struct slice name = url_decode(arena, pair.name);
        if (!named_find(l, name))
            l->list[l->count++] = (struct named){ name, url_decode(arena, pair.value) };
    }
    return l;
}

static void name_add(struct compare_names *n, struct slice name)
{
    n->list[n->count++] = name;
}

bool compare_urls(struct arena *arena, struct slice before, struct slice after,
                  struct compare_changes *out)
{
    const struct named_list *old = read_names(arena, before), *new = read_names(arena, after);
    const struct named *there;

    *out = (struct compare_changes){ .lost.count = 0 };
    if (!old || !new)
        return false;
    out->lost.list = ARENA_ARRAY(arena, struct slice, old->count);
    out->changed.list = ARENA_ARRAY(arena, struct slice, old->count);
    out->added.list = ARENA_ARRAY(arena, struct slice, new->count);
    if (arena->full)
        return false;
    for (size_t i = 0; i < old->count; i++) {
        there = named_find(new, old->list[i].name);
        if (!there)
            name_add(&out->lost, old->list[i].name);
        else if (!slice_eq(there->value, old->list[i].value))
            name_add(&out->changed, old->list[i].name);
    }
    for (size_t i = 0; i < new->count; i++)
        if (!named_find(old, new->list[i].name))
            name_add(&out->added, new->list[i].name);
    return true;
}
