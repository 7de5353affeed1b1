#include "core/rules/route.h"

struct work {
    const struct route_in *in;
    struct slice *pixels;
    size_t count;
    const char *code;
    struct slice reason;
};

static int refuse(struct work *w, const char *code, struct slice reason)
{
    w->code = code;
    w->reason = reason;
    return 1;
}

static struct slice shown(const struct work *w, struct slice value)
{
    return record_shown(w->in->arena, value);
}

static bool is_allowed(const struct pixel_route *r, struct slice pixel)
{
    bool found = r->allow_count == 0;

    for (size_t i = 0; i < r->allow_count && !found; i++)
        found = slice_eq(r->allow[i], pixel);
    return found;
}

/* Configured, and for events of this kind. */
static int check_known(struct work *w, struct slice pixel)
{
    const struct route_known *known = w->in->known;
    enum event_source wanted = w->in->offer->source;
    size_t i = 0;

    if (!known)
        return 0;
    while (known->pixels[i].ptr && !slice_eq(known->pixels[i], pixel))
        i++;
    if (!known->pixels[i].ptr)
        return refuse(w, "Q012",
                      arena_printf(w->in->arena,
                                   "the pixel \"%.*s\" is not one of the configured pixels",
                                   SLICE_ARG(shown(w, pixel))));
    if (known->sources && known->sources[i] != wanted)
        return refuse(w, "Q012",
                      arena_printf(w->in->arena,
                                   "the pixel \"%.*s\" is configured for %s events, and the offer "
                                   "sends %s events",
                                   SLICE_ARG(shown(w, pixel)),
                                   event_source_names[known->sources[i]].ptr,
                                   event_source_names[wanted].ptr));
    return 0;
}

static int add(struct work *w, const struct template *t, struct slice row)
{
    const struct pixel_route *r = w->in->route;
    struct slice pixel = slice_trim(template_expand(t, w->in->values, w->in->arena));

    if (pixel.len == 0)
        return refuse(w, "Q012",
                      arena_printf(w->in->arena, "the pixel \"%.*s\" has no value in this postback",
                                   SLICE_ARG(t->raw)));
    if (!is_allowed(r, pixel))
        return refuse(w, "Q027",
                      arena_printf(w->in->arena,
                                   "the pixel \"%.*s\" is not one of those that the offer allows",
                                   SLICE_ARG(shown(w, pixel))));
    if (check_known(w, pixel) != 0)
        return 1;
    for (size_t i = 0; i < w->count; i++)
        if (slice_eq(w->pixels[i], pixel))
            return 0;
    w->pixels[w->count++] = pixel;
    if (row.len)
        trail_add(w->in->trail, S("pixel"), pixel, &t->at, "the row %.*s of the table",
                  SLICE_ARG(row));
    else
        trail_add(w->in->trail, S("pixel"), pixel, &t->at, "%.*s",
                  SLICE_ARG(template_is_constant(t) ? S("as the mapping says") : t->raw));
    return 0;
}

static int add_all(struct work *w, const struct pixel_list *list, struct slice row)
{
    for (size_t i = 0; i < list->count; i++)
        if (add(w, &list->items[i], row) != 0)
            return 1;
    return 0;
}

static int choose_row(struct work *w)
{
    const struct pixel_route *r = w->in->route;
    struct slice word = slice_trim(template_expand(&r->by, w->in->values, w->in->arena));

    for (size_t i = 0; i < r->row_count; i++)
        if (word.len && slice_eq_nocase(r->rows[i].word, word))
            return add_all(w, &r->rows[i].to, r->rows[i].word);
    if (r->to.count)
        return add_all(w, &r->to, S("default"));
    if (word.len == 0)
        return refuse(w, "Q026",
                      arena_printf(w->in->arena,
                                   "%.*s has no value in this postback, so nothing says which pixel "
                                   "gets the event",
                                   SLICE_ARG(r->by.raw)));
    return refuse(w, "Q026",
                  arena_printf(w->in->arena,
                               "the offer's table of pixels has no \"%.*s\" (%.*s), and no default",
                               SLICE_ARG(shown(w, word)), SLICE_ARG(r->by.raw)));
}

int route_find(const struct route_in *in, struct slice pixels[PIXELS_PER_EVENT_MAX], size_t *count,
               const char **code, struct slice *reason)
{
    struct work w = { .in = in, .pixels = pixels };
    int rc = in->route->by.count ? choose_row(&w) : add_all(&w, &in->route->to, (struct slice){ 0 });

    *count = rc == 0 ? w.count : 0;
    if (rc != 0) {
        *code = w.code;
        *reason = w.reason;
    }
    return rc;
}
