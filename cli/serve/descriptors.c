#include <sys/resource.h>

#include "cli/serve/log.h"
#include "cli/serve/server.h"

#define KEPT 400

void descriptors_share(struct http_limits *limits, struct http_limits *admin)
{
    struct rlimit files;
    rlim_t wanted = limits->connections + (rlim_t)KEPT, kept;

    admin->connections = KEPT / 4;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    if (files.rlim_cur < wanted) {
        files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &files) != 0)
            getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur >= wanted)
        return;
    kept = files.rlim_cur / 2 < KEPT ? files.rlim_cur / 2 : KEPT;
    limits->connections = (unsigned)(files.rlim_cur - kept);
    admin->connections = (unsigned)(kept / 4);
    log_line("warning", "msg=\"fewer connections than configured: this process may open %llu files "
                        "(ulimit -n)\" connections=%u",
             (unsigned long long)files.rlim_cur, limits->connections);
}
