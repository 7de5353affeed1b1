#include "cli/show.h"

#include "core/payload/payload.h"

static bool pixel_before(const struct translation *t, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (slice_eq(t->events[k].pixel, t->events[i].pixel))
            return true;
    return false;
}

static void body(struct buf *out, const struct translation *t, size_t i,
                 const struct show_frame *frame)
{
    struct slice pixel = t->events[i].pixel;

    payload_open(out, event_source_names[frame->offer->source], pixel,
                 catalog_test_code(frame->catalog, frame->offer, pixel));
    for (size_t k = i; k < t->event_count; k++) {
        if (!slice_eq(t->events[k].pixel, pixel))
            continue;
        if (k > i)
            buf_byte(out, ',');
        buf_add(out, t->events[k].body);
    }
    payload_close(out);
}

void show_body(struct buf *out, const struct translation *t, size_t i,
               const struct show_frame *frame)
{
    if (pixel_before(t, i))
        return;
    body(out, t, i, frame);
    buf_byte(out, '\n');
}

static void member(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, "\"%s\":", name);
    buf_json(out, value);
}

static void verdict_members(struct buf *out, enum verdict verdict, const char *code,
                            struct slice reason, const struct notes *notes)
{
    const char *comma = "";

    member(out, "verdict", slice_from(verdict_name(verdict)));
    if (code && *code) {
        buf_byte(out, ',');
        member(out, "code", slice_from(code));
    }
    buf_byte(out, ',');
    member(out, "reason", reason);
    buf_puts(out, ",\"warnings\":[");
    for (const struct note *n = notes->first; n; n = n->next) {
        struct buf text = { 0 };
        buf_printf(&text, "%s %.*s", n->code, SLICE_ARG(n->text));
        buf_puts(out, comma);
        buf_json(out, buf_slice(&text));
        buf_free(&text);
        comma = ",";
    }
    buf_byte(out, ']');
}

void show_answer(struct buf *out, enum verdict verdict, const char *code, struct slice reason,
                 const struct notes *notes)
{
    buf_byte(out, '{');
    verdict_members(out, verdict, code, reason, notes);
    buf_puts(out, "}\n");
}

void show_place(struct buf *out, const struct place *at)
{
    if (at->source && at->line)
        buf_printf(out, "%.*s:%u", SLICE_ARG(at->source->name), at->line);
}

struct slice show_impersonal(struct slice value)
{
    return identity_looks_personal(value) ? S("[personal data]") : value;
}

static void field_json(struct buf *out, struct slice name, const struct field_value *v)
{
    struct buf at = { 0 };

    buf_json(out, name);
    buf_puts(out, ":{");
    member(out, "value", show_impersonal(v->value));
    buf_byte(out, ',');
    member(out, "from", slice_from(origin_name(v->origin)));
    if (v->name.len) {
        buf_byte(out, ',');
        member(out, "name", v->name);
    }
    show_place(&at, &v->at);
    if (at.len) {
        buf_byte(out, ',');
        member(out, "at", buf_slice(&at));
    }
    buf_byte(out, '}');
    buf_free(&at);
}

static void consent_json(struct buf *out, const struct consent *c)
{
    buf_puts(out, ",\"consent\":{");
    member(out, "decision", consent_name(c->action));
    if (c->postback.len) {
        buf_byte(out, ',');
        member(out, "postback", c->postback);
    }
    if (c->click.len) {
        buf_byte(out, ',');
        member(out, "click", c->click);
    }
    buf_byte(out, '}');
}

void show_json(struct buf *out, const struct translation *t, const struct show_frame *frame)
{
    const struct conversion *conv = &t->conversion;
    struct field_value stage = { conv->stage, ORIGIN_MAPPING, conv->fields[FIELD_STATUS].value,
                                 conv->stage_at };
    const char *comma = "";

    buf_byte(out, '{');
    verdict_members(out, t->verdict, t->code, t->reason, &t->notes);
    consent_json(out, &t->consent);
    buf_puts(out, ",\"bodies\":[");
    for (size_t i = 0; i < t->event_count; i++) {
        if (pixel_before(t, i))
            continue;
        buf_puts(out, comma);
        body(out, t, i, frame);
        comma = ",";
    }
    buf_puts(out, "],\"fields\":{");
    comma = "";
    for (size_t f = 0; f < FIELD_COUNT; f++) {
        if (conv->fields[f].value.len == 0)
            continue;
        buf_puts(out, comma);
        field_json(out, field_names[f], &conv->fields[f]);
        comma = ",";
    }
    if (conv->stage.len) {
        buf_puts(out, comma);
        field_json(out, S("stage"), &stage);
    }
    buf_byte(out, '}');
    if (t->trail.on)
        show_steps_json(out, &t->trail);
    buf_puts(out, "}\n");
}

/* Bytes that could move a terminal's cursor are shown as '?'. */
void show_safe(struct buf *out, struct slice s)
{
    while (s.len) {
        size_t n = utf8_harmless(s), width = utf8_len(s);
        buf_add(out, n ? slice_head(s, n) : S("?"));
        s = slice_from_at(s, width ? width : 1);
    }
}

void show_verdict(struct buf *out, const struct translation *t)
{
    for (const struct note *n = t->notes.first; n; n = n->next) {
        buf_printf(out, "warning[%s]: ", n->code);
        show_safe(out, n->text);
        buf_byte(out, '\n');
    }
    if (t->verdict == VERDICT_QUEUED)
        return;
    buf_printf(out, "%s[%s]: ", verdict_name(t->verdict), t->code);
    show_safe(out, t->reason);
    buf_byte(out, '\n');
}
