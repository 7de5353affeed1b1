/* Mapping files: what is said about wrong ones, word for word, and what good ones become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/mapping_bench.h"

#define HEAD "version: 1\noffer: o\nextends: keitaro\npixel: C9X\n"
#define SALE "events: {sale: Purchase}\n"

#define T "version: 1\ntracker: t\n"
static const struct bench_file files[] = {
    { "self", T "extends: self\n" },
    { "loop1", T "extends: loop2\n" },
    { "loop2", T "extends: loop1\n" },
    { "deep1", T "extends: deep2\n" },
    { "deep2", T "extends: deep3\n" },
    { "deep3", T "extends: deep4\n" },
    { "deep4", T "extends: deep5\n" },
    { "deep5", T "extends: deep6\n" },
    { "deep6", T "extends: deep7\n" },
    { "deep7", T "extends: keitaro\n" },
    { "other-offer", "version: 1\noffer: other\nextends: keitaro\npixel: C9X\n" },
    { "broken", "tracker: t\nfeilds: {click_id: c}\nstages: {sale: [a], lead: [A]}\n" },
    { "syntax", "version: 1\n tracker: [\n" },
    { NULL, NULL },
};

static void problems(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        { "",
          "o.yaml:1:1 error M003 `version:` is missing | begin the file with: version: "
          "1\n"
          "o.yaml:1:1 error M003 `offer:` is missing | name it; the name ends its "
          "postback URL: offer: nutra-de\n"
          "o.yaml:1:1 error M003 `pixel:` is missing | add the pixel code of Events "
          "Manager: pixel: C9...\n"
          "o.yaml:1:1 error M003 `events:` is missing | say what is sent: events: {sale: "
          "{event: Purchase, value: payout}}\n" },
        { "- a\n",
          "o.yaml:1:1 error M002 an offer mapping must be a map (key: value), but this "
          "is a list | "
              "write its keys below it, or {key: value}\n" },
        { "version: 2\n"
          "offer: o\n"
          "extends: keitaro\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "o.yaml:1:10 error M004 this version of the file is not known | this program "
          "reads version: 1\n" },
        { "version: 1\n"
          "extends: keitaro\n",
          "o.yaml:1:1 error M003 `offer:` is missing | name it; the name ends its "
          "postback URL: offer: nutra-de\n"
          "o.yaml:1:1 error M003 `pixel:` is missing | add the pixel code of Events "
          "Manager: pixel: C9...\n"
          "o.yaml:1:1 error M003 `events:` is missing | say what is sent: events: {sale: "
          "{event: Purchase, value: payout}}\n" },
        { HEAD SALE "evnets: {}\n"
          "proprties: 1\n",
          "o.yaml:6:1 error M001 unknown key \"evnets\" in an offer mapping | did you "
          "mean \"events\"?\n"
          "o.yaml:7:1 error M001 unknown key \"proprties\" in an offer mapping | did you "
          "mean \"properties\"?\n" },
        { "version: 1\n"
          "offer: a b\n"
          "extends: keitaro\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "o.yaml:2:8 error M018 \"a b\" can't be the name of an offer | letters, "
          "digits, - _ and . only, at most 64: it is part of a URL\n" },
        { "version: 1\n"
          "offer: ..\n"
          "extends: keitaro\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "o.yaml:2:8 error M018 \"..\" can't be the name of an offer | begin it with a "
          "letter or digit: it is part of a URL\n" },
        { "version: 1\n"
          "offer: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
          "extends: keitaro\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "o.yaml:2:8 error M018 \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaa\" can't be the name of an offer | letters, digits, - _ and . "
          "only, at most 64: it is part of a URL\n" },
        { "version: 1\n"
          "offer: \"o\\0x\"\n"
          "extends: \"keitaro\\0\"\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "o.yaml:2:8 error M002 `offer` must be text, but this holds a NUL byte | "
          "remove the \\0\n"
          "o.yaml:3:10 error M002 `extends` must be text, but this holds a NUL byte | "
          "remove the \\0\n" },
        { "version: 1\n"
          "offer: o\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "o.yaml:1:1 error M003 nothing says where click_id or ttclid comes from | "
          "extend a tracker mapping: extends: keitaro\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: keitro\n"
          "pixel: C9X\n"
          "default_stage: mine\n"
          "events: {mine: {event: Purchase, value: 5}}\n",
          "o.yaml:3:10 error M010 there is no tracker mapping \"keitro\" | looked "
          "everywhere\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: self\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "self:3:10 error M011 `extends` goes round in a circle through self | a "
          "mapping must not extend itself, directly or through others\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: loop1\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "loop2:3:10 error M011 `extends` goes round in a circle through loop1 | a "
          "mapping must not extend itself, directly or through others\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: deep1\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "deep7:3:10 error M011 more than 7 files extend each other in a row | extend a "
          "tracker mapping directly\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: other-offer\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "o.yaml:3:10 error M010 other-offer is an offer mapping | extend a tracker "
          "mapping such as keitaro\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: broken\n"
          "pixel: C9X\n"
          "evnets: 1\n"
          "events: {sale: Purchase}\n",
          "o.yaml:5:1 error M001 unknown key \"evnets\" in an offer mapping | did you "
          "mean \"events\"?\n"
          "broken:1:1 error M003 `version:` is missing | begin the file with: version: "
          "1\n"
          "broken:2:1 error M001 unknown key \"feilds\" in a tracker mapping | did you "
          "mean \"fields\"?\n"
          "broken:3:28 error M015 \"A\" is listed for sale already (line 3) | a word can "
          "mean one stage only; case makes no difference\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: syntax\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "syntax:2:9 error Y001 a \": \" cannot stand here | put a text that holds \": "
          "\" in quotes, or mend the indentation\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: [keitaro]\n"
          "pixel: C9X\n"
          "events: {sale: Purchase}\n",
          "o.yaml:3:10 error M002 `extends` must be text, but this is a list | "
              "write one value, without brackets or dashes\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: keitaro\n"
          "pixel: C9-X\n"
          "events: {sale: Purchase}\n",
          "o.yaml:4:8 error M016 \"C9-X\" is not a pixel code | letters and digits, as "
          "Events Manager shows it\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: keitaro\n"
          "pixel: \"{{x\"\n"
          "events: {sale: Purchase}\n",
          "o.yaml:4:8 error M016 \"{{x\" is not a pixel code | letters and digits, as "
          "Events Manager shows it\n" },
        { "version: 1\n"
          "offer: o\n"
          "extends: keitaro\n"
          "pixel: \"{param.pixel|upper}\"\n"
          "events: {sale: Purchase}\n",
          "" },
        { HEAD SALE "page_url: lander.example\n",
          "o.yaml:6:11 error M017 \"lander.example\" is not a URL | a whole URL: "
          "https://lander.example/nutra\n" },
        { HEAD SALE "page_url: \"{page_url}\"\n",
          "" },
        { HEAD SALE "origins: [https://a.example, https://B.example, https://c.example/]\n",
          "o.yaml:6:30 error M017 \"https://B.example\" is not an origin | scheme and "
          "host only, in small letters, without a slash behind: https://lander.example\n"
          "o.yaml:6:49 error M017 \"https://c.example/\" is not an origin | scheme and "
          "host only, in small letters, without a slash behind: https://lander.example\n" },
        { HEAD SALE "origins: ftp://a.example\n",
          "o.yaml:6:10 error M017 \"ftp://a.example\" is not an origin | scheme and host "
          "only, in small letters, without a slash behind: https://lander.example\n" },
        { HEAD SALE "key: 0123456789secret\n",
          "o.yaml:6:1 error C003 `key` must name the file that holds the key | put it "
          "into a file with mode 600 and name the file: key: {file: ./keys/name}\n" },
        { HEAD SALE "key: {value: 0123456789secret}\n",
          "o.yaml:6:1 error C003 `key` must name the file that holds the key | put it "
          "into a file with mode 600 and name the file: key: {file: ./keys/name}\n" },
        { HEAD SALE "key: {file: ./k, files: [0123456789secret]}\n",
          "o.yaml:6:1 error C003 `key` must name the file that holds the key | put it "
          "into a file with mode 600 and name the file: key: {file: ./keys/name}\n" },
        { HEAD SALE "key: {file: ./k}\n",
          "" },
        { HEAD SALE "key: {file: ./k, previous: ./old}\n",
          "" },
        { HEAD SALE "key: {previous: ./old}\n",
          "o.yaml:6:6 error M003 `file:` is missing | name the file that holds the secret\n" },
        { HEAD SALE "signature: 0123456789secret\n",
          "o.yaml:6:1 error C003 `signature` must say the scheme and name the file of the secret | "
          "write signature: {scheme: parameters, secret: {file: ./keys/signing}}, or none\n" },
        { HEAD SALE "signature: {scheme: webhook, secret: {file: ./s}, tolerance: 0s}\n",
          "o.yaml:6:62 error C007 `tolerance`: \"0s\" is not a duration | write it like 5m or 90s\n" },
        { HEAD SALE "signature: none\nallow: 203.0.113.7\npayout: {max: 5}\nrequire_click: on\n",
          "" },
        { HEAD SALE "allow: [203.0.113.5/24, \"::/0\"]\n",
          "o.yaml:6:9 error C055 `allow`: \"203.0.113.5/24\" names a host inside of the network | "
          "write 203.0.113.5 for that host alone, or the network's first address before the /\n" },
        { HEAD SALE "allow: []\n",
          "o.yaml:6:8 error C055 `allow`: the list is empty, so nobody could send anything | list "
          "networks, or leave the key out: then everybody may who has the key\n" },
        { HEAD SALE "payout: {min: 5, max: 4.99}\n",
          "o.yaml:6:1 error M067 the smallest payout lies above the largest, so every one would be "
          "quarantined | swap them\n" },
        { HEAD SALE "fields: {click_id: [key], subid: [x], payout: {from: p, as: unix}, time: "
          "{from: t, as: unx, zone: Berlin}, ttclid: [], txid: {as: any}}\n",
          "o.yaml:6:21 error M006 a secret can't be read: \"key\" | secrets are neither "
          "sent nor stored; send what is needed under another name\n"
          "o.yaml:6:27 error M005 there is no field \"subid\"\n"
          "o.yaml:6:57 error M002 `as` does not belong to payout | only time and "
          "click_time have a form and a zone\n"
          "o.yaml:6:88 error M024 `as` can't be \"unx\" | did you mean \"unix\"?\n"
          "o.yaml:6:99 error M002 \"Berlin\" is not a time zone | write it like "
          "\"+02:00\" or UTC\n"
          "o.yaml:6:126 error M003 `from:` is missing | name the parameter: {from: "
          "click_ts, as: unix}\n"
          "o.yaml:6:127 error M002 `as` does not belong to txid | only time and "
          "click_time have a form and a zone\n" },
        { HEAD SALE "fields: {txid: [a, auth.TOKEN], status: Sig}\n",
          "o.yaml:6:20 error M006 a secret can't be read: \"auth.TOKEN\" | secrets are "
          "neither sent nor stored; send what is needed under another name\n"
          "o.yaml:6:41 error M006 a secret can't be read: \"Sig\" | secrets are neither "
          "sent nor stored; send what is needed under another name\n" },
        { HEAD "events: {Sale: Purchase, refnd: ignore, trial: StartTrial}\n"
          "stages: {Sale: [x], \"1x\": [y], trial: [t, T], lead: [t], sale: paid}\n",
          "o.yaml:5:10 error M007 no mapping has a stage \"Sale\" | did you mean "
          "\"sale\"?\n"
          "o.yaml:5:26 error M007 no mapping has a stage \"refnd\" | did you mean "
          "\"refund\"?\n"
          "o.yaml:6:10 error M007 \"Sale\": names of stages are case-sensitive | write "
          "sale\n"
          "o.yaml:6:21 error M007 \"1x\" can't be the name of a stage | letters, digits, "
          "- and _, at most 40, beginning with a letter\n"
          "o.yaml:6:54 error M015 \"t\" is listed for trial already (line 6) | a word "
          "can mean one stage only; case makes no difference\n" },
        { HEAD SALE "default_stage: sold\n"
          "decimal: dot\n",
          "o.yaml:6:16 error M024 `default_stage` can't be \"sold\" | did you "
          "mean \"hold\"?\n"
          "o.yaml:7:10 error M024 `decimal` can't be \"dot\" | one of: point, comma\n" },
        { HEAD,
          "o.yaml:1:1 error M003 `events:` is missing | say what is sent: events: {sale: "
          "{event: Purchase, value: payout}}\n" },
        { HEAD "events:\n",
          "o.yaml:5:8 error M002 `events` must be a map (key: value), but this is empty | "
              "write a value behind it, or take the key out\n" },
        { HEAD "events: []\n",
          "o.yaml:5:9 error M002 `events` must be a map (key: value), but this is a "
          "list | "
              "write its keys below it, or {key: value}\n" },
        { HEAD "events: {}\n",
          "o.yaml:5:9 error M002 `events` has no stage, so nothing would ever be sent | "
          "say what is sent: events: {sale: {event: Purchase, value: payout}}\n" },
        { HEAD "events: {sale: , lead: [], rejected: {}, rebill: [[Lead]]}\n",
          "o.yaml:5:16 error M002 an event must be text, but this is empty | "
              "write a value behind it, or take the key out\n"
          "o.yaml:5:24 error M002 a stage needs an event | write `ignore`, or an event\n"
          "o.yaml:5:38 error M003 `event:` is missing | name it: {event: Purchase, "
          "value: payout}\n"
          "o.yaml:5:51 error M002 an event must be a map (key: value), but this is a "
          "list | "
              "write its keys below it, or {key: value}\n" },
        { HEAD "events: {sale: CompletePayment, lead: ClickButton, rebill: purchase, refund: "
          "Purchse, rejected: 1st, chargeback: \"a b\"}\n",
          "o.yaml:5:16 note M020 CompletePayment is the old name of Purchase, which is "
          "what will be sent\n"
          "o.yaml:5:39 warning M020 TikTok drops ClickButton in 2027 | use a custom "
          "event name instead\n"
          "o.yaml:5:60 error M008 \"purchase\": names of events are case-sensitive | "
          "write Purchase\n"
          "o.yaml:5:78 warning M008 \"Purchse\" is not a standard event; it will be sent "
          "as a custom one | did you mean \"Purchase\"?\n"
          "o.yaml:5:97 error M008 \"1st\" can't be the name of an event: must start with "
          "a letter | one of "
              "TikTok's standard events, or a letter and then letters, digits, - and _, at most "
              "50\n"
          "o.yaml:5:114 error M008 \"a b\" can't be the name of an event: may hold only "
          "letters, digits, '_' and '-' | one of "
              "TikTok's standard events, or a letter and then letters, digits, - and _, at most "
              "50\n" },
        { HEAD "events: {sale: [ignore, Purchase], lead: Ignore, rejected: {event: ignore}, "
          "refund: ignore}\n",
          "o.yaml:5:17 error M008 \"ignore\" can't be the name of an event | to ignore a "
          "stage, write its name and the word alone: rejected: ignore\n"
          "o.yaml:5:42 error M008 \"Ignore\" can't be the name of an event | to ignore a "
          "stage, write its name and the word alone: rejected: ignore\n"
          "o.yaml:5:68 error M008 \"ignore\" can't be the name of an event | to ignore a "
          "stage, write its name and the word alone: rejected: ignore\n" },
        { HEAD "events: {sale: [Purchase, CompletePayment, Lead]}\n",
          "o.yaml:5:27 note M020 CompletePayment is the old name of Purchase, which is "
          "what will be sent\n"
          "o.yaml:5:27 error M021 the stage sale sends Purchase already | TikTok would "
          "count them once; use another event\n" },
        { HEAD "events: {sale: [e0, e1, e2, e3, e4, e5, e6, e7, e8]}\n",
          "o.yaml:5:16 error M002 at most 8 events can come of one stage\n" },
        { HEAD "value_currency: USD\n"
          "events: {sale: {event: Purchase, value: -5}, lead: {event: Lead, value: 1e3}, "
          "rebill: {event: Lead, value: pay}, refund: {event: Lead, value: \"1,5\"}, "
          "chargeback: {event: Lead, value: 1.1234567}}\n",
          "o.yaml:6:41 error M009 `value` must be an amount, but \"-5\" is negative | "
          "write it like 12.50\n"
          "o.yaml:6:73 error M009 `value` must be an amount, but \"1e3\" is written with "
          "an exponent | write it like 12.50\n"
          "o.yaml:6:108 error M009 `value` can't be \"pay\" | a number, payout, a share of it such "
          "as 80%, {tiers: {...}, by: ...}, {table: {...}, by: ...} or {model: NAME}\n"
          "o.yaml:6:143 error M009 `value` must be an amount, but \"1,5\" is not a "
          "number | write it like 12.50\n"
          "o.yaml:6:184 error M009 `value` must be an amount, but \"1.1234567\" has more "
          "than six decimals | write it like 12.50\n" },
        { HEAD "value_currency: USD\n"
          "events: {sale: {event: Purchase, value: payout, currency: EUR}, lead: {event: "
          "Lead, min: 1}, rebill: {event: Lead, value: 5, currency: EURO}, refund: "
          "{event: Lead, value: 5, min: 3, max: 2}}\n",
          "o.yaml:6:49 error M022 `currency` belongs to a fixed value | a payout's "
          "currency comes with the postback, or from payout_currency\n"
          "o.yaml:6:85 error M022 `min` without a `value` | add value: payout\n"
          "o.yaml:6:136 error M014 `currency`: \"EURO\" is not a currency code | three "
          "letters, such as USD or EUR (ISO 4217)\n"
          "o.yaml:6:180 error M022 `min` is larger than `max` | correct one of the "
              "two, or swap them\n" },
        { HEAD "value_currency: USD\n"
          "events: {sale: {event: Purchase, value: payout, percent: 0}, lead: {event: "
          "Lead, value: 5, percent: 100.5}, rebill: {event: Lead, value: 5, percent: "
          "100}}\n",
          "o.yaml:6:58 error M022 with 0 percent the value would always be 0 | leave "
          "`value` out to send none\n"
          "o.yaml:6:101 warning M022 `percent` is above 100: more than the value will be "
          "sent\n" },
        { HEAD "value_currency: XXX\n"
          "events: {sale: Purchase}\n",
          "o.yaml:5:17 error M014 `value_currency`: TikTok does not take XXX | take USD, or "
              "another that it takes, and let rates.yaml convert\n" },
        { HEAD "value_currency: usd\n"
          "events: {sale: Purchase}\n",
          "" },
        { HEAD "payout_currency: US\n"
          "events: {sale: Purchase}\n",
          "o.yaml:5:18 error M014 `payout_currency`: \"US\" is not a currency code | "
          "three letters, such as USD or EUR (ISO 4217)\n" },
        { HEAD "events: {sale: {event: Purchase, value: payout}, lead: {event: Lead, value: "
          "5}, rebill: {event: Lead, value: 5, currency: GEL}, refund: {event: Lead, "
          "value: payout, max: 5}}\n",
          "o.yaml:5:41 warning M022 a postback without a currency will be quarantined | "
          "add value_currency: USD\n"
          "o.yaml:5:77 error M022 a value without a currency | add value_currency: USD\n"
          "o.yaml:5:110 error M014 TikTok does not take GEL | add value_currency: USD\n"
          "o.yaml:5:158 warning M022 a postback without a currency will be quarantined | "
          "add value_currency: USD\n"
          "o.yaml:5:158 warning M022 `min` and `max` count in whatever currency a "
          "postback names | add value_currency: USD\n" },
        { HEAD "payout_currency: GEL\n"
          "events: {sale: {event: Purchase, value: payout}}\n",
          "o.yaml:6:41 warning M014 TikTok does not take GEL | add value_currency: USD\n" },
        { HEAD "value_currency: USD\n"
          "events: {sale: {event: Purchase, value: {tiers: {}, by: \"{param.q}\"}}, "
          "lead: {event: Lead, value: {tiers: {a: 1, A: 2, b: x}, by: \"{param.q}\", "
          "default: c}}, rebill: {event: Lead, value: {by: \"{txid}\"}}, refund: {event: "
          "Lead, value: {tiers: {a: 1}}}, chargeback: {event: Lead, value: {param.x}}}\n",
          "o.yaml:6:49 error M022 `tiers` has no tier | write {tiers: {raw: 10}, by: "
          "\"{param.x}\"}\n"
          "o.yaml:6:114 error M022 the tier \"A\" stands there already | case makes no "
          "difference: keep one of them\n"
          "o.yaml:6:123 error M009 a tier can't be \"x\" | an amount, payout, or a share of it "
          "such as 80%\n"
          "o.yaml:6:153 error M024 `default`: there is no tier \"c\" | name one of the "
          "tiers\n"
          "o.yaml:6:187 error M003 `table:` is missing | write {table: {DE: 12.50}, by: "
          "\"{param.country}\"}, {tiers: ...} or {model: NAME}\n"
          "o.yaml:6:233 error M003 `by:` is missing | say what chooses the tier: by: "
          "\"{param.quality}\"\n"
          "o.yaml:6:284 error M003 `table:` is missing | write {table: {DE: 12.50}, by: "
          "\"{param.country}\"}, {tiers: ...} or {model: NAME}\n"
          "o.yaml:6:285 error M001 unknown key \"param.x\" in `value` | one of: table, "
          "by, default\n" },
        { HEAD SALE "properties: {value: 5, contnet_type: product, content_type: products, "
          "num_items: 2.5, order_id: , content_ids: [a, \"{txd}\"], contents: [{price: "
          "cheap, quantity: 99999999999999999999, contnt_id: x}, 5]}\n",
          "o.yaml:6:14 error M012 `properties` has no \"value\"; TikTok would silently "
          "drop it | value and currency come from the event's rule: {event: Purchase, "
          "value: payout}\n"
          "o.yaml:6:24 error M012 `properties` has no \"contnet_type\"; TikTok would "
          "silently drop it | did you mean \"content_type\"?\n"
          "o.yaml:6:61 error M024 content_type can't be \"products\" | did you mean "
          "\"product\"?\n"
          "o.yaml:6:82 error M009 num_items must be a whole number, but \"2.5\" is none\n"
          "o.yaml:6:97 error M002 this property must be text, but this is empty | "
              "write a value behind it, or take the key out\n"
          "o.yaml:6:116 error M006 unknown field \"txd\" | did you mean \"txid\"?\n"
          "o.yaml:6:145 error M009 this property must be an amount, but \"cheap\" is not "
          "a number | write it like 12.50\n"
          "o.yaml:6:162 error M009 quantity must be a whole number, but "
          "\"99999999999999999999\" is none\n"
          "o.yaml:6:184 error M012 `contents` has no \"contnt_id\"; TikTok would "
          "silently drop it | did you mean \"content_id\"?\n"
          "o.yaml:6:199 error M002 `contents` must be a map (key: value), but this is "
          "text | "
              "write its keys below it, or {key: value}\n" },
        { HEAD SALE "properties: {order_id: {txid}, description: \"{param.key}\", search_string: "
          "\"{param.a.Token}\"}\n",
          "o.yaml:6:24 error M002 this property must be text, but this is a map | put it "
          "in quotes: \"{txid}\"\n"
          "o.yaml:6:45 error M006 a secret can't be read: \"key\" | secrets are neither "
          "sent nor stored; send what is needed under another name\n"
          "o.yaml:6:75 error M006 a secret can't be read: \"a.Token\" | secrets are "
          "neither sent nor stored; send what is needed under another name\n" },
        { HEAD SALE "user: {email: jane, emial: \"{param.email}\", ttclid: \"{ttclid}\", phone: "
          "{from: \"{param.p}\", country: Germany}, external_id: {param.x}, city: "
          "Berlin, first_name: {from: \"{param.n}\", country: DE}, zip_code: {country: "
          "US}}\n",
          "o.yaml:6:15 error M006 email would be the same for every visitor | name the "
          "parameter that holds it: \"{param.NAME}\"\n"
          "o.yaml:6:21 error M013 `user` has no \"emial\" | did you mean \"email\"?\n"
          "o.yaml:6:45 error M013 `user` has no \"ttclid\" | ttclid is sent by itself; say in "
          "`fields:` where it comes from\n"
          "o.yaml:6:101 error M023 \"Germany\" is not a country code | two letters, such "
          "as DE or US (ISO 3166), or a template that gives them: country: \"{country}\"\n"
          "o.yaml:6:124 error M002 a match key must be text, but this is a map | put it "
          "in quotes: \"{param.x}\"\n"
          "o.yaml:6:181 error M002 `country` does not belong to first_name | only "
          "phone, zip_code and state depend on a country\n"
          "o.yaml:6:205 error M003 `from:` is missing | write {from: \"{param.phone}\", "
          "country: DE}\n" },
        { HEAD SALE "user: {email: [a, \"{param.b}\"], city: [x, y], phone: [], external_id: "
          "{from: \"{param.e}\", split: ab}, first_name: {from: \"{param.f}\", split: \",\"}}\n",
          "o.yaml:6:16 error M006 email would be the same for every visitor | name the "
          "parameter that holds it: \"{param.NAME}\"\n"
          "o.yaml:6:39 error M055 city is one value, not a list | TikTok takes several values of "
          "email, phone and external_id only; for a choice between parameters see `fields:`\n"
          "o.yaml:6:54 error M055 a list of 0 values of phone | one to ten, one each line\n"
          "o.yaml:6:98 error M056 \"ab\" can't separate the values of external_id | write split: "
          "\",\" or split: \",;\": each character of it separates\n"
          "o.yaml:6:135 error M002 `split` does not belong to first_name | TikTok takes several "
          "values of email, phone and external_id only\n" },
        { HEAD SALE "user: {ip: 1.2.3.4, ttp: \"{offer}\", user_agent: x, phone: {from: "
          "[\"{param.p}\", {param.q}], split: \" \", country: \"{param.}\"}, state: Bayern}\n",
          "o.yaml:6:12 error M006 ip would be the same for every visitor | name the "
          "parameter that holds it: \"{param.NAME}\"\n"
          "o.yaml:6:26 error M006 ttp would be the same for every visitor | name the "
          "parameter that holds it: \"{param.NAME}\"\n"
          "o.yaml:6:49 error M006 user_agent would be the same for every visitor | name the "
          "parameter that holds it: \"{param.NAME}\"\n"
          "o.yaml:6:80 error M002 a match key must be text, but this is a map | put it in "
          "quotes: \"{param.q}\"\n"
          "o.yaml:6:99 error M056 \" \" can't separate the values of phone | write split: "
          "\",\" or split: \",;\": each character of it separates\n"
          "o.yaml:6:113 error M006 no parameter is named in \"{param.}\" | write {param.NAME}\n" },
        { HEAD SALE "consent: {from: \"{consent}\", granted: , otherwise: ask}\n",
          "o.yaml:6:39 error M002 `granted` must be a list [a, b], but this is empty | "
              "write a value behind it, or take the key out\n"
          "o.yaml:6:52 error M024 `otherwise` can't be \"ask\" | one of: drop, "
          "anonymize, limited\n" },
        { HEAD SALE "consent: {}\n",
          "o.yaml:6:10 error M003 `from:` is missing | say where the decision stands: "
          "from: \"{consent}\"\n"
          "o.yaml:6:10 error M003 `granted:` is missing | list the words that mean yes: "
          "granted: [\"1\", yes]\n"
          "o.yaml:6:10 error M003 `otherwise:` is missing | choose drop, anonymize or "
          "limited\n" },
        { HEAD SALE "consent: yes\n",
          "o.yaml:6:10 error M002 `consent` must be a map (key: value), but this is "
          "text | "
              "write its keys below it, or {key: value}\n" },
        { HEAD SALE "tests: [{given: \"?a=1\", expcet: {}}, {name: x, expect: {verdict: }}, 5]\n",
          "o.yaml:6:25 error M001 unknown key \"expcet\" in a test | did you mean "
          "\"expect\"?\n"
          "o.yaml:6:38 error M003 `given:` is missing | give it a postback: given: "
          "\"?subid=...\"\n"
          "o.yaml:6:66 error M002 an expected value must be text, but this is empty | "
              "write a value behind it, or take the key out\n"
          "o.yaml:6:70 error M002 a test must be a map (key: value), but this is text | "
              "write its keys below it, or {key: value}\n" },
        { HEAD SALE "tests: {}\n",
          "o.yaml:6:8 error M002 `tests` must be a list [a, b], but this is a map | "
              "write a list: [a, b]\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mapping_bench b;
        struct offer *offer;
        mapping_bench_open(&b, files, 0);
        offer = mapping_bench_load(&b, "o.yaml", slice_from(rows[i].text));
        if (strcmp(mapping_bench_problems(&b), rows[i].expected) != 0)
            fail_msg("row %zu:\n%s\nexpected\n%s\ngot\n%s", i, rows[i].text, rows[i].expected,
                     mapping_bench_problems(&b));
        assert_int_equal(offer == NULL, b.diags.errors > 0);
        mapping_bench_close(&b);
    }
}

/* A key that was written into the file itself is named by its line, and not shown. */
static void no_secret_is_shown(void **state)
{
    static const char *const texts[] = {
        HEAD SALE "key: 0123456789secret\n",
        HEAD SALE "key: {value: 0123456789secret}\n",
        HEAD SALE "key: [0123456789secret]\n",
        HEAD SALE "key: {file: ./k, was: 0123456789secret}\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        struct mapping_bench b;
        struct buf out = { 0 };
        mapping_bench_open(&b, files, 0);
        assert_null(mapping_bench_load(&b, "o.yaml", slice_from(texts[i])));
        diags_print(&out, &b.diags);
        assert_int_equal(slice_find(buf_slice(&out), S("secret\n")), out.len);
        assert_int_equal(slice_find(buf_slice(&out), S("0123")), out.len);
        assert_true(slice_find(buf_slice(&out), S("o.yaml:6:1: error[C003]")) < out.len);
        buf_free(&out);
        mapping_bench_close(&b);
    }
}

