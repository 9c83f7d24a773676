/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Makes the replay plan of a trace: one pass counts, a second one fills the
 * file in. The reader has checked the trace, so nothing is checked again here.
 */
#include "plan.h"

#include "intent.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_SLOT UINT32_MAX

/* Hands out slots; both arrays have one element per object. */
struct slots {
    uint32_t *of_objects;
    uint32_t *free;
    uint32_t free_count;
    uint32_t count; /* ever given out */
};

static bool
create_slots(struct slots *slots, uint32_t object_count)
{
    *slots = (struct slots){
        .of_objects = malloc(((size_t)object_count + 1) * sizeof(uint32_t)),
        .free = malloc(((size_t)object_count + 1) * sizeof(uint32_t))};
    if (slots->of_objects == NULL || slots->free == NULL) {
        free(slots->of_objects);
        free(slots->free);
        return false;
    }
    for (uint32_t i = 0; i < object_count; i++)
        slots->of_objects[i] = NO_SLOT;
    return true;
}

static uint32_t
take_slot(struct slots *slots, uint32_t object)
{
    uint32_t slot = slots->free_count != 0 ? slots->free[--slots->free_count]
                                           : slots->count++;
    slots->of_objects[object] = slot;
    return slot;
}

static uint32_t
give_slot(struct slots *slots, uint32_t object)
{
    uint32_t slot = slots->of_objects[object];

    slots->of_objects[object] = NO_SLOT;
    slots->free[slots->free_count++] = slot;
    return slot;
}

static struct plan_event
plan_one(struct slots *slots, const struct trace *trace,
         const struct trace_event *event)
{
    uint32_t slot;

    if (event->op == TRACE_ALLOC)
        slot = take_slot(slots, event->object);
    else if (event->op == TRACE_FREE)
        slot = give_slot(slots, event->object);
    else
        slot = slots->of_objects[event->object];
    return (struct plan_event){
        .slot = slot,
        .size = event->size,
        .old_size = event->old_size,
        .step = event->op,
        .rule = intent_rule_of(&trace->objects[event->object]),
        .align_log2 = event->align_log2,
        .flags = (uint8_t)(event->flags | event->op)};
}

/* Frees of the objects that are live behind the last frame. */
static void
plan_tail(struct plan *plan, struct slots *slots, const struct trace *trace,
          const uint32_t *sizes)
{
    struct plan_event *event = plan->events + plan->head->event_count;

    for (uint32_t i = 0; i < trace->object_count; i++) {
        if (slots->of_objects[i] == NO_SLOT)
            continue;
        const struct trace_object *object = &trace->objects[i];
        struct trace_event end = {.object = i,
                                  .size = sizes[i],
                                  .op = TRACE_FREE,
                                  .flags = object->flags,
                                  .align_log2 = object->align_log2};
        *event++ = plan_one(slots, trace, &end);
    }
}

static void
count_events(struct plan_head *head, const struct trace *trace)
{
    uint64_t live_bytes = 0;

    for (uint32_t i = 0; i < head->event_count; i++) {
        const struct trace_event *event = &trace->events[i];
        if (event->op == TRACE_FREE) {
            live_bytes -= event->size;
            head->tail_count--;
            continue;
        }
        head->request_count++;
        head->tail_count += event->op == TRACE_ALLOC;
        live_bytes = live_bytes + event->size - event->old_size;
        if (live_bytes > head->peak_bytes)
            head->peak_bytes = live_bytes;
    }
}

static size_t
plan_size(const struct plan_head *head)
{
    return PLAN_EVENTS_OFFSET +
           ((size_t)head->event_count + head->tail_count) *
               sizeof(struct plan_event) +
           (size_t)head->frame_count * sizeof(uint32_t);
}

static bool
map_plan(struct plan *plan, int fd, size_t size, int flags)
{
    void *bytes =
        mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, fd, 0);

    if (bytes == MAP_FAILED)
        return false;
    *plan =
        (struct plan){.fd = fd,
                      .head = bytes,
                      .events = (void *)((char *)bytes + PLAN_EVENTS_OFFSET),
                      .mapped_size = size};
    return true;
}

static void
set_frame_ends(struct plan *plan)
{
    plan->frame_ends = (uint32_t *)(plan->events + plan->head->event_count +
                                    plan->head->tail_count);
}

static void
fill_plan(struct plan *plan, const struct trace *trace, struct slots *slots,
          uint32_t *sizes)
{
    for (uint32_t i = 0; i < plan->head->event_count; i++) {
        const struct trace_event *event = &trace->events[i];
        sizes[event->object] = event->size;
        plan->events[i] = plan_one(slots, trace, event);
    }
    plan_tail(plan, slots, trace, sizes);
    plan->head->slot_count = slots->count;
    for (uint32_t i = 0; i < plan->head->frame_count; i++)
        plan->frame_ends[i] = trace->frame_ends[i];
}

bool
plan_create(struct plan *plan, const struct trace *trace, uint32_t frames)
{
    struct plan_head head = {.frame_count = frames < trace->frame_count
                                                ? frames
                                                : trace->frame_count};
    struct slots slots;
    bool is_made = false;

    if (head.frame_count != 0)
        head.event_count = trace->frame_ends[head.frame_count - 1];
    count_events(&head, trace);
    if (!create_slots(&slots, trace->object_count))
        return false;
    uint32_t *sizes = calloc((size_t)trace->object_count + 1, sizeof *sizes);
    int fd = memfd_create("framealloc-plan", 0);
    if (sizes != NULL && fd >= 0 &&
        ftruncate(fd, (off_t)plan_size(&head)) == 0 &&
        map_plan(plan, fd, plan_size(&head), MAP_SHARED)) {
        *plan->head = head;
        set_frame_ends(plan);
        fill_plan(plan, trace, &slots, sizes);
        is_made = true;
    } else if (fd >= 0) {
        close(fd);
    }
    free(sizes);
    free(slots.of_objects);
    free(slots.free);
    return is_made;
}

bool
plan_open(struct plan *plan, int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0 ||
        !map_plan(plan, fd, (size_t)status.st_size, MAP_PRIVATE))
        return false;
    set_frame_ends(plan);
    return true;
}

void
plan_destroy(struct plan *plan)
{
    munmap(plan->head, plan->mapped_size);
    close(plan->fd);
}
