#include "cli/serve/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/slice.h"

/* proc(5): the second number of statm is the resident size, in pages. */
static uint64_t resident(void)
{
    char text[128];
    struct slice rest, word;
    uint64_t pages = 0;
    ssize_t n;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

    if (fd == -1)
        return 0;
    n = read(fd, text, sizeof(text));
    close(fd);
    rest = (struct slice){ text, n > 0 ? (size_t)n : 0 };
    if (!slice_next(&rest, ' ', &word) || !slice_next(&rest, ' ', &word) ||
        !slice_to_u64(word, &pages))
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    uint64_t n = 0;

    if (!d)
        return 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n - 1; /* without the one that looks */
}

void process_look(struct process_figures *out)
{
    struct rusage used;
    struct rlimit files;

    memset(out, 0, sizeof(*out));
    if (getrusage(RUSAGE_SELF, &used) == 0)
        out->cpu_us = ((int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
                      used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    out->resident_bytes = resident();
    out->open_fds = open_files();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        out->max_fds = files.rlim_cur;
}

#define LARGE_BLOCK (128 * 1024) /* where the C library begins */
#define SPARE_MOST (512 * 1024)  /* of a thread, beside its blocks: connections come and go */

void process_give_back(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    mallopt(M_TRIM_THRESHOLD, SPARE_MOST);
#endif
}
