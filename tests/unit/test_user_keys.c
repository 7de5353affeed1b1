/* Match keys as the mapping says them: several values, countries, what is kept of the postback, and
 * the trail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/translate/translate.h"
#include "tests/support/mapping_bench.h"

#define NOW INT64_C(1790000000)
#define HEX "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ff"
#define HEX_UPPER "C0FFEEC0FFEEC0FFEEC0FFEEC0FFEEC0FFEEC0FFEEC0FFEEC0FFEEC0FFEEC0FF"

struct bench {
    struct mapping_bench mapping;
    struct offer *offer;
    struct identity_hasher *hasher;
    struct arena arena;
    struct params params;
    struct translation t;
};

static void bench_open(struct bench *b, const char *user)
{
    static const char head[] = "version: 1\noffer: o\nextends: generic\npixel: C9X\n"
                               "page_url: https://l.example/\nevents: {lead: Lead}\n"
                               "user:\n  ";

    *b = (struct bench){ .hasher = identity_hasher_new() };
    arena_init(&b->arena, 4 << 20);
    mapping_bench_open(&b->mapping, NULL, 0);
    b->offer = mapping_bench_load(&b->mapping, "o.yaml",
                                  arena_printf(&b->arena, "%s%s\n", head, user));
    if (!b->offer)
        fail_msg("%s", mapping_bench_problems(&b->mapping));
}

static void bench_close(struct bench *b)
{
    identity_hasher_free(b->hasher);
    mapping_bench_close(&b->mapping);
    arena_free(&b->arena);
}

/* request: a query, or a JSON object, of a lead of click c1.  click: a query, or NULL. */
static void bench_run(struct bench *b, const char *request, const char *click, bool trail)
{
    struct translator translator = { NULL, NULL, b->hasher };
    struct params click_params = { .arena = &b->arena };
    struct err err = { 0 };
    struct click c;
    const char *why;

    b->t = (struct translation){ .arena = &b->arena, .notes = { .arena = &b->arena } };
    b->t.trail = (struct trail){ .on = trail, .arena = &b->arena };
    b->params = (struct params){ .arena = &b->arena, .notes = &b->t.notes };
    assert_int_equal(params_query(&b->params, S("click_id=c1&status=lead"), &err), 0);
    if ((*request == '{' ? params_json(&b->params, slice_from(request), &err)
                         : params_query(&b->params, slice_from(request), &err)) != 0)
        fail_msg("%s", err.text);
    if (click) {
        assert_int_equal(params_query(&click_params, slice_from(click), &err), 0);
        assert_int_equal(translate_click(b->offer, &click_params, &b->arena, NOW, &c, &why), 0);
    }
    assert_int_equal(translate_read(b->offer, &b->params, &b->arena, &b->t, &err), 0);
    assert_int_equal(translate_finish(&translator, b->offer, &b->params, click ? &c : NULL, NOW,
                                      &b->t, &err),
                     0);
}

/* "<x>" in a text stands for the SHA-256 of x. */
static struct slice with_hashes(struct bench *b, const char *text)
{
    struct buf out = { 0 };
    struct slice rest = slice_from(text), s;
    char hex[SHA256_HEX];

    while (rest.len) {
        size_t open = slice_index(rest, '<'), close = slice_index(rest, '>');
        buf_add(&out, slice_head(rest, open));
        if (open == rest.len)
            break;
        assert_true(sha256_hex(b->hasher,
                               (struct slice){ rest.ptr + open + 1, close - open - 1 }, hex));
        buf_add(&out, (struct slice){ hex, sizeof(hex) });
        rest = slice_from_at(rest, close + 1);
    }
    s = arena_dup(&b->arena, buf_slice(&out));
    buf_free(&out);
    return s;
}

/* What stands in "user":{...} of the event before ttclid, which is the last of all here. */
static struct slice user_of(const struct bench *b)
{
    struct slice body = b->t.events[0].body, from, to = S(",\"ttclid\":\"T\"");
    size_t at = slice_find(body, S("\"user\":{"));

