#include "cli/config.h"

#include <string.h>

#include "adapters/tiktok/endpoint.h"
#include "cli/config_inspector.h"
#include "cli/config_store.h"
#include "core/yaml/expect.h"

/* ---- what the file may hold ---- */

static const struct shape listen_shape = { SHAPE_TEXT, .pattern = ":[0-9]{1,5}$" };
static const struct shape endpoint_shape = { SHAPE_TEXT, .pattern = "^https?://" };

static const struct shape event_source_shape = { SHAPE_WORD, .words = event_source_names };
static const struct shape test_code_shape = { SHAPE_TEXT, .pattern = "^[A-Za-z0-9_-]{1,64}$" };

static const struct shape_key pixel_keys[] = {
    SHAPE_KEY("token", &shape_secret, "its access token",
              .required = "write CODE: {token: {file: ./keys/tiktok}}"),
    SHAPE_KEY("event_source", &event_source_shape,
              "the kind of events: a pixel's are web, event sets' crm or offline",
              .otherwise = "web"),
    SHAPE_KEY("test_event_code", &test_code_shape,
              "events show under Test events and count for nothing"),
    SHAPE_END,
};
static const struct shape pixel_shape = { SHAPE_MAP, "a pixel", .keys = pixel_keys };
static const struct shape pixels_shape = { SHAPE_MAP, .of = &pixel_shape };

static const struct shape_key tiktok_keys[] = {
    SHAPE_KEY("endpoint", &endpoint_shape, "https, or http to a loopback address",
              .otherwise = "https://business-api.tiktok.com/open_api/v1.3/event/track/"),
    SHAPE_KEY("pixels", &pixels_shape, "pixel codes of Events Manager",
              .required = "pixels: {CODE: {token: {file: ./keys/tiktok}}}"),
    SHAPE_END,
};
static const struct shape tiktok_shape = { SHAPE_MAP, .keys = tiktok_keys };

static const struct shape duration_shape = { SHAPE_TEXT, .pattern = "^[0-9]+[smhd]$" };
static const struct shape_key retention_keys[] = {
    SHAPE_KEY("clicks", &duration_shape, "how long clicks are kept", .otherwise = "45d",
              .id = offsetof(struct catalog, keep_clicks)),
    SHAPE_KEY("ledger", &duration_shape, "how long postbacks and events are kept",
              .otherwise = "90d", .id = offsetof(struct catalog, keep_ledger)),
    SHAPE_KEY("ip", &duration_shape, "how long addresses and browsers are kept", .otherwise = "30d",
              .id = offsetof(struct catalog, keep_ip)),
    SHAPE_END,
};
static const struct shape retention_shape = { SHAPE_MAP, .keys = retention_keys };

#define LIMIT(key, field, least, most, normal, line)                                               \
    {                                                                                              \
        .name = SLICE(key),                                                                        \
        .is = &(const struct shape){ SHAPE_WHOLE, .min = (least), .max = (most) },                 \
        .about = (line), .otherwise = (normal), .id = offsetof(struct catalog_limits, field)       \
    }
static const struct shape_key limit_keys[] = {
    LIMIT("url_bytes", url, 256, 16384, "16384", "of a request's URL"),
    LIMIT("body_bytes", body, 256, 1048576, "65536", "of a request's body"),
    LIMIT("parameters", parameters, 1, 1000, "200", "of a postback"),
    LIMIT("request_seconds", request_seconds, 1, 300, "10", "until a request must be whole"),
    LIMIT("connections", connections, 1, 100000, "10000", "at a time"),
    LIMIT("connections_per_address", connections_per_address, 0, 100000, "0", "0: no limit"),
    LIMIT("postbacks_per_second_per_address", postbacks_per_address, 0, 1000000, "0", "0: no limit"),
    LIMIT("clicks_per_second_per_address", clicks_per_address, 0, 1000000, "20",
          "of pages, without the key; 0: no limit"),
    LIMIT("postbacks_per_second_per_offer", postbacks_per_offer, 0, 1000000, "0", "0: no limit"),
    SHAPE_END,
};
static const struct shape limits_shape = { SHAPE_MAP, .keys = limit_keys };

