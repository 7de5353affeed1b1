/* alerts_shapes.c: what `alerts:` may hold. */
#include "cli/alerts_config.h"

static const struct slice on_off_words[] = { SLICE("on"), SLICE("off"), { 0 } };
static const struct shape on_off = { SHAPE_WORD, .words = on_off_words };
static const struct shape percent = { SHAPE_WHOLE, .min = 1, .max = 100 };
static const struct shape events = { SHAPE_WHOLE, .min = 1, .max = 1000000 };
static const struct shape duration = { SHAPE_TEXT, .pattern = "^[1-9][0-9]*[smhd]$" };
static const struct shape *const percent_either[] = { &on_off, &percent, NULL };
static const struct shape *const events_either[] = { &on_off, &events, NULL };
static const struct shape *const duration_either[] = { &on_off, &duration, NULL };
static const struct shape limits[] = {
    [ALERT_SWITCH] = { SHAPE_WORD, .words = on_off_words },
    [ALERT_EVENTS] = { SHAPE_EITHER, .either = events_either },
    [ALERT_PERCENT] = { SHAPE_EITHER, .either = percent_either },
    [ALERT_SECONDS] = { SHAPE_EITHER, .either = duration_either },
};

static void rule_row(enum alert_rule rule, struct shape_key *out)
{
    *out = (struct shape_key){ .name = alert_rules[rule].name, .is = &limits[alert_rules[rule].unit],
                               .about = alert_rules[rule].about, .id = (int)rule };
}

static bool rules_row(struct arena *arena, size_t i, struct shape_key *out)
{
    (void)arena;
    if (i >= ALERT_RULES)
        return false;
    rule_row((enum alert_rule)i, out);
    return true;
}

static bool offer_row(struct arena *arena, size_t i, struct shape_key *out)
{
    (void)arena;
    for (size_t rule = 0; rule < ALERT_RULES; rule++)
        if (alert_rules[rule].by_offer && i-- == 0) {
            rule_row((enum alert_rule)rule, out);
            return true;
        }
    return false;
}

static const struct shape rules_shape = { SHAPE_MAP, .row = rules_row };
static const struct shape_key offer_keys[] = {
    SHAPE_KEY("events", &shape_texts, "events that are looked at; without it all of them"),
    SHAPE_END,
};
static const struct shape offer_shape = { SHAPE_MAP, "limits of an offer", .keys = offer_keys, .row = offer_row };
static const struct shape offers_shape = { SHAPE_MAP, .of = &offer_shape };

static const struct shape url_shape = { SHAPE_TEXT, .pattern = "^https?://" };
static const struct shape *const url_either[] = { &url_shape, &shape_file, &shape_credential, NULL };
static const struct shape secret_url = { SHAPE_EITHER, .either = url_either };
static const struct shape_key webhook_keys[] = {
    SHAPE_KEY("url", &secret_url, "https, or http to a loopback address; {file: PATH} when it is a secret itself",
              .required = "write webhook: {url: https://...}"),
    SHAPE_END,
};
static const struct shape webhook_shape = { SHAPE_MAP, .keys = webhook_keys };

static const struct shape chat_shape = { SHAPE_TEXT, .pattern = "^(-?[0-9]{1,20}|@[A-Za-z0-9_]{3,64})$" };
static const struct shape_key telegram_keys[] = {
    SHAPE_KEY("token", &shape_secret, "of the bot", .required = "write token: {file: ./keys/telegram}"),
    SHAPE_KEY("chat", &chat_shape, "number of the chat, or @name of a channel",
              .required = "write chat: \"-1001234567890\""),
    SHAPE_KEY("endpoint", &url_shape, "the bot API, https, or http to a loopback address",
              .otherwise = "https://api.telegram.org"),
    SHAPE_END,
};
static const struct shape telegram_shape = { SHAPE_MAP, .keys = telegram_keys };

static const struct shape address_shape = {
    SHAPE_TEXT, .pattern = "^[^-\\s<>,;:\"\\\\()\\[\\]@][^\\s<>,;:\"\\\\()\\[\\]@]*@[^\\s<>,;:\"\\\\()\\[\\]@]+$"
};
static const struct shape addresses_shape = { SHAPE_LIST, .of = &address_shape, .lone = true, .min = 1, .max = 10 };
static const struct shape_key email_keys[] = {
    SHAPE_KEY("to", &addresses_shape, "addresses, ten at most", .required = "write to: [you@example.com]"),
    SHAPE_KEY("from", &address_shape, "the sender's address", .required = "write from: clickbaton@example.com"),
    SHAPE_KEY("sendmail", &shape_text, "the program that takes mail", .otherwise = "/usr/sbin/sendmail"),
    SHAPE_END,
};
static const struct shape email_shape = { SHAPE_MAP, .keys = email_keys };

static const struct shape command_shape = { SHAPE_LIST, .of = &shape_text, .min = 1, .max = ALERT_ARGS_MAX };

static const struct shape_key receiver_keys[] = {
    SHAPE_KEY("webhook", &webhook_shape, "gets the alert as JSON by POST", .id = ALERT_WEBHOOK),
    SHAPE_KEY("telegram", &telegram_shape, "a chat of a Telegram bot", .id = ALERT_TELEGRAM),
    SHAPE_KEY("email", &email_shape, "by this machine's sendmail", .id = ALERT_EMAIL),
    SHAPE_KEY("command", &command_shape, "a program and its arguments; it gets the alert as JSON on its input",
              .id = ALERT_COMMAND),
    SHAPE_KEY("severe_only", &shape_bool, "only severe alerts", .otherwise = "false", .id = -1),
    SHAPE_END,
};
static const struct shape receiver_shape = { SHAPE_MAP, "a receiver", .keys = receiver_keys };
static const struct shape receivers_shape = { SHAPE_LIST, .of = &receiver_shape, .max = ALERT_RECEIVERS_MAX };

static const struct shape remind_shape = { SHAPE_TEXT, .pattern = "^(never|[1-9][0-9]*[smhd])$" };
static const struct shape quiet_shape = {
    SHAPE_TEXT, .pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"
};
static const struct shape zone_shape = {
    SHAPE_TEXT, .pattern = "^(UTC|Z|[+-][0-9]{2}:?[0-9]{2}|[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*)*)$"
};

static const struct shape_key alerts_keys[] = {
    SHAPE_KEY("to", &receivers_shape, "who is told: webhooks, Telegram chats, e-mail, commands"),
    SHAPE_KEY("remind", &remind_shape, "how often an alert is told again while it lasts, or never", .otherwise = "12h"),
    SHAPE_KEY("quiet", &quiet_shape, "hours in which only severe alerts are told; the rest is summed up afterwards"),
    SHAPE_KEY("zone", &zone_shape, "time zone of the quiet hours", .otherwise = "UTC"),
    SHAPE_KEY("rules", &rules_shape, "limits for all offers"),
    SHAPE_KEY("offers", &offers_shape, "limits of single offers"),
    SHAPE_END,
};
const struct shape alerts_shape = { SHAPE_MAP, .keys = alerts_keys };
