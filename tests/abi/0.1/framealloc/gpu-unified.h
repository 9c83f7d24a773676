/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Unified: one begin and end for the frames of CPU and GPU, and buffers that
 * may be on either side or both.
 *
 * A frame begins on the GPU first. When the device is not ready, nothing has
 * begun, and the CPU's frame number has not moved.
 *
 * A buffer knows where its newest bytes are. A transfer that is queued changes
 * nothing yet; the buffer is on both sides once the device has done the copy.
 */
#ifndef FRAMEALLOC_GPU_UNIFIED_H
#define FRAMEALLOC_GPU_UNIFIED_H

#include <framealloc/gpu-transfer.h>
#include <framealloc/gpu.h>

FA_BEGIN_DECLS

/** The frames of a CPU allocator and of a device together. */
typedef struct fa_unified fa_unified;

/** A buffer on either side or both. */
typedef struct fa_unified_buffer fa_unified_buffer;

/** Where the newest bytes of a buffer are. */
typedef enum fa_unified_location {
    FA_UNIFIED_CPU_ONLY = 0,    /**< On the CPU's side. */
    FA_UNIFIED_GPU_ONLY = 1,    /**< On the device's side. */
    FA_UNIFIED_SYNCHRONIZED = 2 /**< The same on both. */
} fa_unified_location;

/** What a buffer consists of. */
typedef enum fa_unified_kind {
    FA_UNIFIED_CPU = 0,    /**< CPU memory; GPU memory at its first transfer. */
    FA_UNIFIED_GPU = 1,    /**< GPU memory; CPU memory at its first transfer. */
    FA_UNIFIED_STAGING = 2 /**< One memory that both see. */
} fa_unified_kind;

/** A buffer to be made. Start from FA_UNIFIED_REQUEST_INIT. */
typedef struct fa_unified_request {
    size_t struct_size;   /**< sizeof(fa_unified_request). */
    uint64_t size;        /**< Bytes; at least 1. */
    fa_unified_kind kind; /**< Default FA_UNIFIED_CPU. */
    fa_gpu_intent intent; /**< Of its GPU memory, but for FA_UNIFIED_STAGING;
                               default FA_GPU_DEVICE_ONLY. */
    unsigned uses;        /**< FA_GPU_USE_VERTEX ...; 0: all. */
    fa_tag tag;           /**< Whom the GPU memory is counted for. */
    const char *name;     /**< Shown in dumps; a literal; NULL: none. */
} fa_unified_request;

#define FA_UNIFIED_REQUEST_INIT                                               \
    {                                                                         \
        sizeof(fa_unified_request), 0, FA_UNIFIED_CPU, FA_GPU_DEVICE_ONLY, 0, \
            0, NULL                                                           \
    }

/**
 * Joins an allocator and a device.
 *
 * When to use: once per device, with no frame open on either side.
 * @param allocator whose frames; not owned.
 * @param gpu whose memory; not owned.
 * @param out gets it; NULL on failure.
 * @return FA_OK; FA_ERR_STATE when a frame is open; FA_ERR_NOMEM,
 *         FA_ERR_USAGE.
 * Valid until: fa_unified_destroy(). Owner: the caller. Thread: any.
 * Cost: one block of the heap. Since: 0.1.
 */
FA_API FA_CREATES_ARENA(*3) FA_CHECKED fa_status
    fa_unified_create(fa_allocator *allocator, fa_gpu *gpu, fa_unified **out);

/**
 * Separates them again, and frees buffers that were left. Copies that are
 * queued and were not recorded or submitted are dropped, those that the program
 * has queued for other memory too.
 *
 * When to use: before either side is destroyed.
 * @param unified what joins them; NULL does nothing.
 * Valid until: - Owner: - Thread: as fa_unified_begin_frame().
 * Cost: a free for each buffer that was left. Since: 0.1.
 */
FA_API FA_ENDS_FRAME(1) void fa_unified_destroy(fa_unified *unified);

/**
 * Opens the next frame on both sides.
 *
 * When to use: at the top of the main loop, in the place of fa_begin_frame()
 * and fa_gpu_begin_frame().
 * @param unified what joins them.
 * @param timeout_ns how long to wait for the device; 0: do not.
 * @param out gets the calling thread's CPU arena; NULL on failure.
 * @return as fa_gpu_begin_frame(); on any failure neither side has advanced.
 * Valid until: fa_unified_end_frame(). Owner: the allocator.
 * Thread: one at a time. Cost: that of both. Since: 0.1.
 */
