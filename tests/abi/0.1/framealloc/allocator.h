/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Allocators: what threads share, and the frames of the program.
 *
 * Many allocators may live in one process and one thread; they share nothing.
 */
#ifndef FRAMEALLOC_ALLOCATOR_H
#define FRAMEALLOC_ALLOCATOR_H

#include <framealloc/ctx.h>
#include <framealloc/diag.h>
#include <framealloc/heap.h>

#ifdef FRAMEALLOC_JEMALLOC
#    include <framealloc/jemalloc.h>
#endif

FA_BEGIN_DECLS

/** How much is checked. See framealloc(7) for what each level finds. */
typedef enum fa_guard {
    FA_GUARD_OFF = -1,    /**< Level 0, whatever the environment says. */
    FA_GUARD_DEFAULT = 0, /**< As the environment says, else level 0. */
    FA_GUARD_CHECK = 1,   /**< Poison, red zones, every double free. */
    FA_GUARD_PROTECT = 2, /**< And dead frames fault when touched. */
    FA_GUARD_FRESH = 3    /**< And frame blocks end at a guard page. */
} fa_guard;

/** Whether large ranges are backed by huge pages. */
typedef enum fa_huge {
    FA_HUGE_DEFAULT = 0, /**< Ranges that grew past 2 MiB. */
    FA_HUGE_NEVER = 1,   /**< Never. */
    FA_HUGE_ALWAYS = 2   /**< From the first byte: fewer faults, more memory. */
} fa_huge;

/**
 * How to make an allocator. Start from one of the FA_ALLOCATOR_CONFIG_...
 * macros; a member that is 0 or NULL means the default.
 */
typedef struct fa_allocator_config {
    size_t struct_size; /**< sizeof(fa_allocator_config). */
    /** Frames that memory stays readable after its own; 0 to 7. */
    uint32_t frame_lag;
    /** Address space of one arena. Bytes; 0 = 64 MiB; 64 KiB to 64 GiB. Too
     *  small: further chunks are used and counted as spills. */
    size_t frame_reserve;
    /** Bytes that the inline path may use before it asks again, and the size
     *  above which a block comes from the block cache. 0 = 32 KiB; 4 KiB to
     *  1 MiB, rounded up to 4 KiB. A frame begins with up to two windows of
     *  resident memory, where larger blocks may come from the arena. */
    size_t window;
    /** Hard limit of what the allocator holds. Bytes; 0 = none. */
    uint64_t memory_limit;
    /** What is checked; wins over the environment. */
    fa_guard guard;
    /** Source of large blocks; NULL = jemalloc if the process has it, else
     *  the library's own. Copied. */
    const fa_heap_backend *heap;
    /** What happens after a message; wins over the environment. */
    fa_on_misuse on_misuse;
    /** Takes messages; NULL = errors and warnings to stderr, once per number
     *  and frame. */
    fa_diag_fn diag;
    void *diag_user; /**< Passed to diag. */
    /** Frames after which memory that was idle all the time goes back to the
     *  system, a little per frame; pool pages by fa_allocator_trim() only.
     *  0 = 3600; UINT32_MAX = never. */
    uint32_t trim_frames;
    /** Bytes that each context's block cache keeps. 0 = 32 MiB. */
    size_t cache_limit;
    /** Bytes of each arena that are made resident when it is made. 0 = none;
     *  at most frame_reserve. */
    size_t prefault;
    /** Huge pages. */
    fa_huge huge_pages;
    /** True: objects are counted, and every allocation takes the slow path. */
    bool counts;
    /** Dead arenas that stay protected at guard 2 and more. 0 = 3; up to 16. */
    uint32_t guard_quarantine;
    /** At guard 3, frame blocks up to this size get a guard page. 0 = 64 KiB;
     *  up to 1 MiB. */
    size_t guard_max;
    /** At guard 3, one of so many blocks gets a guard page. 0 = 1. */
    uint32_t guard_sample;
    /** At guard 2 and more, explain a fault in our memory on stderr before the
     *  program's own handler runs. */
    bool report;
    /** When contexts take in what others have freed. 0 = FA_DRAIN_FRAME_END. */
    fa_drain drain;
    /** With FA_DRAIN_INCREMENTAL: blocks taken in at a time. 0 = 256. Too few:
     *  the queue grows, or is full, while the program frees more. */
    uint32_t drain_count;
    /** Blocks that may wait in the queue of one context. 0 = no bound. With a
     *  bound each block is queued by itself, at about twice the cost. */
    uint32_t queue_capacity;
    /** What happens when that is reached. 0 = FA_QUEUE_GROW. */
    fa_queue_full queue_full;
    /** Behaviour filter: 1 default, 2 strict, 3 relaxed thresholds; 0 = as
     *  FRAMEALLOC_OPTIONS says, else off. See fa_behavior_set(). */
    uint32_t behavior;
} fa_allocator_config;

