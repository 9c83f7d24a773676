/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* Loads the library whose name is given, and runs a frame. See dlopen.sh. */
#include <framealloc.h>

#include <dlfcn.h>
#include <stdio.h>

#define SYMBOL(name) *(void **)&name##_fn = dlsym(library, "fa_" #name)

int
main(int argc, char **argv)
{
    fa_status (*allocator_create_fn)(const fa_allocator_config *,
                                     fa_allocator **);
    void (*allocator_destroy_fn)(fa_allocator *);
    fa_frame *(*begin_frame_fn)(fa_allocator *);
    void (*end_frame_fn)(fa_allocator *);
    void *(*frame_alloc_fn)(fa_frame *, size_t, size_t);
    fa_allocator *allocator;

    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    SYMBOL(allocator_create);
    SYMBOL(allocator_destroy);
    SYMBOL(begin_frame);
    SYMBOL(end_frame);
    SYMBOL(frame_alloc);
    if (allocator_create_fn(NULL, &allocator) != FA_OK)
        return 1;
    if (frame_alloc_fn(begin_frame_fn(allocator), 100, 16) == NULL)
        return 1;
    end_frame_fn(allocator);
    allocator_destroy_fn(allocator);
    return dlclose(library);
}
