/* spill.h: DIR/spill.db, in which a server keeps what it has taken while its database is away, until that has it.
 *
 * A SQLite file of its own (WAL, synchronous = FULL): what spill_put returned 0 for survives power loss.  Entries have serials that
 * grow; whoever writes to the database says there, in the same transaction, up to which serial it has come (store_spill_meet), so
 * that after any kill or doubt an entry is known to be there or not.  A `token` names one filling of the file: it is another
 * random one each time that the file has become empty, so that a lost deletion or an old copy is never taken for new entries, and each
 * time that an empty file is opened: it may be the copy of one that another server goes on with.  A copy in which something waits is known
 * by its file (its number and time of birth), and takes nothing until it is empty: what it has, the original has under the same token.
 * One thread owns a handle; the caller holds the folder's lock. */
#ifndef ADAPTERS_STORE_SPILL_H
#define ADAPTERS_STORE_SPILL_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/slice.h"

struct spill;

enum spill_kind { SPILL_POSTBACK = 1, SPILL_UNREADABLE, SPILL_CLICK }; /* kept in files: never renumber */

/* What came in, with personal data hashed already. */
struct spill_entry {
    int64_t serial; /* above 0, higher than all before it */
    int64_t at;     /* arrival, Unix milliseconds */
    enum spill_kind kind;
    bool keyed;      /* click: with the key */
    int64_t said_at; /* click: Unix seconds, as store_click.at; 0: its arrival */
    struct slice offer, method, content_type, address;
    struct slice params; /* name=value&..., percent-encoded: of a postback as it may be kept, of a click its fields */
    struct slice reason; /* unreadable: why */
    struct slice notes;  /* lines "W091 sentence" that only the request could make */
};

struct spill_state {
    int64_t waiting, bytes; /* entries, and about what they take */
    int64_t aside;          /* entries that nobody can hand on: kept, not waiting */
    int64_t first_at;       /* arrival of the oldest that waits, Unix milliseconds; 0: none waits */
    int64_t last;           /* the highest serial that it has had since it was opened, or still has; 0: none */
    int64_t token;
    bool known;     /* a database has met this token */
    bool copied;    /* it is a copy of the file that this filling began in */
    char place[300]; /* for which store it was taken, for people; "": not known */
};

/* Make the file, or open the one that is there.  most: bytes that may wait.  One that is damaged is set aside under another
 * name, which *damaged (may be NULL; static in the handle) says; else it becomes "".  NULL: *err; ERR_INPUT when a newer program wrote it. */
struct spill *spill_open(const char *dir, int64_t most, const char **damaged, struct err *err);
void spill_close(struct spill *s); /* accepts NULL */

bool spill_there(const char *dir); /* is there such a file? */

void spill_state(const struct spill *s, struct spill_state *out);

/* All of them or none; durable when it returns 0.  place: as of the state.  -1: nothing was kept (ERR_BUSY: no room, or a copy, and what to do). */
int spill_put(struct spill *s, const struct spill_entry *list, size_t count, const char *place, struct err *err);

/* The oldest that wait, in order: at most max, and about `bytes`.  What fails its checksum is set aside on the way.  Into arena. */
int spill_get(struct spill *s, unsigned max, size_t bytes, struct arena *arena, struct spill_entry **list, size_t *count,
              struct err *err);

/* Those up to this serial are in the database.  When none is left the file gets a new token. */
int spill_drop(struct spill *s, int64_t upto, struct err *err);

/* A database has met the token. */
int spill_met(struct spill *s, struct err *err);

/* This entry can't be handed on: it stays in the file, and the others go on. */
int spill_aside(struct spill *s, int64_t serial, struct slice why, struct err *err);

/* For verbs beside a server.  1: *out.  0: there is no such file.  -1: *err. */
int spill_peek(const char *dir, struct spill_state *out, struct err *err);

/* How many that wait have this id as a value of a parameter, and the arrival of the first (Unix milliseconds).  As spill_peek. */
int spill_find(const char *dir, struct slice id, int64_t *count, int64_t *first_at, struct err *err);

#endif
