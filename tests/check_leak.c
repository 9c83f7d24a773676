/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * How many leaks the report at the end names. What it says of each is in
 * check_pool.
 */
#include "support.h"

#include <string.h>

#define NAMED 8

/* The last message; longer than the log of the world keeps. */
static char detail[2048];
static unsigned reports;

static void
take_detail(void *user, const fa_diag *diag)
{
    (void)user;
    ck_assert_uint_eq(diag->number, 610);
    ck_assert_uint_lt(strlen(diag->detail), sizeof(detail));
    strcpy(detail, diag->detail);
    reports++;
}

/* Destroys an allocator with so many live heap blocks, of a tag whose name is
 * as long as one may be. */
static void
leak(fa_guard guard, size_t count)
{
    static const char name[] =
        "a tag whose name is as long as one may be: 47 b";
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    fa_allocator *allocator;
    config.guard = guard;
    config.diag = take_detail;
    ck_assert_int_eq(fa_allocator_create(&config, &allocator), FA_OK);
    fa_ctx *ctx = fa_ctx_current(allocator);
    ck_assert_uint_eq(sizeof(name), FA_TAG_NAME_MAX);
    fa_tag_push(ctx, fa_tag_register(allocator, name));
    for (size_t i = 0; i < count; i++)
        ck_assert_ptr_nonnull(fa_heap_alloc(ctx, 100001 + i, 16));
    fa_tag_pop(ctx);
    fa_allocator_destroy(allocator);
}

static size_t
count_named(void)
{
    size_t count = 0;
    for (const char *p = detail; (p = strstr(p, " bytes, tag ")) != NULL; p++)
        count++;
    return count;
}

START_TEST(up_to_eight_leaks_are_all_named)
{
    for (size_t i = 1; i <= NAMED; i++) {
        leak(_i == 0 ? FA_GUARD_OFF : FA_GUARD_CHECK, i);
        ck_assert_uint_eq(count_named(), i);
        ck_assert_ptr_null(strstr(detail, "more"));
    }
    ck_assert_uint_eq(reports, NAMED);
}
END_TEST

START_TEST(of_more_leaks_eight_are_named_and_the_rest_is_counted)
{
    leak(_i == 0 ? FA_GUARD_OFF : FA_GUARD_CHECK, NAMED + 1);
    ck_assert_uint_eq(count_named(), NAMED);
    ck_assert_ptr_nonnull(strstr(detail, "9 blocks, 0 explicit contexts; 0x"));
    const char *end = detail + strlen(detail) - strlen("; and 1 more");
    ck_assert_str_eq(end, "; and 1 more");
    leak(_i == 0 ? FA_GUARD_OFF : FA_GUARD_CHECK, 100);
    ck_assert_uint_eq(count_named(), NAMED);
    ck_assert_ptr_nonnull(strstr(detail, "; and 92 more"));
}
END_TEST

START_TEST(without_leaks_nothing_is_reported)
{
    leak(_i == 0 ? FA_GUARD_OFF : FA_GUARD_CHECK, 0);
    ck_assert_uint_eq(reports, 0);
}
END_TEST

static void
reset(void)
{
    reports = 0;
    detail[0] = '\0';
}

int
main(void)
{
    Suite *suite = suite_create("leak");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, reset, NULL);
    tcase_add_loop_test(tc, up_to_eight_leaks_are_all_named, 0, 2);
    tcase_add_loop_test(tc, without_leaks_nothing_is_reported, 0, 2);
    suite_add_tcase(suite, tc);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, reset, NULL);
    tcase_add_loop_test(
        limits, of_more_leaks_eight_are_named_and_the_rest_is_counted, 0, 2);
    suite_add_tcase(suite, limits);
    return test_main(suite);
}
