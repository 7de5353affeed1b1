/* pg_days.c: postbacks, events, tries and attempts lie in tables of some days each, which are dropped whole.
 *
 * Ids hold their time, so ranges of ids are days and the keys need no other column.  Ids that are counted (tests, what
 * came from SQLite) are below the first day; they have a table of their own.  There is no default partition: with one,
 * each new day would need it for itself, and a long read of all (an export) would hold up every server.  A day's table is
 * made on the day before, and if it is not there, before the first id of the day is given.
 *
 * How many days a table has: what is found by anything but an id is looked for in all of them, each with its indexes, and
 * a new connection reads the catalog of each first.  So there are some fifteen, however long the ledger stays; it stays
 * longer by a thirteenth at most.  The name says what a table has: events_20261126 one day, events_20261126_7 seven.
 *
 * To attach takes a lock that no reader or writer minds; to drop takes the tables for itself, but never waits long. */
#include <stdio.h>
#include <time.h>

#include "adapters/store/pg.h"
#include "core/base/when.h"

#define DAY_SECONDS 86400
#define ID_BITS     (PG_WRITER_BITS + PG_SERIAL_BITS)

#define SPANS_KEPT   13 /* so many tables for the time that the ledger stays, and the newest and the oldest one */
#define SPAN_DEFAULT 7  /* of 90 days */
#define SPAN_MOST    31
#define AHEAD_LOCK   50 /* ms that the others wait for tomorrow's tables, which have time */
#define AHEAD_US     (INT64_C(60) * 1000000)

/* What stands in pg_sql.def as numbers. */
_Static_assert((INT64_C(86400) << ID_BITS) == INT64_C(181193932800), "a day, in OF_POSTBACK");
_Static_assert((INT64_C(3600) << ID_BITS) == INT64_C(7549747200), "an hour, in DAY_WAITS");
_Static_assert(PG_FIRST_DAY_ID == INT64_C(35184372088832), "in SWEPT");

const char *const pg_day_tables[PG_DAY_TABLES] = { "postbacks", "events", "tries", "attempts" };

int64_t pg_day_first(int64_t day)
{
    return (day * DAY_SECONDS) << ID_BITS;
}

int64_t pg_day_of(int64_t id)
{
    return (id >> ID_BITS) / DAY_SECONDS;
}

int64_t pg_day_of_ms(int64_t ms)
{
    return (ms / 1000 - PG_EPOCH) / DAY_SECONDS;
}

int64_t pg_day_ms(int64_t day)
{
    return (PG_EPOCH + day * DAY_SECONDS) * 1000;
}

/* An id is given after its row came in, by the database's clock, which servers go by; a day is more than they are ever apart. */
int64_t pg_id_since(int64_t ms)
{
    int64_t day = pg_day_of_ms(ms) - 1, first = day > 0 ? pg_day_first(day) : 0;

    return first > PG_FIRST_DAY_ID ? first : PG_FIRST_DAY_ID;
}

/* ---- names ---- */

void pg_span_name(const char *table, struct pg_span span, char out[PG_SPAN_NAME])
{
    time_t seconds = (time_t)(PG_EPOCH + span.first * DAY_SECONDS);
    char date[16] = "", days[16] = "";
    struct tm tm;

    if (gmtime_r(&seconds, &tm))
        strftime(date, sizeof(date), "%Y%m%d", &tm);
    if (span.end - span.first != 1)
        snprintf(days, sizeof(days), "_%d", (int)(span.end - span.first));
    snprintf(out, PG_SPAN_NAME, "%s_%s%s", table, date, days);
}

/* What stands behind "events_"; false: that is no table of ours. */
static bool read_span(struct slice name, struct pg_span *out)
{
    struct slice date, days;
    char day[32];
    int64_t seconds, n = 1;
    bool many = slice_cut(name, '_', &date, &days);

    if (date.len != 8 || (many && (!slice_to_i64(days, &n) || n < 1 || n > 4 * SPAN_MOST)))
        return false;
    snprintf(day, sizeof(day), "%.4s-%.2s-%.2sT00:00:00Z", date.ptr, date.ptr + 4, date.ptr + 6);
    if (!when_parse(slice_from(day), WHEN_ISO, 0, &seconds))
        return false;
    out->first = pg_day_of_ms(seconds * 1000);
    out->end = out->first + n;
    return true;
}

int pg_spans(struct pg *s, struct pg_span **list, size_t *count, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;

    *count = 0;
    pg_start(&c, s, PG_SPANS);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    *list = ARENA_ARRAY(&s->scratch, struct pg_span, (size_t)rows.count);
    for (int i = 0; *list && i < rows.count; i++)
        *count += read_span(slice_from_at(pg_text_at(&rows, i, 0, &s->scratch), sizeof("events_") - 1), &(*list)[*count]);
    pg_done(&rows);
    return *list ? 0 : pg_no_room(err);
}

