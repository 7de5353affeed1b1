#include "cli/simulate/stage.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/buf.h"
#include "core/chain/url.h"

#define URL_LIMIT 40000
#define COOKIE "clickbaton_click="
#define SECOND "/clickbaton-second-refresh"

struct stage {
    struct http_server *server;
    pthread_mutex_t lock; /* of everything below: the walk and the server take turns */
    struct chain_session *session;
    const struct hop *hop;
    size_t index;
    bool https, network, answered;
    struct notes *notes;
    struct hop_answer answer;
};

/* ---- pages ---- */

static void html(struct buf *b, struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        switch (s.ptr[i]) {
        case '&':
            buf_puts(b, "&amp;");
            break;
        case '<':
            buf_puts(b, "&lt;");
            break;
        case '>':
            buf_puts(b, "&gt;");
            break;
        case '"':
            buf_puts(b, "&quot;");
            break;
        default:
            buf_byte(b, s.ptr[i]);
        }
}

static void form(struct buf *b, struct arena *arena, struct slice to)
{
    struct url_pair pair;
    struct url u;
    struct slice rest;

    buf_puts(b, "<form method=\"get\" action=\"");
    html(b, slice_head(to, slice_index(to, '?')));
    buf_puts(b, "\">");
    if (url_parse(to, &u) == NULL)
        for (rest = u.query; url_next_pair(&rest, &pair);) {
            buf_puts(b, "<input type=\"hidden\" name=\"");
            html(b, url_decode(arena, pair.name));
            buf_puts(b, "\" value=\"");
            html(b, url_decode(arena, pair.value));
            buf_puts(b, "\">");
        }
    buf_puts(b, "<button>Order</button></form>");
}

/* No "</script>" can stand in it: '<' is written as \u003c. */
static void script(struct buf *b, struct slice to)
{
    struct buf text = { 0 };

    buf_json(&text, to);
    buf_puts(b, "<script>window.location.href = ");
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '<')
            buf_puts(b, "\\u003c");
        else
            buf_byte(b, text.ptr[i]);
    buf_puts(b, ";</script>");
    buf_free(&text);
}

static void page(struct stage *st, struct http_request *http, struct buf *b, bool first)
{
    struct slice to = st->answer.to;

    buf_puts(b, "<!doctype html><html><head><meta charset=\"utf-8\"><title>");
    html(b, st->hop->name);
    buf_puts(b, "</title>");
    if (st->hop->kind == HOP_META) {
        buf_puts(b, "<meta http-equiv=\"refresh\" content=\"0; url=");
        html(b, st->hop->twice && first ? S(SECOND) : to);
        buf_puts(b, "\">");
    } else if (st->hop->kind == HOP_JS) {
        script(b, to);
    }
    buf_puts(b, "</head><body>");
    if (st->hop->kind == HOP_FORM && to.len) {
        form(b, http->arena, to);
    } else if ((st->hop->kind == HOP_LANDER || st->hop->kind == HOP_APP) && to.len) {
        buf_puts(b, "<a id=\"offer\" href=\"");
        html(b, to);
        buf_puts(b, "\">On</a>");
    }
    buf_puts(b, "</body></html>\n");
}

static void reply(struct stage *st, struct http_request *http, bool first)
{
    const char *location = NULL, *cookie = NULL;
    struct buf b = { 0 };

    if (st->answer.status >= 300 && st->answer.to.len)
        location = arena_cstr(http->arena, st->answer.to);
    if (st->answer.cookie.len)
        cookie = arena_printf(http->arena, COOKIE "%.*s; Path=/; Max-Age=86400",
                              SLICE_ARG(st->answer.cookie)).ptr;
    struct http_header headers[] = { { "Content-Type", "text/html; charset=utf-8" },
                                     { location ? "Location" : cookie ? "Set-Cookie" : NULL,
                                       location ? location : cookie },
                                     { location && cookie ? "Set-Cookie" : NULL, cookie },
                                     { NULL, NULL } };
    if (st->answer.status == 200)
        page(st, http, &b, first);
    http_reply(http, st->answer.status, headers, buf_slice(&b));
    buf_free(&b);
}

/* ---- requests ---- */

static struct slice cookie_of(struct http_request *http)
{
    struct slice rest = http_request_header(http, "Cookie"), item;

    while (slice_next(&rest, ';', &item))
        if (slice_starts(slice_trim(item), S(COOKIE)))
            return slice_from_at(slice_trim(item), sizeof(COOKIE) - 1);
    return (struct slice){ 0 };
}

static struct slice url_of(const struct stage *st, struct http_request *http)
{
    struct slice host = http_request_header(http, "Host");

    return arena_printf(st->notes->arena, "%s://%.*s%.*s%s%.*s", st->https ? "https" : "http",
                        SLICE_ARG(host), SLICE_ARG(http->path), http->query.len ? "?" : "",
                        SLICE_ARG(http->query));
}

static void handle(void *context, struct http_request *http)
{
    struct stage *st = context;
    struct slice postback = { 0 };
    bool second = slice_eq(http->path, S(SECOND));

    pthread_mutex_lock(&st->lock);
    if (!st->session) {
        http_reply(http, 404, NULL, S("nobody plays here now\n"));
    } else if (st->network) {
        bool known = chain_postback(st->session, url_of(st, http), &postback, st->notes);
        http_reply(http, 200, NULL, known ? postback : S(""));
    } else {
        if (!second)
            st->answer = chain_serve(st->session, st->index, url_of(st, http),
                                     arena_dup(st->notes->arena, cookie_of(http)), st->notes);
        st->answered = true;
        reply(st, http, !second);
    }
    pthread_mutex_unlock(&st->lock);
}

static void expect(struct stage *st, struct chain_session *s, bool https, bool network,
                   struct notes *notes)
{
    st->session = s;
    st->https = https;
    st->network = network;
    st->notes = notes;
    st->answered = false;
}

void stage_expect_hop(struct stage *st, struct chain_session *s, size_t i, bool https,
                      struct notes *notes)
{
    pthread_mutex_lock(&st->lock);
    expect(st, s, https, false, notes);
    st->index = i;
    st->hop = chain_hop(s, i);
    pthread_mutex_unlock(&st->lock);
}

void stage_expect_network(struct stage *st, struct chain_session *s, bool https,
                          struct notes *notes)
{
    pthread_mutex_lock(&st->lock);
    expect(st, s, https, true, notes);
    pthread_mutex_unlock(&st->lock);
}

bool stage_answer(struct stage *st, struct hop_answer *out)
{
    bool answered;

    pthread_mutex_lock(&st->lock);
    answered = st->answered;
    *out = st->answer;
    pthread_mutex_unlock(&st->lock);
    return answered;
}

struct stage *stage_open(struct err *err)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct stage *st = calloc(1, sizeof(*st));

    if (!st) {
        err_set(err, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    limits.url = URL_LIMIT;
    pthread_mutex_init(&st->lock, NULL);
    st->server = http_server_open("127.0.0.1:0", &limits, handle, st, err);
    if (st->server)
        return st;
    stage_close(st);
    return NULL;
}

const char *stage_address(const struct stage *st)
{
    return http_server_address(st->server);
}

void stage_close(struct stage *st)
{
    if (!st)
        return;
    if (st->server)
        http_server_quiesce(st->server);
    http_server_close(st->server);
    pthread_mutex_destroy(&st->lock);
    free(st);
}
