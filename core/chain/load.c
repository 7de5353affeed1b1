/* load.c: a chain file to hops. */
#include "core/chain/chain.h"

#include "core/base/codes.h"
#include "core/chain/shapes.h"
#include "core/chain/url.h"
#include "core/yaml/expect.h"

static const int default_status[] = { 302, 200, 200, 302, 200, 200, 301, 200 };

struct reader {
    const struct chain_loader *loader;
    struct expect e;
    struct chain *chain;
};

static struct yaml *at(const struct yaml *node, const char *key)
{
    return yaml_get(node, slice_from(key));
}

/* ---- failures ---- */

/* The key, for sentences. */
static const char *quoted(struct reader *r, const struct hop_break *b)
{
    struct slice text = arena_printf(r->loader->arena, "`%s`", b->kind->name);

    return text.len ? text.ptr : "";
}

static bool read_map(struct reader *r, const struct yaml *node, struct hop_break *b)
{
    struct slice *names = ARENA_ARRAY(r->loader->arena, struct slice, node->count + 1);
    struct slice *values = ARENA_ARRAY(r->loader->arena, struct slice, node->count + 1);

    if (!names || !values)
        return false;
    for (const struct yaml *v = node->first; v; v = v->next, b->count++) {
        names[b->count] = v->key->text;
        bool empty = v->kind == YAML_SCALAR && !v->plain && v->text.len == 0;
        if (empty && b->kind->takes == BREAK_MAP_OR_NAMES)
            values[b->count] = S(""); /* duplicate: {ttclid: ""} */
        else if (!expect_text(&r->e, v, "a new name or value", &values[b->count]))
            return false;
    }
    b->names = names;
    b->values = values;
    return true;
}

static bool nameless(struct reader *r, const struct yaml *node, const struct hop_break *b)
{
    diag_add(r->e.diags, DIAG_ERROR, "M002", node->at,
             arena_printf(r->loader->arena, "write %s: %s", b->kind->name,
                          b->kind->takes == BREAK_MAP ? "{ttclid: tt}" : "[ttclid]"),
             "`%s` must name parameters", b->kind->name);
    return false;
}

/* keep_only: [] keeps none; drop: true would name a parameter "true". */
static bool read_names(struct reader *r, const struct yaml *node, struct hop_break *b)
{
    static const struct slice words[] = { SLICE("true"), SLICE("yes"), SLICE("on"), SLICE("false"),
                                          SLICE("no"),   SLICE("off"), { 0 } };
    bool empty = node->kind == YAML_LIST && node->count == 0;

    for (const struct slice *w = words; node->kind == YAML_SCALAR && w->ptr; w++)
        if (slice_eq_nocase(*w, node->text))
            return nameless(r, node, b);
    if (empty && slice_eq(slice_from(b->kind->name), S("keep_only")))
        return true;
    if (empty)
        return nameless(r, node, b);
    b->names = expect_texts(&r->e, node, quoted(r, b), &b->count);
    return b->count > 0;
}

/* A host, with a port or without. */
static bool read_host(struct reader *r, const struct yaml *node, struct hop_break *b)
{
    struct url u;

    if (!expect_text(&r->e, node, quoted(r, b), &b->text))
        return false;
    if (url_parse(arena_printf(r->loader->arena, "//%.*s", SLICE_ARG(b->text)), &u) == NULL &&
        u.path.len == 0 && !u.has_query && !u.has_fragment)
        return true;
    diag_add(r->e.diags, DIAG_ERROR, "M017", node->at, S("write host: www.lander.example"),
             "\"%.*s\" is no host name", SLICE_ARG(b->text));
    return false;
}

static bool read_number(struct reader *r, const struct yaml *node, struct hop_break *b)
{
    const struct shape *bounds;
    struct shape_key row;
    struct slice text;

    if (!shape_find(&shape_hop, r->loader->arena, slice_from(b->kind->name), &row))
        return false;
    bounds = row.is;
    if (!expect_text(&r->e, node, quoted(r, b), &text))
        return false;
    if (slice_to_i64(text, &b->number) && b->number >= bounds->min && b->number <= bounds->max)
        return true;
    diag_add(r->e.diags, DIAG_ERROR, "M002", node->at, S("write truncate: 255"),
             "`%s` must be a whole number from %lld to %lld", b->kind->name,
             (long long)bounds->min, (long long)bounds->max);
    return false;
}

