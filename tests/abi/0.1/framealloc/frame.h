/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frames: memory that dies together.
 *
 * A frame is two addresses, cursor and limit. Allocating compares the size
 * with the room, rounds it up and advances. Everything else (budgets, guard
 * modes, the end of the window, a closed frame) is expressed by choosing the
 * limit, so that one slow function sorts it out. Three more words let
 * fa_frame_release() pop the last block of a small frame inline.
 */
#ifndef FRAMEALLOC_FRAME_H
#define FRAMEALLOC_FRAME_H

#include <framealloc/status.h>
#include <framealloc/tag.h>

#include <string.h>

FA_BEGIN_DECLS

/**
 * The visible part of a frame. Cursor and limit are multiples of 16 at all
 * times. Read it if you like; only the functions below may change it. All
 * five words and their meaning are frozen for the soname.
 */
typedef struct fa_frame {
    char *cursor; /**< Where the next block begins. */
    char *limit;  /**< End of the room that the inline path may use. */
    char *floor;  /**< Blocks below it are not released. */
    char *high;   /**< Highest cursor since the library looked, or NULL. */
    /** Up to this cursor only the last block is released, inline; above it
     *  released blocks are remembered, up to 32 gaps. */
    char *release_from;
} fa_frame;

/** Blocks begin at multiples of this. */
#define FA_FRAME_GRANULE ((size_t)16)
/** The largest alignment that any function accepts. */
#define FA_ALIGN_MAX ((size_t)2 << 20)

/** A position in a frame to go back to. Plain data; copy it freely. */
typedef struct fa_mark {
    const fa_frame *frame; /**< The frame it was taken in; NULL: invalid. */
    uint64_t number;       /**< Frame number then. */
    uint64_t serial;       /**< Tells marks of one frame apart. */
    uint32_t index;        /**< Depth in the frame's stack of marks. */
} fa_mark;

/** A frame's identity, to ask later whether its memory is still there. */
typedef struct fa_stamp {
    uint64_t number; /**< Frame number. */
    uint64_t ctx;    /**< fa_ctx_id() when the context has own frames, or 0. */
} fa_stamp;

/**
 * The slow path of fa_frame_alloc(); programs call that instead.
 *
 * When to use: by the inline functions of this header.
 * @param frame the frame.
 * @param size bytes.
 * @param align a power of two up to FA_ALIGN_MAX.
 * @return the block, or NULL as fa_frame_alloc().
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: once per window, 20 to 100 ns, for the
 * first two windows of resident memory never; blocks above the window come
 * from the block cache. Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1) FA_NOINLINE
    void *fa_frame_alloc_slow(fa_frame *frame, size_t size, size_t align);

/**
 * Memory from the frame; uninitialised.
 *
 * When to use: for everything that dies with the frame.
 * @param frame of fa_begin_frame(), fa_ctx_frame() or fa_ctx_begin_frame().
 * @param size bytes; 0 returns a non-NULL address that must not be used.
 * @param align a power of two up to FA_ALIGN_MAX; up to 16 is free of cost.
 *        Others are refused with FA013, in a call that was not inlined only
 *        those above 16 (all of them in guard modes).
 * @return the block, aligned to 16 at least; NULL when no frame is open, a
 *         budget refuses, or memory is exhausted: fa_ctx_status() tells which.
 * Valid until: the end of frame N + lag; then the bytes must not be read.
 * Owner: the frame; nothing to free. Thread: the context's own.
 * Cost: 9 instructions inline; a window (32 KiB) costs one slow call, the
 * first two of a frame none once they are resident. Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1)
    FA_RETURNS_MEM(2) void *fa_frame_alloc(fa_frame *frame, size_t size,
                                           size_t align);

#ifndef FA_NO_INLINE
FA_INLINE FA_RETURNS_MEM(2) void *fa_frame_alloc(fa_frame *frame, size_t size,
                                                 size_t align)
{
    char *block = frame->cursor;
    /* One bit per alignment that needs nothing: 1, 2, 4, 8 and 16. The room is
     * a multiple of 16, so rounding the size cannot pass it. */
    if (FA_UNLIKELY((UINT64_C(0x10116) >> (align & 63) & 1) == 0 ||
                    size > (size_t)(frame->limit - block)))
        return fa_frame_alloc_slow(frame, size, align);
    frame->cursor =
        block + ((size + FA_FRAME_GRANULE - 1) & ~(FA_FRAME_GRANULE - 1));
    return block;
}
#endif

