/* store.h: what clickbaton remembers: clicks, postbacks, events (outbox and ledger), attempts.
 * A contract that an engine fulfils; nothing in it assumes one process, one file or one clock:
 * times come in as arguments, events are handed out by `take` and given back by `report`.
 *
 * One thread owns a store handle.  Writes happen between begin and commit and are durable, also
 * across power loss, when commit returned 0; a failed commit has changed nothing.  After a sync that
 * failed (ERR_UNSYNCED, of a commit or of maintain) the kernel may take for written what is not, and the
 * next sync would succeed without having done anything: the handle begins no transaction any more, and its
 * owner stops the others.  Opening the file anew writes again what its log holds, and syncs that.  Personal data
 * arrives hashed; keys and tokens never arrive. */
#ifndef ADAPTERS_STORE_STORE_H
#define ADAPTERS_STORE_STORE_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/slice.h"

/* One visit.  Empty slice: not known. */
struct store_click {
    struct slice offer, click_id, ttclid, event_id, ttp, ip, user_agent, page_url, referrer,
        consent, country;
    int64_t at; /* Unix seconds of the click or, unknown, of its registration */
    bool keyed; /* registered with the key, not by a page */
    bool refused; /* consent is a refusal, by the offer's words */
};

enum store_verdict { STORE_QUEUED = 1, STORE_DUPLICATE, STORE_IGNORED, STORE_QUARANTINED };

struct store_postback {
    int64_t id; /* given by put, in order of arrival */
    int64_t at; /* arrival, Unix milliseconds */
    struct slice offer, tracker;
    struct slice method, content_type, address;
    struct slice params; /* canonical name=value&..., percent-encoded, personal data hashed */
    struct slice click_id, ttclid, event_id, txid; /* as understood; for look-ups */
    struct slice stage;
    enum store_verdict verdict;
    struct slice code, reason; /* of the verdict: "Q003", and the sentence */
    struct slice warnings;     /* lines */
};

enum store_state {
    STORE_WAITING = 1, /* to be sent at `due` */
    STORE_SENDING,     /* handed out by take */
    STORE_DELIVERED,   /* confirmed by TikTok */
    STORE_DEAD,        /* will not be sent again by itself; `note` says why */
    STORE_WITHDRAWN,   /* the visitor refused before TikTok had it: never sent, its body is {} */
};

struct store_event {
    int64_t id, postback_id;
    struct slice offer, pixel, event, event_id, test_code;
    struct slice click_id, ttclid; /* for look-ups */
    /* For store_event_put: properties.order_id of body, unless that is the postback's txid. */
    struct slice order_id;
    /* For store_event_put: the event_ids that this event would have had before more was known of its
     * click; one that is there makes it a duplicate.  Empty: none. */
    struct slice formerly[5];
    /* The event_id that it would have, had nobody brought one; empty: it has that.  A later event
     * without own_id that has this id, or formerly had it, is its duplicate. */
    struct slice plain_id;
    bool own_id; /* for store_event_put: its postback brought event_id */
    struct slice body;             /* one entry of data[], JSON */
    /* Millionths of a unit: as sent, and before conversion.  Not known when its currency is empty. */
    int64_t value, original_value;
    struct slice currency, original_currency;
    struct slice consent;          /* "granted", "anonymized", "limited"; empty: not asked */
    struct slice consent_said;     /* the word it rests on and where that came from */
    int64_t created, due;          /* Unix milliseconds */
    int64_t
        unknown_since; /* first attempt whose outcome is not known, Unix milliseconds; 0: none */
    uint32_t attempts;
    enum store_state state;
    struct slice note;
};

/* One request to the API, reported whole. */
struct store_attempt {
    int64_t at; /* Unix milliseconds when it started */
    uint32_t took_ms;
    struct slice pixel;
    int http_status;       /* 0: no answer */
    int64_t code;          /* TikTok's, -1: none */
    struct slice message;  /* TikTok's words, or the transport's error; no secrets */
    struct slice request_id;
};

/* What became of one event in that request. */
struct store_outcome {
    int64_t event_id;       /* store_event.id */
    enum store_state state; /* STORE_DELIVERED, STORE_WAITING (try again at due) or STORE_DEAD */
    int64_t due;            /* for STORE_WAITING; 0: as before, the event keeps its place */
    bool unknown;           /* TikTok may have it: the 48-hour rule starts at the attempt's `at` */
    struct slice note;      /* for STORE_DEAD and STORE_WAITING: the sentence */
};

