/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Spans: a good-fit allocator with boundary tags kept outside of the memory.
 *
 * Free spans are binned by size, four bins per doubling. A request takes the
 * first span that fits from its own bin or any span of a higher one (TLSF's
 * good fit: Masmano et al., 2004), splits it and returns the low part, so
 * fresh memory is touched only when nothing else fits. Freed spans are merged
 * with their neighbours and stay resident; trim gives them back. Regions that
 * have grown past 2 MiB ask for huge pages.
 */
#include "memory/span.h"

#include "base/atomic.h"
#include "base/bits.h"
#include "os/pages.h"

#define REGION_SIZE ((size_t)64 << 20)
#define REGION_MIN  ((size_t)2 << 20)
/* From here on a block gets a mapping of its own. */
#define DIRECT_SIZE ((size_t)32 << 20)
/* Spans of the right bin that are looked at before a larger one is split. */
#define FIT_TRIES 8

/* One per granule; only the first and the last of a span are meaningful. */
struct fai_span {
    uint32_t length; /* Granules. */
    uint32_t dirty;  /* Of a free span: granules that may be resident. */
    bool is_free;
    struct fai_region *region;
    struct fai_span *next;
    struct fai_span *prev;
};

struct fai_region {
    struct fai_region *next;
    char *base;
    size_t size;
    size_t record_size;
    bool is_huge;
    struct fai_span span[]; /* One per granule and one beyond the end. */
};

void
fai_spans_create(struct fai_spans *spans, fa_huge huge)
{
    fai_mutex_create(&spans->lock);
    spans->huge = huge;
}

void
fai_spans_destroy(struct fai_spans *spans)
{
    while (spans->regions != NULL) {
        struct fai_region *region = spans->regions;
        spans->regions = region->next;
        fai_pages_unmap(region->base, region->size);
        fai_pages_unmap(region, region->record_size);
    }
    fai_mutex_destroy(&spans->lock);
}

/* The bin of spans with this many granules: exact up to 4, then four bins
 * per doubling, the last one open. */
static unsigned
bin_of_length(size_t length)
{
    if (length < 4)
        return (unsigned)length;
    unsigned log = fai_log2(length);
    unsigned bin = 4 * (log - 1) + (unsigned)((length >> (log - 2)) & 3);
    return FAI_MIN(bin, FAI_SPAN_BINS - 1);
}

static void
link_span(struct fai_spans *spans, struct fai_span *span)
{
    unsigned bin = bin_of_length(span->length);
    span->prev = NULL;
    span->next = spans->bin[bin];
    if (span->next != NULL)
        span->next->prev = span;
    spans->bin[bin] = span;
    spans->nonempty |= (uint64_t)1 << bin;
    fai_publish_add(&spans->idle, span->dirty);
}

static void
unlink_span(struct fai_spans *spans, struct fai_span *span)
{
    unsigned bin = bin_of_length(span->length);
    if (span->next != NULL)
        span->next->prev = span->prev;
    if (span->prev != NULL)
        span->prev->next = span->next;
    else
        spans->bin[bin] = span->next;
    if (spans->bin[bin] == NULL)
        spans->nonempty &= ~((uint64_t)1 << bin);
    fai_publish_sub(&spans->idle, span->dirty);
}

/* Writes both boundary tags. */
static void
set_span(struct fai_span *span, size_t length, bool is_free, size_t dirty)
{
    struct fai_region *region = span->region;
    span->length = (uint32_t)length;
    span->is_free = is_free;
    span->dirty = (uint32_t)dirty;
    struct fai_span *last = span + length - 1;
    last->region = region;
    last->length = (uint32_t)length;
    last->is_free = is_free;
}

static char *
span_address(const struct fai_span *span)
{
    return span->region->base + (size_t)(span - span->region->span) * FAI_PAGE;
}

static struct fai_region *
map_region(size_t size)
{
    size_t granules = size / FAI_PAGE;
    size_t record_size =
        sizeof(struct fai_region) + (granules + 1) * sizeof(struct fai_span);
    struct fai_region *region = fai_pages_map(record_size, FAI_PAGE);
    if (region == NULL)
        return NULL;
    region->base = fai_pages_map(size, FAI_HUGE_PAGE);
    if (region->base == NULL) {
        fai_pages_unmap(region, record_size);
        return NULL;
    }
    region->size = size;
    region->record_size = record_size;
    fai_pages_name(region->base, size, "framealloc:blocks");
    return region;
}

