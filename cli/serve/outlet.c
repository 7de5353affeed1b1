#include "cli/serve/outlet.h"

#include <stdlib.h>

#include "cli/serve/clock.h"
#include "cli/serve/log.h"
#include "cli/serve/outlet_own.h"

#define OUTLET_ARENA ((size_t)16 << 20)

static int64_t now_ms(void *context)
{
    (void)context;
    return clock_now_ms();
}

static int take(void *context, struct slice pixel, unsigned max, struct sender_batch *batch,
                int64_t *next_due, struct err *err)
{
    struct outlet *o = context;

    if (o->own)
        return outlet_own_take(o, pixel, max, batch, next_due, err);
    return intake_take(o->intake, pixel, max, batch, next_due, err);
}

static int report(void *context, const struct sender_report *r, struct err *err)
{
    struct outlet *o = context;

    if ((o->own ? outlet_own_report(o, r, err) : intake_report(o->intake, r, err)) != 0)
        return -1;
    metrics_report(o->metrics, r);
    return 0;
}

static void ended(void *context, const struct sender_ended *e)
{
    struct outlet *o = context;

    metrics_request(o->metrics, e);
}

static void write_log(void *context, const char *level, const char *line)
{
    (void)context;
    log_line(level, "%s", line);
}

/* The sender copies what it needs; pixels is freed by the caller. */
static int settings_of(const struct catalog *c, struct sender_settings *out,
                       struct sender_pixel **pixels)
{
    *pixels = calloc(c->pixel_count + 1, sizeof(**pixels));
    if (!*pixels)
        return -1;
    for (size_t i = 0; i < c->pixel_count; i++)
        (*pixels)[i] = (struct sender_pixel){ c->pixels[i].pixel, slice_from(c->pixels[i].token),
                                              event_source_names[c->pixels[i].source] };
    *out = (struct sender_settings){ .endpoint = c->endpoint,
                                     .pixels = *pixels,
                                     .pixel_count = c->pixel_count,
                                     .jitter_seed = (uint64_t)now_ms(NULL) };
    return 0;
}

struct sender *outlet_open(struct outlet *outlet, const struct catalog *catalog, struct err *err)
{
    const struct sender_host host = { .context = outlet, .now_ms = now_ms, .take = take, .report = report,
                                      .log = write_log, .ended = ended,
                                      .look = outlet->own ? outlet_own_look : NULL,
                                      .tell = outlet->own ? outlet_own_tell : NULL };
    struct sender_settings settings;
    struct sender_pixel *pixels;
    struct sender *s = NULL;

    arena_init(&outlet->arena, OUTLET_ARENA);
    if (settings_of(catalog, &settings, &pixels) == 0)
        s = sender_open(&settings, &host, err);
    else
        err_set(err, ERR_SYSTEM, "out of memory");
    free(pixels);
    return s;
}

int outlet_reload(struct sender *sender, const struct catalog *catalog, struct err *err)
{
    struct sender_settings settings;
    struct sender_pixel *pixels;
    int rc = -1;

    if (settings_of(catalog, &settings, &pixels) == 0)
        rc = sender_reload(sender, &settings, err);
    else
        err_set(err, ERR_SYSTEM, "out of memory");
    free(pixels);
    return rc;
}

void outlet_close(struct outlet *outlet)
{
    arena_free(&outlet->arena);
}
