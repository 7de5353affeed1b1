/* process.h: what the system says of this process. */
#ifndef CLI_SERVE_PROCESS_H
#define CLI_SERVE_PROCESS_H

#include <stdint.h>

struct process_figures {
    int64_t cpu_us;
    uint64_t resident_bytes, open_fds, max_fds; /* 0: not known */
};
void process_look(struct process_figures *out);

/* What is freed goes back to the system: large blocks (a run of the index, a filter, a request to TikTok)
 * from now on, of which the C library takes the first as a sign to keep as much for ever; and at once what
 * lies free now, such as what a start has left. */
void process_give_back(void);

#endif