FA_API FA_CREATES_ARENA_IN(*3, 1) FA_CHECKED fa_status
    fa_unified_begin_frame(fa_unified *unified, uint64_t timeout_ns,
                           fa_frame **out);

/**
 * Ends the frame on both sides.
 *
 * When to use: after the frame's last submit.
 * @param unified what joins them.
 * @param serial as for fa_gpu_end_frame().
 * @return as fa_gpu_end_frame(); on failure both frames stay open.
 * Valid until: - Owner: - Thread: as fa_unified_begin_frame().
 * Cost: that of both. Since: 0.1.
 */
FA_API FA_RESETS(1) FA_CHECKED fa_status
    fa_unified_end_frame(fa_unified *unified, uint64_t serial);

/**
 * Number of the frame, the same for both sides: it counts from the first frame
 * that was opened here.
 *
 * When to use: to name a frame.
 * @param unified what joins them.
 * @return the number; 0 before the first.
 * Valid until: the next frame. Owner: - Thread: any. Cost: one load.
 * Since: 0.1.
 */
FA_API uint64_t fa_unified_frame_number(const fa_unified *unified);

/**
 * Waits until the device has finished a frame.
 *
 * When to use: before the CPU uses what that frame wrote.
 * @param unified what joins them.
 * @param number the frame's; at most that of the last one that has ended.
 * @param timeout_ns how long; 0: only ask.
 * @return FA_OK when it is finished; FA_NOT_READY, FA_TIMEOUT; FA_ERR_STATE
 *         when the frame has not ended, so that waiting could be for ever;
 *         FA_ERR_BACKEND, FA_ERR_DEVICE_LOST.
 * Valid until: - Owner: - Thread: any. Cost: a question to the driver.
 * Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_unified_frame_wait(fa_unified *unified,
                                                  uint64_t number,
                                                  uint64_t timeout_ns);

/**
 * Makes a buffer.
 *
 * When to use: for data that both sides need.
 * @param unified what joins them.
 * @param request copied.
 * @param out gets the buffer; NULL on failure.
 * @return FA_OK; as fa_gpu_alloc(); FA_ERR_NOMEM for CPU memory as well.
 * Valid until: fa_unified_buffer_free(). Owner: the caller. Thread: any.
 * Cost: a block of the heap, a GPU allocation, or both. Since: 0.1.
 */
FA_API FA_CHECKED fa_status
fa_unified_buffer_new(fa_unified *unified, const fa_unified_request *request,
                      fa_unified_buffer **out);

/**
 * Frees a buffer: CPU memory now, GPU memory when the device is done with it.
 *
 * When to use: once; copies of it that are queued must have been recorded.
 * @param unified what joins them.
 * @param buffer the buffer; NULL does nothing.
 * @return FA_OK; FA_ERR_STATE when a copy of it is still queued: it is not
 *         freed then.
 * Valid until: - Owner: - Thread: one at a time for a buffer.
 * Cost: that of both frees. Since: 0.1.
 */
FA_API fa_status fa_unified_buffer_free(fa_unified *unified,
                                        fa_unified_buffer *buffer);

/**
 * Its bytes on the CPU's side, to read.
 *
 * When to use: when the location is not FA_UNIFIED_GPU_ONLY.
 * @param buffer the buffer.
 * @return the bytes; NULL when the CPU has none, or the newest are the
 *         device's.
 * Valid until: the buffer is freed. Owner: the buffer.
 * Thread: one at a time for a buffer. Cost: constant. Since: 0.1.
 */
FA_API const void *fa_unified_buffer_read(fa_unified_buffer *buffer);

/**
 * Its bytes on the CPU's side, to write: from now on they are the newest.
 *
 * When to use: before new contents are written.
 * @param buffer the buffer.
 * @return the bytes; NULL when the CPU has none.
 * Valid until: the buffer is freed. Owner: the buffer.
 * Thread: one at a time for a buffer. Cost: constant. Since: 0.1.
 */
FA_API void *fa_unified_buffer_write(fa_unified_buffer *buffer);

/**
 * Says that the device has written, or will in this frame: its bytes are the
 * newest.
 *
 * When to use: with commands that write to the buffer.
 * @param buffer the buffer.
 * @return FA_OK; FA_ERR_UNSUPPORTED when it has no GPU memory yet.
 * Valid until: - Owner: - Thread: one at a time for a buffer. Cost: constant.
 * Since: 0.1.
 */