/**
 * Zeroed memory from the frame.
 *
 * When to use: where fa_frame_alloc() is not enough.
 * @param frame the frame.
 * @param size bytes.
 * @param align as fa_frame_alloc().
 * @return as fa_frame_alloc(), all bytes 0.
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: fa_frame_alloc() and memset.
 * Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1)
    FA_RETURNS_MEM(2) void *fa_frame_zalloc(fa_frame *frame, size_t size,
                                            size_t align);

#ifndef FA_NO_INLINE
FA_INLINE FA_RETURNS_MEM(2) void *fa_frame_zalloc(fa_frame *frame, size_t size,
                                                  size_t align)
{
    void *block = fa_frame_alloc(frame, size, align);
    return FA_LIKELY(block != NULL) ? memset(block, 0, size) : NULL;
}
#endif

/**
 * Room for many objects in one block; uninitialised. The batch call.
 *
 * When to use: for n objects at once; one bump instead of n.
 * @param frame the frame.
 * @param count objects.
 * @param size bytes of one; count * size may not overflow.
 * @param align as fa_frame_alloc().
 * @return as fa_frame_alloc(); NULL with FA_ERR_NOMEM when the product
 *         overflows.
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: as fa_frame_alloc(). Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1)
    FA_RETURNS_ARRAY(2, 3) void *fa_frame_alloc_array(fa_frame *frame,
                                                      size_t count, size_t size,
                                                      size_t align);

#ifndef FA_NO_INLINE
FA_INLINE FA_RETURNS_ARRAY(2, 3) void *fa_frame_alloc_array(fa_frame *frame,
                                                            size_t count,
                                                            size_t size,
                                                            size_t align)
{
    size_t total;
    if (FA_UNLIKELY(__builtin_mul_overflow(count, size, &total)))
        total = SIZE_MAX;
    return fa_frame_alloc(frame, total, align);
}
#endif

/**
 * Zeroed room for many objects in one block.
 *
 * When to use: as fa_frame_alloc_array(), where zeroes are needed.
 * @param frame the frame.
 * @param count objects.
 * @param size bytes of one.
 * @param align as fa_frame_alloc().
 * @return as fa_frame_alloc_array(), all bytes 0.
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: fa_frame_alloc_array() and memset.
 * Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1) FA_RETURNS_ARRAY(2, 3) void *fa_frame_zalloc_array(
    fa_frame *frame, size_t count, size_t size, size_t align);

#ifndef FA_NO_INLINE
FA_INLINE FA_RETURNS_ARRAY(2, 3) void *fa_frame_zalloc_array(fa_frame *frame,
                                                             size_t count,
                                                             size_t size,
                                                             size_t align)
{
    void *block = fa_frame_alloc_array(frame, count, size, align);
    return FA_LIKELY(block != NULL) ? memset(block, 0, count * size) : NULL;
}
#endif

/** One zeroed T, or NULL. */
#define fa_frame_new(frame, T) \
    FA_CAST(T *, fa_frame_zalloc((frame), sizeof(T), FA_ALIGNOF(T)))
/** One uninitialised T, or NULL. */
#define fa_frame_new_raw(frame, T) \
    FA_CAST(T *, fa_frame_alloc((frame), sizeof(T), FA_ALIGNOF(T)))
/** count zeroed T in one block, or NULL. */
#define fa_frame_array(frame, T, count) \
    FA_CAST(T *,                        \
            fa_frame_zalloc_array((frame), (count), sizeof(T), FA_ALIGNOF(T)))
/** count uninitialised T in one block, or NULL. */
#define fa_frame_array_raw(frame, T, count) \
    FA_CAST(T *,                            \
            fa_frame_alloc_array((frame), (count), sizeof(T), FA_ALIGNOF(T)))

/** N zeroed T in one block as a T (*)[N], or NULL: with N known, sizeof and
 *  the compiler's warnings know how many there are. One bump. */
#define fa_frame_new_n(frame, T, N) \
    FA_CAST(T(*)[N], fa_frame_zalloc((frame), sizeof(T[N]), FA_ALIGNOF(T)))
/** The same uninitialised. For a count known at run time only, there is
 *  fa_frame_array_raw(). */
#define fa_frame_new_n_raw(frame, T, N) \
    FA_CAST(T(*)[N], fa_frame_alloc((frame), sizeof(T[N]), FA_ALIGNOF(T)))
/** 2, 4 or 8 zeroed T, as fa_frame_new_n(). */
#define fa_frame_new_2(frame, T) fa_frame_new_n(frame, T, 2)
#define fa_frame_new_4(frame, T) fa_frame_new_n(frame, T, 4)
#define fa_frame_new_8(frame, T) fa_frame_new_n(frame, T, 8)

