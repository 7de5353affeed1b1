#include "core/chain/breaks.h"

#include "core/chain/edit.h"
#include "core/params/damage.h"

/* ---- which parameters it is about ---- */

static bool names_it(const struct hop_break *b, struct slice name)
{
    for (size_t i = 0; i < b->count; i++)
        if (slice_eq(b->names[i], name))
            return true;
    return b->count == 0;
}

/* ---- on the list of parameters ---- */

static struct slice drop(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = e.count; i-- > 0;)
        if (names_it(b, edit_name(&e, i)))
            edit_remove(&e, i);
    return edit_text(&e);
}

static struct slice keep_only(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = e.count; i-- > 0;)
        if (b->count == 0 || !names_it(b, edit_name(&e, i)))
            edit_remove(&e, i);
    return edit_text(&e);
}

static struct slice rename_params(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct slice name = edit_name(&e, i);
        for (size_t k = 0; k < b->count; k++)
            if (slice_eq(b->names[k], name)) {
                e.pairs[i].name = edit_encode(arena, b->values[k]);
                break;
            }
    }
    return edit_text(&e);
}

static struct slice uppercase_keys(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct slice name = edit_name(&e, i);
        char *upper = names_it(b, name) ? arena_alloc(arena, name.len) : NULL;
        for (size_t k = 0; upper && k < name.len; k++)
            upper[k] = ascii_upper(name.ptr[k]);
        if (upper)
            e.pairs[i].name = edit_encode(arena, (struct slice){ upper, name.len });
    }
    return edit_text(&e);
}

static struct slice duplicate(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;
    size_t count;

    if (!edit_open(&e, arena, url))
        return url;
    count = e.count;
    for (size_t i = 0; i < count; i++) {
        struct slice name = edit_name(&e, i);
        for (size_t k = 0; k < b->count; k++) {
            struct url_pair again = e.pairs[i];
            if (!slice_eq(b->names[k], name))
                continue;
            if (b->values)
                again.value = edit_encode(arena, b->values[k]);
            edit_add(&e, again);
        }
    }
    return edit_text(&e);
}

/* ---- on the text of the URL ---- */

static struct slice with_query(struct arena *arena, const struct url *was, struct slice query,
                               bool has_query)
{
    struct buf b = { .limit = 4 * URL_MAX_BYTES };
    struct url u = *was;
    struct slice out;

    u.query = query;
    u.has_query = has_query;
    url_print(&b, &u);
    out = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return out;
}

static struct slice strip_query(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL)
        return url;
    return with_query(arena, &u, (struct slice){ 0 }, false);
}

static struct slice trailing_slash(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL)
        return url;
    if (!slice_ends(u.path, S("/")))
        u.path = arena_printf(arena, "%.*s/", SLICE_ARG(u.path));
    return with_query(arena, &u, (struct slice){ 0 }, false);
}

static struct slice fragment(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL || !u.has_query)
        return url;
    u.fragment = u.has_fragment
                     ? arena_printf(arena, "%.*s&%.*s", SLICE_ARG(u.fragment), SLICE_ARG(u.query))
                     : u.query;
    u.has_fragment = true;
    return with_query(arena, &u, (struct slice){ 0 }, false);
}

/* "/page#top?a=1": what a program makes that appends "?..." to a link with an anchor. */
static struct slice fragment_first(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL || !u.has_query)
        return url;
    u.fragment = arena_printf(arena, "%.*s?%.*s", SLICE_ARG(u.fragment.len ? u.fragment : S("top")),
                              SLICE_ARG(u.query));
    u.has_fragment = true;
    return with_query(arena, &u, (struct slice){ 0 }, false);
}

/* A wrapper that appends "?utm_source=link" whether or not a '?' is there already. */
static struct slice second_question_mark(struct arena *arena, const struct hop_break *b,
                                         struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL)
        return url;
    return with_query(arena, &u,
                      u.has_query ? arena_printf(arena, "%.*s?utm_source=link", SLICE_ARG(u.query))
                                  : S("utm_source=link"),
                      true);
}

