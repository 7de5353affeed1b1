/* convert.c: hours later: the network calls, the tracker calls, a postback comes. */
#include "core/chain/session.h"

/* Which tracker of the chain the network's URL belongs to: by its host, else the only one there is,
 * unless the path is that of clickbaton.  hop_count: none, it is ours. */
static size_t tracker_of(const struct chain_session *s, const struct url *u)
{
    const struct chain *c = s->chain;
    size_t only = c->hop_count;

    for (size_t i = 0; i < s->click_count; i++)
        if (slice_eq_nocase(s->clicks[i].host, u->host))
            return (size_t)(s->clicks[i].hop - c->hops);
    if (slice_starts(u->path, S("/postback/")))
        return c->hop_count;
    for (size_t i = 0; i < c->hop_count; i++)
        if (c->hops[i].kind == HOP_TRACKER)
            only = i;
    return only;
}

static bool has_host(const struct chain_session *s, struct slice host)
{
    for (size_t i = 0; i < s->click_count; i++)
        if (slice_eq_nocase(s->clicks[i].host, host))
            return true;
    return false;
}

/* The fields of the network's call, as the tracker's own mapping reads them. */
static bool read_call(struct chain_session *s, struct slice url, struct translation *t)
{
    struct params p = { .arena = s->arena, .notes = &t->notes };

    t->arena = t->notes.arena = s->arena;
    return params_url(&p, url, NULL) == 0 &&
           translate_read(s->world->offer, &p, s->arena, t, NULL) == 0;
}

/* The click that the call is about.  *id: what it says; *param: under which name. */
static struct session_click *find_click(struct chain_session *s, size_t tracker, struct slice query,
                                        const struct translation *t, struct slice *id,
                                        struct slice *param)
{
    const struct tracker *whose = s->chain->hops[tracker].tracker;
    const char *const *names = whose->urls ? whose->urls->postback_params : NULL;
    const struct field_value *read = &t->conversion.fields[FIELD_CLICK_ID];

    for (size_t i = 0; names && names[i]; i++)
        if (url_get(s->arena, query, slice_from(names[i]), id) && id->len) {
            *param = slice_from(names[i]);
            return session_find_click(s, whose, *id);
        }
    *id = read->value;
    *param = read->name;
    return names ? NULL : session_find_click(s, whose, *id);
}

/* Why the tracker knows nothing of the call. */
static void note_unknown(struct chain_session *s, const struct tracker *t, struct slice id,
                         struct slice param, struct notes *notes)
{
    const char *const *names = t->urls ? t->urls->postback_params : NULL;
    const char *wanted = names ? names[0] : "click_id";

    if (id.len && names && !slice_eq(param, slice_from(wanted)) && session_find_click(s, t, id))
        note_add(notes, "H010", S("network"),
                 "the network's postback has the click id in \"%.*s\", but %s reads \"%s\": it is "
                 "ignored",
                 SLICE_ARG(note_short(s->arena, param)), t->name, wanted);
    else if (id.len)
        note_add(notes, "H010", S("network"),
                 "the network's postback says \"%.*s\", which is no click id of %s: it is ignored",
                 SLICE_ARG(note_short(s->arena, id)), t->name);
    else
        note_add(notes, "H010", S("network"),
                 "the network's postback carries no click id in \"%s\", so %s ignores it", wanted,
                 t->name);
}

static struct slice status_word(const struct tracker *t, const struct conversion *conv)
{
    const struct tracker_status *w = t->urls ? t->urls->statuses : NULL;

    for (; w && w->stage; w++)
        if (slice_eq(slice_from(w->stage), conv->stage))
            return slice_from(w->word);
    return conv->fields[FIELD_STATUS].value;
}

/* The URL for the conversion's stage; else the first. */
static struct slice postback_query(const struct tracker *t, struct slice stage)
{
    const struct tracker_postback *first = t->urls ? t->urls->postbacks : NULL;

