/* Chain files: what is said about wrong ones, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/chain_bench.h"
#include "tests/support/guard.h"

#define HEAD "version: 1\nchain: c\nstart: \"https://a.example/?t=__CLICKID__\"\n"
#define HOPS(hops) HEAD "hops: [" hops "]\n"

struct row {
    const char *text, *expected;
};

static void check(const struct row *rows, size_t count)
{
    struct chain_bench b;

    chain_bench_open(&b);
    for (size_t i = 0; i < count; i++) {
        struct slice text = guard_copy(slice_from(rows[i].text));
        const struct chain *chain = chain_bench_load(&b, text, NULL);
        const char *said = mapping_bench_problems(&b.files);
        if (strcmp(said, rows[i].expected) != 0)
            fail_msg("%s\nsaid:\n%swanted:\n%s", rows[i].text, said, rows[i].expected);
        if ((chain != NULL) != (*rows[i].expected == '\0'))
            fail_msg("%s\nloads, or does not", rows[i].text);
        guard_free(text);
    }
    chain_bench_close(&b);
}

static void problems(void **state)
{
    static const struct row rows[] = {
        { "", "c.yaml:1:1 error M003 `version:` is missing | begin the file with: version: 1\n"
              "c.yaml:1:1 error M003 `chain:` is missing | name it: chain: "
              "tiktok-keitaro-lander\n"
              "c.yaml:1:1 error M003 `start:` is missing | the ad's link: start: "
              "\"https://...\"\n"
              "c.yaml:1:1 error M003 `hops:` is missing | list them: hops: [{kind: redirect, "
              "to: ...}]\n" },
        { "- a\n",
          "c.yaml:1:1 error M002 a chain must be a map (key: value), but this is a list | "
              "write its keys below it, or {key: value}\n" },
        { "hello\n",
          "c.yaml:1:1 error M002 a chain must be a map (key: value), but this is text | "
              "write its keys below it, or {key: value}\n" },
        { "version: 2\n"
          "chain: c\n"
          "start: \"https://a.example/\"\n"
          "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:1:10 error M004 this version of the file is not known | this program "
          "reads version: 1\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "hosp: 1\n"
               "expct: {}\n",
          "c.yaml:5:1 error M001 unknown key \"hosp\" in a chain | did you mean \"hops\"?\n"
          "c.yaml:6:1 error M001 unknown key \"expct\" in a chain | did you mean "
          "\"expect\"?\n" },
        { HOPS(""), "c.yaml:4:7 error M002 `hops` has 0 entries; 1 to 50 are taken\n" },
        { HEAD "hops: {kind: redirect}\n",
          "c.yaml:4:7 error M002 `hops` must be a list [a, b], but this is a map | "
              "write a list: [a, b]\n" },
        { HEAD "hops: redirect\n",
          "c.yaml:4:7 error M002 `hops` must be a list [a, b], but this is text | "
              "write a list: [a, b]\n" },
        { HOPS("redirect, [a]"),
          "c.yaml:4:8 error M002 a hop must be a map (key: value), but this is text | "
              "write its keys below it, or {key: value}\n"
          "c.yaml:4:18 error M002 a hop must be a map (key: value), but this is a list | "
              "write its keys below it, or {key: value}\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "chain: d\n",
          "c.yaml:5:1 error Y002 duplicate key \"chain\" | the first one is in line 2; "
          "keep one of them\n" },
        { HOPS("{kind: redirect, kind: meta, to: \"https://b.example/\"}"),
          "c.yaml:4:25 error Y002 duplicate key \"kind\" | the first one is in line 4; "
          "keep one of them\n" },
        { HOPS("{name: \"\", to: \"https://b.example/\"}"),
          "c.yaml:4:8 error M003 `kind:` is missing | say what it is: kind: redirect\n"
          "c.yaml:4:15 error M002 `name` must be text, but this is empty | "
              "write a value behind it, or take the key out\n" },
        { HOPS("{kind: redirct, to: \"https://b.example/\"}"),
          "c.yaml:4:15 error M024 `kind` can't be \"redirct\" | did you mean "
          "\"redirect\"?\n" },
        { HOPS("{kind: Redirect, to: \"https://b.example/\"}"),
          "c.yaml:4:15 error M024 `kind` can't be \"Redirect\" | did you mean "
          "\"redirect\"?\n" },
        { HOPS("{kind: proxy}"),
          "c.yaml:4:15 error M024 `kind` can't be \"proxy\" | one of: redirect, meta, js, "
          "tracker, lander, form, shortlink, app\n" },
        { HOPS("{kind: redirect, too: \"https://b.example/\", dorp: [x]}"),
          "c.yaml:4:25 error M001 unknown key \"too\" in a hop | did you mean \"to\"?\n"
          "c.yaml:4:52 error M001 unknown key \"dorp\" in a hop | did you mean \"drop\"?\n" },
        { HOPS("{kind: redirect}, {kind: lander}"),
          "c.yaml:4:8 error M003 `to:` is missing | say where it sends the visitor: to: "
          "\"https://...\"\n" },
        { HOPS("{kind: redirect, to: \"\"}"),
          "c.yaml:4:29 error M002 `to` must be text, but this is empty | "
              "write a value behind it, or take the key out\n" },
        { HOPS("{kind: redirect, to: [a]}"),
          "c.yaml:4:29 error M002 `to` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
        { HOPS("{kind: redirect, status: 200, to: \"https://b.example/\"}"),
          "c.yaml:4:33 error M024 `status` can't be \"200\" | one of: 301, 302, 303, 307, "
          "308\n" },
        { HOPS("{kind: redirect, status: 404, to: \"https://b.example/\"}"),
          "c.yaml:4:33 error M024 `status` can't be \"404\" | one of: 301, 302, 303, 307, "
          "308\n" },
        { HOPS("{kind: redirect, status: 0302, to: \"https://b.example/\"}"),
          "c.yaml:4:33 error M024 `status` can't be \"0302\" | did you mean \"302\"?\n" },
        { HOPS("{kind: redirect, status: abc, to: \"https://b.example/\"}"),
          "c.yaml:4:33 error M024 `status` can't be \"abc\" | one of: 301, 302, 303, 307, "
          "308\n" },
        { HOPS("{kind: redirect, status: 307, to: \"https://b.example/\"}"), "" },
        { HOPS("{kind: meta, status: 302, to: \"https://b.example/\"}"),
          "c.yaml:4:29 error M002 a page (meta) answers with status 200 | remove `status`\n" },
        { HOPS("{kind: js, status: 302, to: \"https://b.example/\"}"),
          "c.yaml:4:27 error M002 a page (js) answers with status 200 | remove `status`\n" },
        { HOPS("{kind: lander, status: 302, to: \"https://b.example/\"}"),
          "c.yaml:4:31 error M002 a page (lander) answers with status 200 | remove "
          "`status`\n" },
        { HOPS("{kind: form, status: 302, to: \"https://b.example/\"}"),
          "c.yaml:4:29 error M002 a page (form) answers with status 200 | remove `status`\n" },
        { HOPS("{kind: app, status: 302, to: \"https://b.example/\"}"),
          "c.yaml:4:28 error M002 a page (app) answers with status 200 | remove `status`\n" },
        { HOPS("{kind: tracker, to: \"https://b.example/\"}"),
          "c.yaml:4:8 error M003 `tracker:` is missing | say which: tracker: keitaro (or "
          "generic)\n" },
        { HOPS("{kind: tracker, tracker: keitro, to: \"https://b.example/\"}"),
          "c.yaml:4:33 error M024 `tracker` can't be \"keitro\" | did you mean "
          "\"keitaro\"?; a tracker of your own is generic\n" },
        { HOPS("{kind: tracker, tracker: hasoffers, to: \"https://b.example/\"}"),
          "c.yaml:4:33 error M024 `tracker` can't be \"hasoffers\" | one of: keitaro, "
          "bemob, binom, redtrack, voluum, generic; a tracker of your own is generic\n" },
        { HOPS("{kind: tracker, tracker: keitaro, params: [a], to: \"https://b.example/\"}"),
          "c.yaml:4:50 error M002 `params` must be a map (key: value), but this is a list | "
              "write its keys below it, or {key: value}\n" },
        { HOPS("{kind: tracker, tracker: keitaro, params: {external_id: [a]}, to: "
               "\"https://b.example/\"}"),
          "c.yaml:4:64 error M002 a URL parameter must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
        { HOPS("{kind: redirect, tracker: keitaro, params: {a: b}, register: true, to: "
               "\"https://b.example/\"}"),
          "c.yaml:4:25 error M002 `tracker` belongs to a tracker, and this hop is of kind: "
          "redirect\n"
          "c.yaml:4:43 error M002 `params` belongs to a tracker, and this hop is of kind: "
          "redirect\n"
          "c.yaml:4:59 error M002 `register` belongs to a tracker, and this hop is of "
          "kind: redirect\n" },
        { HOPS("{kind: tracker, tracker: keitaro, script: true, decorate: true, event_id: x, "
               "double: true, to: \"https://b.example/\"}"),
          "c.yaml:4:42 error M002 `script` belongs to a lander, and this hop is of kind: "
          "tracker\n"
          "c.yaml:4:56 error M002 `decorate` belongs to a lander, and this hop is of kind: "
          "tracker\n"
          "c.yaml:4:72 error M002 `event_id` belongs to a lander, and this hop is of kind: "
          "tracker\n"
          "c.yaml:4:85 error M002 `double` belongs to a meta refresh, and this hop is of "
          "kind: tracker\n" },
        { HOPS("{kind: lander, script: maybe, decorate: [], to: \"https://b.example/\"}"),
          "c.yaml:4:31 error M002 `script` must be true or false, but this is text | "
              "write true or false\n"
          "c.yaml:4:48 error M002 `decorate` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
        { HOPS("{kind: meta, double: 2, to: \"https://b.example/\"}"),
          "c.yaml:4:29 error M002 `double` must be true or false, but this is text | "
              "write true or false\n" },
        { HOPS("{kind: redirect, to: \"https://user:pw@b.example/\"}"),
          "c.yaml:4:29 error M017 the URL holds a user name or a password | write a URL "
          "such as https://lander.example/?subid={subid}\n" },
        { HOPS("{kind: redirect, to: \"https:///x\"}"),
          "c.yaml:4:29 error M017 the URL has no host | write a URL such as "
          "https://lander.example/?subid={subid}\n" },
        { HOPS("{kind: redirect, to: \"https://b.example:99999/\"}"),
          "c.yaml:4:29 error M017 the URL has a port that is no number up to 65535 | write "
          "a URL such as https://lander.example/?subid={subid}\n" },
        { HOPS("{kind: redirect, to: \"https://b\\tc.example/\"}"),
          "c.yaml:4:29 error M017 the URL has a blank, control character or backslash in "
          "its host | write a URL such as https://lander.example/?subid={subid}\n" },
        { HOPS("{kind: redirect, to: \"https://b\\x1b[31m.example/\"}"),
          "c.yaml:4:29 error M017 the URL has a blank, control character or backslash in "
          "its host | write a URL such as https://lander.example/?subid={subid}\n" },
        { HOPS("{kind: redirect, to: \"https://b c.example/\"}"),
          "c.yaml:4:29 error M017 the URL has a blank, control character or backslash in "
          "its host | write a URL such as https://lander.example/?subid={subid}\n" },
        { HOPS("{kind: redirect, to: \"https://[::zz]/\"}"),
          "c.yaml:4:29 error M017 the URL has a malformed IPv6 address | write a URL such "
          "as https://lander.example/?subid={subid}\n" },
        { HOPS("{kind: redirect, to: \"https://b\\0.example/\"}"),
          "c.yaml:4:29 error M002 `to` must be text, but this holds a NUL byte | remove "
          "the \\0\n"
          "c.yaml:4:29 error M017 the URL has a blank, control character or backslash in "
          "its host | write a URL such as https://lander.example/?subid={subid}\n" },
        { "version: 1\n"
          "chain: c\n"
          "start: \"/relative\"\n"
          "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:3:8 error M017 the URL is not a whole http or https URL | write a URL "
          "such as https://lander.example/?subid={subid}\n" },
        { "version: 1\n"
          "chain: c\n"
          "start: \"//b.example/\"\n"
          "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:3:8 error M017 the URL is not a whole http or https URL | write a URL "
          "such as https://lander.example/?subid={subid}\n" },
        { "version: 1\n"
          "chain: c\n"
          "start: \"javascript:alert(1)\"\n"
          "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:3:8 error M017 the URL is not a whole http or https URL | write a URL "
          "such as https://lander.example/?subid={subid}\n" },
        { "version: 1\n"
          "chain: c\n"
          "start: \"data:text/html,x\"\n"
          "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:3:8 error M017 the URL is not a whole http or https URL | write a URL "
          "such as https://lander.example/?subid={subid}\n" },
        { "version: 1\n"
          "chain: c\n"
          "start: \"ftp://b.example/\"\n"
          "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:3:8 error M017 the URL is not a whole http or https URL | write a URL "
          "such as https://lander.example/?subid={subid}\n" },
        { "version: 1\n"
          "chain: c\n"
          "start: \"https://b\\x07.example/\"\n"
          "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:3:8 error M017 the URL has a blank, control character or backslash in "
          "its host | write a URL such as https://lander.example/?subid={subid}\n" },
        { "version: 1\n"
          "chain: c\n"
          "start: \"mailto:a@b\"\n"
          "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:3:8 error M017 the URL is not a whole http or https URL | write a URL "
          "such as https://lander.example/?subid={subid}\n" },
        { "version: 1\n"
          "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:1:1 error M003 `chain:` is missing | name it: chain: "
          "tiktok-keitaro-lander\n"
          "c.yaml:1:1 error M003 `start:` is missing | the ad's link: start: "
          "\"https://...\"\n" },
        { HEAD "auto_ttclid: sometimes\n"
               "hops: [{kind: redirect, to: \"https://b.example/\"}]\n",
          "c.yaml:4:14 error M002 `auto_ttclid` must be true or false, but this is text | "
              "write true or false\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "conversion: {}\n",
          "c.yaml:5:13 error M003 `network:` is missing | the URL that the network calls: "
          "network: \"https://...?subid={sub1}\"\n"
          "c.yaml:5:13 error M003 `postback:` is missing | the offer's mapping: postback: "
          "offers/nutra-de.yaml\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "conversion: {network: \"/pb\", postback: \"\"}\n",
          "c.yaml:5:23 error M017 the URL is not a whole http or https URL | write a URL "
          "such as https://lander.example/?subid={subid}\n"
          "c.yaml:5:40 error M002 `postback` must be text, but this is empty | "
              "write a value behind it, or take the key out\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "conversion: {network: \"https://n.example/\", postback: o.yaml, "
               "tracker_postbck: x}\n",
          "c.yaml:5:63 error M001 unknown key \"tracker_postbck\" in `conversion` | did "
          "you mean \"tracker_postback\"?\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "conversion: yes\n",
          "c.yaml:5:13 error M002 `conversion` must be a map (key: value), but this is "
          "text | "
              "write its keys below it, or {key: value}\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "expect: kept\n",
          "c.yaml:5:9 error M002 `expect` must be a map (key: value), but this is text | "
              "write its keys below it, or {key: value}\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "expect: {at: \"hop 1\"}\n",
          "c.yaml:5:9 error M003 `verdict:` is missing | verdict: kept, or verdict: "
          "broken\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "expect: {verdict: keept, cod: H1}\n",
          "c.yaml:5:19 error M024 `verdict` can't be \"keept\" | did you mean \"kept\"?\n"
          "c.yaml:5:26 error M001 unknown key \"cod\" in `expect` | did you mean "
          "\"code\"?\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "expect: {verdict: broken, at: nowhere}\n",
          "c.yaml:5:31 error M024 no hop is called \"nowhere\"\n" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}\n",
          "c.yaml:5:1 error Y001 expected \",\" or \"]\" in a list in brackets (it begins "
          "in line 4) | close the \"[\", or put the text in quotes\n" },
        { HOPS("&a {kind: redirect, to: \"https://b.example/\"}, *a"),
          "c.yaml:4:8 error Y003 anchors (&name) are not supported | write the value out "
          "where it is needed\n"
          "c.yaml:4:55 error Y003 aliases (*name) are not supported | write the value out\n" },
        { HOPS("{kind: lander}"), "" },
        { HEAD "hops: [{kind: redirect, to: \"https://b.example/\"}]\n"
               "expect: {verdict: broken, at: \"hop 1\", code: H001}\n",
          "" },
        { HOPS("{kind: redirect, to: \"/rel?x={x}\", lowercase: false, strip_query: no, "
               "downgrade: off, truncate: 1}"),
          "" },
        { HOPS("{kind: redirect, to: \"javascript:alert(1)\"}"), "" },
        { HOPS("{kind: app, to: \"data:text/html,x\"}"), "" },
    };

    (void)state;
    check(rows, sizeof(rows) / sizeof(*rows));
}

/* What a hop may go wrong at. */
static void problems_of_failures(void **state)
{
    static const struct row rows[] = {
        { HOPS("{kind: redirect, to: \"https://b.example/\", drop: []}"),
          "c.yaml:4:57 error M002 `drop` must name parameters | write drop: [ttclid]\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", drop: ttclid}"), "" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", drop: {a: b}}"),
          "c.yaml:4:57 error M002 `drop` must be a list [a, b], but this is a map | "
              "write a list: [a, b]\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", drop: true}"),
          "c.yaml:4:57 error M002 `drop` must name parameters | write drop: [ttclid]\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", drop: [[a]]}"),
          "c.yaml:4:58 error M002 `drop` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", keep_only: []}"), "" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", rename: [a]}"),
          "c.yaml:4:59 error M002 `rename` must be a map (key: value), but this is a list | "
              "write its keys below it, or {key: value}\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", rename: {a: [b]}}"),
          "c.yaml:4:63 error M002 a new name or value must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", rename: {}}"),
          "c.yaml:4:59 error M002 `rename` must name parameters | write rename: {ttclid: "
          "tt}\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", uppercase_keys: maybe}"),
          "c.yaml:4:67 error M002 `uppercase_keys` must be true or false, but this is "
          "text | "
              "write true or false\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", lowercase: {a: b}}"),
          "c.yaml:4:62 error M002 `lowercase` must be text, but this is a map | "
              "write one value, without brackets or dashes\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", lowercase: []}"),
          "c.yaml:4:62 error M002 `lowercase` must name parameters | write lowercase: "
          "[ttclid]\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", truncate: 0}"),
          "c.yaml:4:61 error M002 `truncate` must be a whole number from 1 to 32768 | "
          "write truncate: 255\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", truncate: -5}"),
          "c.yaml:4:61 error M002 `truncate` must be a whole number from 1 to 32768 | "
          "write truncate: 255\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", truncate: 2.5}"),
          "c.yaml:4:61 error M002 `truncate` must be a whole number from 1 to 32768 | "
          "write truncate: 255\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", truncate: lots}"),
          "c.yaml:4:61 error M002 `truncate` must be a whole number from 1 to 32768 | "
          "write truncate: 255\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", truncate: 32769}"),
          "c.yaml:4:61 error M002 `truncate` must be a whole number from 1 to 32768 | "
          "write truncate: 255\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", truncate: [3]}"),
          "c.yaml:4:61 error M002 `truncate` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", strip_query: [a]}"),
          "c.yaml:4:64 error M002 `strip_query` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", fragment: 1}"),
          "c.yaml:4:61 error M002 `fragment` must be true or false, but this is text | "
              "write true or false\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", duplicate: true}"),
          "c.yaml:4:62 error M002 `duplicate` must name parameters | write duplicate: "
          "[ttclid]\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", duplicate: {}}"),
          "c.yaml:4:62 error M002 `duplicate` must name parameters | write duplicate: "
          "[ttclid]\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", host: }"),
          "c.yaml:4:57 error M002 `host` must be text, but this is empty | "
              "write a value behind it, or take the key out\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", host: [a]}"),
          "c.yaml:4:57 error M002 `host` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", host: \"a b\"}"),
          "c.yaml:4:57 error M017 \"a b\" is no host name | write host: "
          "www.lander.example\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", host: a.example/x}"),
          "c.yaml:4:57 error M017 \"a.example/x\" is no host name | write host: "
          "www.lander.example\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", host: \"a.example:8443\"}"), "" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", duplicate: off}"),
          "c.yaml:4:62 error M002 `duplicate` must name parameters | write duplicate: "
          "[ttclid]\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", keep_only: yes}"),
          "c.yaml:4:62 error M002 `keep_only` must name parameters | write keep_only: "
          "[ttclid]\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", drop: [\"true\"]}"), "" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", base64: 64}"),
          "c.yaml:4:59 error M002 `base64` must be true or false, but this is text | "
              "write true or false\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", truncat: 3}"),
          "c.yaml:4:51 error M001 unknown key \"truncat\" in a hop | did you mean "
          "\"truncate\"?\n" },
        { HOPS("{kind: redirect, to: \"https://b.example/\", lower_case: true}"),
          "c.yaml:4:51 error M001 unknown key \"lower_case\" in a hop | did you mean "
          "\"lowercase\"?\n" },
    };

    (void)state;
    check(rows, sizeof(rows) / sizeof(*rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems),
        cmocka_unit_test(problems_of_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
