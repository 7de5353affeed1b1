#include "cli/sample.h"

const struct tracker_urls *sample_urls(const struct offer *offer)
{
    if (offer->tracker && offer->tracker->urls)
        return offer->tracker->urls;
    for (const struct tracker *const *t = trackers; *t; t++)
        if (slice_eq(slice_from((*t)->name), S("generic")))
            return (*t)->urls;
    return NULL;
}

struct slice sample_name(const struct offer *offer, enum field f)
{
    return offer->fields[f].count ? offer->fields[f].names[0] : (struct slice){ 0 };
}

struct slice sample_word(const struct offer *offer, const struct tracker_urls *urls,
                         struct slice stage)
{
    for (const struct tracker_status *s = urls ? urls->statuses : NULL; s && s->stage; s++)
        if (slice_eq(slice_from(s->stage), stage))
            return slice_from(s->word);
    for (size_t i = 0; i < offer->word_count; i++)
        if (slice_eq(offer->words[i].stage, stage))
            return offer->words[i].word;
    return (struct slice){ 0 };
}

void sample_add(struct buf *out, struct slice name, struct slice value)
{
    if (name.len == 0 || value.len == 0)
        return;
    if (out->len && out->ptr[out->len - 1] != '?')
        buf_byte(out, '&');
    buf_add(out, name);
    buf_byte(out, '=');
    buf_add(out, value);
}
