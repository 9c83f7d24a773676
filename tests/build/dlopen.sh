#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The core is loaded by dlopen(), from C and from Python, as plugins and
# language bindings do.

. "$(dirname "$0")/common.sh"
need "${CC%% *}" "$PKG_CONFIG"
need_plain_build

library=$FA_ROOT$FA_LIBDIR/libframealloc.so.0

# shellcheck disable=SC2046 # a list of flags
$CC -O2 -DFA_NO_INLINE $(pkg --cflags framealloc-core) \
    -o "$work/dlopen" "$here/dlopen.c" -ldl
"$work/dlopen" "$library" || fail 'C'

command -v python3 >/dev/null 2>&1 || { echo 'no python3 here'; exit 0; }
python3 - "$library" <<'END' || fail 'Python'
import ctypes
import sys

fa = ctypes.CDLL(sys.argv[1])
fa.fa_version_string.restype = ctypes.c_char_p
fa.fa_begin_frame.restype = ctypes.c_void_p
fa.fa_begin_frame.argtypes = [ctypes.c_void_p]
fa.fa_end_frame.argtypes = [ctypes.c_void_p]
fa.fa_allocator_destroy.argtypes = [ctypes.c_void_p]
fa.fa_frame_alloc.restype = ctypes.c_void_p
fa.fa_frame_alloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t,
                              ctypes.c_size_t]
allocator = ctypes.c_void_p()
assert fa.fa_allocator_create(None, ctypes.byref(allocator)) == 0
frame = fa.fa_begin_frame(allocator)
block = fa.fa_frame_alloc(frame, 4096, 16)
assert block and block % 16 == 0
ctypes.memset(block, 1, 4096)
fa.fa_end_frame(allocator)
fa.fa_allocator_destroy(allocator)
print('Python:', fa.fa_version_string().decode())
END