    from = slice_from_at(body, at + 8);
    return slice_head(from, slice_find(from, slice_starts(from, S("\"ttclid")) ? S("\"ttclid") : to));
}

static struct slice warnings_of(struct bench *b)
{
    struct buf out = { 0 };
    struct slice s;

    for (const struct note *n = b->t.notes.first; n; n = n->next)
        buf_printf(&out, "%s%s %.*s", out.len ? ", " : "", n->code, SLICE_ARG(n->text));
    s = arena_dup(&b->arena, buf_slice(&out));
    buf_free(&out);
    return s;
}

static void assert_slice(struct slice got, struct slice wanted, const char *about)
{
    if (!slice_eq(got, wanted))
        fail_msg("%s\n  got    %.*s\n  wanted %.*s", about, SLICE_ARG(got), SLICE_ARG(wanted));
}

struct row {
    const char *user, *request, *click, *sent, *warnings;
};

#define TEN "a@b.c,b@b.c,c@b.c,d@b.c,e@b.c,f@b.c,g@b.c,h@b.c,i@b.c,j@b.c"

static const struct row several[] = {
    { "email: \"{param.a}\"", "a=A@b.c&ttclid=T", NULL, "\"email\":\"<a@b.c>\"", "" },
    { "email: [\"{param.a}\", \"{param.b}\"]", "a=A@b.c&b=d@e.f&ttclid=T", NULL,
      "\"email\":[\"<a@b.c>\",\"<d@e.f>\"]", "" },
    { "email: [\"{param.a}\", \"{param.b}\"]", "b=d@e.f&ttclid=T", NULL, "\"email\":\"<d@e.f>\"",
      "" },
    { "email: [\"{param.a}\", \"{param.b}\"]", "a=a@b.c&b=+A@B.C+&ttclid=T", NULL,
      "\"email\":\"<a@b.c>\"", "" }, /* one, after normalisation */
    { "email: [\"{param.a}\", \"{param.b}\"]", "a=none&b=d@e.f&ttclid=T", NULL,
      "\"email\":\"<d@e.f>\"", "W027 email: the value is not an e-mail address; left out" },
    { "email: [\"{param.a}\", \"{param.b}\"]", "a=" HEX_UPPER "&b=" HEX "&ttclid=T", NULL,
      "\"email\":\"" HEX "\"", "" },
    { "email: {from: [\"{param.a}\", \"{param.b}\"], split: \";\"}",
      "a=a@b.c;d@e.f&b=d@e.f;+g@h.i+;&ttclid=T", NULL,
      "\"email\":[\"<a@b.c>\",\"<d@e.f>\",\"<g@h.i>\"]", "" },
    { "email: {from: \"{param.a}\", split: \",; \"}", "a=a@b.c,+d@e.f;g@h.i+j@k.l&ttclid=T", NULL,
      "\"email\":[\"<a@b.c>\",\"<d@e.f>\",\"<g@h.i>\",\"<j@k.l>\"]", "" },
    { "email: {from: \"{param.a}\", split: \",\"}", "a=,,&ttclid=T", NULL, "", "" },
    { "email: {from: \"{param.a}\", split: \",\"}", "a=a@b.c,x&ttclid=T", NULL,
      "\"email\":\"<a@b.c>\"", "W027 email: the value is not an e-mail address; left out" },
    { "email: \"{param.a}\"", "a=a@b.c,d@e.f&ttclid=T", NULL, "",
      "W027 email: the value holds more than one e-mail address; `split:` takes them apart; left "
      "out" },
    { "email: {from: \"{param.a}\", split: \",\"}", "a=" TEN "&ttclid=T", NULL,
      "\"email\":[\"<a@b.c>\",\"<b@b.c>\",\"<c@b.c>\",\"<d@b.c>\",\"<e@b.c>\",\"<f@b.c>\","
      "\"<g@b.c>\",\"<h@b.c>\",\"<i@b.c>\",\"<j@b.c>\"]",
      "" },
    { "email: {from: \"{param.a}\", split: \",\"}", "a=" TEN ",k@b.c,a@b.c,l@b.c&ttclid=T", NULL,
      "\"email\":[\"<a@b.c>\",\"<b@b.c>\",\"<c@b.c>\",\"<d@b.c>\",\"<e@b.c>\",\"<f@b.c>\","
      "\"<g@b.c>\",\"<h@b.c>\",\"<i@b.c>\",\"<j@b.c>\"]",
      "W080 email: more than 10 values; the first 10 are sent" },
    { "external_id: [\"{click_id}\", \"{param.crm}\"]", "crm=User_7&ttclid=T", NULL,
      "\"external_id\":[\"<c1>\",\"<User_7>\"]", "" },
    /* arrays of a JSON body, and of a form that writes them with brackets */
    { "email: \"{param.emails}\"", "{\"emails\":[\"A@b.c\",null,\" d@e.f\\n\"],\"ttclid\":\"T\"}",
      NULL, "\"email\":[\"<a@b.c>\",\"<d@e.f>\"]",
      "W008 emails.2: holds control characters, such as NUL or a line end; they were kept" },
    { "email: \"{param.p.emails}\"", "{\"p\":{\"emails\":[\"a@b.c\"]},\"ttclid\":\"T\"}", NULL,
      "\"email\":\"<a@b.c>\"", "" },
    { "email: \"{param.emails}\"", "{\"emails\":[],\"ttclid\":\"T\"}", NULL, "", "" },
    { "email: \"{param.emails}\"", "{\"emails\":[{\"x\":\"a@b.c\"}],\"ttclid\":\"T\"}", NULL, "",
      "" },
    { "email: \"{param.emails}\"", "emails[0]=a@b.c&emails[1]=d@e.f&emails.2=g@h.i&emailsx=j@k.l"
      "&ttclid=T", NULL, "\"email\":[\"<a@b.c>\",\"<d@e.f>\",\"<g@h.i>\"]", "" },
    { "email: \"{param.emails.1}\"", "{\"emails\":[\"a@b.c\",\"d@e.f\"],\"ttclid\":\"T\"}", NULL,
      "\"email\":\"<d@e.f>\"", "" },
    { "first_name: \"{param.n}\"", "{\"n\":[\"a\",\"b\"],\"ttclid\":\"T\"}", NULL, "", "" },
    { "phone: {from: \"{param.p}\", country: DE, split: \",\"}",
      "{\"p\":\"0151 12345678, 004930123456,+4930123456\",\"ttclid\":\"T\"}", NULL,
      "\"phone\":[\"<+4915112345678>\",\"<+4930123456>\"]", "" },
};

