/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Threads by pthreads. One key serves all allocators of the process.
 */
#include "os/thread.h"

#include "base/atomic.h"
#include "os/fault.h"

#include <sys/prctl.h>

static uint64_t key_word; /* The key + 1; 0: none yet. */
__thread char fai_thread_mark;

/* Without a lock, which a fork could leave locked. Tried again by the next
 * thread when the system has no key. */
static bool
find_key(void (*fn)(void *), pthread_key_t *key)
{
    /* The key is the value itself; nothing else is ordered. */
    uint64_t word = fai_load(&key_word);
    if (word == 0) {
        if (fai_fault_strikes() || pthread_key_create(key, fn) != 0)
            return false;
        if (fai_cas_acquire(&key_word, &word, (uint64_t)*key + 1))
            return true;
        pthread_key_delete(*key);
    }
    *key = (pthread_key_t)(word - 1);
    return true;
}

bool
fai_thread_at_exit(void (*fn)(void *), void *value)
{
    pthread_key_t key;
    return find_key(fn, &key) && !fai_fault_strikes() &&
           pthread_setspecific(key, value) == 0;
}

void
fai_thread_at_fork(void (*before)(void), void (*parent)(void),
                   void (*child)(void))
{
    pthread_atfork(before, parent, child);
}

void
fai_thread_name(char name[FAI_THREAD_NAME])
{
    if (prctl(PR_GET_NAME, name) != 0)
        name[0] = '\0';
}
