/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Fuzzer of offsets: bytes choose the granule, the size and then the
 * operations of the model test, whose oracle looks at every answer.
 *
 * With libFuzzer:  clang -DFA_LIBFUZZER -fsanitize=fuzzer,address ...
 * Without it, the program runs the files that are given as arguments once.
 */
#include "offset_model.h"

#include <stdlib.h>

#define STEPS_MAX 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct offset_model model;
    fa_allocator *allocator;
    if (size < 3 || fa_allocator_create(NULL, &allocator) != FA_OK)
        return 0;
    model = (struct offset_model){.input = data + 3, .input_left = size - 3};
    uint32_t units = 1 + (data[1] + 256u * data[2]) % OFFSET_MODEL_UNITS;
    offset_model_begin(&model, allocator, data[0] % 17, units);
    while (model.input_left > 0 && model.operation < STEPS_MAX) {
        offset_model_step(&model);
        if (model.operation % 16 == 0)
            offset_model_compare(&model);
    }
    offset_model_end(&model);
    fa_allocator_destroy(allocator);
    return 0;
}

/* libFuzzer has a main of its own. */
#ifndef FA_LIBFUZZER
#    include "standalone.h"
#endif
