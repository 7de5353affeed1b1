#include "core/translate/past.h"

#include "core/translate/private.h"

#define HOURS_48 (48 * 3600)
#define GAINED_SHOWN 5

/* ---- before ---- */

/* The click that the newest postback with a click id names. */
static bool adopt(const struct history *h, struct slice ttclid, struct click *click, bool *known)
{
    struct slice *f = click->fields, id = { 0 };

    for (size_t i = 0; i < h->count; i++) {
        const struct seen *s = &h->list[i];
        if (s->click_id.len == 0 || (id.len && !slice_eq(id, s->click_id)))
            continue;
        if (id.len == 0 && !*known)
            *click = (struct click){ .hearsay = true };
        id = f[FIELD_CLICK_ID] = s->click_id;
        if (f[FIELD_EVENT_ID].len == 0)
            f[FIELD_EVENT_ID] = s->event_id;
    }
    if (id.len && f[FIELD_TTCLID].len == 0)
        f[FIELD_TTCLID] = ttclid;
    *known |= id.len > 0;
    return id.len > 0;
}

static int load(const struct memory *m, struct translation *t, struct slice click_id,
                struct slice ttclid, struct err *err)
{
    struct history *h = ARENA_NEW(t->arena, struct history);

    if (!h)
        return err_set(err, ERR_BUSY, "the postback needs more memory than a request may have");
    if (m->history(m->context, click_id, ttclid, t->arena, h, err) != 0)
        return -1;
    t->history = h;
    return 0;
}

int past_before(const struct memory *m, const struct offer *offer, struct translation *t,
                struct slice click_id, struct slice ttclid, struct click *click, bool *known,
                struct err *err)
{
    int marked = 0;

    if (t->conversion.stage.len == 0 || (click_id.len == 0 && ttclid.len == 0))
        return 0;
    if (click_id.len == 0) {
        if (load(m, t, click_id, ttclid, err) != 0)
            return -1;
        if (!adopt(t->history, ttclid, click, known))
            return 0;
        trail_add(&t->trail, S("event_id"), click->fields[FIELD_EVENT_ID], NULL,
                  "of the click that an earlier postback with this ttclid named");
        return load(m, t, click->fields[FIELD_CLICK_ID], ttclid, err);
    }
    if (!lifecycle_wants(offer, t->conversion.stage) &&
        (marked = m->marked(m->context, click_id, ttclid, err)) <= 0)
        return marked;
    return load(m, t, click_id, ttclid, err);
}

/* ---- after ---- */

struct settle {
    const struct memory *memory;
    const struct offer *offer;
    const struct params *params;
    struct translation *t;
    const struct event_rule *rule; /* of the first event */
    const struct seen *first;      /* the postback of which it was made; NULL: not known */
    bool twin;                     /* which sent the transaction at another stage */
    bool recalled;                 /* then is filled */
    struct translation then;       /* that postback, read once more */
    struct params then_params;
    struct slice text;
    const char *code; /* of the first difference */
    int64_t now;
};

static struct slice field_of(const struct translation *t, enum field f)
{
    return slice_trim(t->conversion.fields[f].value);
}

/* One more difference; the first one gives the code. */
static void differs(struct settle *s, const char *code, struct slice sentence)
{
    if (!s->code)
        s->code = code;
    s->text = arena_printf(s->t->arena, "%.*s; %.*s", SLICE_ARG(s->text), SLICE_ARG(sentence));
}

static const struct event_rule *rule_of(const struct offer *offer, struct slice stage,
                                        struct slice event)
{
    const struct stage_rule *rule = mapping_rule(offer, stage);

    for (const struct event_rule *e = rule ? rule->events : NULL; e; e = e->next)
        if (slice_eq(e->event, event))
            return e;
    return NULL;
}

static void find_first(struct settle *s)
{
    struct slice event = s->t->events[0].event, txid = field_of(s->t, FIELD_TXID);
    const struct history *h = s->t->history;
    bool repeatable;

    s->rule = rule_of(s->offer, s->t->conversion.stage, event);
    repeatable = s->rule && s->rule->repeatable;
    s->first = lifecycle_source(s->offer, h, event, repeatable ? txid : (struct slice){ 0 },
                                repeatable);
    if (s->first || !s->rule || !s->rule->twin || txid.len == 0)
        return;
    s->first = lifecycle_source(s->offer, h, event, txid, !repeatable);
    s->twin = s->first != NULL;
}

/* Read the first postback once more, if its parameters were kept. */
static int recall(struct settle *s, struct err *err)
{
    struct arena *arena = s->t->arena;
    struct slice kept = { 0 };
    struct err ignored = { 0 };
    int rc = s->memory->params(s->memory->context, s->first->id, arena, &kept, err);

    s->then.arena = s->then.notes.arena = arena;
    s->then_params = (struct params){ .arena = arena, .notes = &s->then.notes };
    s->recalled = rc == 1 && params_query(&s->then_params, kept, &ignored) == 0 &&
                  translate_read(s->offer, &s->then_params, arena, &s->then, &ignored) == 0;
    return rc < 0 ? -1 : 0;
}

