/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Writes JSON and XML to a stream, piece by piece. What comes out is always
 * well-formed: bytes that are no UTF-8, and in XML control characters, become
 * U+FFFD.
 */
#ifndef CHECK_EMIT_H
#define CHECK_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { EMIT_DEPTH = 24 };

struct emit {
    FILE *out;
    unsigned depth;
    bool is_flat;           /* all on one line */
    bool has[EMIT_DEPTH];   /* a member, per level */
    char close[EMIT_DEPTH]; /* what ends the level */
};

/* A key of NULL: an element of an array, or the document. */
void emit_object(struct emit *emit, const char *key);
void emit_array(struct emit *emit, const char *key);
/* Ends the innermost object or array; the document's gets a line end. */
void emit_close(struct emit *emit);
void emit_string(struct emit *emit, const char *key, const char *value);
void emit_bytes(struct emit *emit, const char *key, const char *value,
                size_t size);
void emit_number(struct emit *emit, const char *key, uint64_t value);
void emit_bool(struct emit *emit, const char *key, bool value);

/* Text of XML or HTML, also between double quotes. */
void emit_xml(FILE *out, const char *text);
void emit_xml_bytes(FILE *out, const char *text, size_t size);

#endif
