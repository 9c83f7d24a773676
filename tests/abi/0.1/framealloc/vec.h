/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Vectors: typed arrays in a frame that grow.
 *
 *     FA_VEC(int) v = FA_VEC_INIT(frame);
 *     if (!fa_vec_push(&v, 7))
 *         return false;
 *     for (size_t i = 0; i < v.count; i++)
 *         sum += v.items[i];
 *
 * A vector that is the last block of its frame grows where it is; any other is
 * copied into a block twice as large. Nothing is freed: the items die with the
 * frame, or are rolled back with it. So a vector from before a mark that grows
 * behind it is gone after the rollback; reserve before the mark.
 *
 * capacity is what the inline path may use, like the limit of a frame. Guard
 * modes keep it at count, so that each push looks whether the frame lives.
 *
 * Macros may evaluate the vector and an index more than once, a value once.
 */
#ifndef FRAMEALLOC_VEC_H
#define FRAMEALLOC_VEC_H

#include <framealloc/frame.h>

FA_BEGIN_DECLS

/** What a vector's functions know of it, whatever its type. */
typedef struct fa_vec {
    size_t capacity;  /**< Objects that the inline path may hold. */
    size_t room;      /**< Objects that the block has room for. */
    size_t max;       /**< Most objects. SIZE_MAX: it grows without bound. */
    fa_frame *frame;  /**< Where the block is. */
    fa_stamp stamp;   /**< Of that frame; number 0: there is no block yet. */
    fa_status status; /**< Of the last call that was not inline. */
} fa_vec;

/** A vector of T. Plain data; a copy sees the same items. Each use of the
 *  macro is a type of its own: name it with typedef to pass it on. */
#define FA_VEC(T)     \
    struct {          \
        T *items;     \
        size_t count; \
        fa_vec base;  \
    }

/** An empty vector that grows; allocates at the first push. */
#define FA_VEC_INIT(frame) FA_VEC_FIXED_INIT(frame, SIZE_MAX)
/** An empty vector of at most max objects, which takes room for all of them
 *  at the first push and refuses further ones; 0 refuses all. */
#define FA_VEC_FIXED_INIT(frame, max)           \
    {                                           \
        NULL, 0,                                \
        {                                       \
            0, 0, (max), (frame), {0, 0}, FA_OK \
        }                                       \
    }

/**
 * Makes room in a vector; programs use the macros of this header instead.
 *
 * When to use: by the macros.
 * @param vec what is known of the vector.
 * @param items its block, or NULL.
 * @param count objects in it.
 * @param more objects wanted.
 * @param size bytes of one.
 * @param align of one.
 * @return the block, perhaps moved; on failure it is the old one, and
 *         vec->status tells why: FA_ERR_STALE with FA606 when the frame has
 *         ended, FA_ERR_BUDGET at the maximum, otherwise as fa_frame_alloc().
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: constant in place, else a copy.
 * Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1) FA_GROWS(2) FA_NOINLINE
    void *fa_vec_reserve_slow(fa_vec *vec, void *items, size_t count,
                              size_t more, size_t size, size_t align);

/**
 * Opens a gap in a vector; programs use fa_vec_insert() instead.
 *
 * When to use: by the macro.
 * @param vec what is known of the vector.
 * @param items its block, or NULL.
 * @param count objects in it; one more on success.
 * @param index where the gap is; above *count: FA_ERR_USAGE.
 * @param size bytes of one.
 * @param align of one.
 * @return as fa_vec_reserve_slow().
 * Valid until: as fa_vec_reserve_slow(). Owner: the frame.
 * Thread: the context's own. Cost: moves what is behind. Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1)
    FA_GROWS(2) void *fa_vec_insert_slow(fa_vec *vec, void *items,
                                         size_t *count, size_t index,
                                         size_t size, size_t align);

/**
 * Appends an array; programs use fa_vec_extend() instead.
 *
 * When to use: by the macro.
 * @param vec what is known of the vector.
 * @param items its block, or NULL.
 * @param count objects in it; more on success.
 * @param from the objects, outside of the vector; may be NULL for none.
 * @param more how many.
 * @param size bytes of one.
 * @param align of one.
 * @return as fa_vec_reserve_slow().
 * Valid until: as fa_vec_reserve_slow(). Owner: the frame.
 * Thread: the context's own. Cost: a copy. Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1) FA_GROWS(2)
    FA_BORROWS(4) void *fa_vec_extend_slow(fa_vec *vec, void *items,
                                           size_t *count, const void *from,
                                           size_t more, size_t size,
                                           size_t align);

/**
 * Closes a gap; programs use fa_vec_remove() instead.
 *
 * When to use: by the macro.
 * @param vec what is known of the vector.
 * @param items its block.
 * @param count objects in it; one less on success.
 * @param index of the object.
 * @param size bytes of one.
 * @return whether there was one; false with FA606 when the frame has ended.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: moves what is behind. Since: 0.1.
 */
