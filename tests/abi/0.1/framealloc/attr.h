/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Attributes by role: what a prototype promises to the compiler and to a
 * reader. Headers name roles only; compilers that lack an attribute see
 * nothing.
 */
#ifndef FRAMEALLOC_ATTR_H
#define FRAMEALLOC_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#    define FA_ATTR(x) __attribute__(x)
#else
#    define FA_ATTR(x)
#endif

/** An exported function. */
#define FA_API FA_ATTR((__visibility__("default")))
/** Returns memory that overlaps nothing live; n names the size parameter. */
#define FA_RETURNS_MEM(n) FA_ATTR((__malloc__, __alloc_size__(n)))
/** Returns memory of parameter n times parameter m bytes. */
#define FA_RETURNS_ARRAY(n, m) FA_ATTR((__malloc__, __alloc_size__(n, m)))
/** The result tells of failure and must be looked at. */
#define FA_CHECKED FA_ATTR((__warn_unused_result__))
/** Reads and changes nothing. */
#define FA_QUERY FA_ATTR((__pure__))
/** Format string in parameter n, its arguments from parameter m. */
#define FA_PRINTF(n, m) FA_ATTR((__format__(__printf__, n, m)))
/*
 * Roles: what a function does with memory, for the library's prototypes and
 * for yours. `framealloc check` reads them; a compiler sees the attribute that
 * fits, or nothing. Numbers are parameters from 1; 0 is the result, and *N is
 * what parameter N points to. They stand before the type of a result:
 *
 *     FA_RETURNS_FRAME(1) struct node *node_new(fa_frame *frame, int kind);
 *     FA_RETAINS(2) void list_add(struct list *list, struct node *node);
 *
 * and add up where there are several. The words, and how to annotate arenas of
 * your own, are in doc/static-analysis.md.
 */

/** A role in words; only the analyser sees it. */
#if defined(FRAMEALLOC_CHECK) && defined(__clang__)
#    define FA_ROLE(words) FA_ATTR((__annotate__("fa:" words)))
#else
#    define FA_ROLE(words)
#endif

/** Returns memory of arena n. */
#define FA_RETURNS_FRAME(n) FA_ROLE("frame(" #n ")") FA_FREED_BY_NOBODY
/** Returns a pool block of n, to be freed. */
#define FA_RETURNS_POOL(n) FA_CHECKED FA_ROLE("pool(" #n ")") FA_FREED_BY_ANY
/** Returns a heap block of n, to be freed. */
#define FA_RETURNS_HEAP(n) FA_CHECKED FA_ROLE("heap(" #n ")") FA_FREED_BY_ANY
/** Returns memory of task n. */
#define FA_RETURNS_TASK(n) FA_CHECKED FA_ROLE("task(" #n ")") FA_FREED_BY_TASK
/** Returns parameter n, or something inside of it. */
#define FA_RETURNS_PART_OF(n) FA_ROLE("copies(0, " #n ")")
/** What parameter r points to receives memory of arena n. */
#define FA_OUT_FRAME(r, n) FA_ROLE("out_frame(" #r ", " #n ")")
/** What parameter n points to outlives frames. */
#define FA_OUT_PERSISTENT(n) FA_ROLE("out_persistent(" #n ")")

/** Frees pool or heap block n. */
#define FA_FREES(n) FA_ROLE("frees_any(" #n ")")
/** Frees pool block n. */
#define FA_FREES_POOL(n) FA_ROLE("frees_pool(" #n ")")
/** Frees heap block n. */
#define FA_FREES_HEAP(n) FA_ROLE("frees_heap(" #n ")")
/** Frees block n of a task. */
#define FA_FREES_TASK(n) FA_ROLE("frees_task(" #n ")")
/** Frees block n, unless the result is NULL. */
#define FA_REALLOCS(n) FA_CHECKED FA_ROLE("reallocs(" #n ")")
/** What parameter n points to may have moved afterwards. */
#define FA_GROWS(n) FA_ROLE("grows(" #n ")")

/** Keeps parameter n for long. */
#define FA_RETAINS(n) FA_ROLE("retains(" #n ")")
/** Keeps parameter n as long as what parameter c is lives. */
#define FA_RETAINS_IN(n, c) FA_ROLE("retains(" #n ", " #c ")")
/** Does not keep parameter n. */
#define FA_BORROWS(n) FA_ROLE("borrows(" #n ")")

