/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * dlopen() and dlclose() of the library itself and of a plugin that is linked
 * to it, a thousand times, with threads that live across the close.
 *
 * The program itself is not linked to the library. The paths are those of the
 * build tree; FA_LIBRARY and FA_PLUGIN name others.
 */
#include "stress.h"

#include <framealloc/framealloc.h>

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

#define THREADS 4

/* A function of the library by its name, with the type that it has there. */
#define FUNCTION(handle, name) \
    ((__typeof__(&name))(uintptr_t)find_symbol((handle), #name))

unsigned plugin_run(void **state);
void plugin_end(void **state);

static const char *library;
static const char *plugin;

static void *
find_symbol(void *handle, const char *name)
{
    void *symbol = dlsym(handle, name);
    CHECK(symbol != NULL, "the library has %s", name);
    return symbol;
}

static void *
open_library(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(handle != NULL, "%s", dlerror());
    return handle;
}

static void
use_library(void *handle)
{
    fa_allocator *allocator;
    fa_status status =
        FUNCTION(handle, fa_allocator_create_with)(NULL, NULL, &allocator);
    CHECK(status == FA_OK, "an allocator is made");
    fa_ctx *ctx = FUNCTION(handle, fa_ctx_current)(allocator);
    void *block = FUNCTION(handle, fa_heap_alloc)(ctx, 100, 16);
    CHECK(block != NULL, "a block");
    FUNCTION(handle, fa_heap_free)(ctx, block);
    FUNCTION(handle, fa_begin_frame)(allocator);
    FUNCTION(handle, fa_end_frame)(allocator);
    FUNCTION(handle, fa_allocator_destroy)(allocator);
}

/* --- threads whose destructors are in the library --- */

struct visitor {
    pthread_t thread;
    pthread_barrier_t *meet;
};

/* The library is closed while the thread lives; then the thread exits. */
static void *
visit(void *argument)
{
    struct visitor *visitor = argument;
    void *handle = open_library(library);
    use_library(handle);
    dlclose(handle);
    pthread_barrier_wait(visitor->meet);
    pthread_barrier_wait(visitor->meet);
    return NULL;
}

static void
threads_may_outlive_the_close(unsigned cycles)
{
    for (unsigned i = 0; i < cycles; i++) {
        struct visitor visitors[THREADS];
        pthread_barrier_t meet;
        pthread_barrier_init(&meet, NULL, THREADS + 1);
        void *handle = open_library(library);
        for (unsigned j = 0; j < THREADS; j++) {
            visitors[j].meet = &meet;
            CHECK(pthread_create(&visitors[j].thread, NULL, visit,
                                 &visitors[j]) == 0,
                  "thread");
        }
        pthread_barrier_wait(&meet);
        dlclose(handle);
        pthread_barrier_wait(&meet);
        for (unsigned j = 0; j < THREADS; j++)
            pthread_join(visitors[j].thread, NULL);
        pthread_barrier_destroy(&meet);
    }
}

/* --- cycles --- */

static void
cycle_library(void)
{
    void *handle = open_library(library);
    use_library(handle);
    dlclose(handle);
}

static void
cycle_plugin(void **state)
{
    void *handle = open_library(plugin);
    for (unsigned i = 0; i < 3; i++)
        CHECK(FUNCTION(handle, plugin_run)(state) == 1, "the plugin runs");
    dlclose(handle);
}

static void
run_cycles(unsigned cycles, void **state)
{
    for (unsigned i = 0; i < cycles; i++) {
        cycle_library();
        cycle_plugin(state);
    }
}

/* Uses the library all the time, and keeps a context. */
static bool is_done;
static unsigned started;

static void *
stay(void *argument)
{
    void *handle = open_library(library);
    fa_allocator *allocator = argument;
    __typeof__(&fa_ctx_current) current = FUNCTION(handle, fa_ctx_current);
    __typeof__(&fa_heap_alloc) alloc = FUNCTION(handle, fa_heap_alloc);
    __typeof__(&fa_heap_free) release = FUNCTION(handle, fa_heap_free);
    dlclose(handle);
    release(current(allocator), alloc(current(allocator), 1000, 16));
    __atomic_fetch_add(&started, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&is_done, __ATOMIC_ACQUIRE)) {
        fa_ctx *ctx = current(allocator);
        release(ctx, alloc(ctx, 1000, 16));
    }
    return NULL;
}

static void
mappings_are_stable(unsigned cycles)
{
    pthread_t thread[THREADS];
    void *state = NULL;
    run_cycles(8, &state);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, stay, state);
    /* Their contexts are made now, not while mappings are counted. */
    while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < THREADS)
        sched_yield();
    run_cycles(8, &state);
    unsigned before = stress_mappings(NULL);
    run_cycles(cycles, &state);
    unsigned after = stress_mappings(NULL);
    __atomic_store_n(&is_done, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    printf("  %u cycles: %u mappings before, %u after\n", cycles, before,
           after);
    /* Threads may take an arena of malloc() meanwhile. */
    CHECK(after <= before + 2 * THREADS || stress_is_checked(),
          "mappings are as many as before");
    void *handle = open_library(plugin);
    FUNCTION(handle, plugin_end)(&state);
    dlclose(handle);
}

int
main(void)
{
    unsigned cycles = (unsigned)stress_size(1000, 20);
    library = getenv("FA_LIBRARY");
    plugin = getenv("FA_PLUGIN");
    if (library == NULL)
        library = ".libs/libframealloc.so.0";
    if (plugin == NULL)
        plugin = "tests/.libs/plugin_core.so";
    if (access(library, R_OK) != 0 || access(plugin, R_OK) != 0) {
        printf("stress_dlopen: there is no %s or %s\n", library, plugin);
        return 77;
    }
    mappings_are_stable(cycles);
    threads_may_outlive_the_close(cycles);
    printf("stress_dlopen: %u cycles: ok\n", cycles);
    return EXIT_SUCCESS;
}
