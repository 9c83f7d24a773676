/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Arenas: who owns them, when they end, and what is still stored somewhere
 * then.
 */
#include "check/exec.h"

#include <string.h>

struct arena *
exec_arena(struct exec *exec, value v, bool is_made)
{
    struct state *state = exec->state;
    for (uint32_t i = 0; i < state->arena_count; i++)
        if (state->arenas[i].value == v)
            return &state->arenas[i];
    if (!is_made)
        return NULL;
    struct arena *arena = STATE_APPEND(state, arenas, arena_count);
    arena->value = v;
    return arena;
}

/* Whether a value names an owner by itself. */
static bool
is_owner(struct exec *exec, value v)
{
    uint8_t kind = value_at(&exec->values, v)->kind;
    return kind == VALUE_ARENA || kind == VALUE_HANDLE || kind == VALUE_MARK ||
           (kind == VALUE_FRESH && exec_arena(exec, v, false) != NULL);
}

/* Vectors, maps and strings know the arena that they grow in. */
static value
container_arena(struct exec *exec, place p)
{
    static const char *const inside[] = {NULL, "entries", "base"};
    uint32_t name = program_symbol(exec->program, "frame");
    for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++) {
        place outer =
            inside[i] == NULL
                ? p
                : place_field(&exec->values, p,
                              program_symbol(exec->program, inside[i]));
        const struct binding *binding =
            state_binding(exec->state, place_field(&exec->values, outer, name));
        int64_t n;
        if (binding != NULL && !value_is_int(&exec->values, binding->value, &n))
            return binding->value;
    }
    return VALUE_NONE;
}

value
exec_owner(struct exec *exec, value v)
{
    struct value_entry entry = *value_at(&exec->values, v);
    if (entry.kind == VALUE_HANDLE)
        return entry.a;
    if (entry.kind != VALUE_WHOLE && entry.kind != VALUE_ADDRESS)
        return v;
    const struct binding *binding = state_binding(exec->state, entry.a);
    if (binding != NULL && is_owner(exec, binding->value))
        return exec_owner(exec, binding->value);
    value inner = container_arena(exec, entry.a);
    if (inner != VALUE_NONE)
        return exec_owner(exec, inner);
    if (entry.kind == VALUE_ADDRESS)
        return v;
    return binding != NULL
               ? binding->value
               : value_make(&exec->values, VALUE_INITIAL, entry.a, 0, 0);
}

/* What v is a part of, or VALUE_NONE. */
static value
outer_of(struct exec *exec, value v, bool through)
{
    const struct arena *arena = exec_arena(exec, v, false);
    if (arena != NULL && arena->is_created)
        return through ? arena->parent : VALUE_NONE;
    struct value_entry entry = *value_at(&exec->values, v);
    switch (entry.kind) {
    case VALUE_HANDLE:
    case VALUE_ARENA:
    case VALUE_FIELD:
    case VALUE_MARK:
        return entry.a;
    case VALUE_INITIAL: {
        struct place_entry p = *place_at(&exec->values, entry.a);
        if (p.kind == PLACE_FIELD || p.kind == PLACE_ELEMENT)
            return value_make(&exec->values, VALUE_INITIAL, p.a, 0, 0);
        return VALUE_NONE;
    }
    default:
        return VALUE_NONE;
    }
}

static bool
has_frame_name(const struct exec *exec, value v)
{
    const struct value_entry *entry = value_at(&exec->values, v);
    if (entry->kind != VALUE_INITIAL)
        return false;
    const struct place_entry *p = place_at(&exec->values, entry->a);
    if (p->kind != PLACE_VAR || p->a != 0)
        return false;
    const char *name = program_text(exec->program, exec->root->vars[p->b].name);
    return strcmp(name, "frame") == 0 || strcmp(name, "f") == 0 ||
           strcmp(name, "fr") == 0;
}

