/* pg_days.c: postbacks, events, tries and attempts lie in tables of a day each, which are dropped whole.
 *
 * Ids hold their time, so ranges of ids are days and the keys need no other column.  Ids that are counted (tests, what
 * came from SQLite) are below the first day; they have a table of their own.  There is no default partition: with one,
 * each new day would need it for itself, and a long read of all (an export) would hold up every server.  A day's table is
 * made on the day before, and if it is not there, before the first id of the day is given.
 *
 * To attach takes a lock that no reader or writer minds; to drop takes the tables for itself, but never waits long. */
#include <stdio.h>
#include <time.h>

#include "adapters/store/pg.h"

#define DAY_SECONDS 86400
#define ID_BITS     (PG_WRITER_BITS + PG_SERIAL_BITS)

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

void pg_day_name(const char *table, int64_t day, char out[PG_DAY_NAME])
{
    time_t seconds = (time_t)(PG_EPOCH + day * DAY_SECONDS);
    char date[16] = "";
    struct tm tm;

    if (gmtime_r(&seconds, &tm))
        strftime(date, sizeof(date), "%Y%m%d", &tm);
    snprintf(out, PG_DAY_NAME, "%s_%s", table, date);
}

int pg_day_there(struct pg *s, const char *table, int64_t day, struct err *err)
{
    char name[PG_DAY_NAME];
    struct pg_rows_read rows;
    struct pg_call c;
    int n;

    pg_day_name(table, day, name);
    pg_start(&c, s, PG_TABLE_ANY);
    pg_name(&c, slice_from(name));
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    n = rows.count != 0;
    pg_done(&rows);
    return n;
}

/* Two that do so at once: the second waits, and finds it done. */
static int make_day(struct pg *s, int64_t day, struct err *err)
{
    char name[PG_DAY_NAME], sql[400];
    int rc = pg_simple(s, "LOCK TABLE migrating IN EXCLUSIVE MODE", err);

    for (int i = 0; rc == 0 && i < PG_DAY_TABLES; i++) {
        if ((rc = pg_day_there(s, pg_day_tables[i], day, err)) != 0) {
            rc = rc < 0 ? -1 : 0;
            continue;
        }
        pg_day_name(pg_day_tables[i], day, name);
        snprintf(sql, sizeof(sql), "CREATE TABLE %s(LIKE %s INCLUDING ALL);"
                 "ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%lld) TO (%lld)", name, pg_day_tables[i],
                 pg_day_tables[i], name, (long long)pg_day_first(day), (long long)pg_day_first(day + 1));
        rc = pg_simple(s, sql, err);
    }
    return rc;
}

int pg_days_need(struct pg *s, int64_t id, struct err *err)
{
    int64_t day = pg_day_of(id);

    if (id < PG_FIRST_DAY_ID || day == s->day_made)
        return 0;
    if (make_day(s, day, err) != 0)
        return -1;
    s->day_made = day;
    return 0;
}

static int read_now(struct pg *s, int64_t *now, struct err *err)
{
    struct pg_rows_read rows;
    struct pg_call c;

    pg_start(&c, s, PG_NOW);
    if (pg_run(&c, &rows, err) != 0)
        return -1;
    *now = pg_int_at(&rows, 0, 0);
    pg_done(&rows);
    return 0;
}

/* By what the clock said last and the time that has gone by since, so that it costs nothing but at midnight. */
int pg_days_ready(struct pg *s, struct err *err)
{
    int64_t now = s->now + (pg_boot_us() - s->asked_us) / 1000;
    int rc = 0;

    if (s->counted_ids || (s->asked_us && s->days_until > pg_day_of_ms(now)))
        return 0;
    if (s->open)
        rc = pg_simple(s, "ROLLBACK", err);
    s->open = false;
    if (rc != 0 || read_now(s, &now, err) != 0 || pg_simple(s, "BEGIN", err) != 0)
        return -1;
    for (int64_t day = pg_day_of_ms(now); rc == 0 && day <= pg_day_of_ms(now) + 1; day++)
        rc = make_day(s, day, err);
    if (rc == 0)
        rc = pg_simple(s, "COMMIT", err);
    else
        pg_simple(s, "ROLLBACK", &(struct err){ 0 });
    if (rc == 0)
        s->days_until = pg_day_of_ms(now) + 1;
    return rc;
}
