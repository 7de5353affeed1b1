/* Tables of keys: what reading by them says, and that those of our files are whole. */
#include "core/yaml/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

#include "core/chain/chain.h"
#include "core/mapping/mapping.h"
#include "core/mapping/shapes.h"
#include "core/rules/rates.h"
#include "core/yaml/expect.h"

/* ---- reading by a table ---- */

static const struct slice colours[] = { SLICE("red"), SLICE("green"), { 0 } };
static const struct shape colour = { SHAPE_WORD, .words = colours };

static const struct shape_key own_keys[] = {
    SHAPE_KEY("name", &shape_text, "a name", .required = "name: x"),
    SHAPE_KEY("colour", &colour, "a colour", .otherwise = "red"),
    SHAPE_KEY("of", &shape_text, "what it is made of", .required = "of: wood", .late = true),
    SHAPE_END,
};

static bool made_row(struct arena *arena, size_t i, struct shape_key *out)
{
    static const char *const names[] = { "alpha", "beta" };

    (void)arena;
    if (i >= 2)
        return false;
    out->name = slice_from(names[i]);
    out->is = &shape_bool;
    out->required = i == 1 ? "beta: true" : NULL;
    out->id = 10 + (int)i;
    return true;
}

static const struct shape thing = { SHAPE_MAP, .keys = own_keys, .row = made_row };
static const struct shape open_map = { SHAPE_MAP, .keys = own_keys, .of = &shape_text };
static const struct shape made = { SHAPE_MAP, .row = made_row };

struct fixture {
    struct arena arena;
    struct diags diags;
    struct source source;
    struct expect e;
    struct yaml *root;
    struct buf said;
};

static void parse(struct fixture *f, const char *text, size_t limit)
{
    *f = (struct fixture){ .source = { SLICE("t.yaml"), slice_from(text) } };
    arena_init(&f->arena, limit);
    f->diags.arena = &f->arena;
    f->e = (struct expect){ &f->arena, &f->diags };
    f->root = yaml_parse(&f->arena, &f->source, &f->diags);
    assert_non_null(f->root);
}

static const char *said(struct fixture *f)
{
    for (const struct diag *d = f->diags.first; d; d = d->next)
        buf_printf(&f->said, "%u:%u %s %.*s | %.*s\n", d->at.line, d->at.col, d->code,
                   SLICE_ARG(d->text), SLICE_ARG(d->hint));
    buf_byte(&f->said, '\0');
    assert_true(buf_ok(&f->said));
    return f->said.ptr;
}

static void finish(struct fixture *f)
{
    arena_free(&f->arena);
    buf_free(&f->said);
}

