/* ledger_import.c: the order in which rows of an import must stand, whatever the engine. */
#include "adapters/store/ledger.h"

const struct ledger_value *ledger_get(const struct ledger_row *row, const char *column)
{
    return &row->values[ledger_column(row->table, column)];
}

static int start(struct ledger_import *im, const struct ledger_row *row, struct err *err)
{
    static const char *const last[LEDGER_TABLES] = { [LEDGER_CLICK] = "last_click", [LEDGER_POSTBACK] = "last_postback",
                                                     [LEDGER_ATTEMPT] = "last_attempt", [LEDGER_EVENT] = "last_event" };

    if (row->table != LEDGER_HEADER)
        return err_set(err, ERR_INPUT, "the first line must be {\"row\":\"ledger\",...}");
    for (int t = LEDGER_CLICK; t < LEDGER_END; t++)
        im->most[t] = ledger_get(row, last[t])->n;
    im->started = true;
    return im->ops->start(im, row, err);
}

static int check_end(struct ledger_import *im, const struct ledger_row *row, struct err *err)
{
    static const char *const names[LEDGER_TABLES] = { [LEDGER_CLICK] = "clicks", [LEDGER_POSTBACK] = "postbacks",
                                                      [LEDGER_ATTEMPT] = "attempts", [LEDGER_EVENT] = "events" };

    for (int t = LEDGER_CLICK; t < LEDGER_END; t++)
        if (ledger_get(row, names[t])->n != im->rows[t])
            return err_set(err, ERR_INPUT, "the file should hold %lld %s and holds %lld: lines are missing",
                           (long long)ledger_get(row, names[t])->n, names[t], (long long)im->rows[t]);
    return 0;
}

int ledger_import_put(struct ledger_import *im, const struct ledger_row *row, struct err *err)
{
    int64_t id = row->values[0].n;

    if (!im->started)
        return start(im, row, err);
    if (row->table < im->at || row->table == LEDGER_HEADER || im->at == LEDGER_END)
        return err_set(err, ERR_INPUT, "a %s can't stand behind a %s", ledger_shapes[row->table].table,
                       ledger_shapes[im->at].table);
    im->at = row->table;
    if (row->table == LEDGER_END)
        return check_end(im, row, err);
    if (id <= im->last[row->table] || id > im->most[row->table])
        return err_set(err, ERR_INPUT, "id %lld: ids ascend, up to the %lld of the first line", (long long)id,
                       (long long)im->most[row->table]);
    im->last[row->table] = id;
    im->rows[row->table]++;
    return im->ops->row(im, row, err);
}

int ledger_import_finish(struct ledger_import *im, struct err *err)
{
    if (im->at != LEDGER_END)
        return err_set(err, ERR_INPUT, "the file ends too early: its last line must be {\"row\":\"end\",...}");
    return im->ops->finish(im, err);
}

void ledger_import_close(struct ledger_import *im)
{
    if (im)
        im->ops->close(im);
}
