#include "cli/follow/trace.h"

#include "core/base/buf.h"
#include "core/chain/fill.h"
#include "core/chain/step.h"
#include "core/chain/url.h"
#include "core/params/params.h"

#define HOPS_ADVISED 2 /* answers: the tracker and the lander */
#define AD_PAGE S("https://www.tiktok.com/")

struct walk {
    struct trace *trace;
    struct fetcher *fetcher;
    struct arena scratch;      /* of one hop: the page */
    struct slice url, referer; /* of the hop that comes */
    struct fetch_answer answer;
    struct page_next next;
};

/* ---- the ad's link ---- */

static struct slice print_url(struct arena *arena, const struct url *u)
{
    struct buf b = { 0 };
    struct slice text;

    url_print(&b, u);
    text = buf_ok(&b) ? arena_dup(arena, buf_slice(&b)) : (struct slice){ 0 };
    buf_free(&b);
    return text;
}

static struct slice append_ttclid(struct arena *arena, struct url u, struct slice ttclid)
{
    struct buf query = { 0 };
    struct slice text;

    buf_add(&query, u.query);
    buf_puts(&query, u.query.len ? "&ttclid=" : "ttclid=");
    buf_percent(&query, ttclid);
    u.query = buf_slice(&query);
    u.has_query = true;
    text = print_url(arena, &u);
    buf_free(&query);
    return text;
}

/* The link as TikTok calls it; t->ttclid is what has to arrive. */
static struct slice start(struct trace *t, const struct trace_wish *wish)
{
    struct slice own = { 0 }, unknown, url;
    struct url u;

    t->ttclid = wish->ttclid.len ? wish->ttclid : fill_ttclid(t->arena, wish->seed);
    url = fill_link(t->arena, wish->url, t->ttclid, wish->seed, &unknown);
    if (url_parse(url, &u))
        return url;
    if (unknown.len)
        note_add(&t->warnings, "H045", unknown,
                 "%.*s in the link is no macro of TikTok that is known here: it stays as it is",
                 SLICE_ARG(note_short(t->arena, unknown)));
    step_macros(t->arena, S(""), url, &t->warnings);
    if (compare_value(t->arena, url, t->ttclid).state == BATON_KEPT)
        return url;
    if (!wish->ttclid.len && url_get(t->arena, u.query, S("ttclid"), &own) &&
        !params_unusable(own)) {
        t->ttclid = own;
        return url;
    }
    return append_ttclid(t->arena, u, t->ttclid);
}

/* ---- one hop ---- */

static const char *failure_code(enum fetch_result result)
{
    switch (result) {
    case FETCH_PRIVATE:
        return "H075";
    case FETCH_TIMEOUT:
        return "H076";
    case FETCH_REFUSED:
        return "H077";
    case FETCH_TLS:
        return "H078";
    default:
        return "H079";
    }
}

static void say_failure(struct trace_hop *hop, enum fetch_result result, const struct err *err)
{
    static const char *const advice[] = {
        [FETCH_PRIVATE] = ". Give --allow-private if that is your own machine",
        [FETCH_TIMEOUT] = ". A visitor would not wait for it; --timeout S waits longer",
        [FETCH_TLS] = ". Browsers stop here: renew or correct the certificate",
        [FETCH_NO_HOST] = ". Check the spelling of the host and its DNS entry",
        [FETCH_NO_CONNECTION] = ". Check the host and port, and whether the server runs",
        [FETCH_TOO_LARGE] = "",
        [FETCH_BROKEN] = ". The server ends the connection without an answer",
        [FETCH_REFUSED] = ". Correct the target of the hop before",
        [FETCH_FAILED] = "",
        [FETCH_DONE] = "",
    };

    note_add(&hop->harm, failure_code(result), S("ttclid"), "%s: %s%s",
             result == FETCH_PRIVATE || result == FETCH_REFUSED ? "not asked" : "no answer",
             err->text, advice[result]);
}

/* Whether a browser could go to the next URL; says why not. */
static bool can_open(struct trace_hop *hop, struct arena *arena, struct slice raw)
{
    struct url u;
    const char *why = url_parse(raw, &u);

    if (why) {
        note_add(&hop->harm, "H077", S("next"), "it sends on to an address that %s: %.*s", why,
                 SLICE_ARG(note_short(arena, raw)));
        return false;
    }
    if (u.scheme.len && !url_is_web(&u)) {
        note_add(&hop->harm, "H080", S("next"),
                 "it sends on to a %.*s: address, which no redirect opens in TikTok's browser "
                 "(%.*s). What to change: send visitors to an https:// page",
                 SLICE_ARG(note_short(arena, u.scheme)), SLICE_ARG(note_short(arena, raw)));
        hop->next = arena_dup(arena, raw);
        return false;
    }
    return true;
}

