/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Offsets: an allocator of ranges of numbers. It never touches what it hands
 * out, so it serves memory that the CPU cannot see, parts of one buffer, rows
 * of a texture atlas, or places in a descriptor heap.
 *
 * Two-level segregated fit (Masmano et al., "TLSF: a new dynamic memory
 * allocator for real-time systems", 2004) with its books apart from the ranges,
 * and one change: before it goes up a size class, it looks at a few ranges of
 * the class below. That costs a bounded search and leaves larger holes.
 *
 * Part of the library of the GPU module, but needs no GPU.
 */
#ifndef FRAMEALLOC_OFFSET_H
#define FRAMEALLOC_OFFSET_H

#include <framealloc/allocator.h>

FA_BEGIN_DECLS

/** An allocator of offsets. */
typedef struct fa_offset fa_offset;

/** How it is made. Start from FA_OFFSET_CONFIG_INIT. */
typedef struct fa_offset_config {
    size_t struct_size; /**< sizeof(fa_offset_config). */
    uint64_t size;      /**< Offsets are 0 to size - 1; cut down to a multiple
                             of the granule. Less than 2^31 granules. */
    uint64_t granule;   /**< Sizes are rounded up to it, and offsets are its
                             multiples. Power of two; 0: 256. */
} fa_offset_config;

#define FA_OFFSET_CONFIG_INIT          \
    {                                  \
        sizeof(fa_offset_config), 0, 0 \
    }

/** Figures of an allocator. */
typedef struct fa_offset_usage {
    size_t struct_size;    /**< sizeof(fa_offset_usage). */
    uint64_t size;         /**< All of it. */
    uint64_t used;         /**< Handed out, rounded to granules. */
    uint64_t largest_hole; /**< Largest range that is free. */
    uint32_t ranges;       /**< Handed out. */
    uint32_t holes;        /**< Free ranges. */
} fa_offset_usage;

#define FA_OFFSET_USAGE_INIT                   \
    {                                          \
        sizeof(fa_offset_usage), 0, 0, 0, 0, 0 \
    }

/** A range. */
typedef struct fa_offset_range {
    uint64_t offset; /**< Its begin. */
    uint64_t size;   /**< Rounded to granules. */
    uint32_t node;   /**< Its number. */
    bool is_free;    /**< A hole. */
} fa_offset_range;

/**
 * Makes an allocator of offsets; everything is free.
 *
 * When to use: once per buffer or other thing that is shared out.
 * @param allocator for the books, of its heap.
 * @param config copied.
 * @param out gets it; NULL on failure.
 * @return FA_OK; FA_ERR_CONFIG when config is not initialised, size is less
 *         than a granule or too large, or granule is no power of two;
 *         FA_ERR_NOMEM, FA_ERR_USAGE.
 * Valid until: fa_offset_destroy(), before the allocator is destroyed.
 * Owner: the caller. Thread: any. Cost: about 4 KiB. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_offset_create(fa_allocator *allocator,
                                             const fa_offset_config *config,
                                             fa_offset **out);

/**
 * Ends an allocator of offsets.
 *
 * When to use: when the ranges are not needed any more; they need not be freed.
 * @param offset the allocator; NULL does nothing.
 * Valid until: - Owner: - Thread: one at a time. Cost: two frees. Since: 0.1.
 */
FA_API void fa_offset_destroy(fa_offset *offset);

/**
 * Takes a range.
 *
 * When to use: for each piece.
 * @param offset the allocator.
 * @param size length, at least 1; rounded up to granules.
 * @param align power of two; 0: the granule.
 * @param begin gets the first offset, a multiple of align.
 * @param node gets the number to free it by; never 0.
 * @return FA_OK; FA_ERR_NOMEM when no hole is large enough for size and
 *         align - 1 more, among those that are looked at, or the books could
 *         not grow; FA_ERR_USAGE. On failure begin and node are untouched.
 * Valid until: fa_offset_free(). Owner: the caller. Thread: one at a time.
 * Cost: constant, at most 24 holes are looked at; now and then the books
 * double. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_offset_alloc(fa_offset *offset, uint64_t size,
                                            uint64_t align, uint64_t *begin,
                                            uint32_t *node);

/**
 * Gives a range back.
 *
 * When to use: once for each range.
 * @param offset the allocator.
 * @param node the number that fa_offset_alloc() gave.
 * @return FA_OK; FA_ERR_STALE when it is not a range in use. A number may be
 *         given again, so a stale one is not always found out.
 * Valid until: - Owner: - Thread: one at a time. Cost: constant. Since: 0.1.
 */
FA_API fa_status fa_offset_free(fa_offset *offset, uint32_t node);

/**
 * Gives all ranges back.
 *
 * When to use: when everything ends together.
 * @param offset the allocator.
 * Valid until: - Owner: - Thread: one at a time. Cost: constant. Since: 0.1.
 */
FA_API void fa_offset_reset(fa_offset *offset);

/**
 * Figures of the allocator.
 *
 * When to use: for displays and for decisions about other buffers.
 * @param offset the allocator.
 * @param out its struct_size is set by the caller; gets the figures.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE.
 * Valid until: - Owner: the caller. Thread: one at a time.
 * Cost: looks at the holes of the largest size class. Since: 0.1.
 */
FA_API fa_status fa_offset_usage_read(const fa_offset *offset,
                                      fa_offset_usage *out);

/**
 * Visits all ranges and holes in the order of their offsets.
 *
 * When to use: for dumps, and to check.
 * @param offset the allocator.
 * @param cursor 0 at first; the next one is put there.
 * @param out gets the range.
 * @return false when there is no further one.
 * Valid until: the next change. Owner: the caller. Thread: one at a time.
 * Cost: constant. Since: 0.1.
 */
FA_API bool fa_offset_next(const fa_offset *offset, uint32_t *cursor,
                           fa_offset_range *out);

FA_END_DECLS

#endif
