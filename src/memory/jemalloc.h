/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * jemalloc as a backend, when the process has it.
 */
#ifndef FAI_MEMORY_JEMALLOC_H
#define FAI_MEMORY_JEMALLOC_H

#include <framealloc/jemalloc.h>

/* The module's backend, or one over a jemalloc that the process already has;
 * NULL when there is neither. Never loads anything. */
const fa_heap_backend *fai_heap_probe(void);

#endif
