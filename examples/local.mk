# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The libframealloc authors
#
# Example programs; the tests compile and run them. Each checks what it shows.

examples = \
	examples/frames \
	examples/streaming \
	examples/workers \
	examples/ecs \
	examples/tracking_heap \
	examples/budgets

# Run by tests/gpu_demo.sh, which knows what drivers leak.
gpu_examples = examples/gpu_engine

physics_examples = \
	examples/physics_rollback \
	examples/physics_sounds
if WITH_PHYSICS
examples += $(physics_examples)
endif

if WITH_LIBUV
examples += examples/uv_files
endif
if HAVE_CJSON
examples += examples/hooks_cjson
endif
if HAVE_EXPAT
examples += examples/hooks_expat
endif

if ENABLE_TESTS
if WITH_GPU
check_PROGRAMS += $(gpu_examples)
endif
check_PROGRAMS += $(examples)
TESTS += $(examples)
if WITH_SDL
check_PROGRAMS += examples/sdl_loop
endif
endif

# The core, so that the process's malloc stays that of libc.
examples_frames_SOURCES = examples/frames.c
examples_frames_LDADD = libframealloc.la

examples_workers_SOURCES = examples/workers.c
examples_workers_LDADD = libframealloc.la -lpthread

examples_ecs_SOURCES = examples/ecs.c
examples_ecs_LDADD = libframealloc.la -lpthread

examples_tracking_heap_SOURCES = examples/tracking_heap.c
examples_tracking_heap_LDADD = libframealloc.la -lpthread

examples_streaming_SOURCES = examples/streaming.c
examples_streaming_LDADD = libframealloc.la -lpthread

examples_hooks_cjson_SOURCES = examples/hooks_cjson.c
examples_hooks_cjson_CPPFLAGS = $(AM_CPPFLAGS) $(CJSON_CFLAGS)
examples_hooks_cjson_LDADD = libframealloc.la $(CJSON_LIBS)

examples_hooks_expat_SOURCES = examples/hooks_expat.c
examples_hooks_expat_CPPFLAGS = $(AM_CPPFLAGS) $(EXPAT_CFLAGS)
examples_hooks_expat_LDADD = libframealloc.la $(EXPAT_LIBS)

examples_budgets_SOURCES = examples/budgets.c
examples_budgets_LDADD = libframealloc.la

examples_uv_files_SOURCES = examples/uv_files.c
examples_uv_files_CPPFLAGS = $(AM_CPPFLAGS) $(LIBUV_CFLAGS)
examples_uv_files_LDADD = libframealloc.la $(LIBUV_LIBS)

examples_gpu_engine_SOURCES = examples/gpu_engine.c
examples_gpu_engine_CPPFLAGS = $(AM_CPPFLAGS) $(VULKAN_CFLAGS) -DVK_NO_PROTOTYPES
examples_gpu_engine_LDADD = libframealloc-gpu.la libframealloc.la

examples_sdl_loop_SOURCES = examples/sdl_loop.c
examples_sdl_loop_CPPFLAGS = $(AM_CPPFLAGS) $(SDL_CFLAGS)
examples_sdl_loop_LDADD = libframealloc.la $(SDL_LIBS)

examples_physics_rollback_SOURCES = examples/physics_rollback.c
examples_physics_rollback_LDADD = $(physics_example_libs)

examples_physics_sounds_SOURCES = examples/physics_sounds.c
examples_physics_sounds_LDADD = $(physics_example_libs)

physics_example_libs = \
	libframealloc-physics.la \
	libframealloc.la \
	$(CHIPMUNK_LIBS) \
	-lm
