/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The records of the memory layer: what an allocator shares and what a
 * context owns. Functions stand in the headers of their nouns.
 *
 * Everything in a context is changed by its owner alone, without locks. The
 * exceptions are marked: stacks that others push to, and figures that others
 * read (written with fai_publish_...).
 */
#ifndef FAI_MEMORY_MEMORY_H
#define FAI_MEMORY_MEMORY_H

#include "accounting/behavior.h"
#include "accounting/budget.h"
#include "accounting/event.h"
#include "accounting/figures.h"
#include "accounting/tag.h"
#include "base/bits.h"
#include "base/stack.h"
#include "memory/meta.h"
#include "memory/outlive.h"
#include "memory/queue_record.h"
#include "memory/span.h"
#include "memory/table.h"
#include "os/pages.h"

#include <framealloc/framealloc.h>

#define FAI_LAG_MAX        7
#define FAI_QUARANTINE_MAX 16
/* Arenas of a context: the lag, the current one, and protected dead ones. */
#define FAI_ARENAS_MAX    (FAI_LAG_MAX + 1 + FAI_QUARANTINE_MAX)
#define FAI_CHUNKS_MAX    24
#define FAI_BLOCK_BINS    144
#define FAI_CLASSES       32
#define FAI_HOOKS_MAX     16
#define FAI_REMOTE_BATCH  32
#define FAI_REMOTE_OWNERS 8
#define FAI_NAME_MAX      32

/* --- oversized blocks --- */

enum fai_block_state {
    FAI_BLOCK_IDLE = 0, /* In its owner's cache. */
    FAI_BLOCK_OLD,      /* The same, since the last look at the cache. */
    FAI_BLOCK_HEAP,     /* Live, of the heap. */
    FAI_BLOCK_FRAME,    /* Live, of a frame; in the arena's list. */
    FAI_BLOCK_REMOTE,   /* Freed by another context, on the way back. */
    FAI_BLOCK_MARKED    /* The same, and the owner has to look for it. */
};

/* Record of one block of a backend; never inside the block. */
struct fai_block {
    struct fai_node remote; /* In the owner's inbox. */
    char *address;
    size_t capacity; /* As taken from the backend. */
    size_t align;    /* As taken from the backend. */
    size_t size;     /* As asked for. */
    size_t charged;  /* Of the tag's budget. */
    fa_ctx *owner;
    const fa_heap_backend *backend;
    struct fai_block *next;  /* In a bin, an arena's list or the spares. */
    struct fai_block *prev;  /* In an arena's list. */
    struct fai_arena *arena; /* Of a frame block. */
    uint64_t serial;         /* Of frame blocks: order of allocation. */
    fa_tag tag;
    uint32_t state; /* Changed by compare-and-swap where others may free. */
    uint32_t bin;
    bool is_promoted; /* Of a frame: its budget does not count it. */
};

struct fai_cache {
    struct fai_block *bin[FAI_BLOCK_BINS];
    struct fai_block *recent; /* Handed out last; never NULL. */
    size_t limit;
    struct fai_block *spare;
    struct fai_table own; /* Address to block, of all own blocks. */
};

/* --- pool pages --- */

#define FAI_POOL_PAGE    ((size_t)1 << FA_POOL_PAGE_SHIFT)
#define FAI_PAGE_WORDS   (FAI_POOL_PAGE / 16 / 64)
#define FAI_REGION_PAGES 64
#define FAI_REGION_SIZE  (FAI_REGION_PAGES * FAI_POOL_PAGE)
#define FAI_REGION_SHIFT (FA_POOL_PAGE_SHIFT + 6)

struct fai_pool;

/* Record of one 64 KiB page; never inside the page. */
struct fai_page {
    struct fai_pool *pool; /* Pairs: see fai_page_find(). NULL: free. */
    char *base;
    struct fai_page *next;
    struct fai_page *prev;
    uint32_t block_size;
    uint32_t count;      /* Blocks of the page. */
    uint32_t free_count; /* Bits set in free. */
    bool is_touched;     /* Was given out since it was mapped or purged. */
    uint64_t *free;      /* Blocks in the page; the rest is out. */
    uint64_t *live;      /* In guard modes: the program has it. */
    uint64_t *marked;    /* Freed by others, past a full queue. */
    uint64_t *young;     /* While counting: handed out in the frame below. */
    uint64_t number;     /* Frame of the above. */
};

