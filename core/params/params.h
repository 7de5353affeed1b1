/* params.h: what a caller sent, as an ordered list of name/value pairs.  Any bytes may come.
 *
 * Damage with exactly one reading is repaired and reported (Wxxx of core/base/codes.h):
 *   &amp; left in                          a=1&amp;b=2      -> a=1, b=2
 *   HTML entity eaten                      a=1¤cy=EUR       -> a=1, currency=EUR
 *   a second '?'                           a=1?b=2          -> a=1, b=2
 *   no '?' at all                          /postback/b=2    -> b=2 (params_from_url)
 * Invalid percent escapes stay as they are, with a warning. */
#ifndef CORE_PARAMS_PARAMS_H
#define CORE_PARAMS_PARAMS_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/note.h"
#include "core/base/slice.h"

#define PARAMS_MAX 200 /* default limit, design.md section 7 */

struct param {
    struct slice name, value; /* decoded */
};

struct params {
    struct param *list; /* in the arena */
    size_t count, max;  /* max: 0 means PARAMS_MAX */
    struct arena *arena;
    struct notes *notes;
};

/* Each appends to p.  -1: ERR_INPUT when there are too many parameters or the JSON is not an object
 * of a bounded depth, ERR_BUSY when the arena is full. */
int params_query(struct params *p, struct slice raw, struct err *err);
int params_form(struct params *p, struct slice raw, struct err *err);

/* A JSON object.  Nested names are joined by dots (tracker.event, items.0.id), numbers keep their
 * digits as written, true/false/null become those words.  Depth at most 16. */
int params_json(struct params *p, struct slice raw, struct err *err);

/* By Content-Type: JSON, a form, or, without one, whichever the first byte says. */
int params_body(struct params *p, struct slice content_type, struct slice raw, struct err *err);

/* A whole URL, "?query", "query", or a target whose query lost its '?'.  The path, if any, is left
 * out; a parameter that stands in the path ("/postback/subid=1") counts. */
int params_url(struct params *p, struct slice url, struct err *err);

/* First value by exact name; false when there is none. */
bool params_get(const struct params *p, struct slice name, struct slice *value);

/* A name that came with two different values, or the empty slice; the same value twice is only
 * noted (once). */
struct slice params_conflict(const struct params *p);

/* Why a value says nothing: "is empty", "is the unexpanded macro {x}" ...; NULL when it is usable.
 * Knows the syntax of every tracker and network in reference tables: {x} {{x}} [x] [[[x]]] ##X##
 * #x# %x% ${x} <x> [=x=] __X__ _X_ %7Bx%7D REPLACE OPTIONAL undefined null ... */
const char *params_unusable(struct slice value);

#endif
