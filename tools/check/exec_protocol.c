/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Protocols of the modules: what must come before what. Each is a mark on a
 * value that one call sets and another one asks for.
 */
#include "check/exec.h"

#include <framealloc/gpu.h>

#include <fnmatch.h>
#include <string.h>

enum what {
    MARK_UNSTEPPED = 1, /* a world that was made and not stepped */
    MARK_ATTACHED,      /* a space that a world steps */
    MARK_PENDING,       /* a ticket that nobody has waited for */
    MARK_USES,          /* what a slice may be used for: n */
    MARK_TAG,           /* a tag, whose name is symbol n */
    MARK_RESOLVED,      /* the address that a handle had */
    MARK_SHARED         /* an object with n references */
};

static struct mark *
find_mark(struct exec *exec, value v, enum what what)
{
    for (uint32_t i = 0; i < exec->state->note_count; i++)
        if (exec->state->notes[i].value == v &&
            exec->state->notes[i].what == what)
            return &exec->state->notes[i];
    return NULL;
}

static void
set_mark(struct exec *exec, value v, enum what what, int64_t n)
{
    struct mark *mark = find_mark(exec, v, what);
    if (mark == NULL)
        mark = STATE_APPEND(exec->state, notes, note_count);
    *mark = (struct mark){v, what, n, exec_here(exec)};
}

static void
drop_mark(struct exec *exec, value v, enum what what)
{
    struct mark *mark = find_mark(exec, v, what);
    if (mark != NULL)
        mark->what = 0;
}

/* A value, or what the structure holds that is passed. */
static value
identity(struct exec *exec, value v)
{
    const struct value_entry *entry = value_at(&exec->values, v);
    if (entry->kind == VALUE_WHOLE) {
        const struct binding *binding = state_binding(exec->state, entry->a);
        if (binding != NULL)
            return binding->value;
    }
    return exec_owner(exec, v);
}

static bool
starts(const char *name, const char *begin)
{
    return strncmp(name, begin, strlen(begin)) == 0;
}

/* A step stands before, in a loop or a branch that was not taken. */
static bool
was_stepped_before(const struct exec *exec)
{
    const struct function *root = exec->root;
    struct event at = exec_here(exec);
    for (uint32_t i = 0; i < root->insn_count; i++) {
        const struct ir_insn *insn = &root->insns[i];
        if (insn->op == IR_CALL && insn->a > 0 &&
            (at.activation != 0 || insn < at.insn)) {
            const char *name = program_text(exec->program, (uint32_t)insn->a);
            if (strcmp(name, "fa_physics_step") == 0 ||
                strcmp(name, "fa_physics_advance") == 0 ||
                exec->program->symbols[insn->a].function != NULL)
                return true;
        }
    }
    return false;
}

static void
physics(struct exec *exec, const char *name, const value *args, uint32_t count)
{
    if (count == 0)
        return;
    if (strcmp(name, "fa_physics_attach") == 0 && count >= 2)
        set_mark(exec, args[1], MARK_ATTACHED, 0);
    if (strcmp(name, "fa_physics_step") == 0 ||
        strcmp(name, "fa_physics_advance") == 0 ||
        strcmp(name, "fa_physics_reindex") == 0)
        drop_mark(exec, identity(exec, args[0]), MARK_UNSTEPPED);
    bool is_query =
        strstr(name, "_touching") != NULL || starts(name, "fa_physics_ray") ||
        starts(name, "fa_physics_nearest") ||
        starts(name, "fa_physics_point") || starts(name, "fa_physics_bb") ||
        starts(name, "fa_physics_circle_") ||
        starts(name, "fa_physics_polygon_") || starts(name, "fa_physics_query");
    struct mark *mark =
        is_query ? find_mark(exec, identity(exec, args[0]), MARK_UNSTEPPED)
                 : NULL;
    if (mark == NULL || strstr(name, "_new") != NULL ||
        was_stepped_before(exec))
        return;
    const struct verdict_note notes[] = {{mark->at, "the world is made here"}};
    verdict_add(exec->reports, exec->program, exec->state, 904, exec_here(exec),
                notes, 1, "%s() asks a world that was never stepped", name);
}

