/* catalog_case.h: a configuration in a folder, with one offer "nutra". */
#ifndef TESTS_UNIT_CATALOG_CASE_H
#define TESTS_UNIT_CATALOG_CASE_H

#include <sys/stat.h>

#include "cli/catalog.h"

static const char config_text[] =
    "version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndata: ./data\noffers: ./offers\nkey: {file: ./key}\n"
    "tiktok:\n  pixels:\n    C9EXAMPLEPIXEL00: {token: {file: ./token}}\n    C9EXAMPLEPIXEL01: {token: {file: ./token}}\n";

static inline void write_text(const char *dir, const char *name, const char *text)
{
    char path[200];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    chmod(path, 0600);
}

static inline struct catalog *open_catalog(const char *dir, const char *offer_text)
{
    char path[200];
    struct catalog *c;

    snprintf(path, sizeof(path), "%s/offers", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    write_text(dir, "clickbaton.yaml", config_text);
    write_text(dir, "offers/nutra.yaml", offer_text);
    write_text(dir, "key", "0123456789abcdef\n");
    write_text(dir, "token", "0123456789abcdef0123456789abcdef01234567\n");
    snprintf(path, sizeof(path), "%s/clickbaton.yaml", dir);
    c = catalog_open(path);
    assert_non_null(c);
    catalog_add_offers(c);
    catalog_print_problems(c, stderr);
    assert_int_equal(catalog_errors(c), 0);
    return c;
}

#endif
