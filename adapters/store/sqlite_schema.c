#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "adapters/store/sqlite_tally.h"

#define TEXT_WITHIN(column, host)                                                                  \
    "CASE typeof(" column ") WHEN 'integer' THEN CAST(substr(CAST(" host " AS BLOB),"              \
    " (" column " >> 16) + 1, " column " & 65535) AS TEXT) ELSE " column " END"
#define ISO_MS(column)                                                                             \
    "strftime('%Y-%m-%dT%H:%M:%S', " column " / 1000, 'unixepoch') ||"                             \
    " printf('.%03dZ', " column " % 1000)"
#define MONEY(column)                                                                              \
    "rtrim(rtrim(printf('%s%d.%06d', iif(" column " < 0, '-', ''), abs(" column ") / 1000000,"    \
    " abs(" column ") % 1000000), '0'), '.')"
#define NAME(column) "(SELECT text FROM names n WHERE n.id = " column ")"

/* offer, pixel, event, tracker, stage, method, code and test_code are ids of `names`.  A ttclid may
 * be an integer: its place (offset * 65536 + length, in bytes) in the row's largest text.
 * Columns that are compared stand before the large ones, which may be on another page. */
static const char version_1[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "INSERT INTO meta VALUES('created_by', 'clickbaton " CLICKBATON_VERSION "'),"
    " ('hash_seed', random());"
    "CREATE TABLE counts(id INTEGER PRIMARY KEY CHECK(id = 1), clicks INTEGER, postbacks INTEGER,"
    " waiting INTEGER, sending INTEGER, delivered INTEGER, dead INTEGER, quarantined INTEGER);"
    "INSERT INTO counts VALUES(1, 0, 0, 0, 0, 0, 0, 0);"
    "CREATE TABLE names(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"

    "CREATE TABLE clicks(id INTEGER PRIMARY KEY, offer INTEGER, at INTEGER, keyed INTEGER,"
    " click_id TEXT, event_id TEXT, ttp TEXT, ip TEXT, consent TEXT, page_url TEXT, ttclid,"
    " user_agent TEXT, referrer TEXT);"
    "CREATE TABLE postbacks(id INTEGER PRIMARY KEY, at INTEGER, offer INTEGER, tracker INTEGER,"
    " method INTEGER, stage INTEGER, verdict INTEGER, code INTEGER, click_id TEXT, event_id TEXT,"
    " txid TEXT, content_type TEXT, address TEXT, params TEXT, ttclid, reason TEXT,"
    " warnings TEXT);"
    "CREATE TABLE events(id INTEGER PRIMARY KEY, postback INTEGER, created INTEGER, offer INTEGER,"
    " pixel INTEGER, event INTEGER, test_code INTEGER, event_id TEXT, click_id TEXT, body TEXT,"
    " ttclid);"
    "CREATE TABLE deliveries(event INTEGER PRIMARY KEY, pixel INTEGER, state INTEGER, due INTEGER,"
    " attempts INTEGER, test_code INTEGER, unknown_since INTEGER, unknown_before INTEGER,"
    " note TEXT);"
    "CREATE INDEX deliveries_open ON deliveries(state, pixel, due) WHERE state < 3;"
    "CREATE TABLE attempts(id INTEGER PRIMARY KEY, at INTEGER, took_ms INTEGER, pixel INTEGER,"
    " http_status INTEGER, code INTEGER, message TEXT, request_id TEXT);"
    "CREATE TABLE tries(event INTEGER, attempt INTEGER, PRIMARY KEY(event, attempt))"
    " WITHOUT ROWID;"

    "CREATE TABLE indexed(id INTEGER PRIMARY KEY CHECK(id = 1), clicks INTEGER,"
    " postbacks INTEGER, events INTEGER);"
    "INSERT INTO indexed VALUES(1, 0, 0, 0);"
    "CREATE TABLE late_clicks(click INTEGER PRIMARY KEY);"
    "CREATE TABLE runs(id INTEGER PRIMARY KEY, family INTEGER, level INTEGER, chunks INTEGER,"
    " entries INTEGER);"
    "CREATE TABLE run_chunks(id INTEGER PRIMARY KEY, data BLOB);"

    "CREATE VIEW conversions AS SELECT id, " ISO_MS("at") " AS time, " NAME("offer") " AS offer, "
    NAME("tracker") " AS tracker, " NAME("stage") " AS stage,"
    " CASE verdict WHEN 1 THEN 'queued' WHEN 2 THEN 'duplicate' WHEN 3 THEN 'ignored'"
    " WHEN 4 THEN 'quarantined' END AS verdict, " NAME("code") " AS code, reason, click_id, "
    TEXT_WITHIN("ttclid", "params") " AS ttclid, event_id, txid, params, warnings FROM postbacks;"
    "CREATE VIEW ledger AS SELECT e.id, e.postback, " ISO_MS("created") " AS time, "
    NAME("e.offer") " AS offer, " NAME("e.pixel") " AS pixel, " NAME("e.event") " AS event,"
    " event_id, click_id, " TEXT_WITHIN("ttclid", "body") " AS ttclid, "
    NAME("e.test_code") " AS test_code, CASE state WHEN 1 THEN 'waiting' WHEN 2 THEN 'sending'"
    " WHEN 3 THEN 'delivered' WHEN 4 THEN 'dead' END AS state, attempts, "
    ISO_MS("due") " AS due, " ISO_MS("unknown_since") " AS unknown_since, note, body"
    " FROM events e LEFT JOIN deliveries d ON d.event = e.id;";

/* value and original_value are millionths of a unit, unknown when their currency is NULL; currency,
 * original_currency and consent are ids of `names`.  `withdrawn` marks an event that was on its way
 * when its visitor refused: whatever becomes of that attempt, there is no other. */
static const char version_2[] =
    "ALTER TABLE counts ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE clicks ADD COLUMN country TEXT;"
    "ALTER TABLE events ADD COLUMN value INTEGER;"
    "ALTER TABLE events ADD COLUMN currency INTEGER;"
    "ALTER TABLE events ADD COLUMN original_value INTEGER;"
    "ALTER TABLE events ADD COLUMN original_currency INTEGER;"
    "ALTER TABLE events ADD COLUMN consent INTEGER;"
    "ALTER TABLE events ADD COLUMN consent_said TEXT;"
    "ALTER TABLE deliveries ADD COLUMN withdrawn INTEGER;"
    "DROP VIEW ledger;"
    "CREATE VIEW ledger AS SELECT e.id, e.postback, " ISO_MS("created") " AS time, "
    NAME("e.offer") " AS offer, " NAME("e.pixel") " AS pixel, " NAME("e.event") " AS event,"
    " event_id, click_id, " TEXT_WITHIN("ttclid", "body") " AS ttclid, "
    NAME("e.test_code") " AS test_code, "
    "iif(currency IS NULL, NULL, " MONEY("value") ") AS value, " NAME("currency") " AS currency, "
    "iif(original_currency IS NULL, NULL, " MONEY("original_value") ") AS original_value, "
    NAME("original_currency") " AS original_currency, " NAME("consent") " AS consent,"
    " consent_said, CASE state WHEN 1 THEN 'waiting' WHEN 2 THEN 'sending'"
    " WHEN 3 THEN 'delivered' WHEN 4 THEN 'dead' WHEN 5 THEN 'withdrawn' END AS state, attempts, "
    ISO_MS("due") " AS due, " ISO_MS("unknown_since") " AS unknown_since, note, body"
    " FROM events e LEFT JOIN deliveries d ON d.event = e.id;";

/* The event_id that an event would have had, had neither postback nor click brought one; NULL when
 * that is what it has. */
static const char version_3[] = "ALTER TABLE events ADD COLUMN plain_id TEXT;";

/* Checksums (sqlite_sum.h), made for the rows that are there a piece at a time (checksums_4): all of the file is
 * written anew, once.  `last` of a run: no row in it is higher.  last_... of counts: ids are never given again,
 * also when the rows are gone; gone_...: the highest that retention has removed, so that what still names it is
 * no damage. */
static const char version_4[] =
    "ALTER TABLE clicks ADD COLUMN sum INTEGER;"
    "ALTER TABLE postbacks ADD COLUMN sum INTEGER;"
    "ALTER TABLE events ADD COLUMN sum INTEGER;"
    "ALTER TABLE deliveries ADD COLUMN sum INTEGER;"
    "ALTER TABLE attempts ADD COLUMN sum INTEGER;"
    "ALTER TABLE tries ADD COLUMN sum INTEGER;"
    "ALTER TABLE counts ADD COLUMN last_click INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE counts ADD COLUMN last_postback INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE counts ADD COLUMN last_event INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE counts ADD COLUMN last_attempt INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE counts ADD COLUMN gone_postback INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE counts ADD COLUMN gone_attempt INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE counts ADD COLUMN sum INTEGER;"
    "ALTER TABLE late_clicks ADD COLUMN sum INTEGER;"
    "ALTER TABLE indexed ADD COLUMN sum INTEGER;"
    "ALTER TABLE runs ADD COLUMN last INTEGER;"
    "ALTER TABLE runs ADD COLUMN sum INTEGER;";

static const struct sqlite_fill checksums_4[] = {
    { "clicks", "id", "UPDATE clicks SET sum = checksum(1, id, offer, at, keyed, click_id, event_id, ttp, ip, consent,"
      " page_url, ttclid, user_agent, referrer, country)" },
    { "postbacks", "id", "UPDATE postbacks SET sum = checksum(2, id, at, offer, tracker, method, stage, verdict, code,"
      " click_id, event_id, txid, content_type, address, params, ttclid, reason, warnings)" },
    { "events", "id", "UPDATE events SET sum = checksum(3, id, postback, created, offer, pixel, event, test_code,"
      " event_id, click_id, body, ttclid, value, currency, original_value, original_currency, consent,"
      " consent_said, plain_id)" },
    { "deliveries", "event", "UPDATE deliveries SET sum = checksum(4, event, pixel, state, due, attempts, test_code,"
      " unknown_since, unknown_before, note, withdrawn)" },
    { "attempts", "id", "UPDATE attempts SET sum = checksum(5, id, at, took_ms, pixel, http_status, code, message,"
      " request_id)" },
    { "tries", "event", "UPDATE tries SET sum = checksum(6, event, attempt)" },
    { NULL, NULL, NULL },
};

static const char version_4_end[] =
    "UPDATE counts SET last_click = (SELECT ifnull(max(id), 0) FROM clicks),"
    " last_postback = (SELECT ifnull(max(id), 0) FROM postbacks),"
    " last_event = (SELECT ifnull(max(id), 0) FROM events),"
    " last_attempt = (SELECT ifnull(max(id), 0) FROM attempts);"
    "UPDATE counts SET sum = checksum(7, clicks, postbacks, waiting, sending, delivered, dead,"
    " quarantined, withdrawn, last_click, last_postback, last_event, last_attempt, gone_postback,"
    " gone_attempt);"
    "UPDATE late_clicks SET sum = checksum(12, click);"
    "UPDATE indexed SET sum = checksum(8, clicks, postbacks, events);"
    "UPDATE runs SET last = (SELECT CASE family WHEN 0 THEN clicks WHEN 2 THEN postbacks"
    " WHEN 4 THEN postbacks ELSE events END FROM indexed);"
    "UPDATE runs SET sum = checksum(9, id, family, level, chunks, entries, last) +"
    " ifnull((SELECT sum(checksum(10, c.id & 16777215, c.data)) FROM run_chunks c"
    " WHERE c.id >= runs.id << 24 AND c.id < (runs.id + 1) << 24), 0);"
    "INSERT INTO meta SELECT 'sum', checksum(11, (SELECT value FROM meta WHERE key = 'created_by'),"
    " (SELECT value FROM meta WHERE key = 'hash_seed'));";

/* Postbacks that were decided once more after the index had them in a run: their newer ids are in no
 * run yet. */
static const char version_5[] =
    "CREATE TABLE late_postbacks(postback INTEGER PRIMARY KEY, sum INTEGER);";

/* tally.h.  What the rows of an older store come to is counted when it is opened (tally_catch_up). */
static const char version_6[] =
    "CREATE TABLE tallies(hour INTEGER, offer INTEGER, kind INTEGER, name INTEGER, slot INTEGER,"
    " n INTEGER, sum INTEGER, PRIMARY KEY(hour, offer, kind, name, slot)) WITHOUT ROWID;"
    "CREATE INDEX tries_of ON tries(attempt);"
    "CREATE VIEW hours AS SELECT strftime('%Y-%m-%dT%H:00:00Z', hour, 'unixepoch') AS hour, "
    NAME("offer") " AS offer, " TALLY_KIND_WORD " AS kind, " NAME("name") " AS name, " TALLY_SLOT_WORD
    " AS what, slot, n FROM tallies;";

/* Rows up to these are in the index as they were before: by whole ttclids alone, without order ids
 * (sqlite_index.h). */
static const char version_7[] =
    "ALTER TABLE indexed ADD COLUMN plain_clicks INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE indexed ADD COLUMN plain_postbacks INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE indexed ADD COLUMN plain_events INTEGER NOT NULL DEFAULT 0;"
    "UPDATE indexed SET plain_clicks = (SELECT last_click FROM counts),"
    " plain_postbacks = (SELECT last_postback FROM counts),"
    " plain_events = (SELECT last_event FROM counts);"
    "UPDATE indexed SET sum = checksum(8, clicks, postbacks, events, plain_clicks, plain_postbacks,"
    " plain_events);";

/* What retention has removed was older than these moments (Unix milliseconds, 0: nothing was), so the hours
 * behind them are still those of the rows.  Of a store where it was not written down: any hour may be. */
static const char version_8[] =
    "ALTER TABLE counts ADD COLUMN clicks_before INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE counts ADD COLUMN ledger_before INTEGER NOT NULL DEFAULT 0;"
    "UPDATE counts SET clicks_before = ifnull((SELECT at * 1000 FROM clicks ORDER BY id DESC LIMIT 1), 0)"
    " WHERE clicks < last_click;"
    "UPDATE counts SET ledger_before = ifnull((SELECT at FROM postbacks ORDER BY id DESC LIMIT 1), 0)"
    " WHERE gone_postback > 0 OR gone_attempt > 0;"
    "UPDATE counts SET sum = checksum(7, clicks, postbacks, waiting, sending, delivered, dead, quarantined,"
    " withdrawn, last_click, last_postback, last_event, last_attempt, gone_postback, gone_attempt,"
    " clicks_before, ledger_before);";

/* What became of a postback; in the order of arrival, so that it grows at its end. */
static const char version_9[] = "CREATE INDEX events_of ON events(postback);";

const struct sqlite_step sqlite_steps[] = {
    { .version = 1, .sql = version_1 },
    { .version = 2, .sql = version_2 },
    { .version = 3, .sql = version_3 },
    { .version = 4, .sql = version_4, .fill = checksums_4, .end = version_4_end },
    { .version = 5, .sql = version_5 },
    { .version = 6, .sql = version_6 },
    { .version = 7, .sql = version_7 },
    { .version = 8, .sql = version_8 },
    { .version = 9, .sql = version_9 },
    { .version = 0 },
};

static int pragma_get(struct sqlite *s, const char *sql, int64_t *out, struct err *err)
{
    sqlite3_stmt *st = NULL;
    int rc = -1;

    if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW) {
        *out = sqlite3_column_int64(st, 0);
        rc = 0;
    } else {
        sqlite_fail(s, err, "reading its version");
    }
    sqlite3_finalize(st);
    return rc;
}

