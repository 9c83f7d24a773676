/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Each round of a loop that runs often makes a call and takes at least 16 bytes.
 * One array before the loop is one call and lies together. It speaks where a
 * profile shows that the loop is hot, or when it is asked for.
 */
#include <framealloc/framealloc.h>

/* bad */

float
sum_of_squares(fa_frame *frame, const float *values, size_t count)
{
    float sum = 0;
    for (size_t i = 0; i < count; i++) {
        float *square = fa_frame_new_raw(frame, float);
        if (square == NULL)
            break;
        *square = values[i] * values[i];
        sum += *square;
    }
    return sum;
}

/* good */

float
sum_of_all_squares(fa_frame *frame, const float *values, size_t count)
{
    float sum = 0;
    float *squares = fa_frame_array_raw(frame, float, count);
    for (size_t i = 0; i < count && squares != NULL; i++) {
        squares[i] = values[i] * values[i];
        sum += squares[i];
    }
    return sum;
}
