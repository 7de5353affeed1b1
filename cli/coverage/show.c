/* show.c: what `coverage` prints, for people and as JSON. */
#include "cli/coverage/coverage.h"

#include "cli/show.h"
#include "core/base/when.h"

#define BAR 20
#define ADVICE_MAX 2
#define ALWAYS_SHOWN                                                                               \
    COVERAGE_FIRST_NAME /* the keys before it; the others only when there are some */

static const char *const classes[COVERAGE_CLASSES] = { "strong", "some", "weak" };

#define OURS                                                                                       \
    "This is clickbaton's own estimate, not TikTok's Event Match Quality: TikTok publishes "       \
    "neither "                                                                                     \
    "weights nor thresholds"

/* Thousandths; neither none nor all unless it is so. */
static unsigned permille(uint64_t n, uint64_t of)
{
    unsigned share = of ? (unsigned)((n * 1000 + of / 2) / of) : 0;

    if (n > 0 && share == 0)
        return 1;
    return n < of && share == 1000 ? 999 : share;
}

static void percent(struct buf *out, uint64_t n, uint64_t of)
{
    unsigned share = permille(n, of);

    buf_printf(out, "%3u.%u %%", share / 10, share % 10);
}

static void row(struct buf *out, const char *name, uint64_t n, uint64_t of)
{
    unsigned filled = (permille(n, of) * BAR + 500) / 1000;

    buf_printf(out, "  %-30s ", name);
    for (unsigned i = 0; i < BAR; i++)
        buf_byte(out, i < filled || (i == 0 && n) ? '#' : '.');
    buf_byte(out, ' ');
    percent(out, n, of);
    buf_printf(out, "  %llu\n", (unsigned long long)n);
}

static void show_advice(struct buf *out, const struct coverage_counts *n)
{
    enum coverage_key list[ADVICE_MAX];
    size_t count = coverage_advice(n, list, ADVICE_MAX);

    for (size_t i = 0; i < count; i++)
        buf_printf(out, "  %-11s %s: %s\n", i ? "then" : "add first", coverage_keys[list[i]].name,
                   coverage_keys[list[i]].advice);
}

static void show_counts(struct buf *out, const struct coverage_counts *n)
{
    buf_printf(out, ": %llu event%s", (unsigned long long)n->events, n->events == 1 ? "" : "s");
    if (n->tests)
        buf_printf(out, ", %llu of them with a test_event_code", (unsigned long long)n->tests);
    buf_byte(out, '\n');
    for (size_t i = 0; i < COVERAGE_KEYS; i++)
        if (i < ALWAYS_SHOWN || n->with[i])
            row(out, coverage_keys[i].name, n->with[i], n->events);
    row(out, "value", n->value, n->events);
    row(out, "event_id of a registered click", n->shared, n->events);
    buf_puts(out, "  estimate:");
    for (size_t i = 0; i < COVERAGE_CLASSES; i++) {
        buf_printf(out, "%s %s ", i ? "," : "", classes[i]);
        percent(out, n->of_class[i], n->events);
    }
    buf_byte(out, '\n');
    show_advice(out, n);
}

void coverage_show(struct buf *out, const struct coverage *c)
{
    for (const struct coverage_offer *o = c->offers; o; o = o->next) {
        if (o->event_count > 1) {
            show_safe(out, o->name);
            buf_puts(out, ", all events");
            show_counts(out, &o->counts);
            buf_byte(out, '\n');
        }
        for (const struct coverage_event *e = o->events; e; e = e->next) {
            show_safe(out, o->name);
            buf_puts(out, ", ");
            show_safe(out, e->name);
            show_counts(out, &e->counts);
            buf_byte(out, '\n');
        }
    }
    buf_printf(out, "%llu event%s since ", (unsigned long long)c->events,
               c->events == 1 ? "" : "s");
    when_print(out, c->since);
    buf_puts(out, ".\n");
    if (c->events)
        buf_puts(out,
                 "strong: with ttclid, e-mail or phone; some: with external_id, ttp, or ip and "
                 "user_agent; weak: none of these.\n" OURS ".\n");
}

/* ---- JSON ---- */

static void share(struct buf *out, const char *name, uint64_t n, uint64_t of)
{
    unsigned s = permille(n, of);

    buf_printf(out, "\"%s\":{\"events\":%llu,\"share\":%u.%03u}", name, (unsigned long long)n,
               s / 1000, s % 1000);
}

static void json_counts(struct buf *out, const struct coverage_counts *n)
{
    enum coverage_key list[COVERAGE_KEYS];
    size_t count = coverage_advice(n, list, COVERAGE_KEYS);

    buf_printf(out, ",\"count\":%llu,\"tests\":%llu,\"keys\":{", (unsigned long long)n->events,
               (unsigned long long)n->tests);
    for (size_t i = 0; i < COVERAGE_KEYS; i++) {
        buf_puts(out, i ? "," : "");
        share(out, coverage_keys[i].name, n->with[i], n->events);
    }
    buf_puts(out, "},");
    share(out, "value", n->value, n->events);
    buf_byte(out, ',');
    share(out, "event_id_of_click", n->shared, n->events);
    buf_puts(out, ",\"estimate\":{");
    for (size_t i = 0; i < COVERAGE_CLASSES; i++) {
        buf_puts(out, i ? "," : "");
        share(out, classes[i], n->of_class[i], n->events);
    }
    buf_puts(out, "},\"add_first\":[");
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s\"%s\"", i ? "," : "", coverage_keys[list[i]].name);
    buf_byte(out, ']');
}

void coverage_json(struct buf *out, const struct coverage *c)
{
    buf_printf(out, "{\"since\":%lld,\"count\":%llu,\"estimate_is\":\"" OURS "\",\"offers\":[",
               (long long)c->since, (unsigned long long)c->events);
    for (const struct coverage_offer *o = c->offers; o; o = o->next) {
        buf_puts(out, o == c->offers ? "\n{\"offer\":" : ",\n{\"offer\":");
        buf_json(out, o->name);
        json_counts(out, &o->counts);
        buf_puts(out, ",\"events\":[");
        for (const struct coverage_event *e = o->events; e; e = e->next) {
            buf_puts(out, e == o->events ? "\n {\"event\":" : ",\n {\"event\":");
            buf_json(out, e->name);
            json_counts(out, &e->counts);
            buf_byte(out, '}');
        }
        buf_puts(out, "]}");
    }
    buf_puts(out, "]}\n");
}
