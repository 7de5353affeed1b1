#include "adapters/trackers/ids.h"
#include "adapters/trackers/urls.h"
#include "core/mapping/mapping.h"

/* RedTrack reports a type (what happened; the account's own names) and a status (whether it
 * counts): Approved, Pending, Declined or Other ("Tracking event types",
 * docs.redtrack.io/knowledgebase/tracking-event-types). */
static const struct slice statuses[] = {
    SLICE("Approved"), SLICE("Pending"), SLICE("Declined"), SLICE("Other"), { 0 }
};

/* Click ids are MongoDB ObjectIDs: 24 hex digits, of which the first 8 are Unix seconds.  Outside
 * of these years it must be something else. */
#define OBJECT_ID_LEN 24
#define YEAR_2012 INT64_C(1325376000)
#define YEAR_2100 INT64_C(4102444800)

static bool is_status(struct slice word)
{
    for (const struct slice *s = statuses; s->ptr; s++)
        if (slice_eq_nocase(word, *s))
            return true;
    return false;
}

/* -1 when id is no ObjectID. */
static int64_t time_of_id(struct slice id)
{
    int64_t seconds = 0;

    if (id.len != OBJECT_ID_LEN)
        return -1;
    for (size_t i = 0; i < id.len; i++) {
        int digit = ascii_hex(id.ptr[i]);
        if (digit < 0)
            return -1;
        if (i < 8)
            seconds = seconds * 16 + digit;
    }
    return seconds >= YEAR_2012 && seconds < YEAR_2100 ? seconds : -1;
}

static void read_click_time(const struct tracker_in *in, struct conversion *conv)
{
    const struct field_value *id = &conv->fields[FIELD_CLICK_ID];
    int64_t seconds = time_of_id(id->value);

    if (seconds >= 0 && conv->fields[FIELD_CLICK_TIME].value.len == 0)
        conversion_set(conv, FIELD_CLICK_TIME, arena_printf(in->arena, "%lld", (long long)seconds),
                       id->name);
}

/* type=Approved&status=Purchase: RedTrack itself records such a conversion as an error, silently.
 */
static void mend_swapped(const struct tracker_in *in, struct conversion *conv)
{
    struct field_value *type = &conv->fields[FIELD_TYPE], *status = &conv->fields[FIELD_STATUS];
    struct field_value was = *type;

    if (status->value.len == 0 || is_status(slice_trim(status->value)) ||
        !is_status(slice_trim(type->value)))
        return;
    note_add(in->notes, "W048", type->name,
             "%.*s and %.*s seem to be swapped: they were read the other way round",
             SLICE_ARG(type->name), SLICE_ARG(status->name));
    *type = *status;
    *status = was;
}

static bool has_capital(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (ascii_lower(s.ptr[i]) != s.ptr[i])
            return true;
    return false;
}

/* Words of the mapping in small letters are networks' words, of which the case is not known. */
static void check_case(const struct tracker_in *in, const struct field_value *type,
                       const struct stage_word *known)
{
    struct slice given = slice_trim(type->value);

    if (known && has_capital(known->word) && !slice_eq(known->word, given))
        note_add(in->notes, "W049", type->name,
                 "%.*s=%.*s is listed as \"%.*s\": to RedTrack those are two types",
                 SLICE_ARG(type->name), SLICE_ARG(given), SLICE_ARG(known->word));
}

/* The stages that take a conversion back. */
static bool takes_back(const struct stage_word *w)
{
    return w && (slice_eq(w->stage, S("rejected")) || slice_eq(w->stage, S("refund")) ||
                 slice_eq(w->stage, S("chargeback")));
}

static bool status_decides(struct slice status, const struct stage_word *by_status,
                           const struct stage_word *by_type)
{
    return takes_back(by_status) || (slice_eq_nocase(status, S("Pending")) && !takes_back(by_type));
}

static void redtrack_finish(const struct tracker_in *in, struct conversion *conv)
{
    struct field_value *type = &conv->fields[FIELD_TYPE], *status = &conv->fields[FIELD_STATUS];
    const struct stage_word *by_type, *by_status;

    ids_check(in, conv);
    read_click_time(in, conv);
    mend_swapped(in, conv);
    by_type = mapping_word(in->offer, slice_trim(type->value));
    by_status = mapping_word(in->offer, slice_trim(status->value));
    if (type->value.len && !is_status(slice_trim(type->value)))
        check_case(in, type, by_type);
    if (type->value.len == 0 || status->value.len == 0)
        return; /* whichever there is decides */
    if (status_decides(slice_trim(status->value), by_status, by_type)) {
        if (!by_status)
            return; /* a mapping without a word for Pending: quarantined by that word */
        by_type = by_status;
    }
    if (!by_type) { /* Approved alone must not turn an unknown type into a sale */
        *status = (struct field_value){ 0 };
        return;
    }
    conv->stage = by_type->stage;
    conv->stage_at = by_type->at;
}

const struct tracker tracker_redtrack = {
    .name = "redtrack",
    .summary = "RedTrack: type beside status, and the time inside a click id",
    .urls = &redtrack_urls,
    .finish = redtrack_finish,
};
