/* pg_fill.h: a database that is being filled with rows of a ledger, ids included (pg_import.c). */
#ifndef ADAPTERS_STORE_PG_FILL_H
#define ADAPTERS_STORE_PG_FILL_H

#include "adapters/store/pg_ledger.h"
#include "adapters/store/verify.h"

#define PG_FILL_ROWS 128 /* of one statement; what they count stays below what pg_tally holds */

struct pg_import {
    struct ledger_import base;
    struct pg *s;
    bool copying, last;
    bool first;  /* nothing was filling it before */
    bool marked, done;
    int64_t token; /* says that it is still ours to fill */
    struct ledger_copied *out, nobody;
    struct pg_reading old; /* what is there already */
    struct ledger_row was; /* the next of these */
    bool has_was;
    struct arena batch; /* of what follows */
    enum ledger_table table;
    struct ledger_row rows[PG_FILL_ROWS];
    size_t count;
    int64_t gone[PG_FILL_ROWS]; /* ids of rows that are replaced or removed */
    size_t gone_count;
    int64_t *away; /* clicks that were removed before their turn, for one before them has their offer and ids now; ids ascend */
    size_t away_count;
    size_t tallies; /* rows that wait in `tally` */
    struct store_tally tally[PG_FILL_ROWS];
    bool tallied; /* counts of the source were brought */
};

/* A row has what its table needs, and nothing that contradicts itself.  -1: ERR_INPUT. */
int pg_fill_check(const struct ledger_row *row, struct err *err);
bool pg_fill_is_away(const struct pg_import *im, const struct ledger_row *row);
int pg_fill_remove(struct pg_import *im, struct err *err);
int pg_fill_add(struct pg_import *im, struct err *err); /* what they count as well, unless it is a copy */
struct store_event pg_fill_event(const struct ledger_row *r); /* what counts and keys need */
struct pg_tried {
    int64_t id;
    struct store_attempt attempt;
};
int pg_fill_tally_events(struct pg_import *im, struct err *err);
int pg_import_rows_end(struct pg_import *im, struct err *err); /* every row was put: what is left of the batch and of before */
int pg_fill_tallies_end(struct pg_import *im, struct err *err);
int pg_fill_counts(struct pg_import *im, struct err *err); /* the writer's sums, from the rows */

/* A writer while others are kept out. */
struct store *pg_open_filling(const char *url, struct err *err);

/* Does everything agree?  In the transaction that is under way.  As store_pg_verify. */
int pg_verify(struct pg *s, verify_report *report, void *context, struct verify_result *out, struct err *err);

#endif