bool
exec_belongs(struct exec *exec, value v, value owner, bool through)
{
    value root = v;
    uint8_t type = 0;
    for (int i = 0; v != VALUE_NONE && i < 16; i++) {
        if (v == owner)
            return true;
        uint8_t own = value_at(&exec->values, v)->type;
        if (own == IR_TYPE_CTX || (own == IR_TYPE_FRAME && type == 0)) {
            type = own;
            root = v;
        }
        v = outer_of(exec, v, through);
    }
    /* A context that came in from outside is one of the only allocator. */
    if (value_at(&exec->values, owner)->type != IR_TYPE_ALLOCATOR)
        return false;
    const struct arena *arena = exec_arena(exec, root, false);
    if (arena != NULL && (arena->status != ARENA_UNKNOWN || arena->is_created))
        return false;
    return type == IR_TYPE_CTX ||
           (type == IR_TYPE_FRAME && has_frame_name(exec, root));
}

/* The only allocator whose frames are known here, or NULL. */
static struct arena *
only_allocator(struct exec *exec)
{
    struct arena *found = NULL;
    for (uint32_t i = 0; i < exec->state->arena_count; i++) {
        struct arena *arena = &exec->state->arenas[i];
        if (arena->status == ARENA_UNKNOWN ||
            value_at(&exec->values, arena->value)->type != IR_TYPE_ALLOCATOR)
            continue;
        if (found != NULL)
            return NULL;
        found = arena;
    }
    return found;
}

struct arena *
exec_nearest(struct exec *exec, value v)
{
    value root = v;
    for (int i = 0; v != VALUE_NONE && i < 16; i++) {
        struct arena *arena = exec_arena(exec, v, false);
        if (arena != NULL && arena->status != ARENA_UNKNOWN)
            return arena;
        if (arena != NULL && arena->is_created)
            return NULL;
        if (value_at(&exec->values, v)->type == IR_TYPE_CTX)
            root = v;
        v = outer_of(exec, v, true);
    }
    return value_at(&exec->values, root)->type == IR_TYPE_CTX
               ? only_allocator(exec)
               : NULL;
}

value
exec_arena_of(struct exec *exec, value owner, uint8_t type)
{
    owner = exec_owner(exec, owner);
    value arena = value_make(&exec->values, VALUE_ARENA, owner, 0, 0);
    exec->values.values[arena].type = type;
    if (type == IR_TYPE_CTX || type == IR_TYPE_ALLOCATOR)
        return arena;
    const struct arena *nearest = exec_nearest(exec, arena);
    return value_make(&exec->values, VALUE_HANDLE, arena, 0,
                      nearest == NULL ? 0 : nearest->generation);
}

value
exec_create(struct exec *exec, value parent, bool is_allocator)
{
    value v = exec_fresh(exec);
    struct arena *arena = exec_arena(exec, v, true);
    arena->parent = parent;
    arena->is_created = true;
    arena->begun = exec_here(exec);
    if (is_allocator)
        arena->status = ARENA_NEVER;
    return v;
}

value
exec_object(struct exec *exec, enum object_kind kind, value arena)
{
    struct state *state = exec->state;
    place base =
        place_make(&exec->values, PLACE_BLOCK, 0, state->object_count + 1, 0);
    struct object *object = STATE_APPEND(state, objects, object_count);
    object->base = base;
    object->arena = arena;
    object->kind = (uint8_t)kind;
    object->is_maybe_null = true;
    object->old = -1;
    object->made = exec_here(exec);
    object->tag = exec_tag(exec);
    exec_check_module(exec, object->tag);
    return value_address(&exec->values, base);
}

