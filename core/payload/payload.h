/* payload.h: the Events API's JSON.  Written by our own appender: it is the hot path; money is
 * printed from exact decimals; absent things are absent, never "", null or {}.
 * Source: "Report App, Web, Offline, or CRM Events", TikTok API for Business v1.3. */
#ifndef CORE_PAYLOAD_PAYLOAD_H
#define CORE_PAYLOAD_PAYLOAD_H

#include "core/base/buf.h"
#include "core/base/money.h"
#include "core/mapping/mapping.h"

#define PAYLOAD_USER_MAX 16

struct payload_user {
    const char *name;
    struct slice value;
    const struct slice *more; /* further values: then it is written as an array */
    size_t more_count;
};

struct payload_event {
    struct slice event, event_id;
    int64_t event_time;
    struct payload_user user[PAYLOAD_USER_MAX];
    size_t user_count;
    struct slice page_url, referrer;          /* web events */
    struct slice lead_id, lead_event_source; /* crm events */
    bool has_value;
    struct money value;
    struct slice currency;
    bool limited_data_use;
    /* Properties are expanded while they are written. */
    const struct property *properties;
    size_t property_count;
    enum money_mark mark; /* how amounts in properties are written */
    const struct template_values *values;
};

/* One entry of data[].  scratch holds expansions.  Properties whose number has no number in it, and
 * those that hold personal data, are left out and noted. */
void payload_event(struct buf *out, const struct payload_event *event, struct arena *scratch,
                   struct notes *notes);

/* {"event_source":"web","event_source_id":PIXEL,"data":[ ... and ]}: the frame around them. */
void payload_open(struct buf *out, struct slice event_source, struct slice pixel,
                  struct slice test_code);
void payload_close(struct buf *out);

#endif
