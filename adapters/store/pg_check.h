/* pg_check.h: what the parts of pg_verify share. */
#ifndef ADAPTERS_STORE_PG_CHECK_H
#define ADAPTERS_STORE_PG_CHECK_H

#include "adapters/store/pg_fill.h"

struct pg_check {
    struct pg *s;
    verify_report *report;
    void *context;
    struct verify_result *out;
};

__attribute__((format(printf, 4, 5))) void pg_say(struct pg_check *c, const char *where, int64_t row, const char *fmt, ...);

/* The counts by the hour against the rows that they count. */
int pg_check_hours(struct pg_check *k, struct err *err);

#endif
