/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * fork() while other threads are inside the library.
 *
 * The child must be able to allocate, to free blocks of its parent, to end a
 * frame, to make threads and allocators, and to destroy what it has
 * inherited. None may hang.
 */
#include "stress.h"

#include <framealloc/framealloc.h>

#include <pthread.h>
#include <sched.h>

#define THREADS 16
#define SLOTS   128

static fa_allocator *shared;
static void *slots[SLOTS];
static bool is_done;

/* Blocks are known by their first bytes; 0 is none. */
static void
swap_block(fa_ctx *ctx, uint64_t *random)
{
    uint64_t n = stress_random(random);
    size_t size = n % 61 == 0 ? 20000 + n % 100000 : 16 + n % 2000;
    unsigned char *block = fa_heap_alloc(ctx, size, 16);
    CHECK(block != NULL, "a block");
    memset(block, 0xa5, 16);
    block =
        __atomic_exchange_n(&slots[n / 64 % SLOTS], block, __ATOMIC_ACQ_REL);
    CHECK(block == NULL || block[15] == 0xa5, "its contents");
    fa_free(ctx, block);
}

static void *
work(void *argument)
{
    uint64_t random = (uint64_t)(uintptr_t)argument + 1;
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    config.own_frames = true;
    while (!__atomic_load_n(&is_done, __ATOMIC_ACQUIRE)) {
        fa_ctx *ctx = fa_ctx_current(shared);
        fa_ctx *own;
        for (unsigned i = 0; i < 32; i++)
            swap_block(ctx, &random);
        fa_frame_alloc(fa_ctx_frame(ctx), 1000, 16);
        if (stress_random(&random) % 8 != 0)
            continue;
        CHECK(fa_ctx_create(shared, &config, &own) == FA_OK, "context");
        CHECK(fa_frame_alloc(fa_ctx_begin_frame(own), 40000, 16) != NULL,
              "frame block");
        fa_ctx_destroy(own);
        fa_tag_register(shared, "a tag");
        fa_allocator_trim(shared);
    }
    return NULL;
}

static void *
be_born(void *argument)
{
    uint64_t random = 5;
    (void)argument;
    swap_block(fa_ctx_current(shared), &random);
    return NULL;
}

static void
live_as_child(unsigned number)
{
    uint64_t random = number + 1;
    pthread_t thread;
    fa_allocator *other;
    fa_ctx *ctx = fa_ctx_current(shared);
    for (unsigned i = 0; i < 200; i++)
        swap_block(ctx, &random);
    fa_frame *frame = fa_ctx_frame(ctx);
    for (unsigned i = 0; i < 100; i++)
        CHECK(fa_frame_alloc(frame, 500, 16) != NULL, "a frame block");
    fa_end_frame(shared);
    frame = fa_begin_frame(shared);
    CHECK(fa_frame_alloc(frame, 100000, 16) != NULL, "a large frame block");
    fa_end_frame(shared);
    fa_stats stats = FA_STATS_INIT;
    CHECK(fa_stats_read(shared, &stats) == FA_OK, "stats");
    fa_allocator_trim(shared);
    CHECK(fa_allocator_create(NULL, &other) == FA_OK, "an allocator");
    fa_free(fa_ctx_current(other), fa_heap_alloc(fa_ctx_current(other), 9, 1));
    fa_allocator_destroy(other);
    /* AddressSanitizer's own locks are not made for this. */
    if (!stress_is_asan()) {
        CHECK(pthread_create(&thread, NULL, be_born, NULL) == 0, "a thread");
        pthread_join(thread, NULL);
    }
    if (number % 2 == 0)
        fa_allocator_destroy(shared);
}

static void
ignore(void *user, const fa_diag *diag)
{
    (void)user;
    /* 1, 606: a worker is between frames; 610: blocks are in the slots. */
    CHECK(diag->number == 1 || diag->number == 606 || diag->number == 610,
          "no misuse, but FA%03u: %s", diag->number, diag->detail);
}

static void
fork_once(unsigned number)
{
    /* The frame is open when the child begins. */
    CHECK(fa_frame_alloc(fa_begin_frame(shared), 100, 16) != NULL, "block");
    pid_t child = fork();
    CHECK(child >= 0, "fork");
    if (child == 0) {
        live_as_child(number);
        _Exit(EXIT_SUCCESS);
    }
    int status = stress_wait(child, stress_is_checked() ? 60 : 5);
    CHECK(status != -1, "child %u does not hang", number);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
          "child %u ends well, not with status %#x", number, (unsigned)status);
    fa_end_frame(shared);
}

int
main(void)
{
    pthread_t thread[THREADS];
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    unsigned forks = (unsigned)stress_size(1000, 10);
    config.diag = ignore;
    if (stress_is_tsan()) {
        printf("stress_fork: a child of ThreadSanitizer has no threads\n");
        return 77;
    }
    CHECK(fa_allocator_create(&config, &shared) == FA_OK, "create");
    printf("stress_fork: the heap is %s\n", fa_allocator_heap_name(shared));
#ifdef FA_FORK_HEAP
    CHECK(strcmp(fa_allocator_heap_name(shared), FA_FORK_HEAP) == 0, "heap");
#endif
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, work, (void *)(i * 77));
    for (unsigned i = 0; i < forks; i++)
        fork_once(i);
    __atomic_store_n(&is_done, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < SLOTS; i++)
        fa_free(fa_ctx_current(shared), slots[i]);
    fa_allocator_destroy(shared);
    printf("stress_fork: %u forks while %u threads allocate: ok\n", forks,
           THREADS);
    return EXIT_SUCCESS;
}
