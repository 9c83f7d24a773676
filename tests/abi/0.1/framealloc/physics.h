/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Physics: frame-aware stepping for Chipmunk2D.
 *
 * A world follows a cpSpace, the program's own or one that it makes. A step
 * returns what happened as plain arrays in frame memory: contacts with points
 * and impulses, ends that are never missing, sensors, moves, sleep. Nothing is
 * freed; all is gone when the frame is. Handlers that the program has set go on
 * working and see the same calls.
 *
 * Frame memory does not make the solver faster. What it removes is the layer
 * of allocations that a program builds on top of callbacks.
 *
 * Link with the pkg-config module framealloc-physics. Chipmunk is 2D; there is
 * no 3D counterpart.
 */
#ifndef FRAMEALLOC_PHYSICS_H
#define FRAMEALLOC_PHYSICS_H

#include <framealloc/framealloc.h>

#include <chipmunk/chipmunk.h>

FA_BEGIN_DECLS

/** A world: what the library knows of one cpSpace. */
typedef struct fa_physics fa_physics;

/** What a step reports; or them together. */
enum {
    FA_PHYSICS_BEGIN = 1u,    /**< Two shapes have begun to touch. */
    FA_PHYSICS_END = 2u,      /**< They touch no more. */
    FA_PHYSICS_PERSIST = 4u,  /**< They go on touching. */
    FA_PHYSICS_HIT = 8u,      /**< A contact was hard; see hit_impulse. Without
                                   PERSIST, persist has those that are hits. */
    FA_PHYSICS_SENSOR = 16u,  /**< Begin and end with a sensor. */
    FA_PHYSICS_MOVE = 32u,    /**< A body has moved. */
    FA_PHYSICS_SLEEP = 64u,   /**< A body fell asleep or woke. */
    FA_PHYSICS_JOINT = 128u,  /**< A joint bore more than joint_force. */
    FA_PHYSICS_DEFAULT = 115u /**< Begin, end, sensor, move and sleep. */
};

/** Switches of a world; or them together. */
enum {
    /** The given space is made by cpHastySpaceNew(). Two solver threads are not
     *  deterministic, and seldom faster. */
    FA_PHYSICS_HASTY = 1u,
    /** Report pairs that a begin function or cpArbiterIgnore() has rejected. */
    FA_PHYSICS_REPORT_REJECTED = 2u,
    /** Sort persist as the other arrays are; otherwise solver order, which is
     *  the same in every run. */
    FA_PHYSICS_SORT_PERSIST = 4u,
    /** Do not take over pairs that touch when the world is made. */
    FA_PHYSICS_NO_ADOPT = 8u,
    /** Step so that the result depends on the state alone and not on its
     *  history; needed for fa_physics_restore(). Costs a sort per step. */
    FA_PHYSICS_CANONICAL = 16u
};

/** What happens when event memory is refused. */
typedef enum fa_physics_overflow {
    /** Arrays are cut by priority; the rest is counted as dropped. */
    FA_PHYSICS_DROP = 0,
    /** They come from the heap, valid until the next step of the world. */
    FA_PHYSICS_SPILL_HEAP = 1
} fa_physics_overflow;

/** How a world is made. Start from FA_PHYSICS_CONFIG_INIT. */
typedef struct fa_physics_config {
    size_t struct_size;    /**< sizeof(fa_physics_config). */
    cpSpace *space;        /**< Followed, not owned; NULL: make one. */
    fa_ctx *ctx;           /**< Whose frame; NULL: of the thread that steps. */
    unsigned flags;        /**< FA_PHYSICS_HASTY ...; 0: none. */
    unsigned events;       /**< FA_PHYSICS_BEGIN ...; 0: FA_PHYSICS_DEFAULT. */
    cpVect gravity;        /**< Of a space that is made. Units/s^2. */
    int iterations;        /**< Of a space that is made; 0: 10. */
    cpFloat sleep_time;    /**< Of a space that is made. s; 0: never sleep. */
    cpFloat timestep;      /**< Of fa_physics_advance(). s; 0: 1/60. */
    unsigned max_substeps; /**< Of fa_physics_advance(); 0: 8. */
    cpFloat hit_impulse;   /**< Contacts above are hits; 0: none. */
    cpFloat hit_speed;   /**< Begins that approach faster are hits; 0: none. */
    cpFloat joint_force; /**< Joints above are reported; 0: none. */
    cpFloat move_distance; /**< Smaller moves are not reported; 0: all are. */
    cpFloat turn_angle;    /**< The same for turning. Radians. */
    size_t event_budget;   /**< Bytes of events per step; 0: no limit. */
    fa_physics_overflow overflow; /**< When memory or the budget ends. */
    /** Called once when a pair begins to touch: which events of it are wanted,
     *  of FA_PHYSICS_BEGIN, END, PERSIST, HIT and SENSOR; NULL: all. */
    unsigned (*pair_filter)(const cpShape *a, const cpShape *b, void *user);
    void *user; /**< Passed to pair_filter. */
} fa_physics_config;

