#include "cli/hops.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/end.h"
#include "cli/show.h"
#include "core/base/json.h"
#include "core/chain/url.h"

#define SHOWN_VALUE 24
#define URL_WIDTH 600
#define NAMES_SHOWN 12

bool hops_print(const char *verb, const struct buf *out)
{
    return end_print(verb, out, EXIT_DONE) == EXIT_DONE;
}

bool hops_colour(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

void hops_paint(struct buf *out, bool colour, enum hops_paint paint)
{
    static const char *const codes[] = { "\033[0m", "\033[32m", "\033[31m", "\033[33m" };

    if (colour)
        buf_puts(out, codes[paint]);
}

/* ---- URLs ---- */

static void short_value(struct buf *out, struct slice value)
{
    show_safe(out, slice_head(value, value.len > SHOWN_VALUE ? 12 : value.len));
    if (value.len > SHOWN_VALUE)
        buf_printf(out, "...(%zu)", value.len);
}

static bool holds(const struct compare_names *names, struct slice name)
{
    struct arena arena;
    bool found = false;

    if (!names || names->count == 0)
        return false;
    arena_init(&arena, URL_MAX_BYTES);
    name = url_decode(&arena, name);
    for (size_t i = 0; i < names->count && !found; i++)
        found = slice_eq(names->list[i], name);
    arena_free(&arena);
    return found;
}

void hops_query(struct buf *out, struct slice query, const struct compare_names *marked,
                   bool colour)
{
    size_t start = out->len;
    struct url_pair pair;
    const char *sign = "";

    while (url_next_pair(&query, &pair)) {
        bool paint = colour && holds(marked, pair.name);
        buf_puts(out, sign);
        sign = "&";
        if (out->len - start > URL_WIDTH) {
            buf_puts(out, "...");
            return;
        }
        hops_paint(out, paint, HOPS_NOTE);
        show_safe(out, slice_head(pair.name, 60));
        buf_puts(out, pair.has_equals ? "=" : "");
        short_value(out, pair.value);
        hops_paint(out, paint, HOPS_PLAIN);
    }
}

void hops_url(struct buf *out, struct slice url, const struct compare_names *marked, bool colour)
{
    struct buf head = { 0 };
    struct url u, bare;

    if (url_parse(url, &u) != NULL) {
        short_value(out, url);
        return;
    }
    bare = u;
    bare.has_query = bare.has_fragment = false;
    bare.query = bare.fragment = (struct slice){ 0 };
    url_print(&head, &bare);
    show_safe(out, slice_head(buf_slice(&head), 200));
    buf_free(&head);
    if (u.has_query) {
        buf_byte(out, '?');
        hops_query(out, u.query, marked, colour);
    }
    if (u.has_fragment) {
        buf_byte(out, '#');
        hops_query(out, u.fragment, NULL, false);
    }
}

/* ---- tables ---- */

void hops_state(struct buf *out, enum baton_state state, bool colour)
{
    colour = colour && state != BATON_ABSENT;
    hops_paint(out, colour, state == BATON_KEPT ? HOPS_GOOD : HOPS_BAD);
    buf_printf(out, "%-10s", baton_state_name(state));
    hops_paint(out, colour, HOPS_PLAIN);
}

static void names(struct buf *out, const char *what, const struct compare_names *list,
                  const char **sign)
{
    for (size_t i = 0; list && i < list->count; i++) {
        if (i == NAMES_SHOWN) {
            buf_printf(out, " and %zu more", list->count - i);
            break;
        }
        if (i == 0)
            buf_printf(out, "%s%s: ", *sign, what);
        buf_puts(out, i ? ", " : "");
        show_safe(out, slice_head(list->list[i], 60));
        *sign = "; ";
    }
}

void hops_changes(struct buf *out, const struct compare_names *lost,
                  const struct compare_names *changed, const struct compare_names *added)
{
    const char *sign = "      ";
    size_t before = out->len;

    names(out, "not passed on", lost, &sign);
    names(out, "changed", changed, &sign);
    names(out, "added", added, &sign);
    buf_puts(out, out->len > before ? "\n" : "");
}

void hops_sentences(struct buf *out, const struct notes *notes, const char *indent, bool colour)
{
    for (const struct note *n = notes->first; n; n = n->next) {
        buf_puts(out, indent);
        hops_paint(out, colour, HOPS_NOTE);
        buf_puts(out, n->code);
        hops_paint(out, colour, HOPS_PLAIN);
        buf_byte(out, ' ');
        show_safe(out, n->text);
        buf_byte(out, '\n');
    }
}

/* ---- JSON ---- */

void hops_json_names(struct buf *out, const char *name, const struct compare_names *list)
{
    json_name(out, name);
    buf_byte(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        buf_puts(out, i ? "," : "");
        buf_json(out, list->list[i]);
    }
    buf_byte(out, ']');
}

void hops_json_notes(struct buf *out, const char *name, const struct notes *notes)
{
    struct buf text = { 0 };

    json_name(out, name);
    buf_byte(out, '[');
    for (const struct note *n = notes->first; n; n = n->next) {
        buf_clear(&text);
        buf_printf(&text, "%s %.*s", n->code, SLICE_ARG(n->text));
        buf_puts(out, n == notes->first ? "" : ",");
        buf_json(out, buf_slice(&text));
    }
    buf_byte(out, ']');
    buf_free(&text);
}
