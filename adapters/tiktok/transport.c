#include "adapters/tiktok/transport.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "adapters/tiktok/memory.h"
#include "core/base/wipe.h"

enum {
    ANSWER_MAX = 65536,
    HEADERS_MAX = 65536,
    TOKEN_MAX = 4096,
    RETRY_AFTER_MAX_MS = 86400000,
    IDLE_CONNECTIONS = 64,
};

#define TOKEN_HEADER "Access-Token: "

struct transfer {
    struct transfer *next; /* in transport->active or ->idle */
    CURL *easy;
    struct curl_slist headers[3];
    char token_line[sizeof(TOKEN_HEADER) + TOKEN_MAX];
    size_t token_len;
    struct buf body, answer;
    size_t body_read, header_bytes; /* body_read: what libcurl has taken of body */
    bool too_large;
    char retry_after[64];
    char error[CURL_ERROR_SIZE];
    void *tag;
};

struct transport {
    CURLM *multi;
    struct transfer *active, *idle;
    transport_done *done;
    void *context;
    char *ca; /* a file of certificates in place of the system's, or NULL */
};

static CURLcode global_result;

static void global_init(void)
{
    global_result = curl_global_init_mem(CURL_GLOBAL_DEFAULT, memory_new, memory_free,
                                         memory_resize, memory_text, memory_zeroed);
}

/* As OpenSSL's own programs and curl do; libcurl by itself looks only where its builder said. */
static int take_ca(struct transport *t)
{
    const char *file = getenv("SSL_CERT_FILE");

    if (!file || !file[0])
        return 0;
    t->ca = strdup(file);
    return t->ca ? 0 : -1;
}

struct transport *transport_open(transport_done *done, void *context, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct transport *t = calloc(1, sizeof(*t));

    pthread_once(&once, global_init);
    if (t && global_result == CURLE_OK)
        t->multi = curl_multi_init();
    if (!t || !t->multi) {
        free(t);
        err_set(err, ERR_SYSTEM, "libcurl can't be started: %s", curl_easy_strerror(global_result));
        return NULL;
    }
    if (take_ca(t) != 0) {
        transport_close(t);
        err_set(err, ERR_SYSTEM, "no memory for the sender");
        return NULL;
    }
    if (curl_multi_wakeup(t->multi) != CURLM_OK) { /* without its pair of sockets nothing would ever wake us */
        transport_close(t);
        err_set(err, ERR_SYSTEM, "libcurl can't be started: no socket for its wake-ups; are file descriptors "
                                 "left (`ulimit -n`)?");
        return NULL;
    }
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
    t->done = done;
    t->context = context;
    return t;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct transfer *x = context;

    buf_add(&x->answer, (struct slice){ bytes, size * n });
    x->too_large = !buf_ok(&x->answer);
    return x->too_large ? 0 : size * n;
}

/* Without a way back in the body libcurl can't send a request a second time by itself, as it would
 * when a kept connection ends without an answer: then the first may have been taken, and nobody would
 * know of it. */
static size_t on_read(char *to, size_t size, size_t n, void *context)
{
    struct transfer *x = context;
    size_t left = x->body.len - x->body_read, len = size * n < left ? size * n : left;

    if (len)
        memcpy(to, x->body.ptr + x->body_read, len);
    x->body_read += len;
    return len;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *context)
{
    struct transfer *x = context;
    struct slice line = { bytes, size * n }, name, value;

    x->header_bytes += line.len;
    if (x->header_bytes > HEADERS_MAX) {
        x->too_large = true;
        return 0;
    }
    if (slice_starts(line, S("HTTP/"))) /* an interim answer's headers are not the answer's */
        x->retry_after[0] = '\0';
    if (slice_cut(line, ':', &name, &value) && slice_eq_nocase(name, S("Retry-After")))
        snprintf(x->retry_after, sizeof(x->retry_after), "%.*s", SLICE_ARG(slice_trim(value)));
    return line.len;
}

