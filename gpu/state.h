/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the files of the GPU module share: the device's memory, its blocks, the
 * frames in flight, and who may touch what.
 *
 * One lock guards everything except the open frame's cursors. Functions whose
 * name ends in _locked want it held. Callbacks of the program are never called
 * under it: pressure is noted, and told by budget_tell() after the unlock.
 *
 * G1  A block is of one key: class, lifetime, kind. Lifetimes never mix.
 * G2  Memory goes back to a block only when the device has finished the frame
 *     and the transfers that could use it (see retire.c).
 * G3  block_make_locked() is the only caller of block_create, so every byte
 *     taken from the driver has passed the budget.
 */
#ifndef FA_GPU_STATE_H
#define FA_GPU_STATE_H

#include <framealloc/gpu-backend.h>
#include <framealloc/offset.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Larger sizes are refused, so that sums of them cannot wrap. */
#define GPU_SIZE_LIMIT ((uint64_t)1 << 40)

#define BLOCK_MAX      ((uint64_t)256 << 20)
#define GPU_FRAMES_ANY 0xffffu /* Key of blocks for one frame: arenas. */

struct gpu_block;

/* What a block is for. Persistent memory is shared by all intents that choose
 * the same class. */
struct block_key {
    uint32_t class_id;
    uint16_t frames;   /* Lifetime: 0 persistent, n frames. */
    bool is_opaque;    /* For images. */
    bool is_dedicated; /* One slice, which is all of it. */
};

enum block_owner {
    BLOCK_IDLE,    /* Kept for a while; see retain_frames. */
    BLOCK_ARENA,   /* A chunk of a frame. */
    BLOCK_SLICES,  /* Cut into slices by `offsets`. */
    BLOCK_STAGING, /* A chunk of the ring. */
};

struct gpu_block {
    fa_gpu_block native; /* First: ranges point to it. */
    fa_gpu_class memory_class;
    struct block_key key;
    enum block_owner owner;
    unsigned uses;
    const char *name;
    fa_offset *offsets;      /* Of BLOCK_SLICES that is not dedicated. */
    uint64_t used;           /* Bytes handed out, as of slices. */
    uint64_t idle_frame;     /* When it became idle. */
    uint32_t number;         /* Index into fa_gpu.blocks. */
    _Atomic uint64_t cursor; /* Of BLOCK_ARENA: next free byte; may be past the
                                end. */
    struct gpu_block *next;  /* In its arena, or in the ring. */
    /* Of BLOCK_STAGING, all of ring.c: */
    uint64_t last_frame;  /* Newest frame that copies from or to it are in. */
    uint64_t last_serial; /* Newest transfer that does. */
    uint32_t holds;       /* Writers, and results that are not released. */
    bool is_queued;       /* Queued copies use it. */
};

/* A slice of fa_gpu_alloc(), by number. */
struct gpu_slice {
    struct gpu_block *block; /* NULL: the entry is free. */
    uint64_t offset;
    uint64_t size;       /* Asked for. */
    uint32_t node;       /* Of fa_offset. */
    uint32_t generation; /* In fa_gpu_slice.id with the number. */
    uint64_t frame;      /* Last frame; 0: persists. */
    uint32_t pending;    /* Copies that are queued and not recorded. */
    bool is_retired;     /* Freed; waits for the device. */
    unsigned uses;
    fa_tag tag;
    const char *name;
    uint32_t next; /* Free list, or chain of the frame that it dies with. */
};

/* Memory that waits for the device. */
struct gpu_retired {
    uint32_t slice;    /* Number. */
    uint64_t frame;    /* Released when this frame is finished ... */
    uint64_t transfer; /* ... and this serial of transfers is reached. */
};

/* The memory of one frame in flight for one intent. */
struct gpu_arena {
    _Atomic(struct gpu_block *) open; /* Chunk that is bumped; NULL: none. */
    struct gpu_block *first;          /* All chunks. */
};

struct gpu_flight {
    struct gpu_arena arenas[FA_GPU_INTENTS];
    uint64_t number;   /* Frame; 0: not used yet. */
    uint64_t serial;   /* What the device reaches with it. */
    uint64_t transfer; /* Newest transfer that was submitted by its end. */
    bool is_ended;
};

/* Most bytes that a frame needed of late: in this window of retain_frames
 * frames, and in the one before. */
struct gpu_water {
    uint64_t now;
    uint64_t before;
};

/* A message that waits for the unlock. */
struct gpu_note {
    uint32_t number;
    char detail[120];
};

#define GPU_NOTES 4 /* More at a time are not told. */

struct gpu_transfer; /* Of transfer.c. */
struct gpu_budget;   /* Of budget.c. */

