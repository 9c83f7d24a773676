/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Handles: objects that the library may move, so that memory which lives for
 * long does not fragment.
 *
 * A program keeps the handle, a number, and asks for the address when it uses
 * the object. A handle knows its object's generation: when the object is
 * gone, the handle is refused and never means another object. Objects lie in
 * contiguous regions; fa_handle_space_compact() slides them together, a
 * bounded step at a time, and gives empty regions back.
 */
#ifndef FRAMEALLOC_HANDLE_H
#define FRAMEALLOC_HANDLE_H

#include <framealloc/status.h>
#include <framealloc/tag.h>

FA_BEGIN_DECLS

/** Objects with handles, and their regions. All threads may use one; threads
 *  that allocate much do so faster with one each. */
typedef struct fa_handle_space fa_handle_space;

/** An object of one space. A plain number: copy, compare and store it. */
typedef uint64_t fa_handle;

/** The handle of no object. */
#define FA_HANDLE_NONE ((fa_handle)0)

/** Whether an object may be moved. */
typedef enum fa_handle_kind {
    FA_HANDLE_MOVABLE = 0, /**< By compaction, while it is not pinned. */
    FA_HANDLE_FIXED = 1    /**< Never. */
} fa_handle_kind;

/** What a program is told of a move. */
typedef struct fa_handle_move {
    size_t struct_size;      /**< Bytes of this structure. */
    fa_handle handle;        /**< The object; another thread may have freed
                              *   it meanwhile. */
    const void *old_address; /**< Where it was; to compare, not to read. */
    void *address;           /**< Where it is. */
    size_t size;             /**< Bytes, as asked for. */
} fa_handle_move;

/**
 * Told of each move, after the object has arrived and its handle gives the
 * new address, in the order of the moves: by rising old address in a region.
 * No lock is held: it may call every function of the space but destroy, and
 * another thread may use the object already. Until the moves of a step were
 * told, their old addresses are not given to other objects.
 */
typedef void (*fa_handle_move_fn)(void *user, const fa_handle_move *move);

/** How to make a space. Start from FA_HANDLE_SPACE_CONFIG_INIT. */
typedef struct fa_handle_space_config {
    size_t struct_size; /**< sizeof(fa_handle_space_config). */
    /** Shown in messages; copied, cut to 31 bytes. NULL: "handles". */
    const char *name;
    /** What the regions count for; default FA_TAG_NONE. */
    fa_tag tag;
    /** Of one region. Bytes; 0 = 1 MiB; 64 KiB to 1 GiB, rounded up to 4 KiB.
     *  Larger objects have regions of their own. Too small: many regions and
     *  more heap calls; too large: the last one is mostly empty. */
    size_t region_size;
    fa_handle_move_fn moved; /**< Told of moves; may be NULL. */
    void *user;              /**< Passed to moved. */
} fa_handle_space_config;

#define FA_HANDLE_SPACE_CONFIG_INIT                            \
    {                                                          \
        sizeof(fa_handle_space_config), NULL, 0, 0, NULL, NULL \
    }

/** Figures of a space. Start from FA_HANDLE_STATS_INIT. */
typedef struct fa_handle_stats {
    size_t struct_size;     /**< sizeof(fa_handle_stats). */
    uint64_t live_count;    /**< Objects. */
    uint64_t pinned_count;  /**< Of these, pinned now. */
    uint64_t fixed_count;   /**< Of these, not movable. */
    uint64_t slot_count;    /**< Records of objects and gaps, in use or not. */
    uint64_t retired_count; /**< Records whose generations are used up. */
    uint64_t live_bytes;    /**< Of objects, rounded up to 16 each. */
    uint64_t span_bytes;    /**< From each region's begin to its last object. */
    uint64_t region_bytes;  /**< Of all regions. */
    uint64_t region_count;  /**< Regions. */
    uint64_t move_count;    /**< Moves since the space was made. */
    uint64_t moved_bytes;   /**< Bytes of these. */
    double fragmentation;   /**< 1 - live_bytes / span_bytes; 0 when empty. */
} fa_handle_stats;

