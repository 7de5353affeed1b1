/* local.c: a Unix socket to listen on.  sockaddr_un holds 108 bytes of path, a data folder may be
 * deeper: then the name is reached through the folder's descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "adapters/http/internal.h"

#define LOCAL_BACKLOG 16

static int local_failed(const struct http_server *s, const char *dir, const char *doing,
                        struct err *err)
{
    return err_set(err, ERR_SYSTEM, "%.120s/%s: %s: %s", dir, s->address, doing, strerror(errno));
}

/* What a server that was killed has left. */
static int remove_stale(const struct http_server *s, const char *dir, struct err *err)
{
    struct stat st;

    if (fstatat(s->local_dir, s->address, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : local_failed(s, dir, "can't look at it", err);
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, ERR_SYSTEM,
                       "%.120s/%s: something else than a socket is there; take it away, the name "
                       "belongs to clickbaton", dir, s->address);
    return unlinkat(s->local_dir, s->address, 0) == 0 ? 0
                                                      : local_failed(s, dir, "can't replace it", err);
}

static void path_of(const struct http_server *s, const char *dir, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (snprintf(out->sun_path, sizeof(out->sun_path), "%s/%s", dir, s->address) >=
        (int)sizeof(out->sun_path))
        snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%.*s", s->local_dir,
                 LOCAL_NAME, s->address);
}

int http_local_listen(struct http_server *s, const char *dir, struct err *err)
{
    struct sockaddr_un where;

    s->local_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->local_dir == -1)
        return local_failed(s, dir, "can't open the folder", err);
    if (remove_stale(s, dir, err) != 0)
        return -1;
    path_of(s, dir, &where);
    s->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Nobody can connect before it listens, so the mode is right in time. */
    if (s->listen_fd == -1 || bind(s->listen_fd, (struct sockaddr *)&where, sizeof(where)) != 0)
        return local_failed(s, dir, "can't make the socket", err);
    if (fchmodat(s->local_dir, s->address, 0600, 0) != 0 ||
        listen(s->listen_fd, LOCAL_BACKLOG) != 0)
        return local_failed(s, dir, "can't listen", err);
    return 0;
}

void http_local_remove(struct http_server *s)
{
    struct stat st;

    if (s->local_dir == -1)
        return;
    if (s->listen_fd != -1 && fstatat(s->local_dir, s->address, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISSOCK(st.st_mode))
        unlinkat(s->local_dir, s->address, 0);
    close(s->local_dir);
    s->local_dir = -1;
}
