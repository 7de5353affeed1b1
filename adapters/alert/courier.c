#include "adapters/alert/courier.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adapters/alert/internal.h"

struct courier {
    int socket; /* -1: none */
    pid_t pid;
    unsigned grace_ms;
    bool dead;
};

struct courier *courier_fork(const struct courier_settings *settings, struct err *err)
{
    struct courier *c = calloc(1, sizeof(*c));
    struct courier_settings s = *settings;
    pid_t self = getpid();
    int ends[2];

    s.timeout_ms = s.timeout_ms ? s.timeout_ms : 10000;
    s.retry_ms = s.retry_ms ? s.retry_ms : 5000;
    s.tries = s.tries ? s.tries : 6;
    s.grace_ms = s.grace_ms ? s.grace_ms : 2000;
    if (!c || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        free(c);
        err_set(err, ERR_SYSTEM, "no process for alerts: %s", c ? strerror(errno) : "out of memory");
        return NULL;
    }
    *c = (struct courier){ .socket = ends[0], .grace_ms = s.grace_ms, .pid = fork() };
    if (c->pid == 0)
        courier_run(ends[1], &s, self);
    close(ends[1]);
    if (c->pid != -1)
        return c;
    err_set(err, ERR_SYSTEM, "no process for alerts: %s", strerror(errno));
    close(ends[0]);
    free(c);
    return NULL;
}

static int give(struct courier *c, const struct buf *packet)
{
    if (c->dead || c->socket == -1 || !buf_ok(packet) ||
        send(c->socket, packet->ptr, packet->len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)packet->len)
        return -1;
    return 0;
}

static void text(struct buf *out, const char *cstr)
{
    buf_puts(out, cstr ? cstr : "");
    buf_byte(out, '\0');
}

int courier_begin(struct courier *c, const struct alert_receiver *list, size_t count, struct err *err)
{
    struct buf packet = { .limit = COURIER_PACKET, .secret = true };
    int rc = 0;

    for (size_t i = 0; i < count && i < ALERT_RECEIVERS_MAX && rc == 0; i++) {
        const struct alert_receiver *r = &list[i];
        buf_clear(&packet);
        buf_printf(&packet, "R%c%c", '0' + (int)r->kind, r->severe_only ? '1' : '0');
        buf_byte(&packet, '\0');
        text(&packet, r->name);
        text(&packet, r->url);
        text(&packet, r->token);
        text(&packet, r->chat);
        text(&packet, r->from);
        for (size_t k = 0; r->args[k]; k++)
            text(&packet, r->args[k]);
        rc = give(c, &packet);
    }
    buf_clear(&packet);
    buf_puts(&packet, "G");
    buf_byte(&packet, '\0');
    if (rc == 0 && count)
        rc = give(c, &packet);
    buf_free(&packet);
    if (count == 0) {
        close(c->socket); /* it ends by that */
        c->socket = -1;
        waitpid(c->pid, NULL, 0);
        c->pid = -1;
    }
    return rc == 0 ? 0 : err_set(err, ERR_SYSTEM, "the process for alerts does not take its receivers");
}

int courier_send(struct courier *c, int64_t id, int only, const struct alert_note *note)
{
    struct buf packet = { .limit = COURIER_PACKET };
    int rc;

    if (!c || c->socket == -1)
        return c && !c->dead && c->pid == -1 ? 0 : -1;
    buf_printf(&packet, "M%c", note->severe ? '1' : '0');
    buf_byte(&packet, '\0');
    buf_printf(&packet, "%lld", (long long)id);
    buf_byte(&packet, '\0');
    buf_printf(&packet, "%d", only);
    buf_byte(&packet, '\0');
    text(&packet, note->code);
    text(&packet, note->kind);
    buf_add(&packet, note->json);
    buf_byte(&packet, '\0');
    buf_add(&packet, note->subject);
    buf_byte(&packet, '\0');
    buf_add(&packet, note->text);
    buf_byte(&packet, '\0');
    rc = give(c, &packet);
    buf_free(&packet);
    return rc;
}

int courier_result(struct courier *c, struct courier_result *out)
{
    struct courier_wire wire;
    ssize_t n;

    if (!c || c->socket == -1)
        return 0;
    if (c->dead)
        return -1;
    n = recv(c->socket, &wire, sizeof(wire), MSG_DONTWAIT);
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n != (ssize_t)sizeof(wire)) {
        c->dead = true;
        return -1;
    }
    *out = (struct courier_result){ .id = wire.id, .receiver = wire.receiver, .done = wire.done == 1,
                                    .last = wire.last == 1 };
    memcpy(out->why, wire.why, sizeof(out->why));
    out->why[sizeof(out->why) - 1] = '\0';
    return 1;
}

int courier_pid(const struct courier *c)
{
    return c ? (int)c->pid : -1;
}

void courier_close(struct courier *c)
{
    const struct timespec pause = { .tv_nsec = 20000000 };
    unsigned left;

    if (!c)
        return;
    if (c->socket != -1)
        shutdown(c->socket, SHUT_WR);
    for (left = c->grace_ms + 500; c->pid > 0 && left >= 20 && waitpid(c->pid, NULL, WNOHANG) == 0; left -= 20)
        nanosleep(&pause, NULL);
    if (c->pid > 0 && left < 20)
        kill(c->pid, SIGKILL); /* where Landlock forbids it, the end of this process does it */
    if (c->socket != -1)
        close(c->socket);
    free(c);
}
