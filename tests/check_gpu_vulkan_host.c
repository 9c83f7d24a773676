/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The callbacks for the memory of drivers, called as a driver would; how a
 * real one uses them is in check_gpu_vulkan.
 */
#include "support.h"

#include <framealloc/gpu-vulkan-host.h>
#include <framealloc/scratch.h>

#include <pthread.h>
#include <string.h>

#define COMMAND VK_SYSTEM_ALLOCATION_SCOPE_COMMAND
#define OBJECT  VK_SYSTEM_ALLOCATION_SCOPE_OBJECT
#define DEVICE  VK_SYSTEM_ALLOCATION_SCOPE_DEVICE

static struct test_world w;
static fa_gpu_vk_host *host;
static const VkAllocationCallbacks *calls;

static void
open_host(void)
{
    test_prepare(&w);
    test_open(&w);
    ck_assert_int_eq(fa_gpu_vk_host_create(w.allocator, &host), FA_OK);
    calls = fa_gpu_vk_host_callbacks(host);
}

static void
close_host(void)
{
    fa_gpu_vk_host_destroy(host);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}

static void *
take(size_t size, size_t align, VkSystemAllocationScope scope)
{
    return calls->pfnAllocation(calls->pUserData, size, align, scope);
}

static void *
resize(void *block, size_t size, size_t align, VkSystemAllocationScope scope)
{
    return calls->pfnReallocation(calls->pUserData, block, size, align, scope);
}

static void
give(void *block)
{
    calls->pfnFree(calls->pUserData, block);
}

static fa_gpu_vk_scope_usage
usage(VkSystemAllocationScope scope)
{
    fa_gpu_vk_host_usage out = FA_GPU_VK_HOST_USAGE_INIT;
    ck_assert_int_eq(fa_gpu_vk_host_usage_read(host, &out), FA_OK);
    return out.scopes[scope];
}

/* --- contract --- */

START_TEST(blocks_are_aligned_and_apart_in_every_scope)
{
    VkSystemAllocationScope scope = (VkSystemAllocationScope)_i;
    void *blocks[200];
    open_host();
    for (unsigned i = 0; i < COUNT(blocks); i++) {
        size_t align = (size_t)1 << (i % 13);
        blocks[i] = take(1 + i * 37, align, scope);
        ck_assert_ptr_nonnull(blocks[i]);
        ck_assert_uint_eq((uintptr_t)blocks[i] % align, 0);
        test_fill(blocks[i], 1 + i * 37, i);
    }
    ck_assert_uint_eq(usage(scope).live, COUNT(blocks));
    for (unsigned i = 0; i < COUNT(blocks); i++)
        ck_assert(test_is_filled(blocks[i], 1 + i * 37, i));
    for (unsigned i = 0; i < COUNT(blocks); i++)
        give(blocks[i * 7 % COUNT(blocks)]);
    ck_assert_uint_eq(usage(scope).live, 0);
    ck_assert_uint_eq(usage(scope).bytes, 0);
    close_host();
}
END_TEST

START_TEST(a_command_is_served_by_frame_memory_and_rewinds_it)
{
    open_host();
    for (unsigned round = 0; round < 100; round++) {
        void *blocks[10];
        for (unsigned i = 0; i < COUNT(blocks); i++)
            blocks[i] = take(round % 2 == 0 ? 10000 : 1000, 8, COMMAND);
        /* Oldest first: the frame does not pop small ones one by one. */
        for (unsigned i = 0; i < COUNT(blocks); i++)
            give(blocks[i]);
    }
    ck_assert_uint_eq(usage(COMMAND).framed, 1000);
    ck_assert_uint_eq(usage(COMMAND).allocs, 1000);
    fa_scratch arena[2];
    ck_assert_uint_eq(fa_scratch_list(w.allocator, arena, COUNT(arena)), 1);
    fa_scratch_stats stats = FA_SCRATCH_STATS_INIT;
    ck_assert_int_eq(fa_scratch_stats_read(arena[0], &stats), FA_OK);
    ck_assert_uint_eq(stats.bytes, 0);
    ck_assert_uint_ge(stats.resets, 50);
    ck_assert_uint_le(stats.peak, 10 * (10000 + 64));
    close_host();
}
END_TEST

START_TEST(a_block_stays_while_others_of_its_command_are_freed)
{
    open_host();
    char *first = take(100, 8, COMMAND);
    char *second = take(100, 8, COMMAND);
    test_fill(second, 100, 1);
    give(first);
    char *third = take(1000, 8, COMMAND);
    memset(third, 0xff, 1000);
    ck_assert(test_is_filled(second, 100, 1));
    give(third);
    third = take(1000, 8, COMMAND);
    memset(third, 0xff, 1000);
    ck_assert(test_is_filled(second, 100, 1));
    give(second);
    give(third);
    close_host();
}
END_TEST

