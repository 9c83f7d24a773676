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
size_t
release_of_frame_memory_by_free(fa_frame *frame, const char *name)
{
    char *copy = fa_frame_strdup(frame, name);
    size_t length = copy != NULL ? strlen(copy) : 0;
    free(copy); /* here */
    return length;
}

/* good */
size_t
release_of_libc_memory_by_free(fa_frame *frame, const char *name)
{
    char *line = fa_frame_strdup(frame, name);
    char *copy = strdup(line != NULL ? line : "");
    size_t length = copy != NULL ? strlen(copy) : 0;
    free(copy);
    return length;
}

/* bad: FA608 */
bool
release_of_heap_memory_by_free(struct mixer *mixer, FILE *file)
{
    unsigned char *bytes = fa_heap_alloc(mixer->ctx, 65536, 64);
    if (bytes == NULL)
        return false;
    bool is_wave = fread(bytes, 4, 1, file) == 1 && bytes[0] == 'R';
    free(bytes); /* here */
    return is_wave;
}

/* good */
bool
release_of_heap_memory_by_fa_free(struct mixer *mixer, FILE *file)
{
    unsigned char *bytes = fa_heap_alloc(mixer->ctx, 65536, 64);
    if (bytes == NULL)
        return false;
    bool is_wave = fread(bytes, 4, 1, file) == 1 && bytes[0] == 'R';
    fa_free(mixer->ctx, bytes);
    return is_wave;
}

/* bad: FA608 */
int
release_on_the_wrong_branch(struct mixer *mixer, size_t size)
{
    bool is_small = size <= 256;
    char *buffer = is_small ? fa_frame_alloc(fa_ctx_frame(mixer->ctx), size, 1)
                            : malloc(size);
    if (buffer == NULL)
        return -1;
    memset(buffer, 1, size);
    int first = buffer[0];
    if (is_small)
        free(buffer); /* here */
    return first;
}

/* good */
int
release_on_the_right_branch(struct mixer *mixer, size_t size)
{
    bool is_small = size <= 256;
    char *buffer = is_small ? fa_frame_alloc(fa_ctx_frame(mixer->ctx), size, 1)
                            : malloc(size);
    if (buffer == NULL)
        return -1;
    memset(buffer, 1, size);
    int first = buffer[0];
    if (!is_small)
        free(buffer);
    return first;
}

/* bad: FA608 */
void
release_of_a_list_of_the_frame(struct mixer *mixer, int count)
{
    fa_frame *frame = fa_begin_frame(mixer->allocator);
    struct sound *list = NULL;
    for (int i = 0; i < count; i++) {
        struct sound *sound = fa_frame_new(frame, struct sound);
        if (sound == NULL)
            break;
        sound->next = list;
        list = sound;
    }
    while (list != NULL) {
        struct sound *next = list->next;
        fa_free(mixer->ctx, list); /* here */
        list = next;
    }
    fa_end_frame(mixer->allocator);
}

/* good */
void
release_of_a_list_of_pools(struct mixer *mixer, int count)
{
    fa_frame *frame = fa_begin_frame(mixer->allocator);
    struct sound *list = NULL;
    for (int i = 0; i < count; i++) {
        struct sound *sound = fa_pool_new(mixer->ctx, struct sound);
        if (sound == NULL)
            break;
        sound->next = list;
        list = sound;
    }
    while (list != NULL) {
        struct sound *next = list->next;
        list->samples = fa_frame_array(frame, float, 2);
        fa_free(mixer->ctx, list);
        list = next;
    }
    fa_end_frame(mixer->allocator);
}

/* bad: FA608 */
void
release_of_task_memory(struct mixer *mixer, size_t count)
{
    float *block = fa_task_array(mixer->ctx, mixer->task, float, count);
    if (block == NULL)
        return;
    block[0] = 1;
    fa_free(mixer->ctx, block); /* here */
}

/* good */
void
release_of_task_memory_to_its_task(struct mixer *mixer, size_t count)
{
    float *block = fa_task_array(mixer->ctx, mixer->task, float, count);
    if (block == NULL)
        return;
    block[0] = 1;
    fa_task_free(mixer->ctx, mixer->task, block);
}

/* good */
float
release_of_the_newest_block(fa_frame *frame, size_t count)
{
    size_t size = count * sizeof(float);
    float *samples = fa_frame_alloc(frame, size, sizeof(float));
    if (samples == NULL)
        return 0;
    samples[0] = 0.5f;
    float first = samples[0];
    fa_frame_release(frame, samples, size);
    return first;
}

/* bad: FA608 */
void
release_behind_a_cast(fa_frame *frame, uintptr_t seed)
{
    uintptr_t bits = (uintptr_t)fa_frame_alloc(frame, 64, 16);
    if (bits == 0 || seed == 0)
        return;
    free((void *)bits); /* here */
}
