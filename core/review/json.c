/* json.c: a review for programs.  docs/report.md says the shape. */
#include "core/base/json.h"
#include "core/base/money.h"
#include "core/review/inside.h"

/* "name":{"now":12,"before":10} */
static void both(struct buf *out, const char *name, int64_t now, int64_t before)
{
    json_name(out, name);
    buf_printf(out, "{\"now\":%lld,\"before\":%lld}", (long long)now, (long long)before);
}

static void decimal(struct buf *out, int64_t n, int64_t of)
{
    int64_t share = chart_permille(n, of);

    if (of <= 0)
        buf_puts(out, "null");
    else
        buf_printf(out, "%d.%03d", (int)(share / 1000), (int)(share % 1000));
}

static void shares(struct buf *out, const char *name, int64_t now, int64_t now_of, int64_t before,
                   int64_t before_of)
{
    json_name(out, name);
    buf_printf(out, "{\"now\":%lld,\"before\":%lld,\"share_now\":", (long long)now, (long long)before);
    decimal(out, now, now_of);
    buf_puts(out, ",\"share_before\":");
    decimal(out, before, before_of);
    buf_byte(out, '}');
}

static void percentiles(struct buf *out, const struct review_flow *f)
{
    static const int list[] = { 50, 90, 95, 99 };

    buf_byte(out, '{');
    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
        int64_t ms = review_percentile(f->latency, list[i]);
        buf_printf(out, "%s\"p%d\":", i ? "," : "", list[i]);
        if (ms < 0 || ms == INT64_MAX)
            buf_puts(out, ms < 0 ? "null" : "\"over\"");
        else
            buf_i64(out, ms);
    }
    buf_puts(out, ",\"buckets\":[");
    for (int i = 0; i < REVIEW_BUCKETS; i++)
        buf_printf(out, "%s%lld", i ? "," : "", (long long)f->latency[i]);
    buf_puts(out, "]}");
}

static void money(struct buf *out, const char *name, const struct review_money *list, bool original)
{
    const char *comma = "";

    json_name(out, name);
    buf_byte(out, '{');
    for (const struct review_money *m = list; m; m = m->next) {
        const int64_t *n = original ? m->original : m->sent;
        if (n[0] == 0 && n[1] == 0)
            continue;
        buf_puts(out, comma);
        comma = ",";
        buf_json(out, slice_from(m->currency));
        for (int i = 0; i < REVIEW_PERIODS; i++) {
            buf_puts(out, i ? ",\"before\":\"" : ":{\"now\":\"");
            money_print(out, (struct money){ n[i] });
            buf_byte(out, '"');
        }
        buf_byte(out, '}');
    }
    buf_byte(out, '}');
}

static void flow(struct buf *out, const struct review *r, const struct review_flow *f,
                 const struct review_money *list)
{
    const struct review_flow *g = f + REVIEW_BEFORE;

    both(out, "made", f->put, g->put);
    shares(out, "delivered", f->delivered, f->put, g->delivered, g->put);
    shares(out, "given_up", f->dead, f->put, g->dead, g->put);
    shares(out, "withdrawn", f->withdrawn, f->put, g->withdrawn, g->put);
    shares(out, "waiting_over_an_hour", f->late, f->put, g->late, g->put);
    shares(out, "without_value", f->unvalued, f->valued + f->unvalued, g->unvalued, g->valued + g->unvalued);
    buf_puts(out, ",\"latency_ms\":{\"now\":");
    percentiles(out, f);
    buf_puts(out, ",\"before\":");
    percentiles(out, g);
    buf_byte(out, '}');
    money(out, "values", list, false);
    money(out, "original_values", list, true);
    buf_puts(out, ",\"keys\":{");
    for (size_t i = 0; i < r->words->key_count && i < REVIEW_KEYS_MAX; i++)
        shares(out, arena_cstr(r->arena, r->words->keys[i]), f->keys[i], f->put, g->keys[i], g->put);
    buf_byte(out, '}');
}

static void named(struct buf *out, const char *name, const struct review_named *list, bool verdict)
{
    buf_printf(out, ",\"%s\":[", name);
    for (const struct review_named *n = list; n; n = n->next) {
        buf_puts(out, n == list ? "{" : ",{");
        json_text(out, "code", n->name);
        if (verdict && n->slot > 0 && n->slot < REVIEW_VERDICTS)
            json_text(out, "verdict", slice_from(review_verdicts[n->slot]));
        json_text(out, "title", review_title("", n->name));
        json_text(out, "remedy", review_remedy(n->name));
        buf_printf(out, ",\"now\":%lld,\"before\":%lld}", (long long)n->n[0], (long long)n->n[1]);
    }
    buf_byte(out, ']');
}

