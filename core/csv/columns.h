/* columns.h: which column of an export is what, by its header. */
#ifndef CORE_CSV_COLUMNS_H
#define CORE_CSV_COLUMNS_H

#include "core/base/buf.h"
#include "core/csv/csv.h"

enum column {
    COLUMN_CLICK_ID, /* the tracker's */
    COLUMN_TXID,     /* transaction or order id */
    COLUMN_STATUS,   /* status, or type of the conversion */
    COLUMN_AMOUNT,
    COLUMN_CURRENCY,
    COLUMN_TIME,     /* of the conversion or of its postback, never of the click */
    COLUMN_OFFER,
    COLUMN_EMAIL,
    COLUMN_PHONE,
    COLUMNS
};
extern const char *const column_names[]; /* "click_id"..., as --columns takes them; ended by NULL */

/* Where a header is known from. */
enum column_mark {
    COLUMN_CODE,  /* public code that reads such files or the vendor's API */
    COLUMN_GUESS, /* from the tracker's own words elsewhere (macros, reports) */
};
struct column_row {
    enum column column;
    const char *header; /* letters and digits, lower case */
    const char *trackers; /* who writes so; "" anybody */
    enum column_mark mark;
};
extern const struct column_row column_rows[]; /* the first that is there wins; ended by a NULL header */

struct columns {
    int at[COLUMNS]; /* index of the cell; -1: none */
    size_t count;    /* of cells in the header */
};

/* said: "click_id=Sub ID 1,txid=Order, no.", or empty; a name may be a number from 1.  "time=" takes a column
 * away.  0.  -1: text into problem, code F032 (what is needed is not there) or F038 (said is wrong),
 * with the columns that were found.  needed: bits of enum column, one of which must be there. */
int columns_find(const struct csv_row *header, struct slice said, unsigned needed,
                 struct columns *out, const char **code, struct buf *problem);

/* Letters and digits of a header in lower case, what is not ASCII as it is; at most `room` bytes. */
struct slice columns_plain(struct slice header, char *to, size_t room);

#endif
