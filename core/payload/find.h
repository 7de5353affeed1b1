/* find.h: an id in a body as payload.h writes it, without reading all of its JSON. */
#ifndef CORE_PAYLOAD_FIND_H
#define CORE_PAYLOAD_FIND_H

#include "core/base/arena.h"

/* properties.order_id; borrowed from body, or in arena when it was escaped.  Empty: there is none. */
struct slice payload_order_id(struct slice body, struct arena *arena);

/* Is it id? */
bool payload_has_order_id(struct slice body, struct slice id);

#endif
