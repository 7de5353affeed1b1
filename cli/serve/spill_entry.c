#include "cli/serve/spill_entry.h"

#include "cli/serve/record.h"
#include "core/base/codes.h"

#define PARAMS_MOST 100000 /* it was within the limits when it came */

/* ---- out ---- */

/* Those of the lines of its warnings that nothing else can tell. */
static struct slice own_notes(const struct translation *t)
{
    struct slice lines = record_warnings(t), line, out;
    struct buf b = { 0 };

    while (slice_next(&lines, '\n', &line))
        if (record_is_requests(line))
            buf_printf(&b, "%.*s\n", SLICE_ARG(line));
    out = b.len ? arena_dup(t->arena, buf_slice(&b)) : (struct slice){ 0 };
    if (!buf_ok(&b))
        t->arena->full = true;
    buf_free(&b);
    return out;
}

static struct slice click_params(const struct click *click, struct arena *arena)
{
    struct buf b = { 0 };
    struct slice out;

    for (size_t f = 0; f < FIELD_COUNT; f++) {
        if (click->fields[f].len == 0)
            continue;
        buf_printf(&b, "%s%.*s=", b.len ? "&" : "", SLICE_ARG(field_names[f]));
        buf_percent(&b, click->fields[f]);
    }
    out = arena_dup(arena, buf_slice(&b));
    if (!buf_ok(&b))
        arena->full = true;
    buf_free(&b);
    return out;
}

int spill_entry_of(struct intake_request *r, int64_t serial, int64_t at, struct spill_entry *out, struct err *err)
{
    struct arena *arena = r->http->arena;

    *out = (struct spill_entry){ .serial = serial, .at = at, .offer = r->offer->name, .method = r->method,
                                 .content_type = r->http->content_type, .address = r->http->address };
    if (r->is_click) {
        out->kind = SPILL_CLICK;
        out->keyed = r->keyed;
        out->said_at = r->unheard ? 0 : r->click.at;
        out->params = click_params(&r->click, arena);
    } else {
        out->kind = r->unreadable ? SPILL_UNREADABLE : SPILL_POSTBACK;
        out->params = r->storable;
        out->reason = r->unreadable ? r->translation.reason : (struct slice){ 0 };
        out->notes = own_notes(&r->translation);
    }
    return arena->full ? err_set(err, ERR_BUSY, "out of memory") : 0;
}

/* ---- in ---- */

static void put_notes(struct notes *notes, struct slice lines)
{
    struct slice line, code, text;

    while (slice_next(&lines, '\n', &line)) {
        char name[8] = "";
        const struct code *known;
        if (!slice_cut(line, ' ', &code, &text) || code.len >= sizeof(name))
            continue;
        memcpy(name, code.ptr, code.len);
        if ((known = code_find(name)))
            note_add(notes, known->code, (struct slice){ 0 }, "%.*s", SLICE_ARG(text));
    }
}

static int read_params(const struct spill_entry *e, struct params *out, struct err *err)
{
    struct notes none = { .arena = out->arena }; /* the damage was told when it came */
    struct notes *notes = out->notes;
    int rc;

    out->notes = &none;
    rc = params_query(out, e->params, err);
    out->notes = notes;
    return rc;
}

static int read_click(const struct spill_entry *e, struct intake_request *r, struct err *err)
{
    if (read_params(e, &r->params, err) != 0)
        return -1;
    r->is_click = true;
    r->keyed = e->keyed;
    r->click.at = e->said_at ? e->said_at : e->at / 1000;
    for (size_t i = 0; i < r->params.count; i++) {
        enum field f = field_named(r->params.list[i].name);
        if (f < FIELD_COUNT)
            r->click.fields[f] = r->params.list[i].value;
    }
    return 0;
}

/* Kept as it is; `replay` reads it when the offer is back. */
static int read_gone(const struct spill_entry *e, struct intake_request *r)
{
    struct translation *t = &r->translation;
    struct offer *offer = ARENA_NEW(t->arena, struct offer);

    if (!offer)
        return -1;
    offer->name = e->offer;
    r->offer = offer;
    if (e->kind == SPILL_CLICK)
        return 0;
    r->unreadable = true;
    t->verdict = VERDICT_QUARANTINED;
    t->code = "R002";
    t->reason = arena_printf(t->arena, "the offer \"%.*s\" was taken out of the configuration before this was handed on",
                             SLICE_ARG(e->offer));
    return 0;
}

static int read_postback(const struct spill_entry *e, struct identity_hasher *hasher, struct intake_request *r,
                         struct err *err)
{
    struct translation *t = &r->translation;
    struct slice better;

    put_notes(&t->notes, e->notes);
    r->storable = e->params;
    if (r->unreadable)
        return 0;
    if (e->kind == SPILL_UNREADABLE) {
        r->unreadable = true;
        t->verdict = VERDICT_QUARANTINED;
        t->code = "Q015";
        t->reason = e->reason;
        return read_params(e, &r->params, err);
    }
    if (read_params(e, &r->params, err) != 0 || translate_read(r->offer, &r->params, t->arena, t, err) != 0)
        return -1;
    better = translate_storable(r->offer, &r->params, &t->conversion, hasher, t->arena);
    if (better.len)
        r->storable = better;
    return 0;
}

static struct slice method_of(struct slice name)
{
    static const struct slice methods[] = { SLICE("GET"), SLICE("HEAD"), SLICE("POST") };

    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (slice_eq(name, methods[i]))
            return methods[i];
    return S("OTHER");
}

int spill_entry_read(const struct spill_entry *e, struct rules *rules, struct identity_hasher *hasher, int64_t now_ms,
                     struct spilled *out, struct err *err)
{
    const struct catalog_offer *offer = catalog_find(rules->catalog, e->offer);
    struct intake_request *r = &out->request;
    struct translation *t = &r->translation;
    int rc;

    *r = (struct intake_request){ .http = &out->http, .rules = rules, .at = e->at, .fresh = r->put, .method = method_of(e->method) };
    out->http = (struct http_request){ .arena = &out->arena, .content_type = e->content_type, .address = e->address };
    t->arena = t->notes.arena = &out->arena;
    t->today = now_ms / 1000;
    r->params = (struct params){ .max = PARAMS_MOST, .arena = &out->arena, .notes = &t->notes };
    if (offer)
        r->offer = offer->offer;
    else if (read_gone(e, r) != 0)
        return err_set(err, ERR_BUSY, "out of memory");
    rc = e->kind == SPILL_CLICK ? read_click(e, r, err) : read_postback(e, hasher, r, err);
    if (out->arena.full) /* something of it may be missing */
        return err_set(err, ERR_BUSY, "it needs more than the %zu KB of memory that one may have", SPILLED_BYTES >> 10);
    return rc;
}
