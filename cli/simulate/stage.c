#include "cli/simulate/stage.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/buf.h"
#include "core/chain/url.h"

#define URL_LIMIT 40000
#define ARENA_LIMIT (16 << 20)
#define COOKIE "clickbaton_click="
#define SECOND "/clickbaton-second-refresh"

enum turn { TURN_NONE, TURN_HOP, TURN_SECOND, TURN_NETWORK };

struct stage {
    struct http_server *server;
    struct slice secret;
    pthread_mutex_t lock; /* of everything below: the walk and the server take turns */
    enum turn turn;
    struct chain_session *session;
    const struct hop *hop;
    size_t index;
    bool https, answered;
    struct arena arena; /* the URLs that were asked for, which the session keeps; the notes */
    struct notes notes;
    struct hop_answer answer; /* in the session's arena */
};

/* ---- pages ---- */

static void form(struct buf *b, struct arena *arena, struct slice to)
{
    struct url_pair pair;
    struct url u;
    struct slice rest;

    buf_puts(b, "<form method=\"get\" action=\"");
    buf_html(b, slice_head(to, slice_index(to, '?')));
    buf_puts(b, "\">");
    if (url_parse(to, &u) == NULL)
        for (rest = u.query; url_next_pair(&rest, &pair);) {
            buf_puts(b, "<input type=\"hidden\" name=\"");
            buf_html(b, url_decode(arena, pair.name));
            buf_puts(b, "\" value=\"");
            buf_html(b, url_decode(arena, pair.value));
            buf_puts(b, "\">");
        }
    buf_puts(b, "<button>Order</button></form>");
}

static void page(struct stage *st, struct http_request *http, struct buf *b, bool first)
{
    struct slice to = st->answer.to;

    buf_puts(b, "<!doctype html><html><head><meta charset=\"utf-8\"><title>");
    buf_html(b, st->hop->name);
    buf_puts(b, "</title>");
    if (st->hop->kind == HOP_META) {
        buf_puts(b, "<meta http-equiv=\"refresh\" content=\"0; url=");
        buf_html(b, st->hop->twice && first ? S(SECOND) : to);
        buf_puts(b, "\">");
    } else if (st->hop->kind == HOP_JS) {
        buf_puts(b, "<script>window.location.href = ");
        buf_script(b, to);
        buf_puts(b, ";</script>");
    }
    buf_puts(b, "</head><body>");
    if (st->hop->kind == HOP_FORM && to.len) {
        form(b, http->arena, to);
    } else if ((st->hop->kind == HOP_LANDER || st->hop->kind == HOP_APP) && to.len) {
        buf_puts(b, "<a id=\"offer\" href=\"");
        buf_html(b, to);
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
                              SLICE_ARG(st->answer.cookie))
                     .ptr;
    struct http_header headers[] = { { "Content-Type", "text/html; charset=utf-8" },
                                     { location ? "Location"
                                       : cookie ? "Set-Cookie"
                                                : NULL,
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

static struct slice url_of(struct stage *st, struct http_request *http)
{
    struct slice host = http_request_header(http, "Host");

    return arena_printf(&st->arena, "%s://%.*s%.*s%s%.*s", st->https ? "https" : "http",
                        SLICE_ARG(host), SLICE_ARG(http->path), http->query.len ? "?" : "",
                        SLICE_ARG(http->query));
}

/* In a time that tells nothing of how much of it was right. */
static bool has_secret(const struct stage *st, struct http_request *http)
{
    struct slice given = http_request_header(http, STAGE_HEADER);
    unsigned char differs = given.len != st->secret.len;

    for (size_t i = 0; i < st->secret.len; i++)
        differs |= (unsigned char)(st->secret.ptr[i] ^ (i < given.len ? given.ptr[i] : 0));
    return !differs;
}

static void serve_hop(struct stage *st, struct http_request *http)
{
    st->answer = chain_serve(st->session, st->index, url_of(st, http),
                             arena_dup(&st->arena, cookie_of(http)), &st->notes);
    st->answered = true;
    st->turn = st->hop->twice && st->answer.to.len ? TURN_SECOND : TURN_NONE;
    reply(st, http, true);
}

static void serve_network(struct stage *st, struct http_request *http)
{
    struct slice postback = { 0 };
    bool known = chain_postback(st->session, url_of(st, http), &postback, &st->notes);

    st->answered = true;
    st->turn = TURN_NONE;
    http_reply(http, 200, NULL, known ? postback : S(""));
}

static void handle(void *context, struct http_request *http)
{
    struct stage *st = context;

    if (!has_secret(st, http)) {
        http_reply(http, 404, NULL, S("nobody plays here\n"));
        return;
    }
    pthread_mutex_lock(&st->lock);
    if (st->turn == TURN_HOP) {
        serve_hop(st, http);
    } else if (st->turn == TURN_NETWORK) {
        serve_network(st, http);
    } else if (st->turn == TURN_SECOND && slice_eq(http->path, S(SECOND))) {
        st->turn = TURN_NONE;
        reply(st, http, false);
    } else {
        http_reply(http, 404, NULL, S("nobody plays here now\n"));
    }
    pthread_mutex_unlock(&st->lock);
}

/* ---- the walk's side ---- */

static void expect(struct stage *st, struct chain_session *s, enum turn turn, size_t i, bool https)
{
    pthread_mutex_lock(&st->lock);
    st->session = s;
    st->turn = turn;
    st->index = i;
    st->hop = turn == TURN_HOP ? chain_hop(s, i) : NULL;
    st->https = https;
    st->answered = false;
    st->notes = (struct notes){ .arena = &st->arena };
    st->answer = (struct hop_answer){ .status = 0 };
    pthread_mutex_unlock(&st->lock);
}

void stage_expect_hop(struct stage *st, struct chain_session *s, size_t i, bool https)
{
    expect(st, s, TURN_HOP, i, https);
}

void stage_expect_network(struct stage *st, struct chain_session *s, bool https)
{
    expect(st, s, TURN_NETWORK, 0, https);
}

bool stage_answer(struct stage *st, struct arena *arena, struct hop_answer *out,
                  struct notes *notes)
{
    bool answered;

    pthread_mutex_lock(&st->lock);
    answered = st->answered && !st->arena.full;
    *out = (struct hop_answer){ .status = st->answer.status,
                                .to = arena_dup(arena, st->answer.to),
                                .whole = arena_dup(arena, st->answer.whole),
                                .click = arena_dup(arena, st->answer.click),
                                .cookie = arena_dup(arena, st->answer.cookie) };
    for (const struct note *n = st->notes.first; n; n = n->next)
        note_add(notes, n->code, n->subject, "%.*s", SLICE_ARG(n->text));
    if (st->turn != TURN_SECOND)
        st->turn = TURN_NONE;
    st->session = NULL;
    pthread_mutex_unlock(&st->lock);
    return answered;
}

struct stage *stage_open(struct slice secret, struct err *err)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct stage *st = calloc(1, sizeof(*st));

    if (!st) {
        err_set(err, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    arena_init(&st->arena, ARENA_LIMIT);
    st->secret = arena_dup(&st->arena, secret);
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
    arena_free(&st->arena);
    free(st);
}
