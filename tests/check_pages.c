/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Names of mappings, on a kernel that this file pretends to be: what the real
 * one shows is tested by tests/build/names.sh, where it has names.
 */
#include "support.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>

#define NAMES_MAX 64

static struct {
    const char *begin;
    size_t size;
    const char *name;
} names[NAMES_MAX];
static size_t name_count;
static size_t asked;
static bool has_names;

/* Instead of libc's. */
int
prctl(int option, ...)
{
    va_list args;
    va_start(args, option);
    unsigned long what = va_arg(args, unsigned long);
    const char *begin = va_arg(args, const char *);
    size_t size = va_arg(args, size_t);
    const char *name = va_arg(args, const char *);
    va_end(args);
    if (option != 0x53564d41 || what != 0)
        return 0; /* Of the test framework. */
    asked++;
    if (!has_names || name_count == NAMES_MAX) {
        errno = EINVAL;
        return -1;
    }
    names[name_count].begin = begin;
    names[name_count].size = size;
    names[name_count++].name = name;
    return 0;
}

/* The name of what an address is in; of the newest mapping there. */
static const char *
name_of(const void *address)
{
    for (size_t i = name_count; i-- > 0;)
        if ((const char *)address >= names[i].begin &&
            (const char *)address < names[i].begin + names[i].size)
            return names[i].name;
    return "";
}

static struct test_world w;

static void
open_world(fa_guard guard)
{
    name_count = asked = 0;
    test_open_guard(&w, guard);
    test_begin(&w);
}

START_TEST(memory_is_named_by_what_it_is_for)
{
    has_names = true;
    open_world(FA_GUARD_OFF);
    ck_assert_str_eq(name_of(fa_frame_alloc(w.frame, 64, 16)),
                     "framealloc:arena");
    ck_assert_str_eq(name_of(w.ctx), "framealloc:context");
    void *object = fa_pool_alloc(fa_ctx_pool(w.ctx, 64, 16));
    ck_assert_str_eq(name_of(object), "framealloc:pools");
    static const size_t sizes[] = {MIB, 64 * MIB};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        void *block = fa_heap_alloc(w.ctx, sizes[i], 16);
        ck_assert_str_eq(name_of(block), "framealloc:blocks");
        fa_free(w.ctx, block);
    }
    fa_free(w.ctx, object);
    test_close(&w);
}
END_TEST

START_TEST(blocks_with_guard_pages_are_named)
{
    has_names = true;
    open_world(FA_GUARD_FRESH);
    ck_assert_str_eq(name_of(fa_frame_alloc(w.frame, 64, 16)),
                     "framealloc:guarded");
    test_close(&w);
}
END_TEST

START_TEST(rings_of_events_are_named)
{
    has_names = true;
    open_world(FA_GUARD_OFF);
    ck_assert_int_eq(fa_event_ring_set(w.allocator, FA_EVENT_ALL, 0), FA_OK);
    for (size_t i = 0; i < 3; i++) {
        test_end(&w);
        test_begin(&w);
    }
    size_t rings = 0;
    for (size_t i = 0; i < name_count; i++)
        rings += strcmp(names[i].name, "framealloc:events") == 0;
    ck_assert_uint_eq(rings, 1);
    test_close(&w);
}
END_TEST

/* No later test of the process may expect names. */
START_TEST(a_kernel_without_names_is_asked_once_and_errno_stays)
{
    has_names = false;
    errno = ERANGE;
    open_world(FA_GUARD_OFF);
    ck_assert_uint_eq(asked, 1);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 64, 16));
    void *block = fa_heap_alloc(w.ctx, MIB, 16);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(asked, 1);
    ck_assert_int_eq(errno, ERANGE);
    fa_free(w.ctx, block);
    test_close(&w);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("pages");
    TCase *tc = tcase_create("contract");
    tcase_add_test(tc, memory_is_named_by_what_it_is_for);
    tcase_add_test(tc, blocks_with_guard_pages_are_named);
    tcase_add_test(tc, rings_of_events_are_named);
    suite_add_tcase(suite, tc);
    TCase *failure = tcase_create("failure");
    tcase_add_test(failure,
                   a_kernel_without_names_is_asked_once_and_errno_stays);
    suite_add_tcase(suite, failure);
    return test_main(suite);
}
