/* pg_write.c: what a group has gathered, one statement for each table.  Columns are arrays. */
#include "adapters/store/pg_group.h"

/* ---- columns of a list of structs ---- */

struct list {
    const char *rows;
    size_t size, count;
};

static struct slice text_of(const struct list *l, size_t row, size_t offset)
{
    return *(const struct slice *)(const void *)(l->rows + row * l->size + offset);
}

static void ints(struct pg_call *c, const struct list *l, size_t offset)
{
    int64_t *n = ARENA_ARRAY(&c->s->scratch, int64_t, l->count);

    for (size_t i = 0; n && i < l->count; i++)
        n[i] = *(const int64_t *)(const void *)(l->rows + i * l->size + offset);
    pg_ints(c, n, n ? l->count : 0);
}

static void texts(struct pg_call *c, const struct list *l, size_t offset)
{
    struct slice *s = ARENA_ARRAY(&c->s->scratch, struct slice, l->count);

    for (size_t i = 0; s && i < l->count; i++)
        s[i] = text_of(l, i, offset);
    pg_texts(c, s, s ? l->count : 0);
}

static void hashes(struct pg_call *c, const struct list *l, size_t offset, int64_t (*hash)(struct slice))
{
    int64_t *n = ARENA_ARRAY(&c->s->scratch, int64_t, l->count);

    for (size_t i = 0; n && i < l->count; i++)
        n[i] = hash(text_of(l, i, offset));
    pg_ints(c, n, n ? l->count : 0);
}

static void all_texts(struct pg_call *c, const struct list *l, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        texts(c, l, offsets[i]);
}

static void all_hashes(struct pg_call *c, const struct list *l, const size_t *offsets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hashes(c, l, offsets[i], pg_hash);
}

#define OFFSETS(a) (a), sizeof(a) / sizeof(*(a))

/* ---- clicks ---- */

struct row_click {
    struct kept_click k;
    struct slice key;
};

#define CLICK(field) offsetof(struct row_click, k.click.field)

static int write_clicks(struct pg *s, enum pg_sql which, const struct row_click *rows, size_t count, struct err *err)
{
    static const size_t said[] = { CLICK(click_id), CLICK(event_id), CLICK(ttp), CLICK(ip), CLICK(consent), CLICK(page_url),
                                   CLICK(ttclid), CLICK(user_agent), CLICK(referrer), CLICK(country) };
    static const size_t ids[] = { CLICK(click_id), CLICK(event_id) };
    const struct list l = { (const char *)rows, sizeof(*rows), count };
    struct pg_call c;

    pg_start(&c, s, which);
    ints(&c, &l, offsetof(struct row_click, k.id));
    texts(&c, &l, CLICK(offer));
    ints(&c, &l, CLICK(at));
    ints(&c, &l, offsetof(struct row_click, k.keyed));
    all_texts(&c, &l, OFFSETS(said));
    texts(&c, &l, offsetof(struct row_click, key));
    all_hashes(&c, &l, OFFSETS(ids));
    hashes(&c, &l, CLICK(ttclid), pg_ttclid_hash);
    return pg_queue(&c, NULL, NULL, err);
}

int pg_write_clicks(struct pg *s, const struct pass_click *list, struct err *err)
{
    for (int known = 0; known < 2; known++) {
        struct row_click *rows;
        size_t n = 0, count = 0;
        for (const struct pass_click *p = list; p; p = p->next)
            n += p->known == known;
        if (n == 0)
            continue;
        if (!(rows = ARENA_ARRAY(&s->scratch, struct row_click, n)))
            return pg_no_room(err);
        for (const struct pass_click *p = list; p; p = p->next)
            if (p->known == known)
                rows[count++] = (struct row_click){ p->k, pg_click_key(s, &p->k.click) };
        if (write_clicks(s, known ? PG_GROUP_CLICKS_SET : PG_GROUP_CLICKS_ADD, rows, n, err) != 0)
            return -1;
    }
    return 0;
}

/* ---- events ---- */

#define EVENT(field) offsetof(struct pg_put_event, ev.field)

static int claim(struct pg *s, enum pg_sql which, const struct pg_put_event *list, size_t count, int own, struct err *err)
{
    bool plain = which == PG_GROUP_PLAIN_KEYS_ADD;
    struct slice *keys = ARENA_ARRAY(&s->scratch, struct slice, count);
    int64_t *ids = ARENA_ARRAY(&s->scratch, int64_t, count);
    size_t n = 0;
    struct pg_call c;

    if (!keys || !ids)
        return pg_no_room(err);
    for (size_t i = 0; i < count; i++) {
        if (plain ? list[i].plain_key.len == 0 : list[i].ev.own_id != own)
            continue;
        keys[n] = plain ? list[i].plain_key : list[i].key;
        ids[n++] = list[i].id;
    }
    if (n == 0)
        return 0;
    pg_start(&c, s, which);
    pg_texts(&c, keys, n);
    pg_ints(&c, ids, n);
    if (!plain)
        pg_int(&c, own);
    return pg_queue(&c, NULL, NULL, err);
}