/* ---- differences ---- */

static void compare_twin(struct settle *s)
{
    struct slice txid = field_of(s->t, FIELD_TXID);

    if (s->twin)
        differs(s, "D005",
                arena_printf(s->t->arena,
                             "the transaction \"%.*s\" was sent at the stage \"%.*s\", and one "
                             "transaction is one event: a payment of its own needs a transaction id "
                             "of its own",
                             SLICE_ARG(record_shown(s->t->arena, txid)),
                             SLICE_ARG(s->first->stage)));
}

static void compare_txid(struct settle *s)
{
    struct slice was = s->first->txid, is = field_of(s->t, FIELD_TXID);
    struct arena *a = s->t->arena;

    if (s->twin || was.len == 0 || is.len == 0 || slice_eq(was, is) || !s->rule ||
        s->rule->repeatable)
        return;
    differs(s, "D003",
            arena_printf(a, "the transaction was \"%.*s\" then and is \"%.*s\" now: if each is a "
                            "conversion of its own, say repeatable: true (%.*s:%u)",
                         SLICE_ARG(record_shown(a, was)), SLICE_ARG(record_shown(a, is)),
                         SLICE_ARG(s->rule->at.source->name), s->rule->at.line));
}

/* "12.5 USD"; empty: none that can be read. */
static struct slice amount_of(const struct settle *s, const struct translation *t)
{
    struct slice text = field_of(t, FIELD_PAYOUT), code = field_of(t, FIELD_CURRENCY), inside, out;
    enum money_result result;
    struct buf b = { .limit = 64 };
    struct money m;

    result = money_parse(text, s->offer->mark, &m, &inside);
    if (result != MONEY_OK && result != MONEY_ROUNDED)
        return (struct slice){ 0 };
    if (inside.len)
        code = inside;
    if (code.len == 0)
        code = s->offer->payout_currency;
    money_print(&b, m);
    for (size_t i = 0; i < code.len && i < 3; i++) {
        if (i == 0)
            buf_byte(&b, ' ');
        buf_byte(&b, ascii_upper(code.ptr[i]));
    }
    out = arena_dup(s->t->arena, buf_slice(&b));
    buf_free(&b);
    return out;
}

static void compare_payout(struct settle *s)
{
    struct slice was = amount_of(s, &s->then), is = amount_of(s, s->t);

    if (!s->recalled || is.len == 0 || slice_eq(was, is))
        return;
    differs(s, "D002",
            arena_printf(s->t->arena,
                         "the payout was %s%.*s then and is %.*s now: TikTok can't change an event, "
                         "so the first one stands",
                         was.len ? "" : "not said", SLICE_ARG(was), SLICE_ARG(is)));
}

/* sale, rejected, and sale again. */
static void compare_stages(struct settle *s)
{
    struct slice stage = s->t->conversion.stage;
    const struct seen *last =
        lifecycle_last(s->offer, s->t->history, stage, field_of(s->t, FIELD_TXID));

    if (s->twin || !last || last->id <= s->first->id || slice_eq(last->stage, stage))
        return;
    differs(s, "D004",
            arena_printf(s->t->arena,
                         "since then it was \"%.*s\" (%.*s), and that it is \"%.*s\" again changes "
                         "nothing at TikTok: the first event stands",
                         SLICE_ARG(last->stage), SLICE_ARG(lifecycle_when(s->t->arena, last->at)),
                         SLICE_ARG(stage)));
}

static void list_gain(struct settle *s, struct slice name, struct slice *list, unsigned *count)
{
    if (++*count <= GAINED_SHOWN)
        *list = arena_printf(s->t->arena, "%.*s%s%.*s", SLICE_ARG(*list), list->len ? ", " : "",
                             SLICE_ARG(record_shown(s->t->arena, name)));
    else if (*count == GAINED_SHOWN + 1)
        *list = arena_printf(s->t->arena, "%.*s ...", SLICE_ARG(*list));
}

