/* sqlite.h: inside of the SQLite engine; only sqlite*.c and its tests include it.
 *
 * Rows are appended, big ones are never rewritten: what changes while an event is delivered lives
 * in the small rows of `deliveries`.  Which rows hold an id is the business of sqlite_index.h. */
#ifndef ADAPTERS_STORE_SQLITE_H
#define ADAPTERS_STORE_SQLITE_H

#include "adapters/store/engine.h"

struct sqlite3;
struct sqlite3_stmt;
struct index;
struct names;
struct retaining;
struct log_lock;
struct tally;

enum sql {
#define SQL(name, text) SQL_##name,
#include "adapters/store/sqlite_sql.def"
#undef SQL
    SQL_COUNT
};

/* Row ids are given by us, not by SQLite: an id is never used twice, also after rows are gone. */
enum rows { ROWS_CLICKS, ROWS_POSTBACKS, ROWS_EVENTS, ROWS_ATTEMPTS, ROWS_COUNT };

/* What a rollback must give back. */
struct sqlite_state {
    struct store_counts counts;
    struct store_moved moved;
    int64_t last[ROWS_COUNT]; /* the highest id ever given */
    int64_t gone_postback, gone_attempt; /* the highest that retention has removed */
    int64_t clicks_before, ledger_before; /* what it has removed was older, Unix ms; 0: nothing */
    int64_t floor[ROWS_COUNT];           /* no row up to these is there any more; as far as is known */
};

#define SQLITE_APPLICATION_ID 0x436c6b42 /* "ClkB" */

/* Every row of a table, by its integer key (sqlite_upgrade.c). */
struct sqlite_fill {
    const char *table, *key, *update; /* update: without WHERE */
};

struct sqlite_step {
    int version; /* of the schema after it */
    const char *sql;
    const struct sqlite_fill *fill; /* after sql, a piece at a time; ended by table NULL; or NULL: one transaction is enough */
    const char *end;                /* after fill; or NULL */
};
extern const struct sqlite_step sqlite_steps[]; /* ended by version 0 */

/* What tests and benchmarks turn; sqlite_tuning_default for everything else. */
struct sqlite_tuning {
    uint64_t hash_mask;   /* few bits: every look-up meets collisions */
    uint32_t hot_entries; /* ids in memory before they are written as a sorted run */
    int64_t wal_pages;    /* past this a commit is followed by a RESTART checkpoint */
    int64_t max_pages;    /* of the database, 0: no limit */
    int page_size, cache_kib;
    const struct sqlite_step *steps;
    int64_t fill_ids; /* of a table, in one transaction of an upgrade */
    const struct store_upgrade *upgrade; /* NULL: nobody wants to know */
};
extern const struct sqlite_tuning sqlite_tuning_default;

#define BUSY_MS 2000 /* others hold a lock only while they recover a log */

struct sqlite {
    struct store store;
    struct sqlite_tuning tuning;
    struct sqlite3 *db;
    struct sqlite3_stmt *stmts[SQL_COUNT];
    char *dir;
    int lock; /* file descriptor, -1 */
    struct sqlite_state now, before;
    struct names *names;
    struct index *index;
    struct tally *tally; /* what this transaction counts */
    uint64_t seed;    /* of this file's hashes, so that nobody outside can make them collide */
    int64_t wal_size; /* pages, after the last commit */
    struct log_lock *log_lock; /* NULL: SQLite needs none */
    bool log_held;             /* by this transaction */
    struct arena scratch;
    struct retaining *retaining; /* where it is; NULL: not begun */
    /* verify: what would be indexed goes here instead; other than 0 ends the walk. */
    int (*index_tap)(void *context, int family, uint64_t hash, int64_t row);
    void *tap_context;
    struct sqlite *tally_to; /* verify: tallies are written there instead; a name that is unknown is not added */
    struct store_upgrading upgrading; /* what: NULL, it is not */
    bool unsynced;    /* a sync has failed: no more transactions */
    bool reload;      /* a transaction that moved the index was lost: read it again */
};

