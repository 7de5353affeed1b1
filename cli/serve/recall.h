/* recall.h: the store as the memory of past.h. */
#ifndef CLI_SERVE_RECALL_H
#define CLI_SERVE_RECALL_H

#include "adapters/store/store.h"
#include "core/translate/past.h"

struct recall {
    struct store *store;
    struct slice offer;
};

/* r must live as long as the memory.  Only inside of a transaction. */
struct memory recall_memory(struct recall *r);

#endif
