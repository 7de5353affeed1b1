/* examples.c: a postback and a click as the tracker sends them, for the tests of a new offer. */
#include "cli/catalog.h"
#include "cli/init/init.h"
#include "cli/sample.h"

static void put_sale(struct buf *out, const struct offer *o)
{
    const struct tracker_urls *urls = o->tracker ? o->tracker->urls : NULL;
    struct slice word = urls && urls->type_param ? slice_from(urls->type_param)
                                                 : sample_name(o, FIELD_STATUS);

    buf_byte(out, '?');
    sample_add(out, sample_name(o, FIELD_CLICK_ID), S("init-1"));
    sample_add(out, sample_name(o, FIELD_TTCLID), S("E.C.P.init"));
    sample_add(out, word, sample_word(o, urls, S("sale")));
    sample_add(out, sample_name(o, FIELD_PAYOUT), S("12"));
    sample_add(out, sample_name(o, FIELD_CURRENCY), S("@CURRENCY@"));
    sample_add(out, sample_name(o, FIELD_TXID), S("t-1"));
}

static void put_click(struct buf *out, const struct offer *o)
{
    buf_byte(out, '?');
    sample_add(out, sample_name(o, FIELD_CLICK_ID), S("init-1"));
    sample_add(out, sample_name(o, FIELD_TTCLID), S("E.C.P.init"));
    sample_add(out, S("event_id"), S("ev-1"));
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
