/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What must hold in a handle space whenever its lock is free.
 */
#include "lifetime/handle.h"

/* Sums over the pieces, to be compared with the space's own. */
struct sums {
    uint64_t live_count;
    uint64_t live_bytes;
    uint64_t region_bytes;
    uint32_t gaps;
    uint32_t objects;
};

static const char *
check_object(const struct fai_piece *piece, struct sums *sums)
{
    uint64_t word = fai_load(&piece->word);
    if ((word & FAI_PIECE_LIVE) == 0 || word >> 32 == 0)
        return "an object is not live";
    if (((uintptr_t)piece->address & (((size_t)1 << piece->align_shift) - 1)) !=
        0)
        return "an object is not aligned";
    sums->objects++;
    sums->live_count++;
    sums->live_bytes += piece->size;
    return NULL;
}

static const char *
check_gap(const fa_handle_space *space, const struct fai_piece *piece,
          struct sums *sums)
{
    if ((fai_load(&piece->word) & FAI_PIECE_LIVE) != 0)
        return "a gap is a live object (I4)";
    if (fai_piece_is(space, piece->next, FAI_PIECE_GAP))
        return "two gaps are neighbours";
    if (piece->bin != FAI_HANDLE_HELD && piece->bin != fai_log2(piece->size))
        return "a gap is in a wrong bin";
    sums->gaps++;
    return NULL;
}

static const char *
check_region(const fa_handle_space *space,
             const struct fai_handle_region *region, struct sums *sums)
{
    const char *at = region->base;
    uint32_t prev = 0;
    for (uint32_t i = region->first; i != 0;) {
        const struct fai_piece *piece = fai_piece(space, i);
        if (piece->prev != prev || piece->region != region)
            return "a piece is linked wrongly";
        if (piece->address != at || piece->size == 0 || piece->size % 16 != 0)
            return "pieces leave a hole or overlap";
        const char *wrong = piece->kind == FAI_PIECE_OBJECT
                                ? check_object(piece, sums)
                                : check_gap(space, piece, sums);
        if (wrong != NULL)
            return wrong;
        at += piece->size;
        prev = i;
        i = piece->next;
    }
    sums->region_bytes += region->size;
    if (prev != region->last || at != region->base + region->size)
        return "pieces do not cover their region";
    return NULL;
}

static uint32_t
count_list(const fa_handle_space *space, uint32_t index)
{
    uint32_t count = 0;
    for (; index != 0; index = fai_piece(space, index)->bin_next)
        count++;
    return count;
}

static const char *
check_lists(const fa_handle_space *space, const struct sums *sums)
{
    uint32_t gaps = 0;
    for (unsigned bin = 0; bin <= FAI_HANDLE_BINS; bin++) {
        gaps += count_list(space, space->bin[bin]);
        if (bin < FAI_HANDLE_BINS &&
            (space->nonempty >> bin & 1) != (space->bin[bin] != 0))
            return "the map of bins is wrong";
    }
    if (gaps != sums->gaps)
        return "a gap is in no bin, or in two";
    uint32_t spares = count_list(space, space->spares);
    if (spares != space->spare_count)
        return "spares are counted wrongly";
    if (spares + count_list(space, space->retired) + gaps + sums->objects !=
        space->used - 1)
        return "a record is lost";
    return NULL;
}

static const char *
check_space(const fa_handle_space *space)
{
    struct sums sums = {0};
    const struct fai_handle_region *region = space->oldest;
    for (; region != NULL; region = region->next) {
        const char *wrong = check_region(space, region, &sums);
        if (wrong != NULL)
            return wrong;
    }
    if (sums.live_count != space->live_count ||
        sums.live_bytes != space->live_bytes ||
        sums.region_bytes != space->region_bytes)
        return "figures are wrong";
    return check_lists(space, &sums);
}

const char *
fai_handle_check(fa_handle_space *space)
{
    fai_lock(&space->lock);
    const char *wrong = check_space(space);
    fai_unlock(&space->lock);
    return wrong;
}
