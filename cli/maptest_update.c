/* maptest_update.c: `check --update`: what came, in the place of what was expected. */
#include "cli/maptest.h"

#include <stdlib.h>
#include <string.h>

#include "core/yaml/yaml.h"

struct edit {
    size_t at, len;
    struct slice text;
};

struct edits {
    struct edit *list;
    size_t count;
};

void maptest_scalar(struct buf *out, struct slice value)
{
    bool plain = value.len && value.len < 60 && (ascii_is_alnum(value.ptr[0]));

    for (size_t i = 0; plain && i < value.len; i++)
        plain = ascii_is_alnum(value.ptr[i]) || strchr("-_.", value.ptr[i]);
    if (plain && !slice_eq_nocase(value, S("null")))
        buf_add(out, value);
    else
        buf_json(out, value); /* a double-quoted scalar of YAML */
}

/* Where the place lies in the text; false when the text has no such line. */
static bool offset_of(const struct place *at, size_t *offset)
{
    struct slice text = at->source->text;
    size_t i = 0;

    for (uint32_t line = 1; line < at->line; i++) {
        if (i == text.len)
            return false;
        line += text.ptr[i] == '\n';
    }
    *offset = i + at->col - 1;
    return *offset < text.len;
}

/* The token at a place: a scalar of one line, or [..] and {..} without anything nested.  0: another
 * thing, which nobody should replace by machine. */
static size_t token_length(const struct place *at, size_t offset, struct slice value)
{
    struct slice rest = slice_from_at(at->source->text, offset), raw = slice_head(rest, at->span);
    char close = rest.ptr[0] == '[' ? ']' : '}';
    struct slice line = slice_head(rest, slice_index(rest, '\n'));

    if (rest.ptr[0] == '[' || rest.ptr[0] == '{') {
        size_t end = slice_index(line, close);
        struct slice inner = slice_from_at(slice_head(line, end), 1);
        return end < line.len && slice_index(inner, '[') == inner.len &&
                       slice_index(inner, '{') == inner.len && slice_index(inner, '#') == inner.len
                   ? end + 1
                   : 0;
    }
    if (slice_eq(raw, value))
        return raw.len;
    return raw.len >= 2 && (raw.ptr[0] == '"' || raw.ptr[0] == '\'') &&
                   raw.ptr[raw.len - 1] == raw.ptr[0]
               ? raw.len
               : 0;
}

static int refuse(const struct maptest_case *k, const struct place *at, const char *why,
                  struct err *err)
{
    return err_set(err, ERR_INPUT, "%.*s:%u:%u: test \"%.*s\": %s; change it by hand",
                   SLICE_ARG(at->source->name), at->line, at->col,
                   SLICE_ARG(slice_head(maptest_name(k->test), 60)), why);
}

static int add_edit(struct catalog *c, const struct maptest_case *k, const struct place *at,
                    struct slice value, struct slice text, struct edits *edits, struct err *err)
{
    struct edit *e = &edits->list[edits->count];

    if (!offset_of(at, &e->at) || (e->len = token_length(at, e->at, value)) == 0)
        return refuse(k, at, "this expectation is not a word on one line", err);
    e->text = arena_dup(&c->arena, text);
    edits->count++;
    return 0;
}

/* One expectation as it should stand. */
static int replace(struct catalog *c, const struct maptest_case *k, const struct maptest_failure *f,
                   struct edits *edits, struct err *err)
{
    struct buf text = { .limit = 65536 };
    const struct mapping_expect *x = f->expect;
    int rc;

    if (!x && k->error.len)
        return refuse(k, &k->test->at, "it can't run", err);
    if (!x)
        return add_edit(c, k, &k->test->expect_at, (struct slice){ 0 }, k->summary, edits, err);
    if (slice_eq(x->path, S("warnings")))
        buf_printf(&text, "[%.*s]",
                   SLICE_ARG(slice_eq(f->got, S("none")) ? (struct slice){ 0 } : f->got));
    else
        maptest_scalar(&text, f->got);
    rc = add_edit(c, k, &x->at, x->value, buf_slice(&text), edits, err);
    buf_free(&text);
    return rc;
}

static int by_place(const void *a, const void *b)
{
    const struct edit *x = a, *y = b;

    return (x->at > y->at) - (x->at < y->at);
}

/* Would the new text still load? */
static int loads(struct catalog *c, const struct source *source, struct err *err)
{
    struct diags diags = { .arena = &c->arena };
    struct mapping_loader loader = c->loader;

    loader.diags = &diags;
    if (mapping_load_offer(&loader, source))
        return 0;
    for (const struct diag *d = diags.first; d; d = d->next)
        if (slice_eq(slice_from(d->code), S("C001"))) /* what it extends */
            return err_set(err, ERR_SYSTEM, "%.*s", SLICE_ARG(d->text));
    return err_set(err, ERR_INPUT, "%.*s: it would have errors afterwards; change it by hand",
                   SLICE_ARG(source->name));
}

static int write_edits(struct catalog *c, const struct source *source, const struct edits *edits,
                       struct err *err)
{
    struct source after = { source->name, { 0 } };
    struct buf out = { 0 };
    size_t from = 0;
    int rc;

    qsort(edits->list, edits->count, sizeof(*edits->list), by_place);
    for (size_t i = 0; i < edits->count; i++) {
        const struct edit *e = &edits->list[i];
        if (e->at < from) {
            buf_free(&out);
            return err_set(err, ERR_INPUT, "%.*s: two expectations lie in each other; change them by "
                                           "hand", SLICE_ARG(source->name));
        }
        buf_add(&out, slice_from_at(slice_head(source->text, e->at), from));
        buf_add(&out, e->text);
        from = e->at + e->len;
    }
    buf_add(&out, slice_from_at(source->text, from));
    after.text = arena_dup(&c->arena, buf_slice(&out));
    if (!buf_ok(&out) || c->arena.full)
        rc = err_set(err, ERR_SYSTEM, "out of memory");
    else if ((rc = loads(c, &after, err)) == 0)
        rc = files_replace(arena_cstr(&c->arena, source->name), after.text, err);
    buf_free(&out);
    return rc;
}

/* All failing tests of one offer's file. */
static int update_offer(struct catalog *c, const struct maptest_case *first, unsigned *changed,
                        struct err *err)
{
    struct edits edits = { NULL, 0 };
    size_t room = 0;

    for (const struct maptest_case *k = first; k && k->offer == first->offer; k = k->next)
        room += k->failure_count;
    edits.list = ARENA_ARRAY(&c->arena, struct edit, room);
    if (!edits.list)
        return err_set(err, ERR_SYSTEM, "out of memory");
    for (const struct maptest_case *k = first; k && k->offer == first->offer; k = k->next)
        for (const struct maptest_failure *f = k->failures; f; f = f->next)
            if (replace(c, k, f, &edits, err) != 0)
                return -1;
    if (edits.count == 0)
        return 0;
    *changed += (unsigned)edits.count;
    return write_edits(c, first->test->at.source, &edits, err);
}

int maptest_update(struct catalog *c, const struct maptest_result *result, unsigned *changed,
                   struct err *err)
{
    const struct offer *last = NULL;

    *changed = 0;
    for (const struct maptest_case *k = result->first; k; k = k->next) {
        if (k->offer != last && update_offer(c, k, changed, err) != 0)
            return -1;
        last = k->offer;
    }
    return 0;
}
