/* records.h: the last accepted events with their bodies.  Older ones are only counted. */
#ifndef ADAPTERS_TIKTOK_SANDBOX_RECORDS_H
#define ADAPTERS_TIKTOK_SANDBOX_RECORDS_H

#include "core/base/buf.h"
#include "core/base/slice.h"

#define RECORDS_MAX 10000
#define RECORDS_BYTES_MAX (64u << 20)

struct record {
    struct slice source, pixel, test_code, event, event_id, request_id, json;
    int64_t received;
    uint64_t merged, dropped; /* repeats */
    size_t bytes;
    char text[]; /* of the slices */
};

struct sandbox_records {
    struct record *ring[RECORDS_MAX]; /* record n at n % RECORDS_MAX; NULL: no memory for it */
    uint64_t first, next;             /* kept are first..next-1 */
    size_t bytes;
};

void sandbox_records_clear(struct sandbox_records *r);

/* Keep a copy of what; its number is what next was before. */
void sandbox_records_add(struct sandbox_records *r, const struct record *what);

/* A repeat of record number, if it is still kept: count it, and fill from its JSON what is missing.
 */
void sandbox_records_merge(struct sandbox_records *r, uint64_t number, struct slice json);
void sandbox_records_drop(struct sandbox_records *r, uint64_t number);

/* What GET /events shows: percent-encoded values, empty ones match everything. */
struct records_filter {
    struct slice pixel, event, event_id;
    uint64_t limit; /* the newest so many */
};
/* [{...},...], oldest first. */
void sandbox_records_print(const struct sandbox_records *r, const struct records_filter *filter,
                           struct buf *out);

#endif
