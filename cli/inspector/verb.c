/* verb.c: `clickbaton inspect`: asks the running server for a link into its inspector. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/control_client.h"
#include "cli/end.h"
#include "cli/options.h"

#define PATIENCE_S 20

static const struct verb_usage usage = {
    .synopsis = "inspect [-c clickbaton.yaml] [--json]",
    .about = "Prints a link into the running server's inspector, good for one hour. Whoever may ask the\n"
             "server here may see it there; so keep the link to yourself.",
    .examples = "  clickbaton inspect\n"
                "  ssh -L 9090:127.0.0.1:9090 SERVER clickbaton inspect -c /etc/clickbaton/clickbaton.yaml",
};

/* Who listens on every address is reached on this machine by its loopback address. */
static void print_host(struct buf *out, struct slice admin)
{
    if (slice_starts(admin, S("0.0.0.0:")))
        buf_printf(out, "127.0.0.1%.*s", SLICE_ARG(slice_from_at(admin, sizeof("0.0.0.0") - 1)));
    else if (slice_starts(admin, S("[::]:")))
        buf_printf(out, "[::1]%.*s", SLICE_ARG(slice_from_at(admin, sizeof("[::]") - 1)));
    else
        buf_add(out, admin);
}

static int show(const char *verb, struct slice answer, bool json)
{
    cJSON *tree = cJSON_ParseWithLength(slice_bytes(answer), answer.len);
    const char *token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "token"));
    const char *admin = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "admin"));
    double seconds = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(tree, "seconds"));
    struct buf url = { .secret = true }, out = { .secret = true };
    int code = EXIT_IO;

    if (token && admin) {
        buf_puts(&url, "http://");
        print_host(&url, slice_from(admin));
        buf_printf(&url, "/#token=%s", token);
        if (json) {
            buf_puts(&out, "{\"url\":");
            buf_json(&out, buf_slice(&url));
            buf_printf(&out, ",\"token\":\"%s\",\"seconds\":%.0f}\n", token, seconds);
        } else {
            buf_printf(&out, "%.*s\n", SLICE_ARG(buf_slice(&url)));
        }
        code = end_print(verb, &out, EXIT_DONE);
    } else {
        fprintf(stderr, "clickbaton %s: the server's answer can't be read\n", verb);
    }
    buf_free(&url);
    buf_free(&out);
    cJSON_Delete(tree);
    return code;
}

static int ask(const char *verb, const char *data, bool json)
{
    struct buf answer = { .limit = 4096, .secret = true };
    struct err err = { 0 };
    struct control_client *client = control_client_open(data, &err);
    int rc = client ? control_client_ask(client, "/inspect", (struct slice){ 0 }, PATIENCE_S, &answer,
                                         &err)
                    : -1;
    int code = EXIT_IO;

    if (rc == 1)
        code = show(verb, buf_slice(&answer), json);
    else if (rc == 0)
        fprintf(stderr, "clickbaton %s: no server runs on %s, and it is the server that shows the "
                        "inspector; start it: clickbaton serve\n", verb, data);
    else
        fprintf(stderr, "clickbaton %s: %s\n", verb, err.text);
    control_client_close(client);
    buf_free(&answer);
    return code;
}

int cli_inspect(int argc, char **argv)
{
    const char *config = "clickbaton.yaml";
    bool json = false;
    const struct option_row rows[] = {
        { "--config", "-c", OPTION_TEXT, &config, "FILE",
          "the configuration of the server; default clickbaton.yaml" },
        { "--json", NULL, OPTION_FLAG, &json, NULL, "the same for a program" },
        { 0 },
    };
    struct catalog *c;
    int code;

    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0)
        return code;
    c = catalog_open(config);
    if (!c)
        return EXIT_IO;
    if (c->data) { /* a file that has errors meanwhile is a reason to look into the inspector */
        code = ask(argv[0], c->data, json);
    } else {
        catalog_print_problems(c, stderr);
        code = EXIT_CONFIG;
    }
    catalog_close(c);
    return code;
}