struct fai_page_region {
    char *base;
    uint64_t free;                /* Bit i: page i is free. Under the lock. */
    struct fai_page_region *next; /* Newer. */
    struct fai_page page[FAI_REGION_PAGES];
    uint64_t free_bits[FAI_REGION_PAGES][FAI_PAGE_WORDS];
    uint64_t live_bits[FAI_REGION_PAGES][FAI_PAGE_WORDS];
    uint64_t marked_bits[FAI_REGION_PAGES][FAI_PAGE_WORDS];
    uint64_t young_bits[FAI_REGION_PAGES][FAI_PAGE_WORDS];
};

struct fai_page_space {
    struct fai_mutex lock;
    fa_huge huge;
    uint32_t count; /* Regions. */
    struct fai_page_region *oldest;
    struct fai_page_region *newest;
    struct fai_page_region *with_room; /* None before it has a free page. */
    /* By region number; slots are filled by a release store and stay. */
    struct fai_page_region **slots;
};

struct fai_quarantine {
    void **ring; /* Freed blocks, oldest first. */
    uint32_t next;
    uint32_t count;
};

struct fai_pool {
    fa_pool public;
    fa_ctx *ctx;
    struct fai_pool *next_large; /* Pools above FA_POOL_BLOCK_MAX. */
    struct fai_page *partial;    /* Pages with free blocks. */
    struct fai_page *full;       /* Pages without. */
    size_t stride;               /* Bytes from block to block. */
    size_t blocks;               /* Of all pages. */
    size_t slots;                /* Of the magazine; at least as many. */
    size_t magazine_bytes;       /* Of its own mapping; 0: behind the record. */
    bool is_fenced;              /* A page that faults follows the magazine. */
    size_t align;
    fa_tag tag;
    struct fai_quarantine quarantine;
};

/* The pools of one tag in one mapping, each with its first magazine. */
struct fai_pool_set {
    struct fai_pool *pool[FAI_CLASSES]; /* NULL: not made yet. */
    struct fai_pool_set *next;          /* All sets of the context. */
    unsigned waiting;                   /* Pools that wait for their fence. */
};

struct fai_pools {
    struct fai_pool_set *by_tag[FA_TAG_MAX];
    struct fai_pool_set *sets;
    struct fai_pool *large;
};

/* Blocks of one other context that wait to be pushed together. The inline
 * free pushes into it as into a pool. */
struct fai_outbox {
    fa_pool public;
    fa_ctx *owner;                    /* NULL: not in use. */
    bool was_pushed;                  /* Since the last flush. */
    void *slot[FAI_REMOTE_BATCH + 1]; /* The first is never a block. */
};

/* --- frames --- */

struct fai_chunk {
    char *base;
    size_t reserved;
    size_t touched; /* Charged, and perhaps resident. */
    size_t recent;  /* Most of it used since the last trim. */
    bool is_huge;
};

struct fai_defer {
    void (*fn)(void *);
    void *arg;
    struct fai_defer *next; /* Older. */
};

struct fai_arena {
    struct fai_chunk chunk[FAI_CHUNKS_MAX];
    uint32_t chunk_count;
    uint32_t current;         /* Chunk of the cursor. */
    size_t prior;             /* Bytes used in the chunks before. */
    char *cursor;             /* Saved when the frame is closed. */
    struct fai_block *blocks; /* Newest first. */
    struct fai_defer *defers; /* Newest first. */
    uint64_t number;          /* Frame that the contents belong to. */
    bool is_live;             /* Has contents that are not dead yet. */
    bool is_protected;        /* Guard 2: PROT_NONE. */
};

/* A mark that may be rolled back to. */
struct fai_mark {
    uint64_t serial;
    char *cursor;
    size_t prior;
    uint64_t block_serial;
    struct fai_defer *defers;
    struct fai_retained *retained;
    size_t zones; /* Red zones of guard modes. */
    uint32_t chunk;
};

/* A closed section of a tag in the frame's arena. */
struct fai_section {
    size_t begin;
    size_t end;
    fa_tag tag;
};

