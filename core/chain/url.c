#include "core/chain/url.h"

#include <string.h>

static bool scheme_char(char c)
{
    return ascii_is_alnum(c) || c == '+' || c == '-' || c == '.';
}

/* A blank, control byte or backslash.  Browsers drop or turn some of them and servers do not, so
 * that in a host each would see another one. */
static bool harmful(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f || s.ptr[i] == '\\')
            return true;
    return false;
}

/* Take "scheme:" off the front of *rest.  Without one the text is relative, as "12:30" is to
 * browsers. */
static const char *take_scheme(struct slice *rest, struct slice *scheme)
{
    size_t n = 0, path;

    while (n < rest->len && !memchr(":/?#", rest->ptr[n], 4))
        n++;
    if (n == 0 || n == rest->len || rest->ptr[n] != ':')
        return NULL;
    if (harmful(slice_head(*rest, n)))
        return "has a blank, control character or backslash in its scheme";
    for (path = 0; path < n && scheme_char(rest->ptr[path]);)
        path++;
    if (path < n || !ascii_is_alpha(rest->ptr[0]))
        return NULL;
    *scheme = slice_head(*rest, n);
    *rest = slice_from_at(*rest, n + 1);
    return NULL;
}

/* "[2001:db8::1]" and what stands behind it. */
static const char *cut_bracketed(struct slice authority, struct slice *host, struct slice *tail)
{
    size_t end = slice_index(authority, ']');

    if (end == authority.len || end < 3)
        return "has a malformed IPv6 address";
    for (size_t i = 1; i < end; i++)
        if (ascii_hex(authority.ptr[i]) < 0 && authority.ptr[i] != ':' && authority.ptr[i] != '.')
            return "has a malformed IPv6 address";
    *host = slice_head(authority, end + 1);
    *tail = slice_from_at(authority, end + 1);
    if (tail->len && tail->ptr[0] != ':')
        return "has a malformed IPv6 address";
    *tail = slice_from_at(*tail, 1);
    return NULL;
}

static const char *split_authority(struct slice authority, struct url *out)
{
    uint64_t port = 0;
    const char *why = NULL;

    if (harmful(authority))
        return "has a blank, control character or backslash in its host";
    if (slice_index(authority, '@') < authority.len)
        return "holds a user name or a password";
    if (authority.len && authority.ptr[0] == '[')
        why = cut_bracketed(authority, &out->host, &out->port);
    else
        slice_cut(authority, ':', &out->host, &out->port);
    if (why)
        return why;
    if (out->port.len && (!slice_to_u64(out->port, &port) || port > 65535))
        return "has a port that is no number up to 65535";
    if (out->host.len == 0 && (out->scheme.len == 0 || out->port.len || url_is_web(out)))
        return "has no host";
    return NULL;
}

const char *url_parse(struct slice text, struct url *out)
{
    struct slice rest = slice_trim(text), authority;
    const char *why;
    size_t end;

    *out = (struct url){ .has_authority = false };
    if (rest.len > URL_MAX_BYTES)
        return "is longer than 32 KB";
    why = take_scheme(&rest, &out->scheme);
    if (why)
        return why;
    out->has_fragment = slice_cut(rest, '#', &rest, &out->fragment);
    out->has_query = slice_cut(rest, '?', &rest, &out->query);
    out->path = rest;
    if (!slice_starts(rest, S("//")))
        return NULL;
    out->has_authority = true;
    rest = slice_from_at(rest, 2);
    end = slice_index(rest, '/');
    authority = slice_head(rest, end);
    out->path = slice_from_at(rest, end);
    return split_authority(authority, out);
}

/* RFC 3986, section 5.2.4, in place; path begins with '/'. */
static size_t remove_dots(char *path, size_t len)
{
    size_t to = 0, at = 0;

    while (at < len) {
        struct slice rest = { path + at + 1, len - at - 1 };
        size_t n = slice_index(rest, '/');
        struct slice segment = slice_head(rest, n);
        bool last = n == rest.len;
        if (slice_eq(segment, S("..")))
            while (to > 0 && path[--to] != '/')
                ;
        if (slice_eq(segment, S("..")) || slice_eq(segment, S("."))) {
            if (last)
                path[to++] = '/';
        } else {
            memmove(path + to, path + at, n + 1);
            to += n + 1;
        }
        at += n + 1;
    }
    return to;
}

/* RFC 3986, section 5.2.3; and the dot segments out of what begins with '/'.  What does not is no
 * hierarchy: the text of a script in javascript:, say. */
static struct slice join_paths(struct arena *arena, const struct url *base, struct slice path)
{
    struct slice front = { 0 };
    char *p = arena_alloc(arena, base ? base->path.len + path.len + 1 : path.len);
    size_t n;

    if (!p)
        return (struct slice){ 0 };
    if (base && (path.len == 0 || path.ptr[0] != '/')) {
        front = base->path;
        while (front.len && front.ptr[front.len - 1] != '/')
            front.len--;
        if (front.len == 0 && base->has_authority)
            front = S("/");
    }
    if (front.len)
        memcpy(p, front.ptr, front.len);
    if (path.len)
        memcpy(p + front.len, path.ptr, path.len);
    n = front.len + path.len;
    return (struct slice){ p, n && p[0] == '/' ? remove_dots(p, n) : n };
}

