/* forms.h: what a value must look like beyond its type.  No form repeats personal data. */
#ifndef ADAPTERS_TIKTOK_SANDBOX_FORMS_H
#define ADAPTERS_TIKTOK_SANDBOX_FORMS_H

#include "adapters/tiktok/sandbox/fields.h"

sandbox_text_form form_event, form_id, form_hash, form_ip, form_url, form_plain_name, form_country,
    form_locale, form_idfa, form_gaid, form_partner;
sandbox_number_form form_event_time, form_amount, form_count, form_share;

/* A macro that nothing has filled: {x}, %7Bx%7D, __CLICKID__, ##X##, undefined, null. */
bool sandbox_unexpanded(struct slice text);

#endif
