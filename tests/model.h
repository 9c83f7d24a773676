/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The oracle that operations on one allocator are compared with.
 *
 * model_core.c feeds it with random numbers, fuzz/fuzz_ops.c with bytes that
 * a fuzzer has made.
 */
#ifndef FA_TESTS_MODEL_H
#define FA_TESTS_MODEL_H

#include "stress.h"

#include <framealloc/framealloc.h>

#define MODEL_HEAP      256
#define MODEL_BLOCKS    4096
#define MODEL_MARKS     32
#define MODEL_DEFERS    64
#define MODEL_TAGS      6
#define MODEL_TAG_DEPTH 8
#define MODEL_SEGMENTS  4096
#define MODEL_LAG       2

/* A block that the program has. */
struct model_block {
    unsigned char *at;
    size_t size;
    size_t align;
    size_t counted; /* Of a large one: bytes that the frame counts. */
    uint32_t key;   /* Of its pattern. */
    fa_tag tag;
    bool is_large;    /* Not in an arena or a pool page. */
    bool is_released; /* The pattern may be gone. */
};

struct model_mark {
    fa_mark mark;
    char *cursor;
    size_t position;
    size_t blocks;
    size_t defers;
};

/* Bytes up to end, from the end of the one before, belong to a tag. */
struct model_segment {
    size_t end;
    fa_tag tag;
};

/* What belongs to one frame number. */
struct model_frame {
    struct model_block blocks[MODEL_BLOCKS];
    size_t count;
    char defers[MODEL_DEFERS]; /* Their addresses are arguments. */
    size_t defer_count;
    uint64_t number;
};

struct model {
    fa_allocator *allocator;
    fa_ctx *ctx;
    fa_frame *frame;
    /* Where numbers come from: bytes, or else the generator. */
    const uint8_t *input;
    size_t input_left;
    uint64_t random;
    uint64_t operation;
    /* How the allocator was made. */
    size_t window;
    uint32_t lag;
    int guard;
    bool has_budget; /* Requests may be refused. */
    /* The current frame. */
    char *floor;
    size_t position;
    size_t block_bytes;
    struct model_mark marks[MODEL_MARKS];
    size_t mark_count;
    fa_mark dead_mark;
    struct model_segment segments[MODEL_SEGMENTS];
    size_t segment_count;
    /* This frame and those that may still be read, by number. */
    struct model_frame frames[MODEL_LAG + 1];
    fa_tag tags[MODEL_TAGS];
    fa_tag tag_stack[MODEL_TAG_DEPTH];
    size_t tag_depth;
    struct model_block heap[MODEL_HEAP];
    size_t heap_count;
    uint64_t heap_bytes; /* Of large blocks. */
};

extern struct model model;

#define MODEL_CHECK(is_kept, promise) \
    do {                              \
        if (!(is_kept))               \
            model_fail(promise);      \
    } while (0)

static inline struct model_frame *
model_frame_of(uint64_t number)
{
    return &model.frames[number % (model.lag + 1)];
}

static inline struct model_frame *
model_current(void)
{
    return model_frame_of(fa_frame_number(model.allocator));
}

static inline fa_tag
model_tag_now(void)
{
    return model.tag_depth == 0 ? FA_TAG_NONE
                                : model.tag_stack[model.tag_depth - 1];
}

/* Of the program: says which promise was broken, and ends. */
_Noreturn void model_fail(const char *promise);
/* Of the program: an operation is about to run. */
void model_log(const char *name, size_t a, size_t b);

/* Of model_heap.c. */
uint64_t model_random(uint64_t below);
void model_fill(struct model_block *block);
/* Looks at the first bytes of a block. */
void model_verify(const struct model_block *block, size_t size);
/* A new block is aligned and overlaps none. */
void model_check_block(const void *at, size_t size, size_t align);
/* NULL was returned: only a budget may do that, and must say so. */
void model_check_refusal(void);
void model_use_heap(void);
void model_free_heap(void);

/* Of model_tag.c. */
/* The frame is used up to here; what is new belongs to the current tag. */
void model_move_to(size_t position);
/* After the end of the frame: each tag has what the oracle knows. */
void model_check_tags(void);

/* Of model_frame.c. */
void model_begin(fa_allocator_config *config);
/* One operation. */
void model_step(void);
/* Ends the frame, frees all, destroys the allocator. */
void model_end(void);

#endif