static int write_events(struct pg *s, const struct list *l, struct err *err)
{
    static const size_t names[] = { EVENT(offer), EVENT(pixel), EVENT(event), EVENT(test_code), EVENT(event_id),
                                    EVENT(click_id), EVENT(body), EVENT(ttclid) };
    static const size_t more[] = { EVENT(original_currency), EVENT(consent), EVENT(consent_said), EVENT(plain_id) };
    static const size_t ids[] = { EVENT(click_id), EVENT(event_id) };
    struct pg_call c;

    pg_start(&c, s, PG_GROUP_EVENTS_ADD);
    ints(&c, l, offsetof(struct pg_put_event, id));
    ints(&c, l, EVENT(postback_id));
    ints(&c, l, EVENT(created));
    all_texts(&c, l, OFFSETS(names));
    ints(&c, l, EVENT(value));
    texts(&c, l, EVENT(currency));
    ints(&c, l, EVENT(original_value));
    all_texts(&c, l, OFFSETS(more));
    all_hashes(&c, l, OFFSETS(ids));
    hashes(&c, l, EVENT(ttclid), pg_ttclid_hash);
    hashes(&c, l, EVENT(order_id), pg_hash);
    if (pg_queue(&c, NULL, NULL, err) != 0)
        return -1;
    pg_start(&c, s, PG_GROUP_DELIVERIES_ADD);
    ints(&c, l, offsetof(struct pg_put_event, id));
    texts(&c, l, EVENT(pixel));
    ints(&c, l, EVENT(created));
    texts(&c, l, EVENT(test_code));
    return pg_queue(&c, NULL, NULL, err);
}

int pg_write_events(struct pg *s, const struct pg_put_event *list, size_t count, struct err *err)
{
    const struct list l = { (const char *)list, sizeof(*list), count };
    int rc = 0;

    if (count == 0)
        return 0;
    for (int own = 0; rc == 0 && own < 2; own++)
        rc = claim(s, PG_GROUP_KEYS_ADD, list, count, own, err);
    if (rc == 0)
        rc = claim(s, PG_GROUP_PLAIN_KEYS_ADD, list, count, 0, err);
    return rc != 0 ? rc : write_events(s, &l, err);
}

/* ---- postbacks ---- */

#define PB(field) offsetof(struct row_postback, pb.field)

struct row_postback {
    struct store_postback pb;
    int64_t id, verdict;
};

int pg_write_postbacks(struct pg *s, const struct pg_put_postback *list, size_t count, struct err *err)
{
    static const size_t names[] = { PB(offer), PB(tracker), PB(method), PB(stage) };
    static const size_t said[] = { PB(code), PB(click_id), PB(event_id), PB(txid), PB(content_type), PB(address),
                                   PB(params), PB(ttclid), PB(reason), PB(warnings) };
    static const size_t ids[] = { PB(click_id), PB(event_id), PB(txid) };
    struct row_postback *rows = ARENA_ARRAY(&s->scratch, struct row_postback, count);
    struct pg_mark *marks = ARENA_ARRAY(&s->scratch, struct pg_mark, count);
    size_t marked = 0;
    const struct list l = { (const char *)rows, sizeof(*rows), count };
    struct pg_call c;

    if (count == 0)
        return 0;
    if (!rows || !marks)
        return pg_no_room(err);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct row_postback){ list[i].pb, list[i].id, list[i].pb.verdict };
        marked += (size_t)pg_mark_of(&list[i].pb, list[i].id, &marks[marked]);
    }
    pg_start(&c, s, PG_GROUP_POSTBACKS_ADD);
    ints(&c, &l, offsetof(struct row_postback, id));
    ints(&c, &l, PB(at));
    all_texts(&c, &l, OFFSETS(names));
    ints(&c, &l, offsetof(struct row_postback, verdict));
    all_texts(&c, &l, OFFSETS(said));
    all_hashes(&c, &l, OFFSETS(ids));
    hashes(&c, &l, PB(ttclid), pg_ttclid_hash);
    return pg_queue(&c, NULL, NULL, err) != 0 ? -1 : pg_marks_add(s, marks, marked, err);
}
