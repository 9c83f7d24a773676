/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Programs that touch memory that is not theirs.
 *
 * Pointers to it are volatile, so that compilers, which know the attributes of
 * the functions, do what is written here.
 */
#include "misuse.h"

#include <stdlib.h>

#define LARGE 100000

typedef volatile char *volatile place;

static char *
frame_block(struct test_world *w, size_t size)
{
    char *block = fa_frame_alloc(w->frame, size, 16);
    if (block == NULL)
        exit(9);
    return block;
}

static char *
heap_block(struct test_world *w, size_t size)
{
    char *block = fa_heap_alloc(w->ctx, size, 16);
    if (block == NULL)
        exit(9);
    return block;
}

static void
write_bytes(place at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = 0x33;
}

/* --- memory that is gone --- */

static void
touch_after(struct test_world *w, size_t size, int frames, bool is_write)
{
    test_begin(w);
    place block = frame_block(w, size);
    *block = 1;
    test_end(w);
    for (int i = 0; i < frames; i++) {
        test_begin(w);
        if (i < frames - 1)
            test_end(w);
    }
    if (is_write)
        *block = 1;
    else
        (void)*block;
}

static void
read_after_end(struct test_world *w)
{
    touch_after(w, 64, 0, false);
}

static void
write_after_end(struct test_world *w)
{
    touch_after(w, 64, 0, true);
}

static void
write_four_frames_later(struct test_world *w)
{
    touch_after(w, 64, 4, true);
}

static void
write_large_after_end(struct test_world *w)
{
    touch_after(w, LARGE, 0, true);
}

static void
write_after_rollback(struct test_world *w)
{
    test_begin(w);
    fa_mark mark = fa_frame_checkpoint(w->frame);
    place block = frame_block(w, 64);
    fa_frame_rollback(w->frame, mark);
    *block = 1;
}

/* --- bytes outside of a block --- */

static void
write_past(struct test_world *w, size_t size, size_t more)
{
    test_begin(w);
    place block = frame_block(w, size);
    write_bytes(block + size, more);
    test_end(w);
}

static void
write_1_past_16(struct test_world *w)
{
    write_past(w, 16, 1);
}

static void
write_1_past_13(struct test_world *w)
{
    write_past(w, 13, 1);
}

static void
write_8_past_64(struct test_world *w)
{
    write_past(w, 64, 8);
}

static void
write_page_past_64(struct test_world *w)
{
    write_past(w, 64, PAGE);
}

static void
write_1_past_large(struct test_world *w)
{
    write_past(w, LARGE, 1);
}

static void
write_1_before(struct test_world *w)
{
    test_begin(w);
    frame_block(w, 64);
    place block = frame_block(w, 64);
    write_bytes(block - 1, 1);
    test_end(w);
}

static void
write_1_past_pool(struct test_world *w)
{
    fa_pool *pool = fa_ctx_pool(w->ctx, 48, 16);
    char *block = fa_pool_alloc(pool);
    write_bytes(block + pool->block_size, 1);
    fa_pool_free(pool, block);
}

static void
write_1_past_heap(struct test_world *w)
{
    char *block = heap_block(w, LARGE);
    write_bytes(block + LARGE, 1);
    fa_free(w->ctx, block);
}

static void
write_after_free(struct test_world *w)
{
    char *block = heap_block(w, 64);
    fa_free(w->ctx, block);
    write_bytes(block, 1);
    fa_allocator_trim(w->allocator);
}

static void
write_large_after_free(struct test_world *w)
{
    char *block = heap_block(w, LARGE);
    fa_free(w->ctx, block);
    write_bytes(block, 1);
}

const struct misuse misuses_of_memory[] = {
    {"read frame memory after the end", read_after_end, NULL},
    {"write frame memory after the end", write_after_end, NULL},
    {"write frame memory four frames later", write_four_frames_later, NULL},
    {"write a large frame block after the end", write_large_after_end, NULL},
    {"write frame memory after a rollback", write_after_rollback, NULL},
    {"write 1 byte past a frame block of 16 bytes", write_1_past_16, NULL},
    {"write 1 byte past a frame block of 13 bytes", write_1_past_13, NULL},
    {"write 8 bytes past a frame block of 64 bytes", write_8_past_64, NULL},
    {"write a page past a frame block of 64 bytes", write_page_past_64, NULL},
    {"write 1 byte past a large frame block", write_1_past_large, NULL},
    {"write 1 byte before a frame block", write_1_before, NULL},
    {"write 1 byte past a pool block", write_1_past_pool, NULL},
    {"write 1 byte past a large heap block", write_1_past_heap, NULL},
    {"write to a pool block after its free", write_after_free, NULL},
    {"write to a large block after its free", write_large_after_free, NULL},
    {NULL, NULL, NULL},
};
