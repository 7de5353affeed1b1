/* sandbox.c: `clickbaton sandbox`: the strict local Events API behind a real socket. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/http/server.h"
#include "adapters/tiktok/sandbox.h"
#include "cli/cli.h"
#include "cli/end.h"
#include "cli/options.h"

#define TOKEN_MAX 4096
#define BODY_MAX (16u << 20) /* 1,000 events with room to spare */
#define CONNECTIONS_MAX 256  /* each may hold a whole body */
#define LISTEN_HERE "127.0.0.1:8081"

static const char about[] =
    "A strict local Events API: it checks every field against TikTok's documentation, refuses "
    "what\n"
    "TikTok would take without a word, deduplicates as TikTok does, and misbehaves on demand.\n"
    "GET /events shows what it has accepted, GET /requests and /stats what happened; POST /reset\n"
    "forgets. SIGTERM ends it.";

static const char examples[] =
    "  clickbaton sandbox\n"
    "  clickbaton sandbox --listen 127.0.0.1:0 --fault 429:0.1,reset-after:0.05 --seed 7\n"
    "  curl -s 'http://127.0.0.1:8081/events?event_id=order-1001&pretty'";

struct desk {
    struct sandbox *sandbox;
    bool quiet;
};

/* ---- one request ---- */

/* No token, no body, no address: what is logged may be shown to anybody. */
static void log_request(const struct sandbox_answer *a)
{
    char status[12] = "none", code[12] = "none";

    if (a->action == SANDBOX_ANSWER || a->status)
        snprintf(status, sizeof(status), "%d", a->status);
    if (a->code >= 0)
        snprintf(code, sizeof(code), "%d", a->code);
    fprintf(stderr, "sandbox: status=%s code=%s events=%u fault=%s\n", status, code, a->events,
            a->fault ? a->fault : "none");
}

static void give(struct http_request *req, const struct sandbox_answer *a)
{
    char seconds[12];
    struct http_header headers[] = { { "Content-Type", a->content_type },
                                     { a->retry_after ? "Retry-After" : NULL, seconds },
                                     { NULL, NULL } };

    snprintf(seconds, sizeof(seconds), "%u", a->retry_after);
    switch (a->action) {
    case SANDBOX_ANSWER:
        http_reply(req, a->status, headers, buf_slice(&a->body));
        return;
    case SANDBOX_RAW:
        http_reply_raw(req, buf_slice(&a->body));
        return;
    case SANDBOX_RESET:
        http_reply_reset(req);
        return;
    case SANDBOX_STALL:
        http_reply_stall(req, a->stall_seconds);
        return;
    }
}

static void handle(void *context, struct http_request *req)
{
    struct desk *desk = context;
    struct sandbox_request request = { .post = req->method == HTTP_POST,
                                       .path = req->path,
                                       .content_type = req->content_type,
                                       .access_token = http_request_header(req, "Access-Token"),
                                       .body = req->body };
    struct sandbox_answer answer;

    if (!request.post && req->method != HTTP_GET && req->method != HTTP_HEAD) {
        http_reply(req, 405, NULL, S("GET and POST only\n"));
        return;
    }
    if (req->query.len)
        request.path =
            arena_printf(req->arena, "%.*s?%.*s", SLICE_ARG(req->path), SLICE_ARG(req->query));
    sandbox_handle(desk->sandbox, &request, cli_now(), &answer);
    if (answer.tracked && !desk->quiet)
        log_request(&answer);
    give(req, &answer);
    buf_free(&answer.body);
}

/* ---- start ---- */

/* What can't be read as an address is left to the server, which says it better. */
static bool is_remote(const char *where)
{
    struct slice host = slice_from(where);
    unsigned char address[16];
    char name[INET6_ADDRSTRLEN];

    for (size_t i = host.len; i > 0; i--)
        if (where[i - 1] == ':') {
            host.len = i - 1;
            break;
        }
    if (slice_starts(host, S("[")) && slice_ends(host, S("]")))
        host = slice_head(slice_from_at(host, 1), host.len - 2);
    if (host.len >= sizeof(name))
        return false;
    snprintf(name, sizeof(name), "%.*s", SLICE_ARG(host));
    if (inet_pton(AF_INET, name, address) == 1)
        return address[0] != 127;
    if (inet_pton(AF_INET6, name, address) == 1)
        return memcmp(address, &in6addr_loopback, sizeof(address)) != 0;
    return false;
}

