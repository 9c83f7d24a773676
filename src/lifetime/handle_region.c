/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Regions of handle spaces, and the pieces that they are cut into.
 *
 * An object is placed in a gap: what is left before and behind it stays gaps.
 * A dead object becomes a gap and is merged with its neighbours at once, and
 * takes no new record for that, so a free never fails. A region that is one
 * gap goes back to the heap.
 *
 * Nothing here is read by a program that has an address, so records are plain
 * data under the lock; only the word and the address of a record are atomic.
 */
#include "lifetime/handle.h"

#include "context/ctx.h"
#include "os/checkers.h"

#include <string.h>

/* Gaps of one bin that are tried before the next bin, where all fit. */
#define TRIES 8

/* --- records --- */

static void *
alloc_tagged(fa_handle_space *space, size_t size, size_t align)
{
    fa_ctx *ctx = fai_ctx_self(space->allocator);
    fa_tag_push(ctx, space->tag);
    void *block = fa_heap_alloc(ctx, size, align);
    fa_tag_pop(ctx);
    return block;
}

static void
free_block(fa_handle_space *space, void *block)
{
    fa_heap_free(fai_ctx_self(space->allocator), block);
}

static size_t
chunk_records(uint32_t k)
{
    return (size_t)FAI_HANDLE_FIRST << k;
}

/* Records are written when they are taken, so a chunk may be large. */
bool
fai_handle_add_records(fa_handle_space *space)
{
    fai_lock(&space->lock);
    uint32_t k = space->chunk_count;
    fai_unlock(&space->lock);
    if (k == FAI_HANDLE_CHUNKS) {
        fai_fail(fai_ctx_self(space->allocator), FA_ERR_NOMEM);
        return false;
    }
    struct fai_piece *chunk =
        alloc_tagged(space, chunk_records(k) * sizeof(struct fai_piece), 64);
    if (chunk == NULL)
        return false;
    fai_lock(&space->lock);
    bool is_first = space->chunk_count == k; /* Of threads that add one. */
    if (is_first) {
        space->chunk[k] = chunk;
        space->chunk_count = k + 1;
        space->room += (uint32_t)chunk_records(k);
    }
    fai_unlock(&space->lock);
    if (!is_first)
        free_block(space, chunk);
    return true;
}

static uint32_t
take_fresh(fa_handle_space *space)
{
    uint32_t index = space->used;
    struct fai_piece *piece = fai_piece(space, index);
    memset(piece, 0, sizeof(*piece));
    piece->word = (uint64_t)space->first_generation << 32;
    /* Pairs with the acquire in the look-up of handles: whoever sees the
     * index sees the chunk and the word. */
    fai_store_release(&space->used, index + 1);
    return index;
}

static uint32_t
take_from(fa_handle_space *space, uint32_t *list)
{
    uint32_t index = *list;
    *list = fai_piece(space, index)->bin_next;
    return index;
}

uint32_t
fai_handle_take_record(fa_handle_space *space)
{
    if (space->spares == 0)
        return take_fresh(space);
    space->spare_count--;
    return take_from(space, &space->spares);
}

/* Retired records never name an object again (I4), but may describe gaps. */
static uint32_t
take_gap_record(fa_handle_space *space)
{
    if (space->retired != 0)
        return take_from(space, &space->retired);
    return fai_handle_take_record(space);
}

static void
drop_record(fa_handle_space *space, uint32_t index)
{
    struct fai_piece *piece = fai_piece(space, index);
    bool is_retired = fai_load(&piece->word) >> 32 == 0;
    uint32_t *list = is_retired ? &space->retired : &space->spares;
    piece->kind = FAI_PIECE_SPARE;
    piece->bin_next = *list;
    *list = index;
    space->spare_count += !is_retired;
}

/* --- bins --- */

static unsigned
bin_of(size_t size)
{
    return fai_log2(size);
}

static void
push_bin(fa_handle_space *space, uint32_t gap, unsigned bin)
{
    struct fai_piece *piece = fai_piece(space, gap);
    uint32_t head = space->bin[bin];
    piece->bin = (uint8_t)bin;
    piece->bin_prev = 0;
    piece->bin_next = head;
    if (head != 0)
        fai_piece(space, head)->bin_prev = gap;
    space->bin[bin] = gap;
    if (bin < FAI_HANDLE_BINS)
        space->nonempty |= (uint64_t)1 << bin;
}

void
fai_handle_unbin(fa_handle_space *space, uint32_t gap)
{
    struct fai_piece *piece = fai_piece(space, gap);
    if (piece->bin_next != 0)
        fai_piece(space, piece->bin_next)->bin_prev = piece->bin_prev;
    if (piece->bin_prev != 0)
        fai_piece(space, piece->bin_prev)->bin_next = piece->bin_next;
    else
        space->bin[piece->bin] = piece->bin_next;
    if (piece->bin < FAI_HANDLE_BINS && space->bin[piece->bin] == 0)
        space->nonempty &= ~((uint64_t)1 << piece->bin);
}