int sqlite_schema_ready(struct sqlite *s, struct err *err)
{
    int64_t version, application, tables;
    int newest = 0;

    for (const struct sqlite_step *step = s->tuning.steps; step->version; step++)
        newest = step->version;
    if (pragma_get(s, "PRAGMA user_version", &version, err) != 0 ||
        pragma_get(s, "PRAGMA application_id", &application, err) != 0 ||
        pragma_get(s, "SELECT count(*) FROM sqlite_schema", &tables, err) != 0)
        return -1;
    if (tables != 0 && application != SQLITE_APPLICATION_ID)
        return err_set(err, ERR_SYSTEM,
                       "%s/clickbaton.db: this is a database of some other program; give "
                       "clickbaton a folder of its own with `data:`", s->dir);
    if (version > newest)
        return err_set(err, ERR_SYSTEM,
                       "%s/clickbaton.db: its schema version is %lld, this clickbaton ("
                       CLICKBATON_VERSION ") knows up to %d; use the newer clickbaton that wrote "
                       "it, or another `data:`", s->dir, (long long)version, newest);
    if (version < newest && !s->store.writer)
        return err_set(err, ERR_SYSTEM,
                       "%s/clickbaton.db: its schema version is %lld, this clickbaton needs %d; "
                       "start `clickbaton serve` once, it will bring it up to date", s->dir,
                       (long long)version, newest);
    return s->store.writer ? sqlite_upgrade(s, version, err) : 0;
}
