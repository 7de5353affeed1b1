/* health.c: /api/health: what became of everything, by offer, event and hour or day, from the tallies. */
#include "adapters/store/tally.h"
#include "cli/inspector/inside.h"
#include "cli/report/report.h"
#include "cli/story/story.h"
#include "core/base/codes.h"
#include "core/base/json.h"
#include "core/identity/match_key.h"

#define HOUR 3600
#define DAY 86400
#define POINTS_MOST 800      /* 33 days by the hour, 2 years by the day */
#define TALLIES_MOST 3000000 /* looked at for one answer */

enum column { CLICKS, RECEIVED, QUEUED, DUPLICATE, IGNORED, QUARANTINED, COLUMNS };
static const char *const column_names[COLUMNS] = { "clicks", "received", "queued", "duplicate",
                                                   "ignored", "quarantined" };

struct value {
    int currency; /* of store_tally_currency */
    int64_t micros;
    struct value *next;
};

struct event_point {
    int64_t put, delivered, dead, withdrawn, valued;
    int64_t latency[TALLY_LATENCY_BUCKETS], keys[MATCH_KEYS];
    struct value *values;
};

struct event_sum {
    struct slice name;
    struct event_point **points; /* NULL where there was nothing */
    struct event_sum *next;
};

/* A reason, a warning, an answer. */
struct named {
    enum store_tally_kind kind;
    struct slice name;
    int slot;     /* of a reason: the verdict */
    int64_t n[3]; /* of an answer: delivered, again, dead; else the first alone */
    struct named *next;
};

struct offer_sum {
    struct slice name;
    int64_t (*points)[COLUMNS];
    struct event_sum *events, **events_end;
    struct named *named, **named_end;
    struct offer_sum *next;
};

struct health {
    struct arena *arena;
    int64_t from, to, step; /* Unix seconds, multiples of step */
    size_t count;           /* points */
    struct offer_sum *offers, **end, *last;
    int64_t looked_at;
};

/* ---- adding up ---- */

static struct offer_sum *offer_of(struct health *h, struct slice name)
{
    struct offer_sum *o = h->last;

    if (o && slice_eq(o->name, name))
        return o;
    for (o = h->offers; o; o = o->next)
        if (slice_eq(o->name, name))
            return h->last = o;
    o = ARENA_NEW(h->arena, struct offer_sum);
    if (!o)
        return NULL;
    o->name = arena_dup(h->arena, name);
    o->points = arena_array(h->arena, sizeof(*o->points), h->count);
    o->events_end = &o->events;
    o->named_end = &o->named;
    if (!o->points)
        return NULL;
    *h->end = o;
    h->end = &o->next;
    return h->last = o;
}

static struct event_point *point_of(struct health *h, struct offer_sum *o, struct slice name,
                                    size_t at)
{
    struct event_sum *e = o->events;

    while (e && !slice_eq(e->name, name))
        e = e->next;
    if (!e) {
        e = ARENA_NEW(h->arena, struct event_sum);
        if (!e || !(e->points = ARENA_ARRAY(h->arena, struct event_point *, h->count)))
            return NULL;
        e->name = arena_dup(h->arena, name);
        *o->events_end = e;
        o->events_end = &e->next;
    }
    if (!e->points[at])
        e->points[at] = ARENA_NEW(h->arena, struct event_point);
    return e->points[at];
}

static void add_value(struct health *h, struct event_point *p, int currency, int64_t micros)
{
    struct value *v = p->values;

    while (v && v->currency != currency)
        v = v->next;
    if (!v) {
        if (!(v = ARENA_NEW(h->arena, struct value)))
            return;
        *v = (struct value){ currency, 0, p->values };
        p->values = v;
    }
    if (__builtin_add_overflow(v->micros, micros, &v->micros))
        v->micros = micros > 0 ? INT64_MAX : INT64_MIN;
}

static void add_event(struct health *h, struct offer_sum *o, const struct store_tally *t, size_t at)
{
    struct event_point *p = point_of(h, o, t->name, at);

    if (!p)
        return;
    switch (t->kind) {
    case TALLY_EVENTS:
        p->put += t->slot == STORE_WAITING ? t->n : 0;
        p->delivered += t->slot == STORE_DELIVERED ? t->n : 0;
        p->dead += t->slot == STORE_DEAD ? t->n : 0;
        p->withdrawn += t->slot == STORE_WITHDRAWN ? t->n : 0;
        break;
    case TALLY_LATENCY:
        if (t->slot >= 0 && t->slot < TALLY_LATENCY_BUCKETS)
            p->latency[t->slot] += t->n;
        break;
    case TALLY_VALUED:
        p->valued += t->slot == 1 ? t->n : 0;
        break;
    case TALLY_VALUES:
        add_value(h, p, t->slot, t->n);
        break;
    case TALLY_KEYS:
        if (t->slot >= 0 && t->slot < MATCH_KEYS)
            p->keys[t->slot] += t->n;
        break;
    default:
        break;
    }
}

