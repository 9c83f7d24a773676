/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What values and places are called in messages: as the source would.
 */
#include "check/exec.h"

#include <stdio.h>
#include <string.h>

static void
append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", more);
}

static void append_value(struct exec *exec, value v, char *text, size_t size,
                         int depth);

static void
append_place(struct exec *exec, place p, char *text, size_t size, int depth)
{
    struct place_entry entry = *place_at(&exec->values, p);
    if (depth > 6) {
        append(text, size, "...");
        return;
    }
    switch (entry.kind) {
    case PLACE_VAR: {
        const struct function *function =
            exec->state->activations[entry.a].function;
        const char *name =
            program_text(exec->program, function->vars[entry.b].name);
        append(text, size, *name == '\0' ? "a value" : name);
        break;
    }
    case PLACE_GLOBAL:
        append(text, size, program_plain(program_text(exec->program, entry.b)));
        break;
    case PLACE_DEREF:
        append(text, size, "*");
        append_value(exec, entry.b, text, size, depth + 1);
        break;
    case PLACE_BLOCK:
        append(text, size, "an allocation");
        break;
    case PLACE_FIELD: {
        const struct place_entry *outer = place_at(&exec->values, entry.a);
        if (outer->kind == PLACE_DEREF)
            append_value(exec, outer->b, text, size, depth + 1);
        else
            append_place(exec, entry.a, text, size, depth + 1);
        append(text, size, outer->kind == PLACE_DEREF ? "->" : ".");
        append(text, size, program_text(exec->program, entry.b));
        break;
    }
    case PLACE_ELEMENT:
        append_place(exec, entry.a, text, size, depth + 1);
        append(text, size, "[]");
        break;
    default:
        append(text, size, "a literal");
    }
}

static void
append_value(struct exec *exec, value v, char *text, size_t size, int depth)
{
    struct value_entry entry = *value_at(&exec->values, v);
    const struct arena *arena = exec_arena(exec, v, false);
    switch (entry.kind) {
    case VALUE_ADDRESS:
        append(text, size, "&");
        append_place(exec, entry.a, text, size, depth + 1);
        break;
    case VALUE_INITIAL:
    case VALUE_WHOLE:
        append_place(exec, entry.a, text, size, depth + 1);
        break;
    case VALUE_HANDLE:
    case VALUE_ARENA:
    case VALUE_MARK:
        append_value(exec, entry.a, text, size, depth);
        break;
    case VALUE_FIELD:
        append_value(exec, entry.a, text, size, depth + 1);
        if (entry.b != UINT32_MAX) {
            append(text, size, ".");
            append(text, size, program_text(exec->program, entry.b));
        }
        break;
    default:
        append(text, size, arena != NULL ? "the arena made here" : "a value");
    }
}

const char *
exec_name(struct exec *exec, value v)
{
    static char text[256];
    text[0] = '\0';
    if (v == VALUE_NONE)
        return "an arena";
    append_value(exec, v, text, sizeof(text), 0);
    return text;
}

const char *
exec_place_name(struct exec *exec, place p)
{
    static char text[256];
    text[0] = '\0';
    append_place(exec, p, text, sizeof(text), 0);
    return text;
}
