/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Looks for the names of mappings in /proc/self/smaps. See names.sh.
 */
#include <framealloc.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#ifndef PR_SET_VMA
#    define PR_SET_VMA           0x53564d41
#    define PR_SET_VMA_ANON_NAME 0
#endif

static int
kernel_has_names(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, page,
                                       4096, "framealloc:test") == 0;
}

/* Whether the mapping of the address has this name. */
static int
is_named(const void *address, const char *name)
{
    char line[512], wanted[64];
    int is_found = 0;
    FILE *smaps = fopen("/proc/self/smaps", "r");

    if (smaps == NULL)
        return 0;
    snprintf(wanted, sizeof(wanted), "[anon:framealloc:%s]", name);
    while (!is_found && fgets(line, sizeof(line), smaps) != NULL) {
        uintptr_t begin, end;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2 &&
            (uintptr_t)address >= begin && (uintptr_t)address < end)
            is_found = strstr(line, wanted) != NULL;
    }
    fclose(smaps);
    return is_found;
}

static int
check(const void *address, const char *name)
{
    if (address != NULL && is_named(address, name))
        return 0;
    printf("%p is not named %s\n", address, name);
    return 1;
}

int
main(void)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    fa_allocator *allocator;
    int failed = 0;

    if (!kernel_has_names())
        return 77;
    config.guard = FA_GUARD_OFF;
    if (fa_allocator_create(&config, &allocator) != FA_OK)
        return 1;
    fa_ctx *ctx = fa_ctx_current(allocator);
    fa_frame *frame = fa_begin_frame(allocator);
    void *large = fa_heap_alloc(ctx, (size_t)1 << 20, 16);
    void *direct = fa_heap_alloc(ctx, (size_t)64 << 20, 16);
    void *object = fa_pool_alloc(fa_ctx_pool(ctx, 64, 16));

    failed |= check(fa_frame_alloc(frame, 64, 16), "arena");
    failed |= check(object, "pools");
    failed |= check(large, "blocks");
    failed |= check(direct, "blocks");
    failed |= check(ctx, "context");
    fa_free(ctx, large);
    fa_free(ctx, direct);
    fa_free(ctx, object);
    fa_end_frame(allocator);
    fa_allocator_destroy(allocator);
    return failed;
}