#define FA_PHYSICS_CONFIG_INIT                                                 \
    {                                                                          \
        sizeof(fa_physics_config), NULL, NULL, 0, 0, {0, 0}, 0, 0, 0, 0, 0, 0, \
            0, 0, 0, 0, FA_PHYSICS_DROP, NULL, NULL                            \
    }

/** Facts about an event; or them together. */
enum {
    FA_PHYSICS_REMOVED_A = 1u,    /**< Shape a was removed: do not follow it. */
    FA_PHYSICS_REMOVED_B = 2u,    /**< Shape b was removed: do not follow it. */
    FA_PHYSICS_REJECTED = 4u,     /**< The program has rejected the pair. */
    FA_PHYSICS_ADOPTED = 8u,      /**< Touched before the world was made. */
    FA_PHYSICS_IS_SENSOR = 16u,   /**< A sensor, when the pair began. */
    FA_PHYSICS_FELL_ASLEEP = 32u, /**< The body moved and fell asleep. */
    FA_PHYSICS_KINEMATIC = 64u,   /**< The body is moved by the program. */
    FA_PHYSICS_INSIDE = 128u      /**< The ray began inside the shape. */
};

/** Two shapes. a is the one with the smaller id; for sensor events, the
 *  sensor. Pointers and user data are copies from when the pair began. */
typedef struct fa_physics_pair {
    uint64_t id;         /**< Of this touching, not used again in the world. */
    uint64_t shape_id_a; /**< Rises in the order of cpSpaceAddShape(). */
    uint64_t shape_id_b; /**< The same for b. */
    cpShape *shape_a;    /**< Valid unless it was removed. */
    cpShape *shape_b;    /**< The same for b. */
    cpBody *body_a;      /**< Valid unless it was removed. */
    cpBody *body_b;      /**< The same for b. */
    void *user_a;        /**< cpShapeGetUserData() at begin. */
    void *user_b;        /**< The same for b. */
    cpCollisionType type_a; /**< cpShapeGetCollisionType() at begin. */
    cpCollisionType type_b; /**< The same for b. */
} fa_physics_pair;

/** One point of a contact, in world coordinates after the step. */
typedef struct fa_physics_point {
    cpVect a;                /**< On the surface of shape a. */
    cpVect b;                /**< On the surface of shape b. */
    cpFloat depth;           /**< How far they overlap; negative: apart. */
    cpFloat normal_impulse;  /**< Of this step, final. */
    cpFloat tangent_impulse; /**< Of this step, final. */
} fa_physics_point;

/** A contact that began or goes on. */
typedef struct fa_physics_contact {
    fa_physics_pair pair;
    cpFloat speed;   /**< Of approach when the pair began, before solving. */
    cpFloat impulse; /**< Length of the total impulse of this step. */
    cpVect normal;   /**< From a to b. */
    uint32_t flags;  /**< FA_PHYSICS_REMOVED_A ... */
    uint32_t age;    /**< Steps since it began. */
    uint32_t point_count;      /**< 0 to 2; 0 where Chipmunk keeps none. */
    fa_physics_point point[2]; /**< The first point_count are set. */
} fa_physics_contact;

/** Begin of a sensor's pair, and the end of any pair. */
typedef struct fa_physics_touch {
    fa_physics_pair pair;
    uint32_t flags; /**< FA_PHYSICS_REMOVED_A ... */
    uint32_t age;   /**< Steps that it lasted. */
} fa_physics_touch;

