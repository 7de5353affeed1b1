#include "core/record/record.h"

#include "core/base/note.h"
#include "core/identity/identity.h"
#include "core/params/params.h"

const struct slice field_names[] = {
#define FIELD(id, name, about) SLICE(name),
#include "core/record/fields.def"
#undef FIELD
    { 0 },
};

static const char *const abouts[] = {
#define FIELD(id, name, about) about,
#include "core/record/fields.def"
#undef FIELD
};

const enum field record_click_fields[RECORD_CLICK_FIELDS] = {
    FIELD_CLICK_ID, FIELD_TTCLID,   FIELD_EVENT_ID, FIELD_TTP,     FIELD_IP,
    FIELD_USER_AGENT, FIELD_PAGE_URL, FIELD_REFERRER, FIELD_CONSENT,
    FIELD_COUNTRY,
};

enum field field_named(struct slice name)
{
    size_t f = 0;

    while (f < FIELD_COUNT && !slice_eq(field_names[f], name))
        f++;
    return (enum field)f;
}

const char *field_about(enum field f)
{
    return f < FIELD_COUNT ? abouts[f] : "";
}

const char *record_unusable(struct slice value)
{
    if (slice_index(value, '\0') < value.len)
        return "holds a NUL byte";
    return params_unusable(value);
}

struct slice record_shown(struct arena *arena, struct slice value)
{
    if (identity_looks_personal(value))
        return S("[personal data]");
    return note_short(arena, value);
}

const char *origin_name(enum origin o)
{
    static const char *const names[] = { "none",    "param",   "click",  "mapping",
                                         "tracker", "derived", "arrival" };

    return (size_t)o < sizeof(names) / sizeof(*names) ? names[o] : "none";
}
