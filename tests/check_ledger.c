/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Statistics against an independent ledger.
 *
 * Random operations on frames, pools, the heap and tags, by one thread or
 * several that free each other's blocks. The program keeps its own books; at
 * frame ends all figures that it can know must be equal.
 */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TAGS      4
#define THREADS   4
#define LIVE_MAX  256
#define STACK_MAX 512
#define LARGE     ((size_t)80 << 10)

static struct test_world w;
static fa_tag tags[TAGS]; /* The first is none. */

/* --- the books --- */

struct frame_block {
    void *address;
    size_t size; /* As the frame counts it. */
    size_t asked;
    unsigned tag;
};

struct place {
    fa_mark mark;
    unsigned blocks;
};

struct book {
    uint64_t random;
    fa_ctx *ctx;
    fa_frame *frame;
    unsigned tag;
    /* This frame. */
    struct frame_block block[STACK_MAX];
    unsigned blocks;
    unsigned floor; /* Blocks that cannot be released any more. */
    struct place place[8];
    unsigned places;
    uint64_t used;
    uint64_t high;
    uint64_t of_tag[TAGS];
    /* For ever. */
    uint64_t arena_bytes;
    uint64_t frames; /* That were not empty. */
    uint64_t peak;
    uint64_t frame_allocs[TAGS];
};

struct live {
    void *address;
    size_t size;
    unsigned tag;
    unsigned owner;
    bool is_pool;
};

