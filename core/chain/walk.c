/* walk.c: the visitor's way through a chain, as a browser goes it. */
#include "core/chain/judge.h"

#define SERVERS_TAKE 8000 /* of a request line, with default settings */

struct visitor_cookie {
    struct slice host, id;
};

struct walk {
    struct chain_session *s;
    struct chain_result *out;
    struct visitor_cookie cookies[SESSION_SITES_MAX];
    size_t cookie_count;
    struct slice fragment; /* that the next page inherits */
    bool stopped;
    chain_ask *ask; /* NULL: the servers are functions */
    void *context;
};

/* ---- cookies ---- */

static struct slice *cookie_of(struct walk *w, struct slice host)
{
    for (size_t i = 0; i < w->cookie_count; i++)
        if (slice_eq_nocase(w->cookies[i].host, host))
            return &w->cookies[i].id;
    return NULL;
}

static void keep_cookie(struct walk *w, struct slice host, struct slice id)
{
    struct slice *known = cookie_of(w, host);

    if (known)
        *known = id;
    else if (w->cookie_count < SESSION_SITES_MAX)
        w->cookies[w->cookie_count++] = (struct visitor_cookie){ host, id };
}

/* ---- one hop ---- */

static struct slice without_fragment(struct slice url)
{
    return slice_head(url, slice_index(url, '#'));
}

/* The page as the script sees it. */
static struct slice page_url(struct walk *w, struct slice arrives)
{
    return w->fragment.len
               ? arena_printf(w->s->arena, "%.*s#%.*s", SLICE_ARG(arrives), SLICE_ARG(w->fragment))
               : arrives;
}

static void visit(struct walk *w, struct hop_result *r, size_t i, struct slice page)
{
    struct chain_registration reg;

    if (!session_visit(w->s, i, page, &reg, &r->notes))
        return;
    if (w->out->registration_count < CHAIN_REGISTRATIONS_MAX)
        w->out->registrations[w->out->registration_count++] = reg;
}

/* A tracker that tells clickbaton of the click at once. */
static void register_click(struct walk *w, size_t i, struct slice id)
{
    struct session_click *c = session_find_click(w->s, w->s->chain->hops[i].tracker, id);
    struct chain_registration *reg;

    if (!w->s->chain->hops[i].registers || !c ||
        w->out->registration_count == CHAIN_REGISTRATIONS_MAX)
        return;
    reg = &w->out->registrations[w->out->registration_count++];
    *reg = (struct chain_registration){ .query = arena_printf(
                                            w->s->arena, "click_id=%.*s%s%.*s",
                                            SLICE_ARG(edit_encode(w->s->arena, c->id)),
                                            c->external_id.len ? "&ttclid=" : "",
                                            SLICE_ARG(edit_encode(w->s->arena, c->external_id))) };
}

/* A relative target where a whole one was meant: the hop's own server answers what comes next. */
static void note_astray(struct walk *w, struct hop_result *r, size_t i, struct slice whole)
{
    struct url is, meant;
    struct slice there = url_resolve(w->s->arena, r->arrives, whole);

    if (!session_breaks(w->s, i, "relative") || url_parse(r->url, &is) ||
        url_parse(there, &meant) || slice_eq_nocase(is.host, meant.host))
        return;
    if (!w->s->astray)
        w->s->astray = r->hop;
    note_add(&r->notes, "H023", r->hop->name,
             "visitors stay at %.*s and never come to %.*s: the target must be a whole URL",
             SLICE_ARG(is.host), SLICE_ARG(meant.host));
}

