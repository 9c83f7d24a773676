/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Diagnostics: what the library says when a program uses it wrongly or when
 * it had to do something costly.
 *
 * Every message has a number from one registry; one number has one meaning,
 * here and in the analyser. A program takes messages by a sink; without one
 * errors and warnings are printed to stderr, at most once per number and
 * frame. Hints are for sinks only.
 */
#ifndef FRAMEALLOC_DIAG_H
#define FRAMEALLOC_DIAG_H

#include <framealloc/status.h>
#include <framealloc/tag.h>

FA_BEGIN_DECLS

/** How bad it is. */
typedef enum fa_severity {
    FA_SEVERITY_HINT = 0,    /**< Works, could be better. */
    FA_SEVERITY_WARNING = 1, /**< Works, at a cost or by luck. */
    FA_SEVERITY_ERROR = 2    /**< Refused, or memory is damaged. */
} fa_severity;

/**
 * The registry: FA_DIAG(number, severity, text, cure).
 *
 * Numbers are never reused for something else. The program may expand this
 * list itself, for instance to print a table.
 */
#define FA_DIAG_LIST(FA_DIAG)                                                  \
    FA_DIAG(1, ERROR, "no frame is open",                                      \
            "call fa_begin_frame() first, or fa_ctx_frame() in a worker")      \
    FA_DIAG(2, ERROR, "memory of a frame that is gone was touched",            \
            "copy what must live longer to a pool or the heap")                \
    FA_DIAG(3, WARNING, "a frame allocation could not be served",              \
            "raise memory_limit or allocate less per frame")                   \
    FA_DIAG(4, WARNING, "frame begin and end do not pair",                     \
            "call fa_begin_frame() and fa_end_frame() once each per frame")    \
    FA_DIAG(5, HINT, "a frame arena outgrew its reservation",                  \
            "raise frame_reserve to the suggested size")                       \
    FA_DIAG(6, ERROR, "a mark is stale or of another frame",                   \
            "roll back to marks of this frame only, newest first")             \
    FA_DIAG(7, WARNING, "a pinned frame is older than the lag allows",         \
            "unpin sooner, or raise frame_lag")                                \
    FA_DIAG(8, ERROR, "a pointer that is not from this allocator was freed",   \
            "free it with the allocator that made it")                         \
    FA_DIAG(9, ERROR, "memory past the end of a block was written",            \
            "ask for the size that is used")                                   \
    FA_DIAG(10, ERROR, "a structure has a member outside its range",           \
            "start from its FA_..._INIT macro and keep to the ranges")         \
    FA_DIAG(11, WARNING, "FRAMEALLOC_OPTIONS has an unknown key",              \
            "see framealloc(7) for the list of keys")                          \
    FA_DIAG(12, WARNING, "FRAMEALLOC_OPTIONS has a value that cannot be used", \
            "see framealloc(7) for the range of each key")                     \
    FA_DIAG(13, ERROR, "an alignment is not a power of two up to 2 MiB",       \
            "pass 1, 2, 4 ... 2097152")                                        \
    FA_DIAG(14, ERROR, "a tag is unknown or the tag stack is unbalanced",      \
            "register tags, and pop what was pushed")                          \
    FA_DIAG(15, ERROR, "a size that was passed does not fit the block",        \
            "pass the size that was asked for")                                \
    FA_DIAG(16, ERROR, "a freed block was written to",                         \
            "do not keep pointers to freed blocks")                            \
    FA_DIAG(17, WARNING, "a free was refused, the owner's queue is full",      \
            "free it again later, drain the owner, or raise queue_capacity")   \
    FA_DIAG(18, WARNING, "a snapshot could not be written",                    \
            "see that its folder can be written and has space")                \
    FA_DIAG(211, ERROR, "a context was used by a thread that is not its own",  \
            "use fa_ctx_current() in each thread")                             \
    FA_DIAG(221, ERROR, "a barrier was used against its count",                \
            "arrive once per generation, with as many members as it has")      \
    FA_DIAG(222, ERROR, "a barrier ended while a thread waited",               \
            "destroy it when its last generation is complete")                 \
    FA_DIAG(231, WARNING, "memory was sent and never received",                \
            "receive every transfer, or release it")                           \
    FA_DIAG(232, ERROR, "a transfer that is over was used",                    \
            "receive each transfer once, with its own allocator")              \
    FA_DIAG(241, ERROR, "a shared object without references was used",         \
            "retain it once per owner, and release it as often")               \
    FA_DIAG(251, ERROR, "a task that is over was used",                        \
            "end a task when its last user is done, with its own allocator")   \
    FA_DIAG(252, ERROR, "a block that the task does not have was freed",       \
            "free a block once, by the task that allocated it")                \
    FA_DIAG(253, ERROR, "two calls used a task at the same time",              \
            "let one thread at a time use a task")                             \
    FA_DIAG(254, WARNING, "tasks were still live when the allocator ended",    \
            "call fa_task_end() once for each task")                           \
    FA_DIAG(311, WARNING, "the memory limit of the allocator is reached",      \
            "raise memory_limit or free memory")                               \
    FA_DIAG(312, WARNING, "the budget of a tag is reached",                    \
            "raise the budget or allocate less under the tag")                 \
    FA_DIAG(313, WARNING, "the budget of a context is reached",                \
            "raise the budget or allocate less in the context")                \
    FA_DIAG(314, WARNING, "the limit of a phase is reached",                   \
            "raise the limit or allocate less in the phase")                   \
    FA_DIAG(401, ERROR, "a handle is stale or of another owner",               \
            "keep handles no longer than what they name")                      \
    FA_DIAG(402, WARNING, "the budget of a stream is reached",                 \
            "raise the budget, or free or unpin assets")                       \
    FA_DIAG(403, WARNING, "handles were still live when their owner ended",    \
            "free what has a handle before its owner is destroyed")            \
    FA_DIAG(404, ERROR, "a pinned object was freed, or pins do not pair",      \
            "unpin once for each pin, and before the free")                    \
    FA_DIAG(421, ERROR, "a scratch arena or a group that is gone was used",    \
            "drop the handle where it is destroyed")                           \
    FA_DIAG(422, ERROR, "scratch scopes do not nest",                          \
            "end each scope once, newest first, and destroy after the last")   \
    FA_DIAG(423, WARNING, "a scratch scope was not ended in its frame",        \
            "call fa_scratch_end() on every way out, or use FA_SCRATCH_SCOPE") \
    FA_DIAG(424, ERROR, "both scratch arenas of the context are conflicts",    \
            "pass only the frames that results are allocated from")            \
    FA_DIAG(431, WARNING, "a retained block could not be kept",                \
            "raise the budget or the capacity, or retain less")                \
    FA_DIAG(432, ERROR, "a block that is not of the frame was retained",       \
            "retain blocks of the open frame, with at most their size")        \
    FA_DIAG(441, ERROR, "phases do not nest",                                  \
            "end each phase once, newest first, or use FA_PHASE_SCOPE")        \
    FA_DIAG(442, WARNING, "a phase was not ended in its frame",                \
            "call fa_phase_end() on every way out, or use FA_PHASE_SCOPE")     \
    FA_DIAG(443, WARNING, "too many phases in a frame, or in each other",      \
            "begin fewer, at most 256, and 32 in each other")                  \
    FA_DIAG(501, WARNING, "what survives its frame lives for many frames",     \
            "allocate it from a pool or the heap at once")                     \
    FA_DIAG(502, WARNING, "much of a tag's frame memory survives its frame",   \
            "allocate what is kept from a pool or the heap at once")           \
    FA_DIAG(510, HINT, "most pool objects of a tag are freed in their frame",  \
            "allocate them from the frame")                                    \
    FA_DIAG(520, WARNING, "a tag's frame memory is promoted again and again",  \
            "allocate it where it lives, or build it in a scratch arena")      \
    FA_DIAG(530, WARNING, "a tag takes heap blocks again and again",           \
            "keep the blocks, or use the frame or a scratch arena")            \
    FA_DIAG(551, WARNING, "memory for GPU transfers was not given back",       \
            "release each ticket, and send or drop what was queued")           \
    FA_DIAG(552, ERROR, "GPU memory lacks the use that a copy needs",          \
            "ask for FA_GPU_USE_COPY_SOURCE or FA_GPU_USE_COPY_TARGET")        \
    FA_DIAG(553, ERROR, "a result of the GPU was read before it was complete", \
            "wait for the ticket or the barrier first")                        \
    FA_DIAG(554, ERROR, "the CPU cannot see this GPU memory",                  \
            "copy through a transfer, or ask for a host intent")               \
    FA_DIAG(555, ERROR,                                                        \
            "GPU memory of a finished frame or a freed slice was used",        \
            "take it again in each frame, and free it once")                   \
    FA_DIAG(556, ERROR, "the graphics device is lost",                         \
            "destroy everything of the device and make it again")              \
    FA_DIAG(557, WARNING, "GPU memory was still in use at the end",            \
            "free slices before fa_gpu_destroy()")                             \
    FA_DIAG(606, ERROR, "a frame was used after its end",                      \
            "fetch the frame again with fa_ctx_frame() in each frame")         \
    FA_DIAG(608, ERROR, "frame memory was passed to a free function",          \
            "frame memory is not freed one by one; use fa_frame_release()")    \
    FA_DIAG(609, ERROR, "a block was freed twice", "free each block once")     \
    FA_DIAG(610, WARNING, "blocks were still live when the allocator ended",   \
            "free pool and heap blocks before fa_allocator_destroy()")         \
    FA_DIAG(918, ERROR, "this Chipmunk cannot be used",                        \
            "install Chipmunk 7.0 as the distribution builds it")              \
    FA_DIAG(999, ERROR, "an internal invariant does not hold",                 \
            "please report this with the message")

