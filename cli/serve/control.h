/* control.h: the socket DATA/control, by which other verbs ask the running server: the store has one
 * writer, and that is the server.  HTTP over a Unix socket, JSON answers; the requests are rows of a
 * table in control.c, one function each. */
#ifndef CLI_SERVE_CONTROL_H
#define CLI_SERVE_CONTROL_H

#include "cli/control_client.h"
#include "cli/serve/alerts.h"
#include "cli/serve/intake.h"

struct refused;

struct control {
    struct intake *intake;
    struct rules_holder *rules;
    struct inspector *inspector;
    const char *admin; /* where the admin listener is */
    struct refused *refused;
    struct alerts *alerts;
};

/* One kind of request.  Runs on the socket's own thread; what it does to the store it does in
 * intake_run.  0: the JSON in out is the answer.  -1: *err is, with status 400 for ERR_INPUT, 503
 * for ERR_BUSY, 500 for the rest. */
typedef int control_request(struct control *c, const struct http_request *http, struct buf *out,
                            struct err *err);

/* Listen; NULL and *err.  c lives as long as that. */
struct http_server *control_open(struct control *c, const char *data, struct err *err);

#endif
