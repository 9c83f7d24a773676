/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A writer of JSON that allocates nothing: text goes into a buffer of its
 * caller, and from there to the file whenever it is full.
 *
 * Members of the two outer levels have a line each; what lies deeper stays on
 * the line of its parent, so that a list has one element per line. The caller
 * sees to it that brackets pair and keys are plain; text is made safe here.
 */
#include "observe/json.h"

#include <framealloc/stats.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LINE_DEPTH 2

static void
flush(struct fai_json *json)
{
    const char *at = json->buffer;
    while (json->used != 0 && !json->has_failed) {
        ssize_t n = write(json->fd, at, json->used);
        if (n < 0 && errno == EINTR)
            continue;
        json->has_failed = n <= 0;
        at += n;
        json->used -= n > 0 ? (size_t)n : 0;
    }
    json->used = 0;
}

static void
put(struct fai_json *json, const char *bytes, size_t size)
{
    if (size > sizeof(json->buffer) - json->used)
        flush(json);
    memcpy(json->buffer + json->used, bytes, size);
    json->used += size;
}

static void
put_text(struct fai_json *json, const char *s)
{
    put(json, s, strlen(s));
}

static void
put_number(struct fai_json *json, uint64_t n)
{
    char digits[20];
    char *end = digits + sizeof(digits), *p = end;
    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    put(json, p, (size_t)(end - p));
}

static void
put_break(struct fai_json *json)
{
    static const char spaces[] = "\n    ";
    if (json->depth <= LINE_DEPTH)
        put(json, spaces, 1 + 2 * (size_t)json->depth);
}

static void
begin_value(struct fai_json *json, const char *key)
{
    if (json->is_begun[json->depth])
        put_text(json, json->depth > LINE_DEPTH ? ", " : ",");
    json->is_begun[json->depth] = true;
    if (json->depth != 0)
        put_break(json);
    if (key == NULL)
        return;
    put_text(json, "\"");
    put_text(json, key);
    put_text(json, "\": ");
}

/* --- text --- */

/* Bytes of the character that begins here; 0 when it is not UTF-8: cut off,
 * too long for what it is, a surrogate, or past U+10FFFF. */
static size_t
character_size(const unsigned char *s)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = s[0] < 0x80                   ? 1
                  : s[0] >= 0xc0 && s[0] < 0xe0 ? 2
                  : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                  : s[0] >= 0xf0 && s[0] < 0xf8 ? 4
                                                : 0;
    if (size <= 1)
        return size;
    unsigned code = s[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3fu);
    }
    bool is_surrogate = code >= 0xd800 && code < 0xe000;
    return code < least[size] || is_surrogate || code > 0x10ffff ? 0 : size;
}

/* Returns the bytes that were taken. */
static size_t
put_character(struct fai_json *json, const char *s)
{
    unsigned char c = (unsigned char)*s;
    char escape[] = "\\u0000";
    size_t size = character_size((const unsigned char *)s);
    if (size == 0) {
        put_text(json, "\xef\xbf\xbd");
        return 1;
    }
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
        put(json, s, size);
        return size;
    }
    escape[4] = "0123456789abcdef"[c >> 4];
    escape[5] = "0123456789abcdef"[c & 15];
    put(json, escape, 6);
    return 1;
}

/* --- values --- */

void
fai_json_begin(struct fai_json *json, int fd)
{
    json->fd = fd;
    json->has_failed = false;
    json->depth = 0;
    json->is_begun[0] = false;
    json->used = 0;
}

void
fai_json_open(struct fai_json *json, const char *key, char bracket)
{
    begin_value(json, key);
    put(json, &bracket, 1);
    json->depth++;
    FAI_ASSERT(json->depth < FAI_JSON_DEPTH);
    json->is_begun[json->depth] = false;
}

void
fai_json_close(struct fai_json *json, char bracket)
{
    bool is_broken = json->depth <= LINE_DEPTH && json->is_begun[json->depth];
    json->depth--;
    if (is_broken)
        put_break(json);
    put(json, &bracket, 1);
}

void
fai_json_number(struct fai_json *json, const char *key, uint64_t n)
{
    begin_value(json, key);
    put_number(json, n);
}

void
fai_json_count(struct fai_json *json, const char *key, uint64_t n)
{
    if (n == FA_COUNT_UNKNOWN)
        fai_json_null(json, key);
    else
        fai_json_number(json, key, n);
}

void
fai_json_decimal(struct fai_json *json, const char *key, double n)
{
    uint64_t hundredths = (uint64_t)(n * 100 + 0.5);
    char fraction[] = {'.', (char)('0' + hundredths / 10 % 10),
                       (char)('0' + hundredths % 10)};
    begin_value(json, key);
    put_number(json, hundredths / 100);
    put(json, fraction, sizeof(fraction));
}

void
fai_json_bool(struct fai_json *json, const char *key, bool is_true)
{
    begin_value(json, key);
    put_text(json, is_true ? "true" : "false");
}

void
fai_json_null(struct fai_json *json, const char *key)
{
    begin_value(json, key);
    put_text(json, "null");
}

void
fai_json_string(struct fai_json *json, const char *key, const char *s)
{
    begin_value(json, key);
    put_text(json, "\"");
    while (*s != '\0')
        s += put_character(json, s);
    put_text(json, "\"");
}

bool
fai_json_end(struct fai_json *json)
{
    put_text(json, "\n");
    flush(json);
    return !json->has_failed;
}
