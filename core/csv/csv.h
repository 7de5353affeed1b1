/* csv.h: tables as trackers, CRMs and spreadsheets export them, read a piece at a time.
 *
 * Encoding (UTF-8 with or without its mark, UTF-16, Windows-1252, Windows-1251) and separator
 * (, ; tab |) are found out; a first line "sep=;" is believed.  Cells in quotes may hold separators,
 * line ends and doubled quotes (RFC 4180).  A quote that is never closed is told and taken for a letter,
 * so that it spoils one row and not the rest of the file.  Memory is bounded by CSV_RECORD_MAX. */
#ifndef CORE_CSV_CSV_H
#define CORE_CSV_CSV_H

#include "core/base/err.h"
#include "core/base/slice.h"

#define CSV_RECORD_MAX ((size_t)1 << 20) /* bytes of one record, as UTF-8 */
#define CSV_CELLS_MAX  512               /* of one record */

/* What an error's text begins with. */
#define CSV_NO_TEXT  "F031"
#define CSV_TOO_LONG "F035"

enum csv_encoding { CSV_UNKNOWN, CSV_UTF8, CSV_UTF16LE, CSV_UTF16BE, CSV_WINDOWS_1252,
                    CSV_WINDOWS_1251 };
extern const char *const csv_encoding_names[]; /* in that order; ended by NULL */
bool csv_encoding_named(struct slice name, enum csv_encoding *out); /* letters and digits count */

struct csv_cell {
    struct slice text;  /* UTF-8, without its quotes and blanks around it; for the visit only */
    uint32_t line, col; /* from 1; col counts characters */
};

struct csv_row {
    const struct csv_cell *cells;
    size_t count; /* at least 1; lines without anything are left out */
    uint32_t line;
};

/* What the rows go to.  -1 ends the reading with *err. */
typedef int csv_visit(void *context, const struct csv_row *row, struct err *err);
/* What was mended on the way: code F034 (quotes), F039 (bytes of another encoding). */
typedef void csv_flaw(void *context, const char *code, uint32_t line, uint32_t col,
                      const char *text);

struct csv_use {
    csv_visit *visit;
    csv_flaw *flaw; /* or NULL */
    void *context;
    enum csv_encoding encoding; /* CSV_UNKNOWN: find out */
    char separator;             /* 0: find out */
};

struct csv;
struct csv *csv_new(const struct csv_use *use); /* NULL: out of memory */
void csv_free(struct csv *c);                   /* accepts NULL */

/* The next piece; `last` with the file's last one (which may be empty).  0.  -1: *err begins with the
 * code: CSV_NO_TEXT, CSV_TOO_LONG: a record or its number of cells past the limit; or what visit said. */
int csv_feed(struct csv *c, struct slice bytes, bool last, struct err *err);

enum csv_encoding csv_encoding(const struct csv *c); /* CSV_UNKNOWN: nothing but ASCII so far */
char csv_separator(const struct csv *c);

/* ---- decode.c ---- */

/* What a file begins with when it is none ("a spreadsheet (.xlsx) ..."); NULL otherwise. */
const char *csv_foreign(struct slice head);

/* By the first bytes; *skip is the length of its mark. */
enum csv_encoding csv_encoding_of_head(struct slice head, size_t *skip);
/* Of 8-bit text that is no UTF-8. */
enum csv_encoding csv_encoding_of_letters(struct slice text);
/* A byte of an 8-bit encoding as a code point. */
uint32_t csv_code_point(enum csv_encoding encoding, unsigned char byte);

#endif