/**
 * Grows or shrinks a block: in place when it is the last one of the frame,
 * otherwise (when it grows) by a copy in a new block.
 *
 * When to use: for arrays that grow while they are filled.
 * @param frame the frame of the block.
 * @param block of this frame, or NULL for a new block.
 * @param old_size bytes asked for before.
 * @param new_size bytes wanted now; 0 keeps the block.
 * @param align as it was asked for.
 * @return the block, perhaps moved; NULL as fa_frame_alloc(), then the old
 *         block is as it was.
 * Valid until: as fa_frame_alloc(). Owner: the frame; where a block moved
 * from must not be used any more.
 * Thread: the context's own. Cost: constant in place, else a copy.
 * Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1)
    FA_REALLOCS(2) void *fa_frame_resize(fa_frame *frame, void *block,
                                         size_t old_size, size_t new_size,
                                         size_t align);

/** Blocks up to this size come from the arena, unless their alignment is
 *  above 4096. */
#define FA_FRAME_SMALL ((size_t)4096)

/**
 * The slow path of fa_frame_release(); programs call that instead.
 *
 * When to use: by the inline functions of this header.
 * @param frame the frame of the block.
 * @param block of this frame, or NULL.
 * @param size bytes asked for.
 * Valid until: the call. Owner: the frame. Thread: the context's own.
 * Cost: about 2 ns for the last block; others move up to 32 records of gaps.
 * Since: 0.1.
 */
FA_API void fa_frame_release_slow(fa_frame *frame, void *block, size_t size);

/**
 * A hint that a block is not needed any more.
 *
 * When to use: optional, for blocks that come and go within the frame. The
 * last block of the arena is popped, one of the block cache goes back at once.
 * Any other stays until the frame dies while the frame uses up to two windows
 * of the arena; above that it is popped when all above it is released, as far
 * as 32 gaps can be remembered. Blocks of the arena that are older than the
 * newest mark, defer or tag change stay. Does nothing in guard modes.
 * @param frame the frame of the block.
 * @param block of this frame; NULL does nothing.
 * @param size bytes asked for. It is not checked: with a wrong one, memory
 *        that is in use may be handed out again.
 * Valid until: the call; the block must not be used afterwards.
 * Owner: the frame. Thread: the context's own. Cost: about 2 ns inline.
 * Since: 0.1.
 */
FA_API void fa_frame_release(fa_frame *frame, void *block, size_t size);

#ifndef FA_NO_INLINE
FA_INLINE void
fa_frame_release(fa_frame *frame, void *block, size_t size)
{
    char *cursor = frame->cursor;
    /* A number, because the block may be NULL. */
    uintptr_t end = (uintptr_t)block +
                    ((size + FA_FRAME_GRANULE - 1) & ~(FA_FRAME_GRANULE - 1));
    if (FA_UNLIKELY(cursor > frame->release_from || size > FA_FRAME_SMALL)) {
        fa_frame_release_slow(frame, block, size);
    } else if (end == (uintptr_t)cursor &&
               FA_CAST(char *, block) >= frame->floor) {
        if (cursor > frame->high)
            frame->high = cursor;
        frame->cursor = FA_CAST(char *, block);
    }
}
#endif

/**
 * An open-ended block at the end of the frame, to be filled and cut to size
 * by fa_frame_commit().
 *
 * When to use: when the size is known only after writing (text, packets).
 * Nothing else may be allocated from the frame before the commit.
 * @param frame the frame.
 * @param min bytes needed at least.
 * @param align as fa_frame_alloc().
 * @param room gets the bytes that may be written, at least min.
 * @return the block, or NULL as fa_frame_alloc(); then *room is 0.
 * Valid until: the commit, or the next allocation. Owner: the frame.
 * Thread: the context's own. Cost: as fa_frame_alloc(). Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1) FA_CHECKED
    void *fa_frame_reserve(fa_frame *frame, size_t min, size_t align,
                           size_t *room);

/**
 * Ends a reservation: the first bytes of it become a block.
 *
 * When to use: after fa_frame_reserve().
 * @param frame the frame.
 * @param block of fa_frame_reserve(); NULL does nothing.
 * @param used bytes written, at most the room; 0 gives all back.
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: about 2 ns. Since: 0.1.
 */
FA_API FA_BORROWS(2) void fa_frame_commit(fa_frame *frame, void *block,
                                          size_t used);

