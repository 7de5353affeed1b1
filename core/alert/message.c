#include "core/alert/message.h"

#include "core/base/codes.h"
#include "core/base/json.h"
#include "core/base/when.h"

static const char *const kinds[] = { "fired", "reminder", "recovered", "summary", "test" };
static const char *const words[] = { "ALERT", "STILL", "RECOVERED", "SUMMARY", "TEST" };

static const struct code *code_of(const struct alert_entry *e)
{
    return code_find(alert_rules[e->rule].code);
}

static void members(struct buf *out, const struct alert_entry *e)
{
    json_known(out, "code", slice_from(alert_rules[e->rule].code));
    json_known(out, "title", slice_from(code_of(e)->title));
    json_known(out, "severity", slice_from(e->severe ? "severe" : "warning"));
    json_known(out, "offer", slice_from(e->offer));
    json_known(out, "event", slice_from(e->event));
    json_time(out, "since", e->since);
    json_time(out, "until", e->until);
    json_known(out, "text", slice_from(e->text));
    json_known(out, "first_action", slice_from(code_of(e)->remedy));
}

void alert_entry_json(struct buf *out, const struct alert_entry *e)
{
    struct buf id = { .limit = 400 };

    buf_printf(&id, "%s/%s/%s/%lld", alert_rules[e->rule].code, e->offer, e->event, (long long)e->since);
    buf_puts(out, "{\"id\":");
    buf_json(out, buf_slice(&id));
    json_known(out, "state", slice_from(e->until ? "recovered" : e->firing ? "firing" : "pending"));
    members(out, e);
    buf_byte(out, '}');
    buf_free(&id);
}

/* The same for the same message, also after a restart; 48 bits, so that no two of a year are alike. */
static void put_id(struct buf *out, const struct alert_message *m)
{
    const struct alert_entry *e = m->entry;
    struct buf key = { .limit = 800 };

    buf_printf(&key, "%s %lld ", kinds[m->kind], (long long)m->at);
    if (e)
        buf_printf(&key, "%s/%s/%s", alert_rules[e->rule].code, e->offer, e->event);
    buf_printf(out, "%012llx", (unsigned long long)(slice_hash(buf_slice(&key), 1) >> 16));
    buf_free(&key);
}

void alert_message_json(struct buf *out, const struct alert_message *m)
{
    buf_puts(out, "{\"version\":1,\"id\":\"");
    put_id(out, m);
    buf_printf(out, "\",\"kind\":\"%s\"", kinds[m->kind]);
    json_time(out, "at", m->at);
    if (m->entry)
        members(out, m->entry);
    else {
        buf_puts(out, ",\"text\":");
        buf_json(out, m->text);
    }
    buf_puts(out, "}\n");
}

/* Without control characters, so that nothing in it begins a header or a line. */
static void put_clean(struct buf *out, struct slice text)
{
    for (size_t i = 0, n; i < text.len; i += n) {
        n = utf8_harmless(slice_from_at(text, i));
        if (n)
            buf_add(out, slice_head(slice_from_at(text, i), n));
        else
            buf_byte(out, ' ');
        n += n == 0;
    }
}

void alert_message_subject(struct buf *out, const struct alert_message *m)
{
    const struct alert_entry *e = m->entry;

    buf_printf(out, "clickbaton %s", words[m->kind]);
    if (!e)
        return;
    buf_printf(out, " %s ", alert_rules[e->rule].code);
    put_clean(out, slice_from(e->offer));
    buf_printf(out, "%s%s", e->offer[0] ? ": " : "", code_of(e)->title);
}

static void put_lines(struct buf *out, struct slice text)
{
    struct slice line;

    while (slice_next(&text, '\n', &line)) {
        put_clean(out, line);
        buf_byte(out, '\n');
    }
}

static void put_id_line(struct buf *out, const struct alert_message *m)
{
    buf_puts(out, "id ");
    put_id(out, m);
    buf_byte(out, '\n');
}

void alert_message_text(struct buf *out, const struct alert_message *m)
{
    const struct alert_entry *e = m->entry;

    alert_message_subject(out, m);
    buf_byte(out, '\n');
    if (!e) {
        if (m->kind == ALERT_SUMMARY)
            buf_puts(out, "During the quiet hours:\n");
        put_lines(out, m->text);
        put_id_line(out, m);
        return;
    }
    put_lines(out, slice_from(e->text));
    buf_puts(out, "since ");
    when_print(out, e->since);
    if (e->until) {
        buf_puts(out, ", until ");
        when_print(out, e->until);
    }
    if (!e->until)
        buf_printf(out, "\nfirst: %s", code_of(e)->remedy);
    buf_puts(out, "\n");
    put_id_line(out, m);
}
