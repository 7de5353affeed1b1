/* routes.h: the public listener: /postback/OFFER, /click/OFFER, /lander.js. */
#ifndef CLI_SERVE_ROUTES_H
#define CLI_SERVE_ROUTES_H

#include "cli/serve/intake.h"
#include "cli/serve/limiter.h"
#include "cli/serve/refused.h"

struct routes {
    struct rules_holder *rules;
    struct intake *intake;
    struct identity_hasher *hasher; /* of the HTTP thread */
    struct limiter *limiter;        /* the same */
    struct messages *messages;
    struct refused *refused;
    struct metrics *metrics; /* NULL: nobody counts */
};

/* An http_handler; context is the struct routes. */
void routes_handle(void *context, struct http_request *http);

#endif
