/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Vectors and batches: items stay in order, growing stays in place where it
 * can, limits refuse, and a vector does not outlive its frame.
 */
#include "support.h"

#include <string.h>

typedef FA_VEC(int) int_vec;

struct point {
    float x, y, z;
};
typedef FA_VEC(struct point) point_vec;

static struct test_world w;

static void
open_frame(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    test_begin(&w);
}

static void
close_world(void)
{
    test_close(&w);
}

static void
fill(int_vec *v, int count)
{
    for (int i = 0; i < count; i++)
        ck_assert(fa_vec_push(v, i));
}

static void
expect(const int_vec *v, const int *items, size_t count)
{
    ck_assert_uint_eq(v->count, count);
    ck_assert_int_eq(memcmp(v->items, items, count * sizeof(int)), 0);
}

/* --- contract --- */

START_TEST(pushed_items_stay_in_order)
{
    int_vec v = FA_VEC_INIT(w.frame);
    fill(&v, 10000);
    ck_assert_uint_eq(v.count, 10000);
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(v.items[i], i);
}
END_TEST

START_TEST(an_empty_vector_takes_no_memory)
{
    size_t used = fa_frame_used(w.frame);
    int_vec v = FA_VEC_INIT(w.frame);
    ck_assert_ptr_null(fa_vec_pop(&v));
    ck_assert_ptr_null(fa_vec_get(&v, 0));
    ck_assert(!fa_vec_remove(&v, 0));
    ck_assert(!fa_vec_remove_swap(&v, 0));
    ck_assert(fa_vec_extend(&v, (int *)NULL, 0));
    ck_assert(fa_vec_reserve(&v, test_size(0)));
    fa_vec_trim(&v);
    ck_assert_uint_eq(fa_frame_used(w.frame), used);
}
END_TEST

START_TEST(the_last_block_grows_where_it_is)
{
    int_vec v = FA_VEC_INIT(w.frame);
    fill(&v, 1);
    const int *first = v.items;
    fill(&v, 2000);
    ck_assert_ptr_eq(v.items, first);
    fa_vec_trim(&v);
    ck_assert_uint_eq(fa_frame_used(w.frame),
                      (2001 * sizeof(int) + 15) / 16 * 16);
}
END_TEST

START_TEST(a_block_that_is_not_the_last_is_copied)
{
    int_vec v = FA_VEC_INIT(w.frame);
    fill(&v, 10);
    const int *first = v.items;
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1, 1));
    fill(&v, 90);
    ck_assert_ptr_ne(v.items, first);
    ck_assert_uint_eq(v.count, 100);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(v.items[i], i < 10 ? i : i - 10);
}
END_TEST

START_TEST(two_vectors_grow_side_by_side)
{
    int_vec a = FA_VEC_INIT(w.frame), b = FA_VEC_INIT(w.frame);
    for (int i = 0; i < 20000; i++) {
        ck_assert(fa_vec_push(&a, i));
        ck_assert(fa_vec_push(&b, -i));
    }
    for (int i = 0; i < 20000; i++)
        ck_assert(a.items[i] == i && b.items[i] == -i);
}
END_TEST

START_TEST(objects_of_odd_size_and_added_ones_are_kept)
{
    point_vec v = FA_VEC_INIT(w.frame);
    for (int i = 0; i < 1000; i++) {
        struct point *p = fa_vec_add(&v);
        ck_assert_ptr_nonnull(p);
        *p = (struct point){(float)i, 1, 2};
    }
    ck_assert(fa_vec_push(&v, v.items[7]));
    ck_assert_uint_eq(v.count, 1001);
    ck_assert(fa_vec_get(&v, 1000)->x == 7);
    ck_assert(fa_vec_get(&v, 999)->x == 999);
    ck_assert_ptr_null(fa_vec_get(&v, 1001));
    ck_assert(fa_vec_pop(&v)->x == 7);
    ck_assert_uint_eq(v.count, 1000);
}
END_TEST

START_TEST(insert_and_remove_keep_the_order_of_the_others)
{
    int_vec v = FA_VEC_INIT(w.frame);
    fill(&v, 4);
    ck_assert(fa_vec_insert(&v, 0, 10));
    ck_assert(fa_vec_insert(&v, 5, 11));
    ck_assert(fa_vec_insert(&v, 2, 12));
    expect(&v, (int[]){10, 0, 12, 1, 2, 3, 11}, 7);
    ck_assert(fa_vec_remove(&v, 0));
    ck_assert(fa_vec_remove(&v, 5));
    ck_assert(fa_vec_remove(&v, 1));
    expect(&v, (int[]){0, 1, 2, 3}, 4);
    ck_assert(fa_vec_remove_swap(&v, 0));
    expect(&v, (int[]){3, 1, 2}, 3);
    ck_assert(!fa_vec_remove(&v, 3));
    ck_assert(!fa_vec_insert(&v, 4, 1));
    ck_assert_int_eq(v.base.status, FA_ERR_USAGE);
}
END_TEST