/* One conversion from two levels of a tracker: what the second knows comes too late. */
static void compare_knowledge(struct settle *s)
{
    static const enum field told[] = { FIELD_TXID, FIELD_TTCLID, FIELD_TTP, FIELD_IP,
                                       FIELD_USER_AGENT, FIELD_PAGE_URL, FIELD_REFERRER };
    struct slice list = { 0 }, value;
    unsigned count = 0;

    if (!s->recalled)
        return;
    for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
        const struct field_value *v = &s->t->conversion.fields[told[i]];
        if (v->value.len && (v->origin == ORIGIN_PARAM || v->origin == ORIGIN_TRACKER) &&
            s->then.conversion.fields[told[i]].value.len == 0)
            list_gain(s, v->name, &list, &count);
    }
    for (size_t i = 0; i < s->offer->param_count; i++) {
        struct slice name = s->offer->params[i];
        if (params_get(s->params, name, &value) && !record_unusable(value) &&
            !(params_get(&s->then_params, name, &value) && !record_unusable(value)))
            list_gain(s, name, &list, &count);
    }
    if (count)
        differs(s, "D006",
                arena_printf(s->t->arena,
                             "this postback also has %.*s, which the first had not: the "
                             "event is out and is not sent again",
                             SLICE_ARG(list)));
}

static struct slice word_of(const struct translation *t)
{
    struct slice word = field_of(t, FIELD_STATUS);

    return word.len ? word : field_of(t, FIELD_TYPE);
}

static void compare_words(struct settle *s)
{
    struct slice was = word_of(&s->then), is = word_of(s->t), stage = s->t->conversion.stage;
    struct arena *a = s->t->arena;

    if (s->twin)
        return;
    if (!slice_eq(s->first->stage, stage))
        differs(s, "D007",
                arena_printf(a, "it was sent at the stage \"%.*s\" then, and this is \"%.*s\"",
                             SLICE_ARG(s->first->stage), SLICE_ARG(stage)));
    else if (was.len && is.len && !slice_eq_nocase(was, is))
        differs(s, "D007",
                arena_printf(a, "the word was \"%.*s\" then and is \"%.*s\" now",
                             SLICE_ARG(record_shown(a, was)), SLICE_ARG(record_shown(a, is))));
}

static void compare_time(struct settle *s)
{
    if (s->now - s->first->at > HOURS_48)
        differs(s, "D008",
                S("that is more than 48 hours ago: TikTok would count it again, so it is not sent"));
}

/* In the order of weight: the first that is found gives the code. */
static void (*const comparisons[])(struct settle *) = {
    compare_twin,      compare_txid,  compare_payout, compare_stages,
    compare_knowledge, compare_words, compare_time,
};

/* The event is sent although what it stands for was taken back before. */
static void note_return(const struct offer *offer, struct translation *t)
{
    struct slice stage = t->conversion.stage;
    const struct seen *last =
        t->history ? lifecycle_last(offer, t->history, stage, field_of(t, FIELD_TXID)) : NULL;

    if (last && lifecycle_takes_back(last->stage) && !lifecycle_takes_back(stage))
        note_add(&t->notes, "W074", S("status"),
                 "status: this conversion was \"%.*s\" before (%.*s); \"%.*s\" is sent all the same, "
                 "`transitions:` could refuse it",
                 SLICE_ARG(last->stage), SLICE_ARG(lifecycle_when(t->arena, last->at)), SLICE_ARG(stage));
}

static int duplicate(struct settle *s, struct err *err)
{
    struct translation *t = s->t;
    const struct field_value *f = t->conversion.fields;

    s->text = arena_printf(t->arena, "%.*s with event_id \"%.*s\" was accepted before",
                           SLICE_ARG(t->events[0].event), SLICE_ARG(t->events[0].event_id));
    t->verdict = VERDICT_DUPLICATE;
    t->code = "D001";
    t->reason = s->text;
    if (!t->history && (f[FIELD_CLICK_ID].value.len || f[FIELD_TTCLID].value.len) &&
        load(s->memory, t, f[FIELD_CLICK_ID].value, f[FIELD_TTCLID].value, err) != 0)
        return -1;
    if (t->history)
        find_first(s);
    if (s->first) {
        if (recall(s, err) != 0)
            return -1;
        s->text = arena_printf(t->arena, "%.*s (%.*s)", SLICE_ARG(s->text),
                               SLICE_ARG(lifecycle_when(t->arena, s->first->at)));
        if (s->first->event_id.len && !slice_eq(s->first->event_id, f[FIELD_EVENT_ID].value))
            s->text = arena_printf(t->arena, "%.*s, when its event_id was \"%.*s\"",
                                   SLICE_ARG(s->text), SLICE_ARG(s->first->event_id));
        for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++)
            comparisons[i](s);
    }
    if (s->code)
        t->code = s->code;
    t->reason = s->text;
    return 0;
}

int past_settle(const struct memory *m, const struct offer *offer, const struct params *params,
                struct translation *t, bool fresh, int64_t now, struct err *err)
{
    struct settle s = { .memory = m, .offer = offer, .params = params, .t = t, .now = now };

    if (t->event_count == 0)
        return 0;
    if (fresh)
        note_return(offer, t);
    else if (duplicate(&s, err) != 0)
        return -1;
    translate_scrub(t);
    return t->arena->full ? err_set(err, ERR_BUSY, "the postback needs more memory than a request "
                                                   "may have")
                          : 0;
}
