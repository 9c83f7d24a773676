/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What is known at one point of one path: what places hold, what conditions
 * were taken, what became of memory and of arenas.
 */
#ifndef CHECK_STATE_H
#define CHECK_STATE_H

#include "check/program.h"
#include "check/value.h"

/* A moment of the path. */
struct event {
    const struct function *function; /* NULL: none */
    const struct ir_insn *insn;
    uint32_t activation;
};

struct binding {
    place place;
    value value;
    struct event stored;
};

enum fact_kind { FACT_ZERO, FACT_NONZERO, FACT_EQUAL, FACT_UNEQUAL };

struct fact {
    value value;
    uint32_t kind;
    int64_t n;
};

enum object_kind {
    OBJECT_UNKNOWN, /* came in from outside */
    OBJECT_FRAME,   /* memory of an arena */
    OBJECT_POOL,
    OBJECT_HEAP,
    OBJECT_MALLOC,
    OBJECT_TASK,
    OBJECT_TRANSFER,
    OBJECT_TICKET, /* of a copy by the graphics device */
    OBJECT_DEVICE  /* frame memory of the graphics device */
};

enum object_status {
    OBJECT_LIVE,
    OBJECT_ABSENT, /* the allocation failed */
    OBJECT_DEAD,   /* its arena ended */
    OBJECT_FREED,
    OBJECT_MOVED, /* it may be elsewhere now */
    OBJECT_SENT,
    OBJECT_HIDDEN, /* the processor may not see it */
    OBJECT_IGNORED /* reported; no more is said about it */
};

struct object {
    place base;
    value arena;
    uint8_t kind, status;
    bool is_maybe_null, is_escaped, is_suspended;
    uint8_t ends;    /* frames that ended since, while lag keeps it readable */
    int32_t old;     /* what it takes over from, when it is there; or -1 */
    uint32_t rounds; /* of loops, when it was freed */
    value tag;       /* that was pushed when it was made */
    value started;   /* the status of what started its thread, or sent it */
    struct event made, ended, shared; /* shared: with another thread */
};

enum arena_status {
    ARENA_UNKNOWN,
    ARENA_NEVER, /* new, and no frame was begun */
    ARENA_OPEN,
    ARENA_CLOSED
};

struct arena {
    value value;
    value parent; /* VALUE_NONE: none */
    uint8_t status;
    bool is_created; /* by the program, here */
    bool was_paired; /* begun and ended on this path */
    bool was_destroyed;
    bool is_scope; /* its maker gave it to be ended */
    uint32_t generation, nested;
    uint32_t rounds;             /* of loops, when it ended */
    uint32_t begun_at, ended_at; /* steps, to tell what came first */
    uint64_t limit;              /* bytes, 0: none */
    struct event begun, ended;
};

struct tag_depth {
    value ctx;
    int32_t depth, pushes;
    bool was_popped;
    value stack[4];
    struct event pushed;
};

/* What a protocol remembers of a value. */
struct mark {
    value value;
    uint32_t what;
    int64_t n;
    struct event at;
};

struct activation {
    const struct function *function;
    uint32_t parent;
    const struct ir_insn *call; /* in the parent */
};

struct call_frame {
    const struct function *function;
    uint32_t activation, pc, registers;
    int32_t dst; /* in the caller */
};

struct visit {
    uint32_t activation, pc, count;
};

struct decision {
    struct event at;
    bool is_true;
};

#define STATE_LISTS(X)                                  \
    X(struct call_frame, frames, frame_count)           \
    X(value, registers, register_count)                 \
    X(struct binding, bindings, binding_count)          \
    X(struct fact, facts, fact_count)                   \
    X(struct object, objects, object_count)             \
    X(struct arena, arenas, arena_count)                \
    X(struct tag_depth, tags, tag_count)                \
    X(struct activation, activations, activation_count) \
    X(struct visit, visits, visit_count)                \
    X(struct mark, notes, note_count)                   \
    X(uint32_t, marks, mark_count)                      \
    X(struct decision, decisions, decision_count)

struct state {
#define STATE_MEMBER_(type, name, count) \
    type *name;                          \
    uint32_t count, name##_room;
    STATE_LISTS(STATE_MEMBER_)
#undef STATE_MEMBER_
    uint32_t rounds; /* of loops, so far */
    uint32_t pins;
    uint32_t jump_set; /* the step of the last setjmp(), 0: none */
    bool has_waited;   /* for other threads, or at a barrier */
    struct event suspended;
    struct state *next; /* on the list of paths to go */
};

#define STATE_APPEND(state, name, count)                                     \
    (ir_grow((void **)&(state)->name, &(state)->name##_room, (state)->count, \
             sizeof(*(state)->name)),                                        \
     &(state)->name[(state)->count++])

struct state *state_begin(void);
struct state *state_copy(const struct state *state);
void state_free(struct state *state);

/* What a place holds. */
value state_read(struct state *state, struct values *values, place p);
const struct binding *state_binding(const struct state *state, place p);
void state_write(struct state *state, struct values *values, place p, value v,
                 struct event at);
/* Everything about a place and its parts is forgotten. */
void state_forget(struct state *state, struct values *values, place p);
/* A whole structure. */
void state_copy_place(struct state *state, struct values *values, place from,
                      place to, struct event at);
/* Variables of an activation that is over, but for what is in keep. */
void state_drop(struct state *state, struct values *values, uint32_t activation,
                place keep);

/* Whether a value is true: 1, 0, or -1 when nothing tells. */
int state_truth(struct state *state, struct values *values, value v);
/* False: it contradicts what is known. */
bool state_assume(struct state *state, struct values *values, value v,
                  bool is_true);
/* The number that a value is known to be. */
bool state_number(const struct state *state, const struct values *values,
                  value v, int64_t *n);

/* Index of the object that a value points to, or -1. */
int32_t state_object(const struct state *state, const struct values *values,
                     value v);
int32_t state_object_at(const struct state *state, const struct values *values,
                        place p);

/* Drops what is known of values that nothing leads to any more. */
void state_forget_facts(struct state *state, const struct values *values);

enum state_detail {
    STATE_ALL,      /* with facts */
    STATE_PLACES,   /* what places hold */
    STATE_LIFETIMES /* of that, pointers to memory and arenas only */
};
/* The same for the same knowledge. */
uint64_t state_hash(const struct state *state, const struct values *values,
                    enum state_detail detail);

#endif
