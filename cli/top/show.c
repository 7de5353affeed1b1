/* show.c: the table of `top`. */
#include "cli/hops.h"
#include "cli/top/top.h"
#include "core/base/json.h"
#include "core/base/when.h"
#include "core/chart/chart.h"
#include "core/review/lines.h"

#define NAME_WIDTH 26
#define NAME_LEAST 12

/* The columns, and which of them go first where the window is narrow. */
enum column {
    RATE, RECEIVED, QUEUED, DUPLICATE, IGNORED, QUARANTINED, EVENTS, DELIVERED, GIVEN_UP, WAITING, SINCE, HALF, MOST,
    COLUMNS
};
static const struct {
    const char *name;
    int width, rank; /* 0: stays */
} columns[COLUMNS] = {
    [RATE] = { "/min", 8, 2 },         [RECEIVED] = { "recv", 8, 1 },   [QUEUED] = { "queued", 8, 5 },
    [DUPLICATE] = { "dup", 8, 8 },     [IGNORED] = { "ignored", 8, 9 }, [QUARANTINED] = { "quar", 8, 0 },
    [EVENTS] = { "events", 8, 3 },     [DELIVERED] = { "deliv", 8, 0 }, [GIVEN_UP] = { "dead", 7, 6 },
    [WAITING] = { "waiting", 8, 0 },   [SINCE] = { "since", 7, 7 },     [HALF] = { "p50", 8, 6 },
    [MOST] = { "p95", 8, 4 },
};
#define RANKS 9

struct showing {
    struct buf *out;
    const struct top *t;
    int most_rank, name; /* what is shown; how wide names are */
};

/* Of the columns up to this rank. */
static int width_of(int rank)
{
    int n = 0;

    for (int i = 0; i < COLUMNS; i++)
        n += columns[i].rank <= rank ? columns[i].width : 0;
    return n;
}

static void cell(struct showing *s, enum column c, struct slice text)
{
    if (columns[c].rank <= s->most_rank)
        lines_right(s->out, text, columns[c].width);
}

static void number(struct showing *s, enum column c, int64_t n)
{
    struct buf text = { 0 };

    chart_number(&text, CHART_COUNT, S(""), n);
    cell(s, c, buf_slice(&text));
    buf_free(&text);
}

static void share(struct showing *s, enum column c, int64_t n, int64_t of)
{
    struct buf text = { 0 };

    if (of > 0)
        chart_number(&text, CHART_PERMILLE, S(""), chart_permille(n, of));
    else
        buf_byte(&text, '-');
    cell(s, c, buf_slice(&text));
    buf_free(&text);
}

static void delay(struct showing *s, enum column c, const int64_t *buckets, int p)
{
    int64_t ms = review_percentile(buckets, p);
    struct buf text = { 0 };

    if (ms == INT64_MAX)
        buf_puts(&text, "over 1 d");
    else
        chart_number(&text, CHART_MS, S(""), ms < 0 ? CHART_GAP : ms);
    cell(s, c, buf_slice(&text));
    buf_free(&text);
}

static void rate(struct showing *s, struct slice offer)
{
    int64_t n = top_per_minute(s->t, offer);
    struct buf text = { 0 };

    if (n >= 0)
        buf_printf(&text, "%lld.%d", (long long)(n / 10), (int)(n % 10));
    else
        buf_byte(&text, '-');
    cell(s, RATE, buf_slice(&text));
    buf_free(&text);
}

static void clock_of(struct buf *out, int64_t at)
{
    buf_printf(out, "%02d:%02d", (int)(at / 3600 % 24), (int)(at / 60 % 60));
}

static void flow(struct showing *s, const struct review_flow *f, int64_t waiting, int64_t since)
{
    struct buf text = { 0 };

    number(s, EVENTS, f->put);
    share(s, DELIVERED, f->delivered, f->put);
    number(s, GIVEN_UP, f->dead);
    number(s, WAITING, waiting);
    if (since)
        clock_of(&text, since);
    cell(s, SINCE, buf_slice(&text));
    delay(s, HALF, f->latency, 50);
    delay(s, MOST, f->latency, 95);
    buf_free(&text);
    lines_end(s->out);
}

