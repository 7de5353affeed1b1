/* stats.h: figures of a store, and giving its free space back. */
#ifndef ADAPTERS_STORE_STATS_H
#define ADAPTERS_STORE_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/slice.h"

struct stats_figure {
    const char *part; /* "rows", "events", "disk", ...; figures of one part come together */
    struct slice name;
    int64_t n;
    bool is_time; /* n is Unix milliseconds, 0: there is none */
};
typedef void stats_visit(void *context, const struct stats_figure *figure);

/* Beside a running server, as of one moment. */
int store_sqlite_stats(const char *dir, stats_visit *visit, void *context, struct err *err);

int store_pg_stats(const char *url, stats_visit *visit, void *context, struct err *err);

/* Rewrite the file without its free space.  Nobody may be using the folder.  Sizes in bytes. */
int store_sqlite_compact(const char *dir, int64_t *before, int64_t *after, struct err *err);

#endif
