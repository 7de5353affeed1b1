/* live.h: what `tail` and `top` share: they run until Ctrl-C, or until nobody reads them any more, beside a server
 * that may be restarted meanwhile. */
#ifndef CLI_LIVE_LIVE_H
#define CLI_LIVE_LIVE_H

#include <stdbool.h>

#include "adapters/store/store.h"
#include "cli/catalog.h"
#include "core/base/buf.h"

/* From now on SIGINT and SIGTERM end the loop, and a pipe without a reader is no signal. */
void live_begin(void);
/* Wait so long, or until the window changes its size; false: it is to end. */
bool live_wait(int milliseconds);
/* All of b to stdout, at once; false: it is to end.  live_code tells the verb's exit code. */
bool live_write(const char *verb, const struct buf *b);
int live_code(void);

bool live_is_terminal(void); /* one that can move its cursor */
/* Of the terminal, or `otherwise` when there is none. */
int live_columns(int otherwise);
int live_lines(int otherwise);

/* A reader's handle that is opened anew when it fails or another file lies there, which is told on stderr after some seconds, once. */
struct live_store {
    const char *verb;
    const struct catalog *catalog;
    struct store *store; /* NULL: not open */
    uint64_t file;       /* that is open */
    int failures;
};
/* Open it unless it is; false: not now. */
bool live_store_open(struct live_store *s);
/* A call has failed. */
void live_failed(struct live_store *s, const struct err *err);
void live_well(struct live_store *s); /* a call has worked */

/* A sound configuration whose store can be opened; NULL after the problems were printed: *code. */
struct catalog *live_catalog(const char *verb, const char *config, int *code);

/* 10:00:00.123 */
void live_clock(struct buf *out, int64_t ms);
int64_t live_now(void); /* Unix milliseconds */

#endif
