/* server.c: the server that runs, asked at its admin address. */
#include "cli/doctor/doctor.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "adapters/chain/fetch.h"
#include "core/base/codes.h"

static const struct slice none = { 0 };

static bool ask(struct doctor *d, const char *path, struct fetch_answer *answer)
{
    struct fetch_settings settings = FETCH_SETTINGS_DEFAULT;
    struct err err = { 0 };
    struct fetcher *f;
    enum fetch_result result;

    settings.allow_private = true;
    settings.connect_timeout_ms = 2000;
    settings.timeout_ms = 5000;
    f = fetcher_open(&settings, &err);
    result = f ? fetcher_get(f, d->arena, arena_printf(d->arena, "http://%s%s", d->catalog->admin, path),
                             none, answer, &err)
               : FETCH_FAILED;
    fetcher_close(f);
    return result == FETCH_DONE;
}

/* The texts of a list in the answer, each a finding. */
static bool tell(struct doctor *d, enum finding_level level, const cJSON *answer, const char *list,
                 const char *before)
{
    const cJSON *one;
    bool any = false;

    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(answer, list))
        if (cJSON_IsString(one) && !strstr(one->valuestring, " used the previous ")) { /* offer.c tells it */
            doctor_find(d, level, "server", none, none, "%s%s", before, one->valuestring);
            any = true;
        }
    return any;
}

/* A message that came again (R013) was answered 200: that is how it should be. */
static void tell_refused(struct doctor *d, const cJSON *row)
{
    const cJSON *offer = cJSON_GetObjectItemCaseSensitive(row, "offer");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(row, "code");
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(row, "count");
    const struct code *known = cJSON_IsString(code) ? code_find(code->valuestring) : NULL;

    if (!known || !cJSON_IsNumber(count) || strcmp(known->code, "R013") == 0)
        return;
    doctor_find(d, FINDING_WARNING, "refused", none,
                arena_printf(d->arena, "clickbaton explain %s; the last ones: curl http://%s/refused",
                             known->code, d->catalog->admin),
                "%s: %.0f refused since the server's start, %s: %s",
                cJSON_IsString(offer) ? offer->valuestring : "an offer that does not exist",
                count->valuedouble, known->code, known->title);
}

static void check_refused(struct doctor *d)
{
    struct fetch_answer answer;
    const cJSON *row;
    cJSON *json;

    if (!ask(d, "/refused", &answer) || answer.status != 200)
        return;
    json = cJSON_ParseWithLength(answer.body.ptr, answer.body.len);
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(json, "counts"))
        tell_refused(d, row);
    cJSON_Delete(json);
}

/* Its own words when it is not ready, and when it is. */
void doctor_server(struct doctor *d)
{
    struct fetch_answer answer;
    cJSON *json;

    if (!ask(d, "/readyz", &answer)) {
        doctor_find(d, FINDING_WARNING, "server", none, S("start it: clickbaton serve"),
                    "no server answers at %s (admin)", d->catalog->admin);
        return;
    }
    json = cJSON_ParseWithLength(answer.body.ptr, answer.body.len);
    if (answer.status == 200)
        doctor_find(d, FINDING_OK, "server", none, none, "it runs and is ready (%s)",
                    d->catalog->admin);
    else if (!tell(d, FINDING_FAILED, json, "problems", "it is not ready: "))
        doctor_find(d, FINDING_FAILED, "server", none, none, "it is not ready: HTTP %ld",
                    (long)answer.status);
    tell(d, FINDING_WARNING, json, "warnings", "");
    cJSON_Delete(json);
    check_refused(d);
}
