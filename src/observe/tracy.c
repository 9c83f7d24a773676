/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tracy by its C interface, through weak symbols: nothing is linked.
 *
 * The last versions have dropped a parameter, secure, from the functions for
 * memory. Where it is last, one that does not expect it does not see it. In
 * the middle, the name is given in its place as well: an old client takes it
 * for a yes, a new one takes it for what it is.
 *
 * The arena of a context is one block of a pool with a name of its own, which
 * is discarded when the arena is begun again. Tracy wants names to stay, so
 * there is a fixed number of them, which contexts share by their id.
 */
#include "os/thread.h"

#include <framealloc/profile.h>

#include <stdio.h>

#define ARENAS 64

extern void ___tracy_emit_memory_alloc(const void *ptr, size_t size,
                                       int32_t secure) __attribute__((weak));
extern void ___tracy_emit_memory_free(const void *ptr, int32_t secure)
    __attribute__((weak));
extern void ___tracy_emit_memory_alloc_named(const void *ptr, size_t size,
                                             const char *name_or_secure,
                                             const char *name)
    __attribute__((weak));
extern void ___tracy_emit_memory_discard(const char *name, int32_t secure)
    __attribute__((weak));
extern void ___tracy_emit_frame_mark(const char *name) __attribute__((weak));

static struct {
    struct fai_mutex lock;
    struct {
        char name[32];
        bool is_told; /* It has a block that was not discarded. */
    } arena[ARENAS];
} tracy = {.lock = FAI_MUTEX_INIT};

static void
discard(uint64_t ctx)
{
    if (tracy.arena[ctx % ARENAS].is_told)
        ___tracy_emit_memory_discard(tracy.arena[ctx % ARENAS].name, 0);
    tracy.arena[ctx % ARENAS].is_told = false;
}

static void
send_alloc(void *user, const void *address, size_t size, const char *tag)
{
    (void)user;
    (void)tag;
    ___tracy_emit_memory_alloc(address, size, 0);
}

static void
send_free(void *user, const void *address)
{
    (void)user;
    ___tracy_emit_memory_free(address, 0);
}

static void
send_frame(void *user, uint64_t ctx, uint64_t number, uint64_t bytes)
{
    (void)user;
    (void)number;
    char *name = tracy.arena[ctx % ARENAS].name;
    fai_lock(&tracy.lock);
    discard(ctx);
    if (name[0] == '\0')
        snprintf(name, sizeof(tracy.arena[0].name), "framealloc frame %u",
                 (unsigned)(ctx % ARENAS));
    if (bytes != 0) {
        ___tracy_emit_memory_alloc_named(name, bytes, name, name);
        tracy.arena[ctx % ARENAS].is_told = true;
    }
    fai_unlock(&tracy.lock);
    ___tracy_emit_frame_mark(name);
}

static void
send_begin(void *user, uint64_t ctx, uint64_t number)
{
    (void)user;
    (void)number;
    fai_lock(&tracy.lock);
    discard(ctx);
    fai_unlock(&tracy.lock);
}

const fa_profile *
fa_profile_tracy(void)
{
    static const fa_profile profile = {
        sizeof(profile), send_alloc, send_free, send_frame,
        send_begin,      NULL,       NULL};
    bool is_there = ___tracy_emit_memory_alloc != NULL &&
                    ___tracy_emit_memory_free != NULL &&
                    ___tracy_emit_memory_alloc_named != NULL &&
                    ___tracy_emit_memory_discard != NULL &&
                    ___tracy_emit_frame_mark != NULL;
    return is_there ? &profile : NULL;
}
