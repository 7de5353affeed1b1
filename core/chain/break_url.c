/* break_url.c: failures that act on the text of the URL. */
#include "core/chain/break_acts.h"

#include "core/chain/edit.h"
#include "core/params/damage.h"

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

struct slice break_strip_query(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL)
        return url;
    return with_query(arena, &u, (struct slice){ 0 }, false);
}

struct slice break_trailing_slash(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL)
        return url;
    if (!slice_ends(u.path, S("/")))
        u.path = arena_printf(arena, "%.*s/", SLICE_ARG(u.path));
    return with_query(arena, &u, (struct slice){ 0 }, false);
}

struct slice break_fragment(struct arena *arena, const struct hop_break *b, struct slice url)
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
struct slice break_fragment_first(struct arena *arena, const struct hop_break *b, struct slice url)
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
struct slice break_second_question_mark(struct arena *arena, const struct hop_break *b,
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

struct slice break_html_entities(struct arena *arena, const struct hop_break *b, struct slice url)
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
struct slice break_ascii_only(struct arena *arena, const struct hop_break *b, struct slice url)
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

struct slice break_downgrade(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    (void)b;
    if (url_parse(url, &u) != NULL || !slice_eq_nocase(u.scheme, S("https")))
        return url;
    u.scheme = S("http");
    return with_query(arena, &u, u.query, u.has_query);
}

struct slice break_host(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct url u;

    if (url_parse(url, &u) != NULL || !u.has_authority)
        return url;
    u.host = b->text;
    return with_query(arena, &u, u.query, u.has_query);
}

/* "Location: /page?a=1" where the whole URL was meant: the browser stays on the hop's own host. */
struct slice break_relative(struct arena *arena, const struct hop_break *b, struct slice url)
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
struct slice break_same(struct arena *arena, const struct hop_break *b, struct slice url)
{
    (void)arena;
    (void)b;
    return url;
}
