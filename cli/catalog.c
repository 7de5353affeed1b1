#include "cli/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/config.h"

/* ---- diagnostics ---- */

unsigned catalog_errors(const struct catalog *c)
{
    return c->diags.errors + c->arena.full; /* what had no room is missing now, whatever it was */
}

void catalog_take_problems(struct catalog *c, struct buf *out)
{
    diags_print(out, &c->diags);
    if (c->arena.full)
        buf_puts(out, "error: these files need more memory than there is\n");
    c->diags.first = c->diags.last = NULL;
    c->diags.kept = 0;
}

void catalog_print_problems(struct catalog *c, FILE *to)
{
    struct buf b = { 0 };

    catalog_take_problems(c, &b);
    if (b.len)
        fwrite(b.ptr, 1, b.len, to);
    buf_free(&b);
}

/* ---- loading ---- */

/* A sum, so that neither the order nor the paths by which files are reached matter. */
const struct source *catalog_source(struct catalog *c, const char *path, struct diags *diags)
{
    const struct source *source = files_source(&c->arena, path, diags);

    if (source)
        c->print += slice_hash(source->text, 1);
    return source;
}

static void load_rates(struct catalog *c)
{
    struct source *built_in = ARENA_NEW(&c->arena, struct source);
    const struct source *source;
    const char *own = c->lookup.mappings
                          ? arena_printf(&c->arena, "%s/rates.yaml", c->lookup.mappings).ptr
                          : NULL;

    if (!built_in)
        return;
    if (own && files_exist(own)) {
        source = catalog_source(c, own, &c->diags);
        if (!source) /* there, but unreadable: other rates would be wrong amounts */
            return;
        c->translator.rates = rates_load(&c->arena, source, &c->diags);
        return;
    }
    built_in->name = S("rates.yaml (built in)");
    files_embedded("mappings/rates.yaml", &built_in->text);
    c->translator.rates = rates_load(&c->arena, built_in, &c->diags);
}

struct catalog *catalog_open(const char *config)
{
    struct catalog *c = calloc(1, sizeof(*c));

    if (!c) {
        memory_ran_out();
        return NULL;
    }
    arena_init(&c->arena, 256 * 1024 * 1024);
    c->diags.arena = &c->arena;
    c->loader = (struct mapping_loader){ &c->arena, &c->diags, trackers, files_lookup(&c->lookup) };
    c->config = config;
    c->print = slice_hash(S(CLICKBATON_VERSION), 2);
    c->lookup.print = &c->print;
    c->translator.hasher = identity_hasher_new();
    if (!c->translator.hasher) {
        catalog_close(c);
        return NULL;
    }
    if (config)
        config_read(c, config);
    else
        config_near(c, "clickbaton.yaml");
    load_rates(c);
    return c;
}

struct catalog *catalog_sound(const char *config, bool offers, int *code)
{
    struct catalog *c = catalog_open(config);

    *code = c ? EXIT_CONFIG : EXIT_IO;
    if (c && offers)
        catalog_add_offers(c);
    if (!c || !catalog_errors(c))
        return c;
    catalog_print_problems(c, stderr);
    catalog_close(c);
    return NULL;
}

struct pixel_check {
    struct catalog *c;
    const struct offer *offer;
};

static const struct catalog_pixel *pixel_named(const struct catalog *c, struct slice pixel)
{
    for (size_t i = 0; i < c->pixel_count; i++)
        if (slice_eq(c->pixels[i].pixel, pixel))
            return &c->pixels[i];
    return NULL;
}

static void check_pixel(void *context, struct slice pixel, const struct place *at)
{
    const struct pixel_check *p = context;
    struct catalog *c = p->c;
    const struct catalog_pixel *known = pixel_named(c, pixel);

    if (!known)
        diag_add(&c->diags, DIAG_ERROR, "C006", *at,
                 diag_suggest(&c->arena, pixel, c->known.pixels),
                 "the pixel %.*s is not configured (tiktok.pixels)", SLICE_ARG(pixel));
    else if (known->source != p->offer->source)
        diag_add(&c->diags, DIAG_ERROR, "C010", *at,
                 S("write the same event_source into both"),
                 "the offer sends %s events, but %.*s:%u says that %.*s takes %s events",
                 event_source_names[p->offer->source].ptr, SLICE_ARG(known->at.source->name),
                 known->at.line, SLICE_ARG(pixel), event_source_names[known->source].ptr);
}

