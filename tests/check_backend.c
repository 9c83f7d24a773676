/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Backends of the program: large blocks come from it and go back to it, each
 * with its size and alignment.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static struct test_world w;

static void
close_world(void)
{
    test_close(&w);
}

static struct {
    unsigned live, calls, trims;
    size_t bytes;
    bool is_failing;
} counted;

static void *
counted_alloc(void *user, size_t size, size_t align)
{
    ck_assert_ptr_eq(user, &counted);
    ck_assert_uint_ge(size, 4096);
    ck_assert(align != 0 && (align & (align - 1)) == 0);
    if (counted.is_failing)
        return NULL;
    counted.live++;
    counted.calls++;
    counted.bytes += size;
    void *block = NULL;
    ck_assert_int_eq(posix_memalign(&block, align, size), 0);
    return block;
}

static void
counted_free(void *user, void *block, size_t size, size_t align)
{
    ck_assert_ptr_eq(user, &counted);
    ck_assert_uint_eq((uintptr_t)block % align, 0);
    counted.live--;
    counted.bytes -= size;
    free(block);
}

static void
counted_trim(void *user)
{
    ck_assert_ptr_eq(user, &counted);
    counted.trims++;
}

static void
open_counted(void)
{
    fa_heap_backend heap = FA_HEAP_BACKEND_INIT;
    memset(&counted, 0, sizeof(counted));
    heap.name = "counted";
    heap.user = &counted;
    heap.alloc = counted_alloc;
    heap.free = counted_free;
    heap.trim = counted_trim;
    test_prepare(&w);
    w.config.heap = &heap;
    test_open(&w);
    w.config.heap = NULL;
}

START_TEST(a_backend_gets_each_block_back_with_its_size_and_alignment)
{
    static const size_t sizes[] = {8193, 10000, 65536, 100001, 3 * MIB};
    void *block[COUNT(sizes)][6];
    for (unsigned i = 0; i < COUNT(sizes); i++)
        for (unsigned j = 0; j < 6; j++) {
            block[i][j] = fa_heap_alloc(w.ctx, sizes[i], (size_t)16 << 3 * j);
            ck_assert_ptr_nonnull(block[i][j]);
            test_write(block[i][j], sizes[i]);
        }
    ck_assert_uint_eq(counted.live, 30);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, counted.bytes);
    for (unsigned i = 0; i < COUNT(sizes); i++)
        for (unsigned j = 0; j < 6; j++)
            fa_heap_free(w.ctx, block[i][j]);
    ck_assert_int_eq(fa_allocator_trim(w.allocator), FA_OK);
    ck_assert_uint_eq(counted.live, 0);
    ck_assert_uint_eq(counted.bytes, 0);
    ck_assert_uint_eq(counted.trims, 1);
}
END_TEST

START_TEST(destroy_gives_live_blocks_back_to_their_backend)
{
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 100000, 16));
    fa_heap_free(w.ctx, fa_heap_alloc(w.ctx, 200000, 16));
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 300000, 16));
    ck_assert_uint_eq(counted.live, 3);
    test_close(&w);
    ck_assert_uint_eq(counted.live, 0);
    ck_assert_only_diag(&w.log, 610);
}
END_TEST

START_TEST(a_backend_that_fails_gives_nomem_and_nothing_is_charged)
{
    counted.is_failing = true;
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 100000, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    test_begin(&w);
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 100000, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    ck_assert_only_diag(&w.log, 3);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
    counted.is_failing = false;
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100000, 16));
}
END_TEST

START_TEST(a_given_backend_may_be_the_second_choice)
{
    fa_heap_backend second = FA_HEAP_BACKEND_INIT;
    fa_allocator *allocator;
    second.name = "second";
    second.user = &counted;
    second.alloc = counted_alloc;
    second.free = counted_free;
    ck_assert_int_eq(fa_allocator_create_with(&w.config, &second, &allocator),
                     FA_OK);
    ck_assert_str_eq(fa_allocator_heap_name(allocator), "second");
    fa_allocator_destroy(allocator);
    fa_heap_backend first = second;
    first.name = NULL;
    w.config.heap = &first;
    ck_assert_int_eq(fa_allocator_create_with(&w.config, &second, &allocator),
                     FA_OK);
    ck_assert_str_eq(fa_allocator_heap_name(allocator), "custom");
    fa_allocator_destroy(allocator);
    w.config.heap = NULL;
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("backend");
    TCase *backend = tcase_create("contract");
    tcase_add_checked_fixture(backend, open_counted, close_world);
    tcase_add_test(backend,
                   a_backend_gets_each_block_back_with_its_size_and_alignment);
    tcase_add_test(backend, destroy_gives_live_blocks_back_to_their_backend);
    tcase_add_test(backend,
                   a_backend_that_fails_gives_nomem_and_nothing_is_charged);
    tcase_add_test(backend, a_given_backend_may_be_the_second_choice);
    suite_add_tcase(suite, backend);
    return test_main(suite);
}
