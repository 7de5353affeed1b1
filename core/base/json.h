/* json.h: members of JSON objects as every verb and the server print them: times in UTC or null, amounts as exact
 * decimals in strings, so that no reader's doubles touch them. */
#ifndef CORE_BASE_JSON_H
#define CORE_BASE_JSON_H

#include "core/base/buf.h"

/* "name": behind a comma, unless the object has just begun.  name is our own: not escaped. */
void json_name(struct buf *out, const char *name);

void json_text(struct buf *out, const char *name, struct slice value);
void json_known(struct buf *out, const char *name, struct slice value); /* null for the empty text */
void json_number(struct buf *out, const char *name, int64_t n);
void json_count(struct buf *out, const char *name, uint64_t n);
void json_flag(struct buf *out, const char *name, bool is);
void json_amount(struct buf *out, const char *name, int64_t micros);    /* "-12.5" */
void json_time(struct buf *out, const char *name, int64_t seconds);     /* "2026-11-26T10:00:00Z"; null for 0 */
void json_time_ms(struct buf *out, const char *name, int64_t ms);       /* "2026-11-26T10:00:00.123Z"; null for 0 */
void json_put_time_ms(struct buf *out, int64_t ms);                     /* the value alone */

#endif
