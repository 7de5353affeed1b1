/* Metrics as text, and what Prometheus asks of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/metrics/expose.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static bool ends(const char *s, const char *tail)
{
    return slice_ends(slice_from(s), slice_from(tail));
}

/* https://prometheus.io/docs/practices/naming/ */
static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRICS; i++) {
        const struct metric_row *m = &metrics_table[i];
        bool total = ends(m->name, "_total"), process = slice_starts(slice_from(m->name), S("process_"));
        char unit[32] = "_";

        if (!process && !slice_starts(slice_from(m->name), S("clickbaton_")))
            fail_msg("%s: begin it with clickbaton_", m->name);
        if (total != (m->kind == METRIC_COUNTER))
            fail_msg("%s: _total is for counters, and for all of them", m->name);
        if ((m->kind == METRIC_HISTOGRAM) != (m->shape != NULL))
            fail_msg("%s: bounds are for histograms", m->name);
        strncat(unit, m->unit, sizeof(unit) - 2);
        strncat(unit, total && m->unit[0] ? "_total" : "", sizeof(unit) - strlen(unit) - 1);
        if (m->unit[0] && !ends(m->name, unit))
            fail_msg("%s does not end with its unit %s", m->name, unit);
        if (!m->help[0] || strchr(m->help, '\n') || !ends(m->help, "."))
            fail_msg("%s: one sentence of help", m->name);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(m->name, metrics_table[j].name);
    }
}

static void test_slots(void **state)
{
    static const struct histogram_shape shape = { 3, 3, { 10, 20, 500 } };
    static const struct {
        int64_t value;
        size_t slot;
    } cases[] = { { INT64_MIN, 0 }, { 0, 0 }, { 10, 0 }, { 11, 1 }, { 20, 1 }, { 21, 2 }, { 500, 2 },
                  { 501, 3 }, { INT64_MAX, 3 } };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++)
        assert_int_equal(histogram_slot(&shape, cases[i].value), cases[i].slot);
    for (size_t i = 0; i < METRICS; i++) {
        const struct histogram_shape *s = metrics_table[i].shape;
        for (size_t b = 1; s && b < s->count; b++)
            assert_true(s->bounds[b - 1] < s->bounds[b]);
        assert_true(!s || (s->count > 5 && s->count <= HISTOGRAM_BOUNDS_MAX));
    }
}

static void assert_text(struct expose *e, const char *want)
{
    buf_byte(e->out, '\0');
    assert_true(buf_ok(e->out));
    assert_string_equal(e->out->ptr, want);
    buf_free(e->out);
}

