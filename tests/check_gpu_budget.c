/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets of GPU memory: hard limits are never passed, soft ones when asked,
 * a driver that talks nonsense is not believed, and it is asked once a frame.
 */
#include "gpu_world.h"

#include <pthread.h>
#include <string.h>

static struct gpu_world w;

/* What the driver says. */
static struct {
    uint64_t budget;
    uint64_t usage;
    unsigned asked;
    bool is_there;
} driver;

static fa_status
driver_budget(void *user, uint64_t *budgets, uint64_t *usages)
{
    (void)user;
    driver.asked++;
    budgets[0] = driver.budget;
    usages[0] = driver.usage;
    return FA_OK;
}

static void
driver_caps(void *user, fa_gpu_caps *out)
{
    gpu_driver.inner.caps(user, out);
    out->has_budget = driver.is_there;
}

/* As gpu_open(), with a driver that knows its budget. */
static void
open_asked(uint64_t budget, uint64_t usage)
{
    fa_gpu_backend backend;
    gpu_prepare(&w);
    test_open(&w.core);
    ck_assert_int_eq(
        fa_gpu_null_create(w.core.allocator, &w.null_config, &backend, &w.null),
        FA_OK);
    gpu_driver = (struct gpu_driver){.inner = backend};
    driver.budget = budget;
    driver.usage = usage;
    driver.asked = 0;
    driver.is_there = true;
    backend.caps = driver_caps;
    backend.budget = driver_budget;
    backend.block_create = gpu_count_create;
    backend.block_destroy = gpu_count_destroy;
    ck_assert_int_eq(
        fa_gpu_create(w.core.allocator, &w.config, &backend, &w.gpu), FA_OK);
}

static fa_status
try_keep(uint64_t size, unsigned flags, fa_tag tag, fa_gpu_slice *slice)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = size;
    request.flags = flags | FA_GPU_DEDICATED;
    request.tag = tag;
    return fa_gpu_alloc(w.gpu, &request, slice);
}

static fa_gpu_usage
usage(void)
{
    fa_gpu_usage out = FA_GPU_USAGE_INIT;
    ck_assert_int_eq(fa_gpu_usage_read(w.gpu, &out), FA_OK);
    return out;
}

static void
limit(uint64_t gpu_bytes, uint64_t cpu_bytes, uint64_t combined_bytes)
{
    fa_gpu_budget budget = FA_GPU_BUDGET_INIT;
    budget.gpu_bytes = gpu_bytes;
    budget.cpu_bytes = cpu_bytes;
    budget.combined_bytes = combined_bytes;
    ck_assert_int_eq(fa_gpu_budget_set(w.gpu, &budget), FA_OK);
}

/* --- contract --- */

START_TEST(usage_rises_and_falls)
{
    gpu_prepare(&w);
    gpu_open(&w);
    fa_gpu_slice slice;
    ck_assert_uint_eq(usage().gpu.held_bytes, 0);
    ck_assert_int_eq(try_keep(3 * MIB, 0, 0, &slice), FA_OK);
    ck_assert_uint_eq(usage().gpu.held_bytes, 3 * MIB);
    ck_assert_uint_eq(usage().gpu.used_bytes, 3 * MIB);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_OK);
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    ck_assert_uint_eq(usage().gpu.held_bytes, 0);
    ck_assert_uint_eq(usage().gpu.used_bytes, 0);
    ck_assert_uint_eq(usage().gpu.peak_bytes, 3 * MIB);
    gpu_close(&w);
}
END_TEST

START_TEST(a_hard_limit_is_not_passed_and_the_driver_not_asked)
{
    gpu_prepare(&w);
    gpu_open(&w);
    limit(4 * MIB, 0, 0);
    fa_gpu_slice a;
    fa_gpu_slice b;
    ck_assert_int_eq(try_keep(3 * MIB, 0, 0, &a), FA_OK);
    unsigned creates = gpu_driver.creates;
    ck_assert_int_eq(try_keep(2 * MIB, 0, 0, &b), FA_ERR_BUDGET);
    ck_assert_uint_eq(gpu_driver.creates, creates);
    ck_assert_uint_eq(b.id, 0);
    ck_assert_int_eq(try_keep(1 * MIB, 0, 0, &b), FA_OK);
    ck_assert_int_eq(usage().level, FA_GPU_LEVEL_FULL);
    fa_gpu_free(w.gpu, &a);
    fa_gpu_free(w.gpu, &b);
    gpu_close(&w);
}
END_TEST

START_TEST(the_combined_limit_counts_the_core)
{
    gpu_prepare(&w);
    gpu_open(&w);
    uint64_t core = usage().cpu.held_bytes;
    ck_assert_uint_gt(core, 0);
    limit(0, 0, core + 2 * MIB);
    fa_gpu_slice slice;
    ck_assert_int_eq(try_keep(3 * MIB, 0, 0, &slice), FA_ERR_BUDGET);
    limit(0, 0, core + 8 * MIB);
    ck_assert_int_eq(try_keep(3 * MIB, 0, 0, &slice), FA_OK);
    fa_gpu_free(w.gpu, &slice);
    gpu_close(&w);
}
END_TEST

