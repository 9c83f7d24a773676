/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory that is there, or the end.
 */
#include "check/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
give_up(void)
{
    fprintf(stderr, "framealloc check: there is not enough memory. Analyse "
                    "fewer files at a time, or lower -j.\n");
    exit(4);
}

void *
check_zalloc(size_t count, size_t size)
{
    void *block = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (block == NULL)
        give_up();
    return block;
}

void *
check_realloc(void *block, size_t size)
{
    void *new_block = realloc(block, size == 0 ? 1 : size);
    if (new_block == NULL)
        give_up();
    return new_block;
}

void
check_free(void *block)
{
    free(block);
}

char *
check_strndup(const char *text, size_t size)
{
    char *copy = check_realloc(NULL, size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

char *
check_strdup(const char *text)
{
    return check_strndup(text, strlen(text));
}

char *
check_printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = check_realloc(NULL, (size_t)size + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)size + 1, format, args);
    va_end(args);
    return text;
}
