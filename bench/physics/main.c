/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Benchmark of the physics module.
 *
 * All modes of a scene run in one process, interleaved step by step, so that
 * a busy neighbour meets all of them. Of each mode the mean of the steps
 * between the 10 % and the 60 % quantile counts; what persist costs is the
 * mean of the middle half of the differences of each step. CPU time of the
 * thread.
 *
 *     bench-physics                     all scenes, single figures, limits
 *     bench-physics --json              the limits as JSON; the rest to stderr
 *     bench-physics NAME                one scene or single figure
 *     bench-physics --count SCENE MODE  steps only, to count instructions
 */
#include "modes.h"

#include <chipmunk/chipmunk_private.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WARM 60

/* --- figures that have a limit --- */

enum { FIGURES = 64 };

static struct figure {
    char name[56];
    const char *unit;
    double value;
    double limit;
    bool is_most; /* The limit; otherwise it is the least. */
} figures[FIGURES];
static int figure_count;

static void
add_figure(const char *scene, const char *what, const char *unit, double value,
           bool is_most, double limit)
{
    struct figure *f = &figures[figure_count++];
    if (figure_count > FIGURES)
        abort();
    snprintf(f->name, sizeof(f->name), "%s%s%s", scene, *scene ? ": " : "",
             what);
    f->unit = unit;
    f->value = value;
    f->limit = limit;
    f->is_most = is_most;
}

static bool
is_met(const struct figure *f)
{
    return f->is_most ? f->value <= f->limit : f->value >= f->limit;
}

static void
print_table(void)
{
    printf("\n%-48s %10s %-6s %8s\n", "limit", "measured", "", "");
    for (int i = 0; i < figure_count; i++) {
        const struct figure *f = &figures[i];
        printf("%-48s %10.2f %-6s %s %-6g %s\n", f->name, f->value, f->unit,
               f->is_most ? "<=" : ">=", f->limit,
               is_met(f) ? "met" : "MISSED");
    }
}

static void
print_json(FILE *out)
{
    fprintf(out, "[");
    for (int i = 0; i < figure_count; i++) {
        const struct figure *f = &figures[i];
        fprintf(out,
                "%s\n  {\"name\": \"%s\", \"value\": %.3f, \"unit\": "
                "\"%s\", \"%s\": %g, \"met\": %s}",
                i == 0 ? "" : ",", f->name, f->value, f->unit,
                f->is_most ? "most" : "least", f->limit,
                is_met(f) ? "true" : "false");
    }
    fprintf(out, "\n]\n");
}

/* --- time --- */

static double
now_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Mean of what stands between two quantiles, in percent. Sorts. */
static double
between(double *samples, int count, int from, int to)
{
    double sum = 0;
    from = count * from / 100;
    to = count * to / 100;
    qsort(samples, (size_t)count, sizeof(*samples), compare);
    for (int i = from; i < to; i++)
        sum += samples[i];
    return sum / (to - from);
}

static double
trimmed(double *samples, int count)
{
    return between(samples, count, 10, 60);
}

/* What a step costs more in one mode than the same step in the other, which is
 * steadier than the difference of two means. */
static double
extra(const double *samples, const double *base, int count)
{
    double *difference = malloc((size_t)count * sizeof(*difference));
    if (difference == NULL)
        abort();
    for (int i = 0; i < count; i++)
        difference[i] = samples[i] - base[i];
    double mean = between(difference, count, 25, 75);
    free(difference);
    return mean;
}

/* --- scenes --- */