/* Twenty mistakes in one file, and each is found in one run. */
static void twenty_mistakes(void **state)
{
    static const char text[] =
        "version: 3\n"                                              /* 1 */
        "offer: my offer\n"                                         /* 2 */
        "extends: keitaro\n"
        "pixel: C9-EXAMPLE\n"                                       /* 3 */
        "page_url: lander.example\n"                                /* 4 */
        "origins: [https://lander.example/]\n"                      /* 5 */
        "value_currency: USDT\n"                                    /* 6 */
        "vlaue: 1\n"                                                /* 7 */
        "fields: {clickid: [a], time: {from: t, as: epoch}}\n"      /* 8, 9 */
        "stages: {sale: [paid], lead: [Paid]}\n"                    /* 10 */
        "events:\n"
        "  sale: {event: purchase, value: payuot}\n"                /* 11, 12 */
        "  lead: {event: Lead, min: 1}\n"                           /* 13 */
        "  trail: Lead\n"                                           /* 14 */
        "properties:\n"
        "  contentid: x\n"                                          /* 15 */
        "  order_id: \"{txid\"\n"                                   /* 16 */
        "user:\n"
        "  mail: \"{param.email}\"\n"                               /* 17 */
        "  phone: {from: \"{param.p}\", country: DEU}\n"            /* 18 */
        "consent: {from: \"{consent}\", granted: [yes]}\n"          /* 19 */
        "tests: [{expect: {verdict: queued}}]\n";                   /* 20 */
    static const char *const found[] = {
        "o.yaml:1:10 error M004",  "o.yaml:2:8 error M018",   "o.yaml:4:8 error M016",
        "o.yaml:5:11 error M017",  "o.yaml:6:11 error M017",  "o.yaml:7:17 error M014",
        "o.yaml:8:1 error M001",   "o.yaml:9:10 error M005",  "o.yaml:9:44 error M024",
        "o.yaml:10:31 error M015", "o.yaml:12:17 error M008", "o.yaml:12:34 error M009",
        "o.yaml:13:23 error M022", "o.yaml:14:3 error M007",  "o.yaml:16:3 error M012",
        "o.yaml:17:13 error M006", "o.yaml:19:3 error M013",  "o.yaml:20:39 error M023",
        "o.yaml:21:10 error M003", "o.yaml:22:9 error M003",
    };
    struct mapping_bench b;

    (void)state;
    mapping_bench_open(&b, files, 0);
    assert_null(mapping_bench_load(&b, "o.yaml", slice_from(text)));
    for (size_t i = 0; i < sizeof(found) / sizeof(*found); i++)
        if (!strstr(mapping_bench_problems(&b), found[i]))
            fail_msg("%s is missing in\n%s", found[i], mapping_bench_problems(&b));
    assert_int_equal(b.diags.errors, 20);
    mapping_bench_close(&b);
}

