/* gate.c: who asks, and whether he may. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cli/inspector/inside.h"
#include "core/base/wipe.h"
#include "core/guard/browser.h"

#define COOKIE "clickbaton"

static int64_t steady(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec + 1;
}

int gate_open(struct gate *g, struct err *err)
{
    pthread_mutex_init(&g->lock, NULL);
    g->hasher = identity_hasher_new();
    if (getrandom(&g->seed, sizeof(g->seed), 0) != sizeof(g->seed))
        return err_set(err, ERR_SYSTEM, "there is no randomness");
    return g->hasher ? 0 : err_set(err, ERR_SYSTEM, "out of memory");
}

void gate_close(struct gate *g)
{
    identity_hasher_free(g->hasher);
    pthread_mutex_destroy(&g->lock);
    wipe(&g->sessions, sizeof(g->sessions));
}

/* ---- the request's headers ---- */

bool gate_host(struct inspector *i, struct http_request *http)
{
    struct rules *rules = rules_get(i->settings.rules);
    const struct catalog *c = rules->catalog;
    struct slice name, port, own, own_port;
    bool ok = browser_host(http_request_header(http, "Host"), &name, &port);

    if (ok && !browser_may_be(name, c->inspector.hosts))
        ok = browser_host(slice_from(c->admin), &own, &own_port) && slice_eq_nocase(own, name);
    rules_release(rules);
    if (!ok)
        reply_error(http, 403,
                    "this name is not one of the inspector's: ask for it as localhost or 127.0.0.1, or "
                    "list the name under `inspector: hosts:` in clickbaton.yaml");
    return ok;
}

bool gate_site(struct http_request *http)
{
    if (browser_same_site(http_request_header(http, "Host"), http_request_header(http, "Origin"),
                          http_request_header(http, "Sec-Fetch-Site")))
        return true;
    reply_error(http, 403, "a page of another site asks, and gets nothing");
    return false;
}

/* One of its own for each port: a browser shares cookies between the ports of one host. */
static struct slice cookie_name(struct http_request *http)
{
    struct slice name, port;

    if (!browser_host(http_request_header(http, "Host"), &name, &port) || port.len == 0)
        return S(COOKIE);
    return arena_printf(http->arena, COOKIE "_%.*s", SLICE_ARG(port));
}

struct slice gate_cookie(struct http_request *http)
{
    return browser_cookie(http_request_header(http, "Cookie"), cookie_name(http));
}

/* ---- sessions ---- */

/* Who came in by a password that is not in force any more goes out.  Under the lock. */
static void look_at_password(struct inspector *i)
{
    struct rules *rules = rules_get(i->settings.rules);
    const char *now = rules->catalog->inspector.password.digest[0];

    if (memcmp(i->gate.password, now, SHA256_HEX) != 0) {
        session_end_all(&i->gate.sessions);
        guesses_forget(&i->gate.guesses);
        memcpy(i->gate.password, now, SHA256_HEX);
    }
    rules_release(rules);
}

bool gate_holds(struct inspector *i, struct slice secret)
{
    bool holds;

    pthread_mutex_lock(&i->gate.lock);
    look_at_password(i);
    holds = session_holds(&i->gate.sessions, SESSION_COOKIE, i->gate.hasher, secret, steady());
    pthread_mutex_unlock(&i->gate.lock);
    return holds;
}

bool gate_session(struct inspector *i, struct http_request *http)
{
    if (gate_holds(i, gate_cookie(http)))
        return true;
    reply_error(http, 401, "log in first: open the URL that `clickbaton inspect` prints on the server, "
                           "or give the password");
    return false;
}

/* A new secret, remembered as its digest.  Under the lock. */
static int begin(struct gate *g, enum session_kind kind, int64_t seconds,
                 char text[SESSION_TEXT + 1], struct err *err)
{
    unsigned char secret[SESSION_SECRET];
    int64_t now = steady();
    int rc = 0;

    if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
        return err_set(err, ERR_SYSTEM, "there is no randomness");
    session_text(secret, text);
    if (!session_add(&g->sessions, kind, g->hasher, slice_from(text), now, now + seconds))
        rc = err_set(err, ERR_BUSY, "out of memory");
    wipe(secret, sizeof(secret));
    return rc;
}

int inspector_ticket(struct inspector *i, char text[SESSION_TEXT + 1], struct err *err)
{
    int rc;

    pthread_mutex_lock(&i->gate.lock);
    look_at_password(i);
    rc = begin(&i->gate, SESSION_TICKET, INSPECTOR_TICKET_S, text, err);
    pthread_mutex_unlock(&i->gate.lock);
    return rc;
}

/* ---- POST /api/login ---- */

enum tried { TRIED_RIGHT, TRIED_WRONG, TRIED_TOO_OFTEN };

