#include "cli/simulate/matrix.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/hops.h"
#include "cli/show.h"
#include "core/chain/url.h"

#define NAMES_MAX 20

/* A second form of a failure, beside the sample of its row. */
static const struct {
    const char *kind, *sample;
} variants[] = {
    { "truncate", "50" },
    { "duplicate", "OTHER" },
};

struct matrix {
    struct rehearsal *run;
    const struct chain_result *plain; /* the chain as it is */
    struct arena arena;               /* of one walk; `keep` holds what must outlive it */
    struct arena keep;
    struct buf out;
    struct err failed; /* the last walk that was not finished */
    bool json, colour;
    const char *comma;
};

/* What one failure did, over all hops. */
struct outcome {
    size_t broken[CHAIN_HOPS_MAX], broken_count;
    size_t touched; /* hops whose URL it changed */
    bool lost;      /* an id is no longer in the URL there, or not whole */
    bool by_tracker, by_page, by_cookie;
};

/* ---- the failure ---- */

/* Names of the parameters behind hop i that hold an id. */
static void id_names(struct matrix *m, size_t i, struct hop_break *b)
{
    struct slice *names = ARENA_ARRAY(&m->keep, struct slice, NAMES_MAX);
    struct slice rest;
    struct url_pair pair;
    struct url u;

    b->names = names;
    if (!names || url_parse(m->plain->hops[i].url, &u) != NULL)
        return;
    for (rest = u.query; b->count < NAMES_MAX && url_next_pair(&rest, &pair);)
        for (size_t id = 0; id < CHAIN_IDS; id++)
            if (m->plain->ids[id].len &&
                slice_eq(url_decode(&m->keep, pair.value), m->plain->ids[id])) {
                names[b->count++] = url_decode(&m->keep, pair.name);
                break;
            }
}

static void new_values(struct matrix *m, struct hop_break *b, const char *fmt)
{
    struct slice *values = ARENA_ARRAY(&m->keep, struct slice, NAMES_MAX);

    for (size_t k = 0; values && k < b->count; k++)
        values[k] = arena_printf(&m->keep, "%s_%.*s", fmt, SLICE_ARG(b->names[k]));
    b->values = values;
}

/* false: there is nothing at this hop that it could act on. */
static bool make(struct matrix *m, const struct break_kind *kind, const char *sample, size_t i,
                 struct hop_break *b)
{
    static const struct slice whitelist[] = { SLICE("utm_source"), SLICE("utm_campaign") };
    struct slice text = slice_from(sample);
    bool other = slice_eq(text, S("OTHER")), renamed = slice_eq(text, S("RENAMED"));

    *b = (struct hop_break){ .kind = kind };
    if (slice_to_i64(text, &b->number))
        return true;
    if (kind->takes == BREAK_HOST)
        b->text = text;
    if (slice_starts(text, S("["))) {
        b->names = whitelist;
        b->count = 2;
        return true;
    }
    if (!other && !renamed && !slice_eq(text, S("IDS")))
        return true;
    id_names(m, i, b);
    if (other || renamed)
        new_values(m, b, other ? "other" : "x");
    return b->count > 0;
}

/* ---- walks ---- */

/* Is the id still whole in the URL behind hop i? */
static bool in_url(struct matrix *m, const struct chain_result *r, size_t i, size_t id)
{
    return r->ids[id].len == 0 ||
           compare_value(&m->arena, r->hops[i].url, r->ids[id]).state == BATON_KEPT;
}

/* The event is right all the same: where do its ids come from? */
static void look_why(struct matrix *m, const struct chain_result *r, size_t i, struct outcome *o)
{
    const struct field_value *f = r->translation.conversion.fields;
    bool ttclid = in_url(m, r, i, CHAIN_TTCLID), click = in_url(m, r, i, CHAIN_CLICK_ID);
    bool had_ttclid = in_url(m, m->plain, i, CHAIN_TTCLID);

    o->touched++;
    if ((ttclid || !had_ttclid) && click)
        return;
    o->lost = true;
    o->by_tracker |= f[FIELD_TTCLID].origin == ORIGIN_PARAM && r->session_clicks > 0;
    o->by_page |= f[FIELD_TTCLID].origin == ORIGIN_CLICK || f[FIELD_EVENT_ID].origin == ORIGIN_CLICK;
    o->by_cookie |= !click && r->hops[i].state[CHAIN_CLICK_ID] == BATON_KEPT;
}

static void look(struct matrix *m, const struct hop_break *b, size_t i, struct outcome *o)
{
    struct chain_result r;
    struct err err = { 0 };

    arena_reset(&m->arena);
    if (chain_walk(m->run->chain, &m->run->world, b, i, &m->arena, &r, &err) != 0) {
        m->failed = err;
        return;
    }
    if (!r.kept)
        o->broken[o->broken_count++] = i;
    else if (!slice_eq(r.hops[i].url, m->plain->hops[i].url))
        look_why(m, &r, i, o);
}

static void join(struct buf *b, const char *text)
{
    buf_puts(b, b->len ? "; " : "");
    buf_puts(b, text);
}

