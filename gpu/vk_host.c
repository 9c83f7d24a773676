/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Callbacks for the memory that a driver takes of the CPU.
 *
 * Vulkan promises that memory of command scope is freed before the command
 * returns, on the thread that called it. So a thread's command takes a lane, a
 * scratch arena, with its first block, and returns it, rewound, with its last.
 * The program's own frame is left alone: the program may have a reservation
 * open in it, or other threads may end it during a long command.
 *
 * Drivers that break the promise harm nobody: a lane whose blocks do not all
 * come back is never rewound, and serves COMMAND_MAX bytes at most.
 *
 * A header stands in front of each block, since Vulkan does not tell the size
 * and the scope again.
 */
#include <framealloc/gpu-vulkan-host.h>
#include <framealloc/scratch.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* Most bytes of a lane; what does not fit comes from the pool or heap. */
#define COMMAND_MAX ((size_t)1 << 20)
/* Most threads that are in commands at a time and get a lane. */
#define LANES_MAX 64u
/* Bytes in front of a block, for the header; more where it is aligned more. */
#define PREFIX ((size_t)32)

struct lane {
    fa_scratch scratch;
    fa_frame *frame;
    uint32_t live; /* Blocks; of the thread whose command has it. */
    struct lane *next;
    struct lane *next_idle;
};

struct header {
    size_t size; /* Asked for. */
    size_t align;
    struct lane *lane; /* NULL: of a pool or the heap. */
    uint32_t scope;
};

_Static_assert(sizeof(struct header) <= PREFIX, "the header fits its place");

/* Figures: they pair with nothing, so all are relaxed. */
struct counts {
    _Atomic uint64_t live;
    _Atomic uint64_t bytes;
    _Atomic uint64_t peak;
    _Atomic uint64_t allocs;
    _Atomic uint64_t framed;
    _Atomic uint64_t failures;
    _Atomic uint64_t internal;
};

struct fa_gpu_vk_host {
    fa_allocator *allocator;
    uint64_t id; /* Not used again in the process. */
    VkAllocationCallbacks callbacks;
    struct counts counts[FA_GPU_VK_SCOPES];
    pthread_mutex_t mutex; /* Of what follows. */
    struct lane *lanes;
    struct lane *idle;
    uint32_t lane_count;
};

/* The lane of the command that the thread is in; NULL: it needs none. The host
 * is known by its number, as it may be gone. */
static _Thread_local struct {
    uint64_t host;
    struct lane *lane;
} command;

/* --- figures --- */

static void
count_add(_Atomic uint64_t *figure, uint64_t value)
{
    atomic_fetch_add_explicit(figure, value, memory_order_relaxed);
}

static void
count_sub(_Atomic uint64_t *figure, uint64_t value)
{
    atomic_fetch_sub_explicit(figure, value, memory_order_relaxed);
}

static uint64_t
count_of(const _Atomic uint64_t *figure)
{
    return atomic_load_explicit(figure, memory_order_relaxed);
}

static void
count_bytes(struct counts *counts, uint64_t size)
{
    uint64_t now = size + atomic_fetch_add_explicit(&counts->bytes, size,
                                                    memory_order_relaxed);
    uint64_t peak = count_of(&counts->peak);
    while (now > peak && !atomic_compare_exchange_weak_explicit(
                             &counts->peak, &peak, now, memory_order_relaxed,
                             memory_order_relaxed))
        continue;
}

static void
count_block(struct counts *counts, const struct header *header)
{
    count_add(&counts->live, 1);
    count_add(&counts->allocs, 1);
    if (header->lane != NULL)
        count_add(&counts->framed, 1);
    count_bytes(counts, header->size);
}

/* --- memory of commands --- */

static struct lane *
lane_make(fa_gpu_vk_host *host)
{
    if (host->lane_count == LANES_MAX)
        return NULL;
    fa_ctx *ctx = fa_ctx_current(host->allocator);
    struct lane *lane = fa_heap_alloc(ctx, sizeof(*lane), 16);
    if (lane == NULL)
        return NULL;
    memset(lane, 0, sizeof(*lane));
    char name[32];
    snprintf(name, sizeof(name), "vulkan %u.%u", (unsigned)host->id,
             host->lane_count + 1);
    if (fa_scratch_create(host->allocator, name, NULL, &lane->scratch) !=
        FA_OK) {
        fa_heap_free(ctx, lane);
        return NULL;
    }
    lane->frame = fa_scratch_frame(lane->scratch);
    lane->next = host->lanes;
    host->lanes = lane;
    host->lane_count++;
    return lane;
}

