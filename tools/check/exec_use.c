/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory is touched: is it still there?
 */
#include "check/exec.h"

static void
report_dead(struct exec *exec, struct object *object, struct event at)
{
    const struct verdict_note notes[] = {
        {object->made, "+the memory is allocated here"},
        {object->ended, "its frame or arena ends here"}};
    verdict_add(exec->reports, exec->program, exec->state,
                object->kind == OBJECT_DEVICE ? 555 : 606, at, notes, 2,
                "memory of %s is used after its end",
                exec_name(exec, object->arena));
    object->status = OBJECT_IGNORED;
}

static void
report_freed(struct exec *exec, struct object *object, struct event at)
{
    const struct verdict_note notes[] = {
        {object->made, "+the memory is allocated here"},
        {object->ended, "it is freed here"}};
    verdict_add(exec->reports, exec->program, exec->state,
                object->kind == OBJECT_DEVICE ? 555 : 609, at, notes, 2,
                "memory is used after it was freed");
    object->status = OBJECT_IGNORED;
}

static void
report_moved(struct exec *exec, struct object *object, struct event at)
{
    const struct verdict_note notes[] = {
        {object->made, "+the memory is allocated here"},
        {object->ended, "what it is part of may move here"}};
    verdict_add(exec->reports, exec->program, exec->state, 612, at, notes, 2,
                "a pointer is used that was taken before its container grew");
    object->status = OBJECT_IGNORED;
}

static void
report_sent(struct exec *exec, struct object *object, struct event at)
{
    const struct verdict_note notes[] = {
        {object->made, "+the memory is allocated here"},
        {object->ended, "it is handed over here"}};
    verdict_add(exec->reports, exec->program, exec->state, 609, at, notes, 2,
                "memory is used after it was handed over");
    object->status = OBJECT_IGNORED;
}

static void
report_hidden(struct exec *exec, struct object *object, struct event at)
{
    value pointer = place_at(&exec->values, object->base)->b;
    const struct verdict_note notes[] = {
        {object->made, "it is asked for as memory of the device here"}};
    object->status = OBJECT_IGNORED;
    /* Where it was seen that there is an address, all is well. */
    if (state_truth(exec->state, &exec->values, pointer) == 1)
        return;
    verdict_add(exec->reports, exec->program, exec->state, 554, at, notes, 1,
                "memory is touched that the processor may not see");
}

static void
report_suspended(struct exec *exec, struct object *object, struct event at)
{
    const struct verdict_note notes[] = {
        {object->made, "+the memory is allocated here"},
        {exec->state->suspended, "other code may end the frame here"}};
    verdict_add(exec->reports, exec->program, exec->state, 702, at, notes, 2,
                "frame memory from before a suspension is used behind it");
    object->is_suspended = false;
}

/* A pointer that was read from a list in an earlier round may be read again,
 * and be another one: not all that changes a list is seen. */
bool
exec_may_be_another(struct exec *exec, const struct object *object)
{
    if (object->kind != OBJECT_UNKNOWN || object->rounds == exec->state->rounds)
        return false;
    const struct place_entry *base = place_at(&exec->values, object->base);
    if (base->kind != PLACE_DEREF)
        return false;
    const struct value_entry *pointer = value_at(&exec->values, base->b);
    return pointer->kind != VALUE_INITIAL ||
           place_at(&exec->values, pointer->a)->kind != PLACE_VAR;
}

static void
use_object(struct exec *exec, int32_t index)
{
    struct object *object = &exec->state->objects[index];
    struct event at = exec_here(exec);
    if (object->status == OBJECT_FREED && exec_may_be_another(exec, object))
        return;
    switch (object->status) {
    case OBJECT_DEAD:
        report_dead(exec, object, at);
        break;
    case OBJECT_FREED:
        report_freed(exec, object, at);
        break;
    case OBJECT_MOVED:
        report_moved(exec, object, at);
        break;
    case OBJECT_SENT:
        report_sent(exec, object, at);
        break;
    case OBJECT_HIDDEN:
        report_hidden(exec, object, at);
        break;
    default:
        if (object->is_suspended)
            report_suspended(exec, object, at);
        /* It was not looked at, but it is used: it is there. */
        if (object->is_maybe_null)
            object->is_maybe_null = false;
    }
}

void
exec_use(struct exec *exec, place p)
{
    int32_t index = state_object_at(exec->state, &exec->values, p);
    if (index >= 0)
        use_object(exec, index);
}

void
exec_use_value(struct exec *exec, value v)
{
    const struct value_entry *entry = value_at(&exec->values, v);
    if (entry->kind == VALUE_WHOLE) {
        exec_use(exec, entry->a);
        return;
    }
    int32_t index = state_object(exec->state, &exec->values, v);
    if (index < 0)
        return;
    uint8_t status = exec->state->objects[index].status;
    bool was_maybe_null = exec->state->objects[index].is_maybe_null;
    if (status == OBJECT_LIVE && !exec->state->objects[index].is_suspended)
        return; /* passing a pointer does not say that it is not NULL */
    use_object(exec, index);
    exec->state->objects[index].is_maybe_null = was_maybe_null;
}
