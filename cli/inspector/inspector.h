/* inspector.h: the page of the admin listener and what it asks for (docs/inspector.md).
 *
 * The listener's thread checks who asks (gate.c) and hands what needs the store to a thread of the
 * inspector's own (clerk.c) with a store handle of its own, so that a slow query holds up neither
 * /livez and /readyz nor intake nor delivery; a third thread feeds the live streams (live.c).  Neither
 * thread nor handle is there before somebody has logged in. */
#ifndef CLI_INSPECTOR_INSPECTOR_H
#define CLI_INSPECTOR_INSPECTOR_H

#include "cli/serve/admin.h"
#include "cli/stores.h"
#include "core/guard/session.h"

#define INSPECTOR_STREAMS 32 /* live views at a time */
#define INSPECTOR_TICKET_S 3600

struct inspector;

struct inspector_settings {
    struct rules_holder *rules;
    struct intake *intake;
    struct admin *admin;
    const struct stores *stores; /* lives longer than the inspector */
};

struct inspector *inspector_open(const struct inspector_settings *settings, struct err *err);

/* Answers every request, also one for what is not there.  The admin listener's thread. */
void inspector_handle(struct inspector *i, struct http_request *http);

/* A text with which a browser may log in for the next INSPECTOR_TICKET_S.  Any thread. */
int inspector_ticket(struct inspector *i, char text[SESSION_TEXT + 1], struct err *err);

/* Before the listener is closed: streams get their `bye`, what waits is answered 503, the threads end.
 * Accepts NULL. */
void inspector_stop(struct inspector *i);

/* After it is closed.  Accepts NULL. */
void inspector_close(struct inspector *i);

#endif
