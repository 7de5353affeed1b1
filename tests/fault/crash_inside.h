/* crash_inside.h: what the files of the shim share. */
#ifndef TESTS_FAULT_CRASH_INSIDE_H
#define TESTS_FAULT_CRASH_INSIDE_H

#include <sys/types.h>

#include "tests/fault/crash_shim.h"

/* The function that the program would have called without us. */
#define REAL(name) ((__typeof__(&name))crash_real(#name))
void *crash_real(const char *name);

/* What a descriptor is. */
enum crash_role {
    CRASH_OTHER, CRASH_FILE_LOG, CRASH_FILE_DB, CRASH_FILE_OTHER, CRASH_FOLDER,
    CRASH_TO_CLIENT, CRASH_TO_UPSTREAM
};
enum crash_role crash_role(int fd);
void crash_set_role(int fd, enum crash_role role);
bool crash_is_file(int fd);

/* NULL: the shim is loaded and has nothing to do. */
struct crash_control *crash_control(void);
const char *crash_root(void); /* absolute, without a slash at its end */

/* Count this call.  0, or it is the one to die at: then crash_die_if(true) before, in the midst of
 * or after it. */
enum crash_when crash_strike(enum crash_kind kind);
enum crash_when crash_strike_write(int fd);
void crash_die_if(bool now);
size_t crash_part(enum crash_when when, size_t n); /* of n bytes those that are still written */

/* A write to a file of the disk. */
ssize_t crash_put(int fd, const void *bytes, size_t n, int64_t at);

#endif
