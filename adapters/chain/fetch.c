#include "adapters/chain/fetch.h"

#include <arpa/inet.h>
#include <locale.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "core/base/buf.h"
#include "core/chain/page.h"
#include "core/chain/url.h"
#include "core/identity/ip.h"

/* Chrome and Safari have frozen most of theirs; the version is of 2026. */
#define PHONE                                                                                      \
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "    \
    "Gecko) Version/26.0 Mobile/15E148 Safari/604.1"

/* What a browser's request for a page says beside its name. */
static char accepted[] = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
static char language[] = "Accept-Language: en-US,en;q=0.9";

struct fetcher {
    CURL *easy;
    locale_t utf8; /* hosts beyond ASCII are converted by the locale; 0 where there is none such */
    struct fetch_settings settings;
    struct curl_slist *connect_to, headers[3];
    char *header; /* of the settings */
    char error[CURL_ERROR_SIZE];
    /* of the request under way */
    struct arena *arena;
    struct fetch_answer *answer;
    struct buf body, cookies;
    size_t header_bytes;
    bool complete; /* the headers have ended */
    bool enough;   /* we have stopped reading */
    bool too_large;
    bool allowed;                   /* an address was connected to, or tried */
    char guarded[INET6_ADDRSTRLEN]; /* the first address that was refused, and why */
    const char *guard_why;
};

/* Is this address one that may be connected to?  Notes why not. */
static bool may_connect(struct fetcher *f, const struct sockaddr *address)
{
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;
    const void *bytes = NULL;
    const char *why;
    size_t len = 0;

    if (f->settings.allow_private)
        return true;
    if (address->sa_family == AF_INET) {
        bytes = &v4->sin_addr;
        len = sizeof(v4->sin_addr);
    } else if (address->sa_family == AF_INET6) {
        bytes = &v6->sin6_addr;
        len = sizeof(v6->sin6_addr);
    }
    why = ip_not_public(bytes, len);
    f->allowed |= !why;
    if (!why || f->guard_why)
        return !why;
    f->guard_why = why;
    if (!bytes || !inet_ntop(address->sa_family, bytes, f->guarded, sizeof(f->guarded)))
        snprintf(f->guarded, sizeof(f->guarded), "its address");
    return false;
}

static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    if (purpose != CURLSOCKTYPE_IPCXN || !may_connect(context, &address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct fetcher *f = context;
    size_t room = f->settings.body_max - f->body.len;

    buf_add(&f->body, slice_head((struct slice){ bytes, size * n }, room));
    f->enough = size * n > room;
    f->answer->cut |= f->enough;
    return f->enough || !buf_ok(&f->body) ? 0 : size * n;
}

static void take_first(struct fetcher *f, struct slice *to, struct slice value)
{
    value = slice_trim(value);
    if (to->len == 0 && value.len)
        *to = arena_dup(f->arena, value);
}

static void read_header(struct fetcher *f, struct slice line)
{
    struct slice name, value, cookie;

    if (!slice_cut(line, ':', &name, &value))
        return;
    if (slice_eq_nocase(name, S("Location"))) {
        take_first(f, &f->answer->location, value);
    } else if (slice_eq_nocase(name, S("Refresh"))) {
        take_first(f, &f->answer->refresh, value);
    } else if (slice_eq_nocase(name, S("Content-Type"))) {
        take_first(f, &f->answer->content_type, value);
    } else if (slice_eq_nocase(name, S("Set-Cookie"))) {
        slice_cut(value, '=', &cookie, &value);
        buf_puts(&f->cookies, f->cookies.len ? ", " : "");
        buf_add(&f->cookies, slice_trim(cookie));
    }
}

/* Headers of an interim answer (103, say) are not the answer's. */
static void begin_answer(struct fetcher *f)
{
    f->answer->location = f->answer->refresh = f->answer->content_type = (struct slice){ 0 };
    buf_clear(&f->cookies);
    f->complete = false;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *context)
{
    struct fetcher *f = context;
    struct slice line = { bytes, size * n };
    long status = 0;

    f->header_bytes += line.len;
    if (f->header_bytes > f->settings.header_max) {
        f->too_large = true;
        return 0;
    }
    if (f->complete) /* a trailer, behind the body: no browser heeds it */
        return line.len;
    if (slice_starts(line, S("HTTP/"))) {
        begin_answer(f);
    } else if (slice_trim(line).len) {
        read_header(f, line);
    } else {
        curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
        f->complete = status >= 200;
        /* A browser goes on as soon as it knows where to. */
        f->enough = f->complete && page_sends_on((int)status) && f->answer->location.len;
    }
    return f->enough ? 0 : line.len;
}

static CURLcode set_options(struct fetcher *f)
{
    const struct fetch_settings *s = &f->settings;
    CURLcode rc = CURLE_OK;

    f->headers[0] = (struct curl_slist){ accepted, &f->headers[1] };
    f->headers[1] = (struct curl_slist){ language, f->header ? &f->headers[2] : NULL };
    f->headers[2] = (struct curl_slist){ f->header, NULL };
#define SET(option, value)                                                                         \
    if (rc == CURLE_OK)                                                                            \
    rc = curl_easy_setopt(f->easy, option, value)
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
    SET(CURLOPT_USERAGENT, s->user_agent ? s->user_agent : PHONE);
    SET(CURLOPT_HTTPHEADER, f->headers);
    SET(CURLOPT_ACCEPT_ENCODING, "");
    SET(CURLOPT_COOKIEFILE, ""); /* no file: cookies in memory */
    SET(CURLOPT_CONNECT_TO, f->connect_to);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
    SET(CURLOPT_OPENSOCKETDATA, (void *)f);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, (void *)f);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, (void *)f);
    SET(CURLOPT_ERRORBUFFER, f->error);
