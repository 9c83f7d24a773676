/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Threads: frames and remote frees of many at once, in all guard modes;
 * threads that never end a frame; and one half that only allocates while the
 * other one only frees (the pattern of xmalloc-test).
 *
 * Every block carries its size and a word made of its address, at both ends;
 * whoever frees it looks at them. Whatever was mapped for a case must be
 * given back at its end to the byte.
 */
#include "stress.h"

#include "os/pages.h"

#include <framealloc/framealloc.h>

#include <pthread.h>
#include <sched.h>

#define THREADS 64
#define SLOTS   512
#define MAGIC   UINT64_C(0x9e3779b97f4a7c15)

static fa_allocator *shared;
static uint64_t *slots[SLOTS];
static bool is_done;
static unsigned misuses;

/* Threads that follow the frames come too late, or between two; nothing else
 * is expected. */
static void
count_misuse(void *user, const fa_diag *diag)
{
    (void)user;
    if (diag->severity < FA_SEVERITY_ERROR || diag->number == 606 ||
        diag->number == 1)
        return;
    fprintf(stderr, "FA%03u: %s: %s\n", diag->number, diag->text, diag->detail);
    __atomic_fetch_add(&misuses, 1, __ATOMIC_RELAXED);
}

static fa_allocator *
make_allocator(fa_guard guard)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    fa_allocator *allocator;
    config.guard = guard;
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

/* --- blocks that can be checked --- */

static uint64_t
seal_of(const uint64_t *block, size_t size)
{
    return ((uint64_t)(uintptr_t)block ^ size) * MAGIC;
}

/* size is a multiple of 8, at least 24. */
static void
seal_block(uint64_t *block, size_t size)
{
    block[0] = size;
    block[1] = block[size / 8 - 1] = seal_of(block, size);
}

static void
check_block(const uint64_t *block)
{
    size_t size = (size_t)block[0];
    uint64_t seal = seal_of(block, size);
    CHECK(block[1] == seal, "the begin of a block is as it was written");
    CHECK(block[size / 8 - 1] == seal, "its end is, too");
}

static size_t
random_size(uint64_t *random)
{
    uint64_t n = stress_random(random);
    if (n % 97 == 0)
        return 24 + 8 * (n / 97 % 8192); /* Up to 64 KiB. */
    return 24 + 8 * (n / 97 % 64);
}

/* A pool or heap block goes to a slot; what was there is freed. */
static void
transfer(fa_ctx *ctx, uint64_t *random)
{
    size_t size = random_size(random);
    uint64_t *block = fa_heap_alloc(ctx, size, 8);
    CHECK(block != NULL, "a heap block of %zu bytes", size);
    seal_block(block, size);
    uint64_t **slot = &slots[stress_random(random) % SLOTS];
    block = __atomic_exchange_n(slot, block, __ATOMIC_ACQ_REL);
    if (block == NULL)
        return;
    check_block(block);
    fa_free(ctx, block);
}

static void
empty_slots(fa_ctx *ctx)
{
    for (size_t i = 0; i < SLOTS; i++) {
        uint64_t *block =
            __atomic_exchange_n(&slots[i], NULL, __ATOMIC_ACQ_REL);
        if (block != NULL)
            check_block(block);
        fa_free(ctx, block);
    }
}

/* --- many threads, many frames --- */

enum kind {
    KIND_OWN,   /* An explicit context with frames of its own. */
    KIND_PIN,   /* Follows the allocator's frames, pinned while it works. */
    KIND_LOOSE, /* Follows them, and may find that its frame has ended. */
    KIND_COUNT
};

struct worker {
    pthread_t thread;
    uint64_t random;
    uint64_t frames;
    enum kind kind;
    uint64_t stale;
};

/* Waits for a frame; it is pinned then, if that is the kind. */
static fa_frame *
open_frame(fa_ctx *ctx, enum kind kind)
{
    if (kind == KIND_OWN)
        return fa_ctx_begin_frame(ctx);
    for (;;) {
        fa_frame *frame =
            kind == KIND_PIN ? fa_ctx_frame_pin(ctx) : fa_ctx_frame(ctx);
        if (fa_frame_alloc(frame, 16, 16) != NULL)
            return frame;
        sched_yield();
    }
}

static void
close_frame(fa_ctx *ctx, enum kind kind)
{
    if (kind == KIND_OWN)
        fa_ctx_end_frame(ctx);
    else if (kind == KIND_PIN)
        fa_ctx_frame_unpin(ctx);
}