/* Is the handle one of a frame that is gone, or is no frame open? */
static void
check_open(struct exec *exec, value handle)
{
    struct arena *nearest = exec_nearest(exec, handle);
    const struct value_entry *entry = value_at(&exec->values, handle);
    if (nearest == NULL || nearest->value == handle) {
        if (nearest == NULL || nearest->status != ARENA_CLOSED)
            return;
    }
    bool is_old = entry->kind == VALUE_HANDLE
                      ? entry->n != (int64_t)nearest->generation
                      : nearest->value == handle;
    const struct verdict_note notes[] = {
        {nearest->ended, "the frame or arena ends here"}};
    if (is_old) {
        verdict_add(exec->reports, exec->program, exec->state, 606,
                    exec_here(exec), notes, 1,
                    "%s is allocated from after its end",
                    exec_name(exec, handle));
        nearest->status = ARENA_UNKNOWN;
    } else if (nearest->status == ARENA_CLOSED ||
               nearest->status == ARENA_NEVER) {
        verdict_add(exec->reports, exec->program, exec->state, 603,
                    exec_here(exec), notes,
                    nearest->status == ARENA_CLOSED ? 1 : 0,
                    "frame memory of %s is asked for with no frame open",
                    exec_name(exec, nearest->value));
        nearest->status = ARENA_UNKNOWN;
    }
}

/* A function that runs later must not use the frame of whoever is there. */
static void
check_callback(struct exec *exec, value arena)
{
    const struct value_entry *entry = value_at(&exec->values, arena);
    bool is_frame = entry->type == IR_TYPE_FRAME ||
                    entry->kind == VALUE_HANDLE || entry->kind == VALUE_ARENA;
    if (!exec->root->is_callback || !is_frame ||
        exec_nearest(exec, arena) != NULL)
        return;
    for (value v = arena; v != VALUE_NONE; v = outer_of(exec, v, true)) {
        const struct arena *made = exec_arena(exec, v, false);
        if (made != NULL && made->is_created)
            return;
    }
    verdict_add(exec->reports, exec->program, exec->state, 701, exec_here(exec),
                NULL, 0,
                "%s runs later and allocates from a frame that is not its own",
                program_text(exec->program, exec->root->plain_name));
}

/* More than the arena was made for. */
static void
check_limit(struct exec *exec, value handle, uint64_t size)
{
    for (value v = exec_owner(exec, handle); v != VALUE_NONE;
         v = outer_of(exec, v, true)) {
        const struct arena *arena = exec_arena(exec, v, false);
        if (arena == NULL || arena->limit == 0 || size <= arena->limit)
            continue;
        const struct verdict_note notes[] = {
            {arena->begun, "its limit is set here"}};
        verdict_add(exec->reports, exec->program, exec->state, 303,
                    exec_here(exec), notes, 1,
                    "%llu bytes are asked for, and the limit is %llu",
                    (unsigned long long)size, (unsigned long long)arena->limit);
        return;
    }
}

value
exec_frame_memory(struct exec *exec, value handle, uint64_t size)
{
    check_limit(exec, handle, size);
    check_open(exec, handle);
    check_callback(exec, handle);
    return exec_object(exec, OBJECT_FRAME, exec_owner(exec, handle));
}

void
exec_begins(struct exec *exec, value owner, bool is_nesting)
{
    struct arena *arena = exec_arena(exec, owner, true);
    if (arena->status == ARENA_OPEN && is_nesting) {
        arena->nested++;
        return;
    }
    if (arena->was_destroyed) {
        const struct verdict_note notes[] = {
            {arena->ended, "it is destroyed here"}};
        verdict_add(exec->reports, exec->program, exec->state, 606,
                    exec_here(exec), notes, 1,
                    "a frame of %s is begun after its end",
                    exec_name(exec, owner));
        arena->was_destroyed = false;
    }
    if (arena->status == ARENA_OPEN) {
        const struct verdict_note notes[] = {
            {arena->begun, "the frame is begun here first"}};
        verdict_add(exec->reports, exec->program, exec->state, 607,
                    exec_here(exec), notes, 1,
                    "a frame of %s is begun while one is open",
                    exec_name(exec, owner));
    }
    arena->status = ARENA_OPEN;
    arena->begun = exec_here(exec);
    arena->begun_at = exec->steps;
}

enum outlives {
    OUTLIVES_NOT,
    OUTLIVES_FRAME, /* FA601: for long */
    OUTLIVES_ARENA  /* FA611: an arena that is still there */
};

