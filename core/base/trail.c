#include "core/base/trail.h"

#include <stdarg.h>

#define STEPS_MAX 500

void trail_add(struct trail *t, struct slice field, struct slice value, const struct place *at,
               const char *fmt, ...)
{
    struct trail_step *step;
    va_list ap;

    if (!t || !t->on || t->count == STEPS_MAX || !(step = ARENA_NEW(t->arena, struct trail_step)))
        return;
    va_start(ap, fmt);
    step->done = arena_vprintf(t->arena, fmt, ap);
    va_end(ap);
    step->field = arena_dup(t->arena, field);
    step->value = arena_dup(t->arena, value);
    if (at)
        step->at = *at;
    if (t->last)
        t->last->next = step;
    else
        t->first = step;
    t->last = step;
    t->count++;
}
