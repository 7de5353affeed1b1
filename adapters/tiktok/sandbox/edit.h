/* edit.h: changes to one event's JSON, which sandbox_check has approved. */
#ifndef ADAPTERS_TIKTOK_SANDBOX_EDIT_H
#define ADAPTERS_TIKTOK_SANDBOX_EDIT_H

#include "core/base/buf.h"

/* All append to out and give false, with nothing appended, when there is nothing to change or no
 * memory. */

/* first with the fields that only later has, at any depth of objects. */
bool sandbox_edit_merge(struct slice first, struct slice later, struct buf *out);
/* event under another name. */
bool sandbox_edit_rename(struct slice event, struct slice name, struct buf *out);
/* The same with line ends and indentation. */
bool sandbox_edit_pretty(struct slice json, struct buf *out);

#endif
