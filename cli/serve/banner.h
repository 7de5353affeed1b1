/* banner.h: what is wrong now, for /readyz and at the top of the inspector. */
#ifndef CLI_SERVE_BANNER_H
#define CLI_SERVE_BANNER_H

#include "cli/serve/admin.h"

struct banner {
    const char *kind;  /* "store": postbacks are not taken; "spill", "reload", "clock", "node", "pixel", "alert": they are */
    bool error;        /* else a warning: it may mend itself */
    struct slice text; /* the whole sentence, in arena */
    int64_t since;     /* Unix milliseconds; 0: not known */
};
typedef void banner_visit(void *context, const struct banner *b);

/* Each of them, the gravest kinds first.  visit must not call back.  Any thread. */
void banner_each(struct admin *a, struct arena *arena, banner_visit *visit, void *context);

#endif