/** Opens the frame of n and returns its arena. */
#define FA_BEGINS_FRAME(n) FA_ROLE("begins(" #n ")")
/** Ends the frame of n, or the arena n: its memory is gone. */
#define FA_ENDS_FRAME(n) FA_ROLE("ends(" #n ")")
/** Empties arena n: its memory is gone, and it can be used again. */
#define FA_RESETS(n) FA_ROLE("resets(" #n ")")
/** Returns the arena of n, each time the same. */
#define FA_ARENA_OF(n) FA_ROLE("arena(" #n ")")
/** Makes r, for instance *2, a new arena. */
#define FA_CREATES_ARENA(r) FA_ROLE("creates(" #r ")")
/** Makes r a new arena, which ends with arena p. */
#define FA_CREATES_ARENA_IN(r, p) FA_ROLE("creates(" #r ", " #p ")")
/** Ends the frame of n when the variable that holds the result goes out of
 *  sight. Where a cleanup attribute does it, that is enough. */
#define FA_SCOPE_GUARD(n) FA_ROLE("scope(" #n ")")
/** Returns a mark of arena n. */
#define FA_MARKS(n) FA_ROLE("mark(" #n ")")
/** Drops the memory of arena n from after mark m. */
#define FA_ROLLS_BACK(n, m) FA_ROLE("rollback(" #n ", " #m ")")
/** Pushes, or pops, a tag of n. */
#define FA_PUSHES_TAG(n) FA_ROLE("pushes(" #n ")")
#define FA_POPS_TAG(n)   FA_ROLE("pops(" #n ")")

/** Is run by another thread. */
#define FA_THREAD_ENTRY FA_ROLE("thread_entry")
/** Runs function f on another thread, with d. */
#define FA_STARTS_THREAD(f, d) FA_ROLE("thread(" #f ", " #d ")")
/** Waits for other threads. */
#define FA_JOINS_THREADS FA_ROLE("joins")
/** Is run later, perhaps in another frame. */
#define FA_ASYNC_CALLBACK FA_ROLE("async_callback")
/** Runs function f later, with d. */
#define FA_RUNS_LATER(f, d) FA_ROLE("async(" #f ", " #d ")")
/** Lets other code of the thread run meanwhile. */
#define FA_SUSPENDS FA_ROLE("suspends")
/** Keeps, or lets go, the frame of n across what suspends. */
#define FA_PINS_FRAME(n)   FA_ROLE("pins(" #n ")")
#define FA_UNPINS_FRAME(n) FA_ROLE("unpins(" #n ")")
/** Hands block n over; the result must be received. */
#define FA_SENDS(n) FA_ROLE("sends(" #n ")")
/** Hands block n over; what r points to must be received. */
#define FA_SENDS_OUT(n, r) FA_ROLE("sends(" #n ", " #r ")")
/** Takes transfer n. */
#define FA_RECEIVES(n) FA_ROLE("receives(" #n ")")

