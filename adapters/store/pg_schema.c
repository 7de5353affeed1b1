/* pg_schema.c: the tables, and how they came to be.  pg_migrate.c applies it. */
#include "adapters/store/pg.h"

/* Every text is compared by its bytes (COLLATE "C"): ids are no words.  ..._hash: 64 bits by which a row is found; an id may be too
 * long for an index.  ttclid_hash: its upper half is of the first 16 characters.  Times are Unix milliseconds unless said otherwise. */
#define TEXT_C "text COLLATE \"C\""

/* Tables that are dropped some days at a time (pg_days.c).  YugabyteDB has this, CockroachDB has not. */
#define OF_DAYS(table, id)                                                                         \
    " PARTITION BY RANGE (" id ");"                                                                \
    "CREATE TABLE " table "_0 PARTITION OF " table " FOR VALUES FROM (MINVALUE) TO (35184372088832);" /* PG_FIRST_DAY_ID */

static const char version_1[] =
    "CREATE TABLE meta(key " TEXT_C " PRIMARY KEY, value bigint NOT NULL);"
    /* until: by the database's clock.  The counts of a writer are what it has added: their sums count. */
    "CREATE TABLE writers(number bigint PRIMARY KEY, token bigint NOT NULL, node " TEXT_C " NOT NULL,"
    " until timestamptz NOT NULL, last_click bigint NOT NULL, last_postback bigint NOT NULL,"
    " last_event bigint NOT NULL, last_attempt bigint NOT NULL, clicks bigint NOT NULL,"
    " postbacks bigint NOT NULL, waiting bigint NOT NULL, sending bigint NOT NULL,"
    " delivered bigint NOT NULL, dead bigint NOT NULL, quarantined bigint NOT NULL,"
    /* run: of the program; sends: it takes events (1); program: its number, pg_program. */
    " withdrawn bigint NOT NULL, run bigint NOT NULL, sends bigint NOT NULL, program bigint NOT NULL)"
    " WITH (fillfactor = 50);"
    /* key: of offer and click_id, or of offer and ttclid where there is no click_id. */
    "CREATE TABLE clicks(id bigint PRIMARY KEY, key uuid NOT NULL UNIQUE, offer " TEXT_C " NOT NULL,"
    " at bigint NOT NULL, keyed bigint NOT NULL, click_id " TEXT_C ", event_id " TEXT_C ","
    " ttp " TEXT_C ", ip " TEXT_C ", consent " TEXT_C ", page_url " TEXT_C ", ttclid " TEXT_C ","
    " user_agent " TEXT_C ", referrer " TEXT_C ", country " TEXT_C ", click_hash bigint,"
    " ttclid_hash bigint, event_hash bigint);"
    "CREATE INDEX clicks_click ON clicks(click_hash) WHERE click_hash IS NOT NULL;"
    "CREATE INDEX clicks_ttclid ON clicks(ttclid_hash, id) WHERE ttclid_hash IS NOT NULL;"
    "CREATE INDEX clicks_event ON clicks(event_hash) WHERE event_hash IS NOT NULL;"
    "CREATE INDEX clicks_at ON clicks(at);"
    "CREATE INDEX clicks_visitor ON clicks(at) WHERE ip IS NOT NULL OR user_agent IS NOT NULL;"

    "CREATE TABLE postbacks(id bigint PRIMARY KEY, at bigint NOT NULL, offer " TEXT_C " NOT NULL,"
    " tracker " TEXT_C ", method " TEXT_C ", stage " TEXT_C ", verdict bigint NOT NULL,"
    " code " TEXT_C ", click_id " TEXT_C ", event_id " TEXT_C ", txid " TEXT_C ","
    " content_type " TEXT_C ", address " TEXT_C ", params " TEXT_C ", ttclid " TEXT_C ","
    " reason " TEXT_C ", warnings " TEXT_C ", click_hash bigint, ttclid_hash bigint,"
    " event_hash bigint, txid_hash bigint)" OF_DAYS("postbacks", "id")
    "CREATE INDEX postbacks_click ON postbacks(click_hash) WHERE click_hash IS NOT NULL;"
    "CREATE INDEX postbacks_ttclid ON postbacks(ttclid_hash) WHERE ttclid_hash IS NOT NULL;"
    "CREATE INDEX postbacks_event ON postbacks(event_hash) WHERE event_hash IS NOT NULL;"
    "CREATE INDEX postbacks_txid ON postbacks(txid_hash) WHERE txid_hash IS NOT NULL;"
    "CREATE INDEX postbacks_at ON postbacks(at);"
    "CREATE INDEX postbacks_quarantined ON postbacks(id) WHERE verdict = 4;"
    /* Clicks of which something was taken back, or that a postback named by its ttclid alone: asked for each postback,
     * and so not of each day's table. */
    "CREATE TABLE marks(hash bigint, postback bigint, PRIMARY KEY(hash, postback));"
    "CREATE INDEX marks_postback ON marks(postback);"

    "CREATE TABLE events(id bigint PRIMARY KEY, postback bigint, created bigint NOT NULL,"
    " offer " TEXT_C " NOT NULL, pixel " TEXT_C " NOT NULL, event " TEXT_C " NOT NULL,"
    " test_code " TEXT_C ", event_id " TEXT_C ", click_id " TEXT_C ", body " TEXT_C ","
    " ttclid " TEXT_C ", value bigint, currency " TEXT_C ", original_value bigint,"
    " original_currency " TEXT_C ", consent " TEXT_C ", consent_said " TEXT_C ", plain_id " TEXT_C ","
    " click_hash bigint, ttclid_hash bigint, event_hash bigint, order_hash bigint)" OF_DAYS("events", "id")
    "CREATE INDEX events_postback ON events(postback) WHERE postback IS NOT NULL;"
    "CREATE INDEX events_click ON events(click_hash) WHERE click_hash IS NOT NULL;"
    "CREATE INDEX events_ttclid ON events(ttclid_hash) WHERE ttclid_hash IS NOT NULL;"
    "CREATE INDEX events_event ON events(event_hash) WHERE event_hash IS NOT NULL;"
    "CREATE INDEX events_order ON events(order_hash) WHERE order_hash IS NOT NULL;"
    "CREATE INDEX events_created ON events(created);"
    /* One event of a pixel and name has an event_id, whoever took its postback.  plain: it is the id
     * that the event would have had without one of its own. */
    "CREATE TABLE event_keys(key uuid PRIMARY KEY, event bigint NOT NULL, plain boolean NOT NULL);"
    "CREATE INDEX event_keys_event ON event_keys(event);"
    "CREATE TABLE deliveries(event bigint PRIMARY KEY, pixel " TEXT_C " NOT NULL, state bigint NOT NULL,"
    " due bigint NOT NULL, attempts bigint NOT NULL, test_code " TEXT_C ", unknown_since bigint,"
    " unknown_before bigint, note " TEXT_C ", withdrawn bigint, owner bigint, lease timestamptz)"
    " WITH (fillfactor = 70);"
    "CREATE INDEX deliveries_open ON deliveries(state, pixel, due, event) WHERE state < 3;"
    /* The oldest, however many wait.  It is said so that no other statement is taken to mean it: sending sorts by `due`. */
    "CREATE INDEX deliveries_waiting ON deliveries(event) WHERE state = 1 AND attempts >= 0;"
    "CREATE INDEX deliveries_unknown ON deliveries(pixel, unknown_since) WHERE state + 0 = 1 AND unknown_since IS NOT NULL;"
    "CREATE TABLE attempts(id bigint PRIMARY KEY, at bigint NOT NULL, took_ms bigint NOT NULL,"
    " pixel " TEXT_C ", http_status bigint NOT NULL, code bigint NOT NULL, message " TEXT_C ","
    " request_id " TEXT_C ")" OF_DAYS("attempts", "id")
    "CREATE TABLE tries(event bigint, attempt bigint, PRIMARY KEY(event, attempt))" OF_DAYS("tries", "event")
    "CREATE INDEX tries_attempt ON tries(attempt);"
    /* What all who send for a pixel know of it: struct store_gate. */
    "CREATE TABLE gates(pixel " TEXT_C " PRIMARY KEY, token bigint NOT NULL, until bigint NOT NULL,"
    " failures bigint NOT NULL, why " TEXT_C ", version bigint NOT NULL) WITH (fillfactor = 50);"
    /* What servers keep by themselves while the database is away: up to which serial it is here. */
    "CREATE TABLE spills(token bigint PRIMARY KEY, upto bigint NOT NULL, node " TEXT_C " NOT NULL,"
    " at timestamptz NOT NULL) WITH (fillfactor = 50);"
    /* hour: Unix seconds.  Each writer has rows of its own, so that none waits for another's commit. */
    "CREATE TABLE tallies(hour bigint, offer " TEXT_C ", kind bigint, name " TEXT_C ", slot bigint,"
    " writer bigint, n bigint NOT NULL, PRIMARY KEY(hour, offer, kind, name, slot, writer))"
    " WITH (fillfactor = 70);";

/* Rules for a new step stand in docs/DESIGN.md, "PostgreSQL: versions side by side". */
const struct pg_step pg_steps[] = {
    { version_1, 1 },
#ifdef PG_STEPS_TO_COME /* a test's: what a later version might bring */
#include PG_STEPS_TO_COME
#endif
};
const int64_t pg_program = sizeof(pg_steps) / sizeof(*pg_steps);

/* What is only for speed, and only PostgreSQL's: a relative may refuse it.  Deliveries die twice as fast as they are born, and dead ones lie
 * in the index by which the next are found; the other two are a few rows that every commit changes. */
const char *const pg_tuning[] = {
    ("ALTER TABLE deliveries SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,"
     " autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)"),
    "ALTER TABLE writers SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)",
    "ALTER TABLE tallies SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)",
    NULL,
};
