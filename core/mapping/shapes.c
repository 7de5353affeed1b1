#include "core/mapping/shapes.h"

#include "core/mapping/build.h"

/* ---- what both kinds of file have ---- */

#define FROM_ROW                                                                                   \
    SHAPE_KEY("from", &shape_texts, "parameters it may come from; the first usable one wins",      \
              .required = "name the parameter: {from: click_ts, as: unix}")

static const struct shape zone = { SHAPE_TEXT,
                                   .pattern = "^([+-][0-9:]+|[Zz]|[Uu][Tt][Cc]|[Gg][Mm][Tt])$" };
static const struct shape when_form = { SHAPE_WORD, .words = when_form_names };

static const struct shape_key plain_field_keys[] = {
    FROM_ROW,
    SHAPE_END,
};
static const struct shape_key time_field_keys[] = {
    FROM_ROW,
    SHAPE_KEY("as", &when_form, "how the time is written", .otherwise = "any"),
    SHAPE_KEY("zone", &zone, "time zone where the text names none", .otherwise = "UTC"),
    SHAPE_END,
};
static const struct shape plain_field_map = { SHAPE_MAP, .keys = plain_field_keys };
const struct shape shape_time_field = { SHAPE_MAP, .keys = time_field_keys };

static const struct shape *const plain_field_ways[] = { &shape_texts, &plain_field_map, NULL };
static const struct shape *const time_field_ways[] = { &shape_texts, &shape_time_field, NULL };
static const struct shape plain_field = { SHAPE_EITHER, .either = plain_field_ways };
static const struct shape time_field = { SHAPE_EITHER, .either = time_field_ways };

static bool field_row(struct arena *arena, size_t i, struct shape_key *out)
{
    (void)arena;
    if (i >= FIELD_COUNT)
        return false;
    out->name = field_names[i];
    out->is = build_is_time((enum field)i) ? &time_field : &plain_field;
    out->about = field_about((enum field)i);
    out->id = (int)i;
    return true;
}
const struct shape shape_fields = { SHAPE_MAP, .row = field_row };

static const struct shape stage_name = { SHAPE_TEXT, .pattern = "^[A-Za-z][A-Za-z0-9_-]{0,39}$" };
static const struct shape stages = { SHAPE_MAP, .of = &shape_texts, .names = &stage_name };

static const struct shape after = {
    SHAPE_LIST, .of = &stage_name, .lone = true, .min = 1,
    .about = "stages; new: nothing was seen before; any, alone: no limit",
};
static const struct shape transitions = { SHAPE_MAP, .of = &after, .names = &stage_name, .min = 1 };

static const struct slice decimals[] = { SLICE("point"), SLICE("comma"), { 0 } };
static const struct shape decimal = { SHAPE_WORD, .words = decimals };

#define VERSION_ROW                                                                                \
    SHAPE_KEY("version", &shape_version, "of the language of this file",                           \
              .required = "begin the file with: version: 1")
#define SHARED_ROWS                                                                                \
    SHAPE_KEY("extends", &shape_text,                                                              \
              "a tracker mapping: a built-in name, one of `mappings:`, or "                        \
              "a path beside this file"),                                                          \
        SHAPE_KEY("fields", &shape_fields, "where each canonical field comes from"),               \
        SHAPE_KEY("stages", &stages, "the tracker's words for each stage, compared without case"), \
        SHAPE_KEY("transitions", &transitions,                                                     \
                  "the stages that each stage may come after, for one conversion"),                \
        SHAPE_KEY("default_stage", &stage_name,                                                    \
                  "the stage of a postback without a status; without "                             \
                  "this key it is quarantined"),                                                   \
        SHAPE_KEY("decimal", &decimal, "what an amount with one mark means, such as 1,234"),       \
        SHAPE_KEY("payout_currency", &shape_currency, "the payout's, when a postback names none"), \
        SHAPE_KEY("value_models", &shape_models, "values with a name, or the file that has them")

