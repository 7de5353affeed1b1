/* What the library lets pass and we do not.  Most of it is about two servers in a row that read the
 * same bytes as different requests (RFC 9112, sections 5, 6.3 and 11.2): two lengths, a length
 * beside a transfer coding, a blank before a colon, folded lines, and NULs, which end a header line
 * in the library but not in the proxy in front. */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "adapters/http/internal.h"
#include "core/base/eight.h"

enum limit { NO_LIMIT, LIMIT_URL, LIMIT_BODY };

static const struct {
    int status;
    enum limit limit; /* the sentence ends with it */
    const char *text;
} refusals[REFUSALS] = {
    [REFUSE_URL] = { 414, LIMIT_URL, "The URL is longer" },
    [REFUSE_BODY] = { 413, LIMIT_BODY, "The body is larger" },
    [REFUSE_TARGET_BYTES] = { 400, NO_LIMIT,
                              "The URL holds a blank or a control byte: percent-encode it.\n" },
    [REFUSE_TARGET_FORM] = { 400, NO_LIMIT,
                             "The request target must be a path that begins with \"/\".\n" },
    [REFUSE_HEADER] = { 400, NO_LIMIT,
                        "A header line is malformed: a blank in its name or before the colon, a "
                        "control byte, or a folded line.\n" },
    [REFUSE_TWO_LENGTHS] = { 400, NO_LIMIT, "There is more than one Content-Length.\n" },
    [REFUSE_LENGTH_AND_ENCODING] = { 400, NO_LIMIT,
                                     "Content-Length beside Transfer-Encoding: send only one.\n" },
    [REFUSE_ENCODING] = { 501, NO_LIMIT,
                          "The only Transfer-Encoding understood here is \"chunked\".\n" },
    [REFUSE_MEMORY] = { 503, NO_LIMIT, "Out of memory: send the request again later.\n" },
    [REFUSE_CLOSING] = { 503, NO_LIMIT,
                         "This server is shutting down: send the request again later.\n" },
};

int http_refusal_status(enum refusal why)
{
    return refusals[why].status;
}

void http_refusal_texts(struct http_server *s)
{
    for (int i = REFUSE_NOTHING + 1; i < REFUSALS; i++) {
        size_t limit = refusals[i].limit == LIMIT_URL ? s->limits.url : s->limits.body;

        if (refusals[i].limit == NO_LIMIT)
            snprintf(s->refusals[i], REFUSAL_TEXT, "%s", refusals[i].text);
        else
            snprintf(s->refusals[i], REFUSAL_TEXT, "%s than %zu bytes, the limit of this server.\n",
                     refusals[i].text, limit);
    }
}

/* Header lines one after the other, as the library lists them. */
struct lines {
    const char *at; /* behind the last value, in the library's buffer */
    unsigned lengths, encodings;
    struct slice length, encoding, content_type;
    bool malformed, expects;
};

/* In the library's buffer each byte of a line end and each colon has become a NUL, and blanks are
 * as they were.  Any other byte between two parts is one that a NUL or a fold has hidden. */
static bool gap_ok(const char *from, const char *to, int nuls)
{
    if (to < from)
        return false;
    for (; from < to; from++) {
        if (*from == '\0')
            nuls--;
        else if (*from != ' ' && *from != '\t')
            return false;
    }
    return nuls >= 0;
}

static bool name_ok(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] <= ' ' || name.ptr[i] == 0x7f)
            return false;
    return name.len > 0;
}

static void note_line(struct lines *l, struct slice name, struct slice value)
{
    switch (name.len) { /* most names differ in length from all of these */
    case sizeof("Expect") - 1:
        if (slice_eq_nocase(name, S("Expect")))
            l->expects = slice_eq_nocase(value, S("100-continue"));
        break;
    case sizeof("Content-Type") - 1:
        if (!l->content_type.ptr && slice_eq_nocase(name, S("Content-Type")))
            l->content_type = value;
        break;
    case sizeof("Content-Length") - 1:
        if (slice_eq_nocase(name, S("Content-Length"))) {
            l->lengths++;
            l->length = value;
        }
        break;
    case sizeof("Transfer-Encoding") - 1:
        if (slice_eq_nocase(name, S("Transfer-Encoding"))) {
            l->encodings++;
            l->encoding = value;
        }
        break;
    }
}

