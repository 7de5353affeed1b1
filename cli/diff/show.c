/* show.c: what `diff` prints, in words and as JSON. */
#include <stdio.h>

#include "cli/diff/diff.h"
#include "cli/hops.h"
#include "cli/show.h"

#define VALUE_MAX 120

static void text(struct buf *out, struct slice s)
{
    show_safe(out, slice_head(s, VALUE_MAX));
    if (s.len > VALUE_MAX)
        buf_printf(out, "...(%zu)", s.len);
}

static void line(struct buf *out, bool colour, bool new, struct slice path, struct slice value)
{
    if (value.len == 0)
        return;
    hops_paint(out, colour, new ? HOPS_GOOD : HOPS_BAD);
    buf_printf(out, "    %c ", new ? '+' : '-');
    show_safe(out, path);
    buf_puts(out, ": ");
    text(out, value);
    hops_paint(out, colour, HOPS_PLAIN);
    buf_byte(out, '\n');
}

static void show_event(struct buf *out, const struct diff_event *e, bool colour)
{
    buf_puts(out, "  ");
    show_safe(out, e->event);
    buf_puts(out, ", event_id ");
    text(out, e->event_id);
    buf_puts(out, !e->on[0] ? ": only the new mapping sends it" : !e->on[1]
                      ? ": the new mapping does not send it" : "");
    buf_byte(out, '\n');
    if (!e->on[0] || !e->on[1]) /* which event it is was said; its 30 fields say no more */
        return;
    for (size_t i = 0; i < e->field_count; i++)
        for (int side = 0; side < 2; side++)
            line(out, colour, side, e->fields[i].path, e->fields[i].text[side]);
}

static void verdict(struct buf *out, const struct diff_change *c, int side)
{
    show_safe(out, c->verdict[side]);
    if (c->code[side].len)
        buf_printf(out, " %.*s", SLICE_ARG(c->code[side]));
}

void diff_show_change(struct buf *out, const struct diff_change *c, bool colour)
{
    buf_printf(out, "postback %lld of ", (long long)c->id);
    when_print(out, c->at);
    if (c->click_id.len) {
        buf_puts(out, ", click ");
        text(out, c->click_id);
    }
    buf_byte(out, '\n');
    if (!slice_eq(c->verdict[0], c->verdict[1]) || !slice_eq(c->code[0], c->code[1])) {
        buf_puts(out, "  verdict: ");
        verdict(out, c, 0);
        buf_puts(out, " -> ");
        verdict(out, c, 1);
        if (c->reason[1].len) {
            buf_puts(out, ": ");
            show_safe(out, c->reason[1]);
        }
        buf_byte(out, '\n');
    }
    for (size_t i = 0; i < c->event_count; i++)
        show_event(out, &c->events[i], colour);
}

/* 1234.5: as money_print would, for sums that a struct money may not hold. */
static void sum(struct buf *out, const struct diff_total *t, int side)
{
    struct buf fraction = { 0 };

    money_print(&fraction, (struct money){ t->micros[side] });
    buf_printf(out, "%lld", (long long)t->units[side]);
    buf_add(out, slice_from_at(buf_slice(&fraction), 1)); /* 0.5: the 0 is there already */
    buf_free(&fraction);
}

static void padded(struct buf *out, const struct buf *cell, size_t width)
{
    buf_add(out, buf_slice(cell));
    for (size_t n = cell->len; n < width; n++)
        buf_byte(out, ' ');
}

static void total_cell(struct buf *cell, const struct diff_total *t, int side)
{
    buf_clear(cell);
    buf_printf(cell, "%llu", (unsigned long long)t->count[side]);
    if (t->currency.len == 0 || t->count[side] == 0)
        return;
    buf_puts(cell, ", ");
    sum(cell, t, side);
    buf_byte(cell, ' ');
    show_safe(cell, t->currency);
}

static void row(struct buf *out, struct buf *cell, const char *old, const char *new)
{
    padded(out, cell, 44);
    buf_printf(out, " %-24s %s\n", old, new);
}

