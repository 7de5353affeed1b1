/* shape.h: what our YAML files may hold, as tables.  The loaders read by them (expect.h: unknown
 * and missing keys, choices), JSON Schema is written from them.
 *
 * To add a key: a row in the table of its map, at the place where it shall stand in messages.
 *
 *     SHAPE_KEY("zone", &zone, "time zone where the text names none", .otherwise = "UTC"),
 *
 * - `is` is the shape of the value; scalars of one kind share one (shape_text, shape_bool ...).
 *   Write a new one beside the table:
 *       static const struct shape zone = { SHAPE_TEXT, .pattern = "^[+-][0-9]{2}:[0-9]{2}$" };
 * - required: .required = "what to write", the remedy of M003, which expect_map then says.
 * - a choice: { SHAPE_WORD, .words = a_list_ended_by_an_empty_slice }, read by
 *   expect_choice(e, map, shape, "key", &index), so that loader and schema have one list.
 * - a whole number: { SHAPE_WHOLE, .min = 1, .max = 300 }; the loader takes the bounds from there.
 * - a map: .keys = its rows, read by expect_map(e, node, what, shape).  One whose names the user
 *   gives: .of = the shape of every value, .names = how the names look.
 * - a scalar or a map or a list: { SHAPE_EITHER, .either = the shapes, ended by NULL }.
 * - keys that stand in another table (fields, properties): .row makes a row of each.
 * Then: `make schemas` (mappings/schema/), and the key into a file of tests/cases/keys, where
 * tests/e2e/77-schema.py makes every key wrong.
 * The tables: core/mapping/shapes.c, core/chain/shapes.c, core/rules/rates.c, cli/config.c. */
#ifndef CORE_YAML_SHAPE_H
#define CORE_YAML_SHAPE_H

#include "core/base/arena.h"
#include "core/base/slice.h"

enum shape_kind {
    SHAPE_TEXT,     /* a scalar that is not empty; numbers and true are texts, too */
    SHAPE_TEMPLATE, /* the same with {field} and {param.name} */
    SHAPE_WORD,     /* one of words */
    SHAPE_BOOL,     /* true, yes, on, false, no, off */
    SHAPE_AMOUNT,   /* 12.50: a decimal that is not negative, at most six decimals */
    SHAPE_WHOLE,    /* a whole number from min to max */
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_EITHER,
};

struct shape_key;

struct shape {
    enum shape_kind kind;
    const char *about;         /* one line, for people; may be NULL */
    const char *pattern;       /* TEXT: what it must match (ECMA-262), TEMPLATE: one that has nothing
                                * to fill in; NULL: anything */
    const struct slice *words; /* WORD: ended by an empty slice; TEMPLATE: as with pattern */
    int64_t min, max;          /* WHOLE: bounds.  LIST, MAP: how many entries; max 0: any number */
    bool lone;                 /* LIST: a scalar alone is a list of one */
    const struct shape *of;    /* LIST: each entry.  MAP: the value of each key without a row; NULL:
                                * such a key is an error */
    const struct shape *names; /* MAP with `of`: TEXT or WORD that such keys are; NULL: any */
    const struct shape_key *keys; /* MAP: ended by a row without a name; NULL: none */
    /* MAP: row i behind those of keys, made of another table; false: there is none.  What does not
     * stand in a table yet is made in the arena. */
    bool (*row)(struct arena *arena, size_t i, struct shape_key *out);
    const struct shape *const *either; /* EITHER: ended by NULL */
};

struct shape_key {
    struct slice name; /* with a NUL behind it */
    const struct shape *is;
    const char *about;     /* one line, for people */
    const char *required;  /* what to write when it is missing; NULL: it may be left out */
    bool late;             /* required, but the loader says so itself (expect_required) */
    const char *otherwise; /* what holds when it is left out, as YAML; NULL: nothing to name */
    int id;                /* the loader's own: an enumerator, an offset */
};

/* A row: the value's shape and the line about it, then what else there is to say; the last row. */
#define SHAPE_KEY(key, shape, ...)                                                                 \
    {                                                                                              \
        .name = SLICE(key), .is = (shape), .about = __VA_ARGS__                                    \
    }
#define SHAPE_END                                                                                  \
    {                                                                                              \
        .name = { 0 }                                                                              \
    }

/* Shapes that every file uses. */
extern const struct shape shape_text, shape_template, shape_bool, shape_amount;
extern const struct shape shape_texts;    /* [a, b], or a alone */
extern const struct shape shape_version;  /* 1 */
extern const struct shape shape_currency; /* three letters, any case */
extern const struct shape shape_file;       /* {file: path}: a secret stands in a file of its own */
extern const struct shape shape_credential; /* {credential: name}: or systemd passes it */
extern const struct shape shape_secret;     /* one of the two; read by expect_secret */
/* The same with `previous`, the one before it while a secret is being replaced. */
extern const struct shape shape_rotating_file, shape_rotating_credential, shape_rotating;

/* Where a secret stands, as shape_secret says it. */
struct secret_name {
    struct slice text; /* path or name; empty: there is none */
    bool credential;
};

/* Row i of a map's keys; false behind the last one. */
bool shape_row(const struct shape *map, struct arena *arena, size_t i, struct shape_key *out);

/* The row of that name; false when the map has none (`of` says whether it may stand there). */
bool shape_find(const struct shape *map, struct arena *arena, struct slice name,
                struct shape_key *out);

/* All names of keys, ended by an empty slice, for diag_suggest; a lone empty one when the arena is
 * full. */
const struct slice *shape_names(const struct shape *map, struct arena *arena);

#endif
