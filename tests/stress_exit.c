/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * How threads end: births and deaths by the thousand, exit inside a frame,
 * use from destructors of thread-local storage and from atexit(), contexts
 * that are adopted, and defers that use the library while it shuts down.
 *
 * Whatever was mapped for a case must be given back at its end to the byte.
 */
#include "stress.h"

#include "os/pages.h"

#include <framealloc/framealloc.h>

#include <pthread.h>

#define THREADS 64

static fa_allocator *shared;
static unsigned misuses;

static void
count_misuse(void *user, const fa_diag *diag)
{
    (void)user;
    /* 610: one case leaves a context behind. */
    if (diag->severity < FA_SEVERITY_WARNING || diag->number == 610)
        return;
    fprintf(stderr, "FA%03u: %s: %s\n", diag->number, diag->text, diag->detail);
    __atomic_fetch_add(&misuses, 1, __ATOMIC_RELAXED);
}

static fa_allocator *
make_allocator(void)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    fa_allocator *allocator;
    config.diag = count_misuse;
    CHECK(fa_allocator_create(&config, &allocator) == FA_OK, "create");
    return allocator;
}

static fa_stats
read_stats(fa_allocator *allocator)
{
    fa_stats stats = FA_STATS_INIT;
    CHECK(fa_stats_read(allocator, &stats) == FA_OK, "stats");
    return stats;
}

/* Contexts of threads that have left in a frame go at the next one. */
static void
pass_a_frame(void)
{
    fa_begin_frame(shared);
    fa_end_frame(shared);
}

static void
run_thread(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, argument) == 0, "thread");
    pthread_join(thread, NULL);
}

/* --- births and deaths --- */

static void *
live_shortly(void *argument)
{
    fa_ctx *ctx = fa_ctx_current(shared);
    fa_frame *frame = fa_ctx_frame(ctx);
    char *text = fa_frame_printf(frame, "thread %p", argument);
    CHECK(text != NULL, "a frame block");
    void *small = fa_heap_alloc(ctx, 100, 16);
    void *large = fa_heap_alloc(ctx, 100000, 16);
    CHECK(small != NULL && large != NULL, "heap blocks");
    fa_free(ctx, large);
    fa_free(ctx, small);
    return NULL;
}

static void
let_live(unsigned together)
{
    pthread_t thread[8];
    for (unsigned i = 0; i < together; i++)
        CHECK(pthread_create(&thread[i], NULL, live_shortly, shared) == 0,
              "thread");
    for (unsigned i = 0; i < together; i++)
        pthread_join(thread[i], NULL);
}

static void
births_and_deaths_leave_nothing(void)
{
    uint64_t before = fai_pages_mapped();
    uint64_t births = stress_size(10000, 64);
    shared = make_allocator();
    fa_begin_frame(shared);
    let_live(8);
    fa_end_frame(shared);
    pass_a_frame();
    uint64_t warm = fai_pages_mapped();
    for (uint64_t i = 0; i < births; i += 4) {
        fa_begin_frame(shared);
        let_live(4);
        fa_end_frame(shared);
        pass_a_frame();
        CHECK(fai_pages_mapped() == warm, "after %llu births",
              (unsigned long long)i + 4);
    }
    CHECK(read_stats(shared).contexts_idle == 0, "no context waits");
    fa_allocator_destroy(shared);
    CHECK(fai_pages_mapped() == before, "all is unmapped");
    CHECK(misuses == 0, "no misuse is reported");
}

/* --- leaving in the middle --- */

static void *
leave_inside_frame(void *argument)
{
    unsigned char **out = argument;
    fa_ctx *ctx = fa_ctx_current(shared);
    *out = fa_frame_alloc(fa_ctx_frame(ctx), 4096, 16);
    CHECK(*out != NULL, "a frame block");
    memset(*out, 0x5a, 4096);
    return NULL;
}

static void
exit_inside_a_frame_keeps_its_memory_to_the_end(void)
{
    uint64_t before = fai_pages_mapped();
    pthread_t thread[THREADS];
    unsigned char *block[THREADS];
    shared = make_allocator();
    fa_begin_frame(shared);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, leave_inside_frame, &block[i]);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK(block[i][0] == 0x5a && block[i][4095] == 0x5a, "it is there");
    CHECK(read_stats(shared).contexts_idle == THREADS, "contexts wait");
    fa_end_frame(shared);
    pass_a_frame();
    fa_stats stats = read_stats(shared);
    CHECK(stats.contexts_idle == 0 && stats.contexts == 1,
          "they are gone with the frame");
    fa_allocator_destroy(shared);
    CHECK(fai_pages_mapped() == before, "all is unmapped");
}

