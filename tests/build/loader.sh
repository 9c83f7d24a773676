#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The GPU module needs no library of Vulkan: no function is left for one to
# define, and none is loaded with it.

. "$(dirname "$0")/common.sh"
need nm readelf
library=$FA_BUILDDIR/.libs/libframealloc-gpu.so
[ -e "$library" ] || skip "there is no GPU module"

undefined=$(nm -D --undefined-only "$library")
needed=$(readelf -dW "$library")
case $undefined in
*' vk'[A-Z]*) fail "functions of Vulkan are undefined: $undefined" ;;
*' fa_heap_alloc'*) ;;
*) fail "nm tells nothing: $undefined" ;;
esac
case $needed in
*NEEDED*vulkan*) fail "it is linked to Vulkan: $needed" ;;
*NEEDED*libframealloc.so*) ;;
*) fail "readelf tells nothing: $needed" ;;
esac
