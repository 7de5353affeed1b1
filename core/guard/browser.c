#include "core/guard/browser.h"

#include "core/guard/address.h"

#define NAME_MOST 253

static bool is_port(struct slice s)
{
    uint64_t n;

    return s.len >= 1 && s.len <= 5 && slice_to_u64(s, &n) && n <= 65535;
}

bool browser_is_name(struct slice name)
{
    struct address a;
    struct slice ipv6 = name;

    if (name.len == 0 || name.len > NAME_MOST)
        return false;
    if (slice_index(ipv6, ':') < ipv6.len)
        return address_parse(ipv6, &a) && !address_is_v4(&a) && slice_index(ipv6, '[') == ipv6.len;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || (c == '.' && i > 0 && name.ptr[i - 1] != '.')))
            return false;
    }
    return true;
}

bool browser_host(struct slice header, struct slice *name, struct slice *port)
{
    struct slice rest = header;

    *port = (struct slice){ 0 };
    if (slice_starts(header, S("["))) {
        size_t end = slice_index(header, ']');
        if (end == header.len)
            return false;
        *name = slice_head(slice_from_at(header, 1), end - 1);
        rest = slice_from_at(header, end + 1);
        if (slice_index(*name, ':') == name->len)
            return false;
    } else {
        *name = slice_head(header, slice_index(header, ':'));
        rest = slice_from_at(header, name->len);
    }
    if (!browser_is_name(*name))
        return false;
    if (rest.len == 0)
        return true;
    *port = slice_from_at(rest, 1);
    return rest.ptr[0] == ':' && is_port(*port);
}

static struct slice without_dot(struct slice name)
{
    return name.len > 1 && slice_ends(name, S(".")) ? slice_head(name, name.len - 1) : name;
}

bool browser_is_loopback(struct slice name)
{
    static const unsigned char one[16] = { [15] = 1 }, v4[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };
    struct slice end = S(".localhost");
    struct address a;

    name = without_dot(name);
    if (slice_eq_nocase(name, S("localhost")) ||
        (name.len > end.len && slice_eq_nocase(slice_from_at(name, name.len - end.len), end)))
        return true;
    return address_parse(name, &a) &&
           (slice_eq((struct slice){ (const char *)a.bytes, 16 },
                     (struct slice){ (const char *)one, 16 }) ||
            slice_eq((struct slice){ (const char *)a.bytes, 13 },
                     (struct slice){ (const char *)v4, 13 }));
}

bool browser_may_be(struct slice name, const struct slice *list)
{
    if (browser_is_loopback(name))
        return true;
    for (; list && list->len; list++)
        if (slice_eq_nocase(without_dot(name), without_dot(*list)))
            return true;
    return false;
}

bool browser_same_site(struct slice host, struct slice origin, struct slice fetch_site)
{
    struct slice scheme = slice_head(origin, slice_find(origin, S("://")));

    if (fetch_site.len && !slice_eq(fetch_site, S("same-origin")) && !slice_eq(fetch_site, S("none")))
        return false;
    if (origin.len == 0)
        return true;
    return (slice_eq_nocase(scheme, S("http")) || slice_eq_nocase(scheme, S("https"))) &&
           host.len > 0 && slice_eq_nocase(slice_from_at(origin, scheme.len + 3), host);
}

struct slice browser_cookie(struct slice header, struct slice name)
{
    struct slice item, key, value;

    while (slice_next(&header, ';', &item)) {
        if (slice_cut(slice_trim(item), '=', &key, &value) && slice_eq(key, name))
            return value;
    }
    return (struct slice){ 0 };
}
