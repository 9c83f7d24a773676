/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Groups: freed at once, nested, and never used after their end.
 */
#include "support.h"

#include <pthread.h>
#include <string.h>

static struct test_world w;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
}

static void
close_world(void)
{
    test_close(&w);
}

static fa_group
make_with(const fa_group_config *config)
{
    fa_group group;
    ck_assert_int_eq(
        fa_group_create(fa_ctx_current(w.allocator), config, &group), FA_OK);
    return group;
}

static fa_group
make(void)
{
    return make_with(NULL);
}

static fa_group
make_in(fa_group parent)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    config.parent = parent;
    return make_with(&config);
}

static fa_group_stats
stats_of(fa_group group)
{
    fa_group_stats stats = FA_GROUP_STATS_INIT;
    ck_assert_int_eq(fa_group_stats_read(group, &stats), FA_OK);
    return stats;
}

static char *
take(fa_group group, size_t size)
{
    char *block = fa_frame_alloc(fa_group_frame(group), size, 16);
    ck_assert_ptr_nonnull(block);
    return block;
}

/* --- contract --- */

START_TEST(objects_live_across_frames_until_the_group_ends)
{
    fa_group group = make();
    test_begin(&w);
    char *text = fa_frame_strdup(fa_group_frame(group), "kept");
    char *zeroes = fa_frame_zalloc(fa_group_frame(group), 3000, 64);
    test_end(&w);
    test_begin(&w);
    ck_assert_str_eq(text, "kept");
    ck_assert(test_is_byte(zeroes, 3000, 0));
    test_end(&w);
    ck_assert_int_eq(fa_group_destroy(group), FA_OK);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(all_memory_goes_back_at_once)
{
    fa_group group = make();
    for (unsigned i = 0; i < 10000; i++)
        take(group, 16 + i % 1000);
    for (unsigned i = 0; i < 50; i++)
        take(group, 50000);
    ck_assert_uint_ge(test_stats(w.allocator).held_bytes, 7000000);
    ck_assert_int_eq(fa_group_destroy(group), FA_OK);
    ck_assert_uint_le(test_stats(w.allocator).held_bytes, 64 * KIB);
    ck_assert_uint_eq(test_stats(w.allocator).group_bytes, 0);
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
}
END_TEST

START_TEST(a_reset_group_is_used_again)
{
    fa_group group = make();
    char *first = take(group, 100);
    take(group, 100000);
    ck_assert_int_eq(fa_group_reset(group), FA_OK);
    ck_assert(fa_group_is_live(group));
    ck_assert_uint_eq(stats_of(group).bytes, 0);
    ck_assert_ptr_eq(take(group, 100), first);
}
END_TEST

static unsigned order[8];
static unsigned order_count;

static void
note_order(void *arg)
{
    order[order_count++] = (unsigned)(uintptr_t)arg;
}

static void
defer_note(fa_group group, unsigned number)
{
    ck_assert_int_eq(fa_frame_defer(fa_group_frame(group), note_order,
                                    (void *)(uintptr_t)number),
                     FA_OK);
}

START_TEST(children_die_with_their_parent_newest_first)
{
    fa_group parent = make();
    fa_group old = make_in(parent), young = make_in(parent);
    fa_group grandchild = make_in(young);
    order_count = 0;
    defer_note(parent, 1);
    defer_note(old, 2);
    defer_note(young, 3);
    defer_note(grandchild, 4);
    ck_assert_int_eq(fa_group_destroy(parent), FA_OK);
    ck_assert_uint_eq(order_count, 4);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(order[i], 4 - i);
    ck_assert(!fa_group_is_live(old));
    ck_assert(!fa_group_is_live(young));
    ck_assert(!fa_group_is_live(grandchild));
    ck_assert_uint_eq(test_stats(w.allocator).groups, 0);
}
END_TEST

START_TEST(a_reset_ends_the_children_and_keeps_the_group)
{
    fa_group parent = make(), child = make_in(parent);
    ck_assert_int_eq(fa_group_reset(parent), FA_OK);
    ck_assert(fa_group_is_live(parent));
    ck_assert(!fa_group_is_live(child));
    ck_assert_uint_eq(stats_of(parent).groups, 0);
}
END_TEST

START_TEST(a_child_may_end_before_its_parent)
{
    fa_group parent = make();
    fa_group child[3];
    for (unsigned i = 0; i < 3; i++)
        child[i] = make_in(parent);
    ck_assert_int_eq(fa_group_destroy(child[1]), FA_OK);
    ck_assert_uint_eq(stats_of(parent).groups, 2);
    ck_assert_int_eq(fa_group_destroy(child[2]), FA_OK);
    ck_assert_int_eq(fa_group_destroy(child[0]), FA_OK);
    ck_assert_uint_eq(stats_of(parent).groups, 0);
    ck_assert_int_eq(fa_group_destroy(parent), FA_OK);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(figures_tell_of_the_group_and_of_its_tree)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    config.name = "level";
    config.capacity = 1000;
    fa_group group = make_with(&config);
    take(group, 500);
    ck_assert_int_eq(fa_group_reset(group), FA_OK);
    take(group, 100);
    take(make_in(make_in(group)), 64);
    take(make_in(group), 32);
    ck_assert_ptr_null(fa_frame_alloc(fa_group_frame(group), 1000, 16));
    fa_group_stats stats = stats_of(group);
    ck_assert_str_eq(stats.name, "level");
    ck_assert_uint_eq(stats.bytes, 112);
    ck_assert_uint_eq(stats.tree_bytes, 208);
    ck_assert_uint_eq(stats.peak, 512);
    ck_assert_uint_eq(stats.capacity, 1008);
    ck_assert_uint_eq(stats.resets, 1);
    ck_assert_uint_eq(stats.refusals, 1);
    ck_assert_uint_eq(stats.groups, 3);
    ck_assert_uint_ge(stats.held_bytes, PAGE);
    ck_assert_uint_eq(stats.count, FA_COUNT_UNKNOWN);
    ck_assert_uint_eq(test_stats(w.allocator).groups, 4);
}
END_TEST

START_TEST(bytes_are_charged_to_the_tag_of_the_maker)
{
    fa_tag tag = fa_tag_register(w.allocator, "world");
    fa_tag_push(w.ctx, tag);
    fa_group group = make();
    fa_tag_pop(w.ctx);
    take(group, 100000);
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag).frame_bytes, 100000);
    ck_assert_uint_eq(test_stats(w.allocator).group_bytes, 100000);
    ck_assert_int_eq(fa_group_destroy(group), FA_OK);
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag).frame_bytes, 0);
}
END_TEST

