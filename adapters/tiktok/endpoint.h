/* endpoint.h: which addresses may get a token. */
#ifndef ADAPTERS_TIKTOK_ENDPOINT_H
#define ADAPTERS_TIKTOK_ENDPOINT_H

#include "core/base/err.h"
#include "core/base/slice.h"

/* https:// anywhere; http:// only for localhost, 127.0.0.0/8 and [::1].  No user name in it. */
int endpoint_check(struct slice endpoint, struct err *err);

#endif
