/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A backend over jemalloc's non-standard interface.
 *
 * The core never links jemalloc: its static TLS would make the core impossible
 * to dlopen. Weak references find the module or a jemalloc that the process
 * has by its own link line. Blocks come from an arena of their own whose
 * oversize threshold is raised, so that large blocks stay resident; the
 * process's malloc is not touched.
 */
#include "memory/jemalloc.h"

#include "base/base.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* MALLOCX_LG_ALIGN, MALLOCX_ARENA and MALLOCX_TCACHE_NONE of jemalloc 4 to 5:
 * part of its documented ABI. */
#define FLAG_LG_ALIGN(log) ((int)(log))
#define FLAG_ARENA(arena)  (((int)(arena) + 1) << 20)
#define FLAG_NO_CACHE      (((int)1) << 8)

void *mallocx(size_t size, int flags) __attribute__((__weak__));
void sdallocx(void *block, size_t size, int flags) __attribute__((__weak__));
int mallctl(const char *name, void *old_value, size_t *old_size,
            void *new_value, size_t new_size) __attribute__((__weak__));
extern const fa_heap_backend *fa_heap_jemalloc(void) __attribute__((__weak__));

static fa_jemalloc_api entry;
static unsigned arena;
static bool has_arena;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t entry_lock = PTHREAD_MUTEX_INITIALIZER;

static int
flags_for(size_t align)
{
    return FLAG_LG_ALIGN(__builtin_ctzll(align)) | FLAG_ARENA(arena) |
           FLAG_NO_CACHE;
}

static void *
alloc_block(void *user, size_t size, size_t align)
{
    (void)user;
    return entry.mallocx(size, flags_for(align));
}

static void
free_block(void *user, void *block, size_t size, size_t align)
{
    (void)user;
    entry.sdallocx(block, size, flags_for(align));
}

static void
trim_arena(void *user)
{
    char name[32];
    (void)user;
    snprintf(name, sizeof(name), "arena.%u.purge", arena);
    entry.mallctl(name, NULL, NULL, NULL, 0);
}

static const fa_heap_backend backend = {sizeof(fa_heap_backend),
                                        "jemalloc",
                                        NULL,
                                        alloc_block,
                                        free_block,
                                        trim_arena};

static void
make_arena(void)
{
    size_t size = sizeof(arena);
    size_t threshold = (size_t)1 << (sizeof(size_t) == 8 ? 40 : 30);
    char name[48];
    if (entry.mallctl("arenas.create", &arena, &size, NULL, 0) != 0)
        return;
    snprintf(name, sizeof(name), "arena.%u.oversize_threshold", arena);
    entry.mallctl(name, NULL, NULL, &threshold, sizeof(threshold));
    has_arena = true;
}

const fa_heap_backend *
fa_heap_jemalloc_backend(const fa_jemalloc_api *api)
{
    if (api == NULL || api->struct_size < sizeof(*api) ||
        api->mallocx == NULL || api->sdallocx == NULL || api->mallctl == NULL)
        return NULL;
    pthread_mutex_lock(&entry_lock);
    if (entry.mallocx == NULL)
        entry = *api;
    pthread_mutex_unlock(&entry_lock);
    pthread_once(&once, make_arena);
    return has_arena ? &backend : NULL;
}

const fa_heap_backend *
fai_heap_probe(void)
{
    if (fa_heap_jemalloc != NULL)
        return fa_heap_jemalloc();
    if (mallocx == NULL || sdallocx == NULL || mallctl == NULL)
        return NULL;
    const fa_jemalloc_api api = {sizeof(api), mallocx, sdallocx, mallctl};
    return fa_heap_jemalloc_backend(&api);
}
