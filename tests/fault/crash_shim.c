#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fault/crash_inside.h"

#define FD_MAX 65536
static unsigned char roles[FD_MAX]; /* enum crash_role by descriptor */
static struct crash_control *control;
static char root[4096]; /* absolute, without a slash at its end */

static const enum crash_kind write_kinds[] = { [CRASH_FILE_LOG] = CRASH_WRITE_LOG,
                                               [CRASH_FILE_DB] = CRASH_WRITE_DB,
                                               [CRASH_FILE_OTHER] = CRASH_WRITE_OTHER,
                                               [CRASH_TO_CLIENT] = CRASH_CLIENT,
                                               [CRASH_TO_UPSTREAM] = CRASH_UPSTREAM };
void *crash_real(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);

    if (!f)
        crash_unknown(name);
    return f;
}

void crash_unknown(const char *what)
{
    fprintf(stderr, "crash_shim: %s: not foreseen\n", what);
    abort();
}

__attribute__((constructor)) static void start(void)
{
    const char *file = getenv("CRASH_CONTROL"), *folder = getenv("CRASH_ROOT");
    const char *journal = getenv("CRASH_JOURNAL"), *side = getenv("CRASH_SIDE");
    int fd;

    if (!file || !folder)
        return;
    fd = REAL(open)(file, O_RDWR | O_CLOEXEC);
    control = REAL(mmap)(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || control == MAP_FAILED || !realpath(folder, root) ||
        (journal && !crash_journal_open(journal, side)))
        crash_unknown("its environment");
    REAL(close)(fd);
}

/* ---- the blow ---- */

enum crash_when crash_strike(enum crash_kind kind)
{
    if (!control)
        return 0;
    __atomic_add_fetch(&control->seen[kind], 1, __ATOMIC_RELAXED);
    if (!(__atomic_load_n(&control->mask, __ATOMIC_RELAXED) >> kind & 1) ||
        __atomic_load_n(&control->left, __ATOMIC_ACQUIRE) <= 0 ||
        __atomic_fetch_sub(&control->left, 1, __ATOMIC_ACQ_REL) != 1)
        return 0;
    control->died = kind + 1;
    return control->when;
}

void crash_die_if(bool now)
{
    if (!now)
        return;
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

enum crash_role crash_role(int fd)
{
    return control && fd >= 0 && fd < FD_MAX ? roles[fd] : CRASH_OTHER;
}

void crash_set_role(int fd, enum crash_role role)
{
    if (control && fd >= FD_MAX)
        crash_unknown("so many descriptors");
    if (control && fd >= 0)
        roles[fd] = (unsigned char)role;
}

bool crash_is_file(int fd)
{
    enum crash_role role = crash_role(fd);

    return role >= CRASH_FILE_LOG && role <= CRASH_FILE_OTHER;
}

struct crash_control *crash_control(void)
{
    return control;
}

const char *crash_root(void)
{
    return root;
}

enum crash_when crash_strike_write(int fd)
{
    return crash_strike(write_kinds[crash_role(fd)]);
}

size_t crash_part(enum crash_when when, size_t n)
{
    return when == CRASH_HALF ? n / 2 : n;
}

/* ---- SQLite, asked for less than the program wants: a control of the tests ---- */

struct sqlite3;
int sqlite3_exec(struct sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                 void *context, char **message);

int sqlite3_exec(struct sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                 void *context, char **message)
{
    static const char wanted[] = "synchronous = FULL", *const given[] = { "", "synchronous = OFF",
                                                                           "synchronous = 1" };
    char *copy = control && control->synchronous ? strdup(sql) : NULL, *at;
    int rc;

    if (copy && (at = strstr(copy, wanted)) != NULL) {
        memset(at, ' ', sizeof(wanted) - 1);
        memcpy(at, given[control->synchronous], strlen(given[control->synchronous]));
    }
    rc = REAL(sqlite3_exec)(db, copy ? copy : sql, row, context, message);
    free(copy);
    return rc;
}
