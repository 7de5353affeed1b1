/* Any bytes as the query of a postback, and as a whole URL that somebody pasted.  The first two bytes
 * say where memory ends. */
#include "tests/fuzz/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Behind a '?' a URL is its query, up to a '#', without blanks around it. */
static void same_as_url(const struct reading *query, struct slice raw)
{
    struct buf url = { 0 };
    struct reading r;

    if (slice_index(raw, '#') < raw.len || slice_trim(raw).len != raw.len)
        return;
    buf_printf(&url, "?%.*s", SLICE_ARG(raw));
    if (url.len == raw.len + 1) { /* no NUL in it */
        read_as(&r, params_url, buf_slice(&url), 8 << 20);
        MUST(r.rc == query->rc && (r.rc != 0 || same_list(&r.p, &query->p)));
        reading_end(&r);
    }
    buf_free(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading query, url;
    struct slice raw;

    if (size < 2)
        return 0;
    raw = (struct slice){ (const char *)data + 2, size - 2 };
    read_as(&query, params_query, raw, 8 << 20);
    read_as(&url, params_url, raw, 8 << 20);
    if (query.rc == 0)
        check_round_trip(&query.p);
    if (url.rc == 0)
        check_round_trip(&url.p);
    same_as_url(&query, raw);
    check_little_room(&query, params_query, raw, (size_t)data[0] << 8 | data[1]);
    check_little_room(&url, params_url, raw, (size_t)data[1] << 8 | data[0]);
    reading_end(&query);
    reading_end(&url);
    return 0;
}
