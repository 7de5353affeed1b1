/* Web, crm and offline events: what a mapping may say of each, and what is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/translate/translate.h"
#include "tests/support/mapping_bench.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW      INT64_C(1790000000)
#define SET      "\"7654321098765432109\""
#define HEAD     "version: 1\noffer: o\nextends: generic\n"
#define CRM      HEAD "pixel: " SET "\nevent_source: crm\nlead: {lead_id: \"{param.lead_id}\"}\n"
#define OFFLINE  HEAD "pixel: " SET "\nevent_source: offline\n"
#define EVENTS   "events: {sale: Purchase}\n"
#define EMAIL    "user: {email: \"{param.email}\"}\n"
#define OUT      "; left out | take it out of this file\n"

static const struct {
    const char *text, *expected;
} files[] = {
    { HEAD "pixel: C9X\nevent_source: web\n" EVENTS, "" },
    { HEAD "pixel: C9X\nevent_source: app\n" EVENTS,
      "o.yaml:5:15 error M045 app events are for companies that TikTok has put onto a list, and "
      "clickbaton does not send them | one of: web, crm, offline\n" },
    { HEAD "pixel: C9X\nevent_source: ofline\n" EVENTS,
      "o.yaml:5:15 error M024 `event_source` can't be \"ofline\" | did you mean \"offline\"?\n" },
    { HEAD "pixel: C9X\nevent_source: [crm]\n" EVENTS,
      "o.yaml:5:15 error M002 `event_source` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
    { HEAD "pixel: C9X\nevent_source: Web\n" EVENTS,
      "o.yaml:5:15 error M024 `event_source` can't be \"Web\" | did you mean \"web\"?\n" },
    /* crm */
    { CRM EVENTS EMAIL, "" },
    { CRM "events: {sale: QualifiedLead}\n" EMAIL, "" },
    { HEAD "pixel: C9X\nevent_source: crm\nlead: {lead_id: \"{param.lead_id}\"}\n" EVENTS EMAIL,
      "o.yaml:4:8 warning M046 \"C9X\" has letters, as pixel codes have; an event set's id is all "
      "digits | see event_source: web has pixels; crm and offline have event sets\n" },
    { HEAD "pixel: " SET "\nevent_source: crm\n" EVENTS EMAIL,
      "o.yaml:5:15 error M048 TikTok wants lead_id with every crm event, and nothing says where it "
      "comes from | add lead: {lead_id: \"{param.lead_id}\"}\n" },
    { CRM EVENTS,
      "o.yaml:5:15 error M048 crm events have no ttclid, and `user:` names no match key for them, so "
      "TikTok could match them with nobody | add one: user: {email: \"{param.email}\"}; also phone, "
      "external_id\n" },
    { CRM EVENTS "user: {city: \"{param.city}\", external_id: \"{param.e}\", zip_code: \"{param.z}\"}\n",
      "o.yaml:8:8 warning M047 TikTok takes user.city with web events only" OUT
      "o.yaml:8:56 warning M047 TikTok takes user.zip_code with web events only" OUT },
    { CRM "page_url: https://l.example/\nproperties: {customer_type: new, order_id: x}\n" EVENTS EMAIL,
      "o.yaml:7:1 warning M047 TikTok takes page_url with web events only" OUT
      "o.yaml:8:14 warning M047 TikTok takes properties.customer_type with web events only" OUT },
    { CRM EVENTS EMAIL "consent: {from: \"{consent}\", granted: [\"1\"], otherwise: anonymize}\n",
      "o.yaml:9:1 error M054 `anonymize` would leave crm events without any match key | otherwise: "
      "drop, or keep: [email]\n" },
    { CRM EVENTS EMAIL "consent: {from: \"{consent}\", granted: [\"1\"], otherwise: anonymize, keep: "
                       "[ttclid, ip]}\n",
      "o.yaml:9:1 error M054 `anonymize` would leave crm events without any match key | otherwise: "
      "drop, or keep: [email]\n" },
    { CRM EVENTS EMAIL "consent: {from: \"{consent}\", granted: [\"1\"], otherwise: anonymize, keep: "
                       "[email]}\n",
      "" },
    { CRM EVENTS EMAIL "consent: {from: \"{consent}\", granted: [\"1\"], otherwise: drop, missing: "
                       "limited}\n",
      "o.yaml:9:1 error M054 `limited` works with web events only: crm events have no "
      "limited_data_use | otherwise: drop\n" },
    { CRM EVENTS EMAIL "consent: {from: \"{consent}\", granted: [\"1\"], otherwise: limited}\n",
      "o.yaml:9:1 error M054 `limited` works with web events only: crm events have no "
      "limited_data_use | otherwise: drop\n" },
    { CRM EVENTS EMAIL "consent: {from: \"{consent}\", granted: [\"1\"], otherwise: drop}\n", "" },
    { HEAD "pixel: " SET "\nevent_source: crm\nlead: {lead_event_source: HubSpot}\n" EVENTS EMAIL,
      "o.yaml:6:7 error M003 `lead_id:` is missing | name the parameter with TikTok's lead id: "
      "lead_id: \"{param.lead_id}\"\n" },
    { HEAD "pixel: " SET "\nevent_source: crm\nlead: {lead_id: 17, source: HubSpot}\n" EVENTS EMAIL,
      "o.yaml:6:17 error M006 lead_id would be the same for every lead | name the parameter that "
      "holds it: \"{param.lead_id}\"\n"
      "o.yaml:6:21 error M001 unknown key \"source\" in `lead` | one of: lead_id, "
      "lead_event_source\n" },
    { HEAD "pixel: " SET "\nevent_source: crm\nlead: \"{param.lead_id}\"\n" EVENTS EMAIL,
      "o.yaml:6:7 error M002 `lead` must be a map (key: value), but this is text | "
              "write its keys below it, or {key: value}\n" },
    { HEAD "pixel: C9X\nlead: {lead_id: \"{param.lead_id}\"}\n" EVENTS,
      "o.yaml:5:1 warning M047 TikTok takes lead with crm events only" OUT },
    /* offline */
    { OFFLINE EVENTS EMAIL, "" },
    { OFFLINE EVENTS "user: {external_id: \"{param.e}\", phone: \"{param.p}\"}\n",
      "o.yaml:7:8 warning M047 TikTok takes user.external_id with web and crm events only" OUT },
    { OFFLINE "events: {sale: [Purchase, {event: StoreVisit}, Pageview]}\n" EMAIL,
      "o.yaml:6:27 error M049 StoreVisit is a custom event, and offline events have standard names "
      "only | use one of TikTok's standard events\n"
      "o.yaml:6:48 error M049 Pageview is a custom event, and offline events have standard names "
      "only | use one of TikTok's standard events\n" },
    { OFFLINE EVENTS "user: {external_id: \"{param.e}\"}\n",
      "o.yaml:5:15 error M048 offline events have no ttclid, and `user:` names no match key for "
      "them, so TikTok could match them with nobody | add one: user: {email: \"{param.email}\"}; also "
      "phone\n"
      "o.yaml:7:8 warning M047 TikTok takes user.external_id with web and crm events only" OUT },
    /* test codes */
    { HEAD "pixel: C9X\ntest_event_code: TEST12345\n" EVENTS, "" },
    { HEAD "pixel: C9X\ntest_event_code: \"{param.test_event_code}\"\n" EVENTS,
      "o.yaml:5:18 error M053 `test_event_code` can't be a template: whoever calls the postback URL "
      "could turn real events into test events | write the code itself, and take it out when the "
      "test is over\n" },
    { HEAD "pixel: C9X\ntest_event_code: TEST 1\n" EVENTS,
      "o.yaml:5:18 error M053 \"TEST 1\" is not a test event code | copy it from Events Manager, Test "
      "Events: TEST12345\n" },
    { HEAD "pixel: C9X\ntest_event_code:\n" EVENTS,
      "o.yaml:5:17 error M002 `test_event_code` must be text, but this is empty | "
              "write a value behind it, or take the key out\n" },
};

