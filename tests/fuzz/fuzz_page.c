/* Any bytes as a URL, two URLs that are compared, or an answer; the first byte chooses. */
#include <assert.h>

#include "core/chain/compare.h"
#include "core/chain/page.h"
#include "core/chain/step.h"
#include "core/chain/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken apart and put together is the same, and so is what is resolved twice. */
static void check_url(struct arena *arena, struct slice text)
{
    struct url u, again;
    struct buf printed = { 0 };
    struct slice once = url_resolve(arena, S("https://base.example/a/b?c=1#d"), text), twice, value;

    if (url_parse(text, &u)) {
        assert(once.len == 0);
        return;
    }
    url_print(&printed, &u);
    assert(url_parse(buf_slice(&printed), &again) == NULL);
    assert(slice_eq(u.scheme, again.scheme) && slice_eq(u.host, again.host));
    assert(slice_eq(u.path, again.path) && slice_eq(u.query, again.query));
    assert(slice_eq(u.fragment, again.fragment) && slice_eq(u.port, again.port));
    assert(u.has_query == again.has_query && u.has_fragment == again.has_fragment);
    twice = url_resolve(arena, S("https://other.example/"), once);
    if (once.len && once.len <= URL_MAX_BYTES)
        assert(slice_eq(once, twice));
    url_get(arena, u.query, S("ttclid"), &value);
    url_same_site(u.host, S("www.shop.co.uk"));
    buf_free(&printed);
}

static void check_pair(struct arena *arena, struct slice text)
{
    struct slice before, after, wanted;
    struct compare_changes c;
    struct baton_found found;
    struct step_result r;
    struct step step;

    slice_cut(text, '\n', &wanted, &text);
    slice_cut(text, '\n', &before, &after);
    found = compare_value(arena, after, wanted);
    assert((found.state == BATON_ABSENT) == (wanted.len == 0));
    assert((found.harm != HARM_NONE) == (found.state == BATON_CHANGED));
    assert(!found.in_fragment || found.state == BATON_LOST);
    assert(compare_urls(arena, before, after, &c));
    assert(c.lost.count + c.changed.count <= COMPARE_PAIRS && c.added.count <= COMPARE_PAIRS);
    step = (struct step){ .arrives = before, .leaves = after, .wanted = wanted };
    assert(step_judge(arena, &step, &r));
    assert(r.harm.count <= 1);
    step_last(arena, after, wanted, &r.warnings);
    assert(compare_urls(arena, after, after, &c));
    assert(c.lost.count + c.changed.count + c.added.count == 0);
}

static void check_page(struct arena *arena, struct slice text, int status)
{
    struct page_answer answer = { .status = status };
    struct page_next next;
    struct slice url;

    if (status != 200) {
        slice_cut(text, '\n', &answer.location, &text);
        slice_cut(text, '\n', &answer.refresh, &text);
        slice_cut(text, '\n', &answer.content_type, &text);
    }
    answer.body = text;
    page_next(arena, &answer, &next);
    assert((next.kind == PAGE_END) == (next.url.len == 0));
    page_form(arena, text, &url);
    page_link(arena, text, S("cta"), &url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = { (const char *)data + 1, size - 1 };
    struct arena arena;

    if (size == 0)
        return 0;
    arena_init(&arena, 8 << 20);
    switch (data[0] % 4) {
    case 0:
        check_url(&arena, text);
        break;
    case 1:
        check_pair(&arena, text);
        break;
    default:
        check_page(&arena, text, data[0] % 4 == 2 ? 200 : 302);
        break;
    }
    arena_free(&arena);
    return 0;
}
