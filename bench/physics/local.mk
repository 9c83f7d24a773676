# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
#     make bench-physics   all scenes and single figures of the physics module

bench_physics_sources = \
	bench/physics/modes.c \
	bench/physics/modes.h \
	bench/physics/scenes.c \
	bench/physics/scenes.h

bench_bench_physics_SOURCES = \
	bench/physics/main.c \
	$(bench_physics_sources)
bench_bench_physics_CPPFLAGS = $(bench_cppflags)
bench_bench_physics_CFLAGS = $(bench_cflags)
bench_bench_physics_LDFLAGS = $(bench_ldflags)
bench_bench_physics_LDADD = \
	libframealloc-physics.la \
	libframealloc.la \
	$(CHIPMUNK_LIBS) \
	-lm \
	-lpthread

if WITH_PHYSICS
EXTRA_PROGRAMS += bench/bench-physics
CLEANFILES += bench/bench-physics

bench-physics: bench/bench-physics
	$(AM_V_at)bench/bench-physics
else
bench-physics:
	@echo 'configured without the physics module' >&2; exit 1
endif

.PHONY: bench-physics
