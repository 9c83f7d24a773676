/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The jemalloc module (libframealloc-jemalloc): large blocks from an arena of
 * jemalloc of their own. The process's malloc stays what it is.
 *
 * Programs that use the pkg-config module "framealloc" get this without doing
 * anything: fa_allocator_create() names it.
 */
#ifndef FRAMEALLOC_JEMALLOC_H
#define FRAMEALLOC_JEMALLOC_H

#include <framealloc/heap.h>

FA_BEGIN_DECLS

/** The entry points of jemalloc's non-standard interface. */
typedef struct fa_jemalloc_api {
    size_t struct_size;                       /**< sizeof(fa_jemalloc_api). */
    void *(*mallocx)(size_t size, int flags); /**< mallocx(3). */
    void (*sdallocx)(void *block, size_t size, int flags); /**< sdallocx(3). */
    int (*mallctl)(const char *name, void *old_value, size_t *old_size,
                   void *new_value, size_t new_size); /**< mallctl(3). */
} fa_jemalloc_api;

/**
 * The backend over the system's jemalloc; in libframealloc-jemalloc.
 *
 * When to use: as fa_allocator_config.heap, or by the default module.
 * @return the backend; NULL when jemalloc gives no arena: allocators then use
 *         the library's own.
 * Valid until: the end of the process. Owner: the library.
 * Thread: any. Cost: the first call makes an arena, about 0.1 ms.
 * Since: 0.1.
 */
FA_API const fa_heap_backend *fa_heap_jemalloc(void);

/**
 * A backend over given entry points of jemalloc; in the core.
 *
 * When to use: by the module, and by programs with a jemalloc of their own.
 * @param api the entry points, copied; one set per process, the first wins.
 * @return the backend, or NULL when the arena could not be made.
 * Valid until: the end of the process. Owner: the library.
 * Thread: any. Cost: the first call makes an arena. Since: 0.1.
 */
FA_API const fa_heap_backend *
fa_heap_jemalloc_backend(const fa_jemalloc_api *api);

FA_END_DECLS

#endif
