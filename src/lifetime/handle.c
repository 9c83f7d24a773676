/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Handles: look-up, pins, and the life of objects.
 *
 * The word of a record holds its generation, whether it names a live object,
 * whether this is being moved, and its pins; so to check a handle and to pin
 * its object is one compare-and-swap. Whoever finds an object being moved
 * waits for the lock, which a move holds for one copy. A free ends the
 * generation before the record may be used again (I4).
 *
 * There is one lock per space and no second one, and it is never held while
 * the heap or the program is called.
 */
#include "lifetime/handle.h"

#include "context/ctx.h"
#include "os/checkers.h"

#include <string.h>

/* --- look-up --- */

static uint64_t
generation_of(fa_handle handle)
{
    return handle >> 32;
}

static uint32_t
index_of(fa_handle handle)
{
    return (uint32_t)handle;
}

/* The record that a handle may be of. */
static struct fai_piece *
find_record(const fa_handle_space *space, fa_handle handle)
{
    uint32_t index = index_of(handle);
    /* Pairs with the release in take_fresh(). */
    if (index == 0 || index >= fai_load_acquire(&space->used))
        return NULL;
    return fai_piece(space, index);
}

static bool
is_of(uint64_t word, fa_handle handle)
{
    return word >> 32 == generation_of(handle) && (word & FAI_PIECE_LIVE) != 0;
}

/* Nothing has changed but pins, and it is not being moved. */
static bool
is_settled(uint64_t word, uint64_t again)
{
    return (word & FAI_PIECE_MOVING) == 0 && (word ^ again) >> 30 == 0;
}

static FAI_COLD fa_status
refuse_stale(fa_handle_space *space, fa_handle handle, const char *function)
{
    fai_fail(fai_ctx_self(space->allocator), FA_ERR_STALE);
    fai_report(&space->allocator->reporter, 401, NULL,
               "%s(), record %u, generation %u in \"%s\"", function,
               (unsigned)index_of(handle), (unsigned)generation_of(handle),
               space->name);
    return FA_ERR_STALE;
}

static FAI_COLD fa_status
refuse_pins(fa_handle_space *space, fa_handle handle, const char *what)
{
    fai_fail(fai_ctx_self(space->allocator), FA_ERR_STATE);
    fai_report(&space->allocator->reporter, 404, NULL,
               "%s, record %u in \"%s\"", what, (unsigned)index_of(handle),
               space->name);
    return FA_ERR_STATE;
}

/* A move is under way, under the lock. */
static FAI_NOINLINE void
wait_for_move(fa_handle_space *space)
{
    fai_lock(&space->lock);
    fai_unlock(&space->lock);
}

void *
fa_handle_resolve(fa_handle_space *space, fa_handle handle)
{
    if (space == NULL || handle == FA_HANDLE_NONE)
        return NULL;
    struct fai_piece *piece = find_record(space, handle);
    while (piece != NULL) {
        /* Pairs with the releases that begin an object and end a move: the
         * address is that of this object. */
        uint64_t word = fai_load_acquire(&piece->word);
        if (!is_of(word, handle))
            break;
        /* Pairs with the release in fai_handle_place(): who sees the new
         * address of a move sees that the word says so. */
        char *address = fai_load_acquire(&piece->address);
        if (FAI_LIKELY(is_settled(word, fai_load(&piece->word))))
            return address;
        wait_for_move(space);
    }
    refuse_stale(space, handle, "fa_handle_resolve");
    return NULL;
}

bool
fa_handle_is_live(const fa_handle_space *space, fa_handle handle)
{
    if (space == NULL || handle == FA_HANDLE_NONE)
        return false;
    const struct fai_piece *piece = find_record(space, handle);
    /* As in fa_handle_resolve(). */
    return piece != NULL && is_of(fai_load_acquire(&piece->word), handle);
}

size_t
fa_handle_size(fa_handle_space *space, fa_handle handle)
{
    size_t size = 0;
    if (space == NULL || handle == FA_HANDLE_NONE)
        return 0;
    struct fai_piece *piece = find_record(space, handle);
    if (piece != NULL) {
        fai_lock(&space->lock);
        /* Under the lock no object begins or ends. */
        if (is_of(fai_load(&piece->word), handle))
            size = piece->size - piece->slack;
        fai_unlock(&space->lock);
    }
    if (size == 0)
        refuse_stale(space, handle, "fa_handle_size");
    return size;
}

/* --- pins --- */

void *
fa_handle_pin(fa_handle_space *space, fa_handle handle)
{
    if (space == NULL || handle == FA_HANDLE_NONE)
        return NULL;
    struct fai_piece *piece = find_record(space, handle);
    /* Only compared; the swap below orders. */
    uint64_t word = piece == NULL ? 0 : fai_load(&piece->word);
    while (is_of(word, handle)) {
        if (FAI_UNLIKELY((word & FAI_PIECE_PINS) == FAI_PIECE_PINS)) {
            refuse_pins(space, handle, "more pins than can be counted");
            return NULL;
        }
        if (FAI_UNLIKELY((word & FAI_PIECE_MOVING) != 0)) {
            wait_for_move(space);
            word = fai_load(&piece->word);
            continue;
        }
        /* Pairs with the releases that begin an object and end a move; pins
         * between are read-modify-writes and pass it on. */
        if (FAI_LIKELY(fai_cas_acquire(&piece->word, &word, word + 1)))
            return fai_load(&piece->address);
    }
    refuse_stale(space, handle, "fa_handle_pin");
    return NULL;
}

