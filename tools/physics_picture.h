/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Pictures of a physics scene, for a terminal and as SVG.
 */
#ifndef FA_TOOLS_PHYSICS_PICTURE_H
#define FA_TOOLS_PHYSICS_PICTURE_H

#include "../bench/physics/modes.h"

#include <stdio.h>

/* How full each place is; over the last picture if there is one. */
void picture_text(FILE *file, const struct scene *scene, bool is_over);
/* The scene with the contacts of one more step, and the times of all frames. */
bool picture_svg(FILE *file, struct subject *subject, const char *const *names,
                 const float *const *times, int rows, int frames);

#endif
