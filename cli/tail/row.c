/* row.c: one conversion for people. */
#include "cli/hops.h"
#include "cli/live/live.h"
#include "cli/story/story.h"
#include "cli/tail/tail.h"
#include "core/chart/chart.h"
#include "core/review/lines.h"

/* In a narrower window the end of a row has a line of its own. */
#define WIDE  90
#define BELOW 4
#define LEAST 20 /* columns */

static bool is_wide(const struct tail_look *look)
{
    return look->columns >= WIDE;
}

/* What a column gets in a narrow window: what the others leave, which is not much. */
static int left_over(const struct tail_look *look, int others, int most)
{
    int n = look->columns - others;

    return n > most ? most : n < 6 ? 6 : n;
}

/* As much of s as there is room for, or below all of it, and a line end. */
static void rest(struct buf *out, struct slice s, int used, const struct tail_look *look)
{
    struct buf cell = { 0 };

    if (!is_wide(look)) {
        lines_end(out);
        if (s.len == 0)
            return;
        lines_left(out, S(""), BELOW);
        lines_wrapped(out, s, look->columns < LEAST ? LEAST : look->columns, BELOW, BELOW);
        return;
    }
    lines_left(&cell, s, look->columns - used);
    buf_add(out, buf_slice(&cell));
    out->failed = out->failed || cell.failed;
    buf_free(&cell);
    lines_end(out);
}

static void painted(struct buf *out, struct slice s, int width, enum hops_paint paint,
                    const struct tail_look *look)
{
    bool colour = look->colour && paint != HOPS_PLAIN;

    hops_paint(out, colour, paint);
    lines_left(out, s, width);
    hops_paint(out, colour, HOPS_PLAIN);
}

void tail_postback(struct buf *out, const struct store_postback *pb, const struct tail_look *look)
{
    static const enum hops_paint paints[] = { HOPS_PLAIN, HOPS_PLAIN, HOPS_PLAIN, HOPS_PLAIN, HOPS_BAD };
    struct buf text = { 0 };
    struct slice lines = pb->warnings, code;

    live_clock(out, pb->at);
    buf_puts(out, "  ");
    lines_left(out, pb->offer, is_wide(look) ? 16 : left_over(look, 26, 16));
    buf_byte(out, ' ');
    if (is_wide(look)) {
        lines_left(out, pb->tracker, 9);
        buf_byte(out, ' ');
        lines_left(out, pb->stage, 10);
        buf_byte(out, ' ');
    } else if (pb->tracker.len + pb->stage.len) {
        buf_printf(&text, "%.*s%s%.*s ", SLICE_ARG(pb->tracker), pb->stage.len ? " " : "", SLICE_ARG(pb->stage));
    }
    painted(out, slice_from(story_verdict_name(pb->verdict)), is_wide(look) ? 12 : 11,
            pb->verdict <= STORE_QUARANTINED ? paints[pb->verdict] : HOPS_PLAIN, look);
    buf_add(&text, pb->click_id.len ? pb->click_id : pb->ttclid.len ? slice_head(pb->ttclid, 24) : pb->txid);
    if (pb->verdict != STORE_QUEUED && pb->code.len) {
        buf_printf(&text, "  %.*s", SLICE_ARG(pb->code));
        buf_printf(&text, " %.*s", SLICE_ARG(pb->reason));
    }
    while (row_next_code(&lines, &code))
        buf_printf(&text, " %.*s", SLICE_ARG(code));
    rest(out, buf_slice(&text), 64, look);
    out->failed = out->failed || text.failed;
    buf_free(&text);
}

static void answer(struct buf *text, const struct row_event *e)
{
    if (e->event->currency.len) {
        chart_number(text, CHART_MONEY, e->event->currency, e->event->value);
        buf_puts(text, "  ");
    }
    if (e->last && e->event->state == STORE_DELIVERED) {
        buf_puts(text, "in ");
        chart_number(text, CHART_MS, S(""), e->last->at + e->last->took_ms - e->event->created);
        buf_puts(text, "  ");
    } else if (e->last && e->last->code >= 0) {
        buf_printf(text, "%lld %.*s  ", (long long)e->last->code, SLICE_ARG(e->last->message));
    } else if (e->last) {
        buf_printf(text, "%.*s  ", SLICE_ARG(e->last->message));
    }
    buf_add(text, e->event->event_id);
    if (e->event->state == STORE_DEAD)
        buf_printf(text, "  %.*s", SLICE_ARG(e->event->note));
}

void tail_event(struct buf *out, const struct row_event *e, const struct tail_look *look)
{
    enum store_state state = e->event->state;
    struct buf text = { 0 };

    live_clock(out, e->last ? e->last->at + e->last->took_ms : e->event->created);
    buf_puts(out, "    ");
    if (is_wide(look)) {
        lines_left(out, e->event->offer, 14);
        buf_byte(out, ' ');
    }
    lines_left(out, e->event->event, is_wide(look) ? 20 : left_over(look, 28, 20));
    buf_byte(out, ' ');
    painted(out, state == STORE_WAITING && e->last ? S("tried again") : slice_from(story_state_name(state)),
            is_wide(look) ? 12 : 11,
            state == STORE_DELIVERED ? HOPS_GOOD
            : state == STORE_DEAD    ? HOPS_BAD
            : e->last                ? HOPS_NOTE
                                     : HOPS_PLAIN,
            look);
    answer(&text, e);
    rest(out, buf_slice(&text), 64, look);
    out->failed = out->failed || text.failed;
    buf_free(&text);
}
