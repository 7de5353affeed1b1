#include "adapters/store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "adapters/store/store.h"

#define RUN_SEED UINT64_C(0x636c69636b6c6f63)

/* A new folder survives a power loss when its parent is on the disk. */
static int sync_parent(const char *dir)
{
    char parent[4096];
    size_t n = strlen(dir);
    int fd, rc, why;

    while (n && dir[n - 1] == '/')
        n--;
    while (n && dir[n - 1] != '/')
        n--;
    if (n >= sizeof(parent)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(parent, sizeof(parent), "%.*s", n ? (int)n : 1, n ? dir : ".");
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) /* one may create in folders that one may not read: then nobody can sync them */
        return errno == EACCES ? 0 : -1;
    rc = fsync(fd) != 0 && errno != EINVAL ? -1 : 0; /* EINVAL: no such thing on this file system */
    why = errno;
    close(fd);
    errno = why;
    return rc;
}

/* Nothing is stored here yet.  The folder may be one that a start has just made and was killed
 * before it had synced the parent. */
static bool unused(const char *dir)
{
    char path[4096];
    struct stat st;

    return snprintf(path, sizeof(path), "%s/clickbaton.db", dir) < (int)sizeof(path) &&
           (stat(path, &st) != 0 ? errno == ENOENT : st.st_size == 0);
}

static int ready(const char *dir, struct err *err)
{
    struct stat st;
    bool made = mkdir(dir, 0700) == 0;
    int why;

    if (!made && errno != EEXIST)
        return err_set(err, ERR_SYSTEM,
                       "%s: can't create the data folder: %s; create it, or name another with "
                       "`data:`", dir, strerror(errno));
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
        return err_set(err, ERR_SYSTEM, "%s: not a folder; name another with `data:`", dir);
    if (unused(dir) && sync_parent(dir) != 0) {
        why = errno;
        if (made)
            rmdir(dir); /* nothing is left of a start that failed */
        return err_set(err, ERR_SYSTEM, "%s: can't create the data folder: %s; look at the disk",
                       dir, strerror(why));
    }
    return 0;
}

int folder_file(const char *dir, const char *name, struct err *err)
{
    char path[4096];
    int fd;

    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
        return err_set(err, ERR_SYSTEM, "%s: the path is too long", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        err_set(err, ERR_SYSTEM,
                "%s: can't write here: %s; %s", path, strerror(errno),
                errno == EACCES ? "start it as the owner of this folder, or, when somebody else has started "
                                  "it once, give the owner all of it: chown -R USER: FOLDER"
                                : "clickbaton needs a data folder that it may write, on a disk with room: mend "
                                  "this one or name another with `data:`");
    return fd;
}

int folder_take(const char *dir, struct err *err)
{
    int fd = ready(dir, err) == 0 ? folder_file(dir, "lock", err) : -1;
    char pid[32];
    ssize_t n;

    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int why = errno;
        n = pread(fd, pid, sizeof(pid) - 1, 0);
        close(fd);
        if (why != EWOULDBLOCK)
            return err_set(err, ERR_SYSTEM, "%s/lock: %s", dir, strerror(why));
        pid[n > 0 ? n : 0] = '\0';
        pid[strspn(pid, "0123456789")] = '\0';
        return err_set(err, ERR_SYSTEM,
                       "%s: another clickbaton is already using this data folder (pid %s); stop "
                       "it, or give this one its own `data:`", dir, *pid ? pid : "unknown");
    }
    n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) == n)
        return fd;
    err_set(err, ERR_SYSTEM, "%s/lock: %s; make room on this disk", dir, strerror(errno));
    close(fd);
    return -1;
}

/* Whatever folder is copied or mounted elsewhere has another lock, or is on another machine. */
int64_t folder_run(int lock)
{
    const int64_t low_bits = ((int64_t)1 << (STORE_RUN_BITS - STORE_RUN_HANDLES)) - 1;
    struct { char boot[40]; uint64_t device, inode; } of = { .boot = "" };
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, of.boot, sizeof(of.boot) - 1);
    struct timespec t;
    struct stat st;
    int64_t run = 0;

    if (fd >= 0)
        close(fd);
    if (getrandom(&run, sizeof(run), 0) != sizeof(run))
        run = getpid();
    if (n < 36 || fstat(lock, &st) != 0)
        return ((run & low_bits) | 1) << STORE_RUN_HANDLES;
    /* Hundredths of a second: no run has the number of one before it while that one's leases last. */
    clock_gettime(CLOCK_BOOTTIME, &t);
    run = ((int64_t)t.tv_sec * 100 + t.tv_nsec / 10000000) & low_bits;
    run = (run ? run : 1) << STORE_RUN_HANDLES;
    of.device = st.st_dev;
    of.inode = st.st_ino;
    return run | (int64_t)(slice_hash((struct slice){ (const char *)&of, sizeof(of) }, RUN_SEED) >> (STORE_RUN_BITS + 1) << STORE_RUN_BITS);
}

void folder_give(int lock)
{
    if (lock < 0)
        return;
    if (ftruncate(lock, 0) != 0) /* `kill -HUP $(cat data/lock)` must not reach who has the number next */
        errno = 0;
    close(lock);
}
