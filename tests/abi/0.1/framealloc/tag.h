/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tags: who the memory is for.
 *
 * A tag is a small number with a name. Each context has a stack of tags; what
 * is allocated counts for the tag on top. Nothing is counted per allocation:
 * the bytes of a tag are differences of cursor positions, taken where the tag
 * changes, so tags are always on.
 */
#ifndef FRAMEALLOC_TAG_H
#define FRAMEALLOC_TAG_H

#include <framealloc/status.h>

FA_BEGIN_DECLS

struct FA_TSA(__capability__("frame")) fa_allocator;
typedef struct fa_allocator fa_allocator;
typedef struct fa_ctx fa_ctx;

/** A tag of one allocator. 0 is the tag of everything untagged. */
typedef uint32_t fa_tag;

#define FA_TAG_NONE 0u
/** Tags per allocator, FA_TAG_NONE among them. */
#define FA_TAG_MAX 256u
/** Depth of the stack of tags of a context. */
#define FA_TAG_DEPTH_MAX 64u
/** Bytes of a tag's name that are kept, the final NUL among them. */
#define FA_TAG_NAME_MAX 48u

/**
 * The tag of a name; registers the name on its first use.
 *
 * When to use: once per subsystem, at start.
 * @param allocator the allocator.
 * @param name not empty; cut to FA_TAG_NAME_MAX - 1 bytes.
 * @return the tag, or FA_TAG_NONE with FA014 when the name is empty or
 *         FA_TAG_MAX names exist.
 * Valid until: the allocator is destroyed. Owner: the allocator.
 * Thread: any. Cost: a lock and a search by name. Since: 0.1.
 */
FA_API fa_tag fa_tag_register(fa_allocator *allocator, const char *name);

/**
 * Name of a tag.
 *
 * When to use: in reports.
 * @param allocator the allocator.
 * @param tag a tag.
 * @return the name, "untagged" for FA_TAG_NONE, NULL for an unknown tag.
 * Valid until: the allocator is destroyed. Owner: the allocator.
 * Thread: any. Cost: constant. Since: 0.1.
 */
FA_API const char *fa_tag_name(const fa_allocator *allocator, fa_tag tag);

/**
 * What is allocated from now on counts for this tag.
 *
 * When to use: at the begin of a section of work; pairs with fa_tag_pop().
 * @param ctx the context; NULL does nothing.
 * @param tag of fa_tag_register(). Unknown, or more than FA_TAG_DEPTH_MAX
 *        deep: FA014; the current tag stays, and the matching pop is counted.
 * Valid until: the matching pop; the stack outlives frames.
 * Owner: the context. Thread: the context's own.
 * Cost: about 10 ns; none per allocation. Since: 0.1.
 */
FA_API FA_PUSHES_TAG(1) void fa_tag_push(fa_ctx *ctx, fa_tag tag);

/**
 * Back to the tag before the last push.
 *
 * When to use: at the end of a section of work.
 * @param ctx the context; NULL does nothing. An empty stack: FA014.
 * Valid until: the next push. Owner: the context. Thread: the context's own.
 * Cost: about 10 ns. Since: 0.1.
 */
FA_API FA_POPS_TAG(1) void fa_tag_pop(fa_ctx *ctx);

/**
 * The tag that allocations count for now.
 *
 * When to use: to hand the tag on to a job.
 * @param ctx the context, or NULL.
 * @return the tag on top of the stack; FA_TAG_NONE when it is empty.
 * Valid until: the next push or pop. Owner: the context.
 * Thread: the context's own. Cost: constant. Since: 0.1.
 */
FA_API fa_tag fa_tag_current(const fa_ctx *ctx);

FA_END_DECLS

#endif
