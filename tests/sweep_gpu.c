/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Failure, everywhere in the GPU module: a scenario of frames, lifetimes,
 * transfers both ways, budgets and unified buffers runs again and again with
 * the n-th call of a function of the backend failing, or the n-th block of the
 * heap refused, for n = 1, 2, 3 ... until none is left; once with that call
 * alone, once with all later ones, too.
 *
 * Whatever fails must say why and leave everything as it was: afterwards the
 * same device runs the scenario without a failure. A lost device is asked for
 * nothing more. At the end all has been given back to the driver and the heap.
 *
 * The module is compiled into this program with the heap's functions renamed
 * to sweep_heap_*(), which refuse and count.
 */
#include "sweep_gpu.h"

#include <string.h>

/* Nothing fails any more, and the device has done what it was given. */
static void
recover(void)
{
    uint64_t serial;
    fault.at = 0;
    fault.is_hit = false;
    ck_assert_int_eq(fa_gpu_transfer_submit(world.gpu, &serial), FA_OK);
    fa_gpu_null_complete(world.null, FA_GPU_LANE_TRANSFER, serial);
    fa_gpu_null_complete(world.null, FA_GPU_LANE_FRAME, world.serial);
    ck_assert_int_eq(fa_gpu_trim(world.gpu), FA_OK);
}

static void
use_gpu(void)
{
    sweep_scenario();
    if (fault.is_hit && !world.is_lost) {
        recover();
        sweep_scenario();
        ck_assert_uint_eq(world.failed, 0);
        fault.is_hit = true;
    }
    fa_gpu_destroy(world.gpu);
}

/* Whether there was an n-th call. */
static bool
run(enum sweep_kind kind, unsigned n)
{
    memset(&world, 0, sizeof(world));
    fault.at = n;
    fault.count = 0;
    fault.is_hit = false;
    test_prepare(&world.core);
    test_open(&world.core);
    if (sweep_open(kind))
        use_gpu();
    ck_assert_uint_eq(world.blocks, 0);
    ck_assert_uint_eq(world.pieces, 0);
    ck_assert_uint_eq(test_log_count(&world.core.log, 556), world.is_lost);
    ck_assert_uint_eq(world.core.log.count, world.is_lost);
    test_close(&world.core);
    return fault.is_hit;
}

static void
sweep(enum sweep_call call, fa_status answer, bool is_lasting)
{
    /* FA_TEST_SCALE makes the steps wider. */
    unsigned step = (unsigned)(64 / test_scaled(64));
    fault.call = call;
    fault.answer = answer;
    fault.is_lasting = is_lasting;
    unsigned calls = 0;
    for (int kind = 0; kind < KINDS; kind++)
        for (unsigned n = 1; run((enum sweep_kind)kind, n); n += step)
            calls++;
    ck_assert_uint_gt(calls, 0);
}

static const struct {
    enum sweep_call call;
    fa_status answer;
} failures[] = {{HEAP, FA_ERR_NOMEM},        {CHOOSE, FA_ERR_BACKEND},
                {CREATE, FA_ERR_NOMEM},      {CREATE, FA_ERR_BACKEND},
                {FLUSH, FA_ERR_BACKEND},     {INVALIDATE, FA_ERR_BACKEND},
                {RECORD, FA_ERR_BACKEND},    {SUBMIT, FA_ERR_BACKEND},
                {SUBMIT, FA_ERR_NOMEM},      {SUBMIT, FA_NOT_READY},
                {COMPLETED, FA_ERR_BACKEND}, {WAIT, FA_ERR_BACKEND},
                {WAIT, FA_TIMEOUT},          {BUDGET, FA_ERR_BACKEND}};

static const enum sweep_call losses[] = {CREATE, FLUSH,     INVALIDATE, RECORD,
                                         SUBMIT, COMPLETED, WAIT,       BUDGET};

START_TEST(without_failures_all_is_done)
{
    for (int kind = 0; kind < KINDS; kind++)
        ck_assert(!run((enum sweep_kind)kind, 0));
}
END_TEST

START_TEST(pressure_is_told_while_no_lock_is_held)
{
    ck_assert(!run(UNIFIED, 0));
    ck_assert_uint_gt(world.told, 0);
}
END_TEST

START_TEST(one_failure_is_told_and_leaves_no_trace)
{
    sweep(failures[_i].call, failures[_i].answer, false);
}
END_TEST

START_TEST(lasting_failures_are_told_and_leave_no_trace)
{
    sweep(failures[_i].call, failures[_i].answer, true);
}
END_TEST

START_TEST(a_lost_device_is_asked_for_nothing_more)
{
    sweep(losses[_i], FA_ERR_DEVICE_LOST, false);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sweep_gpu");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, without_failures_all_is_done);
    tcase_add_test(contract, pressure_is_told_while_no_lock_is_held);
    suite_add_tcase(suite, contract);
    TCase *failure = tcase_create("failure");
    tcase_set_timeout(failure, 300);
    int count = (int)COUNT(failures);
    tcase_add_loop_test(failure, one_failure_is_told_and_leaves_no_trace, 0,
                        count);
    tcase_add_loop_test(failure, lasting_failures_are_told_and_leave_no_trace,
                        0, count);
    tcase_add_loop_test(failure, a_lost_device_is_asked_for_nothing_more, 0,
                        (int)COUNT(losses));
    suite_add_tcase(suite, failure);
    return test_main(suite);
}