static const struct row countries[] = {
    { "phone: {from: \"{param.p}\", country: DE}", "p=0151+12345678&ttclid=T&country=US", NULL,
      "\"phone\":\"<+4915112345678>\"", "" },
    { "phone: {from: \"{param.p}\", country: \"{param.geo}\"}",
      "p=0151+12345678&ttclid=T&geo=+de+&country=US", NULL, "\"phone\":\"<+4915112345678>\"", "" },
    { "phone: {from: \"{param.p}\", country: \"{country}\"}", "p=2133734253&ttclid=T&country=us",
      NULL, "\"phone\":\"<+12133734253>\"", "" },
    { "phone: \"{param.p}\"", "p=07911+123456&ttclid=T&country=UK", NULL,
      "\"phone\":\"<+447911123456>\"", "" },
    { "phone: \"{param.p}\"", "p=0151+12345678", "click_id=c1&ttclid=T&country=DE",
      "\"phone\":\"<+4915112345678>\"", "" },
    { "phone: \"{param.p}\"", "p=07911+123456&country=GB", "click_id=c1&ttclid=T&country=DE",
      "\"phone\":\"<+447911123456>\"", "" }, /* the postback's own goes first */
    { "phone: {from: \"{param.p}\", country: \"{param.geo|default:AT}\"}",
      "p=0664+1234567&ttclid=T&country=US", NULL, "\"phone\":\"<+436641234567>\"", "" },
    { "phone: \"{param.p}\"", "p=0151+12345678&ttclid=T", NULL, "",
      "W027 phone: the value has no country code; set `country:` in the mapping; left out" },
    { "phone: \"{param.p}\"", "p=0151+12345678&ttclid=T&country=Germany", NULL, "",
      "W027 phone: the value has no country code, and its country is not known; left out" },
    { "phone: {from: \"{param.p}\", country: \"{param.geo}\"}",
      "p=0151+12345678&ttclid=T&country=DE", NULL, "",
      "W027 phone: the value has no country code; set `country:` in the mapping; left out" },
    { "phone: \"{param.p}\"", "{\"p\":4915112345678,\"country\":\"DE\",\"ttclid\":\"T\"}", NULL,
      "\"phone\":\"<+4915112345678>\"", "" },
    { "phone: \"{param.p}\"", "{\"p\":1.5e10,\"country\":\"DE\",\"ttclid\":\"T\"}", NULL, "",
      "W027 phone: the value was made a number with an exponent on its way, which drops digits; "
      "left out" },
    { "phone: {from: \"{param.p}\", country: DE}", "p=+4915112345678&ttclid=T", NULL,
      "\"phone\":\"<+4915112345678>\"", "" }, /* the '+' became a blank */
    { "zip_code: \"{param.z}\"", "z=12345-6789&country=US&ttclid=T", NULL,
      "\"zip_code\":\"<12345>\"", "" },
    { "zip_code: \"{param.z}\"", "z=12345-6789&ttclid=T", NULL, "\"zip_code\":\"<123456789>\"", "" },
    { "zip_code: {from: \"{param.z}\", country: \"{param.geo}\"}",
      "z=SW1A+1AA&geo=GB&country=US&ttclid=T", NULL, "\"zip_code\":\"<sw1a1aa>\"", "" },
    { "state: \"{param.s}\"", "s=California&country=us&ttclid=T", NULL, "\"state\":\"ca\"", "" },
    { "state: {from: \"{param.s}\", country: US}", "s=Bayern&ttclid=T", NULL, "",
      "W027 state: the value is not a state of the United States; left out" },
    { "country: \"{country}\"", "country=DE&ttclid=T", NULL, "\"country\":\"de\"", "" },
    { "city: \"{param.c}\"", "country=DE&ttclid=T", NULL, "", "" }, /* country: only when asked */
};

