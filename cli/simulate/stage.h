/* stage.h: the servers of a chain, for real: one listener on loopback that answers for every host
 * name of the chain, as the hop whose turn it is.
 *
 * Other programs of the machine can reach it too: who does not show the secret gets 404, and each
 * expectation is answered once (twice for a double meta refresh). */
#ifndef CLI_SIMULATE_STAGE_H
#define CLI_SIMULATE_STAGE_H

#include "adapters/http/server.h"
#include "core/chain/chain.h"

#define STAGE_HEADER "X-Clickbaton-Live"

struct stage;

/* secret: what STAGE_HEADER must hold; copied. */
struct stage *stage_open(struct slice secret, struct err *err);
const char *stage_address(const struct stage *stage);

/* The next request is for hop i of the session's chain.  From here to stage_answer the session and
 * its arena belong to the server's thread. */
void stage_expect_hop(struct stage *stage, struct chain_session *s, size_t i, bool https);
/* The next request is the network's postback; its answer's body is what comes to clickbaton. */
void stage_expect_network(struct stage *stage, struct chain_session *s, bool https);

/* Always after the request, also one that has failed: the session is the caller's again.  What was
 * answered, in arena, and the remarks to notes.  Only the second page of a double meta refresh can
 * still be asked for.  false when nobody has asked. */
bool stage_answer(struct stage *stage, struct arena *arena, struct hop_answer *out,
                  struct notes *notes);

void stage_close(struct stage *stage); /* accepts NULL */

#endif