static struct slice html_entities(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct buf out = { .limit = 4 * URL_MAX_BYTES };
    struct url u;
    struct slice rest, query;

    (void)b;
    if (url_parse(url, &u) != NULL || !u.has_query)
        return url;
    for (rest = u.query; rest.len;) {
        struct slice sign;
        size_t len = rest.ptr[0] == '&' ? damage_entity(slice_from_at(rest, 1), &sign) : 0;
        if (len)
            buf_percent(&out, sign); /* as the browser sends it */
        else
            buf_byte(&out, rest.ptr[0]);
        rest = slice_from_at(rest, len + 1);
    }
    query = buf_ok(&out) ? arena_dup(arena, buf_slice(&out)) : u.query;
    buf_free(&out);
    return with_query(arena, &u, query, true);
}

/* Everything from the first byte on that is not ASCII, raw or as %C3. */
static struct slice ascii_only(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;
    size_t i = 0;

    (void)b;
    if (url_parse(url, &u) != NULL)
        return url;
    while (i < u.query.len && (unsigned char)u.query.ptr[i] < 0x80 &&
           !(u.query.ptr[i] == '%' && i + 1 < u.query.len && ascii_hex(u.query.ptr[i + 1]) >= 8))
        i++;
    return with_query(arena, &u, slice_head(u.query, i), u.has_query);
}

static struct slice downgrade(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL || !slice_eq_nocase(u.scheme, S("https")))
        return url;
    u.scheme = S("http");
    return with_query(arena, &u, u.query, u.has_query);
}

static struct slice host(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    if (url_parse(url, &u) != NULL || !u.has_authority)
        return url;
    u.host = b->text;
    return with_query(arena, &u, u.query, u.has_query);
}

/* "Location: /page?a=1" where the whole URL was meant: the browser stays on the hop's own host. */
static struct slice relative(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL || !u.has_authority)
        return url;
    u.scheme = u.host = u.port = (struct slice){ 0 };
    u.has_authority = false;
    if (u.path.len == 0)
        u.path = S("/");
    return with_query(arena, &u, u.query, u.has_query);
}

/* Written into the URL as they are: '&', '#' and '+' of a value become the URL's own. */
static struct slice decode(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct slice value = edit_value(&e, i);
        struct buf raw = { .limit = URL_MAX_BYTES };
        if (!names_it(b, edit_name(&e, i)))
            continue;
        for (size_t k = 0; k < value.len; k++)
            if ((unsigned char)value.ptr[k] > 0x20 && value.ptr[k] != 0x7f)
                buf_byte(&raw, value.ptr[k]);
            else /* a browser encodes these again */
                buf_percent(&raw, (struct slice){ value.ptr + k, 1 });
        if (buf_ok(&raw))
            e.pairs[i].value = arena_dup(arena, buf_slice(&raw));
        buf_free(&raw);
    }
    return edit_text(&e);
}

static struct slice space_to_plus(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct buf raw = { .limit = URL_MAX_BYTES };
        struct slice rest = e.pairs[i].value;
        if (!names_it(b, edit_name(&e, i)))
            continue;
        while (rest.len) {
            bool blank = slice_starts(rest, S("%20"));
            buf_byte(&raw, blank ? '+' : rest.ptr[0]);
            rest = slice_from_at(rest, blank ? 3 : 1);
        }
        if (buf_ok(&raw))
            e.pairs[i].value = arena_dup(arena, buf_slice(&raw));
        buf_free(&raw);
    }
    return edit_text(&e);
}

static struct slice same(struct arena *arena, const struct hop_break *b, struct slice url)
{
    (void)arena;
    (void)b;
    return url;
}

/* ---- on one value ---- */

static struct slice lowercase(struct arena *arena, const struct hop_break *b, struct slice name,
                              struct slice value)
{
    char *lower = arena_alloc(arena, value.len);

    (void)b;
    (void)name;
    for (size_t i = 0; lower && i < value.len; i++)
        lower[i] = ascii_lower(value.ptr[i]);
    return lower ? (struct slice){ lower, value.len } : value;
}

static struct slice truncate(struct arena *arena, const struct hop_break *b, struct slice name,
                             struct slice value)
{
    (void)arena;
    (void)name;
    return slice_head(value, (size_t)b->number);
}

static struct slice double_encode(struct arena *arena, const struct hop_break *b, struct slice name,
                                  struct slice value)
{
    (void)b;
    (void)name;
    return edit_encode(arena, value);
}

