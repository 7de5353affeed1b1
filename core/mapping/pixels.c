/* pixels.c: `pixel:` of an offer or of one event: a code, a template, a list, a template with an
 * allow-list, or a table that another template chooses from. */
#include "core/mapping/build.h"
#include "core/mapping/shapes.h"

/* The key that tells the form of a map. */
static const struct {
    struct slice key;
    const struct shape *shape;
} forms[] = {
    { SLICE("table"), &shape_pixel_table },
    { SLICE("by"), &shape_pixel_table },
    { SLICE("from"), &shape_pixel_allow },
    { SLICE("allow"), &shape_pixel_allow },
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

static bool wrong(struct build *b, struct place at, struct slice hint, const char *text)
{
    diag_add(b->expect.diags, DIAG_ERROR, "M051", at, hint, "%s", text);
    return false;
}

/* ---- one pixel ---- */

static void check_code(struct build *b, struct slice code, struct place at)
{
    bool web = b->offer->source == EVENT_SOURCE_WEB;
    const char *what = web ? "a pixel code" : "the id of an event set";
    const char *doubt = event_source_id_doubt(b->offer->source, code);

    if (event_source_id_fault(code))
        diag_add(b->expect.diags, DIAG_ERROR, "M016", at,
                 web ? S("letters and digits, as Events Manager shows it")
                     : S("digits, as Events Manager shows it"),
                 "\"%.*s\" is not %s", SLICE_ARG(code), what);
    else if (doubt)
        diag_add(b->expect.diags, DIAG_WARNING, "M046", at,
                 S("see event_source: web has pixels; crm and offline have event sets"),
                 "\"%.*s\" %s", SLICE_ARG(code), doubt);
}

/* A code; with `open` also a template. */
static bool read_item(struct build *b, const struct yaml *node, bool open, struct template *out)
{
    if (!build_template(b, node, "`pixel`", out))
        return false;
    if (template_is_constant(out))
        check_code(b, out->raw, node->at);
    else if (!open)
        return wrong(b, node->at,
                     S("what chooses stands in `by`; to send to whatever a parameter names: "
                       "pixel: \"{param.pixel}\""),
                     "a table's pixels are codes, not templates");
    return true;
}

static void check_double(struct build *b, const struct template *list, size_t n,
                         const struct yaml *node)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(list[i].raw, list[n].raw)) {
            diag_add(b->expect.diags, DIAG_ERROR, "M051", node->at,
                     S("keep one of them: TikTok would count both events once"),
                     "the pixel \"%.*s\" stands there already", SLICE_ARG(list[n].raw));
            return;
        }
}

/* A, or [A, B]. */
static void read_list(struct build *b, const struct yaml *node, bool open, struct pixel_list *out)
{
    size_t room = node->kind == YAML_LIST ? node->count : 1;
    struct template *list = ARENA_ARRAY(b->expect.arena, struct template, room);

    *out = (struct pixel_list){ list, 0 };
    if (!list)
        return;
    if (node->kind != YAML_LIST) {
        out->count = read_item(b, node, open, &list[0]);
        return;
    }
    if (room == 0)
        wrong(b, node->at, S("name a pixel, or leave the list out"), "the list has no pixel");
    if (room > PIXELS_PER_EVENT_MAX) {
        diag_add(b->expect.diags, DIAG_ERROR, "M051", node->at, (struct slice){ 0 },
                 "an event can go to %d pixels at most; this list has %zu", PIXELS_PER_EVENT_MAX,
                 room);
        return;
    }
    for (const struct yaml *v = node->first; v; v = v->next)
        if (read_item(b, v, open, &list[out->count])) {
            check_double(b, list, out->count, v);
            out->count++;
        }
}

/* ---- {from: "{param.pixel}", allow: [A, B]} ---- */

static void read_allow(struct build *b, const struct yaml *node, struct pixel_route *out)
{
    const struct yaml *from = yaml_get(node, S("from")), *allow = yaml_get(node, S("allow"));
    const struct yaml *v;

    if (from)
        read_list(b, from, true, &out->to);
    if (out->to.count && template_is_constant(&out->to.items[0]))
        wrong(b, from->at, S("write it alone, pixel: C9..., or name a parameter: \"{param.pixel}\""),
              "`from` would give the same pixel for every postback");
    out->allow = expect_texts(&b->expect, allow, "`allow`", &out->allow_count);
    if (allow && allow->kind == YAML_LIST && allow->count == 0)
        wrong(b, allow->at, S("list the pixels that may be named: allow: [C9...]"),
              "`allow` has no pixel, so every postback would be quarantined");
    v = allow && allow->kind == YAML_LIST ? allow->first : allow;
    for (size_t i = 0; i < out->allow_count; v = v->next)
        if (v->kind == YAML_SCALAR && slice_eq(v->text, out->allow[i]))
            check_code(b, out->allow[i++], v->at);
}

