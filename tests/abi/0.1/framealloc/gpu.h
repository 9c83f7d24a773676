/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * GPU: memory of a graphics device, with the frames of the program.
 *
 * The program says what it wants memory for (the intent) and how long (the
 * lifetime); a backend finds the memory. Memory of a frame comes from arenas
 * that are reset once the device has finished with them; memory that persists
 * is cut from blocks by a segregated fit with its books in CPU memory. The
 * device itself, its queues and its synchronisation stay the program's:
 * nothing is submitted and nothing is waited for behind its back.
 *
 * No type of Vulkan is in this header; see gpu-vulkan.h for a device of
 * Vulkan, and gpu-backend.h for others. Link with the pkg-config module
 * framealloc-gpu. Not provided: defragmentation, sparse and external memory.
 */
#ifndef FRAMEALLOC_GPU_H
#define FRAMEALLOC_GPU_H

#include <framealloc/framealloc.h>

FA_BEGIN_DECLS

/** The memory of one device. */
typedef struct fa_gpu fa_gpu;

/** What memory is wanted for. */
typedef enum fa_gpu_intent {
    FA_GPU_DEVICE_ONLY = 0,  /**< The device reads and writes it. */
    FA_GPU_HOST_VISIBLE = 1, /**< The CPU writes, the device reads it often. */
    FA_GPU_HOST_CACHED = 2,  /**< The CPU reads and writes, as its own. */
    FA_GPU_STAGING = 3,      /**< The CPU writes, one copy reads it. */
    FA_GPU_READBACK = 4      /**< The device writes, the CPU reads it. */
} fa_gpu_intent;

/** Number of intents. */
#define FA_GPU_INTENTS 5u

/** What the device does with memory; or them together. 0 means all of them.
 *  They decide the alignment. */
enum {
    FA_GPU_USE_COPY_SOURCE = 1u, /**< Is copied from. */
    FA_GPU_USE_COPY_TARGET = 2u, /**< Is copied to. */
    FA_GPU_USE_VERTEX = 4u,      /**< Vertices. */
    FA_GPU_USE_INDEX = 8u,       /**< Indices. */
    FA_GPU_USE_UNIFORM = 16u,    /**< Uniform (constant) buffers. */
    FA_GPU_USE_STORAGE = 32u,    /**< Storage buffers. */
    FA_GPU_USE_TEXEL = 64u,      /**< Buffers read through a format. */
    FA_GPU_USE_INDIRECT = 128u,  /**< Arguments of draws. */
    FA_GPU_USE_ADDRESS = 256u,   /**< Is reached by its device address. */
    FA_GPU_USE_ALL = 511u        /**< All of them. */
};

/** Lifetimes: number of frames, 0 for as long as it is not freed. Memory of
 *  different lifetimes never shares a block. */
enum {
    FA_GPU_PERSISTENT = 0u, /**< Until fa_gpu_free(). */
    FA_GPU_FRAME = 1u       /**< Until its frame has been finished. */
};

/** Longest lifetime in frames. */
#define FA_GPU_FRAMES_MAX 64u

/** Most frames in flight. */
#define FA_GPU_FLIGHT_MAX 8u

/** How memory is got; or them together. */
enum {
    /** FA_GPU_DEVICE_ONLY may be served from memory that is not the device's
     *  own, when that is full. */
    FA_GPU_ALLOW_HOST = 1u,
    /** Only from memory that is held already: no call of the driver. */
    FA_GPU_NO_GROW = 2u,
    /** Refuse above the soft limit of the budget. */
    FA_GPU_WITHIN_BUDGET = 4u,
    /** A block of its own, as drivers like for large images. */
    FA_GPU_DEDICATED = 8u
};

/**
 * A piece of memory. A plain value: copy it as you like.
 *
 * Native handles are integers: with Vulkan, buffer is a VkBuffer and address a
 * VkDeviceAddress.
 */
typedef struct fa_gpu_slice {
    void *ptr;        /**< Where the CPU sees it; NULL: it does not. */
    uint64_t buffer;  /**< The backend's buffer; many slices share one. */
    uint64_t offset;  /**< In the buffer. Bytes. */
    uint64_t size;    /**< Bytes, as asked for. */
    uint64_t address; /**< For the device; 0: it has none. */
    uint64_t frame;   /**< Its last frame; 0: it persists. */
    uint64_t id;      /**< The library's; 0: no memory. */
} fa_gpu_slice;

