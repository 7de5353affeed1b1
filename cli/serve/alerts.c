#include "cli/serve/alerts.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/files.h"
#include "cli/serve/admin.h"
#include "cli/serve/alerts_internal.h"
#include "cli/serve/clock.h"
#include "cli/serve/log.h"
#include "core/alert/message.h"

#define LOOK_SECONDS 60
#define FRESH_SECONDS 2
#define KEPT_MAX ((size_t)4 << 20)

struct courier *alerts_fork(void (*confine)(void))
{
    const struct courier_settings settings = { .confine = confine };
    struct err err = { 0 };
    struct courier *c = courier_fork(&settings, &err);

    if (!c)
        log_line("error", "code=%s msg=\"alerts are not delivered\" why=\"%s\"", "A013", err.text);
    return c;
}

/* ---- DATA/alerts ---- */

static const char *path_of(const struct alerts *a, char path[4100])
{
    snprintf(path, 4100, "%s/alerts", a->data);
    return path;
}

static void read_book(struct alerts *a)
{
    struct arena arena;
    struct slice text;
    struct err err = { 0 };
    char path[4100];
    unsigned bad;

    arena_init(&arena, 2 * KEPT_MAX);
    if (files_exist(path_of(a, path))) {
        if (files_read(&arena, path, KEPT_MAX, &text, &err) != 0)
            log_line("warning", "msg=\"alerts of before are not known\" why=\"%s\"", err.text);
        else if ((bad = alert_book_read(a->book, text)) > 0)
            log_line("warning", "msg=\"some alerts of before are not known\" file=\"%s\" lines=%u", path, bad);
    }
    arena_free(&arena);
}

/* Without the lock: a slow disk keeps nobody waiting who asks. */
static void write_book(struct alerts *a, const struct buf *text, int64_t now)
{
    uint64_t hash = slice_hash(buf_slice(text), 1);
    struct err err = { 0 };
    char path[4100];

    if (!buf_ok(text) || hash == a->kept)
        return;
    if (files_replace(path_of(a, path), buf_slice(text), &err) == 0) {
        a->kept = hash;
    } else if (now - a->told_failure >= 3600) {
        log_line("warning", "msg=\"alerts are forgotten at a restart\" why=\"%s\"", err.text);
        a->told_failure = now;
    }
}

/* ---- life ---- */

static int begin_courier(struct alerts *a, const struct alerts_config *config, struct err *err)
{
    a->receiver_count = config->receiver_count;
    for (size_t i = 0; i < config->receiver_count; i++)
        snprintf(a->receivers[i].name, sizeof(a->receivers[i].name), "%s", config->receivers[i].name);
    if (!a->courier) {
        a->courier_dead = a->receiver_count > 0;
        return 0;
    }
    return courier_begin(a->courier, config->receivers, config->receiver_count, err);
}

struct alerts *alerts_open(struct courier *courier, struct rules_holder *holder, struct err *err)
{
    struct alerts *a = calloc(1, sizeof(*a));
    struct rules *rules = rules_get(holder);
    int rc = -1;

