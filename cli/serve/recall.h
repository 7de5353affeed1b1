/* recall.h: the store as the memory of past.h. */
#ifndef CLI_SERVE_RECALL_H
#define CLI_SERVE_RECALL_H

#include "adapters/store/store.h"
#include "core/translate/past.h"

struct recall {
    struct store *store;
    struct slice offer;
    int64_t before; /* only postbacks with an id below; 0: all */
};

/* r must live as long as the memory.  Only inside of a transaction. */
struct memory recall_memory(struct recall *r);

#endif
