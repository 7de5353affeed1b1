#include "cli/replay/replay.h"

#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "core/base/codes.h"
#include "core/base/money.h"
#include "core/base/when.h"
#include "core/payload/payload.h"

void tally_open(struct tally *t, bool dead, bool dry)
{
    *t = (struct tally){ .dead = dead, .dry = dry };
    arena_init(&t->arena, (size_t)1 << 20);
}

void tally_close(struct tally *t)
{
    ids_free(&t->seen);
    arena_free(&t->arena);
}

static struct slice text_of(const cJSON *object, const char *name)
{
    return slice_from(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name)));
}

static bool is_fresh(const cJSON *event)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(event, "fresh"));
}

/* ---- what a dry run would have put by now ---- */

/* The event_id, or the plain_id, under which an event of that pixel and name is known. */
static struct slice key_of(const cJSON *event, struct slice id, bool plain, struct buf *b)
{
    buf_clear(b);
    buf_printf(b, "%.*s%c%.*s", SLICE_ARG(text_of(event, "event")), plain ? 2 : 1, SLICE_ARG(id));
    return buf_slice(b);
}

/* As store_event_put decides. */
static bool has_id(const struct tally *t, const cJSON *event, struct slice id, struct buf *b)
{
    struct slice pixel = text_of(event, "pixel");
    bool own = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(event, "own_id"));

    return ids_has(&t->seen, pixel, key_of(event, id, false, b)) ||
           (!own && ids_has(&t->seen, pixel, key_of(event, id, true, b)));
}

static bool is_known(const struct tally *t, const cJSON *event, struct buf *b)
{
    const cJSON *former;

    if (has_id(t, event, text_of(event, "event_id"), b))
        return true;
    cJSON_ArrayForEach(former, cJSON_GetObjectItemCaseSensitive(event, "formerly"))
        if (has_id(t, event, slice_from(cJSON_GetStringValue(former)), b))
            return true;
    return false;
}

static void note_seen(struct tally *t, const cJSON *event, struct buf *b)
{
    struct slice pixel = text_of(event, "pixel"), plain = text_of(event, "plain_id");

    ids_add(&t->seen, pixel, key_of(event, text_of(event, "event_id"), false, b));
    if (plain.len)
        ids_add(&t->seen, pixel, key_of(event, plain, true, b));
}

/* An event that an earlier row of this run would have put is not fresh any more. */
static void remember(struct tally *t, cJSON *row)
{
    cJSON *event, *events = cJSON_GetObjectItemCaseSensitive(row, "events");
    struct buf b = { 0 };
    bool any = false, was = false;

    cJSON_ArrayForEach(event, events) {
        if (!is_fresh(event))
            continue;
        was = true;
        if (is_known(t, event, &b)) {
            cJSON_ReplaceItemInObjectCaseSensitive(event, "fresh", cJSON_CreateFalse());
            continue;
        }
        any = true;
        note_seen(t, event, &b);
    }
    buf_free(&b);
    if (any || !was)
        return;
    cJSON_ReplaceItemInObjectCaseSensitive(row, "verdict", cJSON_CreateString("duplicate"));
    cJSON_ReplaceItemInObjectCaseSensitive(row, "code", cJSON_CreateString("D001"));
    cJSON_ReplaceItemInObjectCaseSensitive(
        row, "reason", cJSON_CreateString("an earlier postback of this run gives the same event"));
}

/* ---- sums ---- */

static void add_why(struct tally *t, struct slice code, struct slice why)
{
    struct tally_why *w = t->whys, *end = t->whys + t->why_count;

    while (w < end && !(slice_eq(w->code, code) && (code.len || slice_eq(w->why, why))))
        w++;
    if (w == end) {
        if (t->why_count == TALLY_ROWS)
            return;
        t->why_count++;
        *w = (struct tally_why){ arena_dup(&t->arena, code), arena_dup(&t->arena, why), 0 };
    }
    w->count++;
}

static void add_value(struct tally *t, struct slice currency, int64_t micros)
{
    struct tally_sum *s = t->sums, *end = t->sums + t->sum_count;

    if (currency.len == 0)
        return;
    while (s < end && !slice_eq(s->currency, currency))
        s++;
    if (s == end) {
        if (t->sum_count == TALLY_ROWS)
            return;
        t->sum_count++;
        *s = (struct tally_sum){ .currency = arena_dup(&t->arena, currency) };
    }
    s->micros += micros % MONEY_SCALE;
    s->units += micros / MONEY_SCALE + s->micros / MONEY_SCALE;
    s->micros %= MONEY_SCALE;
}

