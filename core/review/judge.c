/* judge.c: what stands out, in plain words, each with what to do first (practitioners' lists of alerts and
 * first checks; the thresholds are ours).  Shares are compared in thousandths. */
#include "core/review/inside.h"

#define FEW       20  /* of fewer nothing is said: a share of three is no share */
#define FINDINGS  60  /* more is no list for people */

struct judging {
    struct review *r;
    const struct review_offer *o; /* r->all: of all offers */
    const struct review_event *e;
};

static void found(const struct judging *j, const char *id, enum review_weight weight, struct slice title,
                  struct slice text, struct slice first)
{
    struct review *r = j->r;
    struct review_finding **at = &r->findings, *f;

    r->broken += weight == REVIEW_BROKEN;
    r->warnings += weight == REVIEW_WARNING;
    if (r->finding_count >= FINDINGS && weight < REVIEW_BROKEN)
        return;
    f = ARENA_NEW(r->arena, struct review_finding);
    if (!f)
        return;
    *f = (struct review_finding){ .id = id, .weight = weight, .title = title, .text = text, .first = first };
    f->offer = j->o->name;
    if (j->e)
        f->event = j->e->name;
    while (*at && (*at)->weight >= weight)
        at = &(*at)->next;
    f->next = *at;
    *at = f;
    r->finding_count++;
}

/* "nutra-de: " or nothing */
static struct slice whose(const struct judging *j)
{
    return j->o->name.len ? arena_printf(j->r->arena, "%.*s: ", SLICE_ARG(j->o->name)) : S("");
}

static struct slice count(const struct judging *j, int64_t n)
{
    return review_number(j->r->arena, CHART_COUNT, "", n);
}

static struct slice day_text(const struct judging *j, size_t i)
{
    struct buf text = { 0 };
    struct slice out;

    chart_moment(&text, j->r->moments[i], j->r->step);
    out = arena_dup(j->r->arena, slice_head(buf_slice(&text), text.len));
    buf_free(&text);
    return out;
}

/* " since Tue 24 Nov 2026": the point from which on the share stayed in the upper half of the way from
 * before to now; nothing when that is from the beginning on, or of one moment. */
static struct slice since_when(const struct judging *j, const struct review_day *days,
                               int64_t (*part)(const struct review_day *d, int64_t *whole),
                               int64_t before, int64_t now)
{
    size_t from = j->r->points;

    for (size_t i = j->r->points; i-- > 0;) {
        int64_t whole = 0, n = part(&days[i], &whole);
        if (whole == 0)
            continue;
        if (chart_permille(n, whole) * 2 < before + now)
            break;
        from = i;
    }
    if (from == 0 || from == j->r->points)
        return S("");
    return arena_printf(j->r->arena, " since %.*s", SLICE_ARG(day_text(j, from)));
}

/* "rose from 2 % to 31 % since Tuesday", "is 31 %" when there was nothing before. */
static struct slice rose(const struct judging *j, int64_t before, int64_t before_of, int64_t now,
                         int64_t now_of, struct slice since)
{
    struct arena *a = j->r->arena;
    struct slice to = review_share(a, now, now_of), from = review_share(a, before, before_of);

    if (before_of < FEW)
        return arena_printf(a, "are %.*s", SLICE_ARG(to));
    if (slice_eq(from, to))
        return arena_printf(a, "stay at %.*s", SLICE_ARG(to));
    return arena_printf(a, "%s from %.*s to %.*s%.*s",
                        chart_permille(now, now_of) >= chart_permille(before, before_of) ? "rose" : "fell",
                        SLICE_ARG(from), SLICE_ARG(to), SLICE_ARG(since));
}