static void test_labels(void **state)
{
    static const struct {
        struct slice value;
        const char *text;
    } cases[] = {
        { SLICE(""), "" },
        { SLICE("nutra-de"), "nutra-de" },
        { SLICE("a\"b\\c\nd"), "a\\\"b\\\\c\\nd" },
        { SLICE("\"} 1\nevil{x=\"y"), "\\\"} 1\\nevil{x=\\\"y" },
        { SLICE("a\0b\x1b[31m\x7f\r"), "a\xef\xbf\xbd" "b\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd" },
        { SLICE("\xc3\xbc \xf0\x9f\x99\x82"), "\xc3\xbc \xf0\x9f\x99\x82" },
        { SLICE("\xc3"), "\xef\xbf\xbd" },                 /* cut in two */
        { SLICE("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd" }, /* overlong */
        { SLICE("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* a surrogate */
        { SLICE("\\"), "\\\\" },
    };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct buf out = { 0 };
        struct expose e = { .out = &out, .row = &metrics_table[METRIC_POSTBACKS] };
        const struct expose_label labels[] = { { "offer", cases[i].value }, { "verdict", S("queued") } };
        char want[200] = "clickbaton_postbacks_total{offer=\"";
        strcat(strcat(want, cases[i].text), "\",verdict=\"queued\"} 18446744073709551615\n");
        expose_whole(&e, labels, 2, UINT64_MAX);
        assert_text(&e, want);
    }
}

static void test_numbers(void **state)
{
    static const struct {
        int64_t n;
        unsigned decimals;
        const char *text;
    } cases[] = { { 0, 0, "0" }, { 0, 3, "0" }, { 5, 3, "0.005" }, { 1500, 3, "1.5" }, { 1000, 3, "1" },
                  { -1500, 3, "-1.5" }, { 1234567, 6, "1.234567" }, { 100, 0, "100" },
                  { INT64_MAX, 0, "9223372036854775807" }, { INT64_MIN, 6, "-9223372036854.775808" } };

    (void)state;
    for (size_t i = 0; i < LEN(cases); i++) {
        struct buf out = { 0 };
        struct expose e = { .out = &out, .row = &metrics_table[METRIC_OUTBOX_OLDEST] };
        char want[100] = "clickbaton_outbox_oldest_age_seconds ";
        strcat(strcat(want, cases[i].text), "\n");
        expose_scaled(&e, cases[i].n, cases[i].decimals);
        assert_text(&e, want);
    }
}

static void put_all(struct expose *e)
{
    const struct expose_label version = { "version", S("1.2") };

    expose_begin(e, METRIC_COMMIT_FAILURES);
    expose_whole(e, NULL, 0, 7);
    expose_begin(e, METRIC_BUILD);
    expose_whole(e, &version, 1, 1);
    expose_begin(e, METRIC_PROCESS_CPU);
    expose_scaled(e, 12345, 6);
    expose_begin(e, METRIC_DISK_FREE);
    expose_whole(e, NULL, 0, 1000);
    expose_end(e);
}

#define FAILURES "Transactions that failed; their requests were answered 503.\n"

static void test_formats(void **state)
{
    struct buf out = { 0 };
    struct expose e = { .out = &out };

    (void)state;
    put_all(&e);
    assert_text(&e,
                "# HELP clickbaton_commit_failures_total " FAILURES
                "# TYPE clickbaton_commit_failures_total counter\n"
                "clickbaton_commit_failures_total 7\n"
                "# HELP clickbaton_build_info Always 1.\n"
                "# TYPE clickbaton_build_info gauge\n"
                "clickbaton_build_info{version=\"1.2\"} 1\n"
                "# HELP process_cpu_seconds_total Processor time used, user and system.\n"
                "# TYPE process_cpu_seconds_total counter\n"
                "process_cpu_seconds_total 0.012345\n"
                "# HELP clickbaton_disk_free_bytes Free on the disk that the store is on, for its user.\n"
                "# TYPE clickbaton_disk_free_bytes gauge\n"
                "clickbaton_disk_free_bytes 1000\n");
    e.openmetrics = true;
    put_all(&e);
    assert_text(&e,
                "# HELP clickbaton_commit_failures " FAILURES
                "# TYPE clickbaton_commit_failures counter\n"
                "clickbaton_commit_failures_total 7\n"
                "# HELP clickbaton_build Always 1.\n"
                "# TYPE clickbaton_build info\n"
                "clickbaton_build_info{version=\"1.2\"} 1\n"
                "# HELP process_cpu_seconds Processor time used, user and system.\n"
                "# TYPE process_cpu_seconds counter\n"
                "# UNIT process_cpu_seconds seconds\n"
                "process_cpu_seconds_total 0.012345\n"
                "# HELP clickbaton_disk_free_bytes Free on the disk that the store is on, for its user.\n"
                "# TYPE clickbaton_disk_free_bytes gauge\n"
                "# UNIT clickbaton_disk_free_bytes bytes\n"
                "clickbaton_disk_free_bytes 1000\n"
                "# EOF\n");
}

/* Quotes in a sentence of help are escaped in one format only. */
static void test_help(void **state)
{
    struct buf out = { 0 };
    struct expose e = { .out = &out };

    (void)state;
    expose_begin(&e, METRIC_DELIVERY_EVENTS);
    assert_true(slice_find(buf_slice(&out), S(" else \"http 503\", ")) < out.len);
    buf_clear(&out);
    e.openmetrics = true;
    expose_begin(&e, METRIC_DELIVERY_EVENTS);
    assert_true(slice_find(buf_slice(&out), S(" else \\\"http 503\\\", ")) < out.len);
    buf_free(&out);
}

static void test_histogram(void **state)
{
    struct buf out = { 0 };
    struct expose e = { .out = &out };
    uint64_t slots[HISTOGRAM_SLOTS_MAX] = { [0] = 2, [3] = 1, [10] = 4 };

    (void)state;
    expose_begin(&e, METRIC_DELIVERY_REQUEST);
    buf_clear(&out);
    expose_histogram(&e, slots, 123456);
#define BUCKET "clickbaton_delivery_request_duration_seconds_bucket{le=\""
    assert_text(&e, BUCKET "0.025\"} 2\n" BUCKET "0.05\"} 2\n" BUCKET "0.1\"} 2\n" BUCKET "0.25\"} 3\n"
                    BUCKET "0.5\"} 3\n" BUCKET "1.0\"} 3\n" BUCKET "2.5\"} 3\n" BUCKET "5.0\"} 3\n"
                    BUCKET "10.0\"} 3\n" BUCKET "30.0\"} 3\n" BUCKET "+Inf\"} 7\n"
                    "clickbaton_delivery_request_duration_seconds_sum 123.456\n"
                    "clickbaton_delivery_request_duration_seconds_count 7\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_slots),
        cmocka_unit_test(test_labels),  cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_formats), cmocka_unit_test(test_help),
        cmocka_unit_test(test_histogram),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
