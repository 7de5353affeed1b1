/* diff.h: two mappings, one after the other, on the same postbacks: what becomes of each, and what
 * differs.  Nothing is sent or stored. */
#ifndef CLI_DIFF_DIFF_H
#define CLI_DIFF_DIFF_H

#include "cli/catalog.h"
#include "core/translate/sequence.h"

/* A postback as both mappings get it. */
struct diff_postback {
    int64_t id, at;       /* id of the store or number of the line; arrival, Unix seconds */
    struct slice params;  /* a query */
    struct click *click;  /* NULL: not known */
};

/* Sums of one event, pixel and currency. */
struct diff_total {
    struct slice event, pixel, currency;
    uint64_t count[2];       /* old, new */
    int64_t units[2], micros[2]; /* the sum of values: units and millionths of them */
};
#define DIFF_TOTALS_MAX 200

/* One field of an event that changed.  Empty text: absent. */
struct diff_field {
    struct slice path, text[2];
};

/* Events of one name, pixel and event_id on both sides, or on one. */
struct diff_event {
    struct slice event, pixel, event_id;
    bool on[2]; /* is it sent by the old, by the new mapping? */
    const struct diff_field *fields;
    size_t field_count;
};

/* A postback of which something changes. */
struct diff_change {
    int64_t id, at;
    struct slice click_id;
    struct slice verdict[2], code[2], reason[2];
    const struct diff_event *events;
    size_t event_count;
};

struct diff_seen; /* the events that one side has had */

struct diff {
    struct catalog *catalog[2];
    const struct offer *offer[2];
    struct diff_seen *seen[2];
    bool with_past; /* a mapping asks what came before: then sequences remember, in past */
    struct sequence sequence[2];
    struct arena past[2];
    uint64_t postbacks, changed, skipped; /* skipped: what could not be read again */
    uint64_t verdicts[2][8];              /* by enum verdict */
    struct diff_total totals[DIFF_TOTALS_MAX];
    size_t total_count;
    bool crowded;       /* there were more totals */
    struct arena names; /* of the totals */
};

int diff_open(struct diff *d, struct err *err); /* catalog and offer are set */
void diff_close(struct diff *d);

/* Translate with both, count, compare.  1: *change is filled (in arena).  0: nothing changes. */
int diff_postback(struct diff *d, const struct diff_postback *pb, struct arena *arena,
                  struct diff_change *change, struct err *err);

/* The fields in which two bodies (JSON; may be empty) differ, in arena; -1: it is full. */
int diff_bodies(struct slice old, struct slice new, struct arena *arena,
                const struct diff_field **fields, size_t *count);

/* One change, and the sums, in words or as members of a JSON object. */
void diff_show_change(struct buf *out, const struct diff_change *c, bool colour);
void diff_json_change(struct buf *out, const struct diff_change *c);
void diff_show_totals(struct buf *out, const struct diff *d);
void diff_json_totals(struct buf *out, const struct diff *d);

#endif
