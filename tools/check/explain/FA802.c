/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The name is not in the list of tags in .fa.toml: a typing error makes a tag of
 * its own, whose memory nobody looks for. Without such a list it does not speak.
 */
#include <framealloc/framealloc.h>

/* bad */

fa_tag
tag_of_music(fa_allocator *allocator)
{
    return fa_tag_register(allocator, "auido");
}

/* good */

fa_tag
tag_of_sound(fa_allocator *allocator)
{
    return fa_tag_register(allocator, "audio");
}
