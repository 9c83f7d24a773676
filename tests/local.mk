# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Tests of the functions. Those of the build are in tests/build.

include tests/check/corpus.mk
include tests/snapshot.mk
include tests/trace.mk
include tests/unit.mk
include tests/cxx.mk
include tests/physics.mk
include tests/sdl.mk
include tests/front.mk
include tests/gpu.mk
include tests/stress.mk
