/* Any bytes as what says who sends: addresses and networks, X-Forwarded-For, the signature of the
 * parameters, a webhook-signature header and a secret.  What was signed is found, and nothing else. */
#include "core/guard/address.h"
#include "core/guard/browser.h"
#include "core/guard/signature.h"
#include "tests/fuzz/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(struct slice text)
{
    char shown[ADDRESS_TEXT_MAX], part[ADDRESS_SHORT_MAX];
    struct address a, again;
    struct network n;
    const char *why;

    if (!address_parse(text, &a))
        return;
    address_text(&a, shown);
    MUST(address_parse(slice_from(shown), &again) && memcmp(&a, &again, sizeof(a)) == 0);
    MUST(address_key(&a, 7) == address_key(&again, 7));
    address_short(&a, part);
    MUST(strlen(part) < ADDRESS_SHORT_MAX && strchr(part, '/'));
    MUST(network_parse(slice_from(shown), &n, &why));
    MUST(networks_hold(&(struct networks){ &n, 1 }, &a));
}

static void check_network(struct slice text, const struct address *other)
{
    static const char unset[] = "unset";
    const char *why = unset;
    struct network n;
    bool ok = network_parse(text, &n, &why);

    MUST(ok || (why && why != unset && *why));
    if (!ok)
        return;
    MUST(n.bits <= 128 && networks_hold(&(struct networks){ &n, 1 }, &n.base));
    for (unsigned bit = n.bits; bit < 128; bit++) /* nothing behind its length */
        MUST((n.base.bytes[bit / 8] >> (7 - bit % 8) & 1) == 0);
    if (networks_hold(&(struct networks){ &n, 1 }, other))
        for (unsigned bit = 0; bit < n.bits; bit++)
            MUST(((n.base.bytes[bit / 8] ^ other->bytes[bit / 8]) >> (7 - bit % 8) & 1) == 0);
}

/* Who trusts nobody takes the connection's own address; an answer is never one that is trusted while
 * another stood in front of it. */
static void check_client(struct slice forwarded, const struct address *peer)
{
    struct network all = { .bits = 0 }, own = { *peer, 128 };
    struct networks none = { NULL, 0 }, one = { &own, 1 }, any = { &all, 1 };
    struct address client = address_client(*peer, forwarded, &none);

    MUST(memcmp(&client, peer, sizeof(client)) == 0);
    client = address_client(*peer, forwarded, &one);
    if (forwarded.len == 0)
        MUST(memcmp(&client, peer, sizeof(client)) == 0);
    address_client(*peer, forwarded, &any);
}

static void put_hex(struct buf *b, const unsigned char *bytes, const char *form)
{
    for (size_t i = 0; i < SIGNATURE_BYTES; i++)
        buf_printf(b, form, bytes[i]);
}

/* The canonical text of the same parameters in another order is the same; another value's is not. */
static void check_canonical(struct slice raw, struct slice secret)
{
    struct buf text = { 0 }, again = { 0 }, hex = { 0 };
    unsigned char hmac[SIGNATURE_BYTES];
    struct reading r;

    read_as(&r, params_query, raw, 8 << 20);
    if (r.rc == 0 && r.p.count) {
        struct param first = r.p.list[0];
        MUST(signature_canonical(&text, S("offer"), &r.p, &r.arena) == 0);
        MUST(slice_starts(buf_slice(&text), S("offer?")));
        r.p.list[0] = r.p.list[r.p.count - 1];
        r.p.list[r.p.count - 1] = first;
        MUST(signature_canonical(&again, S("offer"), &r.p, &r.arena) == 0);
        MUST(slice_eq(buf_slice(&text), buf_slice(&again)));
        for (size_t i = 0; i < text.len; i++)
            MUST(text.ptr[i] > ' ' && text.ptr[i] < 0x7f);
        MUST(signature_hmac(secret, buf_slice(&text), hmac));
        put_hex(&hex, hmac, raw.len % 2 ? "%02x" : "%02X");
        MUST(signature_is_hex(hmac, buf_slice(&hex)));
        hex.ptr[raw.len % 64] ^= 1;
        MUST(!signature_is_hex(hmac, buf_slice(&hex)));
    }
    MUST(!signature_is_hex((const unsigned char[SIGNATURE_BYTES]){ 1 }, raw) || raw.len == 64);
    buf_free(&text);
    buf_free(&again);
    buf_free(&hex);
    reading_end(&r);
}