/* Tries smaller regions where address space is short. */
static bool
add_region(struct fai_spans *spans, size_t min)
{
    struct fai_region *region = NULL;
    size_t floor = FAI_MAX(REGION_MIN, fai_round_up(min, REGION_MIN));
    for (size_t size = FAI_MAX(REGION_SIZE, floor);
         region == NULL && size >= floor; size /= 4)
        region = map_region(size);
    if (region == NULL && (region = map_region(floor)) == NULL)
        return false;
    region->next = spans->regions;
    spans->regions = region;
    region->span[0].region = region;
    set_span(region->span, region->size / FAI_PAGE, true, 0);
    link_span(spans, region->span);
    if (spans->huge == FA_HUGE_ALWAYS) {
        fai_pages_make_huge(region->base, region->size);
        region->is_huge = true;
    }
    return true;
}

void
fai_spans_prepare(struct fai_spans *spans)
{
    fai_lock(&spans->lock);
    add_region(spans, REGION_MIN);
    fai_unlock(&spans->lock);
    /* The first cut touches the records. */
    void *block = fai_spans_alloc(spans, FAI_PAGE, FAI_PAGE);
    if (block != NULL)
        fai_spans_free(spans, block, FAI_PAGE, FAI_PAGE);
}

static struct fai_span *
first_fit(struct fai_span *span, size_t length, unsigned tries)
{
    while (span != NULL && tries-- > 0) {
        if (span->length >= length)
            return span;
        span = span->next;
    }
    return NULL;
}

static struct fai_span *
find_span(const struct fai_spans *spans, size_t length)
{
    unsigned bin = bin_of_length(length);
    struct fai_span *span = first_fit(spans->bin[bin], length, FIT_TRIES);
    if (span != NULL || bin == FAI_SPAN_BINS - 1)
        return span;
    uint64_t higher = spans->nonempty & (~(uint64_t)1 << bin);
    return higher == 0 ? NULL
                       : first_fit(spans->bin[fai_lowest_bit(higher)], length,
                                   UINT32_MAX);
}

/* Cuts a free, unlinked span; the part from at on is linked. */
static void
split_span(struct fai_spans *spans, struct fai_span *span, size_t at)
{
    size_t rest = span->length - at;
    if (rest == 0)
        return;
    /* What was touched is taken to be the low part: fresh memory is high. */
    size_t low_dirty = FAI_MIN(at, span->dirty);
    struct fai_span *upper = span + at;
    upper->region = span->region;
    set_span(upper, rest, true, span->dirty - low_dirty);
    link_span(spans, upper);
    set_span(span, at, true, low_dirty);
}

static void
ask_for_huge_pages(struct fai_spans *spans, struct fai_region *region,
                   const struct fai_span *end)
{
    size_t used = (size_t)(end - region->span) * FAI_PAGE;
    if (region->is_huge || spans->huge == FA_HUGE_NEVER ||
        used <= FAI_HUGE_PAGE)
        return;
    fai_pages_make_huge(region->base + FAI_HUGE_PAGE,
                        region->size - FAI_HUGE_PAGE);
    region->is_huge = true;
}

/* Cuts length granules at the alignment out of a span that is large enough;
 * the rest before and behind is linked again. */
static char *
carve_span(struct fai_spans *spans, struct fai_span *span, size_t length,
           size_t align)
{
    unlink_span(spans, span);
    char *start = span_address(span);
    size_t skip = (size_t)(fai_align_pointer(start, align) - start) / FAI_PAGE;
    if (skip != 0) {
        split_span(spans, span, skip);
        link_span(spans, span);
        span += skip;
        unlink_span(spans, span);
    }
    split_span(spans, span, length);
    set_span(span, length, false, 0);
    spans->idle_low = FAI_MIN(spans->idle_low, spans->idle);
    ask_for_huge_pages(spans, span->region, span + length);
    return span_address(span);
}

static void *
alloc_span(struct fai_spans *spans, size_t length, size_t align)
{
    size_t slack = align <= FAI_PAGE ? 0 : align / FAI_PAGE - 1;
    struct fai_span *span = find_span(spans, length + slack);
    if (span == NULL) {
        if (!add_region(spans, (length + slack) * FAI_PAGE))
            return NULL;
        span = find_span(spans, length + slack);
    }
    return carve_span(spans, span, length, align);
}

