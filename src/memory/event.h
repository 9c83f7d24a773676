/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Events and counts: told by the slow paths, when somebody wants them.
 *
 * While objects are counted a context is watched: limits equal cursors,
 * magazines and page tables are empty, so every call is seen. The allocator
 * says what it wants; each context follows when it opens a frame.
 */
#ifndef FAI_MEMORY_EVENT_H
#define FAI_MEMORY_EVENT_H

#include "memory/memory.h"

/* Whether anybody wants this kind; nothing is ordered by the answer. */
static inline bool
fai_event_wants(const fa_ctx *ctx, fa_event_kind kind)
{
    return FAI_UNLIKELY(
        (fai_load(&ctx->allocator->events.kinds) & FA_EVENT_BIT(kind)) != 0);
}

/* Keeps the event and calls the listeners. No lock is held, and ctx is as it
 * should be: they may allocate from it. Context, frame and time are filled in
 * here; the caller is a thread that may use ctx, and has asked
 * fai_event_wants(). */
void fai_event_emit(fa_ctx *ctx, fa_event *event) __attribute__((__cold__));
/* The same, from its parts. */
void fai_event_tell(fa_ctx *ctx, fa_event_kind kind, const void *address,
                    uint64_t size, uint64_t other) __attribute__((__cold__));

/* The context has opened its frame, or closed it. */
void fai_event_begin(fa_ctx *ctx);
void fai_event_end(fa_ctx *ctx, uint64_t bytes, uint64_t peak);
/* Of a watched context: a block was handed out, or freed. */
void fai_event_alloc(fa_ctx *ctx, fa_memory memory, const void *address,
                     size_t size);
void fai_event_free(fa_ctx *ctx, fa_memory memory, fa_tag tag,
                    const void *address, size_t size, const fa_ctx *owner);

/* Objects are counted for this reason from now on, or not any more. */
void fai_event_count(fa_allocator *allocator, enum fai_counting why,
                     bool is_on);
/* The context is watched, or not any more, as the allocator wants. Between
 * frames, or in the slow path of a pool. */
void fai_event_follow(fa_ctx *ctx);
/* The ring of a context that ends can be another's. Under the lock. */
void fai_event_leave(fa_ctx *ctx);
void fai_events_destroy(fa_allocator *allocator);

#endif
