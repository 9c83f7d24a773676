/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Fuzzer of the operation stream: bytes choose the allocator and then the
 * operations of the model test, whose oracle looks at every answer.
 *
 * With libFuzzer:  clang -DFA_LIBFUZZER -fsanitize=fuzzer,address ...
 * Without it, the program runs the files that are given as arguments once.
 */
#include "model.h"

#define STEPS_MAX 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void
model_log(const char *name, size_t a, size_t b)
{
    if (getenv("FA_FUZZ_LOG") != NULL)
        fprintf(stderr, "operation %llu: %s %zu %zu\n",
                (unsigned long long)model.operation, name, a, b);
}

void
model_fail(const char *promise)
{
    fprintf(stderr, "fuzz_ops: not kept: %s\n", promise);
    abort();
}

/* The first three bytes; each value is allowed. */
static fa_allocator_config
config_of_bytes(const uint8_t *data)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.frame_lag = data[0] % (MODEL_LAG + 1);
    config.guard = data[0] / 4 % 8 == 1   ? FA_GUARD_CHECK
                   : data[0] / 4 % 8 == 2 ? FA_GUARD_PROTECT
                   : data[0] / 4 % 8 == 3 ? FA_GUARD_FRESH
                                          : FA_GUARD_OFF;
    config.frame_reserve = data[1] % 2 == 1 ? (size_t)64 << 10 : 0;
    config.window = data[1] / 2 % 2 == 1 ? 4096 : 0;
    config.cache_limit = data[1] / 4 % 2 == 1 ? (size_t)64 << 10 : 0;
    config.counts = data[1] / 8 % 2 == 1;
    config.trim_frames = data[2] % 8;
    return config;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    fa_allocator_config config = config_of_bytes(data);
    memset(&model, 0, sizeof(model));
    model.has_budget = data[2] / 8 % 2 == 1;
    model.input = data + 3;
    model.input_left = size - 3;
    model_begin(&config);
    while (model.input_left > 0 && model.operation < STEPS_MAX)
        model_step();
    model_end();
    return 0;
}

/* libFuzzer has a main of its own. */
#ifndef FA_LIBFUZZER
#    include "standalone.h"
#endif