fa_status
fa_handle_unpin(fa_handle_space *space, fa_handle handle)
{
    if (space == NULL)
        return FA_ERR_USAGE;
    if (handle == FA_HANDLE_NONE)
        return FA_OK;
    struct fai_piece *piece = find_record(space, handle);
    uint64_t word = piece == NULL ? 0 : fai_load(&piece->word);
    while (is_of(word, handle)) {
        if ((word & FAI_PIECE_PINS) == 0)
            return refuse_pins(space, handle, "an unpin without a pin");
        /* Pairs with the acquire of a move or a free: what was written while
         * it was pinned comes before. */
        if (fai_cas_release(&piece->word, &word, word - 1))
            return FA_OK;
    }
    return refuse_stale(space, handle, "fa_handle_unpin");
}

/* --- objects --- */

struct request {
    size_t size; /* Asked for; not 0. */
    size_t rounded;
    size_t align; /* 16 at least. */
    fa_handle_kind kind;
};

/* Under the lock; there are records. */
static fa_handle
begin_object(fa_handle_space *space, const struct request *request,
             uint32_t gap)
{
    uint32_t index = fai_handle_take_record(space);
    struct fai_piece *piece = fai_piece(space, index);
    char *address =
        fai_align_pointer(fai_piece(space, gap)->address, request->align);
    piece->kind = FAI_PIECE_OBJECT;
    piece->size = request->rounded;
    piece->slack = (uint8_t)(request->rounded - request->size);
    piece->align_shift = (uint8_t)fai_log2(request->align);
    piece->is_fixed = request->kind == FA_HANDLE_FIXED;
    fai_handle_unbin(space, gap);
    fai_handle_place(space, gap, index, address);
    if (space->is_guarded)
        fai_checkers_hand_out(address, request->size);
    space->live_count++;
    space->fixed_count += piece->is_fixed;
    space->live_bytes += piece->size;
    uint64_t word = fai_load(&piece->word) | FAI_PIECE_LIVE;
    /* Pairs with the acquires of whoever uses the handle. */
    fai_store_release(&piece->word, word);
    return (word >> 32) << 32 | index;
}

static bool
read_request(fa_handle_space *space, struct request *request)
{
    fa_ctx *ctx = fai_ctx_self(space->allocator);
    request->size = FAI_MAX(request->size, (size_t)1);
    if (!fai_is_alignment(request->align)) {
        fai_fail(ctx, FA_ERR_USAGE);
        fai_report(&space->allocator->reporter, 13, NULL,
                   "%zu in fa_handle_alloc()", request->align);
        return false;
    }
    if ((unsigned)request->kind > FA_HANDLE_FIXED ||
        request->size > SIZE_MAX / 4) {
        fai_fail(ctx,
                 request->size > SIZE_MAX / 4 ? FA_ERR_NOMEM : FA_ERR_USAGE);
        return false;
    }
    request->align = FAI_MAX(request->align, (size_t)16);
    request->rounded = fai_round_up(request->size, 16);
    return true;
}

fa_handle
fa_handle_alloc(fa_handle_space *space, size_t size, size_t align,
                fa_handle_kind kind)
{
    struct request request = {size, 0, align, kind};
    if (space == NULL || !read_request(space, &request))
        return FA_HANDLE_NONE;
    for (;;) {
        fa_handle handle = FA_HANDLE_NONE;
        fai_lock(&space->lock);
        /* One for the object, one for the gap behind it. */
        bool has_records = fai_handle_spares(space) >= 2;
        uint32_t gap =
            !has_records
                ? 0
                : fai_handle_find_gap(space, request.rounded, request.align);
        if (gap != 0)
            handle = begin_object(space, &request, gap);
        fai_unlock(&space->lock);
        if (handle != FA_HANDLE_NONE)
            return handle;
        bool has_grown =
            has_records
                ? fai_handle_add_region(space, request.rounded, request.align)
                : fai_handle_add_records(space);
        if (!has_grown)
            return FA_HANDLE_NONE;
    }
}

/* FA_OK when the object has ended; under the lock. */
static fa_status
end_object(fa_handle_space *space, struct fai_piece *piece, fa_handle handle)
{
    /* Only compared; the swap below orders. */
    uint64_t word = fai_load(&piece->word);
    uint64_t next = generation_of(handle) == space->last_generation
                        ? 0
                        : generation_of(handle) + 1;
    do {
        if (!is_of(word, handle))
            return FA_ERR_STALE;
        if ((word & FAI_PIECE_PINS) != 0)
            return FA_ERR_STATE;
        /* Pairs with the releases of unpins: who gets the memory next comes
         * behind its last use. */
    } while (!fai_cas_acquire(&piece->word, &word, next << 32));
    space->retired_count += next == 0;
    space->live_count--;
    space->fixed_count -= piece->is_fixed;
    space->live_bytes -= piece->size;
    return FA_OK;
}

fa_status
fa_handle_free(fa_handle_space *space, fa_handle handle)
{
    if (space == NULL)
        return FA_ERR_USAGE;
    if (handle == FA_HANDLE_NONE)
        return FA_OK;
    struct fai_piece *piece = find_record(space, handle);
    if (piece == NULL)
        return refuse_stale(space, handle, "fa_handle_free");
    fai_lock(&space->lock);
    fa_status status = end_object(space, piece, handle);
    if (status == FA_OK)
        fai_handle_bury(space, index_of(handle));
    fai_handle_unlock(space);
    if (status == FA_ERR_STALE)
        refuse_stale(space, handle, "fa_handle_free");
    if (status == FA_ERR_STATE)
        refuse_pins(space, handle, "fa_handle_free() of a pinned object");
    return status;
}
