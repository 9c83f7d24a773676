/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory that waits for the device (G2). What is freed in frame N may be used
 * by the submits of frame N and by transfers that were submitted up to now; it
 * goes back when both are finished. Both numbers only rise, so a ring in the
 * order of freeing is enough, and its oldest entry decides.
 */
#include "state.h"

bool
retire_reserve_locked(fa_gpu *gpu, uint32_t count)
{
    if (count <= gpu->retired_room)
        return true;
    uint32_t room = gpu->retired_room == 0 ? 64 : gpu->retired_room;
    while (room < count)
        room *= 2;
    struct gpu_retired *ring = gpu_meta_alloc(gpu, room * sizeof(*ring));
    if (ring == NULL)
        return false;
    for (uint32_t i = 0; i < gpu->retired_count; i++)
        ring[i] =
            gpu->retired[(gpu->retired_head + i) & (gpu->retired_room - 1)];
    gpu_meta_free(gpu, gpu->retired);
    gpu->retired = ring;
    gpu->retired_room = room;
    gpu->retired_head = 0;
    return true;
}

void
retire_slice_locked(fa_gpu *gpu, uint32_t number)
{
    uint32_t at =
        (gpu->retired_head + gpu->retired_count) & (gpu->retired_room - 1);
    gpu->retired[at] = (struct gpu_retired){number, fa_gpu_frame_number(gpu),
                                            transfer_submitted_locked(gpu)};
    gpu->retired_count++;
    gpu->slices[number].is_retired = true;
}

void
retire_run_locked(fa_gpu *gpu)
{
    uint64_t finished = fa_gpu_frame_finished(gpu);
    uint64_t transfer = transfer_completed_locked(gpu);
    while (gpu->retired_count > 0) {
        struct gpu_retired oldest = gpu->retired[gpu->retired_head];
        if (oldest.frame > finished || oldest.transfer > transfer)
            return;
        gpu->retired_head = (gpu->retired_head + 1) & (gpu->retired_room - 1);
        gpu->retired_count--;
        slice_release_locked(gpu, oldest.slice);
    }
}
