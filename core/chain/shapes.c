#include "core/chain/shapes.h"

#include "core/chain/chain.h"
#include "core/chain/url.h"

/* ---- failures: one key for each row of break_kinds ---- */

static const struct shape names = { SHAPE_LIST, .of = &shape_text };
static const struct shape empty_text = { SHAPE_TEXT, .pattern = "^$" };
static const struct shape *const new_value_ways[] = { &shape_text, &empty_text, NULL };
static const struct shape new_value = { SHAPE_EITHER, .either = new_value_ways };
static const struct shape new_values = { SHAPE_MAP, .min = 1, .of = &new_value };
static const struct shape *const all_or_names[] = { &shape_bool, &names, NULL };
static const struct shape *const map_or_names[] = { &shape_texts, &new_values, NULL };

static const struct shape takes[] = {
    [BREAK_FLAG] = { .kind = SHAPE_BOOL },
    [BREAK_NAMES] = { SHAPE_LIST, .of = &shape_text, .lone = true },
    [BREAK_ALL_OR_NAMES] = { SHAPE_EITHER, .either = all_or_names },
    [BREAK_MAP] = { SHAPE_MAP, .min = 1, .of = &shape_text },
    [BREAK_MAP_OR_NAMES] = { SHAPE_EITHER, .either = map_or_names },
    [BREAK_NUMBER] = { SHAPE_WHOLE, .min = 1, .max = URL_MAX_BYTES },
    [BREAK_HOST] = { SHAPE_TEXT, .pattern = "^[^/?#]+$" },
};

static bool break_row(struct arena *arena, size_t i, struct shape_key *out)
{
    const struct break_kind *k = break_kinds;

    (void)arena;
    for (; k->name && i; k++)
        i--;
    if (!k->name)
        return false;
    out->name = slice_from(k->name);
    out->is = &takes[k->takes];
    out->about = k->does;
    return true;
}

/* ---- hops ---- */

const struct slice hop_kind_names[] = {
    SLICE("redirect"),  SLICE("meta"),   SLICE("js"),
    SLICE("tracker"),   SLICE("lander"), SLICE("form"),
    SLICE("shortlink"), SLICE("app"),    { 0 },
};
static const struct shape kind = { SHAPE_WORD, .words = hop_kind_names };

static const struct slice redirects[] = { SLICE("301"), SLICE("302"), SLICE("303"),
                                          SLICE("307"), SLICE("308"), { 0 } };
static const struct shape status = { SHAPE_WORD, .words = redirects };
static const struct shape slots = { SHAPE_MAP, .of = &shape_text };

static const struct shape_key hop_keys[] = {
    SHAPE_KEY("name", &shape_text, "what messages call it", .otherwise = "hop N"),
    SHAPE_KEY("kind", &kind, "what it is", .required = "say what it is: kind: redirect"),
    SHAPE_KEY("to", &shape_text, "where it sends the visitor; only the last hop has none"),
    SHAPE_KEY("status", &status, "of a redirect's answer", .otherwise = "302, of a shortlink 301"),
    SHAPE_KEY("tracker", &shape_text,
              "which one: keitaro, bemob, binom, redtrack, voluum, generic"),
    SHAPE_KEY("params", &slots, "of a tracker: which URL parameter fills which of its slots"),
    SHAPE_KEY("script", &shape_bool, "of a lander: it has lander.js", .otherwise = "false"),
    SHAPE_KEY("decorate", &shape_bool,
              "of a lander: the script adds the ids to the link that leaves", .otherwise = "false"),
    SHAPE_KEY("event_id", &shape_text, "of a lander: its own pixel sends this event_id"),
    SHAPE_KEY("register", &shape_bool, "of a tracker: a server registers the click at once",
              .otherwise = "false"),
    SHAPE_KEY("double", &shape_bool, "of a meta refresh: two in a row", .otherwise = "false"),
    SHAPE_END,
};
const struct shape shape_hop = { SHAPE_MAP, "a hop", .keys = hop_keys, .row = break_row };
static const struct shape hops = { SHAPE_LIST, .min = 1, .max = CHAIN_HOPS_MAX, .of = &shape_hop };

/* ---- the rest ---- */

static const struct shape_key conversion_keys[] = {
    SHAPE_KEY("network", &shape_text,
              "the URL that the network calls; {x} is a parameter of the "
              "last page",
              .required = "the URL that the network calls: network: \"https://...?subid={sub1}\""),
    SHAPE_KEY("postback", &shape_text, "the offer's mapping, beside this file",
              .required = "the offer's mapping: postback: offers/nutra-de.yaml"),
    SHAPE_KEY("tracker_postback", &shape_text,
              "the postback URL in the tracker, where it is not the "
              "one that `urls` prints"),
    SHAPE_END,
};
const struct shape shape_conversion = { SHAPE_MAP, .keys = conversion_keys };

static const struct slice verdicts[] = { SLICE("kept"), SLICE("broken"), { 0 } };
static const struct shape verdict = { SHAPE_WORD, .words = verdicts };
static const struct shape_key verdict_keys[] = {
    SHAPE_KEY("verdict", &verdict, "what must come of it",
              .required = "verdict: kept, or verdict: broken"),
    SHAPE_KEY("at", &shape_text, "the hop where the baton drops"),
    SHAPE_KEY("code", &shape_text, "of the reason, such as H001"),
    SHAPE_END,
};
const struct shape shape_verdict = { SHAPE_MAP, .keys = verdict_keys };

static const struct shape_key chain_keys[] = {
    SHAPE_KEY("version", &shape_version, "of the language of this file",
              .required = "begin the file with: version: 1"),
    SHAPE_KEY("chain", &shape_text, "the chain's name",
              .required = "name it: chain: tiktok-keitaro-lander"),
    SHAPE_KEY("start", &shape_text, "the link in the ad, with TikTok's macros",
              .required = "the ad's link: start: \"https://...\""),
    SHAPE_KEY("auto_ttclid", &shape_bool, "TikTok appends its own ttclid", .otherwise = "false"),
    SHAPE_KEY("hops", &hops, "from the ad to the last page",
              .required = "list them: hops: [{kind: redirect, to: ...}]"),
    SHAPE_KEY("conversion", &shape_conversion, "the way back"),
    SHAPE_KEY("expect", &shape_verdict, "what `check` wants"),
    SHAPE_END,
};
const struct shape chain_shape = { SHAPE_MAP, "a redirect chain", .keys = chain_keys };