/* Counters; under the lock unless said otherwise. */
struct gpu_counts {
    uint64_t block_creates; /* Calls of the driver, since the start. */
    uint64_t block_destroys;
    uint64_t flushes;
    uint64_t frame_creates; /* Of this frame. */
    uint64_t frame_destroys;
};

struct fa_gpu {
    fa_allocator *allocator;
    fa_gpu_config config; /* With defaults put in. */
    fa_gpu_backend backend;
    fa_gpu_caps caps;
    pthread_mutex_t mutex;
    _Atomic bool is_lost;
    bool is_loss_told; /* Under the lock. */
    struct gpu_note notes[GPU_NOTES];
    uint32_t note_count;

    _Atomic uint64_t frame;    /* Open, or last. */
    _Atomic uint64_t finished; /* Newest frame that the device has finished. */
    _Atomic(struct gpu_flight *) open; /* NULL: no open frame. */
    struct gpu_flight flights[FA_GPU_FLIGHT_MAX];
    struct gpu_water water[FA_GPU_INTENTS];
    uint64_t water_frame; /* When the window began. */
    uint64_t last_serial;
    uint64_t grain; /* Sizes in arenas are multiples, so cursors are aligned. */

    struct gpu_block **blocks; /* By number; NULL: free. */
    uint32_t block_count;      /* Entries. */
    uint32_t block_live;
    uint64_t idle_bytes;

    struct gpu_slice *slices; /* By number; 0 is not used. */
    uint32_t slice_count;     /* Entries, with entry 0. */
    uint32_t slice_room;
    uint32_t slice_free; /* Head of the list of free entries; 0: none. */
    uint32_t slice_live; /* That persist or live for several frames. */
    uint32_t dying[FA_GPU_FRAMES_MAX + 1]; /* Chains by last frame. */

    struct gpu_retired *retired; /* Ring, oldest first. */
    uint32_t retired_room;       /* Power of two. */
    uint32_t retired_head;
    uint32_t retired_count;

    struct gpu_transfer *transfer;
    struct gpu_budget *budget;
    struct gpu_counts counts;
};

/* --- device.c --- */

void gpu_lock(fa_gpu *gpu);
/* Also sends what gpu_say_locked() has noted. */
void gpu_unlock(fa_gpu *gpu);
/* Notes a message for the diagnostics, to be sent after the unlock. */
FA_PRINTF(3, 4)
void gpu_say_locked(fa_gpu *gpu, uint32_t number, const char *format, ...);
/* Notes a lost device (FA556, once, at the next unlock); returns the status. */
fa_status gpu_failed(fa_gpu *gpu, fa_status status);
bool gpu_is_lost(const fa_gpu *gpu);
/* Copies a structure that begins with its size, as the program knows it; false
 * when it is not initialised or has members that we do not know. */
bool gpu_struct_read(void *own, size_t own_size, const void *given);
/* Books: memory of the core's heap, from any thread. 16-aligned. */
void *gpu_meta_alloc(fa_gpu *gpu, size_t size);
void *gpu_meta_resize(fa_gpu *gpu, void *block, size_t size);
void gpu_meta_free(fa_gpu *gpu, void *block);

/* --- block.c --- */

/* What a block must serve. */
struct block_want {
    fa_gpu_intent intent;
    uint64_t size; /* Least bytes. */
    uint64_t best; /* Bytes if they can be had; at least size. */
    unsigned uses;
    unsigned frames;  /* Lifetime, of the key. */
    unsigned flags;   /* FA_GPU_ALLOW_HOST ... */
    uint32_t allowed; /* Classes, by bit. */
    bool is_opaque;
    bool is_dedicated;
    const void *dedicated; /* As of fa_gpu_block_request. */
    enum block_owner owner;
    const char *name;
};

/* The class to try for the attempt; FA_ERR_UNSUPPORTED: no further one. */
fa_status block_class_locked(fa_gpu *gpu, const struct block_want *want,
                             unsigned attempt, fa_gpu_class *out);
/* An idle block of the class that fits, or a new one, after the budget, and
 * once more after idle blocks were given back. */
fa_status block_make_locked(fa_gpu *gpu, const struct block_want *want,
                            const fa_gpu_class *memory_class,
                            struct gpu_block **out);
/* The same, with the classes of the intent in turn. */
fa_status block_get_locked(fa_gpu *gpu, const struct block_want *want,
                           struct gpu_block **out);
/* Becomes idle; goes back to the driver after retain_frames. */
void block_put_locked(fa_gpu *gpu, struct gpu_block *block);
/* Goes back to the driver at once. */
void block_destroy_locked(fa_gpu *gpu, struct gpu_block *block);
/* Gives back blocks that have been idle for long, at most `max`; heap
 * UINT32_MAX: of any. */
void block_trim_locked(fa_gpu *gpu, uint32_t heap, uint64_t idle_frames,
                       uint32_t max);