/* ---- {table: {anna: A, ben: [B, C]}, by: "{param.buyer}", default: D} ---- */

static void check_word(struct build *b, const struct pixel_row *rows, size_t n,
                       const struct yaml *key)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq_nocase(rows[i].word, rows[n].word)) {
            diag_add(b->expect.diags, DIAG_ERROR, "M051", key->at,
                     S("case makes no difference: keep one of them"),
                     "the table has \"%.*s\" already", SLICE_ARG(rows[i].word));
            return;
        }
}

static void read_rows(struct build *b, const struct yaml *table, struct pixel_route *out)
{
    struct pixel_row *rows;

    if (!expect_map(&b->expect, table, "`table`", NULL))
        return;
    if (table->count == 0)
        wrong(b, table->at, S("give each word its pixel: table: {anna: C9..., ben: C9...}"),
              "`table` has no row");
    if (table->count > PIXEL_ROWS_MAX) {
        diag_add(b->expect.diags, DIAG_ERROR, "M051", table->at, (struct slice){ 0 },
                 "`table` can have %d rows at most", PIXEL_ROWS_MAX);
        return;
    }
    rows = ARENA_ARRAY(b->expect.arena, struct pixel_row, table->count);
    for (const struct yaml *v = table->first; rows && v; v = v->next) {
        struct pixel_row *row = &rows[out->row_count];
        *row = (struct pixel_row){ .word = v->key->text, .at = v->key->at };
        check_word(b, rows, out->row_count, v->key);
        read_list(b, v, false, &row->to);
        out->row_count++;
    }
    out->rows = rows;
}

static void read_table(struct build *b, const struct yaml *node, struct pixel_route *out)
{
    const struct yaml *table = yaml_get(node, S("table")), *by = yaml_get(node, S("by"));
    const struct yaml *otherwise = yaml_get(node, S("default"));

    read_rows(b, table, out);
    if (build_template(b, by, "`by`", &out->by) && template_is_constant(&out->by))
        wrong(b, by->at, S("name the parameter that has the word: by: \"{param.buyer}\""),
              "`by` would choose the same row for every postback");
    if (otherwise)
        read_list(b, otherwise, false, &out->to);
}

void build_pixel(struct build *b, const struct yaml *node, struct pixel_route *out)
{
    size_t i = 0;

    *out = (struct pixel_route){ .at = node->at, .said = true };
    if (node->kind != YAML_MAP || (node->count == 1 && yaml_is_null(node->first))) {
        read_list(b, node, true, &out->to);
        return;
    }
    while (i < FORMS && !yaml_get(node, forms[i].key))
        i++;
    if (i == FORMS) {
        wrong(b, node->at,
              S("write {table: {anna: C9...}, by: \"{param.buyer}\"}, or {from: "
                "\"{param.pixel}\", allow: [C9...]}"),
              "this map says no pixel");
        return;
    }
    expect_map(&b->expect, node, "`pixel`", forms[i].shape);
    if (forms[i].shape == &shape_pixel_table)
        read_table(b, node, out);
    else
        read_allow(b, node, out);
}

/* ---- what the events of one stage come to ---- */

struct code_search {
    struct slice code; /* empty: the outer walk */
    const struct pixel_route *other;
    bool found;
};

static void each_in(const struct pixel_list *list,
                    void (*each)(void *context, struct slice pixel, const struct place *at),
                    void *context)
{
    for (size_t i = 0; i < list->count; i++)
        if (template_is_constant(&list->items[i]))
            each(context, list->items[i].raw, &list->items[i].at);
}

static void each_code(const struct pixel_route *r,
                      void (*each)(void *context, struct slice pixel, const struct place *at),
                      void *context)
{
    for (size_t i = 0; i < r->row_count; i++)
        each_in(&r->rows[i].to, each, context);
    each_in(&r->to, each, context);
    for (size_t i = 0; i < r->allow_count; i++)
        each(context, r->allow[i], &r->at);
}

