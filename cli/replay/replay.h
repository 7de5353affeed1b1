/* replay.h: inside of `clickbaton replay`: what is chosen, who does it, what is said of it. */
#ifndef CLI_REPLAY_REPLAY_H
#define CLI_REPLAY_REPLAY_H

#include <cjson/cJSON.h>

#include "cli/coverage/coverage.h"
#include "cli/replay/group.h"

struct replay_options {
    const char *config, *since, *until, *offer, *tracker, *code, *status;
    bool quarantined, dead, dry, yes, json;
    int64_t rate; /* events a second; INT64_MAX: no limit */
};

/* ---- desk.c: the running server, or the store itself ---- */

struct desk;

/* Where the catalog's store is.  A server that runs there must have the same files in force, unless
 * only dead events are meant.  NULL and *err; ERR_INPUT when it has not. */
struct desk *desk_open(struct catalog *catalog, bool dead, struct err *err);
struct store *desk_reader(struct desk *d);
/* One group; its JSON, to be deleted by the caller.  NULL and *err: nothing was changed, or the
 * connection broke and nobody knows: asking once more does no harm. */
cJSON *desk_do(struct desk *d, const struct replay_order *order, struct err *err);
void desk_close(struct desk *d); /* accepts NULL */

/* ---- pick.c: which rows ---- */

#define PICK_IDS_MOST 1000

struct pick {
    struct store *reader;
    struct store_again what;
    bool only;     /* the rows in list, and none else */
    int64_t *list; /* in order */
    size_t count, at;
    int64_t after;
};

/* Narrow p to the rows that have one of these ids (click id, ttclid, event id, transaction id).  The
 * first id that no quarantined postback (dead event) has goes to *unknown. */
int pick_ids(struct pick *p, const char *const *ids, size_t count, struct arena *arena,
             const char **unknown, struct err *err);
/* The next ones, at most max; 0 in *count: that was all. */
int pick_next(struct pick *p, unsigned max, int64_t *ids, size_t *count, struct err *err);
void pick_restart(struct pick *p);

/* ---- tally.c: what came of it ---- */

#define TALLY_ROWS 64

struct tally {
    bool dead, dry;
    struct arena arena;
    int64_t rows, queued, duplicate, ignored, quarantined, left, events;
    struct tally_sum {
        struct slice currency;
        int64_t units, micros;
    } sums[TALLY_ROWS];
    size_t sum_count;
    struct tally_why {
        struct slice code, why; /* quarantined: the code; left: the sentence */
        int64_t count;
    } whys[TALLY_ROWS];
    size_t why_count;
    struct ids seen; /* dry: the events that would be there by now */
};

void tally_open(struct tally *t, bool dead, bool dry);
void tally_close(struct tally *t);

/* Count one row of an answer; of a dry run, events that an earlier row would have put become known.
 * false: it is not to be shown (it has another status). */
bool tally_row(struct tally *t, cJSON *row);

/* The row for people (bodies, of a dry run) or as one line of JSON. */
void tally_show_row(struct buf *out, const struct tally *t, const cJSON *row, bool json);
/* The request bodies that the row's fresh events would be sent in, of a dry run. */
void tally_bodies(struct buf *out, const cJSON *row, const char *between, const char *after);
void tally_show(struct buf *out, const struct tally *t);
void tally_json(struct buf *out, const struct tally *t);

/* ---- progress.c: on stderr while it runs ---- */

struct progress {
    bool bar; /* stderr is a terminal */
    const char *what;
    int64_t total, started_ms, told_ms;
};
void progress_start(struct progress *p, int64_t total, bool dead);
void progress_tell(struct progress *p, const struct tally *t);
void progress_end(struct progress *p);
int64_t progress_clock(void); /* milliseconds, of no epoch */

/* ---- run.c ---- */

void replay_catch_signals(void); /* SIGINT and SIGTERM end a run after the group in hand */
int replay_complain(const struct err *err); /* onto stderr; -1 */

/* Everything, and what is said of it; gives the exit code.  count may be 0: all that `what` means. */
int replay_run(const struct replay_options *o, struct desk *desk, const struct store_again *what,
               uint64_t rules, const char *const *ids, size_t count);

#endif
