/* The store's URL: what libpq gets of it, and what is not let through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "adapters/store/pg_url.h"

static void test_values(void **state)
{
    static const struct {
        const char *url, *key;
        bool writer;
        const char *value; /* NULL: not said */
    } rows[] = {
        { "postgresql://u@db.example/x", "sslmode", false, "verify-full" },
        { "postgresql://u@db.example/x?sslmode=require", "sslmode", false, "require" },
        { "postgresql://u@127.0.0.1/x", "sslmode", false, NULL },
        { "postgresql://u@localhost,127.0.0.9,[::1]/x", "sslmode", false, NULL },
        { "postgresql://u@localhost,10.0.0.1/x", "sslmode", false, "verify-full" },
        { "postgresql:///x?host=/run/postgresql", "sslmode", false, NULL },
        { "postgresql:///x?hostaddr=10.0.0.1", "sslmode", false, "verify-full" },
        { "postgresql:///x", "sslmode", false, NULL },
        { "postgresql://u@db.example/x", "sslrootcert", false, "/ca.pem" },
        { "postgresql://u@db.example/x?sslrootcert=system", "sslrootcert", false, "/ca.pem" },
        { "postgresql://u@db.example/x?sslrootcert=own.pem", "sslrootcert", false, "/etc/baton/own.pem" },
        { "postgresql://u@db.example/x?sslrootcert=/own.pem", "sslrootcert", false, "/own.pem" },
        { "postgresql://u@db.example/x", "target_session_attrs", false, "any" },
        { "postgresql://u@db.example/x", "target_session_attrs", true, "read-write" },
        { "postgresql://u@a,b/x", "target_session_attrs", false, "read-write" },
        { "postgresql://u@a,b/x?target_session_attrs=any", "target_session_attrs", false, "any" },
        { "postgresql://u@a,b/x?target_session_attrs=any", "target_session_attrs", true, "read-write" },
        { "postgresql://u@a,b/x?target_session_attrs=primary", "target_session_attrs", true, "primary" },
        { "postgresql://u@a/x?client_encoding=latin1", "client_encoding", true, "UTF8" },
        { "postgresql://u@a/x?gssencmode=require", "gssencmode", true, "disable" },
        { "postgresql://u@a/x", "connect_timeout", true, "5" },
        { "postgresql://u@a/x?connect_timeout=9", "connect_timeout", true, "9" },
        { "postgresql://u@a/x", "password", true, "p w'd" },
    };

    (void)state;
    setenv("SSL_CERT_FILE", "/ca.pem", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct postgres at = { .url = rows[i].url, .password = "p w'd", .folder = "/etc/baton" };
        struct pg_target t;
        struct err err = { 0 };
        const char *value;
        assert_int_equal(pg_target_read(&t, &at, rows[i].writer, &err), 0);
        value = pg_target_value(&t, rows[i].key);
        if (rows[i].value == NULL)
            assert_null(value);
        else if (!value || strcmp(value, rows[i].value) != 0)
            fail_msg("%s: %s is %s", rows[i].url, rows[i].key, value ? value : "(nothing)");
        assert_null(strstr(t.where, "p w'd"));
        assert_null(strstr(t.where, "u@"));
        pg_target_free(&t);
    }
}

/* What a handle has is renewed once for each change, whoever else has the secret. */
static void test_secret(void **state)
{
    struct postgres_secret *s = postgres_secret_new("the first");
    const struct postgres at = { .url = "postgresql://u@a/x", .password = "not this one", .secret = s };
    struct pg_target t, other;
    struct err err = { 0 };

    (void)state;
    assert_non_null(s);
    assert_int_equal(pg_target_read(&t, &at, true, &err), 0);
    assert_int_equal(pg_target_read(&other, &at, true, &err), 0);
    assert_string_equal(pg_target_value(&t, "password"), "the first");
    assert_false(pg_target_renew(&t));
    assert_true(postgres_secret_is(s, "the first"));
    assert_false(postgres_secret_is(s, "the firs"));
    assert_false(postgres_secret_is(s, NULL));
    assert_int_equal(postgres_secret_set(s, "the second, which is longer"), 0);
    assert_string_equal(pg_target_value(&t, "password"), "the first");
    assert_true(pg_target_renew(&t));
    assert_false(pg_target_renew(&t));
    assert_string_equal(pg_target_value(&t, "password"), "the second, which is longer");
    assert_int_equal(postgres_secret_set(s, NULL), 0);
    assert_true(postgres_secret_is(s, NULL));
    assert_true(pg_target_renew(&t) && pg_target_renew(&other)); /* two changes are one for who did not look */
    assert_string_equal(pg_target_value(&t, "password"), "");
    assert_string_equal(pg_target_value(&other, "password"), "");
    pg_target_free(&t);
    pg_target_free(&other);
    postgres_secret_free(s);
    postgres_secret_free(NULL);
}