START_TEST(frames_do_not_see_groups)
{
    test_begin(&w);
    fa_group group = make();
    take(group, 100000);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
    test_end(&w);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.frame_bytes, 0);
    ck_assert_uint_eq(stats.contexts, 1);
    ck_assert_uint_eq(stats.contexts_behind, 0);
    ck_assert_uint_eq(stats.suggested_reserve, 0);
}
END_TEST

START_TEST(groups_that_are_left_end_with_the_allocator)
{
    fa_group group = make();
    order_count = 0;
    defer_note(make_in(group), 7);
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
    ck_assert_uint_eq(order_count, 1);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- limits --- */

START_TEST(a_thousand_groups_hold_a_page_or_two_each)
{
    enum { GROUPS = 1000 };
    static fa_group group[GROUPS];
    for (unsigned i = 0; i < GROUPS; i++) {
        group[i] = make();
        test_fill(take(group[i], 100), 100, i);
    }
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.groups, GROUPS);
    ck_assert_uint_le(stats.held_bytes, GROUPS * 2 * PAGE);
    ck_assert_uint_le(stats.reserved_bytes, (GROUPS + 1) * 64 * KIB);
    for (unsigned i = 0; i < GROUPS; i++)
        ck_assert_int_eq(fa_group_destroy(group[i]), FA_OK);
    uint64_t reserved = test_stats(w.allocator).reserved_bytes;
    for (unsigned i = 0; i < GROUPS; i++)
        group[i] = make();
    ck_assert_uint_eq(test_stats(w.allocator).reserved_bytes, reserved);
}
END_TEST

