/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Changes of a physics world: fixed steps, commands from callbacks, removal of
 * many at once, bodies and shapes in pools.
 *
 * Included by framealloc/physics.h.
 */
#ifndef FRAMEALLOC_PHYSICS_CHANGE_H
#define FRAMEALLOC_PHYSICS_CHANGE_H

#include <framealloc/physics.h>

FA_BEGIN_DECLS

/* --- fixed steps --- */

/** What fa_physics_advance() did. */
typedef struct fa_physics_advanced {
    unsigned step_count; /**< Steps that were made; may be 0. */
    /** Of each step, oldest first. */
    const fa_physics_events *const *events;
    cpFloat alpha;        /**< Part of the next step that has passed; 0 to 1. */
    cpFloat dropped_time; /**< s. Given up because of max_substeps. */
} fa_physics_advanced;

/** A body between its last two poses. */
typedef struct fa_physics_pose {
    cpBody *body;
    void *user;      /**< cpBodyGetUserData(). */
    cpVect position; /**< Of the body's center of gravity offset, as
                          cpBodyGetPosition(). */
    cpFloat angle;   /**< Radians. */
} fa_physics_pose;

/**
 * Makes as many steps of config.timestep as the time asks for.
 *
 * When to use: once per frame, with the frame's duration.
 * @param world the world.
 * @param real_dt seconds since the last call.
 * @param out what was done, and what is left of the time.
 * @return FA_OK; FA_ERR_CONFIG when real_dt is negative or not finite; as
 *         fa_physics_step() otherwise, then the time is kept for the next call.
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_step(). Cost: that of the steps. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_physics_advance(fa_physics *world,
                                               cpFloat real_dt,
                                               fa_physics_advanced *out);

/**
 * Poses of all awake bodies between the last two steps, in frame memory.
 *
 * When to use: to draw, with alpha of fa_physics_advance(). The first call of
 * fa_physics_advance() turns the noting of poses on.
 * @param world the world.
 * @param alpha 0: before the last step; 1: after it.
 * @param out gets the array, or NULL when it is empty.
 * @param count gets its length.
 * @return FA_OK; FA_ERR_NOMEM, FA_ERR_BUDGET or FA_ERR_STATE; FA_ERR_USAGE when
 *         alpha is not between 0 and 1.
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_step(). Cost: O(awake bodies). Since: 0.1.
 */
FA_API FA_OUT_FRAME(3, 1) FA_CHECKED fa_status
    fa_physics_interpolate(fa_physics *world, cpFloat alpha,
                           const fa_physics_pose **out, uint32_t *count);

/* --- changes from callbacks, and many at once --- */

/** Who frees what is removed. */
typedef enum fa_physics_fate {
    FA_PHYSICS_KEEP = 0,       /**< Nobody. */
    FA_PHYSICS_FREE = 1,       /**< cpBodyFree(), cpShapeFree() ... */
    FA_PHYSICS_FREE_POOLED = 2 /**< fa_physics_body_free() ... */
} fa_physics_fate;

