/* keep.c: the book as text: a head, then a line for each entry, fields percent-encoded and separated by blanks. */
#include <string.h>

#include "core/alert/book.h"

#define HEAD "clickbaton alerts 1\n"

static void field(struct buf *out, const char *text)
{
    buf_byte(out, ' ');
    if (!text[0])
        buf_byte(out, '-');
    else if (strcmp(text, "-") == 0)
        buf_puts(out, "%2D");
    else
        buf_percent(out, slice_from(text));
}

static void number(struct buf *out, int64_t n)
{
    buf_byte(out, ' ');
    buf_i64(out, n);
}

static void entry(struct buf *out, const char *word, const struct alert_entry *e)
{
    buf_printf(out, "%s %s %d", word, alert_rules[e->rule].code, e->firing | e->severe << 1 | e->held << 2);
    number(out, e->since);
    number(out, e->last);
    number(out, e->told);
    number(out, e->mark);
    number(out, e->until);
    field(out, e->offer);
    field(out, e->event);
    field(out, e->text);
    buf_byte(out, '\n');
}

void alert_book_write(const struct alert_book *b, struct buf *out)
{
    buf_puts(out, HEAD);
    if (b->was_quiet)
        buf_puts(out, "quiet\n");
    for (size_t i = 0; i < b->active_count; i++)
        entry(out, "active", &b->active[i]);
    for (size_t i = 0; i < b->past_count; i++)
        entry(out, "past", &b->past[i]);
    for (size_t i = 0; i < b->divergence_count; i++) {
        const struct alert_divergence *d = &b->divergences[i];
        buf_puts(out, "divergence");
        number(out, d->theirs);
        number(out, d->ours);
        number(out, d->at);
        field(out, d->offer);
        field(out, d->with);
        buf_byte(out, '\n');
    }
}

/* ---- reading ---- */

static bool take_text(struct slice *line, char *to, size_t size)
{
    struct slice word;
    size_t n = 0;

    if (!slice_next(line, ' ', &word) || word.len == 0)
        return false;
    if (slice_eq(word, S("-")))
        word.len = 0;
    for (size_t i = 0; i < word.len; i++) {
        int high = -1, low = -1, c = (unsigned char)word.ptr[i];
        if (c == '%' && i + 2 < word.len) {
            high = ascii_hex(word.ptr[i + 1]);
            low = ascii_hex(word.ptr[i + 2]);
        }
        if (c == '%' && (high < 0 || low < 0))
            return false;
        if (c == '%') {
            c = high * 16 + low;
            i += 2;
        }
        if (c < ' ' || c == 0x7f || n + 1 >= size)
            return false;
        to[n++] = (char)c;
    }
    to[n] = '\0';
    return true;
}

static bool take_number(struct slice *line, int64_t *out)
{
    struct slice word;

    return slice_next(line, ' ', &word) && slice_to_i64(word, out) && *out >= 0;
}

static bool take_rule(struct slice *line, enum alert_rule *out)
{
    struct slice word;

    if (!slice_next(line, ' ', &word))
        return false;
    for (size_t i = 0; i < ALERT_RULES; i++)
        if (slice_eq(word, slice_from(alert_rules[i].code))) {
            *out = (enum alert_rule)i;
            return true;
        }
    return false;
}

static bool read_entry(struct slice line, struct alert_entry *e)
{
    int64_t flags;

    *e = (struct alert_entry){ 0 };
    if (!take_rule(&line, &e->rule) || !take_number(&line, &flags) || flags > 7 ||
        !take_number(&line, &e->since) || !take_number(&line, &e->last) || !take_number(&line, &e->told) ||
        !take_number(&line, &e->mark) || !take_number(&line, &e->until) ||
        !take_text(&line, e->offer, sizeof(e->offer)) || !take_text(&line, e->event, sizeof(e->event)) ||
        !take_text(&line, e->text, sizeof(e->text)) || line.len)
        return false;
    e->firing = flags & 1;
    e->severe = flags >> 1 & 1;
    e->held = flags >> 2 & 1;
    e->newest = e->mark;
    return true;
}

static bool read_divergence(struct slice line, struct alert_divergence *d)
{
    *d = (struct alert_divergence){ 0 };
    return take_number(&line, &d->theirs) && take_number(&line, &d->ours) && take_number(&line, &d->at) &&
           take_text(&line, d->offer, sizeof(d->offer)) && take_text(&line, d->with, sizeof(d->with)) && !line.len;
}

static bool read_line(struct alert_book *b, struct slice line)
{
    struct alert_divergence d;
    struct slice word;

    if (slice_eq(line, S("quiet")))
        return b->was_quiet = true;
    slice_cut(line, ' ', &word, &line);
    if (slice_eq(word, S("active")) && b->active_count < ALERT_ACTIVE_MAX &&
        read_entry(line, &b->active[b->active_count])) {
        b->active_count++;
        return true;
    }
    if (slice_eq(word, S("past")) && b->past_count < ALERT_PAST_MAX &&
        read_entry(line, &b->past[b->past_count])) {
        b->past_count++;
        return true;
    }
    if (!slice_eq(word, S("divergence")) || !read_divergence(line, &d))
        return false;
    alert_book_divergence(b, &d);
    return true;
}

unsigned alert_book_read(struct alert_book *b, struct slice text)
{
    struct slice line;
    unsigned bad = 0;

    if (!slice_starts(text, S(HEAD)))
        return text.len > 0;
    text = slice_from_at(text, sizeof(HEAD) - 1);
    while (slice_next(&text, '\n', &line))
        if (line.len)
            bad += !read_line(b, line);
    return bad;
}
