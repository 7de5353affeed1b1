#include "core/identity/match_key.h"

const struct slice match_key_names[MATCH_KEYS] = {
    [MATCH_TTCLID] = SLICE("ttclid"),
    [MATCH_EMAIL] = SLICE("email"),
    [MATCH_PHONE] = SLICE("phone"),
    [MATCH_EXTERNAL_ID] = SLICE("external_id"),
    [MATCH_IP] = SLICE("ip"),
    [MATCH_USER_AGENT] = SLICE("user_agent"),
    [MATCH_TTP] = SLICE("ttp"),
    [MATCH_FIRST_NAME] = SLICE("first_name"),
    [MATCH_LAST_NAME] = SLICE("last_name"),
    [MATCH_CITY] = SLICE("city"),
    [MATCH_STATE] = SLICE("state"),
    [MATCH_ZIP_CODE] = SLICE("zip_code"),
    [MATCH_COUNTRY] = SLICE("country"),
    [MATCH_LOCALE] = SLICE("locale"),
};

uint32_t match_key_bit(struct slice name)
{
    for (unsigned i = 0; i < MATCH_KEYS; i++)
        if (slice_eq(match_key_names[i], name))
            return UINT32_C(1) << i;
    return 0;
}
