/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Umbrella header: the whole public interface of the core library.
 *
 * Optional modules have headers of their own (framealloc/jemalloc.h).
 */
#ifndef FRAMEALLOC_FRAMEALLOC_H
#define FRAMEALLOC_FRAMEALLOC_H

#include <framealloc/allocator.h>
#include <framealloc/attr.h>
#include <framealloc/barrier.h>
#include <framealloc/behavior.h>
#include <framealloc/budget.h>
#include <framealloc/ctx.h>
#include <framealloc/diag.h>
#include <framealloc/event.h>
#include <framealloc/frame.h>
#include <framealloc/group.h>
#include <framealloc/handle.h>
#include <framealloc/heap.h>
#include <framealloc/hooks.h>
#include <framealloc/map.h>
#include <framealloc/phase.h>
#include <framealloc/pool.h>
#include <framealloc/profile.h>
#include <framealloc/rc.h>
#include <framealloc/remote.h>
#include <framealloc/retain.h>
#include <framealloc/scope.h>
#include <framealloc/scratch.h>
#include <framealloc/snapshot.h>
#include <framealloc/stats.h>
#include <framealloc/status.h>
#include <framealloc/stream.h>
#include <framealloc/string.h>
#include <framealloc/tag.h>
#include <framealloc/task.h>
#include <framealloc/transfer.h>
#include <framealloc/vec.h>
#include <framealloc/version.h>

#endif