/* Shared: any thread frees any block. */
static struct {
    pthread_mutex_t lock;
    struct live live[LIVE_MAX];
    unsigned count;
    uint64_t heap_bytes[TAGS];
    uint64_t ctx_heap[THREADS];
    uint64_t allocs[2][TAGS]; /* Of the heap, of pools. */
    uint64_t frees[2][TAGS];
    uint64_t remote;
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t
draw(struct book *book, uint64_t below)
{
    book->random ^= book->random << 13;
    book->random ^= book->random >> 7;
    book->random ^= book->random << 17;
    return (book->random >> 11) % below;
}

/* --- operations on the frame --- */

static size_t
frame_size(struct book *book)
{
    switch (draw(book, 12)) {
    case 0:
        return LARGE + draw(book, 1 << 20); /* A block of its own. */
    case 1:
        return 1 + draw(book, 32 << 10);
    default:
        return 1 + draw(book, 300);
    }
}

static size_t
counted(size_t size)
{
    return size >= LARGE ? size : (size + 15) & ~(size_t)15;
}

static void
note_high(struct book *book)
{
    book->high = book->used > book->high ? book->used : book->high;
}

static void
frame_alloc(struct book *book)
{
    size_t size = frame_size(book);
    if (book->blocks == STACK_MAX)
        return;
    void *address = fa_frame_alloc(book->frame, size, 16);
    ck_assert_ptr_nonnull(address);
    book->block[book->blocks++] =
        (struct frame_block){address, counted(size), size, book->tag};
    book->used += counted(size);
    book->of_tag[book->tag] += counted(size);
    book->frame_allocs[book->tag]++;
    note_high(book);
}

static void
take_back(struct book *book)
{
    const struct frame_block *block = &book->block[--book->blocks];
    book->used -= block->size;
    book->of_tag[block->tag] -= block->size;
}

static void
frame_release(struct book *book)
{
    if (book->blocks == book->floor)
        return;
    const struct frame_block *block = &book->block[book->blocks - 1];
    fa_frame_release(book->frame, block->address, block->asked);
    take_back(book);
}

/* Small ones only, so that it is done in place. */
static void
frame_resize(struct book *book)
{
    if (book->blocks == book->floor)
        return;
    struct frame_block *block = &book->block[book->blocks - 1];
    size_t size = 1 + draw(book, 600);
    if (block->asked >= LARGE)
        return;
    ck_assert_ptr_eq(
        fa_frame_resize(book->frame, block->address, block->asked, size, 16),
        block->address);
    book->used += (uint64_t)counted(size) - block->size;
    book->of_tag[block->tag] += (uint64_t)counted(size) - block->size;
    block->size = counted(size);
    block->asked = size;
    note_high(book);
}

static void
checkpoint(struct book *book)
{
    if (book->places == COUNT(book->place))
        return;
    book->place[book->places++] =
        (struct place){fa_frame_checkpoint(book->frame), book->blocks};
    book->floor = book->blocks;
}

static void
rollback(struct book *book)
{
    if (book->places == 0)
        return;
    book->places = (unsigned)draw(book, book->places);
    const struct place *place = &book->place[book->places];
    ck_assert_int_eq(fa_frame_rollback(book->frame, place->mark), FA_OK);
    while (book->blocks > place->blocks)
        take_back(book);
    book->floor = book->blocks;
}

static void
change_tag(struct book *book)
{
    if (book->tag != 0)
        fa_tag_pop(book->ctx);
    book->tag = (unsigned)draw(book, TAGS);
    if (book->tag != 0)
        fa_tag_push(book->ctx, tags[book->tag]);
    book->floor = book->blocks;
}

/* --- operations on pools and the heap --- */

static void
heap_alloc(struct book *book, unsigned self)
{
    bool is_pool = draw(book, 2) == 0;
    size_t size = is_pool ? 1 + draw(book, FA_POOL_BLOCK_MAX)
                          : FA_POOL_BLOCK_MAX + 1 + draw(book, 200000);
    pthread_mutex_lock(&heap.lock);
    if (heap.count < LIVE_MAX) {
        void *address = fa_heap_alloc(book->ctx, size, 16);
        ck_assert_ptr_nonnull(address);
        heap.live[heap.count++] =
            (struct live){address, size, book->tag, self, is_pool};
        heap.allocs[is_pool][book->tag]++;
        heap.heap_bytes[book->tag] += is_pool ? 0 : size;
        heap.ctx_heap[self] += is_pool ? 0 : size;
    }
    pthread_mutex_unlock(&heap.lock);
}

static void
heap_free(struct book *book, unsigned self)
{
    pthread_mutex_lock(&heap.lock);
    if (heap.count > 0) {
        struct live *live = &heap.live[draw(book, heap.count)];
        fa_free(book->ctx, live->address);
        heap.frees[live->is_pool][live->tag]++;
        heap.heap_bytes[live->tag] -= live->is_pool ? 0 : live->size;
        heap.ctx_heap[live->owner] -= live->is_pool ? 0 : live->size;
        heap.remote += live->owner != self;
        *live = heap.live[--heap.count];
    }
    pthread_mutex_unlock(&heap.lock);
}

static void
heap_resize(struct book *book, unsigned self)
{
    pthread_mutex_lock(&heap.lock);
    struct live *live =
        heap.count > 0 ? &heap.live[draw(book, heap.count)] : NULL;
    if (live != NULL && !live->is_pool && live->owner == self &&
        live->tag == book->tag) {
        size_t size = FA_POOL_BLOCK_MAX + 1 + draw(book, 200000);
        void *moved = fa_heap_realloc(book->ctx, live->address, size, 16);
        ck_assert_ptr_nonnull(moved);
        heap.allocs[0][live->tag] += moved != live->address;
        heap.frees[0][live->tag] += moved != live->address;
        heap.heap_bytes[live->tag] += (uint64_t)size - live->size;
        heap.ctx_heap[self] += (uint64_t)size - live->size;
        live->address = moved;
        live->size = size;
    }
    pthread_mutex_unlock(&heap.lock);
}

static void
operate(struct book *book, unsigned self)
{
    switch (draw(book, 14)) {
    case 0:
        checkpoint(book);
        break;
    case 1:
        rollback(book);
        break;
    case 2:
        change_tag(book);
        break;
    case 3:
    case 4:
        heap_alloc(book, self);
        break;
    case 5:
    case 6:
        heap_free(book, self);
        break;
    case 7:
        heap_resize(book, self);
        break;
    case 8:
        frame_release(book);
        break;
    case 9:
        frame_resize(book);
        break;
    default:
        frame_alloc(book);
    }
}

/* --- frames --- */

static void
begin(struct book *book)
{
    book->frame = fa_ctx_frame(book->ctx);
    book->blocks = book->floor = book->places = 0;
    book->used = book->high = 0;
    memset(book->of_tag, 0, sizeof(book->of_tag));
}

static void
run(struct book *book, unsigned self)
{
    /* Some frames are short, so that they close the short way. */
    size_t count = draw(book, 3) == 0 ? draw(book, 4) : draw(book, 120);
    for (size_t i = 0; i < count; i++)
        operate(book, self);
}

static void
close_books(struct book *book)
{
    for (unsigned i = 0; i < book->blocks; i++)
        book->arena_bytes +=
            book->block[i].asked < LARGE ? book->block[i].size : 0;
    book->frames += book->high != 0;
    book->peak = book->high > book->peak ? book->high : book->peak;
}

static uint64_t
sum_of(const uint64_t *figure, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += figure[i];
    return sum;
}

static void
check_objects(const fa_usage *usage, const struct book *books, unsigned count,
              unsigned tag)
{
    uint64_t frame_allocs = 0;
    for (unsigned i = 0; i < count; i++)
        frame_allocs += books[i].frame_allocs[tag];
    ck_assert_uint_eq(usage->frame_allocs, frame_allocs);
    ck_assert_uint_eq(usage->heap_allocs, heap.allocs[0][tag]);
    ck_assert_uint_eq(usage->heap_frees, heap.frees[0][tag]);
    ck_assert_uint_eq(usage->pool_allocs, heap.allocs[1][tag]);
    ck_assert_uint_eq(usage->pool_frees, heap.frees[1][tag]);
}

static void
check_tag(const struct book *books, unsigned count, unsigned tag)
{
    fa_usage usage = test_tag_usage(w.allocator, tags[tag]);
    uint64_t frame_bytes = 0, pool_bytes = 0;
    for (unsigned i = 0; i < count; i++)
        frame_bytes += books[i].of_tag[tag];
    for (unsigned i = 0; i < heap.count; i++)
        if (heap.live[i].is_pool && heap.live[i].tag == tag)
            pool_bytes += heap.live[i].size;
    ck_assert_uint_eq(usage.frame_bytes, frame_bytes);
    ck_assert_uint_eq(usage.heap_bytes, heap.heap_bytes[tag]);
    ck_assert_uint_ge(usage.pool_bytes, pool_bytes);
    ck_assert_uint_eq(usage.bytes,
                      frame_bytes + usage.heap_bytes + usage.pool_bytes);
    if (w.config.counts)
        check_objects(&usage, books, count, tag);
    else
        ck_assert_uint_eq(usage.pool_allocs, FA_COUNT_UNKNOWN);
}

static void
check_ctx(const struct book *book, unsigned self, bool is_alone)
{
    fa_usage usage = test_ctx_usage(book->ctx);
    ck_assert_uint_eq(usage.frame_bytes, book->used);
    ck_assert_uint_eq(usage.frame_peak, book->peak);
    ck_assert_uint_eq(sum_of(usage.histogram, FA_HISTOGRAM_BUCKETS),
                      book->frames);
    if (is_alone)
        ck_assert_uint_eq(usage.heap_bytes, heap.ctx_heap[self]);
}

/* What has just ended is the last frame of each context. */
static void
check_frames(const struct book *books, unsigned count)
{
    fa_stats stats = test_stats(w.allocator);
    uint64_t used = 0, arena = 0, peak = 0, frames = 0, allocs = 0;
    for (unsigned i = 0; i < count; i++) {
        used += books[i].used;
        arena += books[i].arena_bytes;
        peak += books[i].peak;
        frames += books[i].frames;
        allocs += sum_of(books[i].frame_allocs, TAGS);
        check_ctx(&books[i], i, count == 1);
    }
    ck_assert_uint_eq(stats.frame_bytes, used);
    ck_assert_uint_eq(stats.arena_bytes, arena);
    ck_assert_uint_eq(stats.frame_peak, peak);
    ck_assert_uint_eq(sum_of(stats.histogram, FA_HISTOGRAM_BUCKETS), frames);
    ck_assert_uint_eq(stats.frame_count,
                      w.config.counts ? allocs : FA_COUNT_UNKNOWN);
    /* Those of other threads live until they come to the next frame. */
    if (count == 1)
        ck_assert_uint_eq(stats.block_bytes, 0);
}

/* Frees by others have arrived. */
static void
check_blocks(const struct book *books, unsigned count)
{
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.heap_bytes, sum_of(heap.heap_bytes, TAGS));
    ck_assert_uint_eq(stats.remote_frees, heap.remote);
    for (unsigned i = 0; i < count; i++)
        ck_assert_uint_eq(test_ctx_usage(books[i].ctx).heap_bytes,
                          heap.ctx_heap[i]);
    for (unsigned tag = 0; tag < TAGS; tag++)
        check_tag(books, count, tag);
}