struct store_counts {
    int64_t clicks, postbacks, waiting, sending, delivered, dead, quarantined, withdrawn;
    int64_t oldest_waiting; /* created, of the first event put, Unix milliseconds; 0: none */
    int64_t newest_postback; /* arrival, Unix milliseconds; 0: none */
    bool plain; /* there are rows of an older version, not found by the beginning of a ttclid or an
                 * order id (unless that is the txid) */
};

struct store;

/* May several handles write at a time, of this machine and of others?  Then the calls of "several machines" below
 * do something; of an engine with one writer they are not to be made. */
bool store_shares(const struct store *s);

/* ---- writing: all between begin and commit ---- */
int store_begin(struct store *s, struct err *err);
int store_commit(struct store *s, struct err *err); /* durable when it returns 0 */
/* A transaction of calls that can be made once more: what they read may be a guess, of an engine that would rather ask for
 * everything at once than call by call.  Then commit gives 1: nothing is written, what was asked is known now, the
 * transaction goes on, and the same calls must be made again.  An engine that knows everything never
 * gives 1.  Only click_put, click_find, postback_id, postback_put, event_put and marked may be guesses; any other call
 * makes the engine go on call by call, which may need one more round, too. */
int store_begin_group(struct store *s, struct err *err);
void store_rollback(struct store *s);

/* Remember a click, or add to the one with the same (offer, click_id), or without a click_id (on
 * either side) the newest with the same (offer, ttclid).  A field that is already there stays,
 * except that a keyed call overwrites what a page said.  Consent is the visitor's to change: a
 * refusal overwrites whatever was said, and a later yes overwrites the refusal, but a page's yes
 * not the refusal of a keyed call.  0: new.  1: added to a known one.  A click with neither a
 * click_id nor a ttclid can't be found again: ERR_INPUT. */
int store_click_put(struct store *s, const struct store_click *click, struct err *err);

/* What becomes of the data of a visitor who refuses.  The callbacks must not call the store. */
struct store_refusal {
    struct slice note;         /* of the events that are withdrawn */
    const struct slice *spare; /* events with one of these consents stay: they were made after a
                                * refusal; ended by an empty slice */
    /* Empty what may not stay of a click; its ids and its consent do. */
    void (*cut_click)(void *context, struct store_click *click);
    /* The params of a postback as they may stay; from arena, or empty. */
    struct slice (*cut_params)(void *context, struct slice params, struct arena *arena);
    void *context;
};

/* What a refusal met. */
struct store_refused {
    bool anew;         /* the click had not been refused before */
    int64_t withdrawn; /* events that waited, or were dead: STORE_WITHDRAWN now */
    int64_t sending;   /* they can't be called back; what is not delivered won't be tried again */
    int64_t delivered; /* TikTok has them */
};

/* store_click_put for an offer that asks for consent.  While the click is refused, what may not
 * stay of it is cut.  The first refusal takes back what is in the store of the visitor: the events
 * of this click (that with the same offer and click_id, or without one on either side the same
 * ttclid) that are not delivered become STORE_WITHDRAWN, or will when the attempt that is under
 * way has failed; the bodies of all become {}, and the params of its postbacks are cut.  Old bytes
 * are overwritten in the file, and in its log as far as that goes round. */
int store_click_decide(struct store *s, const struct store_click *click,
                       const struct store_refusal *how, struct store_refused *out,
                       struct err *err);

/* The id of a postback that will be put later in this transaction, for the events that go first
 * (their duplicates decide its verdict). */
int store_postback_id(struct store *s, int64_t *id, struct err *err);

/* Keep a postback.  pb->id comes from store_postback_id, or is 0 and set here. */
int store_postback_put(struct store *s, struct store_postback *pb, struct err *err);

/* Queue an event (id, state and due are set: at once).  0: queued, ev->id set.  1: (pixel, event,
 * event_id) is there already, also under a former event_id, nothing changed, *first (may be NULL) gets the id of that event. */
int store_event_put(struct store *s, struct store_event *ev, int64_t *first, struct err *err);

/* Hand out up to max events of pixel that are due at `now`, oldest due first, all with the same
 * test_code; they are STORE_SENDING until reported, and count as "outcome unknown since now" until
 * then.  Events whose unknown_since lies before give_up become STORE_DEAD instead (note says so).
 * `attempts` counts those that have ended: before this one.
 * Fewer than max also when their texts come to 16 MB: the next take gives the others.
 * The list and its slices live in arena.  Give them to the network only after the commit. */