static const struct shape_key config_keys[] = {
    SHAPE_KEY("version", &shape_version, "of the language of this file",
              .required = "begin the file with: version: 1"),
    SHAPE_KEY("listen", &listen_shape, "the public endpoint", .otherwise = "127.0.0.1:8080"),
    SHAPE_KEY("admin", &listen_shape, "health and the inspector; keep it on loopback", .otherwise = "127.0.0.1:9090"),
    SHAPE_KEY("data", &shape_text, "folder of the store, unless `store` says PostgreSQL, and of what one server alone needs",
              .otherwise = "data"),
    SHAPE_KEY("store", &config_store_shape, "PostgreSQL, for several servers; without it SQLite in `data`"),
    SHAPE_KEY("node", &shape_text, "this server's name among those on one database; by default the machine's"),
    SHAPE_KEY("offers", &shape_text, "folder of the offer mappings", .otherwise = "offers"),
    SHAPE_KEY("mappings", &shape_text, "folder of your own tracker mappings and rates.yaml"),
    SHAPE_KEY("key", &shape_rotating, "what `key=` of postbacks and of clicks from servers must be",
              .required = "make one: (umask 077; openssl rand -hex 16 > keys/postback), then key: "
                          "{file: ./keys/postback}"),
    SHAPE_KEY("signature", &access_signature_shape, "how postbacks are signed; an offer may say its own"),
    SHAPE_KEY("allow", &access_allow_shape,
              "addresses that may send postbacks and clicks with the key; an offer may say its own"),
    SHAPE_KEY("trusted_proxies", &access_networks_shape,
              "whose X-Forwarded-For is believed", .otherwise = "[127.0.0.0/8, ::1]"),
    SHAPE_KEY("tiktok", &tiktok_shape, "pixels and their tokens",
              .required =
                  "name your pixels: tiktok: {pixels: {CODE: {token: {file: ./keys/tiktok}}}}"),
    SHAPE_KEY("retention", &retention_shape, "how long things are kept"),
    SHAPE_KEY("limits", &limits_shape, "of requests and connections"),
    SHAPE_KEY("inspector", &config_inspector_shape, "who may see the page of the admin listener"),
    SHAPE_KEY("alerts", &alerts_shape, "who is told when something is wrong"),
    SHAPE_END,
};
const struct shape config_shape = { SHAPE_MAP, "the configuration", .keys = config_keys };

/* ---- reading it ---- */

struct reader {
    struct catalog *c;
    struct expect e;
    struct slice file; /* the configuration's path: others are relative to it */
    char *text;        /* the whole configuration, of which diagnostics show lines */
    size_t len;
};

static const struct yaml *at(const struct yaml *map, const char *key)
{
    return yaml_get(map, slice_from(key));
}

/* A text of the file's own map, or what holds without it. */
static const char *text_or(struct reader *r, const struct yaml *root, const char *key,
                           const char *what)
{
    struct shape_key row;
    struct slice text;

    if (expect_text(&r->e, at(root, key), what, &text))
        return arena_cstr(&r->c->arena, text);
    shape_find(&config_shape, &r->c->arena, slice_from(key), &row);
    return row.otherwise ? row.otherwise : key;
}

static const char *path_or(struct reader *r, const struct yaml *root, const char *key,
                           const char *what)
{
    return files_beside(&r->c->arena, r->file, slice_from(text_or(r, root, key, what)));
}

/* ADDRESS:PORT; the adapter checks the address itself. */
static const char *listen_or(struct reader *r, const struct yaml *root, const char *key)
{
    struct slice text = slice_from(text_or(r, root, key, key)), port = text;
    uint64_t n;

    while (slice_index(port, ':') < port.len)
        port = slice_from_at(port, slice_index(port, ':') + 1);
    if (port.len == text.len || !slice_to_u64(port, &n) || n > 65535)
        diag_add(r->e.diags, DIAG_ERROR, "C004", at(root, key)->at, S("write it like 127.0.0.1:8080"),
                 "%s: \"%.*s\" is not an address with a port", key, SLICE_ARG(text));
    return text.ptr;
}

