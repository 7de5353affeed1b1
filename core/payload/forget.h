/* forget.h: a body that was sent, without the visitor's address and browser. */
#ifndef CORE_PAYLOAD_FORGET_H
#define CORE_PAYLOAD_FORGET_H

#include "core/base/buf.h"

/* Append body without user.ip and user.user_agent; every other byte stays.  false: there is neither,
 * or it is no object as payload.h writes them, and nothing was appended. */
bool payload_forget(struct slice body, struct buf *to);

#endif
