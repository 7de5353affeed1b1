/* guard.h: puts a parser's input right in front of a page that cannot be read, so that reading one
 * byte too many crashes, also inside code that sanitizers do not see. */
#ifndef TESTS_SUPPORT_GUARD_H
#define TESTS_SUPPORT_GUARD_H

#include "core/base/slice.h"

/* A copy of s whose last byte is the last one before the unreadable page.  Never fails (aborts). */
struct slice guard_copy(struct slice s);
void guard_free(struct slice copy);

#endif