/* A secret that was written here by mistake shall not be shown with its line. */
static void mask(struct reader *r, const struct yaml *node)
{
    size_t i = 0, end;

    for (uint32_t line = 1; line < node->at.line && i < r->len; i++)
        line += r->text[i] == '\n';
    i += node->at.col - 1;
    end = node->at.span > 1 ? i + node->at.span : r->len;
    for (; i < end && i < r->len && r->text[i] != '\n'; i++)
        r->text[i] = '*';
}

/* {file: path} or {credential: name}: a secret never stands in the configuration itself. */
static char *secret(struct reader *r, const struct yaml *node, const char *what)
{
    struct secret_name name;

    if (node->kind == YAML_SCALAR) {
        mask(r, node);
        diag_add(r->e.diags, DIAG_ERROR, "C003", node->key ? node->key->at : node->at,
                 S("put it into a file with mode 600 and name the file: {file: ./keys/name}"),
                 "%s stands in the configuration itself", what);
        return NULL;
    }
    if (!expect_secret(&r->e, node, what, &name))
        return NULL;
    files_found(&r->c->lookup, &r->c->arena, files_secret_path(&r->c->arena, r->file, &name));
    return files_secret_named(&r->c->arena, r->file, &name, node->first->at, r->e.diags);
}

static const char *secret_path(struct reader *r, const struct yaml *node)
{
    struct secret_name name;

    expect_secret(&r->e, node, "the token", &name);
    return files_secret_path(&r->c->arena, r->file, &name);
}

/* A key that was written here by mistake shall not be shown with its line. */
static void read_key(struct reader *r, const struct yaml *root)
{
    const struct yaml *node = at(root, "key");

    if (node && node->kind == YAML_SCALAR) {
        secret(r, node, "the key");
        return;
    }
    access_read_key(&r->e, node, &r->c->access.key);
    secrets_read(&r->c->keys, &r->c->access.key, "the key",
                 &(struct secrets_reader)CATALOG_SECRETS(r->c, r->file));
}

/* Everybody there could say to be anybody. */
static void check_proxies(struct reader *r, const struct yaml *node)
{
    for (size_t i = 0; i < r->c->proxies.count; i++) {
        const struct network *n = &r->c->proxies.list[i];
        if (n->bits == 0 || (n->bits == 96 && address_is_v4(&n->base)))
            diag_add(r->e.diags, DIAG_WARNING, "C058", node->at,
                     S("list the addresses of your reverse proxy only"),
                     "`trusted_proxies` holds every address, so everybody can claim any address");
    }
}

static void read_guard(struct reader *r, const struct yaml *root)
{
    static const struct network loopback[] = {
        { { { [10] = 0xff, [11] = 0xff, [12] = 127 } }, 104 }, { { { [15] = 1 } }, 128 }
    };
    struct access *a = &r->c->access;

    r->c->proxies = (struct networks){ loopback, 2 };
    if (access_read_networks(&r->e, at(root, "trusted_proxies"), "`trusted_proxies`",
                             &access_networks_shape, &r->c->proxies))
        check_proxies(r, at(root, "trusted_proxies"));
    a->allow_said = access_read_networks(&r->e, at(root, "allow"), "`allow`", &access_allow_shape,
                                         &a->allow);
    access_read_signature(&r->e, at(root, "signature"), &a->signature);
    catalog_read_signature(r->c, &a->signature, r->file, &r->c->signature);
}

static void read_event_source(struct reader *r, const struct yaml *map, struct catalog_pixel *pixel)
{
    const struct yaml *node = at(map, "event_source");
    size_t index;

    if (node && node->kind == YAML_SCALAR && slice_eq(node->text, S("app")))
        diag_add(r->e.diags, DIAG_ERROR, "C012", node->at, S("one of: web, crm, offline"),
                 "app events are for companies that TikTok has put onto a list, and clickbaton does "
                 "not send them");
    else if (expect_choice(&r->e, map, &pixel_shape, "event_source", &index))
        pixel->source = (enum event_source)index;
}

