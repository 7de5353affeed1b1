/* lander.c: which visit this is, as web/lander.js decides it (findVisit there). */
#include "core/base/buf.h"
#include "core/chain/fill.h"
#include "core/chain/session.h"
#include "core/kit/kit.h"

#define OWN_MIN 8 /* a shorter click id may be many visitors' */

struct session_site *session_site(struct chain_session *s, struct slice host)
{
    for (size_t i = 0; i < s->site_count; i++)
        if (slice_eq_nocase(s->sites[i].host, host))
            return &s->sites[i];
    if (s->site_count == SESSION_SITES_MAX)
        return NULL;
    s->sites[s->site_count] = (struct session_site){ .host = host };
    return &s->sites[s->site_count++];
}

/* Everything that stands in the page's URL and in that of the page before on this origin, as one
 * query: '?', '#' and "&amp;" all begin a parameter. */
static struct slice all_params(struct chain_session *s, struct slice page)
{
    struct buf b = { .limit = 4 * URL_MAX_BYTES };
    struct slice text, parts[2] = { page, { 0 } };
    struct url now, before;

    if (s->document.len && url_parse(page, &now) == NULL &&
        url_parse(s->document, &before) == NULL &&
        slice_eq_nocase(session_origin(s, &now), session_origin(s, &before)))
        parts[1] = s->document;
    for (size_t p = 0; p < 2; p++) {
        for (struct slice rest = parts[p]; rest.len;) {
            bool amp = slice_starts(rest, S("&amp;"));
            bool sign = amp || rest.ptr[0] == '?' || rest.ptr[0] == '#';
            buf_byte(&b, sign ? '&' : rest.ptr[0]);
            rest = slice_from_at(rest, amp ? 5 : 1);
        }
        buf_byte(&b, '&');
    }
    text = buf_ok(&b) ? arena_dup(s->arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return text;
}

static bool usable(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7f)
            return false;
    return value.len > 0 && value.len <= EVENT_TTCLID_MAX && !params_unusable(value);
}

/* First usable value of the first name that has one. */
static struct slice find(struct chain_session *s, struct slice query, const struct slice *names,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice rest = query;
        struct url_pair pair;
        while (url_next_pair(&rest, &pair)) {
            struct slice value = slice_trim(url_decode(s->arena, pair.value));
            if (slice_eq(url_decode(s->arena, pair.name), names[i]) && usable(value))
                return value;
        }
    }
    return (struct slice){ 0 };
}

/* data-click-id of the printed snippet: the names of the offer's mapping. */
static struct slice find_click(struct chain_session *s, struct slice query)
{
    static const struct slice usual[] = {
        SLICE("click_id"), SLICE("clickid"), SLICE("subid"),
        SLICE("cid"),      SLICE("cnv_id"),  SLICE("vl_clickid")
    };
    const struct offer *o = s->world->offer;
    const struct slice *names;
    size_t count = 0;

    if (!o)
        return find(s, query, usual, sizeof(usual) / sizeof(*usual));
    names = kit_lander_names(s->arena, o, o->tracker ? o->tracker->urls : NULL, &count);
    return find(s, query, names, count);
}

/* What trackers without redirects write into the URL later on. */
static struct slice find_late(struct chain_session *s, struct slice query)
{
    static const struct slice late[] = { SLICE("rtkcid"), SLICE("rtkclickid-store"),
                                         SLICE("_subid"), SLICE("bcid") };

    return find(s, query, late, sizeof(late) / sizeof(*late));
}

/* One character of UTF-8; a byte that is none counts as U+FFFD, as in a browser. */
static size_t code_point(struct slice s, uint32_t *code)
{
    size_t len = utf8_len(s);

    *code = 0xfffd;
    if (len == 0)
        return 1;
    *code = (unsigned char)s.ptr[0];
    if (len > 1)
        *code &= 0x7fu >> len;
    for (size_t i = 1; i < len; i++)
        *code = *code << 6 | ((unsigned char)s.ptr[i] & 0x3f);
    return len;
}

/* Below 2^53 at every step, so that a browser's numbers can hold it. */
static void hash_into(struct buf *b, struct slice text, uint64_t factor)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char reversed[16];
    uint64_t h = 7;
    uint32_t code;
    size_t n = 0;

    for (size_t i = 0; i < text.len; i += code_point(slice_from_at(text, i), &code)) {
        code_point(slice_from_at(text, i), &code);
        h = (h * factor + code) % UINT64_C(35046933135337);
    }
    do
        reversed[n++] = digits[h % 36];
    while ((h /= 36) != 0);
    while (n)
        buf_byte(b, reversed[--n]);
}

static bool is_own(struct slice click)
{
    bool letter = false;

    for (size_t i = 0; i < click.len; i++) {
        letter |= ascii_is_alpha(click.ptr[i]);
        if (!ascii_is_alnum(click.ptr[i]) && click.ptr[i] != '_' && click.ptr[i] != '-')
            return false;
    }
    return letter;
}

/* Made of the ids, so that it is the same on every host and without storage. */
static struct slice event_id(struct chain_session *s, struct slice ttclid, struct slice click)
{
    struct slice own = click.len >= OWN_MIN ? click : (struct slice){ 0 };
    struct slice of = ttclid.len ? ttclid : own, out;
    struct buf b = { .limit = 100 };

    if (own.len && is_own(own)) /* what the server takes when it knows no registration */
        return own;
    if (of.len == 0)
        of = fill_uuid(s->arena, s->world->seed + 7 + s->made++);
    buf_puts(&b, "ev-");
    hash_into(&b, of, 257);
    hash_into(&b, of, 251);
    out = arena_dup(s->arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

void lander_visit(struct chain_session *s, struct session_site *site, struct slice page)
{
    struct slice query = all_params(s, page);
    struct slice ttclid = find(s, query, &chain_id_names[CHAIN_TTCLID], 1);
    struct slice id = find(s, query, &chain_id_names[CHAIN_EVENT_ID], 1);
    struct slice click = find_click(s, query), *had = site->ids;
    bool same = ttclid.len  ? slice_eq(had[CHAIN_TTCLID], ttclid)
                : id.len    ? slice_eq(had[CHAIN_EVENT_ID], id)
                : click.len ? slice_eq(had[CHAIN_CLICK_ID], click) || had[CHAIN_TTCLID].len ||
                                  had[CHAIN_CLICK_ID].len == 0
                            : true;

    if (!same || had[CHAIN_EVENT_ID].len == 0) {
        *site = (struct session_site){ .host = site->host };
        had[CHAIN_EVENT_ID] = id.len ? id : event_id(s, ttclid, click);
    }
    if (ttclid.len)
        had[CHAIN_TTCLID] = ttclid;
    if (click.len)
        had[CHAIN_CLICK_ID] = click;
    if (had[CHAIN_CLICK_ID].len == 0)
        had[CHAIN_CLICK_ID] = find_late(s, query);
}