static struct slice plus_to_space(struct arena *arena, const struct hop_break *b, struct slice name,
                                  struct slice value)
{
    char *text = arena_alloc(arena, value.len);

    (void)b;
    (void)name;
    for (size_t i = 0; text && i < value.len; i++)
        text[i] = value.ptr[i] == '+' ? ' ' : value.ptr[i];
    return text ? (struct slice){ text, value.len } : value;
}

static struct slice base64(struct arena *arena, const struct hop_break *b, struct slice name,
                           struct slice value)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *out = arena_alloc(arena, (value.len + 2) / 3 * 4);
    size_t n = 0;

    (void)b;
    (void)name;
    for (size_t i = 0; out && i < value.len; i += 3) {
        size_t have = value.len - i < 3 ? value.len - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < have ? (unsigned char)value.ptr[i + k] : 0);
        for (size_t k = 0; k < have + 1; k++)
            out[n++] = letters[bits >> (18 - 6 * k) & 63];
    }
    return out ? (struct slice){ out, n } : value;
}

/* A token that only the hop itself can turn back; the same value gives the same one. */
static struct slice encrypt(struct arena *arena, const struct hop_break *b, struct slice name,
                            struct slice value)
{
    (void)b;
    (void)name;
    return arena_printf(arena, "%016llx%016llx", (unsigned long long)slice_hash(value, 1),
                        (unsigned long long)slice_hash(value, 2));
}

static struct slice literal(struct arena *arena, const struct hop_break *b, struct slice name,
                            struct slice value)
{
    (void)b;
    (void)value;
    return arena_printf(arena, "{%.*s}", SLICE_ARG(name));
}

/* ---- the table ---- */

