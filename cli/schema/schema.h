/* schema.h: JSON Schema (draft-07, the one that editors read) written from the tables of shape.h.
 */
#ifndef CLI_SCHEMA_SCHEMA_H
#define CLI_SCHEMA_SCHEMA_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/yaml/shape.h"

/* A kind of file, told by a key that only it must have. */
struct schema_kind {
    const char *name, *key;
    const struct shape *shape;
};

/* Of one kind; of several: the first of which a file has the key, else the last.  Nothing when the
 * arena or out is full (buf_ok, arena->full). */
void schema_write(struct buf *out, struct arena *arena, const char *title,
                  const struct schema_kind *kinds, size_t count);

/* "" for any file of ours, or offer, tracker, mapping, chain, rates, models, config; false when
 * there is no such kind. */
bool schema_print(struct buf *out, struct arena *arena, const char *name);

#endif
