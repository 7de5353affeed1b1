/* admin.h: the admin listener: /livez, /readyz. */
#ifndef CLI_SERVE_ADMIN_H
#define CLI_SERVE_ADMIN_H

#include <pthread.h>

#include "adapters/tiktok/sender.h"
#include "cli/serve/intake.h"

struct admin {
    struct intake *intake;
    struct sender *sender;
    pthread_mutex_t lock; /* of what follows */
    bool draining;
    bool reload_failed;
    char reload_why[400];
    struct store_counts counts; /* refreshed by the main thread */
    char orphan[100];           /* a pixel that has events waiting but no token; "": none */
};

/* An http_handler; context is the struct admin. */
void admin_handle(void *context, struct http_request *http);

#endif
