/* sample.h: what a tracker's postbacks look like by an offer's mapping: for the URLs to paste, the tests
 * that `init` writes and the conversion that `doctor` plays. */
#ifndef CLI_SAMPLE_H
#define CLI_SAMPLE_H

#include "core/base/buf.h"
#include "core/mapping/mapping.h"

/* The URLs of the offer's tracker; trackers of one's own get what any tracker gets.  NULL: none. */
const struct tracker_urls *sample_urls(const struct offer *offer);

/* The first parameter that the mapping reads a field from; empty: it reads none. */
struct slice sample_name(const struct offer *offer, enum field f);

/* The word for a stage: the tracker's own (urls may be NULL), else the mapping's first; empty: none. */
struct slice sample_word(const struct offer *offer, const struct tracker_urls *urls,
                         struct slice stage);

/* name=value behind what is there; nothing when one of them is empty. */
void sample_add(struct buf *out, struct slice name, struct slice value);

#endif