/* 100 allocations; four of five die with the frame. */
static void
work_a_frame(struct worker *worker, fa_ctx *ctx, fa_frame *frame)
{
    uint64_t *blocks[100];
    size_t count = 0;
    for (unsigned i = 0; i < 100; i++) {
        if (i % 5 == 0) {
            transfer(ctx, &worker->random);
            continue;
        }
        size_t size = random_size(&worker->random);
        uint64_t *block = fa_frame_alloc(frame, size, 8);
        if (block == NULL) {
            CHECK(worker->kind == KIND_LOOSE, "a frame block");
            worker->stale++;
            break;
        }
        seal_block(block, size);
        blocks[count++] = block;
    }
    /* The bytes of this context are used again by itself only. */
    while (count > 0)
        check_block(blocks[--count]);
}

static void *
run_worker(void *argument)
{
    struct worker *worker = argument;
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    fa_ctx *ctx;
    config.own_frames = true;
    if (worker->kind != KIND_OWN)
        ctx = fa_ctx_current(shared);
    else
        CHECK(fa_ctx_create(shared, &config, &ctx) == FA_OK, "context");
    for (uint64_t i = 0; i < worker->frames; i++) {
        fa_frame *frame = open_frame(ctx, worker->kind);
        work_a_frame(worker, ctx, frame);
        close_frame(ctx, worker->kind);
    }
    if (worker->kind == KIND_OWN)
        fa_ctx_destroy(ctx);
    return NULL;
}

static void *
drive_frames(void *argument)
{
    (void)argument;
    while (!__atomic_load_n(&is_done, __ATOMIC_ACQUIRE)) {
        fa_begin_frame(shared);
        sched_yield();
        fa_end_frame(shared);
    }
    return NULL;
}

static void
run_workers(unsigned threads, uint64_t frames)
{
    static struct worker workers[THREADS];
    pthread_t driver;
    uint64_t stale = 0;
    is_done = false;
    pthread_create(&driver, NULL, drive_frames, NULL);
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (struct worker){.random = 1 + i,
                                     .frames = frames,
                                     .kind = (enum kind)(i % KIND_COUNT)};
        CHECK(pthread_create(&workers[i].thread, NULL, run_worker,
                             &workers[i]) == 0,
              "thread");
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
        stale += workers[i].stale;
    }
    __atomic_store_n(&is_done, true, __ATOMIC_RELEASE);
    pthread_join(driver, NULL);
    printf("  %u threads, %llu frames each, %llu frame ends noticed late\n",
           threads, (unsigned long long)frames, (unsigned long long)stale);
}

static void
many_threads(fa_guard guard, uint64_t frames)
{
    uint64_t before = fai_pages_mapped();
    shared = make_allocator(guard);
    run_workers(THREADS, frames);
    empty_slots(fa_ctx_current(shared));
    fa_stats stats = read_stats(shared);
    CHECK(stats.remote_frees > 0, "blocks were freed by others");
    fa_allocator_destroy(shared);
    CHECK(misuses == 0, "no misuse is reported");
    CHECK(fai_pages_mapped() == before, "all is unmapped");
}

static void
threads_transfer_blocks(void)
{
    many_threads(FA_GUARD_OFF, stress_size(1000, 4));
}

static void
threads_transfer_blocks_with_guard_1(void)
{
    many_threads(FA_GUARD_CHECK, stress_size(100, 2));
}

static void
threads_transfer_blocks_with_guard_3(void)
{
    many_threads(FA_GUARD_FRESH, stress_size(20, 1));
}

/* --- threads that do not care --- */

static void *
never_end_a_frame(void *argument)
{
    pthread_barrier_t *meet = argument;
    fa_ctx *ctx = fa_ctx_current(shared);
    uint64_t random = (uint64_t)(uintptr_t)&ctx | 1;
    CHECK(fa_frame_alloc(fa_ctx_frame(ctx), 1000, 16) != NULL, "a block");
    pthread_barrier_wait(meet);
    /* The allocator's frames pass; this thread uses pools and heap only. */
    while (!__atomic_load_n(&is_done, __ATOMIC_ACQUIRE))
        transfer(ctx, &random);
    return NULL;
}

