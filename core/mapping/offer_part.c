/* offer_part.c: what an offer mapping says beside its events: pixel, page, properties. */
#include "core/mapping/build.h"

/* http(s)://host[:port], nothing behind it: as browsers send it in `Origin`. */
static bool origin_ok(struct slice s)
{
    size_t scheme = slice_starts(s, S("https://")) ? 8 : slice_starts(s, S("http://")) ? 7 : 0;

    if (!scheme || s.len == scheme)
        return false;
    for (size_t i = scheme; i < s.len; i++)
        if ((!ascii_is_alnum(s.ptr[i]) && s.ptr[i] != '.' && s.ptr[i] != '-' && s.ptr[i] != ':') ||
            s.ptr[i] != ascii_lower(s.ptr[i]))
            return false;
    return true;
}

static void read_origins(struct build *b, const struct yaml *node)
{
    size_t n;
    const struct slice *list = expect_texts(&b->expect, node, "`origins`", &n);
    const struct yaml *item = n && node->kind == YAML_LIST ? node->first : node;

    for (size_t i = 0; i < n; i++) {
        while (item->next && !slice_eq(item->text, list[i]))
            item = item->next;
        if (!origin_ok(list[i]))
            diag_add(b->expect.diags, DIAG_ERROR, "M017", item->at,
                     S("scheme and host only, in small letters, without a slash behind: "
                       "https://lander.example"),
                     "\"%.*s\" is not an origin", SLICE_ARG(list[i]));
    }
    b->offer->origins = list;
    b->offer->origin_count = n;
}

static void read_pixel(struct build *b, const struct yaml *root)
{
    const struct yaml *node = yaml_get(root, S("pixel"));

    if (node)
        build_pixel(b, node, &b->offer->pixel);
}

static void read_page_url(struct build *b, const struct yaml *root)
{
    const struct yaml *node = yaml_get(root, S("page_url"));

    if (!build_template(b, node, "`page_url`", &b->offer->page_url))
        return;
    if (!slice_starts(node->text, S("https://")) && !slice_starts(node->text, S("http://")) &&
        !slice_starts(node->text, S("{")))
        diag_add(b->expect.diags, DIAG_ERROR, "M017", node->at,
                 S("a whole URL: https://lander.example/nutra"), "\"%.*s\" is not a URL",
                 SLICE_ARG(node->text));
}

static void read_offer_name(struct build *b, const struct yaml *root)
{
    const struct yaml *node = yaml_get(root, S("offer"));
    struct slice name;

    if (!expect_text(&b->expect, node, "`offer`", &name))
        return;
    b->offer->name = name;
    b->offer->name_at = node->at;
    if (name.ptr[0] == '.') {
        diag_add(b->expect.diags, DIAG_ERROR, "M018", node->at,
                 S("begin it with a letter or digit: it is part of a URL"),
                 "\"%.*s\" can't be the name of an offer", SLICE_ARG(name));
        return;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.len > 64 || (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '-' &&
                              name.ptr[i] != '_' && name.ptr[i] != '.')) {
            diag_add(b->expect.diags, DIAG_ERROR, "M018", node->at,
                     S("letters, digits, - _ and . only, at most 64: it is part of a URL"),
                     "\"%.*s\" can't be the name of an offer", SLICE_ARG(name));
            return;
        }
    }
}

static const struct slice *sealed(struct build *b, const struct slice *list, size_t *count)
{
    struct slice *out = ARENA_ARRAY(b->expect.arena, struct slice, *count);

    for (size_t i = 0; out && i < *count; i++)
        out[i] = list[i];
    *count = out ? *count : 0;
    return out;
}

static void seal_params(struct build *b)
{
    struct offer *o = b->offer;

    o->param_count = b->param_count;
    o->params = sealed(b, b->params, &o->param_count);
    o->content_count = b->content_count;
    o->content_params = sealed(b, b->content_params, &o->content_count);
}

void build_offer_part(struct build *b, const struct yaml *root)
{
    read_offer_name(b, root);
    build_source(b, root);
    read_pixel(b, root);
    read_page_url(b, root);
    read_origins(b, yaml_get(root, S("origins")));
    if (build_currency(b, yaml_get(root, S("value_currency")), "`value_currency`", true,
                       &b->offer->value_currency))
        b->offer->value_currency_at = yaml_get(root, S("value_currency"))->at;
    build_rate_part(b, root);
    build_events(b, yaml_get(root, S("events")));
    build_properties(b, yaml_get(root, S("properties")));
    b->of_visitor = true;
    build_user(b, yaml_get(root, S("user")));
    build_consent(b, yaml_get(root, S("consent")));
    b->of_visitor = false;
    build_tests(b, yaml_get(root, S("tests")));
    build_guard(b, root);
    build_source_fit(b, root);
    build_pixels_fit(b);
    seal_params(b);
    build_check_currencies(b);
}
