/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frames: every pair of a size and an alignment.
 *
 * Sizes at the edges of everything that the slow path tells apart, alignments
 * from 1 to 2 MiB and such that must be refused. A block that is given is
 * aligned, inside of nothing else, and may be written to its last byte.
 */
#include "support.h"

#define WINDOW ((size_t)32 * KIB)
#define CHUNK  ((size_t)256 * KIB)

static const size_t sizes[] = {
    0,
    1,
    2,
    7,
    8,
    15,
    16,
    17,
    31,
    32,
    33,
    63,
    64,
    65,
    100,
    127,
    128,
    129,
    255,
    256,
    257,
    4095,
    4096,
    4097,
    WINDOW - 16,
    WINDOW - 1,
    WINDOW,
    WINDOW + 1,
    65535,
    65536,
    65537,
    CHUNK - 16,
    CHUNK - 1,
    CHUNK,
    CHUNK + 1,
    MIB,
    2 * MIB + 1,
    SIZE_MAX / 2,
    SIZE_MAX - (2 * MIB) + 1,
    SIZE_MAX - 15,
    SIZE_MAX,
};

static const size_t aligns[] = {
    1,      2,      4,       8,       16,   32,    64,      128,         256,
    512,    1024,   2048,    4096,    8192, 16384, 32768,   65536,       131072,
    262144, 524288, 1048576, 2097152, 0,    24,    4194304, BIT_BELOW(0)};

/* How far the cursor is moved before, so that it is aligned to nothing. */
static const size_t skews[] = {0, 16, 4080};

static bool
is_valid_align(size_t align)
{
    return align != 0 && (align & (align - 1)) == 0 && align <= FA_ALIGN_MAX;
}

static void
check_given(char *block, size_t size, size_t align)
{
    ck_assert_msg(block != NULL, "%zu at %zu: NULL", size, align);
    ck_assert_msg((uintptr_t)block % align == 0 && (uintptr_t)block % 16 == 0,
                  "%zu at %zu: %p", size, align, (void *)block);
    if (size == 0)
        return;
    /* Large ones at their ends only: that is what could be missing. */
    size_t edge = size < PAGE ? size : PAGE;
    test_write(block, edge);
    test_write(block + size - edge, edge);
}

static void
check_pair(struct test_world *w, size_t size, size_t align)
{
    bool is_wanted = is_valid_align(align) && size < SIZE_MAX / 4;
    /* The slow function takes every request, as programs that do not inline
     * see it; the inline one must agree where it decides alone. */
    char *block = fa_frame_alloc_slow(w->frame, size, align);
    if (!is_wanted) {
        ck_assert_msg(block == NULL, "%zu at %zu: given", size, align);
        ck_assert_int_eq(fa_ctx_status(w->ctx),
                         is_valid_align(align) ? FA_ERR_NOMEM : FA_ERR_USAGE);
        return;
    }
    char *other = fa_frame_alloc(w->frame, size, align);
    check_given(block, size, align);
    check_given(other, size, align);
    if (size == 0)
        return;
    ck_assert_uint_eq((unsigned char)block[size - 1], 0x33);
    ck_assert_uint_ge((size_t)(block < other ? other - block : block - other),
                      size);
}

static void
check_all_pairs(fa_guard guard)
{
    struct test_world w;
    test_prepare(&w);
    w.config.guard = guard;
    w.config.frame_reserve = CHUNK;
    test_open(&w);
    for (size_t i = 0; i < COUNT(aligns); i++)
        for (size_t j = 0; j < COUNT(sizes); j++)
            for (size_t k = 0; k < COUNT(skews); k++) {
                test_begin(&w);
                if (skews[k] != 0)
                    ck_assert_ptr_nonnull(
                        fa_frame_alloc(w.frame, skews[k], 16));
                check_pair(&w, sizes[j], aligns[i]);
                test_end(&w);
            }
    ck_assert_uint_eq(test_log_count(&w.log, 9), 0);
    test_close(&w);
}

START_TEST(each_size_with_each_alignment_is_given_aligned_or_refused)
{
    check_all_pairs(_i == 0 ? FA_GUARD_OFF : (fa_guard)_i);
}
END_TEST

START_TEST(an_alignment_that_is_no_power_of_two_up_to_2_mib_is_reported)
{
    struct test_world w;
    test_open_guard(&w, FA_GUARD_OFF);
    test_begin(&w);
    static const size_t bad[] = {0,  3,     6,       24,       100,
                                 33, 65537, 4194304, SIZE_MAX, BIT_BELOW(0)};
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_ptr_null(fa_frame_alloc_slow(w.frame, 16, bad[i]));
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
        ck_assert_only_diag(&w.log, 13);
    }
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
    test_close(&w);
}
END_TEST

START_TEST(an_alignment_holds_in_the_third_chunk_too)
{
    struct test_world w;
    test_prepare(&w);
    w.config.frame_reserve = 64 * KIB;
    w.config.window = 4 * KIB;
    test_open(&w);
    for (size_t i = 0; aligns[i] != 0; i++) {
        test_begin(&w);
        for (unsigned j = 0; j < 400; j++) {
            char *block = fa_frame_alloc(w.frame, j * 37 % 4096, aligns[i]);
            ck_assert_ptr_nonnull(block);
            ck_assert_uint_eq((uintptr_t)block % aligns[i], 0);
        }
        test_end(&w);
    }
    ck_assert_uint_ge(test_stats(w.allocator).spills, 2);
    test_close(&w);
}
END_TEST

START_TEST(heap_and_pool_blocks_are_aligned_for_each_pair)
{
    struct test_world w;
    test_open_guard(&w, _i == 0 ? FA_GUARD_OFF : (fa_guard)_i);
    for (size_t i = 0; i < COUNT(aligns); i++)
        for (size_t j = 0; j < COUNT(sizes); j++) {
            bool is_wanted =
                is_valid_align(aligns[i]) && sizes[j] < SIZE_MAX / 4;
            char *heap = fa_heap_alloc(w.ctx, sizes[j], aligns[i]);
            char *pool = fa_pool_alloc(fa_ctx_pool(w.ctx, sizes[j], aligns[i]));
            ck_assert_int_eq(heap != NULL, is_wanted);
            ck_assert_int_eq(pool != NULL, is_wanted);
            if (!is_wanted)
                continue;
            check_given(heap, sizes[j], aligns[i]);
            check_given(pool, sizes[j], aligns[i]);
            size_t least = sizes[j] == 0 ? 1 : sizes[j];
            ck_assert_uint_ge(fa_heap_usable_size(heap), least);
            ck_assert_uint_ge(fa_heap_usable_size(pool), least);
            fa_heap_free(w.ctx, heap);
            fa_free(w.ctx, pool);
        }
    ck_assert_uint_eq(test_log_count(&w.log, 9), 0);
    test_close(&w);
    ck_assert_uint_eq(test_log_count(&w.log, 610), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("frame_align");
    TCase *limits = tcase_create("limits");
    tcase_add_loop_test(
        limits, each_size_with_each_alignment_is_given_aligned_or_refused, 0,
        4);
    tcase_add_test(limits, an_alignment_holds_in_the_third_chunk_too);
    tcase_add_loop_test(limits, heap_and_pool_blocks_are_aligned_for_each_pair,
                        0, 4);
    suite_add_tcase(suite, limits);
    TCase *misuse = tcase_create("misuse");
    tcase_add_test(
        misuse, an_alignment_that_is_no_power_of_two_up_to_2_mib_is_reported);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
