/* source.h: the kinds of events that TikTok takes, and which fields each kind has.
 * Source: "Report App, Web, Offline, or CRM Events" (API for Business v1.3), the columns "Applies to".
 * App events are for companies that TikTok has put onto a list; they are not supported here. */
#ifndef CORE_EVENT_SOURCE_H
#define CORE_EVENT_SOURCE_H

#include "core/base/slice.h"

enum event_source {
    EVENT_SOURCE_WEB,     /* event_source_id is a pixel code */
    EVENT_SOURCE_CRM,     /* ... a CRM event set's id */
    EVENT_SOURCE_OFFLINE, /* ... an offline event set's id */
};

/* "web", "crm", "offline": as in a request and in our files; ended by an empty slice. */
extern const struct slice event_source_names[];

/* Of user: "email", "ttclid".  A name that is not in the table is of web events only. */
bool event_source_has_key(enum event_source source, struct slice key);
/* Of properties: all have all, except for the few of web events only. */
bool event_source_has_property(enum event_source source, struct slice property);

/* What an id of that kind must look like; NULL when it does, else the rest of a sentence.  Letters
 * and digits, up to 64, is all that is documented. */
const char *event_source_id_fault(struct slice id);

/* What looks like another kind's id: event sets have ids of 19 digits (vendors' pages; TikTok's own
 * do not say), pixel codes have letters.  NULL, or the rest of a sentence. */
const char *event_source_id_doubt(enum event_source source, struct slice id);

/* A test event code: up to 64 letters, digits, '-' and '_'. */
#define EVENT_TEST_CODE_MAX 64
bool event_test_code_ok(struct slice code);

#endif