static const struct shape_key tracker_keys[] = {
    VERSION_ROW,
    SHAPE_KEY("tracker", &shape_text, "the tracker's name",
              .required = "name it: tracker: keitaro"),
    SHARED_ROWS,
    SHAPE_END,
};
const struct shape mapping_tracker_shape = { SHAPE_MAP, "a tracker mapping", .keys = tracker_keys };

/* ---- events ---- */

static const struct shape standard_event = { SHAPE_WORD, .words = event_standard_names };
static const struct shape custom_event = { SHAPE_TEXT, "a custom event",
                                           .pattern = "^[A-Za-z][A-Za-z0-9_-]{0,49}$" };
static const struct shape *const event_names[] = { &standard_event, &custom_event, NULL };
static const struct shape event_name = { SHAPE_EITHER, .either = event_names };

static const struct shape_key event_keys[] = {
    SHAPE_KEY("event", &event_name, "one of TikTok's standard events, or a custom name",
              .required = "name it: {event: Purchase, value: payout}"),
    SHAPE_KEY("value", &shape_value, "what the event is worth; without it no value is sent"),
    SHAPE_KEY("pixel", &shape_pixel, "where this event goes, instead of the offer's pixel"),
    SHAPE_KEY("repeatable", &shape_bool, "each transaction is an event of its own",
              .otherwise = "false"),
    SHAPE_END,
};
const struct shape shape_event = { SHAPE_MAP, "an event", .keys = event_keys,
                                   .row = shape_beside_value_row };

static const struct slice ignore_word[] = { SLICE("ignore"), { 0 } };
static const struct shape ignore = { SHAPE_WORD, "nothing is sent", .words = ignore_word };
static const struct shape *const one_event_ways[] = { &standard_event, &custom_event, &shape_event,
                                                      NULL };
static const struct shape one_event = { SHAPE_EITHER, .either = one_event_ways };
static const struct shape event_list = { SHAPE_LIST, "several events", .min = 1, .max = 8,
                                         .of = &one_event };
static const struct shape *const stage_ways[] = { &ignore,      &standard_event, &custom_event,
                                                  &shape_event, &event_list,     NULL };
static const struct shape stage = { SHAPE_EITHER, .either = stage_ways };
static const struct shape events = { SHAPE_MAP, .min = 1, .of = &stage, .names = &stage_name };

/* ---- properties ---- */

static const struct shape number = { SHAPE_TEMPLATE,
                                     .pattern = "^([0-9]+(\\.[0-9]{1,6})?|value)$" };
static const struct shape integer = { SHAPE_TEMPLATE, .pattern = "^[0-9]+$" };
static const struct shape templates = { SHAPE_LIST, .of = &shape_template, .lone = true };

static const struct shape *choices(struct arena *arena, struct slice list)
{
    struct shape *shape = ARENA_NEW(arena, struct shape);
    struct slice *words = ARENA_ARRAY(arena, struct slice, list.len + 1);

    if (!shape || !words)
        return &shape_template;
    *shape = (struct shape){ SHAPE_TEMPLATE, .words = words };
    while (slice_next(&list, ' ', words))
        words++;
    return shape;
}

static bool content_row(struct arena *arena, size_t i, struct shape_key *out);
static const struct shape content = { SHAPE_MAP, .row = content_row };
static const struct shape contents = { SHAPE_LIST, .of = &content };

static bool event_field_row(struct arena *arena, const struct event_field *table, size_t i,
                            struct shape_key *out)
{
    static const struct {
        const struct shape *is;
        const char *about;
    } types[] = {
        [EVENT_TEXT] = { &shape_template, "a text" },
        [EVENT_ENUM] = { NULL, "one of TikTok's words" },
        [EVENT_NUMBER] = { &number, "a number, or `value`: the event's own" },
        [EVENT_INTEGER] = { &integer, "a whole number" },
        [EVENT_TEXT_LIST] = { &templates, "a list of texts" },
        [EVENT_CONTENTS] = { &contents, "what was bought" },
    };