void diff_show_totals(struct buf *out, const struct diff *d)
{
    struct buf cell = { 0 };

    buf_printf(out, "%llu postbacks, %llu of them differ", (unsigned long long)d->postbacks,
               (unsigned long long)d->changed);
    if (d->skipped)
        buf_printf(out, ", %llu could not be read again", (unsigned long long)d->skipped);
    buf_puts(out, "\n\n");
    row(out, &cell, "old", "new");
    for (int v = VERDICT_QUEUED; v <= VERDICT_QUARANTINED; v++) {
        char number[2][24];
        if (d->verdicts[0][v] == 0 && d->verdicts[1][v] == 0)
            continue;
        for (int side = 0; side < 2; side++)
            snprintf(number[side], sizeof(number[side]), "%llu",
                     (unsigned long long)d->verdicts[side][v]);
        buf_clear(&cell);
        buf_puts(&cell, verdict_name((enum verdict)v));
        row(out, &cell, number[0], number[1]);
    }
    for (size_t i = 0; i < d->total_count; i++) {
        struct buf new = { 0 };
        buf_clear(&cell);
        show_safe(&cell, d->totals[i].event);
        buf_puts(&cell, " to ");
        show_safe(&cell, d->totals[i].pixel);
        padded(out, &cell, 45);
        total_cell(&cell, &d->totals[i], 0);
        padded(out, &cell, 25);
        total_cell(&new, &d->totals[i], 1);
        buf_add(out, buf_slice(&new));
        buf_byte(out, '\n');
        buf_free(&new);
    }
    if (d->crowded)
        buf_puts(out, "(more pixels and currencies than fit here)\n");
    buf_free(&cell);
}

/* ---- JSON ---- */

static void member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, "\"%s\":", name);
    buf_json(out, value);
}

static void verdict_json(struct buf *out, const struct diff_change *c, int side)
{
    buf_puts(out, side ? ",\"new\":{" : "\"old\":{");
    member(out, "verdict", c->verdict[side]);
    buf_byte(out, ',');
    member(out, "code", c->code[side]);
    buf_byte(out, ',');
    member(out, "reason", c->reason[side]);
    buf_byte(out, '}');
}

static void field_json(struct buf *out, const struct diff_field *f)
{
    buf_byte(out, '{');
    member(out, "path", f->path);
    for (int side = 0; side < 2; side++) {
        buf_puts(out, side ? ",\"new\":" : ",\"old\":");
        if (f->text[side].len)
            buf_json(out, f->text[side]);
        else
            buf_puts(out, "null");
    }
    buf_byte(out, '}');
}

void diff_json_change(struct buf *out, const struct diff_change *c)
{
    buf_printf(out, "{\"postback\":%lld,\"at\":%lld,", (long long)c->id, (long long)c->at);
    member(out, "click_id", c->click_id);
    buf_byte(out, ',');
    verdict_json(out, c, 0);
    verdict_json(out, c, 1);
    buf_puts(out, ",\"events\":[");
    for (size_t i = 0; i < c->event_count; i++) {
        const struct diff_event *e = &c->events[i];
        buf_puts(out, i ? ",{" : "{");
        member(out, "event", e->event);
        buf_byte(out, ',');
        member(out, "event_id", e->event_id);
        buf_printf(out, ",\"sent_by\":\"%s\",\"fields\":[",
                   e->on[0] && e->on[1] ? "both" : e->on[0] ? "old" : "new");
        for (size_t k = 0; k < e->field_count; k++) {
            buf_puts(out, k ? "," : "");
            field_json(out, &e->fields[k]);
        }
        buf_puts(out, "]}");
    }
    buf_puts(out, "]}");
}

static void verdicts_json(struct buf *out, const struct diff *d, int side)
{
    buf_byte(out, '{');
    for (int v = VERDICT_QUEUED; v <= VERDICT_QUARANTINED; v++)
        buf_printf(out, "%s\"%s\":%llu", v > VERDICT_QUEUED ? "," : "",
                   verdict_name((enum verdict)v), (unsigned long long)d->verdicts[side][v]);
    buf_byte(out, '}');
}

void diff_json_totals(struct buf *out, const struct diff *d)
{
    buf_printf(out, "\"postbacks\":%llu,\"changed\":%llu,\"skipped\":%llu,\"verdicts\":{\"old\":",
               (unsigned long long)d->postbacks, (unsigned long long)d->changed,
               (unsigned long long)d->skipped);
    verdicts_json(out, d, 0);
    buf_puts(out, ",\"new\":");
    verdicts_json(out, d, 1);
    buf_puts(out, "},\"totals\":[");
    for (size_t i = 0; i < d->total_count; i++) {
        const struct diff_total *t = &d->totals[i];
        buf_puts(out, i ? ",{" : "{");
        member(out, "event", t->event);
        buf_byte(out, ',');
        member(out, "pixel", t->pixel);
        buf_byte(out, ',');
        member(out, "currency", t->currency);
        for (int side = 0; side < 2; side++) {
            buf_printf(out, ",\"%s\":{\"count\":%llu,\"value\":", side ? "new" : "old",
                       (unsigned long long)t->count[side]);
            sum(out, t, side);
            buf_byte(out, '}');
        }
        buf_byte(out, '}');
    }
    buf_byte(out, ']');
}
