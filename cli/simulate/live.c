#include "cli/simulate/live.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "adapters/chain/fetch.h"
#include "cli/end.h"
#include "cli/simulate/children.h"
#include "cli/simulate/live_folder.h"
#include "cli/simulate/stage.h"
#include "core/chain/page.h"
#include "core/chain/url.h"

#define DELIVERY_MS 20000
#define FETCHED_MAX (16 << 20)

struct live {
    struct rehearsal *run;
    struct arena *arena;
    struct live_result *out;
    struct live_folder folder;
    struct child sandbox, serve;
    struct stage *stage;
    struct fetcher *browser; /* every host name leads to the stage */
    struct fetcher *direct;  /* to serve and the sandbox */
    struct arena fetched;    /* the last answer: the stage's thread may use the walk's arena then */
    struct slice page;       /* the Referer of the next request */
};

/* ---- the visitor ---- */

/* There is no TLS on loopback: the same request, in the clear. */
static struct slice plain_http(struct arena *arena, struct slice url, bool *https)
{
    size_t colon = slice_index(url, ':');

    *https = slice_eq_nocase(slice_head(url, colon), S("https"));
    return arena_printf(arena, "http%.*s", SLICE_ARG(slice_from_at(url, colon)));
}

/* Ask for url.  The answer lives until the next get.  -1: *err says why, and of what. */
static int get(struct live *l, struct fetcher *f, struct slice url, struct fetch_answer *a,
               struct err *err)
{
    enum fetch_result result;

    arena_reset(&l->fetched);
    result = fetcher_get(f, &l->fetched, url, l->page, a, err);
    return result == FETCH_DONE ? 0
                                : err_context(err, "%.*s", SLICE_ARG(note_short(&l->fetched, url)));
}

/* Where the page sends the visitor, or what he clicks on there. */
static struct slice read_on(struct live *l, const struct hop *hop, const struct fetch_answer *a)
{
    struct page_answer answer = { a->status, a->location, a->refresh, a->content_type, a->body };
    struct page_next next;
    struct slice url = { 0 };

    if (hop->kind == HOP_FORM)
        page_form(l->arena, a->body, &url);
    else if (hop->kind == HOP_LANDER || hop->kind == HOP_APP)
        page_link(l->arena, a->body, S("offer"), &url);
    else {
        page_next(l->arena, &answer, &next);
        url = next.kind == PAGE_END ? url : next.url;
    }
    return arena_dup(l->arena, url);
}

static int ask(void *context, struct chain_session *s, size_t i, struct slice url,
               struct hop_answer *out, struct notes *notes, struct err *err)
{
    struct live *l = context;
    const struct hop *hop = chain_hop(s, i);
    struct fetch_answer a;
    bool https;
    struct slice plain = plain_http(l->arena, url, &https);
    bool answered;
    int status, rc;

    stage_expect_hop(l->stage, s, i, https);
    rc = get(l, l->browser, plain, &a, err);
    answered = stage_answer(l->stage, l->arena, out, notes);
    if (rc != 0)
        return -1;
    if (!answered)
        return err_set(err, ERR_SYSTEM, "hop %zu was never asked: %.*s", i + 1, SLICE_ARG(plain));
    status = a.status;
    out->to = read_on(l, hop, &a);
    if (hop->twice && out->to.len) {
        if (get(l, l->browser, url_resolve(l->arena, plain, out->to), &a, err) != 0)
            return -1;
        out->to = read_on(l, hop, &a);
    }
    out->status = status;
    l->page = url;
    return 0;
}

/* ---- clickbaton ---- */