/* --- the world --- */

static void
open_books(bool counts)
{
    test_prepare(&w);
    w.config.guard = FA_GUARD_OFF;
    w.config.counts = counts;
    test_open(&w);
    for (unsigned i = 1; i < TAGS; i++) {
        char name[8] = {'t', (char)('0' + i), '\0'};
        tags[i] = fa_tag_register(w.allocator, name);
    }
    tags[0] = FA_TAG_NONE;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    memset(&heap, 0, sizeof(heap));
    heap.lock = lock;
}

static void
free_all(fa_ctx *ctx)
{
    while (heap.count > 0)
        fa_free(ctx, heap.live[--heap.count].address);
    ck_assert_no_diag(&w.log);
    test_close(&w);
}

static uint64_t
seed_of(int loop)
{
    const char *given = getenv("FA_TEST_SEED");
    return given != NULL ? strtoull(given, NULL, 10) * 2 + 1
                         : (uint64_t)loop * 7919 + 88172645463325252u;
}

START_TEST(one_thread_s_figures_equal_its_books)
{
    static struct book book;
    open_books(_i % 2 == 1);
    book = (struct book){.random = seed_of(_i), .ctx = w.ctx};
    for (size_t frame = 0; frame < test_scaled(400); frame++) {
        fa_begin_frame(w.allocator);
        begin(&book);
        run(&book, 0);
        fa_end_frame(w.allocator);
        close_books(&book);
        check_frames(&book, 1);
        check_blocks(&book, 1);
    }
    free_all(w.ctx);
}
END_TEST

