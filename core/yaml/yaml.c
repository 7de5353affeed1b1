#include "core/yaml/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/yaml/words.h"

/* One open list or map. */
struct level {
    struct yaml *node, *last, *key; /* key: read, its value not yet */
};

struct reader {
    struct arena *arena;
    const struct source *source;
    struct diags *diags;
    struct slice text; /* without a byte order mark */

    /* libyaml counts characters, a place counts bytes: where its last mark was in both. */
    size_t chars, bytes, begin; /* begin: of its line */
    uint32_t line;

    struct level stack[YAML_MAX_DEPTH];
    size_t depth, nodes, documents;
    struct yaml *root;
    bool stop;
};

static bool is_break(const struct reader *r, size_t at)
{
    return r->text.ptr[at] == '\n';
}

/* Move the cursor to a character.  Marks come nearly in order, so that this costs little. */
static void cursor_to(struct reader *r, size_t chars)
{
    while (r->chars < chars && r->bytes < r->text.len) {
        size_t n = utf8_len(slice_from_at(r->text, r->bytes));
        bool ends = is_break(r, r->bytes);
        r->bytes += n ? n : 1;
        r->chars++;
        if (ends) {
            r->line++;
            r->begin = r->bytes;
        }
    }
    while (r->chars > chars && r->bytes > 0) {
        do
            r->bytes--;
        while (r->bytes > 0 && ((unsigned char)r->text.ptr[r->bytes] & 0xc0) == 0x80);
        r->chars--;
        if (!is_break(r, r->bytes))
            continue;
        r->line--;
        for (r->begin = r->bytes; r->begin > 0 && !is_break(r, r->begin - 1);)
            r->begin--;
    }
}

static struct place place_of(struct reader *r, const yaml_mark_t *start, const yaml_mark_t *end)
{
    struct place at = { .source = r->source, .span = 1 };
    size_t begin;

    cursor_to(r, start->index);
    begin = r->bytes;
    at.line = r->line;
    at.col = (uint32_t)(begin - r->begin) + 1;
    if (end && end->line == start->line && end->index > start->index) {
        cursor_to(r, end->index);
        at.span = (uint32_t)(r->bytes - begin);
    }
    return at;
}

static void problem(struct reader *r, const char *code, struct place at, struct slice hint,
                    const char *text)
{
    diag_add(r->diags, DIAG_ERROR, code, at, hint, "%s", text);
}

static struct place place_of_byte(const struct reader *r, size_t at)
{
    struct place place = { .source = r->source, .line = 1, .span = 1 };
    size_t begin = 0;

    for (size_t i = 0; i < at; i++)
        if (is_break(r, i)) {
            place.line++;
            begin = i + 1;
        }
    place.col = (uint32_t)(at - begin) + 1;
    return place;
}

/* libyaml sees only what this has passed. */
static bool text_ok(struct reader *r)
{
    struct place whole = { .source = r->source };
    const char *why;
    size_t at;

    if (r->text.len > YAML_MAX_BYTES) {
        diag_add(r->diags, DIAG_ERROR, "Y006", whole, S("split the file"),
                 "the file has %zu bytes, more than the limit of %d", r->text.len, YAML_MAX_BYTES);
        return false;
    }
    why = words_unfit(r->text, &at);
    if (!why)
        return true;
    problem(r, "Y010", place_of_byte(r, at), S("save the file as plain UTF-8 text"), why);
    return false;
}

/* The line on which libyaml says the failing construct began, if it helps to know. */
static void report_syntax(struct reader *r, const yaml_parser_t *parser)
{
    const char *what = parser->problem ? parser->problem : "not well-formed";
    struct place at = place_of(r, &parser->problem_mark, NULL);
    struct slice hint = { 0 }, text = slice_from(what);

    if (parser->error == YAML_MEMORY_ERROR) {
        memory_ran_out();
        problem(r, "Y006", (struct place){ .source = r->source }, hint, "out of memory");
        return;
    }
    if (r->bytes < r->text.len && r->text.ptr[r->bytes] == '\t') {
        problem(r, "Y009", at, S("use spaces"), "a tab is used for indentation");
        return;
    }
    words_syntax(what, &text, &hint);
    if (parser->context && parser->context_mark.index < parser->problem_mark.index &&
        strncmp(what, "found unexpected", 16) == 0)
        at = place_of(r, &parser->context_mark, NULL);
    else if (parser->context && parser->context_mark.line < parser->problem_mark.line) {
        diag_add(r->diags, DIAG_ERROR, "Y001", at, hint, "%.*s (it begins in line %zu)",
                 SLICE_ARG(text), parser->context_mark.line + 1);
        return;
    }
    diag_add(r->diags, DIAG_ERROR, "Y001", at, hint, "%.*s", SLICE_ARG(text));
}

