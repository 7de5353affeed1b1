/* spillway.h: what the intake thread knows of its spill: the file, and how far the database has come with it.
 *
 * Everything that this server writes to the database goes under the spill's token with serials that grow, what is kept in the file first
 * and what is not alike.  So a group whose commit was not answered can be kept, too: the database says later whether it has it. */
#ifndef CLI_SERVE_SPILLWAY_H
#define CLI_SERVE_SPILLWAY_H

#include "adapters/store/spill.h"
#include "adapters/store/store.h"
#include "cli/serve/rules.h"
#include "cli/serve/spill_entry.h"

#define SPILLWAY_BATCH 500 /* handed on in one transaction */
#define SPILLWAY_CLOCKS 64

struct spillway {
    struct spill *file;
    struct rules_holder *rules;
    struct identity_hasher *hasher; /* the intake thread's; set by intake_open */
    bool on;        /* else it only hands on what is there */
    char place[300]; /* the store, for people */
    char damaged[400]; /* a file that was set aside at the start; "": none was */
    bool met;       /* the database has said how far it is, and nothing has failed since */
    int64_t next;   /* the next serial */
    int64_t upto;   /* the database has all up to here */
    bool foreign;   /* until the end: what is in the file is of another database, so nothing is handed on */
    char why[400];  /* the sentence about that */
    unsigned batch;
    /* clock_unheard when these serials were kept, a new one each time that it is another by more than a second: somebody has set this
     * machine's clock.  What is kept after the last that has room is put right by that one's. */
    struct spillway_clock {
        int64_t from, to, unheard;
    } clocks[SPILLWAY_CLOCKS];
    unsigned clock_count;
    int64_t stuck;  /* the serial alone with which the last transactions failed, and how often; 0: none */
    unsigned stuck_times;
    struct arena arena;      /* of one batch */
    struct spilled *requests; /* SPILLWAY_BATCH of them */
};

/* NULL: *err, or ERR_NONE: it is off, and no file waits. */
struct spillway *spillway_open(const char *dir, bool on, int64_t most, const char *place, struct rules_holder *rules,
                               struct err *err);
void spillway_close(struct spillway *w); /* accepts NULL */

/* Of a server whose store is no database, and so never away: what one has left that was.  Told in the log, and in why when something waits. */
void spillway_left(const char *dir, struct spill_state *left, char *why, size_t size);

bool spillway_waits(const struct spillway *w);

/* Ask the database how far it is, unless that is known.  -1: it did not answer, or (ERR_INPUT) the file is of another one. */
int spillway_meet(struct spillway *w, struct store *store, struct err *err);

/* Serials for so many requests, as they are to be marked in their transaction. */
struct store_spill spillway_mark(struct spillway *w, unsigned count);

/* The transaction with this mark is there; it is not, or nobody knows. */
void spillway_done(struct spillway *w, const struct store_spill *mark);
void spillway_failed(struct spillway *w);

/* Requests that came at `now` (Unix milliseconds) into the file; when the store's clock has not been heard of yet, their times are corrected as
 * they are taken out by the same run of the server. mark: theirs, or NULL: they have none yet. */
int spillway_keep(struct spillway *w, struct intake_request *list, unsigned count, const struct store_spill *mark, int64_t now,
                  struct err *err);

/* The oldest, as requests in a list, and their mark.  Until spillway_let_go.  *count 0: none waits.  One that can't be read, whatever memory there
 * is, is set aside on the way.  -1: nothing was taken (ERR_BUSY: also when there is no memory for now). */
int spillway_take(struct spillway *w, int64_t now, struct intake_request **list, unsigned *count,
                  struct store_spill *mark, struct err *err);
void spillway_let_go(struct spillway *w, struct intake_request *list);

/* They are in the database. */
int spillway_handed_on(struct spillway *w, const struct store_spill *mark, struct err *err);

/* They could not be written: the next time it is half as many.  What the database can't take because of what it is, is set aside when it was
 * alone, some times. */
void spillway_not_taken(struct spillway *w, const struct store_spill *mark, unsigned count, const struct err *why);

#endif