    for (size_t n = 0; n <= i; n++)
        if (!table[n].name.len)
            return false;
    out->name = table[i].name;
    out->about = types[table[i].type].about;
    out->is = table[i].type == EVENT_ENUM ? choices(arena, slice_from(table[i].choices))
                                          : types[table[i].type].is;
    return true;
}

static bool content_row(struct arena *arena, size_t i, struct shape_key *out)
{
    return event_field_row(arena, event_content_fields, i, out);
}

static bool property_row(struct arena *arena, size_t i, struct shape_key *out)
{
    return event_field_row(arena, event_property_fields, i, out);
}
static const struct shape properties = { SHAPE_MAP, .row = property_row };

/* ---- match keys, consent, tests ---- */

#define MATCH_REMEDY "write {from: \"{param.phone}\", country: DE}"
#define MATCH_ROW(shape)                                                                           \
    SHAPE_KEY("from", (shape), "where it comes from", .required = MATCH_REMEDY)
#define COUNTRY_ROW                                                                                \
    SHAPE_KEY("country", &country,                                                                 \
              "of numbers and codes that name none (ISO 3166), or a template; "                    \
              "without it the field `country` counts")
#define SPLIT_ROW                                                                                  \
    SHAPE_KEY("split", &split, "characters between several values in one parameter")

static const struct shape country = { SHAPE_TEMPLATE, .pattern = "^[A-Za-z]{2}$" };
static const struct shape split = { SHAPE_TEXT, .pattern = "^[,;|/ \\t\\n]{1,4}$" };
static const struct shape several = { SHAPE_LIST, .min = 1, .max = USER_VALUES_MAX,
                                      .of = &shape_template, .lone = true };

static const struct shape_key match_keys[] = { MATCH_ROW(&shape_template), SHAPE_END };
static const struct shape_key place_keys[] = { MATCH_ROW(&shape_template), COUNTRY_ROW, SHAPE_END };
static const struct shape_key list_keys[] = { MATCH_ROW(&several), SPLIT_ROW, SHAPE_END };
static const struct shape_key phone_keys[] = { MATCH_ROW(&several), COUNTRY_ROW, SPLIT_ROW,
                                               SHAPE_END };
static const struct shape match_map = { SHAPE_MAP, .keys = match_keys };
static const struct shape place_map = { SHAPE_MAP, .keys = place_keys };
static const struct shape list_map = { SHAPE_MAP, .keys = list_keys };
const struct shape shape_match_key = { SHAPE_MAP, .keys = phone_keys };
static const struct shape *const match_ways[] = { &shape_template, &match_map, NULL };
static const struct shape *const place_ways[] = { &shape_template, &place_map, NULL };
static const struct shape *const list_ways[] = { &several, &list_map, NULL };
static const struct shape *const phone_ways[] = { &several, &shape_match_key, NULL };
static const struct shape match = { SHAPE_EITHER, .either = match_ways };
static const struct shape place = { SHAPE_EITHER, .either = place_ways };
static const struct shape match_list = { SHAPE_EITHER, .either = list_ways };
static const struct shape phone = { SHAPE_EITHER, .either = phone_ways };

static const struct shape_key user_keys[] = {
    SHAPE_KEY("email", &match_list, "e-mail address, sent hashed", .id = IDENTITY_EMAIL),
    SHAPE_KEY("phone", &phone, "telephone number, sent hashed", .id = IDENTITY_PHONE),
    SHAPE_KEY("external_id", &match_list, "your own id of the visitor, sent hashed",
              .id = IDENTITY_EXTERNAL_ID),
    SHAPE_KEY("first_name", &match, "sent hashed", .id = IDENTITY_FIRST_NAME),
    SHAPE_KEY("last_name", &match, "sent hashed", .id = IDENTITY_LAST_NAME),
    SHAPE_KEY("zip_code", &place, "sent hashed", .id = IDENTITY_ZIP),
    SHAPE_KEY("city", &match, "name of the city", .id = IDENTITY_CITY),
    SHAPE_KEY("state", &place, "state or region", .id = IDENTITY_STATE),
    SHAPE_KEY("country", &match, "two letters (ISO 3166)", .id = IDENTITY_COUNTRY),
    SHAPE_KEY("locale", &match, "language and region, such as de-DE", .id = IDENTITY_LOCALE),
    SHAPE_KEY("ttp", &match, "TikTok's cookie, instead of the field `ttp`", .id = IDENTITY_TTP),
    SHAPE_KEY("ip", &match, "the visitor's address, instead of the field `ip`", .id = IDENTITY_IP),
    SHAPE_KEY("user_agent", &match, "the visitor's browser, instead of the field `user_agent`",
              .id = IDENTITY_USER_AGENT),
    SHAPE_END,
};
const struct shape shape_user = { SHAPE_MAP, .keys = user_keys };

