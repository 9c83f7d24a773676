/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The part of TOML that .fa.toml needs: tables, keys with and without quotes
 * and dots, strings of one line, integers, floats, booleans, arrays and
 * inline tables. Dates, strings of several lines and arrays of tables are
 * refused by name.
 */
#ifndef CHECK_TOML_H
#define CHECK_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum toml_type {
    TOML_TABLE,
    TOML_ARRAY,
    TOML_STRING,
    TOML_INTEGER,
    TOML_FLOAT,
    TOML_BOOL
};

struct toml {
    enum toml_type type;
    const char *key; /* NULL in arrays */
    unsigned line, column;
    const char *string;
    int64_t integer; /* also of a boolean */
    double number;   /* also of an integer */
    bool is_closed;  /* a table that may not be opened again */
    struct toml *first, *last, *next;
};

struct toml_error {
    unsigned line, column;
    const char *text;
};

/* The root table, or NULL. */
struct toml *toml_parse(const char *text, size_t size,
                        struct toml_error *error);
struct toml *toml_find(const struct toml *table, const char *key);
/* "a string", "a table" ... */
const char *toml_type_name(enum toml_type type);

#endif
