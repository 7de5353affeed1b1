#include "adapters/tiktok/reports.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPORT_AGAIN_MS = 1000 };

static const struct slice blot = SLICE("[token]"); /* not longer than RECORD_SECRET_MIN */

struct record *record_new(struct slice pixel, struct part *part, int64_t now)
{
    struct record *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    memcpy(r->pixel, pixel.ptr, pixel.len);
    r->part = part;
    r->batch = part->batch;
    r->report.pixel = (struct slice){ r->pixel, pixel.len };
    r->report.at = now;
    r->report.code = -1;
    return r;
}

static size_t append(char *to, size_t at, struct slice s)
{
    assert(at + s.len < RECORD_TEXT_MAX);
    if (s.len)
        memcpy(to + at, s.ptr, s.len);
    to[at + s.len] = '\0';
    return at + s.len;
}

/* text (at most 500 bytes) into to, every occurrence of secret replaced. */
static struct slice clean_copy(char to[RECORD_TEXT_MAX], struct slice text, struct slice secret)
{
    size_t len = 0, at;

    text = slice_head(text, RECORD_TEXT_MAX - 1);
    while (secret.len >= RECORD_SECRET_MIN && (at = slice_find(text, secret)) < text.len) {
        len = append(to, len, slice_head(text, at));
        len = append(to, len, blot);
        text = slice_from_at(text, at + secret.len);
    }
    len = append(to, len, text);
    return (struct slice){ to, len };
}

void record_words(struct record *r, const struct reply *reply, struct slice token)
{
    const struct reply_code *row = reply->code == -1 ? NULL : reply_code_find(reply->code);

    r->report.code = reply->code;
    r->report.message = clean_copy(r->message, reply->message, token);
    r->report.request_id = clean_copy(r->request_id, reply->request_id, token);
    if (reply->code == -1)
        snprintf(r->note, sizeof(r->note), "%s", r->message);
    else
        snprintf(r->note, sizeof(r->note), "TikTok %lld %s: %s", (long long)reply->code,
                 row ? row->name : "(not in our table)", r->message);
}

struct slice record_note(const struct record *r)
{
    return slice_from(r->note);
}

struct slice record_too_old(struct record *r)
{
    snprintf(r->too_old, sizeof(r->too_old),
             "given up: not delivered within 28 days, and TikTok uses nothing older; the last "
             "answer: %s", r->note);
    return slice_from(r->too_old);
}

void reports_init(struct reports *q, const struct sender_host *host)
{
    *q = (struct reports){ .host = host };
    q->last = &q->first;
}

/* true: the host has it, r is gone. */
static bool offer(struct reports *q, struct record *r, int64_t now)
{
    struct err err = { 0 };

    if (q->host->report(q->host->context, &r->report, &err) == 0) {
        batch_reported(r->batch, r->report.count);
        free(r);
        return true;
    }
    reports_log(q->host, "warning", "report-failed", r->report.pixel, slice_from(err.text));
    q->retry_at = now + REPORT_AGAIN_MS;
    return false;
}

void reports_put(struct reports *q, struct record *r, size_t first, size_t count, int64_t now)
{
    r->report.outcomes = r->batch->outcomes + first;
    r->report.count = count;
    r->part = NULL;
    r->next = NULL;
    if (q->first || !offer(q, r, now)) {
        *q->last = r;
        q->last = &r->next;
    }
}

void reports_flush(struct reports *q, int64_t now, bool force)
{
    if (q->retry_at - now > REPORT_AGAIN_MS) /* the clock was set back */
        q->retry_at = now;
    while (q->first && (force || now >= q->retry_at)) {
        struct record *r = q->first, *next = r->next;
        if (!offer(q, r, now))
            return;
        q->first = next;
        if (!next)
            q->last = &q->first;
    }
}

void reports_free(struct reports *q)
{
    while (q->first) {
        struct record *r = q->first;
        q->first = r->next;
        batch_reported(r->batch, r->report.count);
        free(r);
    }
    q->last = &q->first;
}

void reports_log(const struct sender_host *host, const char *level, const char *what,
                 struct slice pixel, struct slice words)
{
    struct buf line = { 0 };

    buf_printf(&line, "event=%s", what);
    if (pixel.len)
        buf_printf(&line, " pixel=%.*s", SLICE_ARG(pixel));
    if (words.len) {
        buf_puts(&line, " why=");
        buf_json(&line, words);
    }
    buf_byte(&line, '\0');
    if (buf_ok(&line))
        host->log(host->context, level, line.ptr);
    buf_free(&line);
}