static void give_up(struct reader *r, const char *code, struct place at, struct slice hint,
                    const char *text)
{
    problem(r, code, at, hint, text);
    r->stop = true;
}

/* Hang a finished key, or a value, into the collection that is open. */
static void attach(struct reader *r, struct yaml *node)
{
    struct level *top;

    if (r->depth == 0) {
        r->root = node;
        return;
    }
    top = &r->stack[r->depth - 1];
    if (top->node->kind == YAML_MAP) {
        if (!top->key) {
            if (node->kind != YAML_SCALAR || yaml_is_null(node))
                problem(r, "Y008", node->at, S("write `name: value`"),
                        node->kind == YAML_SCALAR ? "a key is empty" : "a key is not plain text");
            top->key = node;
            return;
        }
        node->key = top->key;
        top->key = NULL;
    }
    if (top->last)
        top->last->next = node;
    else
        top->node->first = node;
    top->last = node;
    top->node->count++;
}

static struct yaml *node_new(struct reader *r, enum yaml_kind kind, struct place at)
{
    struct yaml *node;

    if (r->nodes == YAML_MAX_NODES) {
        give_up(r, "Y006", at, S("split the file"), "the file has more than 50000 values");
        return NULL;
    }
    node = ARENA_NEW(r->arena, struct yaml);
    if (!node) {
        give_up(r, "Y006", at, S("split the file"), "the file needs too much memory");
        return NULL;
    }
    r->nodes++;
    node->kind = kind;
    node->at = at;
    return node;
}

static void refuse_extras(struct reader *r, struct place at, const yaml_char_t *anchor,
                          const yaml_char_t *tag)
{
    at.span = 1;
    if (anchor)
        problem(r, "Y003", at, S("write the value out where it is needed"),
                "anchors (&name) are not supported");
    if (tag)
        problem(r, "Y004", at, S("leave it out; put the value in quotes to make it text"),
                "tags (!name) are not supported");
}

static void on_scalar(struct reader *r, const yaml_event_t *e)
{
    struct place at = place_of(r, &e->start_mark, &e->end_mark);
    struct yaml *node;

    refuse_extras(r, at, e->data.scalar.anchor, e->data.scalar.tag);
    node = node_new(r, YAML_SCALAR, at);
    if (!node)
        return;
    node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_dup(
        r->arena, (struct slice){ (const char *)e->data.scalar.value, e->data.scalar.length });
    attach(r, node);
}

static void on_alias(struct reader *r, const yaml_event_t *e)
{
    struct place at = place_of(r, &e->start_mark, &e->end_mark);
    struct yaml *node;

    problem(r, "Y003", at, S("write the value out"), "aliases (*name) are not supported");
    node = node_new(r, YAML_SCALAR, at);
    if (node)
        attach(r, node);
}

static void on_open(struct reader *r, const yaml_event_t *e, enum yaml_kind kind,
                    const yaml_char_t *anchor, const yaml_char_t *tag)
{
    struct place at = place_of(r, &e->start_mark, NULL);
    struct yaml *node;

    refuse_extras(r, at, anchor, tag);
    if (r->depth == YAML_MAX_DEPTH) {
        diag_add(r->diags, DIAG_ERROR, "Y005", at, S("write it flatter"),
                 "lists and maps are nested more than %d deep", YAML_MAX_DEPTH);
        r->stop = true;
        return;
    }
    node = node_new(r, kind, at);
    if (node)
        r->stack[r->depth++] = (struct level){ .node = node };
}

static int by_key(const void *a, const void *b)
{
    const struct yaml *const *x = a, *const *y = b;
    int d = slice_cmp((*x)->key->text, (*y)->key->text);

    if (d == 0 && (*x)->key->at.line != (*y)->key->at.line)
        d = (*x)->key->at.line < (*y)->key->at.line ? -1 : 1;
    else if (d == 0)
        d = ((*x)->key->at.col > (*y)->key->at.col) - ((*x)->key->at.col < (*y)->key->at.col);
    return d;
}

