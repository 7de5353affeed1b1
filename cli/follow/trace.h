/* trace.h: a real chain, asked hop by hop as a browser would go through it. */
#ifndef CLI_FOLLOW_TRACE_H
#define CLI_FOLLOW_TRACE_H

#include "adapters/chain/fetch.h"
#include "core/base/note.h"
#include "core/chain/compare.h"
#include "core/chain/page.h"

#define TRACE_HOPS_MAX 20  /* browsers give up then */
#define TRACE_DELAY_MAX 30 /* seconds: a page that stays for longer is read, so it is the last */

struct trace_hop {
    struct slice url;  /* that was asked for */
    struct slice next; /* where it sends on, absolute; empty: nowhere */
    enum page_next_kind kind;
    int status; /* 0: no answer */
    uint32_t ms;
    unsigned delay;
    struct slice address, cookies;
    enum baton_state ttclid; /* in the URL that leaves, or, at the end, in the one that came */
    struct compare_changes changes;
    struct notes harm; /* what is wrong here: the first one is the hop's code and advice */
};

struct trace {
    struct arena *arena;
    struct slice ttclid; /* the one that was put in */
    struct trace_hop hops[TRACE_HOPS_MAX];
    size_t hop_count;
    bool kept;        /* the last page was reached, and it got the whole ttclid */
    bool unreachable; /* the first hop gave no answer */
    struct notes warnings;
};

struct trace_wish {
    struct slice url;    /* url_parse has accepted it, and it is http or https */
    struct slice ttclid; /* empty: the URL's own, else a made-up one */
    uint64_t seed;       /* of what is made up */
    size_t max_hops;     /* 1 to TRACE_HOPS_MAX */
};

/* Macros of TikTok in wish->url are filled, and ttclid is appended when it holds none, as TikTok
 * does.  -1 and *err: out of memory. */
int trace_run(struct trace *t, struct arena *arena, struct fetcher *fetcher,
              const struct trace_wish *wish, struct err *err);

#endif
