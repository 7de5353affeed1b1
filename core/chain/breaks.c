#include "core/chain/breaks.h"

#include "core/chain/break_acts.h"
#include "core/chain/edit.h"

const struct break_kind break_kinds[] = {
    { .name = "drop",
      .takes = BREAK_NAMES,
      .url = break_drop,
      .sample = "IDS",
      .does = "leaves out parameters",
      .remedy = "let this hop pass the whole query on" },
    { .name = "keep_only",
      .takes = BREAK_NAMES,
      .url = break_keep_only,
      .sample = "[utm_source, utm_campaign]",
      .does = "builds the query anew from a list of names it knows",
      .remedy = "add the names to its list; behind the tracker its short click id is enough, in a "
                "name from that list" },
    { .name = "rename",
      .takes = BREAK_MAP,
      .url = break_rename_params,
      .sample = "RENAMED",
      .does = "gives parameters other names",
      .remedy = "tell the next hop the new name, or keep the old one" },
    { .name = "uppercase_keys",
      .takes = BREAK_ALL_OR_NAMES,
      .url = break_uppercase_keys,
      .sample = "true",
      .does = "writes names in capitals",
      .remedy = "names are case-sensitive: keep them as they come" },
    { .name = "lowercase",
      .takes = BREAK_ALL_OR_NAMES,
      .value = break_lowercase,
      .stored = true,
      .sample = "true",
      .does = "lower-cases values",
      .remedy = "click ids are case-sensitive: turn the lower-casing off for parameters" },
    { .name = "truncate",
      .takes = BREAK_NUMBER,
      .value = break_truncate,
      .stored = true,
      .sample = "255",
      .does = "cuts long values",
      .remedy = "widen the field: a ttclid has some 300 characters, up to 1,000, a tracker's click "
                "id up to 30; or pass the shorter of the two" },
    { .name = "double_encode",
      .takes = BREAK_ALL_OR_NAMES,
      .value = break_double_encode,
      .sample = "true",
      .does = "percent-encodes values that are encoded already",
      .remedy = "encode once: use the raw macro, or take the second encoding out" },
    { .name = "decode",
      .takes = BREAK_ALL_OR_NAMES,
      .url = break_decode,
      .sample = "true",
      .does = "writes values into the URL without encoding them",
      .remedy = "encode values: a & or # inside one ends it" },
    { .name = "html_entities",
      .takes = BREAK_FLAG,
      .url = break_html_entities,
      .sample = "true",
      .does = "has a target that was copied out of a rendered page, where &currency= has become "
              "\u00a4cy=",
      .remedy = "copy the URL as plain text, and write &amp; in HTML" },
    { .name = "second_question_mark",
      .takes = BREAK_FLAG,
      .url = break_second_question_mark,
      .sample = "true",
      .does = "appends with a second \"?\", which glues what follows to the last value",
      .remedy = "append with & when there is a ? already" },
    { .name = "fragment",
      .takes = BREAK_FLAG,
      .url = break_fragment,
      .sample = "true",
      .does = "puts the parameters behind a \"#\", where no server sees them",
      .remedy = "put them before the #, or have a landing page with lander.js read them there" },
    { .name = "fragment_first",
      .takes = BREAK_FLAG,
      .url = break_fragment_first,
      .sample = "true",
      .does = "writes the anchor before the query, so that the query is part of it",
      .remedy = "the query comes first: /page?a=1#top" },
    { .name = "strip_query",
      .takes = BREAK_FLAG,
      .url = break_strip_query,
      .sample = "true",
      .does = "drops the whole query",
      .remedy = "carry the query on: a redirect appends it ($is_args$args in nginx, "
                "QSA in Apache), a link or a macro names its parameters" },
    { .name = "trailing_slash",
      .takes = BREAK_FLAG,
      .url = break_trailing_slash,
      .sample = "true",
      .does = "answers with a 301 to the path with a \"/\", without the query",
      .remedy = "link to the address that ends in / at once" },
    { .name = "duplicate",
      .takes = BREAK_MAP_OR_NAMES,
      .url = break_duplicate,
      .sample = "IDS",
      .does = "adds a parameter that is there already",
      .remedy = "set it instead of adding it" },
    { .name = "relative",
      .takes = BREAK_FLAG,
      .url = break_relative,
      .sample = "true",
      .does = "sends a relative Location, which stays on its own host",
      .remedy = "send the whole URL with its host" },
    { .name = "downgrade",
      .takes = BREAK_FLAG,
      .url = break_downgrade,
      .sample = "true",
      .does = "goes on to http",
      .remedy = "write https:// in the target" },
    { .name = "host",
      .takes = BREAK_HOST,
      .url = break_host,
      .sample = "www.other.example",
      .does = "goes on to another host",
      .remedy = "link to the host that it ends on at once" },
    { .name = "lose_cookies",
      .takes = BREAK_FLAG,
      .url = break_same,
      .sample = "true",
      .does = "meets a browser that keeps none of its cookies",
      .remedy = "carry the click id in the URL, not in a cookie of another domain" },
    { .name = "base64",
      .takes = BREAK_ALL_OR_NAMES,
      .value = break_base64,
      .sample = "true",
      .does = "passes values on in base64",
      .remedy = "send the plain value: nobody behind it decodes it" },
    { .name = "encrypt",
      .takes = BREAK_ALL_OR_NAMES,
      .value = break_encrypt,
      .sample = "IDS",
      .does = "passes values on encrypted",
      .remedy = "have it send the plain click id, or its own id in the postback as well" },
    { .name = "literal",
      .takes = BREAK_NAMES,
      .value = break_literal,
      .sample = "IDS",
      .does = "leaves macros unfilled",
      .remedy = "correct the macro: spelling, case, and that this hop knows it" },
    { .name = "plus_to_space",
      .takes = BREAK_ALL_OR_NAMES,
      .value = break_plus_to_space,
      .stored = true,
      .sample = "true",
      .does = "makes blanks of the \"+\" in values",
      .remedy = "write %2B for a plus sign in a value" },
    { .name = "space_to_plus",
      .takes = BREAK_ALL_OR_NAMES,
      .url = break_space_to_plus,
      .sample = "true",
      .does = "writes blanks as \"+\"",
      .remedy = "nothing: both mean a blank in a query" },
    { .name = "ascii_only",
      .takes = BREAK_FLAG,
      .url = break_ascii_only,
      .sample = "true",
      .does = "cuts the URL before the first letter beyond ASCII",
      .remedy = "put the ids before free texts such as the campaign's name, or leave those out" },
    { 0 },
};

const struct break_kind *break_named(struct slice name)
{
    for (const struct break_kind *k = break_kinds; k->name; k++)
        if (slice_eq(slice_from(k->name), name))
            return k;
    return NULL;
}

struct slice break_apply(struct arena *arena, const struct hop_break *b, struct slice url)
{
    struct edit e;

    if (b->kind->url)
        return b->kind->url(arena, b, url);
    if (!edit_open(&e, arena, url))
        return url;
    for (size_t i = 0; i < e.count; i++) {
        struct slice name = edit_name(&e, i);
        if (break_names(b, name))
            edit_set_value(&e, i, b->kind->value(arena, b, name, edit_value(&e, i)));
    }
    return edit_text(&e);
}

struct slice break_store(struct arena *arena, const struct hop_break *b, struct slice name,
                         struct slice value)
{
    return b->kind->stored && break_names(b, name) ? b->kind->value(arena, b, name, value) : value;
}