static void
threads_that_never_end_a_frame_do_no_harm(void)
{
    uint64_t before = fai_pages_mapped();
    pthread_t thread[8];
    pthread_barrier_t meet;
    pthread_barrier_init(&meet, NULL, 9);
    shared = make_allocator(FA_GUARD_OFF);
    is_done = false;
    fa_begin_frame(shared);
    for (unsigned i = 0; i < 8; i++)
        pthread_create(&thread[i], NULL, never_end_a_frame, &meet);
    pthread_barrier_wait(&meet);
    for (uint64_t i = stress_size(20000, 100); i > 0; i--) {
        fa_end_frame(shared);
        CHECK(fa_frame_alloc(fa_begin_frame(shared), 64, 16) != NULL, "block");
    }
    CHECK(read_stats(shared).contexts_behind == 8, "they are known");
    __atomic_store_n(&is_done, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < 8; i++)
        pthread_join(thread[i], NULL);
    fa_end_frame(shared);
    empty_slots(fa_ctx_current(shared));
    fa_allocator_destroy(shared);
    pthread_barrier_destroy(&meet);
    CHECK(misuses == 0, "no misuse is reported");
    CHECK(fai_pages_mapped() == before, "all is unmapped");
}

/* --- one half allocates, the other half frees --- */

#define PAIRS 4
#define QUEUE 64
#define BATCH 256
#define BLOCK 64

/* Blocks on their way from a producer to its consumer. */
struct queue {
    pthread_t producer;
    pthread_t consumer;
    uint64_t batches;
    uint64_t head __attribute__((__aligned__(64)));
    uint64_t tail __attribute__((__aligned__(64)));
    uint64_t *block[QUEUE][BATCH];
};

static struct queue queues[PAIRS];

static void *
produce(void *argument)
{
    struct queue *queue = argument;
    fa_ctx *ctx = fa_ctx_current(shared);
    fa_pool *pool = fa_ctx_pool(ctx, BLOCK, 16);
    for (uint64_t n = 0; n < queue->batches; n++) {
        while (n - __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE) == QUEUE)
            sched_yield();
        for (unsigned i = 0; i < BATCH; i++) {
            uint64_t *block = fa_pool_alloc(pool);
            CHECK(block != NULL, "a pool block");
            seal_block(block, BLOCK);
            queue->block[n % QUEUE][i] = block;
        }
        __atomic_store_n(&queue->head, n + 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void *
consume(void *argument)
{
    struct queue *queue = argument;
    fa_ctx *ctx = fa_ctx_current(shared);
    for (uint64_t n = 0; n < queue->batches; n++) {
        while (__atomic_load_n(&queue->head, __ATOMIC_ACQUIRE) == n)
            sched_yield();
        for (unsigned i = 0; i < BATCH; i++) {
            check_block(queue->block[n % QUEUE][i]);
            fa_free(ctx, queue->block[n % QUEUE][i]);
        }
        __atomic_store_n(&queue->tail, n + 1, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void
memory_of_remote_frees_stays_below_twice_the_live(void)
{
    uint64_t before = fai_pages_mapped();
    uint64_t frees = stress_size(20000000, 100000);
    shared = make_allocator(FA_GUARD_OFF);
    for (unsigned i = 0; i < PAIRS; i++) {
        struct queue *queue = &queues[i];
        queue->batches = frees / PAIRS / BATCH;
        queue->head = queue->tail = 0;
        pthread_create(&queue->producer, NULL, produce, queue);
        pthread_create(&queue->consumer, NULL, consume, queue);
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        pthread_join(queues[i].producer, NULL);
        pthread_join(queues[i].consumer, NULL);
    }
    fa_stats stats = read_stats(shared);
    /* Live at most: all queues full, and a batch in each thread's hands. */
    uint64_t live = (uint64_t)PAIRS * (QUEUE + 2) * BATCH * BLOCK;
    printf("  %llu frees, at most %llu bytes live, %llu held\n",
           (unsigned long long)frees, (unsigned long long)live,
           (unsigned long long)stats.held_peak);
    CHECK(stats.held_peak <= 2 * live, "memory is bounded");
    fa_allocator_destroy(shared);
    CHECK(fai_pages_mapped() == before, "all is unmapped");
    CHECK(misuses == 0, "no misuse is reported");
}

int
main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"frames never ended", threads_that_never_end_a_frame_do_no_harm},
        {"allocate here, free there",
         memory_of_remote_frees_stays_below_twice_the_live},
        {"transfers", threads_transfer_blocks},
        {"transfers, guard 1", threads_transfer_blocks_with_guard_1},
        {"transfers, guard 3", threads_transfer_blocks_with_guard_3},
    };
    /* What the library keeps for this thread stays for ever. */
    shared = make_allocator(FA_GUARD_OFF);
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
