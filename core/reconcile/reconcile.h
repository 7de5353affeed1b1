/* reconcile.h: a tracker's export and a CRM's, row by row, against the ledger.
 *
 * Pure: rows come in, the ledger first, then the tracker's file, then the CRM's; counts, causes and examples
 * come out.  Ids are joined as 64-bit hashes; a million rows of each take some 130 MB. */
#ifndef CORE_RECONCILE_RECONCILE_H
#define CORE_RECONCILE_RECONCILE_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/zone.h"
#include "core/csv/cells.h"

/* Why something differs: F001 is CAUSE_MISSING, and so on (codes.c, texts/reconcile.md). */
enum cause {
    CAUSE_NONE,
    CAUSE_MISSING,     /* F001 in the file, and no postback of it */
    CAUSE_REFUSED,     /* F002 the server has refused postbacks: may be among the missing */
    CAUSE_QUARANTINED, /* F003 */
    CAUSE_IGNORED,     /* F004 by a rule, or withdrawn by the visitor */
    CAUSE_TWICE,       /* F005 twice in the file */
    CAUSE_STATUS,      /* F006 not approved */
    CAUSE_EDGE,        /* F007 near the edge of the period: on the other side here */
    CAUSE_ZONE,        /* F008 all times are off by as many hours */
    CAUSE_OTHER_CLICK, /* F009 found by the transaction id under another click id */
    CAUSE_DEAD,        /* F010 given up; detail: TikTok's code */
    CAUSE_WAITING,     /* F011 */
    CAUSE_TEST,        /* F012 delivered with a test_event_code */
    CAUSE_NOT_IN_TRACKER, /* F013 here, not in the tracker's file */
    CAUSE_CRM_ONLY,    /* F014 in the CRM, not in the tracker's file */
    CAUSE_TAKEN_BACK,  /* F015 delivered, later rejected or refunded */
    CAUSE_AMOUNT,      /* F016 amount or currency differ */
    CAUSE_NO_TTCLID,   /* F017 delivered without ttclid */
    CAUSE_OLD,         /* F018 older than the ledger */
    CAUSE_NOT_IN_CRM,  /* F019 */
    CAUSE_DUPLICATE,   /* F020 taken for a duplicate of another conversion */
    CAUSES
};
extern const char *const cause_codes[CAUSES]; /* "F001"; NULL for CAUSE_NONE */

enum side { SIDE_TRACKER, SIDE_CRM, SIDE_LEDGER, SIDES }; /* whose rows a cause counts */
extern const char *const side_names[SIDES];

enum outcome { /* of a postback */
    OUTCOME_DELIVERED = 1, OUTCOME_WAITING, OUTCOME_DEAD, OUTCOME_WITHDRAWN, OUTCOME_DUPLICATE,
    OUTCOME_IGNORED, OUTCOME_QUARANTINED, OUTCOME_UNKNOWN /* queued, but its events are gone */
};
enum stage { STAGE_OTHER, STAGE_PENDING, STAGE_LEAD, STAGE_SALE, STAGE_REBILL, STAGE_REJECTED, STAGE_REFUND,
             STAGE_CHARGEBACK };
enum stage stage_of_word(struct slice word); /* of a file: approved, trash, hold ... */
enum stage stage_named(struct slice name);   /* of the ledger */

#define EXAMPLES  5
#define WORDS_MAX 65000 /* codes, currencies, names of offers in a file */

struct recon_settings {
    int64_t since, until; /* Unix seconds, [since, until); until 0: open */
    int64_t now, window;  /* seconds; at the edges */
    int64_t first;        /* of the oldest postback that is kept; 0: there is none */
    const struct zone *zone; /* of the days */
    struct slice offer;      /* this one alone; empty: all */
    uint64_t seed;           /* of the sample */
    unsigned sample;
    bool crm;                /* a CRM's file will come */
    /* An amount of a day in the currency of the report; false: no rate.  NULL: no such sums. */
    bool (*normalise)(void *context, struct slice currency, int64_t at, int64_t micros,
                      int64_t *out);
    void *context;
    struct slice target; /* that currency */
};

struct recon_postback {
    int64_t id, at; /* Unix seconds */
    struct slice offer, stage, code, click_id, txid;
    int verdict; /* as of the store: 1 queued, 2 duplicate, 3 ignored, 4 quarantined */
};
struct recon_event {
    int64_t id, postback;
    struct slice currency, original_currency;
    int64_t value, original_value;
    int state; /* as of the store */
    bool test, ttclid;
    struct slice email, phone; /* hex; empty when not needed */
};

