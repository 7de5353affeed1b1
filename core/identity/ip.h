/* ip.h: addresses on the internet: of people, and of servers that may be asked. */
#ifndef CORE_IDENTITY_IP_H
#define CORE_IDENTITY_IP_H

#include "core/base/slice.h"

#define IP_TEXT_MAX 45 /* 0000:0000:0000:0000:0000:0000:255.255.255.255 */

/* Write value if it is one public IPv4 or IPv6 address: an IPv4-mapped one as IPv4, IPv6 in lower
 * case as it came.  The length, or 0 and *why: the rest of a sentence.  The documentation networks
 * (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32) count as public: TikTok takes
 * them, and examples need some. */
size_t ip_normalise(struct slice value, char out[IP_TEXT_MAX], const char **why);

/* One IPv4 or IPv6 address, all of s, as 16 bytes in the order of the network, IPv4 as
 * ::ffff:a.b.c.d; false for anything else. */
bool ip_parse(struct slice s, unsigned char out[16]);

/* Why an address as the network has it, of 4 or 16 bytes, is none on the public internet: the rest of
 * a sentence; NULL when it is one.  IPv4 in IPv6 (mapped, NAT64, 6to4) counts as what it stands for;
 * Teredo, which hides one, is never public. */
const char *ip_not_public(const unsigned char *bytes, size_t len);

#endif
