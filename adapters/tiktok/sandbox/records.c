#include "adapters/tiktok/sandbox/records.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/tiktok/sandbox/edit.h"

static struct record **place(struct sandbox_records *r, uint64_t number)
{
    return &r->ring[number % RECORDS_MAX];
}

static void forget_first(struct sandbox_records *r)
{
    struct record **rec = place(r, r->first++);

    r->bytes -= *rec ? (*rec)->bytes : 0;
    free(*rec);
    *rec = NULL;
}

void sandbox_records_clear(struct sandbox_records *r)
{
    while (r->first < r->next)
        forget_first(r);
}

static struct slice copy_into(char **at, struct slice s)
{
    char *to = *at;

    if (s.len)
        memcpy(to, s.ptr, s.len);
    *at += s.len;
    return (struct slice){ to, s.len };
}

static struct record *copy(const struct record *what)
{
    size_t bytes = sizeof(*what) + what->source.len + what->pixel.len + what->test_code.len +
                   what->event.len + what->event_id.len + what->request_id.len + what->json.len;
    struct record *rec = malloc(bytes);
    char *at;

    if (!rec)
        return NULL;
    *rec = *what;
    rec->bytes = bytes;
    at = rec->text;
    rec->source = copy_into(&at, what->source);
    rec->pixel = copy_into(&at, what->pixel);
    rec->test_code = copy_into(&at, what->test_code);
    rec->event = copy_into(&at, what->event);
    rec->event_id = copy_into(&at, what->event_id);
    rec->request_id = copy_into(&at, what->request_id);
    rec->json = copy_into(&at, what->json);
    return rec;
}

void sandbox_records_add(struct sandbox_records *r, const struct record *what)
{
    struct record *rec = copy(what);

    while (r->first < r->next && (r->next - r->first == RECORDS_MAX ||
                                  r->bytes + (rec ? rec->bytes : 0) > RECORDS_BYTES_MAX))
        forget_first(r);
    *place(r, r->next++) = rec;
    r->bytes += rec ? rec->bytes : 0;
}

static struct record *kept(struct sandbox_records *r, uint64_t number)
{
    return number >= r->first && number < r->next ? *place(r, number) : NULL;
}

void sandbox_records_merge(struct sandbox_records *r, uint64_t number, struct slice json)
{
    struct record *rec = kept(r, number), *fuller = NULL;
    struct buf text = { 0 };

    if (!rec)
        return;
    rec->merged++;
    if (sandbox_edit_merge(rec->json, json, &text) && buf_ok(&text)) {
        struct record what = *rec;
        what.json = buf_slice(&text);
        fuller = copy(&what);
    }
    if (fuller) {
        r->bytes += fuller->bytes - rec->bytes;
        *place(r, number) = fuller;
        free(rec);
    }
    buf_free(&text);
}

void sandbox_records_drop(struct sandbox_records *r, uint64_t number)
{
    struct record *rec = kept(r, number);

    if (rec)
        rec->dropped++;
}

/* Does the percent-encoded pattern mean text?  A plus stands for itself or for a blank. */
static bool matches(struct slice pattern, struct slice text)
{
    size_t i = 0, j = 0;

    if (pattern.len == 0)
        return true;
    for (; i < pattern.len && j < text.len; i++, j++) {
        char c = pattern.ptr[i];
        int high = c == '%' && i + 2 < pattern.len ? ascii_hex(pattern.ptr[i + 1]) : -1;
        int low = high >= 0 ? ascii_hex(pattern.ptr[i + 2]) : -1;
        if (low >= 0) {
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && text.ptr[j] == ' ') {
            c = ' ';
        }
        if (c != text.ptr[j])
            return false;
    }
    return i == pattern.len && j == text.len;
}

static bool shown(const struct record *rec, const struct records_filter *f)
{
    return rec && matches(f->pixel, rec->pixel) && matches(f->event, rec->event) &&
           matches(f->event_id, rec->event_id);
}

static void member(struct buf *out, const char *name, struct slice value)
{
    buf_puts(out, name);
    if (value.len)
        buf_json(out, value);
    else
        buf_puts(out, "null");
}

static void print_record(const struct record *rec, struct buf *out)
{
    buf_add(out, slice_head(rec->json, rec->json.len - 1)); /* without the last brace */
    member(out, ",\"event_source\":", rec->source);
    member(out, ",\"event_source_id\":", rec->pixel);
    member(out, ",\"test_event_code\":", rec->test_code);
    member(out, ",\"request_id\":", rec->request_id);
    buf_puts(out, ",\"received\":");
    buf_i64(out, rec->received);
    buf_puts(out, ",\"merged\":");
    buf_i64(out, (int64_t)rec->merged);
    buf_puts(out, ",\"dropped\":");
    buf_i64(out, (int64_t)rec->dropped);
    buf_byte(out, '}');
}

void sandbox_records_print(const struct sandbox_records *r, const struct records_filter *filter,
                           struct buf *out)
{
    uint64_t from = r->next, left = filter->limit, n;
    bool more = false;

    while (from > r->first && left > 0)
        left -= shown(r->ring[--from % RECORDS_MAX], filter);
    buf_byte(out, '[');
    for (n = from; n < r->next; n++) {
        const struct record *rec = r->ring[n % RECORDS_MAX];
        if (!shown(rec, filter))
            continue;
        if (more)
            buf_byte(out, ',');
        print_record(rec, out);
        more = true;
    }
    buf_byte(out, ']');
}
