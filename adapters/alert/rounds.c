/* rounds.c: the courier itself: one process that waits, and one for each delivery under way, at most one for each
 * receiver. */
#define _DEFAULT_SOURCE 1 /* explicit_bzero */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adapters/alert/internal.h"

#define QUEUE 32 /* messages that wait for a receiver */

struct letter {
    int64_t id, due; /* due: ms */
    unsigned tries;
    bool severe;
    bool once; /* a test: goes first, and is tried once */
    char *bytes; /* the texts, one block */
    const char *code, *kind, *json, *subject, *text;
};

struct post {
    struct alert_receiver to;
    char *bytes; /* of its texts */
    size_t size;
    struct letter queue[QUEUE];
    size_t waiting;
    pid_t pid; /* of the delivery under way (of queue[0]); 0: none */
    int pipe;
    int64_t deadline;
};

struct round {
    const struct courier_settings *how;
    int socket;
    bool begun, ending;
    int64_t end; /* when ending */
    struct post posts[ALERT_RECEIVERS_MAX];
    size_t count;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tell(struct round *r, size_t post, const struct letter *l, bool done, bool last, const char *why)
{
    struct courier_wire wire = { .id = l->id, .receiver = (uint32_t)post, .done = done, .last = last };

    snprintf(wire.why, sizeof(wire.why), "%s", why);
    if (send(r->socket, &wire, sizeof(wire), MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
        return; /* it does not listen: that is its business */
}

static void drop_first(struct post *p)
{
    free(p->queue[0].bytes);
    memmove(p->queue, p->queue + 1, --p->waiting * sizeof(p->queue[0]));
}

/* ---- what the server says ---- */

static const char *next_text(const char **at, const char *end)
{
    const char *text = *at;

    if (text >= end)
        return NULL;
    *at = text + strlen(text) + 1;
    return text;
}

static const char *text_or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

static void take_receiver(struct round *r, const char *packet, size_t len)
{
    struct post *p = &r->posts[r->count];
    const char *at, *end;
    size_t n = 0;

    if (r->begun || r->count == ALERT_RECEIVERS_MAX || !(p->bytes = malloc(len)))
        return;
    memcpy(p->bytes, packet, len);
    p->size = len;
    at = p->bytes + 4;
    end = p->bytes + len;
    p->to = (struct alert_receiver){ .kind = (enum alert_receiver_kind)(packet[1] - '0'),
                                     .severe_only = packet[2] == '1' };
    p->to.name = next_text(&at, end);
    p->to.url = text_or_null(next_text(&at, end));
    p->to.token = text_or_null(next_text(&at, end));
    p->to.chat = text_or_null(next_text(&at, end));
    p->to.from = text_or_null(next_text(&at, end));
    while (n < ALERT_ARGS_MAX && (p->to.args[n] = next_text(&at, end)) != NULL)
        n++;
    p->to.args[n] = NULL;
    r->count++;
}

static void queue(struct round *r, size_t i, const char *packet, size_t len, bool once)
{
    struct post *p = &r->posts[i];
    struct letter l = { .severe = packet[1] == '1', .once = once, .bytes = malloc(len) };
    size_t place = once ? p->pid != 0 : p->waiting; /* not before what is under way */
    const char *at, *end;

    if (!l.bytes) {
        tell(r, i, &l, false, true, "out of memory");
        return;
    }
    end = l.bytes + len;
    memcpy(l.bytes, packet, len);
    at = l.bytes + 3;
    l.id = strtoll(next_text(&at, end), NULL, 10);
    next_text(&at, end);
    l.code = next_text(&at, end);
    l.kind = next_text(&at, end);
    l.json = next_text(&at, end);
    l.subject = next_text(&at, end);
    l.text = next_text(&at, end);
    l.due = now_ms();
    if (!l.text || p->waiting == QUEUE) {
        tell(r, i, &l, false, true, "too many messages wait for it");
        free(l.bytes);
        return;
    }
    memmove(&p->queue[place + 1], &p->queue[place], (p->waiting - place) * sizeof(l));
    p->queue[place] = l;
    p->waiting++;
}

static void take_message(struct round *r, const char *packet, size_t len)
{
    const char *at = packet + 3, *end = packet + len, *only;
    long which;

    next_text(&at, end);
    only = next_text(&at, end);
    which = only ? strtol(only, NULL, 10) : -1;
    for (size_t i = 0; r->begun && i < r->count; i++)
        if (which == (long)i || (which < 0 && (packet[1] == '1' || !r->posts[i].to.severe_only)))
            queue(r, i, packet, len, which >= 0);
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
    if (n < 2 || packet[n - 1] != '\0')
        return;
    if (packet[0] == 'R' && n > 4) {
        take_receiver(r, packet, (size_t)n);
        explicit_bzero(packet, (size_t)n); /* else who delivers to another one inherits its secrets here */
    }
    if (packet[0] == 'G')
        r->begun = true;
    if (packet[0] == 'M' && n > 3)
        take_message(r, packet, (size_t)n);
}

/* ---- deliveries ---- */

struct outcome {
    int result;
    char why[ALERT_REASON];
};

static void deliver(const struct round *r, const struct post *p, int to)
{
    const struct letter *l = &p->queue[0];
    const struct alert_note note = { .severe = l->severe, .code = l->code, .kind = l->kind,
                                     .json = slice_from(l->json), .subject = slice_from(l->subject),
                                     .text = slice_from(l->text) };
    struct outcome out = { ALERT_AGAIN, "" };

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(r->socket);
    for (size_t i = 0; i < r->count; i++) /* another receiver's secrets are none of its business */
        if (&r->posts[i] != p && r->posts[i].bytes)
            explicit_bzero(r->posts[i].bytes, r->posts[i].size);
    if (r->how->confine && (p->to.kind == ALERT_WEBHOOK || p->to.kind == ALERT_TELEGRAM))
        r->how->confine();
    out.result = (int)alert_deliver(&p->to, &note, r->how->timeout_ms, out.why);
    if (write(to, &out, sizeof(out)) != (ssize_t)sizeof(out))
        _exit(1);
    _exit(0);
}

static void start(struct round *r, size_t i)
{
    struct post *p = &r->posts[i];
    int ends[2];

    if (pipe(ends) != 0) {
        p->queue[0].due = now_ms() + r->how->retry_ms;
        return;
    }
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    p->pid = fork();
    if (p->pid == 0)
        deliver(r, p, ends[1]);
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

    for (size_t i = 0; i < r->count; i++) {
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
    for (size_t i = 0; i < r->count; i++)
        if (r->posts[i].pid || (r->posts[i].waiting && r->posts[i].queue[0].tries == 0))
            return false;
    return true;
}

static void one_round(struct round *r)
{
    struct pollfd fds[ALERT_RECEIVERS_MAX + 1] = { { .fd = r->ending ? -1 : r->socket, .events = POLLIN } };

    for (size_t i = 0; i < r->count; i++)
        fds[i + 1] = (struct pollfd){ .fd = r->posts[i].pid ? r->posts[i].pipe : -1, .events = POLLIN };
    poll(fds, (nfds_t)r->count + 1, wait_ms(r));
    if (fds[0].revents)
        listen_to_server(r);
    for (size_t i = 0; i < r->count; i++)
        look_at(r, i, fds[i + 1].revents != 0);
}

/* Only the socket and stderr stay; signals of the terminal are the server's. */
static void settle_in(int socket, pid_t parent)
{
    struct rlimit none = { 0, 0 };
    int null = open("/dev/null", O_RDWR);
    sigset_t all;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    dup2(null, 0);
    dup2(null, 1);
    for (int fd = 3; fd < 256; fd++)
        if (fd != socket)
            close(fd);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setrlimit(RLIMIT_CORE, &none);
}

void courier_run(int socket, const struct courier_settings *settings, pid_t parent)
{
    static struct round r;

    r.how = settings;
    r.socket = socket;
    settle_in(socket, parent);
    while (!r.ending || (!is_idle(&r) && now_ms() < r.end))
        one_round(&r);
    for (size_t i = 0; i < r.count; i++)
        if (r.posts[i].pid)
            kill(-r.posts[i].pid, SIGKILL);
    _exit(0);
}
