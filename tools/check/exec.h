/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Runs a function on symbolic values, path by path, and reports what goes
 * wrong on any of them. Calls of functions that matter are entered.
 */
#ifndef CHECK_EXEC_H
#define CHECK_EXEC_H

#include "check/state.h"
#include "check/verdict.h"

/* How an arena was left at the end of one path. */
struct outcome {
    value arena; /* or the context of tags */
    bool is_open, was_paired, is_tag;
    struct event begun, left;
};

struct exec {
    struct program *program;
    const struct check_request *request;
    struct verdict_list *reports;
    uint32_t max_steps, frame_lag;

    /* Of the function at hand. */
    const struct function *root;
    struct values values;
    struct state *state; /* of the path at hand */
    struct state *waiting;
    uint32_t steps, blocks, fresh;
    bool is_path_over;
    uint64_t *seen; /* hashes of states at branches */
    uint32_t seen_count, seen_room;
    struct outcome *outcomes;
    uint32_t outcome_count, outcomes_room;
};

void exec_begin(struct exec *exec, struct program *program,
                struct verdict_list *reports);
void exec_end(struct exec *exec);
/* False: its budget was used up before all paths were taken. */
bool exec_run(struct exec *exec, const struct function *function);

/* The rest is shared by the files of the executor. */

struct event exec_here(const struct exec *exec);
value exec_fresh(struct exec *exec);
struct state *exec_first_state(const struct function *function);
/* An object may be reached by ways that are not followed. */
void exec_escape(struct exec *exec, value v);
/* What an inner function lost is said of that function, not of its caller. */
void exec_lost_inside(struct exec *exec, uint32_t activation, value result);
value exec_compute(struct exec *exec, enum ir_binary op, value a, value b);
void exec_return(struct exec *exec, value result, bool has_result);

/* exec_use.c: memory is touched. */
void exec_use(struct exec *exec, place p);
void exec_use_value(struct exec *exec, value v);
bool exec_may_be_another(struct exec *exec, const struct object *object);
/* exec_call.c */
void exec_call(struct exec *exec, uint32_t symbol, value pointer,
               const value *args, uint32_t count, int32_t dst, uint8_t type);
/* exec_protocol.c: calls that must or must not come in an order. */
void exec_protocol(struct exec *exec, const char *name, const value *args,
                   uint32_t count);
/* And what a call has filled in, once its roles are done. */
void exec_made(struct exec *exec, const char *name, const value *args,
               uint32_t count, value *result);
/* The tag that is on top, or VALUE_NONE. */
value exec_tag(const struct exec *exec);
/* Memory is taken under a tag: may this file? */
void exec_check_module(struct exec *exec, value tag);
/* exec_role.c: what a function with roles does; its result. */
value exec_roles(struct exec *exec, const struct roles *roles, uint32_t symbol,
                 const value *args, uint32_t count, uint8_t type);
/* exec_arena.c */
value exec_owner(struct exec *exec, value v);
value exec_frame_memory(struct exec *exec, value arena, uint64_t size);
value exec_object(struct exec *exec, enum object_kind kind, value arena);
/* is_nesting: within an open frame it begins none. */
void exec_begins(struct exec *exec, value owner, bool is_nesting);
void exec_ends(struct exec *exec, value owner, bool is_destroyed);
void exec_resets(struct exec *exec, value arena);
void exec_rolls_back(struct exec *exec, value mark);
value exec_arena_of(struct exec *exec, value owner, uint8_t type);
value exec_create(struct exec *exec, value parent, bool is_allocator);
bool exec_belongs(struct exec *exec, value v, value owner, bool through);
struct arena *exec_arena(struct exec *exec, value v, bool is_made);
/* The nearest arena whose begin and end are known; or NULL. */
struct arena *exec_nearest(struct exec *exec, value v);
/* exec_name.c, and exec_exit.c: the function at hand is left. */
void exec_exit(struct exec *exec, value result);
void exec_pairing(struct exec *exec);
/* It is left by a jump to a place that was set at that step. */
void exec_jumps_out(struct exec *exec, uint32_t set_at);
/* "frame memory of world->frame"; a static buffer. */
const char *exec_name(struct exec *exec, value v);
const char *exec_place_name(struct exec *exec, place p);

#endif
