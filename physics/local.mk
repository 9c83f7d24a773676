# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# The physics module: uses the core's public headers only, and Chipmunk's
# private ones.

physics_sources = \
	physics/advance.c \
	physics/batch.c \
	physics/canonical.c \
	physics/collect.c \
	physics/collect.h \
	physics/defer.c \
	physics/draw.c \
	physics/event.c \
	physics/hook.c \
	physics/memory.c \
	physics/motion.c \
	physics/pair.c \
	physics/poly.c \
	physics/poly.h \
	physics/probe.c \
	physics/query.c \
	physics/ray.c \
	physics/ray.h \
	physics/remove.c \
	physics/sleep.c \
	physics/snapshot.c \
	physics/snapshot.h \
	physics/spawn.c \
	physics/step.c \
	physics/world.c \
	physics/world.h

physics_headers = \
	include/framealloc/physics.h \
	include/framealloc/physics-change.h \
	include/framealloc/physics-query.h

EXTRA_DIST += physics/libframealloc-physics.map $(physics_headers)

if WITH_PHYSICS
public_HEADERS += $(physics_headers)
lib_LTLIBRARIES += libframealloc-physics.la
pkgconfig_DATA += pkgconfig/framealloc-physics.pc
endif

libframealloc_physics_la_SOURCES = $(physics_sources)
libframealloc_physics_la_CPPFLAGS = $(AM_CPPFLAGS)
# No square root that sets errno: it would be a call.
libframealloc_physics_la_CFLAGS = $(AM_CFLAGS) $(FA_FLAGS) \
	$(FA_PHYSICS_FLAGS) -fno-math-errno
libframealloc_physics_la_LIBADD = libframealloc.la $(CHIPMUNK_LIBS) -lm -lpthread
libframealloc_physics_la_LDFLAGS = \
	$(AM_LDFLAGS) \
	$(FA_LDFLAGS) \
	-version-info $(FA_PHYSICS_LTVERSION) \
	-Wl,--version-script=$(top_srcdir)/physics/libframealloc-physics.map
EXTRA_libframealloc_physics_la_DEPENDENCIES = \
	physics/libframealloc-physics.map