/** Defaults. */
#define FA_ALLOCATOR_CONFIG_INIT                                               \
    {                                                                          \
        sizeof(fa_allocator_config), 0, 0, 0, 0, FA_GUARD_DEFAULT, NULL,       \
            FA_ON_MISUSE_DEFAULT, NULL, NULL, 0, 0, 0, FA_HUGE_DEFAULT, false, \
            0, 0, 0, false, FA_DRAIN_DEFAULT, 0, 0, FA_QUEUE_DEFAULT, 0        \
    }

/** Small footprint: 1 MiB arenas, small windows, quick trimming. */
#define FA_ALLOCATOR_CONFIG_MINIMAL                                          \
    {                                                                        \
        sizeof(fa_allocator_config), 0, (size_t)1 << 20, (size_t)8 << 10, 0, \
            FA_GUARD_DEFAULT, NULL, FA_ON_MISUSE_DEFAULT, NULL, NULL, 60,    \
            (size_t)1 << 20, 0, FA_HUGE_NEVER, false, 0, 0, 0, false,        \
            FA_DRAIN_DEFAULT, 0, 0, FA_QUEUE_DEFAULT, 0                      \
    }

/** High performance: huge pages at once, arenas resident, no trimming. */
#define FA_ALLOCATOR_CONFIG_PERFORMANCE                                        \
    {                                                                          \
        sizeof(fa_allocator_config), 0, (size_t)256 << 20, (size_t)64 << 10,   \
            0, FA_GUARD_DEFAULT, NULL, FA_ON_MISUSE_DEFAULT, NULL, NULL,       \
            UINT32_MAX, (size_t)256 << 20, (size_t)8 << 20, FA_HUGE_ALWAYS,    \
            false, 0, 0, 0, false, FA_DRAIN_DEFAULT, 0, 0, FA_QUEUE_DEFAULT, 0 \
    }

/** Functions that a module wants called at the program's frames. */
typedef struct fa_frame_hook {
    size_t struct_size; /**< sizeof(fa_frame_hook). */
    /** After the frame was opened, on the thread that opened it; or NULL. */
    void (*begin)(void *user, fa_allocator *allocator, uint64_t number);
    /** Before the frame is closed, on the thread that closes it; or NULL. */
    void (*end)(void *user, fa_allocator *allocator, uint64_t number);
    void *user; /**< Passed to both. */
} fa_frame_hook;

#define FA_FRAME_HOOK_INIT                      \
    {                                           \
        sizeof(fa_frame_hook), NULL, NULL, NULL \
    }

/**
 * Makes an allocator.
 *
 * When to use: once per engine or subsystem, at start.
 * @param config copied; NULL for defaults.
 * @param out gets the allocator; NULL on failure.
 * @return FA_OK; FA_ERR_CONFIG for a config that is not initialised or out of
 *         range (the message on stderr or config->diag names the member);
 *         FA_ERR_NOMEM, FA_ERR_USAGE when out is NULL.
 * Valid until: fa_allocator_destroy(). Owner: the caller.
 * Thread: any. Cost: one mapping; arenas are made by their threads.
 * Since: 0.1.
 */
FA_API FA_CREATES_ARENA(*2) FA_CHECKED fa_status
    fa_allocator_create(const fa_allocator_config *config, fa_allocator **out);

/**
 * As fa_allocator_create(), with the backend to use when config names none.
 *
 * When to use: by fa_allocator_create() of programs with the default module.
 * @param config copied; NULL for defaults.
 * @param heap the backend, or NULL for what fa_allocator_create() finds.
 * @param out gets the allocator; NULL on failure.
 * @return as fa_allocator_create().
 * Valid until: fa_allocator_destroy(). Owner: the caller.
 * Thread: any. Cost: as fa_allocator_create(). Since: 0.1.
 */
FA_API FA_CREATES_ARENA(*3) FA_CHECKED fa_status
    fa_allocator_create_with(const fa_allocator_config *config,
                             const fa_heap_backend *heap, fa_allocator **out);