#define FA_HANDLE_STATS_INIT                                        \
    {                                                               \
        sizeof(fa_handle_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Makes a space.
 *
 * When to use: once per kind of long-lived data, as meshes or sounds.
 * @param allocator the allocator; its heap gives the regions.
 * @param config copied; NULL for defaults.
 * @param out gets the space; NULL on failure.
 * @return FA_OK; FA_ERR_CONFIG with FA010, FA_ERR_NOMEM, FA_ERR_BUDGET, or
 *         FA_ERR_USAGE for NULL and unknown tags.
 * Valid until: fa_handle_space_destroy(), which comes before the
 * allocator's. Owner: the caller. Thread: any. Cost: a heap block; regions are
 * made when needed. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_handle_space_create(
    fa_allocator *allocator, const fa_handle_space_config *config,
    fa_handle_space **out);

/**
 * Ends a space and all its objects. Objects that are still live: FA403.
 *
 * When to use: when nothing uses it any more.
 * @param space the space; NULL does nothing.
 * Valid until: - Owner: - Thread: any, when no other thread is in a call.
 * Cost: O(regions). Since: 0.1.
 */
FA_API void fa_handle_space_destroy(fa_handle_space *space);

/**
 * An object; uninitialised.
 *
 * When to use: for what lives for many frames and comes in many sizes.
 * @param space the space.
 * @param size bytes; 0 counts as 1.
 * @param align a power of two up to FA_ALIGN_MAX; kept when it moves.
 * @param kind whether compaction may move it.
 * @return the handle; FA_HANDLE_NONE on failure, and fa_ctx_status() of the
 *         thread's context tells why: FA_ERR_NOMEM, FA_ERR_BUDGET or
 *         FA_ERR_USAGE (FA013 for a wrong alignment).
 * Valid until: fa_handle_free(). Owner: the caller. Thread: any.
 * Cost: a lock and a search in a few bins; sometimes a region. Since: 0.1.
 */
FA_API FA_CHECKED fa_handle fa_handle_alloc(fa_handle_space *space, size_t size,
                                            size_t align, fa_handle_kind kind);

/**
 * Ends an object. Its handle is refused from now on, for ever.
 *
 * When to use: when nothing uses the object any more.
 * @param space the space.
 * @param handle the object; FA_HANDLE_NONE does nothing.
 * @return FA_OK; FA_ERR_STALE with FA401; FA_ERR_STATE with FA404 while it is
 *         pinned, then nothing has changed.
 * Valid until: - Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_handle_free(fa_handle_space *space, fa_handle handle);

/**
 * Address of an object.
 *
 * When to use: where nothing compacts or frees meanwhile, as within a frame
 * of a program that compacts between frames. Pin it otherwise.
 * @param space the space.
 * @param handle the object; FA_HANDLE_NONE gives NULL.
 * @return the address; NULL with FA401 when the object is gone.
 * Valid until: the next compaction, or the free. Owner: the space.
 * Thread: any. Cost: three acquire loads; no lock, but for a move of this
 * object that is under way. Since: 0.1.
 */
FA_API void *fa_handle_resolve(fa_handle_space *space, fa_handle handle);

/**
 * Whether an object was not freed yet.
 *
 * When to use: to ask without a message.
 * @param space the space.
 * @param handle the object.
 * @return false for FA_HANDLE_NONE and for objects that are gone.
 * Valid until: another thread frees it. Owner: - Thread: any.
 * Cost: two acquire loads. Since: 0.1.
 */
FA_API bool fa_handle_is_live(const fa_handle_space *space, fa_handle handle);

/**
 * Size of an object, as it was asked for.
 *
 * When to use: to copy or to save it.
 * @param space the space.
 * @param handle the object.
 * @return bytes; 0 for FA_HANDLE_NONE, and with FA401 for objects that are
 *         gone.
 * Valid until: the free. Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API size_t fa_handle_size(fa_handle_space *space, fa_handle handle);

/**
 * As fa_handle_resolve(), and the object stays where it is and cannot be
 * freed until the unpin. Pins nest.
 *
 * When to use: around every use that may run beside a compaction.
 * @param space the space.
 * @param handle the object; FA_HANDLE_NONE gives NULL.
 * @return the address; NULL with FA401 when the object is gone.
 * Valid until: fa_handle_unpin(). Owner: the space. Thread: any.
 * Cost: one compare-and-swap; no lock, but for a move of this object that is
 * under way. Since: 0.1.
 */
FA_API FA_CHECKED void *fa_handle_pin(fa_handle_space *space, fa_handle handle);

/**
 * Undoes one fa_handle_pin(). Any thread may do it.
 *
 * When to use: when the use is over.
 * @param space the space.
 * @param handle the object; FA_HANDLE_NONE does nothing.
 * @return FA_OK; FA_ERR_STALE with FA401, FA_ERR_STATE with FA404 when it is
 *         not pinned.
 * Valid until: - Owner: - Thread: any. Cost: one compare-and-swap.
 * Since: 0.1.
 */
FA_API fa_status fa_handle_unpin(fa_handle_space *space, fa_handle handle);

/**
 * Moves objects together: into the gaps before them in their region, and from
 * the last regions into room at the end of earlier ones. Empty regions go
 * back to the heap. Pinned and fixed objects stay.
 *
 * When to use: once per frame, with a small budget. The next call goes on
 * where this one ended; a call ends at the end of a pass over all regions.
 * @param space the space.
 * @param max_bytes bytes to move, at most, and objects and gaps to look at, one for
 *        each 64 of them; 0: no limit. Larger objects stay where they are.
 * @param max_us microseconds; 0: no limit. Looked at after each step, of at
 *        most 32 moves and 64 KiB or one larger object.
 * @return bytes moved; 0 when there was nothing to do, or when another call
 *         is under way.
 * Valid until: - Owner: - Thread: any; one at a time does something.
 * Cost: bounded by the arguments; the lock is held for a step at a time.
 * Since: 0.1.
 */
FA_API size_t fa_handle_space_compact(fa_handle_space *space, size_t max_bytes,
                                      uint32_t max_us);

/**
 * Share of the space that is lost in gaps: 1 - live bytes / span bytes, where
 * the span of a region ends at its last object.
 *
 * When to use: to decide whether to compact, and how much.
 * @param space the space.
 * @return 0 (none, or empty) to below 1.
 * Valid until: the next change. Owner: - Thread: any.
 * Cost: a lock and a walk over the regions. Since: 0.1.
 */
FA_API double fa_handle_space_fragmentation(fa_handle_space *space);

/**
 * Reads the figures of a space.
 *
 * When to use: in tools and reports.
 * @param space the space.
 * @param out gets them; start from FA_HANDLE_STATS_INIT.
 * @return FA_OK; FA_ERR_CONFIG with FA010 for a structure that is not
 *         initialised, FA_ERR_USAGE for NULL.
 * Valid until: - Owner: the caller. Thread: any.
 * Cost: a lock and a walk over all objects. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_handle_space_stats_read(fa_handle_space *space,
                                                       fa_handle_stats *out);

FA_END_DECLS

#endif
