/* breaks.h: what may go wrong at a hop, as one table: its name in a chain file, what it takes, what
 * it does to a URL, and what to tell people. */
#ifndef CORE_CHAIN_BREAKS_H
#define CORE_CHAIN_BREAKS_H

#include "core/base/arena.h"
#include "core/base/diag.h"
#include "core/base/slice.h"

enum break_takes {
    BREAK_FLAG,         /* strip_query: true */
    BREAK_NAMES,        /* drop: [ttclid] */
    BREAK_ALL_OR_NAMES, /* lowercase: true, lowercase: [ttclid] */
    BREAK_MAP,          /* rename: {ttclid: tt} */
    BREAK_MAP_OR_NAMES, /* duplicate: [ttclid], duplicate: {ttclid: other} */
    BREAK_NUMBER,       /* truncate: 255 */
    BREAK_HOST,         /* host: other.example */
};

struct hop_break;

struct break_kind {
    const char *name;
    enum break_takes takes;
    const char *does;   /* "cuts every value", for sentences: "the hop ... <does>" */
    const char *remedy; /* what to change */
    /* One of the two.  url: the whole URL.  value: one decoded value of those that are named. */
    struct slice (*url)(struct arena *arena, const struct hop_break *b, struct slice url);
    struct slice (*value)(struct arena *arena, const struct hop_break *b, struct slice name,
                          struct slice value);
    bool stored;        /* a tracker that does it keeps the damaged value, too */
    const char *sample; /* for --matrix: the argument as YAML; NULL: its own rows there */
};

/* One of them at one hop. */
struct hop_break {
    const struct break_kind *kind;
    const struct slice *names, *values; /* values: of a map, else NULL */
    size_t count;                       /* 0 with BREAK_ALL_OR_NAMES: all */
    int64_t number;
    struct slice text;
    struct place at;
};

extern const struct break_kind break_kinds[]; /* ended by a NULL name */

/* The row of that name; NULL when there is none. */
const struct break_kind *break_named(struct slice name);

/* The URL after b; the empty slice when the arena is full. */
struct slice break_apply(struct arena *arena, const struct hop_break *b, struct slice url);

/* A value as a tracker that does b would store it. */
struct slice break_store(struct arena *arena, const struct hop_break *b, struct slice name,
                         struct slice value);

#endif
