/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * GPU backends: what the GPU module needs of a device, in 14 functions on
 * plain integers, and the null backend, which has RAM for memory.
 *
 * The library rounds ranges to the atom and sorts copies before it calls, and
 * asks for a block seldom. Progress is told by serials: numbers that only rise.
 * There are two lanes of them: frames, which the program submits, and
 * transfers, which the backend submits.
 */
#ifndef FRAMEALLOC_GPU_BACKEND_H
#define FRAMEALLOC_GPU_BACKEND_H

#include <framealloc/gpu.h>

FA_BEGIN_DECLS

/** Most heaps of a device. */
#define FA_GPU_HEAPS_MAX 16u

/** Version of fa_gpu_backend. */
#define FA_GPU_BACKEND_ABI 1u

/** What kind of memory it is; or them together. */
enum {
    FA_GPU_PROP_DEVICE_LOCAL = 1u, /**< Near the device. */
    FA_GPU_PROP_HOST_VISIBLE = 2u, /**< The CPU can see it. */
    FA_GPU_PROP_COHERENT = 4u,     /**< Without flush and invalidate. */
    FA_GPU_PROP_CACHED = 8u        /**< The CPU reads it fast. */
};

/** Whose serials. */
typedef enum fa_gpu_lane {
    FA_GPU_LANE_FRAME = 0,   /**< Given to fa_gpu_end_frame(). */
    FA_GPU_LANE_TRANSFER = 1 /**< Given by submit. */
} fa_gpu_lane;

/** One heap. */
typedef struct fa_gpu_heap {
    uint64_t size;        /**< Bytes. */
    bool is_device_local; /**< The device's own memory. */
} fa_gpu_heap;

/** What a device is. */
typedef struct fa_gpu_caps {
    size_t struct_size; /**< sizeof(fa_gpu_caps). */
    char device[256];   /**< Its name, for people. */
    uint32_t heap_count;
    fa_gpu_heap heaps[FA_GPU_HEAPS_MAX];
    /** Ranges of flush and invalidate are multiples. Bytes; power of two. */
    uint64_t atom;
    uint64_t uniform_align;   /**< Of offsets of uniform buffers. Bytes. */
    uint64_t storage_align;   /**< Of storage buffers. */
    uint64_t texel_align;     /**< Of buffers read through a format. */
    uint64_t copy_align;      /**< At which copies are fast. */
    uint64_t block_max;       /**< Largest block. Bytes; 0: no limit. */
    uint32_t block_count_max; /**< Most blocks; 0: no limit. */
    bool is_unified;          /**< CPU and device have one memory. */
    bool has_address;         /**< Blocks have device addresses. */
    bool has_budget;          /**< The budget function knows. */
    bool has_submit;          /**< The submit function works. */
} fa_gpu_caps;

/** A kind of memory of the device; id is the backend's, with Vulkan the memory
 *  type. */
typedef struct fa_gpu_class {
    uint32_t id;
    uint32_t heap;  /**< Index into fa_gpu_caps.heaps. */
    uint32_t props; /**< FA_GPU_PROP_DEVICE_LOCAL ... */
} fa_gpu_class;

/** What a block is made for. */
typedef struct fa_gpu_block_request {
    fa_gpu_class memory_class; /**< From choose. */
    uint64_t size;             /**< Bytes; a multiple of the atom. */
    unsigned uses;             /**< FA_GPU_USE_VERTEX ... */
    bool is_opaque;            /**< For images: no buffer. */
    /** Native: what the block is dedicated to, as given to the backend's own
     *  allocation functions; NULL: nothing. */
    const void *dedicated;
} fa_gpu_block_request;

/** A block: memory, one buffer over all of it, mapped all the time. */
typedef struct fa_gpu_block {
    uint64_t memory;  /**< Native handle. */
    uint64_t buffer;  /**< Native handle; 0: opaque. */
    void *ptr;        /**< Where it is mapped; NULL: not. */
    uint64_t address; /**< For the device; 0: none. */
    uint64_t size;    /**< Bytes. */
    uint32_t props;   /**< Of its class. */
    void *user;       /**< The backend's own. */
} fa_gpu_block;