int store_take(struct store *s, struct slice pixel, int64_t now, int64_t give_up, unsigned max,
               struct arena *arena, struct store_event **list, size_t *count, struct err *err);

/* Record an attempt and what became of each of its events.  unknown == false clears the mark that
 * take has set, but keeps one from an earlier attempt.  An outcome for an event that is not
 * STORE_SENDING, or was taken over meanwhile (store_renew), changes nothing; of the latter the attempt is kept.  An event whose visitor has refused in the meantime becomes
 * STORE_WITHDRAWN instead of STORE_WAITING or STORE_DEAD. */
int store_report(struct store *s, const struct store_attempt *attempt,
                 const struct store_outcome *outcomes, size_t count, struct err *err);

/* After a restart: what was STORE_SENDING waits again, due as before and now at the latest; its outcome stays unknown.  Unless its
 * visitor has refused: then it is STORE_WITHDRAWN. */
int store_recover(struct store *s, int64_t now, int64_t *recovered, struct err *err);

/* ---- several machines ---- */

/* Before the first begin: how the machine is called, and which run of the program this is (not 0).  Runs with the same upper bits,
 * which are not 0, were one after the other: who says so knows that the earlier ones are dead (folder_run), and what they had
 * taken waits again at once. */
#define STORE_RUN_BITS 23 /* the lower bits: hundredths of a second, but for the last seven, which are 0 */
#define STORE_RUN_HANDLES 7
void store_name(struct store *s, struct slice node, int64_t run);

/* The store's own clock, as begin has read it, by which all machines go. */
struct store_clock {
    int64_t at;     /* Unix milliseconds, when */
    int64_t boot;   /* this was CLOCK_BOOTTIME's, milliseconds */
    int64_t within; /* so many milliseconds more or less */
};
bool store_clock(const struct store *s, struct store_clock *out); /* false: it has none, or none was read yet */

/* Of a handle that takes events, every STORE_RENEW_MS or so, in a transaction: it lives, and goes on with what it has taken; what
 * handles that are not heard of any more had taken waits again as after recover (*recovered of them). */
#define STORE_RENEW_MS 5000
int store_renew(struct store *s, int64_t now, int64_t *recovered, struct err *err);

/* What everybody who sends for a pixel knows of it together. */
struct store_gate {
    struct slice pixel;
    int64_t due;      /* when its first waiting event is, Unix milliseconds; 0: none waits */
    int64_t token;    /* a number that stands for a token which was refused; 0: none */
    int64_t until;    /* nothing is sent before, Unix milliseconds */
    int64_t failures; /* in a row */
    int64_t version;  /* another one after each change; 0: nobody has said anything yet */
    struct slice why;
};
struct store_crowd {
    int64_t senders; /* handles that take events now, this one included if it has renewed */
    int64_t twins;   /* handles of other runs that are called the same and were heard of after this one began */
    bool first;      /* of those senders this one has the lowest number: it speaks for all */
    bool newer;      /* a program of a later version has changed the store's schema, and this one may go on with it */
};
/* Fill in the gates of the pixels in list, outside of a transaction; one question, however many they are. */
int store_look(struct store *s, struct store_gate *list, size_t count, struct store_crowd *crowd, struct arena *arena,
               struct err *err);
/* Say what has changed, in a transaction: of waits the longest counts, until there are no failures any more.  mine: the number
 * of this sender's token; token: the same when it was refused, else 0; anew: it is to be tried again by all who have it. */
int store_gate_set(struct store *s, const struct store_gate *gate, int64_t mine, bool anew, struct err *err);

/* What a server has kept by itself while the store was away, and hands on (spill.h): entries with serials that grow, under a random
 * token.  Up to which serial they are in the store stands there, and is written with them. */
struct store_spill {
    int64_t token;
    int64_t before, after; /* up to here was known to be there; up to here will be */
};
/* In a transaction, before anything under that token: up to which serial it has come.  A commit of before whose outcome is unknown is
 * waited for.  known: a store has met the token already.  1: *upto.  0: known, and not to this store: it is another one. */
int store_spill_meet(struct store *s, int64_t token, bool known, int64_t *upto, struct err *err);
/* In a transaction, also one of begin_group, once: written with its commit.  Should the store not have stood at `before` the commit
 * fails, ERR_AGAIN. */
int store_spill_mark(struct store *s, const struct store_spill *mark, struct err *err);

