/* post.c: webhook and Telegram's bot API, by libcurl: TLS verified, no redirects, no proxy of the environment.
 * The form of sendMessage: https://core.telegram.org/bots/api#sendmessage (chat_id, text of at most 4096
 * characters; without parse_mode the text is plain). */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/alert/receiver.h"
#include "core/base/buf.h"

#define URL_MAX 2048
#define ANSWER_MAX 4096
#define TELEGRAM_TEXT 3500 /* bytes: fewer than 4096 characters, with room for what JSON escapes */

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    size_t len = strlen(host);

    if (slice_eq_nocase(slice_from(host), S("localhost")) || strcmp(host, "[::1]") == 0)
        return true;
    return len < 16 && inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

int alert_url_check(struct slice url, struct err *err)
{
    char text[URL_MAX + 1], *scheme = NULL, *host = NULL, *user = NULL;
    CURLU *u = curl_url();
    CURLUcode rc = CURLUE_OUT_OF_MEMORY;
    int result = -1;

    if (url.len == 0 || url.len > URL_MAX || memchr(url.ptr, '\0', url.len)) {
        curl_url_cleanup(u);
        return err_set(err, ERR_INPUT, "not an address: empty, too long, or with a NUL in it");
    }
    memcpy(text, url.ptr, url.len);
    text[url.len] = '\0';
    if (u)
        rc = curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (rc == CURLUE_OK)
        rc = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
    if (rc == CURLUE_OK)
        rc = curl_url_get(u, CURLUPART_HOST, &host, 0);
    if (rc == CURLUE_OK)
        curl_url_get(u, CURLUPART_USER, &user, 0);
    if (rc != CURLUE_OK)
        err_set(err, ERR_INPUT, "not an address that can be used: %s", curl_url_strerror(rc));
    else if (user)
        err_set(err, ERR_INPUT, "the address has a user name in it");
    else if (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && is_loopback(host)))
        result = 0;
    else
        err_set(err, ERR_INPUT, "only https:// is sent to (http:// to a loopback address)");
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(u);
    return result;
}

bool alert_url_host(const char *url, char *out, size_t size)
{
    CURLU *u = curl_url();
    char *host = NULL;
    bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK;

    snprintf(out, size, "%s", ok ? host : "");
    curl_free(host);
    curl_url_cleanup(u);
    return ok;
}

/* ---- the request ---- */

struct answer {
    char text[ANSWER_MAX];
    size_t len;
};

/* What does not fit is read and forgotten, so that an endless answer ends by the time limit only. */
static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct answer *a = context;
    size_t room = sizeof(a->text) - 1 - a->len, take = size * n < room ? size * n : room;

    memcpy(a->text + a->len, bytes, take);
    a->len += take;
    a->text[a->len] = '\0';
    return size * n;
}

static void telegram_body(struct buf *out, const struct alert_receiver *r, const struct alert_note *note)
{
    struct slice text = slice_head(note->text, TELEGRAM_TEXT);

    while (text.len && text.len < note->text.len && ((unsigned char)note->text.ptr[text.len] & 0xc0) == 0x80)
        text.len--; /* not within a character */
    buf_puts(out, "{\"chat_id\":");
    buf_json(out, slice_from(r->chat));
    buf_puts(out, ",\"text\":");
    buf_json(out, text);
    buf_puts(out, "}");
}

static CURLcode set_options(CURL *e, const char *url, struct slice body, struct curl_slist *headers,
                            unsigned timeout_ms, struct answer *answer)
{
    CURLcode rc = CURLE_OK;

#define SET(option, value)                                                                         \
    if (rc == CURLE_OK)                                                                            \
    rc = curl_easy_setopt(e, option, value)
    SET(CURLOPT_URL, url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_USERAGENT, "clickbaton/" CLICKBATON_VERSION);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, (void *)answer);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    SET(CURLOPT_POSTFIELDS, body.ptr);
    SET(CURLOPT_CAINFO, getenv("SSL_CERT_FILE")); /* NULL: the system's */
#undef SET
    return rc;
}

static void blot(char *text, const char *secret)
{
    size_t len = secret ? strlen(secret) : 0;

    for (char *at = text; len > 1 && (at = strstr(at, secret)) != NULL; at += len)
        memset(at, '*', len);
}

/* What the other side said, without what could be our secret or a control character. */
static void quote(char why[ALERT_REASON], long status, const struct alert_receiver *r, struct answer *a)
{
    const char *host = strstr(r->url, "://"), *path = host ? strchr(host + 3, '/') : NULL;

    for (char *c = a->text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    blot(a->text, r->token);
    if (r->kind == ALERT_WEBHOOK) {
        blot(a->text, r->url);
        blot(a->text, path); /* of many services the path is the secret */
    }
    snprintf(why, ALERT_REASON, "it answered %ld%s%.120s", status, a->text[0] ? ": " : "", a->text);
}

static enum alert_result judge(const struct alert_receiver *r, CURLcode rc, long status, struct answer *a,
                               char why[ALERT_REASON])
{
    if (rc != CURLE_OK) {
        snprintf(why, ALERT_REASON, "%s", curl_easy_strerror(rc)); /* names neither host nor path */
        return ALERT_AGAIN;
    }
    quote(why, status, r, a);
    if (status >= 200 && status < 300)
        return ALERT_DONE;
    return status == 408 || status == 425 || status == 429 || status >= 500 ? ALERT_AGAIN : ALERT_NEVER;
}

enum alert_result alert_post(const struct alert_receiver *r, const struct alert_note *note,
                             unsigned timeout_ms, char why[ALERT_REASON])
{
    struct buf url = { .limit = 2 * URL_MAX, .secret = true }, body = { .limit = 1 << 20 };
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    struct answer answer = { .len = 0 };
    enum alert_result result = ALERT_AGAIN;
    CURL *e = curl_easy_init();
    CURLcode rc;
    long status = 0;

    buf_puts(&url, r->url);
    if (r->kind == ALERT_TELEGRAM) {
        buf_printf(&url, "/bot%s/sendMessage", r->token);
        telegram_body(&body, r, note);
    } else {
        buf_add(&body, note->json);
    }
    buf_byte(&url, '\0');
    snprintf(why, ALERT_REASON, "out of memory");
    if (e && headers && buf_ok(&url) && buf_ok(&body)) {
        rc = set_options(e, url.ptr, buf_slice(&body), headers, timeout_ms, &answer);
        rc = rc == CURLE_OK ? curl_easy_perform(e) : rc;
        curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
        result = judge(r, rc, status, &answer, why);
    }
    curl_easy_cleanup(e);
    curl_slist_free_all(headers);
    buf_free(&url);
    buf_free(&body);
    return result;
}
