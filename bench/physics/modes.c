/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The subjects. What a program builds on callbacks, in two ways, and ours.
 *
 * Each keeps the same facts of a contact: shapes, user data, normal, points,
 * impulses. The callbacks use Chipmunk's public functions, as programs do.
 */
#include "modes.h"

#include <stdatomic.h>
#include <stdlib.h>

const char *const mode_names[MODES] = {"raw",
                                       "naive",
                                       "naive+persist",
                                       "arrays",
                                       "arrays+persist",
                                       "framealloc",
                                       "framealloc+persist"};

struct event {
    struct event *next;
    int kind;
    cpShape *a, *b;
    void *user_a, *user_b;
    cpContactPointSet points;
    cpVect impulse;
};

#define ARRAY_ROOM ((size_t)1 << 16)

/* --- counting malloc: glibc's own functions have these names --- */

static atomic_ullong calls;

uint64_t
malloc_calls(void)
{
    return atomic_load_explicit(&calls, memory_order_relaxed);
}

/* Sanitizers bring their own malloc; then nothing is counted. */
#if defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define IS_SANITIZED
#    endif
#endif
#if !defined(IS_SANITIZED) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);

static void
count_call(void)
{
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
}

void *
malloc(size_t size)
{
    count_call();
    return __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    count_call();
    return __libc_calloc(count, size);
}

void *
realloc(void *block, size_t size)
{
    count_call();
    return __libc_realloc(block, size);
}

void
free(void *block)
{
    if (block != NULL)
        count_call();
    __libc_free(block);
}

#endif

/* --- what programs do --- */

static struct event *
new_event(struct subject *s)
{
    if (s->mode == MODE_ARRAYS || s->mode == MODE_ARRAYS_PERSIST)
        return s->count < ARRAY_ROOM ? &s->array[s->count++] : NULL;
    struct event *event = malloc(sizeof(*event));
    if (event == NULL)
        return NULL;
    event->next = s->list;
    s->list = event;
    return event;
}

static void
note(struct subject *s, cpArbiter *arb, int kind)
{
    struct event *event = new_event(s);
    if (event == NULL)
        return;
    CP_ARBITER_GET_SHAPES(arb, a, b);
    event->kind = kind;
    event->a = a;
    event->b = b;
    event->user_a = cpShapeGetUserData(a);
    event->user_b = cpShapeGetUserData(b);
    if (kind != 1) {
        event->points = cpArbiterGetContactPointSet(arb);
        event->impulse = cpArbiterTotalImpulse(arb);
    }
}

static cpBool
note_begin(cpArbiter *arb, cpSpace *space, cpDataPointer subject)
{
    (void)space;
    note(subject, arb, 0);
    return cpTrue;
}

static void
note_end(cpArbiter *arb, cpSpace *space, cpDataPointer subject)
{
    (void)space;
    note(subject, arb, 1);
}

static void
note_persist(cpArbiter *arb, cpSpace *space, cpDataPointer subject)
{
    (void)space;
    note(subject, arb, 2);
}

static void
add_callbacks(struct subject *s)
{
    cpCollisionHandler *handler =
        cpSpaceAddDefaultCollisionHandler(s->scene.space);
    handler->userData = s;
    handler->beginFunc = note_begin;
    handler->separateFunc = note_end;
    if (s->mode == MODE_NAIVE_PERSIST || s->mode == MODE_ARRAYS_PERSIST)
        handler->postSolveFunc = note_persist;
}

static void
consume(struct subject *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->events += s->array[i].a != NULL;
    s->count = 0;
    while (s->list != NULL) {
        struct event *event = s->list;
        s->list = event->next;
        s->events += event->a != NULL;
        free(event);
    }
}

/* --- ours --- */

static void
attach(struct subject *s)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    config.space = s->scene.space;
    config.events = FA_PHYSICS_BEGIN | FA_PHYSICS_END | FA_PHYSICS_SENSOR;
    if (s->mode == MODE_FA_PERSIST)
        config.events |= FA_PHYSICS_PERSIST;
    if (fa_allocator_create(NULL, &s->allocator) != FA_OK ||
        fa_physics_create(s->allocator, &config, &s->world) != FA_OK)
        abort();
}

static void
step_world(struct subject *s)
{
    const fa_physics_events *events;
    fa_begin_frame(s->allocator);
    if (fa_physics_step(s->world, s->scene.kind->dt, &events) != FA_OK)
        abort();
    s->events += events->begin_count + events->end_count +
                 events->sensor_begin_count + events->sensor_end_count +
                 events->persist_count;
    s->pairs += events->persist_count;
    s->last = *events;
    fa_end_frame(s->allocator);
}

/* --- subjects --- */

void
subject_open(struct subject *s, enum mode mode, const struct scene_kind *kind)
{
    *s = (struct subject){.mode = mode};
    scene_open(&s->scene, kind);
    s->array = calloc(ARRAY_ROOM, sizeof(*s->array));
    if (s->array == NULL)
        abort();
    if (mode >= MODE_FA)
        attach(s);
    else if (mode != MODE_RAW)
        add_callbacks(s);
}

void
subject_step(struct subject *s)
{
    if (s->world != NULL) {
        step_world(s);
        return;
    }
    cpSpaceStep(s->scene.space, s->scene.kind->dt);
    consume(s);
}

void
subject_close(struct subject *s)
{
    fa_physics_destroy(s->world);
    scene_close(&s->scene);
    fa_allocator_destroy(s->allocator);
    consume(s);
    free(s->array);
}