#ifdef FRAMEALLOC_JEMALLOC
/* Names a function of the module, so that the linker keeps it. */
FA_INLINE_ALWAYS FA_CHECKED fa_status
fa_allocator_create(const fa_allocator_config *config, fa_allocator **out)
{
    return fa_allocator_create_with(config, fa_heap_jemalloc(), out);
}
#endif

/**
 * Ends an allocator and frees all its memory.
 *
 * Open frames are ended, defers run newest first, live pool and heap blocks
 * and explicit contexts are reported (FA610); the first eight by address,
 * size and tag, in guard modes also by age in frames and site.
 *
 * When to use: when no other thread is inside a call for this allocator.
 * @param allocator the allocator; NULL does nothing.
 * Valid until: - Owner: - Thread: any. Cost: unmaps everything. Since: 0.1.
 */
FA_API FA_ENDS_FRAME(1) void fa_allocator_destroy(fa_allocator *allocator);

/**
 * Name of the backend in use: "jemalloc", "own", or the custom one's.
 *
 * When to use: to see which one was found.
 * @param allocator the allocator.
 * @return the name; never NULL.
 * Valid until: the allocator is destroyed. Owner: the allocator.
 * Thread: any. Cost: constant. Since: 0.1.
 */
FA_API const char *fa_allocator_heap_name(const fa_allocator *allocator);

/**
 * Gives idle memory back to the system: unused parts of arenas, free pool
 * pages, cached blocks of the calling thread's context and of contexts that
 * no thread uses.
 *
 * When to use: after a level was unloaded; not in a frame's hot part.
 * @param allocator the allocator.
 * @return FA_OK.
 * Valid until: - Owner: - Thread: any. Cost: system calls; memory that is
 * needed again costs page faults. Since: 0.1.
 */
FA_API fa_status fa_allocator_trim(fa_allocator *allocator);

/**
 * Makes room for growth now: the calling thread's arena is made resident up
 * to a quarter above its high water.
 *
 * When to use: in loading screens and before heavier scenes.
 * @param allocator the allocator.
 * @return FA_OK; FA_ERR_NOMEM or FA_ERR_BUDGET when the growth was refused.
 * Valid until: trimmed. Owner: - Thread: any. Cost: page faults, now.
 * Since: 0.1.
 */
FA_API fa_status fa_allocator_prepare(fa_allocator *allocator);

/**
 * Adds functions that are called at the begin and end of each frame of the
 * allocator: begin in the order of adding, end in the reverse order.
 *
 * When to use: by modules that follow the program's frames, between frames; a
 * hook that is added in a frame may miss its end.
 * @param allocator the allocator.
 * @param hook copied; at most 16 per allocator.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE, or FA_ERR_NOMEM when full.
 * Valid until: the allocator is destroyed. Owner: the allocator.
 * Thread: the one that begins and ends frames. Cost: constant. Since: 0.1.
 */
FA_API FA_BORROWS(2) FA_CHECKED fa_status
    fa_allocator_hook_add(fa_allocator *allocator, const fa_frame_hook *hook);

/**
 * Opens the next frame for all contexts.
 *
 * When to use: at the top of the main loop.
 * @param allocator the allocator.
 * @return the calling thread's arena, never NULL. Begin while open: FA004,
 *         and the current frame.
 * Valid until: fa_end_frame(). Owner: the allocator.
 * Thread: one at a time; it may change between frames.
 * Cost: with fa_end_frame(), about 5 ns for an empty frame. Since: 0.1.
 */
FA_API FA_BEGINS_FRAME(1) fa_frame *fa_begin_frame(fa_allocator *allocator)
    FA_OPENS_FRAME_OF(allocator);

/**
 * Ends the frame: the calling thread's context is ended, the number closed.
 * Other contexts follow by fa_ctx_end_frame() or at their next frame.
 *
 * When to use: at the bottom of the main loop.
 * @param allocator the allocator. Without an open frame: FA004.
 * Valid until: - Owner: - Thread: as fa_begin_frame().
 * Cost: O(1) in bytes and objects; O(blocks above the window + defers).
 * Since: 0.1.
 */
FA_API FA_ENDS_FRAME(1) void fa_end_frame(fa_allocator *allocator)
    FA_CLOSES_FRAME_OF(allocator);

/**
 * Number of the current frame, or of the last one when none is open.
 *
 * When to use: to name a frame; the first one is 1.
 * @param allocator the allocator.
 * @return the number; 0 before the first frame.
 * Valid until: the next fa_begin_frame(). Owner: - Thread: any.
 * Cost: one acquire load. Since: 0.1.
 */
FA_API uint64_t fa_frame_number(const fa_allocator *allocator);

FA_END_DECLS

#endif