int pg_table_there(struct pg *s, const char *name, struct err *err)
{
    struct pg_call c;
    int64_t n;

    pg_start(&c, s, PG_TABLE_ANY);
    pg_name(&c, slice_from(name));
    return pg_run_one(&c, &n, err);
}

/* ---- making ---- */

int pg_span_keep(struct pg *s, int64_t keep_ms, struct err *err)
{
    int64_t days = (keep_ms / 1000 / DAY_SECONDS + SPANS_KEPT - 1) / SPANS_KEPT, had;

    days = days < 1 ? 1 : days > SPAN_MOST ? SPAN_MOST : days;
    if (pg_meta_get(s, "span", &had, err) < 0)
        return -1;
    return had == days ? 0 : pg_meta_set(s, PG_META_SET, "span", days, err);
}

/* Which tables have this day: those that there are, or what fits between them. */
static int span_of(struct pg *s, int64_t day, struct pg_span *out, struct err *err)
{
    struct pg_span *list;
    int64_t days;
    size_t count;

    if (pg_meta_get(s, "span", &days, err) < 0 || pg_spans(s, &list, &count, err) != 0)
        return -1;
    if (days < 1 || days > SPAN_MOST)
        days = SPAN_DEFAULT;
    *out = (struct pg_span){ day - day % days, day - day % days + days };
    for (size_t i = 0; i < count; i++) {
        if (list[i].first <= day && day < list[i].end) {
            *out = list[i];
            return 0;
        }
        if (list[i].end <= day && list[i].end > out->first)
            out->first = list[i].end;
        if (list[i].first > day && list[i].first < out->end)
            out->end = list[i].first;
    }
    return 0;
}

/* Two that do so at once: the second waits, and finds it done. */
static int make_day(struct pg *s, int64_t day, struct err *err)
{
    char name[PG_SPAN_NAME], sql[400];
    struct pg_span span = { 0 };
    int rc = pg_simple(s, "LOCK TABLE migrating IN EXCLUSIVE MODE", err);

    if (rc == 0)
        rc = span_of(s, day, &span, err);
    for (int i = 0; rc == 0 && i < PG_DAY_TABLES; i++) {
        pg_span_name(pg_day_tables[i], span, name);
        if ((rc = pg_table_there(s, name, err)) != 0) {
            rc = rc < 0 ? -1 : 0;
            continue;
        }
        snprintf(sql, sizeof(sql), "CREATE TABLE %s(LIKE %s INCLUDING ALL);"
                 "ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%lld) TO (%lld)", name, pg_day_tables[i],
                 pg_day_tables[i], name, (long long)pg_day_first(span.first), (long long)pg_day_first(span.end));
        rc = pg_simple(s, sql, err);
    }
    if (rc == 0)
        s->made = span;
    return rc;
}

int pg_days_need(struct pg *s, int64_t id, struct err *err)
{
    int64_t day = pg_day_of(id);

    if (id < PG_FIRST_DAY_ID || (s->made.first <= day && day < s->made.end))
        return 0;
    return make_day(s, day, err);
}

/* In a transaction of its own.  lock_ms: how long others' locks are waited for; 0: as everything else. */
static int make(struct pg *s, int64_t day, int lock_ms, struct err *err)
{
    char sql[80] = "BEGIN";
    struct err ignored;

    if (lock_ms)
        snprintf(sql, sizeof(sql), "BEGIN; SET LOCAL lock_timeout = %d", lock_ms);
    if (pg_simple(s, sql, err) == 0 && make_day(s, day, err) == 0 && pg_simple(s, "COMMIT", err) == 0)
        return 0;
    pg_simple(s, "ROLLBACK", &ignored);
    s->made = (struct pg_span){ 0 };
    return -1;
}

static int read_now(struct pg *s, int64_t *now, struct err *err)
{
    struct pg_call c;

    pg_start(&c, s, PG_NOW);
    return pg_run_one(&c, now, err) < 0 ? -1 : 0;
}

/* By what the clock said last and the time that has gone by since, so that it costs nothing but at midnight. */
int pg_days_ready(struct pg *s, struct err *err)
{
    int64_t now = s->now + (pg_boot_us() - s->asked_us) / 1000, today = pg_day_of_ms(now);
    struct err late;
    int rc = 0;

    if (s->counted_ids || (s->asked_us && s->days_until > today) ||
        (s->asked_us && s->days_until == today && pg_boot_us() < s->days_again))
        return 0;
    if (s->open)
        rc = pg_simple(s, "ROLLBACK", err);
    s->open = false;
    if (rc != 0 || read_now(s, &now, err) != 0)
        return -1;
    today = pg_day_of_ms(now);
    if (s->days_until < today && make(s, today, 0, err) != 0)
        return -1;
    s->days_until = today;
    s->days_again = pg_boot_us() + AHEAD_US;
    if (make(s, today + 1, AHEAD_LOCK, &late) == 0)
        s->days_until = today + 1;
    else if (pg_lost(s))
        return err_set(err, late.kind, "%s", late.text);
    return 0; /* somebody holds a lock on them (ANALYZE): there is a day left */
}
