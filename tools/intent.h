/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Which part of libframealloc an object of a trace is asked from.
 *
 * The table in intent.c plays the developer who declares an intent where an
 * object is made. It knows more than a developer may: the lifetime comes from
 * the recording.
 */
#ifndef FRAMEALLOC_TOOLS_INTENT_H
#define FRAMEALLOC_TOOLS_INTENT_H

#include "trace.h"

#define INTENT_WINDOW   ((uint32_t)32 << 10) /* the arena's window, bytes */
#define INTENT_ANY      UINT32_MAX           /* no upper bound */
#define INTENT_RULE_MAX 16u

/* What is called for an object and, where it differs, for its end. */
enum intent_home {
    HOME_ARENA,      /* fa_frame_alloc; its end is not passed on */
    HOME_ARENA_HINT, /* fa_frame_alloc, fa_frame_release */
    HOME_POOL,       /* fa_pool_alloc, fa_pool_free */
    HOME_HEAP        /* fa_heap_alloc, fa_heap_free */
};

/* The two rows of ours, as columns of the table. */
enum intent_row { INTENT_FULL, INTENT_FRAMES_ONLY, INTENT_ROW_COUNT };

struct intent_rule {
    uint32_t max_lifetime; /* frames; 0 = freed in the frame that made it */
    uint32_t max_size;     /* bytes, the largest of its realloc chain */
    uint8_t home[INTENT_ROW_COUNT]; /* enum intent_home */
};

extern const struct intent_rule intent_rules[];
extern const uint32_t intent_rule_count;

/* Index of the first rule that fits; the last rule fits everything. */
uint8_t intent_rule_of(const struct trace_object *object);

/* Home of a rule in a row. A rule that cannot be kept gives HOME_HEAP: the
 * arena holds nothing longer than its frame, and the replay has no pools above
 * the window. */
enum intent_home intent_home_of(uint8_t rule, enum intent_row row);

const char *intent_home_name(enum intent_home home);

#endif