static void put_base64(struct buf *b, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)bytes[i] << 16 | (i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0) |
                     (i + 2 < n ? bytes[i + 2] : 0u);
        buf_printf(b, "%c%c%c%c", digits[v >> 18], digits[v >> 12 & 63],
                   i + 1 < n ? digits[v >> 6 & 63] : '=', i + 2 < n ? digits[v & 63] : '=');
    }
}

/* A list holds a signature only when it stands in it. */
static void check_list(struct slice list, struct slice text)
{
    unsigned char hmac[SIGNATURE_BYTES];
    struct buf mine = { 0 }, longer = { 0 };

    MUST(signature_hmac(S("secret"), text, hmac));
    buf_printf(&mine, "v1,");
    put_base64(&mine, hmac, sizeof(hmac));
    if (slice_find(list, buf_slice(&mine)) == list.len)
        MUST(!signature_in_list(hmac, list));
    MUST(signature_in_list(hmac, buf_slice(&mine)));
    buf_printf(&longer, "v1,AAAA v2,x %.*s", SLICE_ARG(buf_slice(&mine)));
    MUST(signature_in_list(hmac, buf_slice(&longer)));
    mine.ptr[3 + list.len % 42] ^= 4;
    MUST(!signature_in_list(hmac, buf_slice(&mine)));
    buf_free(&mine);
    buf_free(&longer);
}

static void check_secret(struct slice text)
{
    unsigned char bytes[SIGNATURE_SECRET_MAX], again[SIGNATURE_SECRET_MAX];
    size_t n = signature_secret(text, bytes);
    struct buf b = { 0 };

    MUST(n <= SIGNATURE_SECRET_MAX);
    if (n) {
        buf_printf(&b, "whsec_");
        put_base64(&b, bytes, n);
        MUST(signature_secret(buf_slice(&b), again) == n && memcmp(bytes, again, n) == 0);
    }
    buf_free(&b);
    signature_id_ok(text);
}

/* What a browser says of who asks: whatever it is, only names of ours and pages of ours come in. */
static void check_browser(struct slice text)
{
    static const struct slice list[] = { SLICE("inspector.example"), { 0 } };
    struct slice name, port, cookie = browser_cookie(text, S("n"));
    struct buf again = { 0 };
    uint64_t n;

    MUST(cookie.len == 0 || (cookie.ptr >= text.ptr + 2 && cookie.ptr + cookie.len <= text.ptr + text.len &&
                             slice_index(cookie, ';') == cookie.len));
    MUST(!browser_same_site(S("127.0.0.1:9090"), S("http://127.0.0.1:9090"), text) ||
         text.len == 0 || slice_eq(text, S("same-origin")) || slice_eq(text, S("none")));
    if (browser_same_site(S("127.0.0.1:9090"), text, (struct slice){ 0 }))
        MUST(text.len == 0 || slice_eq_nocase(text, S("http://127.0.0.1:9090")) ||
             slice_eq_nocase(text, S("https://127.0.0.1:9090")));
    if (!browser_host(text, &name, &port))
        return;
    MUST(browser_is_name(name) && (port.len == 0 || (slice_to_u64(port, &n) && n <= 65535)));
    buf_printf(&again, slice_index(name, ':') < name.len ? "[%.*s]" : "%.*s", SLICE_ARG(name));
    buf_printf(&again, port.len ? ":%.*s" : "%.*s", SLICE_ARG(port));
    MUST(slice_eq(buf_slice(&again), text));
    MUST(!browser_may_be(name, list) || browser_is_loopback(name) ||
         slice_starts_nocase(name, S("inspector.example")));
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address peer;
    struct slice raw;

    if (size < sizeof(peer))
        return 0;
    memcpy(&peer, data, sizeof(peer));
    raw = (struct slice){ (const char *)data + sizeof(peer), size - sizeof(peer) };
    check_address(raw);
    check_network(raw, &peer);
    check_client(raw, &peer);
    check_canonical(raw, (struct slice){ (const char *)data, sizeof(peer) });
    check_list(raw, (struct slice){ (const char *)data, sizeof(peer) });
    check_secret(raw);
    check_browser(raw);
    return 0;
}
