/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The summary of retained blocks by the phases in which they were retained.
 */
#include "retain.h"

#include <framealloc/phase.h>

#include <stdio.h>

/* The share of phases of this name; zeroes without. */
static fa_retain_share
share_of(const fa_retain_summary *s, const char *name)
{
    fa_retain_share share = {.name = NULL};
    for (uint32_t i = 0; i < s->phase_count; i++)
        if (strcmp(s->by_phase[i].name, name) == 0)
            share = s->by_phase[i];
    return share;
}

START_TEST(the_summary_has_the_shares_of_each_phase)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    retain(100, &how);
    fa_phase_scope outer = fa_phase_begin(w.ctx, "update");
    retain(200, &how);
    fa_phase_scope inner = fa_phase_begin(w.ctx, "physics");
    retain(9000, &how); /* Too large. */
    how.policy = FA_RETAIN_DISCARD;
    retain(300, &how);
    ck_assert_int_eq(fa_phase_end(inner), FA_OK);
    how.policy = FA_RETAIN_HEAP;
    retain(400, &how);
    ck_assert_int_eq(fa_phase_end(outer), FA_OK);
    test_end(&w);
    fa_retain_summary s = summary();
    ck_assert_uint_eq(s.phase_count, 3);
    ck_assert_str_eq(s.by_phase[0].name, "");
    ck_assert_uint_eq(s.by_phase[0].promoted.bytes, 100);
    ck_assert_str_eq(s.by_phase[1].name, "update");
    ck_assert_uint_eq(s.by_phase[1].promoted.count, 2);
    ck_assert_uint_eq(s.by_phase[1].promoted.bytes, 600);
    ck_assert_uint_eq(s.by_phase[1].failed.count, 0);
    ck_assert_str_eq(s.by_phase[2].name, "physics");
    ck_assert_uint_eq(s.by_phase[2].discarded.bytes, 300);
    ck_assert_uint_eq(s.by_phase[2].failed.bytes, 9000);
    ck_assert_uint_eq(s.by_phase[2].promoted.count, 0);
}
END_TEST

START_TEST(phases_of_one_name_are_one_share)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    for (unsigned i = 0; i < 5; i++) {
        fa_phase_scope phase = fa_phase_begin(w.ctx, i % 2 ? "odd" : "even");
        retain(100, &how);
        ck_assert_int_eq(fa_phase_end(phase), FA_OK);
    }
    test_end(&w);
    fa_retain_summary s = summary();
    ck_assert_uint_eq(s.phase_count, 2);
    ck_assert_uint_eq(share_of(&s, "even").promoted.count, 3);
    ck_assert_uint_eq(share_of(&s, "odd").promoted.count, 2);
}
END_TEST

START_TEST(a_frame_without_phases_has_one_share)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    fa_phase_scope phase = fa_phase_begin(w.ctx, "before");
    retain(100, &how);
    ck_assert_int_eq(fa_phase_end(phase), FA_OK);
    test_end(&w);
    test_begin(&w);
    retain(100, &how);
    test_end(&w);
    fa_retain_summary s = summary();
    ck_assert_uint_eq(s.phase_count, 1);
    ck_assert_str_eq(s.by_phase[0].name, "");
    ck_assert_uint_eq(s.by_phase[0].promoted.count, 1);
    test_begin(&w);
    test_end(&w);
    s = summary();
    ck_assert_uint_eq(s.phase_count, 0);
}
END_TEST

START_TEST(an_open_phase_keeps_its_name_at_the_end_of_the_frame)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    fa_phase_scope phase = fa_phase_begin(w.ctx, "forgotten");
    ck_assert_uint_ne(phase.serial, 0);
    retain(100, &how);
    test_end(&w);
    ck_assert_only_diag(&w.log, 442);
    fa_retain_summary s = summary();
    ck_assert_uint_eq(share_of(&s, "forgotten").promoted.count, 1);
}
END_TEST

START_TEST(names_add_up_where_a_worker_ends_its_part_twice)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    static const char *const names[] = {"first", "second", "first"};
    for (unsigned i = 0; i < 3; i++) {
        w.frame = fa_ctx_frame(w.ctx);
        fa_phase_scope phase = fa_phase_begin(w.ctx, names[i]);
        retain(100, &how);
        ck_assert_int_eq(fa_phase_end(phase), FA_OK);
        fa_ctx_end_frame(w.ctx);
    }
    fa_retain_summary s = summary();
    ck_assert_uint_eq(s.phase_count, 2);
    ck_assert_uint_eq(share_of(&s, "first").promoted.count, 2);
    ck_assert_uint_eq(share_of(&s, "second").promoted.count, 1);
    test_end(&w);
}
END_TEST

START_TEST(names_after_the_first_64_count_with_those_outside)
{
    fa_retain how = how_to(FA_RETAIN_DISCARD);
    how.fn = NULL;
    if (_i == 1)
        retain(100, &how);
    for (unsigned i = 0; i < FA_PHASE_MAX + 4; i++) {
        char name[FA_PHASE_NAME_MAX];
        snprintf(name, sizeof(name), "phase %u of a name cut at 31 b", i);
        fa_phase_scope phase = fa_phase_begin(w.ctx, name);
        retain(100, &how);
        ck_assert_int_eq(fa_phase_end(phase), FA_OK);
    }
    test_end(&w);
    ck_assert_only_diag(&w.log, 443);
    fa_retain_summary s = summary();
    /* Those outside may be among the first. */
    unsigned named = FA_RETAIN_PHASES - (_i == 1);
    ck_assert_uint_eq(s.phase_count, named + 1);
    ck_assert_uint_eq(share_of(&s, "").discarded.count,
                      FA_PHASE_MAX + 4 - named + (_i == 1));
    for (unsigned i = 0; i < s.phase_count; i++)
        if (s.by_phase[i].name[0] != '\0')
            ck_assert_uint_eq(s.by_phase[i].discarded.count, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("retain by phase");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, the_summary_has_the_shares_of_each_phase);
    tcase_add_test(tc, phases_of_one_name_are_one_share);
    tcase_add_test(tc, a_frame_without_phases_has_one_share);
    tcase_add_test(tc, names_add_up_where_a_worker_ends_its_part_twice);
    suite_add_tcase(suite, tc);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_loop_test(
        limits, names_after_the_first_64_count_with_those_outside, 0, 2);
    suite_add_tcase(suite, limits);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse,
                   an_open_phase_keeps_its_name_at_the_end_of_the_frame);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
