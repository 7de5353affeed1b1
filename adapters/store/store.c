#include "adapters/store/store.h"

#include "adapters/store/engine.h"

/* Every write goes through here, so that no engine can write outside of a transaction, or go on
 * in one that has failed. */
static int writing(const struct store *s, struct err *err)
{
    if (!s->in_tx)
        return err_set(err, ERR_INPUT, "store: a write outside of begin and commit");
    if (s->failed)
        return err_set(err, ERR_SYSTEM, "store: this transaction has failed before; roll it back");
    return 0;
}

static int begin(struct store *s, int (*start)(struct store *, struct err *), struct err *err)
{
    if (!s->writer)
        return err_set(err, ERR_INPUT, "store: opened for reading, it can't be written");
    if (s->in_tx)
        return err_set(err, ERR_INPUT, "store: a transaction is open already");
    if (start(s, err) != 0)
        return -1;
    s->in_tx = true;
    s->failed = false;
    return 0;
}

int store_begin(struct store *s, struct err *err)
{
    return begin(s, s->ops->begin, err);
}

int store_begin_group(struct store *s, struct err *err)
{
    return begin(s, s->ops->begin_group ? s->ops->begin_group : s->ops->begin, err);
}

int store_commit(struct store *s, struct err *err)
{
    int rc = writing(s, err) != 0 ? -1 : s->ops->commit(s, err);

    if (rc < 0)
        store_rollback(s);
    if (rc == 0)
        s->in_tx = false;
    return rc;
}

void store_rollback(struct store *s)
{
    if (s->in_tx)
        s->ops->rollback(s);
    s->in_tx = s->failed = false;
}

int store_click_decide(struct store *s, const struct store_click *click,
                       const struct store_refusal *how, struct store_refused *out, struct err *err)
{
    *out = (struct store_refused){ .anew = false };
    if (writing(s, err) != 0)
        return -1;
    if (click->click_id.len == 0 && click->ttclid.len == 0)
        return err_set(err, ERR_INPUT, "store: a click needs a click_id or a ttclid");
    return s->ops->click_put(s, click, how, out, err);
}

int store_click_put(struct store *s, const struct store_click *click, struct err *err)
{
    struct store_refused none;

    return store_click_decide(s, click, NULL, &none, err);
}

int store_postback_id(struct store *s, int64_t *id, struct err *err)
{
    return writing(s, err) != 0 ? -1 : s->ops->postback_id(s, id, err);
}

int store_postback_put(struct store *s, struct store_postback *pb, struct err *err)
{
    return writing(s, err) != 0 ? -1 : s->ops->postback_put(s, pb, err);
}

int store_event_put(struct store *s, struct store_event *ev, int64_t *first, struct err *err)
{
    return writing(s, err) != 0 ? -1 : s->ops->event_put(s, ev, first, err);
}

int store_take(struct store *s, struct slice pixel, int64_t now, int64_t give_up, unsigned max,
               struct arena *arena, struct store_event **list, size_t *count, struct err *err)
{
    if (writing(s, err) != 0)
        return -1;
    return s->ops->take(s, pixel, now, give_up, max, arena, list, count, err);
}

