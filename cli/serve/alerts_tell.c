/* alerts_tell.c: messages to the log and to the courier, and what came of them. */
#include <stdio.h>
#include <string.h>

#include "cli/serve/alerts_internal.h"
#include "cli/serve/log.h"
#include "core/alert/message.h"

static const char *const kinds[] = { "fired", "reminder", "recovered", "summary", "test" };

int alerts_send(struct alerts *a, const struct alert_message *m, int only, int64_t id)
{
    struct buf json = { .limit = 32000 }, subject = { .limit = 1000 }, text = { .limit = 16000 };
    struct alert_note note = { .code = m->entry ? alert_rules[m->entry->rule].code : "-", .kind = kinds[m->kind] };
    int rc = -1;

    alert_message_json(&json, m);
    alert_message_subject(&subject, m);
    alert_message_text(&text, m);
    if (buf_ok(&json) && buf_ok(&subject) && buf_ok(&text)) {
        note.severe = m->entry ? m->entry->severe : m->kind == ALERT_TEST;
        note.json = buf_slice(&json);
        note.subject = buf_slice(&subject);
        note.text = buf_slice(&text);
        rc = courier_send(a->courier, id, only, &note);
    }
    buf_free(&json);
    buf_free(&subject);
    buf_free(&text);
    return rc;
}

/* A line of the log is one line, and its texts stand in quotes. */
static void log_it(const struct alert_message *m)
{
    char text[ALERT_TEXT];

    if (!m->entry)
        return;
    snprintf(text, sizeof(text), "%s", m->entry->text);
    for (char *c = text; *c; c++)
        if (*c == '"')
            *c = '\'';
    log_line(m->kind == ALERT_RECOVERED ? "info" : m->entry->severe ? "error" : "warning",
             "code=%s msg=\"alert %s\" offer=\"%s\" event=\"%s\" text=\"%s\"", alert_rules[m->entry->rule].code,
             kinds[m->kind], m->entry->offer, m->entry->event, text);
}

void alerts_say(void *context, const struct alert_message *m)
{
    struct alerts *a = context;

    log_it(m);
    if (!a->receiver_count || alerts_send(a, m, -1, a->next_id) == 0) {
        a->next_id += 2;
        return;
    }
    log_line("error", "code=%s msg=\"an alert can't be handed to the process that delivers it\"", "A013");
    a->courier_dead = true;
}

static void hear_of_deaths(struct alerts *a)
{
    struct courier_life life = courier_life(a->courier);

    if (life.died != a->courier_life.died)
        log_line(life.in_a_row >= ALERTS_DEATHS ? "error" : "warning",
                 "%smsg=\"the process that delivers alerts has died and is started again; what it had is delivered once "
                 "more\" why=\"%s\" in_a_row=%u",
                 life.in_a_row >= ALERTS_DEATHS ? "code=A013 " : "", life.why, life.in_a_row);
    a->courier_life = life;
}

void alerts_hear(struct alerts *a, int64_t now)
{
    struct courier_result r;
    int rc = 0;

    while (a->receiver_count && !a->courier_dead && (rc = courier_result(a->courier, &r)) == 1) {
        struct alerts_receiver *to = r.receiver < a->receiver_count ? &a->receivers[r.receiver] : NULL;
        if (!to)
            continue;
        to->id = r.id;
        to->at = now;
        to->done = r.done;
        to->last = r.last;
        if (r.done || r.id % 2 == 0) /* who tests has been told */
            to->failed = r.done ? 0 : to->failed + r.last;
        memcpy(to->why, r.why, sizeof(to->why));
        if (!r.done && r.id % 2 == 0)
            log_line("warning", "msg=\"an alert was not delivered%s\" to=\"%s\" why=\"%s\"",
                     r.last ? "; it is given up" : ", it is tried again", to->name, to->why);
    }
    hear_of_deaths(a);
    if (rc != -1)
        return;
    a->courier_dead = true;
    log_line("error", "code=%s msg=\"the process that delivers alerts has ended; restart serve\"", "A013");
}