/* Flush or invalidate a part of a block: rounds to the atom; does nothing
 * where the memory is coherent. */
fa_status block_flush_locked(fa_gpu *gpu, const struct gpu_block *block,
                             uint64_t offset, uint64_t size);
fa_status block_invalidate_locked(fa_gpu *gpu, const struct gpu_block *block,
                                  uint64_t offset, uint64_t size);
/* Alignment that the uses need on this device. */
uint64_t block_align(const fa_gpu *gpu, unsigned uses, uint32_t props);

/* --- frame.c --- */

/* Asks the device how far it is, and releases what waited for that. */
fa_status frame_poll_locked(fa_gpu *gpu);
/* Until the device has finished a frame; FA_ERR_STATE: it has not ended. */
fa_status frame_wait(fa_gpu *gpu, uint64_t number, uint64_t timeout_ns);
/* The block of a slice of an arena, or NULL. */
struct gpu_block *frame_block_locked(fa_gpu *gpu, const fa_gpu_slice *slice);

/* --- slice.c --- */

/* What an image needs beside a request. */
struct slice_extra {
    uint32_t allowed; /* Classes, by bit. */
    bool is_opaque;
    const void *dedicated;
};

/* fa_gpu_alloc(), for memory that is not of one frame; extra may be NULL;
 * memory gets the native handle. */
fa_status slice_alloc(fa_gpu *gpu, const fa_gpu_request *request,
                      const struct slice_extra *extra, fa_gpu_slice *out,
                      uint64_t *memory);
/* Slices that die with the frame. */
void slice_frame_end_locked(fa_gpu *gpu, uint64_t number);
/* Reports what was not freed, and forgets all. */
void slice_close(fa_gpu *gpu);

/* The entry of a live slice, or NULL. */
struct gpu_slice *slice_find_locked(fa_gpu *gpu, const fa_gpu_slice *slice);
/* The block of a live slice of either kind, or NULL after FA555. */
struct gpu_block *slice_block_locked(fa_gpu *gpu, const fa_gpu_slice *slice);
/* Memory back into its block; the device is done with it. */
void slice_release_locked(fa_gpu *gpu, uint32_t number);

/* --- retire.c --- */

/* Room for one more, so that retiring cannot fail. */
bool retire_reserve_locked(fa_gpu *gpu, uint32_t count);
void retire_slice_locked(fa_gpu *gpu, uint32_t number);
/* Releases what the device has finished with. */
void retire_run_locked(fa_gpu *gpu);

/* --- budget.c --- */

fa_status budget_open(fa_gpu *gpu);
void budget_close(fa_gpu *gpu);
/* Whether this many bytes more of a heap are allowed. */
fa_status budget_check_locked(fa_gpu *gpu, uint32_t heap, uint64_t bytes,
                              fa_tag tag, unsigned flags);
void budget_charge_locked(fa_gpu *gpu, uint32_t heap, uint64_t bytes,
                          fa_tag tag);
void budget_refund_locked(fa_gpu *gpu, uint32_t heap, uint64_t bytes,
                          fa_tag tag);
/* Tags are counted by what is handed out, since blocks are shared: bytes of
 * slices. Blocks themselves are charged to FA_TAG_NONE. */
fa_status budget_tag_take_locked(fa_gpu *gpu, fa_tag tag, uint64_t bytes);
void budget_tag_give_locked(fa_gpu *gpu, fa_tag tag, uint64_t bytes);
/* What the driver says of a heap. */
void budget_heap_read_locked(const fa_gpu *gpu, uint32_t heap, uint64_t *budget,
                             uint64_t *usage);
/* Once a frame: the driver's figures. */
void budget_refresh_locked(fa_gpu *gpu);
/* Calls the program's function if a level was passed; without the lock. */
void budget_tell(fa_gpu *gpu);

/* --- transfer.c --- */

fa_status transfer_open(fa_gpu *gpu);
void transfer_close(fa_gpu *gpu);
/* Newest serial that was submitted, or 0. */
uint64_t transfer_submitted_locked(const fa_gpu *gpu);
/* Newest serial known to be reached. */
uint64_t transfer_completed_locked(const fa_gpu *gpu);
/* Asks the device how far transfers are. */
fa_status transfer_poll_locked(fa_gpu *gpu);
/* Chunks of the ring that are kept for later become idle. */
void transfer_trim_locked(fa_gpu *gpu);
/* At the begin of a frame: chunks of the ring that are free again, tickets
 * that are done, batches that belong to frames up to `finished`. */
void transfer_frame_begin_locked(fa_gpu *gpu);
/* At the end: copies that were recorded in this frame have its number. */
void transfer_frame_end_locked(fa_gpu *gpu, uint64_t number);

#endif
