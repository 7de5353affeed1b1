#include "core/yaml/shape.h"

static const struct slice versions[] = { SLICE("1"), { 0 } };

const struct shape shape_text = { .kind = SHAPE_TEXT };
const struct shape shape_template = { .kind = SHAPE_TEMPLATE };
const struct shape shape_bool = { .kind = SHAPE_BOOL };
const struct shape shape_amount = { .kind = SHAPE_AMOUNT };
const struct shape shape_texts = { SHAPE_LIST, .of = &shape_text, .lone = true };
const struct shape shape_version = { SHAPE_WORD, .words = versions };
const struct shape shape_currency = { SHAPE_TEXT, .pattern = "^[A-Za-z]{3}$" };

static const struct shape_key file_keys[] = {
    SHAPE_KEY("file", &shape_text, "a file with mode 600, relative to this one",
              .required = "name the file that holds the secret"),
    SHAPE_END,
};
const struct shape shape_file = { SHAPE_MAP, .keys = file_keys };

static const struct shape credential_name = { SHAPE_TEXT, .pattern = "^[A-Za-z0-9_.-]{1,255}$" };
static const struct shape_key credential_keys[] = {
    SHAPE_KEY("credential", &credential_name, "a credential that systemd has passed (LoadCredential=)",
              .required = "name the credential that holds the secret"),
    SHAPE_END,
};
const struct shape shape_credential = { SHAPE_MAP, .keys = credential_keys };

static const struct shape *const secret_either[] = { &shape_file, &shape_credential, NULL };
const struct shape shape_secret = { SHAPE_EITHER, .either = secret_either };

static const struct shape_key rotating_file_keys[] = {
    SHAPE_KEY("file", &shape_text, "a file with mode 600, relative to this one",
              .required = "name the file that holds the secret"),
    SHAPE_KEY("previous", &shape_text, "the file of the one before it, which counts as well"),
    SHAPE_END,
};
const struct shape shape_rotating_file = { SHAPE_MAP, .keys = rotating_file_keys };

static const struct shape_key rotating_credential_keys[] = {
    SHAPE_KEY("credential", &credential_name, "a credential that systemd has passed (LoadCredential=)",
              .required = "name the credential that holds the secret"),
    SHAPE_KEY("previous", &credential_name, "the credential of the one before it, which counts as well"),
    SHAPE_END,
};
const struct shape shape_rotating_credential = { SHAPE_MAP, .keys = rotating_credential_keys };

static const struct shape *const rotating_either[] = { &shape_rotating_file,
                                                       &shape_rotating_credential, NULL };
const struct shape shape_rotating = { SHAPE_EITHER, .either = rotating_either };

bool shape_row(const struct shape *map, struct arena *arena, size_t i, struct shape_key *out)
{
    size_t own = 0;

    for (const struct shape_key *k = map->keys; k && k->name.len; k++, own++) {
        if (own == i) {
            *out = *k;
            return true;
        }
    }
    *out = (struct shape_key){ .is = NULL };
    return map->row && map->row(arena, i - own, out);
}

bool shape_find(const struct shape *map, struct arena *arena, struct slice name,
                struct shape_key *out)
{
    *out = (struct shape_key){ .is = NULL };
    for (const struct shape_key *k = map->keys; k && k->name.len; k++) {
        if (slice_eq(k->name, name)) {
            *out = *k;
            return true;
        }
    }
    for (size_t i = 0; map->row; i++) {
        *out = (struct shape_key){ .is = NULL };
        if (!map->row(arena, i, out))
            break;
        if (slice_eq(out->name, name))
            return true;
    }
    return false;
}

const struct slice *shape_names(const struct shape *map, struct arena *arena)
{
    static const struct slice none[] = { { 0 } };
    struct shape_key row;
    struct slice *names;
    size_t n = 0;

    while (shape_row(map, arena, n, &row))
        n++;
    names = ARENA_ARRAY(arena, struct slice, n + 1);
    if (!names)
        return none;
    for (size_t i = 0; i < n && shape_row(map, arena, i, &row); i++)
        names[i] = row.name;
    return names;
}
