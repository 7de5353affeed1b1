#include "core/guard/access.h"

#include <stdio.h>

#include "core/base/when.h"

/* ---- what may stand there ---- */

static const struct slice schemes[] = { SLICE("parameters"), SLICE("webhook"), { 0 } };
static const struct shape scheme_shape = { SHAPE_WORD, .words = schemes };
static const struct shape tolerance_shape = { SHAPE_TEXT, .pattern = "^[0-9]+[smhd]$" };
static const struct slice none_word[] = { SLICE("none"), { 0 } };
static const struct shape none_shape = { SHAPE_WORD, "postbacks need no signature",
                                         .words = none_word };

static const struct shape_key signature_keys[] = {
    SHAPE_KEY("scheme", &scheme_shape,
              "parameters: `sig` over the sorted parameters; webhook: Standard Webhooks headers",
              .required = "write scheme: parameters, or scheme: webhook"),
    SHAPE_KEY("secret", &shape_rotating, "what sender and server share",
              .required = "name its file: secret: {file: ./keys/signing}"),
    SHAPE_KEY("required", &shape_bool, "an unsigned postback is refused", .otherwise = "true"),
    SHAPE_KEY("tolerance", &tolerance_shape, "how far a signed time may lie beside the clock",
              .otherwise = "5m"),
    SHAPE_END,
};
static const struct shape signature_map = { SHAPE_MAP, .keys = signature_keys };
static const struct shape *const signature_ways[] = { &none_shape, &signature_map, NULL };
const struct shape access_signature_shape = { SHAPE_EITHER, .either = signature_ways };

static const struct shape network_shape = { SHAPE_TEXT, .pattern = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$" };
const struct shape access_allow_shape = { SHAPE_LIST, .of = &network_shape, .lone = true, .min = 1 };
const struct shape access_networks_shape = { SHAPE_LIST, .of = &network_shape, .lone = true };

/* ---- secrets ---- */

/* The place without the line, which may hold the secret itself. */
static struct place hidden(struct expect *e, struct place at)
{
    struct source *source = ARENA_NEW(e->arena, struct source);

    if (source)
        source->name = at.source->name;
    at.source = source ? source : at.source;
    return at;
}

static bool is_a_file_map(const struct yaml *node)
{
    if (node->kind != YAML_MAP)
        return false;
    for (const struct yaml *v = node->first; v; v = v->next)
        if (!slice_eq(v->key->text, S("file")) && !slice_eq(v->key->text, S("credential")) &&
            !slice_eq(v->key->text, S("previous")))
            return false;
    return node->count > 0;
}

void access_read_secret(struct expect *e, const struct yaml *node, const char *what,
                        struct access_secret *out)
{
    const struct yaml *credential = yaml_get(node, S("credential"));
    const struct yaml *file = credential ? credential : yaml_get(node, S("file"));
    const struct yaml *previous = yaml_get(node, S("previous"));

    if (!node)
        return;
    if (!is_a_file_map(node)) {
        diag_add(e->diags, DIAG_ERROR, "C003", hidden(e, node->key ? node->key->at : node->at),
                 arena_printf(e->arena,
                              "put it into a file with mode 600 and name the file: %s: {file: "
                              "./keys/name}",
                              what),
                 "`%s` must name the file that holds the %s", what, what);
        return;
    }
    if (!expect_map(e, node, what, credential ? &shape_rotating_credential : &shape_rotating_file))
        return;
    if (expect_secret_name(e, file, credential ? "`credential`" : "`file`", credential, &out->file))
        out->file_at = file->at;
    if (expect_secret_name(e, previous, "`previous`", credential, &out->previous))
        out->previous_at = previous->at;
}

void access_read_key(struct expect *e, const struct yaml *node, struct access_secret *out)
{
    access_read_secret(e, node, "key", out);
}

/* ---- signatures ---- */

static void read_tolerance(struct expect *e, const struct yaml *node, int64_t *seconds)
{
    struct slice text;

    if (!expect_text(e, node, "`tolerance`", &text))
        return;
    if (!when_duration_parse(text, seconds) || *seconds < 1)
        diag_add(e->diags, DIAG_ERROR, "C007", node->at, S("write it like 5m or 90s"),
                 "`tolerance`: \"%.*s\" is not a duration", SLICE_ARG(text));
}

void access_read_signature(struct expect *e, const struct yaml *node, struct access_signature *out)
{
    size_t scheme;

    if (!node)
        return;
    *out = (struct access_signature){ .said = true, .required = true, .tolerance = 300,
                                      .at = node->key ? node->key->at : node->at };
    if (node->kind == YAML_SCALAR) {
        if (!slice_eq(node->text, S("none")))
            diag_add(e->diags, DIAG_ERROR, "C003", hidden(e, out->at),
                     S("write signature: {scheme: parameters, secret: {file: ./keys/signing}}, or "
                       "none"),
                     "`signature` must say the scheme and name the file of the secret");
        return;
    }
    if (!expect_map(e, node, "`signature`", &signature_map))
        return;
    if (expect_choice(e, node, &signature_map, "scheme", &scheme))
        out->scheme = scheme == 0 ? SIGNATURE_PARAMETERS : SIGNATURE_WEBHOOK;
    access_read_secret(e, yaml_get(node, S("secret")), "secret", &out->secret);
    expect_bool(e, yaml_get(node, S("required")), "`required`", &out->required);
    read_tolerance(e, yaml_get(node, S("tolerance")), &out->tolerance);
}

/* ---- networks ---- */

/* The network that a host with a length lies in, for who has meant that. */
static struct slice network_hint(struct expect *e, struct slice text)
{
    struct slice host, length;

    slice_cut(text, '/', &host, &length);
    return arena_printf(e->arena, "write %.*s for that host alone, or the network's first address "
                                  "before the /",
                        SLICE_ARG(host));
}

static bool read_network(struct expect *e, const struct yaml *node, const char *what,
                         struct network *out)
{
    struct slice text;
    const char *why;

    if (!expect_text(e, node, what, &text))
        return false;
    if (network_parse(text, out, &why))
        return true;
    diag_add(e->diags, DIAG_ERROR, "C055", node->at,
             slice_starts(slice_from(why), S("names")) ? network_hint(e, text)
                                                       : S("write it like 203.0.113.0/24, "
                                                           "203.0.113.7 or 2001:db8::/32"),
             "%s: \"%.*s\" %s", what, SLICE_ARG(text), why);
    return false;
}

bool access_read_networks(struct expect *e, const struct yaml *node, const char *what,
                          const struct shape *shape, struct networks *out)
{
    struct network *list;

    if (!node || !expect_list(e, node, what, true))
        return false;
    if (node->kind == YAML_LIST && node->count < (size_t)shape->min)
        diag_add(e->diags, DIAG_ERROR, "C055", node->at,
                 S("list networks, or leave the key out: then everybody may who has the key"),
                 "%s: the list is empty, so nobody could send anything", what);
    list = ARENA_ARRAY(e->arena, struct network, node->kind == YAML_LIST ? node->count : 1);
    if (!list)
        return false;
    *out = (struct networks){ list, 0 };
    if (node->kind != YAML_LIST) {
        out->count = read_network(e, node, what, &list[0]);
        return true;
    }
    for (const struct yaml *v = node->first; v; v = v->next)
        out->count += read_network(e, v, what, &list[out->count]);
    return true;
}
