/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A slice of the GPU's frame is given out again when that frame is finished, and
 * a freed slice at once. A pointer into it then writes to someone else's
 * vertices.
 */
#include <framealloc/gpu.h>

#include <string.h>

/* bad */

void
mesh_drop(fa_gpu *gpu, fa_gpu_slice *mesh)
{
    void *bytes = mesh->ptr;
    fa_gpu_free(gpu, mesh);
    memset(bytes, 0, 16);
}

/* good */

void
mesh_free(fa_gpu *gpu, fa_gpu_slice *mesh)
{
    memset(mesh->ptr, 0, 16);
    fa_gpu_free(gpu, mesh);
}
