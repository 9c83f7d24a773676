/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Levels and rooms: what is loaded for a level dies with the level, what is
 * loaded for a room with the room, all at once and in any number. Groups nest:
 * the end of the level ends its rooms, and a file that is open is closed.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>

struct item {
    struct item *next;
    unsigned value;
};

static unsigned closed;

static void
close_file(void *file)
{
    (void)file;
    closed++;
}

/* A list of items of any number; nobody frees them one by one. */
static struct item *
load_items(fa_group group, unsigned count)
{
    struct item *list = NULL;
    for (unsigned i = 0; i < count; i++) {
        struct item *item = fa_frame_new(fa_group_frame(group), struct item);
        if (item == NULL)
            return NULL;
        item->value = i;
        item->next = list;
        list = item;
    }
    return list;
}

static unsigned
sum_of(const struct item *list)
{
    unsigned sum = 0;
    for (; list != NULL; list = list->next)
        sum += list->value;
    return sum;
}

static bool
play_level(fa_ctx *ctx, unsigned number)
{
    fa_group level;
    if (fa_group_create(ctx, NULL, &level) != FA_OK)
        return false;
    const struct item *map = load_items(level, 1000);
    bool is_good = true;
    for (unsigned i = 0; i < 3; i++) {
        fa_group_config config = FA_GROUP_CONFIG_INIT;
        fa_group room;
        config.parent = level;
        if (fa_group_create(ctx, &config, &room) != FA_OK)
            return false;
        is_good &=
            fa_frame_defer(fa_group_frame(room), close_file, NULL) == FA_OK;
        is_good &= sum_of(load_items(room, 100 + number)) > 0;
    }
    is_good &= sum_of(map) == 499500;
    return fa_group_destroy(level) == FA_OK && is_good; /* Rooms as well. */
}

int
main(void)
{
    fa_allocator *allocator;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return EXIT_FAILURE;
    fa_ctx *ctx = fa_ctx_current(allocator);
    bool is_good = true;
    for (unsigned i = 0; i < 10; i++)
        is_good &= play_level(ctx, i);
    fa_stats stats = FA_STATS_INIT;
    fa_stats_read(allocator, &stats);
    printf("10 levels, %u files closed, %u groups left\n", closed,
           stats.groups);
    is_good &= closed == 30 && stats.groups == 0;
    fa_allocator_destroy(allocator);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
