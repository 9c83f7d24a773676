/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Offsets: ranges are inside, aligned and apart, and all of them come back.
 */
#include "support.h"

#include <framealloc/offset.h>

static struct test_world w;
static fa_offset *offset;

static void
open_granules(uint64_t size, uint64_t granule)
{
    fa_offset_config config = FA_OFFSET_CONFIG_INIT;
    config.size = size;
    config.granule = granule;
    test_prepare(&w);
    test_open(&w);
    ck_assert_int_eq(fa_offset_create(w.allocator, &config, &offset), FA_OK);
}

static void
open_offset(uint64_t size)
{
    open_granules(size, 0);
}

static void
close_offset(void)
{
    fa_offset_destroy(offset);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}

static fa_offset_usage
usage(void)
{
    fa_offset_usage out = FA_OFFSET_USAGE_INIT;
    ck_assert_int_eq(fa_offset_usage_read(offset, &out), FA_OK);
    return out;
}

START_TEST(ranges_follow_each_other_and_merge_when_freed)
{
    open_offset(MIB);
    uint64_t begin[4];
    uint32_t node[4];
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(fa_offset_alloc(offset, 1000, 0, &begin[i], &node[i]),
                         FA_OK);
        ck_assert_uint_eq(begin[i], i * 1024);
    }
    ck_assert_uint_eq(usage().used, 4096);
    ck_assert_int_eq(fa_offset_free(offset, node[1]), FA_OK);
    ck_assert_int_eq(fa_offset_free(offset, node[2]), FA_OK);
    ck_assert_uint_eq(usage().holes, 2);
    ck_assert_int_eq(fa_offset_free(offset, node[0]), FA_OK);
    ck_assert_int_eq(fa_offset_free(offset, node[3]), FA_OK);
    ck_assert_uint_eq(usage().holes, 1);
    ck_assert_uint_eq(usage().largest_hole, MIB);
    ck_assert_uint_eq(usage().ranges, 0);
    ck_assert_uint_eq(usage().used, 0);
    close_offset();
}
END_TEST

static uint32_t
take(uint64_t size, uint64_t align, uint64_t wanted)
{
    uint64_t begin;
    uint32_t node;
    ck_assert_int_eq(fa_offset_alloc(offset, size, align, &begin, &node),
                     FA_OK);
    ck_assert_uint_eq(begin, wanted);
    return node;
}

/* Nothing is taken, and the results are left alone. */
static void
refuse(uint64_t size, uint64_t align, fa_status wanted)
{
    fa_offset_usage before = usage();
    uint64_t begin = 77;
    uint32_t node = 88;
    ck_assert_int_eq(fa_offset_alloc(offset, size, align, &begin, &node),
                     wanted);
    ck_assert_uint_eq(begin, 77);
    ck_assert_uint_eq(node, 88);
    fa_offset_usage after = usage();
    /* From its second member: in front of that may be a gap. */
    ck_assert_mem_eq(&before.size, &after.size,
                     sizeof(after) - offsetof(fa_offset_usage, size));
}

START_TEST(a_hole_between_ranges_is_used_again)
{
    open_offset(MIB);
    take(1024, 0, 0);
    uint32_t middle = take(2048, 0, 1024);
    take(1024, 0, 3072);
    ck_assert_int_eq(fa_offset_free(offset, middle), FA_OK);
    take(2048, 0, 1024);
    close_offset();
}
END_TEST

START_TEST(what_alignment_skips_stays_free)
{
    open_offset(MIB);
    take(256, 0, 0);
    take(256, 4096, 4096);
    ck_assert_uint_eq(usage().holes, 2);
    take(4096 - 256, 0, 256);
    ck_assert_uint_eq(usage().holes, 1);
    close_offset();
}
END_TEST

START_TEST(a_reset_gives_all_back)
{
    open_offset(MIB);
    for (unsigned i = 0; i < 500; i++)
        take(300, 0, 512 * i);
    fa_offset_reset(offset);
    ck_assert_uint_eq(usage().used, 0);
    ck_assert_uint_eq(usage().ranges, 0);
    ck_assert_uint_eq(usage().largest_hole, MIB);
    take(MIB, 0, 0);
    close_offset();
}
END_TEST

START_TEST(a_walk_visits_ranges_and_holes_in_order)
{
    open_offset(MIB);
    uint32_t first = take(256, 0, 0);
    uint32_t second = take(512, 0, 256);
    ck_assert_int_eq(fa_offset_free(offset, first), FA_OK);
    fa_offset_range range;
    uint32_t cursor = 0;
    ck_assert(fa_offset_next(offset, &cursor, &range));
    ck_assert(range.is_free && range.offset == 0 && range.size == 256);
    ck_assert(fa_offset_next(offset, &cursor, &range));
    ck_assert(!range.is_free && range.offset == 256 && range.size == 512);
    ck_assert_uint_eq(range.node, second);
    ck_assert(fa_offset_next(offset, &cursor, &range));
    ck_assert(range.is_free && range.size == MIB - 768);
    ck_assert(!fa_offset_next(offset, &cursor, &range));
    ck_assert(!fa_offset_next(offset, &cursor, &range));
    close_offset();
}
END_TEST

