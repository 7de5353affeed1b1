/* chain.c: the chain that an offer is played through: its tracker's own URLs, as `urls` prints them. */
#include "cli/doctor/doctor.h"

#include "cli/sample.h"
#include "core/kit/kit.h"

#define TRACKER_HOST "trk.example"

/* A sale where the offer sends one, else the first stage that it sends something for. */
static struct slice stage_of(const struct offer *o)
{
    struct slice first = { 0 };

    for (size_t i = 0; i < o->rule_count; i++) {
        if (o->rules[i].ignore)
            continue;
        if (slice_eq(o->rules[i].stage, S("sale")))
            return o->rules[i].stage;
        if (first.len == 0)
            first = o->rules[i].stage;
    }
    return first;
}

/* What the network sends to the tracker hours later. */
static void put_network(struct buf *b, const struct offer *o, const struct tracker_urls *urls)
{
    struct slice stage = stage_of(o), type = slice_from(urls->type_param);

    sample_add(b, urls->postback_params ? slice_from(urls->postback_params[0]) : sample_name(o, FIELD_CLICK_ID),
        S("{sub1}"));
    sample_add(b, urls->type_param ? type : sample_name(o, FIELD_STATUS), sample_word(o, urls, stage));
    sample_add(b, sample_name(o, FIELD_PAYOUT), S("12.50"));
    sample_add(b, sample_name(o, FIELD_CURRENCY),
        o->payout_currency.len  ? o->payout_currency
        : o->value_currency.len ? o->value_currency
                                : S("USD"));
    sample_add(b, sample_name(o, FIELD_TXID), S("doctor-1"));
}

static void member(struct buf *out, const char *key, struct slice value)
{
    buf_printf(out, "%s: ", key);
    buf_json(out, value); /* a flow scalar of YAML as well */
}

struct slice doctor_chain(struct arena *arena, const struct offer *offer, const char **why)
{
    const struct tracker_urls *urls = sample_urls(offer);
    const struct kit_hosts hosts = { S("pb.example"), S(TRACKER_HOST), S("lander.example") };
    const struct slice *names;
    struct slice text = { 0 };
    struct buf out = { 0 }, network = { 0 };
    struct err err = { 0 };
    struct kit kit;
    size_t count;

    *why = "the tracker's URLs are not known";
    if (!urls || kit_make(arena, offer, urls, &hosts, &kit, &err) != 0)
        return text;
    names = kit_lander_names(arena, offer, urls, &count);
    *why = "nothing says under which name the landing page gets the click id";
    if (!names || count == 0)
        return text;
    put_network(&network, offer, urls);
    buf_puts(&out, "version: 1\n");
    member(&out, "chain", arena_printf(arena, "doctor-%.*s", SLICE_ARG(offer->name)));
    member(&out, "\nstart", kit.ad_link);
    buf_printf(&out, "\nhops:\n  - {name: tracker, kind: tracker, tracker: %s, ",
               offer->tracker && offer->tracker->urls ? offer->tracker->name : "generic");
    member(&out, "to", kit.lander);
    buf_puts(&out, "}\n  - {name: lander, kind: lander, script: true, ");
    member(&out, "to", arena_printf(arena, "https://offer.example/o?sub1={%.*s}", SLICE_ARG(names[0])));
    buf_puts(&out, "}\nconversion:\n");
    member(&out, "  network", arena_printf(arena, "https://" TRACKER_HOST "/postback?%.*s",
                                           SLICE_ARG(buf_slice(&network))));
    member(&out, "\n  postback", offer->file);
    buf_byte(&out, '\n');
    text = buf_ok(&out) ? arena_dup(arena, buf_slice(&out)) : text;
    buf_free(&out);
    buf_free(&network);
    return text;
}
