#include "core/guard/signature.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "core/guard/equal.h"
#include "core/base/wipe.h"

#define BASE64_BYTES 44 /* of 32 bytes */

/* ---- the parameters ---- */

static int by_bytes(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static bool is_signed(const struct param *p)
{
    return !slice_eq(p->name, S("sig")) && !slice_eq(p->name, S("key"));
}

/* "name=value", percent-encoded. */
static struct slice pair(struct buf *b, const struct param *p, struct arena *arena)
{
    buf_clear(b);
    buf_percent(b, p->name);
    buf_byte(b, '=');
    buf_percent(b, p->value);
    return buf_ok(b) ? arena_dup(arena, buf_slice(b)) : (struct slice){ 0 };
}

int signature_canonical(struct buf *out, struct slice offer, const struct params *params,
                        struct arena *arena)
{
    struct slice *pairs = ARENA_ARRAY(arena, struct slice, params->count);
    struct buf b = { 0 };
    size_t n = 0;

    for (size_t i = 0; pairs && i < params->count; i++)
        if (is_signed(&params->list[i]) &&
            (pairs[n++] = pair(&b, &params->list[i], arena)).len == 0)
            out->failed = true;
    buf_free(&b);
    if (!pairs || out->failed)
        return -1;
    qsort(pairs, n, sizeof(*pairs), by_bytes);
    buf_add(out, offer);
    for (size_t i = 0; i < n; i++) {
        buf_byte(out, i ? '&' : '?');
        buf_add(out, pairs[i]);
    }
    if (n == 0)
        buf_byte(out, '?');
    return buf_ok(out) ? 0 : -1;
}

/* ---- the HMAC and its forms ---- */

bool signature_hmac(struct slice secret, struct slice text, unsigned char out[SIGNATURE_BYTES])
{
    size_t len = 0;

    return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, secret.ptr, secret.len,
                     (const unsigned char *)(text.len ? text.ptr : ""), text.len, out,
                     SIGNATURE_BYTES, &len) != NULL &&
           len == SIGNATURE_BYTES;
}

bool signature_is_hex(const unsigned char hmac[SIGNATURE_BYTES], struct slice given)
{
    unsigned char bytes[SIGNATURE_BYTES];

    if (given.len != 2 * SIGNATURE_BYTES)
        return false;
    for (size_t i = 0; i < SIGNATURE_BYTES; i++) {
        int high = ascii_hex(given.ptr[2 * i]), low = ascii_hex(given.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return equal_bytes(bytes, hmac, SIGNATURE_BYTES);
}

bool signature_in_list(const unsigned char hmac[SIGNATURE_BYTES], struct slice list)
{
    unsigned char text[BASE64_BYTES + 1];
    struct slice item;
    bool found = false;

    EVP_EncodeBlock(text, hmac, SIGNATURE_BYTES);
    while (slice_next(&list, ' ', &item))
        if (slice_starts(item, S("v1,")) && item.len == 3 + BASE64_BYTES)
            found |= equal_bytes(item.ptr + 3, text, BASE64_BYTES);
    return found;
}

bool signature_id_ok(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if ((unsigned char)id.ptr[i] <= ' ' || (unsigned char)id.ptr[i] >= 0x7f)
            return false;
    return id.len > 0 && id.len <= 200;
}

size_t signature_secret(struct slice text, unsigned char out[SIGNATURE_SECRET_MAX])
{
    unsigned char bytes[SIGNATURE_SECRET_MAX + 8];
    size_t pad = 0;
    int n;

    if (slice_starts(text, S("whsec_")))
        text = slice_from_at(text, 6);
    while (pad < 2 && pad < text.len && text.ptr[text.len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < text.len - pad; i++)
        if (!ascii_is_alnum(text.ptr[i]) && text.ptr[i] != '+' && text.ptr[i] != '/')
            return 0;
    if (text.len == 0 || text.len % 4 || text.len / 4 * 3 > sizeof(bytes))
        return 0;
    n = EVP_DecodeBlock(bytes, (const unsigned char *)text.ptr, (int)text.len);
    if (n < 0 || (size_t)n - pad > SIGNATURE_SECRET_MAX)
        return 0;
    memcpy(out, bytes, (size_t)n - pad);
    wipe(bytes, sizeof(bytes));
    return (size_t)n - pad;
}
