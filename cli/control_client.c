#include "cli/control_client.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_MAX_BYTES sizeof(((struct sockaddr_un *)0)->sun_path)

struct control_client {
    CURL *easy;
    struct curl_slist *headers;
    int dir;                    /* a path that is too long is reached through it; -1: there is none */
    char socket[PATH_MAX_BYTES]; /* "": the folder is not there */
    char shown[200], error[CURL_ERROR_SIZE];
};

static void find_socket(struct control_client *c, const char *data)
{
    snprintf(c->shown, sizeof(c->shown), "%s/%s", data, CONTROL_NAME);
    c->dir = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->dir == -1)
        return;
    if (snprintf(c->socket, sizeof(c->socket), "%s/%s", data, CONTROL_NAME) >=
        (int)sizeof(c->socket))
        snprintf(c->socket, sizeof(c->socket), "/proc/self/fd/%d/%s", c->dir, CONTROL_NAME);
}

struct control_client *control_client_open(const char *data, struct err *err)
{
    struct control_client *c = calloc(1, sizeof(*c));

    if (c) {
        c->dir = -1;
        find_socket(c, data);
        c->easy = curl_easy_init();
        c->headers = curl_slist_append(NULL, "Expect:"); /* a 100 is not waited for */
    }
    if (c && c->easy && c->headers)
        return c;
    control_client_close(c);
    err_set(err, ERR_SYSTEM, "out of memory");
    return NULL;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct buf *out = context;

    buf_add(out, (struct slice){ bytes, size * n });
    return buf_ok(out) ? size * n : 0;
}

static CURLcode set_options(struct control_client *c, const char *path, struct slice body,
                            unsigned seconds, struct buf *out)
{
    CURL *e = c->easy;
    CURLcode rc = CURLE_OK;
    char url[200];

    snprintf(url, sizeof(url), "http://clickbaton%s", path);
    curl_easy_reset(e); /* its connection stays */
#define SET(option, value)                                                                         \
    if (rc == CURLE_OK)                                                                            \
    rc = curl_easy_setopt(e, option, value)
    SET(CURLOPT_URL, url);
    SET(CURLOPT_UNIX_SOCKET_PATH, c->socket);
    SET(CURLOPT_PROTOCOLS_STR, "http");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT, (long)seconds);
    SET(CURLOPT_HTTPHEADER, c->headers);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, (void *)out);
    SET(CURLOPT_ERRORBUFFER, c->error);
    if (body.len) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        SET(CURLOPT_POSTFIELDS, body.ptr);
    }
#undef SET
    return rc;
}

/* The server's own words. */
static int refused(const struct control_client *c, long status, struct slice body, struct err *err)
{
    cJSON *json = cJSON_ParseWithLength(body.ptr ? body.ptr : "", body.len);
    const char *why = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "error"));
    enum err_kind kind = status == 400 ? ERR_INPUT : status == 503 ? ERR_BUSY : ERR_SYSTEM;

    if (why)
        err_set(err, kind, "%s", why);
    else
        err_set(err, kind, "%s: the server answered with status %ld", c->shown, status);
    cJSON_Delete(json);
    return -1;
}

int control_client_ask(struct control_client *c, const char *path, struct slice body,
                       unsigned seconds, struct buf *out, struct err *err)
{
    CURLcode rc;
    long status = 0;

    buf_clear(out);
    if (c->socket[0] == '\0')
        return 0;
    c->error[0] = '\0';
    rc = set_options(c, path, body, seconds, out);
    if (rc == CURLE_OK)
        rc = curl_easy_perform(c->easy);
    if (rc == CURLE_COULDNT_CONNECT) {
        long why = 0;
        curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &why);
        if (why == EACCES || why == EPERM)
            return err_set(err, ERR_SYSTEM,
                           "%s: %s; run it as the user who runs the server, or as root", c->shown,
                           strerror((int)why));
        return 0; /* nobody listens, or nothing is there */
    }
    if (rc != CURLE_OK)
        return err_set(err, ERR_SYSTEM, "%s: the server did not answer: %s", c->shown,
                       c->error[0] ? c->error : curl_easy_strerror(rc));
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 ? 1 : refused(c, status, buf_slice(out), err);
}

void control_client_close(struct control_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    if (c->dir != -1)
        close(c->dir);
    free(c);
}
