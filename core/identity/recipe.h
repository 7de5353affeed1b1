/* recipe.h: how a value becomes a match key, one recipe per kind.  Inside core/identity only. */
#ifndef CORE_IDENTITY_RECIPE_H
#define CORE_IDENTITY_RECIPE_H

#include "core/identity/identity.h"

struct recipe_in {
    struct arena *arena;
    struct slice value;   /* trimmed */
    struct slice raw;     /* as it came */
    struct slice country; /* may be empty */
    const char *why;      /* set when the value is unusable: the rest of a sentence */
};

/* The normalised value; empty with why set when it is unusable, empty without when nothing is left
 * or the arena is full. */
typedef struct slice recipe(struct recipe_in *in);

recipe recipe_email;
recipe recipe_zip, recipe_city, recipe_state, recipe_country; /* places.c */

static inline struct slice recipe_unusable(struct recipe_in *in, const char *why)
{
    in->why = why;
    return (struct slice){ 0 };
}

#endif