/* A mistake in a file that many offers extend is told once; each offer fails all the same. */
static void shared_mistakes_once(void **state)
{
    struct mapping_bench b;
    unsigned first;

    (void)state;
    mapping_bench_open(&b, files, 0);
    for (int i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof(name), "o%d.yaml", i);
        assert_null(mapping_bench_load(
            &b, name, S("version: 1\noffer: o\nextends: broken\npixel: C9X\n" SALE)));
        if (i == 0)
            first = b.diags.errors;
        assert_int_equal(b.diags.errors, first);
    }
    assert_int_equal(first, 3);
    mapping_bench_close(&b);
}

static struct slice stage_of(const struct offer *o, const char *word)
{
    const struct stage_word *w = mapping_word(o, slice_from(word));

    return w ? w->stage : S("none");
}

static void assert_text(struct slice got, const char *expected)
{
    if (!slice_eq(got, slice_from(expected)))
        fail_msg("expected %s, got %.*s", expected, SLICE_ARG(got));
}

static struct offer *good(struct mapping_bench *b, const char *text)
{
    struct offer *o = mapping_bench_load(b, "o.yaml", slice_from(text));

    if (!o)
        fail_msg("%s", mapping_bench_problems(b));
    return o;
}

static void whole_offer(void **state)
{
    static const char text[] =
        "version: 1\noffer: nutra\nextends: keitaro\npixel: C9X\n"
        "page_url: https://l.example/\norigins: [https://l.example, http://localhost:8000]\n"
        "value_currency: usd\npayout_currency: eur\ndecimal: comma\nkey: {file: ./own}\n"
        "events:\n"
        "  lead: {event: SubmitForm, value: {tiers: {raw: 10, ok: 30.5}, by: \"{param.q}\", "
        "default: raw}}\n"
        "  sale: [{event: Purchase, value: payout, percent: 40, min: 0.01, max: 500}, Subscribe]\n"
        "  rebill: {event: My_Event, value: 7, currency: gel, repeatable: yes}\n"
        "  rejected: ignore\n"
        "properties: {content_ids: [a, \"{txid}\"], contents: [{price: value, quantity: 2}]}\n"
        "user: {phone: {from: \"{param.p}\", country: de}, city: \"{param.c}\"}\n"
        "consent: {from: \"{consent}\", granted: yes, otherwise: limited}\n"
        "tests: [{given: \"?a=1\", click: \"?b=2\", expect: {verdict: ignored}}]\n";
    struct mapping_bench b;
    const struct stage_rule *r;
    struct offer *o;

    (void)state;
    mapping_bench_open(&b, files, 0);
    o = good(&b, text);
    assert_text(o->name, "nutra");
    assert_text(o->file, "o.yaml");
    assert_string_equal(o->tracker->name, "keitaro");
    assert_text(o->tracker_name, "keitaro");
    assert_text(o->value_currency, "USD");
    assert_text(o->payout_currency, "EUR");
    assert_text(o->default_stage, "sale");
    assert_text(o->access.key.file.text, "./own");
    assert_false(o->access.key.file.credential);
    assert_int_equal(o->mark, MONEY_MARK_COMMA);
    assert_int_equal(o->origin_count, 2);
    assert_int_equal(o->rule_count, 4);
    r = mapping_rule(o, S("lead"));
    assert_text(r->events->event, "Lead");
    assert_int_equal(r->events->value.kind, VALUE_TABLE);
    assert_true(r->events->value.table.tiers);
    assert_int_equal(r->events->value.table.count, 2);
    assert_int_equal(mapping_value_entry(&r->events->value.table, S("OK"))->amount.fixed.micros,
                     30500000);
    assert_text(r->events->value.table.otherwise_name, "raw");
    assert_int_equal(r->events->value.table.otherwise->fixed.micros, 10000000);
    r = mapping_rule(o, S("sale"));
    assert_int_equal(r->at.line, 13);
    assert_int_equal(r->events->value.percent.micros, 40000000);
    assert_int_equal(r->events->value.min.micros, 10000);
    assert_text(r->events->next->event, "Subscribe");
    assert_int_equal(r->events->next->value.kind, VALUE_NONE);
    assert_null(r->events->next->next);
    r = mapping_rule(o, S("rebill"));
    assert_true(r->events->repeatable);
    assert_text(r->events->value.currency, "GEL");
    assert_true(mapping_rule(o, S("rejected"))->ignore);
    assert_null(mapping_rule(o, S("refund")));
    assert_int_equal(o->property_count, 2);
    assert_int_equal(o->properties[0].item_count, 2);
    assert_true(o->properties[1].contents[0].list[0].is_value);
    assert_int_equal(o->user_count, 2);
    assert_text(o->user[0].country.raw, "de");
    assert_int_equal(o->consent.otherwise, CONSENT_LIMITED);
    assert_int_equal(o->consent.granted_count, 1);
    assert_int_equal(o->param_count, 3);
    assert_int_equal(o->test_count, 1);
    assert_text(o->tests[0].click, "?b=2");
    assert_string_equal(mapping_bench_problems(&b),
                        "o.yaml:12:17 note M020 SubmitForm is the old name of Lead, which is what "
                        "will be sent\n");
    mapping_bench_close(&b);
}