START_TEST(the_frame_of_the_program_is_not_touched)
{
    open_host();
    test_begin(&w);
    size_t room;
    char *text = fa_frame_reserve(w.frame, 100, 1, &room);
    memset(text, 'x', room);
    void *block = take(100, 8, COMMAND);
    memset(block, 0, 100);
    ck_assert(test_is_byte(text, room, 'x'));
    test_end(&w);
    test_begin(&w);
    /* The frame has ended, the command has not. */
    ck_assert(test_is_byte(block, 100, 0));
    give(block);
    test_end(&w);
    close_host();
}
END_TEST

START_TEST(other_scopes_are_not_in_frames)
{
    open_host();
    for (int scope = OBJECT; scope < (int)FA_GPU_VK_SCOPES; scope++) {
        void *block = take(100, 8, (VkSystemAllocationScope)scope);
        ck_assert_uint_ge(fa_heap_usable_size((char *)block - 32), 132);
        ck_assert_uint_eq(usage((VkSystemAllocationScope)scope).framed, 0);
        give(block);
    }
    close_host();
}
END_TEST

START_TEST(a_reallocation_keeps_the_bytes)
{
    static const VkSystemAllocationScope scopes[] = {COMMAND, OBJECT, DEVICE};
    open_host();
    for (unsigned i = 0; i < 2 * COUNT(scopes) * COUNT(scopes); i++) {
        VkSystemAllocationScope from = scopes[i / 2 / COUNT(scopes)];
        VkSystemAllocationScope to = scopes[i / 2 % COUNT(scopes)];
        /* In one round of two the alignment changes, too. */
        char *block = take(1000, i % 2 == 0 ? 64 : 8, from);
        test_fill(block, 1000, i);
        block = resize(block, 50000, 64, to);
        ck_assert_uint_eq((uintptr_t)block % 64, 0);
        ck_assert(test_is_filled(block, 1000, i));
        memset(block + 1000, 1, 49000);
        block = resize(block, 500, 64, to);
        ck_assert(test_is_filled(block, 500, i));
        ck_assert_uint_eq(usage(to).live, 1);
        ck_assert_uint_eq(usage(to).bytes, 500);
        give(block);
        ck_assert_uint_eq(usage(from).live + usage(to).live, 0);
    }
    close_host();
}
END_TEST

START_TEST(a_reallocation_of_nothing_allocates_and_to_nothing_frees)
{
    open_host();
    for (int scope = COMMAND; scope <= OBJECT; scope++) {
        VkSystemAllocationScope which = (VkSystemAllocationScope)scope;
        void *block = resize(NULL, 100, 16, which);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq(usage(which).live, 1);
        ck_assert_ptr_null(resize(block, 0, 16, which));
        ck_assert_uint_eq(usage(which).live, 0);
    }
    give(NULL);
    close_host();
}
END_TEST

START_TEST(figures_know_peaks_and_what_the_driver_takes_elsewhere)
{
    open_host();
    void *a = take(1000, 8, OBJECT);
    void *b = take(500, 8, OBJECT);
    give(a);
    a = take(100, 8, OBJECT);
    ck_assert_uint_eq(usage(OBJECT).bytes, 600);
    ck_assert_uint_eq(usage(OBJECT).peak, 1500);
    ck_assert_uint_eq(usage(OBJECT).allocs, 3);
    give(a);
    give(b);
    calls->pfnInternalAllocation(
        calls->pUserData, 4096, VK_INTERNAL_ALLOCATION_TYPE_EXECUTABLE, DEVICE);
    ck_assert_uint_eq(usage(DEVICE).internal, 4096);
    calls->pfnInternalFree(calls->pUserData, 4096,
                           VK_INTERNAL_ALLOCATION_TYPE_EXECUTABLE, DEVICE);
    ck_assert_uint_eq(usage(DEVICE).internal, 0);
    close_host();
}
END_TEST

START_TEST(a_command_inside_of_one_of_another_host_is_served)
{
    open_host();
    fa_gpu_vk_host *other;
    ck_assert_int_eq(fa_gpu_vk_host_create(w.allocator, &other), FA_OK);
    const VkAllocationCallbacks *others = fa_gpu_vk_host_callbacks(other);
    char *outer = take(100, 8, COMMAND);
    char *inner = others->pfnAllocation(others->pUserData, 100, 8, COMMAND);
    memset(outer, 1, 100);
    memset(inner, 2, 100);
    ck_assert(test_is_byte(outer, 100, 1));
    others->pfnFree(others->pUserData, inner);
    give(outer);
    ck_assert_uint_eq(usage(COMMAND).framed, 1);
    fa_gpu_vk_host_usage inner_usage = FA_GPU_VK_HOST_USAGE_INIT;
    ck_assert_int_eq(fa_gpu_vk_host_usage_read(other, &inner_usage), FA_OK);
    ck_assert_uint_eq(inner_usage.scopes[COMMAND].allocs, 1);
    ck_assert_uint_eq(inner_usage.scopes[COMMAND].framed, 0);
    fa_gpu_vk_host_destroy(other);
    close_host();
}
END_TEST

