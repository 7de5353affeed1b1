/* control_client.h: ask the server that runs on a data folder (cli/serve/control.h). */
#ifndef CLI_CONTROL_CLIENT_H
#define CLI_CONTROL_CLIENT_H

#include "core/base/buf.h"
#include "core/base/err.h"

#define CONTROL_NAME "control" /* the socket in the data folder */
#define CONTROL_BODY_MAX ((size_t)1 << 20)
#define CONTROL_ANSWER_MAX ((size_t)128 << 20)

struct control_client;

/* For the server on that folder; none need run.  NULL and *err. */
struct control_client *control_client_open(const char *data, struct err *err);

/* GET path, or POST when there is a body; its answer into out, which is emptied first.  1: answered.
 * 0: no server runs there.  -1: *err, in the server's words (ERR_INPUT, ERR_BUSY, ERR_SYSTEM as it
 * had them) or because the connection broke: then nobody knows whether it was done. */
int control_client_ask(struct control_client *c, const char *path, struct slice body,
                       unsigned seconds, struct buf *out, struct err *err);

void control_client_close(struct control_client *c); /* accepts NULL */

#endif
