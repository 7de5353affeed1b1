/* internal.h: what the files of this folder share. */
#ifndef ADAPTERS_PROCESS_INTERNAL_H
#define ADAPTERS_PROCESS_INTERNAL_H

/* calls.c: the seccomp filter of this thread and those to come.  -1 when the kernel has none. */
int confine_calls(void);

#endif
