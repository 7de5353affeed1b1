#include "core/identity/ip.h"

#include <stdio.h>
#include <string.h>

/* IANA's special-purpose address registries (RFC 6890 and its updates), as far as people's
 * addresses can fall into them by mistake. */
static const struct {
    uint32_t network;
    int bits;
    const char *why;
} not_public_v4[] = {
    { 0x00000000, 32, "is the unspecified address" },
    { 0x00000000, 8, "is a reserved address" },
    { 0x0a000000, 8, "is a private address" },
    { 0x64400000, 10, "is a private address" }, /* between a carrier and its customers */
    { 0x7f000000, 8, "is a loopback address" },
    { 0xa9fe0000, 16, "is a link-local address" },
    { 0xac100000, 12, "is a private address" },
    { 0xc0000000, 24, "is a reserved address" },
    { 0xc0a80000, 16, "is a private address" },
    { 0xc6120000, 15, "is a reserved address" }, /* benchmarks */
    { 0xe0000000, 4, "is a multicast address" },
    { 0xf0000000, 4, "is a reserved address" },
};

/* By the first 16 bits.  Addresses are given out of 2000::/3 only. */
static const struct {
    uint16_t network;
    int bits;
    const char *why;
} v6[] = {
    { 0x2000, 3, NULL },
    { 0x0064, 16, NULL }, /* 64:ff9b::/96: IPv4 behind a translator */
    { 0xfc00, 7, "is a private address" },
    { 0xfe80, 10, "is a link-local address" },
    { 0xfec0, 10, "is a private address" }, /* site-local, of old */
    { 0xff00, 8, "is a multicast address" },
    { 0x0000, 0, "is a reserved address" },
};

/* Dotted, all of s; no leading zeros, which some programs read as octal. */
static bool parse_v4(struct slice s, uint32_t *out)
{
    uint32_t address = 0;

    for (int i = 0; i < 4; i++) {
        struct slice part;
        uint64_t n;
        bool more = slice_cut(s, '.', &part, &s);
        if (more != (i < 3) || part.len > 3 || (part.len > 1 && part.ptr[0] == '0') ||
            !slice_to_u64(part, &n) || n > 255)
            return false;
        address = address << 8 | (uint32_t)n;
    }
    *out = address;
    return true;
}

/* One to four hex digits from the front of *s. */
static bool take_group(struct slice *s, uint16_t *out)
{
    unsigned n = 0, value = 0;

    while (n < s->len && n < 5 && ascii_hex(s->ptr[n]) >= 0)
        value = value << 4 | (unsigned)ascii_hex(s->ptr[n++]);
    if (n == 0 || n > 4)
        return false;
    *s = slice_from_at(*s, n);
    *out = (uint16_t)value;
    return true;
}

/* RFC 4291, section 2.2: eight groups, one run of zeros as "::", the last two perhaps as IPv4. */
static bool parse_v6(struct slice s, uint16_t groups[8])
{
    const size_t none = 9;
    size_t n = 0, gap = none;
    uint32_t v4;

    memset(groups, 0, 8 * sizeof(groups[0]));
    if (slice_starts(s, S("::"))) {
        gap = 0;
        s = slice_from_at(s, 2);
    }
    while (s.len) {
        if (n <= 6 && parse_v4(s, &v4)) {
            groups[n++] = (uint16_t)(v4 >> 16);
            groups[n++] = (uint16_t)v4;
            break;
        }
        if (n == 8 || !take_group(&s, &groups[n++]))
            return false;
        if (s.len == 0)
            break;
        if (s.ptr[0] != ':' || s.len == 1)
            return false;
        s = slice_from_at(s, 1);
        if (s.ptr[0] == ':') {
            if (gap != none)
                return false;
            gap = n;
            s = slice_from_at(s, 1);
        }
    }
    if (gap == none)
        return n == 8;
    if (n == 8)
        return false;
    memmove(groups + gap + 8 - n, groups + gap, (n - gap) * sizeof(groups[0]));
    memset(groups + gap, 0, (8 - n) * sizeof(groups[0]));
    return true;
}