/** A part of a block. */
typedef struct fa_gpu_range {
    const fa_gpu_block *block;
    uint64_t offset; /**< A multiple of the atom. */
    uint64_t size;   /**< A multiple of the atom, or up to the block's end. */
} fa_gpu_range;

/** A copy on the device. An array of them is sorted by epoch, source and
 *  target. Within an epoch no byte is written twice, or written and read. */
typedef struct fa_gpu_copy {
    uint64_t source; /**< Buffer. */
    uint64_t source_offset;
    uint64_t target; /**< Buffer. */
    uint64_t target_offset;
    uint64_t size;
    uint32_t epoch; /**< A barrier stands between epochs. */
} fa_gpu_copy;

/** What must be visible after copies; or them together. */
enum {
    FA_GPU_COPY_TO_HOST = 1u,  /**< The CPU will read targets. */
    FA_GPU_COPY_TO_DEVICE = 2u /**< Later work of the device will. */
};

/**
 * What a backend is. All functions except budget, submit and set_name are
 * needed. They are called with a lock of the library held, and must not call
 * it; completed and wait are called without one, from any thread.
 *
 * Results: FA_OK; FA_ERR_NOMEM: try other memory; FA_ERR_DEVICE_LOST: the
 * device is gone for good; FA_ERR_BACKEND: anything else, native_error tells.
 */
typedef struct fa_gpu_backend {
    size_t struct_size; /**< sizeof(fa_gpu_backend). */
    uint32_t abi;       /**< FA_GPU_BACKEND_ABI. */
    void *user;         /**< Passed to the functions. */
    /** Called once. */
    void (*caps)(void *user, fa_gpu_caps *out);
    /** What the process may use and uses of each heap, in bytes; NULL: not
     *  known. At most once per frame. */
    fa_status (*budget)(void *user, uint64_t *budgets, uint64_t *usages);
    /** The memory that suits an intent best (attempt 0), second best (1) ...;
     *  uses is 0 for images;
     *  allowed has a bit for each class id that may be taken.
     *  FA_ERR_UNSUPPORTED: no further one. */
    fa_status (*choose)(void *user, fa_gpu_intent intent, unsigned uses,
                        uint64_t size, uint32_t allowed, unsigned attempt,
                        fa_gpu_class *out);
    fa_status (*block_create)(void *user, const fa_gpu_block_request *request,
                              fa_gpu_block *out);
    /** The device does not use it any more, or is lost. */
    void (*block_destroy)(void *user, const fa_gpu_block *block);
    /** Makes writes of the CPU visible. */
    fa_status (*flush)(void *user, const fa_gpu_range *ranges, size_t count);
    /** Makes writes of the device visible. */
    fa_status (*invalidate)(void *user, const fa_gpu_range *ranges,
                            size_t count);
    /** Records copies into the program's command buffer, with a barrier before
     *  them, between epochs and after them. */
    fa_status (*record)(void *user, void *commands, const fa_gpu_copy *copies,
                        size_t count, unsigned visible);
    /** Records and submits copies; NULL: not possible. Waits for nothing;
     *  FA_NOT_READY when too many submits are not finished. */
    fa_status (*submit)(void *user, const fa_gpu_copy *copies, size_t count,
                        unsigned visible, uint64_t *serial);
    /** The newest serial that the device has reached. */
    fa_status (*completed)(void *user, fa_gpu_lane lane, uint64_t *serial);
    /** FA_OK once it has reached the serial; FA_TIMEOUT. */
    fa_status (*wait)(void *user, fa_gpu_lane lane, uint64_t serial,
                      uint64_t timeout_ns);
    /** For debuggers; may be NULL. */
    void (*set_name)(void *user, const fa_gpu_block *block, const char *name);
    /** Of the last failure; 0: none. Called by any thread. */
    int64_t (*native_error)(void *user);
    /** After all blocks were destroyed. */
    void (*destroy)(void *user);
} fa_gpu_backend;

