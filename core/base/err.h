/* err.h: why a call failed.  Filled once where the cause is first known; only cli/ prints it. */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

enum err_kind {
    ERR_NONE,
    ERR_INPUT,  /* the caller's fault, never retried */
    ERR_BUSY,   /* a limit is reached: answer 503, or wait */
    ERR_SYSTEM, /* disk, memory, operating system: logged */
    ERR_AGAIN,  /* nothing has changed, and the same may succeed at once: try again, then as ERR_BUSY */
    ERR_UNSYNCED, /* the disk may lack what was written: nothing may be promised until a restart */
};

struct err {
    enum err_kind kind;
    char text[400];
};

/* Fill e (may be NULL) and return -1, so that callers can `return err_set(...)`. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " in front of what e already says.  Returns -1. */
int err_context(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
