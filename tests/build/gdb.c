/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What gdb looks at. See gdb.sh.
 */
#include <framealloc.h>

#define MIB ((size_t)1 << 20)

char *first, *second, *object, *block, *in_group;
int foreign;
fa_ctx *ctx;
fa_frame *frame;

void stop(void);

/* Here gdb stops. */
__attribute__((__noinline__)) void
stop(void)
{
    __asm__ volatile("");
}

int
main(void)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    fa_allocator *allocator;
    fa_group group;

    config.frame_reserve = MIB;
    if (fa_allocator_create(&config, &allocator) != FA_OK)
        return 1;
    ctx = fa_ctx_current(allocator);
    fa_tag physics = fa_tag_register(allocator, "physics");
    fa_begin_frame(allocator);
    fa_end_frame(allocator);
    frame = fa_begin_frame(allocator);
    first = fa_frame_alloc(frame, 64, 16);
    fa_tag_push(ctx, physics);
    second = fa_frame_alloc(frame, 64, 16);
    object = fa_pool_alloc(fa_ctx_pool(ctx, 64, 16));
    block = fa_heap_alloc(ctx, 100000, 16);
    fa_tag_pop(ctx);
    if (fa_group_create(ctx, NULL, &group) != FA_OK)
        return 1;
    in_group = fa_frame_alloc(fa_group_frame(group), 64, 16);
    stop();
    for (int i = 0; i < 256; i++)
        if (fa_frame_alloc(frame, MIB / 128, 16) == NULL)
            return 1;
    fa_free(ctx, object);
    fa_free(ctx, block);
    if (fa_group_destroy(group) != FA_OK)
        return 1;
    fa_end_frame(allocator);
    stop();
    fa_begin_frame(allocator);
    fa_end_frame(allocator);
    fa_allocator_destroy(allocator);
    return 0;
}
