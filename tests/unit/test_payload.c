/* The JSON of an event: valid whatever the bytes, and nothing empty in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "core/payload/payload.h"
#include "core/translate/translate.h"
#include "tests/support/mapping_bench.h"

static const char offer_text[] =
    "version: 1\noffer: o\nextends: generic\npixel: C9X\nevents: {sale: Purchase}\n"
    "properties:\n"
    "  content_ids: [\"{param.a}\", \"{param.b}\"]\n"
    "  contents: [{content_id: \"{param.a}\", price: value, quantity: \"{param.n}\"},\n"
    "    {content_name: \"{param.b}\"}, {price: \"{param.c}\"}]\n"
    "  content_type: \"{param.type}\"\n"
    "  num_items: \"{param.n}\"\n"
    "  description: \"{param.a}\"\n"
    "user: {city: \"{param.a}\"}\n";

static void nothing_empty(const cJSON *node)
{
    assert_false(cJSON_IsNull(node));
    assert_false(cJSON_IsString(node) && !node->valuestring[0]);
    assert_false((cJSON_IsObject(node) || cJSON_IsArray(node)) && !node->child);
    for (const cJSON *c = node->child; c; c = c->next)
        nothing_empty(c);
}

struct bench {
    struct mapping_bench mapping;
    struct offer *offer;
    struct arena arena;
    struct notes notes;
    struct buf out;
};

static void bench_open(struct bench *b)
{
    *b = (struct bench){ .notes = { .arena = &b->arena } };
    mapping_bench_open(&b->mapping, NULL, 0);
    b->offer = mapping_bench_load(&b->mapping, "o.yaml", slice_from(offer_text));
    if (!b->offer)
        fail_msg("%s", mapping_bench_problems(&b->mapping));
    arena_init(&b->arena, 1 << 20);
}

static void bench_close(struct bench *b)
{
    mapping_bench_close(&b->mapping);
    arena_free(&b->arena);
    buf_free(&b->out);
}

static void bench_write(struct bench *b, struct payload_event *e, struct param *list, size_t count)
{
    struct conversion conv = { 0 };
    struct params params = { .list = list, .count = count };
    struct template_values values = { &conv, &params, SLICE("o") };

    e->properties = b->offer->properties;
    e->property_count = b->offer->property_count;
    e->values = &values;
    buf_clear(&b->out);
    payload_event(&b->out, e, &b->arena, &b->notes);
    assert_true(buf_ok(&b->out));
}

static void exact(void **state)
{
    static const struct {
        struct param list[4];
        bool full;
        const char *expected;
    } rows[] = {
        { { { { 0 }, { 0 } } },
          false,
          "{\"event\":\"Purchase\",\"event_time\":1,\"event_id\":\"i\"}" },
        { { { { 0 }, { 0 } } },
          true,
          "{\"event\":\"Purchase\",\"event_time\":1,\"event_id\":\"i\",\"user\":{\"ttclid\":\"E\"},"
          "\"properties\":{\"currency\":\"USD\",\"value\":12.5,\"contents\":[{\"price\":12.5}]},"
          "\"page\":{\"url\":\"u\",\"referrer\":\"r\"},\"limited_data_use\":true}" },
        { { { SLICE("a"), SLICE("x\"y") },
            { SLICE("n"), SLICE(" 2 ") },
            { SLICE("type"), SLICE("product") },
            { SLICE("c"), SLICE("3.50") } },
          false,
          "{\"event\":\"Purchase\",\"event_time\":1,\"event_id\":\"i\",\"properties\":{"
          "\"content_ids\":[\"x\\\"y\"],\"contents\":[{\"content_id\":\"x\\\"y\",\"quantity\":2},"
          "{\"price\":3.5}],\"content_type\":\"product\",\"num_items\":2,\"description\":"
          "\"x\\\"y\"}}" },
        { { { SLICE("n"), SLICE("-2") },
            { SLICE("type"), SLICE("Product") },
            { SLICE("c"), SLICE("-1") },
            { SLICE("b"), SLICE("{b}") } },
          false,
          "{\"event\":\"Purchase\",\"event_time\":1,\"event_id\":\"i\"}" },
    };
    struct bench b;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct payload_event e = { .event = SLICE("Purchase"),
                                   .event_id = SLICE("i"),
                                   .event_time = 1 };
        struct param list[4];
        bench_open(&b);
        for (size_t k = 0; k < 4; k++)
            list[k] = rows[i].list[k];
        if (rows[i].full) {
            e.user[e.user_count++] = (struct payload_user){ .name = "ttclid", .value = S("E") };
            e.has_value = e.limited_data_use = true;
            e.value.micros = 12500000;
            e.currency = S("USD");
            e.page_url = S("u");
            e.referrer = S("r");
        }
        bench_write(&b, &e, list, 4);
        if (!slice_eq(buf_slice(&b.out), slice_from(rows[i].expected)))
            fail_msg("row %zu: %.*s", i, SLICE_ARG(buf_slice(&b.out)));
        bench_close(&b);
    }
}

/* Every byte in every text, alone and between others. */
static void hostile_bytes(void **state)
{
    struct bench b;

    (void)state;
    bench_open(&b);
    for (int c = 1; c < 256; c++) {
        char bytes[] = { 'a', (char)c, (char)c, '"', '\\', (char)(c ^ 0x80) };
        struct slice s = { bytes, sizeof(bytes) };
        struct param list[] = { { SLICE("a"), s },
                                { SLICE("b"), s },
                                { SLICE("c"), s },
                                { SLICE("n"), s },
                                { SLICE("type"), s } };
        struct payload_event e = { .event = s, .event_id = s, .page_url = s, .referrer = s,
                                   .currency = s, .has_value = true, .user_count = 1,
                                   .user = { { .name = "ttclid", .value = s } } };
        cJSON *json;
        arena_reset(&b.arena);
        b.notes = (struct notes){ .arena = &b.arena };
        buf_clear(&b.out);
        payload_open(&b.out, s, s, s);
        payload_event(&b.out, &(struct payload_event){ .event = s, .event_id = s }, &b.arena,
                      &b.notes);
        payload_close(&b.out);
        json = cJSON_ParseWithLength(b.out.ptr, b.out.len);
        assert_non_null(json);
        nothing_empty(json);
        cJSON_Delete(json);
        bench_write(&b, &e, list, 5);
        json = cJSON_ParseWithLength(b.out.ptr, b.out.len);
        if (!json)
            fail_msg("byte %d: %.*s", c, SLICE_ARG(buf_slice(&b.out)));
        nothing_empty(json);
        assert_true(utf8_valid(buf_slice(&b.out)));
        cJSON_Delete(json);
    }
    bench_close(&b);
}

/* A buffer that is too small fails as a whole, wherever it ends. */
static void no_room(void **state)
{
    struct param list[] = { { SLICE("a"), SLICE("text") }, { SLICE("c"), SLICE("2") } };
    struct bench b;

    (void)state;
    bench_open(&b);
    for (size_t limit = 1; limit < 300; limit++) {
        struct payload_event e = { .event = SLICE("Purchase"), .event_id = SLICE("i") };
        struct conversion conv = { 0 };
        struct params params = { .list = list, .count = 2 };
        struct template_values values = { &conv, &params, SLICE("o") };
        struct buf out = { .limit = limit };
        e.properties = b.offer->properties;
        e.property_count = b.offer->property_count;
        e.values = &values;
        payload_event(&out, &e, &b.arena, &b.notes);
        if (buf_ok(&out)) {
            cJSON *json = cJSON_ParseWithLength(out.ptr, out.len);
            assert_non_null(json);
            cJSON_Delete(json);
        }
        buf_free(&out);
    }
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact),
        cmocka_unit_test(hostile_bytes),
        cmocka_unit_test(no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