static void
space(struct exec *exec, const char *name, const value *args, uint32_t count)
{
    if ((strcmp(name, "cpSpaceStep") != 0 &&
         strcmp(name, "cpHastySpaceStep") != 0) ||
        count == 0)
        return;
    struct mark *mark = find_mark(exec, args[0], MARK_ATTACHED);
    const struct value_entry *entry = value_at(&exec->values, args[0]);
    bool is_of_world =
        entry->kind == VALUE_HANDLE || entry->kind == VALUE_ARENA;
    if (mark == NULL && !is_of_world)
        return;
    verdict_add(exec->reports, exec->program, exec->state, 912, exec_here(exec),
                NULL, 0, "%s() steps a space that a world steps", name);
}

/* A block that is retained, to be thrown away, with a place for its copy. */
static void
retain(struct exec *exec, const char *name, const value *args, uint32_t count)
{
    int64_t n;
    if (strcmp(name, "fa_frame_retain") != 0 || count < 4)
        return;
    place how = value_target(&exec->values, args[3]);
    uint32_t policy = program_symbol(exec->program, "policy");
    uint32_t slot = program_symbol(exec->program, "slot");
    value p = state_read(exec->state, &exec->values,
                         place_field(&exec->values, how, policy));
    value s = state_read(exec->state, &exec->values,
                         place_field(&exec->values, how, slot));
    bool is_discarded =
        state_number(exec->state, &exec->values, p, &n) && n == 0;
    if (!is_discarded || state_truth(exec->state, &exec->values, s) == 0)
        return;
    verdict_add(exec->reports, exec->program, exec->state, 605, exec_here(exec),
                NULL, 0,
                "the block is discarded, and a place waits for its copy");
}

static void
tickets(struct exec *exec, const char *name, const value *args, uint32_t count)
{
    if (strcmp(name, "fa_gpu_transfer_wait") == 0 && count >= 2)
        drop_mark(exec, identity(exec, args[1]), MARK_PENDING);
    if (strcmp(name, "fa_gpu_transfer_release") == 0 && count >= 2) {
        int32_t index =
            state_object(exec->state, &exec->values, identity(exec, args[1]));
        if (index >= 0)
            exec->state->objects[index].status = OBJECT_FREED;
    }
    if (strcmp(name, "fa_gpu_transfer_result") != 0 || count < 2)
        return;
    struct mark *mark = find_mark(exec, identity(exec, args[1]), MARK_PENDING);
    if (mark == NULL)
        return;
    const struct verdict_note notes[] = {
        {mark->at, "the transfer is begun here"}};
    verdict_add(exec->reports, exec->program, exec->state, 553, exec_here(exec),
                notes, 1,
                "the result is asked for before anybody waits for it");
}

/* A member of a request that is a known number. */
static bool
known_member(struct exec *exec, value address, const char *name, int64_t *n)
{
    uint32_t symbol = program_symbol(exec->program, name);
    place p = place_field(&exec->values, value_target(&exec->values, address),
                          symbol);
    value v = state_read(exec->state, &exec->values, p);
    return state_number(exec->state, &exec->values, v, n);
}

enum { DEVICE_ONLY = FA_GPU_DEVICE_ONLY };

/* The address of a slice that is made: seen, or perhaps not. */
static void
make_slice(struct exec *exec, value slice, value gpu, bool is_device,
           bool is_frame)
{
    uint32_t name = program_symbol(exec->program, "ptr");
    place p =
        place_field(&exec->values, value_target(&exec->values, slice), name);
    value pointer;
    if (is_frame && !is_device) {
        pointer = exec_object(exec, OBJECT_DEVICE, exec_owner(exec, gpu));
    } else {
        pointer = exec_fresh(exec);
        struct object *object =
            STATE_APPEND(exec->state, objects, object_count);
        object->base = value_target(&exec->values, pointer);
        object->old = -1;
        object->is_escaped = true;
        object->status = is_device ? OBJECT_HIDDEN : OBJECT_LIVE;
        object->made = exec_here(exec);
    }
    state_write(exec->state, &exec->values, p, pointer, exec_here(exec));
}

