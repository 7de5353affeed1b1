/* compare.h: what became of one value, and of all parameters, from one URL to the next.  Only the
 * query counts: servers see nothing else.  Values are compared after one decoding, by exact bytes.
 */
#ifndef CORE_CHAIN_COMPARE_H
#define CORE_CHAIN_COMPARE_H

#include "core/base/arena.h"
#include "core/base/slice.h"

#define COMPARE_PAIRS 500 /* of a URL; more are not looked at */
#define COMPARE_PREFIX 8  /* a shorter prefix may be a coincidence */

enum baton_state {
    BATON_ABSENT, /* there was nothing to carry */
    BATON_KEPT,
    BATON_LOST,
    BATON_CHANGED,
    BATON_TRUNCATED,
};

/* "absent", "kept", "lost", "changed", "truncated" */
const char *baton_state_name(enum baton_state state);

enum baton_harm {
    HARM_NONE,
    HARM_CASE,    /* upper and lower case differ */
    HARM_ENCODED, /* percent-encoded once or twice too often */
    HARM_DECODED, /* percent-decoded once too often */
    HARM_BLANKS,  /* '+' and blank taken for each other, or blanks around it */
    HARM_GLUED,   /* something was appended to it: a second '?', "&amp;" that lost its '&' */
    HARM_BASE64,  /* stands there in base64 */
    HARM_INSIDE,  /* stands inside of the value, as in a URL that is itself a parameter */
};

struct baton_found {
    enum baton_state state;
    enum baton_harm harm;
    struct slice name, value; /* where it was found, decoded once; empty when lost */
    bool in_fragment;         /* LOST, but it stands whole behind the '#' */
};

/* What has become of `wanted` in url, under whatever name: the best that is there.  A value shorter
 * than COMPARE_PREFIX is never glued, inside, in base64 or truncated.  ABSENT when wanted is empty,
 * LOST when url is none. */
struct baton_found compare_value(struct arena *arena, struct slice url, struct slice wanted);

struct compare_names {
    struct slice *list; /* decoded, each once, in the order of the URL */
    size_t count;
};

struct compare_changes {
    struct compare_names lost, changed, added;
};

/* By name, with case; of a name that stands twice the first value counts.  false when the arena is
 * full; a URL that is none has no parameters. */
bool compare_urls(struct arena *arena, struct slice before, struct slice after,
                  struct compare_changes *out);

#endif
