/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Phases: their figures are exact, their limits hold, and no end is missed.
 */
#include "support.h"

#include <string.h>

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
take(size_t size)
{
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, size, 16));
}

static fa_phase
read_phase(fa_phase_list list, size_t index)
{
    fa_phase phase = FA_PHASE_INIT;
    ck_assert_int_eq(fa_phase_read(w.ctx, list, index, &phase), FA_OK);
    return phase;
}

static fa_phase_scope
begin(const char *name)
{
    fa_phase_scope scope = fa_phase_begin(w.ctx, name);
    ck_assert_uint_ne(scope.serial, 0);
    return scope;
}

static void
end(fa_phase_scope scope)
{
    ck_assert_int_eq(fa_phase_end(scope), FA_OK);
}

/* --- contract --- */

START_TEST(bytes_are_what_the_phase_added)
{
    take(160);
    FA_PHASE_SCOPE(w.ctx, physics)
    {
        take(320);
        take(100000);
        ck_assert_str_eq(fa_phase_name(w.ctx), "physics");
    }
    take(640);
    ck_assert_ptr_null(fa_phase_name(w.ctx));
    ck_assert_uint_eq(fa_phase_count(w.ctx, FA_PHASE_CURRENT), 1);
    fa_phase phase = read_phase(FA_PHASE_CURRENT, 0);
    ck_assert_str_eq(phase.name, "physics");
    ck_assert_uint_eq(phase.bytes, 100320);
    ck_assert_uint_eq(phase.self_bytes, 100320);
    ck_assert_uint_eq(phase.frame, 1);
    ck_assert_uint_eq(phase.count, FA_COUNT_UNKNOWN);
    ck_assert(!phase.is_open && !phase.is_forgotten);
    test_end(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(nested_phases_know_their_own_bytes)
{
    fa_phase_scope outer = begin("outer");
    take(16);
    fa_phase_scope first = begin("first");
    take(32);
    end(first);
    take(64);
    fa_phase_scope second = begin("second");
    take(128);
    fa_phase_scope third = begin("third");
    take(256);
    end(third);
    end(second);
    end(outer);
    const uint64_t bytes[] = {496, 32, 384, 256};
    const uint64_t self[] = {80, 32, 128, 256};
    const uint32_t parent[] = {FA_PHASE_NONE, 0, 0, 2};
    const uint32_t depth[] = {0, 1, 1, 2};
    ck_assert_uint_eq(fa_phase_count(w.ctx, FA_PHASE_CURRENT), 4);
    for (size_t i = 0; i < 4; i++) {
        fa_phase phase = read_phase(FA_PHASE_CURRENT, i);
        ck_assert_uint_eq(phase.bytes, bytes[i]);
        ck_assert_uint_eq(phase.self_bytes, self[i]);
        ck_assert_uint_eq(phase.parent, parent[i]);
        ck_assert_uint_eq(phase.depth, depth[i]);
    }
}
END_TEST

START_TEST(time_passes_in_a_phase)
{
    fa_phase_scope outer = begin("outer");
    fa_phase_scope inner = begin("inner");
    for (int i = 0; i < 1000; i++)
        take(16);
    end(inner);
    end(outer);
    fa_phase first = read_phase(FA_PHASE_CURRENT, 0);
    fa_phase second = read_phase(FA_PHASE_CURRENT, 1);
    ck_assert_uint_gt(second.duration_ns, 0);
    ck_assert_uint_ge(first.duration_ns, second.duration_ns);
}
END_TEST

START_TEST(objects_are_counted_while_counting_is_on)
{
    test_close(&w);
    test_prepare(&w);
    w.config.counts = true;
    test_open(&w);
    test_begin(&w);
    take(16);
    FA_PHASE_SCOPE(w.ctx, counted)
    for (int i = 0; i < 7; i++)
        take(48);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).count, 7);
}
END_TEST

