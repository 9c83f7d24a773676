/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Bounded text: appends what fits and keeps the buffer terminated.
 *
 * Deliberately not printf: these functions run inside signal handlers.
 */
#include "base/text.h"

struct fai_text
fai_text_begin(char *buffer, size_t size)
{
    struct fai_text text = {buffer, buffer + size - 1};
    *buffer = '\0';
    return text;
}

void
fai_text_string(struct fai_text *text, const char *s)
{
    while (*s != '\0' && text->at < text->end)
        *text->at++ = *s++;
    *text->at = '\0';
}

static void
append_number(struct fai_text *text, uint64_t n, unsigned base)
{
    char digits[24];
    char *p = digits + sizeof(digits) - 1;
    *p = '\0';
    do
        *--p = "0123456789abcdef"[n % base];
    while ((n /= base) != 0);
    fai_text_string(text, p);
}

void
fai_text_decimal(struct fai_text *text, uint64_t n)
{
    append_number(text, n, 10);
}

void
fai_text_address(struct fai_text *text, const void *p)
{
    fai_text_string(text, "0x");
    append_number(text, (uintptr_t)p, 16);
}
