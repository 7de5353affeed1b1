/* scan.h: is a text JSON by the letter of RFC 8259?  cJSON alone is lenient: it takes control
 * characters, 01, 1., any byte below 33 as a blank, U+0000, broken UTF-8 and what follows the end.
 */
#ifndef ADAPTERS_TIKTOK_SANDBOX_SCAN_H
#define ADAPTERS_TIKTOK_SANDBOX_SCAN_H

#include "core/base/slice.h"

#define SANDBOX_EVENTS_MAX 1000 /* of one request */
#define SANDBOX_DEPTH_MAX 16    /* an Events API body needs 6 */

struct sandbox_scan {
    struct slice elements[SANDBOX_EVENTS_MAX]; /* of arrays that are a member of the top object */
    size_t count;                              /* goes on past the maximum */
    const char *error;                         /* NULL, or what is wrong ... */
    size_t error_at;                           /* ... at this byte, from 0 */
};

bool sandbox_scan(struct slice text, struct sandbox_scan *out);

#endif
