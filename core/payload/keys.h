/* keys.h: which match keys a body carries. */
#ifndef CORE_PAYLOAD_KEYS_H
#define CORE_PAYLOAD_KEYS_H

#include "core/identity/match_key.h"

/* A bit (1 << enum match_key) for each key that `user` of this body, one entry of data[], has. */
uint32_t payload_keys(struct slice body);

#endif
