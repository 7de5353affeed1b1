/* reload.c: the files' rules: read whole, looked at, then put in force. */
#include <stdio.h>

#include "cli/serve/clock.h"
#include "cli/serve/log.h"
#include "cli/serve/server.h"

struct catalog *reload_read(const struct server *s)
{
    struct catalog *c = catalog_open(s->config);

    if (!c)
        return NULL;
    if (c->offers_dir)
        catalog_add_offers(c);
    catalog_print_problems(c, stderr);
    if (catalog_errors(c) == 0)
        return c;
    jail_explain(s->jail, c);
    catalog_close(c);
    return NULL;
}

static bool differs(const char *a, const char *b)
{
    return slice_cmp(slice_from(a), slice_from(b)) != 0;
}

/* What is open stays open: said once per change. */
static void note_restart(const struct catalog *before, const struct catalog *now)
{
    struct catalog_limits a = before->limits, b = now->limits;
    const struct {
        const char *name;
        bool changed;
    } rows[] = {
        { "listen", differs(before->listen, now->listen) },
        { "admin", differs(before->admin, now->admin) },
        { "node", !slice_eq(before->node, now->node) },
        { "data", differs(before->data, now->data) },
        { "store", differs(before->store.url, now->store.url) || before->store.spill != now->store.spill ||
                       before->store.spill_max != now->store.spill_max },
        { "limits", a.url != b.url || a.body != b.body || a.request_seconds != b.request_seconds ||
                        a.connections != b.connections ||
                        a.connections_per_address != b.connections_per_address },
        { "alerts.to", before->alerts.print != now->alerts.print },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].changed)
            log_line("warning", "msg=\"`%s` has changed; it takes effect with a restart\"",
                     rows[i].name);
}

/* The database's password is the one thing of `store` that needs no restart. */
static void change_password(struct server *s, const struct catalog *c)
{
    struct err err = { 0 };
    enum stores_password is = stores_password(s->stores, c, &err);

    pthread_mutex_lock(&s->admin.lock);
    snprintf(s->admin.password_why, sizeof(s->admin.password_why), "%s", is == STORES_REFUSED ? err.text : "");
    pthread_mutex_unlock(&s->admin.lock);
    if (is == STORES_REFUSED)
        log_line("error", "code=C085 msg=\"the database refuses the store's new password; the one before stays in force\" why=\"%s\"",
                 err.text);
    else if (is == STORES_UNTRIED)
        log_line("warning", "msg=\"the store's new password could not be tried; it is used from the next connection on\" why=\"%s\"",
                 err.text);
    else if (is == STORES_TAKEN)
        log_line("info", "msg=\"the store's new password is right; it is used from the next connection on\"");
}

bool reload(struct server *s)
{
    struct catalog *c = reload_read(s);
    struct rules *before = rules_get(s->rules);
    struct err err = { 0 };
    bool ok = c != NULL;

    if (ok && outlet_reload(s->sender, c, &err) != 0) {
        catalog_close(c);
        ok = false;
    } else if (ok && rules_swap(s->rules, c) != 0) {
        catalog_close(c);
        ok = false;
        err_set(&err, ERR_SYSTEM, "out of memory");
    }
    pthread_mutex_lock(&s->admin.lock);
    s->admin.reload_failed = !ok;
    s->admin.reload_at = clock_now_ms();
    snprintf(s->admin.reload_why, sizeof(s->admin.reload_why), "%s",
             err.text[0] ? err.text : "a file has errors; run: clickbaton check");
    pthread_mutex_unlock(&s->admin.lock);
    metrics_rules(s->metrics, ok ? c : NULL, clock_now_ms(), false);
    if (ok) {
        note_restart(before->catalog, c);
        change_password(s, c);
        log_line("info", "msg=\"reloaded\" offers=%zu", c->offer_count);
    } else {
        log_line("error", "msg=\"reload failed; the rules before it stay in force\" why=\"%s\"",
                 s->admin.reload_why);
    }
    rules_release(before);
    return ok;
}