/* "310 of 1,000; in the 7 days before 20 of 1,010." */
static struct slice of_before(const struct judging *j, const char *what, int64_t n, int64_t whole,
                              int64_t before, int64_t before_of)
{
    struct arena *a = j->r->arena;
    struct slice length = review_period(j->r);

    if (before_of == 0)
        return arena_printf(a, "%.*s of %.*s %s; in the %.*s before there were none.",
                            SLICE_ARG(count(j, n)), SLICE_ARG(count(j, whole)), what, SLICE_ARG(length));
    return arena_printf(a, "%.*s of %.*s %s; in the %.*s before %.*s of %.*s.", SLICE_ARG(count(j, n)),
                        SLICE_ARG(count(j, whole)), what, SLICE_ARG(length), SLICE_ARG(count(j, before)),
                        SLICE_ARG(count(j, before_of)));
}

/* ---- of an event ---- */

static bool wants_value(struct slice event)
{
    static const struct slice names[] = { SLICE("Purchase"),  SLICE("CompletePayment"), SLICE("Lead"),
                                          SLICE("SubmitForm"), SLICE("AddToCart"),      SLICE("InitiateCheckout"),
                                          SLICE("PlaceAnOrder"), SLICE("Subscribe"),    { 0 } };

    for (size_t i = 0; names[i].len; i++)
        if (slice_eq(names[i], event))
            return true;
    return false;
}

static int64_t unvalued_part(const struct review_day *d, int64_t *whole)
{
    *whole = d->valued + d->unvalued;
    return d->unvalued;
}

static void judge_value(const struct judging *j)
{
    const struct review_flow *now = &j->e->flow[REVIEW_NOW], *before = &j->e->flow[REVIEW_BEFORE];
    int64_t of = now->valued + now->unvalued, before_of = before->valued + before->unvalued;
    int64_t share = chart_permille(now->unvalued, of), was = chart_permille(before->unvalued, before_of);
    bool risen = before_of >= FEW && share >= was + 100;

    if (of < FEW || share < 100 || (!risen && (share < 300 || !wants_value(j->e->name))))
        return;
    found(j, "without_value", risen && share >= 200 ? REVIEW_BROKEN : REVIEW_WARNING,
          arena_printf(j->r->arena, "%.*s%.*s events without value %.*s", SLICE_ARG(whose(j)),
                       SLICE_ARG(j->e->name),
                       SLICE_ARG(rose(j, before->unvalued, before_of, now->unvalued, of,
                                      since_when(j, j->e->days, unvalued_part, was, share)))),
          of_before(j, "have no value", now->unvalued, of, before->unvalued, before_of),
          S("look whether the tracker still fills the payout and currency of its postback URL, and at the "
            "event's `value` in the mapping; W022, W031 and W065 say what was missing"));
}

/* Whole points at the end without the event, and the last one that has it. */
static void judge_flatline(const struct judging *j)
{
    const struct review_day *own = j->e->days, *all = j->o->days;
    int64_t put = 0, clicks = 0, others = 0;
    size_t last = j->r->points, silent;

    while (last > 0 && own[last - 1].put == 0)
        last--;
    for (size_t i = 0; i < last; i++)
        put = review_sum(put, own[i].put);
    for (size_t i = last; i < j->r->points; i++) {
        clicks = review_sum(clicks, all[i].clicks);
        others = review_sum(others, all[i].put);
    }
    put = review_sum(put, j->e->flow[REVIEW_BEFORE].put);
    silent = j->r->points - last;
    /* a day's worth, or six hours, of silence; and as much before that it is no chance */
    if (silent < (j->r->step == 3600 ? 6 : 2) || put < 3 * FEW ||
        put / (int64_t)(last + j->r->points) < FEW / (int64_t)silent || clicks + others == 0)
        return;
    found(j, "no_events", REVIEW_BROKEN,
          arena_printf(j->r->arena, "%.*sno %.*s event since %.*s, while %s go on", SLICE_ARG(whose(j)),
                       SLICE_ARG(j->e->name),
                       SLICE_ARG(day_text(j, last < j->r->points ? last : 0)),
                       clicks ? "clicks" : "other events"),
          arena_printf(j->r->arena, "%.*s came before that, and %.*s clicks since.", SLICE_ARG(count(j, put)),
                       SLICE_ARG(count(j, clicks))),
          S("fire one test conversion at the tracker and look for it: clickbaton tail, clickbaton doctor; then at "
            "the tracker's postback log"));
}

