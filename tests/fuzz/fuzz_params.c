/* Any bytes as a query, form, URL, JSON or body; the first byte chooses. */
#include <assert.h>
#include <cjson/cJSON.h>

#include "core/base/buf.h"
#include "core/params/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte as %XX, so that nothing in it can look like damage. */
static void put_encoded(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        buf_printf(b, "%%%02x", (unsigned)(unsigned char)s.ptr[i]);
}

/* What was read from a query, written out and read again, is the same.  (Not so from JSON: there a
 * name may end with a sign that a query turns back into an '&'.) */
static void round_trip(const struct params *p, struct arena *arena)
{
    struct params again = { .arena = arena, .max = p->max };
    struct buf text = { 0 };

    for (size_t i = 0; i < p->count; i++) {
        buf_puts(&text, i ? "&" : "");
        put_encoded(&text, p->list[i].name);
        buf_puts(&text, p->list[i].value.len ? "=" : "");
        put_encoded(&text, p->list[i].value);
    }
    assert(params_query(&again, buf_slice(&text), NULL) == 0);
    assert(again.count == p->count);
    for (size_t i = 0; i < p->count; i++) {
        assert(slice_eq(again.list[i].name, p->list[i].name));
        assert(slice_eq(again.list[i].value, p->list[i].value));
    }
    buf_free(&text);
}

static void check(const struct params *p)
{
    struct slice conflict = params_conflict(p), value;

    assert(p->count <= PARAMS_MAX);
    assert(conflict.len == 0 || params_get(p, conflict, &value));
    for (size_t i = 0; i < p->count; i++) {
        assert(p->list[i].name.len);
        params_unusable(p->list[i].value);
        params_unusable(p->list[i].name);
    }
    for (const struct note *n = p->notes->first; n; n = n->next)
        assert(n->code && n->text.len);
}

static void same_as_cjson(struct slice raw)
{
    cJSON *tree = cJSON_ParseWithLength(raw.ptr, raw.len);

    assert(tree && cJSON_IsObject(tree));
    cJSON_Delete(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slice types[] = { SLICE(""), SLICE("application/json"),
                                          SLICE("application/x-www-form-urlencoded") };
    struct slice raw = { (const char *)data + 1, size - 1 };
    struct arena arena;
    struct notes notes = { .arena = &arena };
    struct params p = { .arena = &arena, .notes = &notes };
    struct err err = { .kind = ERR_NONE };
    int rc;

    if (size == 0)
        return 0;
    arena_init(&arena, 8 << 20);
    switch (data[0] % 5) {
    case 0:
        rc = params_query(&p, raw, &err);
        break;
    case 1:
        rc = params_url(&p, raw, &err);
        break;
    case 2:
        rc = params_json(&p, raw, &err);
        if (rc == 0)
            same_as_cjson(raw);
        break;
    case 3:
        rc = params_body(&p, types[data[0] / 5 % 3], raw, &err);
        break;
    default:
        rc = params_form(&p, raw, &err);
        break;
    }
    assert((rc != 0) == (err.kind != ERR_NONE));
    if (rc == 0)
        check(&p);
    if (rc == 0 && data[0] % 5 != 2 && data[0] % 5 != 3)
        round_trip(&p, &arena);
    arena_free(&arena);
    return 0;
}