/* --- limits --- */

START_TEST(a_large_block_of_a_command_is_not_in_its_frame)
{
    open_host();
    char *small = take(100, 8, COMMAND);
    char *large = take(3 * MIB, 8, COMMAND);
    memset(large, 1, 3 * MIB);
    ck_assert_uint_eq(usage(COMMAND).framed, 1);
    give(large);
    give(small);
    ck_assert_uint_eq(usage(COMMAND).live, 0);
    close_host();
}
END_TEST

START_TEST(a_driver_that_keeps_memory_of_commands_fills_one_lane_at_most)
{
    open_host();
    void *kept = take(1000, 8, COMMAND);
    for (unsigned i = 0; i < 5000; i++) {
        void *next = take(1000, 8, COMMAND);
        give(kept);
        kept = next;
    }
    fa_scratch arena[2];
    fa_scratch_stats stats = FA_SCRATCH_STATS_INIT;
    ck_assert_uint_eq(fa_scratch_list(w.allocator, arena, COUNT(arena)), 1);
    ck_assert_int_eq(fa_scratch_stats_read(arena[0], &stats), FA_OK);
    ck_assert_uint_le(stats.peak, MIB);
    give(kept);
    ck_assert_uint_eq(usage(COMMAND).live, 0);
    close_host();
}
END_TEST

/* --- failure --- */

START_TEST(a_refusal_leaves_the_block_as_it_was)
{
    VkSystemAllocationScope scope = (VkSystemAllocationScope)_i;
    test_prepare(&w);
    w.config.memory_limit = 8 * MIB;
    test_open(&w);
    ck_assert_int_eq(fa_gpu_vk_host_create(w.allocator, &host), FA_OK);
    calls = fa_gpu_vk_host_callbacks(host);
    void *block = take(1000, 8, scope);
    test_fill(block, 1000, 3);
    ck_assert_ptr_null(take(64 * MIB, 8, scope));
    ck_assert_ptr_null(resize(block, 64 * MIB, 8, scope));
    ck_assert(test_is_filled(block, 1000, 3));
    ck_assert_uint_eq(usage(scope).failures, 2);
    ck_assert_uint_eq(usage(scope).bytes, 1000);
    ck_assert_uint_gt(test_log_count(&w.log, 311), 0);
    w.log.count = 0;
    give(block);
    close_host();
}
END_TEST

/* --- misuse --- */

START_TEST(what_cannot_be_aligned_or_counted_is_refused)
{
    open_host();
    ck_assert_ptr_null(take(100, 24, OBJECT));
    ck_assert_ptr_null(take(100, 4 * MIB, COMMAND));
    ck_assert_ptr_null(take(SIZE_MAX - 8, 8, OBJECT));
    ck_assert_uint_eq(usage(OBJECT).failures, 2);
    ck_assert_uint_eq(usage(COMMAND).failures, 1);
    void *block = take(0, 8, OBJECT);
    ck_assert_ptr_nonnull(block);
    give(block);
    close_host();
}
END_TEST

START_TEST(scopes_that_are_not_known_live_long)
{
    open_host();
    void *block = take(100, 8, (VkSystemAllocationScope)17);
    ck_assert_uint_eq(usage(VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE).live, 1);
    give(block);
    ck_assert_uint_eq(usage(VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE).live, 0);
    close_host();
}
END_TEST

