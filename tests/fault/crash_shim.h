/* crash_shim.h: a library to preload (LD_PRELOAD) into a program that is to die at a chosen system
 * call, and whose file system is to be known down to what a power failure would have left.
 *
 * Environment:
 *   CRASH_CONTROL  a file of the size of struct crash_control, mapped by both sides
 *   CRASH_ROOT     the folder whose files are "the disk"; everything else is left alone
 *   CRASH_JOURNAL  if set: every change of the disk is written here before it is made, with what
 *                  was there before; tests/fault/disk.py makes the disk of a power failure of it
 *   CRASH_SIDE     with it: a folder on the same file system; keeps what is unlinked */
#ifndef TESTS_FAULT_CRASH_SHIM_H
#define TESTS_FAULT_CRASH_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of calls, in this order also in tests/fault/shim.py. */
enum crash_kind {
    CRASH_WRITE_LOG,   /* write, pwrite to SQLite's log */
    CRASH_WRITE_DB,    /* to the database */
    CRASH_WRITE_OTHER, /* to another file of the disk */
    CRASH_SYNC_LOG,    /* fsync, fdatasync */
    CRASH_SYNC_DB,
    CRASH_SYNC_OTHER,  /* another file, or a folder */
    CRASH_TRUNCATE,    /* ftruncate */
    CRASH_CREATE,      /* open of what is not there yet, mkdir */
    CRASH_UNLINK,
    CRASH_RENAME,
    CRASH_CLIENT,      /* send, sendto, sendmsg, write, writev to who connected to us */
    CRASH_UPSTREAM,    /* to whom we connected */
    CRASH_REPLY,       /* recv from whom we connected to */
    CRASH_KINDS
};

enum crash_when { CRASH_BEFORE = 1, CRASH_HALF, CRASH_AFTER };

/* Shared with the harness, which writes the first part; `left` last. */
struct crash_control {
    uint32_t mask; /* of 1 << kind */
    uint32_t when; /* enum crash_when: dies before the call, with half of its bytes, after it */
    uint32_t no_sync; /* fsync says yes and does nothing: the control of the tests */
    uint32_t synchronous; /* SQLite's PRAGMA; 0: as the program wants it, 1: OFF, 2: NORMAL */
    int32_t left; /* dies at this many more calls of the kinds in mask; 0: never */
    uint32_t died; /* kind + 1 of the call it died at */
    uint64_t seen[CRASH_KINDS]; /* calls so far */
};

/* Ends the process and says why on standard error: the shim does not know what was done here. */
_Noreturn void crash_unknown(const char *what);

/* ---- crash_journal.c ---- */

bool crash_journal_open(const char *file, const char *side);

/* Around a change: so that the order in the journal is the order on the disk.  No-ops without a
 * journal, like all that follow. */
void crash_journal_lock(void);
void crash_journal_unlock(void);

/* Before the change, under the lock. */
void crash_journal_write(int fd, const void *bytes, size_t n, int64_t at);
void crash_journal_truncate(int fd, int64_t size);
void crash_journal_unlink(const char *path);
void crash_journal_rename(const char *from, const char *to);
/* After it, under the lock. */
void crash_journal_create(const char *path);

/* What is in the journal now will be on the disk when a sync that begins now has ended. */
int64_t crash_journal_sync_begin(void);
void crash_journal_sync_end(int fd, int64_t upto);

#endif
