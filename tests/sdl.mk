# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Tests of the header for SDL 2. The example is a test here, not one of those
# that run as they are, as its frames follow FA_TEST_SCALE.

EXTRA_DIST += tests/sdl_loop.sh

if ENABLE_TESTS
if WITH_SDL
check_PROGRAMS += tests/check_sdl
TESTS += tests/check_sdl tests/sdl_loop.sh
endif
endif

tests_check_sdl_SOURCES = tests/check_sdl.c
tests_check_sdl_CPPFLAGS = $(FA_UNIT_CPPFLAGS) $(SDL_CFLAGS)
tests_check_sdl_LDADD = $(FA_UNIT_LDADD) $(SDL_LIBS)
