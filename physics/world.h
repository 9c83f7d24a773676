/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The record of a world, and what the files of this folder share.
 *
 * Chipmunk's private structures are read, and three things in them changed:
 * begin and separate functions of handlers, skipPostStep while a step is
 * harvested, and in canonical mode the class of the dynamic index while it
 * runs. probe.c makes sure that the library has the layout of the headers.
 */
#ifndef FA_PHYSICS_WORLD_H
#define FA_PHYSICS_WORLD_H

#include <framealloc/physics.h>

#include <chipmunk/chipmunk_private.h>
#include <chipmunk/cpHastySpace.h>

#define PREFETCH(address) __builtin_prefetch(address)
#define INLINE            inline __attribute__((__always_inline__))
#define NOINLINE          __attribute__((__noinline__))
/* A type of two numbers, and the same in memory, at any address that suits one.
 * The latter is no type of a parameter or result: gcc 14 for arm64 dies of it. */
#define TWO_LANES(number) __attribute__((__vector_size__(2 * sizeof(number))))
#define LANES_IN_MEMORY(number) \
    __attribute__((__aligned__(sizeof(number)), __may_alias__))
/* Memory of arrays: no record of a power of two stands in one line more. */
#define ALIGN 64

/* Internal bits of a pair's flags, above the public ones. */
enum {
    PAIR_FRESH = 1u << 16,   /* Its begin has not been reported. */
    PAIR_QUIET = 1u << 17,   /* Its end was reported while Chipmunk keeps it. */
    PAIR_FLIPPED = 1u << 18, /* Chipmunk's a is our b. */
    PAIR_ROUNDED = 1u << 19  /* Of the kind whose points Chipmunk gets wrong. */
};
#define PAIR_PUBLIC 0xffffu

/* A growing array in memory of the heap. */
struct array {
    void *items;
    size_t count;
    size_t room;
};

/* Address to number: open addressing, linear probing. Addresses are never
 * followed. */
struct map {
    struct map_entry {
        const void *key; /* NULL: empty. */
        uint32_t value;
    } * entries;
    size_t mask; /* Entries - 1, or 0 without entries. */
    size_t count;
    unsigned shift; /* 64 - log2 of the entries. */
};

/* Two shapes that touch. Two cache lines, because each step reads all. Numbers
 * of steps are the lower halves, of which only differences count. */
struct pair {
    _Alignas(ALIGN) fa_physics_pair public;
    cpFloat speed; /* Of approach. */
    const cpArbiter *arb;
    uint32_t flags;   /* Public ones and PAIR_... */
    uint32_t wanted;  /* Events, of the pair filter. */
    uint32_t born;    /* Step whose begin array has it. */
    uint32_t told_at; /* Where, or UINT32_MAX. */
};

/* The program's functions of a handler whose place ours have taken. */
struct chain {
    cpCollisionHandler *handler;
    cpCollisionBeginFunc begin;
    cpCollisionSeparateFunc separate;
};

/* A body's pose before the step. */
struct pose {
    cpBody *body;
    cpVect position;
    cpFloat angle;
};

/* A pair that Chipmunk has separated while it still overlaps. */
struct held {
    struct pair pair;
    uint64_t step;
};

/* A key of sort_keys(). */
struct sort_key {
    uint64_t a;
    uint64_t b;
    uint32_t index;
};

/* Where the arrays of the step under way come from. */
struct room {
    fa_frame *frame;
    size_t left; /* Bytes of the budget. */
    size_t used;
    bool may_spill;  /* The program takes the events. */
    bool is_spilled; /* The last array is on the heap. */
};

/* What has a pool of its own. */
enum spawned {
    SPAWNED_BODY,
    SPAWNED_CIRCLE,
    SPAWNED_SEGMENT,
    SPAWNED_JOINT,
    SPAWNED
};

