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

#define UNSETTLED_MAX 512 /* more than all receivers let wait */
#define HANDED_MAX 30     /* couriers that may die with a message in hand before it is taken for the cause */

/* A message that somebody's last try is still to come of. */
struct unsettled {
    struct unsettled *next;
    int64_t id;
    unsigned mask;    /* receivers that it is to go to yet */
    unsigned handed;  /* to so many couriers */
    bool in_hand;     /* of this one */
    bool once;
    bool poison;      /* it is not handed over any more */
    size_t len;
    char rest[];      /* of the packet, from the code on */
};

struct courier {
    int socket; /* -1: none */
    pid_t pid;
    unsigned grace_ms;
    bool dead;
    bool severe_only[ALERT_RECEIVERS_MAX];
    size_t count;
    struct unsettled *first;
    size_t unsettled;
    struct courier_life life;
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
    s.restart_ms = s.restart_ms ? s.restart_ms : 1000;
    if (!c || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        free(c);
        err_set(err, ERR_SYSTEM, "no process for alerts: %s", c ? strerror(errno) : "out of memory");
        return NULL;
    }
    *c = (struct courier){ .socket = ends[0], .grace_ms = s.grace_ms, .pid = fork() };
    if (c->pid == 0)
        courier_mind(ends[1], &s, self);
    close(ends[1]);
    if (c->pid != -1)
        return c;
    err_set(err, ERR_SYSTEM, "no process for alerts: %s", strerror(errno));
    close(ends[0]);
    free(c);
    return NULL;
}

/* false: not now, or never (dead). */
static bool give(struct courier *c, const struct buf *packet)
{
    if (c->dead || c->socket == -1 || !buf_ok(packet))
        return false;
    if (send(c->socket, packet->ptr, packet->len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)packet->len)
        return true;
    c->dead = errno != EAGAIN && errno != EINTR && errno != ENOBUFS && errno != ENOMEM;
    return false;
}

static void text(struct buf *out, const char *cstr)
{
    buf_puts(out, cstr ? cstr : "");
    buf_byte(out, '\0');
}

int courier_begin(struct courier *c, const struct alert_receiver *list, size_t count, struct err *err)
{
    struct buf packet = { .limit = COURIER_PACKET, .secret = true };
    bool ok = true;

    for (size_t i = 0; i < count && i < ALERT_RECEIVERS_MAX && ok; i++) {
        const struct alert_receiver *r = &list[i];
        c->severe_only[i] = r->severe_only;
        c->count = i + 1;
        buf_clear(&packet);
        buf_printf(&packet, "R%c", '0' + (int)r->kind);
        buf_byte(&packet, '\0');
        text(&packet, r->name);
        text(&packet, r->url);
        text(&packet, r->token);
        text(&packet, r->chat);
        text(&packet, r->from);
        for (size_t k = 0; r->args[k]; k++)
            text(&packet, r->args[k]);
        ok = give(c, &packet);
    }
    buf_clear(&packet);
    buf_puts(&packet, "G");
    buf_byte(&packet, '\0');
    ok = ok && (!count || give(c, &packet));
    buf_free(&packet);
    if (count == 0) {
        close(c->socket); /* it ends by that */
        c->socket = -1;
        waitpid(c->pid, NULL, 0);
        c->pid = -1;
    }
    return ok ? 0 : err_set(err, ERR_SYSTEM, "the process for alerts does not take its receivers");
}

/* ---- messages ---- */

static struct unsettled *unsettled_new(const struct alert_note *note)
{
    struct buf rest = { .limit = COURIER_PACKET - 64 };
    struct unsettled *u = NULL;

    text(&rest, note->code);
    text(&rest, note->kind);
    buf_add(&rest, note->json);
    buf_byte(&rest, '\0');
    buf_add(&rest, note->subject);
    buf_byte(&rest, '\0');
    buf_add(&rest, note->text);
    buf_byte(&rest, '\0');
    if (buf_ok(&rest))
        u = calloc(1, sizeof(*u) + rest.len);
    if (u) {
        memcpy(u->rest, rest.ptr, rest.len);
        u->len = rest.len;
    }
    buf_free(&rest);
    return u;
}

/* That receiver needs no more of it. */
static void settle(struct courier *c, int64_t id, unsigned receiver)
{
    struct unsettled **at = &c->first, *u;

    while (*at && (*at)->id != id)
        at = &(*at)->next;
    u = *at;
    if (!u)
        return;
    u->mask &= ~(receiver < ALERT_RECEIVERS_MAX ? 1U << receiver : 0);
    if (u->mask)
        return;
    *at = u->next;
    free(u);
    c->unsettled--;
}

