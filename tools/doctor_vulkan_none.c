/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc doctor without the headers of Vulkan.
 */
#include "doctor.h"

void
doctor_gpu(struct doctor *doctor)
{
    doctor_tell(doctor, "gpu", "Vulkan",
                "not looked at: built without its headers");
}
