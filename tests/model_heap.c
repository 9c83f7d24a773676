/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The oracle's blocks: patterns, overlap, and the operations of heap and
 * pools.
 */
#include "model.h"

struct model model;

/* A fuzzer's input that has ended gives zeroes. */
uint64_t
model_random(uint64_t below)
{
    if (model.input == NULL)
        return stress_random(&model.random) % below;
    uint64_t n = 0;
    for (uint64_t most = below - 1; most > 0; most >>= 8) {
        n = n << 8 | (model.input_left > 0 ? *model.input : 0);
        model.input += model.input_left > 0;
        model.input_left -= model.input_left > 0;
    }
    return n % below;
}

/* --- blocks and their contents --- */

/* Large blocks are looked at near their ends and once per page. */
static size_t
next_probe(size_t i, size_t size)
{
    if (size <= 4096 || i < 256 || i + 256 >= size)
        return i + 1;
    return i + 4096 + 256 < size ? i + 4096 : size - 256;
}

static unsigned char
pattern(const struct model_block *block, size_t i)
{
    return (unsigned char)((block->key + (uint32_t)i) * 0x9e3779b1u >> 24);
}

void
model_fill(struct model_block *block)
{
    block->key = (uint32_t)(model.operation * 2654435761u + model.random);
    for (size_t i = 0; i < block->size; i = next_probe(i, block->size))
        block->at[i] = pattern(block, i);
}

void
model_verify(const struct model_block *block, size_t size)
{
    for (size_t i = 0; i < size; i = next_probe(i, block->size))
        MODEL_CHECK(block->at[i] == pattern(block, i),
                    "contents are as they were written");
}

static bool
overlaps(const struct model_block *block, const unsigned char *at, size_t size)
{
    return !block->is_released && block->size != 0 &&
           at < block->at + block->size && block->at < at + size;
}

void
model_check_block(const void *address, size_t size, size_t align)
{
    const unsigned char *at = address;
    size_t least = align < 16 ? 16 : align;
    MODEL_CHECK(((uintptr_t)at & (least - 1)) == 0, "a block is aligned");
    if (model.operation % 8 != 0)
        return; /* Patterns show it too, only later. */
    for (size_t i = 0; i < model.heap_count; i++)
        MODEL_CHECK(!overlaps(&model.heap[i], at, size),
                    "no block overlaps a heap block");
    for (uint32_t f = 0; f <= model.lag; f++)
        for (size_t i = 0; i < model.frames[f].count; i++)
            MODEL_CHECK(!overlaps(&model.frames[f].blocks[i], at, size),
                        "no block overlaps a frame block");
}

void
model_check_refusal(void)
{
    MODEL_CHECK(model.has_budget, "memory is there");
    MODEL_CHECK(fa_ctx_status(model.ctx) == FA_ERR_BUDGET,
                "a refusal says that it is the budget");
}

/* --- operations --- */

static void
add_block(void *at, size_t size, size_t align, bool is_large)
{
    model_check_block(at, size, align);
    MODEL_CHECK(fa_heap_usable_size(at) >= size, "the usable size is enough");
    struct model_block *block = &model.heap[model.heap_count++];
    *block = (struct model_block){
        .at = at, .size = size, .align = align, .is_large = is_large};
    block->counted = is_large ? size : 0;
    model.heap_bytes += block->counted;
    block->tag = fa_tag_current(model.ctx);
    model_fill(block);
}

static struct model_block
remove_block(size_t i)
{
    struct model_block block = model.heap[i];
    model_verify(&block, block.size);
    model.heap_bytes -= block.counted;
    model.heap[i] = model.heap[--model.heap_count];
    return block;
}

static bool
is_large(size_t size, size_t align)
{
    return size > FA_POOL_BLOCK_MAX || align > FA_POOL_BLOCK_MAX;
}

static void
alloc_heap(void)
{
    size_t size = 1 + model_random(model_random(8) == 0 ? 200000 : 3000);
    size_t align = (size_t)1 << model_random(model_random(16) == 0 ? 22 : 8);
    model_log("heap", size, align);
    void *at = fa_heap_alloc(model.ctx, size, align);
    if (at == NULL)
        model_check_refusal();
    else
        add_block(at, size, align, is_large(size, align));
}

static void
alloc_pool(void)
{
    size_t size = 1 + model_random(model_random(16) == 0 ? 20000 : 600);
    size_t align = (size_t)1 << model_random(7);
    fa_pool *pool = fa_ctx_pool(model.ctx, size, align);
    model_log("pool", size, align);
    MODEL_CHECK(pool->block_size >= size, "a pool serves its size");
    size = pool->block_size;
    void *at = fa_pool_alloc(pool);
    if (at == NULL)
        model_check_refusal();
    else
        add_block(at, size, align, is_large(size, align));
}

/* It stays of the kind that it was; a charge stays, too. */
static void
keep_place(struct model_block *block, size_t size)
{
    bool is_charged = model.has_budget && block->tag == model.tags[1];
    if (block->is_large && !is_charged) {
        model.heap_bytes += (uint64_t)size - block->counted;
        block->counted = size;
    }
    block->size = size;
    model_fill(block);
}

static void
realloc_block(size_t i)
{
    struct model_block old = model.heap[i];
    size_t size = 1 + model_random(old.size * 2 + 100);
    model_log("realloc", old.size, size);
    model_verify(&old, old.size);
    void *at = fa_heap_realloc(model.ctx, old.at, size, old.align);
    if (at == NULL) {
        model_check_refusal();
        return;
    }
    struct model_block moved = old;
    moved.at = at;
    model_verify(&moved, old.size < size ? old.size : size);
    if (at == old.at) {
        keep_place(&model.heap[i], size);
        return;
    }
    model.heap[i] = model.heap[--model.heap_count];
    model.heap_bytes -= old.counted;
    add_block(at, size, old.align, is_large(size, old.align));
}

static void
free_block(size_t i, bool by_heap)
{
    model_log("free", model.heap[i].size, by_heap);
    void *at = remove_block(i).at;
    if (by_heap)
        fa_heap_free(model.ctx, at);
    else
        fa_free(model.ctx, at);
}

void
model_use_heap(void)
{
    unsigned what = (unsigned)model_random(10);
    if (model.heap_count < 8 || (what < 5 && model.heap_count < MODEL_HEAP)) {
        if (what % 2 == 0)
            alloc_heap();
        else
            alloc_pool();
        return;
    }
    size_t i = model_random(model.heap_count);
    if (what == 9 && model.heap_count < MODEL_HEAP)
        realloc_block(i);
    else
        free_block(i, what % 2 == 0);
}

void
model_free_heap(void)
{
    while (model.heap_count > 0)
        free_block(model.heap_count - 1, false);
}
