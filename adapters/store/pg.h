/* pg.h: inside of the PostgreSQL engine; only pg*.c and its tests include it.
 *
 * Any number of handles, of any number of machines, write to one database.  What they must agree on, the
 * database decides: that an event is one (event_keys), who sends it (a lease in deliveries), what time it
 * is.  What met another's transaction, a number that was taken over and a connection that was lost before its commit are
 * ERR_AGAIN: nothing was written.  A handle that writes has a row in `writers` with a number of its own: its ids have that number
 * in them, its counts stand there, and each of its commits changes that row, so that one whose
 * number somebody else has taken over commits nothing any more.
 *
 * Plain SQL of tables, unique keys, ON CONFLICT, SKIP LOCKED: nothing that relatives which speak the same
 * protocol lack. */
#ifndef ADAPTERS_STORE_PG_H
#define ADAPTERS_STORE_PG_H

#include "adapters/store/engine.h"
#include "adapters/store/pg_url.h"

struct pg_conn;   /* libpq's PGconn */
struct pg_result; /* its PGresult */
struct pg_tally;
struct pg_group;
struct kept_click;

enum pg_sql {
#define PG(name, text) PG_##name,
#include "adapters/store/pg_sql.def"
#undef PG
    PG_COUNT
};

/* Ids: seconds since 2020 by the database's clock (32 bits), the writer's number (6), a running number (15): in the order of
 * time for people to page by, and within 2^53, for JSON. */
enum pg_rows { PG_CLICKS, PG_POSTBACKS, PG_EVENTS, PG_ATTEMPTS, PG_ROWS };
#define PG_WRITERS     64
#define PG_SERIAL_BITS 15
#define PG_WRITER_BITS 6
#define PG_COPY_NODE   "(a copy or an import)" /* in its row of writers */
#define PG_EPOCH       INT64_C(1577836800) /* 2020-01-01T00:00:00Z */

/* Reads an answer; it keeps rows->result by setting that to NULL. */
struct pg;
struct pg_rows_read;
typedef int pg_taker(struct pg *s, struct pg_rows_read *rows, void *context, struct err *err);
#define PG_WAITS 64 /* statements under way at once, and their preparations */

struct pg_state { /* what a rollback must give back */
    struct store_moved moved;
    int64_t last[PG_ROWS]; /* the highest id given */
};

struct pg_span { /* days since 2020: of one set of tables; end is excluded, and 0 of none */
    int64_t first, end;
};

/* What retention is at (pg_retain.c, pg_cut.c). */
struct pg_old {
    struct pg_span span;    /* the oldest there is; none: not looked yet */
    int64_t after[2], n[2]; /* its postbacks and attempts: counted up to this id, so many */
    bool counted[2];
    int64_t removed;        /* how many rows had gone one by one, by anybody, before the first was counted */
    int64_t stuck_below;    /* rows with ids below go one by one: something in the oldest tables waits; 0: none does */
    int64_t again_at;       /* the oldest tables are looked at again, Unix milliseconds */
    int64_t swept_below;    /* what is left of events below this goes */
    struct pg_cut {
        bool begun, held;   /* held: a row waits, `from` stays before it */
        bool done;          /* in this round, which ends with the other's */
        int64_t at, from;
    } cut[2];
};