/* --- late use: destructors of thread-local storage, atexit --- */

static pthread_key_t late_key;
static unsigned late_calls;

static void
allocate_late(void *value)
{
    fa_ctx *ctx = fa_ctx_current(shared);
    void *block = fa_heap_alloc(ctx, 64, 16);
    CHECK(block != NULL, "a block in a destructor");
    fa_free(ctx, block);
    __atomic_fetch_add(&late_calls, 1, __ATOMIC_RELAXED);
    /* Once more, after the library's own destructor. */
    if (*(char *)value == 2)
        pthread_setspecific(late_key, "1");
}

static void *
use_before_destructor(void *argument)
{
    static char twice[] = {2};
    pthread_setspecific(late_key, twice);
    if (argument != NULL)
        live_shortly(argument);
    return NULL;
}

static void
destructors_of_threads_may_allocate(void)
{
    uint64_t before = fai_pages_mapped();
    CHECK(pthread_key_create(&late_key, allocate_late) == 0, "key");
    shared = make_allocator();
    late_calls = 0;
    fa_begin_frame(shared);
    for (unsigned i = 0; i < 32; i++)
        run_thread(use_before_destructor, i % 2 == 0 ? shared : NULL);
    CHECK(late_calls == 64, "each thread was there twice");
    fa_end_frame(shared);
    pass_a_frame();
    fa_stats stats = read_stats(shared);
    CHECK(stats.contexts == 1 && stats.contexts_idle == 0,
          "none is left: %u in use, %u idle", stats.contexts,
          stats.contexts_idle);
    fa_allocator_destroy(shared);
    pthread_key_delete(late_key);
    CHECK(fai_pages_mapped() == before, "all is unmapped");
}

static void
allocate_at_exit(void)
{
    fa_ctx *ctx = fa_ctx_current(shared);
    void *frame_block = fa_frame_alloc(fa_begin_frame(shared), 100, 16);
    void *block = fa_heap_alloc(ctx, 100000, 16);
    if (frame_block == NULL || block == NULL)
        _Exit(2);
    fa_free(ctx, block);
    fa_end_frame(shared);
    fa_allocator_destroy(shared);
    _Exit(7);
}

static void
exit_handlers_may_allocate(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        shared = make_allocator();
        atexit(allocate_at_exit);
        exit(3);
    }
    int status = stress_wait(child, 60);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %#x",
          (unsigned)status);
}

/* --- adoption --- */

#define KEPT 3

static void *
leave_blocks(void *argument)
{
    void **kept = argument;
    fa_ctx *ctx = fa_ctx_current(shared);
    CHECK(fa_frame_alloc(fa_ctx_frame(ctx), 100, 16) != NULL, "frame block");
    if (kept == NULL)
        return NULL;
    kept[0] = fa_heap_alloc(ctx, 100, 16);
    kept[1] = fa_heap_alloc(ctx, 5000, 16);
    kept[2] = fa_heap_alloc(ctx, 100000, 16);
    for (unsigned i = 0; i < KEPT; i++)
        CHECK(kept[i] != NULL, "heap block");
    memset(kept[2], 1, 100000);
    return NULL;
}

/* A thread that finds no frame: its context is adopted without waiting. */
static void *
touch_context(void *argument)
{
    fa_ctx *ctx = fa_ctx_current(argument);
    fa_free(ctx, fa_heap_alloc(ctx, 100, 16));
    return NULL;
}

/* A live block keeps its context; each next thread takes it over, whole. */
static void
adopted_contexts_do_not_grow(void)
{
    uint64_t before = fai_pages_mapped();
    void *kept[KEPT];
    shared = make_allocator();
    fa_ctx *ctx = fa_ctx_current(shared);
    fa_begin_frame(shared);
    run_thread(leave_blocks, kept);
    fa_end_frame(shared);
    pass_a_frame();
    uint64_t warm = fai_pages_mapped();
    for (uint64_t i = stress_size(2000, 200); i > 0; i--) {
        fa_begin_frame(shared);
        run_thread(leave_blocks, NULL);
        run_thread(touch_context, shared);
        fa_end_frame(shared);
        pass_a_frame();
        CHECK(read_stats(shared).contexts_idle == 1, "one context waits");
    }
    CHECK(fai_pages_mapped() == warm, "adoption costs no memory, but %lld",
          (long long)(fai_pages_mapped() - warm));
    for (unsigned i = 0; i < KEPT; i++)
        fa_free(ctx, kept[i]);
    pass_a_frame();
    pass_a_frame();
    CHECK(read_stats(shared).contexts_idle == 0, "the last free ends it");
    fa_allocator_destroy(shared);
    CHECK(fai_pages_mapped() == before, "all is unmapped");
    CHECK(misuses == 0, "no misuse is reported");
}

