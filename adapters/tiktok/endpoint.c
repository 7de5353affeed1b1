#include "adapters/tiktok/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

enum { ENDPOINT_MAX = 2048 };

/* As libcurl will see it: it has normalised the forms of an IPv4 address and lower-cased nothing
 * else, so names are compared without case. */
static bool is_loopback(const char *host)
{
    char text[64];
    struct in_addr v4;
    struct in6_addr v6;
    size_t len = strlen(host);

    if (slice_eq_nocase(slice_from(host), S("localhost")))
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (len < 3 || len >= sizeof(text) || host[0] != '[')
        return false;
    memcpy(text, host + 1, len - 2);
    text[len - 2] = '\0';
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static int check_parts(const char *scheme, const char *host, const char *zone, bool login,
                       struct err *err)
{
    if (login)
        return err_set(err, ERR_INPUT,
                       "tiktok.endpoint: has a user name in it; the only credential is the "
                       "pixel's token, take the part up to @ out");
    if (strcmp(scheme, "https") == 0)
        return 0;
    if (strcmp(scheme, "http") != 0)
        return err_set(err, ERR_INPUT, "tiktok.endpoint: %.20s:// is not supported; use https://",
                       scheme);
    if (!zone && is_loopback(host))
        return 0;
    return err_set(err, ERR_INPUT,
                   "tiktok.endpoint: http://%.100s would carry the access token in the clear; use "
                   "https:// (http:// is for localhost, 127.0.0.0/8 and [::1] only)",
                   host);
}

/* The address itself is not repeated in an error: it may hold what should not be in a log. */
int endpoint_check(struct slice endpoint, struct err *err)
{
    char text[ENDPOINT_MAX + 1], *scheme = NULL, *host = NULL, *zone = NULL, *user = NULL;
    char *password = NULL;
    CURLUcode code = CURLUE_OUT_OF_MEMORY;
    CURLU *url = NULL;
    int rc = -1;

    if (endpoint.len == 0)
        return err_set(err, ERR_INPUT, "tiktok.endpoint: empty; give an https:// address");
    if (endpoint.len > ENDPOINT_MAX || memchr(endpoint.ptr, '\0', endpoint.len))
        return err_set(err, ERR_INPUT, "tiktok.endpoint: not an address: longer than %d bytes, "
                       "or with a NUL in it", ENDPOINT_MAX);
    memcpy(text, endpoint.ptr, endpoint.len);
    text[endpoint.len] = '\0';
    url = curl_url();
    if (url)
        code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_HOST, &host, 0);
    if (code != CURLUE_OK) {
        err_set(err, ERR_INPUT, "tiktok.endpoint: not an address that can be used: %s",
                curl_url_strerror(code));
        goto out;
    }
    curl_url_get(url, CURLUPART_ZONEID, &zone, 0);
    curl_url_get(url, CURLUPART_USER, &user, 0);
    curl_url_get(url, CURLUPART_PASSWORD, &password, 0);
    rc = check_parts(scheme, host, zone, user || password, err);
out:
    curl_free(scheme);
    curl_free(host);
    curl_free(zone);
    curl_free(user);
    curl_free(password);
    curl_url_cleanup(url);
    return rc;
}