/**
 * Copy of a string in the frame.
 *
 * When to use: for names and paths that live a frame.
 * @param frame the frame.
 * @param text NUL-terminated; NULL gives NULL.
 * @return the copy, or NULL as fa_frame_alloc().
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: strlen and a copy. Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1) FA_CHECKED
    char *fa_frame_strdup(fa_frame *frame, const char *text);

/**
 * Formatted string in the frame.
 *
 * When to use: for labels and messages of this frame.
 * @param frame the frame.
 * @param format as printf(3).
 * @return the string, or NULL as fa_frame_alloc() or for a bad format.
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: one vsnprintf; two when the text is longer
 * than what is left of the window. Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1) FA_CHECKED
    FA_PRINTF(2, 3) char *fa_frame_printf(fa_frame *frame, const char *format,
                                          ...);

/**
 * A mark: the position to which fa_frame_rollback() goes back.
 *
 * When to use: around work whose memory may be dropped before the frame ends.
 * @param frame the frame.
 * @return the mark; one with .frame NULL when no frame is open or memory for
 *         it is missing, which fa_frame_rollback() refuses.
 * Valid until: the frame ends or an older mark is rolled back to.
 * Owner: the caller; plain data. Thread: the context's own.
 * Cost: about 3 ns. Since: 0.1.
 */
FA_API FA_MARKS(1) fa_mark fa_frame_checkpoint(fa_frame *frame);

/**
 * Drops everything that was allocated since the mark: blocks, oversized
 * blocks, defers (these run, newest first) and newer marks. Tags get back
 * exactly what they were charged. The mark itself stays valid.
 *
 * When to use: when a speculation failed, or at the end of a scope.
 * @param frame the frame.
 * @param mark of this frame.
 * @return FA_OK; FA_ERR_STALE with FA006 for marks that are gone, of another
 *         frame or context; FA_ERR_STATE when no frame is open.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: O(blocks above the window + defers + tag changes since the mark).
 * Since: 0.1.
 */
FA_API FA_ROLLS_BACK(1, 2) fa_status
    fa_frame_rollback(fa_frame *frame, fa_mark mark);

/**
 * Calls a function when the memory of this frame dies, or is rolled back.
 * Functions run newest first.
 *
 * When to use: for objects in frame memory that own something.
 * @param frame the frame; 48 bytes of it are used at most.
 * @param fn called with arg on the thread that ends the frame; it may not
 *        allocate from this frame.
 * @param arg passed on.
 * @return FA_OK; FA_ERR_USAGE when fn is NULL; otherwise fn is not kept and
 *         the status says why, as after fa_frame_alloc().
 * Valid until: the frame dies. Owner: the frame.
 * Thread: the context's own. Cost: an allocation; an empty list costs one
 * compare at the frame's end. Since: 0.1.
 */
FA_API FA_RETAINS_IN(3, 1) FA_CHECKED fa_status
    fa_frame_defer(fa_frame *frame, void (*fn)(void *), void *arg);

/**
 * The frame's identity, to be kept beside a pointer into it.
 *
 * When to use: in caches and containers that may outlive the frame.
 * @param frame the frame.
 * @return the stamp of the current frame.
 * Valid until: for ever; numbers are not used again. Owner: the caller.
 * Thread: the context's own. Cost: constant. Since: 0.1.
 */
FA_API fa_stamp fa_frame_stamp(const fa_frame *frame);

/**
 * Whether memory of the stamped frame may still be read.
 *
 * When to use: before following a pointer that was kept.
 * @param allocator the allocator of the frame.
 * @param stamp of fa_frame_stamp().
 * @return true until the end of frame N + lag.
 * Valid until: the next frame boundary. Owner: - Thread: any.
 * Cost: one acquire load; own frames: a walk over the contexts. Since: 0.1.
 */
FA_API bool fa_stamp_is_live(const fa_allocator *allocator, fa_stamp stamp);

/**
 * Why the last call of this frame that failed did so.
 *
 * When to use: after a NULL, where the context is not at hand: a scratch arena
 * and a group have none that a program knows.
 * @param frame the frame.
 * @return as fa_ctx_status() of its context.
 * Valid until: the next failure. Owner: - Thread: the context's own.
 * Cost: constant. Since: 0.1.
 */
FA_API FA_QUERY fa_status fa_frame_status(const fa_frame *frame);

/**
 * Bytes used in the frame so far, blocks above the window included.
 *
 * When to use: to measure a section by the difference.
 * @param frame the frame.
 * @return bytes; 0 when no frame is open.
 * Valid until: the next allocation. Owner: - Thread: the context's own.
 * Cost: constant. Since: 0.1.
 */
FA_API size_t fa_frame_used(const fa_frame *frame);

/**
 * Bytes that the frame may still hand out under its context's frame budget.
 *
 * When to use: to do less where room is short; budgets of tags, of the context
 * as a whole and of the allocator are not looked at.
 * @param frame the frame.
 * @return bytes, exactly; SIZE_MAX without such a budget; 0 when no frame is
 *         open.
 * Valid until: the next allocation. Owner: - Thread: the context's own.
 * Cost: constant. Since: 0.1.
 */
FA_API size_t fa_frame_remaining(const fa_frame *frame);

FA_END_DECLS

#endif
