/* files_write.c: files that are made or replaced whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/files.h"

static int write_all(int fd, struct slice bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno != EINTR)
            return -1;
        bytes = slice_from_at(bytes, n > 0 ? (size_t)n : 0);
    }
    return 0;
}

int files_create(const char *path, unsigned mode, struct slice bytes, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    int rc = fd == -1 || write_all(fd, bytes) != 0 ? -1 : fsync(fd);

    if (rc != 0)
        err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    if (fd != -1) {
        close(fd);
        if (rc != 0)
            unlink(path); /* half a file would be in the way of the next try */
    }
    return rc;
}

/* Its name is durable only when the folder is. */
static int sync_folder(const char *path)
{
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    int fd, rc;

    if (!folder)
        return -1;
    if (slash)
        slash[slash == folder] = '\0';
    fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    rc = fd == -1 ? -1 : fsync(fd);
    if (fd != -1)
        close(fd);
    free(folder);
    return rc;
}

static void keep_rights(int fd, const char *path)
{
    struct stat st;
    mode_t mask = umask(0);

    umask(mask);
    if (stat(path, &st) != 0) {
        fchmod(fd, 0666 & ~mask);
        return;
    }
    if (fchown(fd, st.st_uid, st.st_gid) != 0) /* not root: then it becomes ours */
        errno = 0;
    fchmod(fd, st.st_mode & 0777);
}

/* A terminal, a pipe or /dev/null is written to; a file in its place would break what others use it for. */
static int write_into(const char *path, struct slice bytes, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    int rc = fd == -1 ? -1 : write_all(fd, bytes);

    if (rc != 0)
        err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    if (fd != -1)
        close(fd);
    return rc;
}

static bool is_a_file(const char *path)
{
    struct stat st;

    return stat(path, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode); /* a folder is refused by rename */
}

static int put_aside(const char *path, struct slice bytes, struct err *err)
{
    char *real = realpath(path, NULL);
    const char *name = real ? real : path;
    size_t size = strlen(name) + 12;
    char *aside = malloc(size);
    int rc = -1, fd = -1;

    if (aside) {
        snprintf(aside, size, "%s.new-XXXXXX", name);
        fd = mkstemp(aside);
    }
    if (fd != -1)
        keep_rights(fd, name);
    if (fd != -1 && write_all(fd, bytes) == 0 && fsync(fd) == 0 && rename(aside, name) == 0 &&
        sync_folder(name) == 0)
        rc = 0;
    else
        err_set(err, ERR_SYSTEM, "%s: %s", path, aside ? strerror(errno) : "out of memory");
    if (fd != -1) {
        close(fd);
        if (rc != 0)
            unlink(aside);
    }
    free(aside);
    free(real);
    return rc;
}

int files_replace(const char *path, struct slice bytes, struct err *err)
{
    return is_a_file(path) ? put_aside(path, bytes, err) : write_into(path, bytes, err);
}