/** A slice that is none. */
#define FA_GPU_SLICE_NONE      \
    {                          \
        NULL, 0, 0, 0, 0, 0, 0 \
    }

/** What is asked for. Start from FA_GPU_REQUEST_INIT. */
typedef struct fa_gpu_request {
    size_t struct_size;   /**< sizeof(fa_gpu_request). */
    uint64_t size;        /**< Bytes; at least 1. */
    uint64_t align;       /**< Power of two; 0: what the uses need. */
    fa_gpu_intent intent; /**< Default FA_GPU_DEVICE_ONLY. */
    unsigned uses;        /**< FA_GPU_USE_VERTEX ...; 0: all. */
    unsigned frames;      /**< Lifetime; default FA_GPU_PERSISTENT. */
    unsigned flags;       /**< FA_GPU_ALLOW_HOST ...; 0: none. */
    fa_tag tag;           /**< Whom it is counted for. */
    const char *name;     /**< Shown in dumps; a literal; NULL: none. */
} fa_gpu_request;

#define FA_GPU_REQUEST_INIT                                                \
    {                                                                      \
        sizeof(fa_gpu_request), 0, 0, FA_GPU_DEVICE_ONLY, 0, 0, 0, 0, NULL \
    }

/** Switches of a device; or them together. */
enum {
    /** The program lets one thread at a time in: no lock is taken. */
    FA_GPU_EXTERNAL_SYNC = 1u,
    /** Fill what is handed back with 0xDD where the CPU sees it. */
    FA_GPU_CHECK = 2u,
    /** Do not believe the driver's budget; count our own bytes. */
    FA_GPU_NO_DRIVER_BUDGET = 4u
};

/** How a device's memory is kept. Start from FA_GPU_CONFIG_INIT. */
typedef struct fa_gpu_config {
    size_t struct_size;  /**< sizeof(fa_gpu_config). */
    unsigned flags;      /**< FA_GPU_EXTERNAL_SYNC ...; 0: none. */
    uint32_t frames;     /**< Frames in flight, 1 to FA_GPU_FLIGHT_MAX; 0: 2. */
    uint64_t chunk_size; /**< Of frame arenas. Bytes; 0: 1 MiB; 4 KiB to 1 GiB.
                              Larger requests get larger chunks. */
    uint64_t block_size; /**< First block of a kind of persistent memory; each
                              next is twice as large, up to 256 MiB or an eighth
                              of the heap. Bytes; 0: 8 MiB; at least 64 KiB. */
    uint64_t staging_chunk; /**< Bytes; 0: 4 MiB; at least 4 KiB. */
    uint64_t staging_limit; /**< Of all staging memory; above, transfers answer
                                 FA_NOT_READY. Bytes; 0: 64 MiB. */
    uint32_t retain_frames; /**< Frames that memory is kept idle before it goes
                                 back to the driver; 0: 8; UINT32_MAX: always. */
} fa_gpu_config;

