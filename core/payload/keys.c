#include "core/payload/keys.h"

#include "core/payload/members.h"

const char *const payload_key_names[PAYLOAD_KEYS] = {
    [PAYLOAD_TTCLID] = "ttclid",         [PAYLOAD_EMAIL] = "email",           [PAYLOAD_PHONE] = "phone",
    [PAYLOAD_EXTERNAL_ID] = "external_id", [PAYLOAD_IP] = "ip",               [PAYLOAD_USER_AGENT] = "user_agent",
    [PAYLOAD_TTP] = "ttp",               [PAYLOAD_FIRST_NAME] = "first_name", [PAYLOAD_LAST_NAME] = "last_name",
    [PAYLOAD_CITY] = "city",             [PAYLOAD_STATE] = "state",           [PAYLOAD_ZIP_CODE] = "zip_code",
    [PAYLOAD_COUNTRY] = "country",       [PAYLOAD_LOCALE] = "locale",
};

uint32_t payload_keys(struct slice body)
{
    struct member user, m;
    uint32_t keys = 0;
    size_t at;

    if (!member_user(body, &user))
        return 0;
    for (at = user.value + 1; member_read(body, at, &m); at = member_next(body, &m))
        for (uint32_t i = 0; i < PAYLOAD_KEYS; i++)
            if (slice_eq(m.name, slice_from(payload_key_names[i])))
                keys |= UINT32_C(1) << i;
    return keys;
}
