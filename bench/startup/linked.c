/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A process that links framealloc-core. With "use" it also makes an allocator
 * and allocates in a frame, to show what the first use adds.
 */
#include "startup.h"

#include <framealloc/framealloc.h>

static void
use_framealloc(void)
{
    fa_allocator *allocator;

    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        bench_die("fa_allocator_create failed");
    fa_frame *frame = fa_begin_frame(allocator);
    bench_touch(fa_frame_alloc(frame, 64, 16), 64, 64);
    fa_end_frame(allocator);
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "use") == 0)
        use_framealloc();
    return argc > 1 ? startup_report() : 0;
}