static void count_events(struct tally *t, const cJSON *row)
{
    const cJSON *event;
    int64_t micros;

    cJSON_ArrayForEach(event, cJSON_GetObjectItemCaseSensitive(row, "events")) {
        if (!is_fresh(event))
            continue;
        t->events++;
        if (slice_to_i64(text_of(event, "micros"), &micros))
            add_value(t, text_of(event, "currency"), micros);
    }
}

bool tally_row(struct tally *t, cJSON *row)
{
    struct slice verdict, left = text_of(row, "left");

    if (cJSON_GetObjectItemCaseSensitive(row, "other"))
        return false;
    t->rows++;
    if (left.len) {
        t->left++;
        add_why(t, (struct slice){ 0 }, left);
        return true;
    }
    if (t->dry && !t->dead)
        remember(t, row);
    verdict = text_of(row, "verdict");
    t->queued += slice_eq(verdict, S("queued")) || slice_eq(verdict, S("waiting"));
    t->duplicate += slice_eq(verdict, S("duplicate"));
    t->ignored += slice_eq(verdict, S("ignored"));
    if (slice_eq(verdict, S("quarantined"))) {
        t->quarantined++;
        add_why(t, text_of(row, "code"), (struct slice){ 0 });
    }
    count_events(t, row);
    return true;
}

/* ---- one row ---- */

static bool pixel_before(const cJSON *events, const cJSON *upto)
{
    const cJSON *e;

    cJSON_ArrayForEach(e, events) {
        if (e == upto)
            return false;
        if (is_fresh(e) && slice_eq(text_of(e, "pixel"), text_of(upto, "pixel")))
            return true;
    }
    return false;
}

/* The request body with the fresh events for one pixel, as `translate` prints it. */
static void one_body(struct buf *out, const cJSON *events, const cJSON *first)
{
    const cJSON *e;
    bool any = false;

    payload_open(out, text_of(first, "source"), text_of(first, "pixel"), text_of(first, "test_code"));
    cJSON_ArrayForEach(e, events) {
        if (!is_fresh(e) || !slice_eq(text_of(e, "pixel"), text_of(first, "pixel")))
            continue;
        buf_puts(out, any ? "," : "");
        buf_add(out, text_of(e, "body"));
        any = true;
    }
    payload_close(out);
}

void tally_bodies(struct buf *out, const cJSON *row, const char *between, const char *after)
{
    const cJSON *e, *events = cJSON_GetObjectItemCaseSensitive(row, "events");
    bool any = false;

    cJSON_ArrayForEach(e, events) {
        if (!is_fresh(e) || pixel_before(events, e))
            continue;
        buf_puts(out, any ? between : "");
        one_body(out, events, e);
        buf_puts(out, after);
        any = true;
    }
}

static void text_member(struct buf *out, const cJSON *object, const char *name)
{
    if (!cJSON_GetObjectItemCaseSensitive(object, name))
        return;
    replay_member(out, name, text_of(object, name));
}

static void event_json(struct buf *out, const cJSON *e, bool first)
{
    int64_t micros = 0;
    struct slice currency = text_of(e, "currency");

    buf_printf(out, "%s{\"sent\":%s", first ? "" : ",", is_fresh(e) ? "true" : "false");
    text_member(out, e, "pixel");
    text_member(out, e, "event");
    text_member(out, e, "event_id");
    if (currency.len && slice_to_i64(text_of(e, "micros"), &micros)) {
        buf_puts(out, ",\"value\":");
        money_print(out, (struct money){ micros });
        replay_member(out, "currency", currency);
    }
    buf_byte(out, '}');
}

