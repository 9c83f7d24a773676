/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Shared objects: counts, destructors, misuse, threads.
 */
#include "support.h"

#include <pthread.h>

static struct test_world w;
static unsigned destroyed;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    destroyed = 0;
}

static void
open_guarded_world(void)
{
    test_open_guard(&w, FA_GUARD_CHECK);
    destroyed = 0;
}

static void
close_world(void)
{
    test_close(&w);
}

struct mesh {
    uint64_t vertices;
    struct mesh *base;
};

static void
destroy_mesh(fa_ctx *ctx, void *object)
{
    struct mesh *mesh = object;
    __atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
    fa_rc_release(ctx, mesh->base);
}

static struct mesh *
make(void)
{
    struct mesh *mesh = fa_rc_new(w.ctx, struct mesh, destroy_mesh);
    ck_assert_ptr_nonnull(mesh);
    return mesh;
}

/* --- contract --- */

START_TEST(the_last_release_destroys)
{
    struct mesh *mesh = make();
    ck_assert_uint_eq(mesh->vertices, 0);
    ck_assert_ptr_eq(fa_rc_share(w.ctx, struct mesh, mesh), mesh);
    ck_assert_uint_eq(fa_rc_count(mesh), 2);
    ck_assert(!fa_rc_release(w.ctx, mesh));
    ck_assert_uint_eq(destroyed, 0);
    ck_assert(fa_rc_release(w.ctx, mesh));
    ck_assert_uint_eq(destroyed, 1);
}
END_TEST

START_TEST(a_destructor_may_release_other_objects)
{
    struct mesh *mesh = make();
    mesh->base = make();
    ck_assert(fa_rc_release(w.ctx, mesh));
    ck_assert_uint_eq(destroyed, 2);
}
END_TEST

START_TEST(the_block_is_used_again)
{
    struct mesh *mesh = make();
    fa_rc_release(w.ctx, mesh);
    struct mesh *next = make();
    ck_assert_ptr_eq(next, mesh);
    fa_rc_release(w.ctx, next);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
}
END_TEST

START_TEST(the_header_is_sixteen_bytes)
{
    /* Of 48 bytes, 32 are the object's: the block is one of 48, not 64. */
    void *object = fa_rc_alloc(w.ctx, 32, 16, NULL);
    ck_assert_uint_eq(fa_heap_usable_size((char *)object - FA_RC_HEADER), 48);
    fa_rc_release(w.ctx, object);
}
END_TEST

/* --- limits --- */

START_TEST(alignments_and_sizes_of_all_kinds_are_served)
{
    for (size_t align = 1; align <= PAGE; align *= 2)
        for (size_t size = 1; size < 100000; size *= 7) {
            char *object = fa_rc_alloc(w.ctx, size, align, NULL);
            ck_assert_ptr_nonnull(object);
            ck_assert_uint_eq((uintptr_t)object % align, 0);
            test_fill(object, size, 3);
            ck_assert_uint_eq(fa_rc_count(object), 1);
            ck_assert(fa_rc_release(w.ctx, object));
        }
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_size_that_wraps_is_refused)
{
    ck_assert_ptr_null(fa_rc_alloc(w.ctx, test_size(SIZE_MAX - 8), 16, NULL));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
}
END_TEST

