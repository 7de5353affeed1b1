#include "cli/files.h"
#include "core/base/wipe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 4096
#define SOURCE_MAX (1024 * 1024)

struct embedded_file {
    const char *name, *begin, *end;
};
extern const struct embedded_file embedded_files[]; /* made by tools/embed.sh */

static int read_all(int fd, char *to, size_t size)
{
    size_t have = 0;

    while (have < size) {
        ssize_t n = read(fd, to + have, size - have);
        if (n == 0) {
            errno = 0; /* it has become shorter */
            break;
        }
        if (n < 0 && errno != EINTR)
            return -1;
        have += n > 0 ? (size_t)n : 0;
    }
    return have == size ? 0 : -1;
}

int files_read(struct arena *arena, const char *path, size_t max, struct slice *out,
               struct err *err)
{
    struct stat st;
    int rc = -1, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *bytes;

    if (fd == -1 || fstat(fd, &st) != 0) {
        err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        err_set(err, ERR_INPUT, "%s: not a file", path);
        goto out;
    }
    if ((uint64_t)st.st_size > max) {
        err_set(err, ERR_INPUT, "%s: larger than %zu KB", path, max / 1024);
        goto out;
    }
    bytes = arena_alloc(arena, (size_t)st.st_size);
    if (!bytes || read_all(fd, bytes, (size_t)st.st_size) != 0) {
        err_set(err, ERR_SYSTEM, "%s: %s", path,
                !bytes ? "out of memory" : errno ? strerror(errno) : "it changed while it was read");
        goto out;
    }
    *out = (struct slice){ bytes, (size_t)st.st_size };
    rc = 0;
out:
    if (fd != -1)
        close(fd);
    return rc;
}

int files_read_all(struct arena *arena, int fd, const char *name, size_t max, struct slice *out,
                   struct err *err)
{
    struct buf b = { .limit = max };
    char piece[65536];
    ssize_t n;
    int rc = 0;

    while ((n = read(fd, piece, sizeof(piece))) != 0 && buf_ok(&b)) {
        if (n < 0 && errno != EINTR)
            break;
        buf_add(&b, (struct slice){ piece, n > 0 ? (size_t)n : 0 });
    }
    if (n < 0)
        rc = err_set(err, ERR_SYSTEM, "%s: %s", name, strerror(errno));
    else if (!buf_ok(&b))
        rc = err_set(err, ERR_INPUT, "%s: larger than %zu KB", name, max / 1024);
    else
        *out = arena_dup(arena, buf_slice(&b));
    buf_free(&b);
    return rc;
}

bool files_exist(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 || errno != ENOENT;
}

int64_t files_time(const char *path)
{
    struct stat st;

    return path && stat(path, &st) == 0 ? (int64_t)st.st_mtime : 0;
}

