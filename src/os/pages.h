/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Pages of the kernel. Sizes and addresses are multiples of 4096 unless said
 * otherwise. No function touches errno.
 */
#ifndef FAI_OS_PAGES_H
#define FAI_OS_PAGES_H

#include "base/base.h"

#define FAI_PAGE      ((size_t)4096)
#define FAI_HUGE_PAGE ((size_t)2 << 20)

/* Zeroed memory, resident when touched; NULL on failure. align is a power of
 * two. The size is rounded up to the kernel's page. */
void *fai_pages_map(size_t size, size_t align);
void fai_pages_unmap(void *pages, size_t size);
/* False when the kernel refuses; then nothing has changed. */
bool fai_pages_protect(void *pages, size_t size, bool is_accessible);
/* The contents are dropped; the next touch gives zeroes. */
void fai_pages_purge(void *pages, size_t size);
void fai_pages_make_huge(void *pages, size_t size);
bool fai_pages_populate(void *pages, size_t size);
/* Shown in /proc/PID/smaps where the kernel knows how; one that does not is
 * asked once per process. For mappings that may be large: it is a call. */
void fai_pages_name(void *pages, size_t size, const char *name);
/* Bytes mapped by this process through fai_pages_map(). */
uint64_t fai_pages_mapped(void);
/* Calls that the kernel (or fault injection) refused. */
uint64_t fai_pages_refused(void);

#endif
