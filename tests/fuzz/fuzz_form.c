/* Any bytes as a body, the first byte choosing its Content-Type: a form is a query but for the line
 * ends behind it, and what no type says the first byte does. */
#include "tests/fuzz/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice types[] = {
    SLICE("application/x-www-form-urlencoded"),
    SLICE("application/x-www-form-urlencoded; charset=UTF-8"),
    SLICE("application/json"),
    SLICE("text/plain"),
    SLICE("multipart/form-data; boundary=x"),
    SLICE(""),
};

static struct slice type;

static int as_body(struct params *p, struct slice raw, struct err *err)
{
    return params_body(p, type, raw, err);
}

static struct slice without_line_ends(struct slice s)
{
    while (s.len && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r'))
        s.len--;
    return s;
}

static void check_form(struct slice raw)
{
    struct reading form, query;

    read_as(&form, params_form, raw, 8 << 20);
    read_as(&query, params_query, without_line_ends(raw), 8 << 20);
    MUST(form.rc == query.rc && (form.rc != 0 || same_list(&form.p, &query.p)));
    if (form.rc == 0)
        check_round_trip(&form.p);
    reading_end(&form);
    reading_end(&query);
}

/* A body is a form or JSON, nothing in between. */
static void check_body(struct slice raw, size_t room)
{
    struct reading body, form, json;

    read_as(&body, as_body, raw, 8 << 20);
    read_as(&form, params_form, raw, 8 << 20);
    read_as(&json, params_json, raw, 8 << 20);
    if (slice_trim(raw).len == 0)
        MUST(body.rc == 0 && body.p.count == 0);
    else if (slice_starts_nocase(slice_trim(type), S("multipart/")))
        MUST(body.rc == -1 && body.err.kind == ERR_INPUT);
    else if (body.rc == 0)
        MUST((form.rc == 0 && same_list(&body.p, &form.p)) ||
             (json.rc == 0 && same_list(&body.p, &json.p)));
    else
        MUST(body.rc == form.rc || body.rc == json.rc);
    check_little_room(&body, as_body, raw, room);
    reading_end(&body);
    reading_end(&form);
    reading_end(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice raw;

    if (size < 3)
        return 0;
    raw = (struct slice){ (const char *)data + 3, size - 3 };
    type = types[data[0] % (sizeof(types) / sizeof(*types))];
    if (data[0] & 0x80 && raw.len > 20) /* the type, too, is any bytes */
        type = slice_head(raw, 20);
    check_form(raw);
    check_body(raw, (size_t)data[1] << 8 | data[2]);
    return 0;
}
