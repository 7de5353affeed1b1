/* show_fields.c: where each field comes from, and what was done to it on its way. */
#include "cli/show.h"

#define VALUE_MAX 60
#define FROM_WIDTH 30

static void cell(struct buf *out, struct slice s, size_t width)
{
    size_t before = out->len;

    show_safe(out, slice_head(s, VALUE_MAX));
    if (s.len > VALUE_MAX)
        buf_printf(out, "...(%zu)", s.len);
    while (out->len - before < width)
        buf_byte(out, ' ');
}

/* ---- what was read ---- */

static struct slice origin_text(struct buf *b, const struct field_value *v)
{
    buf_clear(b);
    buf_puts(b, v->origin == ORIGIN_PARAM ? "parameter" : origin_name(v->origin));
    if (v->name.len) {
        buf_byte(b, ' ');
        buf_add(b, v->name);
    }
    return buf_slice(b);
}

static void read_row(struct buf *out, struct slice name, const struct field_value *v)
{
    struct buf from = { 0 };

    buf_puts(out, "  ");
    cell(out, name, 12);
    buf_byte(out, ' ');
    cell(out, show_impersonal(v->value), FROM_WIDTH);
    buf_byte(out, ' ');
    cell(out, origin_text(&from, v), v->at.source ? 22 : 0);
    if (v->at.source) {
        buf_byte(out, ' ');
        show_place(out, &v->at);
    }
    buf_byte(out, '\n');
    buf_free(&from);
}

static void show_read(struct buf *out, const struct translation *t)
{
    const struct conversion *conv = &t->conversion;
    struct field_value stage = { conv->stage, ORIGIN_MAPPING, { 0 }, conv->stage_at };

    buf_puts(out, "read\n");
    for (size_t f = 0; f < FIELD_COUNT; f++)
        if (conv->fields[f].value.len)
            read_row(out, field_names[f], &conv->fields[f]);
    if (conv->stage.len)
        read_row(out, S("stage"), &stage);
    if (t->consent.action) {
        buf_printf(out, "  decision     consent %.*s: ", SLICE_ARG(consent_name(t->consent.action)));
        show_safe(out, t->consent.said);
        buf_byte(out, '\n');
    }
}

/* ---- what was done ---- */

static void step_row(struct buf *out, const struct trail_step *s, size_t width)
{
    buf_puts(out, "  ");
    cell(out, s->field, width);
    buf_byte(out, ' ');
    cell(out, show_impersonal(s->value), FROM_WIDTH);
    buf_byte(out, ' ');
    show_safe(out, s->done);
    if (s->at.source && s->at.line) {
        buf_puts(out, "  (");
        show_place(out, &s->at);
        buf_byte(out, ')');
    }
    buf_byte(out, '\n');
}

/* Is there something to tell the events by? */
static bool several_pixels(const struct translation *t)
{
    for (size_t i = 1; i < t->event_count; i++)
        if (!slice_eq(t->events[i].pixel, t->events[0].pixel))
            return true;
    return false;
}

static void show_event(struct buf *out, const struct translation *t, size_t i)
{
    const struct translated_event *e = &t->events[i];

    buf_puts(out, "event  ");
    show_safe(out, e->event);
    if (several_pixels(t)) {
        buf_puts(out, " to ");
        show_safe(out, e->pixel);
    }
    buf_puts(out, ", event_id ");
    show_safe(out, e->event_id);
    if (e->has_value) {
        buf_puts(out, ", value ");
        money_print(out, e->value);
        buf_printf(out, " %.*s", SLICE_ARG(e->currency));
        if (!slice_eq(e->currency, e->original_currency)) {
            buf_puts(out, " (of ");
            money_print(out, e->original);
            buf_printf(out, " %.*s)", SLICE_ARG(e->original_currency));
        }
    }
    buf_printf(out, ", by the rule at %.*s\n", SLICE_ARG(t->offer_line));
}

void show_fields(struct buf *out, const struct translation *t)
{
    size_t width = 0;

    show_read(out, t);
    if (t->trail.first)
        buf_puts(out, "done\n");
    for (const struct trail_step *s = t->trail.first; s; s = s->next)
        if (s->field.len > width && s->field.len < VALUE_MAX)
            width = s->field.len;
    for (const struct trail_step *s = t->trail.first; s; s = s->next)
        step_row(out, s, width);
    for (size_t i = 0; i < t->event_count; i++)
        show_event(out, t, i);
}

void show_steps_json(struct buf *out, const struct trail *trail)
{
    const char *comma = "";

    buf_puts(out, ",\"steps\":[");
    for (const struct trail_step *s = trail->first; s; s = s->next) {
        struct buf at = { 0 };
        show_place(&at, &s->at);
        buf_printf(out, "%s{\"field\":", comma);
        buf_json(out, s->field);
        buf_puts(out, ",\"value\":");
        buf_json(out, show_impersonal(s->value));
        buf_puts(out, ",\"done\":");
        buf_json(out, s->done);
        if (at.len) {
            buf_puts(out, ",\"at\":");
            buf_json(out, buf_slice(&at));
        }
        buf_byte(out, '}');
        buf_free(&at);
        comma = ",";
    }
    buf_byte(out, ']');
}