START_TEST(extend_appends_an_array)
{
    const int more[] = {7, 8, 9};
    int_vec v = FA_VEC_INIT(w.frame);
    fill(&v, 2);
    ck_assert(fa_vec_extend(&v, more, 3));
    ck_assert(fa_vec_extend(&v, more, 1));
    expect(&v, (int[]){0, 1, 7, 8, 9, 7}, 6);
}
END_TEST

START_TEST(reserved_room_needs_no_further_memory)
{
    int_vec v = FA_VEC_INIT(w.frame);
    ck_assert(fa_vec_reserve(&v, 1000));
    const int *items = v.items;
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1, 1));
    size_t used = fa_frame_used(w.frame);
    fill(&v, 1000);
    fa_vec_reset(&v);
    fill(&v, 1000);
    ck_assert_ptr_eq(v.items, items);
    ck_assert_uint_eq(fa_frame_used(w.frame), used);
}
END_TEST

START_TEST(a_vector_above_the_window_keeps_its_items)
{
    int_vec v = FA_VEC_INIT(w.frame);
    fill(&v, 300000);
    for (int i = 0; i < 300000; i++)
        ck_assert_int_eq(v.items[i], i);
}
END_TEST

START_TEST(a_batch_is_an_array_of_known_length)
{
    /* Used memory, so that zeroes are not there by chance. */
    fa_mark mark = fa_frame_checkpoint(w.frame);
    char *before = fa_frame_alloc(w.frame, 4096, 16);
    ck_assert_ptr_nonnull(before);
    test_write(before, 4096);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    size_t used = fa_frame_used(w.frame);
    struct point(*four)[4] = fa_frame_new_4(w.frame, struct point);
    ck_assert_ptr_nonnull(four);
    ck_assert_uint_eq(COUNT(*four), 4);
    ck_assert(test_is_byte(four, sizeof(*four), 0));
    ck_assert_uint_eq(fa_frame_used(w.frame) - used, sizeof(*four));
    (*four)[3].x = 1;
    int(*two)[2] = fa_frame_new_2(w.frame, int);
    int64_t(*eight)[8] = fa_frame_new_8(w.frame, int64_t);
    char(*many)[100] = fa_frame_new_n_raw(w.frame, char, 100);
    ck_assert(two != NULL && eight != NULL && many != NULL);
    ck_assert_uint_eq(sizeof(*two) + sizeof(*eight) + sizeof(*many), 172);
    ck_assert((*two)[1] == 0 && (*eight)[7] == 0);
}
END_TEST

/* --- limits --- */

