#include "cli/config_inspector.h"

#include "core/guard/browser.h"
#include "core/yaml/expect.h"

static const struct shape host_shape = { SHAPE_TEXT, .pattern = "^[A-Za-z0-9_:.-]{1,253}$" };
static const struct shape hosts_shape = { SHAPE_LIST, .of = &host_shape, .lone = true };
static const struct shape session_shape = { SHAPE_TEXT, .pattern = "^[0-9]+[smhd]$" };

static const struct shape_key inspector_keys[] = {
    SHAPE_KEY("password", &shape_rotating,
              "its password, for who has no shell on the server; `clickbaton inspect` needs none"),
    SHAPE_KEY("hosts", &hosts_shape,
              "names beside localhost by which browsers reach it, such as inspector.example.com"),
    SHAPE_KEY("session", &session_shape, "how long a browser stays logged in", .otherwise = "12h"),
    SHAPE_END,
};
const struct shape config_inspector_shape = { SHAPE_MAP, .keys = inspector_keys };

/* A name or address without scheme and port; nothing of it may be a pattern. */
static bool read_host(struct expect *e, const struct yaml *node, struct slice *out)
{
    struct slice text, name, port;

    if (!expect_text(e, node, "a host", &text))
        return false;
    if (browser_is_name(text)) {
        *out = text;
        return true;
    }
    if (slice_find(text, S("://")) < text.len)
        text = slice_from_at(text, slice_find(text, S("://")) + 3);
    text = slice_head(text, slice_index(text, '/'));
    diag_add(e->diags, DIAG_ERROR, "C050", node->at,
             browser_host(text, &name, &port)
                 ? arena_printf(e->arena, "write %.*s", SLICE_ARG(name))
                 : S("write it like inspector.example.com"),
             "`hosts`: \"%.*s\" is not a host's name: no scheme, port, path or *",
             SLICE_ARG(node->text));
    return false;
}

static void read_hosts(struct expect *e, const struct yaml *node, struct catalog_inspector *out)
{
    struct slice *list;
    size_t count = 0;

    if (!node || !expect_list(e, node, "`hosts`", true))
        return;
    list = ARENA_ARRAY(e->arena, struct slice, (node->kind == YAML_LIST ? node->count : 1) + 1);
    if (!list)
        return;
    if (node->kind != YAML_LIST)
        read_host(e, node, list);
    else
        for (const struct yaml *v = node->first; v; v = v->next)
            count += read_host(e, v, &list[count]);
    out->hosts = list;
}

/* The whole network may try the password, and read what goes over the wire. */
static void check_reach(struct catalog *c, const struct yaml *admin)
{
    struct slice name, port;

    if (!admin || !c->admin || !browser_host(slice_from(c->admin), &name, &port) ||
        browser_is_loopback(name))
        return;
    diag_add(&c->diags, DIAG_WARNING, "C051", admin->at,
             S("keep it on 127.0.0.1, and come by `ssh -L` or a reverse proxy with TLS: "
               "docs/inspector.md"),
             "`admin` listens at %.*s, so others than this machine reach health, counts and the "
             "inspector's login, without TLS", SLICE_ARG(name));
}

void config_read_inspector(struct catalog *c, const struct yaml *node, const struct yaml *admin,
                           struct slice from)
{
    struct expect e = { &c->arena, &c->diags };
    struct catalog_inspector *out = &c->inspector;
    const struct yaml *session = yaml_get(node, S("session"));
    struct access_secret said = { 0 };
    struct slice text;

    out->session = 12 * 3600;
    check_reach(c, admin);
    if (!expect_map(&e, node, "`inspector`", &config_inspector_shape))
        return;
    access_read_secret(&e, yaml_get(node, S("password")), "password", &said);
    secrets_read(&out->password, &said, "the password",
                 &(struct secrets_reader)CATALOG_SECRETS(c, from));
    read_hosts(&e, yaml_get(node, S("hosts")), out);
    if (expect_text(&e, session, "`session`", &text) &&
        (!when_duration_parse(text, &out->session) || out->session < 1))
        diag_add(e.diags, DIAG_ERROR, "C007", session->at, S("write it like 12h or 30m"),
                 "`session`: \"%.*s\" is not a duration", SLICE_ARG(text));
}
