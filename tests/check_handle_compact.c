/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Compaction of handle spaces: what it moves and what it leaves, what the
 * program is told, and random operations beside an oracle.
 */
#include "handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS 1000

static fa_handle object[OBJECTS];
static size_t size_of[OBJECTS];

/* What the callback has seen. */
static struct {
    unsigned count;
    fa_handle_move move[OBJECTS];
    fa_handle_move_fn act;
} told;

static void
note_move(void *user, const fa_handle_move *move)
{
    (void)user;
    if (told.count < OBJECTS)
        told.move[told.count] = *move;
    told.count++;
    if (told.act != NULL)
        told.act(user, move);
}

static void
open_with(fa_guard guard, fa_handle_move_fn moved)
{
    fa_handle_space_config config = FA_HANDLE_SPACE_CONFIG_INIT;
    test_open_guard(&w, guard);
    config.region_size = 64 * KIB;
    config.moved = moved;
    memset(&told, 0, sizeof(told));
    ck_assert_int_eq(fa_handle_space_create(w.allocator, &config, &space),
                     FA_OK);
}

static void
open_space(void)
{
    open_with(FA_GUARD_OFF, note_move);
}

static void
make(unsigned i, size_t size, size_t align, fa_handle_kind kind)
{
    object[i] = fa_handle_alloc(space, size, align, kind);
    ck_assert_uint_ne(object[i], FA_HANDLE_NONE);
    size_of[i] = size;
    test_fill(fa_handle_resolve(space, object[i]), size, i);
}

/* Objects of 1 to 1000 bytes; then two of three are freed. */
static void
make_holes(unsigned count, size_t align)
{
    for (unsigned i = 0; i < count; i++)
        make(i, i * 7919 % 1000 + 1, align, FA_HANDLE_MOVABLE);
    for (unsigned i = 0; i < count; i++)
        if (i % 3 != 0) {
            fa_handle_free(space, object[i]);
            object[i] = FA_HANDLE_NONE;
        }
}

static void
check_objects(unsigned count, size_t align)
{
    check_space();
    for (unsigned i = 0; i < count; i++) {
        if (object[i] == FA_HANDLE_NONE)
            continue;
        char *p = fa_handle_resolve(space, object[i]);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p & (align - 1), 0);
        ck_assert(test_is_filled(p, size_of[i], i));
    }
}

static void
free_objects(void)
{
    for (unsigned i = 0; i < OBJECTS; i++) {
        fa_handle_free(space, object[i]);
        object[i] = FA_HANDLE_NONE;
    }
    ck_assert_uint_eq(stats().live_count, 0);
    ck_assert_uint_eq(stats().region_count, 0);
}

/* --- contract --- */

START_TEST(compaction_lowers_the_measured_fragmentation)
{
    make_holes(OBJECTS, 16);
    fa_handle_stats before = stats();
    ck_assert(before.fragmentation > 0.5);
    ck_assert(fa_handle_space_fragmentation(space) == before.fragmentation);
    size_t moved = fa_handle_space_compact(space, 0, 0);
    fa_handle_stats after = stats();
    ck_assert_uint_gt(moved, 0);
    ck_assert_uint_eq(after.moved_bytes, moved);
    ck_assert(after.fragmentation < 0.01);
    ck_assert_uint_lt(after.region_count, before.region_count);
    ck_assert_uint_eq(after.region_count,
                      (after.live_bytes + 64 * KIB - 1) / (64 * KIB));
    check_objects(OBJECTS, 16);
    free_objects();
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_second_compaction_moves_nothing)
{
    make_holes(OBJECTS, 16);
    fa_handle_space_compact(space, 0, 0);
    ck_assert_uint_eq(fa_handle_space_compact(space, 0, 0), 0);
    free_objects();
}
END_TEST

START_TEST(objects_stay_aligned_when_they_move)
{
    static const size_t aligns[] = {64, 256, 4096, 65536};
    size_t align = aligns[_i];
    unsigned count = align > 256 ? 60 : OBJECTS;
    make_holes(count, align);
    size_t moved = fa_handle_space_compact(space, 0, 0);
    /* Where regions have room for one, it depends on where they are. */
    if (IS_64_BIT || align < 65536)
        ck_assert_uint_gt(moved, 0);
    check_objects(count, align);
    free_objects();
}
END_TEST

