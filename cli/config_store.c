#include "cli/config_store.h"

#include "adapters/store/postgres.h"
#include "core/yaml/expect.h"

static const struct shape url_shape = { SHAPE_TEXT, .pattern = "^postgres(ql)?://" };
#define SPILL_MAX_MB 1024
static const struct shape spill_max_shape = { SHAPE_WHOLE, .min = 1, .max = 1048576 };
static const struct shape_key store_keys[] = {
    SHAPE_KEY("url", &url_shape, "postgresql://USER@HOST:5432/NAME, without a password",
              .required = "write store: {url: postgresql://clickbaton@db.example:5432/clickbaton}"),
    SHAPE_KEY("password", &shape_secret, "the role's password"),
    SHAPE_KEY("spill", &shape_bool, "keep what comes while the database is away in the data folder, and hand it on later",
              .otherwise = "off"),
    SHAPE_KEY("spill_max", &spill_max_shape, "megabytes of it", .otherwise = "1024" /* SPILL_MAX_MB */),
    SHAPE_END,
};
static const struct shape store_map = { SHAPE_MAP, .keys = store_keys };
static const struct shape *const store_either[] = { &url_shape, &store_map, NULL };
const struct shape config_store_shape = { SHAPE_EITHER, .either = store_either };

static const struct {
    const char *code, *remedy;
} faults[] = {
    [POSTGRES_FORM] = { "C070", "write store: postgresql://clickbaton@db.example:5432/clickbaton" },
    [POSTGRES_SECRET] = { "C003", "put it into a file with mode 600: store: {url: ..., password: {file: ./keys/database}}" },
    [POSTGRES_PARAMETER] = { "C071", "take it out of the URL; docs/postgresql.md has the list" },
    [POSTGRES_FILE] = { "C073", "correct the path, or the rights of the file" },
};

static struct place place_of(const struct yaml *node)
{
    return node->key ? node->key->at : node->at;
}

static const struct yaml *judge(struct catalog *c, const struct yaml *url)
{
    const struct postgres at = { .url = c->store.url, .folder = c->store.folder };
    struct postgres_url said;
    struct err err = { 0 };

    if (postgres_url_read(&at, &c->arena, &said, &err) != 0) {
        c->store.url = NULL;
        diag_add(&c->diags, DIAG_ERROR, faults[said.fault].code, place_of(url), slice_from(faults[said.fault].remedy),
                 said.fault == POSTGRES_SECRET ? "%s stands in the configuration itself" : "%s", err.text);
        return said.fault == POSTGRES_SECRET ? url : NULL;
    }
    for (size_t i = 0; i < POSTGRES_FILES && said.files[i]; i++)
        files_found(&c->lookup, &c->arena, said.files[i]);
    if (said.weak[0])
        diag_add(&c->diags, DIAG_WARNING, "C072", place_of(url),
                 S("leave sslmode out: it is verify-full then, by the system's authorities or the file of sslrootcert"),
                 "sslmode=%s: whoever answers in the database's place gets the password and all data", said.weak);
    return NULL;
}

static void read_password(struct catalog *c, struct expect *e, const struct yaml *node, struct slice from)
{
    struct secret_name name;

    if (!node || !expect_secret(e, node, "the password", &name))
        return;
    files_found(&c->lookup, &c->arena, files_secret_path(&c->arena, from, &name));
    c->store.password = files_secret_named(&c->arena, from, &name, node->first->at, e->diags);
}

static const struct yaml *secret_itself(struct catalog *c, const struct yaml *node)
{
    diag_add(&c->diags, DIAG_ERROR, faults[POSTGRES_SECRET].code, place_of(node),
             slice_from(faults[POSTGRES_SECRET].remedy), "the store's password stands in the configuration itself");
    return node;
}

static void read_spill(struct catalog *c, struct expect *e, const struct yaml *node)
{
    const struct yaml *max = yaml_get(node, S("spill_max"));
    struct slice text;

    if (yaml_get(node, S("spill")))
        expect_bool(e, yaml_get(node, S("spill")), "`spill`", &c->store.spill);
    if (!max || !expect_text(e, max, "`spill_max`", &text))
        return;
    if (!slice_to_i64(text, &c->store.spill_max) || c->store.spill_max < spill_max_shape.min ||
        c->store.spill_max > spill_max_shape.max)
        diag_add(e->diags, DIAG_ERROR, "M002", max->at, S("leave it out for the default"),
                 "`spill_max` must be a whole number from %lld to %lld", (long long)spill_max_shape.min,
                 (long long)spill_max_shape.max);
    else if (!c->store.spill)
        diag_add(e->diags, DIAG_WARNING, "C074", max->at, S("write spill: on beside it, or take it out"),
                 "`spill_max` says how much may be kept, but nothing is: spill is off");
}

const struct yaml *config_read_store(struct catalog *c, const struct yaml *node, struct slice from)
{
    struct expect e = { &c->arena, &c->diags };
    const struct yaml *url = node, *password = NULL;
    struct slice text;

    c->store.spill_max = SPILL_MAX_MB;
    if (!node)
        return NULL;
    if (node->kind != YAML_SCALAR) {
        if (!expect_map(&e, node, "`store`", &store_map))
            return NULL;
        url = yaml_get(node, S("url"));
        password = yaml_get(node, S("password"));
        read_spill(c, &e, node);
    }
    if (!expect_text(&e, url, "`store`", &text))
        return NULL;
    c->store.url = arena_cstr(&c->arena, text);
    c->store.folder = files_beside(&c->arena, from, S("."));
    if (password && password->kind == YAML_SCALAR)
        return secret_itself(c, password);
    read_password(c, &e, password, from);
    return c->store.url ? judge(c, url) : NULL;
}
