/* network.c: the endpoint, asked without a token: any answer of its own says that it is reached. */
#include "cli/doctor/doctor.h"

#include "adapters/chain/fetch.h"

void doctor_endpoint(struct doctor *d)
{
    struct fetch_settings settings = FETCH_SETTINGS_DEFAULT;
    struct slice to = d->catalog->endpoint, none = { 0 };
    struct fetch_answer answer;
    struct err err = { 0 };
    struct fetcher *f;
    enum fetch_result result;

    settings.allow_private = slice_starts(to, S("http://")); /* endpoint_check: loopback only */
    f = fetcher_open(&settings, &err);
    result = f ? fetcher_get(f, d->arena, to, none, &answer, &err) : FETCH_FAILED;
    fetcher_close(f);
    if (result == FETCH_DONE)
        doctor_find(d, FINDING_OK, "endpoint", none, none, "it answers (HTTP %d, %u ms)",
                    answer.status, answer.took_ms);
    else
        doctor_find(d, FINDING_FAILED, "endpoint", none,
                    settings.allow_private
                        ? S("start it, `clickbaton sandbox`, or change `endpoint:` in the configuration")
                        : S("look at name resolution, firewall and proxy of this machine"),
                    "it can't be reached: %s", err.text);
}
