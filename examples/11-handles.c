/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Entities by handle: a number with a generation, so that a stale one is found
 * out, for objects that the space may move together. Addresses are looked up
 * when they are needed and kept no longer than the next compaction.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTITIES 1000u

static fa_handle handles[ENTITIES];

/* Sizes differ, so that freeing leaves gaps. */
static size_t
size_of(unsigned i)
{
    return 64 + i % 13 * 48;
}

static bool
make_all(fa_handle_space *space)
{
    for (unsigned i = 0; i < ENTITIES; i++) {
        handles[i] = fa_handle_alloc(space, size_of(i), 16, FA_HANDLE_MOVABLE);
        unsigned char *entity = fa_handle_resolve(space, handles[i]);
        if (entity == NULL)
            return false;
        memset(entity, (int)(i % 251), size_of(i));
    }
    return true;
}

static bool
check_rest(fa_handle_space *space)
{
    for (unsigned i = 1; i < ENTITIES; i += 2) {
        const unsigned char *entity = fa_handle_resolve(space, handles[i]);
        if (entity == NULL || entity[0] != i % 251 ||
            entity[size_of(i) - 1] != i % 251)
            return false;
    }
    return true;
}

int
main(void)
{
    fa_allocator *allocator;
    fa_handle_space *space;
    if (fa_allocator_create(NULL, &allocator) != FA_OK ||
        fa_handle_space_create(allocator, NULL, &space) != FA_OK)
        return EXIT_FAILURE;
    bool is_good = make_all(space);
    for (unsigned i = 0; i < ENTITIES; i += 2)
        is_good &= fa_handle_free(space, handles[i]) == FA_OK;
    is_good &= !fa_handle_is_live(space, handles[0]);

    /* Between frames, a little at a time. */
    double before = fa_handle_space_fragmentation(space);
    size_t moved = 0;
    for (unsigned frame = 0; frame < 100; frame++)
        moved += fa_handle_space_compact(space, 16 << 10, 200);
    double after = fa_handle_space_fragmentation(space);
    printf("fragmentation %.2f, then %.2f\n", before, after);
    is_good &= moved > 0 && after < before && check_rest(space);

    for (unsigned i = 1; i < ENTITIES; i += 2)
        is_good &= fa_handle_free(space, handles[i]) == FA_OK;
    fa_handle_space_destroy(space);
    fa_allocator_destroy(allocator);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
