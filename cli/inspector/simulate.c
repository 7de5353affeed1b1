/* simulate.c: POST /api/simulate: a chain file that stands in the request, walked with the offers that are
 * in force.  No file is read and nothing is asked of anybody. */
#include "cli/inspector/inside.h"
#include "cli/simulate/rehearsal.h"
#include "cli/simulate/show.h"

static struct slice base_name(struct slice path)
{
    size_t at = path.len;

    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return slice_from_at(path, at);
}

/* "offers/nutra-de.yaml" means the offer of that file's name; or the name of an offer. */
static const struct offer *offer_of(const struct catalog *c, struct slice postback)
{
    const struct catalog_offer *named = catalog_find(c, postback);

    for (size_t i = 0; i < c->offer_count && !named; i++)
        if (slice_eq(base_name(c->offers[i].offer->file), base_name(postback)))
            named = &c->offers[i];
    return named ? named->offer : NULL;
}

static void problem(struct buf *out, const struct diag *d)
{
    buf_puts(out, "{\"where\":");
    if (d->at.line) {
        struct buf where = { .limit = 64 };
        buf_printf(&where, "%u:%u", d->at.line, d->at.col);
        buf_json(out, buf_slice(&where));
        buf_free(&where);
    } else {
        buf_puts(out, "null");
    }
    buf_printf(out, ",\"code\":\"%s\",\"text\":", d->code);
    buf_json(out, d->text);
    buf_puts(out, ",\"remedy\":");
    buf_json(out, diag_remedy(d));
    buf_byte(out, '}');
}

static int problems(struct view *v, const struct diags *diags)
{
    bool any = false;

    buf_puts(&v->out, "{\"problems\":[");
    for (const struct diag *d = diags->first; d; d = d->next) {
        if (d->level != DIAG_ERROR)
            continue;
        buf_puts(&v->out, any ? "," : "");
        problem(&v->out, d);
        any = true;
    }
    buf_puts(&v->out, "]}\n");
    return 400;
}

static void find_offer(struct view *v, const struct chain *chain, struct diags *diags,
                       struct rehearsal *run)
{
    struct translator *translator = ARENA_NEW(v->arena, struct translator);

    if (!translator)
        return;
    *translator = v->catalog->translator;
    translator->hasher = v->hasher; /* the catalog's is another thread's */
    run->world.translator = translator;
    if (chain->postback.len == 0)
        return;
    run->world.offer = offer_of(v->catalog, chain->postback);
    if (!run->world.offer)
        diag_add(diags, DIAG_ERROR, "C001", chain->postback_at,
                 S("name the file of an offer that the server has in force"),
                 "there is no offer \"%.*s\" in the running configuration",
                 SLICE_ARG(chain->postback));
}

int answer_simulate(struct view *v)
{
    struct diags diags = { .arena = v->arena };
    struct chain_loader loader = { v->arena, &diags, trackers };
    struct source source = { S("chain.yaml"), v->http->body };
    struct rehearsal run = { .catalog = v->rules->catalog };
    struct chain_result result;
    struct walk_shown shown = { .walk = &result };

    run.chain = chain_load(&loader, &source);
    if (run.chain)
        find_offer(v, run.chain, &diags, &run);
    if (diags.errors)
        return problems(v, &diags);
    if (!run.chain || !run.world.translator)
        return err_set(&v->err, ERR_BUSY, "out of memory");
    run.world.now = v->now_ms / 1000;
    run.world.seed = slice_hash(run.chain->name, 0);
    if (chain_walk(run.chain, &run.world, NULL, 0, v->arena, &result, &v->err) != 0)
        return -1;
    if (result.translated)
        shown.refused = rehearsal_check_event(&run, v->arena, &result);
    walk_json(&v->out, &shown);
    return 200;
}
