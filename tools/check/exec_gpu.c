/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory of graphics devices: FA551 to FA555.
 */
#include "check/exec_module.h"

#include <string.h>

/* As in framealloc/gpu.h. */
enum { DEVICE_ONLY = 0, STAGING = 3, COPY_SOURCE = 1, COPY_TARGET = 2 };

static place
member(struct exec *exec, place p, const char *name)
{
    return place_field(&exec->values, p, program_symbol(exec->program, name));
}

int64_t
module_known(struct exec *exec, place p, const char *name)
{
    int64_t n;
    const struct binding *binding =
        state_binding(exec->state, member(exec, p, name));
    return binding != NULL && value_is_int(&exec->values, binding->value, &n)
               ? n
               : -1;
}

void
module_note(struct exec *exec, place p, const char *name, int64_t n)
{
    state_write(exec->state, &exec->values, member(exec, p, name),
                value_int(&exec->values, n), exec_here(exec));
}

static int64_t
number_at(struct exec *exec, place p, const char *name)
{
    int64_t n;
    value v = state_read(exec->state, &exec->values, member(exec, p, name));
    return state_number(exec->state, &exec->values, v, &n) ? n : -1;
}

/* The place of a structure that is passed by value. */
static bool
place_of_whole(const struct exec *exec, value v, place *out)
{
    const struct value_entry *entry = value_at(&exec->values, v);
    *out = entry->a;
    return entry->kind == VALUE_WHOLE;
}

static void
report(struct exec *exec, unsigned number, place p, const char *name,
       const char *note, const char *message)
{
    const struct binding *binding =
        state_binding(exec->state, member(exec, p, name));
    struct verdict_note notes[] = {{exec_here(exec), note}};
    if (binding != NULL)
        notes[0].at = binding->stored;
    verdict_add(exec->reports, exec->program, exec->state, number,
                exec_here(exec), notes, binding != NULL, "%s", message);
}

/* The pointer of a slice that is new. */
static place
give_pointer(struct exec *exec, place slice)
{
    value pointer = exec_fresh(exec);
    state_write(exec->state, &exec->values, member(exec, slice, "ptr"), pointer,
                exec_here(exec));
    return value_target(&exec->values, pointer);
}

static void
set_intent(struct exec *exec, place slice, place bytes, int64_t intent)
{
    if (intent < 0)
        return;
    module_note(exec, slice, "#intent", intent);
    if (intent == DEVICE_ONLY)
        module_note(exec, bytes, "#device", 1);
}

static void
note_owned(struct exec *exec, place p, const char *name, value status)
{
    module_note(exec, p, name, 1);
    state_write(exec->state, &exec->values, member(exec, p, "#status"), status,
                exec_here(exec));
}

static void
alloc(struct exec *exec, const value *args, value status)
{
    place request = value_target(&exec->values, args[1]);
    place slice = value_target(&exec->values, args[2]);
    int64_t uses = number_at(exec, request, "uses");
    int64_t intent = number_at(exec, request, "intent");
    state_forget(exec->state, &exec->values, slice);
    place bytes = give_pointer(exec, slice);
    if (uses > 0) /* 0: all that the intent allows */
        module_note(exec, slice, "#uses", uses);
    set_intent(exec, slice, bytes, intent);
    if (intent == STAGING)
        note_owned(exec, slice, "#slice", status);
}

static void
frame_alloc(struct exec *exec, const value *args)
{
    int64_t intent;
    place slice = value_target(&exec->values, args[4]);
    state_forget(exec->state, &exec->values, slice);
    place bytes = give_pointer(exec, slice);
    module_note(exec, bytes, "#frame", 1);
    if (state_number(exec->state, &exec->values, args[1], &intent))
        set_intent(exec, slice, bytes, intent);
}

