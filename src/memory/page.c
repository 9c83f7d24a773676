/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The page space: regions of 64 pages, found by number in a table.
 *
 * Regions are added under the lock and stay until the allocator ends, so that
 * any thread may look an address up without a lock. Records stand outside of
 * the pages: a foreign address is never read. Free pages stay resident until
 * trimmed; the lowest ones are used first.
 */
#include "memory/page.h"

#define TABLE_SLOTS ((size_t)1 << 16)
#define MAX_REGIONS (TABLE_SLOTS / 2)

bool
fai_page_space_create(struct fai_page_space *space, fa_huge huge)
{
    space->huge = huge;
    space->slots =
        fai_pages_map(TABLE_SLOTS * sizeof(space->slots[0]), FAI_PAGE);
    if (space->slots == NULL)
        return false;
    fai_mutex_create(&space->lock);
    return true;
}

static void
unmap_region(struct fai_page_region *region)
{
    fai_pages_unmap(region->base, FAI_REGION_SIZE);
    fai_pages_unmap(region, sizeof(*region));
}

void
fai_page_space_destroy(struct fai_page_space *space)
{
    while (space->oldest != NULL) {
        struct fai_page_region *region = space->oldest;
        space->oldest = region->next;
        unmap_region(region);
    }
    fai_pages_unmap(space->slots, TABLE_SLOTS * sizeof(space->slots[0]));
    fai_mutex_destroy(&space->lock);
}

static size_t
slot_of_number(uintptr_t number)
{
    return (number * 0x9e3779b97f4a7c15u) >> (64 - 16);
}

static struct fai_page_region *
find_region(const struct fai_page_space *space, const void *address)
{
    uintptr_t number = (uintptr_t)address >> FAI_REGION_SHIFT;
    for (size_t i = slot_of_number(number);; i = (i + 1) % TABLE_SLOTS) {
        /* Pairs with the release in publish_region(). */
        struct fai_page_region *region = fai_load_acquire(&space->slots[i]);
        if (region == NULL ||
            (uintptr_t)region->base >> FAI_REGION_SHIFT == number)
            return region;
    }
}

struct fai_page *
fai_page_find(const struct fai_page_space *space, const void *address)
{
    struct fai_page_region *region = find_region(space, address);
    if (region == NULL)
        return NULL;
    size_t i =
        (size_t)((const char *)address - region->base) >> FA_POOL_PAGE_SHIFT;
    struct fai_page *page = &region->page[i];
    /* Pairs with the release in the pool that took the page. A live block
     * keeps its page; for other addresses either answer is right. */
    return fai_load_acquire(&page->pool) == NULL ? NULL : page;
}

static struct fai_page_region *
map_region(void)
{
    struct fai_page_region *region =
        fai_pages_map(sizeof(struct fai_page_region), FAI_PAGE);
    if (region == NULL)
        return NULL;
    region->base = fai_pages_map(FAI_REGION_SIZE, FAI_REGION_SIZE);
    if (region->base == NULL) {
        fai_pages_unmap(region, sizeof(*region));
        return NULL;
    }
    fai_pages_name(region->base, FAI_REGION_SIZE, "framealloc:pools");
    region->free = UINT64_MAX;
    for (size_t i = 0; i < FAI_REGION_PAGES; i++) {
        region->page[i].base = region->base + i * FAI_POOL_PAGE;
        region->page[i].free = region->free_bits[i];
        region->page[i].live = region->live_bits[i];
        region->page[i].marked = region->marked_bits[i];
        region->page[i].young = region->young_bits[i];
    }
    return region;
}

static void
publish_region(struct fai_page_space *space, struct fai_page_region *region)
{
    size_t i = slot_of_number((uintptr_t)region->base >> FAI_REGION_SHIFT);
    while (space->slots[i] != NULL)
        i = (i + 1) % TABLE_SLOTS;
    space->count++;
    if (space->newest != NULL)
        space->newest->next = region;
    else
        space->oldest = region;
    space->newest = region;
    /* Pairs with the acquire in find_region(). */
    fai_store_release(&space->slots[i], region);
}

/* The first region keeps small programs small; later ones are worth a huge
 * page. */
static void
ask_for_huge_pages(const struct fai_page_space *space,
                   struct fai_page_region *region)
{
    if (space->huge == FA_HUGE_ALWAYS ||
        (space->huge == FA_HUGE_DEFAULT && space->count > 0))
        fai_pages_make_huge(region->base, FAI_REGION_SIZE);
}

static struct fai_page_region *
region_with_room(struct fai_page_space *space)
{
    struct fai_page_region *region = space->with_room;
    while (region != NULL && region->free == 0)
        region = region->next;
    if (region == NULL && space->count < MAX_REGIONS &&
        (region = map_region()) != NULL) {
        ask_for_huge_pages(space, region);
        publish_region(space, region);
    }
    space->with_room = region;
    return region;
}

static struct fai_page *
take_lowest(struct fai_page_space *space)
{
    struct fai_page_region *region = region_with_room(space);
    if (region == NULL)
        return NULL;
    unsigned i = fai_lowest_bit(region->free);
    fai_bit_clear(&region->free, i);
    struct fai_page *page = &region->page[i];
    page->is_touched = true;
    return page;
}

struct fai_page *
fai_page_take(struct fai_page_space *space)
{
    fai_lock(&space->lock);
    struct fai_page *page = take_lowest(space);
    fai_unlock(&space->lock);
    return page;
}

void
fai_page_give(struct fai_page_space *space, struct fai_page *page)
{
    /* Nobody holds a block of it, so nobody asks; see fai_page_find(). */
    fai_store(&page->pool, NULL);
    fai_lock(&space->lock);
    struct fai_page_region *region = find_region(space, page->base);
    fai_bit_set(&region->free, (size_t)(page - region->page));
    space->with_room = space->oldest;
    fai_unlock(&space->lock);
}

static size_t
trim_region(struct fai_page_region *region, size_t max)
{
    size_t done = 0;
    for (size_t i = 0; i < FAI_REGION_PAGES && done < max; i++) {
        struct fai_page *page = &region->page[i];
        if (!fai_bit_test(&region->free, i) || !page->is_touched)
            continue;
        fai_pages_purge(page->base, FAI_POOL_PAGE);
        page->is_touched = false;
        done += FAI_POOL_PAGE;
    }
    return done;
}

size_t
fai_page_space_trim(struct fai_page_space *space, size_t max)
{
    size_t done = 0;
    fai_lock(&space->lock);
    for (struct fai_page_region *region = space->oldest;
         region != NULL && done < max; region = region->next)
        done += trim_region(region, max - done);
    fai_unlock(&space->lock);
    return done;
}

void
fai_page_mark_young(struct fai_page *page, const void *block, uint64_t number)
{
    if (page->number != number)
        memset(page->young, 0, FAI_PAGE_WORDS * sizeof(uint64_t));
    page->number = number;
    fai_bit_set(page->young, fai_page_index(page, block));
}

bool
fai_page_was_young(struct fai_page *page, const void *block, uint64_t number)
{
    size_t i = fai_page_index(page, block);
    bool is_young = page->number == number && fai_bit_test(page->young, i);
    fai_bit_clear(page->young, i);
    return is_young;
}