/* Why the boundary cannot take its short way; see lifetime/boundary.c. */
enum fai_attention {
    FAI_ATTENTION_BLOCKS = 1,       /* Blocks, defers, retained blocks. */
    FAI_ATTENTION_MARKS = 2,        /* Marks were taken. */
    FAI_ATTENTION_TAGS = 4,         /* The tag changed, or is limited. */
    FAI_ATTENTION_CHUNKS = 8,       /* The arena has spilled. */
    FAI_ATTENTION_LAG = 16,         /* More than one arena. */
    FAI_ATTENTION_MODE = 32,        /* Guard or counts. */
    FAI_ATTENTION_REMOTE = 64,      /* Outboxes are in use. */
    FAI_ATTENTION_PIN = 128,        /* Pinned. */
    FAI_ATTENTION_TRIM = 256,       /* Idle memory goes back, step by step. */
    FAI_ATTENTION_DRAIN = 2048,     /* A queue with rules of its own. */
    FAI_ATTENTION_FENCE = 4096,     /* Pools without a fence. */
    FAI_ATTENTION_PHASES = 8192,    /* Phases in this frame. */
    FAI_ATTENTION_CAPACITY = 16384, /* One of them has a limit. */
    FAI_ATTENTION_NEW = 512,        /* No arena yet. */
    FAI_ATTENTION_ALLOCATOR = 1024, /* The allocator has something to do. */
    /* Each new window has to be asked for. */
    FAI_ATTENTION_NO_WINDOW =
        FAI_ATTENTION_MODE | FAI_ATTENTION_DRAIN | FAI_ATTENTION_CAPACITY,
    FAI_ATTENTION_PERMANENT =
        FAI_ATTENTION_LAG | FAI_ATTENTION_MODE | FAI_ATTENTION_DRAIN
};

/* The capacity of frames that have none. */
#define FAI_NO_CAPACITY (SIZE_MAX & ~(FA_FRAME_GRANULE - 1))

/* A released range below the cursor that waits for what lies above. */
struct fai_hole {
    char *begin;
    char *end;
};

#define FAI_HOLES_MAX 32

struct fai_frame {
    fa_frame public;
    char *base;         /* First address of the arena. */
    char *first_limit;  /* Limit of a rewound arena. */
    uint64_t word;      /* As the allocator's: number * 2 + open. Published. */
    uint64_t tick;      /* Word from which the trim policy looks. */
    uint32_t attention; /* enum fai_attention. */
    fa_status refusal;  /* Why it could not be opened, or FA_OK. */
    uint32_t pins;
    uint32_t guards;         /* Open ones, each in the one before. */
    struct fai_arena *arena; /* Of the current frame. */
    size_t window;           /* Of the allocator's configuration. */
    size_t capacity;         /* Most bytes; a multiple of 16. */
    size_t high;       /* Most bytes so far, as noted before moves down. */
    size_t section;    /* Position where the current tag began. */
    size_t lease_from; /* Position where the lease of the tag's budget began. */
    size_t leased;     /* Bytes of that lease; 0: none. */
    size_t block_bytes;    /* Live blocks of this frame. */
    size_t promoted_bytes; /* Of them: past the context's frame budget. */
    char *promoted;        /* Room in the last one for small requests. */
    char *promoted_end;
    fa_tag promoted_tag;
    uint64_t block_serial;
    uint64_t mark_serial;
    struct fai_retained *retained; /* Newest first. */
    struct fai_array marks;
    struct fai_array sections;
    uint32_t hole_count;
    struct fai_hole holes[FAI_HOLES_MAX]; /* By rising address, apart. */
};

/* --- guard modes --- */

/* One allocation that guard modes remember. */
struct fai_site {
    const void *address;
    size_t size;
    const void *caller;
    uint64_t number;
    fa_tag tag;
};

#define FAI_SITES 4096

/* A frame block with a red zone or a guard page behind it. */
struct fai_zone {
    char *block;
    size_t size;
    size_t zone;    /* Bytes of the red zone. */
    size_t charged; /* With a guard page: of the tag's budget. */
    fa_tag tag;
    bool has_page; /* A guard page follows; it counts as a block. */
};

/* Guard 3: addresses that blocks of one frame with guard pages have had. */
struct fai_fresh {
    char *begin;
    char *end;
    uint64_t number;
    size_t charged;
};

struct fai_guard {
    struct fai_site *sites; /* Ring of the last allocations. */
    uint64_t site_count;
    const void *caller; /* Of the allocation under way. */
    uint32_t sample;    /* Blocks since the last one with a guard page. */
    char *fresh;        /* Guard 3: where the next such block goes. */
    char *fresh_end;
    struct fai_array zones;      /* Of the current frame: struct fai_zone. */
    struct fai_array ranges;     /* Guard 3: mappings, by their begin. */
    struct fai_array fresh_live; /* Guard 3: struct fai_fresh, oldest first. */
};

/* --- the two records --- */

