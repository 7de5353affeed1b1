/* targets.h: the sender's own checked copy of its settings. */
#ifndef ADAPTERS_TIKTOK_TARGETS_H
#define ADAPTERS_TIKTOK_TARGETS_H

#include "adapters/tiktok/pixel.h"
#include "adapters/tiktok/sender.h"

enum { TARGETS_PIXEL_MAX = 128, TARGETS_TOKEN_MAX = 4096 };

struct targets {
    const char *url;
    unsigned connect_timeout_ms, timeout_ms;
    struct pixel_timing timing;
    struct sender_pixel *pixels;
    size_t count;
    char *text; /* the bytes behind url and pixels */
    size_t text_len;
};

/* NULL and *err when something in settings can't be used; no token in the error. */
struct targets *targets_new(const struct sender_settings *settings, struct err *err);

void targets_free(struct targets *t); /* wipes the tokens; accepts NULL */

#endif
