/* offer.c: one offer: what it lacks, its tests, and a conversion of its own by real servers. */
#include "cli/doctor/doctor.h"

#include "cli/maptest.h"
#include "cli/rotation.h"
#include "cli/simulate/live.h"

#define ARENA_BYTES (64 * 1024 * 1024)

static const struct slice none = { 0 };

static void check_tests(struct doctor *d, const struct offer *o)
{
    struct maptest_result tests = { 0 };

    maptest_run(d->catalog, o, d->now, &tests);
    if (tests.failed)
        doctor_find(d, FINDING_FAILED, "tests", o->name,
                    S("they are printed above; `clickbaton check` shows them again"),
                    "%u of its %u tests fail", tests.failed, tests.failed + tests.passed);
    else if (tests.passed == 0)
        doctor_find(d, FINDING_WARNING, "tests", o->name,
                    S("write some under tests: (docs/mapping.md), so that a change can't break it "
                      "unseen"),
                    "it has no tests of its own");
    else
        doctor_find(d, FINDING_OK, "tests", o->name, none, "its %u test%s pass%s", tests.passed,
                    tests.passed == 1 ? "" : "s", tests.passed == 1 ? "es" : "");
}

static void check_pages(struct doctor *d, const struct offer *o)
{
    if (o->source != EVENT_SOURCE_WEB) /* the others have neither page nor click */
        return;
    if (o->origin_count == 0)
        doctor_find(d, FINDING_WARNING, "landing page", o->name,
                    S("add origins: [https://your-lander], or register clicks server to server"),
                    "no page may register clicks, so events have the tracker's click id as their "
                    "event_id and no ip, browser or _ttp");
    if (o->page_url.count == 0)
        doctor_find(d, FINDING_WARNING, "landing page", o->name, S("add page_url: https://..."),
                    "it names no page for events whose click is not registered");
}

/* ---- the conversion ---- */

/* What the event has of what practice asks for. */
static void judge_event(struct doctor *d, const struct offer *o, const struct chain_result *w)
{
    const struct translated_event *e = &w->translation.events[0];
    struct buf keys = { 0 };
    static const char *const wanted[] = { "ttclid", "external_id", "email", "phone", "ip",
                                          "user_agent", "ttp" };

    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        struct slice quoted = arena_printf(d->arena, "\"%s\":", wanted[i]);
        if (slice_find(e->body, quoted) < e->body.len)
            buf_printf(&keys, "%s%s", keys.len ? ", " : "", wanted[i]);
    }
    doctor_find(d, e->has_value ? FINDING_OK : FINDING_WARNING, "value", o->name,
                e->has_value ? none : S("give its rule a value: {event: ..., value: payout}"),
                e->has_value ? "%.*s has value and currency" : "%.*s is sent without a value",
                SLICE_ARG(e->event));
    doctor_find(d, FINDING_OK, "match keys", o->name, none, "%.*s", SLICE_ARG(buf_slice(&keys)));
    buf_free(&keys);
}

static void judge(struct doctor *d, const struct offer *o, const struct chain_result *model,
                  const struct live_result *live)
{
    const struct note *first = live->differences.first;

    if (first) {
        doctor_find(d, FINDING_FAILED, "conversion", o->name, none, "%.*s", SLICE_ARG(first->text));
    } else if (o->source != EVENT_SOURCE_WEB) {
        doctor_find(d, FINDING_OK, "conversion", o->name, none,
                    "a conversion came as %.*s (%s) to a sandbox, to be matched by its keys alone",
                    SLICE_ARG(model->translation.events[0].event),
                    event_source_names[o->source].ptr);
        judge_event(d, o, &live->walk);
    } else if (!live->walk.kept) {
        doctor_find(d, FINDING_FAILED, "conversion", o->name,
                    S("see it hop by hop: write the chain down and use `clickbaton simulate` "
                      "(docs/chains.md)"),
                    "%s: %.*s", live->walk.code, SLICE_ARG(live->walk.reason));
    } else {
        doctor_find(d, FINDING_OK, "conversion", o->name, none,
                    "an ad's click came back as %.*s at a sandbox, with its ttclid, and with the "
                    "event_id that the page's pixel uses (%.*s)",
                    SLICE_ARG(model->translation.events[0].event),
                    SLICE_ARG(model->translation.events[0].event_id));
        judge_event(d, o, &live->walk);
    }
}

