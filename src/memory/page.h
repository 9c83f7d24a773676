/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Pages of 64 KiB for pools, and the answer to whose page an address is in.
 */
#ifndef FAI_MEMORY_PAGE_H
#define FAI_MEMORY_PAGE_H

#include "memory/memory.h"

bool fai_page_space_create(struct fai_page_space *space, fa_huge huge);
void fai_page_space_destroy(struct fai_page_space *space);
/* A page, its record cleared but for the base; NULL without memory. */
struct fai_page *fai_page_take(struct fai_page_space *space);
/* No block of the page is in use. */
void fai_page_give(struct fai_page_space *space, struct fai_page *page);
/* The page of an address, if it belongs to a pool; else NULL. Any thread. */
struct fai_page *fai_page_find(const struct fai_page_space *space,
                               const void *address);
/* Gives free pages back to the system; returns the bytes. */
size_t fai_page_space_trim(struct fai_page_space *space, size_t max);

/* Whether the address lies in the page, which may be NULL. */
static inline bool
fai_page_holds(const struct fai_page *page, const void *address)
{
    return page != NULL &&
           (uintptr_t)address - (uintptr_t)page->base < FAI_POOL_PAGE;
}

/* While counting: the block is handed out in this frame; and whether it was.
 * From then on it was not. */
void fai_page_mark_young(struct fai_page *page, const void *block,
                         uint64_t number);
bool fai_page_was_young(struct fai_page *page, const void *block,
                        uint64_t number);

static inline size_t
fai_page_index(const struct fai_page *page, const void *block)
{
    return (size_t)((const char *)block - page->base) / page->block_size;
}

/* Whether the address is the beginning of a block of the page. */
static inline bool
fai_page_has(const struct fai_page *page, const void *block)
{
    size_t offset = (size_t)((const char *)block - page->base);
    return offset % page->block_size == 0 &&
           offset / page->block_size < page->count;
}

static inline bool
fai_bit_test(const uint64_t *bits, size_t i)
{
    return (bits[i / 64] >> (i % 64) & 1) != 0;
}

static inline void
fai_bit_set(uint64_t *bits, size_t i)
{
    bits[i / 64] |= (uint64_t)1 << (i % 64);
}

static inline void
fai_bit_clear(uint64_t *bits, size_t i)
{
    bits[i / 64] &= ~((uint64_t)1 << (i % 64));
}

#endif
