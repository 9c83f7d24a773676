/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tags: names, the stack of a context, and figures that are exact to the byte
 * without counting allocations.
 */
#include "support.h"

#include <stdio.h>
#include <string.h>

static struct test_world w;
static fa_tag ui, ai;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    ui = fa_tag_register(w.allocator, "ui");
    ai = fa_tag_register(w.allocator, "ai");
}

static void
close_world(void)
{
    test_close(&w);
}

static void
alloc(size_t size)
{
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, size, 16));
}

static uint64_t
frame_bytes(fa_tag tag)
{
    return test_tag_usage(w.allocator, tag).frame_bytes;
}

/* --- names --- */

START_TEST(a_name_has_one_tag)
{
    ck_assert_uint_ne(ui, FA_TAG_NONE);
    ck_assert_uint_ne(ai, ui);
    ck_assert_uint_eq(fa_tag_register(w.allocator, "ui"), ui);
    ck_assert_str_eq(fa_tag_name(w.allocator, ui), "ui");
    ck_assert_str_eq(fa_tag_name(w.allocator, FA_TAG_NONE), "untagged");
}
END_TEST

START_TEST(names_are_copied_and_cut)
{
    char name[100], cut[FA_TAG_NAME_MAX];
    memset(name, 'x', sizeof(name));
    name[99] = '\0';
    memset(cut, 'x', sizeof(cut));
    cut[sizeof(cut) - 1] = '\0';
    fa_tag tag = fa_tag_register(w.allocator, name);
    ck_assert_uint_ne(tag, FA_TAG_NONE);
    name[98] = 'y';
    ck_assert_uint_eq(fa_tag_register(w.allocator, name), tag);
    name[0] = 'z';
    ck_assert_str_eq(fa_tag_name(w.allocator, tag), cut);
    ck_assert_uint_ne(fa_tag_register(w.allocator, name), tag);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(tags_of_allocators_are_independent)
{
    struct test_world other;
    test_open_guard(&other, FA_GUARD_OFF);
    ck_assert_ptr_null(fa_tag_name(other.allocator, ai));
    ck_assert_str_eq(
        fa_tag_name(other.allocator, fa_tag_register(other.allocator, "ai")),
        "ai");
    test_close(&other);
}
END_TEST

START_TEST(the_table_takes_256_tags_and_then_says_no)
{
    char name[16];
    for (unsigned i = 3; i < FA_TAG_MAX; i++) {
        snprintf(name, sizeof(name), "tag%u", i);
        ck_assert_uint_eq(fa_tag_register(w.allocator, name), i);
    }
    ck_assert_no_diag(&w.log);
    ck_assert_uint_eq(fa_tag_register(w.allocator, "more"), FA_TAG_NONE);
    ck_assert_only_diag(&w.log, 14);
    ck_assert_uint_eq(fa_tag_register(w.allocator, "tag200"), 200);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_name_that_is_empty_is_refused)
{
    ck_assert_uint_eq(fa_tag_register(w.allocator, ""), FA_TAG_NONE);
    ck_assert_only_diag(&w.log, 14);
    ck_assert_uint_eq(fa_tag_register(w.allocator, NULL), FA_TAG_NONE);
    ck_assert_only_diag(&w.log, 14);
    ck_assert_ptr_null(fa_tag_name(w.allocator, 77));
    ck_assert_ptr_null(fa_tag_name(w.allocator, UINT32_MAX));
}
END_TEST

/* --- the stack --- */

START_TEST(push_and_pop_nest_and_outlive_frames)
{
    fa_tag_push(w.ctx, ui);
    test_begin(&w);
    fa_tag_push(w.ctx, ai);
    ck_assert_uint_eq(fa_tag_current(w.ctx), ai);
    test_end(&w);
    ck_assert_uint_eq(fa_tag_current(w.ctx), ai);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(fa_tag_current(w.ctx), ui);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(fa_tag_current(w.ctx), FA_TAG_NONE);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(pushes_beyond_the_depth_are_reported_and_their_pops_counted)
{
    for (unsigned i = 0; i < FA_TAG_DEPTH_MAX; i++)
        fa_tag_push(w.ctx, i % 2 == 0 ? ui : ai);
    ck_assert_no_diag(&w.log);
    fa_tag_push(w.ctx, ui);
    ck_assert_only_diag(&w.log, 14);
    ck_assert_uint_eq(fa_tag_current(w.ctx), ai);
    fa_tag_pop(w.ctx);
    for (unsigned i = FA_TAG_DEPTH_MAX; i-- > 0;) {
        ck_assert_uint_eq(fa_tag_current(w.ctx), i % 2 == 0 ? ui : ai);
        fa_tag_pop(w.ctx);
    }
    ck_assert_no_diag(&w.log);
    fa_tag_pop(w.ctx);
    ck_assert_only_diag(&w.log, 14);
}
END_TEST

START_TEST(an_unknown_tag_leaves_the_current_one_and_its_pop_is_counted)
{
    fa_tag_push(w.ctx, ui);
    fa_tag_push(w.ctx, 200);
    ck_assert_only_diag(&w.log, 14);
    ck_assert_uint_eq(fa_tag_current(w.ctx), ui);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(fa_tag_current(w.ctx), ui);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(fa_tag_current(w.ctx), FA_TAG_NONE);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- figures --- */

START_TEST(bytes_count_for_the_tag_on_top)
{
    test_begin(&w);
    alloc(16);
    fa_tag_push(w.ctx, ui);
    alloc(32);
    fa_tag_push(w.ctx, ai);
    alloc(64);
    alloc(100001);
    fa_tag_pop(w.ctx);
    alloc(128);
    fa_tag_pop(w.ctx);
    alloc(256);
    ck_assert_uint_eq(frame_bytes(ui), 160);
    ck_assert_uint_eq(frame_bytes(ai), 100065);
    test_end(&w);
    ck_assert_uint_eq(frame_bytes(ui), 160);
    ck_assert_uint_eq(frame_bytes(ai), 100065);
    ck_assert_uint_eq(frame_bytes(FA_TAG_NONE), 272);
}
END_TEST

START_TEST(tags_of_a_frame_add_up_to_its_bytes)
{
    for (unsigned round = 0; round < 20; round++) {
        test_begin(&w);
        for (unsigned i = 0; i < 200; i++) {
            fa_tag_push(w.ctx, i % 3 == 0 ? ui : ai);
            alloc((i * 7919 + round) % 40000 + 1);
            fa_tag_pop(w.ctx);
            alloc(16);
        }
        size_t used = fa_frame_used(w.frame);
        test_end(&w);
        ck_assert_uint_eq(
            frame_bytes(ui) + frame_bytes(ai) + frame_bytes(FA_TAG_NONE), used);
    }
}
END_TEST

START_TEST(bytes_of_the_last_frame_stay_until_the_next_one_ends)
{
    fa_tag_push(w.ctx, ui);
    test_begin(&w);
    alloc(160);
    test_end(&w);
    ck_assert_uint_eq(frame_bytes(ui), 160);
    test_begin(&w);
    ck_assert_uint_eq(frame_bytes(ui), 160);
    test_end(&w);
    ck_assert_uint_eq(frame_bytes(ui), 0);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).frame_peak, 160);
    fa_tag_pop(w.ctx);
}
END_TEST

START_TEST(contexts_add_up)
{
    fa_ctx *other;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &other), FA_OK);
    test_begin(&w);
    fa_tag_push(w.ctx, ui);
    fa_tag_push(other, ui);
    alloc(160);
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(other), 320, 16));
    fa_ctx_end_frame(other);
    test_end(&w);
    ck_assert_uint_eq(frame_bytes(ui), 480);
    fa_ctx_destroy(other);
}
END_TEST

