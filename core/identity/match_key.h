/* match_key.h: the match keys of TikTok's `user` object, numbered, so that which of them an event
 * carries fits into a word of bits.  The numbers are kept in stores: add at the end, never renumber. */
#ifndef CORE_IDENTITY_MATCH_KEY_H
#define CORE_IDENTITY_MATCH_KEY_H

#include <stdint.h>

#include "core/base/slice.h"

enum match_key {
    MATCH_TTCLID, MATCH_EMAIL, MATCH_PHONE, MATCH_EXTERNAL_ID, MATCH_IP, MATCH_USER_AGENT, MATCH_TTP,
    MATCH_FIRST_NAME, MATCH_LAST_NAME, MATCH_CITY, MATCH_STATE, MATCH_ZIP_CODE, MATCH_COUNTRY,
    MATCH_LOCALE,
    MATCH_KEYS
};

/* TikTok's name of key number i ("Report App, Web, Offline, or CRM Events", v1.3, user object). */
extern const struct slice match_key_names[MATCH_KEYS];

/* The bit of a key by TikTok's name; 0: it is none of them. */
uint32_t match_key_bit(struct slice name);

#endif