/* false: it is switched off, or wrong (a diagnostic says so). */
static bool read_break(struct reader *r, const struct yaml *node, struct hop_break *b)
{
    bool list = node->kind == YAML_LIST, map = node->kind == YAML_MAP, on = false;

    switch (b->kind->takes) {
    case BREAK_FLAG:
        return expect_bool(&r->e, node, quoted(r, b), &on) && on;
    case BREAK_NAMES:
        return read_names(r, node, b);
    case BREAK_ALL_OR_NAMES:
        return list ? read_names(r, node, b) : expect_bool(&r->e, node, quoted(r, b), &on) && on;
    case BREAK_MAP:
        if (map && node->count == 0)
            return nameless(r, node, b);
        return expect_map(&r->e, node, quoted(r, b), NULL) && read_map(r, node, b);
    case BREAK_MAP_OR_NAMES:
        if (map && node->count == 0)
            return nameless(r, node, b);
        return map ? read_map(r, node, b) : read_names(r, node, b);
    case BREAK_NUMBER:
        return read_number(r, node, b);
    case BREAK_HOST:
        return read_host(r, node, b);
    }
    return false;
}

static void read_breaks(struct reader *r, const struct yaml *map, struct hop *hop)
{
    struct hop_break *list = ARENA_ARRAY(r->loader->arena, struct hop_break, map->count);

    for (const struct yaml *v = map->first; list && v; v = v->next) {
        struct hop_break *b = &list[hop->break_count];
        *b = (struct hop_break){ .kind = break_named(v->key->text), .at = v->key->at };
        if (b->kind && read_break(r, v, b))
            hop->break_count++;
    }
    hop->breaks = list;
}

/* ---- hops ---- */

static void read_tracker(struct reader *r, const struct yaml *node, struct hop *hop)
{
    const struct yaml *name = at(node, "tracker"), *params = at(node, "params");
    const struct tracker *const *all = r->loader->trackers;
    struct slice names[32] = { { 0 } }, text;
    struct hop_slot *slots;
    size_t i, n = 0;

    for (; all && all[n] && n < 31; n++)
        names[n] = slice_from(all[n]->name);
    if (!name)
        expect_missing(&r->e, node, "tracker", "say which: tracker: keitaro (or generic)");
    if (expect_text(&r->e, name, "`tracker`", &text)) {
        for (i = 0; i < n && !slice_eq(names[i], text);)
            i++;
        hop->tracker = i < n ? all[i] : NULL;
        if (i == n)
            diag_add(r->e.diags, DIAG_ERROR, "M024", name->at,
                     arena_printf(r->loader->arena, "%.*s; a tracker of your own is generic",
                                  SLICE_ARG(diag_suggest(r->loader->arena, text, names))),
                     "`tracker` can't be \"%.*s\"", SLICE_ARG(text));
    }
    if (!params || !expect_map(&r->e, params, "`params`", NULL))
        return;
    slots = ARENA_ARRAY(r->loader->arena, struct hop_slot, params->count);
    for (const struct yaml *v = params->first; slots && v; v = v->next)
        if (expect_text(&r->e, v, "a URL parameter", &text))
            slots[hop->slot_count++] = (struct hop_slot){ v->key->text, text };
    hop->slots = slots;
}

static void read_status(struct reader *r, const struct yaml *map, struct hop *hop)
{
    const struct yaml *node = at(map, "status");
    uint64_t status;

    hop->status = default_status[hop->kind];
    if (!node)
        return;
    if (hop->status == 200)
        diag_add(r->e.diags, DIAG_ERROR, "M002", node->at, S("remove `status`"),
                 "a page (%.*s) answers with status 200", SLICE_ARG(hop_kind_names[hop->kind]));
    else if (expect_choice(&r->e, map, &shape_hop, "status", &(size_t){ 0 }) &&
             slice_to_u64(node->text, &status))
        hop->status = (int)status;
}

