/* alerts.h: the server's alerts: once a minute it looks at the hourly counts and at itself (core/alert), and has the
 * courier (adapters/alert) tell what is wrong, what still is, and what is over.  The inspector, /metrics and
 * /readyz ask here.  Whatever happens here, neither intake nor delivery waits for it. */
#ifndef CLI_SERVE_ALERTS_H
#define CLI_SERVE_ALERTS_H

#include "adapters/alert/courier.h"
#include "adapters/store/store.h"
#include "cli/serve/rules.h"
#include "core/alert/rules.h"
#include "core/base/buf.h"

struct admin;
struct alerts;

/* Fork the courier: first of all, before a secret is read, a file or the store is open, or a thread runs.  confine:
 * see courier.h.  NULL: there is none, and the log says so. */
struct courier *alerts_fork(void (*confine)(void));

/* Takes the courier over (NULL: none), tells it the receivers of the catalog in force, reads DATA/alerts.  NULL and
 * *err. */
struct alerts *alerts_open(struct courier *courier, struct rules_holder *rules, struct err *err);

/* Of the main thread, at every tick; when a second has gone by it reads a little, and once a minute it looks.  What
 * the server knows of itself comes from admin (its lock is taken for a moment). */
void alerts_tick(struct alerts *a, struct store *reader, struct admin *admin, bool second);

/* ---- any thread; a NULL: there are none ---- */

/* {"active":[...],"history":[...],"receivers":[...]}: docs/alerts.md.  fresh: has a look made first (waits two
 * seconds for it at most, so not on a thread that others wait for). */
void alerts_json(struct alerts *a, bool fresh, struct buf *out);

/* Each alert that fires: "A001 nutra-de: no Purchase for ...". */
void alerts_each(struct alerts *a, void (*each)(void *context, const char *text), void *context);

/* How many of each rule fire now. */
void alerts_count(struct alerts *a, unsigned firing[ALERT_RULES]);

/* What reconcile has found: {"offer":"nutra-de","with":"crm","theirs":120,"ours":100}.  ERR_INPUT otherwise. */
int alerts_fact(struct alerts *a, struct slice json, struct err *err);

/* A test message to every receiver; out gets {"id":N,"receivers":N}, and alerts_json tells what came of it. */
int alerts_test(struct alerts *a, struct buf *out, struct err *err);

/* Before the end; the courier gets two seconds for what waits.  Accepts NULL. */
void alerts_close(struct alerts *a);

#endif
