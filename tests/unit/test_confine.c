/* What a confined process can't do any more, tried in a child of its own; and that threads which begin
 * later are confined, too. */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/process/confine.h"
#include "adapters/process/internal.h"

static char folder[] = "/tmp/clickbaton-confine-XXXXXX", path[200];

static const char *at(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static bool can_open(const char *name, int flags)
{
    int fd = open(at(name), flags | O_CLOEXEC, 0600);

    if (fd != -1)
        close(fd);
    return fd != -1;
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static void *try_in_thread(void *unused)
{
    static const char yes[] = "yes", no[] = "no";
    union {
        const char *in;
        void *out;
    } answer = { .in = can_open("other/new", O_WRONLY | O_CREAT) ? yes : no };

    (void)unused;
    return answer.out;
}

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not so: %s (errno %d)\n", __LINE__, #condition, errno);      \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static void try_files(bool landlock)
{
    pthread_t thread;
    void *answer = NULL;
    char other[200];

    EXPECT(can_open("data/kept", O_RDWR));
    EXPECT(can_open("data/new", O_WRONLY | O_CREAT));
    snprintf(other, sizeof(other), "%s/data/renamed", folder);
    EXPECT(rename(at("data/new"), other) == 0 && unlink(other) == 0);
    EXPECT(mkdir(at("data/sub"), 0700) == 0 && can_open("data/sub/file", O_WRONLY | O_CREAT));
    EXPECT(can_open("rules/file", O_RDONLY));
    EXPECT(can_open("rules/file", O_RDWR) == !landlock);
    EXPECT(can_open("rules/new", O_WRONLY | O_CREAT) == !landlock);
    EXPECT(can_open("other/file", O_RDONLY) == !landlock);
    EXPECT(can_open("other/new", O_WRONLY | O_CREAT) == !landlock);
    EXPECT((unlink(at("rules/file")) == 0) == !landlock);
    EXPECT((truncate(at("other/file"), 0) == 0) == !landlock);
    EXPECT(open("/etc/hosts", O_RDONLY) != -1 && open("/dev/null", O_RDWR) != -1);
    EXPECT(pthread_create(&thread, NULL, try_in_thread, NULL) == 0);
    EXPECT(pthread_join(thread, &answer) == 0);
    EXPECT(strcmp(answer, landlock ? "no" : "yes") == 0);
}

static void in_child(void (*what)(void))
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        what();
        _exit(0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void nothing(void)
{
}

static void try_calls(void)
{
    static char *const words[] = { NULL };
    static const int allowed[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
    static const unsigned long namespaces[] = { CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                                CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET };
    static const int refused[] = { AF_PACKET, 38 /* AF_ALG */, 40 /* AF_VSOCK */, 16 + 13 /* CAN */ };

    EXPECT(execve("/bin/true", words, words) == -1 && errno == EPERM);
    EXPECT(syscall(SYS_execveat, -1, "/bin/true", words, words, 0) == -1 && errno == EPERM);
#ifndef OWN_TRACER
    EXPECT(ptrace(PTRACE_TRACEME, 0, 0, 0) == -1 && errno == EPERM);
#endif
    EXPECT(syscall(SYS_unshare, 0) == -1 && errno == EPERM);
    for (size_t i = 0; i < 7; i++)
        EXPECT(syscall(SYS_clone, namespaces[i] | SIGCHLD, NULL, NULL, NULL, NULL) == -1 && errno == EPERM);
    EXPECT(syscall(435 /* clone3 */, NULL, 0) == -1 && errno == ENOSYS);
    EXPECT(syscall(438 /* pidfd_getfd */, -1, -1, 0) == -1 && errno == EPERM);
    EXPECT(syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 0) == -1 && errno == EPERM);
    in_child(nothing); /* a process and a thread of our own are no namespaces */
    EXPECT(syscall(SYS_bpf, 0, NULL, 0) == -1 && errno == EPERM);
    EXPECT(syscall(425 /* io_uring_setup */, 1, NULL) == -1 && errno == EPERM);
    for (size_t i = 0; i < 4; i++) {
        EXPECT(socket(allowed[i], i < 3 ? SOCK_STREAM : SOCK_RAW, 0) != -1);
        EXPECT(socket(refused[i], SOCK_STREAM, 0) == -1 && errno == EAFNOSUPPORT);
    }
    EXPECT(socket(AF_INET, SOCK_DGRAM, 0) != -1);
}

static void confined(void)
{
    char data[200], rules[200];
    const char *const writable[] = { data, NULL }, *const readable[] = { rules, "/not-there", NULL };
    struct confine_result r;

    snprintf(data, sizeof(data), "%s/data", folder);
    snprintf(rules, sizeof(rules), "%s/rules", folder);
    EXPECT(confine_reads(readable, at("rules")) && confine_reads(readable, at("rules/file")));
    EXPECT(!confine_reads(readable, at("other")) && confine_reads(readable, "/etc/ssl"));
    EXPECT(!confine_reads(readable, at("rules/../other")));
#ifndef OWN_TRACER
    EXPECT(confine_memory() && prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
#endif
    confine_process(writable, readable, &r);
    EXPECT(r.no_new_privileges && r.seccomp);
    EXPECT((r.landlock > 0) == has_landlock());
    try_calls();
    try_files(r.landlock > 0);
}

static void test_confined(void **state)
{
    (void)state;
    in_child(confined);
}

/* Without it all of that works: it is not something else that refuses. */
static void free_process(void)
{
    static char *const words[] = { NULL };

    EXPECT(can_open("other/new", O_WRONLY | O_CREAT));
    EXPECT(can_open("rules/new", O_WRONLY | O_CREAT));
    EXPECT(syscall(SYS_unshare, 0) == 0);
    execve("/bin/true", words, words);
    EXPECT(false);
}

static void test_without(void **state)
{
    (void)state;
    in_child(free_process);
}

static int make_folders(void **state)
{
    static const char *const names[] = { "data", "rules", "other" };

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < 3; i++)
        if (mkdir(at(names[i]), 0700) != 0)
            return -1;
    write_file("data/kept", "kept");
    write_file("rules/file", "rule");
    write_file("other/file", "other");
    return 0;
}

static int remove_folders(void **state)
{
    char command[200];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confined),
        cmocka_unit_test(test_without),
    };

    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
