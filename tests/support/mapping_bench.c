#include "tests/support/mapping_bench.h"

#include <string.h>

#include "tests/support/case_file.h"

static int find(void *context, struct arena *arena, struct slice name, struct slice from,
                struct source *source, struct slice *where)
{
    const struct mapping_bench *b = context;
    struct slice path;

    (void)from;
    for (const struct bench_file *f = b->files; f && f->name; f++)
        if (slice_eq(slice_from(f->name), name)) {
            *source = (struct source){ slice_from(f->name), slice_from(f->text) };
            return 0;
        }
    path = arena_printf(arena, "mappings/%.*s.yaml", SLICE_ARG(name));
    *where = S("looked everywhere");
    source->name = path;
    return path.len && case_file_slurp(arena, path.ptr, &source->text) ? 0 : 1;
}

void mapping_bench_open(struct mapping_bench *b, const struct bench_file *files, size_t limit)
{
    *b = (struct mapping_bench){ .files = files };
    arena_init(&b->arena, limit ? limit : 64u << 20);
    b->diags.arena = &b->arena;
    b->loader = (struct mapping_loader){ &b->arena, &b->diags, trackers, { b, find } };
}

void mapping_bench_close(struct mapping_bench *b)
{
    buf_free(&b->text);
    arena_free(&b->arena);
}

static struct source *source_of(struct mapping_bench *b, const char *name, struct slice text)
{
    struct source *source = ARENA_NEW(&b->arena, struct source);

    if (source)
        *source = (struct source){ slice_from(name), text };
    return source;
}

struct offer *mapping_bench_load(struct mapping_bench *b, const char *name, struct slice text)
{
    struct source *source = source_of(b, name, text);

    return source ? mapping_load_offer(&b->loader, source) : NULL;
}

int mapping_bench_check(struct mapping_bench *b, const char *name, struct slice text)
{
    struct source *source = source_of(b, name, text);

    return source ? mapping_check_tracker(&b->loader, source) : -1;
}

const char *mapping_bench_problems(struct mapping_bench *b)
{
    static const char *const levels[] = { "error", "warning", "note" };

    buf_clear(&b->text);
    for (const struct diag *d = b->diags.first; d; d = d->next) {
        buf_printf(&b->text, "%.*s:%u:%u %s %s %.*s", SLICE_ARG(d->at.source->name), d->at.line,
                   d->at.col, levels[d->level], d->code, SLICE_ARG(d->text));
        if (d->hint.len)
            buf_printf(&b->text, " | %.*s", SLICE_ARG(d->hint));
        buf_byte(&b->text, '\n');
    }
    buf_byte(&b->text, '\0');
    return b->text.ptr;
}
