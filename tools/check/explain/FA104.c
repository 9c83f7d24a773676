/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The function has a new name, and the old one will go. Which names those are
 * stands in the annotations of a header or in [roles] of .fa.toml.
 */
#include <framealloc/framealloc.h>

void *engine_reserve(size_t size);
FA_RENAMED(engine_reserve)
void *engine_alloc(size_t size);

/* bad */

void *
level_memory(void)
{
    return engine_alloc(4096);
}

/* good */

void *
stage_memory(void)
{
    return engine_reserve(4096);
}
