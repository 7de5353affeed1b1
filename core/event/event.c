#include "core/event/event.h"

/* Help page "Supported standard events". */
const struct slice event_standard_names[] = {
    SLICE("AddPaymentInfo"),
    SLICE("AddToCart"),
    SLICE("AddToWishlist"),
    SLICE("ApplicationApproval"),
    SLICE("CompleteRegistration"),
    SLICE("Contact"),
    SLICE("CustomizeProduct"),
    SLICE("Download"),
    SLICE("FindLocation"),
    SLICE("InitiateCheckout"),
    SLICE("Lead"),
    SLICE("Purchase"),
    SLICE("Schedule"),
    SLICE("Search"),
    SLICE("StartTrial"),
    SLICE("SubmitApplication"),
    SLICE("Subscribe"),
    SLICE("ViewContent"),
    { 0 },
};

/* Names with a meaning of their own besides the standard ones.  Help page "How to adopt TikTok's
 * updated standard events" (May 2025); Pageview is spelt as TikTok's own server templates do. */
static const struct {
    struct slice name, now;
    enum event_name_kind kind;
} special[] = {
    { SLICE("CompletePayment"), SLICE("Purchase"), EVENT_RENAMED },
    { SLICE("SubmitForm"), SLICE("Lead"), EVENT_RENAMED },
    { SLICE("ClickButton"), SLICE("ClickButton"), EVENT_LEGACY },
    { SLICE("PlaceAnOrder"), SLICE("PlaceAnOrder"), EVENT_LEGACY },
    { SLICE("Pageview"), SLICE("Pageview"), EVENT_CUSTOM },
};

/* Help page "Custom events". */
static const char *custom_name_fault(struct slice name)
{
    if (name.len == 0)
        return "is empty";
    if (!ascii_is_alpha(name.ptr[0]))
        return "must start with a letter";
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '_' && name.ptr[i] != '-')
            return "may hold only letters, digits, '_' and '-'";
    return name.len > EVENT_CUSTOM_NAME_MAX ? "is longer than 50 characters" : NULL;
}

enum event_name_kind event_name_check(struct slice name, struct slice *now, const char **why)
{
    *now = name;
    *why = NULL;
    for (size_t i = 0; event_standard_names[i].len; i++) {
        if (slice_eq_nocase(name, event_standard_names[i])) {
            *now = event_standard_names[i];
            return slice_eq(name, *now) ? EVENT_STANDARD : EVENT_MISCASED;
        }
    }
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (slice_eq_nocase(name, special[i].name)) {
            *now = special[i].now;
            return slice_eq(name, special[i].name) ? special[i].kind : EVENT_MISCASED;
        }
    }
    *why = custom_name_fault(name);
    if (*why)
        *now = (struct slice){ 0 };
    return *why ? EVENT_BAD : EVENT_CUSTOM;
}
