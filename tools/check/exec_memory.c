/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Roles that give memory or take it away.
 */
#include "check/exec_role.h"

#include <string.h>

value
call_argument(const struct call *call, int n)
{
    return n >= 1 && (uint32_t)n <= call->count ? call->args[n - 1]
                                                : VALUE_NONE;
}

value
call_deref_argument(struct exec *exec, const struct call *call, int n,
                    bool is_out)
{
    value v = call_argument(call, n);
    if (v == VALUE_NONE || !is_out)
        return v;
    place p = value_target(&exec->values, v);
    const struct binding *binding = state_binding(exec->state, p);
    return binding != NULL ? binding->value
                           : value_make(&exec->values, VALUE_WHOLE, p, 0, 0);
}

bool
call_is_null(struct exec *exec, value v)
{
    int64_t n;
    return v == VALUE_NONE ||
           (state_number(exec->state, &exec->values, v, &n) && n == 0);
}

void
call_set_out(struct exec *exec, struct call *call, int n, bool is_out, value v)
{
    if (n == 0) {
        call->result = v;
        return;
    }
    value address = call_argument(call, n);
    if (address == VALUE_NONE || !is_out || call_is_null(exec, address))
        return;
    state_write(exec->state, &exec->values,
                value_target(&exec->values, address), v, exec_here(exec));
}

/* The known size that is asked for: the first constant argument above 1. */
static uint64_t
size_of(struct exec *exec, const struct call *call)
{
    for (uint32_t i = 1; i < call->count; i++) {
        int64_t n;
        if (state_number(exec->state, &exec->values, call->args[i], &n))
            return n < 0 ? 0 : (uint64_t)n;
    }
    return 0;
}

static void
zero_new(struct exec *exec, const struct call *call, value block)
{
    const char *name = program_text(exec->program, call->symbol);
    if (strstr(name, "zalloc") == NULL && strstr(name, "calloc") == NULL)
        return;
    struct event none = {NULL, NULL, 0};
    state_write(exec->state, &exec->values, value_target(&exec->values, block),
                value_int(&exec->values, 0), none);
}

static void
give_memory(struct exec *exec, struct call *call, enum object_kind kind,
            const struct role *role)
{
    value arena = call_argument(call, role->a);
    if (arena != VALUE_NONE)
        arena = exec_owner(exec, arena);
    call->result = exec_object(exec, kind, arena);
    zero_new(exec, call, call->result);
}

static void
give_frame(struct exec *exec, struct call *call, const struct role *role)
{
    value arena = call_deref_argument(exec, call, role->a, role->is_out_a);
    if (arena == VALUE_NONE)
        return;
    call->result = exec_frame_memory(exec, arena, size_of(exec, call));
    zero_new(exec, call, call->result);
}

/* A world or another module stands for the frame of its allocator. */
static void
give_out_frame(struct exec *exec, struct call *call, const struct role *role)
{
    value arena = call_argument(call, role->b);
    if (arena == VALUE_NONE)
        return;
    if (value_at(&exec->values, arena)->type <= IR_TYPE_RECORD) {
        arena = value_make(&exec->values, VALUE_ARENA, exec_owner(exec, arena),
                           0, 0);
        exec->values.values[arena].type = IR_TYPE_CTX;
    }
    call_set_out(exec, call, role->a, true, exec_frame_memory(exec, arena, 0));
}

/* What a value points to, as an object; made when it is from outside. */
static int32_t
object_for(struct exec *exec, value v)
{
    struct state *state = exec->state;
    int32_t index = state_object(state, &exec->values, v);
    if (index >= 0)
        return index;
    place p = value_target(&exec->values, v);
    place root = place_at(&exec->values, p)->root;
    if (place_at(&exec->values, root)->kind != PLACE_DEREF)
        return -1;
    struct object *object = STATE_APPEND(state, objects, object_count);
    object->base = root;
    object->kind = OBJECT_UNKNOWN;
    object->old = -1;
    object->is_escaped = true;
    object->is_maybe_null = true;
    return (int32_t)state->object_count - 1;
}

static const char *
kind_name(enum object_kind kind)
{
    static const char *const names[] = {
        "other memory", "frame memory",     "a pool block",
        "a heap block", "memory of malloc", "task memory",
        "a transfer",   "a ticket",         "memory of the device"};
    return names[kind];
}

static bool
may_free(enum object_kind kind, enum role_verb verb)
{
    switch (kind) {
    case OBJECT_UNKNOWN:
        return true;
    case OBJECT_POOL:
        return verb == ROLE_FREES_POOL || verb == ROLE_FREES_ANY;
    case OBJECT_HEAP:
        return verb == ROLE_FREES_HEAP || verb == ROLE_FREES_ANY;
    case OBJECT_MALLOC:
        return verb == ROLE_FREES_MALLOC;
    case OBJECT_TASK:
        return verb == ROLE_FREES_TASK;
    default:
        return false;
    }
}

