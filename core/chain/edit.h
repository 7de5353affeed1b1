/* edit.h: a URL's query as a list that can be changed, pair by pair.  Only for core/chain. */
#ifndef CORE_CHAIN_EDIT_H
#define CORE_CHAIN_EDIT_H

#include "core/chain/url.h"

#define EDIT_PAIRS_MAX 400

struct edit {
    struct arena *arena;
    struct url url; /* query is not looked at any more */
    struct url_pair pairs[EDIT_PAIRS_MAX];
    struct slice names[EDIT_PAIRS_MAX]; /* decoded */
    size_t count;
};

/* false when text is no URL. */
bool edit_open(struct edit *e, struct arena *arena, struct slice text);

/* Behind the others; what is too much is dropped. */
void edit_add(struct edit *e, struct url_pair pair);

/* The pairs of a query behind those there are, but for names that stand there already. */
void edit_carry(struct edit *e, struct slice query);

/* Decoded. */
struct slice edit_name(const struct edit *e, size_t i);
struct slice edit_value(const struct edit *e, size_t i);
/* To be encoded. */
void edit_set_name(struct edit *e, size_t i, struct slice name);
void edit_set_value(struct edit *e, size_t i, struct slice value);

bool edit_has(const struct edit *e, struct slice name);
void edit_remove(struct edit *e, size_t i);

/* The query and the whole URL, in the arena. */
struct slice edit_query(const struct edit *e);
struct slice edit_text(struct edit *e);

/* text, percent-encoded, in the arena. */
struct slice edit_encode(struct arena *arena, struct slice text);

#endif