static void transfer_free(struct transfer *x)
{
    if (!x)
        return;
    curl_easy_cleanup(x->easy);
    wipe(x->token_line, sizeof(x->token_line));
    buf_free(&x->body);
    buf_free(&x->answer);
    free(x);
}

/* One from the idle list, or a new one. */
static struct transfer *transfer_get(struct transport *t)
{
    struct transfer *x = t->idle;

    if (x) {
        t->idle = x->next;
        return x;
    }
    x = calloc(1, sizeof(*x));
    if (x && (x->easy = curl_easy_init()))
        return x;
    transfer_free(x);
    return NULL;
}

/* Headers without copies on the heap: the token is wiped with token_line. */
static void set_headers(struct transfer *x, struct slice token)
{
    static char json[] = "Content-Type: application/json";
    static char no_expect[] = "Expect:"; /* libcurl would wait a second for a 100 */

    memcpy(x->token_line, TOKEN_HEADER, sizeof(TOKEN_HEADER) - 1);
    memcpy(x->token_line + sizeof(TOKEN_HEADER) - 1, token.ptr, token.len);
    x->token_line[sizeof(TOKEN_HEADER) - 1 + token.len] = '\0';
    x->token_len = token.len;
    x->headers[0] = (struct curl_slist){ x->token_line, &x->headers[1] };
    x->headers[1] = (struct curl_slist){ json, &x->headers[2] };
    x->headers[2] = (struct curl_slist){ no_expect, NULL };
}

/* CURLOPT_VERBOSE stays off, always: it prints headers, so the token. */
static CURLcode set_options(struct transfer *x, const struct transport_request *r, const char *ca)
{
    CURL *e = x->easy;
    CURLcode rc = CURLE_OK;

    curl_easy_reset(e);
#define SET(option, value)                                                                         \
    if (rc == CURLE_OK)                                                                            \
    rc = curl_easy_setopt(e, option, value)
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_PROTOCOLS_STR, strncmp(r->url, "https:", 6) == 0 ? "https" : "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (ca)
        SET(CURLOPT_CAINFO, ca);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    SET(CURLOPT_USERAGENT, "clickbaton/" CLICKBATON_VERSION);
    SET(CURLOPT_HTTPHEADER, x->headers);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_READFUNCTION, on_read);
    SET(CURLOPT_READDATA, (void *)x);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.len);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, (void *)x);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, (void *)x);
    SET(CURLOPT_ERRORBUFFER, x->error);
    SET(CURLOPT_PRIVATE, (void *)x);
#undef SET
    return rc;
}

/* Ready for another request, the token wiped; keeps the easy handle. */
static void transfer_put(struct transport *t, struct transfer *x)
{
    curl_easy_reset(x->easy);
    wipe(x->token_line, sizeof(x->token_line));
    buf_free(&x->body);
    wipe(x->answer.ptr, x->answer.len); /* it may have come back in it */
    buf_clear(&x->answer);
    x->header_bytes = x->body_read = 0;
    x->too_large = false;
    x->retry_after[0] = x->error[0] = '\0';
    x->next = t->idle;
    t->idle = x;
}

int transport_post(struct transport *t, const struct transport_request *request, struct buf *body,
                   struct err *err)
{
    struct transfer *x;
    CURLcode rc;
    CURLMcode added = CURLM_OK;

    if (request->token.len > TOKEN_MAX)
        return err_set(err, ERR_INPUT, "a token is longer than %d bytes", TOKEN_MAX);
    x = transfer_get(t);
    if (!x)
        return err_set(err, ERR_SYSTEM, "no memory for a request");
    x->body = *body;
    x->answer.limit = ANSWER_MAX;
    x->tag = request->tag;
    set_headers(x, request->token);
    rc = set_options(x, request, t->ca);
    if (rc == CURLE_OK)
        added = curl_multi_add_handle(t->multi, x->easy);
    if (rc != CURLE_OK || added != CURLM_OK) {
        x->body = (struct buf){ 0 }; /* stays the caller's */
        transfer_put(t, x);
        return err_set(err, ERR_SYSTEM, "libcurl: %s",
                       rc != CURLE_OK ? curl_easy_strerror(rc) : curl_multi_strerror(added));
    }
    *body = (struct buf){ 0 };
    x->next = t->active;
    t->active = x;
    return 0;
}