/* In the order of enum consent_action, from CONSENT_DROP on; behind them what only `missing` takes. */
static const struct slice refused_words[] = {
    SLICE("drop"), SLICE("anonymize"), SLICE("limited"), { 0 }
};
static const struct slice unanswered_words[] = {
    SLICE("drop"), SLICE("anonymize"), SLICE("limited"), SLICE("granted"), { 0 }
};
static const struct shape otherwise = { SHAPE_WORD, .words = refused_words };
static const struct shape missing = { SHAPE_WORD, .words = unanswered_words };

/* TikTok's names of what an event may be matched by. */
static const struct slice kept_words[] = {
    SLICE("ttclid"), SLICE("ttp"),        SLICE("external_id"), SLICE("email"),
    SLICE("phone"),  SLICE("ip"),         SLICE("user_agent"),  SLICE("first_name"),
    SLICE("last_name"), SLICE("zip_code"), SLICE("city"),       SLICE("state"),
    SLICE("country"), SLICE("locale"),    { 0 },
};
const struct shape shape_kept_key = { SHAPE_WORD, .words = kept_words };
static const struct shape keep = { SHAPE_LIST, .of = &shape_kept_key, .min = 1, .lone = true };

static const struct shape_key consent_keys[] = {
    SHAPE_KEY("from", &shape_template, "where the decision stands",
              .required = "say where the decision stands: from: \"{consent}\""),
    SHAPE_KEY("granted", &shape_texts, "the words that mean yes; every other one means no",
              .required = "list the words that mean yes: granted: [\"1\", yes]"),
    SHAPE_KEY("otherwise", &otherwise, "what happens after a no",
              .required = "choose drop, anonymize or limited"),
    SHAPE_KEY("missing", &missing, "what happens when nobody has answered; as otherwise if not said"),
    SHAPE_KEY("keep", &keep, "the match keys that stay with anonymize", .otherwise = "[ttclid]"),
    SHAPE_END,
};
const struct shape shape_consent = { SHAPE_MAP, .keys = consent_keys };

/* user.ttclid: x, or user: {ttclid: x}; warnings: [W020]; events: [{event: Lead}]. */
static const struct shape expected_value;
static const struct shape expected = { SHAPE_MAP, .of = &expected_value };
static const struct shape expected_list = { SHAPE_LIST, .of = &expected_value };
static const struct shape *const expected_values[] = { &shape_text, &expected, &expected_list,
                                                       NULL };
static const struct shape expected_value = { SHAPE_EITHER, .either = expected_values };
static const struct shape moment = { .kind = SHAPE_TEXT };
static const struct shape_key test_keys[] = {
    SHAPE_KEY("name", &shape_text, "what the test shows"),
    SHAPE_KEY("given", &shape_text, "a postback's query",
              .required = "give it a postback: given: \"?subid=...\""),
    SHAPE_KEY("click", &shape_text, "a registered click that goes with it"),
    SHAPE_KEY("before", &shape_texts, "postbacks that came earlier, oldest first"),
    SHAPE_KEY("at", &moment, "when the postback comes: 2026-05-28T20:26:40Z or Unix seconds",
              .otherwise = "now"),
    SHAPE_KEY("expect", &expected, "what must come: verdict, event, event_id, user.ttclid ...",
              .required = "say what must come: expect: {verdict: queued}"),
    SHAPE_END,
};
const struct shape shape_test = { SHAPE_MAP, .keys = test_keys };
static const struct shape tests = { SHAPE_LIST, .of = &shape_test };

