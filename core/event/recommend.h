/* recommend.h: parameters that belong to each standard event.  Nothing is required for an event to
 * be accepted; what is missing costs learning, catalogue matching or value optimisation.
 *
 * `official` is TikTok's help page on supported standard events: AddToCart, Purchase, ViewContent,
 * StartTrial and Search, no others.  search_string is called query in one older article.
 * `practice` is what media buyers' guides of 2026 ask for besides; it is not TikTok's word. */
#ifndef CORE_EVENT_RECOMMEND_H
#define CORE_EVENT_RECOMMEND_H

#include "core/base/slice.h"

/* Bits. */
enum event_parameter {
    EVENT_HAS_CONTENT_TYPE = 1 << 0,
    EVENT_HAS_QUANTITY = 1 << 1, /* of contents[] */
    EVENT_HAS_DESCRIPTION = 1 << 2,
    EVENT_HAS_CONTENT_IDS = 1 << 3,
    EVENT_HAS_CURRENCY = 1 << 4,
    EVENT_HAS_VALUE = 1 << 5,
    EVENT_HAS_SEARCH_STRING = 1 << 6,
    EVENT_HAS_CONTENTS = 1 << 7,
    EVENT_HAS_ORDER_ID = 1 << 8,
    EVENT_HAS_EXTERNAL_ID = 1 << 9, /* of user */
};
#define EVENT_PARAMETERS 10

/* Value optimisation (ROAS, VBO) and Video Shopping Ads need these ("properties" in "Report App,
 * Web, Offline, or CRM Events"). */
#define EVENT_FOR_ROAS (EVENT_HAS_CURRENCY | EVENT_HAS_VALUE)
#define EVENT_FOR_VSA  (EVENT_HAS_CONTENT_IDS | EVENT_HAS_CONTENTS | EVENT_HAS_CONTENT_TYPE)

struct event_advice {
    struct slice event;
    unsigned official, practice; /* enum event_parameter, or'ed; practice has none of official */
};

/* One row for each of event_standard_names, in that order; ended by an empty name. */
extern const struct event_advice event_advice[];
const struct event_advice *event_advice_find(struct slice event); /* NULL: a custom event */

/* "content_type": the name of bit number i (from 0). */
extern const struct slice event_parameter_names[EVENT_PARAMETERS];

#endif
