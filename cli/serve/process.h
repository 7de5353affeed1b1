/* process.h: what the system says of this process. */
#ifndef CLI_SERVE_PROCESS_H
#define CLI_SERVE_PROCESS_H

#include <stdint.h>

struct process_figures {
    int64_t cpu_us;
    uint64_t resident_bytes, open_fds, max_fds; /* 0: not known */
};
void process_look(struct process_figures *out);

/* Large blocks (a run of the index, a filter, a request to TikTok) go back to the system when they are freed.
 * Left alone the C library takes the first as a sign to keep as much for ever. */
void process_give_back(void);

#endif
