/* clock.c: for LD_PRELOAD: the wall clock of a program is wrong by as many nanoseconds as CLOCK_FILE has in its first eight bytes,
 * which may change while it runs; its children's, too. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fault/wall_clock.h"

static const _Atomic int64_t *ahead;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CLOCK_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    if (p != MAP_FAILED)
        ahead = p;
}

static int64_t wall_clock_ahead(void)
{
    return ahead ? atomic_load(ahead) : 0;
}
