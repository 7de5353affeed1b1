/* metrics_spill.c: of GET /metrics what is kept while the store is away. */
#include "cli/serve/metrics_internal.h"

void metrics_put_spill(struct expose *e, const struct intake_stats *stats, int64_t now_ms)
{
    const struct spill_state *s = &stats->spill;
    const struct {
        enum metric id;
        uint64_t n;
    } rows[] = {
        { METRIC_SPILL_WAITING, (uint64_t)s->waiting }, { METRIC_SPILL_SIZE, (uint64_t)s->bytes },
        { METRIC_SPILL_ASIDE, (uint64_t)s->aside },     { METRIC_SPILL_KEPT, stats->kept },
        { METRIC_SPILL_HANDED_ON, stats->handed_on },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        expose_begin(e, rows[i].id);
        expose_whole(e, NULL, 0, rows[i].n);
    }
    expose_begin(e, METRIC_SPILL_OLDEST);
    expose_scaled(e, s->first_at && now_ms > s->first_at ? now_ms - s->first_at : 0, 3);
}