static void what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        struct mapping_bench b;
        struct offer *o;
        mapping_bench_open(&b, NULL, 0);
        o = mapping_bench_load(&b, "o.yaml", slice_from(files[i].text));
        assert_string_equal(mapping_bench_problems(&b), files[i].expected);
        assert_int_equal(o == NULL, b.diags.errors > 0);
        mapping_bench_close(&b);
    }
}

/* ---- what is sent ---- */

#define ALL_KEYS                                                                               \
    "page_url: https://l.example/\nvalue_currency: USD\n"                                          \
    "user: {email: \"{param.email}\", phone: \"{param.phone}\", external_id: \"{param.id}\", "      \
    "first_name: \"{param.name}\", zip_code: \"{param.zip}\", city: \"{param.city}\", country: DE, " \
    "locale: de-DE}\nproperties: {customer_type: new, order_id: \"{txid}\"}\n"                       \
    "events: {sale: {event: Purchase, value: payout}}\n"
#define QUERY                                                                                  \
    "?click_id=a1&ttclid=E.C.P.x&status=sale&payout=12.5&currency=usd&txid=77&ip=8.8.8.8"           \
    "&ua=Mozilla&ttp=2F7h&email=%20A%40B.example&phone=%2B4915112345678&id=id-7&name=Ada&zip=10115" \
    "&city=Berlin&referrer=https://r.example/&lead_id=L-1"

