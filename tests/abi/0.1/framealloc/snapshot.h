/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Snapshots: the figures of an allocator as a JSON file, for tools.
 *
 * The format has a version and a JSON Schema, snapshot.schema.json. A snapshot
 * is made of what the contexts have published, so no thread is disturbed, and
 * writing one allocates nothing. What is not known is null, never 0.
 */
#ifndef FRAMEALLOC_SNAPSHOT_H
#define FRAMEALLOC_SNAPSHOT_H

#include <framealloc/allocator.h>

FA_BEGIN_DECLS

/** Version of the format. */
#define FA_SNAPSHOT_VERSION 1
/** A tool creates this file in the folder to ask for a snapshot; it is removed
 *  when the snapshot is there. */
#define FA_SNAPSHOT_REQUEST "snapshot.request"

/** Where and how often. Start from FA_SNAPSHOT_CONFIG_INIT. */
typedef struct fa_snapshot_config {
    size_t struct_size; /**< sizeof(fa_snapshot_config). */
    /** Copied; at most 1023 bytes. Made when it is missing, but not what it
     *  lies in. If relative, it is looked up from the current directory each
     *  time. */
    const char *folder;
    /** Snapshots that stay in the folder, those of other programs and earlier
     *  runs among them: the newest. 0 = 30. */
    uint32_t max_files;
    /** Least time between two snapshots, in milliseconds. 0 = 500. */
    uint32_t min_interval_ms;
    /** One snapshot each so many milliseconds; 0 = only when requested. */
    uint32_t interval_ms;
    /** True: the request file is not looked for. */
    bool no_requests;
} fa_snapshot_config;

#define FA_SNAPSHOT_CONFIG_INIT                          \
    {                                                    \
        sizeof(fa_snapshot_config), NULL, 0, 0, 0, false \
    }

/**
 * Writes a snapshot to a file descriptor.
 *
 * When to use: for a snapshot at a moment of the program's choice, or to a
 * socket.
 * @param allocator the allocator.
 * @param fd open for writing, and blocking.
 * @return FA_OK; FA_ERR_USAGE for NULL or a negative descriptor; FA_ERR_STATE
 *         when not all could be written.
 * Valid until: - Owner: the caller, also of fd. Thread: any.
 * Cost: locks and walks over the contexts, about 20 KiB of stack, one write
 * per 8 KiB. Since: 0.1.
 */
FA_API fa_status fa_snapshot_write(fa_allocator *allocator, int fd);

/**
 * Has snapshots written to a folder from now on, at frame begins, or no more.
 *
 * When to use: at start, in development builds. Each snapshot is a file of
 * its own, complete from the moment that it has its name; a failure is FA018.
 * @param allocator the allocator.
 * @param config copied; NULL: no more.
 * @return FA_OK; FA_ERR_USAGE for NULL, FA_ERR_CONFIG for a config that is not
 *         initialised or has no folder or a too long one, FA_ERR_NOMEM.
 * Valid until: the next call. Owner: the allocator.
 * Thread: the one that begins frames, between frames.
 * Cost: while on, two clock readings, two locks and a walk over the contexts
 * per frame, and a look for the request file every 10 ms; at a snapshot also
 * the file operations. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_snapshot_set(fa_allocator *allocator,
                                            const fa_snapshot_config *config);

FA_END_DECLS

#endif
