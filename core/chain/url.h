/* url.h: a URL as browsers and redirecting servers see it: taken apart, put together, resolved.
 * Nothing is repaired here: params.h is for what reaches clickbaton, this for what happens before.
 *
 * Syntax and resolving as RFC 3986 sections 3 and 5.2 ("Uniform Resource Identifier (URI): Generic
 * Syntax", https://www.rfc-editor.org/rfc/rfc3986), queries as the URL Standard's
 * application/x-www-form-urlencoded (https://url.spec.whatwg.org/): '&' separates, the first '='
 * splits, '+' is a blank, invalid escapes stay. */
#ifndef CORE_CHAIN_URL_H
#define CORE_CHAIN_URL_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/slice.h"

#define URL_MAX_BYTES 32768 /* what is longer is refused */

/* Everything borrowed from the text.  Without "//" host and port are empty. */
struct url {
    struct slice scheme;   /* "https", empty when relative; as it came: compare without case */
    struct slice host;     /* without port and user; an IPv6 address with its brackets */
    struct slice port;     /* digits, or empty */
    struct slice path;     /* from the first '/', may be empty */
    struct slice query;    /* behind the first '?', without it */
    struct slice fragment; /* behind the first '#', without it */
    bool has_authority, has_query, has_fragment;
};

/* Why text is no URL that can be followed ("has no host" ...); NULL when it is one, absolute or
 * relative.  Blanks around it are left out; a blank, control byte or backslash in it is refused
 * only in scheme and host.  A user name or password is refused, never stripped: in a chain it is a
 * mistake or a disguise. */
const char *url_parse(struct slice text, struct url *out);

/* The reference `ref` as seen on the page `base`, which must be absolute: "/x", "?a=1", "//host",
 * "../y", "https://...".  Dot segments are removed; the fragment is the reference's own.  In arena;
 * the empty slice when it is full or one of the two is refused by url_parse. */
struct slice url_resolve(struct arena *arena, struct slice base, struct slice ref);

/* As a browser sends it: blanks and bytes beyond ASCII percent-encoded.  Fits a whole URL whose
 * host is ASCII, a path or a query.  In arena when there is something to encode. */
struct slice url_sent(struct arena *arena, struct slice text);

/* Put together again; without has_query or has_fragment that part is left out. */
void url_print(struct buf *b, const struct url *u);

/* http or https, in any case. */
bool url_is_web(const struct url *u);

/* "trk.example" and "www.trk.example" are one site: the last two labels are the same (three when
 * the one before the last has at most three letters and the last two, as in co.uk).  A
 * rough rule: there is no list of public suffixes here. */
bool url_same_site(struct slice host_a, struct slice host_b);

/* One name=value of a query, not decoded. */
struct url_pair {
    struct slice name, value;
    bool has_equals;
};

/* Next pair of *rest; false at the end.  Empty items are passed over. */
bool url_next_pair(struct slice *rest, struct url_pair *pair);

/* Decoded once; borrowed when there is nothing to decode, else in arena. */
struct slice url_decode(struct arena *arena, struct slice text);

/* Value, decoded, of the first pair of that name (compared decoded, with case); false without. */
bool url_get(struct arena *arena, struct slice query, struct slice name, struct slice *value);

#endif