static const struct {
    const char *text, *query, *expected; /* the body, or the code; %e %p %i stand for the hashes */
} sent[] = {
    { HEAD "pixel: " SET "\nevent_source: crm\nlead: {lead_id: \"{param.lead_id}\", "
           "lead_event_source: HubSpot}\n" ALL_KEYS,
      QUERY,
      "{\"event\":\"Purchase\",\"event_time\":1790000000,\"event_id\":\"a1\",\"user\":{\"email\":"
      "\"%e\",\"phone\":\"%p\",\"external_id\":\"%i\"},\"properties\":{\"currency\":\"USD\","
      "\"value\":12.5,\"order_id\":\"77\"},\"lead\":{\"lead_id\":\"L-1\",\"lead_event_source\":"
      "\"HubSpot\"}}" },
    { HEAD "pixel: " SET "\nevent_source: offline\n" ALL_KEYS, QUERY,
      "{\"event\":\"Purchase\",\"event_time\":1790000000,\"event_id\":\"a1\",\"user\":{\"email\":"
      "\"%e\",\"phone\":\"%p\"},\"properties\":{\"currency\":\"USD\",\"value\":12.5,\"order_id\":"
      "\"77\"}}" },
    { CRM EVENTS EMAIL, "?click_id=a1&status=sale&lead_id=L-1&email=a%40b.example",
      "{\"event\":\"Purchase\",\"event_time\":1790000000,\"event_id\":\"a1\",\"user\":{\"email\":"
      "\"%e\"},\"lead\":{\"lead_id\":\"L-1\"}}" },
    { CRM EVENTS "user: {email: \"{param.email}\", phone: \"{param.phone}\"}\nconsent: {from: "
                 "\"{consent}\", granted: [\"1\"], otherwise: anonymize, keep: [email]}\n",
      "?click_id=a1&status=sale&lead_id=L-1&email=a%40b.example&phone=%2B4915112345678&consent=0",
      "{\"event\":\"Purchase\",\"event_time\":1790000000,\"event_id\":\"a1\",\"user\":{\"email\":"
      "\"%e\"},\"lead\":{\"lead_id\":\"L-1\"}}" },
    { CRM EVENTS EMAIL, "?click_id=a1&status=sale&email=a%40b.example",
      "Q028 the lead id \"{param.lead_id}\" has no usable value in this postback, and TikTok wants "
      "one with every crm event" },
    { CRM EVENTS EMAIL, "?click_id=a1&status=sale&email=a%40b.example&lead_id={lead_id}",
      "Q028 the lead id \"{param.lead_id}\" has no usable value in this postback, and TikTok wants "
      "one with every crm event" },
    { CRM EVENTS EMAIL, "?click_id=a1&status=sale&email=a%40b.example&lead_id=a%40b.example",
      "Q028 the lead id \"{param.lead_id}\" has no usable value in this postback, and TikTok wants "
      "one with every crm event" },
    { CRM EVENTS EMAIL, "?click_id=a1&status=sale&ttclid=E.C.P.x&lead_id=7",
      "Q007 the event has no match key (ttclid, external_id, e-mail, ...), so TikTok could match it "
      "with nobody" },
    { OFFLINE EVENTS EMAIL, "?click_id=a1&status=sale&ttclid=E.C.P.x&ip=8.8.8.8&ua=M",
      "Q007 the event has no match key (ttclid, external_id, e-mail, ...), so TikTok could match it "
      "with nobody" },
    { HEAD "pixel: C9X\nlead: {lead_id: \"{param.lead_id}\"}\n" EVENTS,
      "?click_id=a1&status=sale&ttclid=E.C.P.x&lead_id=7&page_url=https://l.example/",
      "{\"event\":\"Purchase\",\"event_time\":1790000000,\"event_id\":\"a1\",\"user\":{\"ttclid\":"
      "\"E.C.P.x\"},\"page\":{\"url\":\"https://l.example/\"}}" },
};

/* The hashes of %e, %p and %i (sha256sum of a@b.example, +4915112345678, id-7) put in. */
static const char *with_hashes(struct arena *arena, const char *text)
{
    static const char *const hashes[] = {
        ['e' - 'a'] = "ebb18a030bf15174f5714e24d63af1a81355c951ea7389bd2a9bd18e3d0c2477",
        ['p' - 'a'] = "536afd523e19dc83fccba822ef5e4ca646111314aaf0aa286667c5bea18dd70b",
        ['i' - 'a'] = "c712f31d3eca788bfcf2da9bbabf9271e68e3a95e79a07b22d173549e945415a",
    };
    struct buf b = { 0 };
    struct slice out;

    for (; *text; text++)
        if (*text == '%')
            buf_puts(&b, hashes[*++text - 'a']);
        else
            buf_byte(&b, *text);
    out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return arena_cstr(arena, out);
}

