/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Configuration of an allocator: every member changes behaviour, seen in the
 * statistics or in what the kernel says, and values out of range are refused.
 */
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_world w;

static void
prepare(void)
{
    test_prepare(&w);
}

static void
close_world(void)
{
    test_close(&w);
}

static void
open_and_begin(void)
{
    test_open(&w);
    test_begin(&w);
}

static void
run_frames(unsigned count, size_t size)
{
    for (unsigned i = 0; i < count; i++) {
        test_begin(&w);
        for (size_t done = 0; done < size; done += 16 * KIB)
            test_write(fa_frame_alloc(w.frame, 16 * KIB, 16), 16 * KIB);
        test_end(&w);
    }
}

/* --- one test per member --- */

START_TEST(frame_lag_keeps_memory_for_so_many_frames)
{
    w.config.frame_lag = 2;
    open_and_begin();
    fa_stamp stamp = fa_frame_stamp(w.frame);
    char *block = fa_frame_alloc(w.frame, 100, 16);
    test_fill(block, 100, 1);
    test_end(&w);
    run_frames(1, 64 * KIB);
    ck_assert(fa_stamp_is_live(w.allocator, stamp));
    ck_assert(test_is_filled(block, 100, 1));
    run_frames(1, 64 * KIB);
    ck_assert(!fa_stamp_is_live(w.allocator, stamp));
    ck_assert_uint_eq(test_stats(w.allocator).reserved_bytes, 3 * 64 * MIB);
}
END_TEST

START_TEST(frame_reserve_is_the_address_space_of_an_arena)
{
    static const size_t sizes[] = {64 * KIB, MIB, 256 * MIB,
                                   IS_64_BIT ? 64 * MIB * KIB : 512 * MIB};
    w.config.frame_reserve = sizes[_i];
    open_and_begin();
    char *block = fa_frame_alloc(w.frame, 16, 16);
    ck_assert_uint_eq(test_stats(w.allocator).reserved_bytes, sizes[_i]);
    if (!test_is_watched())
        ck_assert_int_ge(test_smaps_kib(block, "Size"),
                         (long)(sizes[_i] / KIB));
}
END_TEST

START_TEST(frame_reserve_decides_when_a_frame_spills)
{
    w.config.frame_reserve = MIB;
    test_open(&w);
    run_frames(1, MIB);
    ck_assert_uint_eq(test_stats(w.allocator).spills, 0);
    run_frames(1, MIB + 16 * KIB);
    ck_assert_uint_eq(test_stats(w.allocator).spills, 1);
}
END_TEST

START_TEST(window_is_where_blocks_begin_to_come_from_the_cache)
{
    static const size_t given[] = {4096, 5000, 65536, 1 << 20};
    static const size_t used[] = {4096, 8192, 65536, 1 << 20};
    w.config.window = given[_i];
    open_and_begin();
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, used[_i], 16));
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 0);
    ck_assert_uint_le((size_t)(w.frame->limit - w.frame->cursor), used[_i]);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, used[_i] + 1, 16));
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, used[_i] + 1);
}
END_TEST

START_TEST(memory_limit_refuses_what_would_pass_it)
{
    w.config.memory_limit = 200000;
    open_and_begin();
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 65536, 16));
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 150000, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_uint_le(test_stats(w.allocator).held_peak, 200000);
}
END_TEST

START_TEST(guard_fills_what_is_handed_out)
{
    w.config.guard = FA_GUARD_CHECK;
    open_and_begin();
    unsigned char *block = fa_frame_alloc(w.frame, 100, 16);
    if (!test_is_watched())
        ck_assert(test_is_byte(block, 100, 0xcd));
    ck_assert_int_eq(test_stats(w.allocator).guard, 1);
    /* Every call takes the slow path. */
    ck_assert_ptr_eq(w.frame->limit, w.frame->cursor);
}
END_TEST

static unsigned backend_calls;

static void *
backend_alloc(void *user, size_t size, size_t align)
{
    ck_assert_ptr_eq(user, &backend_calls);
    backend_calls++;
    return aligned_alloc(align, size);
}

static void
backend_free(void *user, void *block, size_t size, size_t align)
{
    (void)size;
    (void)align;
    ck_assert_ptr_eq(user, &backend_calls);
    backend_calls--;
    free(block);
}