bool files_same(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

const struct source *files_source(struct arena *arena, const char *path, struct diags *diags)
{
    struct source *source = ARENA_NEW(arena, struct source);
    struct err err;

    if (!source)
        return NULL;
    source->name = arena_dup(arena, slice_from(path));
    if (files_read(arena, path, SOURCE_MAX, &source->text, &err) == 0)
        return source;
    diag_add(diags, DIAG_ERROR, "C001", (struct place){ .source = source }, (struct slice){ 0 },
             "%s", err.text + (strncmp(err.text, path, strlen(path)) == 0 ? strlen(path) + 2 : 0));
    return NULL;
}

static int secret_problem(struct diags *diags, struct place at, const char *code, const char *hint,
                          const char *path, const char *what)
{
    diag_add(diags, DIAG_ERROR, code, at, slice_from(hint), "%s: %s", path, what);
    return -1;
}

static int read_secret(int fd, const char *path, struct place at, struct diags *diags, char *text)
{
    struct stat st;
    struct slice line, rest;
    ssize_t n;

    if (fd == -1 || fstat(fd, &st) != 0)
        return secret_problem(diags, at, "C001",
                              errno == EACCES ? "run this as the user that serve runs as, such as: sudo -u "
                                                "clickbaton clickbaton ...; or give the file to that user"
                                              : "check the path: it is relative to this file",
                              path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return secret_problem(diags, at, "C001", "", path, "not a file");
    if (st.st_mode & 0007)
        return secret_problem(diags, at, "C002", "chmod 600 it", path,
                              "everybody on this machine can read or write this secret");
    n = read(fd, text, SECRET_MAX - 1);
    if (n < 0)
        return secret_problem(diags, at, "C001", "", path, strerror(errno));
    if (n == SECRET_MAX - 1 && !memchr(text, '\n', (size_t)n))
        return secret_problem(diags, at, "C001", "put the secret alone into its first line", path,
                              "the first line is too long for a secret");
    slice_cut((struct slice){ text, (size_t)n }, '\n', &line, &rest);
    line = slice_trim(line);
    if (line.len == 0)
        return secret_problem(diags, at, "C001", "put the secret into its first line", path,
                              "the file is empty");
    if (line.ptr != text)
        memmove(text, line.ptr, line.len);
    memset(text + line.len, 0, SECRET_MAX - line.len);
    return 0;
}

char *files_secret(const char *path, struct place at, struct diags *diags)
{
    char *text = calloc(1, SECRET_MAX);
    int fd = text ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

    if (!text)
        secret_problem(diags, at, "C001", "", path, "out of memory");
    if (text && read_secret(fd, path, at, diags, text) != 0) {
        files_forget(text);
        text = NULL;
    }
    if (fd != -1)
        close(fd);
    return text;
}

const char *files_secret_path(struct arena *arena, struct slice from,
                              const struct secret_name *name)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");

    if (!name->credential)
        return files_beside(arena, from, name->text);
    if (!folder || folder[0] != '/')
        return NULL;
    return arena_printf(arena, "%s/%.*s", folder, SLICE_ARG(name->text)).ptr;
}

/* A secret itself where its file should be named: long, and nothing that a path has. */
static bool looks_like_a_secret(struct slice s)
{
    bool digit = false;

    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_is_alnum(s.ptr[i]) && !strchr("-_+=", s.ptr[i]))
            return false;
        digit |= s.ptr[i] >= '0' && s.ptr[i] <= '9';
    }
    return s.len >= 16 && digit;
}

/* The place without the line, which holds the secret. */
static void secret_written(struct arena *arena, struct place at, struct diags *diags)
{
    struct source *source = ARENA_NEW(arena, struct source);

    if (source) {
        source->name = at.source->name;
        at.source = source;
    }
    diag_add(diags, DIAG_ERROR, "C003", source ? at : (struct place){ 0 },
             S("put it into a file with mode 600 and write the file's name here: ./keys/name"),
             "there is no such file, and this looks like the secret itself");
}

char *files_secret_named(struct arena *arena, struct slice from, const struct secret_name *name,
                         struct place at, struct diags *diags)
{
    const char *path = files_secret_path(arena, from, name);

    if (path && !name->credential && looks_like_a_secret(name->text) && !files_exist(path)) {
        secret_written(arena, at, diags);
        return NULL;
    }
    if (path)
        return files_secret(path, at, diags);
    diag_add(diags, DIAG_ERROR, "C067", at,
             S("start it by a unit with LoadCredential=, or set CREDENTIALS_DIRECTORY to the folder "
               "of the files"),
             "no credential \"%.*s\": CREDENTIALS_DIRECTORY is not set", SLICE_ARG(name->text));
    return NULL;
}

char *files_secret_dup(struct slice typed)
{
    char *text = typed.len < SECRET_MAX ? calloc(1, SECRET_MAX) : NULL;

    if (text && typed.len)
        memcpy(text, typed.ptr, typed.len);
    return text;
}

void files_forget(char *secret)
{
    if (secret)
        wipe(secret, SECRET_MAX);
    free(secret);
}

const char *files_beside(struct arena *arena, struct slice from, struct slice name)
{
    size_t dir = from.len;

    if (name.len && name.ptr[0] == '/')
        return arena_cstr(arena, name);
    while (dir && from.ptr[dir - 1] != '/')
        dir--;
    while (slice_starts(name, S("./")))
        name = slice_from_at(name, 2);
    return arena_printf(arena, "%.*s%.*s", (int)dir, from.ptr, SLICE_ARG(name)).ptr;
}

