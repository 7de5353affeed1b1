/* again.c: a stored postback by the mapping as it is now, and what of that may become a test of the mapping. */
#include "cli/end.h"
#include "cli/inspector/inside.h"
#include "cli/serve/record.h"
#include "cli/show.h"
#include "cli/story/story.h"
#include "core/base/when.h"

struct again {
    struct view *v;
    const struct store_postback *pb;
    struct intake_request *r;
    const char *why; /* there is nothing to translate */
};

/* 1: read.  0: why not. */
static int read_stored(struct again *a, struct err *err)
{
    struct view *v = a->v;
    const struct catalog_offer *offer = catalog_find(v->catalog, a->pb->offer);
    struct intake_request *r = a->r;
    struct translation *t = &r->translation;

    a->why = !offer ? "the offer is not configured any more"
             : slice_eq(a->pb->code, S("Q015")) && !slice_eq(a->pb->reason, RECORD_TOO_LARGE)
                 ? "its body could not be read, and no mapping changes that"
                 : NULL;
    if (a->why)
        return 0;
    t->arena = t->notes.arena = v->arena;
    t->trail = (struct trail){ .on = true, .arena = v->arena };
    t->today = v->now_ms / 1000;
    r->offer = offer->offer;
    r->params = (struct params){ .max = 100000, .arena = v->arena, .notes = &t->notes };
    if (params_query(&r->params, a->pb->params, err) != 0 ||
        translate_read(r->offer, &r->params, v->arena, t, err) != 0)
        return -1;
    r->storable = translate_storable(r->offer, &r->params, &t->conversion, v->hasher, v->arena);
    return 1;
}

/* Beside the thread that writes: it only reads what came before of the click. */
static int work(struct again *a, struct err *err)
{
    struct record_context c = { a->v->store, a->v->hasher, a->v->now_ms };
    int rc = read_stored(a, err);

    if (rc == 1)
        rc = record_translate(&c, a->r, a->pb->id, a->pb->at / 1000, err);
    if (end_memory_lacked() || a->v->arena->full)
        return err_set(err, ERR_BUSY, "this postback needs too much memory");
    return rc < 0 ? -1 : 0;
}

/* ---- a test of the mapping ---- */

static void quoted(struct buf *out, struct slice text)
{
    buf_json(out, text); /* a double-quoted scalar of YAML as well */
}

static void click_query(struct buf *out, const struct store_click *click)
{
    const struct {
        const char *name;
        struct slice value;
    } fields[] = {
        { "click_id", click->click_id }, { "ttclid", click->ttclid },   { "event_id", click->event_id },
        { "ttp", click->ttp },           { "page_url", click->page_url }, { "consent", click->consent },
        { "country", click->country },
    };
    struct buf query = { .limit = (size_t)1 << 16 };

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        if (fields[i].value.len == 0)
            continue;
        buf_printf(&query, "%s%s=", query.len ? "&" : "?", fields[i].name);
        buf_percent(&query, fields[i].value);
    }
    buf_puts(out, "    click: ");
    quoted(out, buf_slice(&query));
    buf_byte(out, '\n');
    buf_free(&query);
}

static void expectation(struct buf *out, const struct translation *t)
{
    const struct translated_event *e = &t->events[0];
    struct slice ttclid = t->conversion.fields[FIELD_TTCLID].value;

    buf_printf(out, "    expect:\n      verdict: %s\n", verdict_name(t->verdict));
    if (t->code && t->code[0])
        buf_printf(out, "      code: %s\n", t->code);
    if (t->verdict != VERDICT_QUEUED || t->event_count == 0)
        return;
    buf_puts(out, "      event: ");
    quoted(out, e->event);
    buf_puts(out, "\n      event_id: ");
    quoted(out, e->event_id);
    if (ttclid.len && slice_find(e->body, S("\"ttclid\":")) < e->body.len) {
        buf_puts(out, "\n      user.ttclid: ");
        quoted(out, ttclid);
    }
    if (e->has_value) {
        buf_puts(out, "\n      properties.value: ");
        money_print(out, e->value);
        buf_puts(out, "\n      properties.currency: ");
        buf_add(out, e->currency);
    }
    buf_byte(out, '\n');
}

static void test_json(struct view *v, const struct store_postback *pb, const struct store_click *click,
                      const struct translation *t)
{
    struct buf text = { .limit = (size_t)1 << 20 }, query = { .limit = (size_t)1 << 20 };

    buf_puts(&text, "  - name: ");
    buf_puts(&query, "the postback of ");
    when_print(&query, pb->at / 1000);
    quoted(&text, buf_slice(&query));
    buf_clear(&query);
    buf_byte(&query, '?');
    buf_add(&query, pb->params);
    buf_puts(&text, "\n    at: ");
    when_print(&text, pb->at / 1000);
    buf_puts(&text, "\n    given: ");
    quoted(&text, buf_slice(&query));
    buf_byte(&text, '\n');
    if (click)
        click_query(&text, click);
    expectation(&text, t);
    buf_puts(&v->out, ",\"test\":");
    buf_json(&v->out, buf_slice(&text));
    buf_free(&text);
    buf_free(&query);
}

/* ---- the answer ---- */

static void none(struct view *v, const char *why)
{
    buf_puts(&v->out, ",\"again\":null,\"again_why\":");
    buf_json(&v->out, slice_from(why));
    buf_puts(&v->out, ",\"test\":null");
}

int again_json(struct view *v, const struct store_postback *pb, const struct store_click *click)
{
    struct again a = { v, pb, ARENA_NEW(v->arena, struct intake_request), NULL };
    struct buf json = { .limit = (size_t)8 << 20 };

    if (!a.r)
        return err_set(&v->err, ERR_BUSY, "out of memory");
    a.r->rules = v->rules;
    if (work(&a, &v->err) != 0)
        return -1;
    if (a.why) {
        none(v, a.why);
        return 0;
    }
    show_json(&json, &a.r->translation, &(struct show_frame){ v->catalog, a.r->offer });
    buf_puts(&v->out, ",\"again\":");
    buf_add(&v->out, slice_trim(buf_slice(&json)));
    if (!buf_ok(&json))
        v->out.failed = true;
    buf_free(&json);
    test_json(v, pb, click, &a.r->translation);
    return 0;
}
