/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Contexts: one thread's (or fiber's, or job worker's) part of an allocator.
 *
 * A context holds arenas, pools and a block cache that its thread uses
 * without locks. Threads get theirs on first use; fibers and job systems make
 * explicit ones.
 */
#ifndef FRAMEALLOC_CTX_H
#define FRAMEALLOC_CTX_H

#include <framealloc/frame.h>
#include <framealloc/pool.h>
#include <framealloc/remote.h>
#include <framealloc/status.h>

FA_BEGIN_DECLS

/** How to make an explicit context. Start from FA_CTX_CONFIG_INIT. */
typedef struct fa_ctx_config {
    size_t struct_size; /**< sizeof(fa_ctx_config). */
    /** Shown in messages; copied, cut to 31 bytes. NULL: "context N". */
    const char *name;
    /** True: own frame numbers, by fa_ctx_begin_frame(); the allocator's
     *  frames do not touch it. For audio, network and tools. */
    bool own_frames;
    /** Frames that memory stays readable after its own; 0 to 7. Counts only
     *  with own_frames; otherwise the allocator's lag is used. */
    uint32_t frame_lag;
    /** As the members of fa_allocator_config with these names, for this
     *  context; 0: as the allocator's. */
    fa_drain drain;
    uint32_t drain_count;     /**< See fa_allocator_config. */
    uint32_t queue_capacity;  /**< See fa_allocator_config. */
    fa_queue_full queue_full; /**< See fa_allocator_config. */
} fa_ctx_config;

#define FA_CTX_CONFIG_INIT                                             \
    {                                                                  \
        sizeof(fa_ctx_config), NULL, false, 0, FA_DRAIN_DEFAULT, 0, 0, \
            FA_QUEUE_DEFAULT                                           \
    }

/**
 * The calling thread's context; made on first use.
 *
 * When to use: once per job or function; keep the pointer while on the thread.
 * @param allocator the allocator.
 * @return the context, never NULL: on failure one that refuses every call.
 * Valid until: the thread exits; blocks that are still live then stay valid.
 * Owner: the library. Thread: the calling one.
 * Cost: 8 instructions for the allocator used last on the thread.
 * Since: 0.1.
 */
FA_API FA_ARENA_OF(1) fa_ctx *fa_ctx_current(fa_allocator *allocator);

/**
 * Makes an explicit context, for a fiber, a job system or a cadence of its
 * own. Any thread may use it, one at a time.
 *
 * When to use: where work migrates between threads.
 * @param allocator the allocator.
 * @param config copied; NULL for defaults.
 * @param out gets the context; NULL on failure.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_NOMEM, or FA_ERR_USAGE for NULL.
 * Valid until: fa_ctx_destroy(). Owner: the caller.
 * Thread: any. Cost: a lock and a few mappings. Since: 0.1.
 */
FA_API FA_CREATES_ARENA(*3) FA_CHECKED fa_status
    fa_ctx_create(fa_allocator *allocator, const fa_ctx_config *config,
                  fa_ctx **out);

/**
 * Ends an explicit context. Its frame is ended; blocks that are still live
 * stay valid and are adopted by the next context that is made.
 *
 * When to use: for contexts of fa_ctx_create() only; a thread's own context
 * is refused with FA211.
 * @param ctx the context; NULL does nothing.
 * Valid until: - Owner: - Thread: any, when no other thread uses it.
 * Cost: returns its memory. Since: 0.1.
 */
FA_API FA_ENDS_FRAME(1) void fa_ctx_destroy(fa_ctx *ctx);

/**
 * Why the last call of this context that failed did so.
 *
 * When to use: after a NULL.
 * @param ctx the context, or NULL.
 * @return the status; FA_OK when nothing has failed in the context yet.
 * Valid until: the next failure. Owner: - Thread: the context's own.
 * Cost: constant. Since: 0.1.
 */
FA_API fa_status fa_ctx_status(const fa_ctx *ctx);

/**
 * Number of a context: from 1, not used again in its allocator.
 *
 * When to use: for fa_budget_set() and in reports.
 * @param ctx the context, or NULL.
 * @return the number, 0 for NULL and for a refusing context.
 * Valid until: for ever. Owner: - Thread: any.
 * Cost: constant. Since: 0.1.
 */
FA_API FA_QUERY uint64_t fa_ctx_id(const fa_ctx *ctx);

/**
 * The context's arena in the current frame.
 *
 * When to use: by workers, once per job. The first call in a new frame ends
 * the context's old frame and rewinds its arena.
 * @param ctx the context.
 * @return the frame, never NULL; one that refuses when no frame is open.
 * Valid until: the frame's end; the pointer itself stays the same.
 * Owner: the context. Thread: the context's own.
 * Cost: one acquire load while the number is unchanged. Since: 0.1.
 */
FA_API FA_ARENA_OF(1) fa_frame *fa_ctx_frame(fa_ctx *ctx);

/**
 * Ends the frame of a context: of a worker, so that the frame's figures are
 * complete and its leases return early; or of a context with own frames.
 *
 * When to use: optional for workers, required with own_frames. A worker that
 * calls fa_ctx_frame() again in the same frame goes on behind its memory.
 * @param ctx the context. No open frame, or a pinned one: FA004.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: as fa_end_frame() for one context. Since: 0.1.
 */
FA_API FA_ENDS_FRAME(1) void fa_ctx_end_frame(fa_ctx *ctx);

/**
 * Opens the next frame of a context with own frames.
 *
 * When to use: for cadences other than the allocator's.
 * @param ctx made with own_frames; others are refused with FA004.
 * @return the frame, never NULL. Begin while open: FA004 and the current one.
 * Valid until: fa_ctx_end_frame(). Owner: the context.
 * Thread: the context's own. Cost: as fa_begin_frame(). Since: 0.1.
 */
FA_API FA_BEGINS_FRAME(1) fa_frame *fa_ctx_begin_frame(fa_ctx *ctx);

/**
 * As fa_ctx_frame(), and the context stays in this frame until the unpin.
 *
 * When to use: around a job that may suspend, so that a job run meanwhile on
 * the same worker does not rewind its memory. Pins nest.
 * @param ctx the context.
 * @return the frame, as fa_ctx_frame().
 * Valid until: fa_ctx_frame_unpin(). A pin older than the lag is FA007.
 * Owner: the context. Thread: the context's own. Cost: as fa_ctx_frame().
 * Since: 0.1.
 */
FA_API FA_ARENA_OF(1) FA_PINS_FRAME(1) fa_frame *fa_ctx_frame_pin(fa_ctx *ctx);

/**
 * Undoes one fa_ctx_frame_pin().
 *
 * When to use: when the job is done.
 * @param ctx the context. Without a pin: FA004.
 * Valid until: - Owner: - Thread: the context's own. Cost: constant.
 * Since: 0.1.
 */
FA_API FA_UNPINS_FRAME(1) void fa_ctx_frame_unpin(fa_ctx *ctx);

FA_END_DECLS

#endif