struct pg {
    struct store store;
    bool counted_ids; /* 1, 2, 3: for tests with one writer */
    struct pg_target target;
    const char *where;       /* "postgresql://host:port/name", without user and password, for messages */
    struct pg_conn *db;      /* NULL: not tried yet */
    int patience_ms;         /* for an answer; 0: any time */
    bool ready;              /* connected, and its schema is of today */
    bool lost;               /* it was, until this try */
    bool connecting;         /* it is being made ready */
    bool silent;             /* the last statement was given up */
    int64_t down_at;       /* of the last try to connect, by a clock that nobody sets; 0: it went well */
    struct err failure;      /* why */
    int64_t schema_before, schema_now;
    bool over_older;         /* a step may leave servers of older versions behind */
    bool prepared[PG_COUNT];
    struct pg_wait { /* a statement that was sent and not answered yet */
        enum pg_sql which;
        bool prepares;
        pg_taker *take;
        void *context;
    } waits[PG_WAITS];
    size_t waiting;
    uint64_t asked;          /* transactions, or questions of a reader, so far */
    int64_t planned_us;      /* when plans were made anew, pg_boot_us */
    uint64_t trips;          /* to the database and back, so far */
    enum pg_sql failed_at;   /* the statement of the last error */
    bool open;               /* BEGIN was sent */
    bool warned;             /* by the database, since this was set to false */
    bool shut_out;           /* the last error: a lock was not given in time */
    bool doubtful;           /* COMMIT was sent, and no answer came: it may be done */
    int number;              /* of the writer, -1: none yet */
    int64_t token;           /* says that the number is still ours */
    bool filling;            /* rows of elsewhere are brought here: others are kept out */
    int64_t days_until;      /* tables are there up to this day, included */
    int64_t days_again;      /* pg_boot_us before which tomorrow's are not tried again */
    struct pg_span made;     /* that were found or made last */
    struct pg_old old;       /* how far retention is */
    int64_t owner;           /* of what this handle takes: for its life, whatever its `number`; random, or of its run */
    int64_t lease_s;         /* how long what it takes is its own without renewal, seconds */
    int64_t first_run;       /* of the runs that were before this one; INT64_MIN: of none that is known */
    int64_t run, began;      /* of the program; when the first transaction did, by the database's clock */
    char node[64];
    int64_t now;             /* the database's clock when the transaction began, Unix milliseconds */
    int64_t asked_us;        /* pg_boot_us when it was asked */
    struct store_clock clock;
    struct pg_taken {        /* by this transaction, or by one of which nobody knows whether it was committed */
        int64_t *ids;
        size_t count, room;
        bool doubt;
    } taken;
    struct store_spill spill;    /* what this transaction says of one; token 0: nothing */
    struct pg_state state, before;
    struct store_counts counts; /* what this transaction adds */
    struct pg_tally *tally;     /* what this transaction counts */
    struct pg_group *group;
    struct arena scratch;    /* of one call */
};

/* ---- pg_days.c ---- */
#define PG_FIRST_DAY_ID (INT64_C(1) << 45) /* ids with a time in them are higher; counted ones stay below */
#define PG_SPAN_NAME    40
enum { PG_DAY_TABLES = 4 };
extern const char *const pg_day_tables[PG_DAY_TABLES];
int64_t pg_day_of(int64_t id); /* days since 2020 */
int64_t pg_day_of_ms(int64_t ms);
int64_t pg_day_ms(int64_t day);    /* its beginning, Unix milliseconds */
int64_t pg_day_first(int64_t day); /* the least id */
/* Of what came in at this moment or later: the least id with a time in it. */
int64_t pg_id_since(int64_t ms);
void pg_span_name(const char *table, struct pg_span span, char out[PG_SPAN_NAME]);
/* Those that there are, the oldest first, into the scratch arena. */
int pg_spans(struct pg *s, struct pg_span **list, size_t *count, struct err *err);
int pg_table_there(struct pg *s, const char *name, struct err *err); /* 1: there is such a table */
int pg_span_keep(struct pg *s, int64_t keep_ms, struct err *err); /* for tables made from now on: the ledger stays so long */
int pg_days_ready(struct pg *s, struct err *err);            /* those of today and tomorrow are there; before a transaction */
int pg_days_need(struct pg *s, int64_t id, struct err *err); /* the tables that this id goes into; in a transaction */

/* url: as libpq takes it, with whatever parameters. */
struct store *pg_open(const char *url, bool writer, bool counted_ids, struct err *err);

/* ---- pg_connect.c ---- */
int pg_alive(struct pg *s, struct err *err); /* connected and of today, or made so */
void pg_disconnect(struct pg *s);
bool pg_lost(const struct pg *s);
int pg_lock_ms(int patience_ms); /* for a lock of somebody else's; 0: any time */
/* Until the next result can be had without waiting; false: the connection is lost, or was given up after patience_ms. */
bool pg_wait(struct pg *s);
/* What was sent is answered: the last result, or the first that failed; NULL: the connection is lost. */
struct pg_result *pg_await(struct pg *s);
int pg_simple(struct pg *s, const char *sql, struct err *err); /* without values or rows; any number of statements */

/* ---- pg_fail.c: *err, and -1 ---- */
int pg_unreached(const struct pg_conn *db, const char *where, struct err *err); /* 1: the password was refused */
int pg_fail(struct pg *s, const struct pg_result *result, const char *doing, struct err *err); /* result: may be NULL */

/* ---- pg_call.c: statements; pg_values.c: what goes into them and comes out ---- */
/* Before a transaction, or a reader's question: now and then plans are made anew.  Those that are kept are made for tables as they were:
 * of an empty one, all is read without asking the index by anything. */
void pg_replan(struct pg *s);
void pg_forget(struct pg *s); /* what a connection knew that is no more */

