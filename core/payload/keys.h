/* keys.h: which match keys a body carries. */
#ifndef CORE_PAYLOAD_KEYS_H
#define CORE_PAYLOAD_KEYS_H

#include "core/base/slice.h"

/* TikTok's names of user's members, as payload.h writes them.  Numbers are kept in files: only append. */
enum payload_key {
    PAYLOAD_TTCLID, PAYLOAD_EMAIL, PAYLOAD_PHONE, PAYLOAD_EXTERNAL_ID, PAYLOAD_IP, PAYLOAD_USER_AGENT, PAYLOAD_TTP,
    PAYLOAD_FIRST_NAME, PAYLOAD_LAST_NAME, PAYLOAD_CITY, PAYLOAD_STATE, PAYLOAD_ZIP_CODE, PAYLOAD_COUNTRY,
    PAYLOAD_LOCALE, PAYLOAD_KEYS
};
extern const char *const payload_key_names[PAYLOAD_KEYS];

/* A bit for each key that user of this body (one entry of data[]) has. */
uint32_t payload_keys(struct slice body);

#endif
