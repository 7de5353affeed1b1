#include "core/chain/page.h"

#include "core/base/buf.h"
#include "core/chain/html.h"
#include "core/chain/script.h"
#include "core/chain/url.h"

#define BARE_PAGE 300 /* bytes of text: fewer say "you are being redirected" and nothing else */
#define DELAY_MAX 1000000

/* As browsers read URLs: no blanks or control bytes around, no tabs and line ends inside. */
static struct slice browser_url(struct arena *arena, struct slice s)
{
    size_t n = 0;
    char *to;

    while (s.len && (unsigned char)s.ptr[0] <= ' ')
        s = slice_from_at(s, 1);
    while (s.len && (unsigned char)s.ptr[s.len - 1] <= ' ')
        s.len--;
    if (s.len == 0)
        return s;
    to = arena_alloc(arena, s.len);
    for (size_t i = 0; to && i < s.len; i++)
        if (s.ptr[i] != '\t' && s.ptr[i] != '\n' && s.ptr[i] != '\r')
            to[n++] = s.ptr[i];
    return (struct slice){ to, n };
}

static void skip_blanks(struct slice *s)
{
    while (s->len && ascii_is_space(s->ptr[0]))
        *s = slice_from_at(*s, 1);
}

/* Without "url =" and quotes, by the HTML standard's "shared declarative refresh steps". */
static struct slice refresh_target(struct slice s)
{
    struct slice name = slice_head(s, 3), rest = slice_from_at(s, 3);

    skip_blanks(&rest);
    if (slice_eq_nocase(name, S("url")) && rest.len && rest.ptr[0] == '=') {
        s = slice_from_at(rest, 1);
        skip_blanks(&s);
    }
    if (s.len && (s.ptr[0] == '"' || s.ptr[0] == '\'')) {
        char quote = s.ptr[0];
        s = slice_from_at(s, 1);
        s = slice_head(s, slice_index(s, quote));
    }
    return s;
}

/* "5; url=x" of a header or a meta element.  false: no URL, so at most the same page again. */
static bool read_refresh(struct arena *arena, struct slice s, struct slice *url, unsigned *delay)
{
    size_t n = 0;

    *delay = 0;
    skip_blanks(&s);
    for (; n < s.len && ascii_is_digit(s.ptr[n]); n++)
        if (*delay < DELAY_MAX)
            *delay = *delay * 10 + (unsigned)(s.ptr[n] - '0');
    if (n == 0 && (s.len == 0 || s.ptr[0] != '.'))
        return false;
    while (n < s.len && (ascii_is_digit(s.ptr[n]) || s.ptr[n] == '.'))
        n++;
    s = slice_from_at(s, n);
    if (s.len && s.ptr[0] != ';' && s.ptr[0] != ',' && !ascii_is_space(s.ptr[0]))
        return false;
    skip_blanks(&s);
    if (s.len && (s.ptr[0] == ';' || s.ptr[0] == ','))
        s = slice_from_at(s, 1);
    skip_blanks(&s);
    *url = browser_url(arena, refresh_target(s));
    return url->len > 0;
}

struct reading {
    struct arena *arena;
    struct page_next meta, quiet_meta; /* quiet: in <noscript> */
    struct script_next script;
    struct slice base; /* of <base href> */
    bool has_form;
};

static void read_meta(struct arena *arena, const struct html_tag *tag, struct page_next *out)
{
    struct slice value;

    if (out->kind != PAGE_END || !html_is(tag, S("meta")))
        return;
    if (!html_attribute(arena, tag, S("http-equiv"), &value) ||
        !slice_eq_nocase(slice_trim(value), S("refresh")) ||
        !html_attribute(arena, tag, S("content"), &value))
        return;
    if (read_refresh(arena, value, &out->url, &out->delay))
        out->kind = PAGE_META;
}

