/* failing_shim.c: for LD_PRELOAD: lets the N-th call of a kind fail, once or from then on, and moves the
 * clock.  FAULT_CONTROL names a file of sizeof(struct control) bytes that both sides map: tests/fault/faults.py
 * writes what is wanted, before or while the program runs, and reads how often a call was made and failed.
 * FAULT_TRACE names a file for the stack of the first call that failed.
 *
 * Calls count from main() on, in the first process that has the file and not in those that it starts.
 * stdin, stdout and what fopen opens go through this file's read and write, for the C library's own do
 * not come by; stderr is left alone, so that the program can say what went wrong. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "wall_clock.h"

enum kind {
    MALLOC = 1, READ = 2, WRITE = 4, FSYNC = 8, OPEN = 16, CONNECT = 32, ACCEPT = 64, RECV = 128,
    SEND = 256, SOCKET = 512, THREAD = 1024, MMAP = 2048, NAME = 4096, STAT = 8192, LOCK = 16384,
    CLOSE = 32768, POLL = 65536, RANDOM = 131072, DIRSYNC = 262144,
};

struct control {
    _Atomic uint32_t armed, kinds;
    _Atomic uint64_t at;   /* the call that fails, from 1; 0: none, they are only counted */
    _Atomic uint32_t on;   /* 0: that call alone, 1: from it on */
    _Atomic int32_t error; /* errno */
    _Atomic uint64_t count, failed;
    _Atomic int64_t clock_ns; /* added to the wall clock */
    _Atomic int32_t pid;      /* whose calls count; 0: the first to come */
};

static struct control *control;
static __thread int inside; /* what the shim does itself does not count */
static const char *trace;

/* The C library's own, under the names that it exports for this. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void write_trace(void)
{
    void *frames[40];
    int fd;

    inside++;
    fd = open(trace, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        backtrace_symbols_fd(frames, backtrace(frames, 40), fd);
        close(fd);
    }
    inside--;
}

/* Shall this call fail?  errno is set then. */
static int fails(enum kind kind)
{
    uint64_t n, at;

    if (!control || inside || !atomic_load(&control->armed) || !(atomic_load(&control->kinds) & kind) ||
        atomic_load(&control->pid) != getpid())
        return 0;
    n = atomic_fetch_add(&control->count, 1) + 1;
    at = atomic_load(&control->at);
    if (at == 0 || n < at || (n > at && !atomic_load(&control->on)))
        return 0;
    if (atomic_fetch_add(&control->failed, 1) == 0 && trace)
        write_trace();
    errno = atomic_load(&control->error);
    return 1;
}

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name)
{
    void *p;

    inside++;
    p = dlsym(RTLD_NEXT, name);
    inside--;
    return p;
}

/* A call with this kind, arguments and value when it fails. */
#define CALL(kind, failed, type, name, params, args) \
    type name params; \
    type name params \
    { \
        static __typeof__(&name) own; \
        if (fails(kind)) \
            return failed; \
        if (!own) \
            own = REAL(name); \
        return own args; \
    }

void *malloc(size_t n) { return fails(MALLOC) ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return fails(MALLOC) ? NULL : __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return fails(MALLOC) ? NULL : __libc_realloc(p, n); }
void *aligned_alloc(size_t a, size_t n) { return fails(MALLOC) ? NULL : __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n)
{
    if (fails(MALLOC))
        return ENOMEM;
    *p = __libc_memalign(a, n);
    return *p ? 0 : ENOMEM;
}

/* Of files and the standard streams alone: threads wake one another through an eventfd, which never fails. */
static int may_fail(int f)
{
    struct stat s;
    int rc;

    inside++;
    rc = f == STDIN_FILENO || f == STDOUT_FILENO ||
         (f != STDERR_FILENO && fstat(f, &s) == 0 && (S_ISREG(s.st_mode) || S_ISCHR(s.st_mode)));
    inside--;
    return rc;
}

