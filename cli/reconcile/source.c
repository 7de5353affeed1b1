/* source.c: one exported file, read twice: its first rows for how it writes dates and amounts, then all of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/reconcile/reconcile.h"
#include "cli/show.h"
#include "core/base/codes.h"
#include "core/identity/identity.h"
#include "core/params/params.h"

#define NO_ROWS "F030"
#define CHUNK       ((size_t)256 << 10)
#define SURVEY_ROWS 50000
#define PERSON_BYTES ((size_t)64 << 10)
#define NEEDS_TRACKER (1u << COLUMN_CLICK_ID | 1u << COLUMN_TXID)
#define NEEDS_CRM     (NEEDS_TRACKER | 1u << COLUMN_EMAIL | 1u << COLUMN_PHONE)

struct reading {
    struct recon_source *s;
    struct arena *arena; /* of flaws */
    struct arena person; /* of one row */
    struct recon *recon; /* NULL: the survey */
    struct identity_hasher *hasher;
    bool headed, enough;
    char currency[4];
};

void source_flaw(struct recon_source *s, struct arena *arena, const char *code, uint32_t line,
                 uint32_t col, const char *fmt, ...)
{
    va_list ap;
    size_t i = 0;

    while (i < FLAW_KINDS - 1 && s->kinds[i].code && strcmp(s->kinds[i].code, code) != 0)
        i++;
    s->kinds[i].code = code;
    s->kinds[i].n++;
    if (s->flaw_count == FLAWS_MAX)
        return;
    va_start(ap, fmt);
    s->flaws[s->flaw_count++] = (struct flaw){ code, line, col, arena_vprintf(arena, fmt, ap) };
    va_end(ap);
}

void source_columns(struct buf *out, const struct recon_source *s)
{
    for (int i = 0; i < COLUMNS; i++)
        if (s->columns.at[i] >= 0) {
            buf_printf(out, " %s=\"", column_names[i]);
            show_safe(out, s->headers[i]);
            buf_byte(out, '"');
        }
}

/* ---- one row ---- */

static struct slice cell_of(const struct reading *r, const struct csv_row *row, enum column column)
{
    int at = r->s->columns.at[column];
    struct slice s = at >= 0 && (size_t)at < row->count ? row->cells[at].text : (struct slice){ 0 };

    return slice_eq(s, S("-")) || (s.len && params_unusable(s)) ? (struct slice){ 0 } : s;
}

static const struct csv_cell *place_of(const struct reading *r, const struct csv_row *row,
                                       enum column column)
{
    int at = r->s->columns.at[column];

    return &row->cells[at >= 0 && (size_t)at < row->count ? at : 0];
}

static void flaw_at(struct reading *r, const char *code, const struct csv_cell *at,
                    const char *what)
{
    source_flaw(r->s, r->arena, code, at->line, at->col, "\"%.*s\" %s",
                (int)(at->text.len > 60 ? 60 : at->text.len), slice_bytes(at->text), what);
}

static void take_amount(struct reading *r, const struct csv_row *row, struct recon_row *out)
{
    struct slice text = cell_of(r, row, COLUMN_AMOUNT), said = { 0 };
    struct slice currency = cell_of(r, row, COLUMN_CURRENCY);
    enum cells_result result = cells_amount(text, &r->s->habits, &out->amount, &said);

    out->has_amount = result == CELLS_OK;
    if (r->recon && result == CELLS_BAD)
        flaw_at(r, "F036", place_of(r, row, COLUMN_AMOUNT), "is no amount");
    if (r->recon && result == CELLS_AMBIGUOUS)
        flaw_at(r, "F036", place_of(r, row, COLUMN_AMOUNT),
                "has two readings: say --decimal point or comma");
    if (currency.len == 0)
        currency = said.len ? said : r->s->currency;
    for (size_t i = 0; currency.len == 3 && i < 3; i++) {
        r->currency[i] = ascii_upper(currency.ptr[i]);
        if (!ascii_is_alpha(currency.ptr[i]))
            currency.len = 0;
    }
    out->currency = currency.len == 3 ? (struct slice){ r->currency, 3 } : (struct slice){ 0 };
}

static void take_time(struct reading *r, const struct csv_row *row, struct recon_row *out)
{
    struct cells_time t;
    enum cells_result result = cells_moment(cell_of(r, row, COLUMN_TIME), &r->s->habits, &t);
    bool again = false;

    if (r->recon && result == CELLS_BAD)
        flaw_at(r, "F037", place_of(r, row, COLUMN_TIME), "is no time");
    if (r->recon && result == CELLS_AMBIGUOUS)
        flaw_at(r, "F037", place_of(r, row, COLUMN_TIME),
                "has two readings: say --dates dmy or mdy");
    if (result != CELLS_OK)
        return;
    out->has_time = true;
    out->zoned = t.zoned;
    out->no_clock = t.no_clock;
    out->at = t.zoned ? t.seconds : zone_moment(r->s->zone, t.seconds, &again);
    r->s->twice_shown += again && !t.no_clock;
    if (!r->s->oldest || out->at < r->s->oldest)
        r->s->oldest = out->at;
    if (out->at > r->s->newest)
        r->s->newest = out->at;
}

