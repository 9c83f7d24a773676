/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Results of queries in frame memory.
 */
#ifndef FA_PHYSICS_COLLECT_H
#define FA_PHYSICS_COLLECT_H

#include "world.h"

/* No result is larger. */
#define COLLECT_SIZE_MAX 192

struct collector {
    fa_ctx *ctx;
    fa_frame *frame;
    char *items;
    size_t size; /* Of one item; a multiple of 8. */
    uint32_t count;
    uint32_t room;
    fa_status status;
};

struct collector collect_begin(fa_physics *world, size_t size);
/* Room for one more item; NULL when there is no memory. */
void *collect_push(struct collector *c);
void collect_sort(struct collector *c,
                  bool (*is_less)(const void *, const void *));
fa_status collect_end(struct collector *c, const void **out, uint32_t *count);

/* Whether a query with this filter and these flags may see the shape. */
static inline bool
is_seen(const cpShape *shape, cpShapeFilter filter, unsigned flags)
{
    return (!shape->sensor || (flags & FA_PHYSICS_SENSORS) != 0) &&
           !cpShapeFilterReject(shape->filter, filter);
}

static inline bool
is_finite_vect(cpVect v)
{
    return v.x - v.x == 0 && v.y - v.y == 0;
}

#endif