START_TEST(heap_is_where_large_blocks_come_from)
{
    fa_heap_backend heap = FA_HEAP_BACKEND_INIT;
    heap.name = "mine";
    heap.user = &backend_calls;
    heap.alloc = backend_alloc;
    heap.free = backend_free;
    w.config.heap = &heap;
    open_and_begin();
    memset(&heap, 0, sizeof(heap)); /* It was copied. */
    ck_assert_str_eq(fa_allocator_heap_name(w.allocator), "mine");
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, MIB, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, MIB, 16));
    ck_assert_uint_eq(backend_calls, 2);
    test_close(&w);
    ck_assert_uint_eq(backend_calls, 0);
}
END_TEST

static void
end_without_begin(void *on_misuse)
{
    struct test_world child;
    test_prepare(&child);
    child.config.on_misuse = (fa_on_misuse)(uintptr_t)on_misuse;
    child.config.diag = NULL;
    test_open(&child);
    test_end(&child);           /* A warning. */
    fa_free(child.ctx, &child); /* An error. */
    _exit(17);
}

START_TEST(on_misuse_decides_whether_a_message_aborts)
{
    struct test_child child;
    static const fa_on_misuse modes[] = {FA_ON_MISUSE_REPORT,
                                         FA_ON_MISUSE_ABORT_ERROR,
                                         FA_ON_MISUSE_ABORT_WARNING};
    test_run_child(&child, end_without_begin, (void *)(uintptr_t)modes[_i]);
    if (_i == 0)
        ck_assert_int_eq(test_child_exit(&child), 17);
    else
        ck_assert_int_eq(test_child_signal(&child), SIGABRT);
    ck_assert_uint_eq(test_child_lines(&child, "FA004"), 1);
    ck_assert_uint_eq(test_child_lines(&child, "FA008"), _i < 2);
}
END_TEST

static void
take_once(void *user, const fa_diag *diag)
{
    ck_assert_uint_eq(diag->number, 4);
    ++*(unsigned *)user;
}

START_TEST(diag_takes_the_messages_with_its_user)
{
    unsigned count = 0;
    w.config.diag = take_once;
    w.config.diag_user = &count;
    test_open(&w);
    test_end(&w);
    test_end(&w);
    ck_assert_uint_eq(count, 2);
}
END_TEST

START_TEST(trim_frames_is_when_idle_memory_goes_back)
{
    w.config.trim_frames = 10;
    w.config.huge_pages = FA_HUGE_NEVER;
    w.config.guard = _i == 0 ? FA_GUARD_OFF : (fa_guard)_i;
    w.config.guard_max = 64; /* So that guard 3 uses the arena, too. */
    open_and_begin();
    char *base = fa_frame_alloc(w.frame, 16, 16);
    test_end(&w);
    run_frames(1, 4 * MIB);
    uint64_t most = test_stats(w.allocator).frame_resident;
    ck_assert_uint_ge(most, 4 * MIB);
    run_frames(8, 16 * KIB);
    ck_assert_uint_ge(test_stats(w.allocator).frame_resident, 4 * MIB);
    run_frames(60, 16 * KIB);
    ck_assert_uint_le(test_stats(w.allocator).frame_resident, 256 * KIB);
    if (_i == 0)
        ck_assert_uint_le(test_resident_pages(base, 4 * MIB), 64);
    run_frames(10, 4 * MIB);
}
END_TEST

START_TEST(trim_frames_may_say_never)
{
    w.config.trim_frames = UINT32_MAX;
    w.config.huge_pages = FA_HUGE_NEVER;
    test_open(&w);
    run_frames(1, 4 * MIB);
    run_frames(2000, 16);
    ck_assert_uint_ge(test_stats(w.allocator).frame_resident, 4 * MIB);
}
END_TEST

START_TEST(trim_frames_is_3600_by_default)
{
    w.config.huge_pages = FA_HUGE_NEVER;
    test_open(&w);
    run_frames(1, 4 * MIB);
    run_frames(3598, 16);
    ck_assert_uint_ge(test_stats(w.allocator).frame_resident, 4 * MIB);
    run_frames(3700, 16);
    ck_assert_uint_le(test_stats(w.allocator).frame_resident, 256 * KIB);
}
END_TEST

START_TEST(cache_limit_bounds_what_is_kept)
{
    void *block[16];
    w.config.cache_limit = 4 * MIB;
    test_open(&w);
    for (unsigned i = 0; i < 16; i++)
        block[i] = fa_heap_alloc(w.ctx, MIB, 16);
    for (unsigned i = 0; i < 16; i++)
        fa_heap_free(w.ctx, block[i]);
    ck_assert_uint_eq(test_stats(w.allocator).cache_bytes, 4 * MIB);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 4 * MIB);
}
END_TEST

