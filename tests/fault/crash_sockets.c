#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/fault/crash_inside.h"

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict n, int flags)
{
    int rc = REAL(accept4)(fd, address, n, flags);

    crash_set_role(rc, CRASH_TO_CLIENT);
    return rc;
}

int connect(int fd, const struct sockaddr *address, socklen_t n)
{
    crash_set_role(fd, CRASH_TO_UPSTREAM);
    return REAL(connect)(fd, address, n);
}

static bool is_socket(int fd)
{
    return crash_role(fd) == CRASH_TO_CLIENT || crash_role(fd) == CRASH_TO_UPSTREAM;
}

static ssize_t say(int fd, const void *bytes, size_t n, int flags)
{
    enum crash_when when = crash_strike_write(fd);
    ssize_t rc;

    crash_die_if(when == CRASH_BEFORE);
    rc = REAL(send)(fd, bytes, crash_part(when, n), flags);
    crash_die_if(when != 0);
    return rc;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    ssize_t rc;
    off64_t at;

    if (is_socket(fd))
        return say(fd, bytes, n, 0);
    if (!crash_is_file(fd))
        return REAL(write)(fd, bytes, n);
    at = lseek64(fd, 0, SEEK_CUR);
    rc = crash_put(fd, bytes, n, at);
    lseek64(fd, at + rc, SEEK_SET);
    return rc;
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
    return is_socket(fd) ? say(fd, bytes, n, flags) : REAL(send)(fd, bytes, n, flags);
}

/* One that has an address is for no connection of ours. */
ssize_t sendto(int fd, const void *bytes, size_t n, int flags, const struct sockaddr *to,
               socklen_t length)
{
    return is_socket(fd) && !to ? say(fd, bytes, n, flags)
                                : REAL(sendto)(fd, bytes, n, flags, to, length);
}

static ssize_t say_parts(int fd, const struct iovec *parts, size_t count, int flags)
{
    size_t n = 0;
    ssize_t rc;
    char *all;

    for (size_t i = 0; i < count; i++)
        n += parts[i].iov_len;
    all = malloc(n ? n : 1);
    if (!all)
        crash_unknown("no memory");
    n = 0;
    for (size_t i = 0; i < count; n += parts[i++].iov_len)
        if (parts[i].iov_len)
            memcpy(all + n, parts[i].iov_base, parts[i].iov_len);
    rc = say(fd, all, n, flags);
    free(all);
    return rc;
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    return is_socket(fd) ? say_parts(fd, m->msg_iov, m->msg_iovlen, flags)
                         : REAL(sendmsg)(fd, m, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (crash_is_file(fd))
        crash_unknown("writev to a file of the disk");
    return is_socket(fd) ? say_parts(fd, parts, (size_t)count, 0) : REAL(writev)(fd, parts, count);
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
    enum crash_when when = crash_role(fd) == CRASH_TO_UPSTREAM ? crash_strike(CRASH_REPLY) : 0;
    ssize_t rc;

    crash_die_if(when == CRASH_BEFORE);
    rc = REAL(recv)(fd, bytes, n, flags);
    crash_die_if(when != 0);
    return rc;
}

