/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* What a program of a user looks like; see consumer.sh. */
#include <framealloc.h>
#include <stdio.h>

int
main(void)
{
    fa_allocator *allocator;

    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return 1;
    fa_frame *frame = fa_begin_frame(allocator);
    int *numbers = fa_frame_array(frame, int, 1000);
    if (numbers == NULL || numbers[999] != 0)
        return 1;
    numbers[999] = 1;
    fa_end_frame(allocator);
    puts(fa_allocator_heap_name(allocator));
    fa_allocator_destroy(allocator);
    return 0;
}
