#include "core/base/buf.h"
#include "core/chain/html.h"
#include "core/chain/page.h"
#include "core/chain/url.h"

struct form {
    struct arena *arena;
    struct buf query;
    struct slice select; /* name of the <select> we are in; empty outside */
    struct slice option; /* its first value, or the one selected */
    bool has_option, has_selected;
};

static void add_field(struct form *f, struct slice name, struct slice value)
{
    if (name.len == 0)
        return;
    if (f->query.len)
        buf_byte(&f->query, '&');
    buf_percent(&f->query, name);
    buf_byte(&f->query, '=');
    buf_percent(&f->query, value);
}

/* The name of a field that would be sent; false when it has none or is disabled. */
static bool field_name(struct form *f, const struct html_tag *tag, struct slice *name)
{
    struct slice value;

    return html_attribute(f->arena, tag, S("name"), name) && name->len &&
           !html_attribute(f->arena, tag, S("disabled"), &value);
}

static void read_input(struct form *f, const struct html_tag *tag)
{
    static const struct slice never[] = { SLICE("submit"), SLICE("button"), SLICE("reset"),
                                          SLICE("image"), SLICE("file") };
    struct slice name, type = { 0 }, value = { 0 }, checked;
    bool box;

    if (!field_name(f, tag, &name))
        return;
    if (html_attribute(f->arena, tag, S("type"), &type))
        for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
            if (slice_eq_nocase(type, never[i]))
                return;
    box = slice_eq_nocase(type, S("checkbox")) || slice_eq_nocase(type, S("radio"));
    if (box && !html_attribute(f->arena, tag, S("checked"), &checked))
        return;
    if (!html_attribute(f->arena, tag, S("value"), &value))
        value = box ? S("on") : (struct slice){ 0 };
    add_field(f, name, value);
}

static void end_select(struct form *f)
{
    if (f->select.len && f->has_option)
        add_field(f, f->select, f->option);
    f->select = (struct slice){ 0 };
    f->has_option = f->has_selected = false;
}

/* An option without a value attribute is sent as its text, which html_next does not give: empty. */
static void read_option(struct form *f, const struct html_tag *tag)
{
    struct slice value = { 0 }, selected;
    bool is_selected = html_attribute(f->arena, tag, S("selected"), &selected);

    if (!f->select.len || (f->has_option && (!is_selected || f->has_selected)))
        return;
    html_attribute(f->arena, tag, S("value"), &value);
    f->option = value;
    f->has_option = true;
    f->has_selected = is_selected;
}

static void read_field(struct form *f, const struct html_tag *tag)
{
    struct slice name;

    if (html_is(tag, S("input"))) {
        read_input(f, tag);
    } else if (html_is(tag, S("textarea")) && field_name(f, tag, &name)) {
        add_field(f, name, html_decode(f->arena, tag->text));
    } else if (html_is(tag, S("select"))) {
        end_select(f);
        if (field_name(f, tag, &name))
            f->select = name;
    } else if (html_is(tag, S("option"))) {
        read_option(f, tag);
    } else if (slice_eq_nocase(tag->name, S("select"))) {
        end_select(f);
    }
}

/* The action with the fields behind it: GET drops the action's own query, POST does not. */
static bool put_together(struct form *f, struct slice action, bool post, struct slice *url)
{
    struct buf text = { 0 };
    struct url u;
    bool ok;

    if (url_parse(action, &u)) {
        buf_add(&text, action);
    } else {
        struct slice query = u.query;
        u.has_query = u.has_fragment = false;
        u.query = u.fragment = (struct slice){ 0 };
        url_print(&text, &u);
        buf_byte(&text, '?');
        if (post && query.len) {
            buf_add(&text, query);
            buf_puts(&text, f->query.len ? "&" : "");
        }
        buf_add(&text, buf_slice(&f->query));
    }
    ok = buf_ok(&text) && buf_ok(&f->query);
    *url = ok ? arena_dup(f->arena, buf_slice(&text)) : (struct slice){ 0 };
    buf_free(&text);
    return ok && !f->arena->full;
}

bool page_form(struct arena *arena, struct slice body, struct slice *url)
{
    struct html h = { slice_head(body, PAGE_MAX_BYTES), 0 };
    struct form f = { .arena = arena };
    struct slice action = { 0 }, method = { 0 };
    struct html_tag tag;
    bool ok;

    do {
        if (!html_next(&h, &tag))
            return false;
    } while (!html_is(&tag, S("form")));
    html_attribute(arena, &tag, S("action"), &action);
    html_attribute(arena, &tag, S("method"), &method);
    while (html_next(&h, &tag) && !(tag.closing && slice_eq_nocase(tag.name, S("form"))))
        read_field(&f, &tag);
    end_select(&f);
    ok = put_together(&f, slice_trim(action), slice_eq_nocase(slice_trim(method), S("post")), url);
    buf_free(&f.query);
    return ok;
}
