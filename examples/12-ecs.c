/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Entities in archetypes, with systems that run in parallel.
 *
 * An archetype keeps entities that have the same components, as columns in
 * chunks from a pool; they live until the world ends. A stage is some systems
 * that do not disturb each other: each (system, chunk) pair is a job, and
 * workers take jobs until none is left. What a job finds goes into the arena
 * of the worker that runs it, by fa_ctx_frame(), and the main thread reads it
 * after the stage. After the last stage of a frame, workers end their frame.
 *
 * So nothing depends on which worker runs a system, or on which thread begins
 * and ends the frame. Each frame the output of each system is computed again,
 * in one loop from the entity's number, and compared.
 */
#include <framealloc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { WORKERS = 4, FRAMES = 120, CHUNK = 256, CHUNKS = 16, JOBS = 128 };
enum { ENTITIES = 3000, WALLS = 500 };
/* Components; an archetype is a set of them. */
enum { POSITION = 1, VELOCITY = 2, HEALTH = 4 };

struct chunk {
    unsigned count;
    unsigned entity[CHUNK];
    long position[CHUNK];
    long velocity[CHUNK];
    long health[CHUNK];
};

struct archetype {
    unsigned components;
    unsigned chunk_count;
    struct chunk *chunk[CHUNKS];
};

/* What a system found in a chunk: numbers of entities, in frame memory. */
struct found {
    unsigned count;
    unsigned entity[];
};

struct system {
    const char *name;
    unsigned components; /* Runs on archetypes that have all of these. */
    const struct found *(*run)(fa_frame *frame, struct chunk *chunk);
};

struct job {
    const struct system *system;
    struct chunk *chunk;
    const struct found *found; /* In the arena of the worker that ran it. */
};

struct world {
    fa_allocator *allocator;
    struct archetype archetype[2];
    struct job *job;    /* Of this stage; in the main thread's arena. */
    unsigned job_count; /* 0: the workers end their frame. */
    atomic_uint next_job;
    atomic_uint failed;
    bool is_over; /* Written before a barrier, read after it, as the jobs. */
    pthread_barrier_t begin, end;
};

/* --- archetypes --- */

static bool
add_entity(fa_ctx *ctx, struct archetype *archetype, unsigned entity)
{
    struct chunk *chunk = archetype->chunk_count == 0
                              ? NULL
                              : archetype->chunk[archetype->chunk_count - 1];
    if (chunk == NULL || chunk->count == CHUNK) {
        chunk = archetype->chunk_count == CHUNKS
                    ? NULL
                    : fa_pool_new(ctx, struct chunk);
        if (chunk == NULL)
            return false;
        archetype->chunk[archetype->chunk_count++] = chunk;
    }
    unsigned i = chunk->count++;
    chunk->entity[i] = entity;
    chunk->position[i] = entity;
    chunk->velocity[i] = (long)(entity % 7) - 3;
    chunk->health[i] = 100 + entity % 50;
    return true;
}

static void
free_archetype(fa_ctx *ctx, struct archetype *archetype)
{
    for (unsigned i = 0; i < archetype->chunk_count; i++)
        fa_pool_delete(ctx, struct chunk, archetype->chunk[i]);
}

/* --- systems --- */

static struct found *
start_finding(fa_frame *frame, const struct chunk *chunk)
{
    struct found *found =
        fa_frame_alloc(frame, sizeof(*found) + chunk->count * sizeof(unsigned),
                       FA_ALIGNOF(struct found));
    if (found != NULL)
        found->count = 0;
    return found;
}

/* Moves all, and finds those that stand on a multiple of 64 now. */
static const struct found *
move(fa_frame *frame, struct chunk *chunk)
{
    struct found *found = start_finding(frame, chunk);
    for (unsigned i = 0; found != NULL && i < chunk->count; i++) {
        chunk->position[i] += chunk->velocity[i];
        if (chunk->position[i] % 64 == 0)
            found->entity[found->count++] = chunk->entity[i];
    }
    return found;
}

/* Heals or hurts all, and finds those whose health is below 50. It runs
 * beside move(): other columns of the same chunks. */
static const struct found *
hurt(fa_frame *frame, struct chunk *chunk)
{
    struct found *found = start_finding(frame, chunk);
    for (unsigned i = 0; found != NULL && i < chunk->count; i++) {
        chunk->health[i] -= chunk->entity[i] % 3;
        if (chunk->health[i] < 50)
            found->entity[found->count++] = chunk->entity[i];
    }
    return found;
}

/* Finds what is near the origin: reads what move() of the stage before wrote.
 * The distances are scratch memory of the job, and dropped. */
static const struct found *
look(fa_frame *frame, struct chunk *chunk)
{
    struct found *found = start_finding(frame, chunk);
    fa_mark mark = fa_frame_checkpoint(frame);
    long *distance = fa_frame_array_raw(frame, long, chunk->count);
    if (found == NULL || distance == NULL)
        return NULL;
    for (unsigned i = 0; i < chunk->count; i++)
        distance[i] =
            chunk->position[i] < 0 ? -chunk->position[i] : chunk->position[i];
    for (unsigned i = 0; i < chunk->count; i++)
        if (distance[i] < 200)
            found->entity[found->count++] = chunk->entity[i];
    return fa_frame_rollback(frame, mark) == FA_OK ? found : NULL;
}

static const struct system systems[] = {
    {"move", POSITION | VELOCITY, move},
    {"hurt", HEALTH, hurt},
    {"look", POSITION, look},
};

/* --- what the systems must find, from the number of the entity alone --- */

