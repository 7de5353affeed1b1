#include "cli/alerts_config.h"

#include <string.h>
#include <unistd.h>

#include "cli/catalog.h"
#include "cli/zones.h"
#include "core/alert/book.h"
#include "core/base/when.h"

struct reading {
    struct catalog *c;
    struct alerts_config *a;
    struct expect e;
    struct slice file;
};

static const struct yaml *at(const struct yaml *map, const char *key)
{
    return yaml_get(map, slice_from(key));
}

static void complain(struct reading *r, const struct yaml *node, const char *code, struct slice remedy,
                     const char *what)
{
    diag_add(r->e.diags, DIAG_ERROR, code, node->at, remedy, "%s", what);
}

static const char *cstr(struct reading *r, struct slice text)
{
    return memchr(slice_bytes(text), '\0', text.len) ? "" : arena_cstr(&r->c->arena, text);
}

/* ---- receivers ---- */

static const char *secret(struct reading *r, const struct yaml *node, const char *what)
{
    struct secret_name name;
    char *text;

    if (!node || !expect_secret(&r->e, node, what, &name))
        return NULL;
    files_found(&r->c->lookup, &r->c->arena, files_secret_path(&r->c->arena, r->file, &name));
    text = files_secret_named(&r->c->arena, r->file, &name, node->first ? node->first->at : node->at, r->e.diags);
    if (text)
        r->a->secrets[r->a->secret_count++] = text;
    return text;
}

static void check_url(struct reading *r, const struct yaml *node, const char *url)
{
    struct err err = { 0 };

    if (url && alert_url_check(slice_from(url), &err) != 0)
        complain(r, node, "C052", S("write https://..."), err.text);
}

static void webhook(struct reading *r, const struct yaml *node, struct alert_receiver *to)
{
    const struct yaml *url = at(node, "url");
    char host[100];
    struct slice text;

    if (url && url->kind == YAML_MAP)
        to->url = secret(r, url, "the webhook's address");
    else if (expect_text(&r->e, url, "`url`", &text))
        to->url = cstr(r, text);
    check_url(r, url, to->url);
    if (to->url && alert_url_host(to->url, host, sizeof(host)))
        to->name = arena_printf(&r->c->arena, "webhook %s", host).ptr;
}

static void telegram(struct reading *r, const struct yaml *node, struct alert_receiver *to)
{
    const struct yaml *token = at(node, "token"), *endpoint = at(node, "endpoint");
    struct slice text;

    to->url = "https://api.telegram.org";
    if (token && token->kind == YAML_SCALAR)
        complain(r, token->key, "C003", S("put it into a file with mode 600: token: {file: ./keys/telegram}"),
                 "the bot's token stands in the configuration itself");
    else
        to->token = secret(r, token, "the bot's token");
    for (const char *c = to->token; c && *c; c++)
        if (!ascii_is_alnum(*c) && *c != ':' && *c != '_' && *c != '-') {
            complain(r, token, "C052", S("copy it from @BotFather again: 123456:ABC-DEF..."),
                     "the file does not hold a bot's token");
            break;
        }
    if (expect_text(&r->e, at(node, "chat"), "`chat`", &text)) {
        to->chat = cstr(r, text);
        if (text.ptr[0] != '@' && text.ptr[strspn(to->chat, "-0123456789")] != '\0')
            complain(r, at(node, "chat"), "C052", S("write its number, \"-1001234567890\", or @channel"),
                     "that is not a chat of Telegram");
    }
    if (expect_text(&r->e, endpoint, "`endpoint`", &text)) {
        to->url = cstr(r, text);
        check_url(r, endpoint, to->url);
    }
    if (to->chat)
        to->name = arena_printf(&r->c->arena, "telegram %s", to->chat).ptr;
}

static const char *program(struct reading *r, const struct yaml *node, struct slice path)
{
    const char *name = files_beside(&r->c->arena, r->file, path);

    if (access(name, X_OK) != 0)
        diag_add(r->e.diags, DIAG_ERROR, "C054", node->at, S("correct the path, or: chmod +x"),
                 "%s is not there, or can't be run", name);
    return name;
}

static const char *address(struct reading *r, const struct yaml *node)
{
    struct slice text;

    if (!expect_text(&r->e, node, "an address", &text))
        return "";
    if (!alert_address_ok(text))
        complain(r, node, "C052", S("write you@example.com"), "that is not an e-mail address");
    return cstr(r, text);
}

