/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Sections: the parts of a frame's arena that belong to one tag each.
 *
 * A tag change closes the section of the old tag and logs it, so that the
 * bytes of a tag are differences of positions and a rollback refunds each tag
 * exactly. Where the log cannot grow, the section is still counted; only a
 * rollback below it then leaves its bytes with the tag until the frame ends.
 */
#include "memory/frame.h"

static void
log_section(fa_ctx *ctx, size_t begin, size_t end)
{
    struct fai_section *section =
        fai_array_push(&ctx->frame.sections, sizeof(*section));
    if (section != NULL)
        *section = (struct fai_section){begin, end, ctx->tag};
}

/* What was leased but not used goes back to the tag's budget. */
static void
end_lease(fa_ctx *ctx, size_t position)
{
    struct fai_frame *frame = &ctx->frame;
    if (frame->leased == 0)
        return;
    size_t left = frame->lease_from + frame->leased - position;
    left = FAI_MIN(left, frame->leased);
    fai_budget_give(&ctx->allocator->tags.tag[ctx->tag].budget, left);
    fai_publish_sub(&ctx->tag_use[ctx->tag].charged, left);
    frame->leased = 0;
    /* The limit stood for the lease. */
    frame->public.limit = frame->public.cursor;
}

void
fai_frame_close_section(fa_ctx *ctx)
{
    struct fai_frame *frame = &ctx->frame;
    if (!fai_frame_is_open(frame))
        return;
    size_t position = fai_frame_position(frame);
    end_lease(ctx, position);
    fai_frame_raise_floor(frame, frame->public.cursor);
    frame->attention |= FAI_ATTENTION_TAGS;
    if (position > frame->section) {
        log_section(ctx, frame->section, position);
        fai_publish_add(&ctx->tag_use[ctx->tag].frame_bytes,
                        position - frame->section);
        fai_frame_mark_tag(ctx, ctx->tag);
    }
    frame->section = position;
}

void
fai_frame_set_tag(fa_ctx *ctx, fa_tag tag)
{
    if (tag == ctx->tag)
        return;
    fai_frame_close_section(ctx);
    /* Of an annex, others read it; nothing is ordered by it. */
    fai_store(&ctx->tag, tag);
    ctx->use = &ctx->tag_use[tag];
    /* The slow path leases from a limited tag. */
    if (fai_budget_is_limited(&ctx->allocator->tags.tag[tag].budget))
        ctx->frame.public.limit = ctx->frame.public.cursor;
}

static void
refuse_tag(fa_ctx *ctx, const char *what, fa_tag tag)
{
    ctx->status = FA_ERR_USAGE;
    fai_report(&ctx->allocator->reporter, 14, NULL, "%s %u in context %llu",
               what, (unsigned)tag, (unsigned long long)ctx->id);
}

void
fa_tag_push(fa_ctx *ctx, fa_tag tag)
{
    if (ctx == NULL || ctx->is_refusing)
        return;
    if (ctx->tag_excess != 0 || ctx->tag_depth == FA_TAG_DEPTH_MAX ||
        !fai_tags_has(&ctx->allocator->tags, tag)) {
        ctx->tag_excess++;
        refuse_tag(ctx, "push of tag", tag);
        return;
    }
    ctx->tag_stack[ctx->tag_depth++] = ctx->tag;
    fai_frame_set_tag(ctx, tag);
}

void
fa_tag_pop(fa_ctx *ctx)
{
    if (ctx == NULL || ctx->is_refusing)
        return;
    if (ctx->tag_excess != 0)
        ctx->tag_excess--;
    else if (ctx->tag_depth == 0)
        refuse_tag(ctx, "pop at depth", 0);
    else
        fai_frame_set_tag(ctx, ctx->tag_stack[--ctx->tag_depth]);
}

fa_tag
fa_tag_current(const fa_ctx *ctx)
{
    return ctx == NULL ? FA_TAG_NONE : ctx->tag;
}

fa_tag
fa_tag_register(fa_allocator *allocator, const char *name)
{
    fa_tag tag = fai_tags_register(&allocator->tags, name);
    if (tag == FA_TAG_NONE)
        fai_report(&allocator->reporter, 14, NULL,
                   "no tag for the name \"%s\", %u of %u are in use",
                   name == NULL ? "" : name,
                   (unsigned)fai_load(&allocator->tags.count), FA_TAG_MAX);
    return tag;
}

const char *
fa_tag_name(const fa_allocator *allocator, fa_tag tag)
{
    return fai_tags_has(&allocator->tags, tag) ? allocator->tags.tag[tag].name
                                               : NULL;
}
