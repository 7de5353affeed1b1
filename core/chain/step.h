/* step.h: one step of a real chain, judged by nothing but the URL that came and the URL that
 * leaves: what it did to the ttclid and to the other parameters, and what to change there. */
#ifndef CORE_CHAIN_STEP_H
#define CORE_CHAIN_STEP_H

#include "core/base/note.h"
#include "core/chain/compare.h"

struct step {
    struct slice arrives, leaves; /* absolute */
    struct slice wanted;          /* the ad's ttclid */
    bool by_page;                 /* a page's meta refresh or script sends on, not its server */
};

struct step_result {
    enum baton_state state; /* of wanted in the URL that leaves; ABSENT: it did not come either */
    struct compare_changes changes;
    struct notes harm;     /* what drops or damages the ttclid here, at most one sentence */
    struct notes warnings; /* what else to look at */
};

/* Everything of *out is in arena; false when that is full. */
bool step_judge(struct arena *arena, const struct step *step, struct step_result *out);

/* What the last page lacks: warnings about the URL that it was asked for. */
void step_last(struct arena *arena, struct slice url, struct slice wanted, struct notes *warnings);

/* Macros that nobody filled in url and that are not in `before` (which may be empty). */
void step_macros(struct arena *arena, struct slice before, struct slice url,
                 struct notes *warnings);

#endif