START_TEST(an_inner_unpin_leaves_the_object_pinned)
{
    make_holes(30, 16);
    const char *address = fa_handle_pin(space, object[27]);
    ck_assert_ptr_eq(fa_handle_pin(space, object[27]), address);
    ck_assert_int_eq(fa_handle_unpin(space, object[27]), FA_OK);
    ck_assert_uint_gt(fa_handle_space_compact(space, 0, 0), 0);
    ck_assert_ptr_eq(fa_handle_resolve(space, object[27]), address);
    check_objects(30, 16);
    ck_assert_int_eq(fa_handle_unpin(space, object[27]), FA_OK);
    ck_assert_uint_gt(fa_handle_space_compact(space, 0, 0), 0);
    ck_assert_ptr_ne(fa_handle_resolve(space, object[27]), address);
    check_objects(30, 16);
    free_objects();
}
END_TEST

START_TEST(a_fixed_object_never_moves)
{
    make(0, 100, 16, FA_HANDLE_MOVABLE);
    make(1, 100, 16, FA_HANDLE_FIXED);
    make(2, 100, 16, FA_HANDLE_MOVABLE);
    const char *fixed = fa_handle_resolve(space, object[1]);
    ck_assert_uint_eq(stats().fixed_count, 1);
    fa_handle_free(space, object[0]);
    object[0] = FA_HANDLE_NONE;
    fa_handle_space_compact(space, 0, 0);
    ck_assert_ptr_eq(fa_handle_resolve(space, object[1]), fixed);
    check_objects(3, 16);
    free_objects();
}
END_TEST

START_TEST(no_call_moves_more_than_its_budget)
{
    size_t max = (size_t)1 << (6 + _i), moved;
    unsigned calls = 0;
    make_holes(OBJECTS, 16);
    do {
        moved = fa_handle_space_compact(space, max, 0);
        ck_assert_uint_le(moved, max);
        calls++;
    } while (calls < 20000 && fa_handle_space_fragmentation(space) > 0.01 &&
             max >= 1024);
    check_objects(OBJECTS, 16);
    if (max >= 1024) /* Enough for every object. */
        ck_assert(fa_handle_space_fragmentation(space) <= 0.01);
    free_objects();
}
END_TEST

START_TEST(a_call_ends_after_its_time)
{
    make_holes(OBJECTS, 16);
    size_t all = stats().live_bytes;
    /* A microsecond is over after one step. */
    size_t moved = fa_handle_space_compact(space, 0, 1);
    ck_assert_uint_gt(moved, 0);
    ck_assert_uint_lt(moved, all / 2);
    check_objects(OBJECTS, 16);
    free_objects();
}
END_TEST

START_TEST(the_last_regions_are_emptied)
{
    for (unsigned i = 0; i < 60; i++) /* Six to a region. */
        make(i, 10000, 16, FA_HANDLE_MOVABLE);
    for (unsigned i = 0; i < 60; i++)
        if (i % 6 != 0) {
            fa_handle_free(space, object[i]);
            object[i] = FA_HANDLE_NONE;
        }
    ck_assert_uint_eq(stats().region_count, 10);
    fa_handle_space_compact(space, 0, 0);
    ck_assert_uint_eq(stats().region_count, 2);
    check_objects(60, 16);
    free_objects();
}
END_TEST

/* --- callbacks --- */

START_TEST(moves_are_told_by_rising_address)
{
    make_holes(120, 16); /* One region. */
    fa_handle_space_compact(space, 0, 0);
    ck_assert_uint_gt(told.count, 30);
    ck_assert_uint_eq(told.count, stats().move_count);
    for (unsigned i = 0; i < told.count; i++) {
        const fa_handle_move *move = &told.move[i];
        ck_assert_uint_eq(move->struct_size, sizeof(*move));
        ck_assert_ptr_eq(fa_handle_resolve(space, move->handle), move->address);
        ck_assert_uint_eq(fa_handle_size(space, move->handle), move->size);
        ck_assert((uintptr_t)move->address < (uintptr_t)move->old_address);
        if (i > 0)
            ck_assert((uintptr_t)move->old_address >
                      (uintptr_t)move[-1].old_address);
    }
    free_objects();
}
END_TEST

