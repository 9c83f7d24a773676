/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Queries of a physics world: rays, points, overlaps, and what to draw; with
 * results in frame memory.
 *
 * Included by framealloc/physics.h.
 */
#ifndef FRAMEALLOC_PHYSICS_QUERY_H
#define FRAMEALLOC_PHYSICS_QUERY_H

#include <framealloc/physics.h>

FA_BEGIN_DECLS

/** How a query looks; or them together. */
enum {
    FA_PHYSICS_SENSORS = 1u, /**< Sensors too; otherwise no query has them. */
    FA_PHYSICS_SORT = 2u,    /**< Rays by distance, others by shape id. */
    /** As Chipmunk's own function answers, its mistakes included; to compare.
     *  Locks the space, so from one thread only. */
    FA_PHYSICS_CHIPMUNK = 4u
};

/** A ray, or with a radius a swept circle. */
typedef struct fa_physics_ray {
    cpVect a;             /**< From here. */
    cpVect b;             /**< To here. */
    cpFloat radius;       /**< 0: a line. */
    cpShapeFilter filter; /**< As CP_SHAPE_FILTER_ALL. */
} fa_physics_ray;

/** Where a ray meets a shape. */
typedef struct fa_physics_ray_hit {
    cpShape *shape; /**< NULL in a batch: the ray meets nothing. */
    void *user;     /**< cpShapeGetUserData(). */
    cpVect point;   /**< On the surface; the ray's begin when it is inside. */
    cpVect normal;  /**< Of the surface; zero when the ray begins inside. */
    cpFloat alpha;  /**< 0 at a, 1 at b. */
    uint32_t flags; /**< FA_PHYSICS_INSIDE. */
} fa_physics_ray_hit;

/** A shape near a point. */
typedef struct fa_physics_near {
    cpShape *shape;
    void *user;       /**< cpShapeGetUserData(). */
    cpVect point;     /**< The nearest on the surface. */
    cpVect gradient;  /**< Where the distance rises. */
    cpFloat distance; /**< Negative inside of the shape. */
} fa_physics_near;

/** A shape that overlaps an area. */
typedef struct fa_physics_overlap {
    cpShape *shape;
    void *user;                 /**< cpShapeGetUserData(). */
    cpContactPointSet contacts; /**< Empty for bounding boxes. */
} fa_physics_overlap;

/**
 * The first shape that a ray meets.
 *
 * When to use: line of sight, shots.
 * @param world the world.
 * @param ray the ray.
 * @param flags FA_PHYSICS_SENSORS ... or 0.
 * @param out gets the hit.
 * @return true when there is one. Of two at the same place it is the older
 *         shape.
 * Valid until: shapes change. Owner: a copy. Thread: any, between steps, while
 * the space uses Chipmunk's tree, as it does by default; from callbacks the
 * stepping thread. Cost: as cpSpaceSegmentQueryFirst(); with a radius about
 * twice that. Since: 0.1.
 */
FA_API bool fa_physics_ray_first(fa_physics *world, const fa_physics_ray *ray,
                                 unsigned flags, fa_physics_ray_hit *out);

/**
 * All shapes that a ray meets, in frame memory.
 *
 * When to use: piercing shots, view through glass.
 * @param world the world.
 * @param ray the ray.
 * @param flags FA_PHYSICS_SENSORS ... or 0.
 * @param out gets the array, or NULL when it is empty.
 * @param count gets its length.
 * @return FA_OK; FA_ERR_NOMEM, FA_ERR_BUDGET or FA_ERR_STATE; FA_ERR_USAGE when
 *         the ray is not finite.
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_ray_first(). Cost: as cpSpaceSegmentQuery().
 * Since: 0.1.
 */
FA_API FA_OUT_FRAME(4, 1) FA_CHECKED fa_status
    fa_physics_ray_all(fa_physics *world, const fa_physics_ray *ray,
                       unsigned flags, const fa_physics_ray_hit **out,
                       uint32_t *count);

