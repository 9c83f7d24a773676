/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The header for SDL 2: whose memory SDL has, and who runs jobs and when.
 */
#include "support.h"

#include <framealloc/sdl.h>

#include <stdlib.h>
#include <string.h>

static struct test_world w;
static fa_sdl_loop loop;

static void
open_memory(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    ck_assert_int_eq(fa_sdl_memory_begin(w.allocator), FA_OK);
}

static void
close_memory(void)
{
    ck_assert_int_eq(fa_sdl_memory_end(), FA_OK);
    ck_assert_no_diag(&w.log);
    test_close(&w);
    /* Live blocks would have been told. */
    ck_assert_no_diag(&w.log);
}

static void
open_loop(void)
{
    open_memory();
    ck_assert_int_eq(fa_sdl_loop_begin(&loop, w.allocator, 3), FA_OK);
}

static void
close_loop(void)
{
    fa_sdl_loop_end(&loop);
    close_memory();
}

/* --- contract --- */

START_TEST(small_blocks_of_sdl_come_from_pools)
{
    void *block = SDL_malloc(48);
    SDL_free(block);
    fa_pool *pool = fa_ctx_pool(w.ctx, 48, 16);
    void *again = fa_pool_alloc(pool);
    ck_assert_ptr_eq(again, block);
    fa_pool_free(pool, again);
}
END_TEST

START_TEST(blocks_of_any_size_hold_what_was_asked_for)
{
    for (size_t size = 0; size < 8 * MIB; size = size * 3 + 1) {
        char *block = SDL_malloc(size);
        ck_assert_uint_eq((uintptr_t)block % 16, 0);
        ck_assert_uint_ge(fa_heap_usable_size(block), size);
        test_fill(block, size, 1);
        char *moved = SDL_realloc(block, size * 2 + 1);
        ck_assert_ptr_nonnull(moved);
        ck_assert(test_is_filled(moved, size, 1));
        SDL_free(moved);
    }
}
END_TEST

START_TEST(calloc_clears_blocks_that_were_used_before)
{
    for (size_t size = 1; size < MIB; size *= 7) {
        unsigned char *block = SDL_malloc(size * 3);
        test_fill(block, size * 3, 1);
        SDL_free(block);
        block = SDL_calloc(size, 3);
        for (size_t i = 0; i < size * 3; i++)
            ck_assert_uint_eq(block[i], 0);
        SDL_free(block);
    }
}
END_TEST

START_TEST(sdl_begins_and_quits_on_our_memory)
{
    SDL_setenv("SDL_VIDEODRIVER", "dummy", 1);
    ck_assert_int_eq(SDL_Init(SDL_INIT_VIDEO), 0);
    SDL_Window *window = SDL_CreateWindow("", 0, 0, 640, 480, 0);
    ck_assert_ptr_nonnull(SDL_GetWindowSurface(window));
    fa_usage all = test_ctx_usage(w.ctx);
    ck_assert_uint_gt(all.pool_bytes, 0);
    ck_assert_uint_gt(all.heap_bytes, (uint64_t)640 * 480 * 3);
    SDL_Quit();
}
END_TEST

START_TEST(after_the_end_sdl_has_its_own_memory)
{
    ck_assert_int_eq(fa_sdl_memory_end(), FA_OK);
    void *block = SDL_malloc(48);
    ck_assert_uint_eq(test_ctx_usage(w.ctx).pool_bytes, 0);
    SDL_free(block);
    ck_assert_int_eq(fa_sdl_memory_begin(w.allocator), FA_OK);
}
END_TEST

/* --- the loop --- */

#define JOBS 1000

static int *result[JOBS]; /* In frames of whatever threads. */

static void
leave_result(fa_ctx *ctx, int job, void *user)
{
    int *of_frame = fa_frame_new(fa_ctx_frame(ctx), int);
    if (of_frame != NULL)
        *of_frame = job + *(int *)user;
    result[job] = of_frame;
}