static void maps(void **state)
{
    static const struct {
        const struct shape *shape;
        const char *text, *expected;
        bool is_map;
    } rows[] = {
        { &thing, "name: a\nbeta: true\n", "", true },
        { &thing, "alpha: 1\n",
          "1:1 M003 `name:` is missing | name: x\n1:1 M003 `beta:` is missing | beta: true\n",
          true },
        { &thing, "name: a\nbeta: 1\ncolor: red\n",
          "3:1 M001 unknown key \"color\" in a thing | did you mean \"colour\"?\n", true },
        { &thing, "name: a\nbeta: 1\nbetta: 2\n",
          "3:1 M001 unknown key \"betta\" in a thing | did you mean \"beta\"?\n", true },
        { &thing, "name: a\nbeta: 1\nxyzzyx: red\n",
          "3:1 M001 unknown key \"xyzzyx\" in a thing | one of: name, colour, of, alpha, beta\n",
          true },
        { &thing, "- a\n", "1:1 M002 a thing must be a map (key: value), but this is a list | write its "
          "keys below it, or {key: value}\n",
          false },
        { &open_map, "colour: red\nwhatever: 1\n", "1:1 M003 `name:` is missing | name: x\n",
          true },
        { &made, "name: a\nbeta: 1\n",
          "1:1 M001 unknown key \"name\" in a thing | one of: alpha, beta\n", true },
        { NULL, "anything: 1\n", "", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct fixture f;
        parse(&f, rows[i].text, 1 << 20);
        assert_int_equal(expect_map(&f.e, f.root, "a thing", rows[i].shape), rows[i].is_map);
        assert_string_equal(said(&f), rows[i].expected);
        finish(&f);
    }
}

static void late_rows_are_missed_when_asked(void **state)
{
    struct fixture f;

    (void)state;
    parse(&f, "name: a\nbeta: 1\n", 1 << 20);
    assert_true(expect_map(&f.e, f.root, "a thing", &thing));
    expect_required(&f.e, f.root, &thing, "of");
    expect_required(&f.e, f.root, &thing, "name");
    assert_string_equal(said(&f), "1:1 M003 `of:` is missing | of: wood\n");
    finish(&f);
}

static void choices(void **state)
{
    struct fixture f;
    size_t i = 7;

    (void)state;
    parse(&f, "colour: green\n", 1 << 20);
    assert_true(expect_choice(&f.e, f.root, &thing, "colour", &i));
    assert_int_equal(i, 1);
    assert_string_equal(said(&f), "");
    finish(&f);
    parse(&f, "colour: gren\n", 1 << 20);
    assert_false(expect_choice(&f.e, f.root, &thing, "colour", &i));
    assert_string_equal(said(&f),
                        "1:9 M024 `colour` can't be \"gren\" | did you mean \"green\"?\n");
    finish(&f);
    parse(&f, "name: x\n", 1 << 20);
    assert_false(expect_choice(&f.e, f.root, &thing, "colour", &i));
    assert_string_equal(said(&f), "");
    finish(&f);
}

static void rows_of_a_map(void **state)
{
    struct arena arena, none;
    struct shape_key row;
    const struct slice *names;

    (void)state;
    arena_init(&arena, 1 << 16);
    assert_true(shape_row(&thing, &arena, 1, &row));
    assert_true(slice_eq(row.name, S("colour")) && row.is == &colour && !row.required);
    assert_true(shape_row(&thing, &arena, 4, &row));
    assert_true(slice_eq(row.name, S("beta")) && row.id == 11 && row.is == &shape_bool);
    assert_false(shape_row(&thing, &arena, 5, &row));
    assert_false(shape_row(&shape_file, &arena, 1, &row));
    assert_true(shape_find(&thing, &arena, S("alpha"), &row) && row.id == 10 && !row.required);
    assert_true(shape_find(&thing, &arena, S("of"), &row) && row.late);
    assert_false(shape_find(&thing, &arena, S("alph"), &row));
    assert_false(shape_find(&thing, &arena, S(""), &row));
    assert_null(row.otherwise);
    names = shape_names(&thing, &arena);
    for (size_t i = 0; i < 5; i++)
        assert_true(shape_row(&thing, &arena, i, &row) && slice_eq(row.name, names[i]));
    assert_null(names[5].ptr);
    arena_init(&none, 0);
    assert_null(shape_names(&thing, &none)[0].ptr);
    arena_free(&none);
    arena_free(&arena);
}

/* ---- the tables of our files ---- */

struct walk {
    struct arena arena;
    const struct shape *seen[500];
    size_t count, keys;
    const char *where;
};

static void walk(struct walk *w, const struct shape *s);

static void walk_map(struct walk *w, const struct shape *s)
{
    struct shape_key row, other;
    size_t n = 0;

    for (; shape_row(s, &w->arena, n, &row); n++, w->keys++) {
        if (!row.name.len || row.name.ptr[row.name.len] != '\0' || !row.is)
            fail_msg("%s: row %zu has no name, none with a NUL behind it, or no shape", w->where,
                     n);
        if (!row.about || strlen(row.about) < 4)
            fail_msg("%s: nothing is said about %s", w->where, row.name.ptr);
        if ((row.late && !row.required) || (row.required && row.otherwise))
            fail_msg("%s: %s is required and is not", w->where, row.name.ptr);
        for (size_t i = 0; i < n; i++)
            if (shape_row(s, &w->arena, i, &other) && slice_eq(other.name, row.name))
                fail_msg("%s: %s stands there twice", w->where, row.name.ptr);
        walk(w, row.is);
    }
    if (n == 0 && !s->of)
        fail_msg("%s: a map that can hold nothing", w->where);
    if (s->names) {
        assert_non_null(s->of);
        assert_true(s->names->kind == SHAPE_TEXT || s->names->kind == SHAPE_WORD);
        walk(w, s->names);
    }
}

static void walk(struct walk *w, const struct shape *s)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->seen[i] == s)
            return;
    assert_true(w->count < 500);
    w->seen[w->count++] = s;
    assert_true(s->kind == SHAPE_WORD ? s->words && s->words[0].len
                                      : !s->words || s->kind == SHAPE_TEMPLATE);
    assert_true(!s->pattern || s->kind == SHAPE_TEXT || s->kind == SHAPE_TEMPLATE);
    assert_true(s->kind == SHAPE_MAP || (!s->keys && !s->row && !s->names));
    assert_true((s->kind == SHAPE_EITHER) == (s->either != NULL));
    assert_true(s->kind != SHAPE_WHOLE || s->min < s->max);
    assert_true(s->kind != SHAPE_LIST || s->of);
    assert_true(s->max == 0 || s->min <= s->max);
    if (s->kind == SHAPE_MAP)
        walk_map(w, s);
    if (s->of)
        walk(w, s->of);
    for (size_t i = 0; s->either && s->either[i]; i++)
        walk(w, s->either[i]);
    assert_true(!s->either || (s->either[0] && s->either[1]));
}

