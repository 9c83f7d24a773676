/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* A program of the GPU module without a device; see cmake.sh. */
#include <framealloc/gpu.h>
#include <stdio.h>

int
main(void)
{
    fa_gpu *gpu;
    fa_allocator *allocator;

    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return 1;
    if (fa_gpu_create(allocator, NULL, &gpu) == FA_OK)
        return 1; /* There is no default backend. */
    puts(fa_allocator_heap_name(allocator));
    fa_allocator_destroy(allocator);
    return 0;
}
