#include "adapters/tiktok/sandbox/names.h"

#include "core/base/diag.h"

#define CUSTOM_MAX 50

struct row {
    struct slice name;
    unsigned sources;
    enum sandbox_name_kind kind;
    struct slice now;
};

static const struct row rows[] = {
    { SLICE("Purchase"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("Lead"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("CompleteRegistration"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("AddPaymentInfo"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("AddToCart"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("AddToWishlist"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("ApplicationApproval"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("Contact"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("CustomizeProduct"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("Download"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("FindLocation"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("InitiateCheckout"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("Schedule"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("Search"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("StartTrial"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("SubmitApplication"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("Subscribe"), SOURCE_ALL, NAME_STANDARD, { 0 } },
    { SLICE("ViewContent"), SOURCE_ALL, NAME_STANDARD, { 0 } },

    { SLICE("CompletePayment"), SOURCE_ALL, NAME_OLD, SLICE("Purchase") },
    { SLICE("SubmitForm"), SOURCE_ALL, NAME_OLD, SLICE("Lead") },
    { SLICE("ClickButton"), SOURCE_ALL, NAME_DEPRECATED, { 0 } },
    { SLICE("PlaceAnOrder"), SOURCE_ALL, NAME_DEPRECATED, { 0 } },

    /* Not in the list of standard events, but TikTok's own templates send the first form, some
     * others the second. */
    { SLICE("Pageview"), SOURCE_WEB, NAME_STANDARD, { 0 } },
    { SLICE("PageView"), SOURCE_WEB, NAME_STANDARD, { 0 } },

    { SLICE("AchieveLevel"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("Checkout"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("CompleteTutorial"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("CreateGroup"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("CreateRole"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("GenerateLead"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("InAppADClick"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("InAppADImpr"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("InstallApp"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("JoinGroup"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("LaunchAPP"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("LoanApplication"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("LoanApproval"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("LoanDisbursal"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("Login"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("Rate"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("Registration"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("SpendCredits"), SOURCE_APP, NAME_STANDARD, { 0 } },
    { SLICE("UnlockAchievement"), SOURCE_APP, NAME_STANDARD, { 0 } },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* Equal but for the case of letters and for what is neither letter nor digit. */
static bool same_letters(struct slice a, struct slice b)
{
    size_t i = 0, j = 0;

    for (;;) {
        while (i < a.len && !ascii_is_alnum(a.ptr[i]))
            i++;
        while (j < b.len && !ascii_is_alnum(b.ptr[j]))
            j++;
        if (i == a.len || j == b.len)
            return i == a.len && j == b.len;
        if (ascii_lower(a.ptr[i++]) != ascii_lower(b.ptr[j++]))
            return false;
    }
}

static bool custom_form(struct slice name)
{
    if (name.len == 0 || name.len > CUSTOM_MAX || !ascii_is_alpha(name.ptr[0]))
        return false;
    for (size_t i = 1; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '_' && name.ptr[i] != '-')
            return false;
    return true;
}

static struct slice nearest(struct slice name, enum sandbox_source source)
{
    struct slice list[ROWS + 1];
    size_t n = 0;

    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].sources & source && rows[i].kind == NAME_STANDARD)
            list[n++] = rows[i].name;
    list[n] = (struct slice){ 0 };
    return diag_nearest(name, list);
}

enum sandbox_name_kind sandbox_name(struct slice name, enum sandbox_source source,
                                    struct slice *other)
{
    *other = (struct slice){ 0 };
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].sources & source && slice_eq(rows[i].name, name)) {
            *other = rows[i].now;
            return rows[i].kind;
        }
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].sources & source && same_letters(rows[i].name, name)) {
            *other = rows[i].now.len ? rows[i].now : rows[i].name;
            return NAME_MISSPELT;
        }
    *other = nearest(name, source);
    return custom_form(name) ? NAME_CUSTOM : NAME_BAD_FORM;
}

struct slice sandbox_name_current(struct slice name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].kind == NAME_OLD && slice_eq(rows[i].name, name))
            return rows[i].now;
    return name;
}
