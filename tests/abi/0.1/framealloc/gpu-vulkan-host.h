/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The memory that a Vulkan driver takes of the CPU, through the program's
 * VkAllocationCallbacks.
 *
 * What lives as long as one command comes from a frame that the thread's
 * command has for itself and that its last free rewinds; objects and caches
 * come from pools, devices and instances from the heap. Each scope is counted.
 */
#ifndef FRAMEALLOC_GPU_VULKAN_HOST_H
#define FRAMEALLOC_GPU_VULKAN_HOST_H

#include <framealloc/allocator.h>

#include <vulkan/vulkan.h>

FA_BEGIN_DECLS

/** Scopes that are counted: VK_SYSTEM_ALLOCATION_SCOPE_COMMAND, _OBJECT,
 *  _CACHE, _DEVICE and _INSTANCE, in this order. */
#define FA_GPU_VK_SCOPES 5u

/** Memory for a driver. */
typedef struct fa_gpu_vk_host fa_gpu_vk_host;

/** What one scope uses. */
typedef struct fa_gpu_vk_scope_usage {
    uint64_t live;     /**< Blocks. Of commands: 0 when none runs. */
    uint64_t bytes;    /**< Asked for by these. */
    uint64_t peak;     /**< Most bytes at once. */
    uint64_t allocs;   /**< Blocks since the start. */
    uint64_t framed;   /**< Of them: those in frame memory. */
    uint64_t failures; /**< Requests that were refused. */
    uint64_t internal; /**< Bytes that the driver took elsewhere, and says so:
                            executable memory. */
} fa_gpu_vk_scope_usage;

/** Figures of a host. Start from FA_GPU_VK_HOST_USAGE_INIT. */
typedef struct fa_gpu_vk_host_usage {
    size_t struct_size; /**< sizeof(fa_gpu_vk_host_usage). */
    /** By VkSystemAllocationScope. */
    fa_gpu_vk_scope_usage scopes[FA_GPU_VK_SCOPES];
} fa_gpu_vk_host_usage;

#define FA_GPU_VK_HOST_USAGE_INIT     \
    {                                 \
        sizeof(fa_gpu_vk_host_usage), \
        {                             \
            {                         \
                0, 0, 0, 0, 0, 0, 0   \
            }                         \
        }                             \
    }

/**
 * Makes memory for a driver.
 *
 * When to use: before the instance is created. One host serves an instance and
 * all that belongs to it; several count apart.
 * @param allocator where it comes from; its frames are not touched.
 * @param out gets the host; NULL on failure.
 * @return FA_OK; FA_ERR_NOMEM, FA_ERR_USAGE.
 * Valid until: fa_gpu_vk_host_destroy(). Owner: the caller. Thread: any.
 * Cost: one block. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_vk_host_create(fa_allocator *allocator,
                                                  fa_gpu_vk_host **out);

/**
 * Ends the memory of a driver. Blocks that it still has are not freed: the end
 * of the allocator reports them (FA610).
 *
 * When to use: after everything that was created with the callbacks was
 * destroyed, before the allocator is.
 * @param host the host; NULL does nothing.
 * Valid until: - Owner: - Thread: any. Cost: a few frees. Since: 0.1.
 */
FA_API void fa_gpu_vk_host_destroy(fa_gpu_vk_host *host);

/**
 * The callbacks, for vkCreateInstance() and what follows, and for
 * fa_gpu_vk_config.callbacks.
 *
 * When to use: in the place of a NULL pAllocator; Vulkan wants them at the
 * destruction of an object, too, when they were given at its creation.
 * @param host the host.
 * @return the callbacks; never NULL.
 * Valid until: the host is destroyed. Owner: the host. Thread: any.
 * Cost: constant. Since: 0.1.
 */
FA_API FA_QUERY const VkAllocationCallbacks *
fa_gpu_vk_host_callbacks(const fa_gpu_vk_host *host);

/**
 * Reads the figures of all scopes.
 *
 * When to use: for displays and tests.
 * @param host the host.
 * @param out its struct_size is set by the caller; gets the figures.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE.
 * Valid until: - Owner: the caller. Thread: any; figures that change meanwhile
 * are each right, but not of one moment. Cost: loads. Since: 0.1.
 */
FA_API fa_status fa_gpu_vk_host_usage_read(const fa_gpu_vk_host *host,
                                           fa_gpu_vk_host_usage *out);

FA_END_DECLS

#endif
