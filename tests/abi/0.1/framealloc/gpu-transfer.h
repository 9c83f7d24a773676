/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * GPU transfers: bytes to the device, back, and between its memories, in
 * batches.
 *
 * Transfers are queued by any thread. What is queued is one batch, which the
 * program records into a command buffer of its own, or has submitted: nothing
 * reaches the device before, and nothing is left out. The batch has the effect
 * that its copies would have one after the other, in the order of the calls;
 * barriers stand only where two of them touch the same bytes.
 *
 * Bytes on their way are in staging memory: chunks of
 * fa_gpu_config.staging_chunk that are used again once the device is done. At
 * staging_limit transfers answer FA_NOT_READY and change nothing: record or
 * submit what is queued, let the device work, and call again.
 *
 * Whatever order is needed between a batch and other work on another queue is
 * the program's to make.
 */
#ifndef FRAMEALLOC_GPU_TRANSFER_H
#define FRAMEALLOC_GPU_TRANSFER_H

#include <framealloc/gpu.h>

FA_BEGIN_DECLS

/** Tells when a transfer is done. A plain value: copy it as you like. Every
 *  ticket that was asked for is released. */
typedef struct fa_gpu_ticket {
    uint64_t id; /**< The library's; 0: no ticket. */
} fa_gpu_ticket;

/** A ticket that is none. */
#define FA_GPU_TICKET_NONE \
    {                      \
        0                  \
    }

/**
 * Queues bytes for a slice.
 *
 * When to use: for what the CPU has and the device needs. The bytes are copied
 * to staging memory now, so the source may change afterwards.
 * @param gpu the memory.
 * @param target where to; with FA_GPU_USE_COPY_TARGET. Memory of a frame must
 *        still be of the frame in which the batch is recorded or submitted.
 * @param offset in the slice. Bytes.
 * @param source the bytes.
 * @param size their number; at least 1.
 * @param out gets a ticket, which is to be released; NULL: none is wanted.
 * @return FA_OK; FA_NOT_READY when staging memory is used up until the device
 *         gets on; FA_ERR_BUDGET when size is above staging_limit, or by the
 *         budget; FA_ERR_USAGE outside of the slice or without that use
 *         (FA552); FA_ERR_STALE (FA555); FA_ERR_UNSUPPORTED for memory of
 *         images; FA_ERR_NOMEM, FA_ERR_BACKEND, FA_ERR_DEVICE_LOST. Nothing is
 *         queued then.
 * Valid until: - Owner: - Thread: any. Cost: memcpy() without the lock, and
 * two locks; for a new chunk, perhaps a call of the driver. Since: 0.1.
 */
FA_API FA_BORROWS(4) FA_CHECKED fa_status
    fa_gpu_transfer_to_gpu(fa_gpu *gpu, const fa_gpu_slice *target,
                           uint64_t offset, const void *source, uint64_t size,
                           fa_gpu_ticket *out);

/**
 * Queues bytes for a slice that are written by the caller.
 *
 * When to use: as fa_gpu_transfer_to_gpu(), when the bytes are made or read
 * from a file, to save one copy. Write in order and do not read: the memory may
 * be uncached.
 * @param gpu the memory.
 * @param target where to; as for fa_gpu_transfer_to_gpu().
 * @param offset in the slice. Bytes.
 * @param size number of bytes; at least 1.
 * @param out gets the staging memory, 16-aligned; NULL on failure.
 * @param ticket gets a ticket, which is to be released; NULL: none is wanted.
 * @return as fa_gpu_transfer_to_gpu().
 * Valid until: the batch is recorded, submitted or dropped; it is filled before
 * that. Owner: the library. Thread: any. Cost: a lock; for a new chunk, perhaps
 * a call of the driver. Since: 0.1.
 */
FA_API FA_OUT_FRAME(5, 1) FA_CHECKED fa_status
    fa_gpu_transfer_reserve(fa_gpu *gpu, const fa_gpu_slice *target,
                            uint64_t offset, uint64_t size, void **out,
                            fa_gpu_ticket *ticket);

/**
 * Queues bytes of a slice for the CPU.
 *
 * When to use: for results of the device. See fa_gpu_transfer_result().
 * @param gpu the memory.
 * @param source where from; with FA_GPU_USE_COPY_SOURCE. Memory of a frame as
 *        for fa_gpu_transfer_to_gpu().
 * @param offset in the slice. Bytes.
 * @param size number of bytes; at least 1.
 * @param out gets a ticket, which is to be released.
 * @return as fa_gpu_transfer_to_gpu().
 * Valid until: fa_gpu_transfer_release(). Owner: the caller. Thread: any.
 * Cost: as fa_gpu_transfer_reserve(). Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_transfer_to_cpu(fa_gpu *gpu,
                                                   const fa_gpu_slice *source,
                                                   uint64_t offset,
                                                   uint64_t size,
                                                   fa_gpu_ticket *out);

/**
 * Queues a copy from one slice to another.
 *
 * When to use: to move bytes that are with the device already.
 * @param gpu the memory.
 * @param source where from; with FA_GPU_USE_COPY_SOURCE.
 * @param source_offset in that slice. Bytes.
 * @param target where to; with FA_GPU_USE_COPY_TARGET.
 * @param target_offset in that slice. Bytes.
 * @param size number of bytes; at least 1.
 * @param out gets a ticket, which is to be released; NULL: none is wanted.
 * @return as fa_gpu_transfer_to_gpu(); FA_ERR_USAGE when the ranges overlap.
 * Valid until: - Owner: - Thread: any. Cost: a lock; no staging memory.
 * Since: 0.1.
 */
