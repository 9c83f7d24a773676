/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A heap backend of the program's own: it passes large blocks on to libc and
 * keeps track of them.
 *
 * The functions of a backend may be called from any thread. A cache of freed
 * blocks stands in front of them, so the second round of the same work does
 * not reach them any more.
 */
#include <framealloc.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 3
#define BLOCKS 8

struct tracker {
    pthread_mutex_t lock;
    size_t calls;
    size_t live_blocks;
    size_t live_bytes;
    size_t peak_bytes;
};

static void
count(struct tracker *tracker, size_t size)
{
    pthread_mutex_lock(&tracker->lock);
    tracker->calls++;
    tracker->live_blocks++;
    tracker->live_bytes += size;
    if (tracker->live_bytes > tracker->peak_bytes)
        tracker->peak_bytes = tracker->live_bytes;
    pthread_mutex_unlock(&tracker->lock);
}

static void *
tracking_alloc(void *user, size_t size, size_t align)
{
    void *block;
    if (posix_memalign(&block, align, size) != 0)
        return NULL;
    count(user, size);
    return block;
}

static void
tracking_free(void *user, void *block, size_t size, size_t align)
{
    struct tracker *tracker = user;
    (void)align; /* libc does not need it. */
    pthread_mutex_lock(&tracker->lock);
    tracker->live_blocks--;
    tracker->live_bytes -= size;
    pthread_mutex_unlock(&tracker->lock);
    free(block);
}

static bool
use_blocks(fa_ctx *ctx)
{
    void *block[BLOCKS];
    bool ok = true;
    for (size_t i = 0; i < BLOCKS; i++) {
        block[i] = fa_heap_alloc(ctx, (i + 1) * 100000, 64);
        ok &= block[i] != NULL;
    }
    for (size_t i = 0; i < BLOCKS; i++)
        fa_heap_free(ctx, block[i]);
    return ok;
}

int
main(void)
{
    static struct tracker tracker = {.lock = PTHREAD_MUTEX_INITIALIZER};
    fa_heap_backend heap = FA_HEAP_BACKEND_INIT;
    heap.name = "tracking";
    heap.user = &tracker;
    heap.alloc = tracking_alloc;
    heap.free = tracking_free;
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.heap = &heap;
    fa_allocator *allocator;
    if (fa_allocator_create(&config, &allocator) != FA_OK)
        return 1;
    printf("heap: %s\n", fa_allocator_heap_name(allocator));

    bool ok = true;
    size_t first_calls = 0;
    for (int i = 0; i < ROUNDS; i++) {
        ok &= use_blocks(fa_ctx_current(allocator));
        first_calls = i == 0 ? tracker.calls : first_calls;
        printf("round %d: %zu calls, %zu blocks held\n", i, tracker.calls,
               tracker.live_blocks);
    }
    ok &= first_calls == BLOCKS && tracker.calls == first_calls;

    fa_allocator_trim(allocator);
    printf("trimmed: %zu blocks held\n", tracker.live_blocks);
    ok &= tracker.live_blocks == 0;
    fa_allocator_destroy(allocator);
    printf("the most was %zu bytes, %zu left\n", tracker.peak_bytes,
           tracker.live_bytes);
    return ok && tracker.live_bytes == 0 ? 0 : 1;
}
