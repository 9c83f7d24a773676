/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A thread was given memory of the frame, and the frame ends before the thread
 * is waited for. It then reads and writes what the next frame has put there,
 * now and then, and not in the debugger. Wait first, or send it a pool block.
 */
#include <framealloc/framealloc.h>

#include <pthread.h>

void *run_job(void *values);

/* bad */

void
start_and_end(fa_allocator *allocator)
{
    pthread_t thread;
    int *values = fa_frame_array(fa_begin_frame(allocator), int, 8);
    int error = pthread_create(&thread, NULL, run_job, values);
    fa_end_frame(allocator);
    if (error == 0)
        pthread_join(thread, NULL);
}

/* good */

void
start_and_wait(fa_allocator *allocator)
{
    pthread_t thread;
    int *values = fa_frame_array(fa_begin_frame(allocator), int, 8);
    if (pthread_create(&thread, NULL, run_job, values) == 0)
        pthread_join(thread, NULL);
    fa_end_frame(allocator);
}
