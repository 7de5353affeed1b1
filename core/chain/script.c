#include "core/chain/script.h"

#include <string.h>

#include "core/chain/lexer.h"

#define DEPTH_MAX 256
#define CHAIN_MAX 8 /* words of a.b.c */

static bool is_sign(const struct token *t, char sign)
{
    return t->kind == TOKEN_SIGN && t->sign == sign;
}

static bool is_name(const struct token *t, struct slice name)
{
    return t->kind == TOKEN_NAME && slice_eq(t->text, name);
}

static bool one_of(const struct token *t, const struct slice *names)
{
    for (; names->len; names++)
        if (is_name(t, *names))
            return true;
    return false;
}

static const struct slice owners[] = { SLICE("window"), SLICE("document"), SLICE("top"),
                                       SLICE("self"),   SLICE("parent"),   { 0 } };

/* After a target: does the expression end here? */
static bool ends_expression(const struct token *t)
{
    return t->kind == TOKEN_END || t->kind == TOKEN_NAME || t->kind == TOKEN_STRING ||
           (t->kind == TOKEN_SIGN && memchr(";,)}]{:", t->sign, 7));
}

/* self.location, location.href: a page that only breaks out of a frame, or loads itself again. */
static bool is_itself(struct lexer l, struct token t)
{
    static const struct slice last_names[] = {
        SLICE("location"), SLICE("href"), SLICE("URL"), { 0 }
    };

    for (int i = 0; i < CHAIN_MAX && t.kind == TOKEN_NAME; i++) {
        struct token after = lexer_next(&l);
        if (ends_expression(&after))
            return one_of(&t, last_names);
        if (!is_sign(&after, '.'))
            return false;
        t = lexer_next(&l);
    }
    return false;
}

static struct script_variable *variable(struct script_next *out, struct slice name)
{
    for (size_t i = 0; i < out->variable_count; i++)
        if (slice_eq(out->variables[i].name, name))
            return &out->variables[i];
    return NULL;
}

/* "name = 'x'"; l stands behind the name. */
static void read_variable(struct arena *arena, struct lexer l, struct slice name,
                          struct script_next *out)
{
    struct token t = lexer_next(&l), value, after;
    struct script_variable *v = variable(out, name);
    bool grows = is_sign(&t, '+'); /* += */

    if (grows)
        t = lexer_next(&l);
    if (!is_sign(&t, '=') || (grows && !v))
        return;
    value = lexer_next(&l);
    after = lexer_next(&l);
    if (v || out->variable_count == SCRIPT_VARIABLES) {
        if (v)
            v->text = (struct slice){ 0 };
        return;
    }
    v = &out->variables[out->variable_count++];
    v->name = name;
    if (value.kind == TOKEN_STRING && !value.made && ends_expression(&after))
        v->text = lexer_unescape(arena, value.text);
}

/* l stands behind "location =" or "location.replace(". */
static void read_target(struct arena *arena, struct lexer l, struct script_next *out, bool held)
{
    struct script_target *to = held ? &out->held : &out->runs;
    const struct script_variable *v = NULL;
    struct token t = lexer_next(&l), after;
    struct lexer behind = l;

    if (to->found || is_itself(l, t) || t.kind == TOKEN_END)
        return;
    after = lexer_next(&behind);
    if (t.kind == TOKEN_NAME)
        v = variable(out, t.text);
    if (!t.made && ends_expression(&after) && (t.kind == TOKEN_STRING || (v && v->text.len))) {
        to->url = v ? v->text : lexer_unescape(arena, t.text);
        to->found = to->url.len > 0;
        return;
    }
    to->computed = true;
}

/* l stands behind "location". */
static void read_location(struct arena *arena, struct lexer l, struct script_next *out, bool held)
{
    static const struct slice calls[] = { SLICE("replace"), SLICE("assign"), { 0 } };
    static const struct slice parts[] = { SLICE("search"),   SLICE("pathname"), SLICE("host"),
                                          SLICE("hostname"), SLICE("protocol"), { 0 } };
    struct token t = lexer_next(&l), name, after;

    if (is_sign(&t, '=')) {
        read_target(arena, l, out, held);
        return;
    }
    if (!is_sign(&t, '.'))
        return;
    name = lexer_next(&l);
    after = lexer_next(&l);
    if (is_sign(&after, '=') && one_of(&name, parts))
        *(held ? &out->held.computed : &out->runs.computed) = true;
    else if ((is_sign(&after, '=') && is_name(&name, S("href"))) ||
             (is_sign(&after, '(') && one_of(&name, calls)))
        read_target(arena, l, out, held);
}

