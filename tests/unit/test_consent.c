/* consent: what a mapping may say of it, what is told about mistakes, what is decided, what may stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/translate/translate.h"
#include "tests/support/mapping_bench.h"

#define HEAD "version: 1\noffer: o\nextends: generic\npixel: C9X\nevents: {sale: Purchase}\n"
#define ASK  "consent: {from: \"{consent}\", granted: [\"1\", Yes], "
#define HASH "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"

static void problems(void **state)
{
    static const struct {
        const char *text, *expected;
        bool loads;
    } rows[] = {
        { ASK "otherwise: drop}\n", "", true },
        { ASK "otherwise: anonymize, missing: granted, keep: [external_id, ip, user_agent]}\n", "",
          true },
        { ASK "otherwise: drop, missing: anonymize, keep: ttp}\n", "", true },
        { ASK "otherwise: granted}\n",
          "o.yaml:6:62 error M024 `otherwise` can't be \"granted\" | one of: drop, anonymize, "
          "limited\n",
          false },
        { ASK "otherwise: drop, missing: grnated}\n",
          "o.yaml:6:77 error M024 `missing` can't be \"grnated\" | did you mean \"granted\"?\n",
          false },
        { ASK "otherwise: drop, mising: drop}\n",
          "o.yaml:6:68 error M001 unknown key \"mising\" in `consent` | did you mean "
          "\"missing\"?\n",
          false },
        { ASK "otherwise: anonymize, keep: []}\n",
          "o.yaml:6:79 error M039 `keep` is empty: TikTok could match the event with nobody | keep "
          "at least one, such as [ttclid], or say `drop` to send nothing\n",
          false },
        { ASK "otherwise: anonymize, keep: }\n",
          "o.yaml:6:79 error M002 `keep` must be a list [a, b], but this is empty | "
              "write a value behind it, or take the key out\n", false },
        { ASK "otherwise: anonymize, keep: [ttclid, extern_id, pixel]}\n",
          "o.yaml:6:88 error M038 \"extern_id\" is no match key of TikTok's | did you mean "
          "\"external_id\"?\n"
          "o.yaml:6:99 error M038 \"pixel\" is no match key of TikTok's | such as ttclid, "
          "external_id, email, phone or ip\n",
          false },
        { ASK "otherwise: anonymize, keep: emial}\n",
          "o.yaml:6:79 error M038 \"emial\" is no match key of TikTok's | did you mean "
          "\"email\"?\n",
          false },
        { ASK "otherwise: limited, missing: drop, keep: [ttclid]}\n",
          "o.yaml:6:86 warning M040 `keep` changes nothing: it belongs to `anonymize` | say "
          "`otherwise: anonymize`, or take `keep` out\n",
          true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mapping_bench b;
        char text[1000];
        struct offer *offer;
        snprintf(text, sizeof(text), HEAD "%s", rows[i].text);
        mapping_bench_open(&b, NULL, 0);
        offer = mapping_bench_load(&b, "o.yaml", slice_from(text));
        if (strcmp(mapping_bench_problems(&b), rows[i].expected) != 0)
            fail_msg("%s\nexpected\n%s\ngot\n%s", rows[i].text, rows[i].expected,
                     mapping_bench_problems(&b));
        assert_int_equal(offer != NULL, rows[i].loads);
        mapping_bench_close(&b);
    }
}

static struct offer *load(struct mapping_bench *b, const char *rule)
{
    char *text = malloc(2000);
    struct offer *offer;

    assert_non_null(text);
    snprintf(text, 2000, HEAD "%s", rule);
    mapping_bench_open(b, NULL, 0);
    offer = mapping_bench_load(b, "o.yaml", arena_dup(&b->arena, slice_from(text)));
    free(text);
    if (!offer)
        fail_msg("%s", mapping_bench_problems(b));
    return offer;
}

static void words_and_keys(void **state)
{
    static const struct {
        const char *word;
        bool granted;
    } words[] = {
        { "1", true },   { "yes", true },  { "YES", true }, { " yes ", true }, { "", false },
        { "no", false }, { "11", false },  { "ye", false }, { "yes.", false }, { "0", false },
    };
    struct mapping_bench b;
    struct offer *o = load(&b, ASK "otherwise: anonymize, keep: [ip, ttclid]}\n");
    const struct consent_rule *rule = &o->consent;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        assert_int_equal(consent_is_granted(rule, slice_from(words[i].word)), words[i].granted);
    assert_int_equal(rule->missing, CONSENT_ANONYMIZE); /* as otherwise */
    assert_true(consent_keeps(rule, CONSENT_NOT_ASKED, S("email")));
    assert_true(consent_keeps(rule, CONSENT_GRANTED, S("email")));
    assert_true(consent_keeps(rule, CONSENT_LIMITED, S("email")));
    assert_false(consent_keeps(rule, CONSENT_ANONYMIZE, S("email")));
    assert_true(consent_keeps(rule, CONSENT_ANONYMIZE, S("ip")));
    assert_false(consent_keeps(rule, CONSENT_DROP, S("ip")));
    mapping_bench_close(&b);
    o = load(&b, "");
    assert_int_equal(o->consent.from.count, 0);
    mapping_bench_close(&b);
}

