/* when.h: moments as Unix seconds, UTC.  No clock here: "now" is an argument everywhere. */
#ifndef CORE_BASE_WHEN_H
#define CORE_BASE_WHEN_H

#include "core/base/buf.h"
#include "core/base/slice.h"

enum when_form {
    WHEN_ANY,     /* Unix seconds (9-10 digits) or milliseconds (12-13), else ISO 8601 */
    WHEN_UNIX,    /* 1780000000 */
    WHEN_UNIX_MS, /* 1780000000123 */
    WHEN_ISO,     /* 2026-05-28T20:26:40Z, 2026-05-28 20:26, +02:00, fractions cut; no bare dates */
};

/* The name in a mapping's `as:` (any, unix, unix_ms, iso); false when there is no such form. */
bool when_form_named(struct slice name, enum when_form *out);
extern const struct slice when_form_names[]; /* ended by an empty slice */

/* false: not a time of that form, an impossible date, before 1970 or after 9999.  Without a zone in
 * the text zone_seconds (east positive) is the mapping's, 0 for UTC. */
bool when_parse(struct slice text, enum when_form form, int zone_seconds, int64_t *seconds);

/* Days from 1970-01-01; false: there is no such day between 1970 and 9999. */
bool when_days(int year, int month, int day, int64_t *days);

/* 2026-05-28T20:26:40Z; and 2026-05-28T20:26:40.123Z */
void when_print(struct buf *b, int64_t seconds);
void when_print_ms(struct buf *b, int64_t ms);

/* "+02:00", "-0530", "+02", "Z", "UTC", "GMT" to seconds east of UTC; false past 14 hours. */
bool when_zone_parse(struct slice text, int *seconds);

/* "90s", "10m", "36h", "45d" to seconds; false otherwise or past 100 years. */
bool when_duration_parse(struct slice text, int64_t *seconds);

#endif
