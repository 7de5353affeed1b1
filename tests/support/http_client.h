/* http_client.h: a client that sends any bytes, for tests of the HTTP server.  Nothing here waits
 * for longer than five seconds; what takes longer fails the test. */
#ifndef TESTS_SUPPORT_HTTP_CLIENT_H
#define TESTS_SUPPORT_HTTP_CLIENT_H

#include "core/base/slice.h"

struct client {
    int fd;
    size_t have;
    char bytes[1 << 17]; /* received and not yet read */
};

struct reply {
    int status;      /* 0: the server has closed instead; -1: it has reset */
    char head[4096]; /* status line and headers */
    size_t length;   /* of the body */
    char body[1 << 17];
};

/* Connect to "ADDRESS:PORT"; -1 when refused. */
int client_connect(const char *address);

/* The same for a test that needs the connection. */
struct client *client_open(const char *address);
void client_send(struct client *c, struct slice bytes);
void client_close(struct client *c);

/* The next reply; has_body false after a HEAD. */
void client_read(struct client *c, struct reply *r, bool has_body);

/* Whether the server has closed, or reset, without another byte. */
bool client_at_end(struct client *c);
bool client_was_reset(struct client *c);

/* Send on a new connection, read one reply, close. */
void client_ask(const char *address, struct slice request, struct reply *r);

/* The value of a header in r->head, "" when there is none. */
const char *reply_header(struct reply *r, const char *name);

#endif