START_TEST(a_fixed_vector_refuses_instead_of_growing)
{
    size_t max = (size_t)_i;
    int_vec v = FA_VEC_FIXED_INIT(w.frame, max);
    fill(&v, _i);
    size_t used = fa_frame_used(w.frame);
    for (int i = 0; i < 3; i++) {
        ck_assert(!fa_vec_push(&v, 9));
        ck_assert_int_eq(v.base.status, FA_ERR_BUDGET);
        ck_assert_ptr_null(fa_vec_add(&v));
        ck_assert(!fa_vec_insert(&v, 0, 9));
        ck_assert(!fa_vec_extend(&v, &i, 1));
        ck_assert(!fa_vec_reserve(&v, 1));
    }
    ck_assert_uint_eq(v.count, max);
    ck_assert_uint_eq(fa_frame_used(w.frame), used);
    for (int i = 0; i < _i; i++)
        ck_assert_int_eq(v.items[i], i);
    if (max > 0) {
        ck_assert_ptr_nonnull(fa_vec_pop(&v));
        ck_assert(fa_vec_push(&v, 9));
        ck_assert(!fa_vec_push(&v, 9));
    }
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(sizes_that_overflow_are_refused)
{
    point_vec v = FA_VEC_INIT(w.frame);
    ck_assert(fa_vec_push(&v, ((struct point){1, 2, 3})));
    ck_assert(!fa_vec_reserve(&v, SIZE_MAX));
    ck_assert_int_eq(v.base.status, FA_ERR_NOMEM);
    ck_assert(!fa_vec_reserve(&v, SIZE_MAX / 8));
    ck_assert_int_eq(v.base.status, FA_ERR_NOMEM);
    ck_assert(v.count == 1 && v.items[0].z == 3);
}
END_TEST

/* --- failure --- */

START_TEST(a_refused_push_leaves_the_vector_as_it_was)
{
    fa_tag tag = fa_tag_register(w.allocator, "few");
    test_limit(w.allocator, FA_BUDGET_TAG, tag, 4096);
    fa_tag_push(w.ctx, tag);
    int_vec v = FA_VEC_INIT(w.frame);
    int i = 0;
    while (fa_vec_push(&v, i))
        i++;
    ck_assert_int_eq(v.base.status, FA_ERR_BUDGET);
    /* All that the limit allows, and no byte more. */
    ck_assert_uint_eq(v.count, 1024);
    for (i = 0; i < 1024; i++)
        ck_assert_int_eq(v.items[i], i);
    ck_assert(!fa_vec_push(&v, i));
    fa_tag_pop(w.ctx);
    ck_assert(fa_vec_push(&v, i));
}
END_TEST

START_TEST(without_a_frame_a_push_is_refused)
{
    test_end(&w);
    int_vec v = FA_VEC_INIT(w.frame);
    ck_assert(!fa_vec_push(&v, 1));
    ck_assert_int_eq(v.base.status, FA_ERR_STATE);
    ck_assert_ptr_null(v.items);
}
END_TEST

/* --- misuse --- */

START_TEST(growing_after_the_end_of_the_frame_is_told)
{
    int_vec v = FA_VEC_INIT(w.frame);
    fill(&v, 16);
    ck_assert(fa_vec_is_live(&v));
    test_end(&w);
    ck_assert(!fa_vec_is_live(&v));
    ck_assert(!fa_vec_reserve(&v, 100));
    ck_assert_only_diag(&w.log, 606);
    test_begin(&w);
    size_t used = fa_frame_used(w.frame);
    ck_assert(!fa_vec_reserve(&v, 100));
    ck_assert_int_eq(v.base.status, FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 606);
    ck_assert(!fa_vec_insert(&v, 0, 1));
    ck_assert_only_diag(&w.log, 606);
    ck_assert(!fa_vec_remove(&v, 0));
    ck_assert_only_diag(&w.log, 606);
    ck_assert_uint_eq(fa_frame_used(w.frame), used);
    ck_assert_uint_eq(v.count, 16);
}
END_TEST

START_TEST(guard_modes_see_each_push_after_the_end)
{
    test_close(&w);
    test_open_guard(&w, (fa_guard)_i);
    test_begin(&w);
    int_vec v = FA_VEC_INIT(w.frame);
    fill(&v, 1000);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(v.items[i], i);
    ck_assert_uint_gt(v.base.room, v.count);
    test_end(&w);
    test_begin(&w);
    w.log.count = 0;
    ck_assert(!fa_vec_push(&v, 1));
    ck_assert_only_diag(&w.log, 606);
}
END_TEST

START_TEST(a_lagging_vector_is_read_but_does_not_grow)
{
    test_close(&w);
    test_prepare(&w);
    w.config.frame_lag = 1;
    test_open(&w);
    test_begin(&w);
    int_vec v = FA_VEC_INIT(w.frame);
    fill(&v, 16);
    test_end(&w);
    test_begin(&w);
    ck_assert(fa_vec_is_live(&v));
    ck_assert_int_eq(v.items[15], 15);
    ck_assert(!fa_vec_reserve(&v, 100));
    ck_assert_only_diag(&w.log, 606);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("vec");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, pushed_items_stay_in_order);
    tcase_add_test(tc, an_empty_vector_takes_no_memory);
    tcase_add_test(tc, the_last_block_grows_where_it_is);
    tcase_add_test(tc, a_block_that_is_not_the_last_is_copied);
    tcase_add_test(tc, two_vectors_grow_side_by_side);
    tcase_add_test(tc, objects_of_odd_size_and_added_ones_are_kept);
    tcase_add_test(tc, insert_and_remove_keep_the_order_of_the_others);
    tcase_add_test(tc, extend_appends_an_array);
    tcase_add_test(tc, reserved_room_needs_no_further_memory);
    tcase_add_test(tc, a_vector_above_the_window_keeps_its_items);
    tcase_add_test(tc, a_batch_is_an_array_of_known_length);
    suite_add_tcase(suite, tc);

    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_frame, close_world);
    tcase_add_loop_test(limits, a_fixed_vector_refuses_instead_of_growing, 0,
                        5);
    tcase_add_test(limits, sizes_that_overflow_are_refused);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_frame, close_world);
    tcase_add_test(failure, a_refused_push_leaves_the_vector_as_it_was);
    tcase_add_test(failure, without_a_frame_a_push_is_refused);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_frame, close_world);
    tcase_add_test(misuse, growing_after_the_end_of_the_frame_is_told);
    tcase_add_loop_test(misuse, guard_modes_see_each_push_after_the_end, 1, 4);
    tcase_add_test(misuse, a_lagging_vector_is_read_but_does_not_grow);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
