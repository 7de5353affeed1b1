/* minder.c: the process that the server forks: it keeps the receivers, has a courier run, and starts another one when
 * that dies, later each time that it dies soon.  It does nothing else, so that there is little it could die of. */
#define _GNU_SOURCE 1 /* explicit_bzero, POLLRDHUP */
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

#define ORPHAN_TRIES 2000 /* of a millisecond */

struct minder {
    const struct courier_settings *how;
    struct courier_list list;
    int socket;
    pid_t server, courier;
    unsigned deaths; /* in a row, each soon after the start */
    bool ending;     /* the server is about to end: this courier is the last one */
};

const char *courier_text(const char **at, const char *end)
{
    const char *text = *at;

    if (!text || text >= end)
        return NULL;
    *at = text + strlen(text) + 1;
    return text;
}

void courier_die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
}

/* ---- receivers ---- */

static const char *text_or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

static void take_receiver(struct courier_list *list, const char *packet, size_t len)
{
    struct alert_receiver *to;
    char *bytes = list->count < ALERT_RECEIVERS_MAX ? malloc(len) : NULL;
    const char *at, *end;
    size_t n = 0;

    if (!bytes)
        return;
    memcpy(bytes, packet, len);
    at = bytes + 3;
    end = bytes + len;
    list->rows[list->count].bytes = bytes;
    list->rows[list->count].size = len;
    to = &list->rows[list->count].to;
    *to = (struct alert_receiver){ .kind = (enum alert_receiver_kind)(packet[1] - '0') };
    to->name = courier_text(&at, end);
    to->url = text_or_null(courier_text(&at, end));
    to->token = text_or_null(courier_text(&at, end));
    to->chat = text_or_null(courier_text(&at, end));
    to->from = text_or_null(courier_text(&at, end));
    while (n < ALERT_ARGS_MAX && (to->args[n] = courier_text(&at, end)) != NULL)
        n++;
    to->args[n] = NULL;
    list->count++;
}

/* Until all are there; later none is taken any more. */
static void take_receivers(struct minder *m)
{
    static char packet[COURIER_PACKET + 1];
    ssize_t n;

    do {
        n = recv(m->socket, packet, sizeof(packet) - 1, 0);
        if (n == 0 || (n == -1 && errno != EINTR))
            _exit(0); /* the server has ended */
        if (n > 3 && packet[0] == 'R' && packet[n - 1] == '\0')
            take_receiver(&m->list, packet, (size_t)n);
        if (n > 0 && packet[0] == 'R')
            explicit_bzero(packet, (size_t)n); /* else who delivers to another one inherits its secrets here */
    } while (n < 1 || packet[0] != 'G');
}

/* ---- its courier ---- */

static void tell(const struct minder *m, enum courier_what what, const char *why)
{
    struct courier_wire wire = { .what = (unsigned char)what, .receiver = m->deaths };

    snprintf(wire.why, sizeof(wire.why), "%s", why);
    while (send(m->socket, &wire, sizeof(wire), MSG_NOSIGNAL) == -1 && errno == EINTR)
        ;
}

static void start(struct minder *m)
{
    pid_t self = getpid();
    sigset_t none;

    m->courier = fork();
    if (m->courier != 0)
        return; /* -1: as one that has died at once */
    courier_die_with(self);
    signal(SIGTERM, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    courier_run(m->socket, m->how, &m->list);
}

/* What a courier had begun is this process's when the courier is dead. */
static void end_orphans(void)
{
    char path[64], line[4096];
    const struct timespec pause = { .tv_nsec = 1000000 };

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    for (int i = 0; i < ORPHAN_TRIES && waitpid(-1, NULL, WNOHANG) != -1; i++) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd == -1 ? -1 : read(fd, line, sizeof(line) - 1);
        char *at = line, *end;
        if (fd != -1)
            close(fd);
        if (n <= 0)
            break; /* a kernel without that file: they end by themselves */
        line[n] = '\0';
        for (long pid; (pid = strtol(at, &end, 10)) > 0 && end > at; at = end)
            if (*end == ' ')
                kill((pid_t)pid, SIGKILL);
        nanosleep(&pause, NULL);
    }
}

static bool server_is_gone(const struct minder *m)
{
    return getppid() != m->server;
}

/* Its status; -1: it has lived for ms.  0: for ever. */
static int await(struct minder *m, unsigned ms)
{
    const struct timespec patience = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    int status, got;
    sigset_t signals;
    pid_t pid;

    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    for (;;) {
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            if (pid == m->courier)
                return status;
        got = sigtimedwait(&signals, NULL, ms ? &patience : NULL);
        if (server_is_gone(m))
            kill(m->courier, SIGKILL);
        if (got == -1 && errno == EAGAIN)
            return -1;
    }
}

static unsigned pause_ms(const struct minder *m)
{
    return m->how->restart_ms << (m->deaths > COURIER_STEPS ? COURIER_STEPS : m->deaths - 1);
}

/* One courier from its start to its end, and the pause after it.  false: that was the last one. */
static bool one_courier(struct minder *m)
{
    struct pollfd end = { .fd = m->socket, .events = POLLRDHUP };
    char why[80] = "it could not be started";
    int status = 0;

    start(m);
    if (m->courier != -1) {
        status = await(m, m->how->restart_ms << COURIER_STEPS);
        if (status == -1) {
            if (m->deaths)
                tell(m, COURIER_WELL, "");
            m->deaths = 0;
            status = await(m, 0);
        }
        if (WIFSIGNALED(status))
            snprintf(why, sizeof(why), "it was ended by signal %d", WTERMSIG(status));
        else
            snprintf(why, sizeof(why), "it ended with exit status %d", WEXITSTATUS(status));
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return false;
        end_orphans();
    }
    m->deaths++;
    if (m->ending || server_is_gone(m))
        return false;
    tell(m, COURIER_DIED, why);
    m->ending = poll(&end, 1, (int)pause_ms(m)) == 1; /* the last one goes at once */
    return true;
}

/* Only the socket and stderr stay; signals of the terminal are the server's. */
static void settle_in(struct minder *m)
{
    struct rlimit none = { 0, 0 };
    int null = open("/dev/null", O_RDWR);
    sigset_t mine;

    sigemptyset(&mine);
    sigaddset(&mine, SIGCHLD);
    sigaddset(&mine, SIGTERM);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &mine, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* so that it can end what its courier has started; anybody else's is overheard */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (server_is_gone(m))
        _exit(0);
    dup2(null, 0);
    dup2(null, 1);
    for (int fd = 3; fd < 256; fd++)
        if (fd != m->socket)
            close(fd);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &none);
}

void courier_mind(int socket, const struct courier_settings *settings, pid_t parent)
{
    static struct minder m;

    m.how = settings;
    m.socket = socket;
    m.server = parent;
    settle_in(&m);
    take_receivers(&m);
    while (one_courier(&m))
        ;
    _exit(0);
}
