/* click_merge.h: one click as its row has it, and what a registration changes of it. */
#ifndef ADAPTERS_STORE_CLICK_MERGE_H
#define ADAPTERS_STORE_CLICK_MERGE_H

#include "adapters/store/store.h"

struct kept_click {
    int64_t id, offer; /* offer: its name's number, where an engine has such */
    int64_t keyed; /* marks: who said what */
    struct store_click click;
};

/* Marks beside those of the fields. */
#define CLICK_REFUSED ((int64_t)1 << 29) /* its consent is a refusal */
#define CLICK_AT      ((int64_t)1 << 30) /* `at` was said by a keyed call */
#define CLICK_KEYED   ((int64_t)1 << 31) /* a keyed call registered it, or added to it */

/* The marks of what `click` says by itself. */
int64_t click_marks(const struct store_click *click);

/* Add to k what click may say; true when that changed anything. */
bool click_merge(struct kept_click *k, const struct store_click *click);

/* Let the refusal's policy empty fields of k; true when it did. */
bool click_cut(struct kept_click *k, const struct store_refusal *how);

#endif