#undef SET
    return rc;
}

struct fetcher *fetcher_open(const struct fetch_settings *settings, struct err *err)
{
    struct fetcher *f = calloc(1, sizeof(*f));
    CURLcode rc = f ? curl_global_init(CURL_GLOBAL_DEFAULT) : CURLE_OUT_OF_MEMORY;
    struct curl_slist *list;

    if (rc == CURLE_OK && !(f->easy = curl_easy_init()))
        rc = CURLE_OUT_OF_MEMORY;
    if (rc == CURLE_OK) {
        f->settings = *settings;
        f->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        if (settings->header && !(f->header = strdup(settings->header)))
            rc = CURLE_OUT_OF_MEMORY;
    }
    for (const char *const *c = settings->connect_to; rc == CURLE_OK && c && *c; c++) {
        list = curl_slist_append(f->connect_to, *c);
        if (list)
            f->connect_to = list;
        else
            rc = CURLE_OUT_OF_MEMORY;
    }
    if (rc == CURLE_OK)
        rc = set_options(f);
    if (rc == CURLE_OK)
        return f;
    err_set(err, ERR_SYSTEM, "libcurl can't be started: %s", curl_easy_strerror(rc));
    fetcher_close(f);
    return NULL;
}

void fetcher_close(struct fetcher *f)
{
    if (!f)
        return;
    curl_easy_cleanup(f->easy);
    if (f->utf8)
        freelocale(f->utf8);
    curl_slist_free_all(f->connect_to);
    free(f->header);
    buf_free(&f->body);
    buf_free(&f->cookies);
    free(f);
}

static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
            return true;
    return false;
}

/* Why it is no URL to ask for; else its text as a browser would send it, without the fragment. */
static const char *prepare(struct arena *arena, struct slice text, const char **out)
{
    struct buf b = { 0 };
    struct url u;
    const char *why = url_parse(text, &u);

    if (why)
        return why;
    if (!url_is_web(&u))
        return "is neither http nor https";
    if (u.host.len == 0)
        return "has no host";
    if (has_control(slice_trim(text)))
        return "holds a control character";
    u.path = url_sent(arena, u.path);
    u.query = url_sent(arena, u.query);
    u.has_fragment = false;
    u.fragment = (struct slice){ 0 };
    url_print(&b, &u);
    *out = arena_cstr(arena, buf_slice(&b));
    why = buf_ok(&b) ? NULL : "is too long";
    buf_free(&b);
    return why;
}

