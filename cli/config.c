#include "cli/config.h"

#include <string.h>

#include "adapters/tiktok/endpoint.h"
#include "core/yaml/expect.h"

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

static const char *text_or(struct reader *r, const struct yaml *node, const char *what,
                           const char *otherwise)
{
    struct slice text;

    return expect_text(&r->e, node, what, &text) ? arena_cstr(&r->c->arena, text) : otherwise;
}

static const char *path_or(struct reader *r, const struct yaml *node, const char *what,
                           const char *otherwise)
{
    return files_beside(&r->c->arena, r->file, slice_from(text_or(r, node, what, otherwise)));
}

/* ADDRESS:PORT; the adapter checks the address itself. */
static const char *listen_or(struct reader *r, const struct yaml *node, const char *what,
                             const char *otherwise)
{
    struct slice text = slice_from(text_or(r, node, what, otherwise)), port = text;
    uint64_t n;

    while (slice_index(port, ':') < port.len)
        port = slice_from_at(port, slice_index(port, ':') + 1);
    if (port.len == text.len || !slice_to_u64(port, &n) || n > 65535)
        diag_add(r->e.diags, DIAG_ERROR, "C004", node->at, S("write it like 127.0.0.1:8080"),
                 "%s: \"%.*s\" is not an address with a port", what, SLICE_ARG(text));
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

/* {file: path}: a secret never stands in the configuration itself. */
static char *secret(struct reader *r, const struct yaml *node, const char *what)
{
    static const struct slice keys[] = { SLICE("file"), { 0 } };
    struct slice name;

    if (node->kind == YAML_SCALAR) {
        mask(r, node);
        diag_add(r->e.diags, DIAG_ERROR, "C003", node->key ? node->key->at : node->at,
                 S("put it into a file with mode 600 and name the file: {file: ./keys/name}"),
                 "%s stands in the configuration itself", what);
        return NULL;
    }
    if (!expect_map(&r->e, node, what, keys))
        return NULL;
    if (!at(node, "file")) {
        expect_missing(&r->e, node, "file", "name the file that holds the secret");
        return NULL;
    }
    if (!expect_text(&r->e, at(node, "file"), "`file`", &name))
        return NULL;
    return files_secret(files_beside(&r->c->arena, r->file, name), at(node, "file")->at,
                        r->e.diags);
}

static void read_key(struct reader *r, const struct yaml *root)
{
    const struct yaml *node = at(root, "key");

    if (!node) {
        expect_missing(&r->e, root, "key",
                       "make one: (umask 077; openssl rand -hex 16 > keys/postback), then key: "
                       "{file: ./keys/postback}");
        return;
    }
    r->c->key = secret(r, node, "the key");
    if (r->c->key && strlen(r->c->key) < 16)
        diag_add(r->e.diags, DIAG_WARNING, "C009", node->at,
                 S("make one with: openssl rand -hex 16"),
                 "the key has %zu characters and could be guessed", strlen(r->c->key));
}

static void read_pixel(struct reader *r, const struct yaml *node, struct catalog_pixel *pixel)
{
    static const struct slice keys[] = { SLICE("token"), SLICE("test_event_code"), { 0 } };

    *pixel = (struct catalog_pixel){ .pixel = node->key->text };
    if (!expect_map(&r->e, node, "a pixel", keys))
        return;
    if (!at(node, "token"))
        expect_missing(&r->e, node, "token", "write CODE: {token: {file: ./keys/tiktok}}");
    else
        pixel->token = secret(r, at(node, "token"), "the token");
    if (pixel->token)
        pixel->token_at = files_time(files_beside(&r->c->arena, r->file,
                                                  at(at(node, "token"), "file")->text));
    expect_text(&r->e, at(node, "test_event_code"), "`test_event_code`", &pixel->test_code);
}

static void read_tiktok(struct reader *r, const struct yaml *root)
{
    static const struct slice keys[] = { SLICE("endpoint"), SLICE("pixels"), { 0 } };
    const struct yaml *node = at(root, "tiktok"), *pixels = at(node, "pixels");
    struct slice *names;
    struct err err;

    r->c->endpoint = S("https://business-api.tiktok.com/open_api/v1.3/event/track/");
    if (!node) {
        expect_missing(
            &r->e, root, "tiktok",
            "name your pixels: tiktok: {pixels: {CODE: {token: {file: ./keys/tiktok}}}}");
        return;
    }
    if (!expect_map(&r->e, node, "`tiktok`", keys))
        return;
    if (expect_text(&r->e, at(node, "endpoint"), "`endpoint`", &r->c->endpoint) &&
        endpoint_check(r->c->endpoint, &err) != 0)
        diag_add(r->e.diags, DIAG_ERROR, "C005", at(node, "endpoint")->at, (struct slice){ 0 },
                 "%s", err.text);
    if (!pixels) {
        expect_missing(&r->e, node, "pixels", "pixels: {CODE: {token: {file: ./keys/tiktok}}}");
        return;
    }
    if (!expect_map(&r->e, pixels, "`pixels`", NULL))
        return;
    r->c->pixels = ARENA_ARRAY(&r->c->arena, struct catalog_pixel, pixels->count);
    names = ARENA_ARRAY(&r->c->arena, struct slice, pixels->count + 1);
    if (!r->c->pixels || !names)
        return;
    for (const struct yaml *v = pixels->first; v; v = v->next) {
        names[r->c->pixel_count] = v->key->text;
        read_pixel(r, v, &r->c->pixels[r->c->pixel_count++]);
    }
    r->c->translator.pixels = names;
}

static void duration(struct reader *r, const struct yaml *node, const char *what, int64_t *seconds)
{
    struct slice text;

    if (expect_text(&r->e, node, what, &text) && !when_duration_parse(text, seconds))
        diag_add(r->e.diags, DIAG_ERROR, "C007", node->at, S("write it like 45d, 36h or 10m"),
                 "%s: \"%.*s\" is not a duration", what, SLICE_ARG(text));
}

static void read_retention(struct reader *r, const struct yaml *node)
{
    static const struct slice keys[] = { SLICE("clicks"), SLICE("ledger"), SLICE("ip"), { 0 } };

    r->c->keep_clicks = INT64_C(45) * 86400;
    r->c->keep_ledger = INT64_C(90) * 86400;
    r->c->keep_ip = INT64_C(30) * 86400;
    if (!expect_map(&r->e, node, "`retention`", keys))
        return;
    duration(r, at(node, "clicks"), "`clicks`", &r->c->keep_clicks);
    duration(r, at(node, "ledger"), "`ledger`", &r->c->keep_ledger);
    duration(r, at(node, "ip"), "`ip`", &r->c->keep_ip);
}

static void whole_number(struct reader *r, const struct yaml *node, const char *what, int64_t min,
                         int64_t max, int64_t *out)
{
    struct slice text;
    int64_t n;

    if (!expect_text(&r->e, node, what, &text))
        return;
    if (slice_to_i64(text, &n) && n >= min && n <= max)
        *out = n;
    else
        diag_add(r->e.diags, DIAG_ERROR, "M002", node->at, (struct slice){ 0 },
                 "`%s` must be a whole number from %lld to %lld", what, (long long)min,
                 (long long)max);
}

static void read_limits(struct reader *r, const struct yaml *node)
{
    struct catalog_limits *l = &r->c->limits;
    struct {
        const char *name;
        int64_t *value, min, max;
    } rows[] = {
        { "url_bytes", &l->url, 256, 16384 },
        { "body_bytes", &l->body, 256, 1048576 },
        { "parameters", &l->parameters, 1, 1000 },
        { "request_seconds", &l->request_seconds, 1, 300 },
        { "connections", &l->connections, 1, 100000 },
        { "connections_per_address", &l->connections_per_address, 0, 100000 },
    };
    struct slice keys[sizeof(rows) / sizeof(*rows) + 1] = { { 0 } };

    *l = (struct catalog_limits){ 16384, 65536, 200, 10, 10000, 0 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        keys[i] = slice_from(rows[i].name);
    if (!expect_map(&r->e, node, "`limits`", keys))
        return;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        whole_number(r, at(node, rows[i].name), rows[i].name, rows[i].min, rows[i].max,
                     rows[i].value);
}

void config_read(struct catalog *c, const char *path)
{
    static const struct slice keys[] = { SLICE("version"),  SLICE("listen"), SLICE("admin"),
                                         SLICE("data"),     SLICE("offers"), SLICE("mappings"),
                                         SLICE("key"),      SLICE("tiktok"), SLICE("retention"),
                                         SLICE("limits"),   { 0 } };
    struct reader r = { .c = c, .e = { &c->arena, &c->diags }, .file = slice_from(path) };
    const struct source *file = files_source(&c->arena, path, &c->diags);
    struct source *source = ARENA_NEW(&c->arena, struct source);
    const struct yaml *root;

    if (!file || !source || !(r.text = arena_alloc(&c->arena, file->text.len)))
        return;
    r.len = file->text.len;
    memcpy(r.text, file->text.ptr, r.len);
    *source = (struct source){ file->name, { r.text, r.len } };
    root = yaml_parse(&c->arena, source, &c->diags);
    if (!root || !expect_map(&r.e, root, "the configuration", keys))
        return;
    expect_version(&r.e, root);
    c->listen = listen_or(&r, at(root, "listen"), "listen", "127.0.0.1:8080");
    c->admin = listen_or(&r, at(root, "admin"), "admin", "127.0.0.1:9090");
    c->data = path_or(&r, at(root, "data"), "`data`", "data");
    c->offers_dir = path_or(&r, at(root, "offers"), "`offers`", "offers");
    if (at(root, "mappings"))
        c->lookup.mappings = path_or(&r, at(root, "mappings"), "`mappings`", "mappings");
    read_key(&r, root);
    read_tiktok(&r, root);
    read_retention(&r, at(root, "retention"));
    read_limits(&r, at(root, "limits"));
}