static void
run_scene(const struct scene_kind *kind)
{
    struct subject subject[MODES];
    double *sample[MODES];
    int steps = kind->steps;
    uint64_t calls[MODES] = {0};
    for (int m = 0; m < MODES; m++) {
        subject_open(&subject[m], (enum mode)m, kind);
        sample[m] = calloc((size_t)steps, sizeof(double));
        for (int i = 0; i < WARM; i++) {
            scene_before_step(&subject[m].scene);
            subject_step(&subject[m]);
        }
    }
    for (int i = 0; i < steps; i++)
        for (int m = 0; m < MODES; m++) {
            scene_before_step(&subject[m].scene);
            uint64_t before = malloc_calls();
            double start = now_us(CLOCK_THREAD_CPUTIME_ID);
            subject_step(&subject[m]);
            sample[m][i] = now_us(CLOCK_THREAD_CPUTIME_ID) - start;
            calls[m] += malloc_calls() - before;
        }
    double persist = extra(sample[MODE_FA_PERSIST], sample[MODE_FA], steps);
    double naive = extra(sample[MODE_NAIVE_PERSIST], sample[MODE_NAIVE], steps);
    double raw = trimmed(sample[MODE_RAW], steps);
    uint64_t hash = scene_hash(&subject[MODE_RAW].scene);
    printf("%s: %d bodies, raw %.1f us per step\n", kind->name, kind->bodies,
           raw);
    for (int m = 1; m < MODES; m++) {
        double time = trimmed(sample[m], steps);
        printf("  %-20s %+9.1f us  %+6.1f %%  %8.2f mallocs per step%s\n",
               mode_names[m], time - raw, (time / raw - 1) * 100,
               (double)calls[m] / steps,
               scene_hash(&subject[m].scene) == hash ? "" : "  OTHER RESULT");
    }
    double mallocs = (double)calls[MODE_FA_PERSIST] - (double)calls[MODE_RAW];
    double pairs = (double)subject[MODE_FA_PERSIST].pairs / (steps + WARM);
    add_figure(kind->name, "mallocs of events per step", "", mallocs / steps,
               true, 0);
    if (pairs > 100) {
        add_figure(kind->name, "persist, time per pair", "ns",
                   persist * 1000 / pairs, true, 20);
        add_figure(kind->name, "persist, naive by ours, time", "times",
                   naive / persist, false, 4);
    }
    for (int m = 0; m < MODES; m++) {
        subject_close(&subject[m]);
        free(sample[m]);
    }
}

/* --- single figures --- */

static const struct scene_kind *
kind_named(const char *name)
{
    for (int i = 0; i < SCENES; i++)
        if (strcmp(scene_kinds[i].name, name) == 0)
            return &scene_kinds[i];
    return NULL;
}

static void
settle(struct subject *s)
{
    for (int i = 0; i < WARM; i++)
        subject_step(s);
}

enum { REMOVED = 200 };

static double
remove_shapes(struct subject *s, bool at_once)
{
    cpShape **shapes = s->scene.shape;
    double start = now_us(CLOCK_THREAD_CPUTIME_ID);
    if (!at_once)
        for (int i = 0; i < REMOVED; i++)
            cpSpaceRemoveShape(s->scene.space, shapes[i]);
    else if (fa_physics_remove_shapes(s->world, shapes, REMOVED,
                                      FA_PHYSICS_KEEP) != FA_OK)
        abort();
    double time = now_us(CLOCK_THREAD_CPUTIME_ID) - start;
    for (int i = 0; i < REMOVED; i++)
        cpSpaceAddShape(s->scene.space, shapes[i]);
    /* They touch again. */
    for (int i = 0; i < 5; i++)
        subject_step(s);
    return time;
}

static void
bench_removal(void)
{
    enum { ROUNDS = 20 };
    double alone[ROUNDS], at_once[ROUNDS];
    struct subject s;
    subject_open(&s, MODE_FA, kind_named("circles5000"));
    settle(&s);
    for (int i = 0; i < ROUNDS; i++) {
        alone[i] = remove_shapes(&s, false);
        at_once[i] = remove_shapes(&s, true);
    }
    subject_close(&s);
    double slow = trimmed(alone, ROUNDS), fast = trimmed(at_once, ROUNDS);
    printf("removal of 200 shapes out of 5,000: one by one %.0f us, at once "
           "%.0f us, %.1f times (limit 10)\n",
           slow, fast, slow / fast);
    add_figure("", "removal of 200 of 5,000, one by one by at once", "times",
               slow / fast, false, 10);
}

static double
cast_all(struct subject *s, const fa_physics_ray *rays, uint32_t count,
         unsigned threads)
{
    const fa_physics_ray_hit *hits;
    fa_begin_frame(s->allocator);
    double start = now_us(CLOCK_MONOTONIC);
    if (fa_physics_ray_batch(s->world, rays, count, threads, 0, &hits) != FA_OK)
        abort();
    double time = now_us(CLOCK_MONOTONIC) - start;
    fa_end_frame(s->allocator);
    return time;
}

static void
bench_rays(void)
{
    enum { RAYS = 10000, ROUNDS = 60 };
    double one = 1e18, two = 1e18; /* The best: the clock is the wall's. */
    struct subject s;
    subject_open(&s, MODE_FA, kind_named("circles1000"));
    settle(&s);
    fa_physics_ray *rays = calloc(RAYS, sizeof(*rays));
    for (int i = 0; i < RAYS; i++) {
        cpFloat x = scene_random(&s.scene, -200, 200);
        rays[i].a = cpv(x, scene_random(&s.scene, -200, 200));
        cpFloat angle = scene_random(&s.scene, 0, 7);
        rays[i].b = cpvadd(rays[i].a, cpvmult(cpvforangle(angle), 200));
        rays[i].filter = CP_SHAPE_FILTER_ALL;
    }
    for (int i = 0; i < ROUNDS; i++) {
        one = fmin(one, cast_all(&s, rays, RAYS, 1));
        two = fmin(two, cast_all(&s, rays, RAYS, 2));
    }
    printf("10,000 rays: 1 thread %.0f us, 2 threads %.0f us, %.2f times "
           "(limit 1.6)\n",
           one, two, one / two);
    add_figure("", "10,000 rays, 1 thread by 2", "times", one / two, false,
               1.6);
    free(rays);
    subject_close(&s);
}

