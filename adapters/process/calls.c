/* A list of what is refused, not of what is allowed: the C library, SQLite, OpenSSL and the resolver
 * choose their system calls themselves, and a list of those that they need breaks with their next
 * release.  What is refused here, a server never needs, and an attacker who has taken it over wants:
 * other programs, other processes' memory, the kernel's rarely used doors, other kinds of sockets.
 * It fails with EPERM; nothing is killed. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "adapters/process/internal.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define X32 0x40000000u /* the second set of numbers on x86-64 */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define REFUSE RETURN(SECCOMP_RET_ERRNO | EPERM)
#define IF_EQUAL_REFUSE(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1), REFUSE
/* The low half of args[0] stands first on little endian, which both architectures are. */
#define IF_EQUAL_ALLOW(value)                                                                      \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1), RETURN(SECCOMP_RET_ALLOW)

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET of linux/sched.h */
#define NAMESPACES 0x7e020000u

int confine_calls(void)
{
#ifndef ARCHITECTURE
    return -1;
#else
    struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        REFUSE, /* 32-bit calls have other numbers */
        LOAD(nr),
#if defined(__x86_64__)
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1),
        REFUSE,
#endif
        IF_EQUAL_REFUSE(SYS_execve),
        IF_EQUAL_REFUSE(SYS_execveat),
#ifndef OWN_TRACER
        IF_EQUAL_REFUSE(SYS_ptrace),
#endif
        IF_EQUAL_REFUSE(SYS_process_vm_readv),
        IF_EQUAL_REFUSE(SYS_process_vm_writev),
        IF_EQUAL_REFUSE(SYS_pidfd_getfd),
        IF_EQUAL_REFUSE(SYS_bpf),
        IF_EQUAL_REFUSE(SYS_perf_event_open),
        IF_EQUAL_REFUSE(SYS_userfaultfd),
        IF_EQUAL_REFUSE(SYS_io_uring_setup),
        IF_EQUAL_REFUSE(SYS_keyctl),
        IF_EQUAL_REFUSE(SYS_add_key),
        IF_EQUAL_REFUSE(SYS_request_key),
        IF_EQUAL_REFUSE(SYS_mount),
        IF_EQUAL_REFUSE(SYS_umount2),
        IF_EQUAL_REFUSE(SYS_pivot_root),
        IF_EQUAL_REFUSE(SYS_chroot),
        IF_EQUAL_REFUSE(SYS_unshare),
        IF_EQUAL_REFUSE(SYS_setns),
        IF_EQUAL_REFUSE(SYS_open_by_handle_at),
        IF_EQUAL_REFUSE(SYS_init_module),
        IF_EQUAL_REFUSE(SYS_finit_module),
        IF_EQUAL_REFUSE(SYS_delete_module),
        IF_EQUAL_REFUSE(SYS_kexec_load),
        IF_EQUAL_REFUSE(SYS_kexec_file_load),
        IF_EQUAL_REFUSE(SYS_reboot),
        IF_EQUAL_REFUSE(SYS_swapon),
        IF_EQUAL_REFUSE(SYS_swapoff),
        /* What unshare would give, clone gives as well.  The flags of clone3 lie where no filter can look:
         * whoever is told that there is none, as the C library, uses clone. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        RETURN(SECCOMP_RET_ERRNO | ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
        REFUSE,
        RETURN(SECCOMP_RET_ALLOW),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0),
        RETURN(SECCOMP_RET_ALLOW),
        LOAD(args[0]),
        IF_EQUAL_ALLOW(AF_UNIX),
        IF_EQUAL_ALLOW(AF_INET),
        IF_EQUAL_ALLOW(AF_INET6),
        IF_EQUAL_ALLOW(AF_NETLINK), /* the resolver asks the kernel for its addresses */
        RETURN(SECCOMP_RET_ERRNO | EAFNOSUPPORT),
    };
    struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
#endif
}
