/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Bounded text without locale, allocation or locks, also for signal handlers.
 */
#ifndef FAI_BASE_TEXT_H
#define FAI_BASE_TEXT_H

#include "base/base.h"

struct fai_text {
    char *at;  /* Where the next byte goes; always before end. */
    char *end; /* The last byte, kept for the NUL. */
};

struct fai_text fai_text_begin(char *buffer, size_t size);
void fai_text_string(struct fai_text *text, const char *s);
void fai_text_decimal(struct fai_text *text, uint64_t n);
void fai_text_address(struct fai_text *text, const void *p);

#endif