/* ---- of an offer ---- */

static struct slice top_reason(const struct judging *j, int verdict)
{
    const struct review_named *n = j->o->reasons;

    while (n && (n->slot != verdict || n->n[REVIEW_NOW] == 0))
        n = n->next;
    return n ? n->name : S("");
}

static int64_t quarantined_part(const struct review_day *d, int64_t *whole)
{
    for (int i = 1; i < REVIEW_VERDICTS; i++)
        *whole += d->verdicts[i];
    return d->verdicts[REVIEW_QUARANTINED];
}

static int64_t duplicate_part(const struct review_day *d, int64_t *whole)
{
    quarantined_part(d, whole);
    return d->verdicts[REVIEW_DUPLICATE];
}

static void judge_quarantine(const struct judging *j)
{
    const int64_t *now = j->o->verdicts[REVIEW_NOW], *was = j->o->verdicts[REVIEW_BEFORE];
    int64_t n = now[REVIEW_QUARANTINED], share = chart_permille(n, now[0]),
            before = chart_permille(was[REVIEW_QUARANTINED], was[0]);
    struct slice code = top_reason(j, REVIEW_QUARANTINED);

    if (now[0] < FEW || share < 10)
        return;
    found(j, "quarantined", share >= 100 ? REVIEW_BROKEN : REVIEW_WARNING,
          arena_printf(j->r->arena, "%.*squarantined postbacks %.*s", SLICE_ARG(whose(j)),
                       SLICE_ARG(rose(j, was[REVIEW_QUARANTINED], was[0], n, now[0],
                                      since_when(j, j->o->days, quarantined_part, before, share)))),
          arena_printf(j->r->arena, "%.*s Most for %.*s: %.*s.",
                       SLICE_ARG(of_before(j, "were not understood and wait", n, now[0],
                                           was[REVIEW_QUARANTINED], was[0])),
                       SLICE_ARG(code), SLICE_ARG(review_title("see clickbaton explain", code))),
          arena_printf(j->r->arena, "%.*s; then clickbaton replay%s%.*s", SLICE_ARG(review_remedy(code)),
                       j->o->name.len ? " --offer " : "", SLICE_ARG(j->o->name)));
}

static void judge_duplicates(const struct judging *j)
{
    const int64_t *now = j->o->verdicts[REVIEW_NOW], *was = j->o->verdicts[REVIEW_BEFORE];
    int64_t n = now[REVIEW_DUPLICATE], share = chart_permille(n, now[0]),
            before = chart_permille(was[REVIEW_DUPLICATE], was[0]);

    if (now[0] < 2 * FEW || share < 100 || (share < 500 && share < (was[0] < FEW ? 250 : before + 50)))
        return;
    found(j, "duplicates", REVIEW_WARNING,
          arena_printf(j->r->arena, "%.*sduplicate postbacks %.*s", SLICE_ARG(whose(j)),
                       SLICE_ARG(rose(j, was[REVIEW_DUPLICATE], was[0], n, now[0],
                                      since_when(j, j->o->days, duplicate_part, before, share)))),
          of_before(j, "were events that there are already, and were not sent again", n, now[0],
                    was[REVIEW_DUPLICATE], was[0]),
          S("look whether the tracker posts each conversion more than once, or two conversions share one "
            "click id; what may happen twice needs repeatable: true"));
}

static void judge_dead(const struct judging *j)
{
    const struct review_flow *now = &j->o->flow[REVIEW_NOW], *was = &j->o->flow[REVIEW_BEFORE];
    int64_t share = chart_permille(now->dead, now->put);

    if (now->dead == 0 || (now->put >= 10 * FEW && share < 5))
        return;
    found(j, "given_up", share >= 50 && now->put >= FEW ? REVIEW_BROKEN : REVIEW_WARNING,
          arena_printf(j->r->arena, "%.*sevents given up %.*s", SLICE_ARG(whose(j)),
                       SLICE_ARG(rose(j, was->dead, was->put, now->dead, now->put, S("")))),
          of_before(j, "will not be sent again by themselves", now->dead, now->put, was->dead, was->put),
          S("see below what TikTok answered and mend that; then clickbaton replay --dead"));
}