#define UNSYNCED_REMEDY                                                                            \
    "; nothing is stored until a restart, for only that writes again what may be missing: look at the "  \
    "disk, then restart clickbaton"

struct store *sqlite_open(const char *dir, bool writer, const struct sqlite_tuning *tuning,
                          struct err *err);

/* ---- sqlite_db.c: the file ---- */
int sqlite_db_open(struct sqlite *s, struct err *err); /* lock, folder, file, settings */
int sqlite_sync_names(struct sqlite *s, struct err *err); /* of the folder, when its files are there */
void sqlite_db_close(struct sqlite *s);

/* Fill err with SQLite's words after `doing` went wrong; marks the transaction as failed. */
bool sqlite_unsynced(struct sqlite *s, int code); /* was it a sync?  Then it is remembered */
int sqlite_fail(struct sqlite *s, struct err *err, const char *doing);
int sqlite_no_room(struct err *err); /* an arena is full, or malloc failed */

/* A prepared statement, ready to be bound; NULL and *err when it can't be had. */
struct sqlite3_stmt *sql_use(struct sqlite *s, enum sql which, struct err *err);
int sql_step(struct sqlite *s, struct sqlite3_stmt *st, struct err *err); /* 1 row, 0 end, -1 */
int sql_run(struct sqlite *s, struct sqlite3_stmt *st, struct err *err);  /* to its end */
void sql_done(struct sqlite3_stmt *st);
int sql_now(struct sqlite *s, enum sql which, struct err *err); /* use and run, nothing to bind */

/* A consistent view for several reads; a no-op inside a transaction of ours. */
int sqlite_read_begin(struct sqlite *s, struct err *err);
void sqlite_read_end(struct sqlite *s);

/* ---- sqlite_log.c: the write-ahead log, moved and kept short ---- */
int sqlite_log_open(struct sqlite *s, const char *path, struct err *err);
void sqlite_log_close(struct sqlite *s);
void sqlite_log_begin(struct sqlite *s); /* after BEGIN; sqlite_log_end when it has ended */
void sqlite_log_end(struct sqlite *s);
void sqlite_log_bound(struct sqlite *s); /* after a commit */
int sqlite_log_renew(struct sqlite *s, struct err *err); /* of a writer that has just opened the file */
bool sqlite_log_try(struct sqlite *s);   /* may it run a checkpoint?  Then leave after it */
void sqlite_log_leave(struct sqlite *s);
int sqlite_maintain(struct store *, struct err *);

/* ---- sqlite_retain.c ---- */
int sqlite_retain(struct store *, const struct store_retention *, struct store_retained *,
                  struct err *);
void sqlite_retain_free(struct sqlite *s);
int sqlite_give_back(struct store *, unsigned, int64_t *, struct err *); /* sqlite_stats.c */

/* ---- sqlite_schema.c ---- */
int sqlite_schema_ready(struct sqlite *s, struct err *err); /* create, migrate or refuse */

/* ---- sqlite_upgrade.c ---- */
int sqlite_upgrade(struct sqlite *s, int64_t version, struct err *err); /* from version on */
/* Say how far what takes long is, now and, from the first time on, while a statement runs. */
void sqlite_upgrade_tell(struct sqlite *s, const char *what, int64_t done, int64_t of);
void sqlite_upgrade_told(struct sqlite *s); /* that was it */

/* ---- sqlite_row.c: values in and out ---- */
void bind_text(struct sqlite3_stmt *st, int at, struct slice s); /* NULL when empty */
void bind_int(struct sqlite3_stmt *st, int at, int64_t n);
void bind_int_or_null(struct sqlite3_stmt *st, int at, int64_t n); /* NULL when 0 */
int bind_name(struct sqlite *s, struct sqlite3_stmt *st, int at, struct slice name,
              struct err *err);
