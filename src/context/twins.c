/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Out-of-line twins of the inline functions, for bindings and for compilers
 * that do not inline.
 *
 * The frame's twin rounds the address instead of the size: one instruction
 * less, and the longer dependency does not matter behind a call.
 */
#define FA_NO_INLINE
#include "base/bits.h"

#include <framealloc/framealloc.h>

void *
fa_frame_alloc(fa_frame *frame, size_t size, size_t align)
{
    if (FAI_UNLIKELY(align > FA_FRAME_GRANULE))
        return fa_frame_alloc_slow(frame, size, align);
    char *block = frame->cursor;
    if (FAI_UNLIKELY(size > (size_t)(frame->limit - block)))
        return fa_frame_alloc_slow(frame, size, align);
    /* The cursor is a multiple of 16, and the room, too: no overflow. */
    frame->cursor = (char *)(((uintptr_t)block + size + 15) & ~(uintptr_t)15);
    return block;
}

void *
fa_frame_zalloc(fa_frame *frame, size_t size, size_t align)
{
    void *block = fa_frame_alloc(frame, size, align);
    return block != NULL ? memset(block, 0, size) : NULL;
}

void *
fa_frame_alloc_array(fa_frame *frame, size_t count, size_t size, size_t align)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        total = SIZE_MAX;
    return fa_frame_alloc(frame, total, align);
}

void *
fa_frame_zalloc_array(fa_frame *frame, size_t count, size_t size, size_t align)
{
    void *block = fa_frame_alloc_array(frame, count, size, align);
    return block != NULL ? memset(block, 0, count * size) : NULL;
}

void
fa_frame_release(fa_frame *frame, void *block, size_t size)
{
    fa_frame_release_slow(frame, block, size);
}

void *
fa_pool_alloc(fa_pool *pool)
{
    void **top = pool->top;
    if (FAI_UNLIKELY(top == pool->base))
        return fa_pool_alloc_slow(pool);
    pool->top = top - 1;
    return top[-1];
}

void
fa_pool_free(fa_pool *pool, void *block)
{
    void **top = pool->top;
    uintptr_t page = (uintptr_t)block >> FA_POOL_PAGE_SHIFT;
    if (FAI_UNLIKELY(pool->pages[page & (FA_POOL_PAGES - 1)] != page ||
                     top[-1] == block)) {
        fa_pool_free_slow(pool, NULL, block);
        return;
    }
    *top = block;
    pool->top = top + 1;
}

void
fa_free(fa_ctx *ctx, void *block)
{
    uintptr_t page = (uintptr_t)block >> FA_POOL_PAGE_SHIFT;
    const fa_page_entry *entry = &((const fa_ctx_pages *)(const void *)ctx)
                                      ->entry[page & (FA_CTX_PAGES - 1)];
    if (FAI_LIKELY(entry->page == page)) {
        fa_pool *pool = entry->pool;
        void **top = pool->top;
        if (FAI_LIKELY(top != pool->end && top[-1] != block)) {
            *top = block;
            pool->top = top + 1;
            return;
        }
    }
    fa_pool_free_slow(NULL, ctx, block);
}
