/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Hooks for C libraries: fa_alloc() and its kin as tables of functions.
 *
 * Heap and pool blocks know their size. A frame does not, and the functions
 * that libraries call do not tell it, so a header is in front of each block.
 */
#include <framealloc/hooks.h>

#include <framealloc/ctx.h>

#include "base/bits.h"

#include <string.h>

/* --- frames --- */

/* In front of a block. Of one size on all systems. */
struct header {
    _Alignas(8) size_t size;   /* Asked for. */
    _Alignas(8) size_t offset; /* From the begin of the frame's block; 16 or
                                * more. */
};

_Static_assert(sizeof(struct header) == FA_FRAME_GRANULE, "as documented");

static struct header *
header_of(const void *block)
{
    return (struct header *)((uintptr_t)block - sizeof(struct header));
}

static void *
alloc_frame_aligned(void *ctx, size_t size, size_t align)
{
    size_t total, offset = FAI_MAX(align, sizeof(struct header));
    /* The frame refuses SIZE_MAX, and reports a bad alignment. */
    if (!fai_add_size(size, offset, &total))
        total = SIZE_MAX;
    char *begin = fa_frame_alloc(fa_ctx_frame(ctx), total, align);
    if (begin == NULL)
        return NULL;
    *header_of(begin + offset) = (struct header){size, offset};
    return begin + offset;
}

static void *
alloc_frame(void *ctx, size_t size)
{
    return alloc_frame_aligned(ctx, size, FA_FRAME_GRANULE);
}

static void
free_frame(void *ctx, void *block)
{
    if (block == NULL)
        return;
    struct header *header = header_of(block);
    fa_frame_release(fa_ctx_frame(ctx), (char *)block - header->offset,
                     header->offset + header->size);
}

static void
free_frame_sized(void *ctx, void *block, size_t size)
{
    (void)size; /* The header has it, and what is in front. */
    free_frame(ctx, block);
}

static void
free_frame_aligned(void *ctx, void *block, size_t size, size_t align)
{
    (void)size;
    (void)align;
    free_frame(ctx, block);
}

static void *
move_frame(void *ctx, void *block, size_t size)
{
    void *moved = alloc_frame(ctx, size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, FAI_MIN(size, header_of(block)->size));
    free_frame(ctx, block);
    return moved;
}

static void *
realloc_frame(void *ctx, void *block, size_t size)
{
    if (block == NULL)
        return alloc_frame(ctx, size);
    struct header *header = header_of(block);
    size_t total;
    if (header->offset != sizeof(*header))
        return move_frame(ctx, block, size);
    if (!fai_add_size(size, sizeof(*header), &total))
        total = SIZE_MAX;
    header = fa_frame_resize(fa_ctx_frame(ctx), header,
                             header->size + sizeof(*header), total,
                             FA_FRAME_GRANULE);
    if (header == NULL)
        return NULL;
    header->size = size;
    return header + 1;
}

static size_t
frame_usable_size(void *ctx, const void *block)
{
    (void)ctx;
    return block == NULL ? 0 : header_of(block)->size;
}

static const fa_hooks frame_hooks = {
    sizeof(fa_hooks), alloc_frame,      alloc_frame_aligned, realloc_frame,
    free_frame,       free_frame_sized, free_frame_aligned,  frame_usable_size,
};

/* --- pools and the heap --- */

static void *
alloc_heap(void *ctx, size_t size)
{
    return fa_heap_alloc(ctx, size, FA_FRAME_GRANULE);
}

static void *
alloc_heap_aligned(void *ctx, size_t size, size_t align)
{
    return fa_heap_alloc(ctx, size, align);
}

static void *
realloc_heap(void *ctx, void *block, size_t size)
{
    return fa_heap_realloc(ctx, block, size, FA_FRAME_GRANULE);
}

static void
free_heap(void *ctx, void *block)
{
    fa_free(ctx, block);
}

/* Each of the two takes all blocks, but is faster for its own. */
static void
free_heap_sized(void *ctx, void *block, size_t size)
{
    if (size <= FA_POOL_BLOCK_MAX)
        fa_free(ctx, block);
    else
        fa_heap_free(ctx, block);
}

static void
free_heap_aligned(void *ctx, void *block, size_t size, size_t align)
{
    (void)align;
    free_heap_sized(ctx, block, size);
}

static size_t
heap_usable_size(void *ctx, const void *block)
{
    (void)ctx; /* The block may be another allocator's. */
    return fa_heap_usable_size(block);
}

static const fa_hooks heap_hooks = {
    sizeof(fa_hooks), alloc_heap,      alloc_heap_aligned, realloc_heap,
    free_heap,        free_heap_sized, free_heap_aligned,  heap_usable_size,
};

const fa_hooks *
fa_hooks_for(fa_intent intent)
{
    switch (intent) {
    case FA_INTENT_FRAME:
        return &frame_hooks;
    case FA_INTENT_POOL:
    case FA_INTENT_HEAP:
        return &heap_hooks;
    }
    return NULL;
}
