/* clicks.h: a click between the store's words and core's. */
#ifndef CLI_CLICKS_H
#define CLI_CLICKS_H

#include "adapters/store/store.h"
#include "core/record/record.h"

void clicks_from_store(const struct store_click *found, struct click *out);
void clicks_to_store(const struct click *click, struct store_click *out); /* its fields and time */

#endif
