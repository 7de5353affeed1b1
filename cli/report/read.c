/* read.c: the store's counts into a review; zones. */
#include "adapters/store/tally.h"
#include "adapters/tiktok/replies.h"
#include "cli/report/report.h"
#include "core/base/when.h"
#include "core/identity/match_key.h"

_Static_assert((int)REVIEW_CLICKS == (int)TALLY_CLICKS && (int)REVIEW_EVENTS == (int)TALLY_EVENTS &&
                   (int)REVIEW_ORIGINALS == (int)TALLY_ORIGINALS && (int)REVIEW_ANSWERS == (int)TALLY_ANSWERS,
               "a review counts what the store counts");
_Static_assert(REVIEW_BUCKETS == TALLY_LATENCY_BUCKETS && (int)MATCH_KEYS <= REVIEW_KEYS_MAX, "and as finely");
_Static_assert((int)REVIEW_QUEUED == (int)STORE_QUEUED && (int)REVIEW_QUARANTINED == (int)STORE_QUARANTINED && STORE_WAITING == 1 && STORE_DELIVERED == 3 &&
                   STORE_WITHDRAWN == 5,
               "by the same verdicts and states");

/* ---- clocks ---- */

int64_t report_wall(const void *zone, int64_t at)
{
    return zone ? at + zone_offset(zone, at) : at;
}

bool report_time(const char *text, int64_t end, const struct zone *z, int64_t *out)
{
    const int east = 1; /* told apart: a time that says its own zone is read alike with both */
    struct slice s = slice_from(text);
    struct buf day = { .limit = 64 };
    int64_t n, shifted;
    bool ok = false;

    if (when_duration_parse(s, &n)) {
        *out = end - n;
        return true;
    }
    if (when_parse(s, WHEN_ANY, 0, &n) && when_parse(s, WHEN_ANY, east, &shifted)) {
        *out = n == shifted ? n : zone_moment(z, n, NULL);
        return true;
    }
    buf_printf(&day, "%sT00:00:00", text);
    ok = when_parse(buf_slice(&day), WHEN_ISO, 0, &n);
    if (ok)
        *out = zone_moment(z, n, NULL);
    buf_free(&day);
    return ok;
}

/* ---- what others know ---- */

struct slice report_answer(struct arena *arena, struct slice name, bool *token)
{
    const struct reply_code *row;
    int64_t code;

    *token = false;
    if (slice_eq(name, S("none")))
        return S("no answer");
    if (!slice_to_i64(name, &code))
        return S("not TikTok's own answer: something in between, or a fault there");
    row = reply_code_find(code);
    if (!row)
        return S("not in the table of codes; tried again");
    *token = row->verdict == REPLY_TOKEN_DEAD;
    return arena_printf(arena, "%s: %s", row->name, row->meaning);
}

void report_wire(struct review *r, const struct zone *z, const char *zone)
{
    static const struct review_words words = { match_key_names, MATCH_KEYS, report_answer };

    r->words = &words;
    r->wall = report_wall;
    r->clock = z;
    r->zone = slice_from(zone);
}

/* ---- counts ---- */

static int visit(void *context, const struct store_tally *t, struct err *err)
{
    struct review_count c = { .hour = t->hour, .offer = t->offer, .kind = (enum review_kind)t->kind,
                              .name = t->name, .slot = t->slot, .n = t->n };

    (void)err;
    review_add(context, &c);
    return 0;
}

int report_read(struct review *r, struct store *store, struct err *err)
{
    if (review_begin(r, err) != 0 ||
        store_walk_tallies(store, r->before, r->until, r->only, visit, r, err) != 0)
        return -1;
    return review_end(r, err);
}