/* The clock by which `now` is told was set back by so much (negative, ms): what waits keeps its distances
 * from now.  recover does as much for what lies ahead of now by more than any wait can be. */
int store_clock_back(struct store *s, int64_t by, struct err *err);

/* ---- again: what is kept and was not sent (sqlite_replay.c) ---- */

/* The rows to look for; what is empty or 0 does not matter. */
struct store_again {
    struct slice offer, tracker, stage;
    struct slice code;    /* quarantined: the verdict's; dead: TikTok's of the last attempt, digits */
    int64_t since, until; /* arrival, or the event's creation, Unix milliseconds; until is excluded */
    bool dead;            /* events that are STORE_DEAD; else postbacks that are STORE_QUARANTINED */
};

/* Ids of such rows above *after, in order, at most max, into ids; *after becomes the last id that was
 * looked at, for the next call.  A call looks at some ten thousand rows at most, so that neither
 * memory nor a running server is burdened.  1: there may be more (also when none was found now).
 * 0: that was the end.  Inside or outside of a transaction. */
int store_list_again(struct store *s, const struct store_again *what, int64_t *after, unsigned max,
                     int64_t *ids, size_t *count, struct err *err);

/* One row by its id, into arena.  1; 0: there is none. */
int store_get_postback(struct store *s, int64_t id, struct arena *arena, struct store_postback *out,
                       struct err *err);
int store_get_event(struct store *s, int64_t id, struct arena *arena, struct store_event *out,
                    struct err *err);

/* Decide once more about a postback that is STORE_QUARANTINED: params, stage, ids, verdict, code,
 * reason and warnings become those of pb; arrival, offer, tracker, method, content type and address
 * stay.  0: done.  1: it is not quarantined, or not there; nothing changed. */
int store_postback_again(struct store *s, const struct store_postback *pb, struct err *err);

/* Let an event that is STORE_DEAD wait again, due at `due`, with note.  anew: an attempt whose
 * outcome is unknown does not count any more, else its 48 hours go on.  0: done.  1: it is not dead,
 * or not there; nothing changed. */
int store_event_again(struct store *s, int64_t id, int64_t due, bool anew, struct slice note,
                      struct err *err);

/* ---- what is old goes ---- */

/* How long things stay: moments, Unix milliseconds; what is older goes.  0: nothing. */
struct store_retention {
    int64_t clicks, ledger; /* clicks; postbacks, events, attempts */
    int64_t ip;             /* addresses and browsers of visitors, wherever they are */
    /* Without them; from arena, or the same slice.  The callbacks must not call the store. */
    struct slice (*cut_params)(void *context, struct slice offer, struct slice params,
                               struct arena *arena);
    struct slice (*cut_body)(void *context, struct slice body, struct arena *arena);
    void *context;
    unsigned rows; /* changed in one call, at most */
};

struct store_retained { /* by this call */
    int64_t clicks, postbacks, events, dead, attempts; /* removed; dead: of the events */
    int64_t cut;                                       /* rows that lost an address or a browser */
    bool busy; /* what is old stays for now: somebody reads it */
};

/* One small step, in a transaction.  1: go on with another.  0: for now nothing is left; begin again later.
 * Events that wait or are being sent stay whole, and their postbacks stay (without what is cut), until they are done.
 * A removed event is forgotten: the same conversion would be a new one. */
int store_retain(struct store *s, const struct store_retention *how, struct store_retained *out,
                 struct err *err);

/* Give up to `pages` free pages of the file back to the disk, in a transaction; *left: how many are free
 * still.  ERR_INPUT when this file can't do so in steps. */
int store_give_back(struct store *s, unsigned pages, int64_t *left, struct err *err);

/* ---- the past of a click: on the writer between begin and commit, what was put there included; or on a reader ---- */

/* One earlier postback. */
struct store_seen {
    int64_t id, at; /* as of store_postback */
    struct slice stage, txid, click_id, event_id, code;
    enum store_verdict verdict;
};

/* Did a postback of this click (offer and click_id) have the stage rejected, refund or chargeback,
 * or come without a click id but with this ttclid?  Quarantined ones do not count.  1 or 0; hardly
 * ever reads a row when it is 0 (a reader: those that are in no run of its index yet). */
int store_marked(struct store *s, struct slice offer, struct slice click_id, struct slice ttclid,
                 struct err *err);