static const char *v4_fault(uint32_t address)
{
    for (size_t i = 0; i < sizeof(not_public_v4) / sizeof(not_public_v4[0]); i++)
        if (((address ^ not_public_v4[i].network) >> (32 - not_public_v4[i].bits)) == 0)
            return not_public_v4[i].why;
    return NULL;
}

static const char *v6_fault(const uint16_t groups[8])
{
    size_t i = 0;

    while (i < 7 && groups[i] == 0)
        i++;
    if (i == 7 && groups[7] <= 1)
        return groups[7] ? "is a loopback address" : "is the unspecified address";
    for (i = 0; ((groups[0] ^ v6[i].network) >> (16 - v6[i].bits)) != 0;)
        i++;
    return v6[i].why;
}

static bool is_mapped(const uint16_t groups[8])
{
    for (int i = 0; i < 5; i++)
        if (groups[i])
            return false;
    return groups[5] == 0xffff;
}

static size_t write_v4(uint32_t a, char out[IP_TEXT_MAX])
{
    return (size_t)snprintf(out, IP_TEXT_MAX, "%u.%u.%u.%u", (unsigned)(a >> 24),
                            (unsigned)(a >> 16 & 255), (unsigned)(a >> 8 & 255),
                            (unsigned)(a & 255));
}

bool ip_parse(struct slice s, unsigned char out[16])
{
    uint16_t groups[8] = { [5] = 0xffff };
    uint32_t v4;

    if (parse_v4(s, &v4)) {
        groups[6] = (uint16_t)(v4 >> 16);
        groups[7] = (uint16_t)v4;
    } else if (s.len > IP_TEXT_MAX || !parse_v6(s, groups)) {
        return false;
    }
    for (size_t i = 0; i < 16; i++)
        out[i] = (unsigned char)(groups[i / 2] >> (i % 2 ? 0 : 8));
    return true;
}

size_t ip_normalise(struct slice value, char out[IP_TEXT_MAX], const char **why)
{
    uint16_t groups[8];
    uint32_t v4;

    value = slice_trim(value);
    if (parse_v4(value, &v4)) {
        *why = v4_fault(v4);
    } else if (value.len > IP_TEXT_MAX || !parse_v6(value, groups)) {
        *why = slice_index(value, ',') < value.len ? "is a list, not one IP address"
                                                   : "is not an IP address";
    } else if (is_mapped(groups)) {
        v4 = (uint32_t)groups[6] << 16 | groups[7];
        *why = v4_fault(v4);
        return *why ? 0 : write_v4(v4, out);
    } else {
        *why = v6_fault(groups);
    }
    if (*why)
        return 0;
    for (size_t i = 0; i < value.len; i++)
        out[i] = ascii_lower(value.ptr[i]);
    return value.len;
}

const char *ip_not_public(const unsigned char *bytes, size_t len)
{
    static const uint16_t nat64[6] = { 0x64, 0xff9b }; /* RFC 6052; 64:ff9b:1::/48 is a network's own */
    uint16_t groups[8] = { 0 };

    for (size_t i = 0; i < 16 && i < len; i++)
        groups[i / 2] = (uint16_t)(groups[i / 2] << 8 | bytes[i]);
    if (len == 4)
        return v4_fault((uint32_t)groups[0] << 16 | groups[1]);
    if (len != 16)
        return "is not an IP address";
    if (is_mapped(groups) || memcmp(groups, nat64, sizeof(nat64)) == 0)
        return v4_fault((uint32_t)groups[6] << 16 | groups[7]);
    if (groups[0] == 0x2002) /* 6to4 */
        return v4_fault((uint32_t)groups[1] << 16 | groups[2]);
    if (groups[0] == 0x64 || (groups[0] == 0x2001 && groups[1] == 0))
        return "is a reserved address";
    return v6_fault(groups);
}
