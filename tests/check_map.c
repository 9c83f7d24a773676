/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Maps: what was set is found, in order; full ones still work; none outlives
 * its frame.
 */
#include "support.h"

#include "base/hash.h"

#include <string.h>

typedef FA_MAP(uint32_t, int) int_map;

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

static int
value_of(int_map *m, uint32_t key)
{
    const int *value = fa_map_find(m, key);
    return value == NULL ? -1 : *value;
}

/* --- contract --- */

START_TEST(what_was_set_is_found)
{
    int_map m = FA_MAP_INIT(w.frame);
    ck_assert_int_eq(value_of(&m, 7), -1);
    for (uint32_t i = 0; i < 5000; i++)
        ck_assert(fa_map_set(&m, i * 4096, (int)i));
    ck_assert_uint_eq(m.count, 5000);
    for (uint32_t i = 0; i < 5000; i++)
        ck_assert_int_eq(value_of(&m, i * 4096), (int)i);
    ck_assert_int_eq(value_of(&m, 1), -1);
}
END_TEST

START_TEST(set_changes_and_insert_does_not)
{
    int_map m = FA_MAP_INIT(w.frame);
    ck_assert(fa_map_insert(&m, 1, 10));
    ck_assert(!fa_map_insert(&m, 1, 11));
    ck_assert_int_eq(value_of(&m, 1), 10);
    ck_assert(fa_map_set(&m, 1, 12));
    ck_assert_int_eq(value_of(&m, 1), 12);
    ck_assert_uint_eq(m.count, 1);
}
END_TEST

START_TEST(add_gives_a_zeroed_value_once)
{
    int_map m = FA_MAP_INIT(w.frame);
    for (uint32_t i = 0; i < 1000; i++) {
        int *value = fa_map_add(&m, i % 10);
        ck_assert_ptr_nonnull(value);
        ++*value;
    }
    ck_assert_uint_eq(m.count, 10);
    ck_assert_int_eq(value_of(&m, 9), 100);
}
END_TEST

START_TEST(entries_stand_in_order_of_insertion)
{
    int_map m = FA_MAP_INIT(w.frame);
    for (uint32_t i = 0; i < 100; i++)
        ck_assert(fa_map_set(&m, i * 977 % 101, (int)i));
    for (size_t i = 0; i < m.count; i++) {
        ck_assert_int_eq(m.items[i].value, (int)i);
        ck_assert_uint_eq(m.items[i].key, i * 977 % 101);
    }
    ck_assert(fa_map_remove(&m, m.items[10].key));
    ck_assert_int_eq(m.items[10].value, 99);
    ck_assert_int_eq(m.items[11].value, 11);
}
END_TEST

/* Against an array that is indexed by the key. */
START_TEST(random_calls_agree_with_an_array)
{
    enum { KEYS = 300 };
    int model[KEYS];
    size_t count = 0;
    uint64_t random = 88172645463325252;
    int_map m = FA_MAP_INIT(w.frame);
    memset(model, 0xFF, sizeof(model));
    for (int i = 0; i < 60000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        uint32_t key = (uint32_t)(random >> 8) % KEYS;
        if ((random & 3) == 0) {
            ck_assert(fa_map_remove(&m, key) == (model[key] != -1));
            count -= model[key] != -1;
            model[key] = -1;
        } else if ((random & 3) == 1) {
            count += model[key] == -1;
            model[key] = i;
            ck_assert(fa_map_set(&m, key, i));
        }
        ck_assert_int_eq(value_of(&m, key), model[key]);
        ck_assert_uint_eq(m.count, count);
    }
    for (uint32_t key = 0; key < KEYS; key++)
        ck_assert_int_eq(value_of(&m, key), model[key]);
}
END_TEST

START_TEST(text_keys_are_compared_as_strings)
{
    FA_MAP(const char *, int) m = FA_MAP_TEXT_INIT(w.frame);
    char name[16] = "alpha";
    ck_assert(fa_map_set(&m, "alpha", 1));
    ck_assert(fa_map_set(&m, "", 2));
    ck_assert_int_eq(*fa_map_find(&m, name), 1);
    name[0] = '\0';
    ck_assert_int_eq(*fa_map_find(&m, name), 2);
    ck_assert_ptr_null(fa_map_find(&m, "al"));
    for (int i = 0; i < 1000; i++)
        ck_assert(fa_map_set(&m, fa_frame_printf(w.frame, "key %d", i), i));
    ck_assert_int_eq(*fa_map_find(&m, "key 999"), 999);
    ck_assert(fa_map_remove(&m, "key 500"));
    ck_assert_ptr_null(fa_map_find(&m, "key 500"));
}
END_TEST