static enum MHD_Result on_line(void *lines, enum MHD_ValueKind kind, const char *name,
                               size_t name_size, const char *value, size_t value_size)
{
    struct lines *l = lines;

    (void)kind;
    if (!value)
        value = name + name_size;
    if (!gap_ok(l->at, name, 2) || !gap_ok(name + name_size, value, 1) ||
        !name_ok((struct slice){ name, name_size }) || memchr(value, '\r', value_size)) {
        l->malformed = true;
        return MHD_NO;
    }
    note_line(l, (struct slice){ name, name_size }, (struct slice){ value, value_size });
    l->at = value + value_size;
    return MHD_YES;
}

static bool take_lines(struct http_connection *c, const char *method, const char *version,
                       struct lines *l)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    l->at = version + strlen(version);
    MHD_get_connection_values_n(c->mhd, MHD_HEADER_KIND, on_line, l);
    return !l->malformed && size && gap_ok(l->at, method + size->header_size, 4);
}

/* Neither a blank nor a control byte. */
static bool all_visible(struct slice s)
{
    size_t i = 0;

    for (; s.len - i >= 8; i += 8)
        if (eight_below(eight_load(s.ptr + i), ' ' + 1) | eight_has(eight_load(s.ptr + i), 0x7f))
            return false;
    for (; i < s.len; i++)
        if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
            return false;
    return true;
}

/* http://host/path, as a client sends it to a proxy, is cut down to /path. */
static enum refusal check_target(struct http_connection *c, const char *version)
{
    struct slice *t = &c->target;

    if (t->len > c->server->limits.url)
        return REFUSE_URL;
    if (!t->ptr)
        return REFUSE_MEMORY;
    if (version != c->target_end + 1) /* a NUL has hidden the rest */
        return REFUSE_TARGET_BYTES;
    if (!all_visible(*t))
        return REFUSE_TARGET_BYTES;
    if (slice_starts_nocase(*t, S("http://")) || slice_starts_nocase(*t, S("https://"))) {
        struct slice rest = slice_from_at(*t, slice_find(*t, S("://")) + 3);
        size_t path = slice_index(rest, '/'), query = slice_index(rest, '?');

        *t = slice_from_at(rest, path < query ? path : query);
    } else if (t->len && t->ptr[0] != '/' && t->ptr[0] != '?' && !slice_eq(*t, S("*"))) {
        return REFUSE_TARGET_FORM;
    }
    return REFUSE_NOTHING;
}

enum refusal http_check(struct http_connection *c, const char *method, const char *version,
                        struct framing *framing)
{
    struct lines l = { 0 };
    bool lines_ok = take_lines(c, method, version, &l);
    enum refusal why = check_target(c, version);

    framing->expects = l.expects;
    framing->body = l.encodings > 0 || (l.lengths > 0 && !slice_eq(l.length, S("0")));
    c->request.content_type = l.content_type;
    if (why != REFUSE_NOTHING)
        return why;
    if (!lines_ok)
        return REFUSE_HEADER;
    if (l.lengths > 1)
        return REFUSE_TWO_LENGTHS;
    if (l.lengths && l.encodings)
        return REFUSE_LENGTH_AND_ENCODING;
    if (l.encodings > 1 || (l.encodings && !slice_eq_nocase(l.encoding, S("chunked"))))
        return REFUSE_ENCODING;
    if (l.lengths) {
        uint64_t length; /* the library has answered 400 to what is no number */

        if (!slice_to_u64(l.length, &length) || length > c->server->limits.body)
            return REFUSE_BODY;
    }
    return REFUSE_NOTHING;
}