static enum outlives
holder_outlives(struct exec *exec, place p)
{
    const struct place_entry root =
        *place_at(&exec->values, place_at(&exec->values, p)->root);
    if (root.kind == PLACE_GLOBAL)
        return OUTLIVES_FRAME;
    int32_t index = state_object_at(exec->state, &exec->values, p);
    const struct object *holder =
        index < 0 ? NULL : &exec->state->objects[index];
    if (holder != NULL && holder->status != OBJECT_LIVE)
        return OUTLIVES_NOT;
    /* Of a vector or a map that is in a longer-lived structure. */
    if (holder != NULL && holder->kind == OBJECT_FRAME &&
        value_at(&exec->values, holder->arena)->kind == VALUE_ADDRESS)
        return OUTLIVES_FRAME;
    if (root.kind == PLACE_BLOCK)
        return holder == NULL                 ? OUTLIVES_NOT
               : holder->kind == OBJECT_FRAME ? OUTLIVES_ARENA
                                              : OUTLIVES_FRAME;
    if (root.kind != PLACE_DEREF)
        return OUTLIVES_NOT;
    struct value_entry base = *value_at(&exec->values, root.b);
    /* What a dead structure points to is not known to live. */
    for (int i = 0; i < 8 && base.kind == VALUE_INITIAL; i++) {
        place inner = place_at(&exec->values, base.a)->root;
        int32_t outer = state_object_at(exec->state, &exec->values, inner);
        if (outer >= 0 && exec->state->objects[outer].status != OBJECT_LIVE)
            return OUTLIVES_NOT;
        const struct place_entry *entry = place_at(&exec->values, inner);
        if (entry->kind == PLACE_VAR && entry->a != 0)
            return OUTLIVES_NOT;
        if (entry->kind != PLACE_DEREF)
            return entry->kind == PLACE_BLOCK ? OUTLIVES_NOT : OUTLIVES_FRAME;
        base = *value_at(&exec->values, entry->b);
    }
    return base.kind == VALUE_INITIAL ? OUTLIVES_FRAME : OUTLIVES_NOT;
}

/* Places that still hold pointers into objects that died just now. */
static void
report_held(struct exec *exec, const bool *died)
{
    struct state *state = exec->state;
    for (uint32_t i = 0; i < state->binding_count; i++) {
        struct binding binding = state->bindings[i];
        if (value_at(&exec->values, binding.value)->kind != VALUE_ADDRESS)
            continue;
        int32_t index = state_object(state, &exec->values, binding.value);
        if (index < 0 || !died[index])
            continue;
        struct object *object = &state->objects[index];
        enum outlives how = holder_outlives(exec, binding.place);
        if (how == OUTLIVES_NOT || binding.stored.function == NULL)
            continue;
        const struct verdict_note notes[] = {
            {object->made, "+the memory is allocated here"},
            {binding.stored, "it is stored here"},
            {object->ended, "its frame or arena ends here"}};
        verdict_add(exec->reports, exec->program, state,
                    how == OUTLIVES_FRAME ? 601 : 611, binding.stored, notes, 3,
                    how == OUTLIVES_FRAME
                        ? "frame memory is still stored in %s when its frame "
                          "ends"
                        : "%s still points to memory of an arena that ends "
                          "first",
                    exec_place_name(exec, binding.place));
    }
}

static void
report_shared(struct exec *exec, struct object *object)
{
    /* It was seen that the thread could not be started. */
    if (object->started != VALUE_NONE &&
        state_truth(exec->state, &exec->values, object->started) == 1)
        return;
    const struct verdict_note notes[] = {
        {object->made, "+the memory is allocated here"},
        {object->shared, "a thread gets it here"},
        {object->ended, "its frame ends here, and nothing waits for the "
                        "thread before"}};
    verdict_add(exec->reports, exec->program, exec->state, 201, object->ended,
                notes, 3, "the frame ends while a thread may use its memory");
    object->shared.function = NULL;
}

enum { MAX_OBJECTS = 512 };

