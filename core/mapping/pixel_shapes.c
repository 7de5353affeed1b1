/* pixel_shapes.c: the keys of `pixel:`, and of what tells the kinds of events apart. */
#include "core/mapping/build.h"
#include "core/mapping/shapes.h"

#define CODE "^[A-Za-z0-9]{1,64}$"

static const struct shape code = { SHAPE_TEXT, "a pixel code, or the id of an event set",
                                   .pattern = CODE };
static const struct shape codes = { SHAPE_LIST, "several: the event goes to each", .min = 1,
                                    .max = PIXELS_PER_EVENT_MAX, .of = &code };
static const struct shape *const code_ways[] = { &code, &codes, NULL };
static const struct shape to = { SHAPE_EITHER, .either = code_ways };

static const struct shape item = { SHAPE_TEMPLATE, "a pixel code, or a template", .pattern = CODE };
static const struct shape items = { SHAPE_LIST, "several: the event goes to each", .min = 1,
                                    .max = PIXELS_PER_EVENT_MAX, .of = &item };
static const struct shape *const item_ways[] = { &item, &items, NULL };
static const struct shape from = { SHAPE_EITHER, .either = item_ways };

static const struct shape allowed = { SHAPE_LIST, .min = 1, .of = &code, .lone = true };
static const struct shape_key allow_keys[] = {
    SHAPE_KEY("from", &from, "what names the pixel",
              .required = "say what names the pixel: from: \"{param.pixel}\""),
    SHAPE_KEY("allow", &allowed, "the pixels that it may name",
              .required = "list the pixels that may be named: allow: [C9...]"),
    SHAPE_END,
};
const struct shape shape_pixel_allow = { SHAPE_MAP, "what a parameter names, out of a list",
                                         .keys = allow_keys };

static const struct shape rows = { SHAPE_MAP, .min = 1, .max = PIXEL_ROWS_MAX, .of = &to };
static const struct shape_key table_keys[] = {
    SHAPE_KEY("table", &rows, "the pixel, or pixels, of each word, compared without case",
              .required = "give each word its pixel: table: {anna: C9..., ben: C9...}"),
    SHAPE_KEY("by", &shape_template, "what chooses the row",
              .required = "say what chooses the row: by: \"{param.buyer}\""),
    SHAPE_KEY("default", &to, "where events of other words go; without it they are quarantined"),
    SHAPE_END,
};
const struct shape shape_pixel_table = { SHAPE_MAP, "chosen by a parameter", .keys = table_keys };

static const struct shape *const pixel_ways[] = { &item, &items, &shape_pixel_allow,
                                                  &shape_pixel_table, NULL };
const struct shape shape_pixel = { SHAPE_EITHER, .either = pixel_ways };

/* In the order of enum event_source. */
const struct shape shape_event_source = { SHAPE_WORD, .words = event_source_names };
const struct shape shape_test_code = { SHAPE_TEXT, .pattern = "^[A-Za-z0-9_-]{1,64}$" };

static const struct shape_key lead_keys[] = {
    SHAPE_KEY("lead_id", &shape_template, "TikTok's id of the lead",
              .required = "name the parameter with TikTok's lead id: lead_id: \"{param.lead_id}\""),
    SHAPE_KEY("lead_event_source", &shape_template, "the CRM's name"),
    SHAPE_END,
};
const struct shape shape_lead = { SHAPE_MAP, "of crm events", .keys = lead_keys };