/* Sorted, so that a hostile map of many keys costs no more than n log n. */
static void refuse_duplicates(struct reader *r, const struct yaml *map)
{
    const struct yaml **sorted = ARENA_ARRAY(r->arena, const struct yaml *, map->count);
    size_t n = 0, first = 0;

    if (!sorted) {
        give_up(r, "Y006", map->at, S("split the file"), "the file needs too much memory");
        return;
    }
    for (const struct yaml *at = map->first; at; at = at->next)
        if (at->key->kind == YAML_SCALAR)
            sorted[n++] = at;
    if (n)
        qsort(sorted, n, sizeof(*sorted), by_key);
    for (size_t i = 1; i < n; i++) {
        struct slice text = sorted[i]->key->text, hint;
        if (!slice_eq(sorted[first]->key->text, text)) {
            first = i;
            continue;
        }
        hint = arena_printf(r->diags->arena, "the first one is in line %u; keep one of them",
                            (unsigned)sorted[first]->key->at.line);
        diag_add(r->diags, DIAG_ERROR, "Y002", sorted[i]->key->at, hint, "duplicate key \"%.*s\"",
                 SLICE_ARG(text));
    }
}

static void on_close(struct reader *r)
{
    struct yaml *node = r->stack[--r->depth].node;

    if (node->kind == YAML_MAP && node->count > 1)
        refuse_duplicates(r, node);
    attach(r, node);
}

static void on_event(struct reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++r->documents > 1)
            give_up(r, "Y007", place_of(r, &e->start_mark, NULL), S("make it a file of its own"),
                    "a second document begins here");
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(r, e);
        break;
    case YAML_ALIAS_EVENT:
        on_alias(r, e);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_open(r, e, YAML_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        on_open(r, e, YAML_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_close(r);
        break;
    case YAML_STREAM_END_EVENT:
        r->stop = true;
        break;
    default:
        break;
    }
}

static void read_events(struct reader *r)
{
    yaml_parser_t parser;
    yaml_event_t event;

    if (!yaml_parser_initialize(&parser)) {
        memory_ran_out();
        problem(r, "Y006", (struct place){ .source = r->source }, S(""), "out of memory");
        return;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)(r->text.len ? r->text.ptr : ""),
                                 r->text.len);
    while (!r->stop) {
        if (!yaml_parser_parse(&parser, &event)) {
            report_syntax(r, &parser);
            break;
        }
        on_event(r, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

struct yaml *yaml_parse(struct arena *arena, const struct source *source, struct diags *diags)
{
    struct reader r = { .arena = arena, .source = source, .diags = diags, .line = 1 };
    unsigned before = diags->errors;

    r.text = source->text;
    if (slice_starts(r.text, S("\xef\xbb\xbf")))
        r.text = slice_from_at(r.text, 3);
    if (!text_ok(&r))
        return NULL;
    read_events(&r);
    if (diags->errors == before && (!r.root || yaml_is_null(r.root))) {
        struct place top = { .source = source, .line = 1, .col = 1, .span = 1 };
        r.root = node_new(&r, YAML_MAP, top);
    }
    if (arena->full && diags->errors == before)
        problem(&r, "Y006", (struct place){ .source = source }, S("split the file"),
                "the file needs too much memory");
    return diags->errors == before ? r.root : NULL;
}

struct yaml *yaml_get(const struct yaml *node, struct slice key)
{
    if (!node || node->kind != YAML_MAP)
        return NULL;
    for (struct yaml *at = node->first; at; at = at->next)
        if (slice_eq(at->key->text, key))
            return at;
    return NULL;
}

const char *yaml_kind_name(const struct yaml *node)
{
    static const char *const names[] = {
        [YAML_SCALAR] = "text",
        [YAML_LIST] = "a list",
        [YAML_MAP] = "a map",
    };

    return node ? names[node->kind] : "nothing";
}

bool yaml_is_null(const struct yaml *node)
{
    return node && node->kind == YAML_SCALAR && node->plain &&
           (node->text.len == 0 || slice_eq(node->text, S("~")) ||
            slice_eq_nocase(node->text, S("null")));
}
