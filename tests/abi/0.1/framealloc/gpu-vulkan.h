/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * GPU memory on Vulkan 1.1 or newer.
 *
 * The program has made its instance and device and hands them in, with the
 * vkGetInstanceProcAddr that it uses; no Vulkan library is linked. Every block
 * is one VkDeviceMemory with one VkBuffer over all of it, mapped for good where
 * the CPU can see it.
 *
 * Progress of frames is told in one of three ways: by the program's timeline
 * semaphore, whose values are the serials of fa_gpu_end_frame(); by a fence per
 * frame, fa_gpu_vk_frame_fence(); or by fa_gpu_vk_completed().
 *
 * A headless device, for tools and tests, is at the end.
 */
#ifndef FRAMEALLOC_GPU_VULKAN_H
#define FRAMEALLOC_GPU_VULKAN_H

#include <framealloc/gpu.h>

#include <vulkan/vulkan.h>

FA_BEGIN_DECLS

/** What the program has enabled on its device; or them together. */
enum {
    FA_GPU_VK_TIMELINE = 1u, /**< Feature timelineSemaphore. */
    FA_GPU_VK_ADDRESS = 2u,  /**< Feature bufferDeviceAddress. */
    FA_GPU_VK_BUDGET = 4u,   /**< Extension VK_EXT_memory_budget. */
    FA_GPU_VK_NAMES = 8u     /**< Instance extension VK_EXT_debug_utils. */
};

/** The program's device. Start from FA_GPU_VK_CONFIG_INIT. */
typedef struct fa_gpu_vk_config {
    size_t struct_size; /**< sizeof(fa_gpu_vk_config). */
    VkInstance instance;
    VkPhysicalDevice physical_device;
    VkDevice device;
    /** The program's; all other functions are found through it. */
    PFN_vkGetInstanceProcAddr get_instance_proc_addr;
    const VkAllocationCallbacks *callbacks; /**< Or NULL. Kept. */
    unsigned features; /**< FA_GPU_VK_TIMELINE ...; 0: none. */
    /** Timeline semaphore whose values are the serials of frames; or NULL.
     *  Needs FA_GPU_VK_TIMELINE. */
    VkSemaphore timeline;
    /** For fa_gpu_transfer_submit(); NULL: the program records transfers. */
    VkQueue queue;
    uint32_t queue_family; /**< Of that queue. */
    /** Called around each submit to queue, which Vulkan wants from one thread
     *  at a time; NULL when nobody else uses it. A lock of the library is held
     *  then: they must not call it, and who holds the queue must not either. */
    void (*queue_lock)(void *user);
    void (*queue_unlock)(void *user);
    void *user; /**< Passed to both. */
    /** Queue families that use the buffers, when there are several: no
     *  ownership needs to be passed on. Copied; at most 8. */
    const uint32_t *queue_families;
    uint32_t queue_family_count; /**< 0 or 1: exclusive. */
} fa_gpu_vk_config;

#define FA_GPU_VK_CONFIG_INIT                                      \
    {                                                              \
        sizeof(fa_gpu_vk_config), NULL, NULL, NULL, NULL, NULL, 0, \
            VK_NULL_HANDLE, NULL, 0, NULL, NULL, NULL, NULL, 0     \
    }

/**
 * Makes the memory of a Vulkan device.
 *
 * When to use: after the device was created.
 * @param allocator for the books; its frames are not touched.
 * @param config how the memory is kept; copied; NULL for defaults.
 * @param vulkan the device; copied.
 * @param out gets the memory; NULL on failure.
 * @return FA_OK; FA_ERR_CONFIG for a structure that is not initialised or a
 *         handle that is missing (FA010 names it); FA_ERR_UNSUPPORTED when the
 *         device lacks a function of Vulkan 1.1; FA_ERR_NOMEM, FA_ERR_USAGE,
 *         FA_ERR_BACKEND.
 * Valid until: fa_gpu_destroy(), before the device is destroyed.
 * Owner: the caller. Thread: any. Cost: no memory of the device is taken.
 * Since: 0.1.
 */
FA_API FA_CREATES_ARENA(*4) FA_CHECKED fa_status
    fa_gpu_vk_create(fa_allocator *allocator, const fa_gpu_config *config,
                     const fa_gpu_vk_config *vulkan, fa_gpu **out);

/**
 * Tells the fence that is signalled when a frame is finished.
 *
 * When to use: without a timeline semaphore, before fa_gpu_end_frame() with the
 * same serial. The fence must not be reset before fa_gpu_frame_finished() has
 * reached that frame.
 * @param gpu the memory.
 * @param serial the frame's.
 * @param fence the fence of the frame's last submit.
 * @return FA_OK; FA_ERR_USAGE for a null fence or another backend;
 *         FA_ERR_STATE when 16 fences wait already.
 * Valid until: - Owner: the program. Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_vk_frame_fence(fa_gpu *gpu, uint64_t serial,
                                                  VkFence fence);

/**
 * Tells that the device has reached a serial of frames.
 *
 * When to use: by programs that know, since they have waited themselves.
 * @param gpu the memory.
 * @param serial the number; smaller ones than before change nothing.
 * Valid until: - Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API void fa_gpu_vk_completed(fa_gpu *gpu, uint64_t serial);

/**
 * The timeline semaphore of transfers that fa_gpu_transfer_submit() has
 * submitted; its values are their serials.
 *
 * When to use: to let other queues wait for a transfer.
 * @param gpu the memory.
 * @return the semaphore; VK_NULL_HANDLE without FA_GPU_VK_TIMELINE, without a
 *         queue, or with another backend.
 * Valid until: the memory is destroyed. Owner: the memory. Thread: any.
 * Cost: constant. Since: 0.1.
 */