START_TEST(prefault_makes_the_arena_resident)
{
    w.config.prefault = 2 * MIB;
    open_and_begin();
    char *base = fa_frame_alloc(w.frame, 16, 16);
    ck_assert_uint_ge(test_stats(w.allocator).frame_resident, 2 * MIB);
    ck_assert(test_is_emulated() || test_resident_pages(base, 2 * MIB) >= 512);
    test_end(&w);
    if (test_is_instrumented())
        return;
    long faults = test_minor_faults();
    test_begin(&w);
    test_write(fa_frame_alloc(w.frame, 30 * KIB, 16), 30 * KIB);
    test_end(&w);
    ck_assert_int_eq(test_minor_faults(), faults);
}
END_TEST

START_TEST(huge_pages_are_asked_for_as_told)
{
    if (access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) != 0 ||
        test_is_watched())
        return;
    w.config.huge_pages = (fa_huge)_i;
    open_and_begin();
    char *base = fa_frame_alloc(w.frame, 16, 16);
    ck_assert_int_eq(test_smaps_flag(base, "hg"), _i == FA_HUGE_ALWAYS);
    for (int i = 0; i < 200; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16 * KIB, 16));
    ck_assert_int_eq(test_smaps_flag(base, "hg"), _i == FA_HUGE_ALWAYS);
    ck_assert_int_eq(test_smaps_flag(base + 3 * MIB, "hg"),
                     _i != FA_HUGE_NEVER);
}
END_TEST

START_TEST(counts_makes_the_number_of_objects_known)
{
    w.config.counts = true;
    open_and_begin();
    for (int i = 0; i < 10; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_uint_eq(test_stats(w.allocator).frame_count, 10);
    ck_assert_ptr_eq(w.frame->limit, w.frame->cursor);
}
END_TEST

START_TEST(guard_quarantine_is_the_number_of_dead_arenas)
{
    char *block[20];
    unsigned keep = _i == 0 ? 3 : (unsigned)_i;
    w.config.guard = FA_GUARD_PROTECT;
    w.config.guard_quarantine = (uint32_t)_i;
    test_open(&w);
    for (unsigned i = 0; i < COUNT(block); i++) {
        test_begin(&w);
        block[i] = fa_frame_alloc(w.frame, 16, 16);
        for (unsigned back = 1; back <= i && back <= keep; back++)
            ck_assert_ptr_ne(block[i], block[i - back]);
        if (i > keep)
            ck_assert_ptr_eq(block[i], block[i - keep - 1]);
        test_end(&w);
    }
}
END_TEST

static bool
has_own_page(const char *block, size_t size)
{
    return ((uintptr_t)block + size) % PAGE == 0;
}

START_TEST(guard_max_is_the_largest_block_with_a_guard_page)
{
    w.config.guard = FA_GUARD_FRESH;
    w.config.guard_max = 1600;
    open_and_begin();
    for (size_t size = 16; size <= 3200; size += 16) {
        char *block = fa_frame_alloc(w.frame, size, 16);
        char *next = fa_frame_alloc(w.frame, size, 16);
        ck_assert_int_eq(has_own_page(block, size) && has_own_page(next, size),
                         size <= 1600);
    }
}
END_TEST

START_TEST(guard_sample_gives_one_of_so_many_a_guard_page)
{
    unsigned count = 0;
    w.config.guard = FA_GUARD_FRESH;
    w.config.guard_sample = 8;
    open_and_begin();
    for (int i = 0; i < 80; i++)
        /* Without a page of its own no block ends so by its red zone. */
        count += has_own_page(fa_frame_alloc(w.frame, 48, 16), 48);
    ck_assert_uint_eq(count, 10);
}
END_TEST

static void
touch_dead_memory(void *report)
{
    struct test_world child;
    test_prepare(&child);
    child.config.guard = FA_GUARD_PROTECT;
    child.config.report = (uintptr_t)report != 0;
    test_open(&child);
    test_begin(&child);
    volatile char *block = fa_frame_alloc(child.frame, 100, 16);
    test_end(&child);
    *block = 1;
}

START_TEST(report_explains_a_fault)
{
    struct test_child child;
    if (test_is_instrumented())
        return;
    test_run_child(&child, touch_dead_memory, (void *)(uintptr_t)_i);
    ck_assert_int_eq(test_child_signal(&child), SIGSEGV);
    ck_assert_uint_eq(test_child_lines(&child, "FA002"), (unsigned)_i);
    ck_assert_uint_eq(test_child_lines(&child, "of frame 1"), (unsigned)_i);
}
END_TEST

/* --- presets --- */

START_TEST(the_default_preset_is_what_null_gives)
{
    fa_allocator *allocator;
    ck_assert_int_eq(fa_allocator_create(NULL, &allocator), FA_OK);
    fa_frame *frame = fa_begin_frame(allocator);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 16, 16));
    ck_assert_uint_eq(test_stats(allocator).reserved_bytes % (64 * MIB), 0);
    if (!test_is_watched() && getenv("FRAMEALLOC_OPTIONS") == NULL)
        ck_assert_int_eq(test_stats(allocator).guard, 0);
    fa_allocator_destroy(allocator);
}
END_TEST