bool files_embedded(const char *name, struct slice *out)
{
    for (const struct embedded_file *f = embedded_files; f->name; f++) {
        if (strcmp(f->name, name) == 0) {
            *out = (struct slice){ f->begin, (size_t)(f->end - f->begin) };
            return true;
        }
    }
    return false;
}

#define NAMES_MAX 200

/* Add keitaro for keitaro.yaml; the list stays ended by an empty slice. */
static void add_name(struct arena *arena, struct slice file, struct slice list[NAMES_MAX + 1],
                     size_t *count)
{
    struct slice name = slice_head(file, slice_find(file, S(".yaml")));

    if (*count < NAMES_MAX && name.len < file.len && !slice_eq(name, S("rates")))
        list[(*count)++] = arena_dup(arena, name);
}

/* "built in are ...", and before it where else was looked and what may have been meant. */
static struct slice not_found(struct arena *arena, const char *folder, struct slice name)
{
    struct slice list[NAMES_MAX + 1] = { { 0 } }, near, built_in = { 0 };
    size_t count = 0;
    DIR *dir = folder ? opendir(folder) : NULL;

    for (const struct embedded_file *f = embedded_files; f->name; f++)
        if (slice_starts(slice_from(f->name), S("mappings/")))
            add_name(arena, slice_from_at(slice_from(f->name), 9), list, &count);
    for (size_t i = 0; i < count; i++)
        built_in = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(built_in), i ? ", " : "",
                                SLICE_ARG(list[i]));
    for (struct dirent *e; dir && (e = readdir(dir));)
        add_name(arena, slice_from(e->d_name), list, &count);
    if (dir)
        closedir(dir);
    near = diag_nearest(name, list);
    return arena_printf(arena, "%s%.*s%s%s%s%sbuilt in are %.*s", near.len ? "did you mean \"" : "",
                        SLICE_ARG(near), near.len ? "\"? " : "", folder ? "looked in " : "",
                        folder ? folder : "", folder ? "; " : "", SLICE_ARG(built_in));
}

bool files_is_path(struct slice name)
{
    return slice_index(name, '/') < name.len || slice_ends(name, S(".yaml")) ||
           slice_ends(name, S(".yml"));
}

void files_found(struct files_lookup *lookup, struct arena *arena, const char *path)
{
    struct files_path *p = path ? ARENA_NEW(arena, struct files_path) : NULL;

    if (!p)
        return;
    *p = (struct files_path){ path, lookup->found };
    lookup->found = p;
}

/* A name is a bare word; with a slash or .yaml (.yml) it is a path beside the file that names it. */
static int find(void *context, struct arena *arena, struct slice name, struct slice from,
                struct source *source, struct slice *where)
{
    struct files_lookup *lookup = context;
    bool is_path = files_is_path(name);
    const char *path =
        is_path ? files_beside(arena, from, name)
        : lookup->mappings
            ? arena_printf(arena, "%s/%.*s.yaml", lookup->mappings, SLICE_ARG(name)).ptr
            : NULL;
    struct slice file;
    struct err err = { 0 };

    files_found(lookup, arena, path);
    if (path && files_read(arena, path, SOURCE_MAX, &source->text, &err) == 0) {
        source->name = slice_from(path);
        if (lookup->print)
            *lookup->print += slice_hash(source->text, 1);
        return 0;
    }
    if (path && files_exist(path)) { /* never another mapping in place of one that can't be read */
        *where = arena_dup(arena, slice_from(err.text));
        return 1;
    }
    file = arena_printf(arena, "mappings/%.*s.yaml", SLICE_ARG(name));
    if (!is_path && !slice_eq(name, S("rates")) && file.ptr &&
        files_embedded(file.ptr, &source->text)) {
        source->name = arena_printf(arena, "%.*s.yaml (built in)", SLICE_ARG(name));
        return 0;
    }
    *where = is_path ? arena_printf(arena, "looked for %s", path ? path : "")
                     : not_found(arena, lookup->mappings, name);
    return 1;
}

struct mapping_files files_lookup(struct files_lookup *lookup)
{
    return (struct mapping_files){ lookup, find };
}
