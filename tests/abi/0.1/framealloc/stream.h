/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Streams: assets that are loaded over several frames, under one budget.
 *
 * A program reserves room for an asset, fills it, perhaps by a thread that
 * reads files, and pins it around each use. When the budget is used up, a
 * reservation takes the place of ready assets of lower priority, and of older
 * ones of its own priority. Either all room that it needs can be had, or
 * nothing is evicted.
 */
#ifndef FRAMEALLOC_STREAM_H
#define FRAMEALLOC_STREAM_H

#include <framealloc/status.h>
#include <framealloc/tag.h>

FA_BEGIN_DECLS

/** Assets and their budget. All threads may use one. */
typedef struct fa_stream fa_stream;

/** An asset of one stream. A plain number: copy, compare and store it. It
 *  never means another asset, also when this one is gone. */
typedef uint64_t fa_stream_asset;

/** The name of no asset. */
#define FA_STREAM_ASSET_NONE ((fa_stream_asset)0)

/** What makes room for what. */
typedef enum fa_stream_priority {
    FA_STREAM_LOW = 0,
    FA_STREAM_NORMAL = 1,
    FA_STREAM_HIGH = 2,
    FA_STREAM_CRITICAL = 3 /**< Never evicted. */
} fa_stream_priority;

/** Where an asset is in its life. */
typedef enum fa_stream_state {
    FA_STREAM_GONE = 0,     /**< Freed or evicted, or never an asset. */
    FA_STREAM_RESERVED = 1, /**< Has its memory; nobody fills it. */
    FA_STREAM_LOADING = 2,  /**< Is being filled. */
    FA_STREAM_READY = 3,    /**< May be pinned. */
    FA_STREAM_EVICTING = 4  /**< In a plan: soon gone, or ready again. */
} fa_stream_state;

/** What a program is told of an eviction. */
typedef struct fa_stream_eviction {
    size_t struct_size;          /**< Bytes of this structure. */
    fa_stream_asset asset;       /**< Which one. */
    const void *memory;          /**< What it holds, still readable. */
    size_t size;                 /**< Bytes, as asked for. */
    fa_stream_priority priority; /**< As asked for. */
    uint64_t frame; /**< Number of the frame in which it was used last. */
} fa_stream_eviction;

/**
 * Asked for each asset of a plan whether it may go; false is a veto. Another
 * plan without it is then made. No lock is held: it may call every function
 * of the stream but destroy.
 */
typedef bool (*fa_stream_evict_fn)(void *user, const fa_stream_eviction *what);

/**
 * Told of each asset that was evicted, before its memory is freed. No lock is
 * held, and the name is stale already.
 */
typedef void (*fa_stream_evicted_fn)(void *user,
                                     const fa_stream_eviction *what);

/** How to make a stream. Start from FA_STREAM_CONFIG_INIT. */
typedef struct fa_stream_config {
    size_t struct_size; /**< sizeof(fa_stream_config). */
    /** Shown in messages; copied, cut to 31 bytes. NULL: "stream". */
    const char *name;
    /** Most bytes of all assets. Bytes; 0 = 64 MiB. Too small: assets come and
     *  go; too large: nothing is ever evicted. */
    size_t budget;
    fa_stream_evict_fn may_evict; /**< Asked before; NULL: all may go. */
    fa_stream_evicted_fn evicted; /**< Told after; may be NULL. */
    void *user;                   /**< Passed to both. */
} fa_stream_config;

#define FA_STREAM_CONFIG_INIT                               \
    {                                                       \
        sizeof(fa_stream_config), NULL, 0, NULL, NULL, NULL \
    }

/** Figures of one asset. Start from FA_STREAM_INFO_INIT. */
typedef struct fa_stream_info {
    size_t struct_size;          /**< sizeof(fa_stream_info). */
    fa_stream_state state;       /**< Now. */
    fa_stream_priority priority; /**< As asked for. */
    size_t size;                 /**< Bytes, as asked for. */
    size_t filled;               /**< Of these, filled. */
    uint32_t pins;               /**< Pins now. */
    uint64_t frame; /**< Number of the frame in which it was used last. */
} fa_stream_info;

#define FA_STREAM_INFO_INIT                                               \
    {                                                                     \
        sizeof(fa_stream_info), FA_STREAM_GONE, FA_STREAM_LOW, 0, 0, 0, 0 \
    }