struct fa_ctx {
    fa_ctx_pages pages; /* Frozen: the inline paths read it. */
    struct fai_frame frame;
    uint64_t *frames;        /* The word that numbers its frames. */
    struct fai_stack inbox;  /* Pool and heap blocks freed by others. */
    struct fai_tag_use *use; /* Of the current tag. */
    struct fai_figures figures;
    /* The thread, if it may use the short ways; else NULL. */
    const void *plain_thread;
    fa_allocator *allocator;
    uint64_t id;
    const void *thread; /* NULL: explicit, no thread of its own. */
    fa_status status;
    uint8_t guard;
    bool is_counting; /* Objects are counted. */
    bool is_own;      /* What is allocated is the library's own record. */
    bool is_watched;  /* Guarded or counting: no call takes an inline path. */
    bool is_explicit;
    bool has_own_frames;
    bool is_idle;     /* No thread has it; under the allocator's lock. */
    bool is_readable; /* Idle: others may still read its arenas. */
    bool is_refusing; /* The static object that refuses every call. */
    bool is_lost;     /* Its user vanished in a fork. */
    uint32_t lag;
    uint32_t arena_count;
    uint64_t word;            /* With own frames: as the allocator's word. */
    uint64_t swept;           /* Idle: frame of the last sweep. */
    struct fai_arena *arenas; /* NULL: none yet, or none any more. */
    struct fai_arena *arena_records; /* Kept for the next thread. */
    uint32_t arena_room;             /* How many. */
    struct fai_cache cache;
    struct fai_meta meta;
    struct fai_queue queue; /* Of the inbox. */
    struct fai_budget budget;
    struct fai_budget frame_budget;
    struct fai_budget pool_budget;
    struct fai_guard guarding;
    fa_tag tag;
    uint32_t tag_depth;
    uint32_t tag_excess; /* Pushes that were refused and not popped yet. */
    fa_tag tag_stack[FA_TAG_DEPTH_MAX];
    uint64_t tag_dirty[FA_TAG_MAX / 64];   /* Used in this frame. */
    uint64_t tag_charged[FA_TAG_MAX / 64]; /* See fai_charge_past(). */
    struct fa_ctx *next;        /* In the allocator's list; under its lock. */
    struct fa_ctx *next_thread; /* In its thread's list; see context/ctx.c. */
    struct fai_thread *owner;   /* NULL: explicit or idle. */
    char name[FAI_NAME_MAX];
    uint64_t begin_ns;           /* Of the frame, if events were wanted. */
    struct fai_event_ring *ring; /* NULL: no event was kept yet. */
    struct fai_annex annex;
    struct fai_retain_record *retain; /* NULL: nothing was retained yet. */
    struct fai_phases *phases;        /* NULL: there was none yet. */
    fa_ctx *scratch[2];               /* Annexes for functions, or NULL. */
    struct fai_arena first_arena;     /* Enough without a lag. */
    /* What lies below is large, and touched by those who use it. */
    struct fai_tag_use tag_use[FA_TAG_MAX];
    struct fai_pools pools;
    struct fai_outbox outbox[FAI_REMOTE_OWNERS];
};

/* Why a frame cannot open its short way. */
enum fai_allocator_attention {
    FAI_ATTENTION_HOOKS = 1,  /* Modules want to be called. */
    FAI_ATTENTION_LIMITS = 2, /* A tag or a context's frames are limited. */
    FAI_ATTENTION_IDLE = 4,   /* Contexts without a thread wait. */
    FAI_ATTENTION_EVENTS = 8  /* Events are wanted, or objects counted. */
};

/* What was sent and not received yet; see lifetime/transfer.c. */
struct fai_transfers {
    struct fai_mutex lock; /* Guards what follows. */
    struct fai_array records;
    uint32_t free; /* Index of the first free record + 1; 0: none. */
    uint64_t sent;
    uint64_t received;
    uint64_t dropped;
    uint64_t pending;
    uint64_t bytes;
};

/* Tasks; see lifetime/task.c. */
struct fai_tasks {
    struct fai_mutex lock; /* Guards what follows. */
    struct fai_meta meta;
    struct fa_task_record *free;
    struct fa_task_record *newest; /* Of all records. */
    uint64_t live;
    uint64_t begun;
};

struct fa_allocator {
    uint64_t word;     /* Frame number * 2 + open; written by release stores. */
    uint64_t id;       /* Not used again in the process. */
    uint64_t plain_id; /* The id while attention is 0, else none. */
    uint32_t attention;         /* enum fai_allocator_attention. */
    struct fai_mutex lock;      /* Guards ctxs and the registry. */
    fa_allocator_config config; /* Resolved: no defaults left. */
    fa_heap_backend heap;
    struct fai_spans spans;
    struct fai_page_space pages;
    struct fai_table registry; /* Address to block, of all blocks. */
    struct fai_budget budget;
    struct fai_reporter reporter;
    fa_ctx *ctxs;
    uint32_t ctx_count;
    uint32_t idle_count;
    uint64_t next_ctx_id;
    struct fai_figures retired; /* Totals of contexts that are gone. */
    struct fai_annexes annexes;
    uint32_t counting; /* enum fai_counting; under the lock, read by all. */
    struct fai_events events;
    struct fai_transfers transfers;
    struct fai_tasks tasks;
    struct fai_behavior behavior;
    struct fai_profile *profile;   /* Of observe/profile.c, or NULL. */
    struct fai_snapshot *snapshot; /* Of observe/snapshot_file.c, or NULL. */
    uint32_t hook_count;
    fa_frame_hook hooks[FAI_HOOKS_MAX];
    struct fa_allocator *next; /* In the process's list. */
    struct fa_allocator *prev;
    struct fai_tags tags;
};

