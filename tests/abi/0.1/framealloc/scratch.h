/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Scratch arenas: frames that are rewound by hand.
 *
 * A named scratch arena belongs to the allocator and lives across frames; the
 * program resets it when its work is done. The two unnamed ones of a context
 * serve functions: each takes the one that its caller does not use, and gives
 * its memory back at its end.
 *
 * Both are an fa_frame, so whatever works on a frame works on them.
 */
#ifndef FRAMEALLOC_SCRATCH_H
#define FRAMEALLOC_SCRATCH_H

#include <framealloc/allocator.h>

FA_BEGIN_DECLS

/** A named scratch arena. Plain data; copy it freely. {NULL, 0} is none. */
typedef struct fa_scratch {
    fa_frame *frame; /**< Ask fa_scratch_frame(), which checks. */
    uint64_t serial; /**< Not used again in the allocator. */
} fa_scratch;

/** How to make a named scratch arena. Start from FA_SCRATCH_CONFIG_INIT. */
typedef struct fa_scratch_config {
    size_t struct_size; /**< sizeof(fa_scratch_config). */
    /** Most bytes in use at once, rounded up to 16; what alignment leaves
     *  unused and, in guard modes, red zones count. 0: it grows. */
    size_t capacity;
    /** What its bytes are charged to, as long as it lives. */
    fa_tag tag;
} fa_scratch_config;

#define FA_SCRATCH_CONFIG_INIT                    \
    {                                             \
        sizeof(fa_scratch_config), 0, FA_TAG_NONE \
    }

/** Figures of a named scratch arena. Start from FA_SCRATCH_STATS_INIT. */
typedef struct fa_scratch_stats {
    size_t struct_size;  /**< sizeof(fa_scratch_stats). */
    const char *name;    /**< Valid until it is destroyed. */
    uint64_t bytes;      /**< In use. */
    uint64_t peak;       /**< Most bytes in use at once since it was made. */
    uint64_t held_bytes; /**< Taken from the system, in use or not. */
    uint64_t capacity;   /**< As it was given, rounded; 0: it grows. */
    uint64_t resets;     /**< Calls of fa_scratch_reset(). */
    uint64_t refusals;   /**< Requests that the capacity refused. */
    uint64_t count;  /**< Objects since the last reset, or FA_COUNT_UNKNOWN. */
    uint32_t scopes; /**< Open scopes. */
} fa_scratch_stats;