/* As far as the socket has room, in their order. */
static void hand_over(struct courier *c)
{
    struct buf packet = { .limit = COURIER_PACKET };

    for (struct unsettled *u = c->first; u; u = u->next) {
        if (u->in_hand || u->poison)
            continue;
        buf_clear(&packet);
        buf_printf(&packet, "M%d%c%lld%c%u", u->once, 0, (long long)u->id, 0, u->mask);
        buf_byte(&packet, '\0');
        buf_add(&packet, (struct slice){ u->rest, u->len });
        if (!give(c, &packet))
            break;
        u->in_hand = true;
        u->handed++;
    }
    buf_free(&packet);
}

int courier_send(struct courier *c, int64_t id, int only, const struct alert_note *note)
{
    struct unsettled *u, **last;

    if (!c || c->socket == -1)
        return c && !c->dead && c->pid == -1 ? 0 : -1;
    if (c->dead || c->unsettled == UNSETTLED_MAX || !(u = unsettled_new(note)))
        return -1;
    u->id = id;
    u->once = only >= 0;
    for (size_t i = 0; i < c->count; i++)
        if (only == (int)i || (only < 0 && (note->severe || !c->severe_only[i])))
            u->mask |= 1U << i;
    for (last = &c->first; *last; last = &(*last)->next)
        ;
    *last = u;
    c->unsettled++;
    if (!u->mask)
        settle(c, id, 0); /* nobody wants it */
    hand_over(c);
    return c->dead ? -1 : 0;
}

/* All that it had in hand is to be handed over again, unless that seems to be what kills it. */
static void courier_died(struct courier *c, const struct courier_wire *wire)
{
    c->life.died++;
    c->life.in_a_row = wire->receiver;
    snprintf(c->life.why, sizeof(c->life.why), "%.79s", wire->why);
    for (struct unsettled *u = c->first; u; u = u->next) {
        u->in_hand = false;
        u->poison = u->handed >= HANDED_MAX;
    }
}
/* A receiver of a message that is given up because couriers die of it; false: there is none. */
static bool poisoned(struct courier *c, struct courier_result *out)
{
    const struct unsettled *u = c->first;

    while (u && !u->poison)
        u = u->next;
    if (!u)
        return false;
    *out = (struct courier_result){ .id = u->id, .last = true };
    while (!(u->mask >> out->receiver & 1))
        out->receiver++;
    snprintf(out->why, sizeof(out->why), "the process that delivers died %u times with it: %s", u->handed, c->life.why);
    settle(c, out->id, out->receiver);
    return true;
}

/* 1: *wire; 0: none now; -1: the minder is dead. */
static int next_wire(struct courier *c, struct courier_wire *wire)
{
    ssize_t n = recv(c->socket, wire, sizeof(*wire), MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return 0;
    c->dead = n != (ssize_t)sizeof(*wire);
    wire->why[sizeof(wire->why) - 1] = '\0';
    return c->dead ? -1 : 1;
}

int courier_result(struct courier *c, struct courier_result *out)
{
    struct courier_wire wire;
    int rc;

    if (!c || c->socket == -1)
        return 0;
    if (c->dead)
        return -1;
    hand_over(c);
    if (poisoned(c, out))
        return 1;
    while ((rc = next_wire(c, &wire)) == 1 && wire.what != COURIER_RESULT) {
        if (wire.what == COURIER_DIED)
            courier_died(c, &wire);
        else
            c->life.in_a_row = 0;
        hand_over(c);
    }
    if (rc != 1)
        return rc;
    *out = (struct courier_result){ .id = wire.id, .receiver = wire.receiver, .done = wire.done == 1,
                                    .last = wire.last == 1 };
    memcpy(out->why, wire.why, sizeof(out->why));
    if (out->last)
        settle(c, out->id, out->receiver);
    return 1;
}

struct courier_life courier_life(const struct courier *c)
{
    return c ? c->life : (struct courier_life){ 0 };
}

int courier_pid(const struct courier *c)
{
    return c ? (int)c->pid : -1;
}

void courier_close(struct courier *c)
{
    const struct timespec pause = { .tv_nsec = 20000000 };
    struct courier_result ignored;
    unsigned left;

    if (!c)
        return;
    while (courier_result(c, &ignored) == 1) /* one that has died shall not take with it what waits */
        ;
    if (c->socket != -1)
        shutdown(c->socket, SHUT_WR);
    for (left = c->grace_ms + 500; c->pid > 0 && left >= 20 && waitpid(c->pid, NULL, WNOHANG) == 0; left -= 20)
        nanosleep(&pause, NULL);
    if (c->pid > 0 && left < 20)
        kill(c->pid, SIGKILL); /* where Landlock forbids it, the end of this process does it */
    if (c->socket != -1)
        close(c->socket);
    while (c->first) {
        struct unsettled *u = c->first;
        c->first = u->next;
        free(u);
    }
    free(c);
}
