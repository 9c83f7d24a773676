/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Hooks for C libraries: each kind of memory behind the same functions.
 */
#include "support.h"

#include <string.h>

static struct test_world w;
static const fa_intent intents[] = {FA_INTENT_FRAME, FA_INTENT_POOL,
                                    FA_INTENT_HEAP};

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    test_begin(&w);
}

static void
close_world(void)
{
    ck_assert_no_diag(&w.log);
    test_end(&w);
    test_close(&w);
    /* Live blocks would have been told. */
    ck_assert_no_diag(&w.log);
}

static const fa_hooks *
hooks_of_loop(int i)
{
    return fa_hooks_for(intents[i]);
}

/* --- contract --- */

START_TEST(blocks_hold_what_was_asked_for_and_are_aligned)
{
    const fa_hooks *hooks = hooks_of_loop(_i);
    ck_assert_uint_eq(hooks->struct_size, sizeof(fa_hooks));
    void *block[20];
    for (unsigned i = 0; i < COUNT(block); i++) {
        block[i] = hooks->alloc(w.ctx, (size_t)1 << i);
        ck_assert_uint_eq((uintptr_t)block[i] % 16, 0);
        ck_assert_uint_ge(hooks->usable_size(w.ctx, block[i]), (size_t)1 << i);
        test_fill(block[i], (size_t)1 << i, i);
    }
    for (unsigned i = 0; i < COUNT(block); i++) {
        ck_assert(test_is_filled(block[i], (size_t)1 << i, i));
        hooks->free(w.ctx, block[i]);
    }
}
END_TEST

START_TEST(aligned_blocks_are_aligned_and_freed_by_each_function)
{
    const fa_hooks *hooks = hooks_of_loop(_i);
    for (size_t align = 1; align <= 4096; align *= 2) {
        void *block[3];
        for (unsigned i = 0; i < COUNT(block); i++) {
            block[i] = hooks->alloc_aligned(w.ctx, 100, align);
            ck_assert_uint_eq((uintptr_t)block[i] % align, 0);
            test_fill(block[i], 100, i);
        }
        for (unsigned i = 0; i < COUNT(block); i++)
            ck_assert(test_is_filled(block[i], 100, i));
        hooks->free_aligned(w.ctx, block[2], 100, align);
        hooks->free_sized(w.ctx, block[1], 100);
        hooks->free(w.ctx, block[0]);
    }
}
END_TEST

START_TEST(realloc_keeps_the_bytes_of_any_block)
{
    const fa_hooks *hooks = hooks_of_loop(_i);
    for (size_t align = 16; align <= 256; align *= 16) {
        char *block = hooks->alloc_aligned(w.ctx, 10, align);
        test_fill(block, 10, 1);
        for (size_t size = 20; size < 100000; size = size * 3 / 2) {
            void *other = hooks->realloc(w.ctx, NULL, 40);
            block = hooks->realloc(w.ctx, block, size);
            ck_assert_uint_ge(hooks->usable_size(w.ctx, block), size);
            ck_assert(test_is_filled(block, 10, 1));
            test_fill(block, size, 1);
            hooks->free(w.ctx, other);
        }
        block = hooks->realloc(w.ctx, block, 5);
        ck_assert(test_is_filled(block, 5, 1));
        hooks->free(w.ctx, block);
    }
}
END_TEST

START_TEST(frame_blocks_come_from_the_frame_and_need_not_be_freed)
{
    const fa_hooks *hooks = fa_hooks_for(FA_INTENT_FRAME);
    size_t used = fa_frame_used(w.frame);
    ck_assert_ptr_nonnull(hooks->alloc(w.ctx, 100));
    ck_assert_uint_eq(fa_frame_used(w.frame), used + 16 + 112);
    ck_assert_uint_eq(fa_heap_usable_size(hooks->alloc(w.ctx, 100)), 0);
}
END_TEST

START_TEST(pool_blocks_come_from_the_pool_of_their_size)
{
    const fa_hooks *hooks = fa_hooks_for(FA_INTENT_POOL);
    void *block = hooks->alloc(w.ctx, 48);
    hooks->free(w.ctx, block);
    fa_pool *pool = fa_ctx_pool(w.ctx, 48, 16);
    void *again = fa_pool_alloc(pool);
    ck_assert_ptr_eq(again, block);
    fa_pool_free(pool, again);
}
END_TEST

START_TEST(the_last_frame_block_is_used_again_and_grows_in_place)
{
    const fa_hooks *hooks = fa_hooks_for(FA_INTENT_FRAME);
    void *block = hooks->alloc(w.ctx, 100);
    ck_assert_ptr_eq(hooks->realloc(w.ctx, block, 200), block);
    hooks->free(w.ctx, block);
    ck_assert_ptr_eq(hooks->alloc(w.ctx, 64), block);
}
END_TEST

/* --- limits --- */

START_TEST(nothing_may_be_freed_and_its_size_is_nothing)
{
    const fa_hooks *hooks = hooks_of_loop(_i);
    hooks->free(w.ctx, NULL);
    hooks->free_sized(w.ctx, NULL, 10);
    hooks->free_aligned(w.ctx, NULL, 10, 64);
    ck_assert_uint_eq(hooks->usable_size(w.ctx, NULL), 0);
}
END_TEST

/* --- failure --- */

START_TEST(sizes_that_overflow_are_refused_and_the_block_stays)
{
    const fa_hooks *hooks = hooks_of_loop(_i);
    char *block = hooks->alloc(w.ctx, 100);
    test_fill(block, 100, 3);
    ck_assert_ptr_null(hooks->alloc(w.ctx, test_size(SIZE_MAX)));
    ck_assert_ptr_null(hooks->alloc(w.ctx, test_size(SIZE_MAX - 15)));
    ck_assert_ptr_null(
        hooks->alloc_aligned(w.ctx, test_size(SIZE_MAX - 63), 64));
    ck_assert_ptr_null(hooks->realloc(w.ctx, block, test_size(SIZE_MAX - 8)));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    ck_assert(test_is_filled(block, 100, 3));
    hooks->free(w.ctx, block);
    w.log.count = 0; /* Frames and heap differ in what they tell. */
}
END_TEST

/* --- misuse --- */

START_TEST(an_unknown_intent_has_no_hooks)
{
    ck_assert_ptr_null(fa_hooks_for((fa_intent)3));
}
END_TEST

int
main(void)
{
    int all = (int)COUNT(intents);
    Suite *suite = suite_create("hooks");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_world, close_world);
    tcase_add_loop_test(contract,
                        blocks_hold_what_was_asked_for_and_are_aligned, 0, all);
    tcase_add_loop_test(contract,
                        aligned_blocks_are_aligned_and_freed_by_each_function,
                        0, all);
    tcase_add_loop_test(contract, realloc_keeps_the_bytes_of_any_block, 0, all);
    tcase_add_test(contract,
                   frame_blocks_come_from_the_frame_and_need_not_be_freed);
    tcase_add_test(contract, pool_blocks_come_from_the_pool_of_their_size);
    tcase_add_test(contract,
                   the_last_frame_block_is_used_again_and_grows_in_place);
    suite_add_tcase(suite, contract);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_loop_test(limits, nothing_may_be_freed_and_its_size_is_nothing, 0,
                        all);
    suite_add_tcase(suite, limits);
    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_loop_test(
        failure, sizes_that_overflow_are_refused_and_the_block_stays, 0, all);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, an_unknown_intent_has_no_hooks);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