/* A row of a file, understood. */
struct recon_row {
    struct slice click_id, txid, status, offer, currency;
    struct slice email, phone; /* hex of their SHA-256 */
    bool has_time, zoned, no_clock, has_amount;
    int64_t at;                /* Unix seconds */
    int64_t amount;            /* millionths */
    uint32_t line;
};

/* ---- what comes out ---- */

struct recon_example {
    int64_t postback; /* 0: none here */
    struct slice id;  /* to be traced; empty: none that may be shown, or that of the postback */
    uint32_t line;    /* of the file; 0: none */
};
struct recon_cause {
    enum side side;
    enum cause cause;
    uint16_t detail; /* word; 0: none */
    uint64_t count;
    unsigned examples;
    struct recon_example example[EXAMPLES];
};

enum tally { IN_TRACKER, RECEIVED, UNIQUE, IGNORED, QUARANTINED, DELIVERED, WAITING, DEAD, IN_CRM, TALLIES };
extern const char *const tally_names[TALLIES]; /* "in_tracker" */

#define NO_DAY INT32_MIN
struct recon_day {
    int32_t day;    /* days since 1970-01-01 in settings.zone; NO_DAY: rows without a time */
    uint32_t offer; /* an offer of the ledger, or NAMED_BY_FILE | word */
    uint64_t n[TALLIES];
    uint32_t causes[CAUSES]; /* of the tracker's rows, and what is only here */
};
#define NAMED_BY_FILE 0x80000000u

struct recon_money { /* sums of one currency; they stop at the largest number there is */
    uint16_t currency;
    int64_t tracker, ledger, crm; /* ledger: delivered, before conversion */
    uint64_t rows[SIDES];
};

struct recon_normal { /* the same, all currencies in one */
    int64_t sum[SIDES];
    uint64_t without_rate[SIDES];
};

struct recon_sample {
    struct slice click_id, txid, status, currency;
    bool has_time, has_amount;
    int64_t at, amount;
    uint32_t line;
    int64_t postback;
    enum outcome outcome; /* 0: nothing here */
    enum cause cause;
    bool in_crm;
    uint32_t ledger; /* inside */
};

struct recon_file { /* one file */
    uint64_t rows, outside, expected, delivered, lost;
};

/* One offer over the whole period. */
struct recon_offer_sum {
    struct slice offer;
    bool here; /* the ledger has it; false: only the files call one so (empty: they name none) */
    uint64_t promised[SIDES]; /* rows of each file that should have been delivered */
    uint64_t lost[SIDES]; /* of these, what was not; of SIDE_LEDGER: delivered that the tracker's file lacks */
};

struct recon_result {
    const struct recon_day *days; /* by day, then offer */
    size_t day_count;
    const struct recon_offer_sum *offers; /* in no order */
    size_t offer_count;
    const struct recon_cause *causes; /* by side, then code, then number */
    size_t cause_count;
    const struct recon_money *money;
    size_t money_count;
    struct recon_normal normal;
    struct recon_sample *samples;
    size_t sample_count;
    struct recon_file file[SIDES]; /* of SIDE_LEDGER: rows, and lost: delivered that the tracker lacks */
    int64_t shift;       /* seconds that the file's times are ahead of ours; 0: none */
    uint64_t shift_rows, timed_rows;
    uint64_t matched, differing; /* amounts that were compared */
    int64_t matched_tracker, matched_ledger; /* their sums where the currency is the same */
};

struct recon;
struct recon *recon_new(const struct recon_settings *s); /* NULL: out of memory */
void recon_free(struct recon *r);                        /* accepts NULL */

/* The ledger, oldest first (ids rise), all postbacks before the first event.  -1: out of memory, or more than the
 * limits above (*err). */
int recon_add_postback(struct recon *r, const struct recon_postback *pb, struct err *err);
int recon_add_event(struct recon *r, const struct recon_event *ev, struct err *err);
int recon_ledger_ready(struct recon *r, struct err *err);

/* The code that an event of a postback was given up with. */
void recon_dead_code(struct recon *r, int64_t postback, struct slice code);
/* The currency of the sums, once the ledger is known; borrowed. */
void recon_target(struct recon *r, struct slice currency);
/* A cause that the rows do not show: so many, of ours. */
int recon_tell(struct recon *r, enum cause cause, struct slice detail, uint64_t count,
               struct err *err);

int recon_add_tracker(struct recon *r, const struct recon_row *row, struct err *err);
int recon_add_crm(struct recon *r, const struct recon_row *row, struct err *err);
int recon_finish(struct recon *r, struct recon_result *out, struct err *err);

struct slice recon_word(const struct recon *r, uint16_t word);
struct slice recon_offer(const struct recon *r, uint32_t offer); /* of a recon_day */

#endif
