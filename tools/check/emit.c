/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * JSON and XML.
 */
#include "check/emit.h"

#include <inttypes.h>
#include <string.h>

static const char replacement[] = "\xef\xbf\xbd";

/* Bytes of the UTF-8 sequence at p, at most size; 0: there is none. Takes no
 * overlong forms, surrogates or numbers above U+10FFFF. */
static size_t
sequence_size(const unsigned char *p, size_t size)
{
    size_t length = p[0] < 0x80                    ? 1
                    : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
                    : (p[0] & 0xf0) == 0xe0        ? 3
                    : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
                                                   : 0;
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool is_bad =
        (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return is_bad ? 0 : length;
}

static void
put_json(FILE *out, unsigned char c)
{
    static const char special[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = memchr(special, c, sizeof(special) - 1);
    if (found != NULL)
        fprintf(out, "\\%c", letters[found - special]);
    else if (c < 0x20 || c == 0x7f)
        fprintf(out, "\\u%04x", c);
    else
        putc(c, out);
}

static void
put_xml(FILE *out, unsigned char c)
{
    switch (c) {
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '&':
        fputs("&amp;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    case '\n':
    case '\r':
    case '\t':
        fprintf(out, "&#%d;", c);
        break;
    default:
        if (c < 0x20)
            fputs(replacement, out);
        else
            putc(c, out);
    }
}

static void
put_text(FILE *out, const char *text, size_t size,
         void (*put)(FILE *, unsigned char))
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < size;) {
        size_t length = sequence_size(p + i, size - i);
        if (length == 1)
            put(out, p[i]);
        else if (length == 0)
            fputs(replacement, out);
        else
            fwrite(p + i, 1, length, out);
        i += length == 0 ? 1 : length;
    }
}

static void
put_string(FILE *out, const char *text, size_t size)
{
    putc('"', out);
    put_text(out, text, size, put_json);
    putc('"', out);
}

static void
start_line(struct emit *emit)
{
    if (emit->is_flat)
        return;
    fprintf(emit->out, "\n%*s", (int)(2 * emit->depth), "");
}

static void
start_member(struct emit *emit, const char *key)
{
    if (emit->depth == 0)
        return;
    if (emit->has[emit->depth - 1])
        fputs(emit->is_flat ? ", " : ",", emit->out);
    emit->has[emit->depth - 1] = true;
    start_line(emit);
    if (key == NULL)
        return;
    put_string(emit->out, key, strlen(key));
    fputs(": ", emit->out);
}

static void
open_level(struct emit *emit, const char *key, char start, char end)
{
    start_member(emit, key);
    putc(start, emit->out);
    emit->has[emit->depth] = false;
    emit->close[emit->depth++] = end;
}

void
emit_object(struct emit *emit, const char *key)
{
    open_level(emit, key, '{', '}');
}

void
emit_array(struct emit *emit, const char *key)
{
    open_level(emit, key, '[', ']');
}

void
emit_close(struct emit *emit)
{
    emit->depth--;
    if (emit->has[emit->depth])
        start_line(emit);
    putc(emit->close[emit->depth], emit->out);
    if (emit->depth == 0)
        putc('\n', emit->out);
}

void
emit_bytes(struct emit *emit, const char *key, const char *value, size_t size)
{
    start_member(emit, key);
    put_string(emit->out, value, size);
}

void
emit_string(struct emit *emit, const char *key, const char *value)
{
    emit_bytes(emit, key, value, strlen(value));
}

void
emit_number(struct emit *emit, const char *key, uint64_t value)
{
    start_member(emit, key);
    fprintf(emit->out, "%" PRIu64, value);
}

void
emit_bool(struct emit *emit, const char *key, bool value)
{
    start_member(emit, key);
    fputs(value ? "true" : "false", emit->out);
}

void
emit_xml_bytes(FILE *out, const char *text, size_t size)
{
    put_text(out, text, size, put_xml);
}

void
emit_xml(FILE *out, const char *text)
{
    emit_xml_bytes(out, text, strlen(text));
}