static bool is_script(struct arena *arena, const struct html_tag *tag)
{
    struct slice type;

    if (!html_is(tag, S("script")) || html_attribute(arena, tag, S("src"), &type))
        return false;
    if (!html_attribute(arena, tag, S("type"), &type))
        return true;
    type = slice_trim(type);
    return type.len == 0 || slice_eq_nocase(type, S("module")) ||
           slice_find(type, S("javascript")) < type.len ||
           slice_find(type, S("ecmascript")) < type.len;
}

static void read_tag(struct reading *r, const struct html_tag *tag)
{
    struct html_tag inner;
    struct slice value;

    read_meta(r->arena, tag, &r->meta);
    if (html_is(tag, S("noscript"))) {
        struct html quiet = { tag->text, 0 };
        while (r->quiet_meta.kind == PAGE_END && html_next(&quiet, &inner))
            read_meta(r->arena, &inner, &r->quiet_meta);
    } else if (html_is(tag, S("form"))) {
        r->has_form = true;
    } else if (html_is(tag, S("base")) && !r->base.len) {
        if (html_attribute(r->arena, tag, S("href"), &value))
            r->base = browser_url(r->arena, value);
    } else if (is_script(r->arena, tag)) {
        script_read(r->arena, tag->text, &r->script);
    } else if (html_is(tag, S("body")) && html_attribute(r->arena, tag, S("onload"), &value)) {
        script_read(r->arena, value, &r->script);
    }
}

/* What a function holds counts on a page that has nothing to show. */
static void choose(const struct reading *r, bool bare, struct page_next *out)
{
    const struct script_next *s = &r->script;

    if (r->meta.kind != PAGE_END) {
        *out = r->meta;
    } else if (s->runs.found || (s->held.found && bare)) {
        out->url = browser_url(r->arena, s->runs.found ? s->runs.url : s->held.url);
        out->kind = out->url.len ? PAGE_SCRIPT : PAGE_END;
    } else if (s->runs.computed || (s->held.computed && bare)) {
        *out = r->quiet_meta;
        out->computed = true;
    } else if (bare) {
        *out = r->quiet_meta;
    }
    out->has_form = r->has_form;
    out->bare = bare;
}

static void read_page(struct arena *arena, struct slice body, struct page_next *out)
{
    struct html h = { slice_head(body, PAGE_MAX_BYTES), 0 };
    struct reading r = { .arena = arena };
    struct html_tag tag;
    struct slice url;
    struct url base;

    while (html_next(&h, &tag))
        read_tag(&r, &tag);
    choose(&r, h.visible < BARE_PAGE && !r.has_form, out);
    if (out->url.len && r.base.len && !url_parse(r.base, &base) && url_is_web(&base)) {
        url = url_resolve(arena, r.base, out->url);
        out->url = url.len ? url : out->url;
    }
}

static bool is_html(struct slice type)
{
    type = slice_trim(type);
    return type.len == 0 || slice_starts_nocase(type, S("text/html")) ||
           slice_starts_nocase(type, S("application/xhtml"));
}

bool page_sends_on(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

void page_next(struct arena *arena, const struct page_answer *answer, struct page_next *out)
{
    struct slice location = browser_url(arena, answer->location);

    *out = (struct page_next){ .kind = PAGE_END };
    if (page_sends_on(answer->status) && location.len) {
        out->kind = PAGE_LOCATION;
        out->url = location;
    } else if (read_refresh(arena, answer->refresh, &out->url, &out->delay)) {
        out->kind = PAGE_REFRESH;
    } else if (is_html(answer->content_type)) {
        out->delay = 0;
        read_page(arena, answer->body, out);
    }
}

bool page_link(struct arena *arena, struct slice body, struct slice id, struct slice *url)
{
    struct html h = { slice_head(body, PAGE_MAX_BYTES), 0 };
    struct html_tag tag;
    struct slice value;

    while (html_next(&h, &tag)) {
        if (!html_is(&tag, S("a")) && !html_is(&tag, S("area")))
            continue;
        if (!html_attribute(arena, &tag, S("id"), &value) || !slice_eq(value, id))
            continue;
        if (!html_attribute(arena, &tag, S("href"), &value))
            return false;
        *url = browser_url(arena, value);
        return true;
    }
    return false;
}