/* --- defers that use the library when it shuts down --- */

static void
use_allocator(void *allocator)
{
    fa_ctx *ctx = fa_ctx_current(allocator);
    void *block = fa_heap_alloc(ctx, 200, 16);
    CHECK(block != NULL, "a block in a defer");
    memset(block, 1, 200);
    fa_free(ctx, block);
}

struct crossed {
    fa_allocator *pair[2];
    pthread_barrier_t meet;
};

/* Two allocators; a defer in each one uses both. They run at the thread's
 * exit, because the frames have ended meanwhile. */
static void *
leave_crossed_defers(void *argument)
{
    struct crossed *crossed = argument;
    for (unsigned i = 0; i < 2; i++) {
        fa_ctx *ctx = fa_ctx_current(crossed->pair[i]);
        for (unsigned j = 0; j < 2; j++)
            CHECK(fa_frame_defer(fa_ctx_frame(ctx), use_allocator,
                                 crossed->pair[i ^ j]) == FA_OK,
                  "defer");
    }
    pthread_barrier_wait(&crossed->meet);
    pthread_barrier_wait(&crossed->meet);
    return NULL;
}

static void
cross_defers(struct crossed *crossed)
{
    pthread_t thread;
    fa_begin_frame(crossed->pair[0]);
    fa_begin_frame(crossed->pair[1]);
    CHECK(pthread_create(&thread, NULL, leave_crossed_defers, crossed) == 0,
          "thread");
    pthread_barrier_wait(&crossed->meet);
    fa_end_frame(crossed->pair[0]);
    fa_end_frame(crossed->pair[1]);
    pthread_barrier_wait(&crossed->meet);
    pthread_join(thread, NULL);
}

static void
defers_at_thread_exit_may_use_all_allocators(void)
{
    uint64_t before = fai_pages_mapped();
    struct crossed crossed = {.pair = {make_allocator(), make_allocator()}};
    pthread_barrier_init(&crossed.meet, NULL, 2);
    for (unsigned i = 0; i < 100; i++)
        cross_defers(&crossed);
    for (unsigned i = 0; i < 2; i++) {
        shared = crossed.pair[i];
        pass_a_frame();
        CHECK(read_stats(shared).contexts == 1 &&
                  read_stats(shared).contexts_idle == 0,
              "none is left");
        fa_allocator_destroy(shared);
    }
    pthread_barrier_destroy(&crossed.meet);
    CHECK(fai_pages_mapped() == before, "all is unmapped");
    CHECK(misuses == 0, "no misuse is reported");
}

/* The thread has no context there before the defer runs. */
static void
defers_at_destroy_may_make_contexts(void)
{
    uint64_t before = fai_pages_mapped();
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    config.own_frames = true;
    for (unsigned i = 0; i < 100; i++) {
        fa_ctx *ctx;
        shared = make_allocator();
        CHECK(fa_ctx_create(shared, &config, &ctx) == FA_OK, "context");
        CHECK(fa_frame_defer(fa_ctx_begin_frame(ctx), use_allocator, shared) ==
                  FA_OK,
              "defer");
        fa_allocator_destroy(shared);
        CHECK(fai_pages_mapped() == before, "all is unmapped");
    }
}

int
main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"exit handlers", exit_handlers_may_allocate},
        {"thread destructors", destructors_of_threads_may_allocate},
        {"exit inside a frame",
         exit_inside_a_frame_keeps_its_memory_to_the_end},
        {"births and deaths", births_and_deaths_leave_nothing},
        {"adoption", adopted_contexts_do_not_grow},
        {"defers at thread exit", defers_at_thread_exit_may_use_all_allocators},
        {"defers at destroy", defers_at_destroy_may_make_contexts},
    };
    /* What the library keeps for this thread stays for ever. */
    shared = make_allocator();
    fa_ctx_current(shared);
    fa_allocator_destroy(shared);
    for (size_t i = 0; i < STRESS_COUNT(cases); i++) {
        double start = stress_seconds();
        cases[i].run();
        printf("%s: ok, %.1f s\n", cases[i].name, stress_seconds() - start);
        fflush(stdout);
    }
    return EXIT_SUCCESS;
}
