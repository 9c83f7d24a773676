/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Profilers: callbacks that pair, a stub in place of Tracy, and the history.
 */
#include "support.h"

#include <pthread.h>
#include <string.h>

static struct test_world w;

/* --- a stub that is as strict as Tracy --- */

#define LIVE_MAX 4096

static struct {
    const void *live[LIVE_MAX];
    size_t live_count;
    unsigned allocs, frees, frames, discards, begins, ends;
    unsigned unmatched, twice;
    size_t arena_size;
    bool arena_is_live;
    char arena[64];
} stub;

static size_t
find_live(const void *address)
{
    size_t i = 0;
    while (i < stub.live_count && stub.live[i] != address)
        i++;
    return i;
}

static void
stub_alloc(const void *address)
{
    stub.allocs++;
    stub.twice += find_live(address) != stub.live_count;
    if (stub.live_count < LIVE_MAX)
        stub.live[stub.live_count++] = address;
}

static void
stub_free(const void *address)
{
    size_t i = find_live(address);
    stub.frees++;
    stub.unmatched += i == stub.live_count;
    if (i < stub.live_count)
        stub.live[i] = stub.live[--stub.live_count];
}

void ___tracy_emit_memory_alloc(const void *ptr, size_t size, int32_t secure);
void ___tracy_emit_memory_free(const void *ptr, int32_t secure);
void ___tracy_emit_memory_alloc_named(const void *ptr, size_t size,
                                      const char *secure, const char *name);
void ___tracy_emit_memory_discard(const char *name, int32_t secure);
void ___tracy_emit_frame_mark(const char *name);

void
___tracy_emit_memory_alloc(const void *ptr, size_t size, int32_t secure)
{
    (void)size;
    (void)secure;
    stub_alloc(ptr);
}

void
___tracy_emit_memory_free(const void *ptr, int32_t secure)
{
    (void)secure;
    stub_free(ptr);
}

void
___tracy_emit_memory_alloc_named(const void *ptr, size_t size,
                                 const char *secure, const char *name)
{
    (void)ptr;
    ck_assert_ptr_eq(secure, name);
    stub.twice += stub.arena_is_live;
    stub.arena_is_live = true;
    stub.arena_size = size;
    strncpy(stub.arena, name, sizeof(stub.arena) - 1);
}

void
___tracy_emit_memory_discard(const char *name, int32_t secure)
{
    (void)secure;
    stub.discards++;
    stub.unmatched += !stub.arena_is_live || strcmp(stub.arena, name) != 0;
    stub.arena_is_live = false;
}

void
___tracy_emit_frame_mark(const char *name)
{
    (void)name;
    stub.frames++;
}

/* --- callbacks --- */

static void
take_alloc(void *user, const void *address, size_t size, const char *tag)
{
    (void)user;
    (void)size;
    ck_assert_str_eq(tag, "bullets");
    stub_alloc(address);
}

static void
take_free(void *user, const void *address)
{
    (void)user;
    stub_free(address);
}

static void
take_frame(void *user, uint64_t ctx, uint64_t number, uint64_t bytes)
{
    (void)user;
    ck_assert_uint_eq(ctx, fa_ctx_id(w.ctx));
    ck_assert_uint_eq(number, ++stub.frames);
    stub.arena_size = bytes;
}

static void
take_begin(void *user, uint64_t ctx, uint64_t number)
{
    (void)user;
    (void)ctx;
    (void)number;
    stub.begins++;
}

static void
take_end(void *user, uint64_t ctx, uint64_t number)
{
    (void)user;
    (void)ctx;
    (void)number;
    stub.ends++;
}

static const fa_profile calls = {sizeof(calls), take_alloc, take_free,
                                 take_frame,    take_begin, take_end,
                                 NULL};

static void
open_world(void)
{
    memset(&stub, 0, sizeof(stub));
    test_open_guard(&w, FA_GUARD_OFF);
    fa_tag_push(w.ctx, fa_tag_register(w.allocator, "bullets"));
}

static void
close_world(void)
{
    test_close(&w);
}

static void
run_frame(void)
{
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100, 16));
    fa_free(w.ctx, fa_heap_alloc(w.ctx, 64, 16));
    fa_free(w.ctx, fa_heap_alloc(w.ctx, 20000, 16));
    test_end(&w);
}

START_TEST(allocations_frees_frames_and_zones_are_called)
{
    ck_assert_int_eq(fa_profile_set(w.allocator, &calls), FA_OK);
    for (int i = 0; i < 5; i++)
        run_frame();
    ck_assert_uint_eq(stub.allocs, 10);
    ck_assert_uint_eq(stub.frees, 10);
    ck_assert_uint_eq(stub.frames, 5);
    ck_assert_uint_eq(stub.begins, 5);
    ck_assert_uint_eq(stub.ends, 5);
    ck_assert_uint_eq(stub.arena_size, 112);
    ck_assert_int_eq(fa_profile_set(w.allocator, NULL), FA_OK);
    run_frame();
    ck_assert_uint_eq(stub.frames, 5);
}
END_TEST