/**
 * The first hits of many rays, in frame memory, by several threads.
 *
 * When to use: sensors of many agents at once.
 * @param world the world; it keeps the threads until it is destroyed.
 * @param rays the rays.
 * @param count how many.
 * @param threads that work, the caller included; 0 and 1: the caller alone.
 * @param flags FA_PHYSICS_SENSORS ... or 0.
 * @param out gets an array of count hits, in the order of the rays.
 * @return as fa_physics_ray_all(). Threads that cannot be made are done without.
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_create(). Cost: as count times fa_physics_ray_first(),
 * divided by the threads. Since: 0.1.
 */
FA_API FA_OUT_FRAME(6, 1) FA_CHECKED fa_status
    fa_physics_ray_batch(fa_physics *world, const fa_physics_ray *rays,
                         uint32_t count, unsigned threads, unsigned flags,
                         const fa_physics_ray_hit **out);

/**
 * All shapes near a point, in frame memory.
 *
 * When to use: explosions, what is under the pointer.
 * @param world the world.
 * @param point the point.
 * @param distance at most so far; 0: the shape contains the point.
 * @param filter as CP_SHAPE_FILTER_ALL.
 * @param flags FA_PHYSICS_SENSORS ... or 0.
 * @param out gets the array, or NULL when it is empty.
 * @param count gets its length.
 * @return as fa_physics_ray_all().
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_ray_first(). Cost: as cpSpacePointQuery().
 * Since: 0.1.
 */
FA_API FA_OUT_FRAME(6, 1) FA_CHECKED fa_status
    fa_physics_point_all(fa_physics *world, cpVect point, cpFloat distance,
                         cpShapeFilter filter, unsigned flags,
                         const fa_physics_near **out, uint32_t *count);

/**
 * The nearest shape to a point.
 *
 * When to use: picking.
 * @param world the world.
 * @param point the point.
 * @param distance at most so far.
 * @param filter as CP_SHAPE_FILTER_ALL.
 * @param flags FA_PHYSICS_SENSORS ... or 0.
 * @param out gets the shape.
 * @return true when there is one.
 * Valid until: shapes change. Owner: a copy. Thread: as fa_physics_ray_first().
 * Cost: as cpSpacePointQueryNearest(). Since: 0.1.
 */
FA_API bool fa_physics_point_nearest(fa_physics *world, cpVect point,
                                     cpFloat distance, cpShapeFilter filter,
                                     unsigned flags, fa_physics_near *out);

/**
 * All shapes whose bounding box meets a box, in frame memory.
 *
 * When to use: what is on the screen.
 * @param world the world.
 * @param bb the box.
 * @param filter as CP_SHAPE_FILTER_ALL.
 * @param flags FA_PHYSICS_SENSORS ... or 0.
 * @param out gets the array, or NULL when it is empty.
 * @param count gets its length.
 * @return as fa_physics_ray_all().
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_ray_first(). Cost: as cpSpaceBBQuery(). Since: 0.1.
 */
FA_API FA_OUT_FRAME(5, 1) FA_CHECKED fa_status
    fa_physics_overlap_bb(fa_physics *world, cpBB bb, cpShapeFilter filter,
                          unsigned flags, const fa_physics_overlap **out,
                          uint32_t *count);

/**
 * All shapes that overlap a circle, with their contacts, in frame memory.
 *
 * When to use: areas of effect.
 * @param world the world.
 * @param center the circle's center.
 * @param radius the circle's radius.
 * @param filter as CP_SHAPE_FILTER_ALL.
 * @param flags FA_PHYSICS_SENSORS ... or 0.
 * @param out gets the array, or NULL when it is empty.
 * @param count gets its length.
 * @return as fa_physics_ray_all().
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_ray_first(). Cost: as cpSpaceShapeQuery().
 * Since: 0.1.
 */
FA_API FA_OUT_FRAME(6, 1) FA_CHECKED fa_status
    fa_physics_overlap_circle(fa_physics *world, cpVect center, cpFloat radius,
                              cpShapeFilter filter, unsigned flags,
                              const fa_physics_overlap **out, uint32_t *count);