/* Everything that takes the lock, or may grow. */
static void
use_space(void *user, const fa_handle_move *move)
{
    (void)user;
    ck_assert_ptr_eq(fa_handle_pin(space, move->handle), move->address);
    ck_assert_int_eq(fa_handle_unpin(space, move->handle), FA_OK);
    ck_assert_uint_eq(fa_handle_size(space, move->handle), move->size);
    ck_assert_uint_eq(fa_handle_space_compact(space, 0, 0), 0);
    fa_handle handle = fa_handle_alloc(space, 500, 16, FA_HANDLE_MOVABLE);
    ck_assert_uint_ne(handle, FA_HANDLE_NONE);
    ck_assert_int_eq(fa_handle_free(space, handle), FA_OK);
    check_space();
}

START_TEST(a_callback_may_use_the_space)
{
    told.act = use_space;
    make_holes(OBJECTS, 16);
    fa_handle_space_compact(space, 0, 0);
    ck_assert_uint_gt(told.count, 0);
    check_objects(OBJECTS, 16);
    free_objects();
}
END_TEST

static void
free_moved(void *user, const fa_handle_move *move)
{
    (void)user;
    if (told.count % 2 == 0)
        ck_assert_int_eq(fa_handle_free(space, move->handle), FA_OK);
    check_space();
}

START_TEST(a_callback_may_free_what_has_moved)
{
    told.act = free_moved;
    make_holes(OBJECTS, 16);
    fa_handle_space_compact(space, 0, 0);
    for (unsigned i = 0; i < OBJECTS; i++)
        if (!fa_handle_is_live(space, object[i]))
            object[i] = FA_HANDLE_NONE;
    check_objects(OBJECTS, 16);
    free_objects();
}
END_TEST

/* Pointers into objects, mended by their old value alone. */
static char *pointer[OBJECTS];

static void
mend_pointers(void *user, const fa_handle_move *move)
{
    (void)user;
    for (unsigned i = 0; i < OBJECTS; i++)
        if (pointer[i] == move->old_address)
            pointer[i] = move->address;
    /* A new object, for which only large gaps have room, is at none of the
     * addresses that pointers still have. */
    fa_handle handle = fa_handle_alloc(space, 3000, 16, FA_HANDLE_FIXED);
    char *p = fa_handle_resolve(space, handle);
    for (unsigned i = 0; i < OBJECTS; i++)
        ck_assert(pointer[i] < p || pointer[i] >= p + 3000);
    fa_handle_free(space, handle);
}

START_TEST(pointers_may_be_mended_by_their_old_value)
{
    memset(pointer, 0, sizeof(pointer));
    told.act = mend_pointers;
    make_holes(400, 16);
    for (unsigned i = 0; i < 400; i++)
        pointer[i] = fa_handle_resolve(space, object[i]);
    fa_handle_space_compact(space, 0, 0);
    for (unsigned i = 0; i < 400; i++)
        ck_assert_ptr_eq(pointer[i], fa_handle_resolve(space, object[i]));
    free_objects();
}
END_TEST

/* --- model --- */

static uint64_t random_state;

static unsigned
random_below(unsigned n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % n);
}

static unsigned pins[OBJECTS];
static fa_handle dead[OBJECTS];
static char *pinned_at[OBJECTS];

static void
model_make(unsigned i)
{
    size_t size = random_below(random_below(20) == 0 ? 90000 : 700) + 1;
    size_t align = (size_t)1 << random_below(random_below(9) == 0 ? 14 : 8);
    make(i, size, align,
         random_below(10) == 0 ? FA_HANDLE_FIXED : FA_HANDLE_MOVABLE);
    ck_assert_uint_eq(
        (uintptr_t)fa_handle_resolve(space, object[i]) & (align - 1), 0);
}

static void
model_free(unsigned i)
{
    ck_assert(
        test_is_filled(fa_handle_resolve(space, object[i]), size_of[i], i));
    if (pins[i] != 0) {
        ck_assert_int_eq(fa_handle_free(space, object[i]), FA_ERR_STATE);
        return;
    }
    ck_assert_int_eq(fa_handle_free(space, object[i]), FA_OK);
    dead[i] = object[i];
    object[i] = FA_HANDLE_NONE;
}