/* s, or only its place when it occurs in host: long ids are not kept twice in a row. */
void bind_within(struct sqlite3_stmt *st, int at, struct slice s, struct slice host);

struct slice col_text(struct sqlite3_stmt *st, int at); /* borrowed until the next step */
int64_t col_int(struct sqlite3_stmt *st, int at);
struct slice col_within(struct sqlite3_stmt *st, int at, struct slice host);
int col_name(struct sqlite *s, struct sqlite3_stmt *st, int at, struct arena *arena,
             struct slice *out, struct err *err);

/* Names: repeated short texts kept once, with a bounded cache in memory. */
struct names *names_new(void);
void names_free(struct names *n);
void names_forget(struct names *n); /* after a rollback */
/* The id of text: 1.  0: it has none, and `add` is false.  -1: *err. */
int names_id(struct sqlite *s, struct slice text, bool add, int64_t *id, struct err *err);

/* ---- sqlite_search.c: rows by any of their ids ---- */
enum sqlite_match { MATCH_NONE, MATCH_EXACT, MATCH_PREFIX /* of its ttclid */ };
enum sqlite_match sqlite_match_ttclid(struct slice id, struct slice ttclid);

struct sqlite_search {
    enum rows rows;
    int family;          /* enum index_family */
    unsigned kinds;      /* of ids, each with hashes of its own */
    uint64_t ttclid_kind; /* that of ttclids */
    /* Rows that are in no run yet, oldest first, for the disk reads ahead; old ones that have got other
     * ids since (SQL_COUNT: there are none); one row.  The same columns, those after the ids may lack. */
    enum sql tail, late, get;
    enum sqlite_match (*match)(struct sqlite3_stmt *st, struct slice id);
    /* Append the row to the list that context knows. */
    int (*take)(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena, void *list,
                size_t at, struct err *err);
    size_t size; /* of one element of the list */
};
int sqlite_search(struct sqlite *s, const struct sqlite_search *what, struct slice id,
                  unsigned max, struct arena *arena, void **list, size_t *count, struct err *err);

/* ---- one file per kind of row ---- */
int sqlite_click_put(struct store *, const struct store_click *, const struct store_refusal *,
                     struct store_refused *, struct err *);
int sqlite_click_find(struct store *, struct slice, struct slice, struct slice, struct arena *,
                      struct store_click *, struct err *);
int sqlite_find_clicks(struct store *, struct slice, unsigned, struct arena *,
                       struct store_click **, size_t *, struct err *);
int sqlite_clicks_index(struct sqlite *s, int64_t after, struct err *err);
int sqlite_clicks_index_tail(struct sqlite *s, int64_t after, struct err *err); /* no late ones */

/* sqlite_refusal.c: cut the click's events and postbacks; in the transaction that remembers it. */
int sqlite_refuse(struct sqlite *s, int64_t offer, const struct store_click *click,
                  const struct store_refusal *how, struct store_refused *out, struct err *err);
/* Overwrite what updates leave behind in the file (they are rare), or not. */
int sqlite_wipe(struct sqlite *s, bool on, struct err *err);

int sqlite_postback_id(struct store *, int64_t *, struct err *);
int sqlite_postback_put(struct store *, struct store_postback *, struct err *);
int sqlite_find_postbacks(struct store *, struct slice, unsigned, struct arena *,
                          struct store_postback **, size_t *, struct err *);
int sqlite_list_postbacks(struct store *, struct slice, int64_t, int64_t, unsigned, struct arena *,
                          struct store_postback **, size_t *, struct err *);
/* Ids are given in order of time: the last id of postbacks or events that lies safely before `since` (ms).
 * In sqlite_walk.c. */
int sqlite_id_before(struct sqlite *s, enum rows rows, int64_t since, int64_t *id, struct err *err);
/* The columns of POSTBACK_COLUMNS; bytes into arena. */
int sqlite_postback_row(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena,
                        struct store_postback *out, struct err *err);