static void offer_line(struct showing *s, const struct review_offer *o)
{
    const int64_t *v = o->verdicts[REVIEW_NOW];
    bool bad = v[0] >= 20 && chart_permille(v[REVIEW_QUARANTINED], v[0]) >= 100;
    int64_t since, waiting = top_waiting(s->t, o->name, S(""), &since);

    hops_paint(s->out, s->t->colour && bad, HOPS_BAD);
    lines_left(s->out, o->name, s->name);
    hops_paint(s->out, s->t->colour && bad, HOPS_PLAIN);
    rate(s, o->name);
    number(s, RECEIVED, v[0]);
    for (int i = REVIEW_QUEUED; i < REVIEW_VERDICTS; i++)
        share(s, (enum column)(QUEUED + i - REVIEW_QUEUED), v[i], v[0]);
    flow(s, &o->flow[REVIEW_NOW], waiting, since);
}

static void event_line(struct showing *s, const struct review_offer *o, const struct review_event *e)
{
    int64_t since, waiting = top_waiting(s->t, o->name, e->name, &since);

    buf_puts(s->out, "  ");
    lines_left(s->out, e->name, s->name - 2);
    for (int i = RATE; i <= QUARANTINED; i++)
        cell(s, (enum column)i, S(""));
    flow(s, &e->flow[REVIEW_NOW], waiting, since);
}

/* ---- the lines above ---- */

static void finish(struct showing *s, struct buf *text)
{
    lines_left(s->out, buf_slice(text), s->t->columns);
    lines_end(s->out);
    buf_clear(text);
}

static void head(struct showing *s)
{
    const struct store_counts *c = &s->t->counts;
    const struct review *r = &s->t->hours;
    struct buf text = { 0 };
    bool token;

    buf_puts(&text, "clickbaton top  ");
    when_print(&text, s->t->now / 1000);
    buf_puts(&text, "  since ");
    clock_of(&text, r->since);
    finish(s, &text);
    buf_printf(&text, "outbox: %lld waiting, %lld on their way", (long long)c->waiting, (long long)c->sending);
    if (c->oldest_waiting) {
        buf_puts(&text, ", the oldest for ");
        chart_number(&text, CHART_MS, S(""), s->t->now > c->oldest_waiting ? s->t->now - c->oldest_waiting : 0);
    }
    finish(s, &text);
    buf_puts(&text, "TikTok:");
    for (const struct review_answer *a = r->all.answers; a; a = a->next) {
        buf_printf(&text, "%s %.*s ", a == r->all.answers ? "" : ";", SLICE_ARG(a->name));
        buf_add(&text, r->words->answer(r->arena, a->name, &token));
        buf_printf(&text, " %lld/%lld/%lld", (long long)a->delivered[0], (long long)a->again[0], (long long)a->dead[0]);
    }
    buf_puts(&text, r->all.answers ? "  (delivered/again/dead)" : " nothing sent");
    finish(s, &text);
    buf_free(&text);
    buf_byte(s->out, '\n');
}

void top_text(struct buf *out, const struct top *t)
{
    struct showing s = { out, t, RANKS, NAME_WIDTH };

    while (s.most_rank > 0 && NAME_WIDTH + width_of(s.most_rank) > t->columns)
        s.most_rank--;
    if (s.name + width_of(s.most_rank) > t->columns)
        s.name = t->columns - width_of(s.most_rank);
    if (s.name < NAME_LEAST)
        s.name = NAME_LEAST;
    head(&s);
    lines_left(out, S("offer, event"), s.name);
    for (int i = 0; i < COLUMNS; i++)
        cell(&s, (enum column)i, slice_from(columns[i].name));
    lines_end(out);
    if (!t->hours.offers)
        buf_puts(out, "nothing came in this hour or the one before\n");
    for (const struct review_offer *o = t->hours.offers; o; o = o->next) {
        offer_line(&s, o);
        for (const struct review_event *e = o->events; e; e = e->next)
            event_line(&s, o, e);
    }
    if (!live_is_terminal())
        buf_byte(out, '\n');
}

