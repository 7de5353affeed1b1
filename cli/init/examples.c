/* examples.c: a postback and a click as the tracker sends them, for the tests of a new offer. */
#include "cli/catalog.h"
#include "cli/init/init.h"

static struct slice name_of(const struct offer *o, enum field f)
{
    return o->fields[f].count ? o->fields[f].names[0] : (struct slice){ 0 };
}

static void add(struct buf *out, struct slice name, struct slice value)
{
    if (name.len == 0 || value.len == 0)
        return;
    buf_byte(out, out->len ? '&' : '?');
    buf_add(out, name);
    buf_byte(out, '=');
    buf_add(out, value);
}

/* The tracker's own word for a sale, else the first that the mapping has. */
static struct slice sale_word(const struct offer *o)
{
    const struct tracker_urls *urls = o->tracker ? o->tracker->urls : NULL;

    for (const struct tracker_status *s = urls ? urls->statuses : NULL; s && s->stage; s++)
        if (slice_eq(slice_from(s->stage), S("sale")))
            return slice_from(s->word);
    for (size_t i = 0; i < o->word_count; i++)
        if (slice_eq(o->words[i].stage, S("sale")))
            return o->words[i].word;
    return (struct slice){ 0 };
}

static void put_sale(struct buf *out, const struct offer *o)
{
    const struct tracker_urls *urls = o->tracker ? o->tracker->urls : NULL;
    struct slice word = urls && urls->type_param ? slice_from(urls->type_param)
                                                 : name_of(o, FIELD_STATUS);

    add(out, name_of(o, FIELD_CLICK_ID), S("init-1"));
    add(out, name_of(o, FIELD_TTCLID), S("E.C.P.init"));
    add(out, word, sale_word(o));
    add(out, name_of(o, FIELD_PAYOUT), S("12"));
    add(out, name_of(o, FIELD_CURRENCY), S("@CURRENCY@"));
    add(out, name_of(o, FIELD_TXID), S("t-1"));
}

static void put_click(struct buf *out, const struct offer *o)
{
    add(out, name_of(o, FIELD_CLICK_ID), S("init-1"));
    add(out, name_of(o, FIELD_TTCLID), S("E.C.P.init"));
    add(out, S("event_id"), S("ev-1"));
}

int init_examples(struct arena *arena, const char *tracker, struct slice *sale, struct slice *click)
{
    struct catalog *c = catalog_open(NULL);
    struct source source = { .name = S("init") };
    struct buf text = { 0 };
    const struct offer *o = NULL;

    if (c) {
        source.text = arena_printf(&c->arena, "version: 1\noffer: init\nextends: %s\npixel: C9X\n"
                                              "events: {sale: Purchase}\n", tracker);
        o = mapping_load_offer(&c->loader, &source);
    }
    if (o) {
        put_sale(&text, o);
        *sale = arena_dup(arena, buf_slice(&text));
        buf_clear(&text);
        put_click(&text, o);
        *click = arena_dup(arena, buf_slice(&text));
    }
    buf_free(&text);
    catalog_close(c);
    return o ? 0 : -1;
}
