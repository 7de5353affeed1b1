/* expect.h: typed reading of a YAML tree, with a diagnostic for everything that is not as expected.
 * Used for mappings, rates and configuration alike, so that the same mistake reads the same. */
#ifndef CORE_YAML_EXPECT_H
#define CORE_YAML_EXPECT_H

#include "core/base/money.h"
#include "core/yaml/shape.h"
#include "core/yaml/yaml.h"

struct expect {
    struct arena *arena;
    struct diags *diags;
};

/* M001 for each key of a map for which shape has no row (unless it takes others), M003 for each
 * that is missing.  Shape NULL: the caller looks at the keys itself.  False, with M002, when node is
 * no map at all; what names the thing in the sentence. */
bool expect_map(struct expect *e, const struct yaml *node, const char *what,
                const struct shape *shape);

/* A list; a single scalar counts as a list of one when `lone` is set.  M002 otherwise. */
bool expect_list(struct expect *e, const struct yaml *node, const char *what, bool lone);

/* A non-empty scalar.  NULL node: false without a diagnostic. */
bool expect_text(struct expect *e, const struct yaml *node, const char *what, struct slice *out);

/* true / false (yes, no, on, off too). */
bool expect_bool(struct expect *e, const struct yaml *node, const char *what, bool *out);

/* A plain decimal amount such as 12.50, not negative.  M009 otherwise. */
bool expect_amount(struct expect *e, const struct yaml *node, const char *what, struct money *out);

/* One of words (ended by an empty slice); *index tells which. */
bool expect_word(struct expect *e, const struct yaml *node, const char *what,
                 const struct slice *words, size_t *index);

/* The value of a map's key that is a SHAPE_WORD of shape; *index tells which of its words. */
bool expect_choice(struct expect *e, const struct yaml *map, const struct shape *shape,
                   const char *key, size_t *index);

/* The scalars of a list (or a lone scalar) as an array in the arena; count 0 after a diagnostic. */
const struct slice *expect_texts(struct expect *e, const struct yaml *node, const char *what,
                                 size_t *count);

/* M003 when the map has no value for a row of shape that is `late`. */
void expect_required(struct expect *e, const struct yaml *map, const struct shape *shape,
                     const char *key);

/* M003: the map at `map` needs `key`, which only some maps do. */
void expect_missing(struct expect *e, const struct yaml *map, const char *key, const char *remedy);

/* {file: PATH} or {credential: NAME}.  False after a diagnostic; a scalar is the caller's to refuse,
 * since its line must not be shown. */
bool expect_secret(struct expect *e, const struct yaml *node, const char *what,
                   struct secret_name *out);
/* The value of one such key; node may be NULL: false. */
bool expect_secret_name(struct expect *e, const struct yaml *node, const char *what, bool credential,
                        struct secret_name *out);

/* `version:` is 1 where it stands, M004 otherwise. */
void expect_version(struct expect *e, const struct yaml *map);

#endif