static void
bench_snapshot(void)
{
    enum { ROOM = 1 << 21, ROUNDS = 50 };
    struct scene scene;
    fa_allocator *allocator;
    fa_physics *world;
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    double take[ROUNDS], back[ROUNDS];
    size_t used = 0;
    void *buffer = malloc(ROOM);
    scene_open(&scene, kind_named("circles1000"));
    config.space = scene.space;
    config.flags = FA_PHYSICS_CANONICAL;
    if (fa_allocator_create(NULL, &allocator) != FA_OK ||
        fa_physics_create(allocator, &config, &world) != FA_OK)
        abort();
    for (int i = 0; i < WARM + ROUNDS; i++) {
        const fa_physics_events *events;
        fa_begin_frame(allocator);
        if (fa_physics_step(world, 1.0 / 60, &events) != FA_OK)
            abort();
        (void)events; /* what they cost is measured */
        fa_end_frame(allocator);
        if (i < WARM)
            continue;
        double start = now_us(CLOCK_THREAD_CPUTIME_ID);
        if (fa_physics_snapshot(world, buffer, ROOM, &used) != FA_OK)
            abort();
        double middle = now_us(CLOCK_THREAD_CPUTIME_ID);
        if (fa_physics_restore(world, buffer, used) != FA_OK)
            abort();
        take[i - WARM] = middle - start;
        back[i - WARM] = now_us(CLOCK_THREAD_CPUTIME_ID) - middle;
    }
    printf("snapshot of 1,000 bodies: %.0f us (limit 100), %.0f KB (limit 300)"
           ", restore %.0f us\n",
           trimmed(take, ROUNDS), (double)used / 1000, trimmed(back, ROUNDS));
    add_figure("", "snapshot of 1,000 bodies, time", "us",
               trimmed(take, ROUNDS), true, 100);
    add_figure("", "snapshot of 1,000 bodies, size", "KB", (double)used / 1000,
               true, 300);
    fa_physics_destroy(world);
    fa_allocator_destroy(allocator);
    scene_close(&scene);
    free(buffer);
}

enum { BULLETS = 60 };

static void
make_bullets(fa_physics *world, bool is_pooled, cpBody **body, cpShape **shape)
{
    for (int i = 0; i < BULLETS; i++)
        if (is_pooled) {
            body[i] = fa_physics_body_new(world, CP_BODY_TYPE_DYNAMIC, 1, 1);
            shape[i] = fa_physics_circle_new(world, body[i], 1, cpvzero);
        } else {
            body[i] = cpBodyNew(1, 1);
            shape[i] = cpCircleShapeNew(body[i], 1, cpvzero);
        }
}

static void
free_bullets(fa_physics *world, bool is_pooled, cpBody **body, cpShape **shape)
{
    for (int i = 0; i < BULLETS; i++)
        if (is_pooled) {
            fa_physics_shape_free(world, shape[i]);
            fa_physics_body_free(world, body[i]);
        } else {
            cpShapeFree(shape[i]);
            cpBodyFree(body[i]);
        }
}

static double
shoot(struct subject *s, bool is_pooled, bool is_spawned)
{
    enum { FRAMES = 2000 };
    static double samples[FRAMES];
    cpBody *body[BULLETS];
    cpShape *shape[BULLETS];
    for (int i = 0; i < FRAMES; i++) {
        double start = now_us(CLOCK_THREAD_CPUTIME_ID);
        make_bullets(s->world, is_pooled, body, shape);
        for (int k = 0; is_spawned && k < BULLETS; k++) {
            cpSpaceAddBody(s->scene.space, body[k]);
            cpSpaceAddShape(s->scene.space, shape[k]);
        }
        if (is_spawned && is_pooled) {
            if (fa_physics_remove_bodies(s->world, body, BULLETS,
                                         FA_PHYSICS_KEEP) != FA_OK)
                abort();
        } else if (is_spawned) {
            for (int k = 0; k < BULLETS; k++) {
                cpSpaceRemoveShape(s->scene.space, shape[k]);
                cpSpaceRemoveBody(s->scene.space, body[k]);
            }
        }
        free_bullets(s->world, is_pooled, body, shape);
        samples[i] = now_us(CLOCK_THREAD_CPUTIME_ID) - start;
    }
    return trimmed(samples, FRAMES);
}