FA_API VkSemaphore fa_gpu_vk_timeline(fa_gpu *gpu);

/** Memory for an image or buffer of the program. A plain value. */
typedef struct fa_gpu_vk_memory {
    VkDeviceMemory memory; /**< Shared with others. */
    VkDeviceSize offset;   /**< In it. */
    VkDeviceSize size;     /**< Bytes. */
    fa_gpu_slice slice;    /**< For fa_gpu_free(); ptr where the CPU sees it. */
} fa_gpu_vk_memory;

/**
 * Takes memory for an image and binds it.
 *
 * When to use: for images that the program has created; free the memory by
 * fa_gpu_free() of the slice, after the image was destroyed or at the same
 * time: it goes back when the device has finished the frame.
 * @param gpu the memory.
 * @param image an image of optimal tiling without memory.
 * @param request intent, lifetime, tag, name and flags; size and align are the
 *        image's own; NULL: for the device, persistent.
 * @param out gets the memory; its slice is none on failure.
 * @return as fa_gpu_alloc(); FA_ERR_UNSUPPORTED with another backend.
 * Valid until: as fa_gpu_alloc(). Owner: the caller. Thread: any.
 * Cost: two calls of the driver, and as fa_gpu_alloc(). Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_vk_image_alloc(fa_gpu *gpu, VkImage image,
                                                  const fa_gpu_request *request,
                                                  fa_gpu_vk_memory *out);

/**
 * Takes memory for a buffer of the program's own and binds it.
 *
 * When to use: for buffers with flags or uses that those of the library lack.
 * @param gpu the memory.
 * @param buffer a buffer without memory.
 * @param request as for fa_gpu_vk_image_alloc().
 * @param out gets the memory; its slice is none on failure.
 * @return as fa_gpu_alloc(); FA_ERR_UNSUPPORTED with another backend.
 * Valid until: as fa_gpu_alloc(). Owner: the caller. Thread: any.
 * Cost: two calls of the driver, and as fa_gpu_alloc(). Since: 0.1.
 */
FA_API FA_CHECKED fa_status
fa_gpu_vk_buffer_alloc(fa_gpu *gpu, VkBuffer buffer,
                       const fa_gpu_request *request, fa_gpu_vk_memory *out);

/* --- a device without a window --- */

/** A device that the library has made. */
typedef struct fa_gpu_vk_headless fa_gpu_vk_headless;

/** How it is made. Start from FA_GPU_VK_HEADLESS_CONFIG_INIT. */
typedef struct fa_gpu_vk_headless_config {
    size_t struct_size; /**< sizeof(fa_gpu_vk_headless_config). */
    const char *device; /**< Part of the device's name; NULL: the best one, a
                             graphics card before the CPU. */
    bool validate;      /**< With the validation layer, if it is installed. */
    /** Gets each message of the validation layer; NULL: to stderr. */
    void (*message)(void *user, bool is_error, const char *text);
    void *user; /**< Passed to message. */
    /** In the place of the loader's; NULL: libvulkan.so.1 is opened. */
    PFN_vkGetInstanceProcAddr get_instance_proc_addr;
} fa_gpu_vk_headless_config;

#define FA_GPU_VK_HEADLESS_CONFIG_INIT                                   \
    {                                                                    \
        sizeof(fa_gpu_vk_headless_config), NULL, false, NULL, NULL, NULL \
    }

/**
 * Makes an instance, a device with one queue, and a timeline semaphore.
 *
 * When to use: in tools, tests and servers; a program with a window has its
 * own.
 * @param allocator for its memory and messages.
 * @param config copied; NULL for defaults.
 * @param out gets the device; NULL on failure.
 * @return FA_OK; FA_ERR_UNSUPPORTED when there is no loader, no driver, or no
 *         device of Vulkan 1.2 with a compute queue and timeline semaphores;
 *         FA_ERR_CONFIG, FA_ERR_NOMEM, FA_ERR_BACKEND, FA_ERR_USAGE.
 * Valid until: fa_gpu_vk_headless_destroy(). Owner: the caller. Thread: any.
 * Cost: that of the driver; up to seconds. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_vk_headless_create(
    fa_allocator *allocator, const fa_gpu_vk_headless_config *config,
    fa_gpu_vk_headless **out);

/**
 * Destroys the device.
 *
 * When to use: after fa_gpu_destroy().
 * @param headless the device; NULL does nothing.
 * Valid until: - Owner: - Thread: any. Cost: waits for the device.
 * Since: 0.1.
 */
FA_API void fa_gpu_vk_headless_destroy(fa_gpu_vk_headless *headless);

/**
 * Its handles, as fa_gpu_vk_create() wants them.
 *
 * When to use: to make the memory, and to record commands.
 * @param headless the device.
 * @return the handles; queue and timeline are set.
 * Valid until: the device is destroyed. Owner: the device. Thread: any.
 * Cost: constant. Since: 0.1.
 */
FA_API const fa_gpu_vk_config *
fa_gpu_vk_headless_handles(const fa_gpu_vk_headless *headless);

/**
 * Name of the device and of its driver.
 *
 * When to use: beside every figure.
 * @param headless the device.
 * @return the name; never NULL.
 * Valid until: the device is destroyed. Owner: the device. Thread: any.
 * Cost: constant. Since: 0.1.
 */
FA_API const char *fa_gpu_vk_headless_name(const fa_gpu_vk_headless *headless);

FA_END_DECLS

#endif
