#include "core/payload/payload.h"

#include "core/identity/identity.h"

/* Writes the comma between members; a member that turns out absent costs nothing. */
struct writer {
    struct buf *out;
    bool first;
};

static void key(struct writer *w, struct slice name)
{
    buf_key(w->out, name, w->first);
    w->first = false;
}

static void text(struct writer *w, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    key(w, slice_from(name));
    buf_json(w->out, value);
}

/* The text of a number property as a JSON number; false when there is no number in it. */
static bool number(struct writer *w, const struct property *p, struct slice value,
                   enum money_mark mark)
{
    struct money amount;
    uint64_t n;

    if (p->field->type == EVENT_INTEGER) {
        if (!slice_to_u64(slice_trim(value), &n) || n > INT64_MAX)
            return false;
        key(w, p->field->name);
        buf_i64(w->out, (int64_t)n);
        return true;
    }
    if (money_parse(value, mark, &amount, NULL) > MONEY_ROUNDED)
        return false;
    key(w, p->field->name);
    money_print(w->out, amount);
    return true;
}

static void properties(struct writer *w, const struct property *list, size_t count,
                       const struct payload_event *event, struct arena *scratch,
                       struct notes *notes);

static void contents(struct writer *w, const struct property *p, const struct payload_event *event,
                     struct arena *scratch, struct notes *notes)
{
    struct writer items = { w->out, true };
    size_t mark, start = w->out->len;
    bool outer_first = w->first;

    key(w, p->field->name);
    buf_byte(w->out, '[');
    for (size_t i = 0; i < p->content_count; i++) {
        struct writer inner = { w->out, true };
        mark = w->out->len;
        if (!items.first)
            buf_byte(w->out, ',');
        buf_byte(w->out, '{');
        properties(&inner, p->contents[i].list, p->contents[i].count, event, scratch, notes);
        buf_byte(w->out, '}');
        if (inner.first && !w->out->failed)
            w->out->len = mark; /* nothing in it: take the braces back */
        else
            items.first = false;
    }
    buf_byte(w->out, ']');
    if (items.first && !w->out->failed) {
        w->out->len = start;
        w->first = outer_first;
    }
}

/* The value of a template that may be sent; empty when there is none.  Personal data goes into
 * match keys, hashed, and nowhere else. */
static struct slice expand(const struct template *t, const struct property *p,
                           const struct payload_event *event, struct arena *scratch,
                           struct notes *notes)
{
    struct slice value = template_expand(t, event->values, scratch);

    if (template_is_constant(t) || !identity_looks_personal(value))
        return value;
    note_add(notes, "W030", p->field->name, "%.*s: the value holds personal data; left out",
             SLICE_ARG(p->field->name));
    return (struct slice){ 0 };
}

static void text_list(struct writer *w, const struct property *p, const struct payload_event *event,
                      struct arena *scratch, struct notes *notes)
{
    bool any = false;

    for (size_t i = 0; i < p->item_count; i++) {
        struct slice value = expand(&p->items[i], p, event, scratch, notes);
        if (value.len == 0)
            continue;
        if (any) {
            buf_byte(w->out, ',');
        } else {
            key(w, p->field->name);
            buf_byte(w->out, '[');
        }
        any = true;
        buf_json(w->out, value);
    }
    if (any)
        buf_byte(w->out, ']');
}

static bool enum_has(const char *choices, struct slice value)
{
    struct slice rest = slice_from(choices), word;

    while (slice_next(&rest, ' ', &word))
        if (slice_eq(word, value))
            return true;
    return false;
}

static void property(struct writer *w, const struct property *p, const struct payload_event *event,
                     struct arena *scratch, struct notes *notes)
{
    enum money_mark mark = template_is_constant(&p->text) ? MONEY_MARK_POINT : event->mark;
    struct slice value;

