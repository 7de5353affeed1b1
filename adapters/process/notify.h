/* notify.h: what systemd wants to know of a service of Type=notify (sd_notify(3), without its
 * library): one datagram to the socket that $NOTIFY_SOCKET names.  Without one nothing happens. */
#ifndef ADAPTERS_PROCESS_NOTIFY_H
#define ADAPTERS_PROCESS_NOTIFY_H

#include <stdint.h>

void notify_ready(const char *status); /* also after a reload */
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void); /* WATCHDOG=1 */

/* The start takes longer than TimeoutStartSec may allow: it goes on as long as the next such message comes within
 * `ms` (EXTEND_TIMEOUT_USEC).  status: what it is at. */
void notify_starting(int64_t ms, const char *status);

/* How often notify_alive is expected, in milliseconds; 0: not at all ($WATCHDOG_USEC). */
int64_t notify_watchdog_ms(void);

#endif