static struct slice person(struct reading *r, const struct csv_row *row, enum column column,
                           enum identity_kind kind)
{
    struct slice out = { 0 }, text = cell_of(r, row, column);
    const char *why;

    if (!r->recon) /* the survey asks only whether there is one */
        return text;
    if (text.len)
        identity_prepare(r->hasher, &r->person, kind, text, r->s->country, &out, &why);
    return out;
}

/* As many cells as the header has; empty ones behind do not count. */
static bool whole(struct reading *r, const struct csv_row *row)
{
    size_t n = row->count;

    while (n > r->s->columns.count && row->cells[n - 1].text.len == 0)
        n--;
    if (n == r->s->columns.count)
        return true;
    if (r->recon)
        source_flaw(r->s, r->arena, "F033", row->line, 1, "this row has %zu columns, the first one %zu",
                    row->count, r->s->columns.count);
    return false;
}

static int take_row(struct reading *r, const struct csv_row *row, struct err *err)
{
    struct recon_row out = { .line = row->line };

    r->s->rows++;
    if (!whole(r, row)) {
        r->s->skipped++;
        return 0;
    }
    arena_reset(&r->person);
    out.click_id = cell_of(r, row, COLUMN_CLICK_ID);
    out.txid = cell_of(r, row, COLUMN_TXID);
    out.status = cell_of(r, row, COLUMN_STATUS);
    out.offer = cell_of(r, row, COLUMN_OFFER);
    if (r->s->side == SIDE_CRM) {
        out.email = person(r, row, COLUMN_EMAIL, IDENTITY_EMAIL);
        out.phone = person(r, row, COLUMN_PHONE, IDENTITY_PHONE);
    }
    if (!out.click_id.len && !out.txid.len && !out.email.len && !out.phone.len) {
        if (r->recon)
            source_flaw(r->s, r->arena, "F040", row->line, 1, "this row has no id");
        r->s->skipped++;
        return 0;
    }
    take_amount(r, row, &out);
    take_time(r, row, &out);
    if (!r->recon)
        return 0;
    return r->s->side == SIDE_CRM ? recon_add_crm(r->recon, &out, err)
                                  : recon_add_tracker(r->recon, &out, err);
}

/* ---- the header ---- */

static unsigned same_header(const struct csv_row *row, size_t at)
{
    for (size_t i = at + 1; i < row->count; i++)
        if (slice_eq_nocase(row->cells[i].text, row->cells[at].text))
            return (unsigned)i + 1;
    return 0;
}

static int take_header(struct reading *r, const struct csv_row *row, struct err *err)
{
    struct buf problem = { 0 };
    const char *code;
    int rc = columns_find(row, slice_from(r->s->columns_said),
                          r->s->side == SIDE_CRM ? NEEDS_CRM : NEEDS_TRACKER, &r->s->columns, &code,
                          &problem);

    r->headed = true;
    if (rc != 0) {
        err_set(err, ERR_INPUT, "%s: %.*s", code, SLICE_ARG(buf_slice(&problem)));
        r->s->problem = arena_dup(r->arena, buf_slice(&problem));
    }
    buf_free(&problem);
    for (int i = 0; rc == 0 && i < COLUMNS; i++)
        if (r->s->columns.at[i] >= 0) {
            r->s->headers[i] = arena_dup(r->arena, row->cells[r->s->columns.at[i]].text);
            r->s->same[i] = same_header(row, (size_t)r->s->columns.at[i]);
        }
    return rc;
}

static int visit(void *context, const struct csv_row *row, struct err *err)
{
    struct reading *r = context;

    if (!r->headed)
        return take_header(r, row, err);
    if (!r->recon && r->s->rows == SURVEY_ROWS) {
        r->enough = true;
        return err_set(err, ERR_NONE, "enough");
    }
    return take_row(r, row, err);
}

static void mended(void *context, const char *code, uint32_t line, uint32_t col, const char *text)
{
    struct reading *r = context;

    if (r->recon)
        source_flaw(r->s, r->arena, code, line, col, "%s", text);
}

/* ---- the file ---- */

static int open_file(const struct recon_source *s, struct err *err)
{
    struct stat st;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "%s", strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(err, ERR_SYSTEM, "%s",
                       S_ISDIR(st.st_mode) ? "this is a folder: name the CSV file in it"
                                           : "this is no regular file");
    }
    return fd;
}