static bool
is_found(size_t system, unsigned entity, uint64_t frame)
{
    long moved = entity < ENTITIES
                     ? ((long)(entity % 7) - 3) * (long)frame + (long)entity
                     : (long)entity;
    switch (system) {
    case 0:
        return entity < ENTITIES && moved % 64 == 0;
    case 1:
        return entity < ENTITIES &&
               100 + (long)(entity % 50) - (long)(entity % 3) * (long)frame <
                   50;
    default:
        return moved > -200 && moved < 200;
    }
}

/* Number of entities that the system missed, found wrongly or found twice. */
static unsigned
count_wrong(const struct world *world, size_t system, uint64_t frame)
{
    static unsigned char seen[ENTITIES + WALLS];
    unsigned wrong = 0;
    memset(seen, 0, sizeof(seen));
    for (unsigned i = 0; i < world->job_count; i++) {
        const struct job *job = &world->job[i];
        if (job->system != &systems[system] || job->found == NULL)
            continue;
        for (unsigned j = 0; j < job->found->count; j++)
            seen[job->found->entity[j] % (ENTITIES + WALLS)]++;
    }
    for (unsigned i = 0; i < ENTITIES + WALLS; i++)
        wrong += seen[i] != is_found(system, i, frame);
    return wrong;
}

/* --- stages --- */

static void
run_jobs(struct world *world, fa_ctx *ctx)
{
    unsigned i;
    while ((i = atomic_fetch_add(&world->next_job, 1)) < world->job_count) {
        struct job *job = &world->job[i];
        job->found = job->system->run(fa_ctx_frame(ctx), job->chunk);
        if (job->found == NULL)
            atomic_fetch_add(&world->failed, 1);
    }
}

static void *
work(void *argument)
{
    struct world *world = argument;
    fa_ctx *ctx = fa_ctx_current(world->allocator);
    for (;;) {
        pthread_barrier_wait(&world->begin);
        if (world->is_over)
            return NULL;
        fa_ctx_frame(ctx);
        if (world->job_count == 0)
            fa_ctx_end_frame(ctx);
        run_jobs(world, ctx);
        pthread_barrier_wait(&world->end);
    }
}

static void
add_jobs(struct world *world, const struct system *system)
{
    for (size_t i = 0; i < 2; i++) {
        struct archetype *archetype = &world->archetype[i];
        if ((archetype->components & system->components) != system->components)
            continue;
        for (unsigned j = 0; j < archetype->chunk_count; j++)
            world->job[world->job_count++] =
                (struct job){system, archetype->chunk[j], NULL};
    }
}

static void
run_workers(struct world *world)
{
    atomic_store(&world->next_job, 0);
    pthread_barrier_wait(&world->begin);
    pthread_barrier_wait(&world->end);
}

/* Runs systems first to last at once; the number of wrong outputs. */
static unsigned
run_stage(struct world *world, fa_frame *frame, size_t first, size_t last)
{
    unsigned wrong = 0;
    world->job = fa_frame_array_raw(frame, struct job, JOBS);
    world->job_count = 0;
    if (world->job == NULL)
        return 1;
    for (size_t i = first; i <= last; i++)
        add_jobs(world, &systems[i]);
    run_workers(world);
    for (size_t i = first; i <= last; i++)
        wrong += count_wrong(world, i, fa_frame_number(world->allocator));
    return wrong;
}

static unsigned
run_frame(struct world *world)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    unsigned wrong = run_stage(world, frame, 0, 1);
    wrong += run_stage(world, frame, 2, 2);
    world->job_count = 0;
    run_workers(world);
    world->job = NULL;
    fa_end_frame(world->allocator);
    return wrong;
}

/* --- the world --- */

static bool
fill_world(struct world *world)
{
    fa_ctx *ctx = fa_ctx_current(world->allocator);
    world->archetype[0].components = POSITION | VELOCITY | HEALTH;
    world->archetype[1].components = POSITION;
    bool ok = true;
    for (unsigned i = 0; i < ENTITIES + WALLS; i++)
        ok &= add_entity(ctx, &world->archetype[i >= ENTITIES], i);
    return ok;
}

static void
empty_world(struct world *world)
{
    fa_ctx *ctx = fa_ctx_current(world->allocator);
    free_archetype(ctx, &world->archetype[0]);
    free_archetype(ctx, &world->archetype[1]);
}

static unsigned
run_frames(struct world *world)
{
    unsigned wrong = 0;
    for (int i = 0; i < FRAMES; i++)
        wrong += run_frame(world);
    world->is_over = true;
    pthread_barrier_wait(&world->begin);
    return wrong + atomic_load(&world->failed);
}

int
main(void)
{
    static struct world world;
    pthread_t thread[WORKERS];
    if (fa_allocator_create(NULL, &world.allocator) != FA_OK ||
        !fill_world(&world))
        return 1;
    pthread_barrier_init(&world.begin, NULL, WORKERS + 1);
    pthread_barrier_init(&world.end, NULL, WORKERS + 1);
    for (int i = 0; i < WORKERS; i++)
        if (pthread_create(&thread[i], NULL, work, &world) != 0)
            return 1;
    unsigned wrong = run_frames(&world);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(thread[i], NULL);
    printf("%d frames of %zu systems on %d workers, %u wrong outputs\n", FRAMES,
           sizeof(systems) / sizeof(systems[0]), WORKERS, wrong);
    empty_world(&world);
    pthread_barrier_destroy(&world.begin);
    pthread_barrier_destroy(&world.end);
    fa_allocator_destroy(world.allocator);
    return wrong == 0 ? 0 : 1;
}
