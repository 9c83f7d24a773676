/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Scopes of scratch arenas, named ones and those of functions.
 */
#include "support.h"

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

static fa_scratch
make(const char *name)
{
    fa_scratch scratch;
    ck_assert_int_eq(fa_scratch_create(w.allocator, name, NULL, &scratch),
                     FA_OK);
    return scratch;
}

/* --- contract --- */

START_TEST(an_ended_scope_gives_its_memory_back)
{
    fa_scratch scratch = make("scopes");
    fa_frame *frame = fa_scratch_frame(scratch);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 32, 16));
    fa_scratch_scope outer = fa_scratch_begin_in(scratch);
    char *first = fa_frame_alloc(outer.frame, 64, 16);
    fa_scratch_scope inner = fa_scratch_begin_in(scratch);
    ck_assert_ptr_nonnull(fa_frame_alloc(inner.frame, 100000, 16));
    ck_assert_int_eq(fa_scratch_end(inner), FA_OK);
    ck_assert_uint_eq(fa_frame_used(frame), 96);
    ck_assert_int_eq(fa_scratch_end(outer), FA_OK);
    ck_assert_uint_eq(fa_frame_used(frame), 32);
    ck_assert_ptr_eq(fa_frame_alloc(frame, 16, 16), first);
    ck_assert_no_diag(&w.log);
}
END_TEST

static int
leave_early(fa_frame **frame)
{
    FA_SCRATCH_SCOPE(tmp, fa_scratch_begin(w.ctx, NULL, 0))
    {
        *frame = tmp;
        if (fa_frame_alloc(tmp, 100, 16) != NULL)
            return 1;
    }
    return 0;
}

START_TEST(the_macro_ends_the_scope_however_it_is_left)
{
    fa_frame *frame = NULL;
    unsigned rounds = 0;
    test_begin(&w);
    ck_assert_int_eq(leave_early(&frame), 1);
    ck_assert_uint_eq(fa_frame_used(frame), 0);
    for (unsigned i = 0; i < 3; i++)
        FA_SCRATCH_SCOPE(tmp, fa_scratch_begin(w.ctx, NULL, 0))
        {
            ck_assert_ptr_eq(tmp, frame);
            ck_assert_ptr_nonnull(fa_frame_alloc(tmp, 10, 16));
            rounds++;
            break;
        }
    ck_assert_uint_eq(rounds, 3);
    ck_assert_uint_eq(fa_frame_used(frame), 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_function_never_gets_the_arena_of_its_caller)
{
    test_begin(&w);
    fa_scratch_scope a = fa_scratch_begin(w.ctx, NULL, 0);
    char *kept = fa_frame_alloc(a.frame, 64, 16);
    test_fill(kept, 64, 3);
    fa_scratch_scope b = fa_scratch_begin(w.ctx, &a.frame, 1);
    ck_assert_ptr_ne(b.frame, a.frame);
    ck_assert_ptr_nonnull(fa_frame_alloc(b.frame, 64, 16));
    /* The result of b's caller goes to a; the one below may use a again. */
    fa_scratch_scope c = fa_scratch_begin(w.ctx, &b.frame, 1);
    ck_assert_ptr_eq(c.frame, a.frame);
    test_fill(fa_frame_alloc(c.frame, 64, 16), 64, 4);
    ck_assert_int_eq(fa_scratch_end(c), FA_OK);
    ck_assert_int_eq(fa_scratch_end(b), FA_OK);
    ck_assert(test_is_filled(kept, 64, 3));
    ck_assert_int_eq(fa_scratch_end(a), FA_OK);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(scopes_of_functions_work_without_an_open_frame)
{
    fa_scratch_scope scope = fa_scratch_begin(w.ctx, &w.frame, 1);
    ck_assert_ptr_nonnull(fa_frame_alloc(scope.frame, 10, 16));
    ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(scopes_of_functions_count_for_the_current_tag)
{
    fa_tag tag = fa_tag_register(w.allocator, "temporary");
    test_begin(&w);
    fa_scratch_scope scope = fa_scratch_begin(w.ctx, NULL, 0);
    ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
    fa_tag_push(w.ctx, tag);
    scope = fa_scratch_begin(w.ctx, NULL, 0);
    ck_assert_ptr_nonnull(fa_frame_alloc(scope.frame, MIB, 16));
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag).frame_bytes, MIB);
    ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
    fa_tag_pop(w.ctx);
}
END_TEST

START_TEST(an_ended_scope_gives_back_what_a_limited_tag_lent)
{
    fa_tag tag = fa_tag_register(w.allocator, "limited");
    test_limit(w.allocator, FA_BUDGET_TAG, tag, 4096);
    test_begin(&w);
    fa_tag_push(w.ctx, tag);
    for (unsigned i = 0; i < 3; i++) {
        fa_scratch_scope scope = fa_scratch_begin(w.ctx, NULL, 0);
        ck_assert_ptr_nonnull(fa_frame_alloc(scope.frame, 4000, 16));
        ck_assert_ptr_null(fa_frame_alloc(scope.frame, 4000, 16));
        ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
    }
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 4000, 16));
    fa_tag_pop(w.ctx);
}
END_TEST