/* --- limits --- */

START_TEST(one_granule_is_enough)
{
    open_offset(256);
    uint32_t node = take(1, 0, 0);
    refuse(1, 0, FA_ERR_NOMEM);
    ck_assert_uint_eq(usage().holes, 0);
    ck_assert_uint_eq(usage().largest_hole, 0);
    ck_assert_int_eq(fa_offset_free(offset, node), FA_OK);
    take(256, 256, 0);
    close_offset();
}
END_TEST

START_TEST(just_under_two_to_the_31_granules_can_be_had)
{
    uint64_t most = ((uint64_t)1 << 31) - 1;
    open_granules(most * 65536, 65536);
    uint32_t node = take(most * 65536, 0, 0);
    refuse(1, 0, FA_ERR_NOMEM);
    ck_assert_int_eq(fa_offset_free(offset, node), FA_OK);
    take(1, 0, 0);
    take(1, (uint64_t)1 << 46, (uint64_t)1 << 46);
    refuse(1, (uint64_t)1 << 46, FA_ERR_NOMEM);
    close_offset();
}
END_TEST

START_TEST(each_granule_rounds_sizes_to_itself)
{
    uint64_t granule = (uint64_t)1 << _i;
    open_granules(8 * granule + granule / 2, granule);
    ck_assert_uint_eq(usage().size, 8 * granule);
    take(1, 0, 0);
    take(granule + granule / 2, 1, granule);
    ck_assert_uint_eq(usage().used, granule == 1 ? 2 : 3 * granule);
    close_offset();
}
END_TEST

START_TEST(alignments_up_to_the_size_are_met)
{
    open_granules(MIB, 16);
    take(1, 0, 0);
    for (uint64_t align = MIB / 2; align >= 16; align /= 2) {
        uint64_t begin;
        uint32_t node;
        ck_assert_int_eq(fa_offset_alloc(offset, 16, align, &begin, &node),
                         FA_OK);
        ck_assert_uint_eq(begin % align, 0);
    }
    refuse(1, MIB / 2, FA_ERR_NOMEM);
    close_offset();
}
END_TEST

START_TEST(sizes_and_alignments_beyond_all_are_refused)
{
    open_offset(MIB);
    refuse(MIB + 1, 0, FA_ERR_NOMEM);
    refuse(UINT64_MAX, 0, FA_ERR_NOMEM);
    refuse(UINT64_MAX, (uint64_t)1 << 63, FA_ERR_NOMEM);
    take(MIB, (uint64_t)1 << 38, 0);
    refuse(1, (uint64_t)1 << 63, FA_ERR_NOMEM);
    close_offset();
}
END_TEST

/* --- failure --- */

START_TEST(books_that_cannot_grow_change_nothing)
{
    open_granules((uint64_t)1 << 30, 256);
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0,
               test_stats(w.allocator).held_bytes);
    uint64_t begin = 0;
    uint32_t node = 0;
    uint32_t last = 0;
    unsigned count = 0;
    while (fa_offset_alloc(offset, 1, 0, &begin, &node) == FA_OK) {
        ck_assert_uint_eq(begin, 256 * count++);
        last = node;
    }
    ck_assert_uint_lt(count, (1u << 22));
    refuse(1, 0, FA_ERR_NOMEM);
    ck_assert_uint_eq(usage().ranges, count);
    /* A range that was freed makes room in the books. */
    ck_assert_int_eq(fa_offset_free(offset, last), FA_OK);
    take(1, 0, 256 * (count - 1));
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 0);
    take(1, 0, 256 * count);
    w.log.count = 0;
    close_offset();
}
END_TEST

START_TEST(books_that_cannot_be_made_leave_nothing)
{
    static fa_offset *made[4096];
    fa_offset_config config = FA_OFFSET_CONFIG_INIT;
    config.size = MIB;
    open_offset(MIB);
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0,
               test_stats(w.allocator).held_bytes);
    unsigned count = 0;
    fa_status status = FA_OK;
    while (status == FA_OK && count < COUNT(made))
        status = fa_offset_create(w.allocator, &config, &made[count++]);
    ck_assert_int_eq(status, FA_ERR_NOMEM);
    ck_assert_ptr_null(made[count - 1]);
    while (count-- > 0)
        fa_offset_destroy(made[count]);
    w.log.count = 0;
    close_offset();
}
END_TEST

/* --- misuse --- */

