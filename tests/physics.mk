# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Tests of the physics module. They are linked to the shared libraries: the
# module has no hidden objects of its own here.

EXTRA_DIST += tests/physics_demo.sh

FA_PHYSICS_LDADD = \
	tests/libsupport.la \
	libframealloc-physics.la \
	libframealloc.la \
	$(CHECK_LIBS) \
	$(CHIPMUNK_LIBS) \
	-lm

if ENABLE_TESTS
if WITH_PHYSICS
FA_PHYSICS_TESTS = \
	tests/check_physics \
	tests/check_physics_change \
	tests/check_physics_events \
	tests/check_physics_failure \
	tests/check_physics_probe \
	tests/check_physics_query \
	tests/check_physics_scenes \
	tests/check_physics_snapshot \
	tests/model_physics
check_PROGRAMS += $(FA_PHYSICS_TESTS)
TESTS += $(FA_PHYSICS_TESTS) tests/physics_demo.sh
endif
endif

tests_check_physics_SOURCES = tests/check_physics.c
tests_check_physics_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_physics_LDADD = $(FA_PHYSICS_LDADD)

tests_check_physics_events_SOURCES = tests/check_physics_events.c
tests_check_physics_events_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_physics_events_LDADD = $(FA_PHYSICS_LDADD)

tests_check_physics_query_SOURCES = tests/check_physics_query.c
tests_check_physics_query_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_physics_query_LDADD = $(FA_PHYSICS_LDADD)

tests_check_physics_scenes_SOURCES = \
	tests/check_physics_scenes.c \
	$(bench_physics_sources)
tests_check_physics_scenes_CPPFLAGS = $(FA_UNIT_CPPFLAGS) -I$(srcdir)/bench
tests_check_physics_scenes_LDADD = $(FA_PHYSICS_LDADD)

tests_check_physics_failure_SOURCES = tests/check_physics_failure.c
tests_check_physics_failure_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_physics_failure_LDADD = $(FA_PHYSICS_LDADD) -lpthread

tests_check_physics_probe_SOURCES = tests/check_physics_probe.c
tests_check_physics_probe_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_physics_probe_LDADD = $(FA_PHYSICS_LDADD)

tests_check_physics_change_SOURCES = tests/check_physics_change.c
tests_check_physics_change_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_physics_change_LDADD = $(FA_PHYSICS_LDADD)

tests_check_physics_snapshot_SOURCES = tests/check_physics_snapshot.c
tests_check_physics_snapshot_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_check_physics_snapshot_LDADD = $(FA_PHYSICS_LDADD)

tests_model_physics_SOURCES = tests/model_physics.c
tests_model_physics_CPPFLAGS = $(FA_UNIT_CPPFLAGS)
tests_model_physics_LDADD = $(FA_PHYSICS_LDADD)