static void
model_pin(unsigned i)
{
    if (pins[i] == 0 || random_below(3) == 0) {
        char *p = fa_handle_pin(space, object[i]);
        ck_assert(p != NULL && (pins[i] == 0 || p == pinned_at[i]));
        pinned_at[i] = p;
        pins[i]++;
    } else {
        ck_assert_ptr_eq(fa_handle_resolve(space, object[i]), pinned_at[i]);
        ck_assert_int_eq(fa_handle_unpin(space, object[i]), FA_OK);
        pins[i]--;
    }
}

static void
model_step(unsigned limit)
{
    unsigned i = random_below(limit), what = random_below(12);
    if (what == 0)
        fa_handle_space_compact(space, random_below(20000) + 1, 0);
    else if (object[i] == FA_HANDLE_NONE)
        model_make(i);
    else if (what < 7)
        model_free(i);
    else
        model_pin(i);
    ck_assert(!fa_handle_is_live(space, dead[i]));
}

static void
model_compare(void)
{
    uint64_t count = 0, bytes = 0, pinned = 0;
    for (unsigned i = 0; i < OBJECTS; i++)
        if (object[i] != FA_HANDLE_NONE) {
            count++;
            bytes += (size_of[i] + 15) & ~(size_t)15;
            pinned += pins[i] != 0;
        }
    ck_assert_uint_eq(stats().live_count, count);
    ck_assert_uint_eq(stats().live_bytes, bytes);
    ck_assert_uint_eq(stats().pinned_count, pinned);
    check_objects(OBJECTS, 1);
}

static void
run_model(uint64_t seed)
{
    random_state = seed;
    printf("seed %llu\n", (unsigned long long)seed);
    size_t steps = test_scaled(5000);
    for (size_t step = 0; step < steps; step++) {
        model_step(step / 500 % 2 == 0 ? 300 : 40);
        if (step % 16 == 0)
            check_space();
        if (step % 1000 == 0)
            model_compare();
    }
    model_compare();
    for (unsigned i = 0; i < OBJECTS; i++)
        for (; pins[i] > 0; pins[i]--)
            ck_assert_int_eq(fa_handle_unpin(space, object[i]), FA_OK);
    fa_handle_space_compact(space, 0, 0);
    check_objects(OBJECTS, 1);
    free_objects();
}

START_TEST(random_operations_agree_with_an_oracle)
{
    const char *seed = getenv("FA_TEST_SEED");
    if (_i % 2 == 1) {
        close_space();
        open_with(FA_GUARD_CHECK, NULL);
    }
    run_model(seed != NULL ? strtoull(seed, NULL, 0) : (uint64_t)_i + 1);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_space, close_space);
    tcase_add_test(tc, compaction_lowers_the_measured_fragmentation);
    tcase_add_test(tc, a_second_compaction_moves_nothing);
    tcase_add_loop_test(tc, objects_stay_aligned_when_they_move, 0, 4);
    tcase_add_test(tc, an_inner_unpin_leaves_the_object_pinned);
    tcase_add_test(tc, a_fixed_object_never_moves);
    tcase_add_loop_test(tc, no_call_moves_more_than_its_budget, 0, 8);
    tcase_add_test(tc, a_call_ends_after_its_time);
    tcase_add_test(tc, the_last_regions_are_emptied);
    tcase_add_test(tc, moves_are_told_by_rising_address);
    tcase_add_test(tc, a_callback_may_use_the_space);
    tcase_add_test(tc, a_callback_may_free_what_has_moved);
    tcase_add_test(tc, pointers_may_be_mended_by_their_old_value);
    suite_add_tcase(suite, tc);

    TCase *model = tcase_create("model");
    tcase_add_checked_fixture(model, open_space, close_space);
    tcase_set_timeout(model, 120);
    tcase_add_loop_test(model, random_operations_agree_with_an_oracle, 0, 4);
    suite_add_tcase(suite, model);
}

int
main(void)
{
    Suite *suite = suite_create("handle_compact");
    add_contract(suite);
    return test_main(suite);
}