START_TEST(a_range_is_freed_once)
{
    open_offset(MIB);
    uint32_t first = take(256, 0, 0);
    uint32_t second = take(256, 0, 256);
    ck_assert_int_eq(fa_offset_free(offset, first), FA_OK);
    ck_assert_int_eq(fa_offset_free(offset, first), FA_ERR_STALE);
    ck_assert_int_eq(fa_offset_free(offset, second), FA_OK);
    ck_assert_int_eq(fa_offset_free(offset, second), FA_ERR_STALE);
    ck_assert_uint_eq(usage().used, 0);
    close_offset();
}
END_TEST

START_TEST(numbers_that_are_no_range_are_stale)
{
    open_offset(MIB);
    uint32_t node = take(256, 0, 0);
    for (uint32_t i = 0; i < 300; i++)
        if (i != node)
            ck_assert_int_eq(fa_offset_free(offset, i), FA_ERR_STALE);
    ck_assert_int_eq(fa_offset_free(offset, UINT32_MAX), FA_ERR_STALE);
    fa_offset_reset(offset);
    ck_assert_int_eq(fa_offset_free(offset, node), FA_ERR_STALE);
    close_offset();
}
END_TEST

START_TEST(no_size_and_odd_alignments_are_refused)
{
    open_offset(MIB);
    refuse(0, 0, FA_ERR_USAGE);
    refuse(16, 3, FA_ERR_USAGE);
    refuse(16, 768, FA_ERR_USAGE);
    refuse(16, UINT64_MAX, FA_ERR_USAGE);
    close_offset();
}
END_TEST

static void
refuse_config(uint64_t size, uint64_t granule)
{
    fa_offset_config config = FA_OFFSET_CONFIG_INIT;
    fa_offset *out = offset;
    config.size = size;
    config.granule = granule;
    ck_assert_int_eq(fa_offset_create(w.allocator, &config, &out),
                     FA_ERR_CONFIG);
    ck_assert_ptr_null(out);
}

START_TEST(wrong_configurations_are_refused)
{
    open_offset(MIB);
    refuse_config(0, 0);
    refuse_config(255, 0);
    refuse_config(MIB, 3);
    refuse_config(MIB, 2 * MIB);
    refuse_config((uint64_t)1 << 31, 1);
    refuse_config(UINT64_MAX, 256);
    close_offset();
}
END_TEST

START_TEST(what_is_not_initialised_is_refused)
{
    fa_offset_config config = {0, MIB, 0};
    fa_offset_usage figures = {0, 1, 2, 3, 4, 5};
    fa_offset *out = NULL;
    open_offset(MIB);
    ck_assert_int_eq(fa_offset_create(w.allocator, &config, &out),
                     FA_ERR_CONFIG);
    ck_assert_int_eq(fa_offset_create(w.allocator, NULL, &out), FA_ERR_USAGE);
    config.struct_size = sizeof(config);
    ck_assert_int_eq(fa_offset_create(NULL, &config, &out), FA_ERR_USAGE);
    ck_assert_int_eq(fa_offset_create(w.allocator, &config, NULL),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_offset_usage_read(offset, &figures), FA_ERR_CONFIG);
    ck_assert_uint_eq(figures.used, 2);
    ck_assert_int_eq(fa_offset_usage_read(NULL, &figures), FA_ERR_USAGE);
    ck_assert_int_eq(fa_offset_usage_read(offset, NULL), FA_ERR_USAGE);
    fa_offset_destroy(NULL);
    close_offset();
}
END_TEST

static void
add_limits(Suite *suite)
{
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, one_granule_is_enough);
    tcase_add_test(limits, just_under_two_to_the_31_granules_can_be_had);
    tcase_add_loop_test(limits, each_granule_rounds_sizes_to_itself, 0, 17);
    tcase_add_test(limits, alignments_up_to_the_size_are_met);
    tcase_add_test(limits, sizes_and_alignments_beyond_all_are_refused);
    suite_add_tcase(suite, limits);
}

static void
add_misuse(Suite *suite)
{
    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, a_range_is_freed_once);
    tcase_add_test(misuse, numbers_that_are_no_range_are_stale);
    tcase_add_test(misuse, no_size_and_odd_alignments_are_refused);
    tcase_add_test(misuse, wrong_configurations_are_refused);
    tcase_add_test(misuse, what_is_not_initialised_is_refused);
    suite_add_tcase(suite, misuse);
}

int
main(void)
{
    Suite *suite = suite_create("offset");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, ranges_follow_each_other_and_merge_when_freed);
    tcase_add_test(contract, a_hole_between_ranges_is_used_again);
    tcase_add_test(contract, what_alignment_skips_stays_free);
    tcase_add_test(contract, a_reset_gives_all_back);
    tcase_add_test(contract, a_walk_visits_ranges_and_holes_in_order);
    suite_add_tcase(suite, contract);
    add_limits(suite);
    TCase *failure = tcase_create("failure");
    tcase_add_test(failure, books_that_cannot_grow_change_nothing);
    tcase_add_test(failure, books_that_cannot_be_made_leave_nothing);
    suite_add_tcase(suite, failure);
    add_misuse(suite);
    return test_main(suite);
}