static void
open_preset(fa_allocator_config preset)
{
    preset.guard = w.config.guard;
    preset.diag = w.config.diag;
    preset.diag_user = w.config.diag_user;
    w.config = preset;
    open_and_begin();
}

START_TEST(the_minimal_preset_keeps_little)
{
    open_preset((fa_allocator_config)FA_ALLOCATOR_CONFIG_MINIMAL);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 8 * KIB, 16));
    ck_assert_uint_eq(test_stats(w.allocator).reserved_bytes, MIB);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 0);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 8 * KIB + 1, 16));
    ck_assert_uint_gt(test_stats(w.allocator).block_bytes, 0);
    test_end(&w);
    void *block = fa_heap_alloc(w.ctx, 2 * MIB, 16);
    fa_heap_free(w.ctx, block);
    ck_assert_uint_le(test_stats(w.allocator).cache_bytes, MIB);
    for (int i = 0; i < 200; i++) {
        test_begin(&w);
        for (int j = 0; j < (i == 0 ? 64 : 1); j++)
            ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 4 * KIB, 16));
        test_end(&w);
    }
    ck_assert_uint_le(test_stats(w.allocator).frame_resident, 16 * KIB);
}
END_TEST

START_TEST(the_performance_preset_is_resident_and_huge)
{
    open_preset((fa_allocator_config)FA_ALLOCATOR_CONFIG_PERFORMANCE);
    char *base = fa_frame_alloc(w.frame, 64 * KIB, 16);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.reserved_bytes, 256 * MIB);
    ck_assert_uint_ge(stats.frame_resident, 8 * MIB);
    ck_assert_uint_eq(stats.block_bytes, 0);
    ck_assert(test_is_emulated() || test_resident_pages(base, 8 * MIB) >= 2048);
    if (access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) == 0 &&
        !test_is_watched() && !test_is_emulated())
        ck_assert(test_smaps_flag(base, "hg"));
}
END_TEST

/* --- limits --- */

static void
expect_refused(const char *member)
{
    fa_allocator *out = (fa_allocator *)&w;
    ck_assert_int_eq(fa_allocator_create(&w.config, &out), FA_ERR_CONFIG);
    ck_assert_ptr_null(out);
    ck_assert_ptr_nonnull(strstr(w.log.entry[0].detail, member));
    ck_assert_only_diag(&w.log, 10);
    fa_allocator_config good = FA_ALLOCATOR_CONFIG_INIT;
    good.guard = FA_GUARD_OFF;
    good.diag = w.config.diag;
    good.diag_user = w.config.diag_user;
    w.config = good;
}

START_TEST(values_out_of_range_are_refused_and_the_member_is_named)
{
    w.config.frame_lag = 8;
    expect_refused("frame_lag");
    w.config.frame_reserve = 64 * KIB - 1;
    expect_refused("frame_reserve");
    w.config.frame_reserve = 64 * MIB * KIB + 1;
    expect_refused("frame_reserve");
    w.config.window = 4095;
    expect_refused("window");
    w.config.window = MIB + 1;
    expect_refused("window");
    w.config.memory_limit = 15;
    expect_refused("memory_limit");
    w.config.guard = (fa_guard)4;
    expect_refused("guard");
    w.config.guard = (fa_guard)-2;
    expect_refused("guard");
    w.config.on_misuse = (fa_on_misuse)4;
    expect_refused("on_misuse");
    w.config.huge_pages = (fa_huge)3;
    expect_refused("huge_pages");
    w.config.prefault = 64 * MIB + 1;
    expect_refused("prefault");
    w.config.guard_quarantine = 17;
    expect_refused("guard_quarantine");
    w.config.guard_max = MIB + 1;
    expect_refused("guard_max");
}
END_TEST

