/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The jemalloc module: hands the system's jemalloc to the core.
 *
 * This library links jemalloc so that the core need not. Calls go through
 * pointers, so the block's memory never meets the process's free().
 */
#include <framealloc/jemalloc.h>

#include <jemalloc/jemalloc.h>

const fa_heap_backend *
fa_heap_jemalloc(void)
{
    const fa_jemalloc_api api = {sizeof(api), mallocx, sdallocx, mallctl};
    return fa_heap_jemalloc_backend(&api);
}