#define FA_GPU_CONFIG_INIT                         \
    {                                              \
        sizeof(fa_gpu_config), 0, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Gives all memory back to the driver and ends the bookkeeping.
 *
 * Waits until the device has finished with it; after a lost device it does not
 * wait. What persists and was not freed is reported (FA557), tickets that were
 * not released as well (FA551).
 *
 * When to use: before the device is destroyed, by its owner.
 * @param gpu the memory; NULL does nothing.
 * Valid until: - Owner: - Thread: any, when no other is in a call.
 * Cost: waits for the device. Since: 0.1.
 */
FA_API FA_ENDS_FRAME(1) void fa_gpu_destroy(fa_gpu *gpu);

/**
 * Opens the next frame: waits until the device has finished the frame that
 * used this frame's arenas before, and resets them.
 *
 * When to use: once per frame, before fa_gpu_frame_alloc().
 * @param gpu the memory.
 * @param timeout_ns how long to wait; 0: do not; UINT64_MAX: as long as needed.
 * @return FA_OK; FA_NOT_READY (timeout 0) or FA_TIMEOUT: no frame was opened;
 *         FA_ERR_STATE when one is open; FA_ERR_BACKEND, FA_ERR_DEVICE_LOST:
 *         none was opened, either.
 * Valid until: fa_gpu_end_frame(). Owner: - Thread: one at a time.
 * Cost: no call of the driver except the query of progress and, once a frame,
 * of the budget; what was idle for long is given back. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_begin_frame(fa_gpu *gpu,
                                               uint64_t timeout_ns);

/**
 * Makes what the CPU wrote into memory of this frame visible to the device.
 *
 * When to use: before the submit that reads it. On coherent memory it does
 * nothing; calling it always is right.
 * @param gpu the memory.
 * @return FA_OK; FA_ERR_STATE without an open frame; FA_ERR_DEVICE_LOST,
 *         FA_ERR_BACKEND.
 * Valid until: - Owner: - Thread: as fa_gpu_begin_frame().
 * Cost: one driver call for each arena that is not coherent. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_frame_commit(fa_gpu *gpu);

/**
 * Ends the frame.
 *
 * When to use: after the frame's last submit.
 * @param gpu the memory.
 * @param serial what the device reaches when it has finished this frame: with
 *        Vulkan the value of the program's timeline semaphore; rises from
 *        frame to frame; 0: nothing was submitted.
 * @return FA_OK; FA_ERR_STATE without an open frame; FA_ERR_USAGE when the
 *         serial does not rise; the frame stays open then.
 * Valid until: - Owner: - Thread: as fa_gpu_begin_frame(). Cost: constant.
 * Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_end_frame(fa_gpu *gpu, uint64_t serial);

/**
 * Number of the open frame, or of the last one.
 *
 * When to use: to compare with fa_gpu_slice.frame.
 * @param gpu the memory.
 * @return the number; the first frame is 1; 0 before it.
 * Valid until: the next frame. Owner: - Thread: any. Cost: one load.
 * Since: 0.1.
 */
FA_API uint64_t fa_gpu_frame_number(const fa_gpu *gpu);

/**
 * Number of the newest frame that the device is known to have finished.
 *
 * When to use: to see how far behind the device is; does not ask the driver.
 * @param gpu the memory.
 * @return the number; 0 before the first.
 * Valid until: - Owner: - Thread: any. Cost: one load. Since: 0.1.
 */
FA_API uint64_t fa_gpu_frame_finished(const fa_gpu *gpu);

/**
 * Takes memory for the open frame.
 *
 * When to use: for what is written anew in each frame: uniforms, vertices that
 * move, scratch of the device.
 * @param gpu the memory.
 * @param intent what for.
 * @param size bytes; at least 1.
 * @param align power of two; 0: enough for every use.
 * @param out gets the slice; none on failure.
 * @return FA_OK; FA_ERR_USAGE, FA_ERR_STATE without an open frame;
 *         FA_ERR_NOMEM, FA_ERR_BUDGET, FA_ERR_BACKEND, FA_ERR_DEVICE_LOST when
 *         the arena had to grow and could not.
 * Valid until: the device has finished the frame. Owner: the frame.
 * Thread: any, between begin and end of the frame.
 * Cost: an atomic addition; when a chunk is full, a lock and perhaps a call of
 * the driver, which a frame like the ones before does not need. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_frame_alloc(fa_gpu *gpu,
                                               fa_gpu_intent intent,
                                               uint64_t size, uint64_t align,
                                               fa_gpu_slice *out);

/**
 * Takes memory for several frames or for good.
 *
 * When to use: for meshes, textures' buffers, what is not rewritten each frame.
 * With frames = FA_GPU_FRAME it is fa_gpu_frame_alloc().
 * @param gpu the memory.
 * @param request what is wanted.
 * @param out gets the slice; none on failure.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE; FA_ERR_UNSUPPORTED when no
 *         memory of the device suits; FA_ERR_NOMEM; FA_ERR_BUDGET;
 *         FA_NOT_READY when FA_GPU_NO_GROW was set and it would have to grow;
 *         FA_ERR_BACKEND, FA_ERR_DEVICE_LOST.
 * Valid until: fa_gpu_free(), or the end of its last frame. Owner: the caller,
 * or the frames. Thread: any. Cost: a lock and a search of constant time;
 * when blocks are full, a call of the driver. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_alloc(fa_gpu *gpu,
                                         const fa_gpu_request *request,
                                         fa_gpu_slice *out);

/**
 * Gives memory back once the device has finished all frames up to the open
 * one and all transfers up to now.
 *
 * When to use: for slices of fa_gpu_alloc() that persist; also while the
 * device still uses them.
 * @param gpu the memory.
 * @param slice the memory; becomes none. None is allowed.
 * @return FA_OK; FA_ERR_STALE when it was freed already or is of a frame
 *         (FA555); FA_ERR_STATE when a queued transfer writes or reads it.
 * Valid until: - Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_gpu_free(fa_gpu *gpu, fa_gpu_slice *slice);

/**
 * Whether a slice may still be used.
 *
 * When to use: in assertions.
 * @param gpu the memory.
 * @param slice the slice.
 * @return false when it is none, was freed, or its frames are over.
 * Valid until: the next frame or free. Owner: - Thread: any. Cost: a lock.
 * Since: 0.1.
 */
FA_API bool fa_gpu_slice_is_live(fa_gpu *gpu, const fa_gpu_slice *slice);

/**
 * Writes to a slice that the CPU sees.
 *
 * When to use: to write in place of a copy, as on devices that share memory
 * with the CPU. The device must not use these bytes now: unlike a copy, this
 * is not ordered with its work.
 * @param gpu the memory.
 * @param slice the slice.
 * @param offset in the slice. Bytes.
 * @param source bytes to write.
 * @param size their number.
 * @return FA_OK; FA_ERR_USAGE outside of the slice; FA_ERR_UNSUPPORTED when
 *         the CPU does not see it (FA554); FA_ERR_STALE (FA555);
 *         FA_ERR_BACKEND, FA_ERR_DEVICE_LOST.
 * Valid until: - Owner: - Thread: any. Cost: memcpy() and, where the memory is
 * not coherent, a call of the driver. Since: 0.1.
 */
FA_API FA_BORROWS(4) FA_CHECKED fa_status
    fa_gpu_slice_write(fa_gpu *gpu, const fa_gpu_slice *slice, uint64_t offset,
                       const void *source, uint64_t size);

/**
 * Reads from a slice that the CPU sees.
 *
 * When to use: for results on memory that CPU and device share, after the
 * device has finished writing and made that visible to the host.
 * @param gpu the memory.
 * @param slice the slice.
 * @param offset in the slice. Bytes.
 * @param target gets the bytes.
 * @param size their number.
 * @return as fa_gpu_slice_write().
 * Valid until: - Owner: - Thread: any. Cost: memcpy() and, where the memory is
 * not coherent, a call of the driver; slow where it is not cached.
 * Since: 0.1.
 */
FA_API FA_BORROWS(4) FA_CHECKED fa_status
    fa_gpu_slice_read(fa_gpu *gpu, const fa_gpu_slice *slice, uint64_t offset,
                      void *target, uint64_t size);

/**
 * Gives idle memory back to the driver now.
 *
 * When to use: after a level was unloaded.
 * @param gpu the memory.
 * @return FA_OK; FA_ERR_BACKEND, FA_ERR_DEVICE_LOST.
 * Valid until: - Owner: - Thread: as fa_gpu_begin_frame().
 * Cost: calls of the driver. Since: 0.1.
 */
FA_API fa_status fa_gpu_trim(fa_gpu *gpu);

/**
 * Code of the last failure that the driver gave, as a VkResult.
 *
 * When to use: for a message after FA_ERR_BACKEND, FA_ERR_NOMEM or
 * FA_ERR_DEVICE_LOST.
 * @param gpu the memory.
 * @return the backend's number; 0: none has failed.
 * Valid until: - Owner: - Thread: any. Cost: one load. Since: 0.1.
 */
FA_API int64_t fa_gpu_native_error(const fa_gpu *gpu);

FA_END_DECLS

#include <framealloc/gpu-budget.h>
#include <framealloc/gpu-transfer.h>
#include <framealloc/gpu-unified.h>

#endif