static void judge_late(const struct judging *j)
{
    const struct review_flow *now = &j->o->flow[REVIEW_NOW];
    int64_t share = chart_permille(now->late, now->put);

    if (now->late <= 0 || share < 10)
        return;
    found(j, "waiting", share >= 200 && now->late >= FEW ? REVIEW_BROKEN : REVIEW_WARNING,
          arena_printf(j->r->arena, "%.*s%.*s %s, more than an hour after %s made", SLICE_ARG(whose(j)),
                       SLICE_ARG(count(j, now->late)), now->late == 1 ? "event still waits" : "events still wait",
                       now->late == 1 ? "it was" : "they were"),
          arena_printf(j->r->arena, "These are %.*s of %.*s.", SLICE_ARG(review_share(j->r->arena, now->late, now->put)),
                       SLICE_ARG(count(j, now->put))),
          S("is the server running, and does it reach TikTok? clickbaton top, clickbaton doctor --online, and its log"));
}

/* "up to 6 h", "over 1 d" */
static struct slice took(const struct judging *j, const int64_t *buckets, int p)
{
    struct slice delay = review_delay(j->r->arena, buckets, p);

    return arena_printf(j->r->arena, "%s%.*s", review_percentile(buckets, p) == INT64_MAX ? "" : "up to ",
                        SLICE_ARG(delay));
}

static void judge_latency(const struct judging *j)
{
    const int64_t *now = j->o->flow[REVIEW_NOW].latency, *was = j->o->flow[REVIEW_BEFORE].latency;
    int64_t p95 = review_percentile(now, 95), before = review_percentile(was, 95);
    bool slow = p95 > 900000, slower = before > 0 && before < p95 && p95 >= 60000 && p95 / 4 >= before;

    if (j->o->flow[REVIEW_NOW].delivered < FEW || (!slow && !slower))
        return;
    found(j, "slow", p95 > 21600000 ? REVIEW_BROKEN : REVIEW_WARNING,
          arena_printf(j->r->arena, "%.*sdelivery is slow: 95 %% of the events took %.*s", SLICE_ARG(whose(j)),
                       SLICE_ARG(took(j, now, 95))),
          arena_printf(j->r->arena, "Half of them took %.*s; in the %.*s before 95 %% took %.*s.",
                       SLICE_ARG(took(j, now, 50)), SLICE_ARG(review_period(j->r)), SLICE_ARG(took(j, was, 95))),
          S("see below what TikTok answered; was the server stopped, or its way to TikTok cut?"));
}

static void judge_key(const struct judging *j)
{
    const struct review_flow *now = &j->o->flow[REVIEW_NOW], *was = &j->o->flow[REVIEW_BEFORE];
    size_t k = 0;
    int64_t share, before;

    while (k < j->r->words->key_count && !slice_eq(j->r->words->keys[k], S("ttclid")))
        k++;
    if (k == j->r->words->key_count || k >= REVIEW_KEYS_MAX || now->put < FEW)
        return;
    share = chart_permille(now->keys[k], now->put);
    before = chart_permille(was->keys[k], was->put);
    if (share >= 500 && (was->put < FEW || share + 200 > before))
        return;
    found(j, "without_ttclid", was->put >= FEW && share + 200 <= before ? REVIEW_BROKEN : REVIEW_WARNING,
          arena_printf(j->r->arena, "%.*sevents with a ttclid %.*s", SLICE_ARG(whose(j)),
                       SLICE_ARG(rose(j, was->keys[k], was->put, now->keys[k], now->put, S("")))),
          of_before(j, "carry the click's ttclid, which is what names the ad", now->keys[k], now->put,
                    was->keys[k], was->put),
          S("see where the chain of redirects drops it: clickbaton follow URL-OF-THE-AD, clickbaton simulate"));
}

