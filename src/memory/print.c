/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Text in frames: copies and formatted strings.
 */
#include "memory/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char *
fa_frame_strdup(fa_frame *frame, const char *text)
{
    if (text == NULL)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = fa_frame_alloc(frame, size, 1);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

static int print_into_room(fa_frame *frame, char **text, const char *format,
                           va_list args) FA_PRINTF(3, 0);

/* Prints into what is left of the window; the length that is needed, or -1. */
static int
print_into_room(fa_frame *frame, char **text, const char *format, va_list args)
{
    size_t room;
    *text = fa_frame_reserve(frame, 1, 1, &room);
    if (*text == NULL)
        return -1;
    int length = vsnprintf(*text, room, format, args);
    bool fits = length >= 0 && (size_t)length < room;
    fa_frame_commit(frame, *text, fits ? (size_t)length + 1 : 0);
    if (!fits)
        *text = NULL;
    return length;
}

char *
fa_frame_printf(fa_frame *frame, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int length = print_into_room(frame, &text, format, args);
    va_end(args);
    if (text != NULL || length < 0)
        return text;
    text = fa_frame_alloc(frame, (size_t)length + 1, 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}
