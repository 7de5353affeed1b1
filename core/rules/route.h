/* route.h: the pixels (or event sets) that an event of a postback goes to. */
#ifndef CORE_RULES_ROUTE_H
#define CORE_RULES_ROUTE_H

#include "core/base/trail.h"
#include "core/mapping/mapping.h"

/* What the configuration has. */
struct route_known {
    const struct slice *pixels;       /* ended by an empty slice */
    const enum event_source *sources; /* of each; NULL: all take what the offer sends */
};

struct route_in {
    const struct offer *offer;
    const struct pixel_route *route;
    const struct template_values *values;
    const struct route_known *known; /* NULL: any pixel is taken */
    struct arena *arena;
    struct trail *trail; /* or NULL */
};

/* 0: *count of pixels, each once, in the mapping's order.  1: the postback must be quarantined; *code
 * and *reason say why. */
int route_find(const struct route_in *in, struct slice pixels[PIXELS_PER_EVENT_MAX], size_t *count,
               const char **code, struct slice *reason);

#endif
