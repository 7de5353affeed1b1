#define _GNU_SOURCE 1 /* O_PATH, syscall */
#include "adapters/process/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adapters/process/internal.h"

/* Rights by the version of Landlock (ABI) that brought them; the header may be older than the kernel
 * (https://docs.kernel.org/userspace-api/landlock.html). */
#define READ_RIGHTS                                                                                \
    (UINT64_C(1) << 2 /* read a file */ | UINT64_C(1) << 3 /* list a folder */)
#define RIGHTS_1 ((UINT64_C(1) << 13) - 1)
#define RIGHT_REFER (UINT64_C(1) << 13)    /* 2 */
#define RIGHT_TRUNCATE (UINT64_C(1) << 14) /* 3 */
#define RIGHT_IOCTL (UINT64_C(1) << 15)    /* 5 */
#define FILE_RIGHTS                                                                                \
    (UINT64_C(1) << 0 | UINT64_C(1) << 1 | UINT64_C(1) << 2 | RIGHT_TRUNCATE | RIGHT_IOCTL)
#define SCOPE_SIGNAL (UINT64_C(1) << 1) /* 6: no signals to processes outside */

struct ruleset {
    uint64_t files, net, scoped; /* as struct landlock_ruleset_attr of version 6 */
};

/* What libraries read long after the start: the resolver's files, which others replace by new ones;
 * plugins of the resolver and of OpenSSL; certificates; time zones; the number of processors. */
static const char *const system_folders[] = {
    "/etc", "/usr", "/lib", "/lib64", "/bin", "/sbin", "/proc", "/sys/devices/system/cpu", "/dev",
    "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/nscd", "/var/lib/ca-certificates",
    "/nix/store", NULL,
};

bool confine_memory(void)
{
#ifdef OWN_TRACER
    return false;
#else
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
#endif
}

static int landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return version > 0 ? (int)version : 0;
}

static uint64_t rights_of(int version)
{
    return RIGHTS_1 | (version >= 2 ? RIGHT_REFER : 0) | (version >= 3 ? RIGHT_TRUNCATE : 0) |
           (version >= 5 ? RIGHT_IOCTL : 0);
}

static int allow(int ruleset, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = { .allowed_access = rights };
    struct stat st;
    int rc;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd == -1)
        return 0; /* what is not there needs no right */
    if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rule.allowed_access &= FILE_RIGHTS;
    rc = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    return rc;
}

static int allow_all(int ruleset, const char *const *paths, uint64_t rights)
{
    for (; *paths; paths++)
        if (allow(ruleset, *paths, rights) != 0)
            return -1;
    return 0;
}

/* The version in force, 0 when there is none: an old kernel, or one that has it switched off. */
static int lock_files(const char *const *writable, const char *const *readable)
{
    int version = landlock_version(), fd;
    struct ruleset set = { .files = rights_of(version), .scoped = version >= 6 ? SCOPE_SIGNAL : 0 };
    size_t size = version >= 6 ? sizeof(set) : version >= 4 ? offsetof(struct ruleset, scoped)
                                                            : offsetof(struct ruleset, net);
    bool ok;

    if (version == 0)
        return 0;
    fd = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
    if (fd == -1)
        return 0;
    ok = allow_all(fd, system_folders, READ_RIGHTS) == 0 &&
         allow_all(fd, readable, READ_RIGHTS) == 0 &&
         allow_all(fd, writable, set.files & ~(UINT64_C(1) << 0 /* execute */)) == 0 &&
         allow(fd, "/dev/null", (READ_RIGHTS | UINT64_C(1) << 1) & FILE_RIGHTS) == 0 &&
         syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    close(fd);
    return ok ? version : 0;
}

void confine_process(const char *const *writable, const char *const *readable,
                     struct confine_result *result)
{
    *result = (struct confine_result){
        .no_new_privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
        .no_dumps = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0,
    };
    if (!result->no_new_privileges) /* the kernel would refuse the others */
        return;
    result->landlock = lock_files(writable, readable);
    result->seccomp = confine_calls() == 0;
}

static bool is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    while (len > 1 && folder[len - 1] == '/')
        len--;
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0' || len == 1);
}

bool confine_reads(const char *const *readable, const char *path)
{
    const char *const *lists[] = { readable, system_folders };
    char *real = realpath(path, NULL), folder[PATH_MAX];
    bool below = !real && errno != EACCES; /* not there: that is told otherwise */

    for (size_t i = 0; real && i < 2; i++)
        for (const char *const *p = lists[i]; *p && !below; p++)
            below = realpath(*p, folder) && is_below(real, folder);
    free(real);
    return below;
}
