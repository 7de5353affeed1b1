#include "core/alert/rules.h"

#include "core/base/when.h"

#define PERCENT_MAX 100
#define EVENTS_MAX 1000000

const struct alert_rule_row alert_rules[ALERT_RULES] = {
    [ALERT_FLATLINE] = { "A001", SLICE("flatline"), ALERT_EVENTS, 0, true, true, 0,
                         "events that were to be expected since the last one; learned", true, true },
    [ALERT_NO_VALUE] = { "A002", SLICE("no_value"), ALERT_PERCENT, 0, true, false, 120,
                         "events without a value, percent; learned", true, true },
    [ALERT_DUPLICATES] = { "A003", SLICE("duplicates"), ALERT_PERCENT, 0, true, false, 120,
                           "duplicates among postbacks that make events, percent; learned", true, true },
    [ALERT_QUARANTINE] = { "A004", SLICE("quarantined"), ALERT_PERCENT, 0, true, false, 120,
                           "postbacks that were not understood, percent; learned", true, true },
    [ALERT_LATENCY] = { "A005", SLICE("latency"), ALERT_SECONDS, 300, false, false, 120,
                        "from the postback to the delivery, for more than 5 % of the events", true, true },
    [ALERT_BACKLOG] = { "A006", SLICE("backlog"), ALERT_SECONDS, 1800, false, true, 0,
                        "age of the oldest event that waits", false, true },
    [ALERT_PIXEL] = { "A007", SLICE("pixel"), ALERT_SWITCH, 0, false, true, 0,
                      "a pixel whose token is refused, or that is not configured any more", false, true },
    [ALERT_DIVERGENCE] = { "A008", SLICE("divergence"), ALERT_PERCENT, 10, true, false, 0,
                           "difference to the tracker or the CRM that `reconcile` has found, percent", false, false },
    [ALERT_DISK] = { "A009", SLICE("disk"), ALERT_PERCENT, 5, false, true, 0,
                     "free space where the data folder is, percent", false, false },
    [ALERT_REFUSALS] = { "A010", SLICE("refused"), ALERT_PERCENT, 0, true, false, 120,
                         "requests with a wrong key or signature, percent; learned", true, true },
    [ALERT_RELOAD] = { "A011", SLICE("reload"), ALERT_SWITCH, 0, false, false, 60,
                       "the last reload failed", false, false },
    [ALERT_STORE] = { "A012", SLICE("store"), ALERT_SWITCH, 0, false, true, 10,
                      "postbacks can't be stored", false, false },
    [ALERT_COURIER] = { "A013", SLICE("courier"), ALERT_SWITCH, 0, false, false, 0,
                        "alerts can't be delivered", false, false },
    [ALERT_DEAD] = { "A014", SLICE("dead"), ALERT_PERCENT, 0, true, false, 120,
                     "events that TikTok refuses, percent; learned", true, true },
    [ALERT_SPILL] = { "A015", SLICE("spill"), ALERT_SECONDS, 300, false, true, 0,
                      "age of the oldest postback in the server's spill", false, false },
};

enum alert_rule alert_rule_named(struct slice name)
{
    size_t i = 0;

    while (i < ALERT_RULES && !slice_eq(alert_rules[i].name, name))
        i++;
    return (enum alert_rule)i;
}

static bool whole(struct slice text, int64_t most, int64_t *out)
{
    return slice_to_i64(text, out) && *out >= 1 && *out <= most;
}

bool alert_limit_parse(enum alert_rule rule, struct slice text, struct alert_limit *out)
{
    int64_t n = 0;
    bool ok = false;

    *out = (struct alert_limit){ .said = true, .off = slice_eq(text, S("off")) };
    if (out->off || slice_eq(text, S("on")))
        return true;
    if (alert_rules[rule].unit == ALERT_EVENTS)
        ok = whole(text, EVENTS_MAX, &n);
    else if (alert_rules[rule].unit == ALERT_PERCENT)
        ok = whole(text, PERCENT_MAX, &n);
    else if (alert_rules[rule].unit == ALERT_SECONDS)
        ok = when_duration_parse(text, &n) && n > 0;
    out->value = n;
    return ok;
}

struct alert_limit alert_limit_of(enum alert_rule rule, const struct alert_limits *own,
                                  const struct alert_limits *common)
{
    struct alert_limit l = { 0 };

    if (common && common->rule[rule].said)
        l = common->rule[rule];
    if (own && own->rule[rule].said)
        l = own->rule[rule];
    if (l.value == 0)
        l.value = alert_rules[rule].otherwise;
    return l;
}