bool
fai_handle_fits(const struct fai_piece *gap, size_t size, size_t align)
{
    size_t lead = (0 - (uintptr_t)gap->address) & (align - 1);
    return lead <= gap->size && size <= gap->size - lead;
}

uint32_t
fai_handle_find_gap(const fa_handle_space *space, size_t size, size_t align)
{
    unsigned last = bin_of(size + (align > 16 ? align - 16 : 0));
    for (unsigned bin = bin_of(size); bin <= last; bin++) {
        uint32_t gap = space->bin[bin];
        for (int i = 0; i < TRIES && gap != 0; i++) {
            if (fai_handle_fits(fai_piece(space, gap), size, align))
                return gap;
            gap = fai_piece(space, gap)->bin_next;
        }
    }
    /* In the bins above, every gap is large enough. */
    uint64_t above = space->nonempty >> last >> 1;
    return above == 0 ? 0 : space->bin[last + 1 + fai_lowest_bit(above)];
}

/* --- links --- */

static void
link_after(fa_handle_space *space, uint32_t prev, uint32_t index)
{
    struct fai_piece *before = fai_piece(space, prev);
    struct fai_piece *piece = fai_piece(space, index);
    piece->region = before->region;
    piece->prev = prev;
    piece->next = before->next;
    if (before->next != 0)
        fai_piece(space, before->next)->prev = index;
    else
        before->region->last = index;
    before->next = index;
}

/* The second takes the place of the first, and the compaction's. */
static void
link_instead(fa_handle_space *space, uint32_t old, uint32_t index)
{
    struct fai_piece *gone = fai_piece(space, old);
    struct fai_piece *piece = fai_piece(space, index);
    piece->region = gone->region;
    piece->prev = gone->prev;
    piece->next = gone->next;
    *(gone->prev != 0 ? &fai_piece(space, gone->prev)->next
                      : &gone->region->first) = index;
    *(gone->next != 0 ? &fai_piece(space, gone->next)->prev
                      : &gone->region->last) = index;
    if (space->cursor == old)
        space->cursor = index;
}

/* The gap takes over its next piece, which is one too. */
static void
absorb_next(fa_handle_space *space, uint32_t gap)
{
    struct fai_piece *piece = fai_piece(space, gap);
    uint32_t index = piece->next;
    struct fai_piece *next = fai_piece(space, index);
    piece->size += next->size;
    piece->next = next->next;
    if (next->next != 0)
        fai_piece(space, next->next)->prev = gap;
    else
        piece->region->last = gap;
    if (space->cursor == index)
        space->cursor = gap;
    drop_record(space, index);
}

/* Merges a gap that is in no bin with its neighbours. One that waits for
 * callbacks makes the whole wait. */
static uint32_t
merge(fa_handle_space *space, uint32_t gap)
{
    struct fai_piece *piece = fai_piece(space, gap);
    uint8_t bin = 0;
    if (fai_piece_is(space, piece->next, FAI_PIECE_GAP)) {
        bin = fai_piece(space, piece->next)->bin;
        fai_handle_unbin(space, piece->next);
        absorb_next(space, gap);
    }
    if (fai_piece_is(space, piece->prev, FAI_PIECE_GAP)) {
        gap = piece->prev;
        piece = fai_piece(space, gap);
        bin = FAI_MAX(bin, piece->bin);
        fai_handle_unbin(space, gap);
        absorb_next(space, gap);
    }
    piece->bin = bin;
    return gap;
}

/* --- regions --- */

static void
link_region(fa_handle_space *space, struct fai_handle_region *region)
{
    region->prev = space->newest;
    if (space->newest != NULL)
        space->newest->next = region;
    else
        space->oldest = region;
    space->newest = region;
    space->region_count++;
    space->region_bytes += region->size;
}

/* Its only piece is a gap, in no bin. */
static void
retire_region(fa_handle_space *space, struct fai_handle_region *region)
{
    struct fai_handle_region *prev = region->prev;
    *(prev != NULL ? &prev->next : &space->oldest) = region->next;
    *(region->next != NULL ? &region->next->prev : &space->newest) = prev;
    if (space->cursor == region->first)
        space->cursor = prev != NULL ? prev->last : 0;
    drop_record(space, region->first);
    space->region_count--;
    space->region_bytes -= region->size;
    region->next = space->dying;
    space->dying = region;
}

static void
give_regions(fa_handle_space *space, struct fai_handle_region *region)
{
    while (region != NULL) {
        struct fai_handle_region *next = region->next;
        if (space->is_guarded)
            fai_checkers_allow(region->base, region->size);
        free_block(space, region->base);
        free_block(space, region);
        region = next;
    }
}

void
fai_handle_unlock(fa_handle_space *space)
{
    struct fai_handle_region *dying = space->dying;
    space->dying = NULL;
    fai_unlock(&space->lock);
    give_regions(space, dying);
}

