/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The library as clang's analyser understands it: a frame is one block of
 * malloc(), and its memory lies inside. For C and C++:
 *
 *     clang --analyze -include fa_model.h -I... file.c
 *
 * It finds memory that is used after its frame has ended, frees of frame
 * memory, and what it finds for malloc(), for pools and the heap. It is read
 * by the analyser only; a program that is built with it does not work.
 */
#ifndef FA_MODEL_H
#define FA_MODEL_H

#ifndef __clang_analyzer__
#    error "fa_model.h is for clang --analyze"
#endif

#define FA_NO_INLINE
#include <framealloc.h>

#include <stdlib.h>

#pragma clang system_header

struct fa_allocator {
    fa_frame *open;
};

FA_BEGIN_DECLS
/* Any number. */
size_t fa_model_number(void);
/* Leaves anything at a place. */
void fa_model_fill(void *at);
FA_END_DECLS

static inline fa_frame *
fa_model_frame(void)
{
    void *block = malloc(64);
    if (block == NULL)
        abort();
    fa_model_fill(block);
    return FA_CAST(fa_frame *, block);
}

static inline fa_frame *
fa_model_begin(fa_allocator *allocator)
{
    return allocator->open = fa_model_frame();
}

static inline void
fa_model_end(fa_allocator *allocator)
{
    free(allocator->open);
    allocator->open = NULL;
}

/* Blocks of one place of the program lie at one place of the frame, so what
 * was known of the last one is forgotten. */
static inline void *
fa_model_alloc(fa_frame *frame, size_t place)
{
    char *block = FA_CAST(char *, FA_CAST(void *, frame)) + (place << 20);
    if (fa_model_number() == 0)
        return NULL;
    fa_model_fill(block);
    return block;
}

static inline fa_scratch_scope
fa_model_scope(void)
{
    fa_scratch_scope scope;
    fa_model_fill(&scope);
    scope.frame = fa_model_frame();
    return scope;
}

static inline fa_status
fa_model_scope_end(fa_scratch_scope scope)
{
    free(scope.frame);
    return FA_OK;
}

#define fa_begin_frame(allocator) fa_model_begin(allocator)
#define fa_end_frame(allocator)   fa_model_end(allocator)

#define fa_scratch_begin(ctx, conflicts, count) \
    ((void)(ctx), (void)(conflicts), (void)(count), fa_model_scope())
#define fa_scratch_begin_in(scratch) ((void)(scratch), fa_model_scope())
#define fa_scratch_end(scope)        fa_model_scope_end(scope)

#define FA_MODEL_BLOCK(frame) fa_model_alloc(frame, __COUNTER__ + 1)
#define fa_frame_alloc(frame, size, align) \
    ((void)(size), (void)(align), FA_MODEL_BLOCK(frame))
#define fa_frame_zalloc(frame, size, align) fa_frame_alloc(frame, size, align)
#define fa_frame_alloc_array(frame, count, size, align) \
    ((void)(count), fa_frame_alloc(frame, size, align))
#define fa_frame_zalloc_array(frame, count, size, align) \
    fa_frame_alloc_array(frame, count, size, align)
#define fa_frame_reserve(frame, min, align, room) \
    (*(room) = fa_model_number(), fa_frame_alloc(frame, min, align))
#define fa_frame_strdup(frame, text) \
    ((void)(text), FA_CAST(char *, FA_MODEL_BLOCK(frame)))
#define fa_frame_printf(frame, ...) FA_CAST(char *, FA_MODEL_BLOCK(frame))

#define fa_pool_alloc(pool)        ((void)(pool), malloc(64))
#define fa_pool_zalloc(pool, size) ((void)(pool), calloc(1, size))
#define fa_pool_free(pool, block)  ((void)(pool), free(block))
#define fa_heap_alloc(ctx, size, align) \
    ((void)(ctx), (void)(align), malloc(size))
#define fa_heap_realloc(ctx, block, size, align) \
    ((void)(ctx), (void)(align), realloc(block, size))
#define fa_heap_free(ctx, block) ((void)(ctx), free(block))
#define fa_free(ctx, block)      ((void)(ctx), free(block))

#endif
