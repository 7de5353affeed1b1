/* A server on a Unix socket: who may come, what is replaced, what is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "adapters/http/server.h"

struct folder {
    char path[400];
    struct err err;
};

static void echo(void *context, struct http_request *req)
{
    (void)context;
    assert_int_equal(req->address.len, 0);
    http_reply(req, 200, NULL, req->body.len ? req->body : req->query);
}

static struct http_server *open_in(struct folder *f)
{
    struct http_limits limits = HTTP_LIMITS_DEFAULT;

    limits.body = 1000;
    limits.connections_per_address = 1; /* of no meaning here: there are no addresses */
    return http_server_open_local(f->path, "sock", &limits, echo, NULL, &f->err);
}

/* Connect through the folder, whose path may be longer than a socket's address. */
static int connect_in(const struct folder *f)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    struct timeval patience = { .tv_sec = 5 };
    int dir = open(f->path, O_RDONLY | O_DIRECTORY), fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(dir >= 0 && fd >= 0);
    snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d/sock", dir);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        fd = -1;
    }
    close(dir);
    return fd;
}

/* The whole answer to a request that closes. */
static const char *ask(const struct folder *f, const char *request)
{
    static char answer[4096];
    size_t n = 0;
    ssize_t got;
    int fd = connect_in(f);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    while (n < sizeof(answer) - 1 && (got = read(fd, answer + n, sizeof(answer) - 1 - n)) > 0)
        n += (size_t)got;
    answer[n] = '\0';
    close(fd);
    return answer;
}

static const char *file_in(const struct folder *f)
{
    static char path[500];

    snprintf(path, sizeof(path), "%s/sock", f->path);
    return path;
}

static void make_folder(struct folder *f, size_t deep)
{
    memset(f, 0, sizeof(*f));
    snprintf(f->path, sizeof(f->path), "/tmp/clickbaton-local.XXXXXX");
    assert_non_null(mkdtemp(f->path));
    while (deep--) {
        strcat(f->path, "/a-folder-with-quite-a-long-name-that-is-repeated");
        assert_int_equal(mkdir(f->path, 0700), 0);
    }
}

static void remove_folder(struct folder *f)
{
    unlink(file_in(f));
    while (rmdir(f->path) == 0 && strlen(f->path) > strlen("/tmp/clickbaton-local.XXXXXX"))
        *strrchr(f->path, '/') = '\0';
}

static void serves(struct folder *f)
{
    struct http_server *s = open_in(f);
    struct stat st;
    int one, two;

    if (!s)
        fail_msg("%s", f->err.text);
    assert_string_equal(http_server_address(s), "sock");
    assert_int_equal(lstat(file_in(f), &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_non_null(strstr(ask(f, "GET /x?q=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "\r\n\r\nq=1"));
    assert_non_null(strstr(ask(f, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"),
                           "\r\n\r\nhello"));
    assert_non_null(strstr(ask(f, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"), " 413 "));
    one = connect_in(f); /* no limit by address */
    two = connect_in(f);
    assert_true(one >= 0 && two >= 0);
    http_server_sweep(s);
    assert_non_null(strstr(ask(f, "GET /x?q=2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "\r\n\r\nq=2"));
    close(one);
    close(two);
    http_server_close(s);
    assert_int_equal(lstat(file_in(f), &st), -1);
    assert_int_equal(connect_in(f), -1);
}

static void is_served(void **state)
{
    (void)state;
    for (size_t deep = 0; deep < 6; deep += 5) { /* 5: longer than sockaddr_un can say */
        struct folder f;
        make_folder(&f, deep);
        serves(&f);
        remove_folder(&f);
    }
}

static void leaves_what_is_not_its_own(void **state)
{
    struct folder f;
    struct http_server *s;
    char want[600];
    int fd;

    (void)state;
    make_folder(&f, 0);
    fd = open(file_in(&f), O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_null(open_in(&f));
    snprintf(want, sizeof(want), "%s/sock: something else than a socket is there; take it away, the name "
             "belongs to clickbaton", f.path);
    assert_string_equal(f.err.text, want);
    assert_int_equal(access(file_in(&f), F_OK), 0);
    unlink(file_in(&f));

    fd = socket(AF_UNIX, SOCK_STREAM, 0); /* a socket that a killed server left */
    {
        struct sockaddr_un at = { .sun_family = AF_UNIX };
        snprintf(at.sun_path, sizeof(at.sun_path), "%.90s", file_in(&f));
        assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    }
    close(fd);
    assert_int_equal(connect_in(&f), -1);
    s = open_in(&f);
    assert_non_null(s);
    fd = connect_in(&f);
    assert_true(fd >= 0);
    close(fd);
    http_server_close(s);
    remove_folder(&f);
    assert_null(open_in(&f));
    snprintf(want, sizeof(want), "%s/sock: can't open the folder: No such file or directory", f.path);
    assert_string_equal(f.err.text, want);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(is_served),
                                        cmocka_unit_test(leaves_what_is_not_its_own) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