    for (const struct tracker_postback *p = first; p && p->query; p++)
        if (p->stage && slice_eq(slice_from(p->stage), stage))
            return slice_from(p->query);
    return first ? slice_from(first->query) : S("click_id={click_id}&status={status}");
}

static struct slice behind_question_mark(struct slice url)
{
    struct slice path, query;

    return slice_cut(url, '?', &path, &query) ? query : url;
}

/* Does clickbaton take postbacks at this URL?  Its key is nobody's business here. */
static bool leads_here(const struct chain_session *s, struct slice url, const char *what,
                       struct notes *notes)
{
    struct slice name = s->world->offer->name, path;
    struct url u;

    if (url_parse(url, &u) == NULL) {
        path = slice_ends(u.path, S("/")) ? slice_head(u.path, u.path.len - 1) : u.path;
        if (slice_ends(path, name) &&
            slice_ends(slice_head(path, path.len - name.len), S("/postback/")))
            return true;
    }
    note_add(notes, "H021", S("postback"),
             "%s leads to %.*s, where nothing is taken: clickbaton takes this offer's postbacks at "
             "/postback/%.*s?key=...",
             what, SLICE_ARG(note_short(s->arena, slice_head(url, slice_index(url, '?')))),
             SLICE_ARG(name));
    return false;
}

/* The postback that the tracker makes of the network's. */
static bool by_tracker(struct chain_session *s, size_t tracker, struct slice network,
                       const struct url *u, struct slice *postback, struct notes *notes)
{
    const struct tracker *t = s->chain->hops[tracker].tracker;
    struct translation call = { 0 };
    struct session_conversion conv;
    struct session_click *click;
    struct slice id = { 0 }, param = { 0 }, template = s->chain->tracker_postback;

    if (!read_call(s, network, &call))
        return false;
    click = find_click(s, tracker, u->query, &call, &id, &param);
    if (!click) {
        note_unknown(s, t, id, param, notes);
        return false;
    }
    conv = (struct session_conversion){
        .status = status_word(t, &call.conversion),
        .type = call.conversion.fields[FIELD_TYPE].value,
        .status2 = call.conversion.fields[FIELD_TYPE].value,
        .payout = call.conversion.fields[FIELD_PAYOUT].value,
        .currency = call.conversion.fields[FIELD_CURRENCY].value,
        .txid = call.conversion.fields[FIELD_TXID].value,
    };
    if (template.len && !slice_starts(template, S("?")) &&
        !leads_here(s, template, "the tracker's postback URL", notes))
        return false;
    if (template.len == 0)
        template = postback_query(t, call.conversion.stage);
    *postback = behind_question_mark(session_fill_tracker(s, click, &conv, template, notes));
    return true;
}

struct slice session_network(struct chain_session *s, struct slice last, struct notes *notes)
{
    struct url page;

    if (url_parse(last, &page) != NULL)
        return (struct slice){ 0 };
    session_note_empty(s, s->chain->network, page.query, "the network's URL", false, notes);
    return session_fill_params(s, s->chain->network, page.query, false);
}

bool chain_calls_tracker(const struct chain_session *s, struct slice network)
{
    struct url u;

    return url_parse(network, &u) == NULL && tracker_of(s, &u) < s->chain->hop_count;
}

bool chain_postback(struct chain_session *s, struct slice network, struct slice *postback,
                    struct notes *notes)
{
    size_t tracker;
    struct url u;

    if (url_parse(network, &u) != NULL)
        return false;
    tracker = tracker_of(s, &u);
    if (tracker < s->chain->hop_count && !has_host(s, u.host))
        note_add(notes, "H017", S("network"),
                 "the network calls %.*s, where no tracker of this chain is: it was taken for %.*s's "
                 "own; a call to clickbaton itself goes to /postback/OFFER",
                 SLICE_ARG(note_short(s->arena, u.host)),
                 SLICE_ARG(s->chain->hops[tracker].name));
    if (tracker < s->chain->hop_count)
        return by_tracker(s, tracker, network, &u, postback, notes);
    if (!leads_here(s, network, "the network's postback", notes))
        return false;
    *postback = u.query;
    return true;
}
