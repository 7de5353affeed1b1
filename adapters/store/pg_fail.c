/* pg_fail.c: what went wrong, in words that say what to do.  Neither the password nor the user's name stands in them. */
#include <libpq-fe.h>
#include <stdio.h>

#include "adapters/store/pg.h"

/* ---- no connection ---- */

/* By SQLSTATE (of the server: "FATAL:  28P01: ...") or by libpq's own words, which are English as long as nobody sets a
 * locale.  Of several hosts each has failed in its own way: what is further up says more. */
static const struct {
    const char *sign, *sentence;
} reasons[] = {
    { "28P01: ", "the password or the role is wrong: compare `store: password:` with the role's (in psql: \\password)" },
    { "no password supplied", "it wants a password, and the configuration names none: store: {url: ..., password: "
                              "{file: PATH}}" },
    { "28000: ", "it does not let this role in: the role is not there, or pg_hba.conf has no line for it from this machine" },
    { "3D000: ", "there is no such database: createdb makes it, docs/postgresql.md shows how" },
    { "42501: ", "the role may not connect to this database: GRANT CONNECT ON DATABASE" },
    { "53300: ", "all of its connections are taken: raise max_connections, or the role's or database's CONNECTION LIMIT" },
    { "certificate verify failed", "its TLS certificate is signed by nobody who is trusted here: name the file of its "
                                   "authority, ?sslrootcert=PATH" },
    { "does not match host name", "its TLS certificate is another host's: write the host as the certificate names it" },
    { "certificate", "TLS failed over a certificate; look at sslrootcert, sslcert and sslkey" },
    { "does not support SSL", "it has no TLS, and only with TLS is it known who answers: switch it on there (ssl = on), or, in "
                              "a network of your own, ?sslmode=disable" },
    { "SSL error", "TLS with it failed: is it PostgreSQL that answers at this port?" },
    { "expected authentication request", "what answers there is not PostgreSQL: correct host and port" },
    { "invalid response to SSL negotiation", "what answers there is not PostgreSQL: correct host and port" },
    { "session is read-only", "it can only be read (a standby?), and every host of the URL was asked: name the primary, "
                              "too" },
    { "server is in hot standby mode", "it is a standby, and every host of the URL was asked: name the primary, too" },
    { "57P03: ", "it is starting or ending" },
    { "57P01: ", "it is ending" },
    { "could not translate host name", "its host's name is not known: correct the name, or look at the resolver" },
    { "timeout expired", "it does not answer: is it running, and does a firewall let this machine through?" },
    { "server closed the connection unexpectedly", "it closed the connection while it was made" },
    { "Connection refused", "nobody listens there: is it running?" },
    { "No such file or directory", "there is no socket: is it running?" },
    { "Permission denied", "its socket may not be opened by this user" },
    { "No route to host", "there is no way to it in this network" },
    { "Network is unreachable", "there is no way to it in this network" },
};

/* What stands in quotes is left out: names of roles, and values of rows. */
static void unquoted(struct slice text, char *out, size_t size)
{
    bool inside = false;
    size_t n = 0;

    for (size_t i = 0; i < text.len && n + 1 < size; i++) {
        char c = text.ptr[i];
        if (c == '"')
            inside = !inside;
        if (!inside || c == '"')
            out[n++] = (char)(c >= 0 && c < ' ' ? ' ' : c);
    }
    out[n] = '\0';
}

static struct slice last_line(const char *message)
{
    struct slice rest = slice_trim(slice_from(message)), line = rest;

    while (slice_next(&rest, '\n', &line))
        ;
    return slice_trim(line);
}

#define REFUSED 0 /* the row of a password that is wrong */

int pg_unreached(const struct pg_conn *db, const char *where, struct err *err)
{
    struct slice says = slice_from(PQerrorMessage(db));
    char rest[160];

    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (slice_find(says, slice_from(reasons[i].sign)) < says.len) {
            err_set(err, ERR_BUSY, "%s: %s", where, reasons[i].sentence);
            return i == REFUSED ? 1 : -1;
        }
    unquoted(last_line(PQerrorMessage(db)), rest, sizeof(rest));
    return err_set(err, ERR_BUSY, "%s: no connection: %s", where, rest);
}

/* ---- a statement failed ---- */

static const struct state {
    const char *begin;
    enum err_kind kind;
    bool lost; /* this connection is of no use any more, another may be */
    const char *sentence;
} states[] = {
    { "25006", ERR_BUSY, true, "it can only be read now (a standby, or default_transaction_read_only)" },
    { "57014", ERR_BUSY, false, "a statement took too long and was ended" },
    { "55P03", ERR_BUSY, false, "somebody holds a lock on its rows or tables for more than five seconds" },
    { "53100", ERR_BUSY, false, "its disk is full" },
    { "53200", ERR_BUSY, false, "it has no memory left" },
    { "53", ERR_BUSY, false, "it lacks resources" },
    { "40", ERR_AGAIN, false, "two wrote the same at the same time; the next try goes on" },
    { "57P", ERR_BUSY, true, "it is ending or starting" },
    { "25P03", ERR_BUSY, true, "the transaction lay idle for too long, and was ended" },
    { "42501", ERR_BUSY, false, "the role may not do this in it; docs/postgresql.md shows the rights that it needs" },
    { "3F000", ERR_BUSY, false, "the schema for the tables is not there: CREATE SCHEMA, or correct the role's search_path" },
    { "42P05", ERR_BUSY, false, "a pool stands before it that gives one session to several programs: pool_mode = session (PgBouncer)" },
    { "26000", ERR_BUSY, false, "a pool stands before it that gives one session to several programs: pool_mode = session (PgBouncer)" },
    { "42P01", ERR_BUSY, false, "a table is missing: clickbaton store init" },
};

static const struct state *state_of(const char *code)
{
    for (size_t i = 0; code && i < sizeof(states) / sizeof(*states); i++)
        if (slice_starts(slice_from(code), slice_from(states[i].begin)))
            return &states[i];
    return NULL;
}

int pg_fail(struct pg *s, const struct pg_result *result, const char *doing, struct err *err)
{
    const PGresult *r = result;
    const char *code = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    const struct state *known = state_of(code);
    char says[200];

    s->store.failed = true;
    s->shut_out = code && strcmp(code, "55P03") == 0;
    unquoted(slice_from(r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL), says, sizeof(says));
    if (known && known->lost) {
        s->lost = s->lost || s->ready;
        s->ready = false;
    }
    if (known)
        return err_set(err, known->kind, "%s: %s (SQLSTATE %s)", s->where, known->sentence, code);
    if (s->silent)
        return err_set(err, ERR_BUSY, "%s: it has not answered for %d seconds; the connection was given up", s->where,
                       s->patience_ms / 1000 + 2);
    if (PQstatus(s->db) == CONNECTION_BAD)
        return err_set(err, ERR_AGAIN, "%s: the connection was lost", s->where);
    return err_set(err, ERR_SYSTEM, "%s: %s: %s (SQLSTATE %s)", s->where, doing, says, code ? code : "unknown");
}

int pg_no_room(struct err *err)
{
    return err_set(err, ERR_BUSY, "store: no memory for the answer; ask for less at once");
}