/* Keys that only some kinds have. */
static void check_kind(struct reader *r, const struct yaml *node, const struct hop *hop)
{
    static const struct {
        const char *key;
        enum hop_kind kind;
    } rows[] = {
        { "tracker", HOP_TRACKER }, { "params", HOP_TRACKER },  { "register", HOP_TRACKER },
        { "script", HOP_LANDER },   { "decorate", HOP_LANDER }, { "event_id", HOP_LANDER },
        { "double", HOP_META },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct yaml *v = at(node, rows[i].key);
        if (v && hop->kind != rows[i].kind)
            diag_add(r->e.diags, DIAG_ERROR, "M002", v->key->at, (struct slice){ 0 },
                     "`%s` belongs to a %.*s, and this hop is of kind: %.*s", rows[i].key,
                     SLICE_ARG(rows[i].kind == HOP_META ? S("meta refresh")
                                                        : hop_kind_names[rows[i].kind]),
                     SLICE_ARG(hop_kind_names[hop->kind]));
    }
}

/* A target that can be followed once its macros are filled. */
static void check_target(struct reader *r, const struct yaml *node, const char *what)
{
    const char *why;
    struct url u;

    if (!node || node->kind != YAML_SCALAR)
        return;
    why = node->text.len > URL_MAX_BYTES / 2 ? "is longer than 16 KB" : url_parse(node->text, &u);
    for (size_t i = 0; !why && i < node->text.len; i++)
        if ((unsigned char)node->text.ptr[i] < 0x20 || node->text.ptr[i] == 0x7f)
            why = "holds a control character";
    if (!why && what && !url_is_web(&u))
        why = "is not a whole http or https URL";
    if (why)
        diag_add(r->e.diags, DIAG_ERROR, "M017", node->at,
                 S("write a URL such as https://lander.example/?subid={subid}"), "the URL %s", why);
}

static void read_hop(struct reader *r, const struct yaml *node, size_t i, bool last,
                     struct hop *hop)
{
    const struct yaml *to = at(node, "to");
    size_t index = 0;

    *hop = (struct hop){ .at = node->at };
    if (!expect_map(&r->e, node, "a hop", &shape_hop))
        return;
    hop->name = arena_printf(r->loader->arena, "hop %zu", i + 1);
    expect_text(&r->e, at(node, "name"), "`name`", &hop->name);
    if (!expect_choice(&r->e, node, &shape_hop, "kind", &index))
        return;
    hop->kind = (enum hop_kind)index;
    if (!to && !last)
        expect_missing(&r->e, node, "to", "say where it sends the visitor: to: \"https://...\"");
    if (expect_text(&r->e, to, "`to`", &hop->to))
        hop->to_at = to->at;
    check_target(r, to, NULL);
    check_kind(r, node, hop);
    if (hop->kind == HOP_TRACKER)
        read_tracker(r, node, hop);
    read_status(r, node, hop);
    expect_bool(&r->e, at(node, "script"), "`script`", &hop->script);
    expect_bool(&r->e, at(node, "decorate"), "`decorate`", &hop->decorate);
    expect_bool(&r->e, at(node, "register"), "`register`", &hop->registers);
    expect_bool(&r->e, at(node, "double"), "`double`", &hop->twice);
    expect_text(&r->e, at(node, "event_id"), "`event_id`", &hop->event_id);
    read_breaks(r, node, hop);
}

static void read_hops(struct reader *r, const struct yaml *root)
{
    const struct yaml *node = at(root, "hops");
    struct hop *hops;

    if (!expect_list(&r->e, node, "`hops`", false))
        return;
    if (node->count == 0 || node->count > CHAIN_HOPS_MAX) {
        diag_add(r->e.diags, DIAG_ERROR, "M002", node->at, (struct slice){ 0 },
                 "`hops` has %zu entries; 1 to %d are taken", node->count, CHAIN_HOPS_MAX);
        return;
    }
    hops = ARENA_ARRAY(r->loader->arena, struct hop, node->count);
    if (!hops)
        return;
    for (const struct yaml *v = node->first; v; v = v->next, r->chain->hop_count++)
        read_hop(r, v, r->chain->hop_count, v->next == NULL, &hops[r->chain->hop_count]);
    r->chain->hops = hops;
    for (size_t i = 0; i < r->chain->hop_count; i++)
        for (size_t k = 0; k < i; k++)
            if (hops[i].name.len && slice_eq(hops[i].name, hops[k].name))
                diag_add(r->e.diags, DIAG_WARNING, "M002", hops[i].at, S("give each a name of its own"),
                         "two hops are called \"%.*s\"", SLICE_ARG(hops[i].name));
}