/* The first line of a private file.  0, or -1 with *err. */
static int read_token(const char *path, char *text, size_t size, struct slice *token,
                      struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc = -1;
    struct slice rest;
    struct stat st;
    ssize_t n = -1;

    if (fd == -1 && errno == ELOOP)
        err_set(err, ERR_INPUT, "%s: is a symbolic link; name the file itself", path);
    else if (fd == -1 || fstat(fd, &st) != 0)
        err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        err_set(err, ERR_INPUT, "%s: not a file", path);
    else if (st.st_mode & S_IROTH)
        err_set(err, ERR_INPUT, "%s: everybody may read it; run: chmod 600 %s", path, path);
    else if ((n = read(fd, text, size)) < 0)
        err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    else if ((size_t)n == size)
        err_set(err, ERR_INPUT, "%s: too long for a token", path);
    else
        rc = 0;
    if (fd != -1)
        close(fd);
    if (rc != 0)
        return -1;
    slice_cut((struct slice){ text, (size_t)n }, '\n', token, &rest);
    *token = slice_trim(*token);
    return token->len ? 0 : err_set(err, ERR_INPUT, "%s: its first line is empty", path);
}

static int complain(const struct err *err, int code)
{
    fprintf(stderr, "sandbox: %s\n", err->text);
    return code;
}

/* Blocked before the server's thread starts, so that only wait_for_end gets them. */
static void end_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

static void wait_for_end(struct http_server *server)
{
    const struct timespec second = { .tv_sec = 1 };
    sigset_t set;

    end_signals(&set);
    while (sigtimedwait(&set, NULL, &second) == -1)
        http_server_sweep(server);
}

static int serve(const char *where, struct desk *desk)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;
    struct http_server *server;
    struct err err;
    sigset_t set;

    limits.body = BODY_MAX;
    limits.connections = CONNECTIONS_MAX;
    end_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    end_not_for_memory();
    server = http_server_open(where, &limits, handle, desk, &err);
    if (!server)
        return complain(&err, err.kind == ERR_INPUT ? EXIT_USAGE : EXIT_IO);
    printf("sandbox: listening on http://%s (POST /open_api/v1.3/event/track/, GET /events)\n",
           http_server_address(server));
    fflush(stdout);
    wait_for_end(server);
    http_server_quiesce(server);
    http_server_close(server);
    return EXIT_DONE;
}

int cli_sandbox(int argc, char **argv)
{
    const char *where = LISTEN_HERE, *token_file = NULL;
    struct sandbox_settings settings = { 0 };
    bool allow_remote = false;
    int64_t seed = 0, rate = 0;
    struct desk desk = { 0 };
    const struct option_row rows[] = {
        { "--listen", NULL, OPTION_TEXT, &where, "ADDRESS",
          "default " LISTEN_HERE "; port 0: a free one" },
        { "--fault", NULL, OPTION_TEXT, &settings.faults, "SPEC", "misbehave: the words above" },
        { "--seed", NULL, OPTION_INTEGER, &seed, "N", "of the dice that pick faults; default 0" },
        { "--token-file", NULL, OPTION_TEXT, &token_file, "FILE", "take only this Access-Token" },
        { "--rate", NULL, OPTION_INTEGER, &rate, "N",
          "requests a second before 40100; default 1000" },
        { "--quiet", "-q", OPTION_FLAG, &desk.quiet, NULL, "no log line per request" },
        { "--allow-remote", NULL, OPTION_FLAG, &allow_remote, NULL,
          "other addresses than loopback" },
        { 0 },
    };
    char token[TOKEN_MAX], text[4096];
    const struct verb_usage usage = { "sandbox [--listen ADDRESS] [--fault SPEC] ...", text,
                                      examples };
    struct err err = { 0 };
    int code;

    snprintf(text, sizeof(text),
             "%s\n\nfaults, comma-separated; the first that strikes wins:\n%.*s", about,
             (int)strlen(sandbox_fault_help) - 1, sandbox_fault_help);
    if (options_parse(argc, argv, rows, &usage, NULL, 0, 0, &code) < 0)
        return code;
    if (rate < 0 || rate > 1000000000)
        return options_misuse(argv[0], "--rate needs a number from 1 to 1000000000");
    if (!allow_remote && is_remote(where))
        return options_misuse(argv[0],
                              "%s is no loopback address: whoever reaches it could read "
                              "the events; --allow-remote if that is meant",
                              where);
    if (token_file && read_token(token_file, token, sizeof(token), &settings.token, &err) != 0)
        return complain(&err, EXIT_CONFIG);
    settings.seed = (uint64_t)seed;
    settings.rate = (unsigned)rate;
    desk.sandbox = sandbox_open(&settings, &err);
    if (!desk.sandbox)
        return err.kind == ERR_INPUT ? options_misuse(argv[0], "%s", err.text)
                                     : complain(&err, EXIT_IO);
    code = serve(where, &desk);
    sandbox_close(desk.sandbox);
    return code;
}
