#include "cli/simulate/children.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define START_MS 30000
#define END_MS 10000
#define STEP_MS 20

static void be_child(const struct child *c, pid_t parent, const char *dir,
                     const char *const *arguments, int out)
{
    char *argv[CHILD_ARGUMENTS + 1] = { NULL };
    sigset_t none;
    int err = open(c->log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    prctl(PR_SET_PDEATHSIG, SIGTERM); /* never outlive the one who asked */
    if (getppid() != parent)          /* who was gone before that */
        _exit(126);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (err == -1 || dup2(out, STDOUT_FILENO) == -1 || dup2(err, STDERR_FILENO) == -1)
        _exit(126);
    for (size_t i = 0; i < CHILD_ARGUMENTS && arguments[i]; i++)
        argv[i] = strdup(arguments[i]);
    if (chdir(dir) != 0)
        _exit(126);
    execv(SELF, argv);
    _exit(127);
}

static int complain(struct child *c, const char *what, struct err *err)
{
    char text[300] = "";
    FILE *f = fopen(c->log, "r");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

    if (f)
        fclose(f);
    text[n] = '\0';
    child_stop(c);
    return err_set(err, ERR_SYSTEM, "%s did not start: %s", what, n ? text : "it says nothing");
}

/* "... listening on http://127.0.0.1:4711 ..." */
static int find_address(const char *line, char *address, size_t size)
{
    const char *at = strstr(line, "listening on http://");
    size_t n;

    if (!at || !strchr(at, '\n'))
        return -1;
    at += strlen("listening on http://");
    n = strspn(at, "0123456789.:");
    if (n == 0 || n >= size)
        return -1;
    memcpy(address, at, n);
    address[n] = '\0';
    return 0;
}

static int wait_address(struct child *c)
{
    char text[1024];
    size_t have = 0;

    for (int waited = 0; waited < START_MS && have + 1 < sizeof(text); waited += STEP_MS) {
        struct pollfd p = { .fd = c->out, .events = POLLIN };
        ssize_t n;
        if (poll(&p, 1, STEP_MS) <= 0)
            continue;
        n = read(c->out, text + have, sizeof(text) - 1 - have);
        if (n <= 0)
            return -1;
        have += (size_t)n;
        text[have] = '\0';
        if (find_address(text, c->address, sizeof(c->address)) == 0)
            return 0;
    }
    return -1;
}

int child_start(struct child *c, const char *dir, const char *const *arguments, struct err *err)
{
    const pid_t parent = getpid();
    int ends[2];

    *c = (struct child){ .out = -1 };
    if (snprintf(c->log, sizeof(c->log), "%s/log-%s", dir, arguments[1]) >= (int)sizeof(c->log))
        return err_set(err, ERR_SYSTEM, "%s: the folder's name is too long", dir);
    if (pipe(ends) != 0)
        return err_set(err, ERR_SYSTEM, "%s: %s", arguments[1], strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC); /* its copy as stdout stays open */
    c->pid = fork();
    if (c->pid == 0)
        be_child(c, parent, dir, arguments, ends[1]);
    if (c->pid == -1) {
        err_set(err, ERR_SYSTEM, "%s: %s", arguments[1], strerror(errno));
        c->pid = 0;
    }
    close(ends[1]);
    c->out = ends[0];
    if (c->pid == 0) {
        child_stop(c);
        return -1;
    }
    return wait_address(c) == 0 ? 0 : complain(c, arguments[1], err);
}

void child_stop(struct child *c)
{
    const struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
    int waited = 0;

    if (c->out > 0)
        close(c->out);
    c->out = -1;
    if (c->pid <= 0)
        return;
    kill(c->pid, SIGTERM);
    while (waitpid(c->pid, NULL, WNOHANG) == 0) {
        if (waited > END_MS)
            kill(c->pid, SIGKILL);
        nanosleep(&step, NULL);
        waited += STEP_MS;
    }
    c->pid = 0;
}