/* A Location without a fragment keeps the one that the request had (RFC 9110, section 10.2.2). */
static struct slice keep_fragment(struct arena *arena, struct slice from, struct slice to)
{
    struct url a, b;

    if (url_parse(from, &a) || url_parse(to, &b) || !a.has_fragment || b.has_fragment)
        return to;
    b.has_fragment = true;
    b.fragment = a.fragment;
    return print_url(arena, &b);
}

/* Chrome's and Safari's default, strict-origin-when-cross-origin, for a page that sends on; one
 * that redirects hands the old referrer on. */
static void set_referer(struct walk *w, const struct trace_hop *hop)
{
    const struct slice none = { 0 };
    struct url from, to;

    if (url_parse(hop->url, &from) || url_parse(hop->next, &to))
        return;
    if (slice_eq_nocase(from.scheme, S("https")) && slice_eq_nocase(to.scheme, S("http"))) {
        w->referer = none;
        return;
    }
    if (hop->kind == PAGE_LOCATION)
        return;
    from.has_fragment = false;
    from.fragment = none;
    if (!slice_eq_nocase(from.host, to.host) || !slice_eq(from.port, to.port)) {
        from.path = S("/");
        from.query = none;
        from.has_query = false;
    }
    w->referer = print_url(w->trace->arena, &from);
}

/* The same address again: a server that has set a cookie may look for it once. */
static bool is_loop(const struct trace *t, const struct trace_hop *hop)
{
    size_t before = 0;

    for (size_t i = 0; i < t->hop_count; i++)
        before += slice_eq(t->hops[i].url, hop->next);
    return before > 1 || (before == 1 && hop->cookies.len == 0);
}

static void say_page(struct walk *w, struct trace_hop *hop)
{
    struct trace *t = w->trace;
    size_t n = t->hop_count;

    if (w->next.computed && w->next.bare)
        note_add(&hop->harm, "H081", S("next"),
                 "a script sends on from here, but its target is made as it runs: this can't be "
                 "read. Follow the address that your browser shows next");
    else if (w->next.computed)
        note_add(
            &t->warnings, "H081", S("next"),
            "hop %zu: a script of the page may send on to a target that is made as it runs; it "
            "was not followed",
            n);
    if (w->answer.cut && !w->answer.slow && hop->kind == PAGE_END)
        note_add(&t->warnings, "H082", S("page"),
                 "hop %zu: the page %s; what stands behind was not "
                 "looked at",
                 n, w->answer.body.len >= PAGE_MAX_BYTES ? "is larger than 1 MB" : "broke off");
    if (w->answer.slow)
        note_add(&t->warnings, "H076", S("page"), "hop %zu: the page did not end in time", n);
    if (hop->kind == PAGE_END && w->next.has_form)
        note_add(&t->warnings, "H083", S("form"),
                 "hop %zu: the page has a form: check that it carries the ttclid on, in a hidden "
                 "field or in its action",
                 n);
    if (hop->kind == PAGE_END && hop->status >= 400)
        note_add(&hop->harm, "H084", S("status"),
                 "the page answers with status %d: visitors see an error. Check the link, and "
                 "whether the page turns away who is no visitor from an ad",
                 hop->status);
}

/* hop->next from raw; false when what comes out is too long to be asked for. */
static bool resolve(struct trace_hop *hop, struct arena *arena, struct slice raw)
{
    struct slice next = url_resolve(arena, hop->url, raw);

    if (hop->kind == PAGE_LOCATION)
        next = keep_fragment(arena, hop->url, next);
    if (next.len && next.len <= URL_MAX_BYTES) {
        hop->next = next;
        return true;
    }
    note_add(&hop->harm, "H077", S("next"),
             "it sends on to an address that is longer than %d KB once it is whole: %.*s",
             URL_MAX_BYTES / 1024, SLICE_ARG(note_short(arena, raw)));
    return false;
}

static void move_warnings(struct trace *t, const struct notes *from)
{
    for (const struct note *n = from->first; n; n = n->next)
        note_add(&t->warnings, n->code, n->subject, "hop %zu: %.*s", t->hop_count,
                 SLICE_ARG(n->text));
}

