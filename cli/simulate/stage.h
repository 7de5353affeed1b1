/* stage.h: the servers of a chain, for real: one listener on loopback that answers for every host
 * name of the chain, as the hop whose turn it is. */
#ifndef CLI_SIMULATE_STAGE_H
#define CLI_SIMULATE_STAGE_H

#include "adapters/http/server.h"
#include "core/chain/chain.h"

struct stage;

struct stage *stage_open(struct err *err);
const char *stage_address(const struct stage *stage);

/* The next request is for hop i of the session's chain.  Notes go to `notes`. */
void stage_expect_hop(struct stage *stage, struct chain_session *s, size_t i, bool https,
                      struct notes *notes);
/* The next request is the network's postback; its answer's body is what comes to clickbaton. */
void stage_expect_network(struct stage *stage, struct chain_session *s, bool https,
                          struct notes *notes);

/* What was answered: false when nobody has asked. */
bool stage_answer(struct stage *stage, struct hop_answer *out);

void stage_close(struct stage *stage); /* accepts NULL */

#endif