void mapping_pixels(const struct offer *offer,
                    void (*each)(void *context, struct slice pixel, const struct place *at),
                    void *context)
{
    each_code(&offer->pixel, each, context);
    for (size_t i = 0; i < offer->rule_count; i++)
        for (const struct event_rule *e = offer->rules[i].events; e; e = e->next)
            if (e->pixel.said)
                each_code(&e->pixel, each, context);
}

static void is_same(void *context, struct slice pixel, const struct place *at)
{
    struct code_search *s = context;

    (void)at;
    s->found |= slice_eq(s->code, pixel);
}

static void is_in_other(void *context, struct slice pixel, const struct place *at)
{
    struct code_search *s = context;
    struct code_search inner = { .code = pixel };

    (void)at;
    each_code(s->other, is_same, &inner);
    s->found |= inner.found;
}

/* May it be any configured pixel? */
static bool is_open(const struct pixel_route *r)
{
    for (size_t i = 0; i < r->to.count; i++)
        if (!template_is_constant(&r->to.items[i]) && r->allow_count == 0)
            return true;
    return false;
}

static bool may_meet(const struct pixel_route *x, const struct pixel_route *y)
{
    struct code_search s = { .other = y };

    if (x == y || is_open(x) || is_open(y))
        return true;
    each_code(x, is_in_other, &s);
    return s.found;
}

static const struct pixel_route *route_of(const struct offer *offer, const struct event_rule *rule)
{
    return rule && rule->pixel.said ? &rule->pixel : &offer->pixel;
}

/* Two events of one name and one pixel would have one event_id, and the second be a duplicate. */
static void check_twice(struct build *b, const struct stage_rule *rule)
{
    for (const struct event_rule *x = rule->events; x; x = x->next)
        for (const struct event_rule *y = x->next; y; y = y->next) {
            const struct pixel_route *to = route_of(b->offer, x), *too = route_of(b->offer, y);
            if (x->event.len && slice_eq(x->event, y->event) && may_meet(to, too))
                diag_add(b->expect.diags, DIAG_ERROR, "M021", y->at,
                         to == too ? S("TikTok would count them once; use another event")
                                   : S("TikTok would count them once at a pixel that gets both; use "
                                       "another event, or other pixels"),
                         "the stage %.*s sends %.*s already", SLICE_ARG(rule->stage),
                         SLICE_ARG(x->event));
        }
}

static size_t most(const struct pixel_route *r)
{
    size_t n = r->to.count;

    for (size_t i = 0; i < r->row_count; i++)
        if (r->rows[i].to.count > n)
            n = r->rows[i].to.count;
    return n;
}

void build_pixels_fit(struct build *b)
{
    for (size_t i = 0; i < b->offer->rule_count; i++) {
        const struct stage_rule *rule = &b->offer->rules[i];
        size_t n = 0;
        check_twice(b, rule);
        for (const struct event_rule *e = rule->events; e; e = e->next)
            n += most(route_of(b->offer, e));
        if (n > EVENTS_PER_POSTBACK_MAX)
            diag_add(b->expect.diags, DIAG_ERROR, "M052", rule->at,
                     S("each event counts once for each of its pixels: use fewer of either"),
                     "a postback of the stage %.*s would make %zu events, and %d is the most",
                     SLICE_ARG(rule->stage), n, EVENTS_PER_POSTBACK_MAX);
    }
}

/* ---- in words ---- */

static void put_list(struct buf *out, const struct pixel_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct template *t = &list->items[i];
        buf_puts(out, i == 0 ? "" : i + 1 == list->count ? " and " : ", ");
        buf_printf(out, template_is_constant(t) ? "%.*s" : "what %.*s gives", SLICE_ARG(t->raw));
    }
}

struct slice mapping_pixel_text(struct arena *arena, const struct offer *offer,
                                const struct event_rule *rule)
{
    const struct pixel_route *r = route_of(offer, rule);
    struct buf b = { 0 };
    struct slice text;

    if (r->by.count)
        buf_printf(&b, "by %.*s: ", SLICE_ARG(r->by.raw));
    for (size_t i = 0; i < r->row_count; i++) {
        buf_printf(&b, "%s%.*s ", i ? ", " : "", SLICE_ARG(r->rows[i].word));
        put_list(&b, &r->rows[i].to);
    }
    if (r->row_count && r->to.count)
        buf_puts(&b, "; else ");
    put_list(&b, &r->to);
    for (size_t i = 0; i < r->allow_count; i++)
        buf_printf(&b, "%s%.*s", i == 0 ? ", one of " : ", ", SLICE_ARG(r->allow[i]));
    text = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    arena->full |= !buf_ok(&b);
    buf_free(&b);
    return text;
}