static void
report_wrong_free(struct exec *exec, const struct call *call,
                  struct object *object)
{
    const struct verdict_note notes[] = {
        {object->made, "the memory is allocated here"}};
    verdict_add(exec->reports, exec->program, exec->state, 608, exec_here(exec),
                notes, 1, "%s is passed to %s()",
                kind_name((enum object_kind)object->kind),
                program_plain(program_text(exec->program, call->symbol)));
    object->status = OBJECT_IGNORED;
}

static void
report_double_free(struct exec *exec, struct object *object)
{
    const struct verdict_note notes[] = {
        {object->made, "+the memory is allocated here"},
        {object->ended, object->status == OBJECT_SENT
                            ? "it is handed over here"
                            : "it is freed here first"}};
    verdict_add(exec->reports, exec->program, exec->state, 609, exec_here(exec),
                notes, 2, "memory is freed twice");
    object->status = OBJECT_IGNORED;
}

/* Of a local variable, an array or a literal nothing can be freed. */
static void
check_not_memory(struct exec *exec, const struct call *call, value v)
{
    const struct value_entry *entry = value_at(&exec->values, v);
    if (entry->kind != VALUE_ADDRESS)
        return;
    const struct place_entry *root =
        place_at(&exec->values, place_at(&exec->values, entry->a)->root);
    if (root->kind != PLACE_VAR && root->kind != PLACE_GLOBAL &&
        root->kind != PLACE_LITERAL)
        return;
    verdict_add(exec->reports, exec->program, exec->state, 608, exec_here(exec),
                NULL, 0, "what is passed to %s() was not allocated",
                program_plain(program_text(exec->program, call->symbol)));
}

static void
check_tag(struct exec *exec, const struct object *object)
{
    value now = exec_tag(exec);
    if (now == VALUE_NONE || object->tag == VALUE_NONE || now == object->tag)
        return;
    const struct verdict_note notes[] = {
        {object->made, "the memory is allocated here"}};
    verdict_add(exec->reports, exec->program, exec->state, 801, exec_here(exec),
                notes, 1,
                "memory is freed under another tag than it was allocated "
                "under");
}

static void
free_memory(struct exec *exec, const struct call *call, enum role_verb verb,
            value v)
{
    if (call_is_null(exec, v))
        return;
    int32_t index = object_for(exec, v);
    if (index < 0) {
        check_not_memory(exec, call, v);
        return;
    }
    struct object *object = &exec->state->objects[index];
    if (object->status == OBJECT_IGNORED || object->status == OBJECT_ABSENT)
        return;
    if (exec_may_be_another(exec, object)) {
        object->rounds = exec->state->rounds;
        return;
    }
    if (object->status == OBJECT_FREED || object->status == OBJECT_SENT) {
        report_double_free(exec, object);
        return;
    }
    check_tag(exec, object);
    if (!may_free((enum object_kind)object->kind, verb)) {
        report_wrong_free(exec, call, object);
        return;
    }
    object->status = OBJECT_FREED;
    object->ended = exec_here(exec);
    object->rounds = exec->state->rounds;
}

static bool
may_resize(enum object_kind kind, const struct roles *roles)
{
    if (roles_find(roles, ROLE_MALLOC) != NULL)
        return kind == OBJECT_UNKNOWN || kind == OBJECT_MALLOC;
    return kind != OBJECT_MALLOC || roles_find(roles, ROLE_FRAME) == NULL;
}

static void
resize(struct exec *exec, struct call *call, const struct role *role)
{
    value v = call_argument(call, role->a);
    if (call_is_null(exec, v))
        return;
    int32_t index = object_for(exec, v);
    if (index < 0)
        return;
    struct object *old = &exec->state->objects[index];
    if (old->status == OBJECT_DEAD || old->status == OBJECT_FREED) {
        exec_use_value(exec, v);
        return;
    }
    if (old->status != OBJECT_LIVE)
        return;
    if (!may_resize((enum object_kind)old->kind, call->roles)) {
        report_wrong_free(exec, call, old);
        return;
    }
    old->status = OBJECT_FREED;
    old->ended = exec_here(exec);
    if (call->result == VALUE_NONE)
        return;
    int32_t made = state_object(exec->state, &exec->values, call->result);
    if (made >= 0)
        exec->state->objects[made].old = index;
}