/* All that was allocated in the frame is gone. */
static void
end_frame(struct exec *exec)
{
    uint32_t name = program_symbol(exec->program, "#frame");
    uint32_t count = exec->state->binding_count;
    place gone[64];
    uint32_t gone_count = 0;
    for (uint32_t i = 0; i < count && gone_count < 64; i++) {
        const struct place_entry *p =
            place_at(&exec->values, exec->state->bindings[i].place);
        if (p->kind == PLACE_FIELD && p->b == name)
            gone[gone_count++] = p->a;
    }
    for (uint32_t i = 0; i < gone_count; i++)
        module_note(exec, gone[i], "#freed", 1);
}

static void
check_live(struct exec *exec, place slice)
{
    if (module_known(exec, slice, "#freed") == 1)
        report(exec, 555, slice, "#freed", "it is freed here",
               "a GPU slice is used after it was freed");
}

static void
free_slice(struct exec *exec, value v)
{
    place slice = value_target(&exec->values, v);
    value pointer =
        state_read(exec->state, &exec->values, member(exec, slice, "ptr"));
    module_note(exec, slice, "#freed", 1);
    module_note(exec, slice, "#slice", 0);
    if (value_at(&exec->values, pointer)->kind != VALUE_INT)
        module_note(exec, value_target(&exec->values, pointer), "#freed", 1);
}

static void
check_visible(struct exec *exec, value v)
{
    place slice = value_target(&exec->values, v);
    check_live(exec, slice);
    if (module_known(exec, slice, "#intent") == DEVICE_ONLY)
        report(exec, 554, slice, "#intent", "it is allocated here",
               "the CPU cannot see this GPU memory");
}

static void
check_uses(struct exec *exec, value v, int64_t needed)
{
    place slice = value_target(&exec->values, v);
    check_live(exec, slice);
    int64_t uses = module_known(exec, slice, "#uses");
    if (uses >= 0 && (uses & needed) == 0)
        report(exec, 552, slice, "#uses", "it is allocated here",
               needed == COPY_TARGET
                   ? "GPU memory without FA_GPU_USE_COPY_TARGET is copied to"
                   : "GPU memory without FA_GPU_USE_COPY_SOURCE is copied "
                     "from");
}

static void
give_ticket(struct exec *exec, value out, value status, bool is_result)
{
    place ticket = value_target(&exec->values, out);
    state_forget(exec->state, &exec->values, ticket);
    note_owned(exec, ticket, "#ticket", status);
    if (is_result)
        module_note(exec, ticket, "#waited", 0);
}

/* Functions that make a slice or a ticket; the rest is as usual. */
static bool
make(struct exec *exec, const char *name, const value *args, uint32_t count,
     value status)
{
    if (strcmp(name, "alloc") == 0 && count == 3) {
        alloc(exec, args, status);
    } else if (strcmp(name, "frame_alloc") == 0 && count == 5) {
        frame_alloc(exec, args);
    } else if (strcmp(name, "transfer_to_gpu") == 0 && count == 6) {
        check_uses(exec, args[1], COPY_TARGET);
        exec_use_value(exec, args[3]);
        give_ticket(exec, args[5], status, false);
    } else if (strcmp(name, "transfer_to_cpu") == 0 && count == 5) {
        check_uses(exec, args[1], COPY_SOURCE);
        give_ticket(exec, args[4], status, true);
    } else if (strcmp(name, "transfer_copy") == 0 && count == 7) {
        check_uses(exec, args[1], COPY_SOURCE);
        check_uses(exec, args[3], COPY_TARGET);
        give_ticket(exec, args[6], status, false);
    } else {
        return false;
    }
    return true;
}

static void
look_at_ticket(struct exec *exec, const char *name, value v)
{
    place ticket;
    if (!place_of_whole(exec, v, &ticket))
        return;
    if (strcmp(name, "wait") == 0 || strcmp(name, "status") == 0)
        module_note(exec, ticket, "#waited", 1);
    if (strcmp(name, "release") == 0)
        module_note(exec, ticket, "#ticket", 0);
    if (strcmp(name, "result") == 0 &&
        module_known(exec, ticket, "#waited") == 0)
        report(exec, 553, ticket, "#waited", "the transfer begins here",
               "the result of a transfer is read before it is complete");
}

