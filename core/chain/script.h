/* script.h: where a script sends the browser, as far as it stands there as a plain string, or as a
 * variable that is given one such string and nothing else.  Nothing is run.  Linear in the script,
 * whatever bytes it has.  Inside core/chain only. */
#ifndef CORE_CHAIN_SCRIPT_H
#define CORE_CHAIN_SCRIPT_H

#include "core/base/arena.h"
#include "core/base/slice.h"

/* Of code that runs as the page loads, and of code that only a function holds: a click may call it,
 * or nothing. */
struct script_target {
    bool found;       /* the first plain string is url */
    bool computed;    /* there is a target that is no plain string */
    struct slice url; /* escapes decoded, in arena */
};

#define SCRIPT_VARIABLES 16 /* more are not remembered */

/* A variable that was given a plain string; text is empty when it was given anything else too. */
struct script_variable {
    struct slice name, text;
};

struct script_next {
    struct script_target runs, held;
    struct script_variable variables[SCRIPT_VARIABLES];
    size_t variable_count;
};

/* Adds what this script says; begin with {0}. */
void script_read(struct arena *arena, struct slice text, struct script_next *out);

#endif
