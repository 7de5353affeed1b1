/* internal.h: what the files of this folder share. */
#ifndef ADAPTERS_PROCESS_INTERNAL_H
#define ADAPTERS_PROCESS_INTERNAL_H

/* The sanitizers' leak check traces its own process. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_TRACER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_TRACER 1
#endif
#endif

/* calls.c: the seccomp filter of this thread and those to come.  -1 when the kernel has none. */
int confine_calls(void);

#endif