/* The ids of a row into the index: those that are not empty and not in had (NULL: none) already. */
int sqlite_postback_index(struct sqlite *s, const struct store_postback *pb,
                          const struct store_postback *had, struct err *err);
int sqlite_postbacks_index(struct sqlite *s, int64_t after, struct err *err);
int sqlite_postbacks_index_tail(struct sqlite *s, int64_t after, struct err *err);

/* Remember that this postback matters for what comes later of its click: it takes something back,
 * or has no click id.  In the index only; made again from the rows. */
int sqlite_history_mark(struct sqlite *s, int64_t row, struct slice click_id, struct slice ttclid,
                        struct slice stage, enum store_verdict verdict, struct err *err);
int sqlite_marked(struct store *, struct slice, struct slice, struct slice, struct err *);
int sqlite_history(struct store *, struct slice, struct slice, struct slice, unsigned,
                   struct arena *, struct store_seen **, size_t *, struct err *);
int sqlite_postback_params(struct store *, int64_t, struct arena *, struct slice *, struct err *);

/* sqlite_replay.c */
int sqlite_list_again(struct store *, const struct store_again *, int64_t *, unsigned, int64_t *,
                      size_t *, struct err *);
int sqlite_get_postback(struct store *, int64_t, struct arena *, struct store_postback *,
                        struct err *);
int sqlite_get_event(struct store *, int64_t, struct arena *, struct store_event *, struct err *);
int sqlite_postback_again(struct store *, const struct store_postback *, struct err *);
int sqlite_event_again(struct store *, int64_t, int64_t, bool, struct slice, struct err *);

int sqlite_event_put(struct store *, struct store_event *, int64_t *, struct err *);
int sqlite_find_events(struct store *, struct slice, unsigned, struct arena *,
                       struct store_event **, size_t *, struct err *);
int sqlite_events_index(struct sqlite *s, int64_t after, struct err *err);
int sqlite_event_read(struct sqlite *s, int64_t id, struct arena *arena, struct store_event *out,
                      struct err *err); /* 1, 0: no such event, -1 */

int sqlite_event_row(struct sqlite *s, struct sqlite3_stmt *st, struct arena *arena,
                     struct store_event *out, struct err *err); /* of EVENT_COLUMNS */

/* sqlite_latest.c */
int sqlite_list_latest(struct store *, const struct store_latest *, unsigned, struct arena *,
                       struct store_postback **, size_t *, int64_t *, struct err *);
int sqlite_events_of(struct store *, const struct store_postback *, struct arena *,
                     struct store_event **, size_t *, struct err *);
int sqlite_newest(struct store *, struct store_cursor *, struct err *);
int sqlite_changed_events(struct store *, struct store_cursor *, unsigned, struct arena *, int64_t **, size_t *,
                          struct err *);

int sqlite_walk_events(struct store *, int64_t, store_event_visit *, void *, struct err *);
int sqlite_walk_briefs(struct store *, int64_t, store_brief_visit *, void *, struct err *);
int sqlite_walk_fates(struct store *, int64_t, bool, store_fate_visit *, void *, struct err *);
int sqlite_walk_click_ids(struct store *, store_click_ids_visit *, void *, struct err *);

int sqlite_take(struct store *, struct slice, int64_t, int64_t, unsigned, struct arena *,
                struct store_event **, size_t *, struct err *);
int sqlite_report(struct store *, const struct store_attempt *, const struct store_outcome *,
                  size_t, struct err *);
int sqlite_clock_back(struct store *, int64_t, struct err *);
int sqlite_recover(struct store *, int64_t, int64_t *, struct err *);
int sqlite_pixels_due(struct store *, struct arena *, struct store_due **, size_t *,
                      struct err *);
int sqlite_attempts_of(struct store *, int64_t, struct arena *, struct store_attempt **, size_t *,
                       struct err *);

#endif
