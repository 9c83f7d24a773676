/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Shared objects: a heap block with a count in front of the object.
 *
 * The count is taken to 0 only by the thread that then frees the block, and
 * the block goes back to its owner like any other that another thread frees.
 * Weak references were left out: they keep the block, so they would need a
 * second count in each object for the few that want them; a handle says that
 * better.
 */
#include "memory/heap.h"

#include <string.h>

/* Ends where the object begins. Of one size on all systems. */
struct header {
    _Alignas(8) fa_rc_fn destroy;
    uint32_t count;
    uint32_t offset; /* From the block to the object. */
};

_Static_assert(sizeof(struct header) == FA_RC_HEADER, "as documented");

/* More references than any program has: freed memory, or a leak. */
#define COUNT_MAX ((uint32_t)1 << 30)

static struct header *
header_of(const void *object)
{
    return (struct header *)(uintptr_t)object - 1;
}

static void *
block_of(void *object)
{
    return (char *)object - header_of(object)->offset;
}

void *
fa_rc_alloc(fa_ctx *ctx, size_t size, size_t align, fa_rc_fn destroy)
{
    size_t offset = FAI_MAX(align, FA_RC_HEADER);
    size_t total;
    if (ctx == NULL)
        return NULL;
    if (!fai_is_alignment(align))
        offset = FA_RC_HEADER; /* fa_heap_alloc() reports it. */
    if (!fai_add_size(size, offset, &total))
        return fai_fail(ctx, FA_ERR_NOMEM);
    char *block = fa_heap_alloc(ctx, total, align);
    if (block == NULL)
        return NULL;
    void *object = block + offset;
    *header_of(object) = (struct header){destroy, 1, (uint32_t)offset};
    return object;
}

void *
fa_rc_zalloc(fa_ctx *ctx, size_t size, size_t align, fa_rc_fn destroy)
{
    void *object = fa_rc_alloc(ctx, size, align, destroy);
    return object == NULL ? NULL : memset(object, 0, size);
}

static bool
refuse(fa_ctx *ctx, const void *object, uint32_t count)
{
    ctx->status = FA_ERR_USAGE;
    fai_report(&ctx->allocator->reporter, 241, object, "%p, count %u", object,
               count);
    return false;
}

void *
fa_rc_retain(fa_ctx *ctx, void *object)
{
    if (ctx == NULL || object == NULL || ctx->is_refusing)
        return NULL;
    uint32_t *count = &header_of(object)->count;
    /* The caller holds a reference, which orders everything. */
    uint32_t seen = fai_load(count);
    do {
        if (FAI_UNLIKELY(seen - 1 >= COUNT_MAX)) {
            refuse(ctx, object, seen);
            return NULL;
        }
    } while (!fai_cas(count, &seen, seen + 1));
    return object;
}

/* Of this allocator, by records outside of the memory. */
static bool
is_ours(fa_ctx *ctx, void *object)
{
    if (FAI_LIKELY(fai_heap_usable_size(ctx->allocator, block_of(object)) != 0))
        return true;
    ctx->status = FA_ERR_USAGE;
    fai_report(&ctx->allocator->reporter, 8, object, "%p in fa_rc_release()",
               object);
    return false;
}

static void
end_object(fa_ctx *ctx, void *object)
{
    fa_rc_fn destroy = header_of(object)->destroy;
    if (destroy != NULL)
        destroy(ctx, object);
    fa_free(ctx, block_of(object));
}

bool
fa_rc_release(fa_ctx *ctx, void *object)
{
    if (ctx == NULL || object == NULL || ctx->is_refusing)
        return false;
    uint32_t *count = &header_of(object)->count;
    uint32_t seen = fai_load(count);
    do {
        if (FAI_UNLIKELY(seen - 1 >= COUNT_MAX))
            return refuse(ctx, object, seen);
        if (seen == 1 && !is_ours(ctx, object))
            return false;
        /* Release for the thread that destroys, acquire for this one if it is
         * that: pairs with itself. */
    } while (!fai_cas_acq_rel(count, &seen, seen - 1));
    if (seen == 1)
        end_object(ctx, object);
    return seen == 1;
}

uint32_t
fa_rc_count(const void *object)
{
    /* Pairs with the release in fa_rc_release(): the last owner sees what the
     * others did. */
    return object == NULL ? 0 : fai_load_acquire(&header_of(object)->count);
}