START_TEST(a_deep_tree_ends_without_recursion)
{
    fa_group root = make(), group = root;
    for (size_t i = 0; i < test_scaled(2000); i++)
        group = make_in(group);
    ck_assert_int_eq(fa_group_destroy(root), FA_OK);
    ck_assert(!fa_group_is_live(group));
    ck_assert_uint_eq(test_stats(w.allocator).groups, 0);
}
END_TEST

START_TEST(the_capacity_is_reached_and_not_passed)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    config.capacity = 20000;
    fa_group group = make_with(&config);
    size_t bytes = 0;
    while (fa_frame_alloc(fa_group_frame(group), 80, 16) != NULL)
        bytes += 80;
    ck_assert_uint_eq(bytes, 20000);
    ck_assert_int_eq(fa_frame_status(fa_group_frame(group)), FA_ERR_BUDGET);
}
END_TEST

/* --- failure --- */

START_TEST(the_budget_of_the_tag_holds)
{
    fa_tag tag = fa_tag_register(w.allocator, "small");
    test_limit(w.allocator, FA_BUDGET_TAG, tag, 1024);
    fa_tag_push(w.ctx, tag);
    fa_group group = make();
    fa_tag_pop(w.ctx);
    size_t bytes = 0;
    while (fa_frame_alloc(fa_group_frame(group), 16, 16) != NULL)
        bytes += 16;
    ck_assert_uint_eq(bytes, 1024);
    ck_assert_int_eq(fa_group_destroy(group), FA_OK);
    take(make(), 10000);
}
END_TEST

/* --- misuse --- */

START_TEST(a_group_that_is_gone_is_found_out)
{
    fa_group group = make(), child = make_in(group);
    ck_assert_int_eq(fa_group_destroy(group), FA_OK);
    fa_group other = make(), another = make();
    ck_assert_ptr_null(fa_frame_alloc(fa_group_frame(group), 8, 8));
    ck_assert_only_diag(&w.log, 421);
    ck_assert_int_eq(fa_group_destroy(group), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 421);
    ck_assert_int_eq(fa_group_reset(child), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 421);
    ck_assert(fa_group_is_live(other) && fa_group_is_live(another));
}
END_TEST

START_TEST(no_group_is_refused)
{
    fa_group none = {NULL, 0};
    fa_group_stats stats = FA_GROUP_STATS_INIT;
    ck_assert(!fa_group_is_live(none));
    ck_assert_ptr_null(fa_frame_alloc(fa_group_frame(none), 8, 8));
    ck_assert_int_eq(fa_group_destroy(none), FA_ERR_STALE);
    ck_assert_int_eq(fa_group_stats_read(none, &stats), FA_ERR_STALE);
}
END_TEST

START_TEST(a_scratch_arena_is_no_group)
{
    fa_scratch scratch;
    ck_assert_int_eq(fa_scratch_create(w.allocator, "s", NULL, &scratch),
                     FA_OK);
    fa_group group = {scratch.frame, scratch.serial};
    ck_assert_int_eq(fa_group_destroy(group), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 421);
}
END_TEST

START_TEST(a_dead_parent_is_refused)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    fa_group child;
    config.parent = make();
    ck_assert_int_eq(fa_group_destroy(config.parent), FA_OK);
    ck_assert_int_eq(fa_group_create(w.ctx, &config, &child), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 421);
    ck_assert_ptr_null(child.frame);
}
END_TEST

START_TEST(a_parent_of_another_allocator_is_refused)
{
    struct test_world other;
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    fa_group child;
    test_open_guard(&other, FA_GUARD_OFF);
    ck_assert_int_eq(fa_group_create(other.ctx, NULL, &config.parent), FA_OK);
    ck_assert_int_eq(fa_group_create(w.ctx, &config, &child), FA_ERR_USAGE);
    test_close(&other);
}
END_TEST

