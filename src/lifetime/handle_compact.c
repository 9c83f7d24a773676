/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Compaction of handle spaces.
 *
 * A pass walks over the regions, oldest first, and over their pieces by rising
 * address. An object behind a gap slides down into it, so that one gap
 * travels to the end of the region. Into that one go the last objects of the
 * newest regions, until these are empty and given back. A pass may be cut
 * anywhere: the cursor is a piece, and whoever takes a piece away moves it.
 *
 * The work is done in steps, each under the lock. The program is told of the
 * moves of a step when the lock is free again. Until then the gaps that the
 * moves have left are held back: no new object has an old address while a
 * pointer to it may wait to be mended.
 *
 * To tell the program before a move, or to keep other threads from an object
 * until its callback is over, was rejected: a callback that takes a lock of
 * the program's would wait for a thread that holds it and waits for the
 * object.
 */
#include "lifetime/handle.h"

#include "os/checkers.h"
#include "os/clock.h"

#include <string.h>

#define STEP_MOVES 32
#define STEP_BYTES ((size_t)64 << 10)
#define STEP_LOOKS 256
/* A budget of so many bytes pays for one look at a piece. */
#define LOOK_BYTES ((size_t)64)
/* Pieces at the end of the newest regions that are looked at for one gap. */
#define BACK_LOOKS 16

struct compaction {
    size_t max;  /* Objects above stay. */
    size_t left; /* Bytes of the budget. */
    size_t looks_left;
    size_t moved;
    uint64_t deadline_ns;
    bool is_over;
    /* Of this step. */
    unsigned count;
    unsigned looks;
    size_t bytes;
    fa_handle_move moves[STEP_MOVES];
};

/* --- moves --- */

static bool
may_move(const struct compaction *c, const struct fai_piece *piece)
{
    return piece->kind == FAI_PIECE_OBJECT && !piece->is_fixed &&
           piece->size <= c->max &&
           (fai_load(&piece->word) & FAI_PIECE_PINS) == 0;
}

/* From here on nobody pins it. False when somebody has. */
static bool
claim(struct fai_piece *piece)
{
    /* Only compared; the swap below orders. */
    uint64_t word = fai_load(&piece->word);
    do
        if ((word & FAI_PIECE_PINS) != 0)
            return false;
    /* Pairs with the releases of unpins: the copy has what they wrote. */
    while (!fai_cas_acquire(&piece->word, &word, word | FAI_PIECE_MOVING));
    return true;
}

static void
copy_object(const fa_handle_space *space, struct fai_piece *piece, char *to)
{
    if (space->is_guarded)
        fai_checkers_allow(to, piece->size - piece->slack);
    memmove(to, piece->address, piece->size - piece->slack);
}

static void
note_move(fa_handle_space *space, struct compaction *c, uint32_t object,
          const char *from)
{
    struct fai_piece *piece = fai_piece(space, object);
    uint64_t word = fai_load(&piece->word) & ~FAI_PIECE_MOVING;
    c->moves[c->count++] =
        (fa_handle_move){sizeof(fa_handle_move), (word >> 32) << 32 | object,
                         from, piece->address, piece->size - piece->slack};
    c->left -= piece->size;
    c->bytes += piece->size;
    space->move_count++;
    space->moved_bytes += piece->size;
    /* Pairs with the acquires of whoever uses the handle: they see the new
     * address and the bytes there. */
    fai_store_release(&piece->word, word);
}

/* The object behind a gap moves into it. */
static void
slide(fa_handle_space *space, struct compaction *c, uint32_t object, char *to)
{
    struct fai_piece *piece = fai_piece(space, object);
    char *from = piece->address;
    copy_object(space, piece, to);
    fai_handle_place(space, fai_handle_lift(space, object), object, to);
    note_move(space, c, object, from);
}

/* An object of another region moves into a gap. */
static void
carry(fa_handle_space *space, struct compaction *c, uint32_t object,
      uint32_t gap)
{
    struct fai_piece *piece = fai_piece(space, object);
    char *from = piece->address;
    char *to = fai_align_pointer(fai_piece(space, gap)->address,
                                 (size_t)1 << piece->align_shift);
    copy_object(space, piece, to);
    fai_handle_settle(space, fai_handle_lift(space, object));
    fai_handle_unbin(space, gap);
    fai_handle_place(space, gap, object, to);
    note_move(space, c, object, from);
}

/* --- a pass --- */

static uint32_t
next_piece(const fa_handle_space *space, uint32_t index)
{
    if (index == 0)
        return space->oldest == NULL ? 0 : space->oldest->first;
    const struct fai_piece *piece = fai_piece(space, index);
    if (piece->next != 0)
        return piece->next;
    return piece->region->next == NULL ? 0 : piece->region->next->first;
}

/* The piece before, in the regions behind this one. */
static uint32_t
piece_before(const fa_handle_space *space, uint32_t index,
             const struct fai_handle_region *stop)
{
    const struct fai_piece *piece = fai_piece(space, index);
    if (piece->prev != 0)
        return piece->prev;
    return piece->region->prev == stop ? 0 : piece->region->prev->last;
}