/* The postbacks of (offer, click_id), and those without a click id of (offer, ttclid), of these but for
 * quarantined ones; with click_id empty all of (offer, ttclid).  Newest first, at most max. */
int store_history(struct store *s, struct slice offer, struct slice click_id, struct slice ttclid,
                  unsigned max, struct arena *arena, struct store_seen **list, size_t *count,
                  struct err *err);

/* The parameters of a postback as they were put.  1; 0: there is no such postback. */
int store_postback_params(struct store *s, int64_t id, struct arena *arena, struct slice *params,
                          struct err *err);

/* ---- reading: inside or outside of a transaction ---- */

/* The click by (offer, click_id); when click_id is empty or unknown, the newest by (offer, ttclid).
 * 1: found, in arena.  0: not known. */
int store_click_find(struct store *s, struct slice offer, struct slice click_id,
                     struct slice ttclid, struct arena *arena, struct store_click *out,
                     struct err *err);

/* Pixels with events that wait, and when the first of each is due. */
struct store_due {
    struct slice pixel;
    int64_t due; /* Unix milliseconds */
};
int store_pixels_due(struct store *s, struct arena *arena, struct store_due **list, size_t *count,
                     struct err *err);

/* Clicks, postbacks and events by any id, newest first, at most max.  It is compared with
 * click_id, ttclid, event_id, (postbacks) txid and (events) properties.order_id of their body, whatever
 * the offer; an order id that is the postback's txid may find the postback alone.  When none of a kind has it and it is not shorter than STORE_PREFIX: those of this kind
 * whose ttclid begins with it. */
#define STORE_PREFIX 16 /* "E.C.P.", four characters that are nearly the same in all, six of chance */
int store_find_clicks(struct store *s, struct slice id, unsigned max, struct arena *arena,
                      struct store_click **list, size_t *count, struct err *err);
int store_find_postbacks(struct store *s, struct slice id, unsigned max, struct arena *arena,
                         struct store_postback **list, size_t *count, struct err *err);
int store_find_events(struct store *s, struct slice id, unsigned max, struct arena *arena,
                      struct store_event **list, size_t *count, struct err *err);
/* Postbacks of an offer (empty: of any) that arrived at `since` (Unix milliseconds) or later and have
 * an id above `after`, in the order of their ids, at most max: give the last id for the next page.
 * Short reads, so that a running server is not held up. */
int store_list_postbacks(struct store *s, struct slice offer, int64_t since, int64_t after,
                         unsigned max, struct arena *arena, struct store_postback **list,
                         size_t *count, struct err *err);
/* Postbacks for people to look at: newest first. */
struct store_latest {
    struct slice offer, tracker, stage, code; /* what is empty or 0 does not matter */
    enum store_verdict verdict;
    unsigned states; /* that put an event which is in one of these states: STORE_IN(STORE_DEAD) | ... */
    int64_t since, until;  /* arrival, Unix milliseconds; until is excluded */
    int64_t before, after; /* ids, both excluded */
};
#define STORE_IN(state) (1u << (state))
/* At most max into list, in arena; a call looks at some ten thousand rows at most, so that a filter that
 * hardly anything meets costs no more: *next is the `before` for going on, 0 at the end.  The rows may be
 * none, and *next not 0.  Each page is of one moment; a postback is on one page alone, wherever the events
 * stand that it put (those of a replayed one are newer than its neighbours'), and however many fit. */
int store_list_latest(struct store *s, const struct store_latest *what, unsigned max,
                      struct arena *arena, struct store_postback **list, size_t *count,
                      int64_t *next, struct err *err);
/* Up to where somebody who looks on has looked: the last ids, of each writer by itself.  One's ids ascend with its commits; what
 * one commits may have a lower id than what another has committed before. */
#define STORE_WRITERS 64
struct store_cursor {
    int64_t postback[STORE_WRITERS], attempt[STORE_WRITERS]; /* 0: none; an engine with one writer: the first */
    int64_t looked[2]; /* when all was seen, by the store's clock, Unix milliseconds; 0: not yet */
};
/* Now: what comes behind it was committed later. */
int store_cursor_newest(struct store *s, struct store_cursor *out, struct err *err);
/* Behind these ids; where there are several writers some seconds before them, so that some may be met again. */
struct store_cursor store_cursor_at(const struct store *s, int64_t postback, int64_t attempt);
int64_t store_cursor_top(const int64_t of[STORE_WRITERS]); /* the highest id */
/* How far it is with the writer of this postback; NULL: that came before anybody could look, and is no news. */
int64_t *store_cursor_place(const struct store *s, struct store_cursor *at, int64_t postback);
/* Postbacks behind the cursor, in the order of their ids, at most max, into arena; the cursor goes on. */
int store_news(struct store *s, struct store_cursor *at, unsigned max, struct arena *arena,
               struct store_postback **list, size_t *count, struct err *err);
