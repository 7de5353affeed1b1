#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/fault/crash_shim.h"

#define MAGIC 0x4a435243 /* "CRCJ" */

/* A record; then path, other, before, after.  tests/fault/disk.py reads them. */
struct record {
    uint32_t magic;
    char op[4]; /* "W", "T", "U", "R", "C", "S" */
    uint64_t ino, other_ino; /* of the file; of one that a rename replaces */
    int64_t at;       /* W: offset, T: new size, S: length of the journal when the sync began */
    int64_t old_size; /* W, T: of the file before */
    uint32_t path, other, before, after; /* lengths */
};

static int journal = -1, side = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* The system calls themselves: the functions of these names are the shim's. */
bool crash_journal_open(const char *file, const char *side_folder)
{
    journal = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
                           0600);
    side = (int)syscall(SYS_openat, AT_FDCWD, side_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return journal >= 0 && side >= 0;
}

void crash_journal_lock(void)
{
    if (journal >= 0)
        pthread_mutex_lock(&mutex);
}

void crash_journal_unlock(void)
{
    if (journal >= 0)
        pthread_mutex_unlock(&mutex);
}

static void put(struct record r, const char *path, const char *other, const void *before,
                const void *after)
{
    const void *parts[] = { &r, path, other, before, after };
    const size_t sizes[] = { sizeof(r), r.path, r.other, r.before, r.after };
    struct iovec iov[5];
    size_t total = 0;
    int n = 0;

    r.magic = MAGIC;
    for (size_t i = 0; i < 5; i++) {
        if (sizes[i] == 0)
            continue;
        memcpy(&iov[n].iov_base, &parts[i], sizeof(parts[i])); /* iov_base is not const */
        iov[n++].iov_len = sizes[i];
        total += sizes[i];
    }
    if (syscall(SYS_writev, journal, iov, n) != (long)total)
        crash_unknown("the journal can't be written");
}

static struct stat stat_of(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        crash_unknown("fstat");
    return st;
}

/* n bytes of the file from `at`; the caller frees. */
static char *bytes_of(int fd, int64_t at, size_t n)
{
    char *p = malloc(n ? n : 1);

    if (!p || pread(fd, p, n, at) != (ssize_t)n)
        crash_unknown("a file that can't be read back");
    return p;
}

void crash_journal_write(int fd, const void *bytes, size_t n, int64_t at)
{
    struct stat st;
    int64_t old;
    char *before;

    if (journal < 0)
        return;
    st = stat_of(fd);
    old = st.st_size <= at ? 0 : st.st_size - at < (int64_t)n ? st.st_size - at : (int64_t)n;
    before = bytes_of(fd, at, (size_t)old);
    put((struct record){ .op = "W", .ino = st.st_ino, .at = at, .old_size = st.st_size,
                         .before = (uint32_t)old, .after = (uint32_t)n },
        NULL, NULL, before, bytes);
    free(before);
}

void crash_journal_truncate(int fd, int64_t size)
{
    struct stat st;
    int64_t cut;
    char *before;

    if (journal < 0)
        return;
    st = stat_of(fd);
    cut = st.st_size > size ? st.st_size - size : 0;
    before = bytes_of(fd, size, (size_t)cut);
    put((struct record){ .op = "T", .ino = st.st_ino, .at = size, .old_size = st.st_size,
                         .before = (uint32_t)cut },
        NULL, NULL, before, NULL);
    free(before);
}

/* A second name in the side folder, by its number: the bytes stay, and so does the number. */
static uint64_t keep(const char *path)
{
    struct stat st;
    char name[40];

    if (lstat(path, &st) != 0)
        return 0;
    snprintf(name, sizeof(name), "%llu", (unsigned long long)st.st_ino);
    if (linkat(AT_FDCWD, path, side, name, 0) != 0 && errno != EEXIST)
        crash_unknown("a file can't be kept beside the disk");
    return st.st_ino;
}

void crash_journal_unlink(const char *path)
{
    uint64_t ino = journal < 0 ? 0 : keep(path);

    if (ino)
        put((struct record){ .op = "U", .ino = ino, .path = (uint32_t)strlen(path) }, path, NULL,
            NULL, NULL);
}

void crash_journal_rename(const char *from, const char *to)
{
    struct stat st;

    if (journal >= 0 && lstat(from, &st) == 0)
        put((struct record){ .op = "R", .ino = st.st_ino, .other_ino = keep(to),
                             .path = (uint32_t)strlen(from), .other = (uint32_t)strlen(to) },
            from, to, NULL, NULL);
}

void crash_journal_create(const char *path)
{
    struct stat st;

    if (journal >= 0 && lstat(path, &st) == 0)
        put((struct record){ .op = "C", .ino = st.st_ino, .path = (uint32_t)strlen(path) }, path,
            NULL, NULL, NULL);
}

int64_t crash_journal_sync_begin(void)
{
    int64_t upto;

    if (journal < 0)
        return 0;
    crash_journal_lock();
    upto = stat_of(journal).st_size;
    crash_journal_unlock();
    return upto;
}

void crash_journal_sync_end(int fd, int64_t upto)
{
    if (journal < 0)
        return;
    crash_journal_lock();
    put((struct record){ .op = "S", .ino = stat_of(fd).st_ino, .at = upto }, NULL, NULL, NULL,
        NULL);
    crash_journal_unlock();
}
