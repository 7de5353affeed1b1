#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fault/crash_inside.h"

/* ---- names ---- */

/* path as one that begins with the root; false: it lies elsewhere. */
static bool on_disk(const char *path, char out[4096])
{
    char folder[4096], base[4096], *slash;
    const char *root = crash_root();
    size_t n = strlen(root);

    if (!crash_control() || snprintf(base, sizeof(base), "%s", path) >= (int)sizeof(base))
        return false;
    slash = strrchr(base, '/');
    if (slash)
        *slash = '\0';
    if (!realpath(!slash ? "." : slash == base ? "/" : base, folder))
        return false;
    if (snprintf(out, 4096, "%s/%s", folder, slash ? slash + 1 : base) >= 4096)
        return false;
    return strncmp(out, root, n) == 0 && (out[n] == '\0' || out[n] == '/');
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static enum crash_role role_by_name(const char *path)
{
    struct stat st;

    if (ends_with(path, "-shm")) /* memory that happens to have a name: nothing of it survives */
        return CRASH_OTHER;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return CRASH_FOLDER;
    return ends_with(path, "-wal") ? CRASH_FILE_LOG : ends_with(path, ".db") ? CRASH_FILE_DB : CRASH_FILE_OTHER;
}

typedef int open_fn(const char *, int, ...);

static int open_any(open_fn *open_real, const char *path, int flags, mode_t mode)
{
    char name[4096];
    enum crash_when when;
    bool new;
    int fd, why;

    if (!on_disk(path, name)) {
        fd = open_real(path, flags, mode);
        crash_set_role(fd, CRASH_OTHER);
        return fd;
    }
    if ((flags & O_TRUNC) && access(path, F_OK) == 0)
        crash_unknown("O_TRUNC");
    new = (flags & O_CREAT) && access(path, F_OK) != 0 && !ends_with(path, "-shm");
    when = new ? crash_strike(CRASH_CREATE) : 0;
    crash_die_if(when == CRASH_BEFORE);
    crash_journal_lock();
    fd = open_real(path, flags, mode);
    why = errno;
    if (new && fd >= 0)
        crash_journal_create(name);
    crash_journal_unlock();
    crash_die_if(when != 0);
    crash_set_role(fd, role_by_name(name));
    errno = why;
    return fd;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        mode_t mode;                                                                               \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;                                         \
        va_end(more);                                                                              \
        return open_any(REAL(name), path, flags, mode);                                            \
    }
OPEN(open)
OPEN(open64)

int close(int fd)
{
    crash_set_role(fd, CRASH_OTHER);
    return REAL(close)(fd);
}

int mkdir(const char *path, mode_t mode)
{
    char name[4096];
    enum crash_when when;
    int rc, why;

    if (!on_disk(path, name) || access(path, F_OK) == 0)
        return REAL(mkdir)(path, mode);
    when = crash_strike(CRASH_CREATE);
    crash_die_if(when == CRASH_BEFORE);
    crash_journal_lock();
    rc = REAL(mkdir)(path, mode);
    why = errno;
    if (rc == 0)
        crash_journal_create(name);
    crash_journal_unlock();
    crash_die_if(when != 0);
    errno = why;
    return rc;
}

int unlink(const char *path)
{
    char name[4096];
    enum crash_when when;
    int rc;

    if (!on_disk(path, name) || ends_with(name, "-shm"))
        return REAL(unlink)(path);
    when = crash_strike(CRASH_UNLINK);
    crash_die_if(when == CRASH_BEFORE);
    crash_journal_lock();
    crash_journal_unlink(name);
    rc = REAL(unlink)(path);
    crash_journal_unlock();
    crash_die_if(when != 0);
    return rc;
}

int rename(const char *from, const char *to)
{
    char name[4096], other[4096];
    enum crash_when when;
    int rc;

    if (!on_disk(from, name) || !on_disk(to, other))
        return REAL(rename)(from, to);
    when = crash_strike(CRASH_RENAME);
    crash_die_if(when == CRASH_BEFORE);
    crash_journal_lock();
    crash_journal_rename(name, other);
    rc = REAL(rename)(from, to);
    crash_journal_unlock();
    crash_die_if(when != 0);
    return rc;
}

/* ---- files ---- */

ssize_t crash_put(int fd, const void *bytes, size_t n, int64_t at)
{
    enum crash_when when = crash_strike_write(fd);
    ssize_t rc;

    crash_die_if(when == CRASH_BEFORE);
    n = crash_part(when, n);
    crash_journal_lock();
    crash_journal_write(fd, bytes, n, at);
    rc = REAL(pwrite64)(fd, bytes, n, at);
    if (rc != (ssize_t)n)
        crash_unknown("a write that fails");
    crash_journal_unlock();
    crash_die_if(when != 0);
    return rc;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return crash_is_file(fd) ? crash_put(fd, bytes, n, at) : REAL(pwrite)(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return crash_is_file(fd) ? crash_put(fd, bytes, n, at) : REAL(pwrite64)(fd, bytes, n, at);
}

static int truncate_to(int fd, int64_t size)
{
    enum crash_when when = crash_strike(CRASH_TRUNCATE);
    int rc;

    crash_die_if(when == CRASH_BEFORE);
    crash_journal_lock();
    crash_journal_truncate(fd, size);
    rc = REAL(ftruncate64)(fd, size);
    if (rc != 0)
        crash_unknown("an ftruncate that fails");
    crash_journal_unlock();
    crash_die_if(when != 0);
    return rc;
}

int ftruncate(int fd, off_t size)
{
    return crash_is_file(fd) ? truncate_to(fd, size) : REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return crash_is_file(fd) ? truncate_to(fd, size) : REAL(ftruncate64)(fd, size);
}

static const enum crash_kind sync_kinds[] = { [CRASH_FILE_LOG] = CRASH_SYNC_LOG,
                                              [CRASH_FILE_DB] = CRASH_SYNC_DB,
                                              [CRASH_FILE_OTHER] = CRASH_SYNC_OTHER,
                                              [CRASH_FOLDER] = CRASH_SYNC_OTHER };

static int sync_any(int (*sync_real)(int), int fd)
{
    enum crash_role role = crash_role(fd);
    enum crash_when when;
    int64_t upto;
    int rc;

    if (!crash_is_file(fd) && role != CRASH_FOLDER)
        return sync_real(fd);
    when = crash_strike(sync_kinds[role]);
    crash_die_if(when == CRASH_BEFORE);
    if (crash_control()->no_sync) {
        crash_die_if(when != 0);
        return 0;
    }
    upto = crash_journal_sync_begin();
    rc = sync_real(fd);
    if (rc == 0)
        crash_journal_sync_end(fd, upto);
    crash_die_if(when != 0);
    return rc;
}

int fsync(int fd)
{
    return sync_any(REAL(fsync), fd);
}

int fdatasync(int fd)
{
    return sync_any(REAL(fdatasync), fd);
}

/* What is written through a mapping never comes by. */
void *mmap64(void *at, size_t n, int protection, int flags, int fd, off64_t offset)
{
    if (crash_is_file(fd) && (protection & PROT_WRITE) && (flags & MAP_SHARED))
        crash_unknown("a file of the disk that is mapped for writing");
    return REAL(mmap64)(at, n, protection, flags, fd, offset);
}

