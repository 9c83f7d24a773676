/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What a space looks like, as an array: Chipmunk draws once to be counted and
 * once to be copied, so each array has its exact size.
 */
#include "world.h"

struct drawing {
    fa_physics_draw_item *items; /* NULL while counting. */
    cpVect *vertices;
    uint32_t count;
    uint32_t vertex_count;
    cpSpaceDebugColor (*color)(cpShape *shape, void *user);
    void *user;
};

static void
take(struct drawing *drawing, fa_physics_draw_item item)
{
    if (drawing->items != NULL)
        drawing->items[drawing->count] = item;
    drawing->count++;
}

static void
draw_circle(cpVect at, cpFloat angle, cpFloat radius, cpSpaceDebugColor outline,
            cpSpaceDebugColor fill, cpDataPointer drawing)
{
    take(drawing, (fa_physics_draw_item){.kind = FA_PHYSICS_DRAW_CIRCLE,
                                         .a = at,
                                         .angle = angle,
                                         .radius = radius,
                                         .outline = outline,
                                         .fill = fill});
}

static void
draw_segment(cpVect a, cpVect b, cpSpaceDebugColor color, cpDataPointer drawing)
{
    take(drawing, (fa_physics_draw_item){.kind = FA_PHYSICS_DRAW_SEGMENT,
                                         .a = a,
                                         .b = b,
                                         .outline = color,
                                         .fill = color});
}

static void
draw_fat_segment(cpVect a, cpVect b, cpFloat radius, cpSpaceDebugColor outline,
                 cpSpaceDebugColor fill, cpDataPointer drawing)
{
    take(drawing, (fa_physics_draw_item){.kind = FA_PHYSICS_DRAW_FAT_SEGMENT,
                                         .a = a,
                                         .b = b,
                                         .radius = radius,
                                         .outline = outline,
                                         .fill = fill});
}

static void
draw_polygon(int count, const cpVect *vertices, cpFloat radius,
             cpSpaceDebugColor outline, cpSpaceDebugColor fill,
             cpDataPointer data)
{
    struct drawing *drawing = data;
    cpVect *copy = NULL;
    if (drawing->items != NULL) {
        copy = drawing->vertices + drawing->vertex_count;
        memcpy(copy, vertices, (size_t)count * sizeof(*copy));
    }
    take(drawing, (fa_physics_draw_item){.kind = FA_PHYSICS_DRAW_POLYGON,
                                         .vertices = copy,
                                         .vertex_count = (uint32_t)count,
                                         .radius = radius,
                                         .outline = outline,
                                         .fill = fill});
    drawing->vertex_count += (uint32_t)count;
}

static void
draw_dot(cpFloat size, cpVect at, cpSpaceDebugColor color,
         cpDataPointer drawing)
{
    take(drawing, (fa_physics_draw_item){.kind = FA_PHYSICS_DRAW_DOT,
                                         .a = at,
                                         .radius = size,
                                         .outline = color,
                                         .fill = color});
}

static cpSpaceDebugColor
color_of(cpShape *shape, cpDataPointer data)
{
    const struct drawing *drawing = data;
    if (drawing->color != NULL)
        return drawing->color(shape, drawing->user);
    if (shape->sensor)
        return (cpSpaceDebugColor){0.9f, 0.8f, 0.2f, 0.4f};
    if (cpBodyGetType(shape->body) == CP_BODY_TYPE_STATIC)
        return (cpSpaceDebugColor){0.5f, 0.5f, 0.5f, 1};
    if (cpBodyIsSleeping(shape->body))
        return (cpSpaceDebugColor){0.3f, 0.3f, 0.4f, 1};
    return (cpSpaceDebugColor){0.4f, 0.6f, 0.9f, 1};
}

static void
draw(cpSpace *space, unsigned flags, struct drawing *drawing)
{
    cpSpaceDebugDrawOptions options = {
        .drawCircle = draw_circle,
        .drawSegment = draw_segment,
        .drawFatSegment = draw_fat_segment,
        .drawPolygon = draw_polygon,
        .drawDot = draw_dot,
        .flags = (cpSpaceDebugDrawFlags)flags,
        .shapeOutlineColor = {0.1f, 0.1f, 0.1f, 1},
        .colorForShape = color_of,
        .constraintColor = {0.2f, 0.7f, 0.3f, 1},
        .collisionPointColor = {0.9f, 0.2f, 0.2f, 1},
        .data = drawing};
    drawing->count = drawing->vertex_count = 0;
    cpSpaceDebugDraw(space, &options);
}

fa_status
fa_physics_draw(fa_physics *world, unsigned flags,
                cpSpaceDebugColor (*color)(cpShape *shape, void *user),
                void *user, const fa_physics_draw_item **out, uint32_t *count)
{
    struct drawing drawing = {.color = color, .user = user};
    fa_ctx *ctx = world_ctx(world);
    fa_frame *frame = fa_ctx_frame(ctx);
    *out = NULL;
    *count = 0;
    draw(world->space, flags, &drawing);
    if (drawing.count == 0)
        return FA_OK;
    fa_physics_draw_item *items =
        fa_frame_array_raw(frame, fa_physics_draw_item, drawing.count);
    cpVect *vertices = fa_frame_array_raw(frame, cpVect, drawing.vertex_count);
    if (items == NULL || vertices == NULL)
        return fa_ctx_status(ctx);
    drawing.items = items;
    drawing.vertices = vertices;
    draw(world->space, flags, &drawing);
    *out = items;
    *count = drawing.count;
    return FA_OK;
}