/* How far "window.parent.location" has come. */
enum chain { CHAIN_START, CHAIN_OWNER, CHAIN_OWNER_DOT, CHAIN_OTHER_DOT };

struct reader {
    struct arena *arena;
    struct lexer lexer;
    struct token before[2]; /* the last token and the one before it */
    enum chain chain;
    bool held[DEPTH_MAX]; /* by depth of braces: is it a function that nothing here calls? */
    size_t depth, held_count;
    bool pending, pending_held; /* the next '{' begins a function */
    bool nested;                /* this is the text of a setTimeout("...") */
};

/* Do functions like this one run by themselves?  (function..., !function..., onload = function...,
 * setTimeout(function..., addEventListener("load", function... */
static bool runs_itself(const struct reader *r)
{
    static const struct slice callers[] = {
        SLICE("setTimeout"), SLICE("ready"), SLICE("$"), SLICE("jQuery"), { 0 }
    };
    const struct token *last = &r->before[0], *second = &r->before[1];

    if (is_sign(last, '('))
        return second->kind == TOKEN_NAME ? one_of(second, callers)
                                          : !is_sign(second, ')') && !is_sign(second, ']');
    if (is_sign(last, ','))
        return second->kind == TOKEN_STRING &&
               (slice_eq(second->text, S("load")) || slice_eq(second->text, S("DOMContentLoaded")));
    return is_sign(last, '!') || (is_sign(last, '=') && is_name(second, S("onload")));
}

static void open_brace(struct reader *r)
{
    bool held = r->pending && r->pending_held;

    r->pending = false;
    if (r->depth < DEPTH_MAX) {
        r->held[r->depth] = held;
        r->held_count += held;
    }
    r->depth++;
}

static void close_brace(struct reader *r)
{
    if (r->depth == 0)
        return;
    r->depth--;
    if (r->depth < DEPTH_MAX)
        r->held_count -= r->held[r->depth];
}

static void follow_chain(struct reader *r, const struct token *t)
{
    bool dotted = r->chain == CHAIN_OWNER_DOT || r->chain == CHAIN_OTHER_DOT;

    if (is_sign(t, '.'))
        r->chain = r->chain == CHAIN_OWNER ? CHAIN_OWNER_DOT : CHAIN_OTHER_DOT;
    else if (one_of(t, owners) && (!dotted || r->chain == CHAIN_OWNER_DOT))
        r->chain = CHAIN_OWNER;
    else
        r->chain = CHAIN_START;
}

static void read_all(struct reader *r, struct script_next *out);

/* setTimeout("location = 'x'", 100) */
static void read_nested(struct reader *r, struct slice text, struct script_next *out)
{
    struct reader inner = { .arena = r->arena, .nested = true };

    if (r->nested)
        return;
    inner.lexer.rest = lexer_unescape(r->arena, text);
    read_all(&inner, out);
}

static void read_all(struct reader *r, struct script_next *out)
{
    for (struct token t = lexer_next(&r->lexer); t.kind != TOKEN_END; t = lexer_next(&r->lexer)) {
        if (is_name(&t, S("location")) && r->chain != CHAIN_OTHER_DOT)
            read_location(r->arena, r->lexer, out, r->held_count > 0);
        else if (t.kind == TOKEN_NAME && !is_sign(&r->before[0], '.'))
            read_variable(r->arena, r->lexer, t.text, out);
        if (t.kind == TOKEN_STRING && is_sign(&r->before[0], '(') &&
            is_name(&r->before[1], S("setTimeout")) && !r->held_count)
            read_nested(r, t.text, out);
        if (is_sign(&r->before[0], 'A') && !is_sign(&t, '{'))
            r->pending = false; /* x => y */
        if (is_name(&t, S("function")) || is_sign(&t, 'A')) {
            r->pending = true;
            r->pending_held = is_sign(&t, 'A') || !runs_itself(r);
        } else if (is_sign(&t, '{')) {
            open_brace(r);
        } else if (is_sign(&t, '}')) {
            close_brace(r);
        }
        follow_chain(r, &t);
        r->before[1] = r->before[0];
        r->before[0] = t;
    }
}

void script_read(struct arena *arena, struct slice text, struct script_next *out)
{
    struct reader r = { .arena = arena, .lexer = { .rest = text } };

    read_all(&r, out);
}
