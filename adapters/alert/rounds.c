/* rounds.c: the courier itself: one process that waits, and one for each delivery under way, at most one for each
 * receiver.  What it has in hand when it dies the server hands over again. */
#define _DEFAULT_SOURCE 1 /* explicit_bzero */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adapters/alert/internal.h"

#define QUEUE 32 /* messages that wait for a receiver */
#define SETTLED 128

struct letter {
    int64_t id, due; /* due: ms */
    unsigned tries;
    bool once; /* a test: goes first, and is tried once */
    char *bytes; /* the texts, one block */
    const char *code, *kind, *json, *subject, *text;
};

struct post {
    struct letter queue[QUEUE];
    size_t waiting;
    int64_t settled[SETTLED]; /* newest ids that it is done with, so that one that is handed over again is known */
    size_t settled_next;
    pid_t pid; /* of the delivery under way (of queue[0]); 0: none */
    int pipe;
    int64_t deadline;
};

struct round {
    const struct courier_settings *how;
    struct courier_list *list;
    int socket;
    bool ending;
    int64_t end; /* when ending */
    struct post posts[ALERT_RECEIVERS_MAX];
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell(struct round *r, size_t post, const struct letter *l, bool done, bool last, const char *why)
{
    struct courier_wire wire = { .what = COURIER_RESULT, .id = l->id, .receiver = (uint32_t)post, .done = done,
                                 .last = last };

    snprintf(wire.why, sizeof(wire.why), "%s", why);
    while (send(r->socket, &wire, sizeof(wire), MSG_NOSIGNAL) == -1 && errno == EINTR)
        ;
}

static void drop_first(struct post *p)
{
    p->settled[p->settled_next++ % SETTLED] = p->queue[0].id;
    free(p->queue[0].bytes);
    memmove(p->queue, p->queue + 1, --p->waiting * sizeof(p->queue[0]));
}

/* ---- what the server says ---- */

/* It was handed over to a courier before this one, or lay in the socket when that died. */
static bool is_known(const struct post *p, int64_t id)
{
    for (size_t i = 0; i < p->waiting; i++)
        if (p->queue[i].id == id)
            return true;
    for (size_t i = 0; i < SETTLED; i++)
        if (p->settled[i] == id && i < p->settled_next)
            return true;
    return false;
}

static int64_t id_of(const char *packet, size_t len)
{
    const char *at = packet + 3, *text = courier_text(&at, packet + len);

    return text ? strtoll(text, NULL, 10) : 0;
}

static void queue(struct round *r, size_t i, const char *packet, size_t len)
{
    struct post *p = &r->posts[i];
    struct letter l = { .id = id_of(packet, len), .once = packet[1] == '1', .due = now_ms() };
    size_t place = l.once ? p->pid != 0 : p->waiting; /* not before what is under way */
    const char *at, *end;

    if (is_known(p, l.id))
        return;
    if (p->waiting == QUEUE || !(l.bytes = malloc(len))) {
        tell(r, i, &l, false, true, p->waiting == QUEUE ? "too many messages wait for it" : "out of memory");
        return;
    }
    memcpy(l.bytes, packet, len);
    at = l.bytes + 3;
    end = l.bytes + len;
    courier_text(&at, end);
    courier_text(&at, end);
    l.code = courier_text(&at, end);
    l.kind = courier_text(&at, end);
    l.json = courier_text(&at, end);
    l.subject = courier_text(&at, end);
    l.text = courier_text(&at, end);
    if (!l.text) { /* no message of ours */
        free(l.bytes);
        return;
    }
    memmove(&p->queue[place + 1], &p->queue[place], (p->waiting - place) * sizeof(l));
    p->queue[place] = l;
    p->waiting++;
}

static void take_message(struct round *r, const char *packet, size_t len)
{
    const char *at = packet + 3, *end = packet + len, *text;
    unsigned long mask;

    courier_text(&at, end);
    text = courier_text(&at, end);
    mask = text ? strtoul(text, NULL, 10) : 0;
    for (size_t i = 0; i < r->list->count; i++)
        if (mask >> i & 1)
            queue(r, i, packet, len);
}

static void listen_to_server(struct round *r)
{
    static char packet[COURIER_PACKET + 1];
    ssize_t n = recv(r->socket, packet, sizeof(packet) - 1, MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* the server has ended, or is about to */
        r->ending = true;
        r->end = now_ms() + r->how->grace_ms;
        return;
    }
    packet[n] = '\0';
    if (n > 3 && packet[0] == 'M' && packet[n - 1] == '\0')
        take_message(r, packet, (size_t)n);
}

/* ---- deliveries ---- */

struct outcome {
    int result;
    char why[ALERT_REASON];
};

static void deliver(const struct round *r, size_t which, int to, pid_t parent)
{
    const struct letter *l = &r->posts[which].queue[0];
    const struct alert_receiver *receiver = &r->list->rows[which].to;
    const struct alert_note note = { .code = l->code, .kind = l->kind,
                                     .json = slice_from(l->json), .subject = slice_from(l->subject),
                                     .text = slice_from(l->text) };
    struct outcome out = { ALERT_AGAIN, "" };

    setpgid(0, 0);
    courier_die_with(parent);
    close(r->socket);
    for (size_t i = 0; i < r->list->count; i++) /* another receiver's secrets are none of its business */
        if (i != which)
            explicit_bzero(r->list->rows[i].bytes, r->list->rows[i].size);
    if (r->how->confine && (receiver->kind == ALERT_WEBHOOK || receiver->kind == ALERT_TELEGRAM))
        r->how->confine();
    out.result = (int)alert_deliver(receiver, &note, r->how->timeout_ms, out.why);
    if (write(to, &out, sizeof(out)) != (ssize_t)sizeof(out))
        _exit(1);
    _exit(0);
}

static void start(struct round *r, size_t i)
{
    struct post *p = &r->posts[i];
    pid_t self = getpid();
    int ends[2];

    if (pipe(ends) != 0) {
        p->queue[0].due = now_ms() + r->how->retry_ms;
        return;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    p->pid = fork();
    if (p->pid == 0)
        deliver(r, i, ends[1], self);
    close(ends[1]);
    if (p->pid == -1) {
        p->pid = 0;
        close(ends[0]);
        p->queue[0].due = now_ms() + r->how->retry_ms;
        return;
    }
    setpgid(p->pid, p->pid);
    p->pipe = ends[0];
    p->deadline = now_ms() + r->how->timeout_ms + 250;
}

static void settle(struct round *r, size_t i, const struct outcome *out)
{
    struct post *p = &r->posts[i];
    struct letter *l = &p->queue[0];
    int64_t wait = r->how->retry_ms;
    bool last;

    kill(-p->pid, SIGKILL); /* whatever of it still runs */
    waitpid(p->pid, NULL, 0);
    close(p->pipe);
    p->pid = 0;
    for (unsigned k = 0; k < l->tries && wait < 3600000; k++)
        wait *= 4;
    last = out->result != ALERT_AGAIN || ++l->tries >= r->how->tries || l->once;
    tell(r, i, l, out->result == ALERT_DONE, last, out->why);
    l->due = now_ms() + wait;
    if (last)
        drop_first(p);
}

static void look_at(struct round *r, size_t i, bool readable)
{
    struct post *p = &r->posts[i];
    struct outcome out = { ALERT_AGAIN, "it ended without a word" };

    if (p->pid && readable) {
        if (read(p->pipe, &out, sizeof(out)) != (ssize_t)sizeof(out))
            out = (struct outcome){ ALERT_AGAIN, "its process ended without a word" };
        out.why[ALERT_REASON - 1] = '\0';
        settle(r, i, &out);
    } else if (p->pid && now_ms() >= p->deadline) {
        strcpy(out.why, "it took too long and was stopped");
        settle(r, i, &out);
    }
    if (!p->pid && p->waiting && p->queue[0].due <= now_ms())
        start(r, i);
}

static int wait_ms(const struct round *r)
{
    int64_t next = now_ms() + 60000, at;

    for (size_t i = 0; i < r->list->count; i++) {
        const struct post *p = &r->posts[i];
        at = p->pid ? p->deadline : p->waiting ? p->queue[0].due : next;
        next = at < next ? at : next;
    }
    if (r->ending && r->end < next)
        next = r->end;
    next -= now_ms();
    return next < 0 ? 0 : (int)next;
}

/* Ending: nothing is under way, and what waits has had its try. */
static bool is_idle(const struct round *r)
{
    for (size_t i = 0; i < r->list->count; i++)
        if (r->posts[i].pid || (r->posts[i].waiting && r->posts[i].queue[0].tries == 0))
            return false;
    return true;
}

static void one_round(struct round *r)
{
    struct pollfd fds[ALERT_RECEIVERS_MAX + 1] = { { .fd = r->ending ? -1 : r->socket, .events = POLLIN } };

    for (size_t i = 0; i < r->list->count; i++)
        fds[i + 1] = (struct pollfd){ .fd = r->posts[i].pid ? r->posts[i].pipe : -1, .events = POLLIN };
    poll(fds, (nfds_t)r->list->count + 1, wait_ms(r));
    if (fds[0].revents)
        listen_to_server(r);
    for (size_t i = 0; i < r->list->count; i++)
        look_at(r, i, fds[i + 1].revents != 0);
}

void courier_run(int socket, const struct courier_settings *settings, struct courier_list *list)
{
    static struct round r;

    r.how = settings;
    r.list = list;
    r.socket = socket;
    while (!r.ending || (!is_idle(&r) && now_ms() < r.end))
        one_round(&r);
    for (size_t i = 0; i < list->count; i++)
        if (r.posts[i].pid)
            kill(-r.posts[i].pid, SIGKILL);
    _exit(0);
}
