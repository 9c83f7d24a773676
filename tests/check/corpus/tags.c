/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: tags. Which tags there are, and whose, stands
 * in .fa.toml.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>

struct voice {
    float volume;
    void *block;
};

struct host {
    fa_allocator *allocator;
    fa_ctx *ctx;
    fa_tag audio, video;
    bool is_muted;
};

/* The cases. */

/* bad: FA804 */
bool
tags_lost_by_a_return(struct host *host, struct voice *voice)
{
    fa_tag_push(host->ctx, host->audio);
    voice->block = fa_heap_alloc(host->ctx, 4096, 16);
    if (voice->block == NULL)
        return false; /* here */
    fa_tag_pop(host->ctx);
    return true;
}

/* good */
bool
tags_kept_by_a_return(struct host *host, struct voice *voice)
{
    fa_tag_push(host->ctx, host->audio);
    voice->block = fa_heap_alloc(host->ctx, 4096, 16);
    fa_tag_pop(host->ctx);
    if (voice->block == NULL)
        return false;
    voice->volume = 1;
    return true;
}

/* bad: FA804 */
int
tags_popped_twice(struct host *host)
{
    fa_tag_push(host->ctx, host->video);
    int *value = fa_frame_new(fa_ctx_frame(host->ctx), int);
    if (value == NULL)
        fa_tag_pop(host->ctx);
    fa_tag_pop(host->ctx); /* here */
    return value != NULL;
}

/* good */
int
tags_popped_when_pushed(struct host *host)
{
    if (!host->is_muted)
        fa_tag_push(host->ctx, host->video);
    bool was_muted = host->is_muted;
    int *value = fa_frame_new(fa_ctx_frame(host->ctx), int);
    if (!was_muted)
        fa_tag_pop(host->ctx);
    return value != NULL;
}

/* bad: FA801 */
void
tags_of_two_kinds(struct host *host)
{
    fa_tag_push(host->ctx, host->audio);
    struct voice *voice = fa_pool_new(host->ctx, struct voice);
    fa_tag_pop(host->ctx);
    fa_tag_push(host->ctx, host->video);
    fa_free(host->ctx, voice); /* here */
    fa_tag_pop(host->ctx);
}

/* good */
void
tags_of_an_outer_kind(struct host *host)
{
    fa_tag_push(host->ctx, host->audio);
    void *block = fa_heap_alloc(host->ctx, 128, 16);
    fa_tag_push(host->ctx, host->video);
    int *value = fa_frame_new(fa_ctx_frame(host->ctx), int);
    fa_tag_pop(host->ctx);
    if (value != NULL)
        *value = 1;
    fa_heap_free(host->ctx, block);
    fa_tag_pop(host->ctx);
}

/* bad: FA802 */
fa_tag
tags_with_a_typing_error(struct host *host)
{
    return fa_tag_register(host->allocator, "auido"); /* here */
}

/* good */
void
tags_of_the_list(struct host *host)
{
    host->video = fa_tag_register(host->allocator, "video");
    host->audio = fa_tag_register(host->allocator, "audio");
}

/* bad: FA803 */
void
tags_of_another_module(struct host *host, struct voice *voice)
{
    fa_tag video = fa_tag_register(host->allocator, "network");
    fa_tag_push(host->ctx, video);
    voice->block = fa_heap_alloc(host->ctx, 256, 16); /* here */
    fa_tag_pop(host->ctx);
}
