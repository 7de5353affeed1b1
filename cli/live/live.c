#include "cli/live/live.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/stores.h"

#define TOLD_AFTER 8 /* failures in a row */

static volatile sig_atomic_t ended;
static int code = EXIT_DONE;

static void on_signal(int number)
{
    if (number != SIGWINCH)
        ended = 1;
}

void live_begin(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
    struct sigaction act;

    memset(&act, 0, sizeof(act));
    act.sa_handler = on_signal; /* without SA_RESTART: waiting ends */
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        sigaction(numbers[i], &act, NULL);
    act.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &act, NULL);
}

bool live_wait(int milliseconds)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = 0 };

    if (ended)
        return false;
    if (poll(&out, 1, milliseconds) > 0 && (out.revents & (POLLERR | POLLHUP | POLLNVAL)))
        return false; /* the reader of the pipe, or the terminal, is gone */
    return !ended;
}

bool live_write(const char *verb, const struct buf *b)
{
    size_t at = 0;

    if (!buf_ok(b)) {
        fprintf(stderr, "clickbaton %s: out of memory\n", verb);
        code = EXIT_IO;
        return false;
    }
    while (at < b->len) {
        ssize_t n = write(STDOUT_FILENO, b->ptr + at, b->len - at);
        if (n >= 0) {
            at += (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
            poll(&out, 1, 1000);
        } else if (errno != EINTR) {
            if (errno != EPIPE && errno != EIO) {
                fprintf(stderr, "clickbaton %s: the output can't be written: %s\n", verb, strerror(errno));
                code = EXIT_IO;
            }
            return false;
        }
        if (ended && at < b->len)
            return false;
    }
    return true;
}

int live_code(void)
{
    return code;
}

bool live_is_terminal(void)
{
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static struct winsize size(void)
{
    struct winsize w = { 0 };

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0)
        w.ws_col = w.ws_row = 0;
    return w;
}

int live_columns(int otherwise)
{
    int n = size().ws_col;

    return n > 0 ? n : otherwise;
}

int live_lines(int otherwise)
{
    int n = size().ws_row;

    return n > 0 ? n : otherwise;
}

/* ---- the store ---- */

void live_failed(struct live_store *s, const struct err *err)
{
    store_close(s->store);
    s->store = NULL;
    if (++s->failures == TOLD_AFTER)
        fprintf(stderr, "clickbaton %s: %s; trying again\n", s->verb, err->text);
}

void live_well(struct live_store *s)
{
    s->failures = 0;
}

/* Which file the store is; 0: there is none. */
static uint64_t file_of(const struct live_store *s)
{
    struct buf path = { 0 };
    struct stat st;
    uint64_t id = 0;

    if (stores_is_remote(s->catalog))
        return 0;
    buf_printf(&path, "%s/clickbaton.db", s->catalog->data);
    buf_byte(&path, '\0');
    if (buf_ok(&path) && stat(path.ptr, &st) == 0)
        id = (uint64_t)st.st_ino ^ (uint64_t)st.st_dev << 48;
    buf_free(&path);
    return id;
}

bool live_store_open(struct live_store *s)
{
    struct err err = { 0 };
    uint64_t file = file_of(s);

    if (s->store && file == s->file)
        return true;
    store_close(s->store); /* another store lies there by now, as after a restore */
    s->file = file;
    s->store = stores_open(s->catalog, false, &err);
    if (s->store)
        return true;
    live_failed(s, &err);
    return false;
}

struct catalog *live_catalog(const char *verb, const char *config, int *exit_code)
{
    struct catalog *c = catalog_sound(config, false, exit_code);
    struct err err = { 0 };
    struct store *store;

    if (!c)
        return NULL;
    *exit_code = EXIT_IO;
    if ((store = stores_open(c, false, &err)) != NULL) {
        store_close(store);
        return c;
    }
    fprintf(stderr, "clickbaton %s: %s\n", verb, err.text);
    catalog_close(c);
    return NULL;
}

/* ---- time ---- */

int64_t live_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void live_clock(struct buf *out, int64_t ms)
{
    int64_t day = ms % 86400000;

    buf_printf(out, "%02d:%02d:%02d.%03d", (int)(day / 3600000), (int)(day / 60000 % 60),
               (int)(day / 1000 % 60), (int)(day % 1000));
}