/* ---- the rest ---- */

static void read_conversion(struct reader *r, const struct yaml *node)
{
    const struct yaml *network = at(node, "network"), *postback = at(node, "postback");

    if (!expect_map(&r->e, node, "`conversion`", &shape_conversion))
        return;
    if (expect_text(&r->e, network, "`network`", &r->chain->network))
        r->chain->network_at = network->at;
    check_target(r, network, "network");
    if (expect_text(&r->e, postback, "`postback`", &r->chain->postback))
        r->chain->postback_at = postback->at;
    if (expect_text(&r->e, at(node, "tracker_postback"), "`tracker_postback`",
                    &r->chain->tracker_postback) &&
        !slice_starts(r->chain->tracker_postback, S("?"))) /* its query alone will do */
        check_target(r, at(node, "tracker_postback"), "tracker_postback");
}

static void read_expect(struct reader *r, const struct yaml *node)
{
    struct chain_expect *x = &r->chain->expect;
    size_t i;

    if (!expect_map(&r->e, node, "`expect`", &shape_verdict))
        return;
    x->said = true;
    x->where = node->at;
    if (expect_choice(&r->e, node, &shape_verdict, "verdict", &i))
        x->verdict = at(node, "verdict")->text;
    expect_text(&r->e, at(node, "at"), "`at`", &x->at);
    if (expect_text(&r->e, at(node, "code"), "`code`", &x->code) &&
        !code_find(arena_cstr(r->loader->arena, x->code)))
        diag_add(r->e.diags, DIAG_ERROR, "M024", at(node, "code")->at,
                 S("run the chain with simulate: the verdict names its code"),
                 "there is no code \"%.*s\"", SLICE_ARG(x->code));
    for (i = 0; x->at.len && i < r->chain->hop_count; i++)
        if (slice_eq(r->chain->hops[i].name, x->at))
            return;
    if (x->at.len)
        diag_add(r->e.diags, DIAG_ERROR, "M024", at(node, "at")->at, (struct slice){ 0 },
                 "no hop is called \"%.*s\"", SLICE_ARG(x->at));
}

struct chain *chain_load(const struct chain_loader *loader, const struct source *source)
{
    struct reader r = { loader,
                        { loader->arena, loader->diags },
                        ARENA_NEW(loader->arena, struct chain) };
    unsigned errors = loader->diags->errors;
    const struct yaml *root = r.chain ? yaml_parse(loader->arena, source, loader->diags) : NULL;

    if (!root || !expect_map(&r.e, root, "a chain", &chain_shape))
        return NULL;
    r.chain->file = source->name;
    expect_version(&r.e, root);
    expect_text(&r.e, at(root, "chain"), "`chain`", &r.chain->name);
    if (expect_text(&r.e, at(root, "start"), "`start`", &r.chain->start))
        r.chain->start_at = at(root, "start")->at;
    check_target(&r, at(root, "start"), "start");
    expect_bool(&r.e, at(root, "auto_ttclid"), "`auto_ttclid`", &r.chain->auto_ttclid);
    read_hops(&r, root);
    if (at(root, "conversion"))
        read_conversion(&r, at(root, "conversion"));
    if (at(root, "expect"))
        read_expect(&r, at(root, "expect"));
    if (loader->arena->full)
        diag_add(loader->diags, DIAG_ERROR, "Y006", (struct place){ .source = source },
                 (struct slice){ 0 }, "no memory is left for this file");
    return loader->diags->errors == errors ? r.chain : NULL;
}

bool chain_is_chain(struct slice text)
{
    struct slice line;

    while (slice_next(&text, '\n', &line))
        if (slice_starts(line, S("chain:")) || slice_starts(line, S("hops:")))
            return true;
        else if (slice_starts(line, S("offer:")) || slice_starts(line, S("tracker:")))
            return false;
    return false;
}
