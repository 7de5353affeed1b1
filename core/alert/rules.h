/* rules.h: what clickbaton alerts of, as one table: code, name in the configuration, how severe, how long it must
 * last before it is told, and from where on. */
#ifndef CORE_ALERT_RULES_H
#define CORE_ALERT_RULES_H

#include "core/base/slice.h"

enum alert_rule {
    ALERT_FLATLINE,   /* A001 */
    ALERT_NO_VALUE,   /* A002 */
    ALERT_DUPLICATES, /* A003 */
    ALERT_QUARANTINE, /* A004 */
    ALERT_LATENCY,    /* A005 */
    ALERT_BACKLOG,    /* A006 */
    ALERT_PIXEL,      /* A007 */
    ALERT_DIVERGENCE, /* A008 */
    ALERT_DISK,       /* A009 */
    ALERT_REFUSALS,   /* A010 */
    ALERT_RELOAD,     /* A011 */
    ALERT_STORE,      /* A012 */
    ALERT_COURIER,    /* A013 */
    ALERT_DEAD,       /* A014 */
    ALERT_SPILL,      /* A015 */
    ALERT_RULES
};

enum alert_unit { ALERT_SWITCH, ALERT_EVENTS, ALERT_PERCENT, ALERT_SECONDS };

struct alert_rule_row {
    const char *code;   /* "A001"; its title and first action: core/base/codes.c */
    struct slice name;  /* key of `alerts: rules:` */
    enum alert_unit unit;
    int64_t otherwise;  /* limit without one in the configuration; 0: learned */
    bool by_offer;      /* it is judged offer by offer, so an offer may have a limit of its own */
    bool severe;        /* goes through quiet hours */
    int64_t hold;       /* s that it must last before it is told */
    const char *about;  /* of the limit, one line */
    bool counts;        /* it is judged by the hourly counts, not by facts of the moment */
    bool shared;        /* all servers of one store find it, so one of them tells it */
};
extern const struct alert_rule_row alert_rules[ALERT_RULES];

/* A limit as the configuration says it. */
struct alert_limit {
    bool said, off;
    int64_t value; /* in the rule's unit; 0 with said: as learned */
};

/* Of everything, or of one offer: its own, else the common. */
struct alert_limits {
    struct alert_limit rule[ALERT_RULES];
};

/* ALERT_RULES when there is none of that name. */
enum alert_rule alert_rule_named(struct slice name);

/* "off", "on", "40" (events, percent), "30m".  False: not of the rule's form. */
bool alert_limit_parse(enum alert_rule rule, struct slice text, struct alert_limit *out);

/* What counts: the offer's own, else the common, else the table's. */
struct alert_limit alert_limit_of(enum alert_rule rule, const struct alert_limits *own,
                                  const struct alert_limits *common);

#endif