    if (p->field->type == EVENT_CONTENTS) {
        contents(w, p, event, scratch, notes);
        return;
    }
    if (p->field->type == EVENT_TEXT_LIST) {
        text_list(w, p, event, scratch, notes);
        return;
    }
    if (p->is_value) {
        if (event->has_value) {
            key(w, p->field->name);
            money_print(w->out, event->value);
        }
        return;
    }
    value = expand(&p->text, p, event, scratch, notes);
    if (value.len == 0)
        return;
    if (p->field->type == EVENT_TEXT ||
        (p->field->type == EVENT_ENUM && enum_has(p->field->choices, value))) {
        key(w, p->field->name);
        buf_json(w->out, value);
    } else if (p->field->type == EVENT_ENUM || !number(w, p, value, mark)) {
        note_add(notes, "W030", p->field->name, "%.*s: \"%.*s\" is %s%s; left out",
                 SLICE_ARG(p->field->name), SLICE_ARG(record_shown(scratch, value)),
                 p->field->type == EVENT_ENUM      ? "none of: "
                 : p->field->type == EVENT_INTEGER ? "not a whole number"
                                                   : "not an amount with one reading",
                 p->field->type == EVENT_ENUM ? p->field->choices : "");
    }
}

static void properties(struct writer *w, const struct property *list, size_t count,
                       const struct payload_event *event, struct arena *scratch,
                       struct notes *notes)
{
    for (size_t i = 0; i < count; i++)
        property(w, &list[i], event, scratch, notes);
}

static void texts(struct writer *w, const struct payload_user *u)
{
    key(w, slice_from(u->name));
    buf_byte(w->out, '[');
    buf_json(w->out, u->value);
    for (size_t i = 0; i < u->more_count; i++) {
        buf_byte(w->out, ',');
        buf_json(w->out, u->more[i]);
    }
    buf_byte(w->out, ']');
}

static void user_object(struct writer *w, const struct payload_event *event)
{
    struct writer user = { w->out, true };

    if (event->user_count == 0)
        return;
    key(w, S("user"));
    buf_byte(w->out, '{');
    for (size_t i = 0; i < event->user_count; i++)
        if (event->user[i].more_count)
            texts(&user, &event->user[i]);
        else
            text(&user, event->user[i].name, event->user[i].value);
    buf_byte(w->out, '}');
}

static void properties_object(struct writer *w, const struct payload_event *event,
                              struct arena *scratch, struct notes *notes)
{
    struct writer props = { w->out, true };
    size_t start = w->out->len;
    bool was_first = w->first;

    key(w, S("properties"));
    buf_byte(w->out, '{');
    if (event->has_value) {
        text(&props, "currency", event->currency);
        key(&props, S("value"));
        money_print(w->out, event->value);
    }
    properties(&props, event->properties, event->property_count, event, scratch, notes);
    buf_byte(w->out, '}');
    if (props.first && !w->out->failed) {
        w->out->len = start;
        w->first = was_first;
    }
}

/* An object of two texts, absent without the first. */
static void pair_object(struct writer *w, const char *object, const char *first, struct slice value,
                        const char *second, struct slice other)
{
    struct writer inner = { w->out, true };

    if (value.len == 0)
        return;
    key(w, slice_from(object));
    buf_byte(w->out, '{');
    text(&inner, first, value);
    text(&inner, second, other);
    buf_byte(w->out, '}');
}

void payload_event(struct buf *out, const struct payload_event *event, struct arena *scratch,
                   struct notes *notes)
{
    struct writer w = { out, true };

    buf_byte(out, '{');
    text(&w, "event", event->event);
    key(&w, S("event_time"));
    buf_i64(out, event->event_time);
    text(&w, "event_id", event->event_id);
    user_object(&w, event);
    properties_object(&w, event, scratch, notes);
    pair_object(&w, "page", "url", event->page_url, "referrer", event->referrer);
    pair_object(&w, "lead", "lead_id", event->lead_id, "lead_event_source",
                event->lead_event_source);
    if (event->limited_data_use) {
        key(&w, S("limited_data_use"));
        buf_add(out, S("true"));
    }
    buf_byte(out, '}');
}

void payload_open(struct buf *out, struct slice event_source, struct slice pixel,
                  struct slice test_code)
{
    struct writer w = { out, true };

    buf_byte(out, '{');
    text(&w, "event_source", event_source);
    text(&w, "event_source_id", pixel);
    text(&w, "test_event_code", test_code);
    key(&w, S("data"));
    buf_byte(out, '[');
}

void payload_close(struct buf *out)
{
    buf_add(out, S("]}"));
}
