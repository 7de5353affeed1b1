#include "adapters/store/pg_url.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/wipe.h"
#include "core/guard/browser.h"

/* ---- what may stand in it ---- */

enum use { PLAIN, FILENAME, SECRET, NOT_HERE };

/* "PostgreSQL 15 Documentation, 34.1.2 Parameter Key Words", and those that 16 and 17 brought. */
static const struct parameter {
    const char *name;
    enum use use;
    const char *why; /* NOT_HERE */
} parameters[] = {
    { "host", PLAIN, NULL }, { "hostaddr", PLAIN, NULL }, { "port", PLAIN, NULL }, { "dbname", PLAIN, NULL },
    { "user", PLAIN, NULL }, { "target_session_attrs", PLAIN, NULL }, { "load_balance_hosts", PLAIN, NULL },
    { "sslmode", PLAIN, NULL }, { "sslnegotiation", PLAIN, NULL }, { "sslsni", PLAIN, NULL },
    { "sslcertmode", PLAIN, NULL }, { "ssl_min_protocol_version", PLAIN, NULL },
    { "ssl_max_protocol_version", PLAIN, NULL }, { "channel_binding", PLAIN, NULL }, { "require_auth", PLAIN, NULL },
    { "requirepeer", PLAIN, NULL }, { "application_name", PLAIN, NULL }, { "connect_timeout", PLAIN, NULL },
    { "keepalives", PLAIN, NULL }, { "keepalives_idle", PLAIN, NULL }, { "keepalives_interval", PLAIN, NULL },
    { "keepalives_count", PLAIN, NULL }, { "tcp_user_timeout", PLAIN, NULL },
    { "sslrootcert", FILENAME, NULL }, { "sslcert", FILENAME, NULL }, { "sslkey", FILENAME, NULL },
    { "sslcrl", FILENAME, NULL }, { "sslcrldir", FILENAME, NULL },
    { "password", SECRET, NULL }, { "sslpassword", SECRET, NULL },
    { "passfile", NOT_HERE, "write password: {file: PATH} beside url:" },
    { "service", NOT_HERE, "write here what the service file says" },
    { "servicefile", NOT_HERE, "write here what the service file says" },
    { "options", NOT_HERE, "set it at the role in the database: ALTER ROLE ... SET search_path = ..." },
    { "client_encoding", NOT_HERE, "leave it out: it is UTF8" },
    { "replication", NOT_HERE, "leave it out" },
    { "fallback_application_name", NOT_HERE, "write application_name" },
    { "requiressl", NOT_HERE, "write sslmode=verify-full" },
    { "gssencmode", NOT_HERE, "leave it out: it is not used, TLS is" },
    { "krbsrvname", NOT_HERE, "leave it out: Kerberos is not used" },
    { "gsslib", NOT_HERE, "leave it out: Kerberos is not used" },
};

static const struct parameter *parameter_named(struct slice name)
{
    for (size_t i = 0; i < sizeof(parameters) / sizeof(*parameters); i++)
        if (slice_eq(slice_from(parameters[i].name), name))
            return &parameters[i];
    return NULL;
}

/* ---- its parts ---- */

static bool is_url(struct slice url)
{
    return slice_starts(url, S("postgresql://")) || slice_starts(url, S("postgres://"));
}

/* user:password@: a colon before the last @, of whatever a password may have in it. */
static bool has_password(struct slice url)
{
    struct slice rest = url;
    size_t at = url.len, scheme = slice_find(url, S("://"));

    while (at > 0 && url.ptr[at - 1] != '@')
        at--;
    if (at > 0 && scheme < at)
        rest = (struct slice){ url.ptr + scheme + 3, at - 1 - (scheme + 3) };
    if (at > 0 && slice_index(rest, ':') < rest.len && !slice_starts(rest, S("[")))
        return true;
    return slice_find(url, S("password")) < url.len;
}