    if (!a) {
        courier_close(courier);
        rules_release(rules);
        err_set(err, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    a->courier = courier;
    a->rules = holder;
    a->series = alert_series_open();
    a->book = alert_book_open();
    a->next_id = 2;
    pthread_mutex_init(&a->lock, NULL);
    clock_cond_init(&a->news);
    if (!a->series || !a->book)
        err_set(err, ERR_SYSTEM, "out of memory");
    else
        rc = begin_courier(a, &rules->catalog->alerts, err);
    if (rc == 0) {
        snprintf(a->data, sizeof(a->data), "%s", rules->catalog->data);
        read_book(a);
        a->looked = clock_now();
        a->unread = (a->looked / 3600 - ALERT_HOURS + 1) * 3600;
    }
    rules_release(rules);
    if (rc == 0)
        return a;
    alerts_close(a);
    return NULL;
}

void alerts_close(struct alerts *a)
{
    if (!a)
        return;
    courier_close(a->courier);
    alert_series_close(a->series);
    alert_book_close(a->book);
    pthread_cond_destroy(&a->news);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

/* As metrics: also what does not fire, so that the series is there. */
static void count(struct alerts *a, struct admin *admin)
{
    unsigned firing[ALERT_RULES];

    alerts_count(a, firing);
    for (size_t i = 0; i < ALERT_RULES; i++)
        metrics_alert(admin->metrics, alert_rules[i].code, firing[i]);
}

/* Nothing is judged while the clock is in doubt, nor before the past is known. */
void alerts_tick(struct alerts *a, struct store *reader, struct admin *admin, bool second)
{
    int64_t now = clock_now();
    struct buf book = { .limit = KEPT_MAX };
    bool wanted;

    if (second && !a->looks)
        count(a, admin);
    pthread_mutex_lock(&a->lock);
    alerts_hear(a, now);
    wanted = a->wanted;
    pthread_mutex_unlock(&a->lock);
    if (clock_away() != 0 || (a->unread ? !second : !wanted && now - a->looked < LOOK_SECONDS && now >= a->looked))
        return;
    a->blind = !alerts_read(a, reader, admin, now);
    if (a->blind && a->unread)
        return;
    a->looked = now;
    pthread_mutex_lock(&a->lock);
    alerts_look(a, admin, now);
    alert_book_write(a->book, &book);
    a->wanted = false;
    a->looks++;
    pthread_cond_broadcast(&a->news);
    pthread_mutex_unlock(&a->lock);
    write_book(a, &book, now);
    buf_free(&book);
    count(a, admin);
}

/* ---- asked by others ---- */

static void wait_for_a_look(struct alerts *a)
{
    uint64_t before = a->looks;
    const struct timespec end = clock_in(FRESH_SECONDS * 1000);

    a->wanted = true;
    while (a->looks == before)
        if (pthread_cond_timedwait(&a->news, &a->lock, &end) == ETIMEDOUT)
            return;
}

static void receiver_json(struct buf *out, const struct alerts_receiver *r)
{
    buf_puts(out, "{\"name\":");
    buf_json(out, slice_from(r->name));
    buf_printf(out, ",\"last_id\":%lld,\"last_at\":%lld,\"delivered\":%s,\"ended\":%s,\"text\":", (long long)r->id,
               (long long)r->at, r->done ? "true" : "false", r->last ? "true" : "false");
    buf_json(out, slice_from(r->why));
    buf_byte(out, '}');
}

void alerts_json(struct alerts *a, bool fresh, struct buf *out)
{
    if (!a) {
        buf_puts(out, "{\"active\":[],\"history\":[],\"receivers\":[]}\n");
        return;
    }
    pthread_mutex_lock(&a->lock);
    if (fresh)
        wait_for_a_look(a);
    buf_puts(out, "{\"active\":[");
    for (size_t i = 0; i < a->book->active_count; i++) {
        buf_puts(out, i ? "," : "");
        alert_entry_json(out, &a->book->active[i]);
    }
    buf_puts(out, "],\"history\":[");
    for (size_t i = a->book->past_count; i-- > 0;) { /* the newest first */
        alert_entry_json(out, &a->book->past[i]);
        buf_puts(out, i ? "," : "");
    }
    buf_puts(out, "],\"receivers\":[");
    for (size_t i = 0; i < a->receiver_count; i++) {
        buf_puts(out, i ? "," : "");
        receiver_json(out, &a->receivers[i]);
    }
    buf_printf(out, "],\"courier\":%s}\n", a->courier_dead ? "false" : "true");
    pthread_mutex_unlock(&a->lock);
}

void alerts_each(struct alerts *a, void (*each)(void *context, const char *text), void *context)
{
    char text[ALERT_TEXT + ALERT_NAME + 40];

    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->book->active_count; i++) {
        const struct alert_entry *e = &a->book->active[i];
        snprintf(text, sizeof(text), "%s %s%s%s", alert_rules[e->rule].code, e->offer, e->offer[0] ? ": " : "", e->text);
        if (e->firing)
            each(context, text);
    }
    pthread_mutex_unlock(&a->lock);
}

void alerts_count(struct alerts *a, unsigned firing[ALERT_RULES])
{
    memset(firing, 0, ALERT_RULES * sizeof(*firing));
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->book->active_count; i++)
        firing[a->book->active[i].rule] += a->book->active[i].firing;
    pthread_mutex_unlock(&a->lock);
}

static bool whole(const cJSON *json, const char *name, int64_t *out)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(json, name);

    if (!cJSON_IsNumber(n) || !(n->valuedouble >= 0 && n->valuedouble <= 1e12) ||
        n->valuedouble != (double)(int64_t)n->valuedouble)
        return false;
    *out = (int64_t)n->valuedouble;
    return true;
}

static bool word(const cJSON *json, const char *name, char *to, size_t size)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    if (!text || !text[0] || strlen(text) >= size)
        return false;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    snprintf(to, size, "%s", text);
    return true;
}

int alerts_fact(struct alerts *a, struct slice body, struct err *err)
{
    cJSON *json = cJSON_ParseWithLength(slice_bytes(body), body.len);
    struct alert_divergence d = { .at = clock_now() };
    struct rules *rules;
    bool ok = json && word(json, "offer", d.offer, sizeof(d.offer)) && word(json, "with", d.with, sizeof(d.with)) &&
              whole(json, "theirs", &d.theirs) && whole(json, "ours", &d.ours), known;

    cJSON_Delete(json);
    if (!ok || (strcmp(d.with, "crm") != 0 && strcmp(d.with, "tracker") != 0))
        return err_set(err, ERR_INPUT, "a fact is {\"offer\":\"nutra-de\",\"with\":\"crm\" or \"tracker\","
                                       "\"theirs\":120,\"ours\":100}");
    if (!a)
        return err_set(err, ERR_BUSY, "this server has no alerts");
    rules = rules_get(a->rules);
    known = catalog_find(rules->catalog, slice_from(d.offer)) != NULL;
    rules_release(rules);
    if (!known)
        return err_set(err, ERR_INPUT, "there is no offer %s", d.offer);
    pthread_mutex_lock(&a->lock);
    alert_book_divergence(a->book, &d);
    a->wanted = true;
    pthread_mutex_unlock(&a->lock);
    return 0;
}

int alerts_test(struct alerts *a, struct buf *out, struct err *err)
{
    const struct alert_message m = { .kind = ALERT_TEST, .at = clock_now(),
                                     .text = S("This is a test. If you read this, alerts of this server reach you.") };
    int rc = 0;

    if (!a)
        return err_set(err, ERR_BUSY, "this server has no alerts");
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->receiver_count && rc == 0 && !a->courier_dead; i++)
        rc = alerts_send(a, &m, (int)i, a->next_id + 1);
    if (rc != 0)
        a->courier_dead = true;
    buf_printf(out, "{\"id\":%lld,\"receivers\":%zu}\n", (long long)a->next_id + 1, a->receiver_count);
    a->next_id += 2;
    rc = a->courier_dead ? -1 : 0;
    pthread_mutex_unlock(&a->lock);
    return rc == 0 ? 0 : err_set(err, ERR_SYSTEM, "the process that delivers alerts has ended; restart serve");
}