static int feed(struct csv *csv, int fd, struct reading *r, struct err *err)
{
    char *chunk = malloc(CHUNK);
    int rc = chunk ? 0 : err_set(err, ERR_SYSTEM, "out of memory");
    ssize_t n = 1;

    while (rc == 0 && n > 0) {
        do
            n = read(fd, chunk, CHUNK);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            rc = err_set(err, ERR_SYSTEM, "%s", strerror(errno));
        else
            rc = csv_feed(csv, (struct slice){ chunk, (size_t)n }, n == 0, err);
    }
    free(chunk);
    return r->enough ? 0 : rc;
}

static int complain(const struct recon_source *s, const struct err *err)
{
    const char *text = err->text;
    bool coded = text[0] == 'F' && strlen(text) > 5 && text[4] == ':';
    const char code[] = { text[0], coded ? text[1] : '\0', coded ? text[2] : '\0', coded ? text[3] : '\0', '\0' };
    const struct code *known = coded ? code_find(code) : NULL;
    struct buf out = { 0 };

    buf_puts(&out, coded ? "" : "clickbaton reconcile: ");
    show_safe(&out, slice_from(s->path));
    if (coded)
        buf_printf(&out, ": error[%.4s]", text);
    buf_puts(&out, ": ");
    show_safe(&out, !coded ? slice_from(text) : s->problem.len ? s->problem : slice_from(text + 6));
    if (known)
        buf_printf(&out, "\n  %s", known->remedy);
    fprintf(stderr, "%.*s\n", SLICE_ARG(buf_slice(&out)));
    buf_free(&out);
    return err->kind == ERR_INPUT ? EXIT_CONFIG : EXIT_IO;
}

static int read_all(struct reading *r, struct err *err)
{
    struct recon_source *s = r->s;
    const struct csv_use use = { visit, mended, r, s->encoding, s->separator };
    struct csv *csv = csv_new(&use);
    int fd = open_file(s, err), rc = fd < 0 ? -1 : 0;

    arena_init(&r->person, PERSON_BYTES);
    if (rc == 0 && !csv)
        rc = err_set(err, ERR_SYSTEM, "out of memory");
    if (rc == 0)
        rc = feed(csv, fd, r, err);
    if (rc == 0 && !r->headed)
        rc = err_set(err, ERR_INPUT, NO_ROWS ": the file is empty");
    if (rc == 0) {
        s->encoding = csv_encoding(csv);
        s->separator = csv_separator(csv);
    }
    csv_free(csv);
    arena_free(&r->person);
    if (fd >= 0)
        close(fd);
    return rc;
}

int source_survey(struct recon_source *s, struct arena *arena)
{
    struct reading r = { .s = s, .arena = arena };
    struct cells_habits said = s->habits;
    struct err err = { 0 };
    int rc = read_all(&r, &err);

    if (rc == 0 && s->rows == 0)
        rc = err_set(&err, ERR_INPUT, NO_ROWS ": there is no row below the header");
    if (rc != 0)
        return complain(s, &err);
    cells_learn(&s->habits);
    said.mark = s->habits.mark;
    said.order = s->habits.order;
    s->habits = said;
    s->rows = s->skipped = s->twice_shown = 0;
    s->oldest = s->newest = 0;
    return EXIT_DONE;
}

static void nothing_compared(const struct recon_source *s, uint64_t unread)
{
    struct buf out = { 0 };

    show_safe(&out, slice_from(s->path));
    buf_printf(&out, ": %llu of %llu rows can't be read: nothing was compared; the columns that were taken:",
               (unsigned long long)unread, (unsigned long long)s->rows);
    source_columns(&out, s);
    fprintf(stderr, "clickbaton reconcile: %.*s\n  are these the right ones? --columns names others\n", SLICE_ARG(buf_slice(&out)));
    buf_free(&out);
}

int source_read(struct recon_source *s, struct recon *recon, struct arena *arena,
                struct identity_hasher *hasher)
{
    struct reading r = { .s = s, .arena = arena, .recon = recon, .hasher = hasher };
    struct err err = { 0 };
    uint64_t unread;
    enum csv_encoding found = s->encoding;

    if (found == CSV_UNKNOWN || found == CSV_UTF8) /* its mark, or letters further on, may say more */
        s->encoding = CSV_UNKNOWN;
    if (read_all(&r, &err) != 0)
        return complain(s, &err);
    unread = s->skipped;
    for (size_t i = 0; i < FLAW_KINDS && s->kinds[i].code; i++)
        if (strcmp(s->kinds[i].code, "F037") == 0)
            unread += s->kinds[i].n;
    if (unread * 10 <= s->rows)
        return EXIT_DONE;
    for (size_t i = 0; i < s->flaw_count; i++) {
        struct buf out = { 0 };
        show_safe(&out, s->flaws[i].text);
        fprintf(stderr, "%s:%u:%u: error[%s]: %.*s\n", s->path, s->flaws[i].line, s->flaws[i].col,
                s->flaws[i].code, SLICE_ARG(buf_slice(&out)));
        buf_free(&out);
    }
    nothing_compared(s, unread);
    return EXIT_CONFIG;
}