static void
made_slice(struct exec *exec, const char *name, const value *args,
           uint32_t count, value *result)
{
    int64_t n;
    if (strcmp(name, "fa_gpu_alloc") == 0 && count >= 3) {
        bool is_device = known_member(exec, args[1], "intent", &n) &&
                         n == DEVICE_ONLY &&
                         known_member(exec, args[1], "flags", &n) &&
                         (n & FA_GPU_ALLOW_HOST) == 0;
        /* What must be given back: the slice as a whole. */
        value slice = exec_object(exec, OBJECT_TICKET, VALUE_NONE);
        struct object *object =
            &exec->state->objects[exec->state->object_count - 1];
        object->is_maybe_null = false;
        *result = exec_fresh(exec);
        object->started = *result;
        state_write(exec->state, &exec->values,
                    value_target(&exec->values, args[2]), slice,
                    exec_here(exec));
        make_slice(exec, args[2], args[0], is_device, false);
        if (known_member(exec, args[1], "uses", &n))
            set_mark(exec, args[2], MARK_USES, n);
    }
    if (strcmp(name, "fa_gpu_frame_alloc") == 0 && count >= 5) {
        bool is_device =
            state_number(exec->state, &exec->values, args[1], &n) &&
            n == DEVICE_ONLY;
        make_slice(exec, args[4], args[0], is_device, true);
    }
}

static void
made_ticket(struct exec *exec, value address, value *result, bool is_pending)
{
    value ticket = exec_object(exec, OBJECT_TICKET, VALUE_NONE);
    struct object *object =
        &exec->state->objects[exec->state->object_count - 1];
    object->is_maybe_null = false;
    *result = exec_fresh(exec);
    object->started = *result;
    state_write(exec->state, &exec->values,
                value_target(&exec->values, address), ticket, exec_here(exec));
    if (is_pending)
        set_mark(exec, ticket, MARK_PENDING, 0);
}

static bool
is_zero(struct exec *exec, value v)
{
    int64_t n;
    return state_number(exec->state, &exec->values, v, &n) && n == 0;
}

static void
share(struct exec *exec, const char *name, value shared)
{
    struct mark *mark = find_mark(exec, shared, MARK_SHARED);
    if (mark == NULL)
        return;
    if (strcmp(name, "fa_rc_retain") == 0)
        mark->n++;
    if (strcmp(name, "fa_rc_release") != 0 || --mark->n > 0)
        return;
    int32_t index = state_object(exec->state, &exec->values, shared);
    if (index < 0)
        return;
    exec->state->objects[index].status = OBJECT_FREED;
    exec->state->objects[index].ended = exec_here(exec);
}

