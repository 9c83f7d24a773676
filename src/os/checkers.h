/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory checkers that may watch the process: AddressSanitizer in the
 * program, or Valgrind's memcheck around it. The same library serves both:
 * ASan's functions are weak, Valgrind's requests are no-ops elsewhere.
 */
#ifndef FAI_OS_CHECKERS_H
#define FAI_OS_CHECKERS_H

#include "base/base.h"

/* Whether a checker watches: then guard 1 is the default. */
bool fai_checkers_watch(void);
/* The bytes may not be touched until they are handed out. */
void fai_checkers_forbid(const void *p, size_t size);
/* The bytes are handed out, with unknown contents. */
void fai_checkers_hand_out(const void *p, size_t size);
/* The bytes may be touched and keep their contents: for our own use. */
void fai_checkers_allow(const void *p, size_t size);

#endif
