#include "core/event/source.h"

#define ID_MAX 64
#define SET_DIGITS_MIN 15

const struct slice event_source_names[] = { SLICE("web"), SLICE("crm"), SLICE("offline"), { 0 } };

#define CRM     (1u << EVENT_SOURCE_CRM)
#define OFFLINE (1u << EVENT_SOURCE_OFFLINE)

/* What events that are not web events have of `user`. */
static const struct {
    struct slice name;
    unsigned sources;
} keys[] = {
    { SLICE("email"), CRM | OFFLINE },
    { SLICE("phone"), CRM | OFFLINE },
    { SLICE("external_id"), CRM },
};

bool event_source_has_key(enum event_source source, struct slice key)
{
    if (source == EVENT_SOURCE_WEB)
        return true;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (slice_eq(keys[i].name, key))
            return keys[i].sources & 1u << source;
    return false;
}

bool event_source_has_property(enum event_source source, struct slice property)
{
    return source == EVENT_SOURCE_WEB || !slice_eq(property, S("customer_type"));
}

const char *event_source_id_fault(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!ascii_is_alnum(id.ptr[i]))
            return "may hold only letters and digits";
    return id.len == 0 ? "is empty" : id.len > ID_MAX ? "is longer than 64 characters" : NULL;
}

const char *event_source_id_doubt(enum event_source source, struct slice id)
{
    size_t digits = 0;

    while (digits < id.len && ascii_is_digit(id.ptr[digits]))
        digits++;
    if (source == EVENT_SOURCE_WEB)
        return digits == id.len && digits >= SET_DIGITS_MIN
                   ? "is all digits, as the ids of event sets are; a pixel code has letters"
                   : NULL;
    return digits < id.len ? "has letters, as pixel codes have; an event set's id is all digits"
                           : NULL;
}

bool event_test_code_ok(struct slice code)
{
    for (size_t i = 0; i < code.len; i++)
        if (!ascii_is_alnum(code.ptr[i]) && code.ptr[i] != '-' && code.ptr[i] != '_')
            return false;
    return code.len > 0 && code.len <= EVENT_TEST_CODE_MAX;
}