/** Figures of a stream. Start from FA_STREAM_STATS_INIT. */
typedef struct fa_stream_stats {
    size_t struct_size;      /**< sizeof(fa_stream_stats). */
    uint64_t budget_bytes;   /**< Most bytes of all assets. */
    uint64_t used_bytes;     /**< Of assets, and of reservations under way. */
    uint64_t peak_bytes;     /**< Most used_bytes ever. */
    uint64_t reserved_bytes; /**< Of assets that nobody fills yet. */
    uint64_t loading_bytes;  /**< Of assets that are being filled. */
    uint64_t ready_bytes;    /**< Of ready assets, and those in plans. */
    uint64_t filled_bytes;   /**< Filled, of those not ready yet. */
    uint64_t reserved_count; /**< Assets that nobody fills yet. */
    uint64_t loading_count;  /**< Assets that are being filled. */
    uint64_t ready_count;    /**< Ready assets, and those in plans. */
    uint64_t pinned_count;   /**< Of these, pinned now. */
    uint64_t eviction_count; /**< Assets evicted so far. */
    uint64_t evicted_bytes;  /**< Bytes of these. */
    uint64_t veto_count;     /**< Plans given up because of a veto. */
    uint64_t refusal_count;  /**< Reservations that the budget refused. */
    double utilization;      /**< used_bytes / budget_bytes. */
    /** filled_bytes / bytes of those not ready yet; 1 when all are ready. */
    double progress;
} fa_stream_stats;