/* One call of a prepared statement: start, its values in order; then run it, or queue it to go with others. */
#define PG_VALUES 24
struct pg_call {
    struct pg *s;
    enum pg_sql which;
    int count;
    bool full; /* a value found no room */
    const char *values[PG_VALUES];
    int lengths[PG_VALUES];
    char numbers[PG_VALUES][8];
};
void pg_start(struct pg_call *c, struct pg *s, enum pg_sql which);
void pg_text(struct pg_call *c, struct slice text); /* NULL when empty */
void pg_name(struct pg_call *c, struct slice text); /* '' when empty: of a column that is NOT NULL */
void pg_int(struct pg_call *c, int64_t n);
void pg_int_or_null(struct pg_call *c, int64_t n);  /* NULL when 0 */
void pg_ints(struct pg_call *c, const int64_t *list, size_t count);
void pg_bounds(struct pg_call *c, const int64_t *ids, size_t count); /* two values: the least and the greatest */
void pg_texts(struct pg_call *c, const struct slice *list, size_t count); /* an empty one is NULL */

struct pg_rows_read {
    struct pg_result *result;
    int count;
    int64_t changed; /* by INSERT, UPDATE, DELETE */
};
/* The values are copied.  take gets the answer when the queue is flushed, unless an earlier statement fails; NULL: rows don't matter. */
int pg_queue(struct pg_call *c, pg_taker *take, void *context, struct err *err);
/* All that is queued, in one trip.  0: done.  1: another handle was faster with something (*err says with what): what was
 * written in this transaction is void, and may be tried again.  -1: *err. */
int pg_flush(struct pg *s, struct err *err);
void pg_ignore(struct pg *s); /* nobody reads the answers to what is queued any more */
int pg_run(struct pg_call *c, struct pg_rows_read *out, struct err *err); /* queue and flush; NULL: rows don't matter */
int64_t pg_run_count(struct pg_call *c, struct err *err); /* how many rows it changed; -1 */
int pg_run_one(struct pg_call *c, int64_t *n, struct err *err); /* 1: *n is the first number.  0: no row, *n is 0.  -1 */
void pg_done(struct pg_rows_read *rows);
bool pg_is_null(const struct pg_rows_read *rows, int row, int column);
int64_t pg_int_at(const struct pg_rows_read *rows, int row, int column); /* 0 for NULL */
/* Into arena; empty for NULL. */
struct slice pg_text_at(const struct pg_rows_read *rows, int row, int column, struct arena *arena);
/* A list of bigint, into arena; NULL when it is none. */
const int64_t *pg_ints_at(const struct pg_rows_read *rows, int row, int column, struct arena *arena, size_t *count);
int pg_no_room(struct err *err);

/* ---- pg_text.c: any bytes as UTF-8 without NUL, and back ----
 * PostgreSQL's texts hold neither.  A byte that is no part of well-formed UTF-8, or NUL, is the
 * character U+10FE00 + byte; such characters themselves are taken byte by byte. */
struct slice pg_text_out(struct slice raw, struct arena *arena); /* the same slice when nothing is to do */
struct slice pg_text_in(struct slice kept, struct arena *arena); /* always a copy */

/* ---- pg_schema.c ---- */
/* From schema n to n + 1.  A program's number is how many steps it knows; `least`: who knows less may not use the schema any more. */
struct pg_step {
    const char *sql;
    int64_t least; /* 0: as before */
};
extern const struct pg_step pg_steps[];
extern const int64_t pg_program;
extern const char *const pg_tuning[]; /* wishes; ended by NULL */

/* ---- pg_migrate.c ---- */
int pg_schema_ready(struct pg *s, bool writer, struct err *err); /* create, migrate or refuse */
int pg_schema_still(struct pg *s, struct err *err); /* 0: this program may still use the schema that is there now */

/* ---- pg_writer.c: transactions and the writer's row ---- */
int pg_open_tx(struct pg *s, struct err *err); /* queued: BEGIN, after a ROLLBACK of what is open */
int pg_begin(struct store *, struct err *);
int pg_begin_group(struct store *, struct err *);
int pg_commit(struct store *, struct err *);
void pg_rollback(struct store *);
int64_t pg_next_id(struct pg *s, enum pg_rows rows);
void pg_moved(const struct store *, struct store_moved *);
int pg_counts(struct store *, struct store_counts *, struct err *);

int pg_mark(struct pg *s, struct err *err); /* what the transaction adds, into the writer's row */

