/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A file could not be read as C: a header is missing, or its command lacks a
 * flag. Nothing in it was analysed, so that nothing is reported does not mean
 * that it is right. Run the command that the message shows, and repair it in
 * the build.
 */
#include <framealloc/framealloc.h>

/* From the build: -DMAX_ENEMIES=64. */
#ifndef MAX_ENEMIES
#    define MAX_ENEMIES 64
#endif

/* bad */

/* Without -DMAX_ENEMIES, and without the lines above, this is no C. */
int *
enemy_ids(fa_frame *frame)
{
    return fa_frame_array(frame, int, MAX_ENEMIES);
}

/* good */

enum { MOST_ENEMIES = 64 };

int *
enemy_numbers(fa_frame *frame)
{
    return fa_frame_array(frame, int, MOST_ENEMIES);
}