FA_API fa_status fa_unified_buffer_set_gpu(fa_unified_buffer *buffer);

/**
 * Its GPU memory.
 *
 * When to use: to bind it.
 * @param buffer the buffer.
 * @return the slice; none (id 0) when it has no GPU memory yet.
 * Valid until: the buffer is freed. Owner: the buffer.
 * Thread: one at a time for a buffer. Cost: constant. Since: 0.1.
 */
FA_API fa_gpu_slice fa_unified_buffer_slice(const fa_unified_buffer *buffer);

/**
 * Where its newest bytes are.
 *
 * When to use: to decide about transfers; asks whether those that were queued
 * are done.
 * @param unified what joins them.
 * @param buffer the buffer.
 * @return the location.
 * Valid until: the next write or transfer. Owner: -
 * Thread: one at a time for a buffer. Cost: a lock while a transfer is on its
 * way. Since: 0.1.
 */
FA_API fa_unified_location
fa_unified_buffer_location(fa_unified *unified, fa_unified_buffer *buffer);

/**
 * Queues a copy of the CPU's bytes to the device.
 *
 * When to use: after fa_unified_buffer_write(); then record or submit the
 * queue, by fa_gpu_transfer_record() or fa_gpu_transfer_submit(). A buffer of
 * one memory is flushed instead, and needs neither.
 * @param unified what joins them.
 * @param buffer the buffer.
 * @return FA_OK, also when both sides have the same bytes already;
 *         FA_NOT_READY when staging memory is used up for now; FA_ERR_STATE
 *         when the device's bytes are the newest, or a copy is on its way;
 *         otherwise as fa_gpu_transfer_to_gpu().
 * Valid until: - Owner: - Thread: one at a time for a buffer.
 * Cost: memcpy() into staging memory. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_unified_to_gpu(fa_unified *unified,
                                              fa_unified_buffer *buffer);

/**
 * Queues a copy of the device's bytes to the CPU.
 *
 * When to use: when the device has written; the bytes are there when
 * fa_unified_wait() returns FA_OK.
 * @param unified what joins them.
 * @param buffer the buffer.
 * @return FA_OK, also when both sides have the same bytes already;
 *         FA_NOT_READY; FA_ERR_STATE when the CPU's bytes are the newest, or a
 *         copy is on its way; otherwise as fa_gpu_transfer_to_cpu().
 * Valid until: - Owner: - Thread: one at a time for a buffer.
 * Cost: a lock. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_unified_to_cpu(fa_unified *unified,
                                              fa_unified_buffer *buffer);

/**
 * Waits for a buffer's copy, and takes its bytes over.
 *
 * When to use: after the queue was recorded and submitted.
 * @param unified what joins them.
 * @param buffer the buffer.
 * @param timeout_ns how long; 0: only ask.
 * @return FA_OK: no copy is on its way; FA_NOT_READY, FA_TIMEOUT; FA_ERR_STATE
 *         when the copy was neither recorded nor submitted, so that waiting
 *         could be for ever; FA_ERR_STALE when it was dropped;
 *         FA_ERR_BACKEND, FA_ERR_DEVICE_LOST.
 * Valid until: - Owner: - Thread: one at a time for a buffer.
 * Cost: a question to the driver; memcpy() of bytes that came to the CPU.
 * Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_unified_wait(fa_unified *unified,
                                            fa_unified_buffer *buffer,
                                            uint64_t timeout_ns);

/** Bytes of the buffers of one fa_unified. */
typedef struct fa_unified_usage {
    size_t struct_size; /**< sizeof(fa_unified_usage). */
    uint64_t cpu_bytes; /**< On the CPU's side. */
    uint64_t gpu_bytes; /**< On the device's side; staging counts once, here. */
    uint64_t buffers;   /**< Number of buffers. */
} fa_unified_usage;

#define FA_UNIFIED_USAGE_INIT             \
    {                                     \
        sizeof(fa_unified_usage), 0, 0, 0 \
    }

/**
 * Reads how many bytes its buffers have; they go down when buffers are freed.
 *
 * When to use: beside fa_gpu_usage_read(), which has the limits.
 * @param unified what joins them.
 * @param out its struct_size is set by the caller; gets the figures.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE.
 * Valid until: - Owner: the caller. Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_unified_usage_read(fa_unified *unified,
                                       fa_unified_usage *out);

FA_END_DECLS

#endif