START_TEST(a_unified_device_has_one_pool)
{
    gpu_prepare(&w);
    gpu_open(&w);
    uint64_t core = usage().cpu.held_bytes;
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice slice;
    request.size = 1 * MIB;
    request.intent = FA_GPU_STAGING;
    request.flags = FA_GPU_DEDICATED;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &slice), FA_OK);
    ck_assert_uint_eq(usage().gpu.held_bytes, 1 * MIB);
    /* The null device's memory is the core's: that is all it has grown by. */
    ck_assert_uint_le(usage().cpu.held_bytes, core + 3 * MIB);
    fa_gpu_free(w.gpu, &slice);
    gpu_close(&w);
}
END_TEST

START_TEST(a_discrete_device_has_two_pools)
{
    gpu_prepare(&w);
    w.null_config.is_discrete = true;
    gpu_open(&w);
    fa_gpu_slice near;
    fa_gpu_slice far;
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 1 * MIB;
    request.flags = FA_GPU_DEDICATED;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &near), FA_OK);
    ck_assert_uint_eq(usage().gpu.held_bytes, 1 * MIB);
    ck_assert_uint_eq(usage().cpu.used_bytes, 0);
    request.intent = FA_GPU_STAGING;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &far), FA_OK);
    ck_assert_uint_eq(usage().gpu.held_bytes, 1 * MIB);
    ck_assert_uint_eq(usage().cpu.used_bytes, 1 * MIB);
    limit(0, 1, 0);
    fa_gpu_slice none;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &none), FA_ERR_BUDGET);
    request.intent = FA_GPU_DEVICE_ONLY;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &none), FA_OK);
    fa_gpu_free(w.gpu, &none);
    fa_gpu_free(w.gpu, &near);
    fa_gpu_free(w.gpu, &far);
    gpu_close(&w);
}
END_TEST

START_TEST(a_tag_has_its_own_limit)
{
    gpu_prepare(&w);
    gpu_open(&w);
    ck_assert_int_eq(fa_gpu_tag_budget_set(w.gpu, 3, 1 * MIB), FA_OK);
    fa_gpu_slice slice;
    fa_gpu_slice other;
    uint64_t bytes;
    uint64_t peak;
    ck_assert_int_eq(try_keep(2 * MIB, 0, 3, &slice), FA_ERR_BUDGET);
    ck_assert_int_eq(try_keep(2 * MIB, 0, 4, &other), FA_OK);
    ck_assert_int_eq(try_keep(1 * MIB, 0, 3, &slice), FA_OK);
    fa_gpu_tag_usage_read(w.gpu, 3, &bytes, &peak);
    ck_assert_uint_eq(bytes, 1 * MIB);
    fa_gpu_free(w.gpu, &slice);
    fa_gpu_free(w.gpu, &other);
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    fa_gpu_tag_usage_read(w.gpu, 3, &bytes, &peak);
    ck_assert_uint_eq(bytes, 0);
    ck_assert_uint_eq(peak, 1 * MIB);
    ck_assert_int_eq(fa_gpu_tag_budget_set(w.gpu, FA_TAG_MAX, 1), FA_ERR_USAGE);
    gpu_close(&w);
}
END_TEST

/* --- the driver --- */

START_TEST(the_driver_is_asked_once_a_frame)
{
    open_asked(100 * MIB, 0);
    for (unsigned frame = 1; frame <= 5; frame++) {
        gpu_begin(&w);
        for (unsigned i = 0; i < 10; i++)
            gpu_take(&w, FA_GPU_HOST_VISIBLE, 60 * KIB);
        usage();
        gpu_end(&w);
        ck_assert_uint_eq(driver.asked, frame);
    }
    gpu_close(&w);
}
END_TEST