const struct break_kind break_kinds[] = {
    { .name = "drop",
      .takes = BREAK_NAMES,
      .url = drop,
      .sample = "IDS",
      .does = "leaves out parameters",
      .remedy = "let this hop pass the whole query on" },
    { .name = "keep_only",
      .takes = BREAK_NAMES,
      .url = keep_only,
      .sample = "[utm_source, utm_campaign]",
      .does = "builds the query anew from a list of names it knows",
      .remedy = "add the names to its list; behind the tracker its short click id is enough, in a "
                "name from that list" },
    { .name = "rename",
      .takes = BREAK_MAP,
      .url = rename_params,
      .sample = "RENAMED",
      .does = "gives parameters other names",
      .remedy = "tell the next hop the new name, or keep the old one" },
    { .name = "uppercase_keys",
      .takes = BREAK_ALL_OR_NAMES,
      .url = uppercase_keys,
      .sample = "true",
      .does = "writes names in capitals",
      .remedy = "names are case-sensitive: keep them as they come" },
    { .name = "lowercase",
      .takes = BREAK_ALL_OR_NAMES,
      .value = lowercase,
      .stored = true,
      .sample = "true",
      .does = "lower-cases values",
      .remedy = "click ids are case-sensitive: turn the lower-casing off for parameters" },
    { .name = "truncate",
      .takes = BREAK_NUMBER,
      .value = truncate,
      .stored = true,
      .sample = "255",
      .does = "cuts long values",
      .remedy = "widen the field: a ttclid has some 300 characters, up to 1,000, a tracker's click "
                "id up to 30; or pass the shorter of the two" },
    { .name = "double_encode",
      .takes = BREAK_ALL_OR_NAMES,
      .value = double_encode,
      .sample = "true",
      .does = "percent-encodes values that are encoded already",
      .remedy = "encode once: use the raw macro, or take the second encoding out" },
    { .name = "decode",
      .takes = BREAK_ALL_OR_NAMES,
      .url = decode,
      .sample = "true",
      .does = "writes values into the URL without encoding them",
      .remedy = "encode values: a & or # inside one ends it" },
    { .name = "html_entities",
      .takes = BREAK_FLAG,
      .url = html_entities,
      .sample = "true",
      .does = "has a target that was copied out of a rendered page, where &currency= has become \u00a4cy=",
      .remedy = "copy the URL as plain text, and write &amp; in HTML" },
    { .name = "second_question_mark",
      .takes = BREAK_FLAG,
      .url = second_question_mark,
      .sample = "true",
      .does = "appends with a second \"?\", which glues what follows to the last value",
      .remedy = "append with & when there is a ? already" },
    { .name = "fragment",
      .takes = BREAK_FLAG,
      .url = fragment,
      .sample = "true",
      .does = "puts the parameters behind a \"#\", where no server sees them",
      .remedy = "put them before the #, or have a landing page with lander.js read them there" },
    { .name = "fragment_first",
      .takes = BREAK_FLAG,
      .url = fragment_first,
      .sample = "true",
      .does = "writes the anchor before the query, so that the query is part of it",
      .remedy = "the query comes first: /page?a=1#top" },
    { .name = "strip_query",
      .takes = BREAK_FLAG,
      .url = strip_query,
      .sample = "true",
      .does = "drops the whole query",
      .remedy = "append the query to the target ($is_args$args in nginx, QSA in Apache)" },
    { .name = "trailing_slash",
      .takes = BREAK_FLAG,
      .url = trailing_slash,
      .sample = "true",
      .does = "answers with a 301 to the path with a \"/\", without the query",
      .remedy = "link to the address that ends in / at once" },
    { .name = "duplicate",
      .takes = BREAK_MAP_OR_NAMES,
      .url = duplicate,
      .sample = "IDS",
      .does = "adds a parameter that is there already",
      .remedy = "set it instead of adding it" },
    { .name = "relative",
      .takes = BREAK_FLAG,
      .url = relative,
      .sample = "true",
      .does = "sends a relative Location, which stays on its own host",
      .remedy = "send the whole URL with its host" },
    { .name = "downgrade",
      .takes = BREAK_FLAG,
      .url = downgrade,
      .sample = "true",
      .does = "goes on to http",
      .remedy = "write https:// in the target" },
    { .name = "host",
      .takes = BREAK_TEXT,
      .url = host,
      .sample = "www.other.example",
      .does = "goes on to another host",
      .remedy = "link to the host that it ends on at once" },
    { .name = "lose_cookies",
      .takes = BREAK_FLAG,
      .url = same,
      .sample = "true",
      .does = "meets a browser that keeps none of its cookies",
      .remedy = "carry the click id in the URL, not in a cookie of another domain" },
    { .name = "base64",
      .takes = BREAK_ALL_OR_NAMES,
      .value = base64,
      .sample = "true",
      .does = "passes values on in base64",
      .remedy = "send the plain value: nobody behind it decodes it" },
    { .name = "encrypt",
      .takes = BREAK_ALL_OR_NAMES,
      .value = encrypt,
      .sample = "IDS",
      .does = "passes values on encrypted",
      .remedy = "have it send the plain click id, or its own id in the postback as well" },
    { .name = "literal",
      .takes = BREAK_NAMES,
      .value = literal,
      .sample = "IDS",
      .does = "leaves macros unfilled",
      .remedy = "correct the macro: spelling, case, and that this hop knows it" },
    { .name = "plus_to_space",
      .takes = BREAK_ALL_OR_NAMES,
      .value = plus_to_space,
      .stored = true,
      .sample = "true",
      .does = "makes blanks of the \"+\" in values",
      .remedy = "write %2B for a plus sign in a value" },
    { .name = "space_to_plus",
      .takes = BREAK_ALL_OR_NAMES,
      .url = space_to_plus,
      .sample = "true",
      .does = "writes blanks as \"+\"",
      .remedy = "nothing: both mean a blank in a query" },
    { .name = "ascii_only",
      .takes = BREAK_FLAG,
      .url = ascii_only,
      .sample = "true",
      .does = "cuts the URL before the first letter beyond ASCII",
      .remedy = "put the ids before free texts such as the campaign's name, or leave those out" },
    { 0 },
};

const struct break_kind *break_named(struct slice name)
{
    for (const struct break_kind *k = break_kinds; k->name; k++)
        if (slice_eq(slice_from(k->name), name))
            return k;
    return NULL;
}

struct slice break_apply(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (b->kind->url)
        return b->kind->url(arena, b, url);
    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct slice name = edit_name(&e, i);
        if (names_it(b, name))
            edit_set_value(&e, i, b->kind->value(arena, b, name, edit_value(&e, i)));
    }
    return edit_text(&e);
}

struct slice break_store(struct arena *arena, const struct hop_break *b, struct slice name,
                         struct slice value)
{
    return b->kind->stored && names_it(b, name) ? b->kind->value(arena, b, name, value) : value;
}