bool
exec_gpu(struct exec *exec, const char *name, const value *args, uint32_t count,
         value *result)
{
    if (strncmp(name, "fa_gpu_", 7) != 0 || count == 0)
        return false;
    name += 7;
    exec->has_gpu = true;
    *result = exec_fresh(exec);
    if (make(exec, name, args, count, *result))
        return true;
    if (strcmp(name, "end_frame") == 0)
        end_frame(exec);
    if (count < 2)
        return false;
    if (strcmp(name, "free") == 0)
        free_slice(exec, args[1]);
    if (strcmp(name, "slice_write") == 0 || strcmp(name, "slice_read") == 0)
        check_visible(exec, args[1]);
    if (strncmp(name, "transfer_", 9) == 0)
        look_at_ticket(exec, name + 9, args[1]);
    return false;
}

void
exec_gpu_use(struct exec *exec, place p)
{
    if (!exec->has_gpu)
        return;
    place root = place_at(&exec->values, p)->root;
    if (module_known(exec, root, "#device") == 1) {
        report(exec, 554, root, "#device", "it is allocated here",
               "the CPU cannot see this GPU memory");
        module_note(exec, root, "#device", 0);
    }
    if (module_known(exec, root, "#freed") == 1) {
        report(exec, 555, root, "#freed", "it is gone from here on",
               "GPU memory of a finished frame or a freed slice is used");
        module_note(exec, root, "#freed", 0);
    }
}

/* Whether what is at a place is also somewhere that outlives the function. */
static bool
is_stored(struct exec *exec, place p, uint32_t name)
{
    value status =
        state_read(exec->state, &exec->values, member(exec, p, "#status"));
    for (uint32_t i = 0; i < exec->state->binding_count; i++) {
        const struct place_entry *other =
            place_at(&exec->values, exec->state->bindings[i].place);
        if (other->kind != PLACE_FIELD || other->b != name || other->a == p)
            continue;
        const struct place_entry *root = place_at(&exec->values, other->root);
        if (root->kind != PLACE_VAR &&
            state_read(exec->state, &exec->values,
                       member(exec, other->a, "#status")) == status)
            return true;
    }
    return false;
}

static void
check_owned(struct exec *exec, struct binding binding, const char *name,
            value result)
{
    int64_t n;
    struct place_entry p = *place_at(&exec->values, binding.place);
    uint32_t symbol = program_symbol(exec->program, name);
    if (p.kind != PLACE_FIELD || p.b != symbol ||
        !value_is_int(&exec->values, binding.value, &n) || n != 1)
        return;
    const struct place_entry *root = place_at(&exec->values, p.root);
    place whole;
    if (root->kind != PLACE_VAR || root->a != 0 ||
        (result != VALUE_NONE && place_of_whole(exec, result, &whole) &&
         place_is_in(&exec->values, p.a, whole)))
        return;
    value status =
        state_read(exec->state, &exec->values, member(exec, p.a, "#status"));
    if (state_truth(exec->state, &exec->values, status) == 1 ||
        is_stored(exec, p.a, symbol))
        return;
    const struct verdict_note notes[] = {
        {exec_here(exec), "nothing gives it back before this"}};
    verdict_add(exec->reports, exec->program, exec->state, 551, binding.stored,
                notes, 1,
                "memory for GPU transfers is not given back on a way "
                "out");
}

void
exec_gpu_exit(struct exec *exec, value result)
{
    if (!exec->has_gpu)
        return;
    for (uint32_t i = 0; i < exec->state->binding_count; i++) {
        check_owned(exec, exec->state->bindings[i], "#ticket", result);
        check_owned(exec, exec->state->bindings[i], "#slice", result);
    }
}
