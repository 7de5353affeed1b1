/* identity.h: match keys as TikTok wants them: normalised, then SHA-256 where it must be.
 * Source: "Report App, Web, Offline, or CRM Events" (TikTok API for Business v1.3), user object;
 * where that page is silent, docs/DESIGN.md says what we chose. */
#ifndef CORE_IDENTITY_IDENTITY_H
#define CORE_IDENTITY_IDENTITY_H

#include "core/base/arena.h"
#include "core/base/slice.h"

#define SHA256_HEX 64

/* The digest, looked up once, and its working memory: a look-up per key would cost more than the
 * hashing.  One hasher serves one thread at a time.  NULL when out of memory. */
struct identity_hasher;
struct identity_hasher *identity_hasher_new(void);
void identity_hasher_free(struct identity_hasher *h); /* accepts NULL */

/* Lower-case hex of the SHA-256 of s.  false (out of memory in the library): out is not set. */
bool sha256_hex(struct identity_hasher *h, struct slice s, char out[SHA256_HEX]);

/* Trimming takes off what JavaScript's trim() does, lower case covers Latin, Greek, Cyrillic and
 * Armenian letters: a page's pixel must come to the same hash. */
enum identity_kind {
    IDENTITY_EMAIL,       /* trim, lower, nothing else; "Bob <bob@x.de>" and mailto: give what is
                             inside; hashed */
    IDENTITY_PHONE,       /* E.164 with '+'; extension and "tel:" dropped, digits of any script;
                             hashed */
    IDENTITY_EXTERNAL_ID, /* trim, case kept; hashed */
    IDENTITY_FIRST_NAME,  /* trim, lower, punctuation dropped, blanks inside and letters of any */
    IDENTITY_LAST_NAME,   /* script kept; hashed */
    IDENTITY_ZIP,         /* lower, no blanks or punctuation, US: first five digits; hashed */
    IDENTITY_CITY,        /* lower, no blanks or punctuation */
    IDENTITY_STATE,       /* trim, lower; US: two letters, also of the name and of "US-CA" */
    IDENTITY_COUNTRY,     /* lower ISO 3166-1 alpha-2; UK becomes gb */
    IDENTITY_LOCALE,      /* BCP 47 as it came, '_' to '-' */
    IDENTITY_IP,          /* one public IPv4 or IPv6 address, documentation networks among them */
    IDENTITY_TTP,         /* verbatim, and so is the */
    IDENTITY_USER_AGENT,  /* user agent */
};

enum identity_result {
    IDENTITY_OK,
    IDENTITY_EMPTY,    /* nothing left: leave it out silently */
    IDENTITY_UNUSABLE, /* leave it out; *why is the rest of a sentence: "is a private address" */
    IDENTITY_FAILED,   /* out of memory; the arena may be full */
};

/* Normalise and, where the kind demands it, hash.  A value of 64 hex digits passes through in lower
 * case for hashed kinds, unless it is the hash of nothing ("", "null" ...); MD5, SHA-1 and base64 are
 * unusable, except in an external_id.  country: ISO alpha-2 in any case, for phones without a country
 * code, zips and states; may be empty.  Give value untrimmed: a blank in front of
 * a phone number is a '+' that got lost.  *out lives in the arena or is static; it is empty, and
 * *why NULL, where the result does not say otherwise. */
enum identity_result identity_prepare(struct identity_hasher *h, struct arena *arena,
                                      enum identity_kind kind, struct slice value,
                                      struct slice country, struct slice *out, const char **why);

bool identity_is_hashed(enum identity_kind kind);
bool identity_is_sha256(struct slice value); /* 64 hex digits, any case */

/* Does a string look like personal data that must not be stored in the clear (an e-mail address
 * anywhere in it, a phone number with '+')?  For parameters that no mapping names. */
bool identity_looks_personal(struct slice value);

/* Country calling code ("49") of an ISO alpha-2 country; empty when unknown. */
struct slice identity_calling_code(struct slice country);

#endif