START_TEST(each_job_runs_once_per_frame_and_leaves_its_result)
{
    int frames = (int)test_scaled(2000);
    for (int frame = 0; frame < frames; frame++) {
        fa_sdl_frame_begin(&loop);
        memset(result, 0, sizeof(result));
        ck_assert_int_eq(fa_sdl_jobs_submit(&loop, leave_result, &frame, JOBS),
                         FA_OK);
        fa_sdl_jobs_wait(&loop);
        for (int job = 0; job < JOBS; job++)
            ck_assert_int_eq(*result[job], job + frame);
        fa_sdl_frame_end(&loop);
    }
    ck_assert_uint_eq(fa_frame_number(w.allocator), (uint64_t)frames);
}
END_TEST

static void
add_one(fa_ctx *ctx, int job, void *user)
{
    (void)ctx;
    (void)job;
    SDL_AtomicAdd(user, 1);
}

START_TEST(the_end_of_a_frame_waits_for_its_jobs)
{
    SDL_atomic_t sum = {0};
    fa_sdl_frame_begin(&loop);
    ck_assert_int_eq(fa_sdl_jobs_submit(&loop, add_one, &sum, JOBS), FA_OK);
    fa_sdl_frame_end(&loop);
    ck_assert_int_eq(SDL_AtomicGet(&sum), JOBS);
}
END_TEST

static void
make_word(fa_ctx *ctx, int job, void *user)
{
    (void)ctx;
    (void)user;
    result[job] = SDL_calloc(1, 100);
}

START_TEST(blocks_of_workers_are_freed_by_the_loop)
{
    for (size_t round = 0; round < test_scaled(500); round++) {
        ck_assert_int_eq(fa_sdl_jobs_submit(&loop, make_word, NULL, JOBS),
                         FA_OK);
        fa_sdl_jobs_wait(&loop);
        for (int job = 0; job < JOBS; job++)
            SDL_free(result[job]);
    }
}
END_TEST

/* --- limits --- */

START_TEST(a_loop_without_workers_runs_its_jobs_itself)
{
    SDL_atomic_t sum = {0};
    ck_assert_int_eq(fa_sdl_loop_begin(&loop, w.allocator, 0), FA_OK);
    ck_assert_int_eq(fa_sdl_jobs_submit(&loop, add_one, &sum, JOBS), FA_OK);
    ck_assert_int_eq(SDL_AtomicGet(&sum), 0);
    fa_sdl_jobs_wait(&loop);
    ck_assert_int_eq(SDL_AtomicGet(&sum), JOBS);
    fa_sdl_loop_end(&loop);
    fa_sdl_loop_end(&loop);
}
END_TEST

START_TEST(no_jobs_are_done_at_once)
{
    ck_assert_int_eq(fa_sdl_jobs_submit(&loop, add_one, NULL, 0), FA_OK);
    fa_sdl_jobs_wait(&loop);
    fa_sdl_jobs_wait(&loop);
}
END_TEST

/* --- failure --- */

START_TEST(sizes_that_overflow_are_refused_and_the_block_stays)
{
    char *block = SDL_malloc(100);
    test_fill(block, 100, 3);
    ck_assert_ptr_null(SDL_calloc(test_size(SIZE_MAX / 2), 3));
    ck_assert_ptr_null(SDL_malloc(test_size(SIZE_MAX)));
    ck_assert_ptr_null(SDL_realloc(block, test_size(SIZE_MAX)));
    ck_assert(test_is_filled(block, 100, 3));
    SDL_free(block);
}
END_TEST

static void *
have_no_memory(size_t size)
{
    (void)size;
    return NULL;
}

START_TEST(a_loop_without_memory_does_not_begin)
{
    ck_assert_int_eq(SDL_SetMemoryFunctions(have_no_memory, fa_sdl_calloc_,
                                            fa_sdl_realloc_, fa_sdl_free_),
                     0);
    ck_assert_int_eq(fa_sdl_loop_begin(&loop, w.allocator, 2), FA_ERR_NOMEM);
    fa_sdl_loop_end(&loop);
    SDL_Quit(); /* Frees its message. */
}
END_TEST

/* --- misuse --- */

