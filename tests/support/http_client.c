#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int client_connect(const char *address)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    struct timeval patience = { .tv_sec = 5 };
    const char *colon = strrchr(address, ':');
    bool is_v6 = address[0] == '[';
    char name[64];
    uint64_t port;
    int fd, rc;

    assert(colon && slice_to_u64(slice_from(colon + 1), &port));
    snprintf(name, sizeof(name), "%.*s", (int)(colon - address - 2 * is_v6), address + is_v6);
    v4.sin_port = v6.sin6_port = htons((uint16_t)port);
    rc = is_v6 ? inet_pton(AF_INET6, name, &v6.sin6_addr) : inet_pton(AF_INET, name, &v4.sin_addr);
    assert(rc == 1);
    fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(fd != -1);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    rc = is_v6 ? connect(fd, (struct sockaddr *)&v6, sizeof(v6))
               : connect(fd, (struct sockaddr *)&v4, sizeof(v4));
    if (rc == 0)
        return fd;
    close(fd);
    return -1;
}

struct client *client_open(const char *address)
{
    struct client *c = malloc(sizeof(*c));

    assert(c);
    c->fd = client_connect(address);
    c->have = 0;
    assert(c->fd != -1);
    return c;
}

/* A server that has closed meanwhile is no failure here: the reply tells. */
void client_send(struct client *c, struct slice bytes)
{
    while (bytes.len) {
        ssize_t n = send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

        if (n <= 0) {
            assert(errno == EPIPE || errno == ECONNRESET);
            return;
        }
        bytes = slice_from_at(bytes, (size_t)n);
    }
}

void client_close(struct client *c)
{
    close(c->fd);
    free(c);
}

/* 1: more bytes are there.  0: closed.  -1: reset. */
static int receive(struct client *c)
{
    ssize_t n;

    assert(c->have < sizeof(c->bytes));
    n = recv(c->fd, c->bytes + c->have, sizeof(c->bytes) - c->have, 0);
    if (n == -1) {
        assert(errno == ECONNRESET); /* or the server has not answered in time */
        return -1;
    }
    c->have += (size_t)n;
    return n > 0;
}

static bool take(struct client *c, char *to, size_t n)
{
    while (c->have < n)
        if (receive(c) != 1)
            return false;
    memcpy(to, c->bytes, n);
    memmove(c->bytes, c->bytes + n, c->have - n);
    c->have -= n;
    return true;
}

const char *reply_header(struct reply *r, const char *name)
{
    static char value[512];
    size_t n = strlen(name);

    for (char *line = r->head; (line = strstr(line, "\r\n")) != NULL;) {
        line += 2;
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + n + 2, "\r"), line + n + 2);
            return value;
        }
    }
    return "";
}

void client_read(struct client *c, struct reply *r, bool has_body)
{
    size_t head;
    uint64_t length, status;

    memset(r, 0, sizeof(*r));
    while ((head = slice_find((struct slice){ c->bytes, c->have }, S("\r\n\r\n"))) == c->have) {
        int more = receive(c);

        if (more != 1) {
            r->status = more;
            return;
        }
    }
    head += 4;
    assert(head < sizeof(r->head));
    take(c, r->head, head);
    assert(strncmp(r->head, "HTTP/1.1 ", 9) == 0);
    assert(slice_to_u64((struct slice){ r->head + 9, 3 }, &status));
    r->status = (int)status;
    if (has_body && slice_to_u64(slice_from(reply_header(r, "Content-Length")), &length)) {
        assert(length < sizeof(r->body));
        r->length = length;
        if (!take(c, r->body, length))
            r->status = -1;
    }
}

bool client_at_end(struct client *c)
{
    return c->have == 0 && receive(c) == 0;
}

bool client_was_reset(struct client *c)
{
    return c->have == 0 && receive(c) == -1;
}

void client_ask(const char *address, struct slice request, struct reply *r)
{
    struct client *c = client_open(address);

    client_send(c, request);
    client_read(c, r, !slice_starts(request, S("HEAD ")));
    client_close(c);
}
