/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The main function of a fuzzer that is built without libFuzzer: runs the
 * files that are given as arguments, once each.
 */
#ifndef FA_TESTS_FUZZ_STANDALONE_H
#define FA_TESTS_FUZZ_STANDALONE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX ((size_t)1 << 20)

static bool
run_file(const char *path)
{
    uint8_t *data = malloc(INPUT_MAX);
    FILE *file = fopen(path, "rb");
    if (data == NULL || file == NULL) {
        perror(path);
        free(data);
        return false;
    }
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    /* A copy of the exact size, so that a checker sees reads behind it. */
    uint8_t *exact = malloc(size + 1);
    if (exact != NULL) {
        memcpy(exact + 1, data, size);
        LLVMFuzzerTestOneInput(exact + 1, size);
    }
    free(exact);
    free(data);
    return true;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!run_file(argv[i]))
            return EXIT_FAILURE;
    printf("%s: %d inputs\n", argv[0], argc - 1);
    return EXIT_SUCCESS;
}

#endif