static void add_named(struct health *h, struct offer_sum *o, const struct store_tally *t)
{
    int slot = t->kind == TALLY_REASONS ? t->slot : 0;
    int at = t->kind != TALLY_ANSWERS || t->slot == STORE_DELIVERED ? 0
             : t->slot == STORE_WAITING                             ? 1
                                                                    : 2;
    struct named *n = o->named;

    while (n && (n->kind != t->kind || n->slot != slot || !slice_eq(n->name, t->name)))
        n = n->next;
    if (!n) {
        if (!(n = ARENA_NEW(h->arena, struct named)))
            return;
        *n = (struct named){ .kind = t->kind, .name = arena_dup(h->arena, t->name), .slot = slot };
        *o->named_end = n;
        o->named_end = &n->next;
    }
    n->n[at] += t->n;
}

static int visit(void *context, const struct store_tally *t, struct err *err)
{
    struct health *h = context;
    size_t at = (size_t)((t->hour - h->from) / h->step);
    struct offer_sum *o = offer_of(h, t->offer);

    if (++h->looked_at > TALLIES_MOST)
        return err_set(err, ERR_INPUT, "this is too much to add up: name an offer, or a shorter time");
    if (!o || h->arena->full)
        return err_set(err, ERR_BUSY, "this needs too much memory: name an offer, or a shorter time");
    if (t->hour < h->from || at >= h->count)
        return 0;
    switch (t->kind) {
    case TALLY_CLICKS:
        o->points[at][CLICKS] += t->slot == 0 ? t->n : 0;
        break;
    case TALLY_POSTBACKS:
        o->points[at][RECEIVED] += t->n;
        if (t->slot >= STORE_QUEUED && t->slot <= STORE_QUARANTINED)
            o->points[at][RECEIVED + t->slot] += t->n;
        break;
    case TALLY_REASONS:
    case TALLY_WARNINGS:
    case TALLY_ANSWERS:
        add_named(h, o, t);
        break;
    default:
        add_event(h, o, t, at);
        break;
    }
    return 0;
}

/* ---- as JSON ---- */

static void time_of(struct buf *out, const struct health *h, size_t at)
{
    buf_puts(out, "{\"t\":");
    json_put_time_ms(out, (h->from + (int64_t)at * h->step) * 1000);
}

static bool any(const int64_t *n, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (n[i])
            return true;
    return false;
}

static void numbers(struct buf *out, const char *name, const int64_t *n, size_t count)
{
    buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        buf_puts(out, i ? "," : "");
        buf_i64(out, n[i]);
    }
    buf_byte(out, ']');
}

static void point_json(struct buf *out, const struct event_point *p)
{
    const char *comma = "";

    buf_printf(out, ",\"put\":%lld,\"delivered\":%lld,\"dead\":%lld,\"withdrawn\":%lld,\"valued\":%lld",
               (long long)p->put, (long long)p->delivered, (long long)p->dead,
               (long long)p->withdrawn, (long long)p->valued);
    buf_puts(out, ",\"values\":{");
    for (const struct value *v = p->values; v; v = v->next) {
        char currency[4];
        store_tally_currency_name(v->currency, currency);
        buf_printf(out, "%s\"%s\":\"", comma, currency);
        money_print(out, (struct money){ v->micros });
        buf_byte(out, '"');
        comma = ",";
    }
    buf_byte(out, '}');
    numbers(out, "latency", p->latency, TALLY_LATENCY_BUCKETS);
    buf_puts(out, ",\"keys\":{");
    comma = "";
    for (size_t i = 0; i < MATCH_KEYS; i++) {
        if (!p->keys[i])
            continue;
        buf_printf(out, "%s\"%.*s\":%lld", comma, SLICE_ARG(match_key_names[i]),
                   (long long)p->keys[i]);
        comma = ",";
    }
    buf_puts(out, "}}");
}

static void event_json(struct buf *out, const struct health *h, const struct event_sum *e)
{
    const char *comma = "";

    buf_puts(out, "{\"event\":");
    buf_json(out, e->name);
    buf_puts(out, ",\"points\":[");
    for (size_t i = 0; i < h->count; i++) {
        if (!e->points[i])
            continue;
        buf_puts(out, comma);
        time_of(out, h, i);
        point_json(out, e->points[i]);
        comma = ",";
    }
    buf_puts(out, "]}");
}

