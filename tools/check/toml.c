/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A parser by recursive descent. The first error ends it: each function
 * returns false or NULL from there on.
 */
#include "check/toml.h"

#include "check/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

struct parser {
    const char *p, *end; /* there is a NUL at the end */
    const char *line_start;
    unsigned line, depth;
    struct toml_error *error;
};

static bool parse_value(struct parser *parser, struct toml *value);

static unsigned
column_of(const struct parser *parser, const char *p)
{
    return (unsigned)(p - parser->line_start) + 1;
}

static bool
fail_at(struct parser *parser, const char *p, const char *text)
{
    *parser->error =
        (struct toml_error){parser->line, column_of(parser, p), text};
    return false;
}

static bool
fail(struct parser *parser, const char *text)
{
    return fail_at(parser, parser->p, text);
}

static void
skip_blanks(struct parser *parser)
{
    while (*parser->p == ' ' || *parser->p == '\t')
        parser->p++;
}

static void
skip_comment(struct parser *parser)
{
    if (*parser->p == '#')
        while (parser->p < parser->end && *parser->p != '\n')
            parser->p++;
}

/* Blanks, comments and line ends. */
static void
skip_lines(struct parser *parser)
{
    for (;;) {
        skip_blanks(parser);
        skip_comment(parser);
        if (*parser->p == '\r' && parser->p[1] == '\n')
            parser->p++;
        if (*parser->p != '\n')
            return;
        parser->line_start = ++parser->p;
        parser->line++;
    }
}

static struct toml *
add_child(struct parser *parser, struct toml *table, const char *key,
          const char *at)
{
    struct toml *child = text_alloc(1, sizeof(*child));
    child->key = key;
    child->line = parser->line;
    child->column = column_of(parser, at);
    if (table->last == NULL)
        table->first = child;
    else
        table->last->next = child;
    table->last = child;
    return child;
}

struct toml *
toml_find(const struct toml *table, const char *key)
{
    struct toml *child = table->first;
    while (child != NULL && strcmp(child->key, key) != 0)
        child = child->next;
    return child;
}

static void
put_utf8(fa_string *out, unsigned long c)
{
    char bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(leads[size] | c);
    fa_string_append_bytes(out, bytes, size);
}

/* \uXXXX and \UXXXXXXXX; the parser is at the u. */
static bool
parse_unicode(struct parser *parser, fa_string *out)
{
    size_t digits = *parser->p == 'u' ? 4 : 8;
    if (strspn(parser->p + 1, "0123456789abcdefABCDEF") < digits)
        return fail(parser, "the escape has too few digits");
    const char *text = text_copy_bytes(parser->p + 1, digits);
    unsigned long c = strtoul(text, NULL, 16);
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return fail(parser, "the escape is not a character");
    put_utf8(out, c);
    parser->p += 1 + digits;
    return true;
}

static bool
parse_escape(struct parser *parser, fa_string *out)
{
    static const char letters[] = "\"\\bfnrt";
    static const char values[] = "\"\\\b\f\n\r\t";
    char c = *++parser->p;
    if (c == 'u' || c == 'U')
        return parse_unicode(parser, out);
    const char *found = c == '\0' ? NULL : strchr(letters, c);
    if (found == NULL)
        return fail(parser, "there is no such escape");
    fa_string_append_bytes(out, &values[found - letters], 1);
    parser->p++;
    return true;
}

static const char *
parse_string(struct parser *parser)
{
    fa_string out = TEXT_STRING_INIT;
    const char *start = parser->p;
    char quote = *parser->p++;
    if (parser->p[0] == quote && parser->p[1] == quote) {
        fail_at(parser, start, "strings of several lines are not supported");
        return NULL;
    }
    while (*parser->p != quote) {
        unsigned char c = (unsigned char)*parser->p;
        if (c == '\n' || c == '\r' || parser->p == parser->end) {
            fail_at(parser, start, "the string has no end");
            return NULL;
        }
        if (c == '\\' && quote == '"') {
            if (!parse_escape(parser, &out))
                return NULL;
            continue;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            fail(parser, "a control character");
            return NULL;
        }
        fa_string_append_bytes(&out, parser->p++, 1);
    }
    parser->p++;
    return text_of(&out);
}

static bool
is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static const char *
parse_key(struct parser *parser)
{
    if (*parser->p == '"' || *parser->p == '\'')
        return parse_string(parser);
    const char *start = parser->p;
    while (is_bare(*parser->p))
        parser->p++;
    if (parser->p == start) {
        fail(parser, "a key is expected");
        return NULL;
    }
    return text_copy_bytes(start, (size_t)(parser->p - start));
}

/* The table of that key, made if there is none. */
static struct toml *
enter(struct parser *parser, struct toml *table, const char *key,
      const char *at)
{
    struct toml *child = toml_find(table, key);
    if (child == NULL)
        return add_child(parser, table, key, at);
    if (child->type == TOML_TABLE)
        return child;
    fail_at(parser, at, text_format("\"%s\" is no table", key));
    return NULL;
}

/* a.b.c: enters a and b; *key is c and *at where it stands. */
static struct toml *
parse_path(struct parser *parser, struct toml *table, const char **key,
           const char **at)
{
    for (;;) {
        skip_blanks(parser);
        *at = parser->p;
        *key = parse_key(parser);
        if (*key == NULL)
            return NULL;
        skip_blanks(parser);
        if (*parser->p != '.')
            return table;
        parser->p++;
        table = enter(parser, table, *key, *at);
        if (table == NULL)
            return NULL;
    }
}