/** A body that the step has moved. */
typedef struct fa_physics_move {
    cpBody *body;
    void *user;          /**< cpBodyGetUserData(). */
    cpVect position;     /**< After the step. */
    cpVect old_position; /**< Before the step. */
    cpVect velocity;     /**< After the step. */
    cpFloat angle;       /**< After the step. Radians. */
    cpFloat old_angle;   /**< Before the step. */
    cpFloat turn_speed;  /**< After the step. Radians/s. */
    uint32_t flags;      /**< FA_PHYSICS_FELL_ASLEEP, KINEMATIC. */
} fa_physics_move;

/** A body that fell asleep or woke. */
typedef struct fa_physics_sleep {
    cpBody *body;
    void *user;     /**< cpBodyGetUserData(). */
    bool is_asleep; /**< Fell asleep; false: woke. */
} fa_physics_sleep;

/** A joint under load. */
typedef struct fa_physics_joint {
    cpConstraint *joint;
    void *user;      /**< cpConstraintGetUserData(). */
    cpFloat impulse; /**< Of this step. */
    cpFloat force;   /**< impulse / dt. */
} fa_physics_joint;

/** Events that did not fit, by kind. */
typedef struct fa_physics_dropped {
    uint32_t begin, end, persist, hit, sensor_begin, sensor_end, move, sleep,
        joint;
} fa_physics_dropped;

/**
 * What one step did. All arrays are in frame memory and plain data; begin,
 * end and sensor arrays are sorted by the ids of a and b, so they are the
 * same in every run.
 */
typedef struct fa_physics_events {
    uint64_t step; /**< Number of the step; the first is 1. */
    cpFloat dt;    /**< s. */
    const fa_physics_contact *begin;
    const fa_physics_contact *persist;
    const fa_physics_touch *end;
    const fa_physics_contact *const *hit; /**< Point into begin and persist. */
    const fa_physics_touch *sensor_begin;
    const fa_physics_touch *sensor_end;
    const fa_physics_move *move;
    const fa_physics_sleep *sleep;
    const fa_physics_joint *joint;
    uint32_t begin_count;
    uint32_t persist_count;
    uint32_t end_count;
    uint32_t hit_count;
    uint32_t sensor_begin_count;
    uint32_t sensor_end_count;
    uint32_t move_count;
    uint32_t sleep_count;
    uint32_t joint_count;
    fa_physics_dropped dropped; /**< Counted, not reported. */
    size_t bytes;               /**< Of all arrays. */
} fa_physics_events;

/** Figures of a world. Start from FA_PHYSICS_STATS_INIT. */
typedef struct fa_physics_stats {
    size_t struct_size;     /**< sizeof(fa_physics_stats). */
    uint64_t steps;         /**< So far. */
    uint64_t pairs;         /**< Touching now, sensors included. */
    uint64_t pairs_peak;    /**< Most ever. */
    uint64_t event_bytes;   /**< Of the last step. */
    uint64_t event_peak;    /**< Most of one step. */
    uint64_t dropped;       /**< Events that did not fit, in total. */
    uint64_t untracked;     /**< Pairs for which there was no memory. */
    uint64_t hooks_renewed; /**< Handlers that the program had set anew. */
    uint64_t held_bytes;    /**< Persistent memory of the world. */
} fa_physics_stats;