#define FA_STREAM_STATS_INIT                                                  \
    {                                                                         \
        sizeof(fa_stream_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
            0, 0                                                              \
    }

/**
 * Makes a stream.
 *
 * When to use: once per kind of data with a budget, as textures.
 * @param allocator the allocator; its heap gives the memory.
 * @param config copied; NULL for defaults.
 * @param out gets the stream; NULL on failure.
 * @return FA_OK; FA_ERR_CONFIG with FA010, FA_ERR_NOMEM, FA_ERR_BUDGET, or
 *         FA_ERR_USAGE for NULL.
 * Valid until: fa_stream_destroy(), which comes before the allocator's.
 * Owner: the caller. Thread: any. Cost: a heap block. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_stream_create(fa_allocator *allocator,
                                             const fa_stream_config *config,
                                             fa_stream **out);

/**
 * Ends a stream and frees all its assets. Assets that are still there: FA403.
 *
 * When to use: when nothing uses, fills or pins its assets any more.
 * @param stream the stream; NULL does nothing.
 * Valid until: - Owner: - Thread: any, when no other thread is in a call.
 * Cost: O(assets). Since: 0.1.
 */
FA_API void fa_stream_destroy(fa_stream *stream);

/**
 * Room for an asset. When the budget is used up, ready assets that are not
 * pinned make room: lower priorities first, then the own priority, those
 * first whose last use is the longest ago. Nothing is evicted unless that
 * suffices, no veto remains, and the heap has the memory.
 *
 * When to use: before an asset is loaded.
 * @param stream the stream.
 * @param size bytes; 0 counts as 1.
 * @param priority of this asset.
 * @param tag what its memory counts for. New memory is taken before the
 *        victims' is freed, so a hard limit of the tag needs room for that.
 * @return the asset; FA_STREAM_ASSET_NONE on failure, and fa_ctx_status() of
 *         the thread's context tells why: FA_ERR_BUDGET with FA402,
 *         FA_ERR_BUDGET and FA_ERR_NOMEM of the heap, or FA_ERR_USAGE. Then no
 *         asset has changed.
 * Valid until: fa_stream_free(), or its eviction. Owner: the caller.
 * Thread: any. Cost: two locks and a heap block; O(victims) when it evicts.
 * Since: 0.1.
 */
FA_API FA_CHECKED fa_stream_asset fa_stream_reserve(fa_stream *stream,
                                                    size_t size,
                                                    fa_stream_priority priority,
                                                    fa_tag tag);

/**
 * Ends an asset: its name is stale from now on. The memory of one that is
 * being filled is freed by fa_stream_fill_end(), so that who fills it may go
 * on until it notices.
 *
 * When to use: when nothing needs the asset, also to cancel its loading.
 * @param stream the stream.
 * @param asset the asset; FA_STREAM_ASSET_NONE does nothing.
 * @return FA_OK; FA_ERR_STATE with FA404 while it is pinned, then nothing has
 *         changed. FA_ERR_STALE without a message when it is gone, as by an
 *         eviction, and with FA401 when it never was an asset here.
 * Valid until: - Owner: - Thread: any. Cost: a lock and a heap free.
 * Since: 0.1.
 */
FA_API fa_status fa_stream_free(fa_stream *stream, fa_stream_asset asset);

/**
 * Begins to fill a reserved asset. Neither an eviction nor a free takes its
 * memory until fa_stream_fill_end().
 *
 * When to use: by the thread that fills it, or before it is told to.
 * @param stream the stream.
 * @param asset the asset; FA_STREAM_ASSET_NONE gives NULL.
 * @return its memory, uninitialised and aligned to 64; NULL with FA_ERR_STATE
 *         when it is loading or ready, or with FA_ERR_STALE as of
 *         fa_stream_free().
 * Valid until: fa_stream_fill_end(). Owner: the stream. Thread: any.
 * Cost: a lock. Since: 0.1.
 */
FA_API FA_CHECKED void *fa_stream_fill_begin(fa_stream *stream,
                                             fa_stream_asset asset);

/**
 * Tells how much of an asset is filled, and asks whether to go on.
 *
 * When to use: after each part, as once per frame.
 * @param stream the stream.
 * @param asset an asset that is being filled.
 * @param filled bytes since the begin of the asset, at most its size.
 * @return FA_OK; FA_ERR_STALE without a message when it was freed meanwhile:
 *         call fa_stream_fill_end(). FA_ERR_STALE with FA401 when nobody fills
 *         it, FA_ERR_USAGE for more than its size.
 * Valid until: - Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_stream_progress_set(fa_stream *stream,
                                        fa_stream_asset asset, size_t filled);

/**
 * Ends what fa_stream_fill_begin() began. The memory may not be written
 * afterwards.
 *
 * When to use: once for each begin, by whoever filled it, also on failure.
 * @param stream the stream.
 * @param asset an asset that is being filled.
 * @param result FA_OK: all of it is filled, it is ready. Everything else: it
 *        is reserved again, with nothing filled.
 * @return FA_OK; FA_ERR_STALE without a message when it was freed meanwhile,
 *         its memory is freed now. FA_ERR_STALE with FA401 when nobody fills
 *         it.
 * Valid until: - Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_stream_fill_end(fa_stream *stream, fa_stream_asset asset,
                                    fa_status result);

/**
 * Address of a ready asset, which stays until the unpin. Pins nest. The asset
 * counts as used in the current frame.
 *
 * When to use: around every use. There is no access without a pin.
 * @param stream the stream.
 * @param asset the asset; FA_STREAM_ASSET_NONE gives NULL.
 * @return the address; NULL when it cannot be used, and fa_ctx_status() of
 *         the thread's context tells why: FA_NOT_READY when it is not ready
 *         yet or is being evicted, FA_ERR_STALE as of fa_stream_free(): load
 *         it again. FA_ERR_STATE with FA404 for more pins than can be counted.
 * Valid until: fa_stream_unpin(). Owner: the stream. Thread: any.
 * Cost: a lock. Since: 0.1.
 */
FA_API FA_CHECKED void *fa_stream_pin(fa_stream *stream, fa_stream_asset asset);

/**
 * Undoes one fa_stream_pin(). Any thread may do it. The asset counts as used
 * in the current frame.
 *
 * When to use: when the use is over.
 * @param stream the stream.
 * @param asset the asset; FA_STREAM_ASSET_NONE does nothing.
 * @return FA_OK; FA_ERR_STALE with FA401, FA_ERR_STATE with FA404 when it is
 *         not pinned.
 * Valid until: - Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_stream_unpin(fa_stream *stream, fa_stream_asset asset);

/**
 * Where an asset is in its life.
 *
 * When to use: to ask without a message, as in a loading screen.
 * @param stream the stream.
 * @param asset any number.
 * @return the state; FA_STREAM_GONE for everything that is no asset now.
 * Valid until: another thread changes it. Owner: - Thread: any.
 * Cost: a lock. Since: 0.1.
 */
FA_API fa_stream_state fa_stream_asset_state(fa_stream *stream,
                                             fa_stream_asset asset);

/**
 * Reads the figures of an asset.
 *
 * When to use: in tools, and for the progress of one asset.
 * @param stream the stream.
 * @param asset the asset.
 * @param out gets them; start from FA_STREAM_INFO_INIT.
 * @return FA_OK; FA_ERR_STALE without a message when there is none,
 *         FA_ERR_CONFIG with FA010 for a structure that is not initialised,
 *         FA_ERR_USAGE for NULL.
 * Valid until: - Owner: the caller. Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_stream_info_read(fa_stream *stream,
                                                fa_stream_asset asset,
                                                fa_stream_info *out);

/**
 * Reads the figures of a stream, all of one moment.
 *
 * When to use: in tools, reports and loading screens.
 * @param stream the stream.
 * @param out gets them; start from FA_STREAM_STATS_INIT.
 * @return FA_OK; FA_ERR_CONFIG with FA010 for a structure that is not
 *         initialised, FA_ERR_USAGE for NULL.
 * Valid until: - Owner: the caller. Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_stream_stats_read(fa_stream *stream,
                                                 fa_stream_stats *out);

FA_END_DECLS

#endif
