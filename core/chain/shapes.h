/* shapes.h: the keys of chain files, as tables (core/yaml/shape.h says how to add one); only for
 * core/chain.  The root stands in chain.h.  Failures are rows of breaks.c. */
#ifndef CORE_CHAIN_SHAPES_H
#define CORE_CHAIN_SHAPES_H

#include "core/yaml/shape.h"

extern const struct shape shape_hop;
extern const struct shape shape_conversion;
extern const struct shape shape_verdict; /* `expect:` */

#endif