START_TEST(the_last_frame_is_readable_in_the_next_one)
{
    FA_PHASE_SCOPE(w.ctx, a)
    take(16);
    FA_PHASE_SCOPE(w.ctx, b)
    take(32);
    test_end(&w);
    ck_assert_uint_eq(fa_phase_count(w.ctx, FA_PHASE_CURRENT), 0);
    ck_assert_uint_eq(fa_phase_count(w.ctx, FA_PHASE_LAST), 2);
    test_begin(&w);
    FA_PHASE_SCOPE(w.ctx, c)
    take(64);
    ck_assert_uint_eq(read_phase(FA_PHASE_LAST, 1).bytes, 32);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).bytes, 64);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).frame, 2);
    test_end(&w);
    ck_assert_str_eq(read_phase(FA_PHASE_LAST, 0).name, "c");
    ck_assert_uint_eq(fa_phase_count(w.ctx, FA_PHASE_LAST), 1);
}
END_TEST

START_TEST(an_open_phase_shows_its_figures_so_far)
{
    fa_phase_scope scope = begin("open");
    take(160);
    fa_phase phase = read_phase(FA_PHASE_CURRENT, 0);
    ck_assert(phase.is_open);
    ck_assert_uint_eq(phase.bytes, 160);
    end(scope);
}
END_TEST

START_TEST(a_rollback_over_the_begin_of_a_phase_counts_what_remains)
{
    fa_mark mark = fa_frame_checkpoint(w.frame);
    take(1600);
    fa_phase_scope scope = begin("phase");
    take(160);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    take(48);
    end(scope);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).bytes, 48);
}
END_TEST

START_TEST(a_rollback_inside_of_a_phase_is_not_counted)
{
    fa_phase_scope scope = begin("phase");
    take(160);
    FA_FRAME_GUARD(guard, w.frame)
    {
        take(3200);
        take(200000);
    }
    end(scope);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).bytes, 160);
}
END_TEST

START_TEST(a_worker_has_phases_of_its_own)
{
    fa_ctx *other;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &other), FA_OK);
    fa_phase_scope scope = begin("mine");
    FA_PHASE_SCOPE(other, theirs)
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(other), 32, 16));
    take(16);
    end(scope);
    fa_phase phase = FA_PHASE_INIT;
    ck_assert_int_eq(fa_phase_read(other, FA_PHASE_CURRENT, 0, &phase), FA_OK);
    ck_assert_str_eq(phase.name, "theirs");
    ck_assert_uint_eq(phase.bytes, 32);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).bytes, 16);
    fa_ctx_destroy(other);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- limits --- */

static size_t
take_all(size_t size)
{
    size_t taken = 0;
    /* Without a limit, this ends too. */
    while (taken < 16 * MIB && fa_frame_alloc(w.frame, size, 16) != NULL)
        taken += size;
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    return taken;
}

START_TEST(a_limit_is_reached_and_not_passed)
{
    static const size_t sizes[] = {16, 48, 4096, 40000};
    size_t size = sizes[_i];
    size_t limit = 200 * KIB;
    take(1000);
    fa_phase_scope scope = fa_phase_begin_limited(w.ctx, "limited", limit);
    size_t taken = take_all(size);
    ck_assert_uint_le(taken, limit);
    ck_assert_uint_gt(taken, limit - size);
    ck_assert_ptr_null(fa_frame_alloc(w.frame, size, 16));
    ck_assert_only_diag(&w.log, 314);
    end(scope);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).bytes, taken);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).limit_bytes, limit);
    for (int i = 0; i < 100; i++)
        take(size);
    test_end(&w);
    test_begin(&w);
    for (int i = 0; i < 100; i++)
        take(size);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(the_narrowest_of_nested_limits_holds)
{
    fa_phase_scope outer = fa_phase_begin_limited(w.ctx, "outer", 64 * KIB);
    take(32 * KIB);
    fa_phase_scope narrow = fa_phase_begin_limited(w.ctx, "narrow", 16 * KIB);
    ck_assert_uint_eq(take_all(1024), 16 * KIB);
    end(narrow);
    fa_phase_scope wide = fa_phase_begin_limited(w.ctx, "wide", SIZE_MAX);
    ck_assert_uint_eq(take_all(1024), 16 * KIB);
    end(wide);
    end(outer);
    take(100000);
}
END_TEST