#define FA_PHYSICS_STATS_INIT                               \
    {                                                       \
        sizeof(fa_physics_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Makes a world for a space.
 *
 * When to use: once per space, before the first fa_physics_step().
 * @param allocator frames and persistent memory come from it.
 * @param config copied; NULL for a space that is made with defaults.
 * @param out gets the world; NULL on failure.
 * @return FA_OK; FA_ERR_CONFIG; FA_ERR_USAGE when the space has a world or is
 *         locked; FA_ERR_UNSUPPORTED when this Chipmunk is not 7.0 or was built
 *         otherwise than its headers say (FA918 tells what differs);
 *         FA_ERR_NOMEM.
 * Valid until: fa_physics_destroy(). Owner: the caller.
 * Thread: one at a time may use a world; different worlds are independent.
 * Cost: O(pairs that touch); the first call of the process tests Chipmunk.
 * Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_physics_create(fa_allocator *allocator,
                                              const fa_physics_config *config,
                                              fa_physics **out);

/**
 * Ends a world; the space is as it was before. Bodies and shapes stay the
 * program's. A space that the world has made is freed.
 *
 * When to use: before the program frees its space, and before the allocator
 * is destroyed.
 * @param world the world; NULL does nothing.
 * Valid until: - Owner: - Thread: as fa_physics_create(). Cost: O(pairs).
 * Since: 0.1.
 */
FA_API void fa_physics_destroy(fa_physics *world);

/**
 * The space of a world.
 *
 * When to use: to call Chipmunk.
 * @param world the world.
 * @return the space; never NULL.
 * Valid until: the world is destroyed. Owner: whoever made it.
 * Thread: any. Cost: constant. Since: 0.1.
 */
FA_API cpSpace *fa_physics_space(const fa_physics *world);

/**
 * Steps the space, and tells what happened.
 *
 * Ends of pairs whose shapes were removed since the last step are told too.
 * Handlers may be added and set anew at any time; what is set between two
 * steps is found at the begin of the next.
 *
 * Post-step callbacks run before the ends are collected, so a pair that begins
 * and is removed in one step has a begin with FA_PHYSICS_REMOVED_A or B and an
 * end.
 *
 * When to use: in the place of cpSpaceStep(), inside of a frame.
 * @param world the world.
 * @param dt seconds; 0 steps nothing and tells what is pending.
 * @param out gets the events; NULL: they are counted as dropped.
 * @return FA_OK, also where events were dropped; FA_ERR_STATE when no frame is
 *         open or the space is locked: then nothing has happened; FA_ERR_CONFIG
 *         when dt is negative or not finite.
 * Valid until: the end of the frame. Owner: the frame of the calling thread,
 * or of config.ctx. Thread: as fa_physics_create(); others may read the events.
 * Cost: cpSpaceStep() and O(events); no malloc once warm. Since: 0.1.
 */
FA_API FA_OUT_FRAME(3, 1) FA_CHECKED fa_status
    fa_physics_step(fa_physics *world, cpFloat dt,
                    const fa_physics_events **out);

/**
 * How many pairs touch, sensors included, rejected ones not.
 *
 * When to use: for checks; begins minus ends is the same number.
 * @param world the world.
 * @return pairs.
 * Valid until: the next step or removal. Owner: - Thread: any, between steps.
 * Cost: constant. Since: 0.1.
 */
FA_API uint32_t fa_physics_touching_count(const fa_physics *world);

/**
 * Whether two shapes touch.
 *
 * When to use: instead of a table of the program's own.
 * @param world the world.
 * @param a a shape.
 * @param b another, in any order.
 * @param out gets the pair; or NULL.
 * @return true when they touch.
 * Valid until: the next step or removal. Owner: a copy.
 * Thread: any, between steps. Cost: O(pairs of the world). Since: 0.1.
 */
FA_API bool fa_physics_touching(const fa_physics *world, const cpShape *a,
                                const cpShape *b, fa_physics_pair *out);

/**
 * All pairs that a shape touches, in frame memory.
 *
 * When to use: what is inside of a sensor now.
 * @param world the world.
 * @param shape the shape.
 * @param out gets the array, or NULL when it is empty.
 * @param count gets its length.
 * @return FA_OK; FA_ERR_NOMEM, FA_ERR_BUDGET or FA_ERR_STATE.
 * Valid until: the end of the frame. Owner: the frame.
 * Thread: as fa_physics_create(). Cost: O(pairs of the world). Since: 0.1.
 */
FA_API FA_OUT_FRAME(3, 1) FA_CHECKED fa_status
    fa_physics_overlaps(fa_physics *world, const cpShape *shape,
                        const fa_physics_pair **out, uint32_t *count);

/**
 * Figures of a world.
 *
 * When to use: to size budgets and to see what was dropped.
 * @param world the world.
 * @param out with struct_size set; members beyond it are not written.
 * @return FA_OK; FA_ERR_CONFIG when out is not initialised.
 * Valid until: a copy. Owner: the caller. Thread: as fa_physics_create().
 * Cost: constant. Since: 0.1.
 */
FA_API fa_status fa_physics_stats_read(const fa_physics *world,
                                       fa_physics_stats *out);

FA_END_DECLS

#include <framealloc/physics-change.h>
#include <framealloc/physics-query.h>

#endif
