/* buf.h: growing output.  Failure is sticky: append freely, check buf_ok once at the end. */
#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include "core/base/slice.h"

struct buf {
    char *ptr;
    size_t len, cap, limit;
    bool failed; /* out of memory, or past limit */
    bool secret; /* set by the owner: no bytes are left behind when it grows or is freed */
};               /* {0} is an empty buffer without a limit */

void buf_free(struct buf *b);  /* gives {0} back, but for `secret` */
void buf_clear(struct buf *b); /* empty again, failure forgotten, memory kept */
bool buf_ok(const struct buf *b);
struct slice buf_slice(const struct buf *b); /* valid until the next append */

void buf_add(struct buf *b, struct slice s);
void buf_byte(struct buf *b, char c);
void buf_puts(struct buf *b, const char *cstr);
void buf_i64(struct buf *b, int64_t n);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* s as a JSON string with its quotes.  Bytes that are not UTF-8 become U+FFFD, so that the
 * result is always valid JSON; control characters are escaped. */
void buf_json(struct buf *b, struct slice s);

/* "name": with a comma before it unless it is the first member.  name is our own: not escaped. */
void buf_key(struct buf *b, struct slice name, bool first);

/* s as text or a quoted attribute of HTML: & < > " ' as entities. */
void buf_html(struct buf *b, struct slice s);

/* s as a JavaScript string with its quotes that may stand inside <script>: buf_json with '<' as
 * \u003c, so that nothing in it ends the element. */
void buf_script(struct buf *b, struct slice s);

/* s percent-encoded: everything but RFC 3986's unreserved characters. */
void buf_percent(struct buf *b, struct slice s);

#endif
