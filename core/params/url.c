#include "core/params/params.h"

#include "core/params/damage.h"

/* The offset of the first byte of s that is one of set. */
static size_t index_any(struct slice s, struct slice set)
{
    size_t i = 0;

    while (i < s.len && slice_index(set, s.ptr[i]) == set.len)
        i++;
    return i;
}

/* Without the fragment, which a browser keeps to itself; but "&#38;" is an '&' of HTML source.
 * Parameters in it never reach a server: most likely a '#' stands there that should be "%23". */
static struct slice without_fragment(struct params *p, struct slice url)
{
    struct slice lost;
    size_t i = 0;

    while (i < url.len && !(url.ptr[i] == '#' &&
                            !(i && url.ptr[i - 1] == '&' && damage_amp(slice_from_at(url, i)))))
        i++;
    lost = slice_from_at(url, i);
    if (index_any(lost, S("=&")) < lost.len)
        note_add(
            p->notes, "W010", S("#"),
            "#: what stands behind it is lost, since no server gets it; write %%23 for a \"#\" "
            "in a value");
    return slice_head(url, i);
}

/* "a=b&c=d": a '=' or '&' comes before anything that makes a URL. */
static bool is_bare_query(struct slice url)
{
    size_t i = index_any(url, S("/?=&:"));

    return i < url.len && (url.ptr[i] == '=' || url.ptr[i] == '&');
}

/* The parameters that stand in a path: "subid=1" of "//host/postback/subid=1" and of
 * "/postback/offer&subid=1"; empty when there are none. */
static struct slice in_path(struct slice path)
{
    size_t scheme = slice_find(path, S("://")), sign, start;

    if (scheme < index_any(path, S("=&")))
        path = slice_from_at(path, scheme + 3);
    sign = index_any(path, S("=&"));
    if (sign == path.len)
        return (struct slice){ 0 };
    if (path.ptr[sign] == '&')
        return slice_from_at(path, sign + 1);
    for (start = sign; start > 0 && path.ptr[start - 1] != '/';)
        start--;
    return slice_from_at(path, start);
}

static int path_params(struct params *p, struct slice text, struct err *err)
{
    struct slice name = note_short(p->arena, slice_head(text, index_any(text, S("=&"))));

    note_add(p->notes, "W004", name,
             "%.*s: stands in the path; it was read as if a \"?\" came before it", SLICE_ARG(name));
    return params_query(p, text, err);
}

int params_url(struct params *p, struct slice url, struct err *err)
{
    struct slice path, query, inside;

    url = without_fragment(p, slice_trim(url));
    if (is_bare_query(url))
        return params_query(p, url, err);
    slice_cut(url, '?', &path, &query);
    inside = in_path(path);
    /* A '?' behind a URL in a value belongs to that URL. */
    if (inside.len && slice_find(inside, S("://")) < inside.len)
        return path_params(p, in_path(url), err);
    if (inside.len && path_params(p, inside, err) != 0)
        return -1;
    return params_query(p, query, err);
}
