/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Handles with many threads: no deadlock, no lost object, no wrong bytes.
 */
#include "handle.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 16
#define OBJECTS 99

static fa_handle object[OBJECTS];

static void
open_with(fa_handle_move_fn moved)
{
    fa_handle_space_config config = FA_HANDLE_SPACE_CONFIG_INIT;
    test_open_guard(&w, FA_GUARD_OFF);
    config.region_size = 64 * KIB;
    config.moved = moved;
    ck_assert_int_eq(fa_handle_space_create(w.allocator, &config, &space),
                     FA_OK);
}

static pthread_barrier_t barrier;
static atomic_bool is_over;
static fa_handle shared[64]; /* Filled before; read by all. */

static void
use_own(unsigned round, unsigned thread, fa_handle *own, unsigned *seed)
{
    unsigned i = (round * 13 + thread) % 16;
    size_t size = 16 + (round * 31 + thread * 7) % 300;
    if (own[i] != FA_HANDLE_NONE) {
        unsigned char *p = fa_handle_pin(space, own[i]);
        size_t old = fa_handle_size(space, own[i]);
        ck_assert(p != NULL && test_is_filled(p, old, seed[i]));
        seed[i] = round;
        test_fill(p, old, round);
        ck_assert_int_eq(fa_handle_unpin(space, own[i]), FA_OK);
        if (round % 3 != 0)
            return;
        ck_assert_int_eq(fa_handle_free(space, own[i]), FA_OK);
        ck_assert(!fa_handle_is_live(space, own[i]));
    }
    own[i] = fa_handle_alloc(space, size, 64, FA_HANDLE_MOVABLE);
    seed[i] = round;
    /* Pinned, for a compaction may run beside it. */
    test_fill(fa_handle_pin(space, own[i]), size, round);
    ck_assert_int_eq(fa_handle_unpin(space, own[i]), FA_OK);
}

static void
use_shared(unsigned round, unsigned thread)
{
    unsigned i = (round * 7 + thread * 3) % COUNT(shared);
    const char *p = fa_handle_pin(space, shared[i]);
    ck_assert_ptr_nonnull(p);
    ck_assert(test_is_filled(p, 100, i));
    ck_assert_ptr_eq(fa_handle_resolve(space, shared[i]), p);
    ck_assert_int_eq(fa_handle_unpin(space, shared[i]), FA_OK);
}

static void *
work(void *arg)
{
    unsigned thread = *(unsigned *)arg, seed[16];
    fa_handle own[16] = {FA_HANDLE_NONE};
    /* Blocks are freed, and gaps closed, from the 17th round on. */
    unsigned rounds =
        64 + (unsigned)test_scaled(test_is_instrumented() ? 300 : 3000);
    pthread_barrier_wait(&barrier);
    for (unsigned round = 0; round < rounds; round++) {
        use_own(round, thread, own, seed);
        use_shared(round, thread);
        if (round % 16 == thread)
            fa_handle_space_compact(space, 8 * KIB, 0);
    }
    for (unsigned i = 0; i < COUNT(own); i++)
        fa_handle_free(space, own[i]);
    return NULL;
}

static void
touch_moved(void *user, const fa_handle_move *move)
{
    (void)user;
    /* Another thread may have freed it meanwhile. */
    if (fa_handle_is_live(space, move->handle))
        fa_handle_free(space, fa_handle_alloc(space, 64, 16, FA_HANDLE_FIXED));
}

START_TEST(sixteen_threads_allocate_pin_free_and_compact)
{
    pthread_t thread[THREADS];
    unsigned number[THREADS];
    open_with(touch_moved);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (unsigned i = 0; i < COUNT(shared); i++) {
        shared[i] = fa_handle_alloc(space, 100, 16, FA_HANDLE_MOVABLE);
        test_fill(fa_handle_resolve(space, shared[i]), 100, i);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        number[i] = i;
        pthread_create(&thread[i], NULL, work, &number[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    check_space();
    ck_assert_uint_gt(stats().move_count, 0);
    for (unsigned i = 0; i < COUNT(shared); i++)
        ck_assert_int_eq(fa_handle_free(space, shared[i]), FA_OK);
    ck_assert_uint_eq(stats().region_count, 0);
    pthread_barrier_destroy(&barrier);
    close_space();
    ck_assert_no_diag(&w.log);
}
END_TEST

/* A program's lock, which the callback takes and the other thread holds. */
static pthread_mutex_t scene = PTHREAD_MUTEX_INITIALIZER;

static void
lock_scene(void *user, const fa_handle_move *move)
{
    (void)user;
    (void)move;
    pthread_mutex_lock(&scene);
    pthread_mutex_unlock(&scene);
}

static void *
pin_under_scene(void *arg)
{
    (void)arg;
    while (!atomic_load(&is_over)) {
        pthread_mutex_lock(&scene);
        for (unsigned i = 0; i < OBJECTS; i += 3)
            if (fa_handle_pin(space, object[i]) != NULL)
                fa_handle_unpin(space, object[i]);
        pthread_mutex_unlock(&scene);
    }
    return NULL;
}

START_TEST(a_callback_may_take_a_lock_that_users_of_objects_hold)
{
    pthread_t thread;
    open_with(lock_scene);
    for (unsigned i = 0; i < OBJECTS; i++)
        object[i] =
            fa_handle_alloc(space, i * 71 % 1000 + 1, 16, FA_HANDLE_MOVABLE);
    atomic_store(&is_over, false);
    pthread_create(&thread, NULL, pin_under_scene, NULL);
    for (unsigned round = 0; round < 100; round++) {
        fa_handle_space_compact(space, 0, 0);
        fa_handle_free(space, object[round / 3 * 3 % 99 + 1]);
        object[round / 3 * 3 % 99 + 1] =
            fa_handle_alloc(space, 50, 16, FA_HANDLE_MOVABLE);
    }
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
    check_space();
    ck_assert_uint_gt(stats().move_count, 0);
    for (unsigned i = 0; i < OBJECTS; i++)
        fa_handle_free(space, object[i]);
    close_space();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("handle_thread");
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, 120);
    tcase_add_test(threads, sixteen_threads_allocate_pin_free_and_compact);
    tcase_add_test(threads,
                   a_callback_may_take_a_lock_that_users_of_objects_hold);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
