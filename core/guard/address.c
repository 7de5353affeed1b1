#include "core/guard/address.h"

#include <stdio.h>
#include <string.h>

#include "core/identity/ip.h"

#define HOPS_MAX 32

static const unsigned char v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool address_is_v4(const struct address *a)
{
    return memcmp(a->bytes, v4_prefix, sizeof(v4_prefix)) == 0;
}

static bool is_port(struct slice s)
{
    uint64_t n;

    return s.len <= 5 && slice_to_u64(s, &n) && n <= 65535;
}

bool address_parse(struct slice text, struct address *out)
{
    struct slice host, port;

    if (slice_starts(text, S("["))) {
        if (!slice_cut(slice_from_at(text, 1), ']', &host, &port) ||
            (port.len && (port.ptr[0] != ':' || !is_port(slice_from_at(port, 1)))))
            return false;
        return slice_index(host, ':') < host.len && ip_parse(host, out->bytes);
    }
    if (slice_cut(text, ':', &host, &port) && slice_index(host, '.') < host.len) {
        if (!is_port(port))
            return false;
        text = host;
    }
    return ip_parse(text, out->bytes);
}

/* ---- networks ---- */

static unsigned bit(const struct address *a, unsigned i)
{
    return a->bytes[i / 8] >> (7 - i % 8) & 1;
}

bool network_parse(struct slice text, struct network *out, const char **why)
{
    struct slice host, length;
    bool has_length = slice_cut(text, '/', &host, &length), v4;
    uint64_t n = 0;

    *why = "is not an IP address or network";
    if (!ip_parse(host, out->base.bytes))
        return false;
    v4 = slice_index(host, ':') == host.len;
    *why = v4 ? "needs a length from 0 to 32 behind the /" : "needs a length from 0 to 128 behind the /";
    if (has_length && (!slice_to_u64(length, &n) || n > (v4 ? 32 : 128)))
        return false;
    out->bits = !has_length ? 128 : (unsigned)n + (v4 ? 96 : 0);
    *why = "names a host inside of the network";
    for (unsigned i = out->bits; i < 128; i++)
        if (bit(&out->base, i))
            return false;
    return true;
}

static bool holds(const struct network *n, const struct address *a)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;

    if (memcmp(n->base.bytes, a->bytes, whole) != 0)
        return false;
    if (rest && (n->base.bytes[whole] ^ a->bytes[whole]) >> (8 - rest))
        return false;
    return n->bits >= 96 || !address_is_v4(a);
}

bool networks_hold(const struct networks *n, const struct address *a)
{
    for (size_t i = 0; i < n->count; i++)
        if (holds(&n->list[i], a))
            return true;
    return false;
}

/* ---- proxies ---- */

static struct slice take_last(struct slice *list)
{
    size_t n = list->len;
    struct slice item;

    while (n && list->ptr[n - 1] != ',')
        n--;
    item = slice_trim(slice_from_at(*list, n));
    list->len = n ? n - 1 : 0;
    return item;
}

struct address address_client(struct address peer, struct slice forwarded,
                              const struct networks *trusted)
{
    struct address client = peer, before;

    for (int i = 0; i < HOPS_MAX && forwarded.len && networks_hold(trusted, &client); i++) {
        struct slice item = take_last(&forwarded);
        if (item.len == 0)
            continue;
        if (!address_parse(item, &before))
            break;
        client = before;
    }
    return client;
}

/* ---- as text and as a key ---- */

static unsigned group(const struct address *a, int i)
{
    return (unsigned)a->bytes[2 * i] << 8 | a->bytes[2 * i + 1];
}

void address_short(const struct address *a, char out[ADDRESS_SHORT_MAX])
{
    if (address_is_v4(a))
        snprintf(out, ADDRESS_SHORT_MAX, "%u.%u.%u.0/24", a->bytes[12], a->bytes[13], a->bytes[14]);
    else
        snprintf(out, ADDRESS_SHORT_MAX, "%x:%x:%x::/48", group(a, 0), group(a, 1), group(a, 2));
}

void address_text(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
    if (address_is_v4(a))
        snprintf(out, ADDRESS_TEXT_MAX, "%u.%u.%u.%u", a->bytes[12], a->bytes[13], a->bytes[14],
                 a->bytes[15]);
    else
        snprintf(out, ADDRESS_TEXT_MAX, "%x:%x:%x:%x:%x:%x:%x:%x", group(a, 0), group(a, 1),
                 group(a, 2), group(a, 3), group(a, 4), group(a, 5), group(a, 6), group(a, 7));
}

uint64_t address_key(const struct address *a, uint64_t seed)
{
    struct slice part = { (const char *)a->bytes, address_is_v4(a) ? 16 : 8 };

    return slice_hash(part, seed);
}
