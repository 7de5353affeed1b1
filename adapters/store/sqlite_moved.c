#include "adapters/store/moved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define WHERE_MOST 300

static int path_in(const char *dir, const char *name, char path[4096], struct err *err)
{
    if (snprintf(path, 4096, "%s/%s", dir, name) >= 4096)
        return err_set(err, ERR_SYSTEM, "%s: the path is too long", dir);
    return 0;
}

int store_sqlite_hold(const char *dir, struct err *err)
{
    char path[4096];
    int fd;

    if (path_in(dir, "lock", path, err) != 0)
        return -1;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_SH | LOCK_NB) == 0)
        return fd;
    close(fd);
    return err_set(err, ERR_BUSY, "%s: a clickbaton is using this data folder", dir);
}

void store_sqlite_let_go(int held)
{
    if (held >= 0)
        close(held);
}

/* Aside, synced, renamed, and the folder synced: it is there for good, or not at all. */
int store_sqlite_close_for(const char *dir, const char *where, struct err *err)
{
    char path[4096], aside[4096];
    int fd, folder, rc;

    if (path_in(dir, "moved", path, err) != 0 || path_in(dir, "moved.new", aside, err) != 0)
        return -1;
    fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "%s: %s", aside, strerror(errno));
    rc = dprintf(fd, "%.*s\n", WHERE_MOST, where) < 0 || fsync(fd) != 0 ? -1 : 0;
    close(fd);
    folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rc != 0 || folder < 0 || rename(aside, path) != 0 || fsync(folder) != 0)
        rc = err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    if (folder >= 0)
        close(folder);
    return rc;
}

int store_sqlite_closed(const char *dir, struct err *err)
{
    char path[4096], where[WHERE_MOST + 1];
    ssize_t n;
    int fd;

    if (path_in(dir, "moved", path, err) != 0)
        return -1;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(errno));
    n = read(fd, where, WHERE_MOST);
    close(fd);
    n = n < 0 ? 0 : n;
    where[n] = '\0';
    where[strcspn(where, "\n")] = '\0';
    return err_set(err, ERR_INPUT, "%s: this store was moved to %.100s: set `store:` to that.  Only if that copy is not in use, and "
                   "never will be, remove %.60s/moved", dir, where, dir);
}