START_TEST(null_is_no_object)
{
    ck_assert_ptr_null(fa_rc_retain(w.ctx, NULL));
    ck_assert(!fa_rc_release(w.ctx, NULL));
    ck_assert_uint_eq(fa_rc_count(NULL), 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- misuse --- */

START_TEST(an_alignment_that_is_none_is_refused)
{
    ck_assert_ptr_null(fa_rc_alloc(w.ctx, 16, 3, NULL));
    ck_assert_only_diag(&w.log, 13);
}
END_TEST

START_TEST(a_release_too_many_is_found_out)
{
    if (test_is_watched())
        return;
    struct mesh *mesh = make();
    ck_assert(fa_rc_release(w.ctx, mesh));
    ck_assert(!fa_rc_release(w.ctx, mesh));
    ck_assert_only_diag(&w.log, 241);
    ck_assert_ptr_null(fa_rc_retain(w.ctx, mesh));
    ck_assert_only_diag(&w.log, 241);
    ck_assert_uint_eq(destroyed, 1);
}
END_TEST

START_TEST(the_last_release_by_another_allocator_is_refused)
{
    struct test_world other;
    struct mesh *mesh = make();
    test_open_guard(&other, FA_GUARD_OFF);
    ck_assert(!fa_rc_release(other.ctx, mesh));
    ck_assert_only_diag(&other.log, 8);
    test_close(&other);
    ck_assert_uint_eq(destroyed, 0);
    ck_assert(fa_rc_release(w.ctx, mesh));
}
END_TEST

START_TEST(objects_that_are_left_are_reported)
{
    make();
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
    ck_assert_only_diag(&w.log, 610);
}
END_TEST

/* --- threads --- */

static void *
release_there(void *object)
{
    ck_assert(fa_rc_release(fa_ctx_current(w.allocator), object));
    return NULL;
}

START_TEST(any_thread_may_release_the_last)
{
    test_run_thread(release_there, make());
    ck_assert_uint_eq(destroyed, 1);
    ck_assert_no_diag(&w.log);
}
END_TEST

static void *
share_and_release(void *object)
{
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    for (size_t i = 0; i < test_scaled(5000); i++) {
        ck_assert_ptr_eq(fa_rc_retain(ctx, object), object);
        ck_assert(!fa_rc_release(ctx, object));
    }
    struct mesh *mesh = object;
    __atomic_fetch_add(&mesh->vertices, 1, __ATOMIC_RELAXED);
    fa_rc_release(ctx, object);
    return NULL;
}

START_TEST(counts_are_exact_between_threads)
{
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    struct mesh *mesh = make();
    for (unsigned i = 0; i < THREADS; i++) {
        fa_rc_retain(w.ctx, mesh);
        pthread_create(&thread[i], NULL, share_and_release, mesh);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_eq(fa_rc_count(mesh), 1);
    ck_assert_uint_eq(mesh->vertices, THREADS);
    ck_assert(fa_rc_release(w.ctx, mesh));
    ck_assert_uint_eq(destroyed, 1);
}
END_TEST

static void *
let_go(void *object)
{
    fa_rc_release(fa_ctx_current(w.allocator), object);
    return NULL;
}

START_TEST(the_destructor_runs_once_when_all_let_go_at_once)
{
    enum { THREADS = 4 };
    for (size_t n = 0; n < test_scaled(100); n++) {
        pthread_t thread[THREADS];
        struct mesh *mesh = make();
        for (unsigned i = 0; i < THREADS; i++) {
            fa_rc_retain(w.ctx, mesh);
            pthread_create(&thread[i], NULL, let_go, mesh);
        }
        fa_rc_release(w.ctx, mesh);
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(thread[i], NULL);
        ck_assert_uint_eq(destroyed, n + 1);
    }
    ck_assert_no_diag(&w.log);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("rc");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_world, close_world);
    tcase_add_test(contract, the_last_release_destroys);
    tcase_add_test(contract, a_destructor_may_release_other_objects);
    tcase_add_test(contract, the_block_is_used_again);
    tcase_add_test(contract, the_header_is_sixteen_bytes);
    suite_add_tcase(suite, contract);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, alignments_and_sizes_of_all_kinds_are_served);
    tcase_add_test(limits, a_size_that_wraps_is_refused);
    tcase_add_test(limits, null_is_no_object);
    suite_add_tcase(suite, limits);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, an_alignment_that_is_none_is_refused);
    tcase_add_test(misuse, a_release_too_many_is_found_out);
    tcase_add_test(misuse, the_last_release_by_another_allocator_is_refused);
    tcase_add_test(misuse, objects_that_are_left_are_reported);
    suite_add_tcase(suite, misuse);
    TCase *guarded = tcase_create("guarded");
    tcase_add_checked_fixture(guarded, open_guarded_world, close_world);
    tcase_add_test(guarded, a_release_too_many_is_found_out);
    suite_add_tcase(suite, guarded);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_set_timeout(threads, 60);
    tcase_add_test(threads, any_thread_may_release_the_last);
    tcase_add_test(threads, counts_are_exact_between_threads);
    tcase_add_test(threads, the_destructor_runs_once_when_all_let_go_at_once);
    suite_add_tcase(suite, threads);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