START_TEST(a_backend_that_is_incomplete_is_refused)
{
    fa_heap_backend heap = FA_HEAP_BACKEND_INIT;
    w.config.heap = &heap;
    expect_refused("heap");
    heap.alloc = backend_alloc;
    w.config.heap = &heap;
    expect_refused("heap");
    heap.free = backend_free;
    heap.struct_size = 0;
    w.config.heap = &heap;
    expect_refused("heap");
}
END_TEST

START_TEST(a_configuration_of_an_older_header_is_taken)
{
    w.config.frame_lag = 1;
    w.config.window = 1; /* Not looked at: it is beyond the structure. */
    w.config.struct_size = offsetof(fa_allocator_config, window);
    w.config.frame_reserve = MIB;
    test_open(&w);
    test_begin(&w);
    ck_assert_uint_eq(test_stats(w.allocator).reserved_bytes % (2 * MIB), 0);
}
END_TEST

START_TEST(a_configuration_of_a_newer_header_is_taken)
{
    struct {
        fa_allocator_config config;
        unsigned char more[64];
    } new;
    memset(&new, 0xa5, sizeof(new));
    new.config = w.config;
    new.config.struct_size = sizeof(new);
    new.config.frame_reserve = MIB;
    ck_assert_int_eq(fa_allocator_create(&new.config, &w.allocator), FA_OK);
    fa_begin_frame(w.allocator);
    ck_assert_uint_eq(test_stats(w.allocator).reserved_bytes, MIB);
}
END_TEST

static void
add_members(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, prepare, close_world);
    tcase_add_test(tc, frame_lag_keeps_memory_for_so_many_frames);
    /* Valgrind has not as much address space. */
    tcase_add_loop_test(tc, frame_reserve_is_the_address_space_of_an_arena, 0,
                        test_is_watched() ? 3 : 4);
    tcase_add_test(tc, frame_reserve_decides_when_a_frame_spills);
    tcase_add_loop_test(tc, window_is_where_blocks_begin_to_come_from_the_cache,
                        0, 4);
    tcase_add_test(tc, memory_limit_refuses_what_would_pass_it);
    tcase_add_test(tc, guard_fills_what_is_handed_out);
    tcase_add_test(tc, heap_is_where_large_blocks_come_from);
    tcase_add_loop_test(tc, on_misuse_decides_whether_a_message_aborts, 0, 3);
    tcase_add_test(tc, diag_takes_the_messages_with_its_user);
    tcase_add_loop_test(tc, trim_frames_is_when_idle_memory_goes_back, 0, 4);
    tcase_add_test(tc, trim_frames_may_say_never);
    tcase_add_test(tc, trim_frames_is_3600_by_default);
    tcase_add_test(tc, cache_limit_bounds_what_is_kept);
    tcase_add_test(tc, prefault_makes_the_arena_resident);
    tcase_add_loop_test(tc, huge_pages_are_asked_for_as_told, 0, 3);
    tcase_add_test(tc, counts_makes_the_number_of_objects_known);
    tcase_add_loop_test(tc, guard_quarantine_is_the_number_of_dead_arenas, 0,
                        8);
    tcase_add_test(tc, guard_max_is_the_largest_block_with_a_guard_page);
    tcase_add_test(tc, guard_sample_gives_one_of_so_many_a_guard_page);
    tcase_add_loop_test(tc, report_explains_a_fault, 0, 2);
    tcase_add_test(tc, the_default_preset_is_what_null_gives);
    tcase_add_test(tc, the_minimal_preset_keeps_little);
    tcase_add_test(tc, the_performance_preset_is_resident_and_huge);
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("config");
    add_members(suite);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, prepare, close_world);
    tcase_add_test(limits,
                   values_out_of_range_are_refused_and_the_member_is_named);
    tcase_add_test(limits, a_backend_that_is_incomplete_is_refused);
    tcase_add_test(limits, a_configuration_of_an_older_header_is_taken);
    tcase_add_test(limits, a_configuration_of_a_newer_header_is_taken);
    suite_add_tcase(suite, limits);
    return test_main(suite);
}