static void read_test_code(struct reader *r, const struct yaml *node, struct catalog_pixel *pixel)
{
    if (!expect_text(&r->e, node, "`test_event_code`", &pixel->test_code))
        return;
    if (!event_test_code_ok(pixel->test_code))
        diag_add(r->e.diags, DIAG_ERROR, "M053", node->at,
                 S("copy it from Events Manager, Test Events: TEST12345"),
                 "\"%.*s\" is not a test event code", SLICE_ARG(pixel->test_code));
    else
        diag_add(r->e.diags, DIAG_WARNING, "C011", node->at,
                 S("take it out when the test is over"),
                 "all events to %.*s are test events (%.*s), which TikTok does not count",
                 SLICE_ARG(pixel->pixel), SLICE_ARG(pixel->test_code));
}

static void read_pixel(struct reader *r, const struct yaml *node, struct catalog_pixel *pixel)
{
    *pixel = (struct catalog_pixel){ .pixel = node->key->text, .at = node->key->at };
    if (!expect_map(&r->e, node, "a pixel", &pixel_shape))
        return;
    if (at(node, "token"))
        pixel->token = secret(r, at(node, "token"), "the token");
    if (pixel->token)
        pixel->token_at = files_time(secret_path(r, at(node, "token")));
    read_event_source(r, node, pixel);
    read_test_code(r, at(node, "test_event_code"), pixel);
}

static void read_tiktok(struct reader *r, const struct yaml *root)
{
    const struct yaml *node = at(root, "tiktok"), *pixels = at(node, "pixels");
    enum event_source *sources;
    struct slice *names;
    struct err err;

    r->c->endpoint = slice_from(tiktok_keys[0].otherwise);
    if (!expect_map(&r->e, node, "`tiktok`", &tiktok_shape))
        return;
    if (expect_text(&r->e, at(node, "endpoint"), "`endpoint`", &r->c->endpoint) &&
        endpoint_check(r->c->endpoint, &err) != 0)
        diag_add(r->e.diags, DIAG_ERROR, "C005", at(node, "endpoint")->at,
                 S("leave it out for TikTok's own, or name a sandbox on this machine"),
                 "%s", err.text);
    if (!expect_map(&r->e, pixels, "`pixels`", NULL))
        return;
    r->c->pixels = ARENA_ARRAY(&r->c->arena, struct catalog_pixel, pixels->count);
    names = ARENA_ARRAY(&r->c->arena, struct slice, pixels->count + 1);
    sources = ARENA_ARRAY(&r->c->arena, enum event_source, pixels->count);
    if (!r->c->pixels || !names || !sources)
        return;
    for (const struct yaml *v = pixels->first; v; v = v->next) {
        size_t i = r->c->pixel_count++;
        names[i] = v->key->text;
        read_pixel(r, v, &r->c->pixels[i]);
        sources[i] = r->c->pixels[i].source;
    }
    r->c->known = (struct route_known){ names, sources };
    r->c->translator.known = &r->c->known;
}

static void duration(struct reader *r, const struct yaml *map, const struct shape_key *key)
{
    int64_t *seconds = (int64_t *)((char *)r->c + key->id);
    const struct yaml *node = yaml_get(map, key->name);
    char what[24];
    struct slice text;

    when_duration_parse(slice_from(key->otherwise), seconds);
    snprintf(what, sizeof(what), "`%s`", key->name.ptr);
    if (expect_text(&r->e, node, what, &text) && !when_duration_parse(text, seconds))
        diag_add(r->e.diags, DIAG_ERROR, "C007", node->at, S("write it like 45d, 36h or 10m"),
                 "%s: \"%.*s\" is not a duration", what, SLICE_ARG(text));
}

static void read_retention(struct reader *r, const struct yaml *node)
{
    expect_map(&r->e, node, "`retention`", &retention_shape);
    for (const struct shape_key *k = retention_keys; k->name.len; k++)
        duration(r, node, k);
}