static void
bench_bullets(void)
{
    struct subject s;
    subject_open(&s, MODE_FA, kind_named("pyramid14"));
    settle(&s);
    double raw = shoot(&s, false, false), ours = shoot(&s, true, false);
    printf("60 bodies with shapes, allocated, made and freed: malloc %.2f us, "
           "pools %.2f us, %.2f times (limit 2)\n",
           raw, ours, raw / ours);
    add_figure("", "60 bodies made and freed, malloc by pools", "times",
               raw / ours, false, 2);
    raw = shoot(&s, false, true);
    ours = shoot(&s, true, true);
    printf("  added to the space and removed too: one by one %.1f us, at once "
           "%.1f us, %.2f times\n",
           raw, ours, raw / ours);
    subject_close(&s);
}

/* Events, queries and deferred commands of a warm world. */
static void
bench_mallocs(void)
{
    enum { STEPS = 1000 };
    struct subject s;
    fa_physics_ray ray = {{-400, 50}, {400, 50}, 0, CP_SHAPE_FILTER_ALL};
    uint64_t before = 0;
    subject_open(&s, MODE_FA_PERSIST, kind_named("pyramid14"));
    for (int i = 0; i < STEPS + 400; i++) {
        const fa_physics_events *events;
        const fa_physics_ray_hit *hits;
        uint32_t count;
        if (i == 400)
            before = malloc_calls();
        fa_begin_frame(s.allocator);
        cpSpaceLock(s.scene.space);
        if (fa_physics_defer_impulse(s.world, s.scene.body[0], cpvzero,
                                     cpvzero) != FA_OK)
            abort();
        cpSpaceUnlock(s.scene.space, cpTrue);
        if (fa_physics_step(s.world, s.scene.kind->dt, &events) != FA_OK ||
            fa_physics_ray_all(s.world, &ray, 0, &hits, &count) != FA_OK)
            abort();
        (void)events;
        fa_end_frame(s.allocator);
    }
    add_figure("", "mallocs per step, events, queries, commands", "",
               (double)(malloc_calls() - before) / STEPS, true, 0);
    subject_close(&s);
}

/* --- instructions --- */

static int
count_steps(const char *scene, const char *mode, int steps)
{
    struct subject s;
    const struct scene_kind *kind = kind_named(scene);
    int m = 0;
    while (m < MODES && strcmp(mode_names[m], mode) != 0)
        m++;
    if (kind == NULL || m == MODES) {
        fprintf(stderr, "no scene \"%s\" or no mode \"%s\"\n", scene, mode);
        return 2;
    }
    subject_open(&s, (enum mode)m, kind);
    for (int i = 0; i < steps; i++) {
        scene_before_step(&s.scene);
        subject_step(&s);
    }
    printf("pairs %llu\n", (unsigned long long)s.pairs);
    subject_close(&s);
    return 0;
}

static const struct {
    const char *name;
    void (*run)(void);
} singles[] = {{"mallocs", bench_mallocs},
               {"removal", bench_removal},
               {"rays", bench_rays},
               {"snapshot", bench_snapshot},
               {"bullets", bench_bullets}};

enum { SINGLES = sizeof(singles) / sizeof(*singles) };

/* All of them, or the one of that name; how many were run. */
static int
run_named(const char *name)
{
    int count = 0;
    for (int i = 0; i < SCENES; i++)
        if (name == NULL || strcmp(name, scene_kinds[i].name) == 0) {
            run_scene(&scene_kinds[i]);
            count++;
        }
    for (int i = 0; i < SINGLES; i++)
        if (name == NULL || strcmp(name, singles[i].name) == 0) {
            singles[i].run();
            count++;
        }
    return count;
}

int
main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : NULL;
    if (argc == 5 && strcmp(argv[1], "--count") == 0)
        return count_steps(argv[2], argv[3], atoi(argv[4]));
    if (name != NULL && strcmp(name, "--json") == 0) {
        /* Chipmunk writes to stdout too. */
        FILE *out = fdopen(dup(STDOUT_FILENO), "w");
        if (out == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
            return 1;
        run_named(NULL);
        print_json(out);
        return fclose(out) != 0;
    }
    if (run_named(name) == 0) {
        fprintf(stderr, "no scene or figure \"%s\"\n", name);
        return 2;
    }
    print_table();
    return 0;
}
