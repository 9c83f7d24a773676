/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Structures of programs that were built with older or newer headers.
 */
#include "support.h"

#include "accounting/sized.h"
#include "memory/memory.h"

struct sample {
    size_t struct_size;
    int first;
    int second;
};

struct newer {
    struct sample known;
    int third;
};

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

static bool
read_sample(const void *given, struct sample *out)
{
    return fai_sized_read(&w.allocator->reporter, "sample", given,
                          offsetof(struct sample, second), out, sizeof(*out));
}

START_TEST(members_that_a_program_does_not_know_keep_their_defaults)
{
    struct sample given = {offsetof(struct sample, second), 3, 99};
    struct sample out = {sizeof(out), 1, 2};
    ck_assert(read_sample(&given, &out));
    ck_assert_int_eq(out.first, 3);
    ck_assert_int_eq(out.second, 2);
    ck_assert_uint_eq(out.struct_size, sizeof(out));
}
END_TEST

START_TEST(members_that_the_library_does_not_know_are_passed_over)
{
    struct newer given = {{sizeof(given), 3, 4}, 5};
    struct sample out[2] = {{sizeof(out[0]), 1, 2}, {7, 7, 7}};
    ck_assert(read_sample(&given, &out[0]));
    ck_assert_int_eq(out[0].second, 4);
    ck_assert_uint_eq(out[1].struct_size, 7);
}
END_TEST

START_TEST(no_more_is_written_than_the_program_has_room_for)
{
    struct sample from = {0, 3, 4};
    struct sample out = {offsetof(struct sample, second), 1, 2};
    ck_assert(fai_sized_write(&w.allocator->reporter, "sample", &from,
                              sizeof(from), &out));
    ck_assert_int_eq(out.first, 3);
    ck_assert_int_eq(out.second, 2);
    ck_assert_uint_eq(out.struct_size, offsetof(struct sample, second));
}
END_TEST

START_TEST(figures_go_into_shorter_structures_of_older_programs)
{
    fa_handle_space *space;
    fa_handle_stats stats = FA_HANDLE_STATS_INIT;
    fa_handle_space_config config = FA_HANDLE_SPACE_CONFIG_INIT;
    config.struct_size = offsetof(fa_handle_space_config, moved);
    ck_assert_int_eq(fa_handle_space_create(w.allocator, &config, &space),
                     FA_OK);
    stats.struct_size = offsetof(fa_handle_stats, fragmentation);
    stats.fragmentation = 7;
    ck_assert_int_eq(fa_handle_space_stats_read(space, &stats), FA_OK);
    ck_assert_double_eq(stats.fragmentation, 7);
    fa_handle_space_destroy(space);
}
END_TEST

START_TEST(sizes_that_no_header_has_had_are_refused)
{
    const size_t sizes[] = {0, 7, offsetof(struct sample, first), 4097,
                            SIZE_MAX};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct sample given = {sizes[i], 3, 4}, out = {sizeof(out), 1, 2};
        ck_assert(!read_sample(&given, &out));
        ck_assert_int_eq(out.first, 1);
        ck_assert_only_diag(&w.log, 10);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sized");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc,
                   members_that_a_program_does_not_know_keep_their_defaults);
    tcase_add_test(tc, members_that_the_library_does_not_know_are_passed_over);
    tcase_add_test(tc, no_more_is_written_than_the_program_has_room_for);
    tcase_add_test(tc, figures_go_into_shorter_structures_of_older_programs);
    suite_add_tcase(suite, tc);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, sizes_that_no_header_has_had_are_refused);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
