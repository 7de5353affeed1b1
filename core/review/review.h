/* review.h: the health of the signal in a period, against the period of the same length before it: what the
 * store's hourly counts say, what stands out of it, and that as text, JSON or one HTML page.  Pure: counts come in
 * one by one, "now" is an argument, whole numbers only. */
#ifndef CORE_REVIEW_REVIEW_H
#define CORE_REVIEW_REVIEW_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"

/* As enum store_tally_kind of adapters/store/tally.h, number by number; what name and slot mean stands there (of
 * events and answers enum store_state: 1 put, or tried again, 3 delivered, 4 dead, 5 withdrawn). */
enum review_kind {
    REVIEW_CLICKS = 1,
    REVIEW_POSTBACKS,
    REVIEW_REASONS,
    REVIEW_WARNINGS,
    REVIEW_EVENTS,
    REVIEW_LATENCY,
    REVIEW_VALUED,
    REVIEW_VALUES,
    REVIEW_ORIGINALS,
    REVIEW_KEYS,
    REVIEW_ANSWERS,
};
#define REVIEW_BUCKETS 15
#define REVIEW_KEYS_MAX 32
#define REVIEW_GROUPS_MAX 5000 /* offers and their events: more is no report for people */
#define REVIEW_LONGEST (400 * INT64_C(86400))

struct review_count {
    int64_t hour; /* Unix seconds, a multiple of 3600 */
    struct slice offer;
    enum review_kind kind;
    struct slice name;
    int64_t slot;
    int64_t n;
};

enum { REVIEW_NOW, REVIEW_BEFORE, REVIEW_PERIODS };
enum { REVIEW_QUEUED = 1, REVIEW_DUPLICATE, REVIEW_IGNORED, REVIEW_QUARANTINED, REVIEW_VERDICTS };
extern const char *const review_verdicts[REVIEW_VERDICTS]; /* [0]: "" */

/* Events, by the hour in which they were made. */
struct review_flow {
    int64_t put, delivered, dead, withdrawn;
    int64_t late;             /* neither, an hour after they were made at least */
    int64_t valued, unvalued;
    int64_t latency[REVIEW_BUCKETS], keys[REVIEW_KEYS_MAX];
};

struct review_money {
    char currency[4];
    int64_t sent[REVIEW_PERIODS], original[REVIEW_PERIODS]; /* millionths */
    struct review_money *next;
};

struct review_named { /* a code of ours */
    struct slice name;
    int slot; /* reasons: the verdict */
    int64_t n[REVIEW_PERIODS];
    struct review_named *next;
};

struct review_answer { /* a code of TikTok's, "http 503", "none" */
    struct slice name;
    int64_t delivered[REVIEW_PERIODS], again[REVIEW_PERIODS], dead[REVIEW_PERIODS];
    struct review_answer *next;
};

struct review_day { /* one point of the charts */
    int64_t clicks, verdicts[REVIEW_VERDICTS], put, delivered, dead, withdrawn, valued, unvalued;
    int64_t latency[REVIEW_BUCKETS];
};

struct review_event {
    struct slice name;
    struct review_flow flow[REVIEW_PERIODS];
    struct review_money *money;
    struct review_day *days; /* `points` of them: events only, no clicks or verdicts */
    struct review_event *next;
};

struct review_offer {
    struct slice name; /* empty: all together */
    int64_t clicks[REVIEW_PERIODS], ttclid[REVIEW_PERIODS]; /* ttclid: clicks that had one */
    int64_t verdicts[REVIEW_PERIODS][REVIEW_VERDICTS];      /* [0]: all, received */
    struct review_flow flow[REVIEW_PERIODS];
    struct review_money *money;
    struct review_named *reasons, *warnings; /* by name, review_order sorts them */
    struct review_answer *answers;
    struct review_day *days;
    struct review_event *events;
    struct review_offer *next; /* by name */
};

enum review_weight { REVIEW_GOOD, REVIEW_WARNING, REVIEW_BROKEN };
extern const char *const review_weights[];

struct review_finding {
    const char *id; /* "no_events", stable */
    enum review_weight weight;
    struct slice offer, event; /* empty: of all */
    struct slice title, text, first; /* first: what to do first */
    struct review_finding *next;
};

/* What others know. */
struct review_words {
    const struct slice *keys; /* names of the match keys by their number */
    size_t key_count;
    /* What an answer's name means, in arena or static; *token: the token is refused. */
    struct slice (*answer)(struct arena *arena, struct slice name, bool *token);
};

struct review {
    struct arena *arena;
    struct slice only, zone;       /* only: this offer; empty: all.  zone: how it is called, "UTC" */
    int64_t since, until;          /* Unix seconds, whole hours, since < until */
    bool alone;                    /* nothing is compared: no period before */
    int64_t before;                /* since - (until - since) */
    const struct review_words *words;
    /* What clocks show at a moment (Unix seconds), also in seconds; context is theirs. */
    int64_t (*wall)(const void *context, int64_t at);
    const void *clock;

    int64_t step;                  /* 3600 or 86400 */
    size_t points;
    int64_t *starts, *moments;     /* of points: Unix seconds, and what clocks show (a day's midnight) */
    struct review_offer all, *offers, *latest; /* latest: of the last count; counts come offer by offer */
    size_t groups;
    bool full;                     /* more than REVIEW_GROUPS_MAX, or the arena is */
    struct review_finding *findings; /* the heaviest first */
    size_t finding_count, broken, warnings;
};

/* arena, only, zone, since, until, words, wall and clock are set.  -1: the period is none, or too long (ERR_INPUT), or
 * the arena is full. */
int review_begin(struct review *r, struct err *err);
/* In any order; what lies outside of before..until, or is of another offer, is left out. */
void review_add(struct review *r, const struct review_count *c);
/* After the last one.  -1: it was too much. */
int review_end(struct review *r, struct err *err);

/* For a window so wide (40 to 100 columns are used; in a narrow one what matters less is left out); no colour, no byte
 * that a terminal would obey. */
void review_text(struct buf *out, const struct review *r, int columns);
void review_json(struct buf *out, const struct review *r);
void review_html(struct buf *out, const struct review *r, struct slice made);

/* ---- what these rest on ---- */

/* The bound below which p (1 to 100) percent of the events lie: of the bucket that has the one of that rank,
 * milliseconds.  INT64_MAX: above the highest.  -1: there is none. */
int64_t review_percentile(const int64_t buckets[REVIEW_BUCKETS], int p);
extern const int64_t review_bounds[REVIEW_BUCKETS - 1];

#endif
