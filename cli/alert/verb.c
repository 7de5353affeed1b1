/* verb.c: `clickbaton alert list|test`. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "adapters/alert/courier.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/control_client.h"
#include "cli/end.h"
#include "cli/options.h"
#include "core/alert/message.h"
#include "core/base/diag.h"

#define ASK_SECONDS 20
#define TEST_SECONDS 25
#define POLL_NS 20000000

static const struct verb_usage usage = {
    .synopsis = "alert list|test [-c clickbaton.yaml] [--json]",
    .about = "list: what the running server alerts of now, and what is over. Gives 1 when something fires.\n"
             "test: a message to every receiver of `alerts: to:`, and what came of each. The running\n"
             "server sends it; without one this program does. Gives 1 when one was not delivered.",
    .examples = "  clickbaton alert test\n  clickbaton alert list --json",
};

struct asking {
    struct catalog *catalog;
    struct control_client *client;
    struct buf out;
    bool json;
};

static int complain(const struct err *err)
{
    fprintf(stderr, "clickbaton alert: %s\n", err->text);
    return err->kind == ERR_INPUT ? EXIT_CONFIG : EXIT_IO;
}

/* What the server answered: 1, 0: none runs, -1: *err. */
static int ask(struct asking *a, const char *path, struct slice body, cJSON **json, struct err *err)
{
    struct buf answer = { .limit = CONTROL_ANSWER_MAX };
    int rc = control_client_ask(a->client, path, body, ASK_SECONDS, &answer, err);

    *json = rc == 1 ? cJSON_ParseWithLength(slice_bytes(buf_slice(&answer)), answer.len) : NULL;
    if (rc == 1 && a->json && strcmp(path, "/alerts") == 0) {
        buf_clear(&a->out);
        buf_add(&a->out, buf_slice(&answer));
    }
    buf_free(&answer);
    return rc == 1 && !*json ? err_set(err, ERR_SYSTEM, "the server's answer can't be read") : rc;
}

static const char *text_of(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    return text ? text : "";
}

/* ---- list ---- */

static unsigned show(struct buf *out, const cJSON *list, unsigned most)
{
    const cJSON *e;
    unsigned firing = 0, shown = 0;

    cJSON_ArrayForEach(e, list) {
        const char *offer = text_of(e, "offer"), *until = text_of(e, "until");
        firing += strcmp(text_of(e, "state"), "firing") == 0;
        if (shown++ == most)
            break;
        buf_printf(out, "%s %-9s %s%s%s\n    since %s%s%s", text_of(e, "code"), text_of(e, "state"), offer,
                   offer[0] ? ": " : "", text_of(e, "text"), text_of(e, "since"), until[0] ? ", until " : "", until);
        if (!until[0])
            buf_printf(out, "\n    first: %s", text_of(e, "first_action"));
        buf_byte(out, '\n');
    }
    return firing;
}

static int list(struct asking *a)
{
    struct err err = { 0 };
    cJSON *json;
    const cJSON *active, *past;
    unsigned firing;
    int rc = ask(a, "/alerts", (struct slice){ 0 }, &json, &err);

    if (rc <= 0) {
        if (rc == 0)
            err_set(&err, ERR_SYSTEM, "no server runs on %s; it is the server that looks", a->catalog->data);
        return complain(&err);
    }
    active = cJSON_GetObjectItemCaseSensitive(json, "active");
    past = cJSON_GetObjectItemCaseSensitive(json, "history");
    if (a->json) {
        firing = show(&(struct buf){ .limit = 1 }, active, 0);
    } else {
        if (cJSON_GetArraySize(active) == 0)
            buf_puts(&a->out, "nothing is wrong that alerts look at\n");
        firing = show(&a->out, active, 1000);
        if (cJSON_GetArraySize(past))
            buf_puts(&a->out, "over:\n");
        show(&a->out, past, 10);
    }
    cJSON_Delete(json);
    return end_print("alert", &a->out, firing ? EXIT_NO : EXIT_DONE);
}

/* ---- test ---- */

struct outcome {
    bool known, done;
    char why[ALERT_REASON];
};

static int report(struct asking *a, const struct outcome *outcomes)
{
    const struct alerts_config *config = &a->catalog->alerts;
    bool all = true;

    for (size_t i = 0; i < config->receiver_count; i++) {
        const struct outcome *o = &outcomes[i];
        const char *why = o->known ? o->why : "nothing was heard of it in time";
        all &= o->done;
        if (a->json) {
            buf_puts(&a->out, i ? "," : "[");
            buf_puts(&a->out, "{\"name\":");
            buf_json(&a->out, slice_from(config->receivers[i].name));
            buf_printf(&a->out, ",\"delivered\":%s,\"text\":", o->done ? "true" : "false");
            buf_json(&a->out, slice_from(why));
            buf_puts(&a->out, "}");
        } else {
            buf_printf(&a->out, "%-13s %s: %s\n", o->done ? "delivered" : "NOT delivered",
                       config->receivers[i].name, why);
        }
    }
    buf_puts(&a->out, a->json ? "]\n" : "");
    return end_print("alert", &a->out, all ? EXIT_DONE : EXIT_NO);
}

static void rest(void)
{
    const struct timespec t = { .tv_nsec = POLL_NS };

    nanosleep(&t, NULL);
}

/* The first try of each counts: a test shall say what is wrong now. */
static bool take_server(const cJSON *receivers, double id, struct outcome *out, size_t count)
{
    bool all = true;

    for (size_t i = 0; i < count; i++) {
        const cJSON *r = cJSON_GetArrayItem(receivers, (int)i);
        const cJSON *last = cJSON_GetObjectItemCaseSensitive(r, "last_id");
        if (cJSON_IsNumber(last) && last->valuedouble >= id && !out[i].known) {
            out[i].known = true;
            out[i].done = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(r, "delivered"));
            snprintf(out[i].why, sizeof(out[i].why), "%s", text_of(r, "text"));
        }
        all &= out[i].known;
    }
    return all;
}

