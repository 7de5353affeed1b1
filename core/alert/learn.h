/* learn.h: what the last weeks teach: how many events come of how many clicks, at which hour and on which weekday,
 * and which shares are usual.  Robust: days that stick out to either side do not count.  Once an hour is enough. */
#ifndef CORE_ALERT_LEARN_H
#define CORE_ALERT_LEARN_H

#include "core/alert/series.h"

#define ALERT_DAYS_LEAST 3 /* known days, before anything is judged by what was learned */

void alert_learn(struct alert_series *s);

/* The last `count` whole days, the newest first: those of the 24 hours before the present one, and so on. */
void alert_days(const uint32_t n[ALERT_HOURS], const struct alert_series *s, unsigned count, double *out);

#endif