START_TEST(structures_without_their_size_are_refused)
{
    fa_group_config config = {0};
    fa_group_stats stats = {0};
    fa_group group;
    ck_assert_int_eq(fa_group_create(w.ctx, &config, &group), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_int_eq(fa_group_stats_read(make(), &stats), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

static fa_group doomed;
static fa_status status_in_defer;

static void
use_doomed(void *arg)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    fa_group child;
    config.parent = doomed;
    status_in_defer = fa_group_create(arg, &config, &child);
}

START_TEST(a_defer_finds_the_group_that_ends_dead)
{
    doomed = make();
    fa_group child = make_in(doomed);
    ck_assert_int_eq(fa_frame_defer(fa_group_frame(child), use_doomed, w.ctx),
                     FA_OK);
    ck_assert_int_eq(fa_group_destroy(doomed), FA_OK);
    ck_assert_int_eq(status_in_defer, FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 421);
}
END_TEST

/* --- threads --- */

static void *
use_groups(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < test_scaled(300); i++) {
        fa_group group = make(), child = make_in(group);
        char *a = take(group, 200), *b = take(child, 5000);
        test_fill(a, 200, (unsigned)i);
        test_fill(b, 5000, (unsigned)i + 1);
        (void)test_stats(w.allocator);
        ck_assert(test_is_filled(a, 200, (unsigned)i));
        ck_assert(test_is_filled(b, 5000, (unsigned)i + 1));
        ck_assert_int_eq(fa_group_destroy(group), FA_OK);
    }
    return NULL;
}

START_TEST(threads_have_groups_of_their_own)
{
    pthread_t thread[4];
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_create(&thread[i], NULL, use_groups, NULL);
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_eq(test_stats(w.allocator).groups, 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

static void *
end_group(void *arg)
{
    ck_assert_int_eq(fa_group_destroy(*(fa_group *)arg), FA_OK);
    return NULL;
}

START_TEST(another_thread_may_end_a_group)
{
    fa_group group = make();
    take(group, 100000);
    test_run_thread(end_group, &group);
    ck_assert(!fa_group_is_live(group));
    ck_assert_no_diag(&w.log);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("group");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_world, close_world);
    tcase_add_test(contract, objects_live_across_frames_until_the_group_ends);
    tcase_add_test(contract, all_memory_goes_back_at_once);
    tcase_add_test(contract, a_reset_group_is_used_again);
    tcase_add_test(contract, children_die_with_their_parent_newest_first);
    tcase_add_test(contract, a_reset_ends_the_children_and_keeps_the_group);
    tcase_add_test(contract, a_child_may_end_before_its_parent);
    tcase_add_test(contract, figures_tell_of_the_group_and_of_its_tree);
    tcase_add_test(contract, bytes_are_charged_to_the_tag_of_the_maker);
    tcase_add_test(contract, frames_do_not_see_groups);
    tcase_add_test(contract, groups_that_are_left_end_with_the_allocator);
    suite_add_tcase(suite, contract);

    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, a_thousand_groups_hold_a_page_or_two_each);
    tcase_add_test(limits, a_deep_tree_ends_without_recursion);
    tcase_add_test(limits, the_capacity_is_reached_and_not_passed);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_test(failure, the_budget_of_the_tag_holds);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_group_that_is_gone_is_found_out);
    tcase_add_test(misuse, no_group_is_refused);
    tcase_add_test(misuse, a_scratch_arena_is_no_group);
    tcase_add_test(misuse, a_dead_parent_is_refused);
    tcase_add_test(misuse, a_parent_of_another_allocator_is_refused);
    tcase_add_test(misuse, structures_without_their_size_are_refused);
    tcase_add_test(misuse, a_defer_finds_the_group_that_ends_dead);
    suite_add_tcase(suite, misuse);

    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, threads_have_groups_of_their_own);
    tcase_add_test(threads, another_thread_may_end_a_group);
    suite_add_tcase(suite, threads);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
