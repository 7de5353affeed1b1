/* params.h: what a caller sent, as an ordered list of name/value pairs.  Any bytes may come.
 *
 * Damage with exactly one reading is repaired and reported (Wxxx of core/base/codes.h):
 *   W001 &amp; left in             a=1&amp;b=2     -> a=1, b=2
 *   W002 HTML entity eaten         a=1¤cy=EUR      -> a=1, currency=EUR
 *   W003 a second '?'              a=1?b=2         -> a=1, b=2  (not behind a '/': a nested URL)
 *   W004 no '?' at all             /postback/b=2   -> b=2  (params_url)
 * What has no repair is kept as it is and reported: W005 a '%' without two hexadecimal digits,
 * W007 bytes that are not UTF-8, W008 control bytes.  W009: a value without a name, skipped.  The
 * sentences hold names (cut at 60 bytes), never values. */
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

/* Each appends to p; names and values are in the arena.  -1: ERR_INPUT when there are too many
 * parameters or the JSON is not an object of a bounded depth, ERR_BUSY when the arena is full.
 *
 * Queries and forms are one syntax: only '&' separates, '+' is a blank, names keep their case, dots
 * and brackets.  A word without '=' is a name with an empty value. */
int params_query(struct params *p, struct slice raw, struct err *err);
int params_form(struct params *p, struct slice raw, struct err *err);

/* A JSON object.  Nested names are joined by dots (tracker.event, items.0.id), numbers keep their
 * digits as written, true/false/null become those words.  Depth at most 16, joined names at most
 * 1000 bytes.  A name that comes twice is in the list twice. */
int params_json(struct params *p, struct slice raw, struct err *err);

/* By Content-Type: JSON, a form, or, without one or with another, whichever the first byte says.  A
 * form that begins like a JSON object is one (`curl -d '{"subid":"1"}'`). */
int params_body(struct params *p, struct slice content_type, struct slice raw, struct err *err);

/* A whole URL, "?query", "query", or a target whose query lost its '?'.  The path, if any, is left
 * out; a parameter that stands in the path ("/postback/subid=1", "/postback/offer&subid=1") counts.
 * The fragment is ignored, as no server gets it (W010 when it holds parameters). */
int params_url(struct params *p, struct slice url, struct err *err);

/* The last step of a name: email of fields.email and of customer[email]. */
struct slice params_last_step(struct slice name);

/* First value by exact name; false when there is none. */
bool params_get(const struct params *p, struct slice name, struct slice *value);

/* A name that came with two different values, or the empty slice; the same value twice is only
 * noted (once). */
struct slice params_conflict(const struct params *p);

/* Why a value says nothing: "is empty", "is the unexpanded macro {x}" ...; NULL when it is usable.
 * Blanks around a value do not count.  Unusable is
 *   a whole value that is a macro of a tracker or network: {x} {x:args} {{x}} ${x} #{x} [x] [[[x]]]
 *     [=x=] ##x## #x# %x% <x> $x __X__ _X_ (one underscore: upper case only), also when it was
 *     percent-encoded once or twice too often (%7Bx%7D);
 *   an id that holds one: braces or ## around a name anywhere ("{clickid}_1"), unless the value has
 *     blanks (a text) or "://" (a URL); "{click" that was cut;
 *   a placeholder that nobody edited (REPLACE, OPTIONAL ...) or a program's word for nothing
 *     (undefined, null, NaN ...), of which unusable.c has the table.
 * Usable are a UUID in braces, JSON, a lone brace, and words that networks send as a status (none,
 * new, amount). */
const char *params_unusable(struct slice value);

#endif