static void thanks(struct buf *b, const struct outcome *o)
{
    if (o->touched == 0)
        join(b, "it finds nothing here to damage");
    else if (!o->lost)
        join(b, "the ids themselves pass unharmed");
    if (o->by_tracker)
        join(b, "the tracker keeps the ttclid as the source's click id and sends it back");
    if (o->by_page)
        join(b, "the landing page has registered the click with its ttclid and event_id");
    if (o->by_cookie)
        join(b, "the tracker knows its visitor by the cookie");
}

/* ---- output ---- */

static void hop_names(struct matrix *m, const struct outcome *o, bool quoted)
{
    for (size_t k = 0; k < o->broken_count; k++) {
        struct slice name = m->run->chain->hops[o->broken[k]].name;
        buf_puts(&m->out, !k ? "" : quoted ? "," : ", ");
        if (quoted)
            buf_json(&m->out, name);
        else
            show_safe(&m->out, name);
    }
}

static void why(struct buf *b, const struct break_kind *kind, const struct outcome *o)
{
    if (o->broken_count)
        buf_puts(b, kind->remedy);
    else
        thanks(b, o);
}

static void print_json(struct matrix *m, const struct break_kind *kind, const char *sample,
                       const struct outcome *o)
{
    struct buf text = { 0 };

    buf_printf(&m->out, "%s\n{\"failure\":\"%s\",\"with\":", m->comma, kind->name);
    buf_json(&m->out, slice_from(sample));
    buf_printf(&m->out, ",\"survives\":%s,\"breaks_at\":[", o->broken_count ? "false" : "true");
    hop_names(m, o, true);
    buf_puts(&m->out, "],\"why\":");
    why(&text, kind, o);
    buf_json(&m->out, buf_slice(&text));
    buf_free(&text);
    buf_byte(&m->out, '}');
    m->comma = ",";
}

static void print_row(struct matrix *m, const struct break_kind *kind, const char *sample,
                      const struct outcome *o)
{
    struct buf name = { 0 }, text = { 0 };

    buf_printf(&name, "%s%s%s", kind->name, ascii_is_digit(sample[0]) ? " " : "",
               ascii_is_digit(sample[0]) ? sample : "");
    if (slice_eq(slice_from(sample), S("OTHER")))
        buf_puts(&name, " (another value)");
    else if (slice_eq(slice_from(sample), S("IDS")) || slice_eq(slice_from(sample), S("RENAMED")))
        buf_puts(&name, " (the ids)");
    buf_printf(&m->out, "%-26.*s", SLICE_ARG(buf_slice(&name)));
    hops_paint(&m->out, m->colour, o->broken_count ? HOPS_BAD : HOPS_GOOD);
    buf_printf(&m->out, "%-10s", o->broken_count ? "breaks" : "survives");
    hops_paint(&m->out, m->colour, HOPS_PLAIN);
    if (o->broken_count) {
        buf_puts(&m->out, "at ");
        hop_names(m, o, false);
        buf_puts(&m->out, ": ");
    }
    why(&text, kind, o);
    buf_add(&m->out, buf_slice(&text));
    buf_byte(&m->out, '\n');
    buf_free(&text);
    buf_free(&name);
}

static void one(struct matrix *m, const struct break_kind *kind, const char *sample)
{
    struct outcome o = { .broken_count = 0 };
    struct hop_break b;

    arena_reset(&m->keep);
    for (size_t i = 0; i < m->plain->hop_count; i++)
        if (m->run->chain->hops[i].to.len && make(m, kind, sample, i, &b))
            look(m, &b, i, &o);
    if (m->json)
        print_json(m, kind, sample, &o);
    else
        print_row(m, kind, sample, &o);
}

static void all(struct matrix *m)
{
    for (const struct break_kind *k = break_kinds; k->name; k++) {
        one(m, k, k->sample);
        for (size_t v = 0; v < sizeof(variants) / sizeof(*variants); v++)
            if (slice_eq(slice_from(variants[v].kind), slice_from(k->name)))
                one(m, k, variants[v].sample);
    }
}

int matrix_run(struct rehearsal *run, bool json, bool colour)
{
    struct matrix m = { .run = run, .json = json, .colour = colour, .comma = "" };
    struct chain_result plain;
    struct arena arena;
    struct err err = { 0 };
    int code = EXIT_IO;

    arena_init(&arena, 64 * 1024 * 1024);
    arena_init(&m.arena, 64 * 1024 * 1024);
    arena_init(&m.keep, 16 * 1024 * 1024);
    m.plain = &plain;
    if (chain_walk(run->chain, &run->world, NULL, 0, &arena, &plain, &err) != 0) {
        fprintf(stderr, "clickbaton simulate: %s\n", err.text);
        goto out;
    }
    code = plain.kept ? EXIT_DONE : EXIT_NO;
    if (!plain.kept && !json) {
        buf_printf(&m.out, "broken[%s] as it is, so every failure would find it broken: ", plain.code);
        show_safe(&m.out, plain.reason);
        buf_byte(&m.out, '\n');
    } else {
        buf_puts(&m.out, json ? "[" : "");
        all(&m);
        buf_puts(&m.out, json ? "\n]\n" : "");
    }
    if (m.failed.text[0]) {
        fprintf(stderr, "clickbaton simulate: %s\n", m.failed.text);
        code = EXIT_IO;
    } else if (!hops_print("simulate", &m.out)) {
        code = EXIT_IO;
    }
out:
    buf_free(&m.out);
    arena_free(&m.keep);
    arena_free(&m.arena);
    arena_free(&arena);
    return code;
}
