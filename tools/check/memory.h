/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory of the analyser. Without memory it ends with status 4; nothing that
 * it has found would be complete.
 */
#ifndef CHECK_MEMORY_H
#define CHECK_MEMORY_H

#include <stddef.h>

void *check_zalloc(size_t count, size_t size);
void *check_realloc(void *block, size_t size);
void check_free(void *block);
char *check_strdup(const char *text);
char *check_strndup(const char *text, size_t size);
/* A new string. */
char *check_printf(const char *format, ...)
    __attribute__((__format__(__printf__, 1, 2)));

#endif