static void email(struct reading *r, const struct yaml *node, struct alert_receiver *to)
{
    const struct yaml *list = at(node, "to"), *sendmail = at(node, "sendmail");
    struct slice path = S("/usr/sbin/sendmail");
    size_t n = 1;

    expect_text(&r->e, sendmail, "`sendmail`", &path);
    to->args[0] = program(r, sendmail ? sendmail : node, path);
    if (at(node, "from"))
        to->from = address(r, at(node, "from"));
    if (!list || !expect_list(&r->e, list, "`to`", true))
        return;
    if (list->kind == YAML_SCALAR)
        to->args[n++] = address(r, list);
    for (const struct yaml *v = list->kind == YAML_LIST ? list->first : NULL; v && n <= 10; v = v->next)
        to->args[n++] = address(r, v);
    if (n == 1 || (list->kind == YAML_LIST && list->count > 10))
        complain(r, list, "C052", S("write one to ten addresses"), "an e-mail goes to one to ten addresses");
    to->args[n] = NULL;
    to->name = arena_printf(&r->c->arena, "e-mail to %s", n > 1 ? to->args[1] : "nobody").ptr;
}

static void command(struct reading *r, const struct yaml *node, struct alert_receiver *to)
{
    struct slice text;
    size_t n = 0;

    if (!expect_list(&r->e, node, "`command`", false))
        return;
    if (node->count == 0 || node->count > ALERT_ARGS_MAX)
        complain(r, node, "C052", S("write command: [/usr/local/bin/page-me, --urgent]"),
                 "a command is a list of a program and at most 15 arguments");
    for (const struct yaml *v = node->first; v && n < ALERT_ARGS_MAX; v = v->next)
        if (expect_text(&r->e, v, "a part of `command`", &text)) {
            to->args[n] = n ? cstr(r, text) : program(r, v, text);
            n++;
        }
    to->args[n] = NULL;
    if (n)
        to->name = arena_printf(&r->c->arena, "command %s", to->args[0]).ptr;
}

static void receiver(struct reading *r, const struct yaml *node)
{
    static void (*const read[])(struct reading *, const struct yaml *, struct alert_receiver *) = {
        [ALERT_WEBHOOK] = webhook, [ALERT_TELEGRAM] = telegram, [ALERT_EMAIL] = email, [ALERT_COMMAND] = command
    };
    struct alert_receiver to = { 0 };
    const struct shape *shape = alerts_shape.keys[0].is->of;
    unsigned kinds = 0;

    if (!expect_map(&r->e, node, "a receiver", shape))
        return;
    for (const struct shape_key *k = shape->keys; k->name.len; k++) {
        const struct yaml *v = yaml_get(node, k->name);
        if (!v || k->id < 0)
            continue;
        kinds++;
        to.kind = (enum alert_receiver_kind)k->id;
        if (to.kind == ALERT_COMMAND || expect_map(&r->e, v, k->name.ptr, k->is))
            read[to.kind](r, v, &to);
    }
    expect_bool(&r->e, at(node, "severe_only"), "`severe_only`", &to.severe_only);
    if (kinds != 1)
        complain(r, node, "C052", S("write one of webhook, telegram, email, command"),
                 "a receiver is one of webhook, telegram, email and command");
    if (!to.name)
        to.name = "a receiver";
    r->a->receivers[r->a->receiver_count++] = to;
}

static void receivers(struct reading *r, const struct yaml *node)
{
    if (!node || !expect_list(&r->e, node, "`to`", false))
        return;
    if (node->count > ALERT_RECEIVERS_MAX)
        complain(r, node, "C052", S("leave some out"), "there can be eight receivers");
    for (const struct yaml *v = node->first; v && r->a->receiver_count < ALERT_RECEIVERS_MAX; v = v->next)
        receiver(r, v);
    for (size_t i = 0; i < r->a->receiver_count; i++) {
        const struct alert_receiver *to = &r->a->receivers[i];
        const char *texts[] = { to->name, to->url, to->token, to->chat, to->from };
        uint64_t sum = (uint64_t)to->kind * 2 + to->severe_only;
        for (size_t k = 0; k < 5; k++)
            sum = slice_hash(slice_from(texts[k]), sum + k);
        for (size_t k = 0; to->args[k]; k++)
            sum = slice_hash(slice_from(to->args[k]), sum + k);
        r->a->print = r->a->print * 31 + sum;
    }
}

/* ---- limits ---- */

static void limit(struct reading *r, const struct yaml *map, const struct shape_key *key,
                  struct alert_limits *out)
{
    static const char *const forms[] = { "on or off", "off, on or a whole number of events",
                                         "off, on or 1 to 100 percent", "off, on or a duration such as 30m" };
    const struct yaml *node = yaml_get(map, key->name);
    enum alert_rule rule = alert_rule_named(key->name);
    struct slice text;
    char what[40];