static void differs(struct live *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void differs(struct live *l, const char *fmt, ...)
{
    struct slice text;
    va_list ap;

    va_start(ap, fmt);
    text = arena_vprintf(l->arena, fmt, ap);
    va_end(ap);
    note_add(&l->out->differences, "H019", S("live"), "%.*s", SLICE_ARG(text));
}

/* As a page does, by its Referer, or as a server, with the key. */
static int register_clicks(struct live *l, struct err *err)
{
    const struct offer *o = l->run->world.offer;

    for (size_t i = 0; i < l->out->walk.registration_count; i++) {
        const struct chain_registration *r = &l->out->walk.registrations[i];
        struct fetch_answer a;
        l->page = r->origin.len ? arena_printf(l->arena, "%.*s/", SLICE_ARG(r->origin))
                                : (struct slice){ 0 };
        if (get(l, l->direct,
                arena_printf(l->arena, "http://%s/click/%.*s?%s%s%s%.*s", l->serve.address,
                             SLICE_ARG(o->name),
                             r->origin.len ? "" : "key=", r->origin.len ? "" : l->folder.key,
                             r->origin.len ? "" : "&", SLICE_ARG(r->query)),
                &a, err) != 0)
            return -1;
        if (a.status != 204)
            differs(l, "serve answers %d to a click's registration", a.status);
    }
    l->page = (struct slice){ 0 };
    return 0;
}

/* The network calls the tracker, for real; what the tracker sends is compared. */
static int call_tracker(struct live *l, struct chain_session *s, struct err *err)
{
    struct chain_result *w = &l->out->walk;
    struct notes notes = { .arena = l->arena };
    struct hop_answer unused;
    struct fetch_answer a;
    bool https;
    struct slice plain = plain_http(l->arena, w->network, &https);
    int rc;

    stage_expect_network(l->stage, s, https);
    rc = get(l, l->browser, plain, &a, err);
    stage_answer(l->stage, l->arena, &unused, &notes);
    if (rc != 0)
        return -1;
    if (!slice_eq(a.body, w->postback))
        differs(l, "the tracker sends another postback than the model's: %.*s",
                SLICE_ARG(note_short(l->arena, a.body)));
    return 0;
}

/* The path of the postback's URL as somebody has written it; empty where nobody has. */
static struct slice written_path(struct live *l)
{
    const struct chain_result *w = &l->out->walk;
    bool direct = !chain_calls_tracker(w->session, w->network);
    struct url u;

    if (url_parse(direct ? w->network : l->run->chain->tracker_postback, &u) == NULL &&
        u.path.len && u.host.len)
        return u.path;
    return (struct slice){ 0 };
}

/* The postback with the key of the `serve` that was started, in place of the one in the file.  What
 * a tracker sends by itself has none in the model: there it is added. */
static struct slice with_own_key(struct live *l, struct slice query, bool add)
{
    struct buf b = { 0 };
    struct slice item, text;

    buf_puts(&b, "verbose=1");
    if (add)
        buf_printf(&b, "&key=%s", l->folder.key);
    while (slice_next(&query, '&', &item)) {
        bool key = slice_starts(item, S("key="));
        if (key && add)
            continue;
        buf_byte(&b, '&');
        if (key)
            buf_printf(&b, "key=%s", l->folder.key);
        else
            buf_add(&b, item);
    }
    text = buf_ok(&b) ? arena_dup(l->arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return text;
}

static int send_postback(struct live *l, struct err *err)
{
    struct fetch_answer a;
    struct slice path = written_path(l), query;
    bool written = path.len > 0;

    if (!written)
        path = arena_printf(l->arena, "/postback/%.*s", SLICE_ARG(l->run->world.offer->name));
    query = with_own_key(l, l->out->walk.postback, !written);
    if (get(l, l->direct,
            arena_printf(l->arena, "http://%s%.*s?%.*s", l->serve.address, SLICE_ARG(path),
                         SLICE_ARG(query)),
            &a, err) != 0)
        return -1;
    l->out->serve_says = arena_dup(l->arena, slice_trim(a.body));
    if (a.status != 200)
        differs(l, "serve answers %d to the postback to %.*s: %.*s", a.status,
                SLICE_ARG(note_short(l->arena, path)),
                SLICE_ARG(note_short(l->arena, slice_trim(a.body))));
    return 0;
}

/* ---- the event ---- */

static struct slice member(struct live *l, const cJSON *object, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(v) ? arena_dup(l->arena, slice_from(v->valuestring))
                             : (struct slice){ 0 };
}

/* As many events as are there by now; -1 with *err. */
static int events(struct live *l, cJSON **root, struct err *err)
{
    struct fetch_answer a;
    const cJSON *list;

    if (get(l, l->direct, arena_printf(l->arena, "http://%s/events", l->sandbox.address), &a, err))
        return -1;
    *root = cJSON_ParseWithLength(a.body.ptr, a.body.len);
    list = cJSON_GetObjectItemCaseSensitive(*root, "events");
    return list ? cJSON_GetArraySize(list) : 0;
}

static void compare_event(struct live *l, const cJSON *e, const struct translated_event *wanted)
{
    cJSON *body = cJSON_ParseWithLength(wanted->body.ptr, wanted->body.len);
    struct slice ttclid = member(l, cJSON_GetObjectItemCaseSensitive(body, "user"), "ttclid");

    cJSON_Delete(body);
    if (!slice_eq(member(l, e, "event_id"), wanted->event_id))
        differs(l, "the delivered event_id is \"%.*s\", the model's \"%.*s\"",
                SLICE_ARG(member(l, e, "event_id")), SLICE_ARG(wanted->event_id));
    if (!slice_eq(member(l, cJSON_GetObjectItemCaseSensitive(e, "user"), "ttclid"), ttclid))
        differs(l, "the delivered ttclid is another than the model's");
}

/* Has serve taken the postback, so that there is something to wait for? */
static bool is_queued(struct live *l)
{
    cJSON *says = cJSON_ParseWithLength(l->out->serve_says.ptr, l->out->serve_says.len);
    bool queued = slice_eq(member(l, says, "verdict"), S("queued"));

    cJSON_Delete(says);
    return queued;
}

/* The event of that name at that pixel; NULL when there is none. */
static const cJSON *delivered(struct live *l, const cJSON *root,
                              const struct translated_event *wanted)
{
    const cJSON *e = cJSON_GetObjectItemCaseSensitive(root, "events");

    for (e = e ? e->child : NULL; e; e = e->next)
        if (slice_eq(member(l, e, "event"), wanted->event) &&
            slice_eq(member(l, e, "event_source_id"), wanted->pixel))
            break;
    return e;
}

static int wait_events(struct live *l, struct err *err)
{
    const struct timespec step = { .tv_nsec = 20000000 };
    const int end = is_queued(l) ? DELIVERY_MS : 1;
    const struct translation *t = &l->out->walk.translation;
    cJSON *root = NULL;
    int have = 0;

    for (int waited = 0; waited < end && (size_t)have < t->event_count; waited += 20) {
        nanosleep(&step, NULL);
        cJSON_Delete(root);
        root = NULL;
        if ((have = events(l, &root, err)) < 0)
            return -1;
    }
    l->out->delivered = (size_t)have;
    if ((size_t)have != t->event_count)
        differs(l, "%d of %zu events were delivered", have, t->event_count);
    for (size_t i = 0; i < t->event_count; i++) {
        const cJSON *found = delivered(l, root, &t->events[i]);
        if (found)
            compare_event(l, found, &t->events[i]);
        else
            differs(l, "no %.*s was delivered to %.*s", SLICE_ARG(t->events[i].event),
                    SLICE_ARG(t->events[i].pixel));
    }
    cJSON_Delete(root);
    return 0;
}

/* ---- the whole ---- */

static void compare_walks(struct live *l, const struct chain_result *model)
{
    const struct chain_result *w = &l->out->walk;

    if (w->hop_count != model->hop_count)
        differs(l, "%zu hops were followed, the model has %zu", w->hop_count, model->hop_count);
    for (size_t i = 0; i < w->hop_count && i < model->hop_count; i++) {
        const struct hop_result *a = &w->hops[i], *b = &model->hops[i];
        if (!slice_eq(a->url, b->url) || a->status != b->status)
            differs(l, "hop %zu: live it goes to %.*s (%d), in the model to %.*s (%d)", i + 1,
                    SLICE_ARG(a->url), a->status, SLICE_ARG(b->url), b->status);
        for (size_t id = 0; id < CHAIN_IDS; id++)
            if (a->state[id] != b->state[id])
                differs(l, "hop %zu: live %.*s is %s, in the model %s", i + 1,
                        SLICE_ARG(chain_id_names[id]), baton_state_name(a->state[id]),
                        baton_state_name(b->state[id]));
    }
    if (w->kept != model->kept)
        differs(l, "live the chain is %s, in the model %s", w->kept ? "kept" : "broken",
                model->kept ? "kept" : "broken");
}

static int open_all(struct live *l, const struct chain_result *model, struct err *err)
{
    static const char *const sandbox[] = { "clickbaton",  "sandbox", "--listen",
                                           "127.0.0.1:0", "--quiet", NULL };
    static const char *const serve[] = { "clickbaton", "serve", "-c", "clickbaton.yaml", NULL };
    struct fetch_settings settings = FETCH_SETTINGS_DEFAULT;
    const char *connect_to[2] = { NULL, NULL };

    if (live_folder_make(&l->folder, err) != 0)
        return -1;
    if (l->run->world.offer) {
        if (child_start(&l->sandbox, l->folder.path, sandbox, err) != 0 ||
            live_folder_fill(&l->folder, l->run, model, l->sandbox.address, l->arena, err) != 0 ||
            child_start(&l->serve, l->folder.path, serve, err) != 0)
            return -1;
    }
    l->stage = stage_open(slice_from(l->folder.secret), err);
    if (!l->stage)
        return -1;
    settings.allow_private = true;
    settings.body_max = 4 << 20;
    l->direct = fetcher_open(&settings, err);
    connect_to[0] = arena_printf(l->arena, "::%s", stage_address(l->stage)).ptr;
    settings.connect_to = connect_to;
    settings.header = arena_printf(l->arena, STAGE_HEADER ": %s", l->folder.secret).ptr;
    l->browser = fetcher_open(&settings, err);
    return l->direct && l->browser ? 0 : -1;
}

static void close_all(struct live *l)
{
    fetcher_close(l->browser);
    fetcher_close(l->direct);
    stage_close(l->stage);
    child_stop(&l->serve);
    child_stop(&l->sandbox);
    arena_free(&l->fetched);
    live_folder_remove(&l->folder);
}

/* What comes back: clicks, the network's call, the postback, the event. */
static int come_back(struct live *l, struct err *err)
{
    const struct chain_result *w = &l->out->walk;

    if (!l->run->world.offer || !w->translated)
        return 0;
    if (register_clicks(l, err) != 0)
        return -1;
    if (chain_calls_tracker(w->session, w->network) && call_tracker(l, w->session, err) != 0)
        return -1;
    if (send_postback(l, err) != 0)
        return -1;
    return wait_events(l, err);
}

/* Memory has run out, perhaps in the stage's thread. */
static void undo(void *live)
{
    struct live *l = live;

    child_stop(&l->serve);
    child_stop(&l->sandbox);
    live_folder_erase(&l->folder);
}

int live_run(struct rehearsal *run, const struct chain_result *model, struct arena *arena,
             struct live_result *out, struct err *err)
{
    struct live l = { .run = run, .arena = arena, .out = out };
    sigset_t ends, before;
    int rc = -1;

    arena_init(&l.fetched, FETCHED_MAX);
    sigemptyset(&ends);
    sigaddset(&ends, SIGHUP);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGQUIT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, &before); /* first everything is cleaned up */

    *out = (struct live_result){ .differences = { .arena = arena } };
    end_undo(undo, &l);
    if (open_all(&l, model, err) == 0 &&
        chain_walk_live(run->chain, &run->world, ask, &l, arena, &out->walk, err) == 0 &&
        come_back(&l, err) == 0)
        rc = 0;
    if (rc == 0)
        compare_walks(&l, model);
    end_keep();
    close_all(&l);
    out->walk.session = NULL; /* it knows of memory of the stage's */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return rc;
}
