/* admin.h: the admin listener: /livez, /readyz, /refused, /metrics; whatever else is asked for is the inspector's. */
#ifndef CLI_SERVE_ADMIN_H
#define CLI_SERVE_ADMIN_H

#include <pthread.h>

#include "adapters/tiktok/sender.h"
#include "cli/serve/alerts.h"
#include "cli/serve/intake.h"
#include "cli/serve/metrics.h"
#include "cli/serve/refused.h"

struct inspector;
struct outlet;

struct admin {
    struct inspector *inspector;
    struct intake *intake;
    struct sender *sender;
    struct outlet *outlet;
    struct refused *refused;
    struct alerts *alerts; /* NULL: none */
    struct metrics *metrics;
    pthread_mutex_t lock; /* of what follows */
    struct http_server *own;    /* the admin listener; NULL: it is about to begin */
    struct http_server *public; /* whose refusals are told; NULL: none yet, or none any more */
    bool draining;
    bool reload_failed;
    char reload_why[400];
    int64_t reload_at; /* when it failed, Unix milliseconds */
    char password_why[400]; /* the database refused the store's new password; "": it did not */
    struct store_counts counts; /* refreshed by the main thread */
    char orphan[100];           /* a pixel that has events waiting but no token; "": none */
};

/* From now on tell of the refusals of this listener. */
void admin_show(struct admin *a, struct http_server *public);

/* metrics_page.c: GET /metrics. */
void admin_metrics(struct admin *a, struct http_request *http);

/* What /refused says, without a line end. */
void admin_refused_json(struct admin *a, struct buf *out);

/* An http_handler; context is the struct admin. */
void admin_handle(void *context, struct http_request *http);

#endif