ssize_t read(int f, void *p, size_t n)
{
    static __typeof__(&read) to;

    if (may_fail(f) && fails(READ))
        return -1;
    if (!to)
        to = REAL(read);
    return to(f, p, n);
}
CALL(READ, -1, ssize_t, pread, (int f, void *p, size_t n, off_t o), (f, p, n, o))
CALL(READ, -1, ssize_t, pread64, (int f, void *p, size_t n, off64_t o), (f, p, n, o))
CALL(READ, -1, ssize_t, readv, (int f, const struct iovec *v, int n), (f, v, n))
CALL(READ, NULL, struct dirent *, readdir, (DIR *d), (d))
CALL(READ, NULL, struct dirent64 *, readdir64, (DIR *d), (d))

ssize_t write(int f, const void *p, size_t n)
{
    static __typeof__(&write) to;

    if (may_fail(f) && fails(WRITE))
        return -1;
    if (!to)
        to = REAL(write);
    return to(f, p, n);
}
CALL(WRITE, -1, ssize_t, pwrite, (int f, const void *p, size_t n, off_t o), (f, p, n, o))
CALL(WRITE, -1, ssize_t, pwrite64, (int f, const void *p, size_t n, off64_t o), (f, p, n, o))
CALL(WRITE, -1, int, ftruncate, (int f, off_t n), (f, n))
CALL(WRITE, -1, int, ftruncate64, (int f, off64_t n), (f, n))
CALL(WRITE, atomic_load(&control->error), int, posix_fallocate, (int f, off_t o, off_t n), (f, o, n))
static enum kind sync_of(int f)
{
    struct stat s;
    enum kind kind;

    inside++;
    kind = fstat(f, &s) == 0 && S_ISDIR(s.st_mode) ? DIRSYNC : FSYNC;
    inside--;
    return kind;
}
CALL(sync_of(f), -1, int, fsync, (int f), (f))
CALL(sync_of(f), -1, int, fdatasync, (int f), (f))

#define MODE_CALL(name) \
    int name(const char *p, int flags, ...) \
    { \
        static int (*to)(const char *, int, ...); \
        va_list ap; \
        unsigned mode; \
        va_start(ap, flags); \
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, unsigned) : 0; \
        va_end(ap); \
        if (fails(OPEN)) \
            return -1; \
        if (!to) \
            to = REAL(name); \
        return to(p, flags, mode); \
    }
MODE_CALL(open)
MODE_CALL(open64)
#define MODE_CALL_AT(name) \
    int name(int dir, const char *p, int flags, ...) \
    { \
        static int (*to)(int, const char *, int, ...); \
        va_list ap; \
        unsigned mode; \
        va_start(ap, flags); \
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, unsigned) : 0; \
        va_end(ap); \
        if (fails(OPEN)) \
            return -1; \
        if (!to) \
            to = REAL(name); \
        return to(dir, p, flags, mode); \
    }
MODE_CALL_AT(openat)
MODE_CALL_AT(openat64)
CALL(OPEN, NULL, DIR *, opendir, (const char *p), (p))
CALL(OPEN, -1, int, mkstemp, (char *t), (t))
CALL(OPEN, NULL, char *, mkdtemp, (char *t), (t))