static void row_json(struct buf *out, const struct tally *t, const cJSON *row)
{
    const cJSON *e, *at = cJSON_GetObjectItemCaseSensitive(row, "at");
    static const char *const texts[] = { "offer", "click_id", "was", "verdict", "code", "reason",
                                         "left" };
    bool first = true;

    buf_printf(out, "{\"id\":%.0f", cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(row, "id")));
    if (at) {
        buf_puts(out, ",\"time\":\"");
        when_print(out, (int64_t)(at->valuedouble / 1000));
        buf_byte(out, '"');
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        text_member(out, row, texts[i]);
    buf_puts(out, ",\"events\":[");
    cJSON_ArrayForEach(e, cJSON_GetObjectItemCaseSensitive(row, "events")) {
        event_json(out, e, first);
        first = false;
    }
    buf_byte(out, ']');
    if (t->dry) {
        buf_puts(out, ",\"bodies\":[");
        tally_bodies(out, row, ",", "");
        buf_byte(out, ']');
    }
    buf_puts(out, "}\n");
}

void tally_show_row(struct buf *out, const struct tally *t, const cJSON *row, bool json)
{
    if (json)
        row_json(out, t, row);
    else if (t->dry)
        tally_bodies(out, row, "", "\n");
}

/* ---- at the end ---- */

static void sum_text(struct buf *out, const struct tally_sum *s)
{
    struct buf micros = { .limit = 32 };
    size_t n;

    buf_i64(out, s->units);
    buf_printf(&micros, "%06lld", (long long)s->micros);
    for (n = micros.len; n && micros.ptr[n - 1] == '0'; n--)
        ;
    if (n)
        buf_printf(out, ".%.*s", n < 2 ? 2 : (int)n, micros.ptr);
    buf_free(&micros);
}

static void sums(struct buf *out, const struct tally *t)
{
    for (size_t i = 0; i < t->sum_count; i++) {
        buf_puts(out, i ? ", " : ", worth ");
        sum_text(out, &t->sums[i]);
        buf_byte(out, ' ');
        show_safe(out, t->sums[i].currency);
    }
}

static void whys(struct buf *out, const struct tally *t)
{
    for (size_t i = 0; i < t->why_count; i++) {
        const struct tally_why *w = &t->whys[i];
        const struct code *code = w->code.len ? code_find(w->code.ptr) : NULL;
        buf_printf(out, "  %6lld  ", (long long)w->count);
        show_safe(out, w->code);
        buf_puts(out, w->code.len ? " " : "");
        show_safe(out, code ? slice_from(code->title) : w->why);
        buf_byte(out, '\n');
    }
}

static const char *many(int64_t n)
{
    return n == 1 ? "" : "s";
}

void tally_show(struct buf *out, const struct tally *t)
{
    int64_t remain = t->quarantined + t->left;

    if (t->dead) {
        buf_printf(out, "%lld of %lld dead event%s %s", (long long)t->queued, (long long)t->rows,
                   many(t->rows), t->dry ? "would be sent again" : "will be sent again");
        sums(out, t);
        buf_byte(out, '\n');
        if (remain)
            buf_printf(out, "%lld stay%s as they are:\n", (long long)remain, remain == 1 ? "s" : "");
        whys(out, t);
        return;
    }
    buf_printf(out, "%lld quarantined postback%s: %lld %s %lld event%s", (long long)t->rows,
               many(t->rows), (long long)t->queued, t->dry ? "would become" : "became",
               (long long)t->events, many(t->events));
    sums(out, t);
    buf_printf(out, "; %lld duplicate%s, %lld ignored\n", (long long)t->duplicate,
               many(t->duplicate), (long long)t->ignored);
    if (remain)
        buf_printf(out, "%lld %s quarantined:\n", (long long)remain,
                   t->dry ? "would stay" : remain == 1 ? "stays" : "stay");
    whys(out, t);
}

void tally_json(struct buf *out, const struct tally *t)
{
    buf_printf(out,
               "{\"total\":{\"rows\":%lld,\"queued\":%lld,\"duplicate\":%lld,\"ignored\":%lld,"
               "\"quarantined\":%lld,\"left\":%lld,\"events\":%lld,\"values\":{",
               (long long)t->rows, (long long)t->queued, (long long)t->duplicate,
               (long long)t->ignored, (long long)t->quarantined, (long long)t->left,
               (long long)t->events);
    for (size_t i = 0; i < t->sum_count; i++) {
        buf_puts(out, i ? "," : "");
        buf_json(out, t->sums[i].currency);
        buf_byte(out, ':');
        sum_text(out, &t->sums[i]);
    }
    buf_puts(out, "}}}\n");
}
