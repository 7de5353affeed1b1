#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/params/params.h"
#include "tests/support/guard.h"

/* Whole macros: the reason is "is the unexpanded macro " and this. */
static const struct {
    const char *value, *macro;
} macros[] = {
    /* the trackers */
    { "{x}", "{x}" },
    { "{external_id}", "{x}" },
    { "{externalId}", "{x}" },
    { "{status: lead=install sale=bill rejected=trash}", "{x}" },
    { "{status:lead=0 sale=1 rejected=2}", "{x}" },
    { "{conversion_revenue:usd}", "{x}" },
    { "{_date:Y-m-d H:i:s,Europe/Kyiv}", "{x}" },
    { "{p:sub}", "{x}" },
    { "{url(sid)}", "{x}" },
    { "{click.id}", "{x}" },
    { "{REPLACE_ME}", "{x}" },
    { "{replace_or_remove}", "{x}" },
    { "{a|b}", "{x}" },
    { "{0}", "{x}" },
    { "{ clickid }", "{x}" },
    { " {clickid}\n", "{x}" },
    { "{ид}", "{x}" },
    /* networks */
    { "{{clickid}}", "{{x}}" },
    { "{{ click id }}", "{{x}}" },
    { "{{{x}}}", "{{{x}}}" },
    { "${SUBID}", "${x}" },
    { "#{a.b}", "#{x}" },
    { "%{click_id}", "%{x}" },
    { "[subid]", "[x]" },
    { "[transactionID]", "[x]" },
    { "[REPLACE]", "[x]" },
    { "[click id]", "[x]" },
    { "[[x]]", "[[x]]" },
    { "[[[subid]]]", "[[[x]]]" },
    { "[=x=]", "[=x=]" },
    { "##postback_id##", "##x##" },
    { "##X##", "##x##" },
    { "#price#", "#x#" },
    { "#S2#", "#x#" },
    { "%clickid%", "%x%" },
    { "%%CACHEBUSTER%%", "%%x%%" },
    { "<subid>", "<x>" },
    { "<your id>", "<x>" },
    { "$token_data_conv", "$x" },
    { "$clickid", "$x" },
    /* TikTok */
    { "__CLICKID__", "__X__" },
    { "__clickid__", "__X__" },
    { "__CALLBACK_PARAM__", "__X__" },
    { "_CAMPAIGN_ID_", "_X_" },
    { "_AID__", "_X_" },
    { "__AID_", "_X_" },
    /* encoded too often */
    { "%7Bclickid%7D", "{x}" },
    { "%7bclickid%7d", "{x}" },
    { "%257Bclickid%257D", "{x}" },
    { "%25257Bclickid%25257D", "{x}" },
    { "%5BREPLACE%5D", "[x]" },
    { "%5B%5B%5Bsub%5D%5D%5D", "[[[x]]]" },
    { "%23%23X%23%23", "##x##" },
    { "%25clickid%25", "%x%" },
    { "%3Csubid%3E", "<x>" },
    { "%24%7BSUBID%7D", "${x}" },
    { "%5F%5FCLICKID%5F%5F", "__X__" },
    { "{clickid%7D", "{x}" },
};

static const struct {
    const char *value, *why;
} others[] = {
    { "", "is empty" },
    { "  \t\r\n", "is empty" },
    { "REPLACE", "is the placeholder REPLACE that was never edited" },
    { "replace", "is the placeholder REPLACE that was never edited" },
    { "REPLACE_ME", "is the placeholder REPLACE_ME that was never edited" },
    { "replace_or_remove", "is the placeholder REPLACE_OR_REMOVE that was never edited" },
    { "OPTIONAL", "is the placeholder OPTIONAL that was never edited" },
    { "Optional ", "is the placeholder OPTIONAL that was never edited" },
    { "CHANGE_STATUS", "is the placeholder CHANGE_STATUS that was never edited" },
    { "conversion_pixel", "is Binom's conversion_pixel: the click is not known" },
    { "undefined", "is the word undefined: a script had no value" },
    { "Undefined", "is the word undefined: a script had no value" },
    { "null", "is the word null: a program had no value" },
    { "NULL", "is the word null: a program had no value" },
    { "(null)", "is the word (null): a program had no value" },
    { "[object Object]", "is [object Object]: a script sent the wrong thing" },
    { "{}", "is an empty {}" },
    { "[]", "is an empty []" },
    { "NaN", "is the word NaN: a script had no number" },
    { "None", "is the word None: a program had no value" },
    { "{clickid}_1", "holds the unexpanded macro {x}" },
    { "tt-{external_id}", "holds the unexpanded macro {x}" },
    { "{a}{b}", "holds the unexpanded macro {x}" },
    { "{status:{x}}", "holds the unexpanded macro {x}" },
    { "v.${id}", "holds the unexpanded macro {x}" },
    { "x%7Bclickid%7D", "holds the unexpanded macro {x}" },
    { "##CPA_AMOUNT##,##RS_AMOUNT##", "holds the unexpanded macro ##x##" },
    { "{external_i", "is a macro {x} that was cut" },
};