/**
 * Removes many shapes from the space.
 *
 * When to use: for more than one; Chipmunk looks at all contacts for each.
 * @param world the world.
 * @param shapes of the space; one that is there twice is removed once.
 * @param count how many.
 * @param fate who frees them.
 * @return FA_OK; FA_ERR_STATE while the space is locked; FA_ERR_USAGE when one
 *         is not in the space; FA_ERR_NOMEM. Then nothing has happened.
 * Valid until: - Owner: - Thread: as fa_physics_create(), between steps.
 * Cost: O(contacts of the space + shapes). Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_physics_remove_shapes(fa_physics *world,
                                                     cpShape *const *shapes,
                                                     size_t count,
                                                     fa_physics_fate fate);

/**
 * Removes many bodies from the space, with their shapes and joints.
 *
 * When to use: for bodies that die.
 * @param world the world.
 * @param bodies of the space; one that is there twice is removed once.
 * @param count how many.
 * @param fate who frees them, their shapes and their joints.
 * @return as fa_physics_remove_shapes().
 * Valid until: - Owner: - Thread: as fa_physics_create(), between steps.
 * Cost: O(contacts and bodies of the space). Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_physics_remove_bodies(fa_physics *world,
                                                     cpBody *const *bodies,
                                                     size_t count,
                                                     fa_physics_fate fate);

/**
 * Removes a body with its shapes and joints: after the step, when called from a
 * callback, otherwise now.
 *
 * When to use: in callbacks, where Chipmunk forbids it. To defer the same body
 * twice removes it once. Removals run after all other commands, together.
 * @param world the world.
 * @param body of the space.
 * @param fate who frees it.
 * @return FA_OK; FA_ERR_NOMEM or FA_ERR_BUDGET when the frame refuses, and
 *         FA_ERR_STATE in callbacks of Chipmunk's own queries and steps; then
 *         nothing will happen.
 * Valid until: the step returns. Owner: - Thread: the one that steps.
 * Cost: constant. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_physics_defer_remove_body(fa_physics *world,
                                                         cpBody *body,
                                                         fa_physics_fate fate);

/**
 * As fa_physics_defer_remove_body(), for one shape.
 *
 * When to use: in callbacks.
 * @param world the world.
 * @param shape of the space.
 * @param fate who frees it.
 * @return as fa_physics_defer_remove_body().
 * Valid until: the step returns. Owner: - Thread: the one that steps.
 * Cost: constant. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_physics_defer_remove_shape(fa_physics *world,
                                                          cpShape *shape,
                                                          fa_physics_fate fate);

/**
 * Adds a body with the shapes and joints that hang on it: after the step, when
 * called from a callback, otherwise now.
 *
 * When to use: to spawn from callbacks.
 * @param world the world.
 * @param body not in a space; or NULL.
 * @param shape not in a space; or NULL.
 * @param joint not in a space; or NULL.
 * @return as fa_physics_defer_remove_body().
 * Valid until: the step returns. Owner: - Thread: the one that steps.
 * Cost: constant. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_physics_defer_add(fa_physics *world,
                                                 cpBody *body, cpShape *shape,
                                                 cpConstraint *joint);

/**
 * Pushes a body: after the step, when called from a callback, otherwise now.
 *
 * When to use: in callbacks. To push a sleeping body there would end the
 * program.
 * @param world the world.
 * @param body of the space; it wakes.
 * @param impulse in world coordinates.
 * @param point where, in world coordinates.
 * @return as fa_physics_defer_remove_body().
 * Valid until: the step returns. Owner: - Thread: the one that steps.
 * Cost: constant. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_physics_defer_impulse(fa_physics *world,
                                                     cpBody *body,
                                                     cpVect impulse,
                                                     cpVect point);

/**
 * Wakes a body: after the step, when called from a callback, otherwise now.
 *
 * When to use: in callbacks.
 * @param world the world.
 * @param body of the space.
 * @return as fa_physics_defer_remove_body().
 * Valid until: the step returns. Owner: - Thread: the one that steps.
 * Cost: constant. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_physics_defer_wake(fa_physics *world,
                                                  cpBody *body);

/**
 * Calls a function: after the step, when called from a callback, otherwise now.
 *
 * When to use: in the place of cpSpaceAddPostStepCallback(), which allocates
 * and looks through all others for the same key.
 * @param world the world.
 * @param fn may change the space, and defer more.
 * @param user passed to it.
 * @return as fa_physics_defer_remove_body(); FA_ERR_USAGE when fn is NULL.
 * Valid until: the step returns. Owner: - Thread: the one that steps.
 * Cost: constant. Since: 0.1.
 */
FA_API FA_RUNS_LATER(2, 3) FA_CHECKED fa_status
    fa_physics_defer_call(fa_physics *world,
                          void (*fn)(fa_physics *world, void *user),
                          void *user);

/* --- bodies and shapes in pools --- */

