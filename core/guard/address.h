/* address.h: who calls: addresses, lists of networks, and the client behind proxies. */
#ifndef CORE_GUARD_ADDRESS_H
#define CORE_GUARD_ADDRESS_H

#include "core/base/slice.h"

/* In the order of the network; IPv4 as ::ffff:a.b.c.d. */
struct address {
    unsigned char bytes[16];
};

/* One network; bits counts from the front of the 16 bytes.  An IPv6 network holds no IPv4 address,
 * ::/0 neither. */
struct network {
    struct address base;
    unsigned bits;
};

struct networks {
    const struct network *list;
    size_t count;
};

/* "203.0.113.7", "2001:db8::1", as proxies write them also with a port: "203.0.113.7:4711",
 * "[2001:db8::1]:4711"; false for anything else. */
bool address_parse(struct slice text, struct address *out);

bool address_is_v4(const struct address *a);

/* "203.0.113.0/24", "2001:db8::/32", or one address.  false and *why, the rest of a sentence ("has
 * bits behind its length"), also for bits outside of the prefix: nobody can say whether the host or
 * its network was meant. */
bool network_parse(struct slice text, struct network *out, const char **why);

bool networks_hold(const struct networks *n, const struct address *a);

/* The client of a connection from peer.  forwarded: X-Forwarded-For, nearest proxy last; each hop is
 * believed only when it is one of the trusted ones, so the answer is the last entry that is none of
 * them.  What is no address ends the search; at most 32 entries are looked at. */
struct address address_client(struct address peer, struct slice forwarded,
                              const struct networks *trusted);

/* The part that says where a caller is and not who: "203.0.113.0/24", "2001:db8:1::/48". */
#define ADDRESS_SHORT_MAX 24
void address_short(const struct address *a, char out[ADDRESS_SHORT_MAX]);

/* "203.0.113.7", "2001:db8:0:0:0:0:0:1". */
#define ADDRESS_TEXT_MAX 46
void address_text(const struct address *a, char out[ADDRESS_TEXT_MAX]);

/* What one caller can't change at will: an IPv4 address, the /64 of an IPv6 address.  A hash that
 * nobody can foresee who does not know the seed's bits. */
uint64_t address_key(const struct address *a, uint64_t seed);

#endif
