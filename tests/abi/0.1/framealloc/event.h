/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Events: what happens to memory, as it happens.
 *
 * Ten kinds of events come from the real operations. A program takes them in
 * two ways: listeners are called on the thread that did it; rings keep the
 * last events of each context for a tool to read from another thread. Both
 * are off by default and cost nothing then.
 *
 * FA_EVENT_ALLOC and FA_EVENT_FREE turn the inline paths off while someone
 * wants them. A context follows such a change when it opens its next frame;
 * one that opens no frames follows when a magazine of its pools is empty.
 */
#ifndef FRAMEALLOC_EVENT_H
#define FRAMEALLOC_EVENT_H

#include <framealloc/allocator.h>
#include <framealloc/tag.h>

FA_BEGIN_DECLS

/** What happened. Never renumbered. */
typedef enum fa_event_kind {
    /** A context has opened its arena for a frame. */
    FA_EVENT_FRAME_BEGIN = 0,
    /** A block was handed out: address, size, memory, tag. */
    FA_EVENT_ALLOC = 1,
    /** A pool or heap block was freed: address, size, memory, tag; other is
     *  the id of the context that owns it. Frame memory has no such event: it
     *  ends with its frame, or sooner by a rollback or a release. */
    FA_EVENT_FREE = 2,
    /** A context has closed its frame: size is the bytes used, other the
     *  most bytes at once, duration_ns the time since its begin. */
    FA_EVENT_FRAME_END = 3,
    /** A block of another context waits to be taken home: address, size;
     *  other is the id of the owner. */
    FA_EVENT_REMOTE_QUEUED = 4,
    /** A context has taken in blocks that others freed: other is their
     *  count, size their bytes. */
    FA_EVENT_REMOTE_PROCESSED = 5,
    /** Memory was offered to another context: address, size. */
    FA_EVENT_TRANSFER_BEGIN = 6,
    /** It was received: address, size; other is the id of the giver. */
    FA_EVENT_TRANSFER_END = 7,
    /** A soft limit was reached: size is what was asked for, other the
     *  limit. */
    FA_EVENT_PRESSURE = 8,
    /** A hard limit was met: size is what was asked for, other the limit. */
    FA_EVENT_BUDGET = 9
} fa_event_kind;

/** Number of kinds. */
#define FA_EVENT_KINDS 10
/** A set of kinds has this bit for each of them. */
#define FA_EVENT_BIT(kind) (UINT32_C(1) << (kind))
/** All kinds. */
#define FA_EVENT_ALL ((UINT32_C(1) << FA_EVENT_KINDS) - 1)
/** Listeners of one allocator at a time. */
#define FA_EVENT_LISTENERS_MAX 16

/** Where memory lies. Never renumbered. */
typedef enum fa_memory {
    FA_MEMORY_FRAME = 0,  /**< In a frame. */
    FA_MEMORY_POOL = 1,   /**< In a page of a pool. */
    FA_MEMORY_HEAP = 2,   /**< A block of its own. */
    FA_MEMORY_SCRATCH = 3 /**< In a scratch arena or a group. */
} fa_memory;

/** One event; members that a kind does not name are 0. Size and order of the
 *  members are frozen. */
typedef struct fa_event {
    uint32_t kind;        /**< enum fa_event_kind. */
    uint32_t memory;      /**< enum fa_memory. */
    fa_tag tag;           /**< Of the block, or the context's current one. */
    uint32_t reserved;    /**< 0. */
    uint64_t ctx;         /**< Id of the context that did it; fa_ctx_id(). */
    uint64_t frame;       /**< Frame that the context was in. */
    uint64_t time_ns;     /**< Of a clock that only rises; 0 for ALLOC, FREE. */
    uint64_t duration_ns; /**< Of FA_EVENT_FRAME_END. */
    const void *address;  /**< Not to be read: it may be freed by now. */
    uint64_t size;        /**< Bytes, by kind. */
    uint64_t other;       /**< By kind. */
} fa_event;

