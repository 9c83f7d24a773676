/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Threads: locks, and a call at the exit of a thread and around fork().
 */
#ifndef FAI_OS_THREAD_H
#define FAI_OS_THREAD_H

#include "base/base.h"

#include <pthread.h>

struct fai_mutex {
    pthread_mutex_t mutex;
};

#define FAI_MUTEX_INIT            \
    {                             \
        PTHREAD_MUTEX_INITIALIZER \
    }

static inline void
fai_mutex_create(struct fai_mutex *mutex)
{
    pthread_mutex_init(&mutex->mutex, NULL);
}

static inline void
fai_mutex_destroy(struct fai_mutex *mutex)
{
    pthread_mutex_destroy(&mutex->mutex);
}

static inline void
fai_lock(struct fai_mutex *mutex)
{
    pthread_mutex_lock(&mutex->mutex);
}

static inline void
fai_unlock(struct fai_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->mutex);
}

/* fn(value) runs when the calling thread exits, if value is not NULL then.
 * False when the system has no key left. */
bool fai_thread_at_exit(void (*fn)(void *), void *value);
/* Called once per process; the functions run around every fork(). */
void fai_thread_at_fork(void (*before)(void), void (*parent)(void),
                        void (*child)(void));
extern __thread char fai_thread_mark
    __attribute__((__visibility__("hidden"), __tls_model__("initial-exec")));

/* An address that no other live thread has. */
static inline const void *
fai_thread_self(void)
{
    return &fai_thread_mark;
}
/* Name of the calling thread, "" without one. */
#define FAI_THREAD_NAME 16
void fai_thread_name(char name[FAI_THREAD_NAME]);

#endif