/* Where hop sends on, and what that does to the URL.  false: the walk ends here. */
static bool judge_next(struct walk *w, struct trace_hop *hop)
{
    struct trace *t = w->trace;
    struct step_result r;
    struct step step = { .arrives = hop->url, .wanted = t->ttclid };
    bool open = can_open(hop, t->arena, w->next.url);

    if (open)
        open = resolve(hop, t->arena, w->next.url);
    step.leaves = hop->next.len ? hop->next : arena_dup(t->arena, w->next.url);
    step.by_page = hop->kind != PAGE_LOCATION;
    if (!step_judge(t->arena, &step, &r))
        return false;
    hop->ttclid = r.state;
    hop->changes = r.changes;
    for (const struct note *n = open ? r.harm.first : NULL; n; n = n->next)
        note_add(&hop->harm, n->code, n->subject, "%.*s", SLICE_ARG(n->text));
    move_warnings(t, &r.warnings);
    if (open && is_loop(t, hop)) {
        note_add(&hop->harm, "H042", S("next"),
                 "it sends the visitor to an address where he was before: a loop without end");
        return false;
    }
    return open;
}

/* Ask for w->url.  false: the walk ends here. */
static bool take_hop(struct walk *w)
{
    struct trace *t = w->trace;
    struct trace_hop *hop = &t->hops[t->hop_count++];
    struct page_answer page;
    struct err err = { 0 };
    enum fetch_result result;

    *hop = (struct trace_hop){ .url = w->url, .harm.arena = t->arena };
    hop->ttclid = compare_value(t->arena, w->url, t->ttclid).state;
    if (hop->ttclid == BATON_LOST)
        hop->ttclid = BATON_ABSENT; /* an earlier hop has lost it */
    arena_reset(&w->scratch);
    result = fetcher_get(w->fetcher, &w->scratch, w->url, w->referer, &w->answer, &err);
    hop->ms = w->answer.took_ms;
    hop->address = arena_dup(t->arena, w->answer.address);
    if (w->scratch.full)
        return false;
    if (result != FETCH_DONE) {
        say_failure(hop, result, &err);
        return false;
    }
    hop->status = w->answer.status;
    hop->cookies = arena_dup(t->arena, w->answer.cookies);
    page = (struct page_answer){ w->answer.status, w->answer.location, w->answer.refresh,
                                 w->answer.content_type, w->answer.body };
    page_next(&w->scratch, &page, &w->next);
    if (w->scratch.full)
        return false;
    if (w->next.kind != PAGE_END && w->next.delay <= TRACE_DELAY_MAX) {
        hop->kind = w->next.kind;
        hop->delay = w->next.delay;
    }
    if (w->next.kind != hop->kind)
        note_add(&t->warnings, "H085", S("page"),
                 "hop %zu: the page goes on by itself after %u seconds; that was not followed",
                 t->hop_count, w->next.delay);
    say_page(w, hop);
    return hop->kind != PAGE_END && judge_next(w, hop);
}

/* ---- all of them ---- */

static void warn_length(struct trace *t)
{
    size_t answers = 0;

    for (size_t i = 0; i < t->hop_count; i++)
        answers += t->hops[i].status != 0;
    if (answers > HOPS_ADVISED)
        note_add(&t->warnings, "H040", S("chain"),
                 "%zu hops from the ad to the last page: two are what practitioners advise (ad, "
                 "tracker, lander), and each can drop something",
                 answers);
}

static void end(struct trace *t, bool stopped)
{
    struct trace_hop *last = &t->hops[t->hop_count - 1];

    t->unreachable = t->hop_count == 1 && last->status == 0;
    t->kept = stopped && last->kind == PAGE_END && last->status && last->ttclid == BATON_KEPT &&
              !last->harm.count;
    if (!stopped)
        note_add(&last->harm, "H043", S("chain"),
                 "still no end after %zu hops: browsers give up after %d", t->hop_count,
                 TRACE_HOPS_MAX);
    if (last->kind == PAGE_END && last->status)
        step_last(t->arena, last->url, t->ttclid, &t->warnings);
    warn_length(t);
}

int trace_run(struct trace *t, struct arena *arena, struct fetcher *fetcher,
              const struct trace_wish *wish, struct err *err)
{
    struct walk w = { .trace = t, .fetcher = fetcher, .referer = AD_PAGE };
    bool going = true, full;

    *t = (struct trace){ .arena = arena, .warnings.arena = arena };
    arena_init(&w.scratch, 32 * 1024 * 1024);
    w.url = start(t, wish);
    while (going && t->hop_count < wish->max_hops && !arena->full) {
        going = take_hop(&w);
        if (going) {
            set_referer(&w, &t->hops[t->hop_count - 1]);
            w.url = t->hops[t->hop_count - 1].next;
        }
    }
    end(t, !going);
    full = arena->full || w.scratch.full; /* what was not read might say something else */
    arena_free(&w.scratch);
    return full ? err_set(err, ERR_SYSTEM, "no memory is left for hop %zu", t->hop_count) : 0;
}
