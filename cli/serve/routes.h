/* routes.h: the public listener: /postback/OFFER, /click/OFFER, /lander.js. */
#ifndef CLI_SERVE_ROUTES_H
#define CLI_SERVE_ROUTES_H

#include <stdatomic.h>

#include "cli/serve/intake.h"

struct routes {
    struct rules_holder *rules;
    struct intake *intake;
    struct identity_hasher *hasher; /* of the HTTP thread */
    _Atomic uint64_t refused_key, refused_offer, refused_input, refused_origin;
};

/* An http_handler; context is the struct routes. */
void routes_handle(void *context, struct http_request *http);

#endif