/* --- misuse --- */

START_TEST(an_arena_in_use_is_not_destroyed)
{
    fa_scratch scratch = make("busy");
    fa_scratch_scope scope = fa_scratch_begin_in(scratch);
    char *block = fa_frame_alloc(scope.frame, 64, 16);
    test_fill(block, 64, 1);
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 422);
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 422);
    ck_assert(test_is_filled(block, 64, 1));
    ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
}
END_TEST

START_TEST(a_scope_ends_once)
{
    fa_scratch scratch = make("once");
    fa_scratch_scope outer = fa_scratch_begin_in(scratch);
    fa_scratch_scope inner = fa_scratch_begin_in(scratch);
    ck_assert_int_eq(fa_scratch_end(outer), FA_OK);
    ck_assert_ptr_nonnull(fa_frame_alloc(outer.frame, 64, 16));
    ck_assert_int_eq(fa_scratch_end(inner), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 422);
    ck_assert_int_eq(fa_scratch_end(outer), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 422);
    ck_assert_uint_eq(fa_frame_used(outer.frame), 64);
}
END_TEST

START_TEST(a_scope_that_was_forgotten_ends_with_the_frame)
{
    test_begin(&w);
    fa_scratch_scope lost = fa_scratch_begin(w.ctx, NULL, 0);
    ck_assert_ptr_nonnull(fa_frame_alloc(lost.frame, 1000, 16));
    test_end(&w);
    test_begin(&w);
    fa_scratch_scope next = fa_scratch_begin(w.ctx, NULL, 0);
    ck_assert_only_diag(&w.log, 423);
    ck_assert_uint_eq(fa_frame_used(next.frame), 0);
    ck_assert_int_eq(fa_scratch_end(lost), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 422);
    ck_assert_int_eq(fa_scratch_end(next), FA_OK);
}
END_TEST

START_TEST(two_conflicts_leave_no_arena)
{
    test_begin(&w);
    fa_frame *both[2];
    fa_scratch_scope a = fa_scratch_begin(w.ctx, NULL, 0);
    both[0] = a.frame;
    fa_scratch_scope b = fa_scratch_begin(w.ctx, both, 1);
    both[1] = b.frame;
    fa_scratch_scope c = fa_scratch_begin(w.ctx, both, 2);
    ck_assert_only_diag(&w.log, 424);
    ck_assert_ptr_null(fa_frame_alloc(c.frame, 1, 1));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
    ck_assert_int_eq(fa_scratch_end(c), FA_OK);
    ck_assert_int_eq(fa_scratch_end(b), FA_OK);
    ck_assert_int_eq(fa_scratch_end(a), FA_OK);
}
END_TEST

static void *
begin_foreign(void *ctx)
{
    fa_scratch_scope scope = fa_scratch_begin(ctx, NULL, 0);
    ck_assert_ptr_null(fa_frame_alloc(scope.frame, 1, 1));
    return NULL;
}

START_TEST(another_thread_gets_no_arena_of_the_context)
{
    test_run_thread(begin_foreign, w.ctx);
    ck_assert_only_diag(&w.log, 211);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("scratch_scope");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_world, close_world);
    tcase_add_test(contract, an_ended_scope_gives_its_memory_back);
    tcase_add_test(contract, the_macro_ends_the_scope_however_it_is_left);
    tcase_add_test(contract, a_function_never_gets_the_arena_of_its_caller);
    tcase_add_test(contract, scopes_of_functions_work_without_an_open_frame);
    tcase_add_test(contract, scopes_of_functions_count_for_the_current_tag);
    tcase_add_test(contract, an_ended_scope_gives_back_what_a_limited_tag_lent);
    suite_add_tcase(suite, contract);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, an_arena_in_use_is_not_destroyed);
    tcase_add_test(misuse, a_scope_ends_once);
    tcase_add_test(misuse, a_scope_that_was_forgotten_ends_with_the_frame);
    tcase_add_test(misuse, two_conflicts_leave_no_arena);
    tcase_add_test(misuse, another_thread_gets_no_arena_of_the_context);
    suite_add_tcase(suite, misuse);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