/* --- threads --- */

static struct book books[THREADS];
static pthread_barrier_t barrier;
static size_t rounds;

static void
meet(void)
{
    pthread_barrier_wait(&barrier);
}

static void
play_frame(struct book *book, unsigned self, bool is_busy)
{
    if (self == 0)
        fa_begin_frame(w.allocator);
    meet();
    begin(book);
    if (is_busy)
        run(book, self);
    fa_ctx_end_frame(book->ctx);
    close_books(book);
    meet();
    if (self == 0)
        fa_end_frame(w.allocator);
    meet();
    if (self == 0)
        check_frames(books, THREADS);
    meet();
}

static void *
play(void *arg)
{
    struct book *book = arg;
    unsigned self = (unsigned)(book - books);
    book->ctx = fa_ctx_current(w.allocator);
    meet();
    for (size_t round = 0; round < rounds; round++) {
        play_frame(book, self, true);
        /* What was freed near the end is taken in one frame later. */
        play_frame(book, self, false);
        if (self == 0)
            check_blocks(books, THREADS);
        meet();
    }
    return NULL;
}

START_TEST(the_figures_of_threads_that_free_each_other_s_blocks_equal_the_books)
{
    pthread_t thread[THREADS];
    open_books(_i % 2 == 1);
    rounds = test_scaled(60);
    pthread_barrier_init(&barrier, NULL, THREADS);
    memset(books, 0, sizeof(books));
    for (unsigned i = 0; i < THREADS; i++)
        books[i].random = seed_of(_i) + 2 * i;
    for (unsigned i = 1; i < THREADS; i++)
        pthread_create(&thread[i], NULL, play, &books[i]);
    play(&books[0]);
    for (unsigned i = 1; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&barrier);
    uint64_t before = test_stats(w.allocator).arena_bytes;
    uint64_t arena = 0;
    for (unsigned i = 0; i < THREADS; i++)
        arena += books[i].arena_bytes;
    ck_assert_uint_eq(before, arena);
    free_all(w.ctx);
}
END_TEST

START_TEST(counts_outlive_the_threads_that_made_them)
{
    open_books(true);
    for (unsigned i = 0; i < 3; i++) {
        fa_ctx *ctx;
        ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
        fa_free(ctx, fa_heap_alloc(ctx, 64, 16));
        fa_heap_free(ctx, fa_heap_alloc(ctx, 64000, 16));
        fa_ctx_destroy(ctx);
    }
    fa_usage usage = test_tag_usage(w.allocator, FA_TAG_NONE);
    ck_assert_uint_eq(usage.pool_allocs, 3);
    ck_assert_uint_eq(usage.pool_frees, 3);
    ck_assert_uint_eq(usage.heap_allocs, 3);
    ck_assert_uint_eq(usage.heap_frees, 3);
    free_all(w.ctx);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("ledger");
    TCase *contract = tcase_create("contract");
    tcase_set_timeout(contract, 120);
    tcase_add_loop_test(contract, one_thread_s_figures_equal_its_books, 0, 8);
    tcase_add_test(contract, counts_outlive_the_threads_that_made_them);
    suite_add_tcase(suite, contract);
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, 120);
    tcase_add_loop_test(
        threads,
        the_figures_of_threads_that_free_each_other_s_blocks_equal_the_books, 0,
        4);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