START_TEST(byte_keys_are_compared_with_their_zeroes)
{
    FA_MAP(fa_bytes, int) m = FA_MAP_BYTES_INIT(w.frame);
    fa_bytes none = {NULL, 0}, one = {"\0\0", 1}, two = {"\0\0", 2};
    ck_assert(fa_map_set(&m, none, 0));
    ck_assert(fa_map_set(&m, one, 1));
    ck_assert(fa_map_set(&m, two, 2));
    fa_bytes again = {"\0x", 1};
    ck_assert_int_eq(*fa_map_find(&m, again), 1);
    ck_assert_int_eq(*fa_map_find(&m, two), 2);
    ck_assert_uint_eq(m.count, 3);
}
END_TEST

START_TEST(a_reset_map_is_empty_and_keeps_its_room)
{
    int_map m = FA_MAP_INIT(w.frame);
    ck_assert(fa_map_reserve(&m, 500));
    size_t used = fa_frame_used(w.frame);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 500; i++)
            ck_assert(fa_map_set(&m, i, round));
        fa_map_reset(&m);
        ck_assert_uint_eq(m.count, 0);
        ck_assert_int_eq(value_of(&m, 3), -1);
    }
    ck_assert_uint_eq(fa_frame_used(w.frame), used);
}
END_TEST

START_TEST(hashes_of_numbers_spread)
{
    /* 4096 keys in 4096 buckets, whatever bits of the key differ: about 1507
     * buckets stay empty by chance, and none is crowded. */
    for (unsigned shift = 0; shift < 52; shift++) {
        unsigned char bucket[4096] = {0};
        unsigned empty = 0;
        for (uint64_t i = 0; i < 4096; i++) {
            uint64_t key = i << shift;
            bucket[fai_hash(&key, sizeof(key)) & 4095]++;
        }
        for (unsigned i = 0; i < 4096; i++) {
            empty += bucket[i] == 0;
            ck_assert_uint_le(bucket[i], 12);
        }
        ck_assert_uint_ge(empty, 1300);
        ck_assert_uint_le(empty, 1700);
    }
}
END_TEST

START_TEST(a_hash_depends_on_each_bit_of_keys_of_any_size)
{
    unsigned char key[24] = {0};
    for (size_t size = 1; size <= sizeof(key); size++) {
        uint32_t zeroes = fai_hash(key, size);
        ck_assert_uint_ne(zeroes, fai_hash(key, size - 1));
        for (size_t bit = 0; bit < size * 8; bit++) {
            key[bit / 8] = (unsigned char)(1u << bit % 8);
            ck_assert_uint_ne(zeroes, fai_hash(key, size));
            key[bit / 8] = 0;
        }
    }
}
END_TEST

/* --- limits --- */