/* Where the browser goes; false, after a note, when it can't. */
static bool go_on(struct walk *w, struct hop_result *r, struct slice to)
{
    struct url u;
    const char *why = url_parse(to, &u);
    struct slice next = why ? to : url_resolve(w->s->arena, r->arrives, to);

    r->url = next;
    if (!why)
        why = url_parse(next, &u);
    if (!why && !url_is_web(&u) && r->hop->kind != HOP_APP)
        why = u.scheme.len ? "is no web address" : "is not whole";
    if (!why && u.host.len == 0)
        why = "has no host";
    if (!why && r->status >= 300 && r->status < 400 && !u.has_fragment && w->fragment.len)
        u.fragment = w->fragment; /* a Location without one inherits it */
    w->fragment = why ? (struct slice){ 0 } : u.fragment;
    if (!why)
        return true;
    note_add(&r->notes, "H008", r->hop->name, "the browser can't go on: its target (%.*s) %s",
             SLICE_ARG(note_short(w->s->arena, next)), why);
    w->stopped = true;
    return false;
}

static int get_answer(struct walk *w, size_t i, struct slice url, struct slice cookie,
               struct hop_answer *a, struct notes *notes, struct err *err)
{
    if (w->ask)
        return w->ask(w->context, w->s, i, url, a, notes, err);
    *a = chain_serve(w->s, i, url, cookie, notes);
    return 0;
}

static int do_hop(struct walk *w, size_t i, struct slice arrives, struct err *err)
{
    struct hop_result *r = &w->out->hops[i];
    struct slice page = page_url(w, arrives), *cookie;
    struct hop_answer a;
    struct url u;

    *r = (struct hop_result){ .hop = &w->s->chain->hops[i], .arrives = arrives };
    r->notes.arena = w->s->arena;
    w->out->hop_count = i + 1;
    url_parse(arrives, &u);
    cookie = cookie_of(w, u.host);
    if (get_answer(w, i, arrives, cookie ? *cookie : (struct slice){ 0 }, &a, &r->notes, err) != 0)
        return -1;
    r->status = a.status;
    if (a.cookie.len)
        keep_cookie(w, u.host, a.cookie);
    register_click(w, i, a.click);
    judge_own_event_id(w->s, i, arrives, &r->notes);
    visit(w, r, i, page);
    if (a.to.len == 0) {
        r->url = arrives;
        w->stopped = r->hop->to.len > 0; /* it was to go on, but nothing came of it */
    } else if (go_on(w, r, session_leave(w->s, i, page, a.to))) {
        a.whole = session_leave(w->s, i, page, a.whole);
        note_astray(w, r, i, a.whole);
        url_parse(r->url, &u);
        cookie = cookie_of(w, u.host);
    } else {
        cookie = NULL;
    }
    judge_hop(w->s, w->out, i, page_url(w, without_fragment(r->url)), a.whole,
              cookie ? *cookie : (struct slice){ 0 });
    if (a.status == 200)
        w->s->document = arrives;
    if (!compare_urls(w->s->arena, arrives, r->url, &r->changes))
        w->s->arena->full = true;
    return 0;
}

/* ---- remarks about the whole ---- */

static void warn_downgrade(struct walk *w, size_t i)
{
    const struct hop_result *r = &w->out->hops[i];
    struct url from, to;

    if (url_parse(r->arrives, &from) || url_parse(r->url, &to) ||
        !slice_eq_nocase(from.scheme, S("https")) || !slice_eq_nocase(to.scheme, S("http")))
        return;
    note_add(&w->out->warnings, "H041", r->hop->name,
             "%.*s goes on from https to http: browsers warn of it or go back to https, and drop "
             "the referrer; write https:// in its target",
             SLICE_ARG(r->hop->name));
}

static void warn_loop(struct walk *w, size_t i)
{
    const struct hop_result *r = &w->out->hops[i];
    struct slice url = without_fragment(r->url);

    for (size_t k = 0; k <= i && r->hop->to.len; k++)
        if (slice_eq(w->out->hops[k].arrives, url)) {
            note_add(&w->out->warnings, "H042", r->hop->name,
                     "%.*s sends the visitor to an address where he was before (%.*s): a loop",
                     SLICE_ARG(r->hop->name), SLICE_ARG(w->out->hops[k].hop->name));
            return;
        }
}

/* How many URLs load from the ad to the first lander, that one included.  Without a lander: to the
 * page that the first tracker leads to, else to the last one. */
