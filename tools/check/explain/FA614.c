/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The memory of the frame is given back without a call of the destructor, so what
 * the object owns elsewhere, as a std::string its letters, is lost each frame.
 * Use types that own nothing, or run the destructor by fa_frame_defer().
 */
#include <framealloc/framealloc.h>

#ifdef __cplusplus
#    include <new>
#    include <string>
#endif

/* bad */

#ifdef __cplusplus
std::string *
name_new(fa_frame *frame, const char *text)
{
    void *room =
        fa_frame_alloc(frame, sizeof(std::string), alignof(std::string));
    return room != nullptr ? new (room) std::string(text) : nullptr;
}
#endif

/* good */

#ifdef __cplusplus
char *
name_copy(fa_frame *frame, const char *text)
{
    return fa_frame_strdup(frame, text);
}
#endif
