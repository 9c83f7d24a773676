/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Snapshots: the text, and the folder that it is written to.
 */
#ifndef FAI_OBSERVE_SNAPSHOT_H
#define FAI_OBSERVE_SNAPSHOT_H

#include "context/ctx.h"

#include <framealloc/snapshot.h>

#define FAI_SNAPSHOT_FOLDER_MAX 1024

/* What was seen of the last whole frame; FA_COUNT_UNKNOWN where nobody saw. */
struct fai_snapshot_frame {
    uint64_t duration_ns;
    struct fai_travel travel; /* From its begin to that of the next one. */
};

#define FAI_SNAPSHOT_FRAME_UNKNOWN             \
    {                                          \
        FA_COUNT_UNKNOWN,                      \
        {                                      \
            FA_COUNT_UNKNOWN, FA_COUNT_UNKNOWN \
        }                                      \
    }

/* Of one allocator. */
struct fai_snapshot {
    fa_allocator *allocator;
    bool is_on;
    bool takes_requests;
    uint32_t max_files;
    uint64_t min_ns;          /* Between two snapshots. */
    uint64_t interval_ns;     /* UINT64_MAX: only when requested. */
    uint64_t look_ns;         /* When to look at the folder again. */
    uint64_t open_ns;         /* When the next snapshot may be written. */
    uint64_t due_ns;          /* When one must be. */
    uint64_t begin_ns;        /* Of the frame; 0: not seen. */
    struct fai_travel travel; /* So far, when the frame began. */
    struct fai_snapshot_frame last;
    char session[32]; /* When it was switched on. */
    char folder[FAI_SNAPSHOT_FOLDER_MAX];
};

/* The text; false when not all could be written. */
bool fai_snapshot_write(fa_allocator *allocator, int fd,
                        const struct fai_snapshot_frame *last);
/* At this time, writes a snapshot when there should be one. */
void fai_snapshot_look(struct fai_snapshot *snapshot, uint64_t now_ns);

#endif
