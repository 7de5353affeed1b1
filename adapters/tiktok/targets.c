#include "adapters/tiktok/targets.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/tiktok/endpoint.h"
#include "core/base/wipe.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    TIMEOUT_MS = 30000,
    RETRY_FIRST_MS = 1000,
    RETRY_MAX_MS = 900000,
    PIXELS_MAX = 10000,
};

/* What may stand in a header or a log line. */
static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
            return false;
    return true;
}

static int check_pixel(const struct sender_pixel *p, struct err *err)
{
    if (p->pixel.len == 0 || p->pixel.len > TARGETS_PIXEL_MAX || !is_printable(p->pixel))
        return err_set(err, ERR_INPUT,
                       "tiktok.pixels: a pixel code must be 1 to %d printable characters "
                       "without blanks",
                       TARGETS_PIXEL_MAX);
    if (p->token.len == 0)
        return err_set(err, ERR_INPUT, "tiktok.pixels.%.*s: the token is empty",
                       SLICE_ARG(p->pixel));
    if (p->token.len > TARGETS_TOKEN_MAX || !is_printable(p->token))
        return err_set(err, ERR_INPUT,
                       "tiktok.pixels.%.*s: the token is longer than %d characters, or has a "
                       "blank, line end or other unprintable character in it",
                       SLICE_ARG(p->pixel), TARGETS_TOKEN_MAX);
    return 0;
}

static int check(const struct sender_settings *s, struct err *err)
{
    if (endpoint_check(s->endpoint, err) != 0)
        return -1;
    if (s->pixel_count > PIXELS_MAX)
        return err_set(err, ERR_INPUT, "tiktok.pixels: more than %d", PIXELS_MAX);
    for (size_t i = 0; i < s->pixel_count; i++) {
        if (check_pixel(&s->pixels[i], err) != 0)
            return -1;
        for (size_t j = 0; j < i; j++)
            if (slice_eq(s->pixels[i].pixel, s->pixels[j].pixel))
                return err_set(err, ERR_INPUT, "tiktok.pixels.%.*s: is there twice",
                               SLICE_ARG(s->pixels[i].pixel));
    }
    return 0;
}

static struct slice copy(char **at, struct slice s)
{
    struct slice out = { *at, s.len };

    if (s.len)
        memcpy(*at, s.ptr, s.len);
    (*at)[s.len] = '\0';
    *at += s.len + 1;
    return out;
}

static struct slice source_of(const struct sender_pixel *p)
{
    return p->event_source.len ? p->event_source : S("web");
}

static unsigned or_default(unsigned value, unsigned otherwise)
{
    return value ? value : otherwise;
}

struct targets *targets_new(const struct sender_settings *s, struct err *err)
{
    struct targets *t;
    size_t len = s->endpoint.len + 1;
    char *at;

    if (check(s, err) != 0)
        return NULL;
    for (size_t i = 0; i < s->pixel_count; i++)
        len += s->pixels[i].pixel.len + s->pixels[i].token.len + source_of(&s->pixels[i]).len + 3;
    t = calloc(1, sizeof(*t));
    if (t) {
        t->text = at = malloc(len);
        t->text_len = len;
        t->pixels = calloc(s->pixel_count + 1, sizeof(*t->pixels));
    }
    if (!t || !t->text || !t->pixels) {
        err_set(err, ERR_SYSTEM, "no memory for the sender's settings");
        targets_free(t);
        return NULL;
    }
    t->url = copy(&at, s->endpoint).ptr;
    for (; t->count < s->pixel_count; t->count++) {
        struct sender_pixel *p = &t->pixels[t->count];
        p->pixel = copy(&at, s->pixels[t->count].pixel);
        p->token = copy(&at, s->pixels[t->count].token);
        p->event_source = copy(&at, source_of(&s->pixels[t->count]));
    }
    t->connect_timeout_ms = or_default(s->connect_timeout_ms, CONNECT_TIMEOUT_MS);
    t->timeout_ms = or_default(s->timeout_ms, TIMEOUT_MS);
    t->timing.first_ms = or_default(s->retry_first_ms, RETRY_FIRST_MS);
    t->timing.max_ms = or_default(s->retry_max_ms, RETRY_MAX_MS);
    return t;
}

void targets_free(struct targets *t)
{
    if (!t)
        return;
    if (t->text)
        wipe(t->text, t->text_len);
    free(t->text);
    free(t->pixels);
    free(t);
}