struct fa_physics {
    fa_physics_config config;
    fa_allocator *allocator;
    cpSpace *space;
    fa_ctx *ctx; /* Of the call under way. */
    bool owns_space;
    uint64_t step;
    uint64_t next_pair;
    struct array pairs; /* struct pair, in no order. */
    struct map by_arbiter;
    uint32_t touching;   /* Pairs that are neither rejected nor quiet. */
    uint32_t quiet;      /* Pairs that are. */
    struct array fresh;  /* const cpArbiter *: begins to report. */
    struct array ended;  /* struct pair, by value: ends to report. */
    struct array held;   /* struct held. */
    struct array chains; /* struct chain. */
    struct map by_handler;
    struct array poses;    /* struct pose: bodies before the step. */
    struct array sleepers; /* cpBody *: told to be asleep. */
    struct map is_sleeper;
    struct array slept;   /* fa_physics_sleep: to report. */
    struct array keys;    /* struct sort_key, twice as many as sorted. */
    struct array spilled; /* void *: event arrays on the heap. */
    int static_count;     /* Bodies when the last step ended. */
    int awake_count;
    int asleep_count;           /* Components. */
    fa_physics_contact *begins; /* Of this step, while REMOVED may be set. */
    uint32_t begin_count;
    fa_physics_stats stats;
    fa_physics_events fallback; /* Where not even the events fit. */
    cpFloat pending;            /* Time that no step has used; s. */
    bool notes_poses;           /* Poses are wanted without move events. */
    struct map by_body;         /* Poses, while bodies come and go. */
    struct map doomed;          /* What is being removed; see remove.c. */
    struct array doomed_shapes; /* cpShape *. */
    struct array doomed_bodies; /* cpBody *. */
    struct array doomed_joints; /* cpConstraint *. */
    struct command *commands;   /* Of callbacks, oldest first; see defer.c. */
    struct command *last_command;
    bool runs_commands;
    bool is_stepping; /* From the step's begin until its commands have run. */
    cpSpatialIndexClass *index_class; /* See canonical.c. */
    cpSpatialIndexClass own_class;
    struct array order; /* cpArbiter *: to sort. */
    struct array named; /* cpShape *: of by_id. */
    struct map by_id;   /* Shapes by their ids; see snapshot.c. */
    fa_ctx *pool_ctx;   /* Whose pools these are; see spawn.c. */
    fa_pool *pool[SPAWNED];
    cpBody body_model;       /* Mass and moment of 1. */
    struct crew *crew;       /* Threads of batches; see batch.c. */
    struct fa_physics *next; /* All worlds. */
};

/* --- memory.c: persistent memory of a world --- */

/* Fibonacci hashing: the upper bits spread addresses of any stride. */
static inline size_t
map_place(const struct map *map, const void *key)
{
    uint64_t hash = (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> map->shift);
}

/* The value, or UINT32_MAX. */
static inline uint32_t
map_find(const struct map *map, const void *key)
{
    if (map->entries == NULL)
        return UINT32_MAX;
    for (size_t i = map_place(map, key);; i = (i + 1) & map->mask) {
        if (map->entries[i].key == key)
            return map->entries[i].value;
        if (map->entries[i].key == NULL)
            return UINT32_MAX;
    }
}

/* Room for one more item; NULL when there is no memory. */
void *array_push(fa_physics *world, struct array *array, size_t size);
bool array_reserve(fa_physics *world, struct array *array, size_t count,
                   size_t size);
void array_free(fa_physics *world, struct array *array);
bool map_set(fa_physics *world, struct map *map, const void *key,
             uint32_t value);
/* Room for so many keys; what is set afterwards needs no memory. */
bool map_reserve(fa_physics *world, struct map *map, size_t count);
void map_remove(struct map *map, const void *key);
void map_clear(struct map *map);
void map_free(fa_physics *world, struct map *map);
bool sort_is_less(const struct sort_key *x, const struct sort_key *y);
/* Sorts keys[0 .. count) by a, then b; keys has room for twice as many. */
void sort_keys(struct sort_key *keys, size_t count);

/* --- pair.c: the table of pairs --- */