/* What a nearer file says wins: fields are replaced, words move, single values are overridden. */
static void nearer_files_win(void **state)
{
    static const struct bench_file parents[] = {
        { "base", "version: 1\ntracker: base\nfields: {click_id: [a], txid: [t], ip: [ip]}\n"
                  "stages: {sale: [paid, ok], trial: [free]}\ndefault_stage: sale\ndecimal: point\n"
                  "payout_currency: EUR\n" },
        { "mine", "version: 1\ntracker: keitaro\nextends: base\nfields: {txid: [x, y]}\n"
                  "stages: {lead: [OK], trial: try}\n" },
        { NULL, NULL },
    };
    struct mapping_bench b;
    struct offer *o;

    (void)state;
    mapping_bench_open(&b, parents, 0);
    o = good(&b, "version: 1\noffer: o\nextends: mine\npixel: C9X\nvalue_currency: USD\n"
                 "fields: {ip: []}\nstages: {upsell: [paid]}\ndefault_stage: upsell\n"
                 "decimal: comma\nevents: {upsell: Purchase, trial: StartTrial}\n");
    assert_string_equal(o->tracker->name, "keitaro");
    assert_int_equal(o->fields[FIELD_CLICK_ID].count, 1);
    assert_int_equal(o->fields[FIELD_TXID].count, 2);
    assert_text(o->fields[FIELD_TXID].names[0], "x");
    assert_text(o->fields[FIELD_TXID].at.source->name, "mine");
    assert_int_equal(o->fields[FIELD_IP].count, 0);
    assert_text(stage_of(o, "ok"), "lead");
    assert_text(stage_of(o, "Paid"), "upsell");
    assert_text(stage_of(o, "FREE"), "trial");
    assert_text(stage_of(o, "try"), "trial");
    assert_text(stage_of(o, "else"), "none");
    assert_text(o->default_stage, "upsell");
    assert_int_equal(o->mark, MONEY_MARK_COMMA);
    assert_text(o->payout_currency, "EUR");
    assert_true(mapping_has_stage(o, S("chargeback")));
    assert_false(mapping_has_stage(o, S("Paid")));
    mapping_bench_close(&b);
}