static struct slice title_of(struct arena *arena, const struct named *n)
{
    const struct code *code;
    bool token;

    if (n->kind == TALLY_ANSWERS)
        return report_answer(arena, n->name, &token);
    code = code_find(arena_cstr(arena, n->name));
    return slice_from(code ? code->title : "");
}

static void named_json(struct buf *out, struct arena *arena, const struct named *n)
{
    buf_puts(out, "{\"code\":");
    buf_json(out, n->name);
    if (n->kind == TALLY_REASONS)
        buf_printf(out, ",\"verdict\":\"%s\"", story_verdict_name((enum store_verdict)n->slot));
    buf_puts(out, ",\"title\":");
    buf_json(out, title_of(arena, n));
    if (n->kind == TALLY_ANSWERS)
        buf_printf(out, ",\"delivered\":%lld,\"again\":%lld,\"dead\":%lld}", (long long)n->n[0],
                   (long long)n->n[1], (long long)n->n[2]);
    else
        buf_printf(out, ",\"n\":%lld}", (long long)n->n[0]);
}

static void list_json(struct buf *out, const struct health *h, const struct offer_sum *o,
                      const char *name, enum store_tally_kind kind)
{
    const char *comma = "";

    buf_printf(out, ",\"%s\":[", name);
    for (const struct named *n = o->named; n; n = n->next) {
        if (n->kind != kind || !any(n->n, 3))
            continue;
        buf_puts(out, comma);
        named_json(out, h->arena, n);
        comma = ",";
    }
    buf_byte(out, ']');
}

static void offer_json(struct buf *out, const struct health *h, const struct offer_sum *o)
{
    const char *comma = "";

    buf_puts(out, "{\"offer\":");
    buf_json(out, o->name);
    buf_puts(out, ",\"points\":[");
    for (size_t i = 0; i < h->count; i++) {
        if (!any(o->points[i], COLUMNS))
            continue;
        buf_puts(out, comma);
        time_of(out, h, i);
        for (size_t c = 0; c < COLUMNS; c++)
            buf_printf(out, ",\"%s\":%lld", column_names[c], (long long)o->points[i][c]);
        buf_byte(out, '}');
        comma = ",";
    }
    buf_puts(out, "],\"events\":[");
    for (const struct event_sum *e = o->events; e; e = e->next) {
        buf_puts(out, e != o->events ? "," : "");
        event_json(out, h, e);
    }
    buf_byte(out, ']');
    list_json(out, h, o, "reasons", TALLY_REASONS);
    list_json(out, h, o, "warnings", TALLY_WARNINGS);
    list_json(out, h, o, "answers", TALLY_ANSWERS);
    buf_byte(out, '}');
}

/* ---- the answer ---- */

static int read_window(struct view *v, struct health *h)
{
    struct slice step = view_text(v, "step");
    int64_t since, until;

    if (!view_time(v, "since", &since) || !view_time(v, "until", &until))
        return -1;
    if (step.len && !slice_eq(step, S("3600")) && !slice_eq(step, S("86400")))
        return err_set(&v->err, ERR_INPUT, "`step` is 3600 or 86400");
    h->step = slice_eq(step, S("86400")) ? DAY : HOUR;
    until = until ? until / 1000 : v->now_ms / 1000 + 1;
    since = since ? since / 1000 : until - (h->step == DAY ? 7 * DAY : DAY);
    h->from = since - since % h->step;
    h->to = until + (h->step - until % h->step) % h->step;
    if (h->to <= h->from || (h->to - h->from) / h->step > POINTS_MOST)
        return err_set(&v->err, ERR_INPUT, "from `since` to `until` must be 1 to %d steps", POINTS_MOST);
    h->count = (size_t)((h->to - h->from) / h->step);
    return 0;
}

int answer_health(struct view *v)
{
    struct health h = { .arena = v->arena, .end = &h.offers };

    if (read_window(v, &h) != 0 ||
        store_walk_tallies(v->store, h.from, h.to, view_text(v, "offer"), visit, &h, &v->err) != 0)
        return -1;
    buf_printf(&v->out, "{\"step\":%lld,\"from\":", (long long)h.step);
    json_put_time_ms(&v->out, h.from * 1000);
    buf_puts(&v->out, ",\"to\":");
    json_put_time_ms(&v->out, h.to * 1000);
    buf_puts(&v->out, ",\"offers\":[");
    for (const struct offer_sum *o = h.offers; o; o = o->next) {
        buf_puts(&v->out, o != h.offers ? ",\n" : "");
        offer_json(&v->out, &h, o);
    }
    buf_puts(&v->out, "]}\n");
    return 200;
}