/* What only the configuration can tell, and what everybody should see. */
static void check_offer(struct catalog *c, const struct offer *o)
{
    struct pixel_check p = { c, o };

    if (c->known.pixels)
        mapping_pixels(o, check_pixel, &p);
    if (o->test_code.len)
        diag_add(&c->diags, DIAG_WARNING, "C011", o->test_code_at,
                 S("take it out when the test is over"),
                 "all events of %.*s are test events (%.*s), which TikTok does not count",
                 SLICE_ARG(o->name), SLICE_ARG(o->test_code));
}

struct slice catalog_test_code(const struct catalog *c, const struct offer *offer,
                               struct slice pixel)
{
    const struct catalog_pixel *known = offer->test_code.len ? NULL : pixel_named(c, pixel);

    return known ? known->test_code : offer->test_code;
}

static bool name_taken(struct catalog *c, const struct offer *o)
{
    const struct catalog_offer *other = NULL;

    for (size_t i = 0; i < c->offer_count && !other; i++)
        if (slice_eq(c->offers[i].offer->name, o->name))
            other = &c->offers[i];
    if (!other)
        return false;
    diag_add(&c->diags, DIAG_ERROR, "M018",
             o->name_at, S("give each offer its own name: it is part of its postback URL"),
             "the offer \"%.*s\" is defined in %.*s already", SLICE_ARG(o->name),
             SLICE_ARG(other->offer->file));
    return true;
}

static struct catalog_offer *add_slot(struct catalog *c)
{
    if (c->offer_count == c->offer_room) {
        size_t room = c->offer_room ? c->offer_room * 2 : 16;
        struct catalog_offer *more = realloc(c->offers, room * sizeof(*more));
        if (!more) {
            memory_ran_out();
            c->arena.full = true; /* as if it had not gone in there */
            return NULL;
        }
        c->offers = more;
        c->offer_room = room;
    }
    return &c->offers[c->offer_count++];
}

void catalog_read_signature(struct catalog *c, const struct access_signature *said,
                            struct slice from, struct catalog_signature *out)
{
    out->how = *said;
    if (said->scheme == SIGNATURE_NONE)
        return;
    secrets_read(&out->secrets, &said->secret, "the signing secret",
                 &(struct secrets_reader)CATALOG_SECRETS(c, from));
    if (said->scheme == SIGNATURE_WEBHOOK)
        secrets_decode(&out->secrets, &said->secret, &c->diags);
}

static void read_secrets(struct catalog *c, struct catalog_offer *slot)
{
    const struct offer *o = slot->offer;

    secrets_read(&slot->keys, &o->access.key, "the key",
                 &(struct secrets_reader)CATALOG_SECRETS(c, o->file));
    catalog_read_signature(c, &o->access.signature, o->file, &slot->signature);
}

const struct secrets *catalog_keys(const struct catalog *c, const struct catalog_offer *offer)
{
    return offer && offer->offer->access.key.file.text.len ? &offer->keys : &c->keys;
}

const struct catalog_signature *catalog_signature(const struct catalog *c,
                                                  const struct catalog_offer *offer)
{
    const struct catalog_signature *s =
        offer && offer->signature.how.said ? &offer->signature : &c->signature;

    return s->how.scheme == SIGNATURE_NONE ? NULL : s;
}

const struct networks *catalog_allow(const struct catalog *c, const struct catalog_offer *offer)
{
    if (offer && offer->offer->access.allow_said)
        return &offer->offer->access.allow;
    return c->access.allow_said ? &c->access.allow : NULL;
}