static void what_is_sent(void **state)
{
    struct identity_hasher *hasher = identity_hasher_new();
    const struct translator translator = { NULL, NULL, hasher };

    (void)state;
    for (size_t i = 0; i < COUNT(sent); i++) {
        struct mapping_bench b;
        mapping_bench_open(&b, NULL, 0);
        struct offer *o = mapping_bench_load(&b, "o.yaml", slice_from(sent[i].text));
        struct translation t = { .code = "", .notes = { .arena = &b.arena } };
        struct params params = { .arena = &b.arena, .notes = &t.notes };
        if (!o)
            fail_msg("%s", mapping_bench_problems(&b));
        assert_int_equal(params_url(&params, slice_from(sent[i].query), NULL), 0);
        assert_int_equal(translate_read(o, &params, &b.arena, &t, NULL), 0);
        assert_int_equal(translate_finish(&translator, o, &params, NULL, NOW, &t, NULL), 0);
        if (t.verdict == VERDICT_QUEUED) {
            assert_int_equal(t.event_count, 1);
            assert_string_equal(arena_cstr(&b.arena, t.events[0].body),
                                with_hashes(&b.arena, sent[i].expected));
            if (t.notes.first) /* a file that leaves keys out says so at check, not here */
                fail_msg("%s: %.*s", sent[i].text, SLICE_ARG(t.notes.first->text));
        } else {
            assert_string_equal(
                arena_printf(&b.arena, "%s %.*s", t.code, SLICE_ARG(t.reason)).ptr,
                sent[i].expected);
        }
        mapping_bench_close(&b);
    }
    identity_hasher_free(hasher);
}

/* ---- tables ---- */

static void tables(void **state)
{
    static const char *const keys[] = { "email",    "phone", "external_id", "first_name", "last_name",
                                        "zip_code", "city",  "state",       "country",    "ttclid",
                                        "ttp",      "ip",    "user_agent",  "locale" };
    static const char web[] = "11111111111111", crm[] = "11100000000000",
                      offline[] = "11000000000000";
    static const char *const has[] = { web, crm, offline };

    (void)state;
    for (size_t s = 0; s < COUNT(has); s++)
        for (size_t k = 0; k < COUNT(keys); k++)
            assert_int_equal(event_source_has_key((enum event_source)s, slice_from(keys[k])),
                             has[s][k] == '1');
    assert_true(event_source_has_property(EVENT_SOURCE_WEB, S("customer_type")));
    assert_false(event_source_has_property(EVENT_SOURCE_CRM, S("customer_type")));
    assert_false(event_source_has_property(EVENT_SOURCE_OFFLINE, S("customer_type")));
    assert_true(event_source_has_property(EVENT_SOURCE_OFFLINE, S("order_id")));
    assert_true(slice_eq(event_source_names[EVENT_SOURCE_WEB], S("web")));
    assert_true(slice_eq(event_source_names[EVENT_SOURCE_CRM], S("crm")));
    assert_true(slice_eq(event_source_names[EVENT_SOURCE_OFFLINE], S("offline")));
    assert_int_equal(event_source_names[3].len, 0);
}

static void codes(void **state)
{
    char long_code[66];

    (void)state;
    memset(long_code, 'A', 65);
    assert_true(event_test_code_ok((struct slice){ long_code, 64 }));
    assert_false(event_test_code_ok((struct slice){ long_code, 65 }));
    assert_true(event_test_code_ok(S("TEST123")));
    assert_true(event_test_code_ok(S("test_1-2")));
    assert_false(event_test_code_ok(S("")));
    assert_false(event_test_code_ok(S("TEST\n1")));
    assert_null(event_source_id_fault((struct slice){ long_code, 64 }));
    assert_string_equal(event_source_id_fault((struct slice){ long_code, 65 }),
                        "is longer than 64 characters");
    assert_string_equal(event_source_id_fault(S("")), "is empty");
    assert_string_equal(event_source_id_fault(S("C9 X")), "may hold only letters and digits");
    assert_null(event_source_id_doubt(EVENT_SOURCE_WEB, S("12345")));
    assert_non_null(event_source_id_doubt(EVENT_SOURCE_WEB, S("123456789012345")));
    assert_null(event_source_id_doubt(EVENT_SOURCE_CRM, S("12345")));
    assert_non_null(event_source_id_doubt(EVENT_SOURCE_OFFLINE, S("C9X")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong),
        cmocka_unit_test(what_is_sent),
        cmocka_unit_test(tables),
        cmocka_unit_test(codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