/* is_frame: what a lag keeps readable is spared. */
static void
kill_objects(struct exec *exec, value owner, bool through, uint32_t first,
             bool is_frame)
{
    struct state *state = exec->state;
    bool died[MAX_OBJECTS] = {false};
    bool is_any = false;
    for (uint32_t i = first; i < state->object_count && i < MAX_OBJECTS; i++) {
        struct object *object = &state->objects[i];
        bool is_arena_memory = object->kind == OBJECT_FRAME ||
                               object->kind == OBJECT_TASK ||
                               object->kind == OBJECT_DEVICE;
        if (!is_arena_memory || object->status != OBJECT_LIVE ||
            !exec_belongs(exec, object->arena, owner, through))
            continue;
        object = &state->objects[i];
        if (is_frame && object->ends++ < exec->frame_lag)
            continue;
        object->status = OBJECT_DEAD;
        object->ended = exec_here(exec);
        died[i] = is_any = true;
        if (object->shared.function != NULL)
            report_shared(exec, object);
    }
    if (is_any)
        report_held(exec, died);
}

void
exec_resets(struct exec *exec, value arena)
{
    kill_objects(exec, arena, true, 0, false);
}

/* Arenas inside of one that ends. */
static void
close_inner(struct exec *exec, value owner)
{
    for (uint32_t i = 0; i < exec->state->arena_count; i++) {
        value v = exec->state->arenas[i].value;
        if (v == owner || !exec_belongs(exec, v, owner, true))
            continue;
        exec->state->arenas[i].status = ARENA_CLOSED;
        exec->state->arenas[i].generation++;
        exec->state->arenas[i].ended = exec_here(exec);
    }
}

/* A scope's end names the arena of the frame that it began. */
static value
begun_owner(struct exec *exec, value owner)
{
    struct value_entry entry = *value_at(&exec->values, owner);
    if (entry.kind != VALUE_ARENA || exec_arena(exec, owner, false) != NULL)
        return owner;
    const struct arena *outer = exec_arena(exec, entry.a, false);
    return outer != NULL && outer->status == ARENA_OPEN ? entry.a : owner;
}

void
exec_ends(struct exec *exec, value owner, bool is_destroyed)
{
    owner = begun_owner(exec, owner);
    struct arena *arena = exec_arena(exec, owner, true);
    if (arena->nested > 0 && !is_destroyed) {
        arena->nested--;
        return;
    }
    uint8_t type = value_at(&exec->values, owner)->type;
    bool is_frame = type == IR_TYPE_ALLOCATOR || type == IR_TYPE_CTX ||
                    arena->status == ARENA_OPEN;
    /* Workers may end their part of each frame; others begin the frames. What
     * was read from a list in an earlier round may be another arena now. */
    bool is_paired =
        type == IR_TYPE_ALLOCATOR || arena->begun_at != 0 ||
        (type <= IR_TYPE_RECORD && arena->rounds == exec->state->rounds);
    if (arena->status == ARENA_CLOSED && is_paired &&
        (!is_destroyed || arena->was_destroyed)) {
        const struct verdict_note notes[] = {
            {arena->ended, "the frame is ended here first"}};
        verdict_add(exec->reports, exec->program, exec->state, 607,
                    exec_here(exec), notes, 1,
                    "a frame of %s is ended that is not open",
                    exec_name(exec, owner));
    }
    bool through = is_destroyed || !is_frame;
    arena = exec_arena(exec, owner, true);
    if (arena->status == ARENA_OPEN || arena->is_scope)
        arena->was_paired = true;
    arena->status = ARENA_CLOSED;
    arena->generation++;
    arena->ended = exec_here(exec);
    arena->ended_at = exec->steps;
    arena->rounds = exec->state->rounds;
    arena->was_destroyed = is_destroyed;
    kill_objects(exec, owner, through, 0, is_frame && !is_destroyed);
    if (through)
        close_inner(exec, owner);
}

void
exec_rolls_back(struct exec *exec, value mark)
{
    struct value_entry entry = *value_at(&exec->values, mark);
    if (entry.kind != VALUE_MARK || entry.n >= exec->state->mark_count)
        return;
    kill_objects(exec, entry.a, true, exec->state->marks[entry.n], false);
}