START_TEST(a_full_map_still_finds_changes_and_removes)
{
    uint32_t max = (uint32_t)_i;
    int_map m = FA_MAP_FIXED_INIT(w.frame, max);
    for (uint32_t i = 0; i < max; i++)
        ck_assert(fa_map_insert(&m, i, 1));
    ck_assert(!fa_map_insert(&m, max, 1));
    ck_assert_int_eq(m.base.entries.status, FA_ERR_BUDGET);
    ck_assert(!fa_map_set(&m, max, 1));
    ck_assert_ptr_null(fa_map_add(&m, max));
    ck_assert_int_eq(value_of(&m, max), -1);
    for (uint32_t i = 0; i < max; i++) {
        ck_assert(fa_map_set(&m, i, 2));
        ck_assert_int_eq(value_of(&m, i), 2);
    }
    ck_assert_uint_eq(m.count, max);
    ck_assert(fa_map_remove(&m, 0) == (max > 0));
    ck_assert(fa_map_set(&m, 1000, 3) == (max > 0));
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(counts_that_no_map_has_are_refused)
{
    int_map m = FA_MAP_INIT(w.frame);
    ck_assert(!fa_map_reserve(&m, FA_MAP_MAX + 1));
    ck_assert_int_eq(m.base.entries.status, FA_ERR_NOMEM);
    ck_assert(!fa_map_reserve(&m, SIZE_MAX));
    ck_assert(fa_map_set(&m, 1, 1));
}
END_TEST

/* --- failure --- */

START_TEST(a_refused_insert_leaves_the_map_as_it_was)
{
    fa_tag tag = fa_tag_register(w.allocator, "few");
    test_limit(w.allocator, FA_BUDGET_TAG, tag, (uint64_t)_i * 512);
    fa_tag_push(w.ctx, tag);
    int_map m = FA_MAP_INIT(w.frame);
    uint32_t i = 0;
    while (fa_map_set(&m, i, (int)i))
        i++;
    ck_assert_int_eq(m.base.entries.status, FA_ERR_BUDGET);
    ck_assert_uint_eq(m.count, i);
    for (uint32_t j = 0; j < i; j++)
        ck_assert_int_eq(value_of(&m, j), (int)j);
    ck_assert_int_eq(value_of(&m, i), -1);
    fa_tag_pop(w.ctx);
    ck_assert(fa_map_set(&m, i, 1));
    ck_assert_int_eq(value_of(&m, i), 1);
}
END_TEST

/* --- misuse --- */

START_TEST(use_after_the_end_of_the_frame_is_told)
{
    test_close(&w);
    test_open_guard(&w, (fa_guard)_i);
    test_begin(&w);
    int_map m = FA_MAP_INIT(w.frame);
    ck_assert(fa_map_set(&m, 1, 1));
    test_end(&w);
    test_begin(&w);
    w.log.count = 0;
    ck_assert_int_eq(value_of(&m, 1), -1);
    ck_assert_only_diag(&w.log, 606);
    ck_assert(!fa_map_set(&m, 1, 2));
    ck_assert_only_diag(&w.log, 606);
    ck_assert(!fa_map_remove(&m, 1));
    ck_assert_only_diag(&w.log, 606);
    ck_assert(!fa_map_reserve(&m, 1));
    ck_assert_only_diag(&w.log, 606);
    ck_assert(!fa_map_is_live(&m));
}
END_TEST

START_TEST(a_lagging_map_is_read_but_does_not_change)
{
    test_close(&w);
    test_prepare(&w);
    w.config.frame_lag = 1;
    test_open(&w);
    test_begin(&w);
    int_map m = FA_MAP_INIT(w.frame);
    ck_assert(fa_map_set(&m, 1, 10));
    test_end(&w);
    test_begin(&w);
    ck_assert_int_eq(value_of(&m, 1), 10);
    ck_assert(!fa_map_set(&m, 1, 2));
    ck_assert_only_diag(&w.log, 606);
    ck_assert_int_eq(value_of(&m, 1), 10);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("map");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, what_was_set_is_found);
    tcase_add_test(tc, set_changes_and_insert_does_not);
    tcase_add_test(tc, add_gives_a_zeroed_value_once);
    tcase_add_test(tc, entries_stand_in_order_of_insertion);
    tcase_add_test(tc, random_calls_agree_with_an_array);
    tcase_add_test(tc, text_keys_are_compared_as_strings);
    tcase_add_test(tc, byte_keys_are_compared_with_their_zeroes);
    tcase_add_test(tc, a_reset_map_is_empty_and_keeps_its_room);
    tcase_add_test(tc, hashes_of_numbers_spread);
    tcase_add_test(tc, a_hash_depends_on_each_bit_of_keys_of_any_size);
    suite_add_tcase(suite, tc);

    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_frame, close_world);
    tcase_add_loop_test(limits, a_full_map_still_finds_changes_and_removes, 0,
                        18);
    tcase_add_test(limits, counts_that_no_map_has_are_refused);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_frame, close_world);
    tcase_add_loop_test(failure, a_refused_insert_leaves_the_map_as_it_was, 1,
                        16);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_frame, close_world);
    tcase_add_loop_test(misuse, use_after_the_end_of_the_frame_is_told, 0, 4);
    tcase_add_test(misuse, a_lagging_map_is_read_but_does_not_change);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
