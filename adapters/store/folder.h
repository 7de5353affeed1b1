/* folder.h: the data folder: made when it is not there, and one server's at a time. */
#ifndef ADAPTERS_STORE_FOLDER_H
#define ADAPTERS_STORE_FOLDER_H

#include <stdint.h>

#include "core/base/err.h"

/* The folder and its lock, which has our pid in it.  A descriptor for folder_give; -1: *err, which names the folder and,
 * when another program has it, that one's pid. */
int folder_take(const char *dir, struct err *err);
void folder_give(int lock); /* accepts -1 */

/* A number for store_name: the upper bits are of this lock, on this machine and since it was started; whoever had the lock before
 * has ended. */
int64_t folder_run(int lock);

/* A file of that name in it, made when it is not there, with mode 0600.  A descriptor; -1: *err. */
int folder_file(const char *dir, const char *name, struct err *err);

#endif
