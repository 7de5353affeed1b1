/* reconcile.h: inside of `clickbaton reconcile`. */
#ifndef CLI_RECONCILE_RECONCILE_H
#define CLI_RECONCILE_RECONCILE_H

#include "adapters/store/store.h"
#include "cli/catalog.h"
#include "cli/cli.h"
#include "cli/zones.h"
#include "core/csv/cells.h"
#include "core/csv/columns.h"
#include "core/csv/csv.h"
#include "core/reconcile/reconcile.h"

#define FLAWS_MAX 20 /* of one file, that are told with their place */

struct flaw {
    const char *code;
    uint32_t line, col;
    struct slice text;
};
struct flaw_count {
    const char *code;
    uint64_t n;
};
#define FLAW_KINDS 12

/* One file: what is known of it before, and what was found. */
struct recon_source {
    const char *path, *columns_said, *zone_name;
    enum side side;
    const struct zone *zone;
    struct slice currency; /* of amounts that name none; may be empty */
    struct slice country;  /* of phone numbers */
    enum csv_encoding encoding; /* as said, then as found */
    char separator;
    struct cells_habits habits;
    struct columns columns;
    struct slice headers[COLUMNS]; /* of the columns that were found */
    unsigned same[COLUMNS]; /* number, from 1, of another one behind it with the same header; 0: none */
    uint64_t rows, skipped, twice_shown; /* twice_shown: times of the hour that clocks show twice */
    int64_t oldest, newest;             /* Unix seconds; 0: no times */
    struct slice problem; /* with the header, in full */
    struct flaw flaws[FLAWS_MAX];
    size_t flaw_count;
    struct flaw_count kinds[FLAW_KINDS];
};

/* A fact for the server: of the conversions that should have come by the file, how many clickbaton has. */
struct recon_told {
    struct slice offer;
    enum side with;
    uint64_t theirs, ours;
    bool done;
    struct slice error; /* why not */
};

struct recon_report {
    struct arena *arena;
    const char *zone_name; /* of the days */
    const struct zone *zone;
    int64_t since, until, now, window, first; /* Unix seconds; first: of the oldest postback, 0: none */
    struct money tolerance;            /* percent */
    struct slice offer, target;
    uint64_t seed;
    struct recon_source *tracker, *crm; /* crm NULL: none */
    struct recon *recon;
    struct recon_result result;
    struct store *store;
    /* What decides, in millionths of a percent; -1: nothing to compare. */
    int64_t gap_tracker, gap_crm, surplus, drift;
    bool past;
    bool tells; /* --tell */
    struct recon_told *told;
    size_t told_count;
    uint64_t untold; /* rows of no offer that is known */
    struct err unread; /* the first row that could not be read while the report was written: there is none then */
};

/* ---- source.c ---- */

/* The header and the habits of a file.  EXIT_DONE, EXIT_CONFIG or EXIT_IO after a sentence on stderr. */
int source_survey(struct recon_source *s, struct arena *arena);
/* Every row into recon. */
int source_read(struct recon_source *s, struct recon *recon, struct arena *arena,
                struct identity_hasher *hasher);
void source_columns(struct buf *out, const struct recon_source *s); /* " click_id=\"Sub ID\" txid=..." */
void source_flaw(struct recon_source *s, struct arena *arena, const char *code, uint32_t line,
                 uint32_t col, const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* ---- ledger.c ---- */
int ledger_load(struct recon_report *r, bool emails, bool phones, struct err *err);
/* What a running server has refused since it started goes to the causes; none need run. */
int ledger_refused(struct recon_report *r, const char *data, struct err *err);
/* The id to trace a postback by; empty: it is gone. */
struct slice ledger_id(struct recon_report *r, int64_t postback);
/* What TikTok said to the events of a postback: "Purchase delivered: http 200, code 0". */
struct slice ledger_answer(struct recon_report *r, const struct recon_sample *s);

/* ---- tell.c ---- */

/* What the comparison has found, to the running server, offer by offer (the catalog's); what came of it is in
 * r->told.  false after a sentence on stderr: not all of it was told. */
bool recon_tell_server(struct recon_report *r, const struct catalog *c);
void recon_told_text(struct buf *out, const struct recon_report *r);
void recon_told_json(struct buf *out, const struct recon_report *r);

/* ---- show.c, json.c, html.c ---- */
void recon_text(struct buf *out, struct recon_report *r);
void recon_json(struct buf *out, struct recon_report *r);
void recon_html(struct buf *out, struct recon_report *r);
/* The id of an example that `trace` knows; empty: none may be shown. */
struct slice recon_example_id(struct recon_report *r, const struct recon_example *e);
void recon_percent(struct buf *out, int64_t millionths); /* "-2.85 %" */
void recon_day_name(struct buf *out, int32_t day);       /* 2026-11-26, or "no time" */

#endif
