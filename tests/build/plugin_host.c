/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* A program with the default module that loads a plugin. See plugin.sh. */
#include <framealloc.h>

#include <dlfcn.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    fa_allocator *allocator;

    if (argc != 2 || fa_allocator_create(NULL, &allocator) != FA_OK)
        return 1;
    void *plugin = dlopen(argv[1], RTLD_NOW);
    if (plugin == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    int (*run)(void);
    *(void **)&run = dlsym(plugin, "plugin_run");
    if (run == NULL || run() != 0)
        return 1;
    fa_allocator_destroy(allocator);
    return 0;
}
