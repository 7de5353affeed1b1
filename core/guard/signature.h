/* signature.h: signed postbacks, by two schemes; both HMAC-SHA256 (RFC 2104, FIPS 180-4).
 *
 * SIGNATURE_PARAMETERS is our own: the parameter `sig` is the hex HMAC of
 *
 *     OFFER?NAME=VALUE&NAME=VALUE...
 *
 * OFFER is the name of the URL's path.  The pairs are all parameters of query and body but `key` and
 * `sig`, decoded as they are read (params.h; JSON names joined by dots), then each name and value
 * percent-encoded again: every byte but A-Z a-z 0-9 - . _ ~ as %XX in upper case; the finished pairs
 * sorted by their bytes (LC_ALL=C sort).  A parameter `sig_ts` among them is the time of signing in
 * Unix seconds, and makes it worthless to others later.  The secret is the text of its file.
 *
 * SIGNATURE_WEBHOOK is Standard Webhooks 1.0.0 ("Open source tools and guidelines for sending
 * webhooks easily, securely and reliably", spec/standard-webhooks.md of
 * https://github.com/standard-webhooks/standard-webhooks, read 2026-11-26): the headers webhook-id,
 * webhook-timestamp (Unix seconds) and webhook-signature, a list separated by blanks of which each
 * "v1,BASE64" is the HMAC of "ID.TIMESTAMP.BODY"; other versions are passed over.  The secret is
 * base64 of 24 to 64 bytes behind "whsec_". */
#ifndef CORE_GUARD_SIGNATURE_H
#define CORE_GUARD_SIGNATURE_H

#include "core/base/buf.h"
#include "core/params/params.h"

enum signature_scheme { SIGNATURE_NONE, SIGNATURE_PARAMETERS, SIGNATURE_WEBHOOK };

#define SIGNATURE_BYTES 32
#define SIGNATURE_SECRET_MAX 64 /* bytes of a Standard Webhooks secret */

/* The text that is signed.  -1: out of memory. */
int signature_canonical(struct buf *out, struct slice offer, const struct params *params,
                        struct arena *arena);

/* HMAC-SHA256; false when the library fails. */
bool signature_hmac(struct slice secret, struct slice text, unsigned char out[SIGNATURE_BYTES]);

/* Is given the hex of that HMAC, in any case?  Constant time for its 64 digits. */
bool signature_is_hex(const unsigned char hmac[SIGNATURE_BYTES], struct slice given);

/* Does the list of a webhook-signature header hold it? */
bool signature_in_list(const unsigned char hmac[SIGNATURE_BYTES], struct slice list);

/* Is id 1 to 200 printable ASCII characters?  The specification advises against '.' in it, since the
 * parts are joined by dots; but a timestamp must be digits and near our clock, and a body that begins
 * with somebody's digits and a dot is no JSON, so nothing can be gained by cutting elsewhere, and an
 * honest sender whose ids have dots keeps its sales. */
bool signature_id_ok(struct slice id);

/* The bytes of "whsec_..." or bare base64; their number, 0 when it is none.  Fewer than 24 are given
 * all the same: the caller judges. */
size_t signature_secret(struct slice text, unsigned char out[SIGNATURE_SECRET_MAX]);

#endif