static bool
parse_pair(struct parser *parser, struct toml *table)
{
    const char *key, *at;
    table = parse_path(parser, table, &key, &at);
    if (table == NULL)
        return false;
    if (toml_find(table, key) != NULL)
        return fail_at(parser, at, text_format("\"%s\" is there twice", key));
    if (*parser->p != '=')
        return fail(parser, "\"=\" is expected");
    parser->p++;
    skip_blanks(parser);
    return parse_value(parser, add_child(parser, table, key, at));
}

static bool
parse_inline_table(struct parser *parser, struct toml *value)
{
    value->type = TOML_TABLE;
    value->is_closed = true;
    parser->p++;
    skip_blanks(parser);
    if (*parser->p == '}') {
        parser->p++;
        return true;
    }
    for (;;) {
        if (!parse_pair(parser, value))
            return false;
        skip_blanks(parser);
        char c = *parser->p;
        if (c != ',' && c != '}')
            return fail(parser, "\",\" or \"}\" is expected");
        parser->p++;
        if (c == '}')
            return true;
    }
}

static bool
parse_array(struct parser *parser, struct toml *value)
{
    value->type = TOML_ARRAY;
    parser->p++;
    for (;;) {
        skip_lines(parser);
        if (*parser->p == ']') {
            parser->p++;
            return true;
        }
        if (!parse_value(parser, add_child(parser, value, NULL, parser->p)))
            return false;
        skip_lines(parser);
        if (*parser->p != ',' && *parser->p != ']')
            return fail(parser, "\",\" or \"]\" is expected");
        parser->p += *parser->p == ',';
    }
}

/* Digits with underscores between them; the word without those. */
static bool
parse_number(struct parser *parser, struct toml *value)
{
    const char *start = parser->p;
    char word[64];
    size_t size = 0;
    for (; is_bare(*parser->p) || strchr("+.:", *parser->p) != NULL;
         parser->p++) {
        if (*parser->p == '\0' || size + 1 == sizeof(word))
            break;
        if (*parser->p != '_')
            word[size++] = *parser->p;
    }
    word[size] = '\0';
    char *end;
    errno = 0;
    value->type = TOML_INTEGER;
    const char *digits = word + (word[0] == '+' || word[0] == '-');
    int base = text_starts(digits, "0x") ? 16 : 10;
    value->integer = strtoll(word, &end, base);
    value->number = (double)value->integer;
    if (size == 0 || digits[0] < '0' || digits[0] > '9')
        return fail_at(parser, start, "a value is expected");
    if (*end == '\0' && errno == 0)
        return true;
    value->type = TOML_FLOAT;
    errno = 0;
    value->number = strtod(word, &end);
    if (*end == '\0' && errno == 0 && strpbrk(word, ".eE") != NULL)
        return true;
    return fail_at(parser, start,
                   "this is no number, and dates are not "
                   "supported");
}

static bool
parse_word(struct parser *parser, struct toml *value)
{
    static const char *const words[] = {"false", "true"};
    for (int i = 0; i < 2; i++)
        if (text_starts(parser->p, words[i]) &&
            !is_bare(parser->p[strlen(words[i])])) {
            value->type = TOML_BOOL;
            value->integer = i;
            parser->p += strlen(words[i]);
            return true;
        }
    return parse_number(parser, value);
}

static bool
parse_value(struct parser *parser, struct toml *value)
{
    char c = *parser->p;
    if (c == '"' || c == '\'') {
        value->type = TOML_STRING;
        value->string = parse_string(parser);
        return value->string != NULL;
    }
    if (c != '[' && c != '{')
        return parse_word(parser, value);
    if (parser->depth == DEPTH_MAX)
        return fail(parser, "nested too deeply");
    parser->depth++;
    bool is_good = c == '[' ? parse_array(parser, value)
                            : parse_inline_table(parser, value);
    parser->depth--;
    return is_good;
}

static struct toml *
parse_header(struct parser *parser, struct toml *root)
{
    const char *key, *at;
    if (*++parser->p == '[') {
        fail(parser, "arrays of tables are not supported");
        return NULL;
    }
    struct toml *table = parse_path(parser, root, &key, &at);
    if (table != NULL)
        table = enter(parser, table, key, at);
    if (table == NULL)
        return NULL;
    if (table->is_closed) {
        fail_at(parser, at, text_format("\"%s\" is there twice", key));
        return NULL;
    }
    table->is_closed = true;
    if (*parser->p != ']') {
        fail(parser, "\"]\" is expected");
        return NULL;
    }
    parser->p++;
    return table;
}

static bool
end_line(struct parser *parser)
{
    skip_blanks(parser);
    skip_comment(parser);
    bool is_end = parser->p == parser->end || *parser->p == '\n' ||
                  (*parser->p == '\r' && parser->p[1] == '\n');
    return is_end || fail(parser, "the line should end here");
}

struct toml *
toml_parse(const char *text, size_t size, struct toml_error *error)
{
    struct parser parser = {text, text + size, text, 1, 0, error};
    struct toml *root = text_alloc(1, sizeof(*root));
    struct toml *table = root;
    if (text_starts(text, "\xef\xbb\xbf"))
        parser.p = parser.line_start = text + 3;
    for (;;) {
        skip_lines(&parser);
        if (parser.p == parser.end)
            return root;
        if (*parser.p == '[')
            table = parse_header(&parser, root);
        else if (!parse_pair(&parser, table))
            return NULL;
        if (table == NULL || !end_line(&parser))
            return NULL;
    }
}

const char *
toml_type_name(enum toml_type type)
{
    static const char *const names[] = {"a table",  "an array",
                                        "a string", "a number",
                                        "a number", "true or false"};
    return names[type];
}