static void answers(struct buf *out, const struct review *r, const struct review_answer *list)
{
    buf_puts(out, ",\"answers\":[");
    for (const struct review_answer *a = list; a; a = a->next) {
        bool token;
        buf_puts(out, a == list ? "{" : ",{");
        json_text(out, "code", a->name);
        json_text(out, "title", r->words->answer(r->arena, a->name, &token));
        both(out, "delivered", a->delivered[0], a->delivered[1]);
        both(out, "tried_again", a->again[0], a->again[1]);
        both(out, "given_up", a->dead[0], a->dead[1]);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

static void offer(struct buf *out, const struct review *r, const struct review_offer *o)
{
    const int64_t *v = o->verdicts[REVIEW_NOW], *w = o->verdicts[REVIEW_BEFORE];

    both(out, "clicks", o->clicks[0], o->clicks[1]);
    shares(out, "clicks_with_ttclid", o->ttclid[0], o->clicks[0], o->ttclid[1], o->clicks[1]);
    both(out, "received", v[0], w[0]);
    for (int i = 1; i < REVIEW_VERDICTS; i++) {
        shares(out, review_verdicts[i], v[i], v[0], w[i], w[0]);
    }
    buf_puts(out, ",\"events\":{");
    flow(out, r, o->flow, o->money);
    buf_byte(out, '}');
    named(out, "reasons", o->reasons, true);
    named(out, "warnings", o->warnings, false);
    answers(out, r, o->answers);
}

static void offers(struct buf *out, const struct review *r)
{
    buf_puts(out, ",\n\"offers\":[");
    for (const struct review_offer *o = r->offers; o; o = o->next) {
        buf_puts(out, o == r->offers ? "\n{" : ",\n{");
        json_text(out, "offer", o->name);
        offer(out, r, o);
        buf_puts(out, ",\"by_event\":[");
        for (const struct review_event *e = o->events; e; e = e->next) {
            buf_puts(out, e == o->events ? "\n {" : ",\n {");
            json_text(out, "event", e->name);
            flow(out, r, e->flow, e->money);
            buf_byte(out, '}');
        }
        buf_puts(out, "]}");
    }
    buf_byte(out, ']');
}

static void findings(struct buf *out, const struct review *r)
{
    buf_puts(out, ",\n\"findings\":[");
    for (const struct review_finding *f = r->findings; f; f = f->next) {
        buf_puts(out, f == r->findings ? "\n{" : ",\n{");
        json_text(out, "id", slice_from(f->id));
        json_text(out, "level", slice_from(review_weights[f->weight]));
        json_text(out, "offer", f->offer);
        json_text(out, "event", f->event);
        json_text(out, "title", f->title);
        json_text(out, "text", f->text);
        json_text(out, "first", f->first);
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}

static void points(struct buf *out, const struct review *r)
{
    buf_puts(out, ",\n\"over_time\":[");
    for (size_t i = 0; i < r->points; i++) {
        const struct review_day *d = &r->all.days[i];
        buf_puts(out, i ? ",\n{" : "\n{");
        json_time(out, "from", r->starts[i]);
        buf_printf(out, ",\"clicks\":%lld", (long long)d->clicks);
        for (int v = 1; v < REVIEW_VERDICTS; v++)
            buf_printf(out, ",\"%s\":%lld", review_verdicts[v], (long long)d->verdicts[v]);
        buf_printf(out, ",\"made\":%lld,\"delivered\":%lld,\"given_up\":%lld,\"without_value\":%lld}",
                   (long long)d->put, (long long)d->delivered, (long long)d->dead, (long long)d->unvalued);
    }
    buf_byte(out, ']');
}

void review_json(struct buf *out, const struct review *r)
{
    buf_puts(out, "{\"period\":{");
    json_time(out, "since", r->since);
    json_time(out, "until", r->until);
    json_time(out, "before", r->before);
    json_text(out, "zone", r->zone);
    buf_printf(out, ",\"step\":%d}", (int)r->step);
    findings(out, r);
    buf_puts(out, ",\n\"total\":{");
    offer(out, r, &r->all);
    buf_byte(out, '}');
    offers(out, r);
    points(out, r);
    buf_puts(out, "}\n");
    if (r->arena->full)
        out->failed = true;
}