static void our_tables_are_whole(void **state)
{
    static const struct {
        const char *where;
        const struct shape *root;
        size_t keys; /* at least */
    } rows[] = {
        { "tracker", &mapping_tracker_shape, 25 },
        { "offer", &mapping_offer_shape, 70 },
        { "chain", &chain_shape, 48 },
        { "rates", &rates_shape, 8 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct walk *w = test_calloc(1, sizeof(*w));
        w->where = rows[i].where;
        arena_init(&w->arena, 1 << 20);
        assert_non_null(rows[i].root->about);
        walk(w, rows[i].root);
        if (w->keys < rows[i].keys)
            fail_msg("%s: only %zu keys", w->where, w->keys);
        arena_free(&w->arena);
        test_free(w);
    }
}

static void keys_of_other_tables(void **state)
{
    struct arena arena;
    struct shape_key row, inner;

    (void)state;
    arena_init(&arena, 1 << 20);
    assert_true(shape_find(&shape_fields, &arena, S("click_time"), &row));
    assert_int_equal(row.id, FIELD_CLICK_TIME);
    assert_true(shape_find(row.is->either[1], &arena, S("as"), &inner));
    assert_true(inner.is->words == when_form_names);
    assert_true(shape_find(&shape_fields, &arena, S("ttclid"), &row));
    assert_int_equal(row.id, FIELD_TTCLID);
    assert_false(shape_find(row.is->either[1], &arena, S("as"), &inner));
    assert_true(shape_find(&shape_user, &arena, S("zip_code"), &row));
    assert_int_equal(row.id, IDENTITY_ZIP);
    assert_true(shape_find(&mapping_offer_shape, &arena, S("properties"), &row));
    assert_true(shape_find(row.is, &arena, S("content_type"), &inner));
    assert_true(slice_eq(inner.is->words[1], S("product_group")) && !inner.is->words[2].len);
    assert_true(shape_find(row.is, &arena, S("contents"), &inner));
    assert_true(shape_find(inner.is->of, &arena, S("price"), &row));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps),
        cmocka_unit_test(late_rows_are_missed_when_asked),
        cmocka_unit_test(choices),
        cmocka_unit_test(rows_of_a_map),
        cmocka_unit_test(our_tables_are_whole),
        cmocka_unit_test(keys_of_other_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