/* One login while it is looked at. */
struct attempt {
    struct slice token, password;
    uint64_t from;
    int64_t wait; /* s, when it comes too soon */
};

/* The client's address, behind the proxies that are trusted. */
static uint64_t who_asks(const struct inspector *i, const struct catalog *c, struct http_request *http)
{
    struct address peer = { { 0 } };

    address_parse(http->address, &peer);
    if (networks_hold(&c->proxies, &peer))
        peer = address_client(peer, http_request_header_list(http, "X-Forwarded-For"), &c->proxies);
    return address_key(&peer, i->gate.seed);
}

/* Under the lock.  A ticket's 256 bits can't be guessed, so only passwords are counted, and who can ask
 * the server itself comes in whatever others try. */
static enum tried try_password(struct inspector *i, const struct catalog *c, struct attempt *a)
{
    int64_t now = steady();
    bool right;

    if ((a->wait = guesses_wait(&i->gate.guesses, a->from, now)) > 0)
        return TRIED_TOO_OFTEN;
    right = secrets_match(&c->inspector.password, i->gate.hasher, a->password) != SECRETS_NONE;
    if (right && c->inspector.password.text[0]) {
        guesses_right(&i->gate.guesses, a->from);
        return TRIED_RIGHT;
    }
    guesses_wrong(&i->gate.guesses, a->from, now);
    return TRIED_WRONG;
}

static enum tried try_login(struct inspector *i, const struct catalog *c, struct attempt *a)
{
    bool holds;

    if (!a->token.len)
        return try_password(i, c, a);
    holds = session_holds(&i->gate.sessions, SESSION_TICKET, i->gate.hasher, a->token, steady());
    if (holds)
        guesses_right(&i->gate.guesses, a->from);
    return holds ? TRIED_RIGHT : TRIED_WRONG;
}

static void let_in(struct inspector *i, struct http_request *http, int64_t seconds)
{
    char text[SESSION_TEXT + 1];
    struct err err = { 0 };
    bool tls = slice_starts_nocase(http_request_header(http, "Origin"), S("https://"));
    int rc;

    pthread_mutex_lock(&i->gate.lock);
    rc = begin(&i->gate, SESSION_COOKIE, seconds, text, &err);
    pthread_mutex_unlock(&i->gate.lock);
    if (rc != 0)
        reply_error(http, 503, err.text);
    else
        reply_cookie(http, arena_printf(http->arena,
                                        "%.*s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
                                        SLICE_ARG(cookie_name(http)), text, (long long)seconds,
                                        tls ? "; Secure" : "").ptr);
    wipe(text, sizeof(text));
}

static void answer_login(struct inspector *i, struct http_request *http, struct attempt *a)
{
    struct rules *rules = rules_get(i->settings.rules);
    int64_t seconds = rules->catalog->inspector.session;
    bool any = rules->catalog->inspector.password.text[0] != NULL;
    enum tried tried;

    pthread_mutex_lock(&i->gate.lock);
    look_at_password(i);
    a->from = who_asks(i, rules->catalog, http);
    tried = try_login(i, rules->catalog, a);
    pthread_mutex_unlock(&i->gate.lock);
    rules_release(rules);
    if (tried == TRIED_RIGHT)
        let_in(i, http, seconds);
    else if (tried == TRIED_TOO_OFTEN)
        reply_later(http, a->wait, "too many wrong passwords: wait a minute, or use `clickbaton inspect`");
    else if (a->token.len)
        reply_error(http, 401, "this link is not valid any more: run `clickbaton inspect` again");
    else
        reply_error(http, 401,
                    any ? "this password is wrong"
                        : "no password is configured (`inspector: password:`): run `clickbaton inspect` "
                          "on the server");
}

void gate_login(struct inspector *i, struct http_request *http)
{
    cJSON *json = cJSON_ParseWithLength(slice_bytes(http->body), http->body.len);
    char *token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "token"));
    char *password = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "password"));
    struct attempt attempt = { .token = slice_from(token), .password = slice_from(password) };

    if (!token == !password)
        reply_error(http, 400, "write {\"token\":\"...\"} or {\"password\":\"...\"}");
    else
        answer_login(i, http, &attempt);
    if (token)
        wipe(token, strlen(token));
    if (password)
        wipe(password, strlen(password));
    cJSON_Delete(json);
}

void gate_logout(struct inspector *i, struct http_request *http)
{
    pthread_mutex_lock(&i->gate.lock);
    session_end(&i->gate.sessions, SESSION_COOKIE, i->gate.hasher, gate_cookie(http));
    pthread_mutex_unlock(&i->gate.lock);
    reply_cookie(http, arena_printf(http->arena, "%.*s=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
                                    SLICE_ARG(cookie_name(http))).ptr);
}