static size_t loads_to_lander(const struct chain *c)
{
    size_t loads = 1, end = 0;

    while (end < c->hop_count && c->hops[end].kind != HOP_LANDER)
        end++;
    for (size_t i = 0; end == c->hop_count && i < c->hop_count; i++)
        if (c->hops[i].kind == HOP_TRACKER)
            end = i + 1;
    for (size_t i = 0; i < end; i++)
        loads += 1 + c->hops[i].twice;
    return loads;
}

static void warn_length(struct walk *w)
{
    const struct chain *c = w->s->chain;
    size_t loads = loads_to_lander(c);

    if (loads > 2)
        note_add(&w->out->warnings, "H040", S("chain"),
                 "%zu hops from the ad to the lander: two are what practitioners advise (ad to "
                 "tracker, tracker to lander), and each can drop something",
                 loads);
    if (c->hop_count > CHAIN_BROWSER_MAX)
        note_add(&w->out->warnings, "H043", S("chain"),
                 "%zu hops: browsers give up after %d redirects in a row", c->hop_count,
                 CHAIN_BROWSER_MAX);
}

static void warn_all(struct walk *w)
{
    if (w->s->unknown.len)
        note_add(
            &w->out->warnings, "H045", w->s->unknown,
            "%.*s in the ad's link is no macro of TikTok that is known here: it stays as it is",
            SLICE_ARG(w->s->unknown));
    warn_length(w);
    for (size_t i = 0; i < w->out->hop_count; i++) {
        warn_downgrade(w, i);
        warn_loop(w, i);
        if (w->out->hops[i].url.len > SERVERS_TAKE)
            note_add(&w->out->warnings, "H044", w->out->hops[i].hop->name,
                     "the URL behind %.*s has %zu bytes: many servers refuse more than 8,000 (414)",
                     SLICE_ARG(w->out->hops[i].hop->name), w->out->hops[i].url.len);
    }
}

static int walk(struct walk *w, const struct chain *chain, struct arena *arena, struct err *err)
{
    struct chain_result *out = w->out;
    struct slice url;
    struct url u;

    url = chain_start(w->s);
    w->fragment = url_parse(url, &u) ? (struct slice){ 0 } : u.fragment;
    for (size_t i = 0; i < chain->hop_count && !w->stopped && !arena->full; i++) {
        if (do_hop(w, i, url_sent(arena, without_fragment(url)), err) != 0)
            return -1;
        url = out->hops[i].url;
    }
    warn_all(w);
    out->session_clicks = w->s->click_count;
    judge_end(w->s, out, w->stopped);
    for (size_t id = 0; id < CHAIN_IDS; id++)
        out->ids[id] = w->s->ids[id];
    return arena->full ? err_set(err, ERR_BUSY, "the chain needs more memory than there is") : 0;
}

/* -1: out of memory. */
static int begin(struct walk *w, const struct chain *chain, const struct chain_world *world,
                 struct arena *arena, struct err *err)
{
    *w->out = (struct chain_result){ .code = "", .warnings = { .arena = arena } };
    w->out->hops = ARENA_ARRAY(arena, struct hop_result, chain->hop_count);
    w->s = w->out->session = chain_session_new(chain, world, arena);
    return w->s && w->out->hops
               ? 0
               : err_set(err, ERR_BUSY, "the chain needs more memory than there is");
}

int chain_walk(const struct chain *chain, const struct chain_world *world,
               const struct hop_break *extra, size_t extra_at, struct arena *arena,
               struct chain_result *out, struct err *err)
{
    struct walk w = { .out = out };

    if (begin(&w, chain, world, arena, err) != 0)
        return -1;
    w.s->extra = extra;
    w.s->extra_at = extra_at;
    return walk(&w, chain, arena, err);
}

int chain_walk_live(const struct chain *chain, const struct chain_world *world, chain_ask *ask,
                    void *context, struct arena *arena, struct chain_result *out, struct err *err)
{
    struct walk w = { .out = out, .ask = ask, .context = context };

    if (begin(&w, chain, world, arena, err) != 0)
        return -1;
    return walk(&w, chain, arena, err);
}
