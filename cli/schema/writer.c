/* writer.c: JSON with a line for each member. */
#include "cli/schema/writer.h"

void writer_open(struct writer *w, char bracket)
{
    buf_byte(w->out, bracket);
    w->depth++;
    w->first = true;
}

void writer_item(struct writer *w)
{
    if (!w->first)
        buf_byte(w->out, ',');
    w->first = false;
    buf_printf(w->out, "\n%*s", 2 * w->depth, "");
}

void writer_close(struct writer *w, char bracket)
{
    w->depth--;
    if (!w->first)
        buf_printf(w->out, "\n%*s", 2 * w->depth, "");
    buf_byte(w->out, bracket);
    w->first = false;
}

void writer_key(struct writer *w, struct slice name)
{
    writer_item(w);
    buf_json(w->out, name);
    buf_puts(w->out, ": ");
}

void writer_text(struct writer *w, const char *name, struct slice value)
{
    writer_key(w, slice_from(name));
    buf_json(w->out, value);
}

void writer_raw(struct writer *w, const char *name, const char *value)
{
    writer_key(w, slice_from(name));
    buf_puts(w->out, value);
}

void writer_number(struct writer *w, const char *name, int64_t n)
{
    writer_key(w, slice_from(name));
    buf_i64(w->out, n);
}
