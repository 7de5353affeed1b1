/* message.h: an alert as it is sent: JSON for programs, a subject and some lines for people. */
#ifndef CORE_ALERT_MESSAGE_H
#define CORE_ALERT_MESSAGE_H

#include "core/alert/book.h"

/* {"version":1,"kind":"fired",...}: docs/alerts.md */
void alert_message_json(struct buf *out, const struct alert_message *m);

/* One line without control characters; and lines with the first action. */
void alert_message_subject(struct buf *out, const struct alert_message *m);
void alert_message_text(struct buf *out, const struct alert_message *m);

/* {"id","code",...}: as /api/alerts and `alert list --json` have it. */
void alert_entry_json(struct buf *out, const struct alert_entry *e);

#endif
