/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A plugin that uses the core, for stress_dlopen.c: it is loaded and closed
 * again and again. State that outlives it is kept by the host.
 */
#include <framealloc/framealloc.h>

#include <string.h>

FA_API unsigned plugin_run(void **state);
FA_API void plugin_end(void **state);

/* One frame of the plugin; the host keeps its allocator. */
unsigned
plugin_run(void **state)
{
    fa_allocator *allocator = *state;
    if (allocator == NULL && fa_allocator_create(NULL, &allocator) != FA_OK)
        return 0;
    *state = allocator;
    fa_ctx *ctx = fa_ctx_current(allocator);
    fa_frame *frame = fa_begin_frame(allocator);
    char *text = fa_frame_printf(frame, "frame %d", 1);
    void *block = fa_heap_alloc(ctx, 100000, 16);
    bool is_right = text != NULL && strcmp(text, "frame 1") == 0;
    fa_free(ctx, block);
    fa_end_frame(allocator);
    return is_right && block != NULL;
}

void
plugin_end(void **state)
{
    fa_allocator_destroy(*state);
    *state = NULL;
}
