#include "adapters/process/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void send_text(const char *text)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t len = name ? strlen(name) : 0;
    int fd;

    if (len < 2 || len >= sizeof(to.sun_path) || (name[0] != '/' && name[0] != '@'))
        return;
    memcpy(to.sun_path, name, len);
    if (name[0] == '@') /* of the abstract name space */
        to.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return;
    (void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&to,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

void notify_ready(const char *status)
{
    char text[200];

    snprintf(text, sizeof(text), "READY=1\nSTATUS=%.150s", status);
    send_text(text);
}

void notify_reloading(void)
{
    struct timespec t;
    char text[80];

    clock_gettime(CLOCK_MONOTONIC, &t);
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
    send_text(text);
}

void notify_stopping(void)
{
    send_text("STOPPING=1");
}

void notify_starting(int64_t ms, const char *status)
{
    char text[240];

    snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%lld\nSTATUS=%.150s", (long long)ms * 1000, status);
    send_text(text);
}

void notify_alive(void)
{
    send_text("WATCHDOG=1");
}

int64_t notify_watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    long long n = usec ? strtoll(usec, NULL, 10) : 0;

    if (n < 1000 || (pid && strtoll(pid, NULL, 10) != (long long)getpid()))
        return 0;
    return n / 1000;
}
