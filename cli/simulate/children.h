/* children.h: this program's own `serve` and `sandbox`, started beside it for a live run. */
#ifndef CLI_SIMULATE_CHILDREN_H
#define CLI_SIMULATE_CHILDREN_H

#include <sys/types.h>

#include "core/base/err.h"

struct child {
    pid_t pid; /* 0: none */
    int out;
    char address[64]; /* "127.0.0.1:4711": where it listens */
    char log[320];    /* its stderr: "DIR/log-VERB" */
};

#define CHILD_ARGUMENTS 10

/* Start the program with these arguments (its name first, then the verb, at most CHILD_ARGUMENTS,
 * ended by NULL) in folder dir and wait until it says where it listens.  -1 with *err, which holds
 * what it has complained of. */
int child_start(struct child *c, const char *dir, const char *const *arguments, struct err *err);

/* SIGTERM, then SIGKILL when it does not end in time.  Accepts one that was never started. */
void child_stop(struct child *c);

#endif