static void play(struct doctor *d, const struct offer *o, struct rehearsal *run, struct arena *arena)
{
    struct chain_result model;
    struct live_result live;
    struct err err = { 0 };

    if (chain_walk(run->chain, &run->world, NULL, 0, arena, &model, &err) != 0)
        doctor_find(d, FINDING_FAILED, "conversion", o->name, none, "%s", err.text);
    else if (!model.translated || model.translation.event_count == 0)
        doctor_find(d, FINDING_WARNING, "conversion", o->name,
                    S("its templates may need parameters that only your URLs have: write a chain file "
                      "and run `clickbaton simulate --live` (docs/chains.md)"),
                    "the doctor's own conversion becomes no event: %.*s",
                    SLICE_ARG(model.translated && model.translation.reason.len
                                  ? model.translation.reason
                                  : model.reason));
    else if (live_run(run, &model, arena, &live, &err) != 0)
        doctor_find(d, FINDING_FAILED, "conversion", o->name, none, "%s", err.text);
    else
        judge(d, o, &model, &live);
}

static void check_conversion(struct doctor *d, const struct offer *o)
{
    struct source *source = ARENA_NEW(&d->catalog->arena, struct source);
    struct rehearsal run;
    struct arena arena;
    const char *why;

    if (!source)
        return;
    source->name = arena_printf(&d->catalog->arena, "the doctor's chain for %.*s", SLICE_ARG(o->name));
    source->text = doctor_chain(&d->catalog->arena, o, &why);
    if (source->text.len == 0) {
        doctor_find(d, FINDING_WARNING, "conversion", o->name, none, "none can be played: %s", why);
        return;
    }
    arena_init(&arena, ARENA_BYTES);
    if (rehearsal_of(&run, d->catalog, source, o, d->now))
        play(d, o, &run, &arena);
    else
        doctor_find(d, FINDING_FAILED, "conversion", o->name, none,
                    "the chain that was made for it has errors; they are printed above");
    arena_free(&arena);
}

/* ---- secrets that are being replaced ---- */

static void check_rotation(struct doctor *d, const struct catalog_offer *offer,
                           enum rotation_what what)
{
    const char *name = what == ROTATION_KEY ? "key" : "signing secret";
    struct err err = { 0 };
    int64_t n;

    if (!rotation_under_way(d->catalog, offer, what))
        return;
    n = rotation_count(d->catalog, offer, what, d->now - ROTATION_SECONDS, &err);
    if (n < 0)
        doctor_find(d, FINDING_FAILED, "rotation", offer->offer->name, none, "%s", err.text);
    else if (n)
        doctor_find(d, FINDING_WARNING, "rotation", offer->offer->name,
                    what == ROTATION_KEY
                        ? S("paste the present key into every URL that is still old")
                        : S("give the sender the present secret"),
                    "%lld postback%s of the last day used the previous %s", (long long)n,
                    n == 1 ? "" : "s", name);
    else
        doctor_find(d, FINDING_OK, "rotation", offer->offer->name, none,
                    "no postback of the last day used the previous %s; it can be taken out of the file",
                    name);
}

void doctor_offer(struct doctor *d, const struct offer *o)
{
    const struct catalog_offer *slot = catalog_find(d->catalog, o->name);

    check_pages(d, o);
    check_tests(d, o);
    check_conversion(d, o);
    if (slot) {
        check_rotation(d, slot, ROTATION_KEY);
        check_rotation(d, slot, ROTATION_SIGNATURE);
    }
}
