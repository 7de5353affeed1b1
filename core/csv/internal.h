/* internal.h: inside of core/csv only. */
#ifndef CORE_CSV_INTERNAL_H
#define CORE_CSV_INTERNAL_H

#include "core/base/buf.h"
#include "core/csv/csv.h"

#define HEAD 16 /* bytes that tell marks and foreign files; the longest of these names is a database's */

struct csv {
    struct csv_use use;
    enum csv_encoding encoding;
    char separator;
    bool head_seen, separator_seen;
    bool foreign_told; /* bytes of another encoding: once is enough */
    struct buf text;   /* UTF-8 that is not yet read; begins at a record */
    uint32_t line;     /* of its first byte */
    unsigned char cut[HEAD]; /* bytes of a character, or of the file's head, that the piece cut */
    size_t cut_len;
    uint16_t surrogate; /* of UTF-16, waiting for its second half */
    size_t count;
    struct csv_cell cells[CSV_CELLS_MAX];
    bool doubled[CSV_CELLS_MAX]; /* has doubled quotes */
    struct buf plain;            /* cells without them */
};

/* bytes to the end of c->text, as UTF-8.  -1: F031. */
int csv_decode(struct csv *c, struct slice bytes, bool last, struct err *err);
void csv_tell(struct csv *c, const char *code, uint32_t line, uint32_t col, const char *text);

#endif
