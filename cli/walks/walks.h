/* walks.h: walks of chains that `simulate --keep` has left in the data folder, one file each (DATA/walks/HASH.json), so
 * that `trace` of their ids shows the hops.  At most WALKS_MOST files of WALK_BYTES, none older than `retention:
 * clicks`.  Of a URL only scheme and host are kept: keys and addresses stand in paths and queries. */
#ifndef CLI_WALKS_WALKS_H
#define CLI_WALKS_WALKS_H

#include "cli/simulate/show.h"
#include "core/base/err.h"

#define WALKS_FOLDER "walks"
#define WALKS_MOST 50
#define WALK_BYTES ((size_t)256 << 10)
#define WALK_TEXT  1000 /* bytes of a text; more is cut */

struct kept_hop {
    struct slice name, kind, url; /* url: "https://lander.example" */
    int status;
    enum baton_state state[CHAIN_IDS];
    struct compare_names lost, changed; /* parameters */
    struct compare_names advice;        /* "H001 ttclid is lost ..." */
};

struct kept_walk {
    int64_t at; /* Unix seconds */
    struct slice chain, verdict, code, reason, broken_at;
    bool live;
    struct slice ids[CHAIN_IDS];
    struct kept_hop *hops;
    size_t hop_count;
};

/* What of a walk may be kept, in arena. */
void walks_of(const struct walk_shown *w, struct slice chain, int64_t now, struct arena *arena, struct kept_walk *out);

/* Leave it in the folder `data`, which must be there; a walk with the same ids is replaced, and what is too old or too
 * many is removed.  keep: seconds.  Two at once do no harm.  -1: *err. */
int walks_keep(const char *data, const struct kept_walk *w, int64_t keep, struct err *err);

/* Remove what is older than keep seconds, the oldest past WALKS_MOST, and remains of writers that were killed. */
void walks_prune(const char *data, int64_t now, int64_t keep);

/* ---- read.c ---- */

struct walks_wish {
    const char *data;
    int64_t oldest;          /* what is older is left out */
    const struct slice *ids; /* a walk with one of these is meant; the first may be the beginning of a ttclid */
    size_t id_count;
    struct arena *arena;
};

struct walks_found {
    struct kept_walk *list; /* the newest first */
    size_t count;
    struct slice problem; /* a file that can't be read, or the folder; empty: none */
};

/* -1: the arena is full. */
int walks_find(const struct walks_wish *wish, struct walks_found *out);

/* {"at":..,"chain":..,"live":..,"verdict":..,"code":..,"reason":..,"broken_at":..,"ttclid":..,"event_id":..,"click_id":..,
 * "hops":[..]}: docs/trace.md; no line end.  And for people. */
void walks_json(struct buf *out, const struct kept_walk *w);
void walks_print(struct buf *out, const struct kept_walk *w, bool colour);

#endif
