/* files.h: files that people edit, and those inside the binary. */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "core/base/arena.h"
#include "core/base/diag.h"
#include "core/base/err.h"
#include "core/mapping/mapping.h"

/* The whole file into arena, at most max bytes, regular files only. */
int files_read(struct arena *arena, const char *path, size_t max, struct slice *out,
               struct err *err);

/* Everything that a pipe or terminal gives, at most max bytes. */
int files_read_all(struct arena *arena, int fd, const char *name, size_t max, struct slice *out,
                   struct err *err);

/* Make the file hold exactly bytes, even across power loss: written aside, synced, renamed.  Mode
 * (and owner, where we may) stay those of the file that was there; a link stays a link.  What is no file (a pipe,
 * /dev/null) is written into. */
int files_replace(const char *path, struct slice bytes, struct err *err);

/* A new file with exactly bytes, synced; nothing that is there is overwritten. */
int files_create(const char *path, unsigned mode, struct slice bytes, struct err *err);

/* Is there anything under that name, readable or not? */
bool files_exist(const char *path);

/* When it was last written, Unix seconds; 0 when that can't be known. */
int64_t files_time(const char *path);

/* Do both lead to one and the same file? */
bool files_same(const char *a, const char *b);

/* The whole file as a source for diagnostics; NULL after a diagnostic C001 that names path. */
const struct source *files_source(struct arena *arena, const char *path, struct diags *diags);

/* A secret: its first line without blanks around it, malloc'ed, to be given to files_forget.
 * NULL after a diagnostic at `at`: unreadable, empty, or readable by everybody. */
char *files_secret(const char *path, struct place at, struct diags *diags);

/* The same for {file: PATH}, relative to the file `from`, or {credential: NAME}: then the file of
 * that name in $CREDENTIALS_DIRECTORY, C067 when there is no such folder. */
char *files_secret_named(struct arena *arena, struct slice from, const struct secret_name *name,
                         struct place at, struct diags *diags);
const char *files_secret_path(struct arena *arena, struct slice from,
                              const struct secret_name *name); /* NULL: no such folder */
char *files_secret_dup(struct slice typed); /* NULL: too long, or out of memory */
void files_forget(char *secret); /* zeroes and frees; accepts NULL */

/* "name" or "dir/name" relative to the folder of the file `from`; absolute stays. */
const char *files_beside(struct arena *arena, struct slice from, struct slice name);

/* Does `extends:` mean a path by that text, and not the name of a mapping? */
bool files_is_path(struct slice name);

/* A file that is embedded in the binary ("mappings/keitaro.yaml"); false when there is none. */
bool files_embedded(const char *name, struct slice *out);

/* mapping_files: looks in the folder mappings (may be NULL), then in the binary. */
struct files_path {
    const char *path;
    struct files_path *next;
};
struct files_lookup {
    const char *mappings;
    struct files_path *found; /* read outside of the folders that are named: extends, models, keys */
    uint64_t *print; /* sum of the hashes of what was found there; NULL: nobody asks */
};
void files_found(struct files_lookup *lookup, struct arena *arena, const char *path);
struct mapping_files files_lookup(struct files_lookup *lookup);

#endif