static void whole_number(struct reader *r, const struct yaml *node, const char *what,
                         const struct shape *bounds, int64_t *out)
{
    struct slice text;
    int64_t n;

    if (!expect_text(&r->e, node, what, &text))
        return;
    if (slice_to_i64(text, &n) && n >= bounds->min && n <= bounds->max)
        *out = n;
    else
        diag_add(r->e.diags, DIAG_ERROR, "M002", node->at, S("leave it out for the default"),
                 "`%s` must be a whole number from %lld to %lld", what,
                 (long long)bounds->min, (long long)bounds->max);
}

static void read_limits(struct reader *r, const struct yaml *node)
{
    struct catalog_limits *l = &r->c->limits;

    for (const struct shape_key *k = limit_keys; k->name.len; k++)
        slice_to_i64(slice_from(k->otherwise), (int64_t *)((char *)l + k->id));
    if (!expect_map(&r->e, node, "`limits`", &limits_shape))
        return;
    for (const struct shape_key *k = limit_keys; k->name.len; k++)
        whole_number(r, yaml_get(node, k->name), k->name.ptr, k->is,
                     (int64_t *)((char *)l + k->id));
}

void config_near(struct catalog *c, const char *path)
{
    struct diags unseen = { .arena = &c->arena }; /* what is wrong in it is for who reads all of it */
    struct expect e = { &c->arena, &unseen };
    const struct source *file = files_exist(path) ? files_source(&c->arena, path, &c->diags) : NULL;
    const struct yaml *root = file ? yaml_parse(&c->arena, file, &unseen) : NULL;
    struct slice folder;

    if (expect_text(&e, at(root, "mappings"), "`mappings`", &folder))
        c->lookup.mappings = files_beside(&c->arena, slice_from(path), folder);
    if (c->lookup.mappings && !files_exist(c->lookup.mappings))
        c->lookup.mappings = NULL;
}

void config_read(struct catalog *c, const char *path)
{
    struct reader r = { .c = c, .e = { &c->arena, &c->diags }, .file = slice_from(path) };
    const struct source *file = catalog_source(c, path, &c->diags);
    struct source *source = ARENA_NEW(&c->arena, struct source);
    const struct yaml *root, *secret_node;

    if (!file || !source || !(r.text = arena_alloc(&c->arena, file->text.len)))
        return;
    r.len = file->text.len;
    memcpy(r.text, file->text.ptr, r.len);
    *source = (struct source){ file->name, { r.text, r.len } };
    root = yaml_parse(&c->arena, source, &c->diags);
    if (!root || !expect_map(&r.e, root, "the configuration", &config_shape))
        return;
    expect_version(&r.e, root);
    c->listen = listen_or(&r, root, "listen");
    c->admin = listen_or(&r, root, "admin");
    c->data = path_or(&r, root, "data", "`data`");
    if (at(root, "node"))
        expect_text(&r.e, at(root, "node"), "`node`", &c->node);
    c->offers_dir = path_or(&r, root, "offers", "`offers`");
    if (at(root, "mappings"))
        c->lookup.mappings = path_or(&r, root, "mappings", "`mappings`");
    if (c->lookup.mappings && !files_exist(c->lookup.mappings))
        diag_add(r.e.diags, DIAG_WARNING, "C001", at(root, "mappings")->at,
                 S("correct the name, or make the folder"),
                 "`mappings`: there is no folder %s, so the built-in rates count",
                 c->lookup.mappings);
    if ((secret_node = config_read_store(c, at(root, "store"), r.file)) != NULL)
        mask(&r, secret_node);
    read_key(&r, root);
    read_guard(&r, root);
    read_tiktok(&r, root);
    read_retention(&r, at(root, "retention"));
    read_limits(&r, at(root, "limits"));
    config_read_inspector(c, at(root, "inspector"), at(root, "admin"), r.file);
    alerts_config_read(c, r.file, at(root, "alerts"));
}