/**
 * Takes one event. Called without any lock held, on the thread that did it;
 * it may allocate, add and remove listeners. Events that it causes are kept in
 * rings but call no listener.
 */
typedef void (*fa_event_fn)(void *user, const fa_event *event);

/** A listener. Start from FA_EVENT_LISTENER_INIT. */
typedef struct fa_event_listener {
    size_t struct_size; /**< sizeof(fa_event_listener). */
    uint32_t kinds;     /**< Bits of the kinds to be called for; not 0. */
    fa_event_fn fn;     /**< Not NULL. */
    void *user;         /**< Passed to fn. */
} fa_event_listener;

#define FA_EVENT_LISTENER_INIT                   \
    {                                            \
        sizeof(fa_event_listener), 0, NULL, NULL \
    }

/**
 * Adds a listener.
 *
 * When to use: for profilers, and to react where something happens.
 * @param allocator the allocator.
 * @param listener copied.
 * @param id gets a number for fa_event_listener_remove(); never 0.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE, or FA_ERR_NOMEM when there are
 *         FA_EVENT_LISTENERS_MAX of them.
 * Valid until: removed. Owner: the allocator. Thread: any, also from a
 * listener. Cost: a lock; then one call per event. Since: 0.1.
 */
FA_API FA_BORROWS(2) FA_CHECKED fa_status
    fa_event_listener_add(fa_allocator *allocator,
                          const fa_event_listener *listener, uint64_t *id);

/**
 * Removes a listener. When this returns, it runs on no other thread and is
 * not called again; only from inside of a listener it does not wait.
 *
 * When to use: before what the listener uses goes away.
 * @param allocator the allocator.
 * @param id of fa_event_listener_add().
 * @return FA_OK; FA_ERR_USAGE for an unknown number.
 * Valid until: - Owner: - Thread: any, also from a listener.
 * Cost: a lock; waits for calls that are under way. Since: 0.1.
 */
FA_API fa_status fa_event_listener_remove(fa_allocator *allocator, uint64_t id);

/**
 * Says which events are kept in rings, one ring per context.
 *
 * When to use: to look at the last moments without a listener.
 * @param allocator the allocator.
 * @param kinds bits of the kinds to keep; 0 keeps none from now on. What was
 *        kept can still be read.
 * @param count events per ring, rounded up to a power of two; 0 = 4096, at
 *        most 1 << 20. The first call that keeps something decides.
 * @return FA_OK; FA_ERR_USAGE for a kind or count that does not exist.
 * Valid until: the next call. Owner: - Thread: any.
 * Cost: a lock. A context maps its ring with its first event. Since: 0.1.
 */
FA_API fa_status fa_event_ring_set(fa_allocator *allocator, uint32_t kinds,
                                   size_t count);

/**
 * Takes events out of the rings: those of one context in order, one context
 * after the other. A full ring overwrites its oldest events.
 *
 * When to use: regularly, from one tool; listeners can be many.
 * @param allocator the allocator.
 * @param out room for count events.
 * @param count most events to take.
 * @param lost gets the number of events that were overwritten before they
 *        could be taken, since the last call; may be NULL.
 * @return events taken; 0 when there are none.
 * Valid until: copies. Owner: the caller.
 * Thread: any; it never waits for those that write. Cost: a lock, and 80 bytes
 * copied per event. Since: 0.1.
 */
FA_API size_t fa_event_read(fa_allocator *allocator, fa_event *out,
                            size_t count, uint64_t *lost);

/**
 * Name of a kind of event, as "frame begin".
 *
 * When to use: to print events.
 * @param kind enum fa_event_kind.
 * @return a static string; NULL when there is no such kind.
 * Valid until: the end of the process. Owner: the library.
 * Thread: any. Cost: constant. Since: 0.1.
 */
FA_API const char *fa_event_name(uint32_t kind);

FA_END_DECLS

#endif
