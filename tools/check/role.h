/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Roles: what a function does with memory, as a list of words. They stand in
 * the analyser's own table for the interface of framealloc and well-known
 * libraries, in annotations of the program's headers, and in [roles] of
 * .fa.toml; all three are the same text, for instance
 *
 *     apr_pool_create = "creates(*1, 2)"
 *     apr_palloc      = "frame(1)"
 *     apr_pool_clear  = "resets(1)"
 *     apr_pool_destroy = "ends(1)"
 *     apr_hash_set    = "retains(2, 1) retains(4, 1)"
 *
 * A number is a parameter, from 1; 0 is the result; *N is what parameter N
 * points to. The second number may be left out.
 *
 *   arena(N)       the result is an arena, and always the same one for N
 *   begins(N)      opens the frame of N; the result is its arena
 *   ends(N)        ends the frame of N, or destroys the arena N: its memory
 *                  and that of the arenas below it is gone
 *   resets(N)      the memory of arena N is gone; the arena is not
 *   creates(R, P)  R becomes a new arena, inside P when there is a P
 *   scope(N)       ends(N), when the variable that holds it goes out of sight
 *   mark(N)        the result is a mark of arena N
 *   rollback(N, M) memory of arena N from after the mark M is gone
 *   frame(N)       the result is memory of arena N
 *   out_frame(R, N)  what parameter R points to receives memory of arena N
 *   pool(N) heap(N) malloc task(N)  the result is memory of that kind
 *   frees_pool(N) frees_heap(N) frees_any(N) frees_malloc(N) frees_task(N)
 *                  parameter N is freed; any: pool or heap
 *   reallocs(N)    parameter N is freed unless the result is NULL
 *   grows(N)       what parameter N points to may have moved
 *   out_persistent(N)  what parameter N points to outlives frames
 *   retains(N, C)  parameter N is kept, by C or for long
 *   borrows(N)     parameter N is not kept
 *   copies(R, N)   the result is N, or points into it
 *   thread(F, D)   F runs on another thread with D
 *   thread_entry   the function itself is run by another thread
 *   async(F, D)    F runs later with D
 *   async_callback the function itself is run later
 *   joins          waits for other threads
 *   suspends       other code of the thread runs meanwhile
 *   pins(N) unpins(N)  the frame of N stays while the thread is suspended
 *   sends(N, R)    memory N is handed over; the result, or what R points to,
 *                  must be received
 *   receives(N)    takes transfer N
 *   pushes(N) pops(N)  a tag of N
 *   noreturn       does not come back
 *   renamed(NAME)  call NAME instead
 */
#ifndef CHECK_ROLE_H
#define CHECK_ROLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role_verb {
    ROLE_NONE,
    ROLE_ARENA,
    ROLE_BEGINS,
    ROLE_ENDS,
    ROLE_RESETS,
    ROLE_CREATES,
    ROLE_SCOPE,
    ROLE_MARK,
    ROLE_ROLLBACK,
    ROLE_FRAME,
    ROLE_OUT_FRAME,
    ROLE_POOL,
    ROLE_HEAP,
    ROLE_MALLOC,
    ROLE_TASK,
    ROLE_FREES_POOL,
    ROLE_FREES_HEAP,
    ROLE_FREES_ANY,
    ROLE_FREES_MALLOC,
    ROLE_FREES_TASK,
    ROLE_REALLOCS,
    ROLE_GROWS,
    ROLE_OUT_PERSISTENT,
    ROLE_RETAINS,
    ROLE_BORROWS,
    ROLE_COPIES,
    ROLE_THREAD,
    ROLE_THREAD_ENTRY,
    ROLE_ASYNC,
    ROLE_ASYNC_CALLBACK,
    ROLE_JOINS,
    ROLE_SUSPENDS,
    ROLE_PINS,
    ROLE_UNPINS,
    ROLE_SENDS,
    ROLE_RECEIVES,
    ROLE_PUSHES,
    ROLE_POPS,
    ROLE_NORETURN,
    ROLE_RENAMED,
    ROLE_VERBS
};

/* One word. Arguments: -1 none, 0 the result, from 1 the parameters. */
struct role {
    uint8_t verb;
    int8_t a, b;
    bool is_out_a, is_out_b; /* written *N */
    const char *name;        /* with renamed */
};

enum { ROLE_MAX = 8 }; /* of one function */

struct roles {
    struct role list[ROLE_MAX];
    size_t count;
};

/* False: *why tells what cannot be read. Strings go to where keep puts them. */
bool roles_parse(const char *text, struct roles *out, const char **why,
                 char *(*keep)(void *user, const char *text, size_t size),
                 void *user);
const struct role *roles_find(const struct roles *roles, enum role_verb verb);
/* The text of the analyser's own table for a function, or NULL. */
const char *roles_built_in(const char *function);

#endif
