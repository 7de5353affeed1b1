#include <libpq-fe.h>

#include "adapters/store/pg.h"

bool pg_lost(const struct pg *s)
{
    return PQstatus(s->db) == CONNECTION_BAD;
}

int pg_simple(struct pg *s, const char *sql, struct err *err)
{
    ExecStatusType status;
    PGresult *r;
    int rc;

    if (pg_flush(s, err) != 0)
        return -1;
    r = PQsendQuery(s->db, sql) ? pg_await(s) : NULL;
    status = PQresultStatus(r);
    rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : pg_fail(s, r, "the database refused", err);
    PQclear(r);
    return rc;
}
