/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the suites of streams share.
 */
#ifndef FA_TESTS_STREAM_H
#define FA_TESTS_STREAM_H

#include "support.h"

#include "lifetime/stream.h"

static struct test_world w;
static fa_stream *stream;
static fa_tag tag;

static void
close_stream(void)
{
    if (stream != NULL) {
        const char *wrong = fai_stream_check(stream);
        ck_assert_msg(wrong == NULL, "%s", wrong);
    }
    fa_stream_destroy(stream);
    stream = NULL;
    test_close(&w);
}

static fa_stream_stats
stats(void)
{
    fa_stream_stats out = FA_STREAM_STATS_INIT;
    ck_assert_int_eq(fa_stream_stats_read(stream, &out), FA_OK);
    return out;
}

static fa_stream_info
info(fa_stream_asset asset)
{
    fa_stream_info out = FA_STREAM_INFO_INIT;
    ck_assert_int_eq(fa_stream_info_read(stream, asset, &out), FA_OK);
    return out;
}

#define ck_assert_state(asset, wanted) \
    ck_assert_int_eq(fa_stream_asset_state(stream, (asset)), (wanted))

static fa_stream_asset
reserve(size_t size, fa_stream_priority priority)
{
    return fa_stream_reserve(stream, size, priority, tag);
}

static void
fill(fa_stream_asset asset)
{
    size_t size = info(asset).size;
    void *memory = fa_stream_fill_begin(stream, asset);
    ck_assert_ptr_nonnull(memory);
    test_fill(memory, size, (unsigned)size);
    ck_assert_int_eq(fa_stream_fill_end(stream, asset, FA_OK), FA_OK);
}

/* A ready asset. */
static fa_stream_asset
make(size_t size, fa_stream_priority priority)
{
    fa_stream_asset asset = reserve(size, priority);
    ck_assert_uint_ne(asset, FA_STREAM_ASSET_NONE);
    fill(asset);
    return asset;
}

#endif
