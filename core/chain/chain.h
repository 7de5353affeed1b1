/* chain.h: a redirect chain, from the ad to the event: what each hop does to the URL, what is left
 * of ttclid, click_id and event_id behind it, and which event comes of it in the end.
 *
 * Pure: the same file, offer and seed give the same result.  docs/chains.md is the user's
 * reference.  The browser's rules are those of the URL Standard and of RFC 9110 section 10.2.2
 * (a Location without a fragment inherits the one of the request). */
#ifndef CORE_CHAIN_CHAIN_H
#define CORE_CHAIN_CHAIN_H

#include "core/chain/breaks.h"
#include "core/chain/compare.h"
#include "core/tracker.h"
#include "core/translate/translate.h"
#include "core/yaml/shape.h"

#define CHAIN_HOPS_MAX 50 /* in a file; past 20 browsers give up */
#define CHAIN_BROWSER_MAX 20

enum hop_kind {
    HOP_REDIRECT,
    HOP_META,
    HOP_JS,
    HOP_TRACKER,
    HOP_LANDER,
    HOP_FORM,
    HOP_SHORTLINK,
    HOP_APP
};
extern const struct slice hop_kind_names[]; /* ended by an empty slice */

/* `params: {external_id: ttclid}`: which URL parameter fills which slot of a tracker. */
struct hop_slot {
    struct slice macro, param;
};

struct hop {
    struct slice name;
    enum hop_kind kind;
    struct slice to; /* empty: the walk ends here */
    int status;
    const struct tracker *tracker; /* HOP_TRACKER */
    const struct hop_slot *slots;
    size_t slot_count;
    bool registers;        /* a tracker that calls /click/OFFER with the key at click time */
    bool script, decorate; /* a lander with lander.js; it decorates the link that leaves */
    struct slice event_id; /* a lander whose own pixel sends this event_id: a template */
    bool twice;            /* a double meta refresh */
    const struct hop_break *breaks;
    size_t break_count;
    struct place at, to_at;
};

/* `expect:`, for `check` and the tests of examples. */
struct chain_expect {
    bool said;
    struct slice verdict, at; /* "kept", "broken"; the hop where the baton drops, may be empty */
    struct slice code;        /* of the reason, may be empty */
    struct place where;
};

struct chain {
    struct slice name, file, start;
    bool auto_ttclid; /* TikTok appends its own ttclid, also beside the macro's */
    const struct hop *hops;
    size_t hop_count;
    struct slice network;          /* empty: there is no conversion */
    struct slice postback;         /* the offer mapping's file, beside the chain's */
    struct slice tracker_postback; /* instead of the tracker's own; empty: that */
    struct place start_at, network_at, postback_at;
    struct chain_expect expect;
};

struct chain_loader {
    struct arena *arena; /* holds everything that is loaded */
    struct diags *diags;
    const struct tracker *const *trackers;
};

extern const struct shape chain_shape; /* what the file may hold */

/* NULL when the file has errors; they are all in diags.  source must live as long as the chain. */
struct chain *chain_load(const struct chain_loader *loader, const struct source *source);

/* Is it a chain file, by its keys?  For `check FILE`. */
bool chain_is_chain(struct slice text);

/* ---- the walk ---- */

enum identity_name { CHAIN_TTCLID, CHAIN_EVENT_ID, CHAIN_CLICK_ID, CHAIN_IDS };
extern const struct slice chain_id_names[]; /* "ttclid", "event_id", "click_id" */

struct hop_result {
    const struct hop *hop;
    struct slice arrives; /* the URL that the hop's server is asked for, without fragment */
    struct slice url;     /* the URL that leaves it; that of the page where the walk ends */
    int status;
    enum baton_state state[CHAIN_IDS];
    struct compare_changes changes; /* of parameters, between the two URLs */
    struct notes notes;             /* sentences of what to change here, codes H0xx */
};

/* What a landing page said of its visit. */
struct chain_registration {
    struct slice origin; /* of the page; empty: server to server */
    struct slice query;  /* canonical names, percent-encoded */
};
#define CHAIN_REGISTRATIONS_MAX 8

struct chain_session; /* what the chain's servers and the visitor's browser remember */

struct chain_result {
    bool kept;
    const char *code;            /* "H0xx", "" when kept */
    struct slice reason;         /* one sentence */
    size_t broken_at;            /* hop, or hop_count: behind the last one */
    struct slice ids[CHAIN_IDS]; /* the right ones; event_id empty: nothing has named one */
    struct hop_result *hops;
    size_t hop_count;
    struct notes warnings;
    struct slice network;  /* the URL that the network calls, filled */
    struct slice postback; /* the query that comes to clickbaton */
    struct chain_registration registrations[CHAIN_REGISTRATIONS_MAX];
    size_t registration_count;
    size_t session_clicks; /* that trackers have counted */
    bool translated;
    struct translation translation; /* when translated */
    struct chain_session *session;  /* for a live run; in the arena */
};

/* What stays the same from walk to walk. */
struct chain_world {
    const struct translator *translator;
    const struct offer *offer; /* NULL: there is no conversion */
    int64_t now;
    uint64_t seed;
};

/* Walk the chain.  extra: one more failure at hop extra_at, for a matrix; NULL: none.  Everything
 * of *out is in arena.  -1: ERR_BUSY, the arena is full. */
int chain_walk(const struct chain *chain, const struct chain_world *world,
               const struct hop_break *extra, size_t extra_at, struct arena *arena,
               struct chain_result *out, struct err *err);

/* ---- the same walk by real servers ---- */

struct chain_session *chain_session_new(const struct chain *chain, const struct chain_world *world,
                                        struct arena *arena);

/* The ad's link with its macros filled. */
struct slice chain_start(const struct chain_session *s);
const struct hop *chain_hop(const struct chain_session *s, size_t i);

struct hop_answer {
    int status;
    struct slice to;     /* as the hop sends it: may be relative; empty: the page is the end */
    struct slice whole;  /* the same before the hop's failures */
    struct slice click;  /* of a tracker: the click's id */
    struct slice cookie; /* the same where the browser keeps it as a cookie, else empty */
};

/* What the server of hop i answers to a request for url (no fragment), with the click id of the
 * visitor's cookie or the empty slice.  notes: remarks, codes H0xx. */
struct hop_answer chain_serve(struct chain_session *s, size_t i, struct slice url,
                              struct slice cookie, struct notes *notes);

/* Asks the server of hop i for url and reads its answer as a browser does: `to` is what was read
 * from it, `whole` and `cookie` what chain_serve gave.  -1 with *err when there is no answer. */
typedef int chain_ask(void *context, struct chain_session *s, size_t i, struct slice url,
                      struct hop_answer *out, struct notes *notes, struct err *err);

int chain_walk_live(const struct chain *chain, const struct chain_world *world, chain_ask *ask,
                    void *context, struct arena *arena, struct chain_result *out, struct err *err);

/* Does the network call a tracker of the chain, or clickbaton itself? */
bool chain_calls_tracker(const struct chain_session *s, struct slice network);

/* The query that comes to clickbaton when the network has called `network`; notes say why none
 * does (false). */
bool chain_postback(struct chain_session *s, struct slice network, struct slice *postback,
                    struct notes *notes);

#endif
