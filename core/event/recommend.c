#include "core/event/recommend.h"

#define GOODS                                                                                     \
    (EVENT_HAS_CONTENT_TYPE | EVENT_HAS_QUANTITY | EVENT_HAS_DESCRIPTION | EVENT_HAS_CONTENT_IDS | \
     EVENT_FOR_ROAS)
#define MONEY EVENT_FOR_ROAS

const struct event_advice event_advice[] = {
    { SLICE("AddPaymentInfo"), 0, 0 },
    { SLICE("AddToCart"), GOODS, EVENT_HAS_CONTENTS },
    { SLICE("AddToWishlist"), 0, 0 },
    { SLICE("ApplicationApproval"), 0, 0 },
    { SLICE("CompleteRegistration"), 0, MONEY },
    { SLICE("Contact"), 0, MONEY },
    { SLICE("CustomizeProduct"), 0, 0 },
    { SLICE("Download"), 0, MONEY },
    { SLICE("FindLocation"), 0, 0 },
    { SLICE("InitiateCheckout"), 0, MONEY | EVENT_HAS_CONTENTS | EVENT_HAS_QUANTITY },
    { SLICE("Lead"), 0, MONEY | EVENT_HAS_EXTERNAL_ID },
    { SLICE("Purchase"), GOODS, EVENT_HAS_CONTENTS | EVENT_HAS_ORDER_ID | EVENT_HAS_EXTERNAL_ID },
    { SLICE("Schedule"), 0, MONEY },
    { SLICE("Search"), EVENT_HAS_SEARCH_STRING, 0 },
    { SLICE("StartTrial"), EVENT_HAS_CONTENT_IDS | MONEY, 0 },
    { SLICE("SubmitApplication"), 0, 0 },
    { SLICE("Subscribe"), 0, MONEY },
    { SLICE("ViewContent"), GOODS, EVENT_HAS_CONTENTS },
    { { 0 }, 0, 0 },
};

const struct slice event_parameter_names[EVENT_PARAMETERS] = {
    SLICE("content_type"),  SLICE("quantity"), SLICE("description"), SLICE("content_ids"),
    SLICE("currency"),      SLICE("value"),    SLICE("search_string"), SLICE("contents"),
    SLICE("order_id"),      SLICE("external_id"),
};

const struct event_advice *event_advice_find(struct slice event)
{
    for (const struct event_advice *a = event_advice; a->event.len; a++)
        if (slice_eq(a->event, event))
            return a;
    return NULL;
}