static const struct row plain[] = {
    { "city: \"{param.c}\"", "c=New+York&ttclid=T", NULL, "\"city\":\"newyork\"", "" },
    { "city: \"{param.c}\"", "c=bob@x.de&ttclid=T", NULL, "",
      "W027 city: the value holds personal data; left out" },
    { "ttp: \"{param.t}\"", "t=bob@x.de&ttclid=T", NULL, "",
      "W027 ttp: the value holds personal data; left out" },
    { "ttp: \"{param.t}\"", "t=01K_.tt.1&ttp=other&ttclid=T", NULL, "\"ttp\":\"01K_.tt.1\"", "" },
    { "ttp: \"{param.t}\"", "ttp=other&ttclid=T", NULL, "", "" }, /* the mapping's alone */
    { "ip: \"{param.visitor}\"", "visitor=8.8.8.8&ip=9.9.9.9&ttclid=T", NULL, "\"ip\":\"8.8.8.8\"",
      "" },
    { "ip: \"{param.visitor}\"", "visitor=10.0.0.1&ip=9.9.9.9&ttclid=T", NULL, "",
      "W027 ip: the value is a private address; left out" },
    { "user_agent: \"{param.b}\"", "b=Mozilla/5.0&ua=other&ttclid=T", NULL,
      "\"user_agent\":\"Mozilla/5.0\"", "" },
    { "country: DE\n  locale: de-DE", "ttclid=T", NULL, "\"country\":\"de\",\"locale\":\"de-DE\"",
      "" },
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bench b;
        bench_open(&b, rows[i].user);
        bench_run(&b, rows[i].request, rows[i].click, i % 2);
        assert_slice(user_of(&b), with_hashes(&b, rows[i].sent), rows[i].request);
        assert_slice(warnings_of(&b), slice_from(rows[i].warnings), rows[i].request);
        assert_true(slice_find(b.t.events[0].body, S("\"ttclid\":\"T\"")) < b.t.events[0].body.len);
        bench_close(&b);
    }
}