/* The trail names the rule, and each key that was left out. */
static void trail(void **state)
{
    static const char *const expected[] = {
        "consent=anonymized o.yaml:6 \"no\" from the postback",
        "user.email= o.yaml:6 left out: there is no consent, and `keep` does not name it",
        "user.ttp= o.yaml:6 left out: there is no consent, and `keep` does not name it",
    };
    struct mapping_bench b;
    struct offer *o = load(&b, ASK "otherwise: anonymize}\nuser: {email: \"{param.e}\"}\n");
    struct identity_hasher *hasher = identity_hasher_new();
    struct translator translator = { NULL, NULL, hasher };
    struct translation t = { .arena = &b.arena, .notes = { .arena = &b.arena },
                             .trail = { .on = true, .arena = &b.arena } };
    struct params p = { .arena = &b.arena, .notes = &t.notes };
    const struct trail_step *s;
    size_t seen = 0;

    (void)state;
    assert_int_equal(params_query(&p, S("click_id=c&ttclid=T1&status=sale&e=a@b.co&ttp=x&consent=no"),
                                  NULL), 0);
    assert_int_equal(translate_read(o, &p, &b.arena, &t, NULL), 0);
    assert_int_equal(translate_finish(&translator, o, &p, NULL, 1790000000, &t, NULL), 0);
    assert_int_equal(t.verdict, VERDICT_QUEUED);
    for (s = t.trail.first; s; s = s->next) {
        struct slice line = arena_printf(
            &b.arena, "%.*s=%.*s o.yaml:%u %.*s", SLICE_ARG(s->field), SLICE_ARG(s->value),
            s->at.line, SLICE_ARG(s->done));
        if (seen < 3 && strcmp(line.ptr, expected[seen]) == 0)
            seen++;
    }
    assert_int_equal(seen, 3);
    assert_int_equal(slice_find(t.events[0].body, S("email")), t.events[0].body.len);
    identity_hasher_free(hasher);
    mapping_bench_close(&b);
}

/* ---- what may stay ---- */

#define USER "user: {email: \"{param.e}\", phone: \"{param.p}\", external_id: \"{param.ext}\"}\n"
#define IDS  "click_id=c%201&ttclid=E.C.P.x&event_id=e&txid=9&status=sale&payout=5&consent=no"

static const struct {
    const char *stored, *dropped, *anonymized; /* keep: [ttclid, external_id, ip]; NULL: the same */
} cuts[] = {
    { "", NULL, NULL },
    { IDS, IDS, IDS },
    { "e=" HASH "&a=1", "a=1", "a=1" },
    { "email=" HASH "&customer.phone=" HASH "&cid=c", "cid=c", "cid=c" },
    { "ext=user-7&sub3=" HASH "&sub4=x", "sub4=x", "ext=user-7&sub4=x" },
    { "sub3=" HASH "0", NULL, NULL }, /* one digit more: none */
    { "ip=93.184.216.34&ua=Mozilla&ttp=t&country=DE", "", "ip=93.184.216.34&country=DE" },
    { "click_id=" HASH "&click_id=" HASH, NULL, NULL }, /* an id that was personal data */
    { "page_url=https%3A%2F%2Fl.example%2F%3Fa%3D1%26ttclid%3DE.C.P.x&referrer=https%3A%2F%2Fp.example",
      "page_url=%3Fttclid%3DE.C.P.x&referrer=", "page_url=%3Fttclid%3DE.C.P.x&referrer=" },
    { "page_url=%3Fttclid%3DE.C.P.x", NULL, NULL }, /* cut before */
    { "page_url=%3Fttclid%3DE.C.P.x%26e%3D" HASH, "page_url=%3Fttclid%3DE.C.P.x",
      "page_url=%3Fttclid%3DE.C.P.x" },
    { "%5Bpersonal%20data%20removed%5D=1&x", "%5Bpersonal%20data%20removed%5D=1&x",
      "%5Bpersonal%20data%20removed%5D=1&x" },
    { "note=jane%40example.com&name=%ff%00", "name=%ff%00", "name=%ff%00" },
};

static void cut(void **state)
{
    struct mapping_bench b;
    struct offer *o = load(&b, ASK "otherwise: anonymize, keep: [ttclid, external_id, ip]}\n" USER);
    static const enum consent_action all[] = { CONSENT_NOT_ASKED, CONSENT_GRANTED, CONSENT_LIMITED,
                                               CONSENT_DROP, CONSENT_ANONYMIZE };

    (void)state;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts) * 5; i++) {
        const char *want = cuts[i / 5].stored;
        struct slice got = translate_cut(o, all[i % 5], slice_from(want), &b.arena);
        if (i % 5 == 3 && cuts[i / 5].dropped)
            want = cuts[i / 5].dropped;
        if (i % 5 == 4 && cuts[i / 5].anonymized)
            want = cuts[i / 5].anonymized;
        if (!slice_eq(got, slice_from(want)))
            fail_msg("%s, %zu: %.*s, not %s", cuts[i / 5].stored, i % 5, SLICE_ARG(got), want);
        got = translate_cut(o, all[i % 5], got, &b.arena); /* twice is the same as once */
        assert_true(slice_eq(got, slice_from(want)));
    }
    mapping_bench_close(&b);
}

/* Without room nothing stays: rather too little than what may not. */
static void cut_without_room(void **state)
{
    struct mapping_bench b;
    struct offer *o = load(&b, ASK "otherwise: drop}\n" USER);
    struct arena small;

    (void)state;
    for (size_t limit = 0; limit < 6000; limit += 100) {
        struct slice got;
        arena_init(&small, limit);
        got = translate_cut(o, CONSENT_DROP, S("a=1&email=" HASH "&b=2"), &small);
        assert_true(slice_find(got, S(HASH)) == got.len);
        assert_true(small.full || slice_eq(got, S("a=1&b=2")));
        arena_free(&small);
    }
    mapping_bench_close(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems),
        cmocka_unit_test(words_and_keys),
        cmocka_unit_test(trail),
        cmocka_unit_test(cut),
        cmocka_unit_test(cut_without_room),
    };

    return cmocka_run_group_tests_name("consent", tests, NULL, NULL);
}
