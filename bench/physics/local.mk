# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
#     make bench-physics        scenes, single figures, limits met and missed
#     make bench-gate-physics   instructions of events, for CI

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

EXTRA_DIST += bench/physics/count

# The anchor is built where Box2D 2.4 is installed.
bench_bench_box2d_SOURCES = bench/physics/box2d.cc
bench_bench_box2d_CXXFLAGS = $(AM_CXXFLAGS) $(bench_flags)
bench_bench_box2d_LDFLAGS = $(bench_ldflags)
bench_bench_box2d_LDADD = -lbox2d

if HAVE_CXX
EXTRA_PROGRAMS += bench/bench-box2d
CLEANFILES += bench/bench-box2d
endif

if WITH_PHYSICS
EXTRA_PROGRAMS += bench/bench-physics
CLEANFILES += bench/bench-physics

bench-physics: bench/bench-physics
	$(AM_V_at)bench/bench-physics
	$(AM_V_at)test -z '$(VALGRIND)' || \
	  '$(srcdir)/bench/physics/count' --bin bench --valgrind '$(VALGRIND)'
	$(AM_V_at)if echo '#include <box2d/box2d.h>' | \
	    $(CXX) -x c++ -E - >/dev/null 2>&1; then \
	  $(MAKE) $(AM_MAKEFLAGS) bench/bench-box2d && bench/bench-box2d; \
	else echo 'Box2D is not installed'; fi

bench-gate-physics: bench/bench-physics
	$(AM_V_at)test -n '$(VALGRIND)' \
	  || { echo 'bench-gate-physics needs valgrind' >&2; exit 1; }
	$(AM_V_at)'$(srcdir)/bench/physics/count' --gate --bin bench \
	  --valgrind '$(VALGRIND)'
else
bench-physics bench-gate-physics:
	@echo 'configured without the physics module' >&2; exit 1
endif

.PHONY: bench-physics bench-gate-physics
