/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Dumps: one JSON document whose sums agree with the figures.
 */
#include "gpu_world.h"

#include <jansson.h>
#include <string.h>

static struct gpu_world w;
static char text[1 << 20];

static json_t *
dump(void)
{
    size_t length = fa_gpu_dump(w.gpu, text, sizeof(text));
    ck_assert_uint_lt(length, sizeof(text));
    ck_assert_uint_eq(strlen(text), length);
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(root != NULL, "%s at %d: %s", error.text, error.position,
                  text);
    return root;
}

static json_int_t
get(json_t *root, const char *a, const char *b)
{
    json_t *value = json_object_get(json_object_get(root, a), b);
    ck_assert_msg(json_is_integer(value), "%s.%s", a, b);
    return json_integer_value(value);
}

START_TEST(a_dump_has_all_blocks_and_slices)
{
    gpu_prepare(&w);
    w.null_config.is_discrete = true;
    gpu_open(&w);
    json_decref(dump());
    gpu_begin(&w);
    gpu_take(&w, FA_GPU_HOST_VISIBLE, 1000);
    fa_gpu_slice small = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1000, 0);
    fa_gpu_slice large = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 20 * MIB, 0);
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice odd;
    request.size = 5000;
    request.name = "a \"name\"\\\n";
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &odd), FA_OK);

    json_t *root = dump();
    fa_gpu_stats stats = FA_GPU_STATS_INIT;
    ck_assert_int_eq(fa_gpu_stats_read(w.gpu, &stats), FA_OK);
    ck_assert_int_eq(get(root, "Total", "BlockCount"), stats.blocks);
    ck_assert_int_eq(get(root, "Total", "BlockBytes"),
                     (json_int_t)stats.held_bytes);
    ck_assert_int_eq(get(root, "Total", "AllocationBytes"),
                     1000 + 5000 + 20 * (json_int_t)MIB);
    json_t *type =
        json_object_get(json_object_get(root, "DefaultPools"), "Type 0");
    ck_assert_uint_eq(
        json_array_size(json_object_get(type, "DedicatedAllocations")), 1);
    json_t *blocks = json_object_get(type, "Blocks");
    ck_assert_uint_eq(json_object_size(blocks), 1);
    json_t *block = json_object_iter_value(json_object_iter(blocks));
    json_t *ranges = json_object_get(block, "Suballocations");
    ck_assert_uint_eq(json_array_size(ranges), 3);
    json_int_t end = 0;
    bool is_named = false;
    for (size_t i = 0; i < json_array_size(ranges); i++) {
        json_t *range = json_array_get(ranges, i);
        ck_assert_int_eq(json_integer_value(json_object_get(range, "Offset")),
                         end);
        end += json_integer_value(json_object_get(range, "Size"));
        const char *name = json_string_value(json_object_get(range, "Name"));
        is_named |= name != NULL && strcmp(name, request.name) == 0;
    }
    ck_assert(is_named);
    ck_assert_int_eq(end,
                     json_integer_value(json_object_get(block, "TotalBytes")));
    json_decref(root);
    fa_gpu_free(w.gpu, &small);
    fa_gpu_free(w.gpu, &large);
    fa_gpu_free(w.gpu, &odd);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

START_TEST(a_dump_that_does_not_fit_is_cut)
{
    gpu_prepare(&w);
    gpu_open(&w);
    size_t length = fa_gpu_dump(w.gpu, NULL, 0);
    ck_assert_uint_eq(fa_gpu_dump(w.gpu, text, sizeof(text)), length);
    char cut[32];
    memset(cut, 1, sizeof(cut));
    ck_assert_uint_eq(fa_gpu_dump(w.gpu, cut, sizeof(cut)), length);
    ck_assert_int_eq(strncmp(cut, text, sizeof(cut) - 1), 0);
    ck_assert_int_eq(cut[sizeof(cut) - 1], 0);
    gpu_close(&w);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gpu_dump");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, a_dump_has_all_blocks_and_slices);
    tcase_add_test(contract, a_dump_that_does_not_fit_is_cut);
    suite_add_tcase(suite, contract);
    return test_main(suite);
}
