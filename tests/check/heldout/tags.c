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
void
tags_pushed_in_a_loop(struct host *host, struct voice *voices, int count)
{
    for (int i = 0; i < count; i++) {
        fa_tag_push(host->ctx, host->audio);
        if (voices[i].volume <= 0)
            continue;
        voices[i].block = fa_heap_alloc(host->ctx, 512, 16);
        fa_tag_pop(host->ctx);
    }
}

/* good */
void
tags_pushed_in_a_loop_and_popped(struct host *host, struct voice *voices,
                                 int count)
{
    for (int i = 0; i < count; i++) {
        if (voices[i].volume <= 0)
            continue;
        fa_tag_push(host->ctx, host->audio);
        voices[i].block = fa_heap_alloc(host->ctx, 512, 16);
        fa_tag_pop(host->ctx);
    }
}

/* good */
void
tags_of_one_kind(struct host *host)
{
    fa_tag_push(host->ctx, host->audio);
    struct voice *voice = fa_pool_new(host->ctx, struct voice);
    fa_tag_pop(host->ctx);
    fa_tag_push(host->ctx, host->video);
    struct voice *other = fa_pool_new(host->ctx, struct voice);
    fa_free(host->ctx, other);
    fa_tag_pop(host->ctx);
    fa_tag_push(host->ctx, host->audio);
    fa_free(host->ctx, voice);
    fa_tag_pop(host->ctx);
}

/* bad: FA801 */
void
tags_of_an_inner_kind(struct host *host)
{
    fa_tag_push(host->ctx, host->audio);
    void *block = fa_heap_alloc(host->ctx, 128, 16);
    fa_tag_push(host->ctx, host->video);
    fa_heap_free(host->ctx, block); /* here */
    fa_tag_pop(host->ctx);
    fa_tag_pop(host->ctx);
}

/* good */
fa_tag
tags_that_are_configured(struct host *host)
{
    return fa_tag_register(host->allocator, "audio");
}

/* bad: FA802 */
void
tags_that_nobody_knows(struct host *host)
{
    static const char name[] = "temporary";
    host->video = fa_tag_register(host->allocator, name); /* here */
}

/* good */
void
tags_of_this_module(struct host *host, struct voice *voice)
{
    fa_tag audio = fa_tag_register(host->allocator, "audio");
    fa_tag_push(host->ctx, audio);
    voice->block = fa_heap_alloc(host->ctx, 256, 16);
    fa_tag_pop(host->ctx);
}
