/* browser.h: what a browser says of who asks: Host, Origin, Sec-Fetch-Site, Cookie.  Pure.
 *
 * A page of another site can make a browser send requests to addresses of its owner's machine, also under
 * a name of its own that it lets point there (DNS rebinding).  It can't choose these headers. */
#ifndef CORE_GUARD_BROWSER_H
#define CORE_GUARD_BROWSER_H

#include "core/base/slice.h"

/* "name:9090", "127.0.0.1", "[::1]:9090" to name (of an IPv6 address without brackets) and port (empty: none).
 * false for what is no host. */
bool browser_host(struct slice header, struct slice *name, struct slice *port);

/* localhost and what ends in .localhost, 127.0.0.0/8, ::1. */
bool browser_is_loopback(struct slice name);

/* A host name or address as it may stand in a list of hosts: no scheme, port, path or wildcard. */
bool browser_is_name(struct slice name);

/* Is name a loopback one, or one of list (ended by an empty slice; NULL: none)?  Letters of any case, a dot at the end is none. */
bool browser_may_be(struct slice name, const struct slice *list);

/* Does a page of this site ask, or no page at all?  host: as the Host header said it; empty slices:
 * the header is not there. */
bool browser_same_site(struct slice host, struct slice origin, struct slice fetch_site);

/* The value of a cookie; the empty slice when there is none.  Of several the first. */
struct slice browser_cookie(struct slice header, struct slice name);

#endif