START_TEST(a_free_of_what_was_not_told_is_not_told)
{
    void *before = fa_heap_alloc(w.ctx, 64, 16);
    void *large = fa_heap_alloc(w.ctx, 20000, 16);
    ck_assert_int_eq(fa_profile_set(w.allocator, &calls), FA_OK);
    run_frame();
    fa_free(w.ctx, before);
    fa_free(w.ctx, large);
    ck_assert_uint_eq(stub.unmatched, 0);
    ck_assert_uint_eq(stub.frees, 2);
}
END_TEST

START_TEST(tracy_sees_one_discard_per_arena_and_no_unmatched_free)
{
    void *before = fa_heap_alloc(w.ctx, 64, 16);
    ck_assert_ptr_nonnull(fa_profile_tracy());
    ck_assert_int_eq(fa_profile_set(w.allocator, fa_profile_tracy()), FA_OK);
    for (int i = 0; i < 10; i++)
        run_frame();
    fa_free(w.ctx, before);
    /* The last one is still shown. */
    ck_assert_uint_eq(stub.discards, 9);
    ck_assert_uint_eq(stub.arena_size, 112);
    ck_assert_uint_eq(stub.frames, 10);
    ck_assert_uint_eq(stub.allocs, 20);
    ck_assert_uint_eq(stub.frees, 20);
    ck_assert_uint_eq(stub.unmatched, 0);
    ck_assert_uint_eq(stub.twice, 0);
}
END_TEST

START_TEST(callbacks_that_are_not_initialised_are_refused)
{
    fa_profile zeroes;
    memset(&zeroes, 0, sizeof(zeroes));
    ck_assert_int_eq(fa_profile_set(w.allocator, &zeroes), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_int_eq(fa_profile_set(NULL, NULL), FA_ERR_USAGE);
}
END_TEST

/* --- threads --- */

static void *shared[256];
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

static void *
swap_blocks(void *arg)
{
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    fa_tag_push(ctx, (fa_tag)(uintptr_t)arg);
    for (size_t i = 0; i < test_scaled(20000); i++) {
        size_t slot = i * 7919 % COUNT(shared);
        void *mine = fa_heap_alloc(ctx, i % 5 == 0 ? 20000 : 64, 16);
        pthread_mutex_lock(&shared_lock);
        void *old = shared[slot];
        shared[slot] = mine;
        pthread_mutex_unlock(&shared_lock);
        fa_free(ctx, old);
    }
    return NULL;
}

START_TEST(frees_by_other_threads_are_told_in_pairs)
{
    pthread_t thread[3];
    fa_profile only_blocks = calls;
    only_blocks.frame = NULL;
    ck_assert_int_eq(fa_profile_set(w.allocator, &only_blocks), FA_OK);
    /* From its next frame on, a context is watched. */
    test_begin(&w);
    test_end(&w);
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_create(&thread[i], NULL, swap_blocks,
                       (void *)(uintptr_t)fa_tag_current(w.ctx));
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < COUNT(shared); i++) {
        fa_free(w.ctx, shared[i]);
        shared[i] = NULL;
    }
    ck_assert_uint_eq(stub.unmatched, 0);
    ck_assert_uint_eq(stub.twice, 0);
    ck_assert_uint_eq(stub.live_count, 0);
    ck_assert_uint_eq(stub.allocs, stub.frees);
}
END_TEST

/* --- history --- */

START_TEST(a_history_keeps_300_frames_and_draws_at_most_the_points_asked_for)
{
    static fa_history history;
    uint64_t points[FA_HISTORY_MAX + 1];
    memset(&history, 0, sizeof(history));
    ck_assert_int_eq(fa_history_add(&history, w.allocator), FA_OK);
    ck_assert_uint_eq(fa_history_read(&history, points, 10), 0);
    for (size_t i = 1; i <= 410; i++) {
        test_begin(&w);
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, i * 16, 16));
        test_end(&w);
        ck_assert_int_eq(fa_history_add(&history, w.allocator), FA_OK);
        ck_assert_int_eq(fa_history_add(&history, w.allocator), FA_OK);
    }
    ck_assert_uint_eq(history.count, 410);
    for (size_t max = 1; max <= COUNT(points); max++) {
        size_t n = fa_history_read(&history, points, max);
        ck_assert_uint_ge(n, 1);
        ck_assert_uint_le(n, max);
        ck_assert_uint_eq(points[n - 1], 410 * 16);
    }
    ck_assert_uint_eq(fa_history_read(&history, points, 300), 300);
    ck_assert_uint_eq(points[0], 111 * 16);
    ck_assert_uint_eq(fa_history_read(&history, points, 299), 150);
    ck_assert_uint_eq(points[0], 112 * 16);
    ck_assert_int_eq(fa_history_add(NULL, w.allocator), FA_ERR_USAGE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("profile");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, allocations_frees_frames_and_zones_are_called);
    tcase_add_test(tc, a_free_of_what_was_not_told_is_not_told);
    tcase_add_test(tc, tracy_sees_one_discard_per_arena_and_no_unmatched_free);
    tcase_add_test(
        tc, a_history_keeps_300_frames_and_draws_at_most_the_points_asked_for);
    suite_add_tcase(suite, tc);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, callbacks_that_are_not_initialised_are_refused);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, frees_by_other_threads_are_told_in_pairs);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