/**
 * Makes the memory of a device with a backend.
 *
 * When to use: for devices that the library has no function for.
 * @param allocator for the books; its frames are not touched.
 * @param config copied; NULL for defaults.
 * @param backend copied. On failure its destroy is not called.
 * @param out gets the memory; NULL on failure.
 * @return FA_OK; FA_ERR_CONFIG for a config or backend that is not initialised,
 *         incomplete or out of range; FA_ERR_USAGE, FA_ERR_NOMEM.
 * Valid until: fa_gpu_destroy(), before the allocator is destroyed.
 * Owner: the caller. Thread: any. Cost: no memory of the device is taken.
 * Since: 0.1.
 */
FA_API FA_CREATES_ARENA(*4) FA_CHECKED fa_status
    fa_gpu_create(fa_allocator *allocator, const fa_gpu_config *config,
                  const fa_gpu_backend *backend, fa_gpu **out);

/** A device of RAM. Start from FA_GPU_NULL_CONFIG_INIT. */
typedef struct fa_gpu_null_config {
    size_t struct_size; /**< sizeof(fa_gpu_null_config). */
    uint64_t heap_size; /**< Bytes of each of its heaps; 0: 256 MiB. */
    bool is_discrete;   /**< Two heaps: the device's own, which the CPU does
                              not see, and a shared one. Otherwise one. */
    bool is_incoherent; /**< Shared memory has two copies: bytes move only by
                              flush and invalidate, in atoms of 64. */
    bool is_manual;     /**< Serials are reached by fa_gpu_null_complete();
                              otherwise at once. Copies are done then, too. */
    uint32_t block_count_max; /**< Most blocks; 0: no limit. */
} fa_gpu_null_config;

#define FA_GPU_NULL_CONFIG_INIT                               \
    {                                                         \
        sizeof(fa_gpu_null_config), 0, false, false, false, 0 \
    }

/** The null backend of a device. */
typedef struct fa_gpu_null fa_gpu_null;

/**
 * Makes a null backend.
 *
 * When to use: in tests, on machines without a GPU, and to see how little a
 * backend needs.
 * @param allocator for its memory.
 * @param config copied; NULL for defaults.
 * @param backend gets the functions, for fa_gpu_create().
 * @param out gets the backend; NULL on failure.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE, FA_ERR_NOMEM.
 * Valid until: the fa_gpu made with it is destroyed. Owner: that one.
 * Thread: any. Cost: one block of the heap. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_null_create(fa_allocator *allocator,
                                               const fa_gpu_null_config *config,
                                               fa_gpu_backend *backend,
                                               fa_gpu_null **out);

/**
 * Lets the null device reach a serial: copies up to it are done.
 *
 * When to use: with is_manual, as the device would.
 * @param null the backend.
 * @param lane whose serials.
 * @param serial the number; smaller ones than before change nothing.
 * Valid until: - Owner: - Thread: any. Cost: the copies. Since: 0.1.
 */
FA_API void fa_gpu_null_complete(fa_gpu_null *null, fa_gpu_lane lane,
                                 uint64_t serial);

/**
 * Lets the null device be lost: every later call fails so.
 *
 * When to use: in tests.
 * @param null the backend.
 * Valid until: - Owner: - Thread: any. Cost: one store. Since: 0.1.
 */
FA_API void fa_gpu_null_lose(fa_gpu_null *null);

/**
 * Records that the device writes: what a shader would do.
 *
 * When to use: in tests, for memory that the CPU does not see.
 * @param null the backend.
 * @param buffer the slice's buffer.
 * @param offset in the buffer. Bytes.
 * @param size bytes.
 * @return where the device sees these bytes; NULL: no such buffer.
 * Valid until: the block is destroyed. Owner: the backend. Thread: any.
 * Cost: a search over blocks. Since: 0.1.
 */
FA_API void *fa_gpu_null_memory(fa_gpu_null *null, uint64_t buffer,
                                uint64_t offset, uint64_t size);

FA_END_DECLS

#endif