struct pair *pair_find(const fa_physics *world, const cpArbiter *arb);
/* What two shapes are called in events; true when the order is b, a. */
bool pair_describe(const cpShape *a, const cpShape *b, fa_physics_pair *out);
/* A pair has begun; speed of approach is read from the arbiter. */
void pair_begin(fa_physics *world, const cpArbiter *arb, uint32_t flags);
/* The pair of this arbiter has ended; flags are added. */
void pair_end(fa_physics *world, const cpArbiter *arb, uint32_t flags);
/* The end is reported, but Chipmunk keeps the arbiter. */
void pair_end_quietly(fa_physics *world, struct pair *pair);
void pair_end_copy(fa_physics *world, const struct pair *pair);
/* Puts a pair that was dropped back, for another arbiter. */
void pair_readd(fa_physics *world, const cpArbiter *arb,
                const struct pair *pair);
/* The program ignores the pair after its begin. */
void pair_reject(fa_physics *world, struct pair *pair);
/* Takes the pair out of the table, without an end. */
void pair_drop(fa_physics *world, struct pair *pair);

/* --- hook.c: begin and separate functions --- */

/* Hooks handlers that are new or were set anew; true when some were. */
bool hooks_renew(fa_physics *world);
void hooks_remove(fa_physics *world);
/* Callbacks of this thread belong to this world; returns the one before. */
fa_physics *hooks_enter(fa_physics *world);
void hooks_add_world(fa_physics *world);
void hooks_remove_world(fa_physics *world);
/* The world that follows a space, or NULL. */
fa_physics *hooks_world_of(const cpSpace *space);

/* --- sleep.c: what Chipmunk gets wrong about sleep, and sleep events --- */

/* Pairs that touch already. With is_silent, no begin is reported. */
void adopt_pairs(fa_physics *world, bool is_silent);
/* True when the pair still overlaps and is held instead of ended. */
bool sleep_hold(fa_physics *world, const cpArbiter *arb);
/* The held pair of these shapes goes on with this arbiter. */
bool sleep_resume(fa_physics *world, const cpArbiter *arb);
/* Who sleeps when the world is made. */
void sleep_attach(fa_physics *world);
void sleep_before(fa_physics *world);
void sleep_after(fa_physics *world);

/* --- event.c: arrays --- */

/* Room for up to *count items of size bytes; *count becomes what fits. */
void *room_take(fa_physics *world, struct room *room, uint32_t *count,
                size_t size, uint32_t *dropped);
/* Bytes that the ends take that are known so far. */
size_t events_pending_ends(const fa_physics *world);
void events_begins(fa_physics *world, struct room *room,
                   fa_physics_events *events);
void events_persists(fa_physics *world, struct room *room,
                     fa_physics_events *events);
void events_hits(fa_physics *world, struct room *room,
                 fa_physics_events *events);
void events_ends(fa_physics *world, struct room *room,
                 fa_physics_events *events);

/* --- motion.c: bodies and joints --- */

/* Notes poses. */
void motion_before(fa_physics *world);
void events_moves(fa_physics *world, struct room *room,
                  fa_physics_events *events);
void events_sleep(fa_physics *world, struct room *room,
                  fa_physics_events *events);
void events_joints(fa_physics *world, struct room *room,
                   fa_physics_events *events);

/* --- remove.c --- */

/* Marks what is in the space; false when there is no memory. */
bool remove_mark_body(fa_physics *world, cpBody *body);
bool remove_mark_shape(fa_physics *world, cpShape *shape);
void remove_marked(fa_physics *world, fa_physics_fate fate);
/* What could not be marked: needs no memory. Shapes go before remove_marked(),
 * bodies after it. */
void remove_alone_shape(fa_physics *world, cpShape *shape,
                        fa_physics_fate fate);
void remove_alone_body(fa_physics *world, cpBody *body, fa_physics_fate fate);

/* --- defer.c --- */

/* Runs the commands that callbacks have given. */
void defer_run(fa_physics *world);

/* --- probe.c --- */

/* Tests Chipmunk once per process: NULL, or what is wrong with it. */
const char *probe_chipmunk(void);
/* Circle against a polygon with a radius: point b is off by twice that. */
bool probe_has_rounded_bug(void);
/* The index is Chipmunk's tree, which may be read by many threads. */
bool probe_is_tree(const cpSpatialIndex *index);

/* --- step.c --- */

/* The context for a call of the program. */
fa_ctx *world_ctx(const fa_physics *world);

#endif