static const struct {
    CURLcode code;
    enum fetch_result result;
} results[] = {
    { CURLE_URL_MALFORMAT, FETCH_REFUSED },
    { CURLE_UNSUPPORTED_PROTOCOL, FETCH_BROKEN }, /* HTTP/0.9 */
    { CURLE_COULDNT_RESOLVE_HOST, FETCH_NO_HOST },
    { CURLE_COULDNT_CONNECT, FETCH_NO_CONNECTION },
    { CURLE_OPERATION_TIMEDOUT, FETCH_TIMEOUT },
    { CURLE_PEER_FAILED_VERIFICATION, FETCH_TLS },
    { CURLE_SSL_CONNECT_ERROR, FETCH_TLS },
    { CURLE_SSL_CERTPROBLEM, FETCH_TLS },
    { CURLE_SSL_CIPHER, FETCH_TLS },
    { CURLE_SSL_CACERT_BADFILE, FETCH_TLS },
    { CURLE_SSL_ISSUER_ERROR, FETCH_TLS },
    { CURLE_OUT_OF_MEMORY, FETCH_FAILED },
};

static enum fetch_result judge(struct fetcher *f, CURLcode rc, struct err *err)
{
    enum fetch_result result = FETCH_BROKEN;

    if (f->arena->full || !buf_ok(&f->body) || !buf_ok(&f->cookies)) {
        err_set(err, ERR_SYSTEM, "no memory for the answer");
        return FETCH_FAILED;
    }
    if (rc == CURLE_OK || f->enough || f->complete) {
        f->answer->cut |= rc != CURLE_OK && !f->enough;
        f->answer->slow = rc == CURLE_OPERATION_TIMEDOUT;
        return FETCH_DONE;
    }
    if (f->too_large) {
        err_set(err, ERR_INPUT, "its headers have more than %zu KB", f->settings.header_max / 1024);
        return FETCH_TOO_LARGE;
    }
    if (rc == CURLE_COULDNT_CONNECT && f->guard_why && !f->allowed) {
        err_set(err, ERR_INPUT, "%s %s", f->guarded, f->guard_why);
        return FETCH_PRIVATE;
    }
    if (rc == CURLE_OUT_OF_MEMORY)
        memory_ran_out();
    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
        if (results[i].code == rc)
            result = results[i].result;
    err_set(err, ERR_SYSTEM, "%s", f->error[0] ? f->error : curl_easy_strerror(rc));
    return result;
}

static void finish_answer(struct fetcher *f)
{
    struct fetch_answer *a = f->answer;
    long status = 0;
    curl_off_t took_us = 0;
    const char *address = NULL;

    curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(f->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    curl_easy_getinfo(f->easy, CURLINFO_PRIMARY_IP, &address);
    a->status = (int)status;
    a->took_ms = took_us > 0 ? (uint32_t)(took_us / 1000) : 0;
    a->address = arena_dup(f->arena, slice_from(address));
    a->body = arena_dup(f->arena, buf_slice(&f->body));
    a->cookies = arena_dup(f->arena, buf_slice(&f->cookies));
}

enum fetch_result fetcher_get(struct fetcher *f, struct arena *arena, struct slice url,
                              struct slice referer, struct fetch_answer *out, struct err *err)
{
    const char *text = "", *why;
    CURLcode rc;

    *out = (struct fetch_answer){ .status = 0 };
    why = prepare(arena, url, &text);
    if (why) {
        err_set(err, ERR_INPUT, "the URL %s", why);
        return FETCH_REFUSED;
    }
    f->arena = arena;
    f->answer = out;
    f->header_bytes = 0;
    f->complete = f->enough = f->too_large = false;
    f->allowed = false;
    f->guard_why = NULL;
    f->error[0] = '\0';
    buf_clear(&f->body);
    buf_clear(&f->cookies);
    rc = curl_easy_setopt(f->easy, CURLOPT_URL, text);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(f->easy, CURLOPT_REFERER,
                              referer.len && !has_control(referer) ? arena_cstr(arena, referer)
                                                                   : NULL);
    if (rc == CURLE_OK) {
        locale_t before = f->utf8 ? uselocale(f->utf8) : (locale_t)0;
        rc = curl_easy_perform(f->easy);
        if (before)
            uselocale(before);
    }
    finish_answer(f);
    return judge(f, rc, err);
}