#define CHECK(rows) check((rows), sizeof(rows) / sizeof(*(rows)))

static void several_values(void **state)
{
    (void)state;
    CHECK(several);
}

static void by_country(void **state)
{
    (void)state;
    CHECK(countries);
}

static void sent_as_they_are(void **state)
{
    (void)state;
    CHECK(plain);
}

/* What may be kept of a postback gives the same event when it is translated again, and is kept the
 * same a second time. */
static void kept_and_translated_again(void **state)
{
    static const struct {
        const char *user, *request, *click, *kept;
    } rows[] = {
        { "email: {from: \"{param.a}\", split: \",;\"}", "a=A@b.c;+d@e.f,x", NULL,
          "a=<a@b.c>%2C<d@e.f>" },
        { "email: {from: \"{param.a}\", split: \" \"}", "a=nobody+noone", NULL,
          "a=%5Bpersonal%20data%20removed%5D" },
        { "email: \"{param.m}\"", "{\"m\":[\"a@b.c\",\"d@e.f\"]}", NULL, "m.0=<a@b.c>&m.1=<d@e.f>" },
        { "phone: \"{param.t}\"", "{\"t\":[\"0151 12345678\"],\"country\":\"DE\"}", NULL,
          "t.0=<+4915112345678>&country=DE" },
        { "phone: \"{param.t}\"", "t=0151+12345678", "click_id=c1&country=de",
          "t=<+4915112345678>" },
        { "phone: {from: \"{param.t}\", country: \"{param.geo}\"}", "t=0151+12345678&geo=DE", NULL,
          "t=<+4915112345678>&geo=DE" },
        { "zip_code: \"{param.z}\"", "z=12345-6789&country=US", NULL, "z=<12345>&country=US" },
        /* nothing maps these, their names say what they are */
        { "city: \"{param.c}\"", "{\"phones\":[\"0151 12345678\"],\"country\":\"DE\"}", NULL,
          "phones.0=<+4915112345678>&country=DE" },
        { "city: \"{param.c}\"", "{\"a\":{\"emails\":[\"Jane\"]}}", NULL,
          "a.emails.0=%5Bpersonal%20data%20removed%5D" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bench b;
        struct slice kept, wanted, before, after;
        bench_open(&b, rows[i].user);
        bench_run(&b, rows[i].request, rows[i].click, false);
        assert_int_equal(translate_storable_by_click(b.offer, &b.t.conversion),
                         rows[i].click != NULL);
        before = b.t.event_count ? b.t.events[0].body : (struct slice){ 0 };
        kept = translate_storable(b.offer, &b.params, &b.t.conversion, b.hasher, &b.arena);
        wanted = arena_printf(&b.arena, "click_id=c1&status=lead&%.*s",
                              SLICE_ARG(with_hashes(&b, rows[i].kept)));
        assert_slice(kept, wanted, rows[i].request);
        kept = slice_from_at(kept, sizeof("click_id=c1&status=lead&") - 1);
        bench_run(&b, arena_printf(&b.arena, "%.*s", SLICE_ARG(kept)).ptr, NULL, false);
        after = b.t.event_count ? b.t.events[0].body : (struct slice){ 0 };
        assert_slice(after, before, rows[i].request);
        assert_slice(translate_storable(b.offer, &b.params, &b.t.conversion, b.hasher, &b.arena),
                     wanted, rows[i].request);
        bench_close(&b);
    }
}

static void trail(void **state)
{
    static const char user[] = "email: [\"{param.a}\", \"{param.b}\"]\n"
                               "  phone: {from: \"{param.p}\", country: DE}\n"
                               "  first_name: \"{param.n}\"\n  city: \"{param.c}\"";
    static const char wanted[] =
        "user.email = <jane@x.de> (o.yaml:8) {param.a}: trimmed, lower case, SHA-256\n"
        "user.email = " HEX " (o.yaml:8) {param.b}: a SHA-256 already, lower case\n"
        "user.phone = <+4915112345678> (o.yaml:9) {param.p}: made E.164, SHA-256, country DE\n"
        "user.first_name =  (o.yaml:10) {param.n}: the value is a hash, but not SHA-256; left out\n"
        "user.city = berlin (o.yaml:11) {param.c}: lower case, without blanks and punctuation\n"
        "user.ttclid = T param ttclid, as it came\n"
        "user.ip = 8.8.8.8 click ip, as it came\n";
    struct bench b;
    struct buf out = { 0 };

    (void)state;
    bench_open(&b, user);
    bench_run(&b, "a=Jane@x.de&b=" HEX_UPPER "&p=0151-12345678&c=Berlin&ttclid=T"
                  "&n=d41d8cd98f00b204e9800998ecf8427e",
              "click_id=c1&ip=8.8.8.8", true);
    for (const struct trail_step *s = b.t.trail.first; s; s = s->next) {
        if (!slice_starts(s->field, S("user.")))
            continue;
        buf_printf(&out, "%.*s = %.*s ", SLICE_ARG(s->field), SLICE_ARG(s->value));
        if (s->at.source && slice_eq(s->at.source->name, S("o.yaml")))
            buf_printf(&out, "(o.yaml:%u) ", s->at.line);
        buf_printf(&out, "%.*s\n", SLICE_ARG(s->done));
    }
    assert_slice(buf_slice(&out), with_hashes(&b, wanted), "trail");
    buf_free(&out);
    bench_close(&b);
}

/* Without consent: of several values none is sent, and none stays of what was stored. */
static void without_consent(void **state)
{
    static const char user[] = "email: {from: [\"{param.a}\", \"{param.list}\"], split: \",\"}\n"
                               "  phone: [\"{param.p}\", \"{param.q}\"]\n"
                               "consent: {from: \"{consent}\", granted: [\"1\"], otherwise: "
                               "anonymize, keep: [ttclid, phone]}";
    struct bench b;
    struct slice kept;

    (void)state;
    bench_open(&b, user);
    bench_run(&b, "{\"a\":\"a@b.c,d@e.f\",\"list\":[\"g@h.i\"],\"p\":\"+4930123456\","
                  "\"q\":\"+4915112345678\",\"ttclid\":\"T\",\"consent\":\"0\"}",
              NULL, true);
    assert_slice(user_of(&b),
                 with_hashes(&b, "\"phone\":[\"<+4930123456>\",\"<+4915112345678>\"]"), "sent");
    kept = translate_storable(b.offer, &b.params, &b.t.conversion, b.hasher, &b.arena);
    kept = translate_cut(b.offer, b.t.consent.action, kept, &b.arena);
    assert_slice(kept,
                 with_hashes(&b, "click_id=c1&status=lead&p=<+4930123456>&q=<+4915112345678>"
                                 "&ttclid=T&consent=0"),
                 "kept");
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_values),   cmocka_unit_test(by_country),
        cmocka_unit_test(sent_as_they_are), cmocka_unit_test(kept_and_translated_again),
        cmocka_unit_test(trail),            cmocka_unit_test(without_consent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