int store_report(struct store *s, const struct store_attempt *attempt,
                 const struct store_outcome *outcomes, size_t count, struct err *err)
{
    if (writing(s, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (outcomes[i].state != STORE_DELIVERED && outcomes[i].state != STORE_WAITING &&
            outcomes[i].state != STORE_DEAD)
            return err_set(err, ERR_INPUT, "store: event %lld reported with state %d",
                           (long long)outcomes[i].event_id, (int)outcomes[i].state);
    return s->ops->report(s, attempt, outcomes, count, err);
}

int store_recover(struct store *s, int64_t now, int64_t *recovered, struct err *err)
{
    return writing(s, err) != 0 ? -1 : s->ops->recover(s, now, recovered, err);
}

bool store_shares(const struct store *s)
{
    return s->ops->renew != NULL;
}

void store_name(struct store *s, struct slice node, int64_t run)
{
    if (s->ops->name)
        s->ops->name(s, node, run);
}

bool store_clock(const struct store *s, struct store_clock *out)
{
    return s->ops->clock && s->ops->clock(s, out);
}

static int shared(const struct store *s, struct err *err)
{
    return store_shares(s) ? 0 : err_set(err, ERR_INPUT, "store: this engine has one writer");
}

int store_renew(struct store *s, int64_t now, int64_t *recovered, struct err *err)
{
    return shared(s, err) != 0 || writing(s, err) != 0 ? -1 : s->ops->renew(s, now, recovered, err);
}

int store_look(struct store *s, struct store_gate *list, size_t count, struct store_crowd *crowd, struct arena *arena,
               struct err *err)
{
    return shared(s, err) != 0 ? -1 : s->ops->look(s, list, count, crowd, arena, err);
}

int store_gate_set(struct store *s, const struct store_gate *gate, int64_t mine, bool anew, struct err *err)
{
    return shared(s, err) != 0 || writing(s, err) != 0 ? -1 : s->ops->gate_set(s, gate, mine, anew, err);
}

int store_spill_meet(struct store *s, int64_t token, bool known, int64_t *upto, struct err *err)
{
    return shared(s, err) != 0 || writing(s, err) != 0 ? -1 : s->ops->spill_meet(s, token, known, upto, err);
}

int store_spill_mark(struct store *s, const struct store_spill *mark, struct err *err)
{
    return shared(s, err) != 0 || writing(s, err) != 0 ? -1 : s->ops->spill_mark(s, mark, err);
}

int store_clock_back(struct store *s, int64_t by, struct err *err)
{
    return writing(s, err) != 0 ? -1 : s->ops->clock_back(s, by, err);
}

int store_click_find(struct store *s, struct slice offer, struct slice click_id,
                     struct slice ttclid, struct arena *arena, struct store_click *out,
                     struct err *err)
{
    return s->ops->click_find(s, offer, click_id, ttclid, arena, out, err);
}

int store_list_latest(struct store *s, const struct store_latest *what, unsigned max,
                      struct arena *arena, struct store_postback **list, size_t *count,
                      int64_t *next, struct err *err)
{
    return s->ops->list_latest(s, what, max, arena, list, count, next, err);
}

int store_events_of(struct store *s, const struct store_postback *pb, struct arena *arena,
                    struct store_event **list, size_t *count, struct err *err)
{
    return s->ops->events_of(s, pb, arena, list, count, err);
}

int store_cursor_newest(struct store *s, struct store_cursor *out, struct err *err)
{
    *out = (struct store_cursor){ .looked = { 0 } };
    return s->ops->newest(s, out, err);
}

struct store_cursor store_cursor_at(const struct store *s, int64_t postback, int64_t attempt)
{
    struct store_cursor at = { .postback = { postback }, .attempt = { attempt } };

    if (s->ops->cursor_at)
        s->ops->cursor_at(&at);
    return at;
}

int64_t store_cursor_top(const int64_t of[STORE_WRITERS])
{
    int64_t top = 0;

    for (int i = 0; i < STORE_WRITERS; i++)
        top = of[i] > top ? of[i] : top;
    return top;
}

int64_t *store_cursor_place(const struct store *s, struct store_cursor *at, int64_t postback)
{
    return s->ops->cursor_place ? s->ops->cursor_place(s, at, postback) : &at->postback[0];
}

int store_news(struct store *s, struct store_cursor *at, unsigned max, struct arena *arena,
               struct store_postback **list, size_t *count, struct err *err)
{
    if (s->ops->news)
        return s->ops->news(s, at, max, arena, list, count, err);
    if (s->ops->list_postbacks(s, (struct slice){ 0 }, 0, at->postback[0], max, arena, list, count, err) != 0)
        return -1;
    if (*count)
        at->postback[0] = (*list)[*count - 1].id;
    return 0;
}

int store_changed_events(struct store *s, struct store_cursor *at, unsigned max, struct arena *arena,
                         int64_t **ids, size_t *count, struct err *err)
{
    return s->ops->changed_events(s, at, max, arena, ids, count, err);
}

int store_walk_tallies(struct store *s, int64_t since, int64_t until, struct slice offer,
                       store_tally_visit *visit, void *context, struct err *err)
{
    return s->ops->walk_tallies(s, since, until, offer, visit, context, err);
}

int store_list_again(struct store *s, const struct store_again *what, int64_t *after, unsigned max,
                     int64_t *ids, size_t *count, struct err *err)
{
    return s->ops->list_again(s, what, after, max, ids, count, err);
}

int store_get_postback(struct store *s, int64_t id, struct arena *arena, struct store_postback *out,
                       struct err *err)
{
    return s->ops->get_postback(s, id, arena, out, err);
}

int store_get_event(struct store *s, int64_t id, struct arena *arena, struct store_event *out,
                    struct err *err)
{
    return s->ops->get_event(s, id, arena, out, err);
}

int store_postback_again(struct store *s, const struct store_postback *pb, struct err *err)
{
    return writing(s, err) != 0 ? -1 : s->ops->postback_again(s, pb, err);
}

int store_event_again(struct store *s, int64_t id, int64_t due, bool anew, struct slice note,
                      struct err *err)
{
    return writing(s, err) != 0 ? -1 : s->ops->event_again(s, id, due, anew, note, err);
}

/* A writer asks in the transaction that the answer is for. */
static int looking_back(const struct store *s, struct err *err)
{
    return s->writer ? writing(s, err) : 0;
}

int store_marked(struct store *s, struct slice offer, struct slice click_id, struct slice ttclid,
                 struct err *err)
{
    return looking_back(s, err) != 0 ? -1 : s->ops->marked(s, offer, click_id, ttclid, err);
}

int store_history(struct store *s, struct slice offer, struct slice click_id, struct slice ttclid,
                  unsigned max, struct arena *arena, struct store_seen **list, size_t *count,
                  struct err *err)
{
    if (looking_back(s, err) != 0)
        return -1;
    return s->ops->history(s, offer, click_id, ttclid, max, arena, list, count, err);
}

int store_postback_params(struct store *s, int64_t id, struct arena *arena, struct slice *params,
                          struct err *err)
{
    return looking_back(s, err) != 0 ? -1 : s->ops->postback_params(s, id, arena, params, err);
}

int store_pixels_due(struct store *s, struct arena *arena, struct store_due **list, size_t *count,
                     struct err *err)
{
    return s->ops->pixels_due(s, arena, list, count, err);
}

int store_find_clicks(struct store *s, struct slice id, unsigned max, struct arena *arena,
                      struct store_click **list, size_t *count, struct err *err)
{
    return s->ops->find_clicks(s, id, max, arena, list, count, err);
}

int store_find_postbacks(struct store *s, struct slice id, unsigned max, struct arena *arena,
                         struct store_postback **list, size_t *count, struct err *err)
{
    return s->ops->find_postbacks(s, id, max, arena, list, count, err);
}

int store_find_events(struct store *s, struct slice id, unsigned max, struct arena *arena,
                      struct store_event **list, size_t *count, struct err *err)
{
    return s->ops->find_events(s, id, max, arena, list, count, err);
}

int store_list_postbacks(struct store *s, struct slice offer, int64_t since, int64_t after,
                         unsigned max, struct arena *arena, struct store_postback **list,
                         size_t *count, struct err *err)
{
    return s->ops->list_postbacks(s, offer, since, after, max, arena, list, count, err);
}

int store_walk_events(struct store *s, int64_t since, store_event_visit *visit, void *context,
                      struct err *err)
{
    return s->ops->walk_events(s, since, visit, context, err);
}

int store_walk_briefs(struct store *s, int64_t since, store_brief_visit *visit, void *context,
                      struct err *err)
{
    return s->ops->walk_briefs(s, since, visit, context, err);
}

int store_walk_fates(struct store *s, int64_t since, bool bodies, store_fate_visit *visit,
                     void *context, struct err *err)
{
    return s->ops->walk_fates(s, since, bodies, visit, context, err);
}

int store_walk_click_ids(struct store *s, store_click_ids_visit *visit, void *context,
                         struct err *err)
{
    return s->ops->walk_click_ids(s, visit, context, err);
}

int store_attempts_of(struct store *s, int64_t event_id, struct arena *arena,
                      struct store_attempt **list, size_t *count, struct err *err)
{
    return s->ops->attempts_of(s, event_id, arena, list, count, err);
}

int store_counts(struct store *s, struct store_counts *out, struct err *err)
{
    return s->ops->counts(s, out, err);
}

void store_moved(const struct store *s, struct store_moved *out)
{
    s->ops->moved(s, out);
}

int store_maintain(struct store *s, struct err *err)
{
    return s->ops->maintain(s, err);
}

void store_close(struct store *s)
{
    if (!s)
        return;
    store_rollback(s);
    s->ops->close(s);
}

int store_retain(struct store *s, const struct store_retention *how, struct store_retained *out,
                 struct err *err)
{
    *out = (struct store_retained){ 0 };
    return writing(s, err) != 0 ? -1 : s->ops->retain(s, how, out, err);
}

int store_give_back(struct store *s, unsigned pages, int64_t *left, struct err *err)
{
    *left = 0;
    return writing(s, err) != 0 ? -1 : s->ops->give_back(s, pages, left, err);
}
