/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: memory that is freed by a function that does
 * not belong to it.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sound {
    struct sound *next;
    float *samples;
    char *name;
    size_t count;
};

struct mixer {
    fa_allocator *allocator;
    fa_ctx *ctx;
    struct sound *playing;
    fa_task task;
    void (*release)(void *block);
};

/* The cases. */

/* bad: FA608 */
void
release_of_frame_memory_to_a_pool(struct mixer *mixer)
{
    struct sound *sound = fa_frame_new(fa_ctx_frame(mixer->ctx), struct sound);
    if (sound == NULL)
        return;
    sound->count = 1;
    fa_pool_delete(mixer->ctx, struct sound, sound); /* here */
}

/* good */
void
release_of_pool_memory_to_a_pool(struct mixer *mixer)
{
    struct sound *sound = fa_pool_new(mixer->ctx, struct sound);
    if (sound == NULL)
        return;
    sound->count = 1;
    fa_pool_delete(mixer->ctx, struct sound, sound);
}

static void
sound_free(struct sound *sound)
{
    free(sound->name);
    free(sound);
}

/* bad: FA608 */
void
release_by_a_helper(struct mixer *mixer, const char *name)
{
    struct sound *sound = malloc(sizeof(*sound));
    if (sound == NULL)
        return;
    sound->name = fa_frame_strdup(fa_ctx_frame(mixer->ctx), name);
    sound_free(sound); /* here */
}

static void
sound_drop(struct sound *sound)
{
    free(sound->name);
    free(sound);
}

/* good */
void
release_by_a_helper_of_libc_memory(struct mixer *mixer, const char *name)
{
    struct sound *sound = malloc(sizeof(*sound));
    if (sound == NULL)
        return;
    char *line = fa_frame_strdup(fa_ctx_frame(mixer->ctx), name);
    sound->name = line != NULL ? strdup(line) : NULL;
    sound_drop(sound);
}

/* bad: FA608 */
char *
release_by_realloc(fa_frame *frame, const char *text)
{
    char *copy = fa_frame_strdup(frame, text);
    if (copy == NULL)
        return NULL;
    size_t length = strlen(copy);
    char *longer = realloc(copy, length + 5); /* here */
    if (longer != NULL)
        memcpy(longer + length, ".wav", 5);
    return longer;
}

/* good */
char *
release_by_resize(fa_frame *frame, const char *text)
{
    char *copy = fa_frame_strdup(frame, text);
    if (copy == NULL)
        return NULL;
    size_t length = strlen(copy);
    char *longer = fa_frame_resize(frame, copy, length + 1, length + 5, 1);
    if (longer != NULL)
        memcpy(longer + length, ".wav", 5);
    return longer;
}

/* bad: FA608 */
void
release_of_libc_memory_to_the_heap(struct mixer *mixer, const char *name)
{
    struct sound sound = {.name = strdup(name)};
    if (sound.name != NULL && sound.name[0] == '#')
        puts(sound.name);
    fa_heap_free(mixer->ctx, sound.name); /* here */
}

/* good */
void
release_of_nothing(struct mixer *mixer, const char *name)
{
    char *copy = NULL;
    if (name[0] == '#')
        copy = strdup(name);
    if (copy == NULL)
        fa_heap_free(mixer->ctx, copy);
    free(copy);
}

/* bad: FA608 */
void
release_of_pool_memory_to_the_heap_of_libc(struct mixer *mixer)
{
    struct sound *sound = fa_pool_new(mixer->ctx, struct sound);
    if (sound == NULL)
        return;
    sound->samples = malloc(64);
    free(sound->samples);
    free(sound); /* here */
}

/* good */
void
release_of_pool_memory_with_libc_memory_in_it(struct mixer *mixer)
{
    struct sound *sound = fa_pool_new(mixer->ctx, struct sound);
    if (sound == NULL)
        return;
    sound->samples = malloc(64);
    free(sound->samples);
    fa_free(mixer->ctx, sound);
}

/* good */
void
release_by_the_mixer(struct mixer *mixer)
{
    struct sound *sound = fa_frame_new(fa_ctx_frame(mixer->ctx), struct sound);
    void *block = malloc(16);
    if (sound != NULL)
        sound->samples = block;
    mixer->release(block);
}