static void take_authority(struct url *to, const struct url *from)
{
    to->host = from->host;
    to->port = from->port;
    to->has_authority = from->has_authority;
}

struct slice url_resolve(struct arena *arena, struct slice base, struct slice ref)
{
    struct url b, r;
    struct buf text = { 0 };
    struct slice out = { 0 };

    if (url_parse(base, &b) || url_parse(ref, &r) || b.scheme.len == 0)
        return out;
    if (r.scheme.len || r.has_authority) {
        r.path = join_paths(arena, NULL, r.path);
    } else if (r.path.len) {
        r.path = join_paths(arena, &b, r.path);
        take_authority(&r, &b);
    } else {
        r.path = b.path;
        if (!r.has_query) {
            r.query = b.query;
            r.has_query = b.has_query;
        }
        take_authority(&r, &b);
    }
    if (r.scheme.len == 0)
        r.scheme = b.scheme;
    url_print(&text, &r);
    if (buf_ok(&text) && !arena->full)
        out = arena_dup(arena, buf_slice(&text));
    buf_free(&text);
    return out;
}

void url_print(struct buf *b, const struct url *u)
{
    if (u->scheme.len) {
        buf_add(b, u->scheme);
        buf_byte(b, ':');
    }
    if (u->has_authority) {
        buf_puts(b, "//");
        buf_add(b, u->host);
        if (u->port.len)
            buf_byte(b, ':');
        buf_add(b, u->port);
    } else if (slice_starts(u->path, S("//"))) {
        buf_puts(b, "/."); /* else the path would be read as a host */
    }
    buf_add(b, u->path);
    if (u->has_query) {
        buf_byte(b, '?');
        buf_add(b, u->query);
    }
    if (u->has_fragment) {
        buf_byte(b, '#');
        buf_add(b, u->fragment);
    }
}

bool url_is_web(const struct url *u)
{
    return slice_eq_nocase(u->scheme, S("http")) || slice_eq_nocase(u->scheme, S("https"));
}

/* Take the last label off *host. */
static struct slice take_label(struct slice *host)
{
    size_t at = host->len;
    struct slice label;

    while (at > 0 && host->ptr[at - 1] != '.')
        at--;
    label = slice_from_at(*host, at);
    *host = slice_head(*host, at ? at - 1 : 0);
    return label;
}

/* The end of a host that its owner has registered: shop.co.uk of www.shop.co.uk. */
static struct slice site_of(struct slice host)
{
    struct slice rest, top, second;
    size_t len;

    if (slice_ends(host, S(".")))
        host.len--;
    rest = host;
    top = take_label(&rest);
    if (top.len == 0 || ascii_is_digit(top.ptr[top.len - 1]) || host.ptr[0] == '[')
        return host; /* an address */
    second = take_label(&rest);
    len = second.len + 1 + top.len;
    if (second.len <= 3 && top.len == 2 && rest.len)
        len += take_label(&rest).len + 1;
    return len < host.len ? slice_from_at(host, host.len - len) : host;
}

bool url_same_site(struct slice host_a, struct slice host_b)
{
    return slice_eq_nocase(site_of(host_a), site_of(host_b));
}

bool url_next_pair(struct slice *rest, struct url_pair *pair)
{
    struct slice item;

    while (rest->len) {
        slice_cut(*rest, '&', &item, rest);
        if (item.len == 0)
            continue;
        pair->has_equals = slice_cut(item, '=', &pair->name, &pair->value);
        return true;
    }
    return false;
}

struct slice url_decode(struct arena *arena, struct slice text)
{
    size_t plain = 0, n;
    char *to;

    while (plain < text.len && text.ptr[plain] != '%' && text.ptr[plain] != '+')
        plain++;
    if (plain == text.len)
        return text;
    to = arena_alloc(arena, text.len);
    if (!to)
        return (struct slice){ 0 };
    memcpy(to, text.ptr, plain);
    n = plain;
    for (size_t i = plain; i < text.len; i++) {
        int high = text.ptr[i] == '%' && text.len - i > 2 ? ascii_hex(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex(text.ptr[i + 2]) : -1;
        to[n++] = low >= 0 ? (char)(high * 16 + low) : text.ptr[i] == '+' ? ' ' : text.ptr[i];
        i += low >= 0 ? 2 : 0;
    }
    return (struct slice){ to, n };
}

bool url_get(struct arena *arena, struct slice query, struct slice name, struct slice *value)
{
    struct url_pair pair;

    while (url_next_pair(&query, &pair)) {
        if (!slice_eq(url_decode(arena, pair.name), name))
            continue;
        *value = url_decode(arena, pair.value);
        return true;
    }
    return false;
}

struct slice url_sent(struct arena *arena, struct slice text)
{
    struct buf b = { 0 };
    size_t i = 0;

    while (i < text.len && text.ptr[i] != ' ' && (unsigned char)text.ptr[i] < 0x80)
        i++;
    if (i == text.len)
        return text;
    buf_add(&b, slice_head(text, i));
    for (; i < text.len; i++) {
        if (text.ptr[i] == ' ' || (unsigned char)text.ptr[i] >= 0x80)
            buf_percent(&b, (struct slice){ text.ptr + i, 1 });
        else
            buf_byte(&b, text.ptr[i]);
    }
    text = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return text;
}