/* Whole numbers by name: which = META_SET, META_LATER (when it is more), META_ADD, META_DROP (when it is that). */
int pg_meta_set(struct pg *s, enum pg_sql which, const char *key, int64_t n, struct err *err);
int pg_meta_get(struct pg *s, const char *key, int64_t *n, struct err *err); /* 1; 0: none, *n is 0 */
void pg_leave(struct pg *s); /* its number is free, and so is what it has taken */

/* ---- pg_share.c: what several machines know of each other ---- */
void pg_share_open(struct pg *s); /* who it is */
void pg_name_node(struct store *, struct slice, int64_t);
bool pg_clock(const struct store *, struct store_clock *);
int pg_renew(struct store *, int64_t, int64_t *, struct err *);
int pg_look(struct store *, struct store_gate *, size_t, struct store_crowd *, struct arena *, struct err *);
int pg_gate_set(struct store *, const struct store_gate *, int64_t, bool, struct err *);
int64_t pg_boot_us(void); /* CLOCK_BOOTTIME */

/* ---- pg_spill.c ---- */
int pg_spill_meet(struct store *, int64_t, bool, int64_t *, struct err *);
int pg_spill_mark(struct store *, const struct store_spill *, struct err *);
int pg_spill_write(struct pg *s, struct err *err); /* queued */

/* ---- pg_tally.c ---- */
struct pg_tallied { /* what is counted of an event */
    int64_t created;
    struct slice offer, event;
};
struct pg_tally *pg_tally_new(void);
void pg_tally_free(struct pg_tally *t);
void pg_tally_forget(struct pg *s);
int pg_tally_write(struct pg *s, struct err *err); /* queued */
void pg_tally_add(struct pg *s, const struct store_tally *t); /* any kind */
int64_t pg_tally_get(const struct pg *s, const struct store_tally *t); /* how many of these; t->n does not matter */
bool pg_tally_at(const struct pg *s, size_t i, struct store_tally *out); /* number i; false: there are no more */
int pg_tally_check(const struct pg *s, struct err *err); /* it has found room for all */
void pg_tally_click(struct pg *s, struct slice offer, int64_t at, bool ttclid, int n);
void pg_tally_postback(struct pg *s, const struct store_postback *pb, int n);
void pg_tally_put(struct pg *s, const struct store_event *ev);
void pg_tally_state(struct pg *s, const struct pg_tallied *e, enum store_state state, int n);
/* An attempt, and what it meant for the event. */
void pg_tally_answer(struct pg *s, const struct pg_tallied *e, const struct store_attempt *a, enum store_state meant);

/* ---- one file per kind of row ---- */
int pg_click_put(struct store *, const struct store_click *, const struct store_refusal *, struct store_refused *,
                 struct err *);
int pg_click_find(struct store *, struct slice, struct slice, struct slice, struct arena *, struct store_click *,
                  struct err *);
/* CLICKS_SQL's columns from column `first` on. */
int pg_click_row(const struct pg_rows_read *rows, int row, int first, struct arena *arena, struct kept_click *out,
                 struct err *err);
void pg_click_count(struct pg *s, const struct store_click *had, const struct store_click *is); /* had NULL: it is new */
struct slice pg_click_key(struct pg *s, const struct store_click *c);
int pg_find_clicks(struct store *, struct slice, unsigned, struct arena *, struct store_click **, size_t *, struct err *);
int pg_refuse(struct pg *s, const struct store_click *click, const struct store_refusal *how, struct store_refused *out,
              struct err *err);

int pg_postback_id(struct store *, int64_t *, struct err *);
int pg_postback_put(struct store *, struct store_postback *, struct err *);
int pg_get_postback(struct store *, int64_t, struct arena *, struct store_postback *, struct err *);
int pg_find_postbacks(struct store *, struct slice, unsigned, struct arena *, struct store_postback **, size_t *,
                      struct err *);
int pg_list_postbacks(struct store *, struct slice, int64_t, int64_t, unsigned, struct arena *, struct store_postback **,
                      size_t *, struct err *);
int pg_list_latest(struct store *, const struct store_latest *, unsigned, struct arena *, struct store_postback **,
                   size_t *, int64_t *, struct err *);
int pg_postback_rows(struct pg_rows_read *rows, struct arena *arena, struct store_postback **list, size_t *count,
                     struct err *err); /* every row of a result of POSTBACKS_SQL */