FA_API FA_BORROWS(2) bool fa_vec_remove_slow(fa_vec *vec, void *items,
                                             size_t *count, size_t index,
                                             size_t size);

/**
 * Gives unused room back; programs use fa_vec_trim() instead.
 *
 * When to use: by the macro.
 * @param vec what is known of the vector.
 * @param items its block, or NULL.
 * @param count objects in it.
 * @param size bytes of one.
 * @param align of one.
 * Valid until: - Owner: - Thread: the context's own. Cost: constant.
 * Since: 0.1.
 */
FA_API FA_BORROWS(2) void fa_vec_trim_slow(fa_vec *vec, void *items,
                                           size_t count, size_t size,
                                           size_t align);

/**
 * Whether items may still be read; programs use fa_vec_is_live() instead.
 *
 * When to use: by the macro.
 * @param vec what is known of the vector.
 * @return true while the frame, or its lag, lasts; also without a block.
 * Valid until: the next frame boundary. Owner: - Thread: the context's own.
 * Cost: as fa_stamp_is_live(). Since: 0.1.
 */
FA_API bool fa_vec_is_live_slow(const fa_vec *vec);

#define FA_VEC_SIZES_(v) sizeof(*(v)->items), FA_ALIGNOF_AT((v)->items)
/* Calls a function that may move the items. */
#define FA_VEC_MOVE_(v, call) \
    ((v)->items = FA_CAST_LIKE((v)->items, call), (v)->base.status == FA_OK)
#define FA_VEC_ROOM_(v, n)                                                   \
    (FA_LIKELY((n) <= (v)->base.capacity - (v)->count) ||                    \
     FA_VEC_MOVE_(v, fa_vec_reserve_slow(&(v)->base, (v)->items, (v)->count, \
                                         n, FA_VEC_SIZES_(v))))

/** Appends a value; it must not change the vector. False: refused. */
#define fa_vec_push(v, value) \
    (FA_VEC_ROOM_(v, 1) ? ((v)->items[(v)->count++] = (value), true) : false)
/** Appends an uninitialised object; a pointer to it, or NULL. */
#define fa_vec_add(v) (FA_VEC_ROOM_(v, 1) ? &(v)->items[(v)->count++] : NULL)
/** Takes the last object; a pointer to it, until the next push, or NULL. */
#define fa_vec_pop(v) ((v)->count != 0 ? &(v)->items[--(v)->count] : NULL)
/** A pointer to the object of this index, or NULL when there is none. */
#define fa_vec_get(v, i) ((i) < (v)->count ? &(v)->items[i] : NULL)
/** Room for n more objects. False: refused. */
#define fa_vec_reserve(v, n) (FA_VEC_ROOM_(v, n))
/** Inserts a value before this index, at most count. False: refused. */
#define fa_vec_insert(v, i, value)                                           \
    (FA_VEC_MOVE_(v, fa_vec_insert_slow(&(v)->base, (v)->items, &(v)->count, \
                                        (i), FA_VEC_SIZES_(v)))              \
         ? ((v)->items[i] = (value), true)                                   \
         : false)
/** Appends n objects of an array, which is not in the vector. */
#define fa_vec_extend(v, from, n)                                           \
    FA_VEC_MOVE_(v, fa_vec_extend_slow(&(v)->base, (v)->items, &(v)->count, \
                                       true ? (from) : (v)->items, (n),     \
                                       FA_VEC_SIZES_(v)))
/** Removes the object of this index; the others keep their order. */
#define fa_vec_remove(v, i)                                      \
    fa_vec_remove_slow(&(v)->base, (v)->items, &(v)->count, (i), \
                       sizeof(*(v)->items))
/** Removes the object of this index; the last one takes its place. */
#define fa_vec_remove_swap(v, i)                                            \
    ((i) < (v)->count                                                       \
         ? ((v)->items[i] = (v)->items[(v)->count - 1], (v)->count--, true) \
         : false)
/** Empties the vector and keeps its room. */
#define fa_vec_reset(v) ((void)((v)->count = 0))
/** Gives room beyond count back to the frame, if it is the last block. */
#define fa_vec_trim(v) \
    fa_vec_trim_slow(&(v)->base, (v)->items, (v)->count, FA_VEC_SIZES_(v))
/** Whether the items may still be read: the frame, or its lag, lasts. */
#define fa_vec_is_live(v) fa_vec_is_live_slow(&(v)->base)

FA_END_DECLS

#endif