static void unlink_active(struct transport *t, const struct transfer *x)
{
    struct transfer **at = &t->active;

    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
}

/* Hand x's end to the owner.  An answer that was cut off for its size is one all the same: its
 * status counts. */
static void transfer_end(struct transport *t, struct transfer *x, CURLcode rc, const char *why)
{
    struct transport_answer a = { .tag = x->tag };
    long status = 0, bytes_out = 0;
    curl_off_t took_us = 0;

    unlink_active(t, x);
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &bytes_out);
    curl_easy_getinfo(x->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    curl_multi_remove_handle(t->multi, x->easy);
    a.sent = bytes_out > 0;
    a.took_ms = took_us > 0 ? (uint32_t)(took_us / 1000) : 0;
    a.token = (struct slice){ x->token_line + sizeof(TOKEN_HEADER) - 1, x->token_len };
    if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && x->too_large)) {
        a.status = (int)status;
        a.body = x->too_large ? (struct slice){ 0 } : buf_slice(&x->answer);
        a.retry_after = slice_from(x->retry_after);
    } else {
        if (!why && rc == CURLE_SEND_FAIL_REWIND)
            why = "the connection of the request before ended";
        a.error = slice_from(why ? why : x->error[0] ? x->error : curl_easy_strerror(rc));
    }
    t->done(t->context, &a);
    transfer_put(t, x);
}

void transport_run(struct transport *t, int wait_ms)
{
    int running, left;
    CURLMsg *msg;

    if (curl_multi_poll(t->multi, NULL, 0, wait_ms, NULL) != CURLM_OK) /* don't spin */
        nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
    curl_multi_perform(t->multi, &running);
    while ((msg = curl_multi_info_read(t->multi, &left))) {
        char *x = NULL;
        CURLcode rc = msg->data.result;
        if (msg->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &x);
        transfer_end(t, (struct transfer *)(void *)x, rc, NULL);
    }
}

void transport_wakeup(struct transport *t)
{
    curl_multi_wakeup(t->multi);
}

void transport_abort(struct transport *t, const char *why)
{
    while (t->active)
        transfer_end(t, t->active, CURLE_ABORTED_BY_CALLBACK, why);
}

void transport_close(struct transport *t)
{
    struct transfer *x;

    if (!t)
        return;
    while ((x = t->active)) {
        t->active = x->next;
        curl_multi_remove_handle(t->multi, x->easy);
        transfer_free(x);
    }
    while ((x = t->idle)) {
        t->idle = x->next;
        transfer_free(x);
    }
    curl_multi_cleanup(t->multi);
    free(t->ca);
    free(t);
}

int64_t transport_retry_after(struct slice value, int64_t now_ms)
{
    int64_t wait;
    uint64_t seconds = 0;
    size_t digits;
    char date[64];
    time_t at;

    if (value.len == 0 || value.len >= sizeof(date))
        return 0;
    for (digits = 0; digits < value.len && ascii_is_digit(value.ptr[digits]);)
        digits++;
    if (digits == value.len && !slice_to_u64(value, &seconds))
        return RETRY_AFTER_MAX_MS; /* more than 64 bits hold */
    if (digits == value.len)
        return seconds < RETRY_AFTER_MAX_MS / 1000 ? (int64_t)seconds * 1000 : RETRY_AFTER_MAX_MS;
    snprintf(date, sizeof(date), "%.*s", SLICE_ARG(value));
    at = ascii_is_alpha(date[0]) ? curl_getdate(date, NULL) : -1;
    if (at < 0 || at > INT64_MAX / 1000)
        return 0;
    wait = (int64_t)at * 1000 - now_ms;
    return wait < 0 ? 0 : wait < RETRY_AFTER_MAX_MS ? wait : RETRY_AFTER_MAX_MS;
}
