/* moved.h: a data folder whose store was moved elsewhere: no server may go on in it. */
#ifndef ADAPTERS_STORE_MOVED_H
#define ADAPTERS_STORE_MOVED_H

#include "core/base/err.h"

/* Hold dir so that no server starts in it.  A descriptor for let_go; -1 with ERR_BUSY: one runs. */
int store_sqlite_hold(const char *dir, struct err *err);
void store_sqlite_let_go(int held); /* accepts -1 */

/* From now on a writer is refused in dir, by a message that says where its store went. */
int store_sqlite_close_for(const char *dir, const char *where, struct err *err);
int store_sqlite_closed(const char *dir, struct err *err); /* -1 when it was */

#endif
