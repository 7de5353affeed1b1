/* hops.h: what `simulate` and `follow` show alike: short URLs, states, sentences, lists. */
#ifndef CLI_HOPS_H
#define CLI_HOPS_H

#include "core/base/buf.h"
#include "core/base/note.h"
#include "core/chain/compare.h"

/* All of it onto stdout; false after a complaint when that did not work, or out is not whole. */
bool hops_print(const char *verb, const struct buf *out);

/* stdout is a terminal, and NO_COLOR does not object. */
bool hops_colour(void);

enum hops_paint { HOPS_PLAIN, HOPS_GOOD, HOPS_BAD, HOPS_NOTE };
void hops_paint(struct buf *out, bool colour, enum hops_paint paint);

/* Long values as their begin and length, "E.C.P.v3fQ2R...(306)"; control bytes as '?'.  Parameters
 * of `marked` (may be NULL) are painted when colour is set. */
void hops_url(struct buf *out, struct slice url, const struct compare_names *marked, bool colour);
void hops_query(struct buf *out, struct slice query, const struct compare_names *marked,
                bool colour);

/* A cell of a table, painted. */
void hops_state(struct buf *out, enum baton_state state, bool colour);

/* "      not passed on: a, b; changed: c" and a line end; nothing when there is none.  added may be
 * NULL. */
void hops_changes(struct buf *out, const struct compare_names *lost,
                  const struct compare_names *changed, const struct compare_names *added);

/* A line for each, behind indent. */
void hops_sentences(struct buf *out, const struct notes *notes, const char *indent, bool colour);

/* Members of a JSON object, as core/base/json.h has them: "name":["a","b"], "name":["H001 ttclid is lost ..."]. */
void hops_json_names(struct buf *out, const char *name, const struct compare_names *list);
void hops_json_notes(struct buf *out, const char *name, const struct notes *notes);

#endif