START_TEST(memory_begins_once_and_not_while_sdl_has_any)
{
    ck_assert_int_eq(fa_sdl_memory_begin(NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_sdl_memory_begin(w.allocator), FA_ERR_STATE);
    ck_assert_int_eq(fa_sdl_memory_end(), FA_OK);
    ck_assert_int_eq(fa_sdl_memory_end(), FA_ERR_STATE);
    void *block = SDL_malloc(10);
    ck_assert_int_eq(fa_sdl_memory_begin(w.allocator), FA_ERR_STATE);
    SDL_free(block);
    ck_assert_int_eq(fa_sdl_memory_begin(w.allocator), FA_OK);
    block = SDL_malloc(10);
    ck_assert_int_eq(fa_sdl_memory_end(), FA_ERR_STATE);
    SDL_free(block);
}
END_TEST

START_TEST(a_pointer_from_elsewhere_is_refused_and_not_touched)
{
    char *other = malloc(100);
    test_fill(other, 100, 5);
    /* SDL counts the free, whatever becomes of it. */
    void *block = SDL_malloc(10);
    SDL_free(other);
    ck_assert_only_diag(&w.log, 8);
    ck_assert_ptr_null(SDL_realloc(other, 200));
    ck_assert_only_diag(&w.log, 8);
    ck_assert(test_is_filled(other, 100, 5));
    fa_free(w.ctx, block);
    free(other);
}
END_TEST

START_TEST(a_loop_refuses_jobs_that_it_cannot_take)
{
    ck_assert_int_eq(fa_sdl_jobs_submit(&loop, NULL, NULL, 1), FA_ERR_USAGE);
    ck_assert_int_eq(fa_sdl_jobs_submit(&loop, add_one, NULL, -1),
                     FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_sdl_jobs_submit(&loop, add_one, NULL, FA_SDL_JOBS_MAX + 1),
        FA_ERR_USAGE);
    ck_assert_int_eq(fa_sdl_jobs_submit(&loop, add_one, NULL, 0), FA_OK);
    ck_assert_int_eq(fa_sdl_jobs_submit(&loop, add_one, NULL, 0), FA_ERR_STATE);
    fa_sdl_loop other;
    ck_assert_int_eq(fa_sdl_loop_begin(&other, NULL, 1), FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_sdl_loop_begin(&other, w.allocator, FA_SDL_WORKERS_MAX + 1),
        FA_ERR_USAGE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sdl");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_memory, close_memory);
    tcase_add_test(contract, small_blocks_of_sdl_come_from_pools);
    tcase_add_test(contract, blocks_of_any_size_hold_what_was_asked_for);
    tcase_add_test(contract, calloc_clears_blocks_that_were_used_before);
    tcase_add_test(contract, sdl_begins_and_quits_on_our_memory);
    tcase_add_test(contract, after_the_end_sdl_has_its_own_memory);
    suite_add_tcase(suite, contract);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_loop, close_loop);
    tcase_set_timeout(threads, 120);
    tcase_add_test(threads, each_job_runs_once_per_frame_and_leaves_its_result);
    tcase_add_test(threads, the_end_of_a_frame_waits_for_its_jobs);
    tcase_add_test(threads, blocks_of_workers_are_freed_by_the_loop);
    tcase_add_test(threads, no_jobs_are_done_at_once);
    tcase_add_test(threads, a_loop_refuses_jobs_that_it_cannot_take);
    suite_add_tcase(suite, threads);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_memory, close_memory);
    tcase_add_test(limits, a_loop_without_workers_runs_its_jobs_itself);
    suite_add_tcase(suite, limits);
    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_memory, close_memory);
    tcase_add_test(failure,
                   sizes_that_overflow_are_refused_and_the_block_stays);
    tcase_add_test(failure, a_loop_without_memory_does_not_begin);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_memory, close_memory);
    tcase_add_test(misuse, memory_begins_once_and_not_while_sdl_has_any);
    tcase_add_test(misuse, a_pointer_from_elsewhere_is_refused_and_not_touched);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