/* Which hosts are asked in which order after one of them was lost. */
static void test_lost(void **state)
{
    static const struct row {
        const char *url, *host, *port, *key, *order;
        bool moved;
    } rows[] = {
        { "postgresql://u@a:1,b:2,c:3/x", "a", "1", "host", "b,c,a", true },
        { "postgresql://u@a:1,b:2,c:3/x", "a", "1", "port", "2,3,1", true },
        { "postgresql://u@a:1,b:22,c:333/x", "b", "22", "host", "a,c,b", true },
        { "postgresql://u@a:1,b:22,c:333/x", "b", "22", "port", "1,333,22", true },
        { "postgresql://u@a:1,b:2,c:3/x", "c", "3", "host", "a,b,c", false },
        { "postgresql://u@a:1,a:2,a:3/x", "a", "2", "port", "1,3,2", true },
        { "postgresql://u@a:1,a:2/x", "a", "9", "port", "1,2", false },
        { "postgresql://u@a,b/x", "a", "5432", "host", "b,a", true },
        { "postgresql://u@a,b:2/x", "a", "5432", "port", "2,", true },
        { "postgresql://u@/x?host=first,2nd&port=7", "first", "7", "host", "2nd,first", true },
        { "postgresql://u@/x?host=first,2nd&port=7", "first", "7", "port", "7", true },
        { "postgresql://u@/x?hostaddr=127.0.0.1,127.0.0.22", "127.0.0.1", "5432", "hostaddr", "127.0.0.22,127.0.0.1", true },
        { "postgresql://u@a,b/x?hostaddr=127.0.0.1,127.0.0.22", "a", "5432", "hostaddr", "127.0.0.22,127.0.0.1", true },
        { "postgresql://u@a/x", "a", "5432", "host", "a", false },
        { "postgresql://u@a,b/x", "elsewhere", "5432", "host", "a,b", false },
        { "postgresql://u@a,b/x", NULL, NULL, "host", "a,b", false },
        { "postgresql://u@/x", "", "5432", "host", NULL, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct row *r = &rows[i];
        const struct postgres at = { .url = r->url };
        struct pg_target t;
        struct err err = { 0 };
        const char *order;
        assert_int_equal(pg_target_read(&t, &at, true, &err), 0);
        if (pg_target_last(&t, r->host, r->port) != r->moved)
            fail_msg("%s: %s", r->url, r->moved ? "not moved" : "moved");
        order = pg_target_value(&t, r->key);
        if (!order != !r->order || (order && strcmp(order, r->order) != 0))
            fail_msg("%s: %s is %s, not %s", r->url, r->key, order, r->order);
        assert_int_equal(pg_target_last(&t, r->host, r->port) && r->moved, false); /* it is the last now */
        pg_target_free(&t);
    }
}

static void test_names(void **state)
{
    static const char *const rows[][2] = {
        { "postgresql://u@db.example:5433/x?sslmode=disable", "postgresql://db.example:5433/x" },
        { "postgresql://u@a,b:2/x", "postgresql://a,b:,2/x" },
        { "postgresql:///x?host=/run/p&user=u", "postgresql:///run/p/x" },
        { "nonsense", "PostgreSQL" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct postgres at = { .url = rows[i][0] };
        char name[300];
        postgres_name(&at, name, sizeof(name));
        assert_string_equal(name, rows[i][1]);
    }
}

/* Whatever is wrong, the sentence does not repeat the URL. */
static void test_faults(void **state)
{
    static const struct {
        const char *url;
        enum postgres_fault fault;
    } rows[] = {
        { "", POSTGRES_FORM },
        { "x", POSTGRES_FORM },
        { "postgresql://", POSTGRES_FORM },
        { "postgresql://hushed.example", POSTGRES_FORM },
        { "postgresql://hushed.example/x%zz", POSTGRES_FORM },
        { "postgresql://hushed:0/x", POSTGRES_FORM },
        { "postgresql://hushed:65536/x", POSTGRES_FORM },
        { "postgresql://u:hushed@a/x", POSTGRES_SECRET },
        { "postgresql://u:hushed/with@a/x", POSTGRES_SECRET },
        { "postgresql://u:@a/x", POSTGRES_SECRET },
        { "user=u password=hushed", POSTGRES_SECRET },
        { "postgresql://a/x?options=hushed", POSTGRES_PARAMETER },
        { "postgresql://a/x?nothing=hushed", POSTGRES_PARAMETER },
        { "postgresql://127.0.0.1/x?sslcert=/nowhere/c", POSTGRES_FILE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct postgres at = { .url = rows[i].url };
        struct postgres_url out;
        struct arena arena;
        struct err err = { 0 };
        arena_init(&arena, 65536);
        assert_int_equal(postgres_url_read(&at, &arena, &out, &err), -1);
        if (out.fault != rows[i].fault)
            fail_msg("%s: %d, %s", rows[i].url, (int)out.fault, err.text);
        assert_null(strstr(err.text, "hushed"));
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_secret), cmocka_unit_test(test_lost), cmocka_unit_test(test_names),
        cmocka_unit_test(test_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
