/* private.h: what the files of core/kit share. */
#ifndef CORE_KIT_PRIVATE_H
#define CORE_KIT_PRIVATE_H

#include "core/kit/kit.h"

struct kit_work {
    struct arena *arena;
    const struct offer *offer;
    const struct tracker_urls *urls;
    const struct kit_hosts *hosts;
    struct kit *kit;
    struct slice extras; /* "quality={sub_id_1}&...", the same for each postback; may be empty */
};

/* ---- query.c ---- */

/* A mapping may have taken other names for a field: then its first.  Empty: it reads none. */
struct slice kit_name_for(const struct offer *offer, enum field f, struct slice name);

/* name=value behind what is there; nothing when one is empty, or when the name is there already:
 * two values of one parameter are quarantined. */
void kit_add_pair(struct buf *b, struct slice name, struct slice value);

/* The table's query by the names of the offer's mapping; word: for the table's type_param. */
void kit_add_query(struct buf *b, const struct kit_work *w, struct slice query, struct slice word);

bool kit_has_name(struct slice query, struct slice name);
bool kit_has_macro(const struct kit_work *w, struct slice query, enum field f);

/* ---- missing.c: what the table has no macro for ---- */

/* The offer's currency, written out. */
void kit_add_currency(struct buf *b, const struct kit_work *w);
void kit_remark_currency(const struct kit_work *w);

/* A repeatable event without a transaction id is quarantined: a place for one, and a remark. */
void kit_add_txid(struct buf *b, const struct kit_work *w, const struct stage_rule *rule);

/* Fills w->extras: parameters that only the offer's templates read. */
void kit_make_extras(struct kit_work *w);

#endif
