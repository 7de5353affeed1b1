/* alerts_config.h: `alerts:` of clickbaton.yaml: who is told, when not, and by which limits. */
#ifndef CLI_ALERTS_CONFIG_H
#define CLI_ALERTS_CONFIG_H

#include "adapters/alert/receiver.h"
#include "core/alert/rules.h"
#include "core/base/zone.h"
#include "core/yaml/expect.h"

struct catalog;
struct files_lookup;

struct alerts_offer {
    struct slice offer;
    struct place at;
    struct alert_limits limits;
    const struct slice *events; /* those that are looked at; count 0: all */
    size_t event_count;
};

struct alerts_config {
    struct alert_receiver receivers[ALERT_RECEIVERS_MAX];
    char *secrets[2 * ALERT_RECEIVERS_MAX]; /* tokens and URLs from files */
    size_t receiver_count, secret_count;
    uint64_t print; /* of receivers: they are told to the courier once */
    int64_t remind; /* s; 0: never */
    bool quiet;
    int quiet_from, quiet_until; /* minutes of the day */
    const struct zone *zone;     /* of those; NULL: UTC */
    struct alert_limits limits;
    struct alerts_offer *offers;
    size_t offer_count;
};

extern const struct shape alerts_shape;

/* What the file says at node (NULL: nothing) into c->alerts. */
void alerts_config_read(struct catalog *c, struct slice file, const struct yaml *node);

/* When the offers are known: C069 for limits of one that there is not. */
void alerts_config_check(struct catalog *c);

void alerts_config_forget(struct alerts_config *a);

/* The offer's own part; NULL: it has none. */
const struct alerts_offer *alerts_config_offer(const struct alerts_config *a, struct slice offer);

#endif