static inline fa_ctx *
fai_ctx_of_frame(const fa_frame *frame)
{
    return FAI_CONTAINER(frame, fa_ctx, frame);
}

static inline struct fai_pool *
fai_pool_of(fa_pool *pool)
{
    return FAI_CONTAINER(pool, struct fai_pool, public);
}

/* The cursor moves down to a place in the same chunk. The limit stays within
 * a window of it, so that larger requests still take the slow path. */
static inline void
fai_frame_move_down(struct fai_frame *frame, char *cursor)
{
    if (frame->public.cursor > frame->public.high)
        frame->public.high = frame->public.cursor;
    frame->public.cursor = cursor;
    if (frame->public.limit > cursor + frame->window)
        frame->public.limit = cursor + frame->window;
}

/* A floor that lets nothing be released: of closed frames and guard modes. */
#define FAI_NO_FLOOR ((char *)UINTPTR_MAX)

/* From here on releases are slow calls; all are while objects are counted,
 * for what is popped inline would leave the limit above the cursor. */
static inline void
fai_frame_set_release_from(fa_ctx *ctx, char *from)
{
    ctx->frame.public.release_from = ctx->is_counting ? NULL : from;
}

/* What lies below stays until the frame dies or is rolled back. */
static inline void
fai_frame_raise_floor(struct fai_frame *frame, char *floor)
{
    if (frame->public.floor != FAI_NO_FLOOR)
        frame->public.floor = floor;
    frame->hole_count = 0;
}

static inline bool
fai_frame_is_open(const struct fai_frame *frame)
{
    return (frame->word & 1) != 0;
}

static inline uint64_t
fai_frame_number(const struct fai_frame *frame)
{
    return frame->word >> 1;
}

/* Bytes used in the arena so far. */
static inline size_t
fai_frame_position(const struct fai_frame *frame)
{
    const struct fai_arena *arena = frame->arena;
    return arena->prior +
           (size_t)(frame->public.cursor - arena->chunk[arena->current].base);
}

/* Bytes that the capacity leaves, without what rounding takes. */
static inline size_t
fai_frame_room(const struct fai_frame *frame)
{
    size_t used = fai_frame_position(frame) + frame->block_bytes;
    return fai_round_down(frame->capacity - used, FA_FRAME_GRANULE);
}

/* The capacity, too, is expressed by the limit. */
static inline void
fai_frame_clamp_limit(struct fai_frame *frame)
{
    size_t room = fai_frame_room(frame);
    if (FAI_UNLIKELY(room <
                     (size_t)(frame->public.limit - frame->public.cursor)))
        frame->public.limit = frame->public.cursor + room;
}

static inline bool
fai_ctx_is_annex(const fa_ctx *ctx)
{
    return ctx->annex.kind != FAI_ANNEX_NONE;
}

/* Remembers why; returns NULL for the caller to return. */
static inline void *
fai_fail(fa_ctx *ctx, fa_status status)
{
    ctx->status = status;
    return NULL;
}

static inline bool
fai_is_alignment(size_t align)
{
    return fai_is_power_of_two(align) && align <= FA_ALIGN_MAX;
}

/* No allocator has it. */
#define FAI_NO_ID UINT64_MAX

/* Frames must look at something before they open their short way. Only ever
 * set, and seen at the next frame: no pairing is needed. */
static inline void
fai_allocator_attend(fa_allocator *allocator, uint32_t why)
{
    __atomic_fetch_or(&allocator->attention, why, __ATOMIC_RELAXED);
    fai_store(&allocator->plain_id, FAI_NO_ID);
}

/* This reason is gone. Under the allocator's lock, as is the other. */
static inline void
fai_allocator_rest(fa_allocator *allocator, uint32_t why)
{
    if (__atomic_and_fetch(&allocator->attention, ~why, __ATOMIC_RELAXED) == 0)
        fai_store(&allocator->plain_id, allocator->id);
}

#endif