/* 1, 0: no server runs, -1: *err. */
static int by_server(struct asking *a, struct outcome *out, struct err *err)
{
    size_t count = a->catalog->alerts.receiver_count;
    cJSON *json;
    double id = 0, has = 0;
    bool all = false, as_json = a->json;
    int rc = ask(a, "/alert-test", S("{}"), &json, err);

    if (rc <= 0)
        return rc;
    id = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "id"));
    has = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "receivers"));
    cJSON_Delete(json);
    if (has != (double)count)
        return err_set(err, ERR_INPUT, "the running server has %.0f receivers, the configuration %zu: restart it", has,
                       count);
    a->json = false;
    for (int i = 0; i < TEST_SECONDS * 50 && !all && rc == 1; i++) {
        rest();
        rc = ask(a, "/alert-results", (struct slice){ 0 }, &json, err);
        all = rc == 1 && take_server(cJSON_GetObjectItemCaseSensitive(json, "receivers"), id, out, count);
        cJSON_Delete(json);
    }
    a->json = as_json;
    return rc < 0 ? -1 : 1;
}

static int by_itself(struct asking *a, struct courier *courier, struct outcome *out, struct err *err)
{
    const struct alerts_config *config = &a->catalog->alerts;
    const struct alert_message m = { .kind = ALERT_TEST, .at = cli_now(),
                                     .text = S("This is a test, sent by `clickbaton alert test` while no server runs.") };
    struct buf json = { .limit = 4000 }, subject = { .limit = 400 }, text = { .limit = 4000 };
    struct alert_note note = { .severe = true, .code = "-", .kind = "test" };
    struct courier_result r;
    size_t known = 0;
    int rc = courier_begin(courier, config->receivers, config->receiver_count, err);

    alert_message_json(&json, &m);
    alert_message_subject(&subject, &m);
    alert_message_text(&text, &m);
    note.json = buf_slice(&json);
    note.subject = buf_slice(&subject);
    note.text = buf_slice(&text);
    if (rc == 0 && courier_send(courier, 1, -1, &note) != 0)
        rc = err_set(err, ERR_SYSTEM, "the message can't be handed over");
    for (int i = 0; i < TEST_SECONDS * 50 && rc == 0 && known < config->receiver_count; i++) {
        rest();
        while ((rc = courier_result(courier, &r)) == 1)
            if (r.receiver < config->receiver_count && !out[r.receiver].known) {
                out[r.receiver] = (struct outcome){ .known = true, .done = r.done };
                memcpy(out[r.receiver].why, r.why, sizeof(r.why));
                known++;
            }
        if (rc == -1)
            err_set(err, ERR_SYSTEM, "the process that delivers has ended");
    }
    buf_free(&json);
    buf_free(&subject);
    buf_free(&text);
    return rc;
}

static int test(struct asking *a, struct courier *courier)
{
    struct outcome outcomes[ALERT_RECEIVERS_MAX] = { { 0 } };
    struct err err = { 0 };
    int rc;

    if (!a->catalog->alerts.receiver_count) {
        err_set(&err, ERR_INPUT, "nobody is told: `alerts: to:` in %s names no receiver (docs/alerts.md)",
                a->catalog->config);
        return complain(&err);
    }
    rc = by_server(a, outcomes, &err);
    if (rc == 0) {
        fputs("no server runs here, so this program delivers the test itself\n", stderr);
        rc = by_itself(a, courier, outcomes, &err);
    }
    return rc < 0 ? complain(&err) : report(a, outcomes);
}

static int with_catalog(const char *config, bool json, bool is_test, struct courier *courier)
{
    struct asking a = { .json = json };
    struct err err = { 0 };
    int code;

    a.catalog = catalog_sound(config, false, &code);
    if (!a.catalog)
        return code;
    if ((a.client = control_client_open(a.catalog->data, &err)) == NULL) {
        code = complain(&err);
    } else {
        code = is_test ? test(&a, courier) : list(&a);
    }
    control_client_close(a.client);
    catalog_close(a.catalog);
    buf_free(&a.out);
    return code;
}

int cli_alert(int argc, char **argv)
{
    static const struct slice parts[] = { SLICE("list"), SLICE("test"), { 0 } };
    const char *config = "clickbaton.yaml", *part = NULL;
    bool json = false, is_test;
    const struct option_row rows[] = {
        OPTION_CONFIG(&config),
        { "--json", NULL, OPTION_FLAG, &json, NULL, "as JSON" },
        { 0 },
    };
    struct courier_settings settings = { .tries = 1, .timeout_ms = 10000 };
    struct courier *courier = NULL;
    struct err err = { 0 };
    int code;

    if (options_parse(argc, argv, rows, &usage, &part, 1, 1, &code) < 0)
        return code;
    is_test = strcmp(part, "test") == 0;
    if (!is_test && strcmp(part, "list") != 0) {
        struct slice near = diag_nearest(slice_from(part), parts);
        return options_misuse("alert", "there is no part \"%s\"%s%.*s%s", part, near.len ? "; did you mean \"" : "",
                              SLICE_ARG(near), near.len ? "\"?" : "");
    }
    if (is_test && (courier = courier_fork(&settings, &err)) == NULL)
        return complain(&err);
    code = with_catalog(config, json, is_test, courier);
    courier_close(courier);
    return code;
}