void
exec_made(struct exec *exec, const char *name, const value *args,
          uint32_t count, value *result)
{
    if (starts(name, "fa_rc_") && count >= 2)
        share(exec, name, args[1]);
    if (starts(name, "fa_physics_create") && count >= 3) {
        value world = exec_fresh(exec);
        state_write(exec->state, &exec->values,
                    value_target(&exec->values, args[count - 1]), world,
                    exec_here(exec));
        set_mark(exec, world, MARK_UNSTEPPED, 0);
        state_assume(exec->state, &exec->values, world, true);
        uint32_t space = program_symbol(exec->program, "space");
        const struct binding *given = state_binding(
            exec->state,
            place_field(&exec->values, value_target(&exec->values, args[1]),
                        space));
        if (given != NULL && !is_zero(exec, given->value))
            set_mark(exec, given->value, MARK_ATTACHED, 0);
    }
    if (strcmp(name, "fa_handle_resolve") == 0 && *result != VALUE_NONE)
        set_mark(exec, *result, MARK_RESOLVED, 0);
    if (starts(name, "fa_rc_alloc") || starts(name, "fa_rc_zalloc")) {
        *result = exec_object(exec, OBJECT_POOL, VALUE_NONE);
        exec->state->objects[exec->state->object_count - 1].is_escaped = true;
        set_mark(exec, *result, MARK_SHARED, 1);
    }
    if (strcmp(name, "fa_physics_space") == 0 && *result != VALUE_NONE)
        set_mark(exec, *result, MARK_ATTACHED, 0);
    if (strcmp(name, "fa_tag_register") == 0 && count >= 2 &&
        value_at(&exec->values, args[1])->kind == VALUE_ADDRESS) {
        const struct place_entry *text =
            place_at(&exec->values, value_at(&exec->values, args[1])->a);
        if (text->kind == PLACE_LITERAL && text->b != 0)
            set_mark(exec, *result, MARK_TAG, text->b);
    }
    if (starts(name, "fa_gpu_")) {
        made_slice(exec, name, args, count, result);
        if (strcmp(name, "fa_gpu_transfer_to_cpu") == 0 && count >= 5 &&
            !is_zero(exec, args[4]))
            made_ticket(exec, args[4], result, true);
        if (strcmp(name, "fa_gpu_transfer_to_gpu") == 0 && count >= 6 &&
            !is_zero(exec, args[5]))
            made_ticket(exec, args[5], result, false);
        if (strcmp(name, "fa_gpu_end_frame") == 0 && count >= 1)
            exec_resets(exec, exec_owner(exec, args[0]));
    }
}

/* The folder or pattern of a module against a file of the project. */
static bool
is_in_module(const struct exec *exec, const char *module, const char *file)
{
    const char *root = exec->request->root;
    size_t size = root == NULL ? 0 : strlen(root);
    if (size != 0 && strncmp(file, root, size) == 0)
        file += size;
    while (*file == '/')
        file++;
    size_t length = strlen(module);
    return fnmatch(module, file, 0) == 0 ||
           (strncmp(file, module, length) == 0 &&
            (file[length] == '/' || file[length] == '\0'));
}

void
exec_check_module(struct exec *exec, value tag)
{
    const struct mark *mark =
        tag == VALUE_NONE ? NULL : find_mark(exec, tag, MARK_TAG);
    const struct check_request *request = exec->request;
    struct event at = exec_here(exec);
    if (mark == NULL || request == NULL)
        return;
    const char *name = program_text(exec->program, (uint32_t)mark->n);
    const char *file =
        program_text(exec->program, at.function->files[at.insn->file]);
    bool has_list = false;
    for (size_t i = 0; i < request->module_tag_count; i++) {
        if (!is_in_module(exec, request->module_tags[i].module, file))
            continue;
        if (strcmp(request->module_tags[i].tag, name) == 0)
            return;
        has_list = true;
    }
    if (has_list)
        verdict_add(exec->reports, exec->program, exec->state, 803, at, NULL, 0,
                    "the tag \"%s\" is not one of this module", name);
}

/* An object with a destructor, which no end of a frame runs. */
static void
placed(struct exec *exec, value address)
{
    int32_t index = state_object(exec->state, &exec->values, address);
    if (index < 0 || exec->state->objects[index].kind != OBJECT_FRAME)
        return;
    const struct verdict_note notes[] = {
        {exec->state->objects[index].made, "the memory is allocated here"}};
    verdict_add(exec->reports, exec->program, exec->state, 614, exec_here(exec),
                notes, 1,
                "the frame's end does not run the destructor of this object");
}