/* ---- an offer mapping ---- */

static const struct shape offer_name = { SHAPE_TEXT,
                                         .pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$" };
static const struct shape page_url = { SHAPE_TEMPLATE, .pattern = "^https?://" };
static const struct shape origin = { SHAPE_TEXT, .pattern = "^https?://[a-z0-9.:-]+$" };
static const struct shape origins = { SHAPE_LIST, .of = &origin, .lone = true };

/* In the order of enum without_rate. */
static const struct slice without_rates[] = { SLICE("quarantine"), SLICE("send_without_value"),
                                              { 0 } };
static const struct shape without_rate = { SHAPE_WORD, .words = without_rates };
static const struct shape rate_age = { SHAPE_TEXT, .pattern = "^[0-9]+[smhd]$" };

static const struct shape tiktok_currency = { SHAPE_WORD, "one that TikTok takes",
                                              .words = event_currencies };
static const struct shape *const currency_ways[] = { &tiktok_currency, &shape_currency, NULL };
static const struct shape value_currency = { SHAPE_EITHER, .either = currency_ways };

static const struct shape_key payout_keys[] = {
    SHAPE_KEY("min", &shape_amount, "a smaller payout is quarantined"),
    SHAPE_KEY("max", &shape_amount, "a larger payout is quarantined"),
    SHAPE_END,
};
const struct shape shape_payout = { SHAPE_MAP, .min = 1, .keys = payout_keys };

static const struct shape_key offer_keys[] = {
    VERSION_ROW,
    SHAPE_KEY("offer", &offer_name, "the offer's name, also the last part of its postback URL",
              .required = "name it; the name ends its postback URL: offer: nutra-de"),
    SHARED_ROWS,
    SHAPE_KEY("event_source", &shape_event_source, "the kind of events", .otherwise = "web"),
    SHAPE_KEY("pixel", &shape_pixel,
              "the pixel code of Events Manager, or an event set's id; also several, by a parameter",
              .required = "add the pixel code of Events Manager: pixel: C9..."),
    SHAPE_KEY("test_event_code", &shape_test_code,
              "all events of the offer are test events with this code"),
    SHAPE_KEY("page_url", &page_url, "the page to name when the click brought none"),
    SHAPE_KEY("origins", &origins, "pages that may register clicks without a key"),
    SHAPE_KEY("value_currency", &value_currency, "what values are converted to"),
    SHAPE_KEY("without_rate", &without_rate, "what happens when there is no exchange rate",
              .otherwise = "quarantine"),
    SHAPE_KEY("rate_max_age", &rate_age, "a rate that is older than this counts as none"),
    SHAPE_KEY("events", &events, "what is sent at which stage",
              .required = "say what is sent: events: {sale: {event: Purchase, value: payout}}"),
    SHAPE_KEY("properties", &properties, "TikTok's properties"),
    SHAPE_KEY("user", &shape_user, "match keys"),
    SHAPE_KEY("lead", &shape_lead, "what crm events say of the lead"),
    SHAPE_KEY("consent", &shape_consent, "what happens without consent"),
    SHAPE_KEY("key", &shape_rotating, "a key of this offer's own instead of the common one"),
    SHAPE_KEY("signature", &access_signature_shape,
              "how this offer's postbacks are signed; none: they are not"),
    SHAPE_KEY("allow", &access_allow_shape,
              "addresses that may send this offer's postbacks and clicks with the key"),
    SHAPE_KEY("payout", &shape_payout, "what the payout may be, before conversion"),
    SHAPE_KEY("require_click", &shape_bool,
              "a postback whose click was not registered is quarantined", .otherwise = "false"),
    SHAPE_KEY("tests", &tests, "examples that `check` runs"),
    SHAPE_END,
};
const struct shape mapping_offer_shape = { SHAPE_MAP, "an offer mapping", .keys = offer_keys };
