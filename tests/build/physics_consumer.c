/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* A program of the physics module, which calls Chipmunk too; see cmake.sh. */
#include <framealloc/physics.h>
#include <stdio.h>

int
main(void)
{
    fa_physics *world;
    fa_allocator *allocator;

    if (fa_allocator_create(NULL, &allocator) != FA_OK ||
        fa_physics_create(allocator, NULL, &world) != FA_OK)
        return 1;
    cpSpaceSetGravity(fa_physics_space(world), cpv(0, -10));
    fa_physics_destroy(world);
    puts(fa_allocator_heap_name(allocator));
    fa_allocator_destroy(allocator);
    return 0;
}
