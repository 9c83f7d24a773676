/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The peer GNU obstack: the C library's arena, its macros inline, chunks of
 * 1 MiB, emptied once per frame.
 */
#include "../harness/limit.h"

#include <obstack.h>
#include <stdlib.h>

#define obstack_chunk_alloc malloc
#define obstack_chunk_free  free
#define CHUNK               ((size_t)1 << 20)

static struct obstack common;
static void *first;

static void
open_obstack(void *state)
{
    struct obstack *opened = state;

    if (first != NULL)
        return;
    obstack_begin(opened, CHUNK);
    obstack_alignment_mask(opened) = 15;
    first = obstack_alloc(opened, 0);
}

/* Frees everything after the first object, and that object too. */
static inline void
empty_obstack(struct obstack *emptied)
{
    obstack_free(emptied, first);
}

#define LOOP(name)                    frame_##name
#define LOOP_STATE                    struct obstack
#define LOOP_ARENA                    struct obstack
#define LOOP_BEGIN(state)             (state)
#define LOOP_ALLOC(a, i, size, align) ((void)(align), obstack_alloc(a, size))
#define LOOP_END(state, a, count)     empty_obstack(a)
#include "../harness/loops_frame.h"

int
main(int argc, char **argv)
{
    static struct bench_set set = {.process = "obstack"};

    bench_add_limits(&set);
    frame_add_frames(&set, "obstack", open_obstack, &common);
    bench_add(&set, "frame-empty", "obstack", open_obstack, frame_empty,
              &common, 1);
    return bench_main(&set, argc, argv);
}