static void tracker_mappings(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        { "version: 1\ntracker: t\nfields: {click_id: c}\n", "" },
        { "version: 1\ntracker: t\nextends: keitaro\n", "" },
        { "version: 1\ntracker: t\n",
          "t.yaml:1:1 error M003 nothing says where click_id or ttclid comes from | extend a "
          "tracker mapping: extends: keitaro\n" },
        { "version: 1\nfields: {click_id: c}\nevents: {}\n",
          "t.yaml:1:1 error M003 `tracker:` is missing | name it: tracker: keitaro\n"
          "t.yaml:3:1 error M001 unknown key \"events\" in a tracker mapping\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mapping_bench b;
        int rc;
        mapping_bench_open(&b, files, 0);
        rc = mapping_bench_check(&b, "t.yaml", slice_from(rows[i].text));
        assert_string_equal(mapping_bench_problems(&b), rows[i].expected);
        assert_int_equal(rc, *rows[i].expected ? -1 : 0);
        mapping_bench_close(&b);
    }
    assert_true(mapping_is_offer(S("version: 1\noffer: x\n")));
    assert_false(mapping_is_offer(S("version: 1\ntracker: x\n")));
    assert_true(mapping_is_offer(S("")));
}

/* Too many of anything is said, once, and never cut. */
static void too_many(void **state)
{
    static const struct {
        const char *head, *item, *tail, *expected;
        int n;
    } rows[] = {
        { HEAD SALE "stages: {sale: [", "w%d, ", "w]}", "error M015 more than 512 words", 600 },
        { HEAD SALE "stages: {", "s%d: x%d, ", "}", "error M015 more than 64 stages", 80 },
        { HEAD SALE "properties: {order_id: \"", "{{", "\"}", "error M006 too many parts in", 40 },
        { HEAD SALE "properties: {order_id: \"", "{param.a%d}", "\"}",
          "error M006 too many parts in", 33 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct mapping_bench b;
        struct buf text = { 0 };
        mapping_bench_open(&b, files, 0);
        buf_puts(&text, rows[i].head);
        for (int k = 0; k < rows[i].n; k++) {
            struct slice item = slice_from(rows[i].item), part;
            while (item.len) { /* each %d is k */
                part = slice_head(item, slice_find(item, S("%d")));
                buf_add(&text, part);
                if (part.len < item.len)
                    buf_i64(&text, k);
                item = slice_from_at(item, part.len + 2);
            }
        }
        buf_puts(&text, rows[i].tail);
        assert_null(mapping_bench_load(&b, "o.yaml", buf_slice(&text)));
        if (!strstr(mapping_bench_problems(&b), rows[i].expected) || b.diags.errors != 1)
            fail_msg("row %zu: %u errors\n%s", i, b.diags.errors, mapping_bench_problems(&b));
        buf_free(&text);
        mapping_bench_close(&b);
    }
}

/* Whatever the room, an offer comes whole or not at all. */
static void any_room(void **state)
{
    static const char *const texts[] = {
        HEAD
        "value_currency: USD\n"
        "events: {sale: {event: Purchase, value: payout}, lead: {event: Lead, value: {tiers: {a: "
        "1}, by: \"{param.q}\"}}, sal: Purchase}\n"
        "properties: {order_id: \"{txid}\", contents: [{price: value}], ordr: 1}\n"
        "user: {email: \"{param.email}\", emial: 1}\n"
        "consent: {from: \"{consent}\", granted: [yes], otherwise: drop}\nevnets: 1\n",
        HEAD SALE "user: {email: \"{param.email}\"}\nkey: x\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        for (size_t limit = 1; limit < 200000; limit += limit < 4000 ? 61 : 997) {
            struct mapping_bench b;
            struct buf out = { 0 };
            mapping_bench_open(&b, files, limit);
            assert_null(mapping_bench_load(&b, "o.yaml", slice_from(texts[i])));
            assert_true(b.arena.full || b.diags.errors > 0);
            diags_print(&out, &b.diags);
            buf_free(&out);
            mapping_bench_close(&b);
        }
    }
    for (size_t limit = 1; limit < 200000; limit += 499) {
        struct mapping_bench b;
        struct offer *o;
        mapping_bench_open(&b, files, limit);
        o = mapping_bench_load(&b, "o.yaml",
                               S(HEAD SALE "properties: {order_id: \"{param.x}\"}\n"));
        if (o)
            assert_true(o->rule_count == 1 && o->property_count == 1 && o->param_count == 1 &&
                        mapping_word(o, S("approved")) && !b.arena.full);
        mapping_bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems),           cmocka_unit_test(no_secret_is_shown),
        cmocka_unit_test(twenty_mistakes),    cmocka_unit_test(shared_mistakes_once),
        cmocka_unit_test(whole_offer),        cmocka_unit_test(nearer_files_win),
        cmocka_unit_test(tracker_mappings),   cmocka_unit_test(too_many),
        cmocka_unit_test(any_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