static int judge_parameters(struct slice url, struct postgres_url *out, struct err *err)
{
    struct slice rest = slice_from_at(url, slice_index(url, '?')), one, name, value;

    rest = slice_from_at(rest, rest.len ? 1 : 0);
    while (slice_next(&rest, '&', &one)) {
        const struct parameter *p;
        slice_cut(one, '=', &name, &value);
        p = parameter_named(name);
        out->fault = POSTGRES_PARAMETER;
        if (!p)
            return err_set(err, ERR_INPUT, "libpq has no parameter \"%.*s\"", SLICE_ARG(slice_head(name, 40)));
        if (p->use == NOT_HERE)
            return err_set(err, ERR_INPUT, "\"%s\" may not stand in the store's URL: %s", p->name, p->why);
    }
    out->fault = 0;
    return 0;
}

/* ---- hosts ---- */

/* A folder of sockets, the default one, or a loopback address. */
static bool is_here(struct slice host)
{
    return host.len == 0 || host.ptr[0] == '/' || host.ptr[0] == '@' || browser_is_loopback(host);
}

static bool any_elsewhere(const char *hosts)
{
    struct slice rest = slice_from(hosts), one;

    while (slice_next(&rest, ',', &one))
        if (!is_here(slice_trim(one)))
            return true;
    return false;
}

/* ---- what libpq gets ---- */

static void put(struct pg_target *t, const char *key, const char *value)
{
    size_t i = 0;

    while (i < t->count && strcmp(t->keys[i], key) != 0)
        i++;
    if (i == PG_PARAMETERS - 1) {
        t->arena.full = true;
        return;
    }
    t->keys[i] = key;
    t->values[i] = value;
    t->count += i == t->count;
}

const char *pg_target_value(const struct pg_target *t, const char *key)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->keys[i], key) == 0)
            return t->values[i];
    return NULL;
}

static const char *const lists[] = { "host", "hostaddr", "port" };

static void find_lists(struct pg_target *t)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        const char *value = pg_target_value(t, lists[i]);
        size_t size = value ? strlen(value) + 1 : 0;
        t->lists[i] = value ? arena_alloc(&t->arena, size) : NULL;
        if (!t->lists[i])
            continue;
        memcpy(t->lists[i], value, size);
        put(t, lists[i], t->lists[i]);
    }
}

static struct slice item_at(const char *list, size_t n)
{
    struct slice rest = slice_from(list), item = { 0 };

    for (size_t i = 0; i <= n; i++)
        if (!slice_next(&rest, ',', &item))
            return (struct slice){ 0 };
    return item;
}

static void move_last(char *list, struct slice item)
{
    size_t at = (size_t)(item.ptr - list), behind = strlen(list) - at - item.len;
    char copy[300];

    if (behind == 0 || item.len > sizeof(copy))
        return;
    memcpy(copy, item.ptr, item.len);
    memmove(list + at, list + at + item.len + 1, behind - 1);
    list[at + behind - 1] = ',';
    memcpy(list + at + behind, copy, item.len);
}

bool pg_target_last(struct pg_target *t, const char *host, const char *port)
{
    const char *hosts = t->lists[0] ? t->lists[0] : t->lists[1];
    struct slice rest = slice_from(hosts), one;
    size_t n = 0;

    for (; slice_next(&rest, ',', &one); n++) {
        struct slice its = item_at(t->lists[2], n);
        if (slice_eq(one, slice_from(host)) && (its.len == 0 || slice_eq(its, slice_from(port))))
            break;
    }
    if (rest.len == 0) /* it was not found, or is the last one */
        return false;
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        if (t->lists[i] && strchr(t->lists[i], ','))
            move_last(t->lists[i], item_at(t->lists[i], n));
    return true;
}

static const char *path_of(struct pg_target *t, const struct postgres *at, const char *name)
{
    if (name[0] == '/' || !at->folder || !at->folder[0])
        return name;
    return arena_printf(&t->arena, "%s/%s", at->folder, name).ptr;
}