/**
 * A body in a pool; not added to the space.
 *
 * When to use: in the place of cpBodyNew(), for bodies that come and go.
 * @param world its allocator is used.
 * @param type as cpBodySetType().
 * @param mass of a dynamic body.
 * @param moment of inertia of a dynamic body.
 * @return the body, or NULL: fa_ctx_status() tells why.
 * Valid until: fa_physics_body_free(). Owner: the caller.
 * Thread: as fa_physics_create(). Cost: a pool block and cpBodyInit().
 * Since: 0.1.
 */
FA_API FA_RETURNS_POOL(1) cpBody *fa_physics_body_new(fa_physics *world,
                                                      cpBodyType type,
                                                      cpFloat mass,
                                                      cpFloat moment);

/**
 * Frees a body of fa_physics_body_new().
 *
 * When to use: when it is in no space any more.
 * @param world of the same allocator.
 * @param body the body; NULL does nothing.
 * @return FA_OK; FA_ERR_STATE while it is in a space, then it is kept.
 * Valid until: - Owner: - Thread: as fa_physics_create().
 * Cost: constant. Since: 0.1.
 */
FA_API FA_FREES_POOL(2) fa_status
    fa_physics_body_free(fa_physics *world, cpBody *body);

/**
 * A circle in a pool; not added to the space.
 *
 * When to use: in the place of cpCircleShapeNew().
 * @param world its allocator is used.
 * @param body of the shape.
 * @param radius of the circle.
 * @param offset of its center from the body's.
 * @return the shape, or NULL: fa_ctx_status() tells why.
 * Valid until: fa_physics_shape_free(). Owner: the caller.
 * Thread: as fa_physics_create(). Cost: a pool block and cpCircleShapeInit().
 * Since: 0.1.
 */
FA_API FA_RETURNS_POOL(1) cpShape *fa_physics_circle_new(fa_physics *world,
                                                         cpBody *body,
                                                         cpFloat radius,
                                                         cpVect offset);

/**
 * A segment in a pool; not added to the space.
 *
 * When to use: in the place of cpSegmentShapeNew().
 * @param world its allocator is used.
 * @param body of the shape.
 * @param a one end, from the body.
 * @param b the other end.
 * @param radius of rounding.
 * @return as fa_physics_circle_new().
 * Valid until: fa_physics_shape_free(). Owner: the caller.
 * Thread: as fa_physics_create(). Cost: a pool block and cpSegmentShapeInit().
 * Since: 0.1.
 */
FA_API FA_RETURNS_POOL(1) cpShape *fa_physics_segment_new(fa_physics *world,
                                                          cpBody *body,
                                                          cpVect a, cpVect b,
                                                          cpFloat radius);

/**
 * A polygon in a pool, with all its planes; not added to the space.
 *
 * When to use: in the place of cpPolyShapeNewRaw().
 * @param world its allocator is used.
 * @param body of the shape.
 * @param vertices convex, counter-clockwise, from the body.
 * @param vertex_count 3 or more.
 * @param radius of rounding.
 * @return as fa_physics_circle_new(). cpPolyShapeSetVerts() must not be called
 *         on it with more than 6 vertices.
 * Valid until: fa_physics_shape_free(). Owner: the caller.
 * Thread: as fa_physics_create(). Cost: a pool block and cpPolyShapeInitRaw().
 * Since: 0.1.
 */
FA_API FA_RETURNS_POOL(1) cpShape *fa_physics_poly_new(fa_physics *world,
                                                       cpBody *body,
                                                       const cpVect *vertices,
                                                       int vertex_count,
                                                       cpFloat radius);

/**
 * Frees a shape of fa_physics_circle_new() and the like.
 *
 * When to use: when it is in no space any more.
 * @param world of the same allocator.
 * @param shape the shape; NULL does nothing.
 * @return FA_OK; FA_ERR_STATE while it is in a space, then it is kept.
 * Valid until: - Owner: - Thread: as fa_physics_create().
 * Cost: constant. Since: 0.1.
 */
FA_API FA_FREES_POOL(2) fa_status
    fa_physics_shape_free(fa_physics *world, cpShape *shape);