START_TEST(nothing_is_made_of_nothing)
{
    open_host();
    fa_gpu_vk_host_usage out = FA_GPU_VK_HOST_USAGE_INIT;
    fa_gpu_vk_host *none = host;
    ck_assert_int_eq(fa_gpu_vk_host_create(NULL, &none), FA_ERR_USAGE);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(fa_gpu_vk_host_create(w.allocator, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_gpu_vk_host_usage_read(NULL, &out), FA_ERR_USAGE);
    ck_assert_int_eq(fa_gpu_vk_host_usage_read(host, NULL), FA_ERR_USAGE);
    out.struct_size = 0;
    ck_assert_int_eq(fa_gpu_vk_host_usage_read(host, &out), FA_ERR_CONFIG);
    fa_gpu_vk_host_destroy(NULL);
    close_host();
}
END_TEST

/* --- threads --- */

static void *
free_elsewhere(void *block)
{
    give(block);
    return NULL;
}

START_TEST(any_thread_may_free)
{
    open_host();
    test_run_thread(free_elsewhere, take(100, 8, OBJECT));
    /* Vulkan forbids this one; it must not harm the command. */
    char *kept = take(100, 8, COMMAND);
    test_fill(kept, 100, 9);
    void *stray = take(100, 8, COMMAND);
    test_run_thread(free_elsewhere, stray);
    void *next = take(100, 8, COMMAND);
    ck_assert_ptr_ne(next, stray);
    ck_assert(test_is_filled(kept, 100, 9));
    give(next);
    give(kept);
    ck_assert_uint_eq(usage(OBJECT).live, 0);
    ck_assert_uint_eq(usage(COMMAND).live, 0);
    close_host();
}
END_TEST

#define THREADS 4

static pthread_barrier_t meeting;
static void *mailbox[THREADS][16];

static bool
run_command(unsigned seed)
{
    void *blocks[8];
    bool is_right = true;
    for (unsigned i = 0; i < COUNT(blocks); i++) {
        blocks[i] = take(64 + seed % 900, 8, COMMAND);
        test_fill(blocks[i], 64 + seed % 900, seed + i);
    }
    for (unsigned i = 0; i < COUNT(blocks); i++) {
        is_right &= test_is_filled(blocks[i], 64 + seed % 900, seed + i);
        give(blocks[i]);
    }
    return is_right;
}

static void *
drive(void *arg)
{
    uintptr_t self = (uintptr_t)arg;
    uintptr_t wrong = 0;
    size_t rounds = test_scaled(2000);
    for (size_t round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < COUNT(mailbox[self]); i++)
            mailbox[self][i] = take(100 + i, 8, OBJECT);
        wrong += !run_command((unsigned)(round * THREADS + self));
        pthread_barrier_wait(&meeting);
        void **others = mailbox[(self + 1) % THREADS];
        for (unsigned i = 0; i < COUNT(mailbox[self]); i++)
            give(others[i]);
        pthread_barrier_wait(&meeting);
    }
    return (void *)wrong;
}

START_TEST(threads_share_a_host)
{
    open_host();
    pthread_t threads[THREADS];
    ck_assert_int_eq(pthread_barrier_init(&meeting, NULL, THREADS), 0);
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, drive, (void *)i),
                         0);
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong;
        ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
        ck_assert_ptr_null(wrong);
    }
    pthread_barrier_destroy(&meeting);
    ck_assert_uint_eq(usage(OBJECT).live, 0);
    ck_assert_uint_eq(usage(COMMAND).live, 0);
    ck_assert_uint_eq(usage(COMMAND).framed, usage(COMMAND).allocs);
    ck_assert_uint_le(fa_scratch_list(w.allocator, NULL, 0), THREADS);
    close_host();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gpu_vulkan_host");
    TCase *contract = tcase_create("contract");
    tcase_add_loop_test(contract, blocks_are_aligned_and_apart_in_every_scope,
                        0, FA_GPU_VK_SCOPES);
    tcase_add_test(contract,
                   a_command_is_served_by_frame_memory_and_rewinds_it);
    tcase_add_test(contract,
                   a_block_stays_while_others_of_its_command_are_freed);
    tcase_add_test(contract, the_frame_of_the_program_is_not_touched);
    tcase_add_test(contract, other_scopes_are_not_in_frames);
    tcase_add_test(contract, a_reallocation_keeps_the_bytes);
    tcase_add_test(contract,
                   a_reallocation_of_nothing_allocates_and_to_nothing_frees);
    tcase_add_test(contract,
                   figures_know_peaks_and_what_the_driver_takes_elsewhere);
    tcase_add_test(contract, a_command_inside_of_one_of_another_host_is_served);
    suite_add_tcase(suite, contract);
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, a_large_block_of_a_command_is_not_in_its_frame);
    tcase_add_test(
        limits, a_driver_that_keeps_memory_of_commands_fills_one_lane_at_most);
    suite_add_tcase(suite, limits);
    TCase *failure = tcase_create("failure");
    tcase_add_loop_test(failure, a_refusal_leaves_the_block_as_it_was, COMMAND,
                        DEVICE + 1);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, what_cannot_be_aligned_or_counted_is_refused);
    tcase_add_test(misuse, scopes_that_are_not_known_live_long);
    tcase_add_test(misuse, nothing_is_made_of_nothing);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, 120);
    tcase_add_test(threads, any_thread_may_free);
    tcase_add_test(threads, threads_share_a_host);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
