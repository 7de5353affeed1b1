/* jail.h: what serve gives up before it listens: everything but its own files (adapters/process). */
#ifndef CLI_SERVE_JAIL_H
#define CLI_SERVE_JAIL_H

#include "cli/catalog.h"

struct jail;

/* Before the first secret is read: no core file.  With `open` (for debuggers) nothing is given up,
 * now and later.  NULL: out of memory. */
struct jail *jail_open(bool open);

/* Before the first thread, and when the data folder is there.  Says in the log what is in force. */
void jail_close(struct jail *jail, const struct catalog *catalog);

/* Of a process that only delivers a message by HTTPS: it needs no file but certificates, and no program. */
void jail_courier(void);

/* After a reload: folders that it names, and that can't be read before a restart. */
void jail_explain(const struct jail *jail, const struct catalog *catalog);

void jail_free(struct jail *jail); /* accepts NULL; gives nothing back */

#endif