FA_API FA_CHECKED fa_status
fa_gpu_transfer_copy(fa_gpu *gpu, const fa_gpu_slice *source,
                     uint64_t source_offset, const fa_gpu_slice *target,
                     uint64_t target_offset, uint64_t size, fa_gpu_ticket *out);

/**
 * Records all that is queued into a command buffer of the program.
 *
 * When to use: once in a frame, before the commands that use the bytes; or
 * again later in the frame. The command buffer is submitted by the program
 * before the serial given to fa_gpu_end_frame() is reached: the batch is done
 * with the frame. When that serial is 0, the copies are dropped with the frame.
 * @param gpu the memory.
 * @param commands the backend's; with Vulkan a VkCommandBuffer that is being
 *        recorded, outside of a render pass.
 * @return FA_OK, also when nothing was queued; FA_ERR_STATE without an open
 *         frame; FA_ERR_STALE when memory of a frame that is over was queued
 *         (FA555): drop the batch; FA_ERR_NOMEM, FA_ERR_BACKEND,
 *         FA_ERR_DEVICE_LOST. The batch stays queued then.
 * Valid until: - Owner: - Thread: one at a time, as fa_gpu_begin_frame().
 * Cost: n log n for n copies, where they are in order and touch different bytes
 * less; one flush per chunk of staging memory that is not coherent. Since: 0.1.
 */
FA_API FA_RESETS(1) FA_CHECKED fa_status
    fa_gpu_transfer_record(fa_gpu *gpu, void *commands);

/**
 * Submits all that is queued, through the queue that the backend was lent.
 *
 * When to use: to load at any time, in or between frames. Work of the device
 * that needs the bytes waits for the serial, as with Vulkan by a semaphore.
 * @param gpu the memory.
 * @param serial gets the transfer's serial, which covers all that was submitted
 *        so; 0: nothing was yet; may be NULL.
 * @return FA_OK, also when nothing was queued; FA_ERR_UNSUPPORTED when the
 *         backend cannot; FA_NOT_READY when too many submits are not finished;
 *         FA_ERR_STALE, FA_ERR_NOMEM, FA_ERR_BACKEND, FA_ERR_DEVICE_LOST. The
 *         batch stays queued then.
 * Valid until: - Owner: - Thread: any. Cost: as fa_gpu_transfer_record(), and a
 * submit. Since: 0.1.
 */
FA_API FA_RESETS(1) FA_CHECKED fa_status
    fa_gpu_transfer_submit(fa_gpu *gpu, uint64_t *serial);

/**
 * Drops all that is queued.
 *
 * When to use: when it is not wanted any more, as after FA_ERR_STALE, or to
 * free slices that it names. Tickets of the batch answer FA_ERR_STALE.
 * @param gpu the memory.
 * @return FA_OK, also when nothing was queued.
 * Valid until: - Owner: - Thread: any. Cost: one step per copy. Since: 0.1.
 */
FA_API FA_RESETS(1) fa_status fa_gpu_transfer_drop(fa_gpu *gpu);

/**
 * Whether a transfer is done.
 *
 * When to use: to go on once bytes have arrived, without waiting.
 * @param gpu the memory.
 * @param ticket of the transfer.
 * @return FA_OK when the device is done; FA_NOT_READY; FA_ERR_STALE when the
 *         ticket was released, is none, or the copy was dropped;
 *         FA_ERR_BACKEND, FA_ERR_DEVICE_LOST.
 * Valid until: FA_OK and FA_ERR_STALE for good. Owner: - Thread: any.
 * Cost: a lock; until it is done, a query of the device's progress. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_transfer_status(fa_gpu *gpu,
                                                   fa_gpu_ticket ticket);

/**
 * Waits until a transfer is done.
 *
 * When to use: at start, or where the frame has nothing else to do.
 * @param gpu the memory.
 * @param ticket of the transfer.
 * @param timeout_ns how long; UINT64_MAX: as long as needed.
 * @return FA_OK; FA_TIMEOUT; FA_ERR_STATE at once when it is only queued, or
 *         its frame has not ended: nobody knows when it will be done;
 *         FA_ERR_STALE as fa_gpu_transfer_status(); FA_ERR_DEVICE_LOST,
 *         FA_ERR_BACKEND.
 * Valid until: - Owner: - Thread: any. Cost: waits, without a lock. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_transfer_wait(fa_gpu *gpu,
                                                 fa_gpu_ticket ticket,
                                                 uint64_t timeout_ns);

/**
 * The bytes of fa_gpu_transfer_to_cpu().
 *
 * When to use: in each frame, until they are there.
 * @param gpu the memory.
 * @param ticket of the transfer.
 * @param out gets the bytes; NULL on failure.
 * @param size gets their number; may be NULL.
 * @return FA_OK; FA_NOT_READY while the device works; FA_ERR_STATE when the
 *         batch was neither recorded nor submitted (FA553); FA_ERR_USAGE for
 *         tickets of other transfers; FA_ERR_STALE as fa_gpu_transfer_status();
 *         FA_ERR_BACKEND, FA_ERR_DEVICE_LOST.
 * Valid until: fa_gpu_transfer_release(). Owner: the library. Thread: any.
 * Cost: as fa_gpu_transfer_status(); the first time, where the memory is not
 * coherent, a call of the driver. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_transfer_result(fa_gpu *gpu,
                                                   fa_gpu_ticket ticket,
                                                   const void **out,
                                                   uint64_t *size);

/**
 * Gives a ticket back, with the bytes of its result.
 *
 * When to use: once for each ticket. The transfer itself goes on.
 * @param gpu the memory.
 * @param ticket of the transfer. None is allowed.
 * @return FA_OK; FA_ERR_STALE when it was released already.
 * Valid until: - Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_gpu_transfer_release(fa_gpu *gpu, fa_gpu_ticket ticket);

FA_END_DECLS

#endif