/* One half of a machine's network being gone must not be waited for longer than this. */
static const char *const defaults[][2] = {
    { "keepalives_idle", "5" }, { "keepalives_interval", "2" }, { "keepalives_count", "3" },
    { "tcp_user_timeout", "10000" }, { "application_name", "clickbaton" },
};

static void take(struct pg_target *t, const struct postgres *at, const PQconninfoOption *o)
{
    struct slice key = arena_dup(&t->arena, slice_from(o->keyword)), value = arena_dup(&t->arena, slice_from(o->val));
    const char *k = arena_cstr(&t->arena, key), *v = arena_cstr(&t->arena, value);
    const struct parameter *p = parameter_named(key);

    if (t->arena.full)
        return;
    put(t, k, p && p->use == FILENAME ? path_of(t, at, v) : v);
}

/* The authorities that this system trusts: what SSL_CERT_FILE names, else where its package keeps them
 * (Debian, Red Hat, SUSE, Alpine).  "system" as a file's name is of libpq 16. */
static const char *system_authorities(void)
{
    static const char *const files[] = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                         "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem" };
    const char *named = getenv("SSL_CERT_FILE");

    for (size_t i = 0; !(named && *named) && i < sizeof(files) / sizeof(*files); i++)
        if (access(files[i], R_OK) == 0)
            return files[i];
    return named && *named ? named : files[0];
}

static void secure(struct pg_target *t)
{
    const char *root = pg_target_value(t, "sslrootcert");

    if (!pg_target_value(t, "sslmode"))
        put(t, "sslmode", "verify-full");
    if (!root || strcmp(root, "system") == 0 || slice_ends(slice_from(root), S("/system")))
        put(t, "sslrootcert", system_authorities());
}

/* Who writes needs the primary.  So does, among several hosts, who reads: a standby may lag, or have nobody to follow any more,
 * unless the URL asks for any. */
static void choose_host(struct pg_target *t, bool writer)
{
    const char *said = pg_target_value(t, "target_session_attrs"), *host = pg_target_value(t, "host");
    bool several = slice_index(slice_from(host), ',') < slice_from(host).len;

    if (said && (!writer || strcmp(said, "primary") == 0))
        return;
    put(t, "target_session_attrs", writer || several ? "read-write" : "any");
}

static void name(struct pg_target *t)
{
    const char *host = pg_target_value(t, "host"), *port = pg_target_value(t, "port");
    const char *database = pg_target_value(t, "dbname");

    if (!host)
        host = pg_target_value(t, "hostaddr");
    snprintf(t->where, sizeof(t->where), "postgresql://%.100s%s%.20s/%.60s", host ? host : "", port ? ":" : "",
             port ? port : "", database ? database : "");
}

int pg_target_read(struct pg_target *t, const struct postgres *at, bool writer, struct err *err)
{
    char *why = NULL;
    PQconninfoOption *all = PQconninfoParse(at->url, &why);

    memset(t, 0, sizeof(*t));
    arena_init(&t->arena, 64 * 1024);
    if (!all) { /* what it says holds the URL */
        PQfreemem(why);
        return err_set(err, ERR_INPUT, "libpq %d can't read the store's URL; it looks like "
                       "postgresql://clickbaton@db.example:5432/clickbaton", PQlibVersion() / 10000);
    }
    for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
        put(t, defaults[i][0], defaults[i][1]);
    for (const PQconninfoOption *o = all; o->keyword; o++)
        if (o->val)
            take(t, at, o);
    PQconninfoFree(all);
    if (!pg_target_value(t, "connect_timeout"))
        put(t, "connect_timeout", at->connect_s == 0 ? "5" : arena_printf(&t->arena, "%d", at->connect_s).ptr);
    t->remote = any_elsewhere(pg_target_value(t, "host")) ||
                (!pg_target_value(t, "host") && any_elsewhere(pg_target_value(t, "hostaddr")));
    if (t->remote)
        secure(t);
    choose_host(t, writer);
    put(t, "client_encoding", "UTF8");
    put(t, "gssencmode", "disable"); /* it would go before TLS, and nothing checks it */
    if (!pg_target_value(t, "passfile")) /* ~/.pgpass: a server that is confined could not read what a verb can */
        put(t, "passfile", "/nonexistent/pgpass");
    name(t);
    find_lists(t);
    t->secret = at->secret;
    if (!t->secret && at->password && !(t->password = strdup(at->password)))
        t->arena.full = true;
    if (!pg_target_renew(t))
        pg_target_password(t);
    return t->arena.full ? err_set(err, ERR_SYSTEM, "out of memory") : 0;
}