START_TEST(what_is_rolled_back_may_be_taken_again)
{
    fa_mark mark = fa_frame_checkpoint(w.frame);
    take(4096);
    fa_phase_scope scope = fa_phase_begin_limited(w.ctx, "p", 64 * KIB);
    for (int round = 0; round < 5; round++) {
        ck_assert_uint_eq(take_all(1024), 64 * KIB);
        ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    }
    end(scope);
}
END_TEST

START_TEST(a_limit_holds_at_every_guard_level)
{
    test_close(&w);
    test_open_guard(&w, (fa_guard)_i);
    test_begin(&w);
    fa_phase_scope scope = fa_phase_begin_limited(w.ctx, "p", 8 * KIB);
    ck_assert_uint_le(take_all(64), 8 * KIB);
    size_t used = fa_frame_used(w.frame);
    ck_assert_uint_le(used, 8 * KIB);
    end(scope);
    take(64);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).bytes, used);
}
END_TEST

START_TEST(phases_nest_to_a_depth)
{
    fa_phase_scope scope[FA_PHASE_DEPTH_MAX];
    for (unsigned i = 0; i < FA_PHASE_DEPTH_MAX; i++)
        scope[i] = begin("deep");
    fa_phase_scope refused = fa_phase_begin(w.ctx, "too deep");
    ck_assert_only_diag(&w.log, 443);
    ck_assert_int_eq(fa_phase_end(refused), FA_ERR_STATE);
    for (unsigned i = FA_PHASE_DEPTH_MAX; i-- > 0;)
        end(scope[i]);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_list_has_an_end_and_phases_beyond_it_still_work)
{
    for (unsigned i = 0; i < FA_PHASE_MAX; i++)
        end(begin("listed"));
    ck_assert_no_diag(&w.log);
    fa_phase_scope scope = fa_phase_begin_limited(w.ctx, "not listed", KIB);
    ck_assert_only_diag(&w.log, 443);
    ck_assert_str_eq(fa_phase_name(w.ctx), "not listed");
    ck_assert_uint_eq(take_all(16), KIB);
    end(scope);
    w.log.count = 0;
    end(begin("not told again"));
    ck_assert_no_diag(&w.log);
    ck_assert_uint_eq(fa_phase_count(w.ctx, FA_PHASE_CURRENT), FA_PHASE_MAX);
}
END_TEST

START_TEST(a_long_name_is_cut)
{
    end(begin("a name that is longer than what is kept of it"));
    end(fa_phase_begin(w.ctx, NULL));
    ck_assert_uint_eq(strlen(read_phase(FA_PHASE_CURRENT, 0).name),
                      FA_PHASE_NAME_MAX - 1);
    ck_assert_str_eq(read_phase(FA_PHASE_CURRENT, 1).name, "");
}
END_TEST

/* --- failure --- */

START_TEST(without_a_frame_a_phase_is_refused)
{
    test_end(&w);
    fa_phase_scope scope = fa_phase_begin(w.ctx, "p");
    ck_assert_uint_eq(scope.serial, 0);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 1);
    ck_assert_int_eq(fa_phase_end(scope), FA_ERR_STATE);
    ck_assert_int_eq(fa_phase_end(fa_phase_begin(NULL, "p")), FA_ERR_STATE);
}
END_TEST