/**
 * All shapes that overlap a convex polygon, with their contacts, in frame
 * memory.
 *
 * When to use: selection, doors, melee.
 * @param world the world.
 * @param vertices convex, counter-clockwise, in world coordinates.
 * @param vertex_count 3 or more.
 * @param radius of rounding; 0: none.
 * @param filter as CP_SHAPE_FILTER_ALL.
 * @param flags FA_PHYSICS_SENSORS ... or 0.
 * @param out gets the array, or NULL when it is empty.
 * @param count gets its length.
 * @return as fa_physics_ray_all(); FA_ERR_USAGE when the polygon is not convex.
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_ray_first(). Cost: as cpSpaceShapeQuery().
 * Since: 0.1.
 */
FA_API FA_OUT_FRAME(7, 1) FA_CHECKED fa_status
    fa_physics_overlap_poly(fa_physics *world, const cpVect *vertices,
                            int vertex_count, cpFloat radius,
                            cpShapeFilter filter, unsigned flags,
                            const fa_physics_overlap **out, uint32_t *count);

/**
 * All shapes that overlap a shape, with their contacts, in frame memory.
 *
 * When to use: is there room for this?
 * @param world the world.
 * @param shape in the space or not; its filter is used. Its position is taken
 *        from its body as it is now; without a body it stands at the origin.
 * @param flags FA_PHYSICS_SENSORS ... or 0.
 * @param out gets the array, or NULL when it is empty.
 * @param count gets its length.
 * @return as fa_physics_ray_all().
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_create(), because it updates the shape.
 * Cost: as cpSpaceShapeQuery(). Since: 0.1.
 */
FA_API FA_OUT_FRAME(4, 1) FA_CHECKED fa_status
    fa_physics_overlap_shape(fa_physics *world, cpShape *shape, unsigned flags,
                             const fa_physics_overlap **out, uint32_t *count);

/** What is to be drawn. */
typedef enum fa_physics_draw_kind {
    FA_PHYSICS_DRAW_CIRCLE = 0,      /**< At a, with radius and angle. */
    FA_PHYSICS_DRAW_SEGMENT = 1,     /**< From a to b. */
    FA_PHYSICS_DRAW_FAT_SEGMENT = 2, /**< From a to b, with radius. */
    FA_PHYSICS_DRAW_POLYGON = 3,     /**< Vertices, rounded by radius. */
    FA_PHYSICS_DRAW_DOT = 4          /**< At a; radius is its size. */
} fa_physics_draw_kind;

/** One thing to draw, in world coordinates. */
typedef struct fa_physics_draw_item {
    fa_physics_draw_kind kind;
    uint32_t vertex_count;  /**< Of a polygon. */
    const cpVect *vertices; /**< Of a polygon; in the frame. */
    cpVect a;
    cpVect b;
    cpFloat radius;
    cpFloat angle; /**< Radians. */
    cpSpaceDebugColor outline;
    cpSpaceDebugColor fill; /**< Of lines and dots, their color. */
} fa_physics_draw_item;

/**
 * What cpSpaceDebugDraw() would draw, as an array in frame memory.
 *
 * When to use: to draw the space on another thread, or later in the frame.
 * @param world the world.
 * @param flags CP_SPACE_DEBUG_DRAW_SHAPES ..., or them together.
 * @param color of a shape; NULL: a color by its state.
 * @param user passed to color.
 * @param out gets the array, or NULL when it is empty.
 * @param count gets its length.
 * @return FA_OK; FA_ERR_NOMEM, FA_ERR_BUDGET or FA_ERR_STATE.
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_create(), between steps. Cost: cpSpaceDebugDraw() twice:
 * to count, and to copy. Since: 0.1.
 */
FA_API FA_OUT_FRAME(5, 1) FA_BORROWS(4) FA_CHECKED fa_status
    fa_physics_draw(fa_physics *world, unsigned flags,
                    cpSpaceDebugColor (*color)(cpShape *shape, void *user),
                    void *user, const fa_physics_draw_item **out,
                    uint32_t *count);

FA_END_DECLS

#endif
