#include "cli/shorten.h"

#include "cli/show.h"
#include "core/chain/url.h"

#define SHOWN_VALUE 24
#define URL_WIDTH 600
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static void shorten_value(struct buf *out, struct slice value)
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

void shorten_query(struct buf *out, struct slice query, const struct compare_names *marked,
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
        buf_puts(out, paint ? YELLOW : "");
        show_safe(out, slice_head(pair.name, 60));
        buf_puts(out, pair.has_equals ? "=" : "");
        shorten_value(out, pair.value);
        buf_puts(out, paint ? PLAIN : "");
    }
}

void shorten_url(struct buf *out, struct slice url, const struct compare_names *marked, bool colour)
{
    struct buf head = { 0 };
    struct url u, bare;

    if (url_parse(url, &u) != NULL) {
        shorten_value(out, url);
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
        shorten_query(out, u.query, marked, colour);
    }
    if (u.has_fragment) {
        buf_byte(out, '#');
        shorten_query(out, u.fragment, NULL, false);
    }
}