/* A copy to or from memory that was not asked for with that use. */
static void
copies(struct exec *exec, const char *name, const value *args, uint32_t count)
{
    bool is_target = strcmp(name, "fa_gpu_transfer_to_gpu") == 0;
    if ((!is_target && strcmp(name, "fa_gpu_transfer_to_cpu") != 0) ||
        count < 2)
        return;
    const struct mark *mark = find_mark(exec, args[1], MARK_USES);
    if (mark == NULL || mark->n == 0 ||
        (mark->n &
         (is_target ? FA_GPU_USE_COPY_TARGET : FA_GPU_USE_COPY_SOURCE)) != 0)
        return;
    const struct verdict_note notes[] = {{mark->at, "its uses are given here"}};
    verdict_add(exec->reports, exec->program, exec->state, 552, exec_here(exec),
                notes, 1, "%s() needs the use %s", name,
                is_target ? "FA_GPU_USE_COPY_TARGET"
                          : "FA_GPU_USE_COPY_SOURCE");
}

/* Objects of handles may be elsewhere after a compaction. */
static void
compact(struct exec *exec)
{
    for (uint32_t i = 0; i < exec->state->note_count; i++) {
        const struct mark *mark = &exec->state->notes[i];
        if (mark->what != MARK_RESOLVED)
            continue;
        place base = value_target(&exec->values, mark->value);
        if (state_object_at(exec->state, &exec->values, base) >= 0)
            continue;
        struct object *object =
            STATE_APPEND(exec->state, objects, object_count);
        object->base = place_at(&exec->values, base)->root;
        object->old = -1;
        object->is_escaped = true;
        object->status = OBJECT_MOVED;
        object->made = exec->state->notes[i].at;
        object->ended = exec_here(exec);
    }
}

/* The memory of a slice is gone, or was never to be seen. */
static void
slices(struct exec *exec, const char *name, const value *args, uint32_t count)
{
    if (count < 2)
        return;
    uint32_t ptr = program_symbol(exec->program, "ptr");
    place slice = value_target(&exec->values, args[1]);
    place p = place_field(&exec->values, slice, ptr);
    if (strcmp(name, "fa_gpu_slice_read") == 0 ||
        strcmp(name, "fa_gpu_slice_write") == 0) {
        value pointer = state_read(exec->state, &exec->values, p);
        int32_t index = state_object(exec->state, &exec->values, pointer);
        if (index >= 0 && exec->state->objects[index].status == OBJECT_HIDDEN)
            exec_use_value(exec, pointer);
    }
    if (strcmp(name, "fa_gpu_free") != 0)
        return;
    value pointer = state_read(exec->state, &exec->values, p);
    const struct binding *whole = state_binding(exec->state, slice);
    if (whole != NULL) {
        int32_t ticket = state_object(exec->state, &exec->values, whole->value);
        if (ticket >= 0)
            exec->state->objects[ticket].status = OBJECT_FREED;
    }
    int32_t index = state_object(exec->state, &exec->values, pointer);
    if (index < 0 && !is_zero(exec, pointer)) {
        index = (int32_t)exec->state->object_count;
        struct object *object =
            STATE_APPEND(exec->state, objects, object_count);
        object->base =
            place_at(&exec->values, value_target(&exec->values, pointer))->root;
        object->old = -1;
        object->is_escaped = true;
    }
    if (index < 0)
        return;
    exec->state->objects[index].kind = OBJECT_DEVICE;
    exec->state->objects[index].status = OBJECT_FREED;
    exec->state->objects[index].ended = exec_here(exec);
}

void
exec_protocol(struct exec *exec, const char *name, const value *args,
              uint32_t count)
{
    if (starts(name, "fa_physics_"))
        physics(exec, name, args, count);
    if (starts(name, "cp"))
        space(exec, name, args, count);
    if (starts(name, "fa_gpu_transfer_"))
        tickets(exec, name, args, count);
    copies(exec, name, args, count);
    if (strcmp(name, "fa_handle_space_compact") == 0)
        compact(exec);
    if (starts(name, "fa_gpu_"))
        slices(exec, name, args, count);
    if (strcmp(name, "fa:placed") == 0)
        placed(exec, args[0]);
    retain(exec, name, args, count);
}