#define FA_SCRATCH_STATS_INIT                                  \
    {                                                          \
        sizeof(fa_scratch_stats), NULL, 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/** A part of a scratch arena that is given back at once. Plain data. */
typedef struct fa_scratch_scope {
    fa_frame *frame; /**< To allocate from; never NULL. */
    fa_mark mark;    /**< Where it began. */
    uint32_t depth;  /**< Open scopes of the arena then, this one included. */
} fa_scratch_scope;

/**
 * Makes a named scratch arena.
 *
 * When to use: for work that spans frames, such as loading a level.
 * @param allocator the allocator.
 * @param name up to 31 bytes; copied.
 * @param config copied; NULL for defaults.
 * @param out gets the arena; {NULL, 0} on failure.
 * @return FA_OK; FA_ERR_STATE when the name is taken, FA_ERR_CONFIG,
 *         FA_ERR_NOMEM, FA_ERR_BUDGET, or FA_ERR_USAGE for NULL, a name that
 *         is empty or too long, or an unknown tag.
 * Valid until: fa_scratch_destroy() or the end of the allocator.
 * Owner: the allocator. Thread: any. Cost: a lock; two mappings where no
 * destroyed one can be used again. Since: 0.1.
 */
FA_API FA_CREATES_ARENA(*4) FA_CHECKED fa_status
    fa_scratch_create(fa_allocator *allocator, const char *name,
                      const fa_scratch_config *config, fa_scratch *out);

/**
 * The scratch arena of a name.
 *
 * When to use: where the handle is not at hand. Keep the handle.
 * @param allocator the allocator.
 * @param name the name.
 * @return the arena, or {NULL, 0}.
 * Valid until: as fa_scratch_create(). Owner: the allocator. Thread: any.
 * Cost: a lock and a walk over the names. Since: 0.1.
 */
FA_API fa_scratch fa_scratch_find(fa_allocator *allocator, const char *name);

/**
 * All named scratch arenas, newest first.
 *
 * When to use: for reports.
 * @param allocator the allocator.
 * @param out gets up to max handles; may be NULL when max is 0.
 * @param max handles.
 * @return how many there are.
 * Valid until: as fa_scratch_create(). Owner: the allocator. Thread: any.
 * Cost: a lock and a walk over them. Since: 0.1.
 */
FA_API size_t fa_scratch_list(fa_allocator *allocator, fa_scratch *out,
                              size_t max);

/**
 * The frame of a scratch arena, to allocate from.
 *
 * When to use: once per function; the frame stays the same.
 * @param scratch the arena.
 * @return the frame, never NULL: FA421 and one that refuses every call when
 *         the arena is gone. A NULL from it is explained by
 *         fa_frame_status(): FA_ERR_BUDGET at the capacity, too.
 * Valid until: fa_scratch_destroy(); blocks until fa_scratch_reset().
 * Owner: the arena. Thread: any, one at a time. Cost: constant. Since: 0.1.
 */
FA_API FA_ARENA_OF(1) fa_frame *fa_scratch_frame(fa_scratch scratch);

/**
 * Whether the arena was not destroyed yet.
 *
 * When to use: before using a handle that may be gone.
 * @param scratch the arena.
 * @return true until fa_scratch_destroy().
 * Valid until: - Owner: - Thread: any; the allocator must live.
 * Cost: one acquire load. Since: 0.1.
 */
FA_API bool fa_scratch_is_live(fa_scratch scratch);

/**
 * Rewinds a scratch arena: all its blocks die, defers run, memory is kept.
 *
 * When to use: when the work is done.
 * @param scratch the arena.
 * @return FA_OK; FA_ERR_STALE with FA421, FA_ERR_STATE with FA422 while a
 *         scope is open.
 * Valid until: - Owner: - Thread: as fa_scratch_frame().
 * Cost: constant, O(blocks above the window + defers). Since: 0.1.
 */
FA_API FA_RESETS(1) fa_status fa_scratch_reset(fa_scratch scratch);

/**
 * Ends a scratch arena. Its handle is refused from now on.
 *
 * When to use: when it is not needed any more; what is left at the end of the
 * allocator goes with it.
 * @param scratch the arena.
 * @return FA_OK; FA_ERR_STALE with FA421, FA_ERR_STATE with FA422 while a
 *         scope is open; then it is as it was.
 * Valid until: - Owner: - Thread: as fa_scratch_frame().
 * Cost: a lock; memory above 64 KiB goes back to the system. Since: 0.1.
 */
FA_API FA_ENDS_FRAME(1) fa_status fa_scratch_destroy(fa_scratch scratch);

/**
 * Reads the figures of a scratch arena.
 *
 * When to use: for reports and to choose a capacity.
 * @param scratch the arena.
 * @param out initialised; gets the figures.
 * @return FA_OK; FA_ERR_STALE with FA421, FA_ERR_CONFIG, FA_ERR_USAGE.
 * Valid until: - Owner: the caller. Thread: as fa_scratch_frame(); totals for
 * any thread are in fa_stats. Cost: constant. Since: 0.1.
 */
FA_API fa_status fa_scratch_stats_read(fa_scratch scratch,
                                       fa_scratch_stats *out);

/**
 * Opens a scope of a named scratch arena: what is allocated until
 * fa_scratch_end() is given back there.
 *
 * When to use: for a part of the work. Scopes nest.
 * @param scratch the arena.
 * @return the scope; its frame refuses every call when the arena is gone
 *         (FA421) or memory for the mark is missing.
 * Valid until: fa_scratch_end(). Owner: the caller.
 * Thread: as fa_scratch_frame(). Cost: a checkpoint. Since: 0.1.
 */
FA_API FA_CREATES_ARENA_IN(0, 1) fa_scratch_scope
    fa_scratch_begin_in(fa_scratch scratch);

/**
 * Opens a scope of one of the context's two scratch arenas for functions,
 * never of one that the caller allocates from.
 *
 * When to use: for temporary memory of a function. Pass the frames from which
 * the caller wants its results, so that these survive.
 * @param ctx the context.
 * @param conflicts frames; may be NULL when count is 0.
 * @param count frames. When both arenas are among them: FA424.
 * @return the scope; its frame refuses every call on failure. Blocks are
 *         charged to the tag that is current when the outermost scope of the
 *         arena begins.
 * Valid until: fa_scratch_end(), or the context's next frame: a scope that is
 * open then is ended with FA423 by the first one that begins in it.
 * Owner: the caller. Thread: the context's own.
 * Cost: a checkpoint; the first two make the arenas. Since: 0.1.
 */
FA_API FA_CREATES_ARENA(0) fa_scratch_scope
    fa_scratch_begin(fa_ctx *ctx, fa_frame *const *conflicts, size_t count);

/**
 * Ends a scope: what was allocated in it dies.
 *
 * When to use: once for every scope, newest first. One that is older ends the
 * newer ones with it.
 * @param scope of fa_scratch_begin_in() or fa_scratch_begin().
 * @return FA_OK; FA_ERR_STALE with FA422 when it has ended before.
 * Valid until: - Owner: - Thread: as the begin. Cost: a rollback.
 * Since: 0.1.
 */
FA_API FA_ENDS_FRAME(1) fa_status fa_scratch_end(fa_scratch_scope scope);

/**
 * Ends the scope of FA_SCRATCH_SCOPE; programs use that instead.
 *
 * When to use: by the macro.
 * @param scope the scope.
 * Valid until: - Owner: - Thread: as the begin. Cost: as fa_scratch_end().
 * Since: 0.1.
 */
FA_API FA_ENDS_FRAME(*1) void fa_scratch_end_scope(fa_scratch_scope *scope);

/**
 * A statement or block with a scratch frame, ended however it is left:
 *
 *     FA_SCRATCH_SCOPE (tmp, fa_scratch_begin(ctx, &out, 1)) {
 *         char *path = fa_frame_printf(tmp, "%s/%s", dir, name);
 *         return load(out, path);
 *     }
 */
#define FA_SCRATCH_SCOPE(name, begin)                                    \
    for (fa_scratch_scope name##_scope_                                  \
             FA_ATTR((__cleanup__(fa_scratch_end_scope))) = (begin),     \
             *name##_once_ = &name##_scope_;                             \
         name##_once_ != NULL; name##_once_ = NULL)                      \
        for (fa_frame *name = name##_scope_.frame; name##_once_ != NULL; \
             name##_once_ = NULL)

FA_END_DECLS

#endif