static struct fai_handle_region *
make_region(fa_handle_space *space, size_t size, size_t align)
{
    size_t bytes =
        fai_round_up(size + (align > FAI_PAGE ? align : 0), FAI_PAGE);
    bytes = FAI_MAX(bytes, space->region_size);
    struct fai_handle_region *region = alloc_tagged(space, sizeof(*region), 16);
    if (region == NULL)
        return NULL;
    char *base = alloc_tagged(space, bytes, FAI_PAGE);
    if (base == NULL) {
        free_block(space, region);
        return NULL;
    }
    *region = (struct fai_handle_region){.base = base, .size = bytes};
    return region;
}

static void
enter_region(fa_handle_space *space, struct fai_handle_region *region)
{
    uint32_t gap = take_gap_record(space);
    struct fai_piece *piece = fai_piece(space, gap);
    piece->kind = FAI_PIECE_GAP;
    piece->region = region;
    fai_store(&piece->address, region->base);
    piece->size = region->size;
    piece->prev = piece->next = 0;
    region->first = region->last = gap;
    link_region(space, region);
    push_bin(space, gap, bin_of(region->size));
    if (space->is_guarded)
        fai_checkers_forbid(region->base, region->size);
}

bool
fai_handle_add_region(fa_handle_space *space, size_t size, size_t align)
{
    struct fai_handle_region *region = make_region(space, size, align);
    if (region == NULL)
        return false;
    fai_lock(&space->lock);
    /* Another thread may have added one, or used the records up; then the
     * caller looks again. */
    bool is_wanted = fai_handle_find_gap(space, size, align) == 0 &&
                     fai_handle_spares(space) > 0;
    if (is_wanted)
        enter_region(space, region);
    fai_unlock(&space->lock);
    if (!is_wanted) {
        free_block(space, region->base);
        free_block(space, region);
    }
    return true;
}

void
fai_handle_give_all(fa_handle_space *space)
{
    give_regions(space, space->oldest);
    for (uint32_t k = 0; k < space->chunk_count; k++)
        free_block(space, space->chunk[k]);
    free_block(space, space);
}

/* --- pieces --- */

void
fai_handle_settle(fa_handle_space *space, uint32_t gap)
{
    struct fai_piece *piece = fai_piece(space, gap);
    if (space->is_guarded)
        fai_checkers_forbid(piece->address, piece->size);
    if (space->is_holding || piece->bin == FAI_HANDLE_HELD)
        push_bin(space, gap, FAI_HANDLE_HELD);
    else if (piece->prev == 0 && piece->next == 0)
        retire_region(space, piece->region);
    else
        push_bin(space, gap, bin_of(piece->size));
}

void
fai_handle_settle_held(fa_handle_space *space)
{
    while (space->bin[FAI_HANDLE_HELD] != 0) {
        uint32_t gap = space->bin[FAI_HANDLE_HELD];
        fai_handle_unbin(space, gap);
        fai_piece(space, gap)->bin = 0;
        fai_handle_settle(space, gap);
    }
}

static void
place_rest(fa_handle_space *space, uint32_t object, char *end, size_t size,
           uint8_t bin)
{
    uint32_t rest = take_gap_record(space);
    struct fai_piece *piece = fai_piece(space, rest);
    piece->kind = FAI_PIECE_GAP;
    piece->bin = bin;
    fai_store(&piece->address, end);
    piece->size = size;
    link_after(space, object, rest);
    fai_handle_settle(space, rest);
}

void
fai_handle_place(fa_handle_space *space, uint32_t gap, uint32_t object,
                 char *address)
{
    struct fai_piece *hole = fai_piece(space, gap);
    struct fai_piece *piece = fai_piece(space, object);
    char *end = address + piece->size;
    size_t lead = (size_t)(address - hole->address);
    size_t rest = hole->size - lead - piece->size;
    uint8_t bin = hole->bin;
    /* Pairs with the acquire in fa_handle_resolve(). */
    fai_store_release(&piece->address, address);
    if (lead == 0) {
        link_instead(space, gap, object);
        drop_record(space, gap);
    } else {
        link_after(space, gap, object);
        hole->size = lead;
    }
    if (rest != 0)
        place_rest(space, object, end, rest, bin);
    if (lead != 0)
        fai_handle_settle(space, gap);
}

void
fai_handle_bury(fa_handle_space *space, uint32_t object)
{
    struct fai_piece *piece = fai_piece(space, object);
    piece->kind = FAI_PIECE_GAP;
    fai_handle_settle(space, merge(space, object));
}

uint32_t
fai_handle_lift(fa_handle_space *space, uint32_t object)
{
    uint32_t gap = take_gap_record(space);
    struct fai_piece *piece = fai_piece(space, gap);
    struct fai_piece *lifted = fai_piece(space, object);
    piece->kind = FAI_PIECE_GAP;
    fai_store(&piece->address, lifted->address);
    piece->size = lifted->size;
    link_instead(space, object, gap);
    return merge(space, gap);
}
