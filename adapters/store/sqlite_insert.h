/* sqlite_insert.h: a new row, whose values are bound one after another and summed on the way
 * (sqlite_sum.h): the SQL function would have each of them copied to it.
 * The statement's parameters are the columns that the checksum is over, in its order, and then the
 * checksum.  What the values point to must stay until insert_end. */
#ifndef ADAPTERS_STORE_SQLITE_INSERT_H
#define ADAPTERS_STORE_SQLITE_INSERT_H

#include "adapters/store/sqlite.h"
#include "adapters/store/sqlite_sum.h"

struct insert {
    struct sqlite *s;
    struct sqlite3_stmt *st;
    struct sum sum;
    int at;      /* the parameter that was bound last */
    bool failed; /* a name could not be had: insert_end says so */
    struct err *err;
};

int insert_start(struct insert *in, struct sqlite *s, enum sql which, enum sum_table table, struct err *err);
void insert_int(struct insert *in, int64_t n);
void insert_int_or_null(struct insert *in, int64_t n); /* NULL when 0 */
void insert_text(struct insert *in, struct slice s);   /* NULL when empty */
void insert_name(struct insert *in, struct slice name);
void insert_within(struct insert *in, struct slice s, struct slice host); /* as bind_within */
int insert_end(struct insert *in); /* 0; -1: *err */

#endif