static struct lane *
lane_enter(fa_gpu_vk_host *host)
{
    /* A command of one host may call a driver with another. */
    if (command.lane != NULL)
        return command.host == host->id ? command.lane : NULL;
    pthread_mutex_lock(&host->mutex);
    struct lane *lane = host->idle;
    if (lane != NULL)
        host->idle = lane->next_idle;
    else
        lane = lane_make(host);
    pthread_mutex_unlock(&host->mutex);
    command.host = host->id;
    command.lane = lane;
    return lane;
}

static void
lane_leave(fa_gpu_vk_host *host, struct lane *lane)
{
    /* Blocks that were freed newest first have rewound it themselves. */
    if (fa_frame_used(lane->frame) != 0)
        fa_scratch_reset(lane->scratch);
    command.lane = NULL;
    pthread_mutex_lock(&host->mutex);
    lane->next_idle = host->idle;
    host->idle = lane;
    pthread_mutex_unlock(&host->mutex);
}

static void *
frame_take(fa_gpu_vk_host *host, size_t size, size_t align, struct lane **out)
{
    struct lane *lane = size > COMMAND_MAX ? NULL : lane_enter(host);
    if (lane == NULL)
        return NULL;
    void *block = NULL;
    if (fa_frame_used(lane->frame) <= COMMAND_MAX - size)
        block = fa_frame_alloc(lane->frame, size, align);
    if (block != NULL) {
        lane->live++;
        *out = lane;
    } else if (lane->live == 0) {
        lane_leave(host, lane);
    }
    return block;
}

/* Only the command's own thread may touch its lane. */
static void
frame_give(fa_gpu_vk_host *host, struct lane *lane, void *block, size_t size)
{
    if (command.lane != lane || command.host != host->id)
        return;
    fa_frame_release(lane->frame, block, size);
    if (--lane->live == 0)
        lane_leave(host, lane);
}

/* --- blocks --- */

static size_t
prefix_of(size_t align)
{
    return align > PREFIX ? align : PREFIX;
}

static struct header *
header_of(void *memory)
{
    return (struct header *)(void *)((char *)memory - PREFIX);
}

static void *
memory_take(fa_gpu_vk_host *host, size_t size, size_t align, uint32_t scope,
            struct lane **lane)
{
    void *block = NULL;
    if (scope == VK_SYSTEM_ALLOCATION_SCOPE_COMMAND)
        block = frame_take(host, size, align, lane);
    if (block != NULL)
        return block;
    bool is_long = scope >= VK_SYSTEM_ALLOCATION_SCOPE_DEVICE;
    return fa_alloc(fa_ctx_current(host->allocator), size, align,
                    is_long ? FA_INTENT_HEAP : FA_INTENT_POOL);
}

/* What a newer Vulkan may have lives long, too. */
static uint32_t
known_scope(VkSystemAllocationScope scope)
{
    return (uint32_t)scope < FA_GPU_VK_SCOPES
               ? (uint32_t)scope
               : (uint32_t)VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE;
}

static void *
block_take(fa_gpu_vk_host *host, size_t size, size_t align, uint32_t scope)
{
    if (align < 16)
        align = 16;
    size_t prefix = prefix_of(align);
    struct lane *lane = NULL;
    char *block = NULL;
    if ((align & (align - 1)) == 0 && align <= FA_ALIGN_MAX &&
        size <= SIZE_MAX - prefix)
        block = memory_take(host, prefix + size, align, scope, &lane);
    if (block == NULL) {
        count_add(&host->counts[scope].failures, 1);
        return NULL;
    }
    struct header *header = header_of(block + prefix);
    *header = (struct header){size, align, lane, scope};
    count_block(&host->counts[scope], header);
    return block + prefix;
}

/* In place where the heap can; the block stays of its scope's kind. */
static void *
block_resize(fa_gpu_vk_host *host, void *memory, size_t size, uint32_t scope)
{
    struct header old = *header_of(memory);
    size_t prefix = prefix_of(old.align);
    char *block = NULL;
    if (size <= SIZE_MAX - prefix)
        block =
            fa_heap_realloc(fa_ctx_current(host->allocator),
                            (char *)memory - prefix, prefix + size, old.align);
    if (block == NULL) {
        count_add(&host->counts[scope].failures, 1);
        return NULL;
    }
    header_of(block + prefix)->size = size;
    count_sub(&host->counts[scope].bytes, old.size);
    count_bytes(&host->counts[scope], size);
    return block + prefix;
}