/* Ids of events that attempts behind the cursor carried, oldest attempt first, about max of them (an attempt is
 * never cut in two), into arena; the cursor goes on. */
int store_changed_events(struct store *s, struct store_cursor *at, unsigned max, struct arena *arena,
                         int64_t **ids, size_t *count, struct err *err);
/* The events that a postback put, oldest first (at most 64), however many its click has. */
int store_events_of(struct store *s, const struct store_postback *pb, struct arena *arena,
                    struct store_event **list, size_t *count, struct err *err);
/* Every event that was created at `since` (Unix milliseconds) or later, and the ids of every click,
 * newest first; what visit gets lives for the call.  A visit that gives -1 ends the walk with its
 * *err.  Short reads as above. */
typedef int store_event_visit(void *context, const struct store_event *ev, struct err *err);
int store_walk_events(struct store *s, int64_t since, store_event_visit *visit, void *context,
                      struct err *err);
typedef int store_click_ids_visit(void *context, struct slice offer, struct slice click_id,
                                  struct slice event_id, struct err *err);
int store_walk_click_ids(struct store *s, store_click_ids_visit *visit, void *context,
                         struct err *err);
/* For counting: every postback and every event since then, oldest first, without what is large; the texts
 * are borrowed. */
struct store_brief {
    int64_t id, at; /* as of store_postback, and so are the others */
    struct slice offer, stage, code, click_id, txid;
    enum store_verdict verdict;
};
struct store_fate {
    int64_t id, postback_id, created; /* as of store_event, and so are the others */
    struct slice offer, currency, original_currency;
    int64_t value, original_value;
    enum store_state state;
    bool test, ttclid; /* has a test code, a ttclid */
    struct slice body; /* only when asked for */
};
typedef int store_brief_visit(void *context, const struct store_brief *pb, struct err *err);
typedef int store_fate_visit(void *context, const struct store_fate *ev, struct err *err);
int store_walk_briefs(struct store *s, int64_t since, store_brief_visit *visit, void *context,
                      struct err *err);
int store_walk_fates(struct store *s, int64_t since, bool bodies, store_fate_visit *visit,
                     void *context, struct err *err);
/* The attempts that carried an event, oldest first. */
int store_attempts_of(struct store *s, int64_t event_id, struct arena *arena,
                      struct store_attempt **list, size_t *count, struct err *err);

int store_counts(struct store *s, struct store_counts *out, struct err *err);

/* What has happened through this handle since it was opened, commits alone: these never go down. */
struct store_moved {
    int64_t delivered, dead, withdrawn;    /* events that became so */
    int64_t undead;                        /* dead events that were put back */
    int64_t unquarantined;                 /* quarantined postbacks that are something else now */
};
void store_moved(const struct store *s, struct store_moved *out); /* the handle's own thread */

/* Housekeeping beside intake, from any one thread of its own handle: moves what the log holds into
 * the main file without making commits wait. */
int store_maintain(struct store *s, struct err *err);

void store_close(struct store *s); /* accepts NULL */

/* ---- engines ---- */

/* SQLite in DIR/clickbaton.db (WAL, synchronous=FULL).  `writer`: takes the folder's lock, creates
 * the schema or migrates an older one, refuses a newer one by name; a second writer is an error
 * that names the folder.  Otherwise a second handle beside the writer, for reading and maintain. */
struct store *store_sqlite_open(const char *dir, bool writer, struct err *err);

/* A writer that meets an older file brings it up to date before it is open, which may take minutes where there
 * are millions of rows.  How far it is: */
struct store_upgrading {
    const char *what; /* it is at: "tables", "adding checksums", "counting" */
    int64_t done, of; /* rows, about */
};
/* tell is called at the beginning and then again and again, some hundred times a second, on the caller's thread,
 * and never for a file that is of today, or empty.  Whoever is killed meanwhile goes on the next time. */
struct store_upgrade {
    void (*tell)(void *context, const struct store_upgrading *at);
    void *context;
};
struct store *store_sqlite_open_upgrade(const char *dir, const struct store_upgrade *upgrade, struct err *err);

#endif
