/* internal.h: the parts of judge.h. */
#ifndef CORE_ALERT_INTERNAL_H
#define CORE_ALERT_INTERNAL_H

#include "core/alert/judge.h"

/* Shares of postbacks (event NULL), or of an event. */
void alert_judge_shares(const struct alert_judging *j, const struct alert_offer *o,
                        const struct alert_event *e, const struct alert_limits *own);
void alert_judge_latency(const struct alert_judging *j);
void alert_judge_facts(const struct alert_judging *j);

#endif
