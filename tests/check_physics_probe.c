/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Another Chipmunk than that of the headers is refused. What this program
 * defines stands before the library's own.
 */
#include "support.h"

#include <framealloc/physics.h>

#include <chipmunk/chipmunk_private.h>

/* Each test is a process of its own, in which Chipmunk is looked at once. */
const char *cpVersionString = "7.0.3";
static bool has_other_layout;

void
cpSpaceSetDamping(cpSpace *space, cpFloat damping)
{
    if (!has_other_layout)
        space->damping = damping;
}

static fa_status
try_to_make_a_world(struct test_world *w)
{
    fa_physics *world;
    test_prepare(w);
    test_open(w);
    fa_status status = fa_physics_create(w->allocator, NULL, &world);
    if (status == FA_OK)
        fa_physics_destroy(world);
    else
        ck_assert_ptr_null(world);
    return status;
}

START_TEST(the_chipmunk_of_the_headers_is_taken)
{
    struct test_world w;
    ck_assert_int_eq(try_to_make_a_world(&w), FA_OK);
    test_close(&w);
}
END_TEST

START_TEST(another_version_is_refused)
{
    struct test_world w;
    cpVersionString = "8.0.0";
    ck_assert_int_eq(try_to_make_a_world(&w), FA_ERR_UNSUPPORTED);
    ck_assert_only_diag(&w.log, 918);
    test_close(&w);
}
END_TEST

START_TEST(another_layout_is_refused)
{
    struct test_world w;
    has_other_layout = true;
    ck_assert_int_eq(try_to_make_a_world(&w), FA_ERR_UNSUPPORTED);
    ck_assert_only_diag(&w.log, 918);
    test_close(&w);
}
END_TEST

int
main(void)
{
    if (!test_is_forking())
        return 77;
    Suite *suite = suite_create("physics_probe");
    TCase *tc = tcase_create("failure");
    tcase_add_test(tc, the_chipmunk_of_the_headers_is_taken);
    tcase_add_test(tc, another_version_is_refused);
    tcase_add_test(tc, another_layout_is_refused);
    suite_add_tcase(suite, tc);
    return test_main(suite);
}
