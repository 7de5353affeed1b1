/* record.h: a click and a conversion in clickbaton's own words, whatever a tracker calls them. */
#ifndef CORE_RECORD_RECORD_H
#define CORE_RECORD_RECORD_H

#include "core/base/arena.h"
#include "core/base/diag.h"
#include "core/base/slice.h"

enum field {
#define FIELD(id, name, about) FIELD_##id,
#include "core/record/fields.def"
#undef FIELD
    FIELD_COUNT
};

extern const struct slice field_names[]; /* FIELD_COUNT of them, then an empty slice */

/* The field of that name, or FIELD_COUNT. */
enum field field_named(struct slice name);
const char *field_about(enum field f);

/* params_unusable, and a NUL byte: there is no id or text with one, and programs cut at it. */
const char *record_unusable(struct slice value);

/* A value as a sentence may show it: cut, and without personal data. */
struct slice record_shown(struct arena *arena, struct slice value);

enum origin {
    ORIGIN_NONE,    /* not known */
    ORIGIN_PARAM,   /* parameter `name` of the postback */
    ORIGIN_CLICK,   /* the registered click */
    ORIGIN_MAPPING, /* a constant of the mapping */
    ORIGIN_TRACKER, /* the tracker adapter read it out of `name` */
    ORIGIN_DERIVED, /* made from other fields; `name` says from which */
    ORIGIN_ARRIVAL, /* the moment or connection of the request itself */
};
const char *origin_name(enum origin o); /* "param", "click", ... */

struct field_value {
    struct slice value; /* empty: not known */
    enum origin origin;
    struct slice name;
    struct place at; /* the line of the mapping that took it; source NULL: none */
};

/* A postback as the mapping reads it. */
struct conversion {
    struct field_value fields[FIELD_COUNT];
    struct slice stage; /* canonical; empty until known */
    struct place stage_at;
};

/* What a click tells of a conversion. */
#define RECORD_CLICK_FIELDS 10
extern const enum field record_click_fields[RECORD_CLICK_FIELDS];

/* A visit, as registered. */
struct click {
    struct slice fields[FIELD_COUNT]; /* those that a click has; the others stay empty */
    int64_t at;                       /* Unix seconds, 0: not known */
    bool hearsay; /* nobody has registered it: an earlier postback names it */
};

#endif