START_TEST(what_is_not_there_is_not_read)
{
    fa_phase phase = FA_PHASE_INIT;
    ck_assert_uint_eq(fa_phase_count(NULL, FA_PHASE_LAST), 0);
    ck_assert_int_eq(fa_phase_read(w.ctx, FA_PHASE_LAST, 0, &phase),
                     FA_ERR_USAGE);
    end(begin("p"));
    ck_assert_int_eq(fa_phase_read(w.ctx, FA_PHASE_CURRENT, 1, &phase),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_phase_read(w.ctx, FA_PHASE_CURRENT, 0, NULL),
                     FA_ERR_USAGE);
    ck_assert_no_diag(&w.log);
    phase.struct_size = 0;
    ck_assert_int_eq(fa_phase_read(w.ctx, FA_PHASE_CURRENT, 0, &phase),
                     FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

/* --- misuse --- */

START_TEST(an_outer_end_ends_the_inner_phases)
{
    fa_phase_scope outer = begin("outer");
    fa_phase_scope inner = begin("inner");
    take(16);
    end(outer);
    ck_assert_only_diag(&w.log, 441);
    ck_assert(read_phase(FA_PHASE_CURRENT, 1).is_forgotten);
    ck_assert(!read_phase(FA_PHASE_CURRENT, 0).is_forgotten);
    ck_assert_uint_eq(read_phase(FA_PHASE_CURRENT, 0).bytes, 16);
    ck_assert_int_eq(fa_phase_end(inner), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 441);
}
END_TEST

START_TEST(the_end_of_the_frame_ends_its_phases)
{
    fa_phase_scope scope = fa_phase_begin_limited(w.ctx, "forgotten", KIB);
    take(160);
    test_end(&w);
    ck_assert_only_diag(&w.log, 442);
    fa_phase phase = read_phase(FA_PHASE_LAST, 0);
    ck_assert(phase.is_forgotten && !phase.is_open);
    ck_assert_uint_eq(phase.bytes, 160);
    test_begin(&w);
    take(4096);
    fa_phase_scope newer = begin("newer");
    ck_assert_int_eq(fa_phase_end(scope), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 441);
    ck_assert_str_eq(fa_phase_name(w.ctx), "newer");
    end(newer);
}
END_TEST

static void *
end_elsewhere(void *arg)
{
    ck_assert_int_eq(fa_phase_end(*(fa_phase_scope *)arg), FA_ERR_THREAD);
    return NULL;
}

START_TEST(a_phase_belongs_to_the_thread_of_its_context)
{
    fa_phase_scope scope = begin("p");
    test_run_thread(end_elsewhere, &scope);
    ck_assert_only_diag(&w.log, 211);
    end(scope);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, bytes_are_what_the_phase_added);
    tcase_add_test(tc, nested_phases_know_their_own_bytes);
    tcase_add_test(tc, time_passes_in_a_phase);
    tcase_add_test(tc, objects_are_counted_while_counting_is_on);
    tcase_add_test(tc, the_last_frame_is_readable_in_the_next_one);
    tcase_add_test(tc, an_open_phase_shows_its_figures_so_far);
    tcase_add_test(tc,
                   a_rollback_over_the_begin_of_a_phase_counts_what_remains);
    tcase_add_test(tc, a_rollback_inside_of_a_phase_is_not_counted);
    tcase_add_test(tc, a_worker_has_phases_of_its_own);
    suite_add_tcase(suite, tc);
}

static void
add_limits(Suite *suite)
{
    TCase *tc = tcase_create("limits");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_loop_test(tc, a_limit_is_reached_and_not_passed, 0, 4);
    tcase_add_test(tc, the_narrowest_of_nested_limits_holds);
    tcase_add_test(tc, what_is_rolled_back_may_be_taken_again);
    tcase_add_loop_test(tc, a_limit_holds_at_every_guard_level, 1, 4);
    tcase_add_test(tc, phases_nest_to_a_depth);
    tcase_add_test(tc, a_list_has_an_end_and_phases_beyond_it_still_work);
    tcase_add_test(tc, a_long_name_is_cut);
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("phase");
    add_contract(suite);
    add_limits(suite);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_frame, close_world);
    tcase_add_test(failure, without_a_frame_a_phase_is_refused);
    tcase_add_test(failure, what_is_not_there_is_not_read);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_frame, close_world);
    tcase_add_test(misuse, an_outer_end_ends_the_inner_phases);
    tcase_add_test(misuse, the_end_of_the_frame_ends_its_phases);
    tcase_add_test(misuse, a_phase_belongs_to_the_thread_of_its_context);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