/* --- what the driver calls --- */

static VKAPI_ATTR void *VKAPI_CALL
host_alloc(void *user, size_t size, size_t align, VkSystemAllocationScope scope)
{
    return block_take(user, size, align, known_scope(scope));
}

static VKAPI_ATTR void VKAPI_CALL
host_free(void *user, void *memory)
{
    fa_gpu_vk_host *host = user;
    if (memory == NULL)
        return;
    struct header header = *header_of(memory);
    size_t prefix = prefix_of(header.align);
    char *block = (char *)memory - prefix;
    count_sub(&host->counts[header.scope].live, 1);
    count_sub(&host->counts[header.scope].bytes, header.size);
    if (header.lane != NULL)
        frame_give(host, header.lane, block, prefix + header.size);
    else
        fa_free(fa_ctx_current(host->allocator), block);
}

static VKAPI_ATTR void *VKAPI_CALL
host_realloc(void *user, void *original, size_t size, size_t align,
             VkSystemAllocationScope scope)
{
    if (original == NULL)
        return host_alloc(user, size, align, scope);
    if (size == 0) {
        host_free(user, original);
        return NULL;
    }
    struct header old = *header_of(original);
    if (old.lane == NULL && old.scope == known_scope(scope) &&
        align <= old.align)
        return block_resize(user, original, size, old.scope);
    void *memory = host_alloc(user, size, align, scope);
    if (memory == NULL)
        return NULL;
    memcpy(memory, original, size < old.size ? size : old.size);
    host_free(user, original);
    return memory;
}

static VKAPI_ATTR void VKAPI_CALL
internal_take(void *user, size_t size, VkInternalAllocationType type,
              VkSystemAllocationScope scope)
{
    fa_gpu_vk_host *host = user;
    (void)type;
    count_add(&host->counts[known_scope(scope)].internal, size);
}

static VKAPI_ATTR void VKAPI_CALL
internal_give(void *user, size_t size, VkInternalAllocationType type,
              VkSystemAllocationScope scope)
{
    fa_gpu_vk_host *host = user;
    (void)type;
    count_sub(&host->counts[known_scope(scope)].internal, size);
}

/* --- public --- */

fa_status
fa_gpu_vk_host_create(fa_allocator *allocator, fa_gpu_vk_host **out)
{
    static _Atomic uint64_t last_id;
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (allocator == NULL)
        return FA_ERR_USAGE;
    fa_gpu_vk_host *host =
        fa_heap_alloc(fa_ctx_current(allocator), sizeof(*host), 16);
    if (host == NULL)
        return FA_ERR_NOMEM;
    memset(host, 0, sizeof(*host));
    host->allocator = allocator;
    /* No pairing: only that numbers differ counts. */
    host->id = 1 + atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed);
    host->callbacks =
        (VkAllocationCallbacks){host,      host_alloc,    host_realloc,
                                host_free, internal_take, internal_give};
    pthread_mutex_init(&host->mutex, NULL);
    *out = host;
    return FA_OK;
}

void
fa_gpu_vk_host_destroy(fa_gpu_vk_host *host)
{
    if (host == NULL)
        return;
    fa_ctx *ctx = fa_ctx_current(host->allocator);
    while (host->lanes != NULL) {
        struct lane *lane = host->lanes;
        host->lanes = lane->next;
        fa_scratch_destroy(lane->scratch);
        fa_heap_free(ctx, lane);
    }
    pthread_mutex_destroy(&host->mutex);
    fa_heap_free(ctx, host);
}

const VkAllocationCallbacks *
fa_gpu_vk_host_callbacks(const fa_gpu_vk_host *host)
{
    return &host->callbacks;
}

fa_status
fa_gpu_vk_host_usage_read(const fa_gpu_vk_host *host, fa_gpu_vk_host_usage *out)
{
    if (host == NULL || out == NULL)
        return FA_ERR_USAGE;
    if (out->struct_size < sizeof(*out))
        return FA_ERR_CONFIG;
    for (unsigned i = 0; i < FA_GPU_VK_SCOPES; i++) {
        const struct counts *counts = &host->counts[i];
        out->scopes[i] = (fa_gpu_vk_scope_usage){
            count_of(&counts->live),    count_of(&counts->bytes),
            count_of(&counts->peak),    count_of(&counts->allocs),
            count_of(&counts->framed),  count_of(&counts->failures),
            count_of(&counts->internal)};
    }
    return FA_OK;
}
