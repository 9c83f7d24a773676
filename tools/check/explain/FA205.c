/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The frame of an allocator is one for all its threads. Where each of them ends
 * it, the first does so under the others' feet. One thread ends the frame, when
 * all have arrived.
 */
#include <framealloc/framealloc.h>

#include <pthread.h>

struct crew {
    fa_allocator *allocator;
    pthread_t threads[4];
};

/* bad */

static void *
work_and_end(void *argument)
{
    struct crew *crew = argument;
    fa_end_frame(crew->allocator);
    return NULL;
}

void
crew_run(struct crew *crew)
{
    fa_begin_frame(crew->allocator);
    for (int i = 0; i < 4; i++)
        pthread_create(&crew->threads[i], NULL, work_and_end, crew);
    for (int i = 0; i < 4; i++)
        pthread_join(crew->threads[i], NULL);
}

/* good */

static void *
work_alone(void *argument)
{
    struct crew *crew = argument;
    return fa_ctx_frame(fa_ctx_current(crew->allocator));
}

void
crew_work(struct crew *crew)
{
    fa_begin_frame(crew->allocator);
    for (int i = 0; i < 4; i++)
        pthread_create(&crew->threads[i], NULL, work_alone, crew);
    for (int i = 0; i < 4; i++)
        pthread_join(crew->threads[i], NULL);
    fa_end_frame(crew->allocator);
}