START_TEST(a_soft_limit_follows_the_driver)
{
    open_asked(10 * MIB, 0);
    gpu_begin(&w);
    fa_gpu_slice a;
    fa_gpu_slice b;
    ck_assert_int_eq(try_keep(8 * MIB, FA_GPU_WITHIN_BUDGET, 0, &a), FA_OK);
    /* 9 MiB are 90 %: our own bytes count at once. */
    ck_assert_int_eq(try_keep(2 * MIB, FA_GPU_WITHIN_BUDGET, 0, &b),
                     FA_ERR_BUDGET);
    ck_assert_int_eq(try_keep(2 * MIB, 0, 0, &b), FA_OK);
    fa_gpu_free(w.gpu, &a);
    fa_gpu_free(w.gpu, &b);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

START_TEST(a_budget_that_shrinks_is_noticed)
{
    open_asked(100 * MIB, 0);
    gpu_begin(&w);
    fa_gpu_slice slice;
    ck_assert_int_eq(try_keep(8 * MIB, 0, 0, &slice), FA_OK);
    ck_assert_int_eq(usage().level, FA_GPU_LEVEL_LOW);
    gpu_end(&w);
    driver.budget = 8 * MIB;
    driver.usage = 8 * MIB;
    gpu_begin(&w);
    ck_assert_int_eq(usage().level, FA_GPU_LEVEL_FULL);
    ck_assert_uint_eq(usage().gpu.driver_budget, 8 * MIB);
    fa_gpu_free(w.gpu, &slice);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

START_TEST(nonsense_of_the_driver_is_not_believed)
{
    /* 0: not known; the heap has 256 MiB, of which 80 % count. */
    open_asked(0, 0);
    gpu_begin(&w);
    ck_assert_uint_eq(usage().gpu.driver_budget,
                      256 * MIB / 100 * 80 + 256 * MIB % 100 * 80 / 100);
    gpu_end(&w);
    /* More than there is. */
    driver.budget = UINT64_MAX;
    gpu_begin(&w);
    ck_assert_uint_eq(usage().gpu.driver_budget, 256 * MIB);
    /* No usage, though we hold something. */
    fa_gpu_slice slice;
    ck_assert_int_eq(try_keep(8 * MIB, 0, 0, &slice), FA_OK);
    gpu_end(&w);
    gpu_begin(&w);
    ck_assert_uint_eq(usage().gpu.driver_usage, usage().gpu.held_bytes);
    fa_gpu_free(w.gpu, &slice);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

/* --- pressure --- */

static unsigned told;
static fa_gpu_level told_level;

/* Callbacks are outside of locks: they may call the library. */
static void
pressure(void *user, fa_gpu *gpu, fa_gpu_level level)
{
    fa_gpu_usage out = FA_GPU_USAGE_INIT;
    ck_assert_ptr_eq(user, &told);
    ck_assert_int_eq(fa_gpu_usage_read(gpu, &out), FA_OK);
    told++;
    told_level = level;
}

START_TEST(each_level_is_told_once)
{
    gpu_prepare(&w);
    gpu_open(&w);
    fa_gpu_budget budget = FA_GPU_BUDGET_INIT;
    budget.gpu_bytes = 100 * MIB;
    budget.pressure = pressure;
    budget.user = &told;
    told = 0;
    ck_assert_int_eq(fa_gpu_budget_set(w.gpu, &budget), FA_OK);
    fa_gpu_slice slices[10];
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_int_eq(try_keep(10 * MIB, 0, 0, &slices[i]), FA_OK);
        ck_assert_uint_eq(told, i < 7 ? 0 : i < 8 ? 1 : i < 9 ? 2 : 3);
    }
    ck_assert_int_eq(told_level, FA_GPU_LEVEL_FULL);
    for (unsigned i = 0; i < 10; i++)
        fa_gpu_free(w.gpu, &slices[i]);
    gpu_begin(&w);
    gpu_end(&w);
    ck_assert_uint_eq(told, 4);
    ck_assert_int_eq(told_level, FA_GPU_LEVEL_LOW);
    gpu_close(&w);
}
END_TEST

/* --- misuse --- */

START_TEST(budgets_that_are_wrong_are_refused)
{
    gpu_prepare(&w);
    gpu_open(&w);
    fa_gpu_budget bad = FA_GPU_BUDGET_INIT;
    bad.soft_percent = 101;
    ck_assert_int_eq(fa_gpu_budget_set(w.gpu, &bad), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.core.log, 10);
    bad.struct_size = 0;
    ck_assert_int_eq(fa_gpu_budget_set(w.gpu, &bad), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.core.log, 10);
    fa_gpu_usage out = {0};
    ck_assert_int_eq(fa_gpu_usage_read(w.gpu, &out), FA_ERR_CONFIG);
    gpu_close(&w);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gpu_budget");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, usage_rises_and_falls);
    tcase_add_test(contract,
                   a_hard_limit_is_not_passed_and_the_driver_not_asked);
    tcase_add_test(contract, the_combined_limit_counts_the_core);
    tcase_add_test(contract, a_unified_device_has_one_pool);
    tcase_add_test(contract, a_discrete_device_has_two_pools);
    tcase_add_test(contract, a_tag_has_its_own_limit);
    tcase_add_test(contract, the_driver_is_asked_once_a_frame);
    tcase_add_test(contract, a_soft_limit_follows_the_driver);
    tcase_add_test(contract, a_budget_that_shrinks_is_noticed);
    tcase_add_test(contract, nonsense_of_the_driver_is_not_believed);
    tcase_add_test(contract, each_level_is_told_once);
    suite_add_tcase(suite, contract);
    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, budgets_that_are_wrong_are_refused);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