/* What must get through: a false alarm loses a conversion. */
static const char *const usable[] = {
    "2t4ch5", "0", "1", "-1", "0.00", "12,50", "R$ 197,00", "$12.50", "$AUD 12.50", "$5",
    "E.C.P.CtsBJpAaoVfUlxm3vbwy_EgR2Mi4", "E_C_P_CtsBJpAaoVfUlxm3vbwy-EgR2Mi4",
    "AMDT2idsBZnMWZjKDBbemx",
    "69870d56e7319caefb38eaee", "c384EFV6JHQODRN70575OK6UG5",
    "fe89afc8-fe3e-4715-a5b1-a2997d09f905",
    "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}", "{ABCDEF01-4F89-11D3-9A0C-0305E82C3301}",
    "__", "___", "_a_", "_abc_", "a__B__c", "_A", "A_", "__A",
    "50%", "%", "%%", "%50%", "100%25", "%20", "%zz", "5%7", "#", "##", "#fff", "#50#", "%23fff",
    "abc{", "abc}", "{", "}", "a}b{", "{ }", "{\"a\":1}", "{\"a\":{\"b\":2}}", "{-}", "{!}",
    "[1,2]", "[::1]", "[fe80::1]", "[\"a\"]", "[50]", "[-1]", "<", "<>", "<5>", "$", "[=50=]",
    "new", "none", "nan", "Nan", "amount", "wait", "hold", "test", "nul", "nulls", "unknown",
    "n/a", "NA", "true", "false", "undefined1", "replaced", "optional_x",
    "a blue {shirt} of wool", "https://l.example/?ttclid={ttclid}", "https://l.example/#a##b##",
    "Mozilla/5.0 (Linux; {x}) AppleWebKit", "\xff\xfe", "\xa4", "é",
    "new|confirmed|rejected|trash",
};

/* Each value lies in front of an unreadable page. */
static const char *why_of(const char *value)
{
    struct slice copy = guard_copy(slice_from(value));
    const char *why = params_unusable(copy);

    guard_free(copy);
    return why;
}

static void unusable_macros(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(macros) / sizeof(*macros); i++) {
        char expected[80];
        const char *why = why_of(macros[i].value);
        snprintf(expected, sizeof(expected), "is the unexpanded macro %s", macros[i].macro);
        if (!why)
            fail_msg("%s is usable", macros[i].value);
        assert_string_equal(why, expected);
    }
}

static void unusable_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        const char *why = why_of(others[i].value);
        if (!why)
            fail_msg("%s is usable", others[i].value);
        assert_string_equal(why, others[i].why);
    }
}

static void usable_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(usable) / sizeof(*usable); i++) {
        const char *why = why_of(usable[i]);
        if (why)
            fail_msg("\"%s\" %s", usable[i], why);
    }
}

static void any_bytes(void **state)
{
    char nul[] = "a\0b", long_id[1000], braces[70000];

    (void)state;
    assert_null(params_unusable((struct slice){ nul, 3 }));
    assert_string_equal(params_unusable((struct slice){ 0 }), "is empty");
    memset(long_id, 'E', sizeof(long_id));
    assert_null(params_unusable((struct slice){ long_id, sizeof(long_id) }));
    memcpy(long_id + 500, "{x}", 3);
    assert_string_equal(params_unusable((struct slice){ long_id, sizeof(long_id) }),
                        "holds the unexpanded macro {x}");
    memset(braces, '{', sizeof(braces));
    assert_null(params_unusable((struct slice){ braces, sizeof(braces) }));
    memset(braces, '%', sizeof(braces));
    assert_null(params_unusable((struct slice){ braces, sizeof(braces) }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unusable_macros),
        cmocka_unit_test(unusable_others),
        cmocka_unit_test(usable_values),
        cmocka_unit_test(any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
