/* Time zones against the C library's, in every zone of this machine's tzdata that is named here, over 140 years. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "core/base/when.h"
#include "core/base/zone.h"

static const char *const names[] = {
    "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Sao_Paulo",
    "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca",
    "Pacific/Chatham", "Pacific/Apia", "America/Santiago", "Asia/Gaza", "Etc/GMT-14", "UTC", "Antarctica/Troll",
    "America/Nuuk", "Africa/Cairo", "Asia/Tehran",
};
#define NAMES (sizeof(names) / sizeof(*names))

static struct slice read_zone(const char *name, char *to, size_t room)
{
    char path[200];
    FILE *f;
    size_t n;

    snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is not there: install tzdata", path);
    n = fread(to, 1, room, f);
    fclose(f);
    return (struct slice){ to, n };
}

/* What clocks show, counted as if it were UTC, by the C library. */
static int64_t shown(int64_t at)
{
    time_t t = (time_t)at;
    struct tm tm;
    int64_t days;

    localtime_r(&t, &tm);
    assert_true(when_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, &days));
    return days * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
}

static uint64_t dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *state >> 33;
}

static void check_moment(const char *name, const struct zone *z, int64_t at)
{
    int64_t local = shown(at), back;
    bool twice;

    if (zone_offset(z, at) != local - at)
        fail_msg("%s at %lld: %d, the C library says %lld", name, (long long)at,
                 zone_offset(z, at), (long long)(local - at));
    back = zone_moment(z, local, &twice);
    if (back != at && !(twice && back < at && shown(back) == local))
        fail_msg("%s at %lld: %lld shows as %lld (%d)", name, (long long)at, (long long)back,
                 (long long)shown(back), twice);
}

static void test_against_libc(void **state)
{
    static char bytes[65536];
    uint64_t seed = 20261126;

    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        struct arena arena;
        const struct zone *z;
        arena_init(&arena, 1 << 20);
        z = zone_load(&arena, read_zone(names[i], bytes, sizeof(bytes)));
        assert_non_null(z);
        setenv("TZ", names[i], 1);
        tzset();
        for (int n = 0; n < 4000; n++)
            check_moment(names[i], z, 86400 + (int64_t)((dice(&seed) << 8 | dice(&seed) % 256) % UINT64_C(4400000000)));
        for (int64_t at = 1735689600; at < 1735689600 + 366 * 86400; at += 1800) /* 2025 */
            check_moment(names[i], z, at);
        arena_free(&arena);
    }
    unsetenv("TZ");
    tzset();
}

static void test_gap_and_overlap(void **state)
{
    static char bytes[65536];
    struct arena arena;
    const struct zone *z;
    bool twice;

    (void)state;
    arena_init(&arena, 1 << 20);
    z = zone_load(&arena, read_zone("Europe/Berlin", bytes, sizeof(bytes)));
    /* 2025-10-26 02:30: first as summer time, 00:30 UTC. */
    assert_int_equal(zone_moment(z, 1761445800, &twice), 1761438600);
    assert_true(twice);
    assert_int_equal(zone_moment(z, 1761445800 + 3600, &twice), 1761445800); /* 03:30 */
    assert_false(twice);
    /* 2025-03-30 02:30 is never shown: 01:30 UTC, when clocks show 03:30. */
    assert_int_equal(zone_moment(z, 1743301800, &twice), 1743298200);
    assert_false(twice);
    z = zone_fixed(&arena, -12600);
    assert_int_equal(zone_offset(z, 0), -12600);
    assert_int_equal(zone_moment(z, 0, NULL), 12600);
    arena_free(&arena);
}

static void test_names(void **state)
{
    (void)state;
    assert_true(zone_is_name(S("Europe/Berlin")) && zone_is_name(S("Etc/GMT-3")) &&
                zone_is_name(S("America/Argentina/Buenos_Aires")));
    assert_false(zone_is_name(S("")) || zone_is_name(S("../x")) || zone_is_name(S("/etc/x")) ||
                 zone_is_name(S("Europe/..")) || zone_is_name(S("Europe/")) || zone_is_name(S("a b")));
}

/* Whatever a file holds, it is a zone or none. */
static void test_damage(void **state)
{
    static char bytes[65536];
    uint64_t seed = 7;
    struct slice whole = read_zone("America/New_York", bytes, sizeof(bytes));
    unsigned zones = 0;

    (void)state;
    for (int n = 0; n < 3000; n++) {
        struct arena arena;
        char *copy = malloc(whole.len);
        struct slice s = { copy, n % 3 ? whole.len : (size_t)(dice(&seed) % whole.len) };
        const struct zone *z;
        memcpy(copy, whole.ptr, whole.len);
        for (unsigned k = 0; k < dice(&seed) % 8 && s.len; k++)
            copy[dice(&seed) % s.len] = (char)dice(&seed);
        arena_init(&arena, 1 << 20);
        z = zone_load(&arena, s);
        zones += z != NULL;
        for (int k = 0; z && k < 20; k++) {
            int64_t at = (int64_t)(dice(&seed) % UINT64_C(8000000000));
            int offset = zone_offset(z, at);
            assert_true(offset >= -7 * 86400 && offset <= 7 * 86400);
            zone_moment(z, at, NULL);
        }
        arena_free(&arena);
        free(copy);
    }
    assert_true(zones > 500 && zones < 2500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_libc),
        cmocka_unit_test(test_gap_and_overlap),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
