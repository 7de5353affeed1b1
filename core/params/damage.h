/* damage.h: where an "&" between two parameters was lost, for core/params; and how that happens, for
 * core/chain. */
#ifndef CORE_PARAMS_DAMAGE_H
#define CORE_PARAMS_DAMAGE_H

#include "core/base/slice.h"

struct damage {
    const char *code;    /* W002: an HTML entity was eaten, W003: a second '?' */
    size_t at, len;      /* the bytes that stand where the '&' was */
    struct slice entity; /* W002: the begin of the name that was eaten, "curren" of "currency" */
    struct slice sign;   /* W002: what it became, in UTF-8 */
    struct slice rest;   /* the name up to its '=', without entity */
};

/* The first one in raw, a part of a query between two '&', not decoded.  Only what has exactly one
 * reading is reported. */
bool damage_find(struct slice raw, struct damage *d);

/* Length of what HTML source writes for '&', when the '&' of it is already cut off: "amp;", "#38;".
 * 0 when raw does not begin so. */
size_t damage_amp(struct slice raw);

/* How the damage of W002 comes about: text stands behind an '&' on a page.  Gives the length of the
 * HTML name at its start that a browser takes for a character (6 of "currency"), and the character,
 * as UTF-8; 0 when there is none. */
size_t damage_entity(struct slice text, struct slice *sign);

#endif