/** One message. Strings are valid during the call of the sink only. */
typedef struct fa_diag {
    size_t struct_size;   /**< Bytes of this structure as the library has it. */
    uint32_t number;      /**< Of the registry: 1 for FA001. */
    fa_severity severity; /**< Of the registry. */
    const char *text;     /**< What happened: the registry's sentence. */
    const char *cure;     /**< What to do about it. */
    const char *detail;   /**< Names, sizes and addresses of this case. */
    const void *address;  /**< The block or pointer in question, or NULL. */
    uint64_t frame;       /**< The allocator's frame number then. */
    /** The thread's own context, its name and its current tag; 0 and "" when
     *  it has none. */
    uint64_t ctx;
    const char *ctx_name;    /**< See ctx. */
    const char *tag_name;    /**< See ctx. */
    const char *thread_name; /**< As the system knows the thread. */
} fa_diag;

/**
 * Takes one message. Called without any lock held, on the thread that did it;
 * it may allocate from the allocator.
 */
typedef void (*fa_diag_fn)(void *user, const fa_diag *diag);

/** What happens after a message was delivered. */
typedef enum fa_on_misuse {
    FA_ON_MISUSE_DEFAULT = 0,      /**< As the environment says, else report. */
    FA_ON_MISUSE_REPORT = 1,       /**< Deliver the message and go on. */
    FA_ON_MISUSE_ABORT_ERROR = 2,  /**< abort() after an error: for CI. */
    FA_ON_MISUSE_ABORT_WARNING = 3 /**< abort() after a warning, too. */
} fa_on_misuse;