START_TEST(own_frames_report_the_bytes_of_their_last_frame)
{
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    fa_ctx *other;
    config.own_frames = true;
    ck_assert_int_eq(fa_ctx_create(w.allocator, &config, &other), FA_OK);
    for (int i = 0; i < 10; i++) {
        test_begin(&w);
        test_end(&w);
    }
    fa_tag_push(other, ui);
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_begin_frame(other), 320, 16));
    fa_ctx_end_frame(other);
    ck_assert_uint_eq(frame_bytes(ui), 320);
    fa_ctx_destroy(other);
}
END_TEST

START_TEST(heap_and_pool_bytes_stay_with_the_tag_they_were_made_under)
{
    fa_tag_push(w.ctx, ui);
    void *heap = fa_heap_alloc(w.ctx, 100000, 16);
    void *pool = fa_heap_alloc(w.ctx, 1000, 16);
    fa_tag_pop(w.ctx);
    fa_usage usage = test_tag_usage(w.allocator, ui);
    ck_assert_uint_eq(usage.heap_bytes, 100000);
    ck_assert_uint_eq(usage.pool_bytes, 64 * KIB);
    ck_assert_uint_eq(usage.bytes, 100000 + 64 * KIB);
    ck_assert_uint_ge(usage.peak, usage.bytes);
    fa_tag_push(w.ctx, ai);
    fa_free(w.ctx, heap);
    fa_free(w.ctx, pool);
    fa_tag_pop(w.ctx);
    usage = test_tag_usage(w.allocator, ui);
    ck_assert_uint_eq(usage.heap_bytes, 0);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ai).bytes, 0);
}
END_TEST

