/* bodies.c: two JSON bodies, field by field, with numbers as they are written. */
#include "cli/diff/diff.h"
#include "core/params/params.h"

#define FIELDS_MAX 2000

static const struct param *find(const struct params *p, struct slice name)
{
    for (size_t i = 0; i < p->count; i++)
        if (slice_eq(p->list[i].name, name))
            return &p->list[i];
    return NULL;
}

int diff_bodies(struct slice old, struct slice new, struct arena *arena,
                const struct diff_field **fields, size_t *count)
{
    struct notes notes = { .arena = arena };
    struct params a = { .max = FIELDS_MAX, .arena = arena, .notes = &notes }, b = a;
    struct slice none = { 0 };
    struct diff_field *out;
    struct err err;

    *fields = NULL;
    *count = 0;
    if ((old.len && params_json(&a, old, &err) != 0) ||
        (new.len && params_json(&b, new, &err) != 0))
        return -1;
    out = ARENA_ARRAY(arena, struct diff_field, a.count + b.count);
    if (!out)
        return -1;
    for (size_t i = 0; i < a.count; i++) {
        const struct param *other = find(&b, a.list[i].name);
        if (!other || !slice_eq(a.list[i].value, other->value))
            out[(*count)++] = (struct diff_field){ a.list[i].name,
                                                   { a.list[i].value, other ? other->value : none } };
    }
    for (size_t i = 0; i < b.count; i++)
        if (!find(&a, b.list[i].name))
            out[(*count)++] = (struct diff_field){ b.list[i].name, { none, b.list[i].value } };
    *fields = out;
    return 0;
}
