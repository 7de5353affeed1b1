/* engine.h: what an engine fulfils, one function per function of store.h.  Only engines and
 * store.c include it.  An engine's own struct starts with a struct store. */
#ifndef ADAPTERS_STORE_ENGINE_H
#define ADAPTERS_STORE_ENGINE_H

#include "adapters/store/tally.h"

struct store_ops {
    int (*begin)(struct store *, struct err *);
    int (*begin_group)(struct store *, struct err *); /* NULL: begin does as well */
    int (*commit)(struct store *, struct err *);
    void (*rollback)(struct store *);
    /* how and the struct after it: NULL, or of store_click_decide */
    int (*click_put)(struct store *, const struct store_click *, const struct store_refusal *,
                     struct store_refused *, struct err *);
    int (*postback_id)(struct store *, int64_t *, struct err *);
    int (*postback_put)(struct store *, struct store_postback *, struct err *);
    int (*event_put)(struct store *, struct store_event *, int64_t *, struct err *);
    int (*take)(struct store *, struct slice, int64_t, int64_t, unsigned, struct arena *,
                struct store_event **, size_t *, struct err *);
    int (*report)(struct store *, const struct store_attempt *, const struct store_outcome *,
                  size_t, struct err *);
    int (*recover)(struct store *, int64_t, int64_t *, struct err *);
    /* Of engines that share; else NULL all of them. */
    void (*name)(struct store *, struct slice, int64_t);
    bool (*clock)(const struct store *, struct store_clock *);
    int (*renew)(struct store *, int64_t, int64_t *, struct err *);
    int (*look)(struct store *, struct store_gate *, size_t, struct store_crowd *, struct arena *, struct err *);
    int (*gate_set)(struct store *, const struct store_gate *, int64_t, bool, struct err *);
    int (*spill_meet)(struct store *, int64_t, bool, int64_t *, struct err *);
    int (*spill_mark)(struct store *, const struct store_spill *, struct err *);
    int (*retain)(struct store *, const struct store_retention *, struct store_retained *,
                  struct err *);
    int (*give_back)(struct store *, unsigned, int64_t *, struct err *);
    int (*clock_back)(struct store *, int64_t, struct err *);
    int (*click_find)(struct store *, struct slice, struct slice, struct slice, struct arena *,
                      struct store_click *, struct err *);
    int (*list_again)(struct store *, const struct store_again *, int64_t *, unsigned, int64_t *,
                      size_t *, struct err *);
    int (*get_postback)(struct store *, int64_t, struct arena *, struct store_postback *,
                        struct err *);
    int (*get_event)(struct store *, int64_t, struct arena *, struct store_event *, struct err *);
    int (*postback_again)(struct store *, const struct store_postback *, struct err *);
    int (*event_again)(struct store *, int64_t, int64_t, bool, struct slice, struct err *);
    int (*marked)(struct store *, struct slice, struct slice, struct slice, struct err *);
    int (*history)(struct store *, struct slice, struct slice, struct slice, unsigned,
                   struct arena *, struct store_seen **, size_t *, struct err *);
    int (*postback_params)(struct store *, int64_t, struct arena *, struct slice *, struct err *);
    int (*pixels_due)(struct store *, struct arena *, struct store_due **, size_t *, struct err *);
    int (*find_clicks)(struct store *, struct slice, unsigned, struct arena *,
                       struct store_click **, size_t *, struct err *);
    int (*find_postbacks)(struct store *, struct slice, unsigned, struct arena *,
                          struct store_postback **, size_t *, struct err *);
    int (*find_events)(struct store *, struct slice, unsigned, struct arena *,
                       struct store_event **, size_t *, struct err *);
    int (*list_postbacks)(struct store *, struct slice, int64_t, int64_t, unsigned, struct arena *,
                          struct store_postback **, size_t *, struct err *);
    int (*list_latest)(struct store *, const struct store_latest *, unsigned, struct arena *,
                       struct store_postback **, size_t *, int64_t *, struct err *);
    int (*events_of)(struct store *, const struct store_postback *, struct arena *,
                     struct store_event **, size_t *, struct err *);
    int (*newest)(struct store *, struct store_cursor *, struct err *);
    /* Of engines with several writers; else NULL: the first writer's ids alone, in their order. */
    void (*cursor_at)(struct store_cursor *);
    int64_t *(*cursor_place)(const struct store *, struct store_cursor *, int64_t);
    int (*news)(struct store *, struct store_cursor *, unsigned, struct arena *, struct store_postback **, size_t *,
                struct err *);
    int (*changed_events)(struct store *, struct store_cursor *, unsigned, struct arena *, int64_t **, size_t *,
                          struct err *);
    int (*walk_tallies)(struct store *, int64_t, int64_t, struct slice, store_tally_visit *, void *,
                        struct err *);
    int (*walk_events)(struct store *, int64_t, store_event_visit *, void *, struct err *);
    int (*walk_click_ids)(struct store *, store_click_ids_visit *, void *, struct err *);
    int (*walk_briefs)(struct store *, int64_t, store_brief_visit *, void *, struct err *);
    int (*walk_fates)(struct store *, int64_t, bool, store_fate_visit *, void *, struct err *);
    int (*attempts_of)(struct store *, int64_t, struct arena *, struct store_attempt **, size_t *,
                       struct err *);
    int (*counts)(struct store *, struct store_counts *, struct err *);
    void (*moved)(const struct store *, struct store_moved *);
    int (*maintain)(struct store *, struct err *);
    void (*close)(struct store *);
};

struct store {
    const struct store_ops *ops;
    bool writer; /* may begin */
    bool in_tx;  /* between begin and commit or rollback; seen to by store.c */
    bool failed; /* the engine failed in this transaction: it can only be rolled back */
};

#endif