/* A vector with room for all from the start does not move. */
static bool
is_fixed(struct exec *exec, const struct call *call)
{
    if (call->count < 1)
        return false;
    place base = value_target(&exec->values, call->args[0]);
    uint32_t name = program_symbol(exec->program, "max");
    uint32_t inner = program_symbol(exec->program, "entries");
    uint32_t of_string = program_symbol(exec->program, "base");
    place places[3] = {
        place_field(&exec->values, base, name),
        place_field(&exec->values, place_field(&exec->values, base, inner),
                    name),
        place_field(&exec->values, place_field(&exec->values, base, of_string),
                    name)};
    for (int i = 0; i < 3; i++) {
        int64_t n;
        const struct binding *binding = state_binding(exec->state, places[i]);
        if (binding != NULL &&
            state_number(exec->state, &exec->values, binding->value, &n))
            return n != -1;
    }
    return false;
}

/* The items of a container that a call gets the address of; it has others
 * afterwards. */
static value
take_items(struct exec *exec, value container)
{
    uint32_t name = program_symbol(exec->program, "items");
    place p = place_field(&exec->values, value_target(&exec->values, container),
                          name);
    value v = state_read(exec->state, &exec->values, p);
    state_write(exec->state, &exec->values, p, exec_fresh(exec),
                exec_here(exec));
    return v;
}

static void
grow(struct exec *exec, const struct call *call, const struct role *role)
{
    value v = call_argument(call, role->a);
    if (role->is_out_a && v != VALUE_NONE && !is_fixed(exec, call))
        v = take_items(exec, v);
    if (call_is_null(exec, v) || is_fixed(exec, call))
        return;
    int32_t index = object_for(exec, v);
    if (index < 0 || exec->state->objects[index].status != OBJECT_LIVE)
        return;
    exec->state->objects[index].status = OBJECT_MOVED;
    exec->state->objects[index].ended = exec_here(exec);
}

static void
send(struct exec *exec, struct call *call, const struct role *role)
{
    value v = call_argument(call, role->a);
    if (v == VALUE_NONE || call_is_null(exec, v))
        return;
    int32_t index = object_for(exec, v);
    if (index >= 0 && exec->state->objects[index].status == OBJECT_FREED)
        exec_use_value(exec, v);
    index = object_for(exec, v);
    if (index >= 0 && exec->state->objects[index].kind != OBJECT_FRAME) {
        exec->state->objects[index].status = OBJECT_SENT;
        exec->state->objects[index].ended = exec_here(exec);
    }
    value transfer = exec_object(exec, OBJECT_TRANSFER, VALUE_NONE);
    struct object *made = &exec->state->objects[exec->state->object_count - 1];
    made->is_maybe_null = false;
    if (role->b >= 0) {
        made->started = call->result = exec_fresh(exec);
        made->old = index;
    }
    call_set_out(exec, call, role->b < 0 ? 0 : role->b, true, transfer);
}

static void
receive(struct exec *exec, const struct call *call, const struct role *role)
{
    value v = call_argument(call, role->a);
    if (v == VALUE_NONE)
        return;
    const struct value_entry *entry = value_at(&exec->values, v);
    if (entry->kind == VALUE_WHOLE) {
        const struct binding *binding = state_binding(exec->state, entry->a);
        if (binding == NULL)
            return;
        v = binding->value;
    }
    int32_t index = state_object(exec->state, &exec->values, v);
    if (index >= 0)
        exec->state->objects[index].status = OBJECT_FREED;
}

/* Roles that give the call its result, or take memory away. */
void
call_memory(struct exec *exec, struct call *call, const struct role *role)
{
    switch (role->verb) {
    case ROLE_FRAME:
        give_frame(exec, call, role);
        break;
    case ROLE_OUT_FRAME:
        give_out_frame(exec, call, role);
        break;
    case ROLE_POOL:
        give_memory(exec, call, OBJECT_POOL, role);
        break;
    case ROLE_HEAP:
        give_memory(exec, call, OBJECT_HEAP, role);
        break;
    case ROLE_MALLOC:
        give_memory(exec, call, OBJECT_MALLOC, role);
        break;
    case ROLE_TASK:
        give_memory(exec, call, OBJECT_TASK, role);
        break;
    case ROLE_FREES_POOL:
    case ROLE_FREES_HEAP:
    case ROLE_FREES_ANY:
    case ROLE_FREES_MALLOC:
    case ROLE_FREES_TASK:
        free_memory(exec, call, (enum role_verb)role->verb,
                    call_argument(call, role->a));
        break;
    case ROLE_REALLOCS:
        resize(exec, call, role);
        break;
    case ROLE_GROWS:
        grow(exec, call, role);
        break;
    case ROLE_SENDS:
        send(exec, call, role);
        break;
    case ROLE_RECEIVES:
        receive(exec, call, role);
        break;
    default:
        break;
    }
}