/** Does not come back. */
#define FA_NEVER_RETURNS FA_ATTR((__noreturn__)) FA_ROLE("noreturn")
/** Has the new name name. */
#define FA_RENAMED(name)                                  \
    FA_ATTR((__deprecated__("call " #name "() instead"))) \
    FA_ROLE("renamed(" #name ")")

/*
 * Who frees what, for GCC 11 and later: -Wmismatched-dealloc,
 * -Wuse-after-free, -fanalyzer. GCC inlines nothing that has such an
 * attribute, so it is there where nothing is inlined anyway, without
 * optimisation, and where the program asks for it.
 *
 * FRAMEALLOC_STRICT_DEALLOC asks for it, and for more: frame memory gets a
 * function of its own to free it, which nobody calls, and task memory that of
 * tasks, so that free(), fa_free() and the like are warned of. Not with
 * -fanalyzer, which takes what ends with its frame or task for a leak.
 * FRAMEALLOC_NO_DEALLOC is for programs that free wrongly to see what happens.
 */
#if defined(__GNUC__) && __GNUC__ >= 11 && !defined(__clang__) && \
    !defined(FRAMEALLOC_NO_DEALLOC) &&                            \
    (!defined(__OPTIMIZE__) || defined(FRAMEALLOC_STRICT_DEALLOC))
#    ifndef FA_NO_INLINE
#        define FA_NO_INLINE
#    endif
/** Blocks of the function are freed as parameter n of fn. */
#    define FA_FREED_BY(fn, n) FA_ATTR((__malloc__(fn, n)))
#else
#    define FA_FREED_BY(fn, n)
#endif
/** Blocks of the function are freed by any of these. */
#define FA_FREED_BY_ANY     \
    FA_FREED_BY(fa_free, 2) \
    FA_FREED_BY(fa_pool_free, 2) FA_FREED_BY(fa_heap_free, 2)
#ifdef FRAMEALLOC_STRICT_DEALLOC
#    define FA_FREED_BY_INTENT FA_FREED_BY_ANY
#    define FA_FREED_BY_TASK \
        FA_FREED_BY(fa_task_memory_is_freed_by_fa_task_free, 1)
#    define FA_FREED_BY_NOBODY \
        FA_FREED_BY(fa_frame_memory_is_released_by_fa_end_frame, 1)
#else
#    define FA_FREED_BY_INTENT
#    define FA_FREED_BY_TASK
#    define FA_FREED_BY_NOBODY
#endif

/*
 * With FRAMEALLOC_THREAD_SAFETY_ANALYSIS, clang's -Wthread-safety sees that
 * every way out of a function ends the frame that it began: an allocator is a
 * capability that is held while its frame is open. These stand behind the
 * parameters and name one of them, or any other expression.
 */
#if defined(FRAMEALLOC_THREAD_SAFETY_ANALYSIS) && defined(__clang__)
#    define FA_TSA(x) FA_ATTR((x))
#else
#    define FA_TSA(x)
#endif
/** Returns with the frame of the allocator open. */
#define FA_OPENS_FRAME_OF(allocator) FA_TSA(__acquire_capability__(allocator))
/** Returns with the frame of the allocator closed. */
#define FA_CLOSES_FRAME_OF(allocator) FA_TSA(__release_capability__(allocator))
/** Is called, and returns, with the frame of the allocator open. */
#define FA_NEEDS_FRAME_OF(allocator) FA_TSA(__requires_capability__(allocator))

/** At a parameter: what is returned must not outlive it. For C++ in clang, and
 *  from clang 22 for C. */
#if defined(__clang__) && (defined(__cplusplus) || __clang_major__ >= 22)
#    define FA_OUTLIVES_RESULT FA_ATTR((__lifetimebound__))
#else
#    define FA_OUTLIVES_RESULT
#endif

/** Never inlined into a caller: a slow path. */
#define FA_NOINLINE FA_ATTR((__noinline__, __cold__))

#define FA_LIKELY(x)   __builtin_expect(!!(x), 1)
#define FA_UNLIKELY(x) __builtin_expect(!!(x), 0)

/*
 * Inline fast paths. The body is for inlining only; where a compiler does not
 * inline (no optimisation, an address taken) the exported function of the
 * same name is called: the out-of-line twin. FA_NO_INLINE builds a consumer
 * without any inline path.
 */
#define FA_INLINE extern inline FA_ATTR((__gnu_inline__))
#define FA_INLINE_ALWAYS \
    extern inline FA_ATTR((__gnu_inline__, __always_inline__))

#ifdef __cplusplus
#    define FA_ALIGNOF(T) alignof(T)
#    define FA_CAST(T, x) static_cast<T>(x)
/* Of what a pointer points to, and a cast to the type of a pointer member. */
#    define FA_ALIGNOF_AT(p)   alignof(decltype(*(p)))
#    define FA_CAST_LIKE(p, x) static_cast<decltype(p)>(x)
#else
#    define FA_ALIGNOF(T)      _Alignof(T)
#    define FA_CAST(T, x)      ((T)(x))
#    define FA_ALIGNOF_AT(p)   _Alignof(__typeof__(*(p)))
#    define FA_CAST_LIKE(p, x) (x)
#endif

#ifdef __cplusplus
#    define FA_BEGIN_DECLS extern "C" {
#    define FA_END_DECLS   }
#else
#    define FA_BEGIN_DECLS
#    define FA_END_DECLS
#endif

/* Named by FA_FREED_BY before their headers declare them; of the last two
 * there is no more than this. */
FA_BEGIN_DECLS
struct fa_ctx;
struct fa_pool;
void fa_free(struct fa_ctx *ctx, void *block);
void fa_heap_free(struct fa_ctx *ctx, void *block);
void fa_pool_free(struct fa_pool *pool, void *block);
void fa_frame_memory_is_released_by_fa_end_frame(void *block);
void fa_task_memory_is_freed_by_fa_task_free(void *block);
FA_END_DECLS

#endif
