/* judge.h: what is left of the ids behind a hop, and what came of them in the end; only for
 * core/chain. */
#ifndef CORE_CHAIN_JUDGE_H
#define CORE_CHAIN_JUDGE_H

#include "core/chain/session.h"

/* An event_id that the link or the page's own pixel names: the right one from now on.  Before the
 * page's script makes one: a pixel of its own does not ask the script. */
void judge_own_event_id(struct chain_session *s, size_t i, struct slice arrives,
                        struct notes *notes);

/* The states behind hop i, whose url is known, and what to change there.  next: that url with the
 * fragment that the browser has there, which may be an inherited one; whole: the URL before the
 * hop's failures; cookie: the click id that the browser has for the next host. */
void judge_hop(struct chain_session *s, struct chain_result *out, size_t i, struct slice next,
               struct slice whole, struct slice cookie);

/* The conversion, the event, the verdict.  stopped: the visitor never arrived. */
void judge_end(struct chain_session *s, struct chain_result *out, bool stopped);

#endif
