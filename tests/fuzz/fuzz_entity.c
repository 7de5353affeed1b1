/* A query on an HTML page: any bytes behind "&", with what a browser makes of "&curren" and the like,
 * must come back as they were sent; and any bytes as something damaged. */
#include "core/params/damage.h"
#include "tests/fuzz/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct slice part, struct slice whole)
{
    return part.len == 0 ||
           (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

/* What is found lies where it says; looking again behind it comes to an end. */
static void check_find(struct slice raw)
{
    struct damage d;

    while (damage_find(raw, &d)) {
        MUST(d.at < raw.len && d.len && d.len <= raw.len - d.at);
        MUST(inside(d.rest, slice_from_at(raw, d.at + d.len)));
        MUST(slice_eq(S("W002"), slice_from(d.code)) == (d.entity.len > 0));
        MUST(slice_eq(S("W003"), slice_from(d.code)) == (d.entity.len == 0));
        if (d.entity.len) { /* a page makes that sign of that name */
            struct slice sign = { 0 };
            MUST(damage_entity(d.entity, &sign) == d.entity.len && slice_eq(sign, d.sign));
            MUST(utf8_valid(d.sign));
        }
        raw = slice_from_at(raw, d.at + d.len);
    }
    MUST(damage_amp(raw) <= raw.len);
}

/* A parameter's name as pages have them: letters and '_'. */
static struct slice name_from(const uint8_t *data, size_t size, char *out)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t n = 0;

    for (; n < size && n < 40 && data[n] != '='; n++)
        out[n] = ascii_is_alnum((char)data[n]) || data[n] == '_' ? (char)data[n]
                                                                 : letters[data[n] % 63];
    return (struct slice){ out, n };
}

/* "&NAME=value" of a page whose browser has read "&NAM" as a character.  The signs that are not
 * repaired (they have a second reading) are left out, as are two names that one sign may mean. */
static void check_repair(const uint8_t *data, size_t size)
{
    struct slice sign = { 0 }, name, value;
    struct buf page = { 0 };
    struct reading r;
    char text[48];
    size_t eaten;
    struct damage d;

    name = name_from(data, size, text);
    eaten = damage_entity(name, &sign);
    if (eaten == 0)
        return;
    buf_printf(&page, "subid=abc%.*s%.*s=5", SLICE_ARG(sign), SLICE_ARG(slice_from_at(name, eaten)));
    read_as(&r, params_query, buf_slice(&page), 1 << 20);
    MUST(r.rc == 0 && params_get(&r.p, S("subid"), &value));
    if (damage_find(buf_slice(&page), &d) && d.entity.len == eaten &&
        slice_starts(name, d.entity)) {
        MUST(slice_eq(value, S("abc")));
        MUST(params_get(&r.p, name, &value) && slice_eq(value, S("5")));
        MUST(r.notes.first && slice_eq(slice_from(r.notes.first->code), S("W002")));
        MUST(r.p.count == 2);
    }
    reading_end(&r);
    buf_free(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice raw = { (const char *)data, size }, sign = { 0 };
    struct reading r;

    check_find(raw);
    MUST(damage_entity(raw, &sign) <= raw.len);
    check_repair(data, size);
    read_as(&r, params_query, raw, 8 << 20);
    if (r.rc == 0)
        check_round_trip(&r.p);
    reading_end(&r);
    return 0;
}
