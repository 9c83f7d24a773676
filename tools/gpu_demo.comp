// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The libframealloc authors
//
// The shader of framealloc gpu-demo: each word of a vertex is mixed with its
// place and the frame, in integers, so that the result is exact everywhere.
#version 450

layout(local_size_x = 64) in;

layout(set = 0, binding = 0) readonly buffer Source { uint source[]; };
layout(set = 0, binding = 1) writeonly buffer Target { uint target[]; };
layout(push_constant) uniform Frame { uint count; uint frame; };

void main()
{
    uint i = gl_GlobalInvocationID.x;
    if (i < count)
        target[i] = (source[i] ^ (i * 2654435761u)) + frame;
}
