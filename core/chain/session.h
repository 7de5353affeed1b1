/* session.h: what the servers of a chain and the visitor's browser know by now; only for
 * core/chain.
 */
#ifndef CORE_CHAIN_SESSION_H
#define CORE_CHAIN_SESSION_H

#include "core/chain/chain.h"
#include "core/chain/edit.h"

#define SESSION_CLICKS_MAX 16
#define SESSION_SITES_MAX 16
#define SESSION_STORED_MAX 64

struct stored_param {
    struct slice name, value; /* decoded */
};

/* A click in a tracker's database. */
struct session_click {
    const struct hop *hop; /* that made it */
    struct slice host, id, external_id;
    struct stored_param params[SESSION_STORED_MAX];
    size_t param_count;
};

/* What lander.js keeps in the cookies and the storage of one site. */
struct session_site {
    struct slice host;
    struct slice ids[CHAIN_IDS];
};

struct chain_session {
    const struct chain *chain;
    const struct chain_world *world;
    struct arena *arena;
    const struct hop_break *extra;
    size_t extra_at;
    struct slice start, unknown; /* unknown: a macro of the link that TikTok does not have */
    struct slice ids[CHAIN_IDS]; /* the right ones, as far as they exist by now */
    struct session_click clicks[SESSION_CLICKS_MAX];
    size_t click_count;
    struct session_site sites[SESSION_SITES_MAX];
    size_t site_count;
    const struct hop *astray; /* the first hop that leads to another host than the next one's */
    bool by_link;             /* the right event_id is a link's: the first page decides */
    unsigned made;            /* event_ids that lander.js has made of nothing */
    struct slice document;    /* the last page that was shown: the referrer of the next one */
    const struct hop *second; /* the first page that has made an event_id beside the right one */
};

/* The failures of hop i, the extra one last. */
size_t session_break_count(const struct chain_session *s, size_t i);
const struct hop_break *session_break(const struct chain_session *s, size_t i, size_t k);
bool session_breaks(const struct chain_session *s, size_t i, const char *name);

/* The tracker's click of that id, NULL when it knows none: it does not know those of others. */
struct session_click *session_find_click(struct chain_session *s, const struct tracker *tracker,
                                         struct slice id);

/* value, if the click has a parameter of that name. */
bool session_click_param(const struct session_click *c, struct slice name, struct slice *value);

/* Can the tracker hand on again what came in the parameter of that name, by a macro of its own? */
bool session_hands_on(const struct session_click *c, struct slice param);

struct session_site *session_site(struct chain_session *s, struct slice host); /* NULL: too many */

/* What a page's pixel sends as event_id; the first page's is the right one. */
void session_page_says(struct chain_session *s, const struct hop *hop, struct slice event_id,
                       struct notes *notes);

/* lander.js has come to `page` (with its fragment): the ids of this visit into the site's memory. */
void lander_visit(struct chain_session *s, struct session_site *site, struct slice page);

/* "https://lander.example", with the port if there is one; in the arena. */
struct slice session_origin(struct chain_session *s, const struct url *u);

/* How well an id stands in a text that is no URL. */
enum baton_state session_state_in(struct arena *arena, struct slice text, struct slice wanted);

/* What lander.js does on the page of hop i, which stands at `page` (with its fragment): reads and
 * keeps the ids.  true: *out is what it registers. */
bool session_visit(struct chain_session *s, size_t i, struct slice page,
                   struct chain_registration *out, struct notes *notes);

/* The link as it leaves that page: what the script fills or adds. */
struct slice session_leave(struct chain_session *s, size_t i, struct slice page, struct slice to);

/* The URL that the network calls once the visitor has bought at `last`. */
struct slice session_network(struct chain_session *s, struct slice last, struct notes *notes);

/* What is known once a conversion has come; all may be empty. */
struct session_conversion {
    struct slice status, status2, type, payout, currency, txid;
};

/* text with the tracker's macros filled from the click.  What the tracker does not know stays, and
 * is the subject of a note H004.  conversion: NULL at click time. */
struct slice session_fill_tracker(struct chain_session *s, const struct session_click *click,
                                  const struct session_conversion *conversion, struct slice text,
                                  struct notes *notes);

/* text with {x} filled by the parameters of a query; empty when there is none.  keep_ids: then
 * {ttclid} and the other two stay, for a script to fill. */
struct slice session_fill_params(struct chain_session *s, struct slice text, struct slice query,
                                 bool keep_ids);

/* A note H022 for each {x} of text that finds no parameter in query; what: whose text it is. */
void session_note_empty(struct chain_session *s, struct slice text, struct slice query,
                        const char *what, bool keep_ids, struct notes *notes);

#endif
