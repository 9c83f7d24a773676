/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tasks, for the end of the allocator.
 */
#ifndef FAI_LIFETIME_TASK_H
#define FAI_LIFETIME_TASK_H

#include "memory/memory.h"

/* Ends what is still live, with FA254. */
void fai_tasks_drop(fa_allocator *allocator);
void fai_tasks_destroy(fa_allocator *allocator);

#endif