/* ---- JSON ---- */

static void json_flow(struct buf *out, const struct top *t, struct slice offer, struct slice event,
                      const struct review_flow *f)
{
    static const int parts[] = { 50, 95 };
    int64_t since, waiting = top_waiting(t, offer, event, &since);

    buf_printf(out, ",\"made\":%lld,\"delivered\":%lld,\"given_up\":%lld,\"waiting\":%lld", (long long)f->put,
               (long long)f->delivered, (long long)f->dead, (long long)waiting);
    json_time_ms(out, "waiting_since", since * 1000);
    for (int i = 0; i < 2; i++) {
        int64_t ms = review_percentile(f->latency, parts[i]);
        buf_printf(out, ",\"p%d_ms\":", parts[i]);
        if (ms < 0 || ms == INT64_MAX)
            buf_puts(out, ms < 0 ? "null" : "\"over\"");
        else
            buf_i64(out, ms);
    }
}

static void json_offer(struct buf *out, const struct top *t, const struct review_offer *o)
{
    const int64_t *v = o->verdicts[REVIEW_NOW];
    int64_t n = top_per_minute(t, o->name);

    buf_puts(out, "{\"offer\":");
    buf_json(out, o->name);
    if (n < 0)
        buf_puts(out, ",\"per_minute\":null");
    else
        buf_printf(out, ",\"per_minute\":%lld.%d", (long long)(n / 10), (int)(n % 10));
    buf_printf(out, ",\"clicks\":%lld,\"received\":%lld", (long long)o->clicks[REVIEW_NOW], (long long)v[0]);
    for (int i = 1; i < REVIEW_VERDICTS; i++)
        buf_printf(out, ",\"%s\":%lld", review_verdicts[i], (long long)v[i]);
    json_flow(out, t, o->name, S(""), &o->flow[REVIEW_NOW]);
    buf_puts(out, ",\"events\":[");
    for (const struct review_event *e = o->events; e; e = e->next) {
        buf_puts(out, e == o->events ? "{\"event\":" : ",{\"event\":");
        buf_json(out, e->name);
        json_flow(out, t, o->name, e->name, &e->flow[REVIEW_NOW]);
        buf_byte(out, '}');
    }
    buf_puts(out, "]}");
}

void top_json(struct buf *out, const struct top *t)
{
    const struct store_counts *c = &t->counts;
    const struct review *r = &t->hours;

    buf_byte(out, '{');
    json_time_ms(out, "at", t->now);
    json_time_ms(out, "since", r->since * 1000);
    json_number(out, "waiting", c->waiting);
    json_number(out, "sending", c->sending);
    json_time_ms(out, "oldest", c->oldest_waiting);
    buf_puts(out, ",\"offers\":[");
    for (const struct review_offer *o = r->offers; o; o = o->next) {
        buf_puts(out, o == r->offers ? "" : ",");
        json_offer(out, t, o);
    }
    buf_puts(out, "],\"answers\":[");
    for (const struct review_answer *a = r->all.answers; a; a = a->next) {
        bool token;
        buf_puts(out, a == r->all.answers ? "{\"code\":" : ",{\"code\":");
        buf_json(out, a->name);
        buf_puts(out, ",\"title\":");
        buf_json(out, r->words->answer(r->arena, a->name, &token));
        buf_printf(out, ",\"delivered\":%lld,\"again\":%lld,\"dead\":%lld}", (long long)a->delivered[0],
                   (long long)a->again[0], (long long)a->dead[0]);
    }
    buf_puts(out, "]}\n");
}