void *
fai_spans_alloc(void *user, size_t size, size_t align)
{
    struct fai_spans *spans = user;
    if (size >= DIRECT_SIZE) {
        void *pages =
            size > SIZE_MAX / 2 ? NULL : fai_pages_map(size, FAI_HUGE_PAGE);
        if (pages == NULL)
            return NULL;
        fai_pages_name(pages, size, "framealloc:blocks");
        if (spans->huge != FA_HUGE_NEVER)
            fai_pages_make_huge(pages, fai_round_down(size, FAI_HUGE_PAGE));
        return pages;
    }
    size_t length = fai_round_up(size, FAI_PAGE) / FAI_PAGE;
    fai_lock(&spans->lock);
    void *block = alloc_span(spans, length, align);
    fai_unlock(&spans->lock);
    return block;
}

static struct fai_span *
span_of_address(const struct fai_spans *spans, const char *address)
{
    struct fai_region *region = spans->regions;
    while ((size_t)(address - region->base) >= region->size)
        region = region->next;
    return &region->span[(size_t)(address - region->base) / FAI_PAGE];
}

static struct fai_span *
merge_spans(struct fai_spans *spans, struct fai_span *span)
{
    struct fai_region *region = span->region;
    size_t length = span->length;
    size_t dirty = length;
    struct fai_span *above = span + length;
    if (above < &region->span[region->size / FAI_PAGE] && above->is_free) {
        unlink_span(spans, above);
        length += above->length;
        dirty += above->dirty;
    }
    if (span > region->span && span[-1].is_free) {
        span -= span[-1].length;
        unlink_span(spans, span);
        length += span->length;
        dirty += span->dirty;
    }
    set_span(span, length, true, dirty);
    return span;
}

void
fai_spans_free(void *user, void *block, size_t size, size_t align)
{
    struct fai_spans *spans = user;
    (void)align;
    if (size >= DIRECT_SIZE) {
        fai_pages_unmap(block, size);
        return;
    }
    fai_lock(&spans->lock);
    struct fai_span *span = span_of_address(spans, block);
    link_span(spans, merge_spans(spans, span));
    fai_unlock(&spans->lock);
}

/* Bins of more than 16 granules; smaller spans are not worth a call. */
static size_t
trim_bin(struct fai_spans *spans, unsigned bin, size_t max)
{
    size_t done = 0;
    for (struct fai_span *span = spans->bin[bin]; span != NULL && done < max;
         span = span->next) {
        size_t most = FAI_MAX((max - done) / FAI_PAGE, (size_t)1);
        size_t n = FAI_MIN(span->dirty, most);
        if (n == 0)
            continue;
        span->dirty -= (uint32_t)n;
        fai_pages_purge(span_address(span) + span->dirty * FAI_PAGE,
                        n * FAI_PAGE);
        fai_publish_sub(&spans->idle, n);
        done += n * FAI_PAGE;
    }
    return done;
}

static size_t
trim_bins(struct fai_spans *spans, size_t max)
{
    size_t done = 0;
    for (unsigned bin = FAI_SPAN_BINS; bin-- > bin_of_length(16) && done < max;)
        done += trim_bin(spans, bin, max - done);
    spans->idle_low = FAI_MIN(spans->idle_low, spans->idle);
    return done;
}

size_t
fai_spans_trim(struct fai_spans *spans, size_t max)
{
    fai_lock(&spans->lock);
    size_t done = trim_bins(spans, max);
    fai_unlock(&spans->lock);
    return done;
}

void
fai_spans_age(struct fai_spans *spans, uint64_t number, uint64_t period)
{
    fai_lock(&spans->lock);
    /* Contexts look one after another; the first one of a period counts. */
    if (number < spans->looked || number - spans->looked >= period) {
        spans->looked = number;
        spans->surplus = spans->idle_low;
        spans->idle_low = spans->idle;
    }
    fai_unlock(&spans->lock);
}

size_t
fai_spans_trim_aged(struct fai_spans *spans, size_t max)
{
    size_t done = 0;
    fai_lock(&spans->lock);
    size_t most = FAI_MIN(max, spans->surplus * FAI_PAGE);
    if (most != 0)
        done = trim_bins(spans, most);
    /* What is too small for a call stays. */
    spans->surplus -= done < most ? spans->surplus : done / FAI_PAGE;
    fai_unlock(&spans->lock);
    return done;
}
