/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Hooks: tables of functions for C libraries that let the program allocate.
 *
 * Libraries want functions like malloc(), free() and realloc(), most with a
 * pointer of the program's that comes first. fa_hooks_for() returns them for
 * each kind of memory; that pointer is a context.
 */
#ifndef FRAMEALLOC_HOOKS_H
#define FRAMEALLOC_HOOKS_H

#include <framealloc/heap.h>
#include <framealloc/status.h>

FA_BEGIN_DECLS

/**
 * Functions over one kind of memory. The first argument of each is the calling
 * thread's context, as a pointer to void, so that a library can keep it. Of
 * the functions that free, each takes every block of the table. Blocks of the
 * frame have their size in the 16 bytes before them.
 */
typedef struct fa_hooks {
    size_t struct_size; /**< Of the library; newer members are at the end. */
    /** As fa_alloc() with an alignment of 16. */
    void *(*alloc)(void *ctx, size_t size);
    /** As fa_alloc(). */
    void *(*alloc_aligned)(void *ctx, size_t size, size_t align);
    /** As realloc(3), but a size of 0 counts as 1: the block, perhaps moved
     *  and then aligned to 16, or NULL and the block is as it was. */
    void *(*realloc)(void *ctx, void *block, size_t size);
    /** As fa_free(); in the frame, as fa_frame_release(). */
    void (*free)(void *ctx, void *block);
    /** With the size that was asked for; saves looking it up. */
    void (*free_sized)(void *ctx, void *block, size_t size);
    /** With size and alignment that were asked for. */
    void (*free_aligned)(void *ctx, void *block, size_t size, size_t align);
    /** Bytes that may be used at a block; 0 for NULL. */
    size_t (*usable_size)(void *ctx, const void *block);
} fa_hooks;

/**
 * The functions for a kind of memory.
 *
 * When to use: once, to fill the hooks of a library; a library without a
 * pointer for the program's use needs a function around each that passes
 * fa_ctx_current().
 * @param intent of the library's memory. With FA_INTENT_FRAME all that it
 *        keeps must be gone when the frame ends, or be dropped unfreed.
 * @return the table; NULL for an unknown intent.
 * Valid until: for ever. Owner: the library. Thread: any; its functions, as
 * those that they call. Cost: constant. Since: 0.1.
 */
FA_API FA_QUERY const fa_hooks *fa_hooks_for(fa_intent intent);

FA_END_DECLS

#endif