/* An empty one is none. */
void pg_target_password(struct pg_target *t)
{
    if (t->password || pg_target_value(t, "password"))
        put(t, "password", t->password ? t->password : "");
}

void pg_target_free(struct pg_target *t)
{
    if (t->password)
        wipe(t->password, strlen(t->password));
    free(t->password);
    arena_free(&t->arena);
}

/* ---- for the configuration ---- */

static int list_files(const struct pg_target *t, struct arena *arena, struct postgres_url *out, struct err *err)
{
    size_t count = 0;

    for (size_t i = 0; i < t->count; i++) {
        const struct parameter *p = parameter_named(slice_from(t->keys[i]));
        if (!p || p->use != FILENAME || count == POSTGRES_FILES)
            continue;
        out->files[count++] = arena_cstr(arena, slice_from(t->values[i]));
        if (access(t->values[i], R_OK) == 0)
            continue;
        out->fault = POSTGRES_FILE;
        return err_set(err, ERR_INPUT, "%s: the file %.200s can't be read", t->keys[i], t->values[i]);
    }
    return 0;
}

static int judge(const struct pg_target *t, struct arena *arena, struct postgres_url *out, struct err *err)
{
    const char *mode = pg_target_value(t, "sslmode");

    struct slice ports = slice_from(pg_target_value(t, "port")), port;
    uint64_t n;

    out->fault = POSTGRES_FORM;
    if (!pg_target_value(t, "dbname"))
        return err_set(err, ERR_INPUT, "the store's URL names no database");
    while (slice_next(&ports, ',', &port))
        if (port.len && (!slice_to_u64(port, &n) || n == 0 || n > 65535))
            return err_set(err, ERR_INPUT, "the store's URL has no port \"%.*s\"", SLICE_ARG(slice_head(port, 20)));
    out->fault = 0;
    if (t->remote && strcmp(mode, "verify-full") != 0)
        snprintf(out->weak, sizeof(out->weak), "%.20s", mode);
    return list_files(t, arena, out, err);
}

int postgres_url_read(const struct postgres *at, struct arena *arena, struct postgres_url *out, struct err *err)
{
    struct slice url = slice_from(at->url);
    struct pg_target t;
    int rc;

    *out = (struct postgres_url){ .fault = POSTGRES_SECRET };
    if (has_password(url))
        return err_set(err, ERR_INPUT, "the store's password");
    out->fault = POSTGRES_FORM;
    if (!is_url(url))
        return err_set(err, ERR_INPUT, "`store` takes postgresql://USER@HOST:5432/NAME; without it the store is SQLite in "
                       "the folder `data`");
    if (judge_parameters(url, out, err) != 0)
        return -1;
    out->fault = POSTGRES_FORM;
    rc = pg_target_read(&t, at, true, err);
    if (rc == 0) {
        out->fault = 0;
        rc = judge(&t, arena, out, err);
    }
    pg_target_free(&t);
    return rc;
}

void postgres_name(const struct postgres *at, char *out, size_t size)
{
    struct pg_target t;
    struct err err;

    snprintf(out, size, "PostgreSQL");
    if (pg_target_read(&t, at, false, &err) == 0)
        snprintf(out, size, "%s", t.where);
    pg_target_free(&t);
}
