/* internal.h: inside of core/reconcile only. */
#ifndef CORE_RECONCILE_INTERNAL_H
#define CORE_RECONCILE_INTERNAL_H

#include "core/reconcile/reconcile.h"

enum { REC_TEST = 1, REC_TTCLID = 2, REC_IN_TRACKER = 4, REC_IN_CRM = 8, REC_TAKEN_BACK = 16 };

/* One postback with what became of its events: 64 bytes. */
struct rec {
    uint64_t click, txid; /* hashes; 0: none */
    int64_t id, value, original;
    uint32_t at, next_click, next_txid; /* place + 1 of the next one in its chain; 0: the end */
    uint16_t offer, code, currency, original_currency; /* words; code: of the verdict, or TikTok's */
    uint8_t outcome, stage, flags, verdict;
};

struct recon;

struct set { /* of hashes */
    uint64_t *slots; /* 0: free */
    size_t count, room;
};
bool set_add(struct set *s, uint64_t h, bool *had); /* false: out of memory */
bool set_has(const struct set *s, uint64_t h);
void set_free(struct set *s);

struct words { /* short texts, each once */
    struct arena arena;
    struct slice *list;
    uint32_t *slots; /* word, 0: free; word 0 is the empty text */
    size_t count, room;
};
/* The word of a text; -1: too many, or out of memory. */
int words_id(struct words *w, struct slice text);
void words_free(struct words *w);

struct key { /* of an e-mail or phone */
    uint64_t hash;
    uint32_t rec;
};
struct keys {
    struct key *list;
    size_t count, room;
};

/* Of a word: an offer of the ledger, what a file calls one, or both. */
struct tie {
    bool here;      /* the ledger has an offer of that name */
    uint16_t offer; /* the vote of the name's rows that were found (offers.c) */
    uint64_t votes, matched, missing[SIDES]; /* missing: rows that should have been delivered, and nothing came */
    uint64_t received, promised[SIDES], lost[SIDES]; /* of the offer */
};
/* A row of a file, that was found (rec) or not. */
void tie_row(struct recon *r, enum side side, uint16_t name, const struct rec *rec, bool promised, bool lost);
int offers_finish(struct recon *r, struct err *err); /* result.offers */

#define WORDS_SPARE 20000
#define CHAIN_MOST 1000 /* postbacks of one click that are looked at */
#define SHIFT_STEP 900 /* seconds */
#define SHIFT_MOST 104 /* steps: 26 hours */

struct recon {
    struct recon_settings how;
    struct arena arena; /* of examples, samples and results */
    struct words words;
    struct rec *recs;
    size_t rec_count, rec_room;
    uint32_t *by_click, *by_txid;
    size_t mask;
    struct keys emails, phones;
    struct set seen[SIDES];             /* rows of a file */
    struct set lost_click, lost_txid;   /* ids of the tracker's rows that are not here */
    struct set crm_click, crm_txid;     /* the CRM's */
    struct recon_day *days;
    uint32_t *day_slots;
    size_t day_count, day_room;
    struct recon_cause *causes;
    size_t cause_count, cause_room;
    struct recon_money *money;
    size_t money_count, money_room;
    struct tie *ties; /* by word */
    struct recon_offer_sum *offers;
    uint32_t *money_at; /* by word: place + 1; 0: none yet */
    struct recon_sample *samples;
    uint64_t sampled, random;
    uint64_t shifts[2 * SHIFT_MOST + 1], timed;
    struct recon_result result;
};

/* Make room for one more of *list; false: out of memory. */
bool grow(void **list, size_t count, size_t *room, size_t size);

uint64_t id_hash(struct slice id); /* 0 for the empty one */

/* The next postback with the same click or txid, from *at (0: none left). */
struct rec *next_of_click(const struct recon *r, uint64_t click, uint32_t *at);
struct rec *next_of_txid(const struct recon *r, uint64_t txid, uint32_t *at);
uint32_t first_of_click(const struct recon *r, uint64_t click);
uint32_t first_of_txid(const struct recon *r, uint64_t txid);
struct rec *rec_of_key(const struct recon *r, const struct keys *keys, struct slice hex);

/* Another postback of the same conversion (same click, and not another txid) has one of these flags,
 * or that outcome (0: any flag decides). */
bool sibling(const struct recon *r, const struct rec *one, unsigned flags, enum outcome outcome);

/* What a row was found to be. */
struct found {
    struct rec *rec; /* NULL: nothing here */
    bool by_txid;    /* under another click id */
    enum stage stage;
    enum cause cause;
    uint16_t detail;
};

/* The postback that fits best into f, whose stage is set: the same txid, that stage, one without the flag `used`, the
 * one that went best, the oldest.  click and txid: hashes, 0: none. */
void find_rec(const struct recon *r, uint64_t click, uint64_t txid, unsigned used, struct found *f);

bool is_taken_back(enum stage stage);
bool in_period(const struct recon *r, int64_t at);
bool of_offer(const struct recon *r, const struct rec *rec); /* rec NULL: yes */

/* ---- counting ---- */
struct recon_day *day_of(struct recon *r, int32_t day, uint32_t offer);
int32_t day_number(const struct recon *r, int64_t at);
int add_cause(struct recon *r, enum side side, enum cause cause, uint16_t detail,
              const struct recon_example *example, struct err *err);
/* At the ends of the range it stays there: ten rows of the largest amount are past it. */
void add_saturating(int64_t *to, int64_t n);
int add_money(struct recon *r, enum side side, uint16_t currency, int64_t micros, int64_t at,
              struct err *err);
int no_room(struct err *err);

#endif