    snprintf(what, sizeof(what), "`%s`", key->name.ptr);
    if (rule < ALERT_RULES && expect_text(&r->e, node, what, &text) &&
        !alert_limit_parse(rule, text, &out->rule[rule]))
        diag_add(r->e.diags, DIAG_ERROR, "M002", node->at, S("leave it out for the default"), "%s must be %s", what,
                 forms[alert_rules[rule].unit]);
}

static void limits(struct reading *r, const struct yaml *map, const char *what, const struct shape *shape,
                   struct alert_limits *out)
{
    struct shape_key key;

    if (!map || !expect_map(&r->e, map, what, shape))
        return;
    for (size_t i = 0; shape_row(shape, &r->c->arena, i, &key); i++)
        limit(r, map, &key, out);
}

static void offers(struct reading *r, const struct yaml *node)
{
    const struct shape *shape = alerts_shape.keys[5].is->of;

    if (!node || !expect_map(&r->e, node, "`offers`", NULL))
        return;
    r->a->offers = ARENA_ARRAY(&r->c->arena, struct alerts_offer, node->count + 1);
    for (const struct yaml *v = node->first; r->a->offers && v; v = v->next) {
        struct alerts_offer *o = &r->a->offers[r->a->offer_count++];
        *o = (struct alerts_offer){ .offer = v->key->text, .at = v->key->at };
        limits(r, v, "the limits of an offer", shape, &o->limits);
        if (v->kind == YAML_MAP && at(v, "events"))
            o->events = expect_texts(&r->e, at(v, "events"), "`events`", &o->event_count);
    }
}

/* ---- times ---- */

static void zone(struct reading *r, const struct yaml *node)
{
    struct slice text;
    const char *why;

    if (!expect_text(&r->e, node, "`zone`", &text))
        return;
    r->a->zone = zones_find(&r->c->arena, cstr(r, text), &why);
    if (!r->a->zone)
        diag_add(r->e.diags, DIAG_ERROR, "C053", node->at, S("write Europe/Berlin or +02:00"), "\"%.*s\" %s",
                 SLICE_ARG(slice_head(text, 60)), why);
}

static void times(struct reading *r, const struct yaml *node)
{
    const struct yaml *remind = at(node, "remind"), *quiet = at(node, "quiet");
    struct slice text;

    r->a->remind = 12 * 3600;
    if (expect_text(&r->e, remind, "`remind`", &text)) {
        if (slice_eq(text, S("never")))
            r->a->remind = 0;
        else if (!when_duration_parse(text, &r->a->remind) || r->a->remind < 60)
            complain(r, remind, "C007", S("write it like 12h, or never"), "`remind` is a duration of a minute at least");
    }
    if (expect_text(&r->e, quiet, "`quiet`", &text)) {
        r->a->quiet = alert_quiet_parse(text, &r->a->quiet_from, &r->a->quiet_until);
        if (!r->a->quiet)
            complain(r, quiet, "C053", S("write quiet: 22:00-07:00"), "these are no hours");
    }
    zone(r, at(node, "zone"));
}

void alerts_config_read(struct catalog *c, struct slice file, const struct yaml *node)
{
    struct reading r = { .c = c, .a = &c->alerts, .e = { &c->arena, &c->diags }, .file = file };

    c->alerts.remind = 12 * 3600;
    if (!node || !expect_map(&r.e, node, "`alerts`", &alerts_shape))
        return;
    receivers(&r, at(node, "to"));
    times(&r, node);
    limits(&r, at(node, "rules"), "`rules`", alerts_shape.keys[4].is, &c->alerts.limits);
    offers(&r, at(node, "offers"));
}

void alerts_config_check(struct catalog *c)
{
    struct slice *names = ARENA_ARRAY(&c->arena, struct slice, c->offer_count + 1);

    for (size_t i = 0; names && i < c->offer_count; i++)
        names[i] = c->offers[i].offer->name;
    for (size_t i = 0; names && i < c->alerts.offer_count; i++)
        if (!catalog_find(c, c->alerts.offers[i].offer))
            diag_add(&c->diags, DIAG_WARNING, "C069", c->alerts.offers[i].at,
                     diag_suggest(&c->arena, c->alerts.offers[i].offer, names),
                     "`alerts` has limits for %.*s, and there is no such offer",
                     SLICE_ARG(c->alerts.offers[i].offer));
}

void alerts_config_forget(struct alerts_config *a)
{
    for (size_t i = 0; i < a->secret_count; i++)
        files_forget(a->secrets[i]);
    a->secret_count = 0;
}

const struct alerts_offer *alerts_config_offer(const struct alerts_config *a, struct slice offer)
{
    for (size_t i = 0; i < a->offer_count; i++)
        if (slice_eq(a->offers[i].offer, offer))
            return &a->offers[i];
    return NULL;
}
