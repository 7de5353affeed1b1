/* urls_access.c: what beside the URL itself decides whether a postback is taken. */
#include "cli/cli.h"
#include "cli/rotation.h"
#include "cli/urls.h"

static void remark_keys(const struct catalog_offer *offer, struct notes *out)
{
    const struct access_secret *own = &offer->offer->access.key;

    if (own->file.text.len)
        note_add(out, "", S("key"),
                 "YOUR-KEY is the first line of %s%.*s here: the offer has a key of its own, and the "
                 "common one does not count",
                 own->file.credential ? "the credential " : "", SLICE_ARG(own->file.text));
}

static void remark_rotation(const struct catalog *c, const struct catalog_offer *offer,
                            enum rotation_what what, struct notes *out)
{
    const char *name = what == ROTATION_KEY ? "key" : "signing secret";
    struct err err = { 0 };
    int64_t n;

    if (!rotation_under_way(c, offer, what))
        return;
    n = rotation_count(c, offer, what, cli_now() - ROTATION_SECONDS, &err);
    if (n < 0)
        note_add(out, "", S("key"), "the previous %s counts as well; the store can't be read: %s", name,
                 err.text);
    else
        note_add(out, "", S("key"), "the previous %s counts as well; %lld postback%s of the last day "
                                    "used it%s",
                 name, (long long)n, n == 1 ? "" : "s",
                 n ? ": paste the present one there" : ", so it can be taken out of the file");
}

static void remark_signature(const struct catalog *c, const struct catalog_offer *offer,
                             struct notes *out)
{
    const struct catalog_signature *s = catalog_signature(c, offer);

    if (!s)
        return;
    note_add(out, "", S("signature"), "%s (docs/configuration.md, \"Signed postbacks\"): %s%s",
             s->how.required ? "every postback must be signed" : "postbacks may be signed",
             s->how.scheme == SIGNATURE_PARAMETERS ? "sig= over the sorted parameters"
                                                   : "the headers of Standard Webhooks",
             s->how.required ? "; a tracker that can't sign is refused with 401" : "");
}

void urls_access(const struct catalog *c, const struct catalog_offer *offer, struct notes *out)
{
    const struct networks *allow = catalog_allow(c, offer);

    if (!offer)
        return;
    remark_keys(offer, out);
    remark_rotation(c, offer, ROTATION_KEY, out);
    remark_signature(c, offer, out);
    remark_rotation(c, offer, ROTATION_SIGNATURE, out);
    if (allow)
        note_add(out, "", S("allow"), "postbacks are taken from %zu listed network%s only (allow:)",
                 allow->count, allow->count == 1 ? "" : "s");
    if (offer->offer->require_click)
        note_add(out, "", S("require_click"),
                 "the click must be registered before its postback comes, by the landing script or a "
                 "server of yours (require_click:)");
}