static void judge_clicks(const struct judging *j)
{
    int64_t now = j->o->clicks[REVIEW_NOW], was = j->o->clicks[REVIEW_BEFORE], with = j->o->ttclid[REVIEW_NOW];

    if (was >= 3 * FEW && now == 0 && j->o->verdicts[REVIEW_NOW][0] > 0) {
        found(j, "no_clicks", REVIEW_BROKEN,
              arena_printf(j->r->arena, "%.*sno click was registered, while postbacks go on", SLICE_ARG(whose(j))),
              arena_printf(j->r->arena, "In the %.*s before it were %.*s.", SLICE_ARG(review_period(j->r)),
                           SLICE_ARG(count(j, was))),
              S("open the landing page and look whether it still has the landing script: clickbaton snippet"));
    } else if (now >= FEW && chart_permille(with, now) < 500) {
        found(j, "clicks_without_ttclid", REVIEW_WARNING,
              arena_printf(j->r->arena, "%.*sonly %.*s of the clicks came with a ttclid", SLICE_ARG(whose(j)),
                           SLICE_ARG(review_share(j->r->arena, with, now))),
              arena_printf(j->r->arena, "%.*s of %.*s.", SLICE_ARG(count(j, with)), SLICE_ARG(count(j, now))),
              S("the ad's link must say ttclid=__CLICKID__, unless most of this traffic is not TikTok's: clickbaton urls"));
    }
}

/* ---- of TikTok's answers ---- */

static void judge_answers(const struct judging *j)
{
    for (const struct review_answer *a = j->o->answers; a; a = a->next) {
        bool token = false;
        struct slice meaning = j->r->words->answer(j->r->arena, a->name, &token);
        if (!token || a->again[REVIEW_NOW] + a->dead[REVIEW_NOW] == 0)
            continue;
        found(j, "token", REVIEW_BROKEN,
              arena_printf(j->r->arena, "TikTok refused a token: %.*s, %.*s", SLICE_ARG(a->name), SLICE_ARG(meaning)),
              arena_printf(j->r->arena, "%.*s attempts for an event ended so. Its pixel is paused until the token is replaced.",
                           SLICE_ARG(count(j, a->again[REVIEW_NOW] + a->dead[REVIEW_NOW]))),
              S("make a new token in Events Manager, put it into the pixel's token file, reload the server"));
    }
}

static void nothing(const struct judging *j)
{
    if (j->r->all.verdicts[REVIEW_NOW][0] == 0)
        found(j, "silence", REVIEW_WARNING, S("not one postback arrived"),
              arena_printf(j->r->arena, "In the %.*s before it were %.*s.", SLICE_ARG(review_period(j->r)),
                           SLICE_ARG(count(j, j->r->all.verdicts[REVIEW_BEFORE][0]))),
              S("is this the right store, and does the tracker's postback URL lead here? clickbaton urls, clickbaton doctor"));
    else if (j->r->finding_count == 0)
        found(j, "well", REVIEW_GOOD, S("nothing stands out"), S(""), S(""));
}

void review_judge(struct review *r)
{
    static void (*const of_offer[])(const struct judging *j) = { judge_quarantine, judge_dead,    judge_late,
                                                                 judge_latency,    judge_clicks,  judge_key,
                                                                 judge_duplicates };
    struct judging j = { .r = r, .o = &r->all };

    judge_answers(&j);
    for (j.o = r->offers; j.o; j.o = j.o->next) {
        for (j.e = j.o->events; j.e; j.e = j.e->next) {
            judge_flatline(&j);
            judge_value(&j);
        }
        for (size_t i = 0; i < sizeof(of_offer) / sizeof(*of_offer); i++)
            of_offer[i](&j);
    }
    j.o = &r->all;
    nothing(&j);
}