START_TEST(peaks_and_histogram_follow_the_frames_of_the_tag)
{
    static const size_t sizes[] = {16, 1024, 5000, 100000};
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        test_begin(&w);
        fa_tag_push(w.ctx, ui);
        alloc(sizes[i]);
        fa_tag_pop(w.ctx);
        test_end(&w);
    }
    fa_usage usage = test_tag_usage(w.allocator, ui);
    ck_assert_uint_eq(usage.frame_peak, 100000);
    ck_assert_uint_eq(usage.histogram[5], 1);  /* 16 */
    ck_assert_uint_eq(usage.histogram[11], 1); /* 1024 */
    ck_assert_uint_eq(usage.histogram[13], 1); /* 5008 */
    ck_assert_uint_eq(usage.histogram[17], 1); /* 100000 */
    ck_assert_uint_eq(usage.suggested_reserve, 131072);
}
END_TEST

START_TEST(spills_count_for_the_tag_on_top)
{
    test_close(&w);
    test_prepare(&w);
    w.config.frame_reserve = 64 * KIB;
    w.config.window = 4 * KIB;
    test_open(&w);
    ui = fa_tag_register(w.allocator, "ui");
    test_begin(&w);
    alloc(4096);
    fa_tag_push(w.ctx, ui);
    for (int i = 0; i < 16; i++)
        alloc(4096);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).spills, 1);
    ck_assert_uint_eq(test_tag_usage(w.allocator, FA_TAG_NONE).spills, 0);
    ck_assert_uint_eq(frame_bytes(ui), 64 * KIB);
}
END_TEST

START_TEST(releases_and_resizes_are_seen_by_the_tag)
{
    test_begin(&w);
    fa_tag_push(w.ctx, ui);
    void *block = fa_frame_alloc(w.frame, 100000, 16);
    block = fa_frame_resize(w.frame, block, 100000, 100100, 16);
    alloc(160);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(frame_bytes(ui), 100260);
    fa_frame_release(w.frame, block, 100100);
    ck_assert_uint_eq(frame_bytes(ui), 160);
    test_end(&w);
    ck_assert_uint_eq(frame_bytes(ui), 160);
}
END_TEST

/* --- misuse --- */

START_TEST(figures_of_an_unknown_tag_are_refused)
{
    fa_usage usage = FA_USAGE_INIT;
    ck_assert_int_eq(fa_tag_usage_read(w.allocator, 200, &usage), FA_ERR_USAGE);
    usage.struct_size = 0;
    ck_assert_int_eq(fa_tag_usage_read(w.allocator, ui, &usage), FA_ERR_CONFIG);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("tag");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_name_has_one_tag);
    tcase_add_test(tc, names_are_copied_and_cut);
    tcase_add_test(tc, tags_of_allocators_are_independent);
    tcase_add_test(tc, push_and_pop_nest_and_outlive_frames);
    tcase_add_test(tc, bytes_count_for_the_tag_on_top);
    tcase_add_test(tc, tags_of_a_frame_add_up_to_its_bytes);
    tcase_add_test(tc, bytes_of_the_last_frame_stay_until_the_next_one_ends);
    tcase_add_test(tc, contexts_add_up);
    tcase_add_test(tc, own_frames_report_the_bytes_of_their_last_frame);
    tcase_add_test(tc,
                   heap_and_pool_bytes_stay_with_the_tag_they_were_made_under);
    tcase_add_test(tc, peaks_and_histogram_follow_the_frames_of_the_tag);
    tcase_add_test(tc, spills_count_for_the_tag_on_top);
    tcase_add_test(tc, releases_and_resizes_are_seen_by_the_tag);
    suite_add_tcase(suite, tc);

    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, the_table_takes_256_tags_and_then_says_no);
    tcase_add_test(limits,
                   pushes_beyond_the_depth_are_reported_and_their_pops_counted);
    suite_add_tcase(suite, limits);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_name_that_is_empty_is_refused);
    tcase_add_test(
        misuse, an_unknown_tag_leaves_the_current_one_and_its_pop_is_counted);
    tcase_add_test(misuse, figures_of_an_unknown_tag_are_refused);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