/* A movable object at the end of the newest regions that fits, or 0. */
static uint32_t
find_last(const fa_handle_space *space, const struct compaction *c,
          const struct fai_piece *gap)
{
    if (space->newest == gap->region)
        return 0;
    uint32_t index = space->newest->last;
    for (int i = 0; i < BACK_LOOKS && index != 0; i++) {
        const struct fai_piece *piece = fai_piece(space, index);
        if (may_move(c, piece) &&
            fai_handle_fits(gap, piece->size, (size_t)1 << piece->align_shift))
            return index;
        index = piece_before(space, index, gap->region);
    }
    return 0;
}

/* A gap at the end of its region. False when the budget is too small. */
static bool
fill_tail(fa_handle_space *space, struct compaction *c, uint32_t gap)
{
    uint32_t object = find_last(space, c, fai_piece(space, gap));
    if (object == 0) {
        space->cursor = gap;
        return true;
    }
    struct fai_piece *piece = fai_piece(space, object);
    if (piece->size > c->left)
        return false;
    if (!claim(piece))
        return true; /* Looked at again, and then it is pinned. */
    carry(space, c, object, gap);
    space->cursor = object;
    return true;
}

static bool
fill_gap(fa_handle_space *space, struct compaction *c, uint32_t gap,
         uint32_t object)
{
    struct fai_piece *piece = fai_piece(space, object);
    char *to = fai_align_pointer(fai_piece(space, gap)->address,
                                 (size_t)1 << piece->align_shift);
    if (to < piece->address && may_move(c, piece)) {
        if (piece->size > c->left)
            return false;
        if (claim(piece))
            slide(space, c, object, to);
    }
    space->cursor = object;
    return true;
}

/* One piece. False when the step cannot go on. */
static bool
visit_next(fa_handle_space *space, struct compaction *c)
{
    uint32_t index = next_piece(space, space->cursor);
    c->looks++;
    if (index == 0) {
        space->cursor = 0;
        c->is_over = true;
        return false;
    }
    if (c->looks_left == 0) {
        c->is_over = true;
        return false;
    }
    c->looks_left--;
    struct fai_piece *piece = fai_piece(space, index);
    bool goes_on = true;
    if (piece->kind == FAI_PIECE_OBJECT)
        space->cursor = index;
    else if (piece->next != 0)
        goes_on = fill_gap(space, c, index, piece->next);
    else
        goes_on = fill_tail(space, c, index);
    c->is_over |= !goes_on;
    return goes_on;
}

/* False when records for gaps are missing. */
static bool
move_some(fa_handle_space *space, struct compaction *c)
{
    c->count = c->looks = 0;
    c->bytes = 0;
    space->is_holding = space->moved != NULL;
    bool has_records = true;
    while (c->count < STEP_MOVES && c->bytes < STEP_BYTES &&
           c->looks < STEP_LOOKS) {
        /* One for the gap that an object leaves, one for the gap behind it. */
        has_records = fai_handle_spares(space) >= 2;
        if (!has_records || !visit_next(space, c))
            break;
    }
    space->is_holding = false;
    return has_records;
}

static void
tell_moves(fa_handle_space *space, const struct compaction *c)
{
    if (space->moved == NULL || c->count == 0)
        return;
    for (unsigned i = 0; i < c->count; i++)
        space->moved(space->user, &c->moves[i]);
    fai_lock(&space->lock);
    fai_handle_settle_held(space);
    fai_handle_unlock(space);
}

static void
run_step(fa_handle_space *space, struct compaction *c)
{
    fai_lock(&space->lock);
    bool has_records = move_some(space, c);
    fai_handle_unlock(space);
    c->moved += c->bytes;
    tell_moves(space, c);
    if (!has_records && !fai_handle_add_records(space))
        c->is_over = true;
    if (c->deadline_ns != 0 && fai_clock_ns() >= c->deadline_ns)
        c->is_over = true;
}

/* False when another thread, or a caller of ours, compacts. */
static bool
begin_compaction(fa_handle_space *space)
{
    fai_lock(&space->lock);
    bool is_free = !space->is_compacting;
    space->is_compacting = true;
    fai_unlock(&space->lock);
    return is_free;
}

size_t
fa_handle_space_compact(fa_handle_space *space, size_t max_bytes,
                        uint32_t max_us)
{
    struct compaction c = {.max = max_bytes == 0 ? SIZE_MAX : max_bytes};
    if (space == NULL || !begin_compaction(space))
        return 0;
    c.left = c.max;
    c.looks_left = c.max / LOOK_BYTES + 1;
    if (max_us != 0)
        c.deadline_ns = fai_clock_ns() + (uint64_t)max_us * 1000;
    while (!c.is_over)
        run_step(space, &c);
    fai_lock(&space->lock);
    space->is_compacting = false;
    fai_unlock(&space->lock);
    return c.moved;
}
