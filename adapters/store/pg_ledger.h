/* pg_ledger.h: rows of the ledger out of a database, one after the other. */
#ifndef ADAPTERS_STORE_PG_LEDGER_H
#define ADAPTERS_STORE_PG_LEDGER_H

#include "adapters/store/ledger.h"
#include "adapters/store/pg.h"

struct pg_reading {
    struct pg *s;
    const struct ledger_filter *filter;
    enum ledger_table table; /* that is being read */
    int64_t after;           /* the last id of the page */
    bool timed;              /* ids without a time in them are done */
    struct pg_rows_read page;
    int at;                  /* in the page */
    bool paged;              /* there is a page */
    struct arena arena;      /* of the last row */
    int64_t rows[LEDGER_TABLES];
};

void pg_reading_start(struct pg_reading *r, struct pg *s, const struct ledger_filter *filter);
void pg_reading_end(struct pg_reading *r);

/* The first line. */
int pg_reading_header(struct pg_reading *r, struct ledger_row *out, struct err *err);
/* The next row of a table, or of one behind it up to `last`, in the order of the file.  1; 0: that was the end.  *out lives until the
 * next call.  Pages are read one by one: in a transaction that sees one moment they are of that moment. */
int pg_reading_next(struct pg_reading *r, enum ledger_table last, struct ledger_row *out, struct err *err);

#endif
