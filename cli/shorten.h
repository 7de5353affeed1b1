/* shorten.h: URLs for the tables of a terminal. */
#ifndef CLI_SHORTEN_H
#define CLI_SHORTEN_H

#include "core/base/buf.h"
#include "core/chain/compare.h"

/* Long values as their begin and length, "E.C.P.v3fQ2R...(306)"; control bytes as '?'.  Parameters
 * of `marked` (may be NULL) are painted when colour is set. */
void shorten_url(struct buf *out, struct slice url, const struct compare_names *marked,
                 bool colour);
void shorten_query(struct buf *out, struct slice query, const struct compare_names *marked,
                   bool colour);

#endif