/**
 * Text of a number of the registry.
 *
 * When to use: to explain a number that was logged.
 * @param number 1 for FA001.
 * @return a static sentence, or NULL when there is no such number.
 * Valid until: the end of the process. Owner: the library.
 * Thread: any. Cost: a short search. Since: 0.1.
 */
FA_API const char *fa_diag_text(uint32_t number);

/**
 * Cure of a number of the registry.
 *
 * When to use: beside fa_diag_text().
 * @param number 1 for FA001.
 * @return a static sentence, or NULL when there is no such number.
 * Valid until: the end of the process. Owner: the library.
 * Thread: any. Cost: a short search. Since: 0.1.
 */
FA_API const char *fa_diag_cure(uint32_t number);

/**
 * Sends a message to where the allocator's messages go.
 *
 * When to use: by modules and engines that report mistakes of the registry.
 * @param allocator the allocator.
 * @param number of the registry; others are dropped.
 * @param address what the message is about, or NULL.
 * @param format as of printf: what happened here, without a final period.
 * Valid until: - Owner: - Thread: any, without locks held.
 * Cost: formatting and the sink. Since: 0.1.
 */
FA_API FA_PRINTF(4, 5) void fa_diag_send(fa_allocator *allocator,
                                         uint32_t number, const void *address,
                                         const char *format, ...);

/**
 * Says what happens after a message, from now on.
 *
 * When to use: to be strict in a part of a program's tests.
 * @param allocator the allocator.
 * @param on_misuse FA_ON_MISUSE_DEFAULT is FA_ON_MISUSE_REPORT here.
 * @return what it was; FA_ON_MISUSE_DEFAULT for a wrong argument.
 * Valid until: the next call. Owner: - Thread: any. Cost: constant.
 * Since: 0.1.
 */
FA_API fa_on_misuse fa_diag_strict_set(fa_allocator *allocator,
                                       fa_on_misuse on_misuse);

/**
 * Says how much is printed: 0 as usual; 1 everything, each time, hints too,
 * and with thread, context and tag. Sinks get everything anyway.
 *
 * When to use: to look at a problem; verbose=1 in the environment.
 * @param allocator the allocator.
 * @param level 0 or 1; above is 1.
 * Valid until: the next call. Owner: - Thread: any. Cost: constant.
 * Since: 0.1.
 */
FA_API void fa_diag_verbose_set(fa_allocator *allocator, unsigned level);

/**
 * Suppresses a number: no sink, no line, no abort().
 *
 * When to use: for what a program knows and accepts; suppress=510 in the
 * environment.
 * @param allocator the allocator.
 * @param number of the registry.
 * @return FA_OK; FA_ERR_USAGE when there is no such number.
 * Valid until: fa_diag_suppress_remove(). Owner: - Thread: any.
 * Cost: a short search. Since: 0.1.
 */
FA_API fa_status fa_diag_suppress_add(fa_allocator *allocator, uint32_t number);

/**
 * Undoes fa_diag_suppress_add().
 *
 * When to use: after a part that was known to be noisy.
 * @param allocator the allocator.
 * @param number of the registry.
 * @return as fa_diag_suppress_add().
 * Valid until: - Owner: - Thread: any. Cost: a short search. Since: 0.1.
 */
FA_API fa_status fa_diag_suppress_remove(fa_allocator *allocator,
                                         uint32_t number);

FA_END_DECLS

#endif
