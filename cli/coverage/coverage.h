/* coverage.h: inside of `clickbaton coverage`: which share of an offer's events has each match key. */
#ifndef CLI_COVERAGE_COVERAGE_H
#define CLI_COVERAGE_COVERAGE_H

#include "adapters/store/store.h"
#include "core/base/buf.h"

enum coverage_key {
#define KEY(id, name, wanted, advice) COVERAGE_##id,
#include "cli/coverage/keys.def"
#undef KEY
    COVERAGE_KEYS
};

/* Our own estimate of how well TikTok can match an event with a person or an ad; README and
 * docs/matching.md say that it is ours. */
enum coverage_class {
    COVERAGE_STRONG, /* ttclid, e-mail or phone: names the click or the person */
    COVERAGE_SOME,   /* external_id, ttp, or ip with user_agent: names a browser, or what a pixel saw */
    COVERAGE_WEAK,   /* none of these */
    COVERAGE_CLASSES
};

struct coverage_counts {
    uint64_t events, tests; /* tests: with a test_event_code */
    uint64_t with[COVERAGE_KEYS];
    uint64_t value, shared; /* shared: the event_id is that of a registered click */
    uint64_t of_class[COVERAGE_CLASSES];
};

struct coverage_event {
    struct slice name;
    struct coverage_counts counts;
    struct coverage_event *next; /* in the order of their names */
};

struct coverage_offer {
    struct slice name;
    struct coverage_counts counts;
    struct coverage_event *events;
    size_t event_count;
    struct coverage_offer *next;
};

struct coverage {
    struct arena *arena;
    struct slice only;  /* this offer; empty: all */
    int64_t since, now; /* Unix seconds */
    uint64_t events;
    struct coverage_offer *offers;
};

extern const struct coverage_key_row {
    const char *name;    /* TikTok's */
    unsigned wanted;     /* percent; below it the key is worth adding.  0: never said */
    const char *advice;  /* how */
} coverage_keys[COVERAGE_KEYS];

/* Fill c from a store that a server may be writing. */
int coverage_gather(struct coverage *c, struct store *store, struct err *err);

/* The keys to add first, at most max; gives how many. */
size_t coverage_advice(const struct coverage_counts *n, enum coverage_key list[], size_t max);

void coverage_show(struct buf *out, const struct coverage *c);
void coverage_json(struct buf *out, const struct coverage *c);

/* ---- a set of ids, as 64-bit hashes ---- */
struct ids {
    uint64_t *slots; /* 0: free */
    size_t count, room;
};

bool ids_add(struct ids *ids, struct slice offer, struct slice id); /* false: out of memory */
bool ids_has(const struct ids *ids, struct slice offer, struct slice id);
void ids_free(struct ids *ids);

#endif