/**
 * Room in a pool for any joint, to be filled by cpPinJointInit() and the like.
 *
 * When to use: in the place of cpPinJointAlloc() and the like.
 * @param world its allocator is used.
 * @return zeroed room, or NULL: fa_ctx_status() tells why.
 * Valid until: fa_physics_joint_free(). Owner: the caller.
 * Thread: as fa_physics_create(). Cost: a pool block. Since: 0.1.
 */
FA_API FA_RETURNS_POOL(1) void *fa_physics_joint_alloc(fa_physics *world);

/**
 * Frees a joint of fa_physics_joint_alloc().
 *
 * When to use: when it is in no space any more.
 * @param world of the same allocator.
 * @param joint the joint; NULL does nothing.
 * @return FA_OK; FA_ERR_STATE while it is in a space, then it is kept.
 * Valid until: - Owner: - Thread: as fa_physics_create().
 * Cost: constant. Since: 0.1.
 */
FA_API FA_FREES_POOL(2) fa_status
    fa_physics_joint_free(fa_physics *world, cpConstraint *joint);

/* --- state --- */

/**
 * A number that two spaces have in common when their bodies have the same
 * positions, angles and velocities, bit by bit.
 *
 * When to use: to find out that two machines have drifted apart. Equal
 * processors and C libraries give equal bits.
 * @param world the world.
 * @return the hash; the order of bodies does not matter.
 * Valid until: the next step. Owner: - Thread: any, between steps.
 * Cost: O(bodies). Since: 0.1.
 */
FA_API uint64_t fa_physics_hash(const fa_physics *world);

/**
 * Bytes that a snapshot of the world takes now.
 *
 * When to use: before fa_physics_snapshot().
 * @param world the world.
 * @return bytes.
 * Valid until: the next step or change. Owner: - Thread: any, between steps.
 * Cost: O(contacts). Since: 0.1.
 */
FA_API size_t fa_physics_snapshot_size(const fa_physics *world);

/**
 * Writes down what a canonical world needs to go on from here: bodies, contacts
 * with their impulses, what joints remember, and the pairs that touch. Shapes,
 * masses, filters and handlers are the program's and not kept.
 *
 * When to use: rollback, replays, late joiners on equal machines.
 * @param world made with FA_PHYSICS_CANONICAL.
 * @param buffer memory of the program: of a frame, a pool, a ring.
 * @param room its bytes.
 * @param used gets the bytes written.
 * @return FA_OK; FA_ERR_UNSUPPORTED when the world is not canonical, or a body
 *         has no shape to be named by; FA_ERR_STATE while a body sleeps or the
 *         space is locked; FA_ERR_USAGE when the room is too small.
 * Valid until: for ever, for this library and machine. Owner: the caller.
 * Thread: as fa_physics_create(). Cost: O(bodies + contacts); bench-physics measures it.
 * Since: 0.1.
 */
FA_API FA_BORROWS(2) FA_CHECKED fa_status
    fa_physics_snapshot(const fa_physics *world, void *buffer, size_t room,
                        size_t *used);

/**
 * Goes back to a snapshot. What was pending is forgotten, no event is reported,
 * and the steps that follow are those that followed then, bit by bit.
 *
 * When to use: on the same space, or on one that was built by the same calls in
 * the same order.
 * @param world made with FA_PHYSICS_CANONICAL.
 * @param buffer of fa_physics_snapshot(); it is checked.
 * @param size its bytes.
 * @return FA_OK; FA_ERR_UNSUPPORTED and FA_ERR_STATE as fa_physics_snapshot();
 *         FA_ERR_USAGE when it is no snapshot of this library; FA_ERR_STALE when
 *         the space has other bodies, shapes or joints; FA_ERR_NOMEM. Then
 *         nothing has changed.
 * Valid until: - Owner: - Thread: as fa_physics_create().
 * Cost: O(bodies + contacts), some times a snapshot. Since: 0.1.
 */
FA_API FA_BORROWS(2) FA_CHECKED fa_status
    fa_physics_restore(fa_physics *world, const void *buffer, size_t size);

FA_END_DECLS

#endif
