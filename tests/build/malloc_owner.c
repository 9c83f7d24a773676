/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* Prints the libraries that a program's allocation functions come from. */
#include <framealloc.h>

#include <dlfcn.h>
#include <stdio.h>

static const char *const functions[] = {
    "malloc",
    "calloc",
    "realloc",
    "free",
    "aligned_alloc",
    "posix_memalign",
    "malloc_usable_size",
};

int
main(void)
{
    fa_allocator *allocator;

    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return 1;
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        Dl_info info;
        void *function = dlsym(RTLD_DEFAULT, functions[i]);
        if (function == NULL || dladdr(function, &info) == 0)
            return 1;
        printf("%s %s\n", functions[i], info.dli_fname);
    }
    fa_allocator_destroy(allocator);
    return 0;
}