int pg_postback_params(struct store *, int64_t, struct arena *, struct slice *, struct err *);
int pg_postback_again(struct store *, const struct store_postback *, struct err *);
/* What pg_marked finds: few postbacks have one. */
struct pg_mark {
    int64_t hash, postback;
};
int64_t pg_mark_hash(bool by_ttclid, struct slice offer, struct slice id);
int pg_mark_of(const struct store_postback *pb, int64_t id, struct pg_mark *out); /* 1: it has one */
int pg_marks_add(struct pg *s, const struct pg_mark *list, size_t count, struct err *err);
int pg_marked(struct store *, struct slice, struct slice, struct slice, struct err *);
int pg_history(struct store *, struct slice, struct slice, struct slice, unsigned, struct arena *, struct store_seen **,
               size_t *, struct err *);

struct slice pg_event_key(struct pg *s, const struct store_event *ev, struct slice id); /* in the scratch arena */
int pg_event_put(struct store *, struct store_event *, int64_t *, struct err *);
int pg_event_row(const struct pg_rows_read *rows, int row, struct arena *arena, struct store_event *ev, struct err *err);
int pg_event_rows(struct pg_rows_read *rows, struct arena *arena, struct store_event **list, size_t *count,
                  struct err *err); /* every row of a result */
int pg_get_event(struct store *, int64_t, struct arena *, struct store_event *, struct err *);
int pg_events_of(struct store *, const struct store_postback *, struct arena *, struct store_event **, size_t *,
                 struct err *);
int pg_find_events(struct store *, struct slice, unsigned, struct arena *, struct store_event **, size_t *, struct err *);

int pg_take(struct store *, struct slice, int64_t, int64_t, unsigned, struct arena *, struct store_event **, size_t *,
            struct err *);
int pg_report(struct store *, const struct store_attempt *, const struct store_outcome *, size_t, struct err *);
int pg_recover(struct store *, int64_t, int64_t *, struct err *);
/* From column `at` on: created, offer, event. */
void pg_read_tallied(const struct pg_rows_read *rows, int row, int at, struct arena *arena, struct pg_tallied *out);
/* What handles had that are not heard of any more waits again; own: this one's, too. */
int pg_take_over(struct pg *s, int64_t now, bool own, int64_t *recovered, struct err *err);
int pg_untake(struct pg *s, struct err *err); /* what `taken` is in doubt about waits as before */
int pg_clock_back(struct store *, int64_t, struct err *);
int pg_event_again(struct store *, int64_t, int64_t, bool, struct slice, struct err *);
int pg_pixels_due(struct store *, struct arena *, struct store_due **, size_t *, struct err *);
int pg_attempts_of(struct store *, int64_t, struct arena *, struct store_attempt **, size_t *, struct err *);

int pg_walk_events(struct store *, int64_t, store_event_visit *, void *, struct err *);
int pg_walk_click_ids(struct store *, store_click_ids_visit *, void *, struct err *);
int pg_walk_briefs(struct store *, int64_t, store_brief_visit *, void *, struct err *);
int pg_walk_fates(struct store *, int64_t, bool, store_fate_visit *, void *, struct err *);
int pg_walk_tallies(struct store *, int64_t, int64_t, struct slice, store_tally_visit *, void *, struct err *);
int pg_newest(struct store *, struct store_cursor *, struct err *);
void pg_cursor_at(struct store_cursor *);
int64_t *pg_cursor_place(const struct store *, struct store_cursor *, int64_t);
int pg_news(struct store *, struct store_cursor *, unsigned, struct arena *, struct store_postback **, size_t *, struct err *);
int pg_changed_events(struct store *, struct store_cursor *, unsigned, struct arena *, int64_t **, size_t *, struct err *);
int pg_list_again(struct store *, const struct store_again *, int64_t *, unsigned, int64_t *, size_t *, struct err *);
int pg_cut(struct pg *s, const struct store_retention *how, int64_t left, struct store_retained *out, struct err *err);
int pg_retain(struct store *, const struct store_retention *, struct store_retained *, struct err *);

/* The look-up value of an id: 64 bits of a hash, 0 of none; rows are compared with the id itself. */
int64_t pg_hash(struct slice id);
/* Of a ttclid: the upper half is of its first STORE_PREFIX characters, so a beginning is a range of values. */
int64_t pg_ttclid_hash(struct slice ttclid);
/* 128 bits of SHA-256 over the parts, as a uuid's text: for keys that must be unique. */
struct slice pg_key(struct arena *arena, const struct slice *parts, size_t count);
/* Rows by any of their ids, or where none has it, by the beginning of a ttclid. */
int pg_find(struct pg *s, enum pg_sql exact, enum pg_sql head, struct slice id, unsigned max,
            struct pg_rows_read *rows, struct err *err);

#endif