const struct offer *catalog_add_offer(struct catalog *c, const char *path)
{
    const struct source *source = path ? catalog_source(c, path, &c->diags) : NULL;
    struct offer *o = source ? mapping_load_offer(&c->loader, source) : NULL;
    struct catalog_offer *slot;

    if (!o)
        return NULL;
    check_offer(c, o);
    if (name_taken(c, o) || !(slot = add_slot(c)))
        return NULL;
    *slot = (struct catalog_offer){ .offer = o, .signature.how = o->access.signature };
    files_found(&c->lookup, &c->arena, path);
    if (c->config)
        read_secrets(c, slot);
    return o;
}

static int by_name(const void *a, const void *b)
{
    return slice_cmp(((const struct catalog_offer *)a)->offer->name,
                     ((const struct catalog_offer *)b)->offer->name);
}

static int yaml_file(const struct dirent *e)
{
    struct slice name = slice_from(e->d_name);

    return name.ptr[0] != '.' && (slice_ends(name, S(".yaml")) || slice_ends(name, S(".yml")));
}

/* A file of value models that lies among the offers is no offer, and has to be right as well. */
static bool is_models(struct catalog *c, const char *path)
{
    struct diags ignored = { .arena = &c->arena };
    const struct source *source = catalog_source(c, path, &ignored);

    if (!source || !mapping_is_models(source->text))
        return false;
    mapping_check_models(&c->loader, source);
    return true;
}

static void add_file(struct catalog *c, const char *path)
{
    if (!is_models(c, path))
        catalog_add_offer(c, path);
}

void catalog_add_offers(struct catalog *c)
{
    struct source *source = ARENA_NEW(&c->arena, struct source);
    struct dirent **names = NULL;
    int n;

    if (!source || !c->offers_dir) /* the configuration has errors, which are told already */
        return;
    n = scandir(c->offers_dir, &names, yaml_file, alphasort);
    source->name = slice_from(c->offers_dir);
    if (n <= 0)
        diag_add(&c->diags, DIAG_ERROR, n < 0 ? "C001" : "C008", (struct place){ .source = source },
                 S("put an offer mapping there, such as examples/offers/nutra-de.yaml"), "%s",
                 n < 0 ? strerror(errno) : "there is no offer mapping (*.yaml) in this folder");
    for (int i = 0; i < n; i++) {
        add_file(c, arena_printf(&c->arena, "%s/%s", c->offers_dir, names[i]->d_name).ptr);
        free(names[i]);
    }
    free(names);
    if (c->offer_count)
        qsort(c->offers, c->offer_count, sizeof(*c->offers), by_name);
    alerts_config_check(c);
}

const struct catalog_offer *catalog_find(const struct catalog *c, struct slice name)
{
    size_t low = 0, high = c->offer_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int d = slice_cmp(c->offers[mid].offer->name, name);
        if (d == 0)
            return &c->offers[mid];
        if (d < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

void catalog_say_nearest(struct catalog *c, struct slice offer, const char *verb)
{
    struct slice *names, near = { 0 };

    catalog_add_offers(c);
    if (catalog_find(c, offer))
        return;
    names = ARENA_ARRAY(&c->arena, struct slice, c->offer_count + 1);
    for (size_t i = 0; names && i < c->offer_count; i++)
        names[i] = c->offers[i].offer->name;
    if (names)
        near = diag_nearest(offer, names);
    fprintf(stderr, "clickbaton %s: no offer is called \"%.*s\"", verb, SLICE_ARG(offer));
    if (near.len)
        fprintf(stderr, "; did you mean \"%.*s\"?", SLICE_ARG(near));
    fputc('\n', stderr);
}

void catalog_close(struct catalog *c)
{
    if (!c)
        return;
    secrets_forget(&c->keys);
    files_forget(c->store.password);
    secrets_forget(&c->signature.secrets);
    secrets_forget(&c->inspector.password);
    alerts_config_forget(&c->alerts);
    for (size_t i = 0; i < c->pixel_count; i++)
        files_forget(c->pixels[i].token);
    for (size_t i = 0; i < c->offer_count; i++) {
        secrets_forget(&c->offers[i].keys);
        secrets_forget(&c->offers[i].signature.secrets);
    }
    free(c->offers);
    identity_hasher_free(c->translator.hasher);
    arena_free(&c->arena);
    free(c);
}