CALL(CONNECT, -1, int, connect, (int f, const struct sockaddr *a, socklen_t n), (f, a, n))
CALL(ACCEPT, -1, int, accept, (int f, struct sockaddr *a, socklen_t *n), (f, a, n))
CALL(ACCEPT, -1, int, accept4, (int f, struct sockaddr *a, socklen_t *n, int o), (f, a, n, o))
CALL(RECV, -1, ssize_t, recv, (int f, void *p, size_t n, int o), (f, p, n, o))
CALL(RECV, -1, ssize_t, recvfrom, (int f, void *p, size_t n, int o, struct sockaddr *a, socklen_t *l), (f, p, n, o, a, l))
CALL(RECV, -1, ssize_t, recvmsg, (int f, struct msghdr *m, int o), (f, m, o))
CALL(SEND, -1, ssize_t, send, (int f, const void *p, size_t n, int o), (f, p, n, o))
CALL(SEND, -1, ssize_t, sendto, (int f, const void *p, size_t n, int o, const struct sockaddr *a, socklen_t l), (f, p, n, o, a, l))
CALL(SEND, -1, ssize_t, sendmsg, (int f, const struct msghdr *m, int o), (f, m, o))
CALL(SEND, -1, ssize_t, writev, (int f, const struct iovec *v, int n), (f, v, n))
CALL(SEND, -1, ssize_t, sendfile, (int f, int from, off_t *o, size_t n), (f, from, o, n))
CALL(SOCKET, -1, int, socket, (int d, int t, int p), (d, t, p))
CALL(SOCKET, -1, int, socketpair, (int d, int t, int p, int s[2]), (d, t, p, s))
CALL(SOCKET, -1, int, bind, (int f, const struct sockaddr *a, socklen_t n), (f, a, n))
CALL(SOCKET, -1, int, listen, (int f, int n), (f, n))
CALL(SOCKET, -1, int, getsockname, (int f, struct sockaddr *a, socklen_t *n), (f, a, n))
CALL(SOCKET, -1, int, getpeername, (int f, struct sockaddr *a, socklen_t *n), (f, a, n))
CALL(SOCKET, -1, int, setsockopt, (int f, int l, int o, const void *p, socklen_t n), (f, l, o, p, n))
CALL(SOCKET, -1, int, getsockopt, (int f, int l, int o, void *p, socklen_t *n), (f, l, o, p, n))
CALL(SOCKET, -1, int, eventfd, (unsigned n, int o), (n, o))
CALL(SOCKET, -1, int, pipe, (int f[2]), (f))
CALL(SOCKET, -1, int, pipe2, (int f[2], int o), (f, o))
CALL(SOCKET, -1, int, epoll_create1, (int o), (o))
CALL(SOCKET, -1, int, epoll_create, (int o), (o))
CALL(POLL, -1, int, epoll_ctl, (int e, int o, int f, struct epoll_event *v), (e, o, f, v))
CALL(POLL, -1, int, epoll_wait, (int e, struct epoll_event *v, int n, int t), (e, v, n, t))
CALL(POLL, -1, int, poll, (struct pollfd *p, nfds_t n, int t), (p, n, t))
CALL(THREAD, EAGAIN, int, pthread_create, (pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x), (t, a, f, x))
CALL(THREAD, -1, pid_t, fork, (void), ())
CALL(MMAP, MAP_FAILED, void *, mmap, (void *a, size_t n, int p, int o, int f, off_t at), (a, n, p, o, f, at))
CALL(MMAP, MAP_FAILED, void *, mmap64, (void *a, size_t n, int p, int o, int f, off64_t at), (a, n, p, o, f, at))
CALL(NAME, -1, int, rename, (const char *a, const char *b), (a, b))
CALL(NAME, -1, int, link, (const char *a, const char *b), (a, b))
CALL(NAME, -1, int, mkdir, (const char *p, mode_t m), (p, m))
CALL(STAT, -1, int, stat, (const char *p, struct stat *s), (p, s))
CALL(STAT, -1, int, stat64, (const char *p, struct stat64 *s), (p, s))
CALL(STAT, -1, int, lstat, (const char *p, struct stat *s), (p, s))
CALL(STAT, -1, int, fstat, (int f, struct stat *s), (f, s))
CALL(STAT, -1, int, fstat64, (int f, struct stat64 *s), (f, s))
CALL(STAT, -1, int, access, (const char *p, int m), (p, m))
CALL(STAT, NULL, char *, realpath, (const char *p, char *to), (p, to))
CALL(LOCK, -1, int, flock, (int f, int o), (f, o))
CALL(RANDOM, -1, ssize_t, getrandom, (void *p, size_t n, unsigned o), (p, n, o))
CALL(RANDOM, -1, int, getentropy, (void *p, size_t n), (p, n))

