/* params.h: one reading of any bytes as parameters, and what each must hold. */
#ifndef TESTS_FUZZ_PARAMS_H
#define TESTS_FUZZ_PARAMS_H

#include "core/base/buf.h"
#include "core/params/params.h"
#include "tests/fuzz/must.h"

typedef int params_reader(struct params *p, struct slice raw, struct err *err);

/* Give it back with reading_end. */
struct reading {
    struct arena arena;
    struct notes notes;
    struct params p;
    struct err err;
    int rc;
};

static inline void check_params(const struct reading *r)
{
    struct slice conflict = params_conflict(&r->p), value;

    MUST(r->p.count <= PARAMS_MAX);
    MUST(conflict.len == 0 || params_get(&r->p, conflict, &value));
    for (size_t i = 0; i < r->p.count; i++) {
        struct slice name = r->p.list[i].name, last = params_last_step(name);
        MUST(name.len && last.len <= name.len);
        MUST(params_get(&r->p, name, &value));
        params_unusable(r->p.list[i].value);
        params_unusable(name);
    }
    for (const struct note *n = r->notes.first; n; n = n->next)
        MUST(n->code && (n->text.len || r->arena.full) && n->text.len < 1000);
}

/* *r must stay where it is. */
static inline void read_as(struct reading *r, params_reader *reader, struct slice raw, size_t room)
{
    *r = (struct reading){ .rc = 0 };
    arena_init(&r->arena, room);
    r->notes.arena = &r->arena;
    r->p.arena = &r->arena;
    r->p.notes = &r->notes;
    r->rc = reader(&r->p, raw, &r->err);
    MUST((r->rc != 0) == (r->err.kind != ERR_NONE));
    MUST(r->err.kind != ERR_BUSY || r->arena.full);
    if (r->rc == 0)
        check_params(r);
}

static inline void reading_end(struct reading *r)
{
    arena_free(&r->arena);
}

static inline bool same_list(const struct params *a, const struct params *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!slice_eq(a->list[i].name, b->list[i].name) ||
            !slice_eq(a->list[i].value, b->list[i].value))
            return false;
    return true;
}

/* Every byte as %XX, so that nothing in it can look like damage. */
static inline void put_encoded(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        buf_printf(b, "%%%02x", (unsigned)(unsigned char)s.ptr[i]);
}

/* What was read from a query, written out and read again, is the same.  (Not so from JSON: there a
 * name may end with a sign that a query turns back into an '&'.) */
static inline void check_round_trip(const struct params *p)
{
    struct buf text = { 0 };
    struct reading again;

    for (size_t i = 0; i < p->count; i++) {
        buf_puts(&text, i ? "&" : "");
        put_encoded(&text, p->list[i].name);
        buf_puts(&text, p->list[i].value.len ? "=" : "");
        put_encoded(&text, p->list[i].value);
    }
    read_as(&again, params_query, buf_slice(&text), 8 << 20);
    MUST(again.rc == 0 && same_list(p, &again.p));
    reading_end(&again);
    buf_free(&text);
}

/* The same bytes with room that ends somewhere: the same answer, or that there is too little. */
static inline void check_little_room(const struct reading *whole, params_reader *reader,
                                     struct slice raw, size_t room)
{
    struct reading r;

    read_as(&r, reader, raw, room);
    if (r.err.kind != ERR_BUSY)
        MUST(r.rc == whole->rc && (r.rc != 0 || same_list(&r.p, &whole->p)));
    reading_end(&r);
}

#endif
