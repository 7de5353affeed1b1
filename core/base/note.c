#include "core/base/note.h"

#include <stdarg.h>

#define NOTES_MAX 50
#define SHORT_MAX 60

void note_add(struct notes *n, const char *code, struct slice subject, const char *fmt, ...)
{
    struct note *note;
    va_list ap;

    if (!n || n->count == NOTES_MAX || !(note = ARENA_NEW(n->arena, struct note)))
        return;
    va_start(ap, fmt);
    note->text = arena_vprintf(n->arena, fmt, ap);
    va_end(ap);
    note->code = code;
    note->subject = arena_dup(n->arena, subject);
    if (n->last)
        n->last->next = note;
    else
        n->first = note;
    n->last = note;
    n->count++;
}

/* The first n bytes, or a little less so that no UTF-8 character is cut in two. */
static struct slice head_of_characters(struct slice s, size_t n)
{
    struct slice head = slice_head(s, n);

    for (size_t back = 1; back < 4 && back <= head.len && head.len < s.len; back++) {
        size_t len = utf8_len(slice_from_at(s, head.len - back));
        if (len > back)
            return slice_head(s, head.len - back);
        if (len)
            break;
    }
    return head;
}

struct slice note_short(struct arena *arena, struct slice value)
{
    struct slice head;

    if (value.len <= SHORT_MAX)
        return arena_dup(arena, value);
    head = head_of_characters(value, SHORT_MAX);
    return arena_printf(arena, "%.*s...", SLICE_ARG(head));
}