static int fcntl_any(const char *name, int f, int command, void *argument)
{
    int (*to)(int, int, ...) = (int (*)(int, int, ...))real(name);

    if ((command == F_SETLK || command == F_SETLKW) && fails(LOCK))
        return -1;
    return to(f, command, argument);
}
#define FCNTL(name) \
    int name(int f, int command, ...) \
    { \
        va_list ap; \
        void *argument; \
        va_start(ap, command); \
        argument = va_arg(ap, void *); \
        va_end(ap); \
        return fcntl_any(#name, f, command, argument); \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

/* It is closed all the same, as Linux does. */
int close(int f)
{
    static __typeof__(&close) to;
    int rc;

    if (!to)
        to = REAL(close);
    rc = to(f);
    return rc == 0 && fails(CLOSE) ? -1 : rc;
}

/* ---- the clock ---- */

static int64_t wall_clock_ahead(void)
{
    return control ? atomic_load(&control->clock_ns) : 0;
}

/* ---- stdio: over read and write above ---- */

struct stream {
    FILE *file;
    int fd;
};
static struct stream standard[2];

static ssize_t stream_read(void *s, char *p, size_t n)
{
    return read(((struct stream *)s)->fd, p, n);
}

/* A cookie's write may be short, 0 is an error. */
static ssize_t stream_write(void *s, const char *p, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t rc = write(((struct stream *)s)->fd, p + done, n - done);
        if (rc < 0)
            break;
        done += (size_t)rc;
    }
    return (ssize_t)done;
}

static int stream_seek(void *s, off64_t *at, int whence)
{
    off64_t to = lseek64(((struct stream *)s)->fd, *at, whence);

    if (to < 0)
        return -1;
    *at = to;
    return 0;
}

static int stream_close(void *s)
{
    int rc = close(((struct stream *)s)->fd);

    free(s);
    return rc;
}

static FILE *open_stream(const char *path, const char *mode)
{
    struct stream *s;
    FILE *f;
    int fd;

    if (mode[0] != 'r' || strchr(mode, '+')) /* nobody here writes so */
        return NULL;
    fd = open(path, O_RDONLY | (strchr(mode, 'e') ? O_CLOEXEC : 0));
    if (fd < 0)
        return NULL;
    s = malloc(sizeof(*s));
    if (!s) {
        close(fd);
        return NULL;
    }
    *s = (struct stream){ .fd = fd };
    f = fopencookie(s, "r", (cookie_io_functions_t){ stream_read, stream_write, stream_seek, stream_close });
    if (!f)
        stream_close(s);
    else
        s->file = f;
    return f;
}
FILE *fopen(const char *restrict path, const char *restrict mode) { return open_stream(path, mode); }
FILE *fopen64(const char *restrict path, const char *restrict mode) { return open_stream(path, mode); }

int fileno(FILE *f)
{
    static __typeof__(&fileno) to;

    for (int i = 0; i < 2; i++)
        if (f == standard[i].file)
            return standard[i].fd;
    if (!to)
        to = REAL(fileno);
    return to(f);
}

/* ---- the start ---- */

static void attach(void)
{
    const char *path = getenv("FAULT_CONTROL");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *p, *frames[4];

    if (fd < 0)
        return;
    p = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    trace = getenv("FAULT_TRACE");
    if (trace)
        backtrace(frames, 4); /* loads what it needs */
    standard[0].fd = STDIN_FILENO;
    standard[1].fd = STDOUT_FILENO;
    stdin = standard[0].file = fopencookie(&standard[0], "r", (cookie_io_functions_t){ .read = stream_read });
    stdout = standard[1].file = fopencookie(&standard[1], "w", (cookie_io_functions_t){ .write = stream_write });
    if (isatty(STDOUT_FILENO))
        setvbuf(stdout, NULL, _IOLBF, 0);
    if (p != MAP_FAILED)
        control = p;
}

static int (*program)(int, char **, char **);

static int counted_main(int argc, char **argv, char **environment)
{
    int32_t nobody = 0;

    if (control)
        atomic_compare_exchange_strong(&control->pid, &nobody, getpid());
    return program(argc, argv, environment);
}

int __libc_start_main(int (*entry)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*ldso_fini)(void), void *stack);
int __libc_start_main(int (*entry)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*ldso_fini)(void), void *stack)
{
    __typeof__(&__libc_start_main) to = REAL(__libc_start_main);

    inside++;
    attach();
    inside--;
    program = entry;
    return to(counted_main, argc, argv, init, fini, ldso_fini, stack);
}
