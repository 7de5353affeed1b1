/* confine.h: what this process gives up for good before it talks to strangers.  Without libraries: by
 * prctl, Landlock and a seccomp filter, each as far as the kernel has it.
 *
 * What is given up holds for the calling thread and those it starts later, so it is called before any
 * other thread is. */
#ifndef ADAPTERS_PROCESS_CONFINE_H
#define ADAPTERS_PROCESS_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

struct confine_result {
    bool no_new_privileges; /* no set-uid program gives any (PR_SET_NO_NEW_PRIVS) */
    bool no_dumps;          /* no core file, and no other process of the user reads our memory */
    int landlock;           /* the kernel's version of Landlock that is in force; 0: none */
    bool seccomp;           /* system calls that we never need fail with EPERM */
};

/* No core files and no ptrace by others of the same user: before the first secret is read. */
bool confine_memory(void);

/* From now on files can be written, made and removed below the folders of `writable` only, and read
 * below those, below those of `readable`, and in the system's own (/etc, /usr, /proc and so on);
 * lists end with NULL, what is not there is left out.  No program can be started. */
void confine_process(const char *const *writable, const char *const *readable,
                     struct confine_result *result);

/* Would the folder be readable after confine_process with that list? */
bool confine_reads(const char *const *readable, const char *path);

#endif
