/* metrics_internal.h: what metrics.c counts and metrics_page.c shows. */
#ifndef CLI_SERVE_METRICS_INTERNAL_H
#define CLI_SERVE_METRICS_INTERNAL_H

#include <stdatomic.h>

#include "cli/serve/intake.h"
#include "cli/serve/labels.h"
#include "cli/serve/metrics.h"
#include "core/metrics/expose.h"

typedef _Atomic uint64_t metrics_cell;

struct metrics_histogram {
    metrics_cell slots[HISTOGRAM_SLOTS_MAX];
    metrics_cell sum; /* in units of the shape's bounds */
};

enum { METRICS_VERDICTS = VERDICT_QUARANTINED + 1, METRICS_REFUSALS = 20 /* R000 to R019 */ };

/* Of one offer; untouched pages of offers that there are not cost no memory. */
struct metrics_offer {
    _Atomic bool known; /* it was in the configuration: its series are there from the start */
    metrics_cell verdicts[METRICS_VERDICTS];
    metrics_cell clicks;
    metrics_cell refused[METRICS_REFUSALS];
    metrics_cell events[METRICS_EVENTS + 1][2]; /* by number of its name; without and with a value */
};

/* Of one code of TikTok. */
struct metrics_code {
    metrics_cell events[SENDER_DEAD + 1];
    metrics_cell requests[SENDER_ENDS];
};

enum { METRICS_ALERTS = 21 }; /* of letter A, by their number */

struct metrics {
    struct labels *offers, *events, *codes;
    struct metrics_offer *offer; /* by number, one more than there are values */
    struct metrics_code *code;
    struct metrics_histogram ack, commit_size, commit, request, latency;
    metrics_cell commit_failures;
    metrics_cell delivered, dead, withdrawn, undead, unquarantined; /* as the store has counted */
    metrics_cell clicks_gone, postbacks_gone, events_gone, attempts_gone, addresses_gone;
    metrics_cell reloads, reloads_failed, reload_ok, rules_since_ms;
    metrics_cell db_bytes, log_bytes, disk_free, disk_size;
    metrics_cell alerts[METRICS_ALERTS]; /* one more than are active; 0: never told */
    int64_t started; /* Unix milliseconds */
    char data[4096];
};

/* metrics_spill.c */
void metrics_put_spill(struct expose *e, const struct intake_stats *stats, int64_t now_ms);

static inline uint64_t metrics_read(const metrics_cell *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

#endif
