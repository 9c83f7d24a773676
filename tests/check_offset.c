/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Offsets: ranges are inside, aligned and apart, and all of them come back.
 */
#include "support.h"

#include <framealloc/offset.h>

static struct test_world w;
static fa_offset *offset;

static void
open_offset(uint64_t size)
{
    fa_offset_config config = FA_OFFSET_CONFIG_INIT;
    config.size = size;
    test_prepare(&w);
    test_open(&w);
    ck_assert_int_eq(fa_offset_create(w.allocator, &config, &offset), FA_OK);
}

static void
close_offset(void)
{
    fa_offset_destroy(offset);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}

static fa_offset_usage
usage(void)
{
    fa_offset_usage out = FA_OFFSET_USAGE_INIT;
    ck_assert_int_eq(fa_offset_usage_read(offset, &out), FA_OK);
    return out;
}

START_TEST(ranges_follow_each_other_and_merge_when_freed)
{
    open_offset(MIB);
    uint64_t begin[4];
    uint32_t node[4];
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(fa_offset_alloc(offset, 1000, 0, &begin[i], &node[i]),
                         FA_OK);
        ck_assert_uint_eq(begin[i], i * 1024);
    }
    ck_assert_uint_eq(usage().used, 4096);
    ck_assert_int_eq(fa_offset_free(offset, node[1]), FA_OK);
    ck_assert_int_eq(fa_offset_free(offset, node[2]), FA_OK);
    ck_assert_uint_eq(usage().holes, 2);
    ck_assert_int_eq(fa_offset_free(offset, node[0]), FA_OK);
    ck_assert_int_eq(fa_offset_free(offset, node[3]), FA_OK);
    ck_assert_uint_eq(usage().holes, 1);
    ck_assert_uint_eq(usage().largest_hole, MIB);
    close_offset();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("offset");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, ranges_follow_each_other_and_merge_when_freed);
    suite_add_tcase(suite, contract);
    return test_main(suite);
}
